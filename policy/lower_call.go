package policy

import (
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// answer is what is done with the answer of a function: it is put in a slot, or has to be true.
type answer struct {
	slot register // below 0 where it has to be true
	next closure
}

func (a *answer) give(f *frame, v value) error {
	if a.slot >= 0 {
		f.slots[a.slot] = v
	} else if v.isFalse() {
		return nil
	}
	return a.next(f)
}

func (a *answer) is(f *frame, holds bool) error {
	if a.slot >= 0 {
		f.slots[a.slot] = value{own: ast.Boolean(holds)}
	} else if !holds {
		return nil
	}
	return a.next(f)
}

// call is a call as a statement, whose answer may go to a term that follows the operands.
func (s *scope) call(e *ast.Expr, terms []*ast.Term, rest func() closure) closure {
	ref, ok := terms[0].Value.(ast.Ref)
	if !ok {
		return s.refuse("a call of what is no name")
	}
	if ref[0].Equal(ast.DefaultRootDocument) {
		return s.function(ref, terms[1:], rest)
	}
	name := ref.String()
	declared, f := s.env.function(name)
	if f == nil || declared.Decl.Result() == nil || declared.Relation {
		return s.refuse("the function " + name)
	}
	arity := declared.Decl.Arity()
	if n := len(terms) - 1; n != arity && n != arity+1 {
		return s.refuse("a call of " + name + " with other operands")
	}
	known := make([]getter, arity)
	for i := range known {
		if known[i], ok = s.det(terms[i+1]); !ok {
			return s.refuse("an operand of an unknown kind")
		}
	}
	if !infallible(name) {
		s.risks.ask(memoryKey(name, known))
	}
	a := answer{slot: -1}
	if len(terms) == arity+2 {
		a.slot = s.slot()
		a.next = s.match(terms[arity+1], a.slot, rest)
	} else {
		a.next = rest()
	}
	location := e.Location
	opa := func(fr *frame) error {
		v, ok, err := fr.call(f, location, known)
		if err != nil || !ok {
			return err
		}
		return a.give(fr, v)
	}
	return s.native(name, terms[1:1+arity], known, &a, opa)
}

// function is the declaration and the code of one of OPA's functions or of ours.
func (env *environment) function(name string) (*ast.Builtin, topdown.BuiltinFunc) {
	if b, ok := env.own[name]; ok {
		return b.Decl, b.Func
	}
	return ast.BuiltinMap[name], topdown.GetBuiltin(name)
}

// function calls a function that is written in Rego. Its rules are made anew for each call, for
// what follows the call is part of them: topdown goes on from the first value, and looks at the
// other rules afterwards.
func (s *scope) function(ref ast.Ref, terms []*ast.Term, rest func() closure) closure {
	s.risks.other = true
	node, at := s.find(ref)
	if node == nil {
		return never
	}
	if at != len(ref)-1 {
		return s.refuse("a call of what is below a rule")
	}
	callee := s.helper(node, at)
	if s.why != "" || callee.rules.Kind != ast.SingleValue {
		return s.refuse("a call of a set")
	}
	arity := len(node.Values[0].Head.Args)
	if n := len(terms); n != arity && n != arity+1 {
		return s.refuse("a call with other operands")
	}
	var operands []getter
	for _, t := range terms[:arity] {
		o, ok := s.det(t)
		if _, made := o.(composite); !ok || made {
			return s.refuse("an operand of an unknown kind")
		}
		operands = append(operands, o)
	}
	a := answer{slot: -1}
	if len(terms) > arity {
		v, ok := terms[arity].Value.(ast.Var)
		if _, bound := s.vars[v]; !ok || bound {
			return s.refuse("a call whose answer is known before")
		}
		a.slot = s.slot()
		s.vars[v] = a.slot
	}
	a.next = rest()
	memoAt := claim(&s.memos)
	s.risks.nesting++
	applied := evaluate(memoAt, alternatives(callee.rules, func(r *ast.Rule) closure {
		return s.lowering.scope(r).applied(r, operands, memoAt, &a)
	}), callee.rules.Default != nil)
	s.risks.nesting--
	return func(f *frame) error {
		f.memos[memoAt] = memo{}
		return applied(f)
	}
}

// applied is a function's rule for these operands.
func (s *scope) applied(r *ast.Rule, operands []getter, at int, a *answer) closure {
	var bind func(i int) closure
	bind = func(i int) closure {
		if i == len(operands) {
			return s.body(r.Body, func() closure { return s.returned(r, at, a) })
		}
		return s.match(r.Head.Args[i], operands[i], func() closure { return bind(i + 1) })
	}
	return bind(0)
}

// returned is the end of a function's body.
func (s *scope) returned(r *ast.Rule, at int, a *answer) closure {
	o, ok := s.det(r.Head.Value)
	if !ok {
		return s.refuse("a function whose value is a term of an unknown kind")
	}
	location := r.Location
	message := "function " + rulePath(r) + " produced conflicting values for the same inputs"
	give := *a
	return func(f *frame) error {
		m, v := &f.memos[at], o.value(f)
		m.yielded = true
		if m.state == isDefined {
			return f.agree(m.value, v, location, message)
		}
		m.state, m.value = isDefined, v
		if give.slot >= 0 {
			f.slots[give.slot] = v
		} else if v.isFalse() {
			return nil
		}
		return f.proceed(at, give.next)
	}
}
