package policy

import "github.com/open-policy-agent/opa/v1/ast"

// members evaluates the rules of a set. Keyed, it evaluates them with the key bound to what is
// looked for, as topdown does: what is not about it is not evaluated then.
func (l *lowering) members(h *helper, keyed bool) closure {
	var bodies []closure
	list := claim(&l.lists)
	for _, r := range h.rules.Rules {
		s := l.scope(r)
		add := func() closure { return s.add(h, r.Head.Key, list, keyed) }
		if keyed {
			bodies = append(bodies, s.match(r.Head.Key, h.key, func() closure { return s.body(r.Body, add) }))
			continue
		}
		bodies = append(bodies, s.body(r.Body, add))
	}
	evaluate := inTurn(bodies)
	if keyed {
		return evaluate
	}
	at := h.at
	return func(f *frame) error {
		f.lists[list] = nil
		if err := evaluate(f); err != nil {
			return err
		}
		f.memos[at] = memo{state: isDefined, value: value{own: ast.NewSet(f.lists[list]...)}}
		return nil
	}
}

// add is the end of a body of a set's rule.
func (s *scope) add(h *helper, key *ast.Term, list int, keyed bool) closure {
	o, ok := s.det(key)
	if !ok {
		return s.refuse("a set whose members are terms of an unknown kind")
	}
	found, wanted := h.found, h.key
	return func(f *frame) error {
		t, err := f.term(o.value(f))
		if err != nil {
			return err
		}
		if !keyed {
			f.lists[list] = append(f.lists[list], t)
			return nil
		}
		// A set finds what it holds by its hash, which for numbers beyond a float64 is that of
		// the text.
		k, err := f.term(f.slots[wanted])
		f.flags[found] = f.flags[found] || err == nil && k.Hash() == t.Hash()
		return err
	}
}

// set reads all members of a set.
func (s *scope) set(h *helper, slot register, next closure) closure {
	at, whole := h.at, h.whole
	return func(f *frame) error {
		if f.memos[at].state != isDefined {
			if err := whole(f); err != nil {
				return err
			}
		}
		f.slots[slot] = f.memos[at].value
		return next(f)
	}
}

// memberOf looks for one member of a set.
func (s *scope) memberOf(h *helper, key getter, slot register, next closure) closure {
	at, keyed, wanted, found := h.at, h.keyed, h.key, h.found
	return func(f *frame) error {
		k := key.value(f)
		if f.memos[at].state == isDefined {
			m, ok, err := f.member(f.memos[at].value, k)
			if err != nil || !ok {
				return err
			}
			f.slots[slot] = m
			return next(f)
		}
		f.slots[wanted], f.flags[found] = k, false
		if err := keyed(f); err != nil || !f.flags[found] {
			return err
		}
		f.slots[slot] = k
		return next(f)
	}
}
