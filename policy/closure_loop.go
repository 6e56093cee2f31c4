package policy

import (
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/sallyport/sallyport/schema"
)

// loop takes what follows for each element of a collection, in OPA's order.
type loop struct {
	key, element register // the key's is below 0 where nothing reads it
	want         getter
	next         closure
}

func (l *loop) over(f *frame, c value) error {
	if c.arg != nil {
		switch c.arg.Kind() {
		case schema.Array:
			return l.overArguments(f, c.arg)
		case schema.Object: // whose members OPA takes in the order of their names
			t, err := f.term(c)
			if err != nil {
				return err
			}
			c = value{own: t.Value}
		}
	}
	switch own := c.own.(type) {
	case *ast.Array:
		return l.overArray(f, own)
	case ast.Object:
		return l.overObject(f, own)
	case ast.Set:
		return l.overSet(f, own)
	}
	return nil
}

func (l *loop) turn(f *frame, key ast.Value, element value) error {
	if err := f.tick(1); err != nil {
		return err
	}
	if l.key >= 0 {
		f.slots[l.key] = value{own: key}
	}
	f.slots[l.element] = element
	return l.next(f)
}

func (l *loop) overArguments(f *frame, v schema.Value) error {
	for i := range v.Len() {
		var key ast.Value
		if l.key >= 0 {
			key = ast.InternedTerm(i).Value
		}
		if err := l.turn(f, key, value{arg: v.Index(i)}); err != nil {
			return err
		}
	}
	return nil
}

func (l *loop) overArray(f *frame, a *ast.Array) error {
	for i := range a.Len() {
		if err := l.turn(f, ast.InternedTerm(i).Value, value{own: a.Elem(i).Value}); err != nil {
			return err
		}
	}
	return nil
}

func (l *loop) overObject(f *frame, o ast.Object) error {
	keys := o.KeysIterator()
	for key, more := keys.Next(); more; key, more = keys.Next() {
		if err := l.turn(f, key.Value, value{own: o.Get(key).Value}); err != nil {
			return err
		}
	}
	return nil
}

func (l *loop) overSet(f *frame, set ast.Set) error {
	if l.want != nil {
		t, err := f.term(l.want.value(f))
		if err != nil || !set.Contains(t) {
			return err
		}
		return l.turn(f, t.Value, value{own: t.Value})
	}
	for _, t := range set.Slice() {
		if err := l.turn(f, t.Value, value{own: t.Value}); err != nil {
			return err
		}
	}
	return nil
}
