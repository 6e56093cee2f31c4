package typescript

import (
	"slices"

	"github.com/sallyport/sallyport/schema"
)

// object is the type of the objects that some schemas take together. Beside a
// reference a signature that only lets everything in is left out: what the other
// type lets in is enough, and it may be closed.
func (c *file) object(schemas []schema.Value, besideRef bool) typ {
	var o object
	required := requiredIn(schemas)
	for _, name := range namesIn(schemas, required) {
		o.members = append(o.members, c.member(schemas, name, !slices.Contains(required, name)))
	}
	o.indexes = c.indexes(schemas, o.members)
	if len(o.indexes) == 0 {
		return closed(o)
	}
	if last := len(o.indexes) - 1; besideRef && len(o.members)+last > 0 && o.indexes[last].t == unknown {
		o.indexes = o.indexes[:last]
	}
	return o
}

func requiredIn(schemas []schema.Value) []string {
	var names []string
	for _, v := range schemas {
		if required, ok := v.Field("required"); ok {
			for e := range required.Elements() {
				if !slices.Contains(names, e.Text()) {
					names = append(names, e.Text())
				}
			}
		}
	}
	return names
}

// namesIn are the names of members in the order of properties, then those that
// are only required.
func namesIn(schemas []schema.Value, required []string) []string {
	var names []string
	seen := map[string]bool{}
	add := func(name string) {
		if !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	for _, v := range schemas {
		if properties, ok := v.Field("properties"); ok {
			for name := range properties.Fields() {
				add(name)
			}
		}
	}
	for _, name := range required {
		add(name)
	}
	return names
}

// member joins all that is said of a name.
func (c *file) member(schemas []schema.Value, name string, optional bool) member {
	m := member{name: name, optional: optional}
	var about []schema.Value
	for _, v := range schemas {
		about = append(about, aboutMember(v, name)...)
	}
	m.t = c.typeOf(about...)
	if optional && inherited(name) {
		m.t = anyOf(m.t, word("Object["+quote(name)+"]"))
	}
	for _, v := range about {
		if m.doc = docOf(v); len(m.doc) > 0 {
			break
		}
	}
	return m
}

// inherited reports whether every object has something of that name from its
// prototype, which is there, for TypeScript too, where the member is left out.
func inherited(name string) bool {
	switch name {
	case "constructor", "toString", "toLocaleString", "valueOf", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable":
		return true
	}
	return false
}

// aboutMember are the schemas inside v that hold for a name for certain: whether
// a pattern that is no template matches is left open.
func aboutMember(v schema.Value, name string) []schema.Value {
	var about []schema.Value
	if properties, ok := v.Field("properties"); ok {
		if s, ok := properties.Field(name); ok {
			about = append(about, s)
		}
	}
	uncertain := false
	for _, p := range patternsIn(v) {
		uncertain = uncertain || p.key == nil
		if p.key.matches(name) {
			about = append(about, p.schema)
		}
	}
	if additional, ok := v.Field("additionalProperties"); ok && len(about) == 0 && !uncertain {
		about = append(about, additional)
	}
	return about
}
