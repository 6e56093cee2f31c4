package schema

import (
	"math/big"
	"slices"
	"strconv"
)

// output finds why nothing that is written of the form can satisfy the schemas, or why some member
// of it never can.
func (d *drift) output(all []Value, u use, field string) *difference {
	return d.once(all, u, func() *difference {
		ways, ok := d.ways(all)
		if !ok {
			return nil
		}
		if len(ways) == 0 {
			return differ(all[0], field, "the schema takes nothing at all, and %v is written; describe it, or return struct{}", u.of.t)
		}
		if m, at := neverTaken(ways, u.of); m != nil {
			return differ(at, field+"."+m.field, `it is written as %s, which the schema never takes; describe it in the schema, or write json:"-"`, quote(m.name))
		}
		var first *difference
		for _, w := range ways {
			p := d.outputWay(w, u, field, len(ways) == 1)
			if p == nil {
				return nil
			}
			if first == nil {
				first = p
			}
		}
		return first
	})
}

// outputWay compares with one way. Where it is the only one, members that may be left out must fit
// too.
func (d *drift) outputWay(w way, u use, field string, only bool) *difference {
	f := u.of
	if values, at, ok := w.listed(); ok {
		return outputListed(values, at, u, field)
	}
	kinds, at := w.kinds()
	if at != nil && !slices.Contains(kinds, f.kind) {
		if u.null && slices.Contains(kinds, Null) {
			return nil // by nil
		}
		return differ(at, field, "the schema takes %s, and %v is written as %s; change one of them", kindNames(kinds), f.t, f.said())
	}
	if p := outputEnum(w, f, field); p != nil {
		return p
	}
	switch {
	case f.kind == Number:
		return outputNumber(w, f, field)
	case f.kind == Array:
		return d.outputArray(w, f, field)
	case f.binary != nil:
		return d.outputBytes(w, f, field)
	case f.kind == Object && f.mapped:
		if p := takesBytes(w.required(), f, field); p != nil {
			return p
		}
		for _, schema := range w.others() {
			if p := d.output([]Value{schema}, f.items, field+"[]"); p != nil {
				return p
			}
		}
	case f.kind == Object:
		return d.outputStruct(w, f, field, only)
	}
	return nil
}

// outputListed compares with the values of an enum.
func outputListed(values []Value, at Value, u use, field string) *difference {
	f := u.of
	for _, v := range f.enum {
		if !contains(values, v) {
			return differ(at, field, "JSONSchemaEnum of %v lists %s, which the schema doesn't take; add it to the schema", f.t, shown(v))
		}
	}
	fits := func(v Value) bool { return f.refuses(v) == "" || v.Kind() == Null && u.null }
	if !slices.ContainsFunc(values, fits) {
		return differ(at, field, "the schema takes certain values only, and %v is none of them; change one of them", f.t)
	}
	return nil
}

// outputEnum finds a value of the type's enum that the schema's bounds refuse.
func outputEnum(w way, f *form, field string) *difference {
	if f.kind != Number || len(f.enum) == 0 {
		return nil
	}
	for _, v := range f.enum {
		n := ratOf(string(v.Number()))
		if low, at := w.bound("minimum", "exclusiveMinimum", 1); low != nil && n.Cmp(low) < 0 {
			return differ(at, field, "JSONSchemaEnum of %v lists %s, which is less; change one of them", f.t, shown(v))
		}
		if high, at := w.bound("maximum", "exclusiveMaximum", -1); high != nil && n.Cmp(high) > 0 {
			return differ(at, field, "JSONSchemaEnum of %v lists %s, which is more; change one of them", f.t, shown(v))
		}
	}
	return nil
}

// outputNumber finds bounds that no value of the type keeps.
func outputNumber(w way, f *form, field string) *difference {
	if f.low == nil {
		return nil
	}
	if n, at := w.bound("minimum", "exclusiveMinimum", 1); n != nil && n.Cmp(new(big.Rat).SetInt(f.high)) > 0 {
		return differ(at, field, "the schema takes %s and more, and %v holds %v to %v; change one of them", n.RatString(), f.t, f.low, f.high)
	}
	if n, at := w.bound("maximum", "exclusiveMaximum", -1); n != nil && n.Cmp(new(big.Rat).SetInt(f.low)) < 0 {
		return differ(at, field, "the schema takes %s and less, and %v holds %v to %v; change one of them", n.RatString(), f.t, f.low, f.high)
	}
	return nil
}

func (d *drift) outputArray(w way, f *form, field string) *difference {
	if f.length >= 0 {
		if n, at := w.count("minItems", func(a, b int) int { return max(a, b) }); n > f.length {
			return differ(at, field, "the schema wants %d elements, and %v has %d; change one of them", n, f.t, f.length)
		}
		if n, at := w.count("maxItems", func(a, b int) int { return min(a, b) }); n >= 0 && n < f.length {
			return differ(at, field, "the schema takes %d elements, and %v has %d; change one of them", n, f.t, f.length)
		}
	}
	for i := range w.prefix() {
		if p := d.output(w.items(i), f.items, field+"["+strconv.Itoa(i)+"]"); p != nil {
			return p
		}
	}
	items := w.items(-1)
	if f.length < 0 && slices.ContainsFunc(items, func(v Value) bool { return v.Kind() == Bool && !v.Bool() }) {
		return nil // it may be short enough
	}
	return d.output(items, f.items, field+"[]")
}

func (d *drift) outputStruct(w way, f *form, field string, only bool) *difference {
	if p := takesBytes(w.required(), f, field); p != nil {
		return p
	}
	for _, m := range w.required() {
		if f.member(m.name) == nil {
			return differ(m.at, field, "the schema requires %s, and %v has no such member; name it in a json tag, letter by letter, or take it out of the schema",
				shorten(quote(m.name), 100), f.t)
		}
	}
	return d.outputMembers(w, f, field, only)
}

func (d *drift) outputMembers(w way, f *form, field string, only bool) *difference {
	for i := range f.members {
		m := &f.members[i]
		schemas, forbidden := w.of(m.name)
		switch {
		case len(schemas) == 0 || !m.required && (!only || forbidden != nil):
			continue
		case forbidden != nil:
			return differ(forbidden, field+"."+m.field, "it is always written as %s, which the schema doesn't take; describe it in the schema, or write omitempty", quote(m.name))
		}
		if p := d.output(schemas, m.use, field+"."+m.field); p != nil {
			return p
		}
	}
	return nil
}
