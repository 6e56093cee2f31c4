package policy

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// inputFields are what a rule may read of its input.
func inputFields() []string {
	return []string{"args", "channel", "command", "event", "local", "origin", "platform", "session", "target", "time", "user", "window"}
}

// checkPackage returns the capability's name: package capability.<name>, nothing deeper.
func checkPackage(m *ast.Module) (string, error) {
	path := m.Package.Path
	if len(path) == 3 && path[1].Equal(ast.InternedTerm("capability")) {
		name, _ := path[2].Value.(ast.String)
		if regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`).MatchString(string(name)) {
			return string(name), nil
		}
	}
	return "", errors.New("the package must be capability.<name>, the name in lower-case letters, digits and underscores: " +
		"a file defines one capability and nothing outside it")
}

// checkImports allows the scope library and Rego's own imports.
func checkImports(file string, m *ast.Module) error {
	for _, i := range m.Imports {
		ref, ok := i.Path.Value.(ast.Ref)
		if !ok {
			continue // OPA's parser has refused it
		}
		head, _ := ref[0].Value.(ast.Var)
		switch {
		case ref.HasPrefix(scopeRef()), head == "rego", head == "future", head == "input" && len(ref) > 1:
		default:
			return at(file, i.Location.Row, fmt.Errorf("import of %v: a capability imports data.sallyport.scope and fields "+
				"of the input, never another package", ref))
		}
	}
	return nil
}

// checkRules holds the heads of allow, deny and ask to their one shape. In any other
// shape a rule would compile and decide nothing.
func checkRules(file string, m *ast.Module) error {
	for _, r := range m.Rules {
		if err := checkRule(r); err != nil {
			return at(file, r.Location.Row, err)
		}
	}
	return nil
}

func checkRule(r *ast.Rule) error {
	name := ruleName(r)
	plain := len(r.Head.Ref()) == 1 && len(r.Head.Args) == 0
	set := r.Head.RuleKind() == ast.MultiValue
	if len(r.Head.Args) > 0 && len(r.Head.Ref()) > 1 {
		// OPA's partial evaluation loses such a function: a deny that calls it would never hold.
		return fmt.Errorf("the function %v has a name in several parts: give it a name without dots", r.Head.Ref())
	}
	switch name {
	case kindAllow:
		if !plain || set {
			return errors.New("allow must be written allow if { ... }")
		}
		if r.Default && !r.Head.Value.Equal(ast.InternedTerm(false)) {
			return errors.New("default allow must be false: what nothing allows is denied")
		}
	case kindDeny, kindAsk:
		if !plain || !set {
			return fmt.Errorf("%s must be written %s contains %q if { ... }", name, name, map[string]string{"deny": "reason", "ask": "question"}[name])
		}
		if text, ok := r.Head.Key.Value.(ast.String); ok && strings.TrimSpace(string(text)) != "" || !ast.IsScalar(r.Head.Key.Value) {
			return nil
		}
		return fmt.Errorf("%s contains %v: expected text that is not empty", name, r.Head.Key)
	case kindLimit:
		return checkLimit(r, plain, set)
	}
	if strings.HasPrefix(name, ownPrefix+"_") {
		return fmt.Errorf("%s: names that begin with %s_ are not for capability files", name, ownPrefix)
	}
	return nil
}

func ruleName(r *ast.Rule) string {
	name, _ := r.Head.Ref()[0].Value.(ast.Var)
	return string(name)
}

// checkReads runs when OPA has resolved imports and local names, so that every
// reference is written out in full.
func checkReads(m *ast.Module, capability string) *ast.Error {
	var fault *ast.Error
	refuse := func(at *ast.Location, format string, a ...any) bool {
		if fault == nil {
			fault = ast.NewError(ast.CompileErr, at, format, a...)
		}
		return true
	}
	own := ast.Ref{ast.DefaultRootDocument, ast.InternedTerm("capability"), ast.InternedTerm(capability)}
	var call func(location *ast.Location, terms []*ast.Term) bool
	visit := func(node any) bool {
		switch n := node.(type) {
		case *ast.Package, *ast.Import:
			return true
		case *ast.Expr:
			if len(n.With) > 0 {
				return refuse(n.Location, "with is for tests: a capability judges the call that was made")
			}
			if terms, ok := n.Terms.([]*ast.Term); ok && n.IsCall() {
				return call(n.Location, terms)
			}
		case *ast.Term:
			switch v := n.Value.(type) {
			case *ast.Array, ast.Object:
				if err := checkLookups(n); err != nil {
					return refuse(n.Location, "%v: %v", n, err)
				}
			case ast.Call:
				return call(n.Location, v)
			case ast.Ref:
				return checkRef(v, own, func(format string, a ...any) { refuse(n.Location, format, a...) })
			}
		}
		return false
	}
	call = func(location *ast.Location, terms []*ast.Term) bool {
		operator, _ := terms[0].Value.(ast.Ref)
		if len(operator) == 0 {
			return refuse(location, "call of %v, which is no function's name", terms[0])
		}
		switch {
		case operator.HasPrefix(scopeRef()) && len(operator) == len(scopeRef())+1:
			// Rewritten by the next step, or unknown to the compiler.
		case operator.Equal(ast.Print.Ref()):
			// The compiler would drop the call, which is no error and always true.
			return refuse(location, "print is not available to capability files")
		case operator[0].Equal(ast.VarTerm(ownPrefix)):
			return refuse(location, "undefined function %v", operator)
		case operator.Equal(ast.GlobMatch.Ref()) && !fromSession(terms):
			return refuse(location, "glob.match takes .. for an ordinary name: on arguments use scope.glob, or regex.match for text "+
				"that is no path; directly on input.command, event, window, origin and platform it may stay")
		case checkRef(operator, own, func(format string, a ...any) { refuse(location, format, a...) }):
			return true
		}
		for _, t := range terms[1:] {
			ast.NewGenericVisitor(visit).Walk(t)
		}
		return true
	}
	ast.NewGenericVisitor(visit).Walk(m)
	return fault
}

// checkLookups refuses collections in which OPA's partial evaluation looks for a constant among keys or members
// that it does not know yet, and takes it for absent: a deny would be gone, a "not" always true.
func checkLookups(t *ast.Term) error {
	var parts []*ast.Term
	switch v := t.Value.(type) {
	case *ast.Array:
		v.Foreach(func(part *ast.Term) { parts = append(parts, part) })
	case ast.Object:
		for _, key := range v.Keys() {
			if !values(key) {
				return errors.New("an object that is written out must have constant keys: write {key: value | key := ...} for others")
			}
			parts = append(parts, v.Get(key))
		}
	}
	for _, part := range parts {
		if _, ok := part.Value.(ast.Set); ok && !values(part) {
			return errors.New("a set within a list or an object must be constant: give it a name first, as in s := {...}")
		}
	}
	return nil
}

// checkRef reports whether it refused a reference. Its operands are visited by the caller.
func checkRef(ref, own ast.Ref, refuse func(format string, a ...any)) bool {
	switch {
	case ref[0].Equal(ast.InputRootDocument):
		field := ast.String("")
		if len(ref) > 1 {
			field, _ = ref[1].Value.(ast.String)
		}
		if !slices.Contains(inputFields(), string(field)) {
			refuse("%v: expected a field of the input by its name, one of %s", ref, strings.Join(inputFields(), ", "))
			return true
		}
	case ref.HasPrefix(scopeRef()):
		refuse("%v: the scope library has the functions %s", ref, scopeSignatures())
		return true
	case ref[0].Equal(ast.DefaultRootDocument) && !ref.HasPrefix(own):
		refuse("%v: a capability reads its own package and data.sallyport.scope, nothing else", ref)
		return true
	}
	return false
}

// fromSession says whether glob.match looks at what the session says, not the page.
func fromSession(terms []*ast.Term) bool {
	if len(terms) < 4 {
		return false
	}
	ref, ok := terms[3].Value.(ast.Ref)
	if !ok || len(ref) != 2 || !ref[0].Equal(ast.InputRootDocument) {
		return false
	}
	field, _ := ref[1].Value.(ast.String)
	return slices.Contains([]string{"command", "event", "origin", "platform", "window"}, string(field))
}

// checkUnread refuses a set of messages that nothing reads: a misspelt deny is one.
func checkUnread(m *ast.Module) *ast.Error {
	read := make(map[string]bool)
	ast.WalkRefs(m, func(ref ast.Ref) bool {
		if ref.HasPrefix(m.Package.Path) && len(ref) > len(m.Package.Path) {
			name, _ := ref[len(m.Package.Path)].Value.(ast.String)
			read[string(name)] = true
		}
		return false
	})
	for _, r := range m.Rules {
		name := ruleName(r)
		if r.Head.RuleKind() == ast.MultiValue && name != kindDeny && name != kindAsk && name != kindLimit && !read[name] {
			return ast.NewError(ast.CompileErr, r.Location, "%s: no rule reads this set. Only allow, deny, ask and limit decide; is the name misspelt?", name)
		}
	}
	return nil
}
