package schema

import (
	"encoding"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// input finds a value that the schemas take and the form doesn't, as far as they say so.
func (d *drift) input(all []Value, u use, field string) *difference {
	return d.once(all, u, func() *difference {
		ways, ok := d.ways(all)
		if !ok {
			return nil
		}
		for _, w := range ways {
			if p := d.inputWay(w, u, field); p != nil {
				return p
			}
		}
		if m, at := neverTaken(ways, u.of); m != nil {
			return differ(at, field+"."+m.field, `the schema never takes a member %s, so that the field would always be zero; describe it in the schema, or write json:"-"`, quote(m.name))
		}
		return nil
	})
}

func (d *drift) inputWay(w way, u use, field string) *difference {
	if values, at, ok := w.listed(); ok {
		for _, v := range values {
			if why := u.turnsDown(v); why != "" && !w.unsure {
				return differ(at, field, "the schema takes %s, and %s; take it out of the schema, or change the type", shown(v), why)
			}
		}
		return nil
	}
	kinds, at := w.kinds()
	for _, k := range kinds {
		if k != u.of.kind && !(k == Null && (u.null || u.of.null)) && !w.unsure {
			hint := "change one of them"
			if k == String && u.of.binary != nil {
				hint = `write format:base64 into the field's json tag, or describe {"$bytes":…} in the schema`
			}
			if k == Null {
				hint = "a pointer takes null; or take null out of the schema"
			}
			return differ(at, field, "the schema takes %s, and %v is %s; %s", kindName(k), u.of.t, u.of.said(), hint)
		}
	}
	if len(u.of.enum) > 0 && slices.Contains(kinds, u.of.kind) && !w.unsure {
		return differ(at, field, "the schema takes any %v, and JSONSchemaEnum of %v lists %s; list them in an enum of the schema", u.of.kind, u.of.t, enumOf(u.of.enum, false))
	}
	takes := func(k Kind) bool { return u.of.kind == k && (kinds == nil || slices.Contains(kinds, k)) }
	switch {
	case takes(Number) && at != nil && !w.unsure:
		return d.inputNumber(w, u.of, at, field)
	case takes(String) && !w.unsure:
		return d.inputText(w, u.of, field)
	case takes(Array):
		return d.inputArray(w, u.of, at, field)
	case takes(Object) && u.of.binary != nil:
		return d.inputBytes(w, u.of, at, field)
	case takes(Object) && u.of.mapped:
		return d.inputMap(w, u.of, field)
	case takes(Object):
		return d.inputStruct(w, u.of, field)
	}
	return nil
}

// turnsDown says why Decode would refuse a value, or the type's enum doesn't list it; "" if it fits.
func (u use) turnsDown(v Value) string {
	f := u.of
	if v.Kind() == Null && (u.null || f.null) {
		return ""
	}
	if why := f.refuses(v); why != "" {
		return why
	}
	if len(f.enum) > 0 && !contains(f.enum, v) {
		return "JSONSchemaEnum of " + f.t.String() + " doesn't list it"
	}
	if f.kind != f.ofItself() {
		return "" // a number in a text
	}
	fill, err := newPlans().of(f.t)
	if err == nil {
		err = run(fill, v, reflect.New(f.t).Elem())
	}
	if err != nil {
		return strings.TrimPrefix(err.Error(), "schema: ")
	}
	return ""
}

// ofItself is the kind of JSON value that the type alone would be.
func (f *form) ofItself() Kind {
	if f.kind == String && f.t.Kind() >= reflect.Int && f.t.Kind() <= reflect.Float64 &&
		!reflect.PointerTo(f.t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return Number
	}
	return f.kind
}

func (d *drift) inputNumber(w way, f *form, at Value, field string) *difference {
	if f.whole && !w.whole() {
		return differ(at, field, `the schema takes numbers with a fraction, and %v has none; write "integer", or change the type`, f.t)
	}
	if !f.whole || f.low == nil {
		return nil
	}
	for _, side := range []struct {
		keyword, exclusive string
		sign               int
		limit              *big.Int
		open               bool // the bound may be missing
	}{
		{"minimum", "exclusiveMinimum", 1, f.low, f.high.BitLen() > 32 && f.low.Sign() < 0},
		{"maximum", "exclusiveMaximum", -1, f.high, f.high.BitLen() > 32},
	} {
		n, here := w.bound(side.keyword, side.exclusive, side.sign)
		switch {
		case n == nil && !side.open:
			return differ(at, field, "the schema has no %s, and %v holds %v to %v; write it, with %v at most this wide", side.keyword, f.t, f.low, f.high, side.limit)
		case n != nil && n.Cmp(new(big.Rat).SetInt(side.limit)) == -side.sign:
			return differ(here, field, "the schema's %s is %s, and %v holds %v to %v; bring it within, or take a larger type", side.keyword, n.RatString(), f.t, f.low, f.high)
		}
	}
	return nil
}

func (d *drift) inputText(w way, f *form, field string) *difference {
	if f.format == "" {
		return nil
	}
	for _, part := range w.parts {
		if v, ok := part.Field("format"); ok && v.Text() != f.format {
			return differ(v, field, "the schema takes texts of the format %q, and %v is one of %q; change one of them", v.Text(), f.t, f.format)
		}
	}
	return nil
}

func (d *drift) inputArray(w way, f *form, at Value, field string) *difference {
	if f.length >= 0 && at != nil && !w.unsure {
		least, _ := w.count("minItems", func(a, b int) int { return max(a, b) })
		most, _ := w.count("maxItems", func(a, b int) int { return min(a, b) })
		if max(least, 0) != f.length || most != f.length {
			return differ(at, field, "%v has exactly %d elements; write minItems and maxItems of %d, or take a slice", f.t, f.length, f.length)
		}
	}
	for i := range w.prefix() {
		if p := d.input(w.items(i), f.items, field+"["+strconv.Itoa(i)+"]"); p != nil {
			return p
		}
	}
	return d.input(w.items(-1), f.items, field+"[]")
}

func (d *drift) inputMap(w way, f *form, field string) *difference {
	if p := takesBytes(append(w.described(), w.required()...), f, field); p != nil {
		return p
	}
	key, _, err := keyFiller(f.t.Key())
	if err != nil {
		return nil // formOf has refused it
	}
	for _, m := range w.described() {
		schemas, forbidden := w.of(m.name)
		if forbidden != nil {
			continue
		}
		if !key(m.name, reflect.New(f.t.Key()).Elem()) {
			return differ(m.at, field, "the schema takes a member %s, which is no key of %v; take it out of the schema, or change the type", shorten(quote(m.name), 100), f.t)
		}
		if p := d.input(schemas, f.items, field+"["+shorten(quote(m.name), 100)+"]"); p != nil {
			return p
		}
	}
	for _, schema := range w.others() {
		if p := d.input([]Value{schema}, f.items, field+"[]"); p != nil {
			return p
		}
	}
	return nil
}

func (d *drift) inputStruct(w way, f *form, field string) *difference {
	mentions := append(w.described(), w.required()...)
	if p := takesBytes(mentions, f, field); p != nil {
		return p
	}
	for _, m := range mentions {
		if _, forbidden := w.of(m.name); forbidden != nil || m.at.Kind() == Bool && !m.at.Bool() {
			continue
		}
		if f.member(m.name) == nil {
			return differ(m.at, field, "the schema describes %s, and %v has no such member; name it in a json tag, letter by letter, or take it out of the schema",
				shorten(quote(m.name), 100), f.t)
		}
	}
	for _, schema := range w.others() {
		if !slices.ContainsFunc(f.members, func(m property) bool { return w.reaches(schema, m.name) }) && !w.unsure {
			return differ(schema, field, "the schema describes members by a pattern or by no name, and %v has none of them; take a map, or write false here", f.t)
		}
	}
	return d.inputMembers(w, f, field)
}

func (d *drift) inputMembers(w way, f *form, field string) *difference {
	for i := range f.members {
		m := &f.members[i]
		schemas, forbidden := w.of(m.name)
		if forbidden != nil || len(schemas) == 0 {
			continue
		}
		if p := d.input(schemas, m.use, field+"."+m.field); p != nil {
			return p
		}
	}
	return nil
}

// reaches reports whether a schema for members without a name is one for that member.
func (w way) reaches(schema Value, name string) bool {
	schemas, _ := w.of(name)
	return slices.ContainsFunc(schemas, func(v Value) bool { return samePlace(v, schema) })
}

// neverTaken finds a member that none of the ways permits, and what forbids it.
func neverTaken(ways []way, f *form) (*property, Value) {
	if f.kind != Object || f.mapped || f.binary != nil {
		return nil, nil
	}
	for i := range f.members {
		m := &f.members[i]
		var never Value
		taken := false
		for _, w := range ways {
			if kinds, at := w.kinds(); at != nil && !slices.Contains(kinds, Object) {
				continue
			}
			if takesBytes(w.required(), f, "") != nil {
				continue // the type is none of it
			}
			_, forbidden := w.of(m.name)
			_, _, listed := w.listed()
			taken, never = taken || forbidden == nil || listed, forbidden
		}
		if !taken && never != nil {
			return m, never
		}
	}
	return nil, nil
}

// shown is a value of a schema for a message.
func shown(v Value) string { return shorten(string(v.AppendJSON(nil)), 100) }
