package schema

import (
	"encoding"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// plans holds the fillers made so far, so that a recursive type ends.
type plans struct{ made map[reflect.Type]*filler }

func newPlans() *plans { return &plans{made: map[reflect.Type]*filler{}} }

// of returns the filler of a type.
func (p *plans) of(t reflect.Type) (filler, error) {
	if f, ok := p.made[t]; ok {
		// Perhaps not finished yet: look it up when it is used.
		return func(v Value, at reflect.Value) error { return (*f)(v, at) }, nil
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
		return want(Number, fillNumber), nil
	case t == reflect.TypeFor[big.Int]():
		return want(Number, fillBig), nil
	case t.Kind() == reflect.Pointer:
		return p.pointer(t)
	case pointer.Implements(reflect.TypeFor[Unmarshaler]()):
		return fillSelf, nil
	case pointer.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return want(String, fillText), nil
	case pointer.Implements(reflect.TypeFor[json.Unmarshaler]()):
		return nil, fmt.Errorf("schema: %v has only UnmarshalJSON, which would parse the message again; give it UnmarshalValue(schema.Value) error or UnmarshalText, or take a json.RawMessage", t)
	}
	switch t.Kind() {
	case reflect.Bool:
		return want(Bool, fillBool), nil
	case reflect.String:
		return want(String, fillString), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return want(Number, fillInt), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return want(Number, fillUint), nil
	case reflect.Float32, reflect.Float64:
		return want(Number, fillFloat), nil
	case reflect.Interface:
		if t.NumMethod() == 0 {
			return nullable(fillAny), nil
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
	fill, err := p.of(t.Elem())
	if err != nil {
		return nil, err
	}
	return nullable(func(v Value, at reflect.Value) error {
		target := reflect.New(t.Elem())
		if err := fill(v, target.Elem()); err != nil {
			return err
		}
		at.Set(target)
		return nil
	}), nil
}

func (p *plans) slice(t reflect.Type) (filler, error) {
	if e := t.Elem(); e.Kind() == reflect.Uint8 && !decodesItself(e) {
		return nullable(want(String, fillBytes)), nil
	}
	fill, err := p.of(t.Elem())
	if err != nil {
		return nil, err
	}
	return nullable(want(Array, func(v Value, at reflect.Value) error {
		out := reflect.MakeSlice(t, v.Len(), v.Len())
		i := 0
		for e := range v.Elements() {
			if err := fill(e, out.Index(i)); err != nil {
				return below(err, strconv.Itoa(i))
			}
			i++
		}
		at.Set(out)
		return nil
	})), nil
}

func (p *plans) array(t reflect.Type) (filler, error) {
	fill, err := p.of(t.Elem())
	if err != nil {
		return nil, err
	}
	return want(Array, func(v Value, at reflect.Value) error {
		if v.Len() != t.Len() {
			return misfit(at, "it must have exactly "+strconv.Itoa(t.Len())+" elements")
		}
		i := 0
		for e := range v.Elements() {
			if err := fill(e, at.Index(i)); err != nil {
				return below(err, strconv.Itoa(i))
			}
			i++
		}
		return nil
	}), nil
}

func (p *plans) mapping(t reflect.Type) (filler, error) {
	fill, err := p.of(t.Elem())
	if err != nil {
		return nil, err
	}
	key, err := keyFiller(t.Key())
	if err != nil {
		return nil, err
	}
	return nullable(want(Object, func(v Value, at reflect.Value) error {
		out := reflect.MakeMapWithSize(t, v.Len())
		for name, member := range v.Fields() {
			k, e := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
			if !key(name, k) {
				return below(misfit(k, "the member's name isn't one of this type"), "*")
			}
			if out.MapIndex(k).IsValid() {
				return below(misfit(k, "two members' names mean the same key"), "*")
			}
			if err := fill(member, e); err != nil {
				return below(err, "*")
			}
			out.SetMapIndex(k, e)
		}
		at.Set(out)
		return nil
	})), nil
}

// keyFiller sets a map's key from a member's name; false if it can't be one.
func keyFiller(t reflect.Type) (func(name string, at reflect.Value) bool, error) {
	if reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) && t.Kind() != reflect.Pointer {
		return func(name string, at reflect.Value) bool {
			// The name is compared as a key afterwards: a NaN would never be found again.
			err := at.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(name))
			return err == nil && at.Comparable() && at.Equal(at)
		}, nil
	}
	switch t.Kind() {
	case reflect.String:
		return func(name string, at reflect.Value) bool {
			at.SetString(name)
			return true
		}, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return func(name string, at reflect.Value) bool {
			n, err := strconv.ParseInt(name, 10, t.Bits())
			if err != nil || strconv.FormatInt(n, 10) != name {
				return false
			}
			at.SetInt(n)
			return true
		}, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return func(name string, at reflect.Value) bool {
			n, err := strconv.ParseUint(name, 10, t.Bits())
			if err != nil || strconv.FormatUint(n, 10) != name {
				return false
			}
			at.SetUint(n)
			return true
		}, nil
	}
	return nil, fmt.Errorf("schema: a member's name can't become a %v", t)
}

func (p *plans) structure(t reflect.Type) (filler, error) {
	fields, err := p.fields(t)
	if err != nil {
		return nil, err
	}
	byName := make(map[string]*field, len(fields))
	for i := range fields {
		byName[fields[i].name] = &fields[i]
	}
	fill := want(Object, func(v Value, at reflect.Value) error {
		for name, member := range v.Fields() {
			f := byName[name]
			if f == nil {
				return below(misfit(at, "the type has no such member"), "*")
			}
			if err := f.fill(member, f.of(at)); err != nil {
				return below(err, token(f.name, true))
			}
		}
		return nil
	})
	if len(fields) == 0 {
		// Nothing could be misread: a command without arguments may be called with null.
		return nullable(fill), nil
	}
	return fill, nil
}

func fillInt(v Value, at reflect.Value) error {
	n, err := integer(string(v.Number()))
	if err == nil && at.OverflowInt(n) {
		err = errRange
	}
	if err != nil {
		return misfit(at, "the number is "+err.Error())
	}
	at.SetInt(n)
	return nil
}

func fillUint(v Value, at reflect.Value) error {
	n, err := unsigned(string(v.Number()))
	if err == nil && at.OverflowUint(n) {
		err = errRange
	}
	if err != nil {
		return misfit(at, "the number is "+err.Error())
	}
	at.SetUint(n)
	return nil
}

func fillFloat(v Value, at reflect.Value) error {
	f, err := float(string(v.Number()), at.Type().Bits())
	if err != nil {
		return misfit(at, "the number is "+err.Error())
	}
	at.SetFloat(f)
	return nil
}

func fillBig(v Value, at reflect.Value) error {
	// Parse has bounded the literal and its exponent.
	r, ok := new(big.Rat).SetString(string(v.Number()))
	if !ok || !r.IsInt() {
		return misfit(at, "the number is "+errFraction.Error())
	}
	at.Set(reflect.ValueOf(r.Num()).Elem())
	return nil
}

// inText is the tag option string: a number or boolean inside a JSON string.
func inText(t reflect.Type, fill filler) (filler, error) {
	kinds := []reflect.Kind{reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64}
	if !slices.Contains(kinds, t.Kind()) || decodesItself(t) {
		return nil, fmt.Errorf("the tag option string is for numbers, not for %v", t)
	}
	return want(String, func(v Value, at reflect.Value) error {
		text := v.Text()
		inner, err := Parse([]byte(text), Limits{})
		if err != nil || inner.Kind() != Number || strings.TrimSpace(text) != text {
			return misfit(at, "the text isn't a number")
		}
		return fill(inner, at)
	}), nil
}

func decodesItself(t reflect.Type) bool {
	pointer := reflect.PointerTo(t)
	return pointer.Implements(reflect.TypeFor[Unmarshaler]()) ||
		pointer.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) ||
		pointer.Implements(reflect.TypeFor[json.Unmarshaler]())
}

func base64Strict() *base64.Encoding { return base64.StdEncoding.Strict() }
