package schema

import (
	"reflect"
	"slices"
	"strings"
)

// A sorted object puts a map's members into the order of their names. They are written as they come,
// each with a comma behind it, and moved once they are all there.
type sortedObject struct {
	from     int // where the first begins
	members  []segment
	sections *sectionList // in the order of the text, as well
	before   int          // how many there were
}

type segment struct {
	name        string
	start, end  int
	first, last int // of the sections
}

// newSorted has place for n members, if they can fit at all: the shortest is `"":0,`.
func newSorted(n, from int, r allowance) (sortedObject, error) {
	if n > max(r.end-from, 0)/len(`"":0,`) {
		return sortedObject{}, ErrTooLarge
	}
	return sortedObject{from, make([]segment, 0, n), r.sections, r.sections.len()}, nil
}

func (o *sortedObject) name(dst []byte, name string, at reflect.Value, r allowance) ([]byte, error) {
	if name == bytesMember {
		return nil, under(unwritten(at, "a member can't be called $bytes, which names bytes beside the text; take a []byte or schema.Blob", nil), "*")
	}
	o.members = append(o.members, segment{name: name, start: len(dst), first: o.sections.len()})
	dst, err := appendString(dst, name, r)
	if err == errUTF8 {
		return nil, under(unwritten(at, "a member's name isn't valid UTF-8", nil), "*")
	}
	if err != nil {
		return nil, err
	}
	return append(dst, ':'), nil
}

func (o *sortedObject) end(dst []byte) []byte {
	dst = append(dst, ',')
	m := &o.members[len(o.members)-1]
	m.end, m.last = len(dst), o.sections.len()
	return dst
}

func (o *sortedObject) close(dst []byte, at reflect.Value) ([]byte, error) {
	if len(o.members) == 0 {
		return append(dst, '}'), nil
	}
	if byName := func(a, b segment) int { return strings.Compare(a.name, b.name) }; !slices.IsSortedFunc(o.members, byName) {
		slices.SortFunc(o.members, byName)
		sorted := make([]byte, 0, len(dst)-o.from)
		for _, m := range o.members {
			sorted = append(sorted, dst[m.start:m.end]...)
		}
		copy(dst[o.from:], sorted)
		o.sortSections()
	}
	for i := range o.members[1:] {
		if o.members[i].name == o.members[i+1].name {
			return nil, under(unwritten(at, "two keys have one name", nil), "*")
		}
	}
	dst[len(dst)-1] = '}'
	return dst, nil
}

// sortSections brings the sections into the order that the members have now.
func (o *sortedObject) sortSections() {
	if o.sections.len() == o.before {
		return
	}
	own := slices.Clone(o.sections.all[o.before:])
	sorted := o.sections.all[:o.before]
	for _, m := range o.members {
		sorted = append(sorted, own[m.first-o.before:m.last-o.before]...)
	}
}
