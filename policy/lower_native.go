package policy

import (
	"regexp"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// native makes the closure of a call by the code here, if there is such, with OPA's own to give way to.
func (s *scope) native(name string, terms []*ast.Term, known []getter, a *answer, opa closure) closure {
	if name == ast.Member.Name {
		if holds := withinTexts(known[0], known[1]); holds != nil {
			return s.asked(name, known, a, opa, holds)
		}
	}
	if p, ok := predicates()[name]; ok {
		x, y := known[0], known[1]
		return s.asked(name, known, a, opa, func(f *frame) (holds, known bool) { return p(f, x.value(f), y.value(f)) })
	}
	if f1, ok := functions()[name]; ok {
		x := known[0]
		return func(f *frame) error {
			v, known := f1(x.value(f))
			if !known {
				return opa(f)
			}
			return a.give(f, v)
		}
	}
	if f2, ok := operations()[name]; ok {
		x, y := known[0], known[1]
		return func(f *frame) error {
			v, known := f2(x.value(f), y.value(f))
			if !known {
				return opa(f)
			}
			return a.give(f, v)
		}
	}
	switch name {
	case ast.RegexMatch.Name:
		return s.regex(terms[0], known, a, opa)
	case ast.ObjectGet.Name:
		return objectGet(known, a, opa)
	}
	return s.scoped(name, terms, known, a, opa)
}

// regex matches with a pattern that is compiled once.
func (s *scope) regex(pattern *ast.Term, known []getter, a *answer, opa closure) closure {
	text, _ := pattern.Value.(ast.String)
	re, err := regexp.Compile(string(text))
	if err != nil || !isText(pattern) {
		return opa
	}
	operand := known[1]
	return s.asked(ast.RegexMatch.Name, known, a, opa, func(f *frame) (holds, known bool) {
		t, ok := operand.value(f).text()
		return ok && re.MatchString(t), ok
	})
}

// infallible says that a function has no error for operands of any type.
func infallible(name string) bool {
	switch name {
	case ast.Equal.Name, ast.NotEqual.Name, ast.Member.Name, ast.MemberWithKey.Name,
		ast.IsNull.Name, ast.IsBoolean.Name, ast.IsNumber.Name, ast.IsString.Name, ast.IsArray.Name, ast.IsObject.Name, ast.IsSet.Name:
		return true
	}
	own, ok := strings.CutPrefix(name, ownPrefix+".")
	return ok && (strings.HasPrefix(own, string(certainly)) || strings.HasPrefix(own, string(possibly)))
}

// objectGet looks up one member by its name.
func objectGet(known []getter, a *answer, opa closure) closure {
	return func(f *frame) error {
		v := known[0].value(f)
		name, ok := known[1].value(f).text()
		if !ok || v.arg == nil || v.kind() != objectKind {
			return opa(f)
		}
		if err := f.tick(v.arg.Len() / 16); err != nil {
			return err
		}
		if m, ok := v.arg.Field(name); ok {
			return a.give(f, value{arg: m})
		}
		return a.give(f, known[2].value(f))
	}
}
