package policy

import (
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// operands is the field of the input that holds arguments which may be absent, null then.
// No file can name it: checkReads refuses unknown fields.
const operands = "operands"

// rewriter puts our own functions in place of what a file calls.
type rewriter struct {
	lexicon  *lexicon
	operands map[string][]string // member names within args, by their key
	fault    *ast.Error
}

// module rewrites one module in place, its names resolved.
func (w *rewriter) module(m *ast.Module) *ast.Error {
	for _, r := range m.Rules {
		kind := ruleName(r)
		if kind != "allow" && kind != "deny" && kind != "ask" {
			continue
		}
		for ; r != nil; r = r.Else {
			against := kind != "allow" || !r.Head.Value.Equal(ast.InternedTerm(true))
			if kind == "allow" && !values(r.Head.Value) {
				continue
			}
			for _, e := range r.Body {
				// Here it is known whether "true" speaks for the call.
				if terms, ok := e.Terms.([]*ast.Term); ok {
					w.scope(terms, map[bool]string{false: certainly, true: possibly}[against != e.Negated])
				}
			}
		}
	}
	ast.NewGenericVisitor(func(node any) bool {
		switch n := node.(type) {
		case *ast.Expr:
			if terms, ok := n.Terms.([]*ast.Term); ok {
				w.call(terms)
			}
		case *ast.Term:
			if c, ok := n.Value.(ast.Call); ok {
				w.call(c)
			}
		}
		return false
	}).Walk(m)
	return w.fault
}

func (w *rewriter) call(terms []*ast.Term) {
	w.scope(terms, plainly)
	if ref, ok := terms[0].Value.(ast.Ref); ok && len(ref) == 1 {
		name, _ := ref[0].Value.(ast.Var)
		if _, ok := comparisons()[string(name)]; ok {
			terms[0] = ast.NewTerm(ownRef(comparisonPrefix + string(name))).SetLocation(terms[0].Location)
		}
	}
}

// scope rewrites a call of the scope library; prefix says what becomes of a text that can't be
// judged.
func (w *rewriter) scope(terms []*ast.Term, prefix string) {
	ref, ok := terms[0].Value.(ast.Ref)
	if !ok || !ref.HasPrefix(scopeRef()) || len(ref) != len(scopeRef())+1 || len(terms) < 3 {
		return
	}
	name, _ := ref[len(ref)-1].Value.(ast.String)
	if len(terms) > 3 && w.fault == nil {
		// Rego takes one operand more for the result, and what that is decides the side.
		w.fault = ast.NewError(ast.CompileErr, terms[0].Location, "scope.%s has two operands: put not before the call to turn it round", string(name))
	}
	text := terms[1] // what may hold a variable
	var check func(string) error
	switch name {
	case pathInside:
		text = terms[2]
		check = func(s string) error { _, err := w.lexicon.directory(s); return err }
	case glob:
		check = func(s string) error { _, err := w.lexicon.pattern(s); return err }
	default:
		return
	}
	if literal, ok := text.Value.(ast.String); ok {
		if err := check(string(literal)); err != nil && w.fault == nil {
			w.fault = ast.NewError(ast.CompileErr, text.Location, "scope.%s: %v %v", string(name), text, err)
		}
	}
	terms[0] = ast.NewTerm(ownRef(prefix + string(name))).SetLocation(terms[0].Location)
	for i := 1; i <= 2; i++ {
		terms[i] = w.total(terms[i])
	}
}

// total replaces input.args.a.b by a reference that is null where the argument is absent.
func (w *rewriter) total(t *ast.Term) *ast.Term {
	ref, ok := t.Value.(ast.Ref)
	if !ok || len(ref) < 3 || !ref[:2].Equal(argsRef()) {
		return t
	}
	var names []string
	var key strings.Builder
	for _, part := range ref[2:] {
		name, ok := part.Value.(ast.String)
		if !ok {
			return t
		}
		names = append(names, string(name))
		key.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(string(name)))
	}
	w.operands[key.String()] = names
	return ast.NewTerm(ast.Ref{ast.InputRootDocument, ast.StringTerm(operands), ast.StringTerm(key.String())}).SetLocation(t.Location)
}

func argsRef() ast.Ref {
	return ast.Ref{ast.InputRootDocument, ast.InternedTerm("args")}
}
