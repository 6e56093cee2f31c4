package policy

import (
	"maps"

	"github.com/open-policy-agent/opa/v1/ast"
)

// lowering makes closures of what partial evaluation left of rules, compiled. It takes a construct
// that it does not understand completely for none at all: OPA's topdown then evaluates the
// condition. Closures hold nothing of the compiler, so that this can go.
type lowering struct {
	layout
	compiler *ast.Compiler
	env      *environment
	operands map[string][]string
	known    map[ast.Value]ast.Value // fields of the input that the key holds
	refs     map[string]int          // numbers of arguments that are read, by their reference
	rules    map[*ast.TreeNode]*helper
	shared   map[string]*shared // answers of functions, by the call
	risks    *risks             // of the body that is being lowered
	bit      uint64             // that it sets
	size     int                // of what was made for this condition: calls are made anew at each place
	why      string             // not to lower the condition
}

// maxLowered bounds the closures of one condition.
const maxLowered = 10_000

func (p *Policy) newLowering(e *entry, c *ast.Compiler) *lowering {
	l := &lowering{
		compiler: c, env: p.environment, operands: p.operands, known: make(map[ast.Value]ast.Value),
		refs: make(map[string]int), rules: make(map[*ast.TreeNode]*helper), shared: make(map[string]*shared),
	}
	for _, pair := range e.known {
		l.known[pair[0].Value] = pair[1].Value
	}
	return l
}

// refuse notes what is not understood, and is what the caller returns in place of a closure.
func (l *lowering) refuse(why string) closure {
	if l.why == "" {
		l.why = why
	}
	return never
}

// claim numbers one thing more.
func claim(n *int) int { *n++; return *n - 1 }

// condition makes one closure of the rules that a condition was written as. settle says what is to
// be done where a body holds. What all of them begin with is evaluated once.
func (l *lowering) condition(rules []*ast.Rule, settle func(s *scope, r *ast.Rule) closure) (closure, bool) {
	l.size, l.why, l.risks = 0, "", &risks{asked: make(map[string]bool)}
	if len(rules) == 0 {
		return never, false // so that topdown finds none either, which is an error
	}
	n := commonStart(rules)
	s := l.scope(rules[0])
	whole := s.body(rules[0].Body[:n], func() closure { return s.alternativeEnds(rules, n, settle) })
	return whole, l.why == ""
}

// alternativeEnds are what follows n expressions that the bodies of all rules begin with.
func (s *scope) alternativeEnds(rules []*ast.Rule, n int, settle func(s *scope, r *ast.Rule) closure) closure {
	var bodies []closure
	var before []*risks
	start := s.risks
	names := variables(rules[0].Body[:n])
	for _, r := range rules {
		s.lowering.risks, s.lowering.bit = &risks{asked: maps.Clone(start.asked), other: start.other}, 0
		own := s.lowering.scope(r)
		for i, v := range variables(r.Body[:n]) {
			if o, ok := s.vars[names[i]]; ok {
				own.vars[v] = o
			}
		}
		body := own.body(r.Body[n:], func() closure { return settle(own, r) })
		if bit := s.bit; bit != 0 && s.risks.none(before) {
			body = unless(bit, body)
		}
		bodies, before = append(bodies, body), append(before, s.risks)
	}
	return inTurn(bodies)
}

func inTurn(closures []closure) closure {
	if len(closures) == 1 {
		return closures[0]
	}
	return func(f *frame) error {
		for _, s := range closures {
			if err := s(f); err != nil {
				return err
			}
		}
		return nil
	}
}

// scope is what is bound at one place of a rule.
type scope struct {
	*lowering
	vars map[ast.Var]getter
	uses map[ast.Var]int // in the whole rule
}

func (l *lowering) scope(r *ast.Rule) *scope {
	s := &scope{lowering: l, vars: make(map[ast.Var]getter), uses: make(map[ast.Var]int)}
	ast.WalkVars(r, func(v ast.Var) bool {
		s.uses[v]++
		return false
	})
	return s
}

// nested is the scope of a body within the body: what it binds is not seen outside.
func (s *scope) nested() *scope {
	inner := *s
	inner.vars = maps.Clone(s.vars)
	return &inner
}

func (s *scope) slot() register { return register(claim(&s.slots)) }

// body makes the closures of a body; rest makes those that follow it.
func (s *scope) body(b ast.Body, rest func() closure) closure {
	if s.why != "" {
		return never
	}
	if len(b) == 0 {
		return rest()
	}
	return s.expr(b[0], func() closure { return s.body(b[1:], rest) })
}

func (s *scope) expr(e *ast.Expr, rest func() closure) closure {
	if s.size++; s.size > maxLowered {
		return s.refuse("a condition of this size")
	}
	if len(e.With) > 0 {
		return s.refuse("with")
	}
	if e.Negated {
		positive := *e
		positive.Negated = false
		return s.not(ast.Body{&positive}, rest)
	}
	switch terms := e.Terms.(type) {
	case *ast.Term:
		return s.truth(terms, rest)
	case []*ast.Term:
		if e.IsEquality() && len(terms) == 3 {
			return s.unify(terms[1], terms[2], rest)
		}
		return s.call(e, terms, rest)
	case *ast.Every:
		return s.every(terms, rest)
	case *ast.Not:
		return s.not(terms.Body, rest)
	}
	return s.refuse("a statement of an unknown kind")
}

// truth is a term that stands for itself: it holds unless it is false or undefined.
func (s *scope) truth(t *ast.Term, rest func() closure) closure {
	holds := func(o getter) closure {
		next := rest()
		return func(f *frame) error {
			if o.value(f).isFalse() {
				return nil
			}
			return next(f)
		}
	}
	if o, ok := s.det(t); ok {
		return holds(o)
	}
	slot := s.slot()
	return s.each(t, slot, nil, func() closure { return holds(slot) })
}

// not holds where no way is found in which the body holds. All are looked for: an error in any of
// them is one of the decision.
func (s *scope) not(b ast.Body, rest func() closure) closure {
	flag := claim(&s.flags)
	s.risks.nesting++
	inner := s.nested().body(b, func() closure {
		return func(f *frame) error { f.flags[flag] = true; return nil }
	})
	s.risks.nesting--
	next := rest()
	return func(f *frame) error {
		f.flags[flag] = false
		if err := inner(f); err != nil || f.flags[flag] {
			return err
		}
		return next(f)
	}
}

// every holds where the body holds in one way or more for each element.
func (s *scope) every(e *ast.Every, rest func() closure) closure {
	domain, ok := s.det(e.Domain)
	if !ok || e.Key == nil {
		return s.refuse("every over a term of an unknown kind")
	}
	inner, all, element := s.nested(), claim(&s.flags), s.slot()
	s.risks.nesting++
	elements := inner.elements(domain, e.Key, element, nil, func() closure {
		return inner.match(e.Value, element, func() closure {
			body := inner.nested().body(e.Body, func() closure { return func(*frame) error { return errFound } })
			return func(f *frame) error {
				if !f.flags[all] {
					return nil
				}
				err := body(f)
				if err == errFound {
					return nil
				}
				f.flags[all] = false
				return err
			}
		})
	})
	s.risks.nesting--
	next := rest()
	return func(f *frame) error {
		if k := domain.value(f).kind(); k != arrayKind && k != objectKind && k != setKind {
			return nil
		}
		f.flags[all] = true
		if err := elements(f); err != nil || !f.flags[all] {
			return err
		}
		return next(f)
	}
}
