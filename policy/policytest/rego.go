package policytest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/policy/internal/harness"
)

// evaluation is the capabilities and Rego tests of a suite, compiled together.
type evaluation struct {
	suite   *suite
	harness *harness.Harness
	results []*tester.Result
	store   storage.Store
	txn     storage.Transaction // read only, never closed: nothing writes
	cover   *cover.Cover        // nil without coverage
}

func (s *suite) newEvaluation(ctx context.Context) (*evaluation, error) {
	h, err := s.policies[s.platform].Harness(s.rego)
	if err != nil {
		return nil, err
	}
	e := &evaluation{suite: s, harness: h, store: inmem.New()}
	if e.txn, err = e.store.NewTransaction(ctx); err != nil {
		return nil, fmt.Errorf("policytest: opening OPA's empty store: %w", err)
	}
	if s.options.Coverage {
		e.cover = cover.New()
	}
	if len(s.rego) == 0 { // the tester would do no more, but slower
		if h.Compiler.Compile(h.Modules); h.Compiler.Failed() {
			return nil, h.Place(h.Compiler.Errors)
		}
		return e, nil
	}
	runner := tester.NewRunner().SetCompiler(h.Compiler).SetStore(e.store).SetModules(h.Modules).
		SetDefaultRegoVersion(ast.RegoV1).AddCustomBuiltins(forTester(h.Builtins)).CapturePrintOutput(true)
	results, err := runner.RunTests(ctx, e.txn)
	if err != nil {
		return nil, h.Place(err)
	}
	for r := range results {
		e.results = append(e.results, r)
	}
	return e, nil
}

// forTester hands functions over in the form that OPA's tester takes.
func forTester(own map[string]*topdown.Builtin) []*tester.Builtin {
	var all []*tester.Builtin
	for _, name := range slices.Sorted(maps.Keys(own)) {
		b := own[name]
		f := rego.FunctionDyn(&rego.Function{Name: name, Decl: b.Decl.Decl}, func(c rego.BuiltinContext, operands []*ast.Term) (out *ast.Term, err error) {
			err = b.Func(c, operands, func(t *ast.Term) error {
				out = t
				return nil
			})
			return out, err
		})
		all = append(all, &tester.Builtin{Decl: b.Decl, Func: f})
	}
	return all
}

func (e *evaluation) runRego(ctx context.Context) ([]Result, error) {
	var all []Result
	for _, t := range e.results {
		name := strings.TrimPrefix(t.Package, "data.") + "." + t.Name
		if t.Location == nil || !e.suite.wants(name) {
			continue
		}
		r := Result{
			Name: name, Kind: Rego, File: t.Location.File, Line: t.Location.Row, Skipped: t.Skip,
			Output: string(t.Output), Duration: t.Duration,
		}
		if !t.Skip {
			err := cmp.Or(t.Error, e.again(ctx, t))
			r.Pass, r.Got = t.Pass() && err == nil, failures(t)
			if err != nil {
				r.Got = "error: " + strings.TrimPrefix(err.Error(), "policy: ")
			}
		}
		all = append(all, r)
	}
	slices.SortFunc(all, byPlace)
	return all, nil
}

// again evaluates a test as decisions are: with no rule left out by an index, and each error of a
// function an end. An error that OPA's tester overlooks would deny a call.
func (e *evaluation) again(ctx context.Context, t *tester.Result) error {
	ref, err := ast.ParseRef(t.Package)
	if err != nil {
		return nil // no name that could be asked for: the tester's word counts
	}
	for part := range strings.SplitSeq(t.Name, ".") {
		ref = append(ref, ast.StringTerm(part))
	}
	return e.query(ctx, ref, nil)
}

// query evaluates a rule for its errors and, if that is asked for, its coverage.
func (e *evaluation) query(ctx context.Context, ref ast.Ref, input *ast.Term) error {
	cancel := topdown.NewCancel()
	defer context.AfterFunc(ctx, cancel.Cancel)()
	body := ast.NewBody(ast.Equality.Expr(ast.VarTerm("result"), ast.NewTerm(ref)))
	q := topdown.NewQuery(body).WithCompiler(e.harness.Compiler).WithStore(e.store).WithTransaction(e.txn).
		WithBuiltins(e.harness.Builtins).WithCancel(cancel).WithInput(input).
		WithIndexing(false).WithEarlyExit(false).WithStrictBuiltinErrors(true)
	if e.cover != nil {
		q = q.WithQueryTracer(e.cover)
	}
	return q.Iter(ctx, func(topdown.QueryResult) error { return nil })
}

// failures names the cases of a test that did not hold.
func failures(t *tester.Result) string {
	if !t.Fail {
		return ""
	}
	var failed []string
	for name, r := range t.SubResults.Iter {
		if r.Fail {
			failed = append(failed, fmt.Sprintf("%q", name[len(name)-1]))
		}
	}
	if len(failed) == 0 {
		return "it does not hold"
	}
	slices.Sort(failed)
	return "case " + strings.Join(failed, ", ") + " does not hold"
}

// trace evaluates every rule of the capabilities that hold for a fixture's call, for coverage alone.
func (e *evaluation) trace(ctx context.Context, p *policy.Policy, f *fixture) {
	input := inputTerm(f.input)
	for _, c := range p.Holding(f.input) {
		for _, kind := range []string{"allow", "deny", "ask", "limit"} {
			ref := ast.Ref{ast.DefaultRootDocument, ast.StringTerm("capability"), ast.StringTerm(c.ID), ast.StringTerm(kind)}
			// An error ends the evaluation of one kind, as it ends the decision: what was reached counts.
			_ = e.query(ctx, ref, input)
		}
	}
}
