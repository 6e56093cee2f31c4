package policy

import (
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// helper is a rule, or several of one name, that others read.
type helper struct {
	rules *ast.IndexResult
	at    int     // of its memo
	whole closure // evaluates it; of a set, all members
	keyed closure // of a set: looks for the key
	key   register
	found int    // the flag that keyed sets
	why   string // not to lower what reads it
}

// noValues resolves nothing: all rules are wanted.
type noValues struct{}

func (noValues) Resolve(ast.Ref) (ast.Value, error) { return nil, ast.UnknownValueErr{} }

// find is the node of the rules that a reference leads to, and the position of their name in it;
// nil without a reason to refuse where there is none: such a reference is undefined.
func (l *lowering) find(ref ast.Ref) (node *ast.TreeNode, at int) {
	node = l.compiler.RuleTree.Child(ref[0].Value)
	for i, t := range ref[1:] {
		if !isText(t) {
			l.refuse("a reference to rules by a name that is not constant")
			return nil, 0
		}
		if node = node.Child(t.Value); node == nil {
			return nil, 0
		}
		if len(node.Values) > 0 {
			if len(node.Children) > 0 {
				l.refuse("rules whose names have several parts")
			}
			return node, i + 1
		}
	}
	l.refuse("a reference to a whole package")
	return nil, 0
}

// rule reads a rule, and what is below it.
func (s *scope) rule(ref ast.Ref, slot register, want getter, rest func() closure) closure {
	s.risks.other = true
	node, at := s.find(ref)
	if node == nil {
		return never
	}
	h := s.helper(node, at)
	if s.why != "" {
		return never
	}
	path := ref[at+1:]
	switch {
	case h.rules.Kind == ast.SingleValue:
		if len(h.rules.Rules) > 0 && len(h.rules.Rules[0].Head.Args) > 0 ||
			h.rules.Default != nil && len(h.rules.Default.Head.Args) > 0 {
			return never // a function without its operands is undefined
		}
		return s.complete(h, s.path(path, slot, want, rest), slot)
	case len(path) > 0:
		if key, ok := s.det(path[0]); ok {
			return s.memberOf(h, key, slot, s.path(path[1:], slot, want, rest))
		}
	}
	return s.set(h, slot, s.path(path, slot, want, rest))
}

// helper makes the closures of rules when they are first read.
func (l *lowering) helper(node *ast.TreeNode, at int) *helper {
	h := l.rules[node]
	if h == nil {
		h = &helper{at: claim(&l.memos), key: register(claim(&l.slots)), found: claim(&l.flags)}
		l.rules[node] = h
		l.risks.nesting++
		l.define(h, node, at)
		l.risks.nesting--
		h.why = l.why
	}
	if h.why != "" {
		l.refuse(h.why)
	}
	return h
}

func (l *lowering) define(h *helper, node *ast.TreeNode, at int) {
	if node.Index == nil {
		l.refuse("rules without an index")
		return
	}
	var err error
	if h.rules, err = node.Index.AllRules(noValues{}); err != nil {
		l.refuse("rules that can't be listed")
		return
	}
	for _, r := range node.Values {
		if len(r.Ref()) != at+1 || !r.Ref().IsGround() {
			l.refuse("rules whose names have several parts")
		}
		if len(r.Head.Args) > 0 {
			return // each call is made anew
		}
	}
	if h.rules.Kind == ast.MultiValue {
		h.whole = l.members(h, false)
		h.keyed = l.members(h, true)
		return
	}
	h.whole = evaluate(h.at, alternatives(h.rules, func(r *ast.Rule) closure {
		s := l.scope(r)
		return s.body(r.Body, func() closure { return s.yield(h, r) })
	}), h.rules.Default != nil)
}

// alternatives are the rules of one name: for each a closure for itself and one for every else. The
// default, if there is one, stands last.
func alternatives(rules *ast.IndexResult, one func(r *ast.Rule) closure) (all [][]closure) {
	for _, r := range rules.Rules {
		chain := []closure{one(r)}
		for _, e := range rules.Else[r] {
			chain = append(chain, one(e))
		}
		all = append(all, chain)
	}
	if rules.Default != nil {
		all = append(all, []closure{one(rules.Default)})
	}
	return all
}

// evaluate tries alternatives in order, and the default where none held. What holds is noted in a memo.
func evaluate(at int, all [][]closure, hasDefault bool) closure {
	chains, byDefault := all, never
	if hasDefault {
		chains, byDefault = all[:len(all)-1], all[len(all)-1][0]
	}
	return func(f *frame) error {
		for _, chain := range chains {
			for _, body := range chain {
				f.memos[at].yielded = false
				if err := body(f); err != nil {
					return err
				}
				if f.memos[at].yielded {
					break
				}
			}
		}
		if f.memos[at].state != isDefined {
			if err := byDefault(f); err != nil {
				return err
			}
		}
		m := &f.memos[at]
		if m.state == notYet {
			m.state = isUndefined
		}
		if m.found {
			m.found = false
			return errFound
		}
		return nil
	}
}

// yield is the end of a body of a complete rule. The first value goes on to what follows the rule,
// all others must be equal to it.
func (s *scope) yield(h *helper, r *ast.Rule) closure {
	o, ok := s.det(r.Head.Value)
	if !ok {
		return s.refuse("a rule whose value is a term of an unknown kind")
	}
	at, location := h.at, r.Location
	message := "rule " + rulePath(r) + " produced conflicting values"
	return func(f *frame) error {
		m, v := &f.memos[at], o.value(f)
		m.yielded = true
		if m.state == isDefined {
			return f.agree(m.value, v, location, message)
		}
		m.state, m.value = isDefined, v
		return f.proceed(at, m.next)
	}
}

func (f *frame) agree(a, b value, location *ast.Location, message string) error {
	equal, err := f.equal(a, b)
	if err != nil || equal {
		return err
	}
	return conflict(location, message)
}

// proceed takes what follows a rule. That a way was found there ends the search there, but not
// the evaluation of the rule itself.
func (f *frame) proceed(at int, next closure) error {
	err := next(f)
	if err == errFound {
		f.memos[at].found = true
		return nil
	}
	return err
}

func conflict(location *ast.Location, message string) error {
	return &topdown.Error{Code: topdown.ConflictErr, Location: location, Message: message}
}

func rulePath(r *ast.Rule) string {
	if r.Module == nil {
		return r.Head.Ref().String()
	}
	return r.Ref().String()
}

// complete reads a complete rule, which is evaluated once in a call.
func (s *scope) complete(h *helper, next closure, slot register) closure {
	at, whole := h.at, h.whole
	after := func(f *frame) error {
		f.slots[slot] = f.memos[at].value
		return next(f)
	}
	return func(f *frame) error {
		switch m := &f.memos[at]; m.state {
		case isUndefined:
			return nil
		case isDefined:
			return after(f)
		default:
			m.next = after
		}
		return whole(f)
	}
}
