package schema

import (
	"regexp"
	"slices"
)

// A mention is a member that a way names.
type mention struct {
	name string
	at   Value // its schema
}

// described lists the members that the way's properties name, those under a condition too.
func (w way) described() []mention {
	var all []mention
	for _, part := range append(slices.Clip(w.parts), w.maybe...) {
		properties, ok := part.Field("properties")
		if !ok {
			continue
		}
		for name, schema := range properties.Fields() {
			if !slices.ContainsFunc(all, func(d mention) bool { return d.name == name }) {
				all = append(all, mention{name, schema})
			}
		}
	}
	return all
}

// required lists the members that the way requires, and where it does.
func (w way) required() []mention {
	var all []mention
	for _, part := range w.parts {
		if list, ok := part.Field("required"); ok {
			for e := range list.Elements() {
				all = append(all, mention{e.Text(), e})
			}
		}
	}
	return all
}

// of returns the schemas that all hold for a member of that name; forbidden is the one that takes
// nothing, if there is one.
func (w way) of(name string) (schemas []Value, forbidden Value) {
	add := func(v Value) {
		if v.Kind() == Bool && !v.Bool() && forbidden == nil {
			forbidden = v
		}
		schemas = append(schemas, v)
	}
	for _, part := range w.parts {
		named := false
		if properties, ok := part.Field("properties"); ok {
			if v, ok := properties.Field(name); ok {
				add(v)
				named = true
			}
		}
		if patterns, ok := part.Field("patternProperties"); ok {
			for pattern, v := range patterns.Fields() {
				if matches(pattern, name) {
					add(v)
					named = true
				}
			}
		}
		if others, ok := part.Field("additionalProperties"); ok && !named {
			add(others)
		}
	}
	if forbidden == nil {
		forbidden = w.unevaluated(name)
	}
	return schemas, forbidden
}

// unevaluated returns the unevaluatedProperties that forbids a member which nothing mentions.
func (w way) unevaluated(name string) Value {
	var forbids Value
	for _, part := range append(slices.Clip(w.parts), w.maybe...) {
		if v, ok := part.Field("unevaluatedProperties"); ok && v.Kind() == Bool && !v.Bool() {
			forbids = v
		}
		if properties, ok := part.Field("properties"); ok {
			if _, ok := properties.Field(name); ok {
				return nil
			}
		}
		for _, keyword := range []string{"patternProperties", "additionalProperties"} {
			if _, ok := part.Field(keyword); ok {
				return nil
			}
		}
	}
	return forbids
}

// others are the schemas for members that the way doesn't name, as far as they say something.
func (w way) others() []Value {
	var all []Value
	for _, part := range w.parts {
		if v, ok := part.Field("additionalProperties"); ok && v.Kind() == Object {
			all = append(all, v)
		}
		if patterns, ok := part.Field("patternProperties"); ok {
			for _, v := range patterns.Fields() {
				if v.Kind() == Object {
					all = append(all, v)
				}
			}
		}
	}
	return all
}

// items returns the schemas that all hold for element i, or for those behind prefixItems if i is
// negative.
func (w way) items(i int) []Value {
	var all []Value
	for _, part := range w.parts {
		prefix, _ := part.Field("prefixItems")
		if prefix != nil && i >= 0 && i < prefix.Len() {
			all = append(all, prefix.Index(i))
			continue
		}
		if v, ok := part.Field("items"); ok {
			all = append(all, v)
		}
	}
	return all
}

// prefix is how many elements have schemas of their own.
func (w way) prefix() int {
	n := 0
	for _, part := range w.parts {
		if v, ok := part.Field("prefixItems"); ok {
			n = max(n, v.Len())
		}
	}
	return n
}

// matches reports whether a pattern, which lint has accepted, matches a name.
func matches(pattern, name string) bool {
	re, err := regexp.Compile(readPattern(pattern).text)
	return err == nil && re.MatchString(name)
}
