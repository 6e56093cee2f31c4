package policy

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// environment is what all files of a policy, and all its later versions, are compiled with.
type environment struct {
	config   Config // its platform filled in
	platform string
	lexicon  *lexicon
	own      map[string]*topdown.Builtin
	strict   *ast.Capabilities
	loose    *ast.Capabilities
	types    *ast.SchemaSet      // of the input
	store    storage.Store       // empty; OPA wants one
	txn      storage.Transaction // read only, never closed: nothing writes
}

func newEnvironment(c Config) (*environment, error) {
	x, err := newLexicon(c.Platform, c.Variables)
	if err != nil {
		return nil, err
	}
	env := &environment{config: c, platform: c.Platform, lexicon: x, own: ownBuiltins(x), store: inmem.New()}
	env.strict, env.loose = capabilities(env.own, false), capabilities(env.own, true)
	if env.types, err = inputTypes(); err != nil {
		return nil, err
	}
	if env.txn, err = env.store.NewTransaction(context.Background()); err != nil {
		return nil, fmt.Errorf("policy: opening OPA's empty store: %w", err)
	}
	return env, nil
}

// unit is one capability and what is made of its file alone. No capability reads another, so
// each is compiled by itself, and again only when its text has changed.
type unit struct {
	*Capability
	key      string // across versions of a policy
	declared bool   // by a declarative file
	sum      [sha256.Size]byte
	rules    []*rule
	operands map[string][]string // arguments that scope calls read, by their key in the input
	parsed   *ast.Module
	names    func() *constants // of the module that rules come from
	looseRun func() (*ast.Compiler, error)
}

// newUnit compiles a parsed file, for the sake of its errors by Rego's own types.
func (env *environment) newUnit(c *Capability, parsed *ast.Module) (*unit, error) {
	u := &unit{Capability: c, parsed: parsed, operands: make(map[string][]string)}
	compiler, err := env.compile(u, env.strict, u.operands)
	if err != nil {
		return nil, err
	}
	m := compiler.Modules[c.File]
	u.names = sync.OnceValue(func() *constants { return newConstants(m) })
	u.collect(m)
	if err := u.followReads(); err != nil {
		return nil, err
	}
	u.looseRun = sync.OnceValues(func() (*ast.Compiler, error) {
		return env.compile(u, env.loose, make(map[string][]string))
	})
	return u, nil
}

// compiled is the unit as it is evaluated, with loose operand types (see capabilities). It is made
// when the first call needs it: most capabilities of a large policy hold for no window that is open.
func (u *unit) compiled() (*ast.Compiler, error) { return u.looseRun() }

func (env *environment) compile(u *unit, types *ast.Capabilities, operands map[string][]string) (*ast.Compiler, error) {
	w := &rewriter{lexicon: env.lexicon, operands: operands}
	rewrite := ast.CompilerStageDefinition{Name: "Sallyport", MetricName: "sallyport", Stage: func(c *ast.Compiler) *ast.Error {
		m := c.Modules[u.File]
		if err := checkReads(m, u.ID); err != nil {
			return err
		}
		if err := checkUnread(m); err != nil {
			return err
		}
		return w.module(m)
	}}
	c := ast.NewCompiler().WithStrict(true).WithCapabilities(types).WithDefaultRegoVersion(ast.RegoV1).
		WithStageAfterID(ast.StageResolveRefs, rewrite)
	if types == env.strict {
		c = c.WithSchemas(env.types)
	}
	if c.Compile(map[string]*ast.Module{u.File: u.parsed}); c.Failed() {
		return nil, loadError("", c.Errors)
	}
	return c, nil
}

// collect cuts the compiled module into rules.
func (u *unit) collect(m *ast.Module) {
	whole := slices.ContainsFunc(m.Rules, conflicting)
	if whole {
		u.rules = append(u.rules, wholeRule(u, m))
	}
	for _, r := range m.Rules {
		if kind := kindOf(ruleName(r)); kind != "" && (kind != kindAllow || !whole && !r.Default) {
			u.rules = append(u.rules, newRule(u, kind, r))
		}
	}
}
