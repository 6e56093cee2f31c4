package schema

import (
	"encoding"
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"strconv"
	"time"
)

// plans holds the fillers made so far, so that a recursive type ends.
type plans struct{ made map[reflect.Type]*filler }

func newPlans() *plans { return &plans{made: map[reflect.Type]*filler{}} }

// of returns the filler of a type.
func (p *plans) of(t reflect.Type) (filler, error) {
	if f, ok := p.made[t]; ok {
		if *f != nil {
			return *f, nil
		}
		// Not finished yet: look it up when it is used.
		return func(n *node, at reflect.Value) error { return (*f)(n, at) }, nil
	}
	slot := new(filler)
	p.made[t] = slot
	f, err := p.make(t)
	if err != nil {
		delete(p.made, t)
		return nil, err
	}
	*slot = f
	return f, nil
}

func (p *plans) make(t reflect.Type) (filler, error) {
	switch pointer := reflect.PointerTo(t); {
	case t == reflect.TypeFor[Value]():
		return fillValue, nil
	case t == reflect.TypeFor[json.RawMessage]():
		return fillRaw, nil
	case t == reflect.TypeFor[json.Number]():
		return numeral(setLiteral).filler(), nil
	case t == reflect.TypeFor[big.Int]():
		return numeral(setBig).filler(), nil
	case t == reflect.TypeFor[time.Time]():
		return fillTime, nil
	case t == reflect.TypeFor[Blob]():
		return fillBlob, nil
	case t.Kind() == reflect.Pointer:
		return p.pointer(t)
	case pointer.Implements(reflect.TypeFor[Unmarshaler]()):
		return fillSelf, nil
	case pointer.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return fillText, nil
	case pointer.Implements(reflect.TypeFor[json.Unmarshaler]()):
		return nil, fmt.Errorf("schema: %v has only UnmarshalJSON, which would parse the message again; give it UnmarshalValue(schema.Value) error or UnmarshalText, or take a json.RawMessage", t)
	}
	if set := numeralOf(t); set != nil {
		return set.filler(), nil
	}
	switch t.Kind() {
	case reflect.Bool:
		return fillBool, nil
	case reflect.String:
		return fillString, nil
	case reflect.Interface:
		if t.NumMethod() == 0 {
			return fillAny, nil
		}
	case reflect.Slice:
		return p.slice(t)
	case reflect.Array:
		return p.array(t)
	case reflect.Map:
		return p.mapping(t)
	case reflect.Struct:
		return p.structure(t)
	}
	return nil, fmt.Errorf("schema: no JSON value can become a %v", t)
}

func (p *plans) pointer(t reflect.Type) (filler, error) {
	if pointsToItself(t) {
		return nil, fmt.Errorf("schema: no JSON value can become a %v, which points to itself and nothing else", t)
	}
	fill, err := p.of(t.Elem())
	if err != nil {
		return nil, err
	}
	return fill.behindPointer(t), nil
}

// behindPointer fills what a new pointer of the type t points to; null leaves nil.
func (fill filler) behindPointer(t reflect.Type) filler {
	return func(n *node, at reflect.Value) error {
		if n.kind == Null {
			return nil
		}
		target := reflect.New(t.Elem())
		if err := fill(n, target.Elem()); err != nil {
			return err
		}
		at.Set(target)
		return nil
	}
}

// pointsToItself reports whether pointers lead from a type to itself, as in type P *P.
func pointsToItself(t reflect.Type) bool {
	passed := map[reflect.Type]bool{}
	for ; t.Kind() == reflect.Pointer; t = t.Elem() {
		if passed[t] {
			return true
		}
		passed[t] = true
	}
	return false
}

func (p *plans) slice(t reflect.Type) (filler, error) {
	if isBytes(t) {
		return fillBytes, nil
	}
	fill, err := p.of(t.Elem())
	if err != nil {
		return nil, err
	}
	empty := reflect.MakeSlice(t, 0, 0)
	return func(n *node, at reflect.Value) error {
		if n.kind == Null {
			return nil
		}
		if n.kind != Array {
			return unfit(n, at, Array)
		}
		children := n.children()
		if len(children) == 0 {
			at.Set(empty) // an empty array isn't nil
			return nil
		}
		at.Grow(len(children)) // in place: MakeSlice would put its three words on the heap
		at.SetLen(len(children))
		return fillElements(fill, children, at)
	}, nil
}

func (p *plans) array(t reflect.Type) (filler, error) {
	fill, err := p.of(t.Elem())
	if err != nil {
		return nil, err
	}
	problem := "it must have exactly " + strconv.Itoa(t.Len()) + " elements"
	return func(n *node, at reflect.Value) error {
		if n.kind != Array {
			return unfit(n, at, Array)
		}
		children := n.children()
		if len(children) != t.Len() {
			return misfit(at, problem)
		}
		return fillElements(fill, children, at)
	}, nil
}

func fillElements(fill filler, children []node, at reflect.Value) error {
	for i := range children {
		if err := fill(&children[i], at.Index(i)); err != nil {
			return below(err, strconv.Itoa(i))
		}
	}
	return nil
}

func (p *plans) mapping(t reflect.Type) (filler, error) {
	fill, err := p.of(t.Elem())
	if err != nil {
		return nil, err
	}
	key, distinct, err := keyFiller(t.Key())
	if err != nil {
		return nil, err
	}
	return func(n *node, at reflect.Value) error {
		if n.kind == Null {
			return nil
		}
		if n.kind != Object {
			return unfit(n, at, Object)
		}
		children := n.children()
		if n.isSection() {
			return misfit(at, isSection)
		}
		out := reflect.MakeMapWithSize(t, len(children))
		// One of each for all members: the map copies them.
		k, e := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		for i := range children {
			k.SetZero()
			e.SetZero()
			if !key(children[i].name(), k) {
				return below(misfit(k, "the member's name isn't one of this type"), "*")
			}
			if !distinct && out.MapIndex(k).IsValid() {
				return below(misfit(k, "two members' names mean the same key"), "*")
			}
			if err := fill(&children[i], e); err != nil {
				return below(err, "*")
			}
			out.SetMapIndex(k, e)
		}
		at.Set(out)
		return nil
	}, nil
}

// keyFiller sets a map's key from a member's name; false if it can't be one. Distinct says
// that two names, which Parse has seen to differ, never are one key.
func keyFiller(t reflect.Type) (key func(name string, at reflect.Value) bool, distinct bool, err error) {
	if reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) && t.Kind() != reflect.Pointer {
		return func(name string, at reflect.Value) bool {
			// The name is compared as a key afterwards: a NaN would never be found again.
			err := at.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(name))
			return err == nil && at.Comparable() && at.Equal(at)
		}, false, nil
	}
	switch t.Kind() {
	case reflect.String:
		return func(name string, at reflect.Value) bool {
			at.SetString(name)
			return true
		}, true, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return func(name string, at reflect.Value) bool {
			n, err := strconv.ParseInt(name, 10, t.Bits())
			if err != nil || strconv.FormatInt(n, 10) != name {
				return false
			}
			at.SetInt(n)
			return true
		}, true, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return func(name string, at reflect.Value) bool {
			n, err := strconv.ParseUint(name, 10, t.Bits())
			if err != nil || strconv.FormatUint(n, 10) != name {
				return false
			}
			at.SetUint(n)
			return true
		}, true, nil
	}
	return nil, false, fmt.Errorf("schema: a member's name can't become a %v", t)
}

func (p *plans) structure(t reflect.Type) (filler, error) {
	fields, err := p.fields(t)
	if err != nil {
		return nil, err
	}
	byName := make(map[string]int, len(fields))
	for i := range fields {
		byName[fields[i].name] = i
	}
	return func(n *node, at reflect.Value) error {
		if n.kind != Object {
			if n.kind == Null && len(fields) == 0 {
				// Nothing could be misread: a command without arguments may be called with null.
				return nil
			}
			return unfit(n, at, Object)
		}
		if n.isSection() {
			return misfit(at, isSection)
		}
		children, next := n.children(), 0
		for i := range children {
			member := &children[i]
			name := member.rawName()
			if member.nameEsc {
				name = member.name()
			}
			// Members mostly come in the order of the fields. Which name it is decides alone.
			if next >= len(fields) || fields[next].name != name {
				known := false
				if next, known = byName[name]; !known {
					return below(misfit(at, "the type has no such member"), "*")
				}
			}
			f := &fields[next]
			next++
			place := at.Field(f.index[0])
			if len(f.index) > 1 {
				place = f.below(place)
			}
			if err := f.fill(member, place); err != nil {
				return below(err, token(f.name, true))
			}
		}
		return nil
	}, nil
}

// decodesItself reports whether a type's values are something else than their kind's.
func decodesItself(t reflect.Type) bool {
	pointer := reflect.PointerTo(t)
	return t == reflect.TypeFor[Blob]() || pointer.Implements(reflect.TypeFor[Unmarshaler]()) ||
		pointer.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) ||
		pointer.Implements(reflect.TypeFor[json.Unmarshaler]())
}
