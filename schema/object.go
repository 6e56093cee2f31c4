package schema

import (
	"reflect"
	"slices"
	"strings"
)

// An object puts a map's members into the order of their names. They are written as they come,
// each with a comma behind it, and moved once they are all there.
type object struct {
	from    int // where the first begins
	members []member
}

type member struct {
	name       string
	start, end int
}

// newObject has place for n members, if they can fit at all: the shortest is `"":0,`.
func newObject(n, from int, r bounds) (object, error) {
	if n > max(r.end-from, 0)/len(`"":0,`) {
		return object{}, ErrTooLarge
	}
	return object{from, make([]member, 0, n)}, nil
}

func (o *object) name(dst []byte, name string, at reflect.Value, r bounds) ([]byte, error) {
	o.members = append(o.members, member{name: name, start: len(dst)})
	dst, err := appendString(dst, name, r)
	if err == errUTF8 {
		return nil, under(unwritten(at, "a member's name isn't valid UTF-8", nil), "*")
	}
	if err != nil {
		return nil, err
	}
	return append(dst, ':'), nil
}

func (o *object) end(dst []byte) []byte {
	dst = append(dst, ',')
	o.members[len(o.members)-1].end = len(dst)
	return dst
}

func (o *object) close(dst []byte, at reflect.Value) ([]byte, error) {
	if len(o.members) == 0 {
		return append(dst, '}'), nil
	}
	if byName := func(a, b member) int { return strings.Compare(a.name, b.name) }; !slices.IsSortedFunc(o.members, byName) {
		slices.SortFunc(o.members, byName)
		sorted := make([]byte, 0, len(dst)-o.from)
		for _, m := range o.members {
			sorted = append(sorted, dst[m.start:m.end]...)
		}
		copy(dst[o.from:], sorted)
	}
	for i := range o.members[1:] {
		if o.members[i].name == o.members[i+1].name {
			return nil, under(unwritten(at, "two keys have one name", nil), "*")
		}
	}
	dst[len(dst)-1] = '}'
	return dst, nil
}
