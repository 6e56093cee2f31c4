package policy

import (
	"strconv"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/sallyport/sallyport/schema"
)

// value is a part of the call's arguments, as it was parsed, or one of OPA's own: a constant, or
// what a function made. One of both is set.
type value struct {
	arg schema.Value
	own ast.Value
}

type kind uint8

const (
	otherKind kind = iota
	nullKind
	boolKind
	numberKind
	textKind
	arrayKind
	objectKind
	setKind
)

func (v value) kind() kind {
	if v.arg != nil {
		switch v.arg.Kind() {
		case schema.Null:
			return nullKind
		case schema.Bool:
			return boolKind
		case schema.Number:
			return numberKind
		case schema.String:
			return textKind
		case schema.Array:
			return arrayKind
		case schema.Object:
			return objectKind
		}
		return otherKind
	}
	switch v.own.(type) {
	case ast.Null:
		return nullKind
	case ast.Boolean:
		return boolKind
	case ast.Number:
		return numberKind
	case ast.String:
		return textKind
	case *ast.Array:
		return arrayKind
	case ast.Object:
		return objectKind
	case ast.Set:
		return setKind
	}
	return otherKind
}

func (v value) text() (string, bool) {
	if v.arg != nil {
		if v.arg.Kind() != schema.String {
			return "", false
		}
		return v.arg.Text(), true
	}
	s, ok := v.own.(ast.String)
	return string(s), ok
}

// number is false also for a number of an exponent that OPA's arithmetic does not take: that
// is an error, which term says.
func (v value) number() (ast.Number, bool) {
	if v.arg != nil {
		if v.arg.Kind() != schema.Number {
			return "", false
		}
		n, err := ast.NumberChecked(string(v.arg.Number()))
		return n, err == nil
	}
	n, ok := v.own.(ast.Number)
	return n, ok
}

func (v value) boolean() bool {
	if v.arg != nil {
		return v.arg.Bool()
	}
	return v.own == ast.Boolean(true)
}

// isFalse says that a value, as a condition, does not hold: all others do.
func (v value) isFalse() bool { return v.kind() == boolKind && !v.boolean() }

// term is the value as OPA's functions take it. What was converted of the arguments is kept for
// the time of the call.
func (f *frame) term(v value) (*ast.Term, error) {
	if v.arg == nil {
		return ast.NewTerm(v.own), nil
	}
	if k := v.arg.Kind(); k != schema.Array && k != schema.Object {
		return term(v.arg)
	}
	if t := f.terms[v.arg]; t != nil {
		return t, nil
	}
	t, err := term(v.arg)
	if err != nil {
		return nil, err
	}
	if f.terms == nil {
		f.terms = make(map[schema.Value]*ast.Term)
	}
	f.terms[v.arg] = t
	return t, nil
}

// equal compares as Rego does: exactly, 1 and 1.0 being one number.
func (f *frame) equal(a, b value) (bool, error) {
	k := a.kind()
	if k != b.kind() {
		return false, nil
	}
	switch k {
	case nullKind:
		return true, nil
	case boolKind:
		return a.boolean() == b.boolean(), nil
	case textKind:
		x, _ := a.text()
		y, _ := b.text()
		return x == y, nil
	case numberKind:
		x, ok := a.number()
		if y, also := b.number(); ok && also {
			return ast.NumberCompare(x, y) == 0, nil
		}
	case arrayKind, objectKind:
		if a.arg != nil && b.arg != nil && a.arg.Len() != b.arg.Len() {
			return false, nil
		}
	}
	x, err := f.term(a)
	if err != nil {
		return false, err
	}
	y, err := f.term(b)
	if err != nil {
		return false, err
	}
	return x.Equal(y), nil
}

// member is what stands under a key of an array or object, or the key itself if it is in a set.
func (f *frame) member(v, key value) (value, bool, error) {
	if v.arg != nil {
		switch v.arg.Kind() {
		case schema.Object:
			name, ok := key.text()
			if !ok {
				return value{}, false, nil
			}
			// The cost of a look-up grows with the members.
			if err := f.tick(v.arg.Len() / 16); err != nil {
				return value{}, false, err
			}
			m, ok := v.arg.Field(name)
			return value{arg: m}, ok, nil
		case schema.Array:
			n, _ := key.number()
			if i, ok := n.Int(); ok && key.kind() == numberKind {
				m := v.arg.Index(i)
				return value{arg: m}, m != nil, nil
			}
		}
		return value{}, false, nil
	}
	k, err := f.term(key)
	if err != nil {
		return value{}, false, err
	}
	var m *ast.Term
	switch c := v.own.(type) {
	case ast.Set:
		if c.Contains(k) {
			m = k
		}
	case ast.Object:
		m = c.Get(k)
	case *ast.Array:
		m = c.Get(k)
	}
	if m == nil {
		return value{}, false, nil
	}
	return value{own: m.Value}, true, nil
}

// getter is a term whose value is known when the evaluation gets to it.
type getter interface{ value(f *frame) value }

type fixed value

func (o fixed) value(*frame) value { return value(o) }

// slot is a local variable.
type register int

func (o register) value(f *frame) value { return f.slots[o] }

func nanoseconds(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }
