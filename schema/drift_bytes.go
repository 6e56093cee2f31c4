package schema

import "slices"

// inputBytes finds what a schema takes that stands for no bytes.
func (d *drift) inputBytes(w way, f *form, at Value, field string) *difference {
	if p := strangers(append(w.described(), w.required()...), f, field); p != nil {
		return p
	}
	required := slices.ContainsFunc(w.required(), func(m mention) bool { return m.name == bytesMember })
	if at != nil && !required && !w.unsure {
		return differ(at, field, `the schema takes an object that stands for no bytes; write "required":["$bytes","type"]`)
	}
	return d.inputMembers(w, f, field)
}

// outputBytes finds why a schema never takes the object that stands for bytes.
func (d *drift) outputBytes(w way, f *form, field string) *difference {
	if p := strangers(w.required(), f, field); p != nil {
		return p
	}
	for i := range f.members {
		if _, forbidden := w.of(f.members[i].name); forbidden != nil {
			return differ(forbidden, field, "%s, as bytes beside the text have it, is nothing that the schema takes; describe $bytes and type", quote(f.members[i].name))
		}
	}
	schemas, _ := w.of(typeMember)
	ways, ok := d.ways(schemas)
	if !ok || !isBytes(f.t) {
		return d.outputMembers(w, f, field, true)
	}
	for _, w := range ways {
		values, at, listed := w.listed()
		takes := func(v Value) bool { return v.Text() == anyBytes }
		if listed && len(ways) == 1 && !slices.ContainsFunc(values, takes) {
			return differ(at, field, "%v is written as %s, which the schema doesn't take; take a schema.Blob, or add that type", f.t, anyBytes)
		}
	}
	return d.outputMembers(w, f, field, true)
}

// strangers finds a member that bytes don't have.
func strangers(mentions []mention, f *form, field string) *difference {
	for _, m := range mentions {
		if f.member(m.name) == nil && (m.at.Kind() != Bool || m.at.Bool()) {
			return differ(m.at, field, "the schema describes %s, and bytes beside the text have $bytes and type only; take it out of the schema", shorten(quote(m.name), 100))
		}
	}
	return nil
}

// takesBytes finds bytes where a type is an object of another kind.
func takesBytes(mentions []mention, f *form, field string) *difference {
	for _, m := range mentions {
		if m.name == bytesMember && (m.at.Kind() != Bool || m.at.Bool()) {
			return differ(m.at, field, "the schema takes bytes beside the text, and %v isn't bytes; take a []byte or schema.Blob", f.t)
		}
	}
	return nil
}
