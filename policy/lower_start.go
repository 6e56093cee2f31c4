package policy

import (
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
)

// commonStart counts the expressions that all bodies begin with, but for the names of variables, and
// that hold in one way at most: those of loops stand in another order to what follows them.
func commonStart(rules []*ast.Rule) int {
	n := 0
	if len(rules) < 2 {
		return 0
	}
	for ; n < len(rules[0].Body); n++ {
		for _, r := range rules {
			if n >= len(r.Body) || !single(r.Body[n]) || spelt(r.Body[:n+1]) != spelt(rules[0].Body[:n+1]) {
				return n
			}
		}
	}
	return n
}

// single says that an expression is a call of a function, or gives a name to an argument.
func single(e *ast.Expr) bool {
	if e.Negated || len(e.With) > 0 || !e.IsCall() {
		return false
	}
	if !e.IsEquality() {
		return !e.Operator()[0].Equal(ast.DefaultRootDocument)
	}
	ref, ok := e.Operand(1).Value.(ast.Ref)
	_, name := e.Operand(0).Value.(ast.Var)
	return ok && name && ref[0].Equal(ast.InputRootDocument) && ref.IsGround()
}

// variables lists the variables of a body in the order in which they appear.
func variables(b ast.Body) (all []ast.Var) {
	seen := make(map[ast.Var]bool)
	ast.WalkVars(b, func(v ast.Var) bool {
		if !seen[v] {
			seen[v] = true
			all = append(all, v)
		}
		return false
	})
	return all
}

// spelt is the text of a body in which variables are numbered.
func spelt(b ast.Body) string {
	numbers := make(map[ast.Value]ast.Var)
	for i, v := range variables(b) {
		if !v.IsGenerated() {
			continue
		}
		numbers[v] = ast.Var(fmt.Sprintf("?%d", i))
	}
	t, err := ast.TransformVars(b.Copy(), func(v ast.Var) (ast.Value, error) {
		if number, ok := numbers[v]; ok {
			return number, nil
		}
		return v, nil
	})
	if err != nil {
		return ""
	}
	return fmt.Sprint(t)
}
