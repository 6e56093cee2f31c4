package example

import (
	"slices"
	"strings"

	"github.com/sallyport/sallyport/schema"
)

// A Maker makes values for one schema. It is for one goroutine at a time.
type Maker struct {
	Schema schema.Value // as schema.Set.Schema returns it

	// Choose picks one of n, from 0; n is at least 1. It decides between
	// branches, types, listed values, and, without Full, about each member that
	// may be left out.
	Choose func(n int) int

	Written bool // take examples and defaults inside the schema where there are any
	Full    bool // all members and an item of each array, but for what contains itself
	Depth   int  // of values inside one another, beyond which only what is required is made

	// Text makes a text where the schema asks for no special one; hint is the
	// name of the member it is for. Nil takes the hint.
	Text func(hint string) string
	// Numbers are tried, and the schema's bounds, from a chosen one on, before
	// what lies near those. Each is a JSON number.
	Numbers []string

	left  int            // of the values that may still be made
	stack []schema.Value // the schemas under way that a $ref led to
	salt  int            // makes one item of an array differ from the next
}

const (
	mostValues = 2000
	mostParts  = 200 // schemas that apply to one value at once
	overDepth  = 24  // beyond Depth what is required has to come to an end
)

// Make returns a value as JSON text. False says that the choices led nowhere.
func (m *Maker) Make() ([]byte, bool) {
	m.left, m.stack, m.salt = mostValues, []schema.Value{m.Schema}, 0
	return m.value([]schema.Value{m.Schema}, "value", 0, true)
}

// value makes one that all of the schemas are meant to accept.
func (m *Maker) value(of []schema.Value, hint string, depth int, required bool) ([]byte, bool) {
	m.left--
	if m.left < 0 || depth > m.Depth+overDepth || depth > m.Depth && !required {
		return nil, false
	}
	before := len(m.stack)
	defer func() { m.stack = m.stack[:before] }()
	parts, again, ok := m.flatten(nil, of)
	if !ok || again && !required {
		return nil, false
	}
	if m.Written {
		for _, p := range parts {
			for v := range Written(p) {
				return v.AppendJSON(nil), true
			}
		}
	}
	if v, ok := field(parts, "const"); ok {
		return v.AppendJSON(nil), true
	}
	if list, ok := field(parts, "enum"); ok && list.Len() > 0 {
		return list.Index((m.Choose(list.Len()) + m.salt) % list.Len()).AppendJSON(nil), true
	}
	types := typesOf(parts)
	if len(types) == 0 {
		return nil, false
	}
	from := m.Choose(len(types))
	for i := range types {
		if text, ok := m.ofType(types[(from+i)%len(types)], parts, hint, depth); ok {
			return text, true
		}
	}
	return nil, false
}

func (m *Maker) ofType(name string, parts []schema.Value, hint string, depth int) ([]byte, bool) {
	switch name {
	case "object":
		return m.object(parts, depth)
	case "array":
		return m.array(parts, hint, depth)
	case "string":
		return m.text(parts, hint)
	case "integer", "number":
		return m.number(parts, name == "integer")
	case "boolean":
		return []byte([]string{"true", "false"}[(m.Choose(2)+m.salt)%2]), true
	}
	return []byte("null"), true
}

// flatten lists the schemas that apply together: of a $ref its target, of allOf all, of anyOf and
// oneOf a branch. Again says that one of them is under way further out.
func (m *Maker) flatten(parts, of []schema.Value) (all []schema.Value, again, ok bool) {
	for _, s := range of {
		if len(parts) > mostParts || s == nil || s.Kind() == schema.Bool && !s.Bool() {
			return nil, false, false
		}
		if s.Kind() == schema.Bool {
			continue
		}
		parts = append(parts, s)
		var inner []schema.Value
		if ref, ok := s.Field("$ref"); ok {
			target := m.target(ref.Text())
			again = again || slices.Contains(m.stack, target)
			m.stack = append(m.stack, target)
			inner = append(inner, target)
		}
		if list, ok := s.Field("allOf"); ok {
			inner = slices.AppendSeq(inner, list.Elements())
		}
		for _, keyword := range []string{"anyOf", "oneOf"} {
			if list, ok := s.Field(keyword); ok && list.Len() > 0 {
				inner = append(inner, m.branch(list))
			}
		}
		inner = append(inner, m.condition(s)...)
		var more bool
		if parts, more, ok = m.flatten(parts, inner); !ok {
			return nil, false, false
		}
		again = again || more
	}
	return parts, again, true
}

// branch is a chosen one of a list, but where one leads back into what is under way another.
func (m *Maker) branch(list schema.Value) schema.Value {
	from := m.Choose(list.Len())
	for i := range list.Len() {
		s := list.Index((from + i) % list.Len())
		ref, ok := s.Field("$ref")
		if !ok || !slices.Contains(m.stack, m.target(ref.Text())) {
			return s
		}
	}
	return list.Index(from)
}

// condition is if and then, or else alone.
func (m *Maker) condition(s schema.Value) []schema.Value {
	condition, ok := s.Field("if")
	if !ok {
		return nil
	}
	if otherwise, ok := s.Field("else"); ok && m.Choose(2) == 1 {
		return []schema.Value{otherwise}
	}
	if then, ok := s.Field("then"); ok {
		return []schema.Value{condition, then}
	}
	return nil
}

// target is the schema that a $ref leads to.
func (m *Maker) target(ref string) schema.Value { return Target(m.Schema, ref) }

// Target is the schema of a file that a $ref leads to, nil for one that leads
// nowhere: a compiled file has none.
func Target(root schema.Value, ref string) schema.Value {
	pointer, ok := strings.CutPrefix(ref, "#")
	switch {
	case !ok:
		return nil
	case pointer == "":
		return root
	case pointer[0] != '/':
		return anchored(root, pointer)
	}
	at := root
	for name := range strings.SplitSeq(pointer[1:], "/") {
		name = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
		var next schema.Value
		if at.Kind() == schema.Array {
			next = at.Index(number(name))
		} else if v, ok := at.Field(name); ok {
			next = v
		}
		if next == nil {
			return nil
		}
		at = next
	}
	return at
}

// anchored finds the schema with an $anchor.
func anchored(v schema.Value, name string) schema.Value {
	if a, ok := v.Field("$anchor"); ok && a.Text() == name {
		return v
	}
	for _, inner := range v.Fields() {
		if found := anchored(inner, name); found != nil {
			return found
		}
	}
	for inner := range v.Elements() {
		if found := anchored(inner, name); found != nil {
			return found
		}
	}
	return nil
}

// field is the first value of a keyword in any of the schemas.
func field(parts []schema.Value, keyword string) (schema.Value, bool) {
	for _, p := range parts {
		if v, ok := p.Field(keyword); ok {
			return v, true
		}
	}
	return nil, false
}

// typesOf are those that all of the schemas permit, in the order of the first that names any. Where
// none does, other keywords tell.
func typesOf(parts []schema.Value) []string {
	var types []string
	named := false
	for _, p := range parts {
		t, ok := p.Field("type")
		if !ok {
			continue
		}
		var these []string
		if t.Kind() == schema.String {
			these = []string{t.Text()}
		}
		for e := range t.Elements() {
			these = append(these, e.Text())
		}
		if !named {
			types, named = these, true
			continue
		}
		types = both(types, these)
	}
	if named {
		return types
	}
	likely := guess(parts)
	others := slices.DeleteFunc([]string{"string", "object", "array", "number", "boolean", "null"}, func(t string) bool { return t == likely })
	return append([]string{likely}, others...)
}

// both keeps the types that both lists permit: an integer is a number.
func both(a, b []string) []string {
	var kept []string
	for _, t := range a {
		switch {
		case slices.Contains(b, t), t == "integer" && slices.Contains(b, "number"):
			kept = append(kept, t)
		case t == "number" && slices.Contains(b, "integer"):
			kept = append(kept, "integer")
		}
	}
	return kept
}

func guess(parts []schema.Value) string {
	for _, hint := range []struct {
		name     string
		keywords []string
	}{
		{"object", []string{"properties", "required", "additionalProperties", "patternProperties", "minProperties", "propertyNames", "dependentRequired"}},
		{"array", []string{"items", "prefixItems", "minItems", "contains", "uniqueItems"}},
		{"number", []string{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}},
	} {
		for _, keyword := range hint.keywords {
			if _, ok := field(parts, keyword); ok {
				return hint.name
			}
		}
	}
	return "string"
}
