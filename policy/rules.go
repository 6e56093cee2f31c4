package policy

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/sallyport/sallyport/schema"
)

// The kinds of rules. Those of a limit are no part of a decision.
const (
	kindAllow  = "allow"
	kindDeny   = "deny"
	kindAsk    = "ask"
	kindLimit  = "limit"
	kindWithin = "within"
)

// withinRule is the name under which declarative files are compiled to within rules.
const withinRule = ownPrefix + "_" + kindWithin

// kindOf is the kind of the rules of a name, "" of helpers.
func kindOf(name string) string {
	switch name {
	case kindAllow, kindDeny, kindAsk, kindLimit:
		return name
	case withinRule:
		return kindWithin
	}
	return ""
}

// rule is one rule as it is evaluated.
type rule struct {
	Rule
	unit     *unit
	body     ast.Body // holds where the rule does; binds reason where the rule says something
	source   *ast.Rule
	commands []string        // the only ones it can hold for; nil if that isn't plain from its text
	events   []string        // likewise
	handed   handed          // to the handler, by a rule of a declarative file
	reads    [][]schema.Step // of a deny or ask: the arguments it looks at
}

// reason is the variable that a rule's body binds to its message.
const reason = "sallyport_reason"

// index puts the units in order and finds rules by command.
func (p *Policy) index() error {
	byFile := slices.Clone(p.units)
	slices.SortStableFunc(p.units, func(a, b *unit) int { return cmp.Compare(a.ID, b.ID) })
	for i, u := range p.units[min(1, len(p.units)):] {
		if first := p.units[i]; first.ID == u.ID {
			advice := "one file holds one capability"
			if first.declared || u.declared {
				advice = "choose another identifier"
			}
			return at(u.File, u.parsed.Package.Location.Row, fmt.Errorf("capability %s is defined already, in %s: %s", u.ID, first.File, advice))
		}
	}
	p.byCommand, p.operands = make(map[string][]*rule), make(map[string][]string)
	for _, u := range byFile {
		p.expires = p.expires || !u.Expires.IsZero()
		maps.Copy(p.operands, u.operands)
		for _, r := range u.rules {
			p.add(r)
		}
	}
	return nil
}

// candidates are the rules that can be about a command, in the order of file and line.
func (p *Policy) candidates(command string) []*rule {
	all := slices.Concat(p.byCommand[command], p.anyCommand)
	slices.SortStableFunc(all, func(a, b *rule) int { return compareRules(a.Rule, b.Rule) })
	return all
}

func (p *Policy) add(r *rule) {
	if r.commands == nil {
		p.anyCommand = append(p.anyCommand, r)
	}
	for _, c := range r.commands {
		p.byCommand[c] = append(p.byCommand[c], r)
	}
}

func newRule(u *unit, kind string, r *ast.Rule) *rule {
	n := &rule{
		Rule:     Rule{Capability: u.ID, File: u.File, Line: r.Location.Row, Kind: kind, Remember: u.remember[r.Location.Row]},
		unit:     u,
		body:     r.Body.Copy(),
		source:   r,
		commands: valuesOf(r.Body, "command"),
		events:   valuesOf(r.Body, "event"),
	}
	switch {
	case kind == kindDeny, kind == kindAsk, kind == kindLimit && r.Head.Key != nil:
		n.body.Append(ast.Equality.Expr(ast.VarTerm(reason), r.Head.Key))
	case kind == kindLimit:
		n.body.Append(ast.Equality.Expr(ast.VarTerm(reason), r.Head.Value))
	}
	return n
}

// conflicting says that an allow rule may have another value than true. Rego then
// compares the values of all of them, so they can't be taken one by one.
func conflicting(r *ast.Rule) bool {
	return ruleName(r) == "allow" && !r.Default && (r.Else != nil || !r.Head.Value.Equal(ast.InternedTerm(true)))
}

// wholeRule stands for all allow rules of a capability, under the line of the first.
func wholeRule(u *unit, m *ast.Module) *rule {
	n := &rule{Rule: Rule{Capability: u.ID, File: u.File, Kind: kindAllow}, unit: u}
	for _, r := range m.Rules {
		if ruleName(r) == "allow" && !r.Default && (n.Line == 0 || r.Location.Row < n.Line) {
			n.Line = r.Location.Row
		}
	}
	ref := append(slices.Clone(m.Package.Path), ast.StringTerm("allow"))
	n.body = ast.NewBody(ast.Equality.Expr(ast.NewTerm(ref), ast.InternedTerm(true)))
	return n
}

// isField says whether a term is input.<field>.
func isField(t *ast.Term, field string) bool {
	ref, ok := t.Value.(ast.Ref)
	return ok && len(ref) == 2 && ref[0].Equal(ast.InputRootDocument) && ref[1].Equal(ast.InternedTerm(field))
}

// fieldVars are the variables that the compiler put in place of input.<field>.
func fieldVars(body ast.Body, field string) map[ast.Value]bool {
	locals := make(map[ast.Value]bool)
	for _, e := range body {
		if !e.Negated && e.IsEquality() && isField(e.Operand(1), field) {
			if v, ok := e.Operand(0).Value.(ast.Var); ok && v.IsGenerated() {
				locals[v] = true
			}
		}
	}
	return locals
}

// valuesOf reads from a compiled body for which values of a field of the input it can hold: an
// expression input.command == "x" or input.command in {"x", "y"} must be true whatever
// else there is. Nil if that isn't plain from the text.
func valuesOf(body ast.Body, field string) []string {
	locals := fieldVars(body, field)
	for _, e := range body {
		if e.Negated || !e.IsCall() {
			continue
		}
		a, b := e.Operand(0), e.Operand(1)
		switch {
		case e.IsEquality():
			if isField(b, field) {
				a, b = b, a
			}
			if text, ok := b.Value.(ast.String); ok && isField(a, field) {
				return []string{string(text)}
			}
		case e.Operator().Equal(ast.Member.Ref()) && len(e.Operands()) == 2:
			if _, ok := a.Value.(ast.Var); ok && locals[a.Value] || isField(a, field) {
				if names, ok := texts(b); ok {
					return names
				}
			}
		}
	}
	return nil
}

// texts reads a literal set or array of strings.
func texts(t *ast.Term) (all []string, ok bool) {
	all = []string{}
	add := func(t *ast.Term) bool {
		s, ok := t.Value.(ast.String)
		all = append(all, string(s))
		return !ok
	}
	switch v := t.Value.(type) {
	case ast.Set:
		ok = !v.Until(add)
	case *ast.Array:
		ok = !v.Until(add)
	}
	return all, ok
}

// compareRules is the order of file and line.
func compareRules(a, b Rule) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Reason, b.Reason))
}

// about says whether a within rule restricts the calls of a key: its body names command and platform, or
// with startswith the namespace that the command is in. One that names none restricts all.
func (r *rule) about(k *key) bool {
	if platforms := valuesOf(r.body, "platform"); platforms != nil && !slices.Contains(platforms, k.platform) {
		return false
	}
	if r.commands != nil {
		return slices.Contains(r.commands, k.command)
	}
	locals := fieldVars(r.body, "command")
	for _, e := range r.body {
		if e.Negated || !e.IsCall() || !e.Operator().Equal(ast.StartsWith.Ref()) || !locals[e.Operand(0).Value] && !isField(e.Operand(0), "command") {
			continue
		}
		if namespace, ok := e.Operand(1).Value.(ast.String); ok && !strings.HasPrefix(k.command, string(namespace)) {
			return false
		}
	}
	return true
}
