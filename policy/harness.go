package policy

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/sallyport/sallyport/policy/internal/harness"
)

// Harness puts the policy's capabilities and test files, by name and text, into one compiler, for
// package policytest. There every rule reads its input where it stands, so that a test can say what
// it is by "with"; all else is as in decisions. Test files may read every capability,
// data.sallyport.scope, and the directories of Config.Variables as data.sallyport.variables.HOME.
func (p *Policy) Harness(tests map[string]string) (*harness.Harness, error) {
	types := testCapabilities(p.loose)
	h := &harness.Harness{Modules: make(map[string]*ast.Module), Capabilities: make(map[string]string), Builtins: p.own,
		Place: func(err error) error { return loadError("", err) }}
	for _, u := range p.units {
		h.Modules[u.File], h.Capabilities[u.ID] = u.parsed, u.File
	}
	variables, err := variablesModule(p.config.Variables)
	if err != nil {
		return nil, err
	}
	h.Modules[variables.Package.Location.File] = variables
	for _, file := range slices.Sorted(maps.Keys(tests)) {
		m, err := ast.ParseModuleWithOpts(file, tests[file], ast.ParserOptions{Capabilities: types, RegoVersion: ast.RegoV1})
		if err != nil {
			return nil, loadError(file, err)
		}
		if err := checkTestPackage(m, h.Capabilities); err != nil {
			return nil, at(file, m.Package.Location.Row, err)
		}
		h.Modules[file] = m
	}
	w := &rewriter{lexicon: p.lexicon} // nil operands: see rewriter.total
	stage := ast.CompilerStageDefinition{Name: "Sallyport", MetricName: "sallyport", Stage: func(c *ast.Compiler) *ast.Error {
		for _, file := range h.Capabilities {
			if err := w.module(c.Modules[file]); err != nil {
				return err
			}
		}
		for file := range tests {
			calls(c.Modules[file], w.call)
		}
		return w.fault
	}}
	h.Compiler = ast.NewCompiler().WithCapabilities(types).WithDefaultRegoVersion(ast.RegoV1).
		WithEnablePrintStatements(true).WithStageAfterID(ast.StageResolveRefs, stage)
	return h, nil
}

// testCapabilities adds what tests need. They reach no more of the host than capabilities do.
func testCapabilities(loose *ast.Capabilities) *ast.Capabilities {
	c := *loose
	c.Builtins = slices.Clone(loose.Builtins)
	c.Builtins = append(c.Builtins, ast.Print, ast.InternalPrint, ast.InternalTestCase, ast.JSONPatch, ast.NumbersRange)
	return &c
}

func checkTestPackage(m *ast.Module, capabilities map[string]string) error {
	path := m.Package.Path
	if path.HasPrefix(scopeRef()[:2]) {
		return errors.New("tests can't define anything below data.sallyport")
	}
	if len(path) >= 3 && path[1].Equal(ast.InternedTerm("capability")) {
		name, _ := path[2].Value.(ast.String)
		if file, ok := capabilities[string(name)]; ok {
			return fmt.Errorf("the package is that of the capability in %s, to which tests must not add: write package capability.%s_test", file, string(name))
		}
	}
	return nil
}

// variablesModule holds the directories that scopes begin with.
func variablesModule(variables map[string]string) (*ast.Module, error) {
	var b strings.Builder
	b.WriteString("package sallyport.variables\n")
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		fmt.Fprintf(&b, "%s := %v\n", strings.TrimPrefix(name, "$"), ast.String(variables[name]))
	}
	return ast.ParseModuleWithOpts("sallyport.variables", b.String(), ast.ParserOptions{RegoVersion: ast.RegoV1})
}
