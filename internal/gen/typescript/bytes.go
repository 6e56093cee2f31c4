package typescript

import (
	"slices"

	"github.com/sallyport/sallyport/schema"
)

// The types of bytes, which stand in a message as {"$bytes":size,"type":"…"}: no
// other object in one has a member $bytes. A page may send them as what it has,
// and gets a Blob where their media type matters.
const (
	binary = word("Binary") // of our own, see binaryType
	array  = word("Uint8Array")
	blob   = word("Blob")

	plainBytes = `"application/octet-stream"`
)

const binaryType = "/** Bytes, as a page may send them. Of an ArrayBuffer and a Uint8Array the media type is application/octet-stream. */\n" +
	"export type Binary = Uint8Array | ArrayBuffer | Blob;\n"

// bytes is the type of some facts, ok if all objects among what they take stand
// for bytes.
func (c *file) bytes(f facts) (t typ, ok bool) {
	about := slices.Clone(f.objects)
	for _, d := range f.refs {
		about = c.conjuncts(about, d.schema)
	}
	if f.listed || f.kinds&kindObject == 0 || !slices.Contains(requiredIn(about), "$bytes") {
		return nil, false
	}
	t = c.bytesOf(about)
	if f.kinds &^= kindObject; f.kinds == 0 {
		return t, true
	}
	f.refs, f.objects = nil, nil
	return anyOf(t, c.own(f)), true
}

func (c *file) bytesOf(about []schema.Value) typ {
	if !c.received {
		return binary
	}
	var types []schema.Value
	for _, v := range about {
		types = append(types, aboutMember(v, "type")...)
	}
	switch plain, others := mediaTypes(c.typeOf(types...)); {
	case !others:
		return array
	case !plain:
		return blob
	}
	return anyOf(array, blob)
}

// conjuncts adds a schema and those that hold with it for certain.
func (c *file) conjuncts(all []schema.Value, v schema.Value) []schema.Value {
	if slices.Contains(all, v) {
		return all
	}
	all = append(all, v)
	if to, ok := v.Field("$ref"); ok {
		all = c.conjuncts(all, c.definition(to.Text()).schema)
	}
	if list, ok := v.Field("allOf"); ok {
		for e := range list.Elements() {
			all = c.conjuncts(all, e)
		}
	}
	return all
}

// mediaTypes says whether a type has that of plain bytes, and others.
func mediaTypes(t typ) (plain, others bool) {
	if u, ok := t.(union); ok {
		for _, t := range u {
			p, o := mediaTypes(t)
			plain, others = plain || p, others || o
		}
		return plain, others
	}
	w, ok := t.(word)
	switch {
	case !ok, w == unknown, w == text, w == never:
		return true, true
	case w == plainBytes:
		return true, false
	}
	return false, true
}
