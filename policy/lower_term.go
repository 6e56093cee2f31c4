package policy

import "github.com/open-policy-agent/opa/v1/ast"

// det makes an operand of a term that has one value here, and no more to evaluate: a constant, a
// variable that is bound, or an array, object or set of such.
func (s *scope) det(t *ast.Term) (getter, bool) {
	if constantTerm(t) {
		return fixed{own: t.Value}, true
	}
	switch v := t.Value.(type) {
	case ast.Var:
		o, ok := s.vars[v]
		return o, ok
	case *ast.Array, ast.Object, ast.Set:
		return s.compose(t)
	}
	return nil, false
}

// constantTerm says that a term is plain data.
func constantTerm(t *ast.Term) bool {
	plain := true
	ast.WalkTerms(t, func(t *ast.Term) bool {
		switch t.Value.(type) {
		case ast.Null, ast.Boolean, ast.Number, ast.String, *ast.Array, ast.Object, ast.Set:
		default:
			plain = false
		}
		return !plain
	})
	return plain
}

// composite is a collection with variables in it, made anew where it is used.
type composite struct {
	keys, elements []getter // keys of an object
	of             ast.Value
}

func (s *scope) compose(t *ast.Term) (getter, bool) {
	c := composite{of: t.Value}
	known := true
	add := func(to *[]getter, t *ast.Term) {
		o, ok := s.det(t)
		known = known && ok
		*to = append(*to, o)
	}
	switch v := t.Value.(type) {
	case *ast.Array:
		v.Foreach(func(t *ast.Term) { add(&c.elements, t) })
	case ast.Set:
		v.Foreach(func(t *ast.Term) { add(&c.elements, t) })
	case ast.Object:
		v.Foreach(func(key, t *ast.Term) { add(&c.keys, key); add(&c.elements, t) })
	}
	if !known {
		return nil, false // and not one with parts missing
	}
	return c, true
}

func (c composite) value(f *frame) value {
	elements, keys := f.all(c.elements), f.all(c.keys)
	switch c.of.(type) {
	case *ast.Array:
		return value{own: ast.NewArray(elements...)}
	case ast.Set:
		return value{own: ast.NewSet(elements...)}
	}
	o := ast.NewObject()
	for i, key := range keys {
		o.Insert(key, elements[i])
	}
	return value{own: o}
}

// all converts operands to terms. One that can't be makes the decision an error.
func (f *frame) all(operands []getter) []*ast.Term {
	terms := make([]*ast.Term, len(operands))
	for i, o := range operands {
		t, err := f.term(o.value(f))
		if err != nil {
			f.fault, t = err, ast.NullTerm()
		}
		terms[i] = t
	}
	return terms
}

// evaluated says that a term stands for values that are looked up or worked out.
func evaluated(t *ast.Term) bool { return isRef(t) || ast.IsComprehension(t.Value) }

func isRef(t *ast.Term) bool { _, ok := t.Value.(ast.Ref); return ok }

// unify makes a = b, in the order in which topdown evaluates both sides.
func (s *scope) unify(a, b *ast.Term, rest func() closure) closure {
	switch {
	case isRef(a), !isRef(b) && ast.IsComprehension(a.Value):
		return s.equate(a, b, rest)
	case evaluated(b):
		return s.equate(b, a, rest)
	}
	x, knownA := s.det(a)
	y, knownB := s.det(b)
	switch {
	case knownA && knownB:
		return s.same(x, y, rest)
	case knownA:
		return s.settle(x, func(x getter) closure { return s.match(b, x, rest) })
	case knownB:
		return s.settle(y, func(y getter) closure { return s.match(a, y, rest) })
	}
	p, ok := a.Value.(*ast.Array)
	q, also := b.Value.(*ast.Array)
	if !ok || !also {
		return s.refuse("an equation of two unknown terms")
	}
	if p.Len() != q.Len() {
		return never
	}
	var pairs func(i int) closure
	pairs = func(i int) closure {
		if i == p.Len() {
			return rest()
		}
		return s.unify(p.Elem(i), q.Elem(i), func() closure { return pairs(i + 1) })
	}
	return pairs(0)
}

// settle makes once what would be made anew at each use.
func (s *scope) settle(o getter, then func(o getter) closure) closure {
	c, ok := o.(composite)
	if !ok {
		return then(o)
	}
	slot := s.slot()
	next := then(slot)
	return func(f *frame) error {
		f.slots[slot] = c.value(f)
		return next(f)
	}
}

// equate evaluates t and matches each of its values with another term.
func (s *scope) equate(t, with *ast.Term, rest func() closure) closure {
	if v, ok := with.Value.(ast.Var); ok && s.vars[v] == nil {
		if got, fetch := s.whole(t); got != nil {
			s.vars[v] = got
			next := rest()
			return func(f *frame) error {
				if !fetch.has(f) {
					return nil
				}
				return next(f)
			}
		}
	}
	want, _ := s.det(with)
	slot := s.slot()
	return s.each(t, slot, want, func() closure { return s.match(with, slot, rest) })
}

// same holds where two operands are equal.
func (s *scope) same(a, b getter, rest func() closure) closure {
	if _, ok := a.(fixed); ok {
		a, b = b, a
	}
	next := rest()
	if c, ok := b.(fixed); ok {
		if t, ok := c.own.(ast.String); ok {
			return func(f *frame) error {
				if x, ok := a.value(f).text(); !ok || x != string(t) {
					return nil
				}
				return next(f)
			}
		}
	}
	return func(f *frame) error {
		if equal, err := f.equal(a.value(f), b.value(f)); err != nil || !equal {
			return err
		}
		return next(f)
	}
}

// match holds where a value fits a term, and binds the variables in it.
func (s *scope) match(t *ast.Term, o getter, rest func() closure) closure {
	if known, ok := s.det(t); ok {
		return s.same(o, known, rest)
	}
	switch v := t.Value.(type) {
	case ast.Var:
		s.vars[v] = o
		return rest()
	case *ast.Array:
		return s.matchArray(v, o, rest)
	case ast.Object:
		return s.matchObject(v, o, rest)
	}
	if evaluated(t) {
		slot := s.slot()
		return s.each(t, slot, o, func() closure { return s.same(slot, o, rest) })
	}
	return s.refuse("a pattern of an unknown kind")
}

func (s *scope) matchArray(pattern *ast.Array, o getter, rest func() closure) closure {
	n := pattern.Len()
	first := register(s.slots)
	s.slots += n
	var elements func(i int) closure
	elements = func(i int) closure {
		if i == n {
			return rest()
		}
		return s.match(pattern.Elem(i), first+register(i), func() closure { return elements(i + 1) })
	}
	next := elements(0)
	return func(f *frame) error {
		v := o.value(f)
		switch a, _ := v.own.(*ast.Array); {
		case v.kind() != arrayKind:
			return nil
		case v.arg != nil && v.arg.Len() == n:
			for i := range n {
				f.slots[int(first)+i] = value{arg: v.arg.Index(i)}
			}
		case v.arg == nil && a.Len() == n:
			for i := range n {
				f.slots[int(first)+i] = value{own: a.Elem(i).Value}
			}
		default:
			return nil
		}
		return next(f)
	}
}

func (s *scope) matchObject(pattern ast.Object, o getter, rest func() closure) closure {
	keys := pattern.Keys()
	for _, key := range keys {
		if !constantTerm(key) {
			return s.refuse("an object pattern with a variable for a key")
		}
	}
	var members func(i int) closure
	members = func(i int) closure {
		if i == len(keys) {
			return rest()
		}
		slot, key := s.slot(), value{own: keys[i].Value}
		next := s.match(pattern.Get(keys[i]), slot, func() closure { return members(i + 1) })
		return func(f *frame) error {
			m, ok, err := f.member(o.value(f), key)
			if err != nil || !ok {
				return err
			}
			f.slots[slot] = m
			return next(f)
		}
	}
	next := members(0)
	return func(f *frame) error {
		v := o.value(f)
		if v.kind() != objectKind {
			return nil
		}
		n := 0
		if v.arg != nil {
			n = v.arg.Len()
		} else if own, ok := v.own.(ast.Object); ok {
			n = own.Len()
		}
		if n != len(keys) {
			return nil
		}
		return next(f)
	}
}
