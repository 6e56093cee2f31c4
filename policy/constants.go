package policy

import (
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
)

// constants finds the texts and numbers that an operand can be or hold, as far as a module spells
// them out: the operand itself, or by way of local variables, some … in, every,
// parameters of functions and rules of the same capability. What it overlooks
// is found when a call is judged, and then counts against the call.
type constants struct {
	own   ast.Ref                // the package
	rules map[string][]*ast.Rule // by their name
	// What a rule's text gives to its variables, and what it takes them from as a member.
	given, members map[*ast.Rule]map[ast.Var][]*ast.Term
	taken          map[*ast.Rule][]*ast.Term          // what its patterns take apart, written as references
	answers        map[*ast.Rule]map[ast.Var][]string // the module's functions that its variables are the answer of
	calls          map[string][]ownCall               // of the module's functions, by their name
}

// An ownCall is a call of a function of the same module, in a rule.
type ownCall struct {
	in    *ast.Rule
	terms []*ast.Term
}

func newConstants(m *ast.Module) *constants {
	c := &constants{
		own:   m.Package.Path,
		rules: make(map[string][]*ast.Rule),
		given: make(map[*ast.Rule]map[ast.Var][]*ast.Term), members: make(map[*ast.Rule]map[ast.Var][]*ast.Term),
		taken: make(map[*ast.Rule][]*ast.Term), answers: make(map[*ast.Rule]map[ast.Var][]string),
		calls: make(map[string][]ownCall),
	}
	for _, r := range m.Rules {
		c.rules[ruleName(r)] = append(c.rules[ruleName(r)], r)
		c.given[r], c.members[r], c.taken[r] = bindings(r)
		c.answers[r] = make(map[ast.Var][]string)
		calls(r, func(terms []*ast.Term) {
			ref, _ := terms[0].Value.(ast.Ref)
			if name, ok := c.rule(ref); ok {
				c.calls[name] = append(c.calls[name], ownCall{r, terms})
				if v, ok := terms[len(terms)-1].Value.(ast.Var); ok {
					c.answers[r][v] = append(c.answers[r][v], name)
				}
			}
		})
	}
	return c
}

// scalars are the values that operand, which stands in rule r, can be, or that the list can hold that it
// can be. Where a reference names the member of an object, only that is followed.
func (c *constants) scalars(r *ast.Rule, operand *ast.Term) []*ast.Term {
	var found []*ast.Term
	type place struct {
		term  *ast.Term
		below string
	}
	seen := make(map[place]bool) // rules may read each other in a circle
	var follow func(r *ast.Rule, t *ast.Term, below ast.Ref)
	follow = func(r *ast.Rule, t *ast.Term, below ast.Ref) {
		if t == nil || len(below) > maxBelow || seen[place{t, fmt.Sprint(below)}] {
			return
		}
		seen[place{t, fmt.Sprint(below)}] = true
		each := func(t *ast.Term) { follow(r, t, below) }
		switch v := t.Value.(type) {
		case *ast.Array:
			v.Foreach(each)
		case ast.Set:
			v.Foreach(each)
		case ast.Object:
			if member, rest, ok := named(v, below); ok {
				follow(r, member, rest)
				return
			}
			v.Foreach(func(_, value *ast.Term) { each(value) })
		case ast.Var:
			for _, values := range []map[ast.Var][]*ast.Term{c.given[r], c.members[r]} {
				for _, value := range values[v] {
					each(value)
				}
			}
			c.passed(r, v, func(r *ast.Rule, t *ast.Term) { follow(r, t, below) })
		case ast.Ref:
			if name, ok := c.rule(v); ok {
				below := append(v[len(c.own)+1:].Copy(), below...)
				c.values(name, func(r *ast.Rule, t *ast.Term) { follow(r, t, below) })
			} else {
				follow(r, v[0], append(v[1:].Copy(), below...))
			}
		default:
			if ast.IsScalar(v) {
				found = append(found, t)
			}
		}
	}
	follow(r, operand, nil)
	return found
}

// maxBelow bounds how deep a member is followed: names that lead to each other, and deeper at every turn,
// lead nowhere.
const maxBelow = 8

// named is the member that the rest of a reference leads to first, whatever elements of lists it passes
// on the way.
func named(o ast.Object, below ast.Ref) (member *ast.Term, rest ast.Ref, ok bool) {
	for i, part := range below {
		if _, text := part.Value.(ast.String); !text {
			continue
		}
		member := o.Get(part)
		return member, below[i+1:], member != nil
	}
	return nil, nil, false
}

// rule is the name of the module's rule that a reference leads to.
func (c *constants) rule(ref ast.Ref) (string, bool) {
	if len(ref) == len(c.own) || !ref.HasPrefix(c.own) {
		return "", false
	}
	name, ok := ref[len(c.own)].Value.(ast.String)
	return string(name), ok
}

// values yields what rules of a name are, or contain.
func (c *constants) values(name string, yield func(*ast.Rule, *ast.Term)) {
	for _, r := range c.rules[name] {
		for e := r; e != nil; e = e.Else {
			yield(r, e.Head.Value)
		}
		if r.Head.RuleKind() == ast.MultiValue {
			yield(r, r.Head.Key)
		}
	}
}

// passed yields what calls pass to r as its parameter.
func (c *constants) passed(r *ast.Rule, parameter ast.Var, yield func(*ast.Rule, *ast.Term)) {
	for i, t := range r.Head.Args {
		if v, ok := t.Value.(ast.Var); !ok || v != parameter {
			continue
		}
		for _, call := range c.calls[ruleName(r)] {
			if len(call.terms) > i+1 {
				yield(call.in, call.terms[i+1])
			}
		}
	}
}

// bindings are what a rule's text gives to its variables, what it takes them from, and what else it takes
// apart.
func bindings(r *ast.Rule) (given, members map[ast.Var][]*ast.Term, taken []*ast.Term) {
	given, members = make(map[ast.Var][]*ast.Term), make(map[ast.Var][]*ast.Term)
	note := func(to map[ast.Var][]*ast.Term, name, value *ast.Term) {
		if v, ok := name.Value.(ast.Var); ok {
			to[v] = append(to[v], value)
		}
	}
	var equate func(a, b *ast.Term)
	equate = func(a, b *ast.Term) {
		note(given, a, b)
		note(given, b, a)
		for _, side := range [][2]*ast.Term{{a, b}, {b, a}} {
			apart(side[0], side[1], func(part, of *ast.Term) {
				if _, ok := of.Value.(ast.Ref); ok {
					taken = append(taken, of)
				}
				equate(part, of)
			})
		}
	}
	calls(r, func(terms []*ast.Term) {
		switch operator := terms[0].Value.String(); {
		case len(terms) == 3 && (operator == ast.Assign.Name || operator == ast.Equality.Name):
			equate(terms[1], terms[2])
		case len(terms) == 3 && operator == ast.Member.Name:
			note(members, terms[1], terms[2])
		case len(terms) == 4 && operator == ast.MemberWithKey.Name:
			note(members, terms[2], terms[3])
		default:
			handedOn(operator, terms, func(whole *ast.Term) { note(given, terms[len(terms)-1], whole) })
		}
	})
	ast.NewGenericVisitor(func(node any) bool {
		if e, ok := node.(*ast.Every); ok {
			note(members, e.Value, e.Domain)
		}
		return false
	}).Walk(r)
	return given, members, taken
}

// apart yields each part of a pattern that is no constant, with what stands for it in another term: the
// same part there, or a reference to a member.
func apart(pattern, t *ast.Term, yield func(part, of *ast.Term)) {
	each := func(key, part *ast.Term) {
		if part.IsGround() || !ast.IsScalar(key.Value) {
			return
		}
		var of *ast.Term
		switch v := t.Value.(type) {
		case ast.Ref:
			of = &ast.Term{Value: v.Append(key), Location: t.Location}
		case ast.Var:
			of = &ast.Term{Value: ast.Ref{t, key}, Location: t.Location}
		case *ast.Array:
			of = v.Get(key)
		case ast.Object:
			of = v.Get(key)
		}
		if of != nil {
			yield(part, of)
		}
	}
	switch p := pattern.Value.(type) {
	case *ast.Array:
		for i := range p.Len() {
			each(ast.InternedTerm(i), p.Elem(i))
		}
	case ast.Object:
		p.Foreach(each)
	}
}

// handedOn yields the operands whose members are those of a function's answer.
func handedOn(operator string, terms []*ast.Term, yield func(whole *ast.Term)) {
	switch {
	case len(terms) != 4:
	case operator == ast.ObjectUnion.Name:
		yield(terms[1])
		yield(terms[2])
	case operator == ast.ObjectRemove.Name, operator == ast.ObjectFilter.Name, operator == ast.JSONFilter.Name, operator == ast.JSONRemove.Name:
		yield(terms[1])
	}
}

// calls visits every call below a node, as a statement or inside a term, with
// the operator first.
func calls(node any, visit func(terms []*ast.Term)) {
	ast.NewGenericVisitor(func(node any) bool {
		switch n := node.(type) {
		case *ast.Expr:
			if terms, ok := n.Terms.([]*ast.Term); ok && n.IsCall() {
				visit(terms)
			}
		case *ast.Term:
			if c, ok := n.Value.(ast.Call); ok {
				visit(c)
			}
		}
		return false
	}).Walk(node)
}
