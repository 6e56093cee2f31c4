package schema

import "strings"

// A Step leads from a value to one inside it.
type Step struct {
	Name string // of a member
	Any  bool   // some element of a list, or some member whatever its name
}

// Guarantees reports whether every value that the command's input schema takes has something of a
// stated type at the end of the path: each member on the way is required and has a type, each Any has a
// schema for all that it can lead to (there may be nothing, then nobody reads it). It says false rather
// than guess: if, then, else, not, dependentRequired and references to an $anchor guarantee nothing.
func (s *Set) Guarantees(command string, path []Step) bool {
	return s.GuaranteesOn(Input, command, path)
}

// GuaranteesOn is Guarantees for the schema of another side.
func (s *Set) GuaranteesOn(side Side, name string, path []Step) bool {
	doc := s.Schema(side, name) // as written: what v5 gets has no enum
	if doc == nil {
		return false
	}
	g := guarantee{doc: doc, left: 10_000}
	return g.reaches(doc, path)
}

// guarantee is one question about one schema.
type guarantee struct {
	doc  Value
	left int // schemas that may still be looked at: references can lead in circles
}

func (g *guarantee) reaches(v Value, path []Step) bool {
	switch {
	case len(path) == 0:
		return g.holds(v, hasType)
	case path[0].Any:
		return g.holds(v, isOnly("array")) && g.holds(v, func(v Value) bool { return g.elements(v, path[1:]) }) ||
			g.holds(v, isOnly("object")) && g.holds(v, func(v Value) bool { return g.members(v, path[1:]) })
	}
	name := path[0].Name
	return g.holds(v, isOnly("object")) && g.holds(v, requires(name)) && g.holds(v, func(v Value) bool {
		properties, _ := v.Field("properties")
		if properties == nil {
			return false
		}
		member, ok := properties.Field(name)
		return ok && g.reaches(member, path[1:])
	})
}

// holds says whether a value that the schema takes has a property: the schema says so itself, or one of
// those that must all hold, or each of those of which one must.
func (g *guarantee) holds(v Value, says func(Value) bool) bool {
	if g.left--; g.left < 0 {
		return false
	}
	if v.Kind() == Bool {
		return !v.Bool() // false takes nothing
	}
	if says(v) {
		return true
	}
	if ref, ok := v.Field("$ref"); ok {
		if target, ok := g.target(ref.Text()); ok && g.holds(target, says) {
			return true
		}
	}
	if all, ok := v.Field("allOf"); ok {
		for e := range all.Elements() {
			if g.holds(e, says) {
				return true
			}
		}
	}
	for _, keyword := range []string{"anyOf", "oneOf"} {
		if some, ok := v.Field(keyword); ok && g.each(some, says) {
			return true
		}
	}
	return false
}

func (g *guarantee) each(list Value, says func(Value) bool) bool {
	for e := range list.Elements() {
		if !g.holds(e, says) {
			return false
		}
	}
	return list.Len() > 0
}

// elements says whether all that a list may hold reaches the path.
func (g *guarantee) elements(v Value, path []Step) bool {
	items, ok := v.Field("items")
	if !ok || !g.reaches(items, path) {
		return false
	}
	if first, ok := v.Field("prefixItems"); ok {
		for e := range first.Elements() {
			if !g.reaches(e, path) {
				return false
			}
		}
	}
	return true
}

// members is the same of an object's members.
func (g *guarantee) members(v Value, path []Step) bool {
	others, ok := v.Field("additionalProperties")
	if !ok || !g.reaches(others, path) {
		return false
	}
	for _, keyword := range []string{"properties", "patternProperties"} {
		if named, ok := v.Field(keyword); ok {
			for _, member := range named.Fields() {
				if !g.reaches(member, path) {
					return false
				}
			}
		}
	}
	return true
}

func (g *guarantee) target(ref string) (Value, bool) {
	pointer, ok := strings.CutPrefix(ref, "#")
	if !ok || pointer != "" && pointer[0] != '/' {
		return nil, false
	}
	v, exact := walk(g.doc, pointer)
	return v, exact
}

func hasType(v Value) bool {
	for _, keyword := range []string{"type", "const", "enum"} {
		if _, ok := v.Field(keyword); ok {
			return true
		}
	}
	return false
}

func isOnly(name string) func(Value) bool {
	return func(v Value) bool {
		t, ok := v.Field("type")
		if ok && t.Kind() == Array && t.Len() == 1 {
			t = t.Index(0)
		}
		return ok && t.Text() == name
	}
}

func requires(name string) func(Value) bool {
	return func(v Value) bool {
		required, ok := v.Field("required")
		if !ok {
			return false
		}
		for e := range required.Elements() {
			if e.Text() == name {
				return true
			}
		}
		return false
	}
}
