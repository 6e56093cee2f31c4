package policy

import "github.com/open-policy-agent/opa/v1/ast"

// comprehension collects what its body finds.
func (s *scope) comprehension(t *ast.Term, slot register, rest func() closure) closure {
	if s.compiler.ComprehensionIndex(t) != nil {
		// topdown then evaluates the body once for all keys, with errors of its own.
		return s.refuse("a comprehension that is indexed")
	}
	switch c := t.Value.(type) {
	case *ast.ArrayComprehension:
		return s.collection(c.Body, c.Term, slot, rest, func(list []*ast.Term) ast.Value { return ast.NewArray(list...) })
	case *ast.SetComprehension:
		return s.collection(c.Body, c.Term, slot, rest, func(list []*ast.Term) ast.Value { return ast.NewSet(list...) })
	case *ast.ObjectComprehension:
		return s.objectOf(c, slot, rest)
	}
	return s.refuse("a term of an unknown kind")
}

func (s *scope) collection(body ast.Body, head *ast.Term, slot register, rest func() closure, build func([]*ast.Term) ast.Value) closure {
	list, inner := claim(&s.lists), s.nested()
	s.risks.nesting++
	collect := inner.body(body, func() closure {
		o, ok := inner.det(head)
		if !ok {
			return s.refuse("a comprehension of terms of an unknown kind")
		}
		return func(f *frame) error {
			t, err := f.term(o.value(f))
			f.lists[list] = append(f.lists[list], t)
			return err
		}
	})
	s.risks.nesting--
	next := rest()
	return func(f *frame) error {
		f.lists[list] = nil // what was built of the last one may be in use
		if err := collect(f); err != nil {
			return err
		}
		f.slots[slot] = value{own: build(f.lists[list])}
		return next(f)
	}
}

func (s *scope) objectOf(c *ast.ObjectComprehension, slot register, rest func() closure) closure {
	made, inner, location := s.slot(), s.nested(), c.Key.Location
	s.risks.other = true // keys may conflict
	collect := inner.body(c.Body, func() closure {
		key, ok := inner.det(c.Key)
		element, also := inner.det(c.Value)
		if !ok || !also {
			return s.refuse("a comprehension of terms of an unknown kind")
		}
		return func(f *frame) error {
			k, err := f.term(key.value(f))
			if err != nil {
				return err
			}
			v, err := f.term(element.value(f))
			if err != nil {
				return err
			}
			o, _ := f.slots[made].own.(ast.Object)
			if there := o.Get(k); there != nil && !there.Equal(v) {
				return conflict(location, "object keys must be unique")
			}
			o.Insert(k, v)
			return nil
		}
	})
	next := rest()
	return func(f *frame) error {
		f.slots[made] = value{own: ast.NewObject()}
		if err := collect(f); err != nil {
			return err
		}
		f.slots[slot] = f.slots[made]
		return next(f)
	}
}
