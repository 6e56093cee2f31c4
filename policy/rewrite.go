package policy

import (
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/sallyport/sallyport/schema"
)

// operands is the field of the input that holds arguments which may be absent, null then.
// No file can name it: checkReads refuses unknown fields.
const operands = "operands"

// rewriter puts our own functions in place of what a file calls.
type rewriter struct {
	lexicon  *lexicon
	operands map[string][]string // member names within args, by their key; nil: see total
	fault    *ast.Error
}

// module rewrites one module in place, its names resolved.
func (w *rewriter) module(m *ast.Module) *ast.Error {
	w.checkTexts(m)
	for _, r := range m.Rules {
		kind := kindOf(ruleName(r))
		if kind == "" || kind == kindLimit {
			continue
		}
		permits := kind == kindAllow || kind == kindWithin
		for ; r != nil; r = r.Else {
			against := !permits || !r.Head.Value.Equal(ast.InternedTerm(true))
			if permits && !values(r.Head.Value) {
				continue
			}
			for _, e := range r.Body {
				// Here it is known whether "true" speaks for the call.
				if terms, ok := e.Terms.([]*ast.Term); ok {
					w.scope(terms, map[bool]side{false: certainly, true: possibly}[against != e.Negated])
				}
			}
		}
	}
	calls(m, w.call)
	return w.fault
}

// checkTexts refuses what the author of a policy holds calls to and the scope library can't read: broken
// patterns, lists that are none.
func (w *rewriter) checkTexts(m *ast.Module) {
	known := newConstants(m)
	for _, r := range m.Rules {
		calls(r, func(terms []*ast.Term) {
			name, ok := scopeCall(terms)
			if !ok {
				return
			}
			f := scopeFunctions()[name]
			bound := terms[1+f.bound]
			if got := (operand{value: bound.Value}).Kind(); values(bound) && got != f.wants {
				w.refuse(bound.Location, "scope.%s: %v: expected %s for its operand %s", name, bound, kindName(f.wants), strings.Split(f.operands, ", ")[f.bound])
			}
			if f.check == nil {
				return
			}
			for _, t := range known.scalars(r, bound) {
				v := operand{value: t.Value}
				if k := v.Kind(); k != schema.String && k != schema.Number || k == schema.Number != (f.wants == schema.Number) {
					continue // another value of the same collection: which one is meant is not known
				}
				if err := f.check(w.lexicon, v); err != nil {
					w.refuse(t.Location, "scope.%s: %v %v", name, t, err)
				}
			}
		})
	}
}

// refuse keeps the first fault.
func (w *rewriter) refuse(at *ast.Location, format string, a ...any) {
	if w.fault == nil {
		w.fault = ast.NewError(ast.CompileErr, at, format, a...)
	}
}

func kindName(k schema.Kind) string {
	return map[schema.Kind]string{schema.String: "text", schema.Number: "a number", schema.Array: "a list or a set"}[k]
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

// scopeCall is the name of the scope library's function that terms call.
func scopeCall(terms []*ast.Term) (name string, ok bool) {
	ref, _ := terms[0].Value.(ast.Ref)
	if !ref.HasPrefix(scopeRef()) || len(ref) != len(scopeRef())+1 || len(terms) < 3 {
		return "", false
	}
	text, _ := ref[len(ref)-1].Value.(ast.String)
	_, ok = scopeFunctions()[string(text)]
	return string(text), ok
}

// scope rewrites a call of the scope library; its side says what becomes of an operand that can't be
// judged.
func (w *rewriter) scope(terms []*ast.Term, s side) {
	name, ok := scopeCall(terms)
	if !ok {
		return
	}
	if len(terms) > 3 {
		// Rego takes one operand more for the result, and what that is decides the side.
		w.refuse(terms[0].Location, "scope.%s has two operands: put not before the call to turn it round", name)
	}
	terms[0] = ast.NewTerm(ownRef(string(s) + name)).SetLocation(terms[0].Location)
	for i := 1; i <= 2; i++ {
		terms[i] = w.total(terms[i])
	}
}

// total replaces input.args.a.b by a reference that is null where the argument is absent. For tests, who
// say by "with" what the input is, it becomes a call that is.
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
	if w.operands == nil {
		path := []*ast.Term{ast.StringTerm("args")}
		for _, name := range names {
			path = append(path, ast.StringTerm(name))
		}
		return ast.ObjectGet.Call(ast.NewTerm(ast.Ref{inputRoot()}), ast.ArrayTerm(path...), ast.NullTerm()).SetLocation(t.Location)
	}
	w.operands[key.String()] = names
	return ast.NewTerm(ast.Ref{inputRoot(), ast.StringTerm(operands), ast.StringTerm(key.String())}).SetLocation(t.Location)
}

// inputRoot is a term of its own: the compiler writes to those of a module, and files are compiled at once.
func inputRoot() *ast.Term { return ast.VarTerm("input") }

func argsRef() ast.Ref {
	return ast.Ref{ast.InputRootDocument, ast.InternedTerm("args")}
}
