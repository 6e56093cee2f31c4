package policy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/build"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/test/cases"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/sallyport/sallyport/schema"
)

// OPA's own cases, run as residuals: the case's input and data stand in for a call's arguments, and its
// query is the body of a rule whose message is the result as JSON. Each is
// evaluated whole by topdown, and as a residual by topdown and by closures; all must agree, and with
// what the case expects.

// compliance is one case made to a rule.
type compliance struct {
	*cases.TestCase
	compiler *ast.Compiler
	body     ast.Body
	args     schema.Value
	unit     *unit
}

// unfit says why a case can't be run here.
type unfit string

func (u unfit) Error() string { return string(u) }

func newCompliance(env *environment, c *cases.TestCase) (*compliance, error) {
	switch {
	case c.WantErrorCode == nil && c.WantError == nil && c.WantResult == nil:
		return nil, unfit("expects nothing that can be compared")
	case len(c.Env) > 0 || c.ExperimentalKeywords:
		return nil, unfit("an environment or keywords in trial")
	}
	r := &compliance{TestCase: c}
	modules := make(map[string]*ast.Module)
	for i, text := range c.Modules {
		name := fmt.Sprintf("case%d.rego", i)
		m, err := ast.ParseModuleWithOpts(name, text, ast.ParserOptions{Capabilities: env.loose, RegoVersion: ast.RegoV1})
		if err != nil {
			return nil, unfit("syntax or features that capability files don't have")
		}
		modules[name] = m
	}
	body, err := ast.ParseBodyWithOpts(c.Query, ast.ParserOptions{Capabilities: env.loose, RegoVersion: ast.RegoV1})
	if err != nil {
		return nil, unfit("a query that is no body of a rule")
	}
	if err := r.unknown(modules, body); err != nil {
		return nil, err
	}
	with := false
	for _, m := range modules {
		with = with || usesWith(m)
	}
	if with || usesWith(body) {
		return nil, unfit("with, which capability files may not use")
	}
	r.compiler = ast.NewCompiler().WithCapabilities(env.loose).WithDefaultRegoVersion(ast.RegoV1)
	if r.compiler.Compile(modules); r.compiler.Failed() {
		return nil, unfit("functions that capability files don't have, or types of their own")
	}
	q := r.compiler.QueryCompiler()
	if r.body, err = q.Compile(body); err != nil {
		return nil, unfit("a query that does not compile")
	}
	r.body.Append(r.result(q.RewrittenVars()))
	r.args, err = r.arguments()
	r.unit = &unit{Capability: &Capability{ID: "case", File: "case0.rego"}, looseRun: func() (*ast.Compiler, error) { return r.compiler, nil }}
	return r, err
}

// result binds the message to the variables of the query, as JSON.
func (r *compliance) result(rewritten map[ast.Var]ast.Var) *ast.Expr {
	names := make(map[ast.Var]ast.Var)
	visitor := ast.NewVarVisitor().WithParams(ast.VarVisitorParams{SkipRefHead: true, SkipRefCallHead: true, SkipClosures: true})
	visitor.WalkBody(r.body)
	for v := range visitor.Vars() {
		name := v
		if n, ok := rewritten[v]; ok {
			name = n
		}
		if !name.IsGenerated() && !name.IsWildcard() {
			names[name] = v
		}
	}
	var pairs [][2]*ast.Term
	for _, name := range slices.Sorted(maps.Keys(names)) {
		pairs = append(pairs, ast.Item(ast.StringTerm(string(name)), ast.NewTerm(names[name])))
	}
	return ast.JSONMarshal.Expr(ast.NewTerm(ast.NewObject(pairs...)), ast.VarTerm(reason))
}

// unknown turns what refers to the case's input and data into references to a call's arguments.
func (r *compliance) unknown(modules map[string]*ast.Module, body ast.Body) error {
	roots := make(map[string]bool)
	for _, m := range modules {
		if len(m.Package.Path) > 1 {
			root, _ := m.Package.Path[1].Value.(ast.String)
			roots[string(root)] = true
		}
		for _, i := range m.Imports {
			if ref, ok := i.Path.Value.(ast.Ref); ok && !ref[0].Equal(ast.VarTerm("rego")) && !ref[0].Equal(ast.VarTerm("future")) {
				return unfit("an import")
			}
		}
	}
	if r.Data != nil {
		for name := range *r.Data {
			if roots[name] {
				return unfit("rules and data under one name")
			}
		}
	}
	var fault error
	turn := func(t *ast.Term) bool {
		ref, ok := t.Value.(ast.Ref)
		switch {
		case ok && ref[0].Equal(ast.InputRootDocument):
			t.Value = slices.Concat(argsRef(), ast.Ref{ast.StringTerm("input")}, ref[1:])
		case ok && ref[0].Equal(ast.DefaultRootDocument):
			name := ast.String("")
			if len(ref) > 1 {
				name, _ = ref[1].Value.(ast.String)
			}
			switch {
			case name == "":
				fault = unfit("a reference to all data")
			case !roots[string(name)]:
				t.Value = slices.Concat(argsRef(), ast.Ref{ast.StringTerm("data")}, ref[1:])
			}
		}
		return false
	}
	for _, m := range modules {
		for _, rule := range m.Rules {
			ast.WalkTerms(rule, turn)
		}
	}
	ast.WalkTerms(body, turn)
	return fault
}

func usesWith(node any) (found bool) {
	ast.WalkExprs(node, func(e *ast.Expr) bool {
		found = found || len(e.With) > 0
		return false
	})
	return found
}

// arguments are those that stand in for the case's input and data.
func (r *compliance) arguments() (schema.Value, error) {
	members := make(map[string]any)
	if r.Input != nil {
		members["input"] = *r.Input
	}
	if r.InputTerm != nil {
		t, err := ast.ParseTerm(*r.InputTerm)
		if err != nil || strings.Contains(*r.InputTerm, "set(") || !values(t) {
			return nil, unfit("an input that is no JSON")
		}
		if members["input"], err = ast.JSON(t.Value); err != nil {
			return nil, unfit("an input that is no JSON")
		}
	}
	if r.Data != nil {
		members["data"] = *r.Data
	}
	text, err := json.Marshal(members)
	if err != nil {
		return nil, err
	}
	return schema.Parse(text, schema.DefaultLimits())
}

// outcome is what an evaluation said: messages, sorted, or an error.
func (r *compliance) outcome(messages []string, err error) string {
	if err != nil {
		return "error: " + withoutValues(err)
	}
	slices.Sort(messages)
	return strings.Join(slices.Compact(messages), "\n")
}

// whole evaluates the rule by topdown, without partial evaluation.
func (r *compliance) whole(p *Policy) string {
	input, err := (&projection{args: &shape{all: true}}).input(known(&key{}), &Input{Args: r.args})
	if err != nil {
		return "error: " + err.Error()
	}
	q, done := p.query(context.Background(), r.body, r.compiler, ast.NewTerm(input))
	defer done()
	var messages []string
	err = q.Iter(context.Background(), func(result topdown.QueryResult) error {
		text, _ := result[ast.Var(reason)].Value.(ast.String)
		messages = append(messages, clean(string(text)))
		return nil
	})
	if err != nil {
		err = evaluationError(err)
	}
	return r.outcome(messages, err)
}

// residual evaluates what partial evaluation leaves of the rule.
func (r *compliance) residual(p *Policy, interpreted bool) (outcome string, e *entry) {
	defer func() {
		if fault := recover(); fault != nil {
			outcome = fmt.Sprintf("panic: %v", fault)
		}
	}()
	e = &entry{known: known(&key{})}
	rule := &rule{Rule: Rule{File: "case0.rego", Line: 1, Kind: kindDeny}, unit: r.unit, body: r.body.Copy()}
	if err := p.specialize(context.Background(), e, rule); err != nil {
		return r.outcome(nil, evaluationError(err)), e
	}
	q := &Policy{environment: p.environment, operands: map[string][]string{}, interpreted: interpreted}
	held := slices.Clone(e.held)
	e.held = nil // finish would leave nothing else to evaluate
	if err := q.finish(e); err != nil {
		return r.outcome(nil, err), e
	}
	var d Decision
	if e.plan != nil {
		var err error
		if d, err = q.evaluate(context.Background(), e, &Input{Args: r.args}); err != nil {
			return r.outcome(nil, err), e
		}
	}
	var messages []string
	for _, rule := range append(held, d.Rules...) {
		messages = append(messages, rule.Reason)
	}
	return r.outcome(messages, nil), e
}

// expected is the case's own outcome in our words, false where strict built-in errors, which are the
// rule here, make another one of it.
func (r *compliance) expected(whole string) (string, bool) {
	if r.WantErrorCode != nil || r.WantError != nil {
		if strings.HasPrefix(whole, "error: ") && (r.WantErrorCode == nil || strings.Contains(whole, *r.WantErrorCode)) {
			return whole, true
		}
		return "an error", !r.StrictError
	}
	if strings.HasPrefix(whole, "error: ") {
		return "", false
	}
	var messages []string
	for _, row := range *r.WantResult {
		text, err := json.Marshal(row)
		if err != nil {
			return "", false
		}
		messages = append(messages, clean(string(text)))
	}
	return r.outcome(messages, nil), true
}

func TestOPAsOwnCases(t *testing.T) {
	at, err := build.Import("github.com/open-policy-agent/opa/v1/test/cases", ".", build.FindOnly)
	if err != nil {
		t.Fatal(err)
	}
	all, err := cases.Load(filepath.Join(at.Dir, "testdata", "v1"))
	if err != nil {
		t.Fatal(err)
	}
	p := load(t)
	run, byClosuresAlone, residuals := 0, 0, 0
	left, skipped := map[string]int{}, map[string]int{}
	for i := range all.Cases {
		c := &all.Cases[i]
		r, err := newCompliance(p.environment, c)
		if why, ok := errors.AsType[unfit](err); ok {
			skipped[why.Error()]++
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", c.Note, err)
		}
		whole := r.whole(p)
		want, ok := r.expected(whole)
		if !ok {
			skipped["strict built-in errors, which the case is without"]++
			continue
		}
		if whole != want && !sameJSON(whole, want) {
			skipped["the case compares otherwise"]++
			continue
		}
		byTopdown, _ := r.residual(p, true)
		byClosures, e := r.residual(p, false)
		if byTopdown != whole && byClosures == byTopdown && strings.Contains(whole, "eval_conflict_error") {
			skipped["a conflict of known values, which partial evaluation doesn't look for"]++
			continue
		}
		run++
		if byTopdown != whole || byClosures != whole {
			t.Errorf("%s (%s)\nwhole:      %s\nby topdown: %s\nby closures:   %s", c.Note, c.Filename, whole, byTopdown, byClosures)
		}
		if e.plan == nil {
			continue
		}
		residuals++
		if e.plan.compiler == nil {
			byClosuresAlone++
		}
		for _, c := range e.conditions {
			if c.why != "" {
				left[c.why]++
			}
		}
	}
	t.Logf("%d of %d cases run; %d left something to evaluate, %d of them all of it by closures", run, len(all.Cases), residuals, byClosuresAlone)
	for why, n := range skipped {
		t.Logf("skipped %4d: %s", n, why)
	}
	for why, n := range left {
		t.Logf("left to topdown %4d: %s", n, why)
	}
	if run < 1400 || residuals < 350 || byClosuresAlone < residuals*8/10 {
		t.Error("that are fewer than there were")
	}
}

// sameJSON compares lines of JSON, whose objects may be written in another order.
func sameJSON(a, b string) bool {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		var v, w any
		if json.Unmarshal([]byte(x[i]), &v) != nil || json.Unmarshal([]byte(y[i]), &w) != nil {
			return false
		}
		s, _ := json.Marshal(v)
		u, _ := json.Marshal(w)
		if !bytes.Equal(s, u) {
			return false
		}
	}
	return true
}
