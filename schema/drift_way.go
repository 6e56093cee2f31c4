package schema

import (
	"math/big"
	"slices"
)

// A way is one of the ways in which a value can satisfy schemas: by all parts at once. Unsure is one
// of which more is known than parts say, by not, if or another condition.
type way struct {
	parts  []Value
	maybe  []Value // schemas that hold on some condition
	unsure bool
}

// ways takes schemas that must all hold apart at anyOf and oneOf, and follows $ref and allOf. None
// at all means that nothing satisfies them; ok is false if there are too many to look at.
func (d *drift) ways(all []Value) (out []way, ok bool) {
	return out, d.split(way{}, all, &out)
}

func (d *drift) split(w way, todo []Value, out *[]way) bool {
	for len(todo) > 0 {
		if d.left--; d.left < 0 {
			return false
		}
		v := todo[0]
		todo = todo[1:]
		if v.Kind() == Bool {
			if !v.Bool() {
				return true
			}
			continue
		}
		if slices.ContainsFunc(w.parts, func(part Value) bool { return samePlace(part, v) }) {
			continue // by a reference to itself
		}
		w.parts = append(slices.Clip(w.parts), v)
		if ref, ok := v.Field("$ref"); ok {
			target := d.lint.doc
			if ref.Text() != "#" {
				target = d.lint.target(ref.Text())
			}
			todo = append(slices.Clip(todo), target)
		}
		if list, ok := v.Field("allOf"); ok {
			todo = append(slices.Clip(todo), slices.Collect(list.Elements())...)
		}
		w.conditions(v)
		if some, ok := alternatives(v); ok {
			for e := range some {
				if !d.split(w, append(slices.Clip(todo), e), out) {
					return false
				}
			}
			return true
		}
	}
	*out = append(*out, w)
	return true
}

// alternatives yields the schemas of anyOf or oneOf; of both, those of anyOf.
func alternatives(v Value) (func(yield func(Value) bool), bool) {
	for _, keyword := range []string{"anyOf", "oneOf"} {
		if some, ok := v.Field(keyword); ok {
			return some.Elements(), true
		}
	}
	return nil, false
}

func (w *way) conditions(v Value) {
	if _, ok := v.Field("not"); ok {
		w.unsure = true
	}
	for _, keyword := range []string{"then", "else"} {
		if schema, ok := v.Field(keyword); ok {
			w.maybe, w.unsure = append(slices.Clip(w.maybe), schema), true
		}
	}
	if named, ok := v.Field("dependentSchemas"); ok {
		for _, schema := range named.Fields() {
			w.maybe, w.unsure = append(slices.Clip(w.maybe), schema), true
		}
	}
}

// listed are the values that a way is confined to by enum or const, and where that stands.
func (w way) listed() (values []Value, at Value, ok bool) {
	for _, part := range w.parts {
		list, single := []Value(nil), Value(nil)
		if v, is := part.Field("enum"); is {
			list, single = slices.Collect(v.Elements()), v
		}
		if v, is := part.Field("const"); is {
			list, single = []Value{v}, v
		}
		if single == nil {
			continue
		}
		if !ok {
			values, at, ok = list, single, true
			continue
		}
		values = slices.DeleteFunc(slices.Clone(values), func(v Value) bool { return !contains(list, v) })
	}
	kinds, _ := w.kinds()
	values = slices.DeleteFunc(slices.Clone(values), func(v Value) bool { return kinds != nil && !slices.Contains(kinds, v.Kind()) })
	return values, at, ok
}

func contains(list []Value, v Value) bool {
	key := string(appendKey(nil, tree(v)))
	return slices.ContainsFunc(list, func(e Value) bool { return string(appendKey(nil, tree(e))) == key })
}

// kinds are those that the way's types permit, and the type that stands for a complaint about them;
// nil if no type is given.
func (w way) kinds() (kinds []Kind, at Value) {
	for _, part := range w.parts {
		t, ok := part.Field("type")
		if !ok {
			continue
		}
		var here []Kind
		for _, name := range namesInType(t) {
			here = append(here, kindNamed(name))
		}
		if at == nil {
			kinds, at = slices.Compact(here), t
			continue
		}
		kinds = slices.DeleteFunc(kinds, func(k Kind) bool { return !slices.Contains(here, k) })
	}
	return kinds, at
}

// whole reports whether the way's numbers have no fraction.
func (w way) whole() bool {
	return slices.ContainsFunc(w.parts, func(part Value) bool {
		if t, ok := part.Field("type"); ok && slices.Contains(namesInType(t), "integer") && !slices.Contains(namesInType(t), "number") {
			return true
		}
		step, ok := part.Field("multipleOf")
		return ok && ratOf(string(step.Number())).IsInt()
	})
}

// bound is the tightest bound that the way gives to numbers, and where it stands; nil for none.
// With an exclusive bound goes the next whole number, if the numbers are whole.
func (w way) bound(keyword, exclusive string, sign int) (n *big.Rat, at Value) {
	for _, part := range w.parts {
		for _, k := range []string{keyword, exclusive} {
			v, ok := part.Field(k)
			if !ok {
				continue
			}
			here := ratOf(string(v.Number()))
			if k == exclusive && here.IsInt() && w.whole() {
				here.Add(here, big.NewRat(int64(sign), 1))
			}
			if n == nil || here.Cmp(n) == sign {
				n, at = here, v
			}
		}
	}
	return n, at
}

// count is the tightest of the way's bounds on a number of things; -1 for none.
func (w way) count(keyword string, tighter func(a, b int) int) (n int, at Value) {
	n = -1
	for _, part := range w.parts {
		if v, ok := part.Field(keyword); ok {
			here, err := integer(string(v.Number()))
			switch {
			case err != nil: // lint has refused it
			case n < 0:
				n, at = int(here), v
			default:
				if best := tighter(n, int(here)); best != n {
					n, at = best, v
				}
			}
		}
	}
	return n, at
}

func namesInType(t Value) []string {
	if t.Kind() == String {
		return []string{t.Text()}
	}
	var names []string
	for e := range t.Elements() {
		names = append(names, e.Text())
	}
	return names
}

func kindNamed(typeName string) Kind {
	for k := Null; k <= Object; k++ {
		if k.String() == typeName {
			return k
		}
	}
	return Number // integer
}
