package policylint

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// condition is one expression of a rule's body.
type condition struct {
	text     string
	commands []string // that it takes, of a condition on the command
	line     int
}

// conditions are those of a rule's body.
func conditions(r *ast.Rule) []condition {
	var all []condition
	for _, e := range r.Body {
		all = append(all, condition{strings.Join(strings.Fields(string(e.Location.Text)), " "), texts(e, "command"), e.Location.Row})
	}
	return all
}

// texts are the values that a condition takes of a field of the input, nil if it is about something else.
func texts(e *ast.Expr, field string) []string {
	if e.Negated || !e.IsCall() || len(e.Operands()) != 2 {
		return nil
	}
	a, b := e.Operand(0), e.Operand(1)
	ref := ast.Ref{ast.InputRootDocument, ast.StringTerm(field)}
	is := func(t *ast.Term) bool { return ref.Equal(t.Value) }
	switch operator := e.Operator().String(); {
	case operator == ast.Equal.Name || operator == ast.Equality.Name:
		if is(b) {
			a, b = b, a
		}
		if text, ok := b.Value.(ast.String); ok && is(a) {
			return []string{string(text)}
		}
	case operator == ast.Member.Name && is(a):
		return members(b)
	}
	return nil
}

// members are those of a set or list of texts, nil of anything else.
func members(t *ast.Term) []string {
	all, ok := []string{}, true
	each := func(t *ast.Term) {
		text, is := t.Value.(ast.String)
		all, ok = append(all, string(text)), ok && is
	}
	switch v := t.Value.(type) {
	case ast.Set:
		v.Foreach(each)
	case *ast.Array:
		v.Foreach(each)
	default:
		return nil
	}
	if !ok {
		return nil
	}
	return all
}

// implies says whether c can hold only if d does.
func (c condition) implies(d condition) bool {
	if c.commands != nil && d.commands != nil {
		return !slices.ContainsFunc(c.commands, func(name string) bool { return !slices.Contains(d.commands, name) })
	}
	return c.text == d.text || d.text == "true"
}

// shadows finds rules that add nothing to another one.
func (f *file) shadows() []Finding {
	var all []Finding
	for _, kind := range []string{"allow", "deny", "ask"} {
		rules := f.rules(kind)
		for i, r := range rules {
			for j, other := range rules {
				if i == j || !shadowed(r, other) || j > i && shadowed(other, r) { // of two alike, the later one
					continue
				}
				all = append(all, f.at(r.Location.Row, "shadowed-rule", fmt.Sprintf("whenever this %s holds, the one in line %d does as well", kind, other.Location.Row),
					"whoever tightens this rule changes nothing", "remove it, or make the other one narrower"))
				break
			}
		}
	}
	return all
}

// shadowed says whether r can hold only where other does, with the same words.
func shadowed(r, other *ast.Rule) bool {
	same := r.Head.Key == nil && other.Head.Key == nil || r.Head.Key != nil && other.Head.Key != nil && r.Head.Key.Equal(other.Head.Key)
	if !same || r.Else != nil || other.Else != nil || !plain(r) || !plain(other) {
		return false
	}
	own := conditions(r)
	return !slices.ContainsFunc(conditions(other), func(d condition) bool {
		return !slices.ContainsFunc(own, func(c condition) bool { return c.implies(d) })
	})
}

// plain says that a rule's value is true, and that its message is written out.
func plain(r *ast.Rule) bool {
	return r.Head.Key != nil && ast.IsConstant(r.Head.Key.Value) ||
		r.Head.Key == nil && r.Head.Value != nil && r.Head.Value.Equal(ast.InternedTerm(true))
}

// unread finds rules that neither decide nor are read by one that does. A misspelt name makes one.
func (f *file) unread() []Finding {
	rules := f.rules()
	named := make(map[string][]*ast.Rule)
	for _, r := range rules {
		name := r.Head.Ref()[0].Value.String()
		named[name] = append(named[name], r)
	}
	read := make(map[string]bool)
	var visit func(name string)
	visit = func(name string) {
		if read[name] {
			return
		}
		read[name] = true
		for _, r := range named[name] {
			for e := r; e != nil; e = e.Else {
				ast.NewGenericVisitor(func(node any) bool {
					switch n := node.(type) {
					case ast.Var:
						visit(n.String())
					case ast.Ref: // data.capability.<id>.<name>
						if path := f.module.Package.Path; n.HasPrefix(path) && len(n) > len(path) {
							if name, ok := n[len(path)].Value.(ast.String); ok {
								visit(string(name))
							}
						}
					}
					return false
				}).Walk(e.Body)
				ast.WalkVars(e.Head, func(v ast.Var) bool { visit(v.String()); return false })
			}
		}
	}
	for _, kind := range []string{"allow", "deny", "ask", "limit"} {
		visit(kind)
	}
	var all []Finding
	for _, r := range rules {
		if name := r.Head.Ref()[0].Value.String(); !read[name] {
			all = append(all, f.at(r.Location.Row, "unused-rule", fmt.Sprintf("no rule that decides reads %s", name),
				"if it is a misspelt allow, deny, ask or limit, it decides nothing", "mend the name, or remove the rule"))
		}
	}
	return all
}

// contradictions finds rules whose conditions can't hold together, or not where the capability holds.
func (f *file) contradictions() []Finding {
	var all []Finding
	for _, r := range f.rules("allow", "deny", "ask", "limit") {
		if why := f.contradiction(r); why != "" {
			all = append(all, f.at(r.Location.Row, "unreachable-rule", "the rule can't hold: "+why,
				"it looks as if it granted or denied something", "remove it, or mend the condition"))
		}
	}
	return all
}

func (f *file) contradiction(r *ast.Rule) string {
	if r.Else != nil {
		return ""
	}
	for _, field := range []string{"command", "window", "platform"} {
		var left []string
		for _, e := range r.Body {
			if t, ok := e.Terms.(*ast.Term); ok && t.Equal(ast.InternedTerm(e.Negated)) {
				return "a condition is always false"
			}
			names := texts(e, field)
			if names == nil {
				continue
			}
			if left == nil {
				left = names
			}
			left = slices.DeleteFunc(slices.Clone(left), func(name string) bool { return !slices.Contains(names, name) })
			if len(left) == 0 {
				return "no " + field + " fits all its conditions"
			}
		}
		if left == nil {
			continue
		}
		here := func(name string) bool { return true }
		switch {
		case field == "window":
			here = func(label string) bool {
				return slices.ContainsFunc(f.Windows, func(glob string) bool { ok, err := path.Match(glob, label); return ok && err == nil })
			}
		case field == "platform" && f.Platforms != nil:
			here = func(name string) bool { return slices.Contains(f.Platforms, name) }
		}
		if !slices.ContainsFunc(left, here) {
			return fmt.Sprintf("the capability does not hold for the %s %s", field, strings.Join(left, ", "))
		}
	}
	return ""
}

// commands finds rules for commands that the app does not have.
func (f *file) commands(known []string) []Finding {
	if known == nil || f.module == nil {
		return nil
	}
	var all []Finding
	report := func(line int, what string) {
		all = append(all, f.at(line, "unknown-command", what, "a rule for a misspelt command never holds",
			"mend the name, or register the command and run sallyport manifest"))
	}
	ast.WalkExprs(f.module, func(e *ast.Expr) bool {
		for _, name := range texts(e, "command") {
			if !slices.Contains(known, name) {
				report(e.Location.Row, fmt.Sprintf("the app has no command %q", name))
			}
		}
		if e.IsCall() && !e.Negated && e.Operator().String() == ast.StartsWith.Name && len(e.Operands()) == 2 && e.Operand(0).String() == "input.command" {
			prefix, ok := e.Operand(1).Value.(ast.String)
			if ok && !slices.ContainsFunc(known, func(name string) bool { return strings.HasPrefix(name, string(prefix)) }) {
				report(e.Location.Row, fmt.Sprintf("no command of the app begins with %v", e.Operand(1)))
			}
		}
		return false
	})
	return all
}
