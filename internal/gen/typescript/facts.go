package typescript

import (
	"slices"

	"github.com/sallyport/sallyport/schema"
)

// Facts are what must hold of a value all at once: what some schemas say that
// stand beside each other or are joined by allOf.
type facts struct {
	kinds    kinds
	nothing  bool // takes no value
	literals []typ
	listed   bool           // only literals
	refs     []*definition  // in order, each once
	objects  []schema.Value // that say something of objects
	arrays   []schema.Value // that say something of arrays
	choices  []choice
}

// A choice is some sets of schemas, one of which holds as a whole.
type choice [][]schema.Value

func (f facts) clone() facts {
	f.literals, f.refs = slices.Clone(f.literals), slices.Clone(f.refs)
	f.objects, f.arrays = slices.Clone(f.objects), slices.Clone(f.arrays)
	f.choices = slices.Clone(f.choices)
	return f
}

// gather adds what a schema says. What it leaves out only widens.
func (c *file) gather(v schema.Value, f *facts) {
	if v.Kind() == schema.Bool {
		f.nothing = f.nothing || !v.Bool()
		return
	}
	var aboutObjects, aboutArrays bool
	for keyword, value := range v.Fields() {
		switch keyword {
		case "type":
			f.kinds &= kindsNamed(value)
		case "const":
			f.list(literal(value))
		case "enum":
			var some []typ
			for e := range value.Elements() {
				some = append(some, literal(e))
			}
			f.list(some...)
		case "$ref":
			if d := c.definition(value.Text()); !slices.Contains(f.refs, d) {
				f.refs = append(f.refs, d)
			}
		case "allOf":
			for e := range value.Elements() {
				c.gather(e, f)
			}
		case "anyOf", "oneOf":
			var some choice
			for e := range value.Elements() {
				some = append(some, []schema.Value{e})
			}
			f.choices = append(f.choices, some)
		case "not":
			f.exclude(value)
		case "else":
			if condition, ok := v.Field("if"); ok {
				f.choices = append(f.choices, branches(v, condition, value))
			}
		case "properties", "required", "patternProperties", "additionalProperties", "unevaluatedProperties":
			aboutObjects = true
		case "prefixItems", "items", "minItems", "maxItems":
			aboutArrays = true
		}
	}
	if aboutObjects {
		f.objects = append(f.objects, v)
	}
	if aboutArrays {
		f.arrays = append(f.arrays, v)
	}
}

// branches are if and then, or else. That if does not hold there can't be said.
func branches(v, condition, otherwise schema.Value) choice {
	holds := []schema.Value{condition}
	if then, ok := v.Field("then"); ok {
		holds = append(holds, then)
	}
	return choice{holds, {otherwise}}
}

// list keeps to some literals.
func (f *facts) list(some ...typ) {
	if !f.listed {
		f.literals, f.listed = some, true
		return
	}
	f.literals = slices.DeleteFunc(slices.Clone(f.literals), func(have typ) bool {
		return !slices.ContainsFunc(some, func(t typ) bool { return keyOf(t) == keyOf(have) })
	})
}

// exclude takes away what a not that TypeScript can express takes away.
func (f *facts) exclude(v schema.Value) {
	if v.Kind() == schema.Bool {
		f.nothing = f.nothing || v.Bool()
		return
	}
	if v.Len() == 0 {
		f.nothing = true
	}
	if t, ok := v.Field("type"); ok && v.Len() == 1 && !hasInteger(t) {
		f.kinds &^= kindsNamed(t)
	}
}

// hasInteger is for types that are not all of their kind.
func hasInteger(t schema.Value) bool {
	for e := range t.Elements() {
		if e.Text() == "integer" {
			return true
		}
	}
	return t.Text() == "integer"
}
