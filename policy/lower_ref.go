package policy

import (
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/sallyport/sallyport/schema"
)

// each takes the rest once for each value of a term, which stands in slot then. A value that is
// already known is wanted alone, if want isn't nil.
func (s *scope) each(t *ast.Term, to register, want getter, rest func() closure) closure {
	ref, ok := t.Value.(ast.Ref)
	if !ok {
		return s.comprehension(t, to, rest)
	}
	if ref[0].Equal(ast.DefaultRootDocument) {
		return s.rule(ref, to, want, rest)
	}
	if ref[0].Equal(ast.InputRootDocument) {
		return s.input(ref, to, want, rest)
	}
	o, ok := s.det(ref[0])
	if !ok {
		return s.refuse("a reference into what is not bound")
	}
	after := s.path(ref[1:], to, want, rest)
	return func(f *frame) error {
		f.slots[to] = o.value(f)
		return after(f)
	}
}

// input reads the input. The names that lead from its field on are followed once in a call.
func (s *scope) input(ref ast.Ref, to register, want getter, rest func() closure) closure {
	got, fetch, n := s.fetched(ref)
	if got == nil {
		return s.refuse("a field of the input that is not known")
	}
	after := s.path(ref[n:], to, want, rest)
	return func(f *frame) error {
		if !fetch.has(f) {
			return nil
		}
		f.slots[to] = got.value(f)
		return after(f)
	}
}

// whole makes a getter of a reference that is nothing but a field of the input and names, with what
// has to be asked before.
func (s *scope) whole(t *ast.Term) (getter, *fetch) {
	ref, ok := t.Value.(ast.Ref)
	if !ok || !ref[0].Equal(ast.InputRootDocument) {
		return nil, nil
	}
	got, fetch, n := s.fetched(ref)
	if n < len(ref) {
		return nil, nil
	}
	return got, fetch
}

// fetch looks for a part of the input, once in a call.
type fetch struct {
	at   int // of what was found; below 0 if it is known before
	look func(f *frame) (value, bool)
}

func (l *fetch) has(f *frame) bool {
	if l.at < 0 {
		return true
	}
	r := &f.refs[l.at]
	if r.state == notYet {
		r.state = isUndefined
		if v, ok := l.look(f); ok {
			r.state, r.value = isDefined, v
		}
	}
	return r.state == isDefined
}

// looked is a part of the input that was found.
type looked int

func (o looked) value(f *frame) value { return f.refs[o].value }

// fetched makes a getter of the first n terms of a reference to the input, nil if there is no such field.
func (s *scope) fetched(ref ast.Ref) (got getter, l *fetch, n int) {
	var field ast.String
	if len(ref) > 1 {
		field, _ = ref[1].Value.(ast.String)
	}
	if v, ok := s.known[field]; ok {
		return fixed{own: v}, &fetch{at: -1}, 2
	}
	n = 2
	for n < len(ref) && isText(ref[n]) {
		n++
	}
	look := s.fetcher(field, ref[min(2, len(ref)):min(n, len(ref))])
	if look == nil {
		return nil, nil, n
	}
	key := ref[:n].String()
	at, ok := s.lowering.refs[key]
	if !ok {
		at = claim(&s.layout.refs)
		s.lowering.refs[key] = at
	}
	return looked(at), &fetch{at, look}, n
}

func isText(t *ast.Term) bool { _, ok := t.Value.(ast.String); return ok }

// fetcher reads a field of the input, and names below it; nil if there is no such field.
func (s *scope) fetcher(field ast.String, path ast.Ref) func(f *frame) (value, bool) {
	names := make([]string, len(path))
	for i, t := range path {
		name, _ := t.Value.(ast.String)
		names[i] = string(name)
	}
	switch field {
	case "args":
		return func(f *frame) (value, bool) {
			if f.in.Args == nil {
				return value{own: ast.NullValue}, len(names) == 0
			}
			return below(f.in.Args, names)
		}
	case "user":
		return func(f *frame) (value, bool) {
			if f.in.User == nil {
				return value{}, false
			}
			return below(f.in.User, names)
		}
	case operands:
		if len(names) != 1 || s.operands[names[0]] == nil {
			return nil
		}
		names = s.operands[names[0]]
		return func(f *frame) (value, bool) {
			if f.in.Args != nil {
				if v, ok := below(f.in.Args, names); ok {
					return v, true
				}
			}
			return value{own: ast.NullValue}, true
		}
	case "time":
		return func(f *frame) (value, bool) { return f.now(), len(names) == 0 }
	case "session":
		return func(f *frame) (value, bool) { return value{own: ast.String(f.in.Session)}, len(names) == 0 }
	case "event": // of a call, which has none: others are known
		return func(*frame) (value, bool) { return value{}, false }
	case "target":
		return func(f *frame) (value, bool) {
			return value{own: ast.String(f.in.Target)}, len(names) == 0 && f.in.Target != ""
		}
	case "channel":
		return func(f *frame) (value, bool) {
			return value{own: ast.String(f.in.Channel)}, len(names) == 0 && f.in.Channel != ""
		}
	}
	return nil
}

// below follows names into objects.
func below(v schema.Value, names []string) (value, bool) {
	for _, name := range names {
		m, ok := v.Field(name)
		if !ok {
			return value{}, false
		}
		v = m
	}
	return value{arg: v}, true
}

// path follows the rest of a reference from the value in to, which it replaces.
func (s *scope) path(path ast.Ref, to register, want getter, rest func() closure) closure {
	if len(path) == 0 {
		return rest()
	}
	if key, ok := s.det(path[0]); ok {
		next := s.path(path[1:], to, want, rest)
		return func(f *frame) error {
			m, ok, err := f.member(f.slots[to], key.value(f))
			if err != nil || !ok {
				return err
			}
			f.slots[to] = m
			return next(f)
		}
	}
	here := want
	if len(path) > 1 {
		here = nil
	}
	return s.elements(to, path[0], to, here, func() closure { return s.path(path[1:], to, want, rest) })
}

// elements takes the rest for each element of a collection, in OPA's order. The element stands
// in slot then, and its key is bound to a variable.
func (s *scope) elements(from getter, key *ast.Term, to register, want getter, rest func() closure) closure {
	v, ok := key.Value.(ast.Var)
	if !ok {
		return s.refuse("a reference with a pattern in it")
	}
	at := register(-1)
	if s.uses[v] > 1 {
		at = s.slot()
		s.vars[v] = at
	}
	l := loop{at, to, want, rest()}
	return func(f *frame) error { return l.over(f, from.value(f)) }
}
