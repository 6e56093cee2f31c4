package policy

import (
	"context"
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// plan is how the conditions of an entry are evaluated: most of them by closures, the rest by
// topdown, in the order of the conditions, so that the first error is the same either way.
type plan struct {
	parts    []part
	layout   layout
	constant []outcomeOf // by number: a bit in what held
	made     outcomes
	compiler *ast.Compiler // of what topdown evaluates; nil if that is nothing
	reads    projection    // by topdown
}

// outcomeOf is a condition that holds with a constant message.
type outcomeOf struct {
	condition int
	held      Rule
}

// part is one condition as a closure, or some as a question to topdown.
type part struct {
	closure  closure
	question ast.Body
	from, to int // the conditions
}

// maxConstant is how many outcomes have a bit.
const maxConstant = 64

// newPlan compiles what partial evaluation left and makes the plan of it. With lowering false,
// topdown evaluates everything.
func (p *Policy) newPlan(e *entry, lowering bool) (*plan, error) {
	compiler, err := p.compileResidual(e)
	if err != nil {
		return nil, err
	}
	n, l := &plan{}, p.newLowering(e, compiler)
	rules := make(map[string][]*ast.Rule)
	for _, r := range compiler.Modules["residual"].Rules {
		rules[string(r.Head.Name)] = append(rules[string(r.Head.Name)], r)
	}
	for i := range e.conditions {
		if lowering {
			if s, ok := l.condition(rules[hitsOf(i)], n.settle(e, i)); ok {
				n.parts = append(n.parts, part{closure: s, from: i, to: i + 1})
				continue
			}
			e.conditions[i].why = l.why
		}
		n.ask(i)
		n.compiler = compiler
	}
	n.layout = l.layout
	if n.compiler != nil {
		n.reads = p.project(compiler)
	}
	return n, nil
}

// ask adds a condition to what topdown is asked.
func (n *plan) ask(i int) {
	ref := append(residualPackage(), ast.StringTerm(hitsOf(i)))
	question := ast.Equality.Expr(ast.NewTerm(ref), ast.NewTerm(resultOf(i)))
	if last := len(n.parts) - 1; last >= 0 && n.parts[last].closure == nil {
		n.parts[last].question.Append(question)
		n.parts[last].to = i + 1
		return
	}
	n.parts = append(n.parts, part{question: ast.NewBody(question), from: i, to: i + 1})
}

// settle is the end of a body of condition i: it notes that the condition holds, and with what message.
func (n *plan) settle(e *entry, i int) func(s *scope, r *ast.Rule) closure {
	return func(s *scope, r *ast.Rule) closure {
		o, ok := s.det(r.Head.Key)
		if !ok {
			return s.refuse("a message that is a term of an unknown kind")
		}
		if c, ok := o.(fixed); ok {
			if held, err := e.conditions[i].because(ast.NewTerm(c.own)); err == nil {
				if bit := n.bit(i, held); bit != 0 {
					s.bit = bit
					return func(f *frame) error { f.held |= bit; return nil }
				}
			}
		}
		return func(f *frame) error {
			t, err := f.term(o.value(f))
			f.hits = append(f.hits, hit{i, t})
			return err
		}
	}
}

// bit numbers a constant outcome of condition i, 0 if there is no number left.
func (n *plan) bit(i int, held Rule) uint64 {
	at := slices.Index(n.constant, outcomeOf{i, held})
	if at < 0 && len(n.constant) < maxConstant {
		at = len(n.constant)
		n.constant = append(n.constant, outcomeOf{i, held})
	}
	if at < 0 {
		return 0
	}
	return 1 << at
}

// compileResidual compiles one rule for each body of a condition, with the rules that they read.
func (p *Policy) compileResidual(e *entry) (*ast.Compiler, error) {
	residual := &ast.Module{Package: &ast.Package{Path: residualPackage()}}
	modules := map[string]*ast.Module{"residual": residual}
	for i, c := range e.conditions {
		for _, body := range c.bodies {
			residual.Rules = append(residual.Rules, c.residual(residual, i, body))
		}
		for j, m := range c.support {
			modules[fmt.Sprintf("support %d %d", i, j)] = m
		}
		// What is left may call rules that were not inlined. They are all of the same
		// package, for a capability reads no other.
		compiled, err := c.unit.compiled()
		if err != nil {
			return nil, err
		}
		for file, m := range compiled.Modules {
			modules["capability "+c.Capability+" "+file] = m
		}
	}
	compiler := ast.NewCompiler().WithCapabilities(p.loose).WithDefaultRegoVersion(ast.RegoV1)
	if compiler.Compile(modules); compiler.Failed() {
		return nil, fmt.Errorf("policy: compiling what partial evaluation left: %w", compiler.Errors)
	}
	return compiler, nil
}

func residualPackage() ast.Ref {
	return ast.Ref{ast.DefaultRootDocument, ast.StringTerm("sallyport_residual")}
}

// hitsOf is the name of the set of messages with which condition i holds.
func hitsOf(i int) string { return fmt.Sprintf("hits_%d", i) }

// resultOf is the variable that an answer binds to that set.
func resultOf(i int) ast.Var { return ast.Var(fmt.Sprintf("result_%d", i)) }

// residual writes one body of condition i as a rule.
func (c *condition) residual(m *ast.Module, i int, body ast.Body) *ast.Rule {
	message := ast.InternedTerm("")
	if c.Kind == kindDeny || c.Kind == kindAsk {
		message = ast.VarTerm(reason)
	}
	name := hitsOf(i)
	location := ast.NewLocation([]byte(name), c.File, c.Line, 1)
	return &ast.Rule{
		Head: &ast.Head{Name: ast.Var(name), Reference: ast.Ref{ast.VarTerm(name)}, Location: location, Key: message},
		Body: body, Module: m, Location: location,
	}
}

// run evaluates the conditions of a call.
func (n *plan) run(p *Policy, e *entry, f *frame) error {
	for i := range n.parts {
		part := &n.parts[i]
		var err error
		if part.closure != nil {
			err = part.closure(f)
		} else {
			err = n.query(p, e, f, part)
		}
		if err != nil {
			return err
		}
	}
	return f.fault
}

// query has topdown evaluate some conditions.
func (n *plan) query(p *Policy, e *entry, f *frame, part *part) error {
	if n.reads.time {
		f.now() // for all parts of the plan
	}
	input, err := n.reads.input(e.known, &f.in)
	if err != nil {
		return err
	}
	q, done := p.query(f.ctx, part.question, n.compiler, ast.NewTerm(input))
	defer done()
	answers := 0
	err = q.Iter(f.ctx, func(r topdown.QueryResult) error {
		answers++
		return part.hits(f, r)
	})
	if err == nil && answers != 1 {
		err = errUnexpected
	}
	return err
}

// hits notes topdown's answer.
func (part *part) hits(f *frame, r topdown.QueryResult) error {
	for i := part.from; i < part.to; i++ {
		t, ok := r[resultOf(i)]
		if !ok {
			return errUnexpected
		}
		set, ok := t.Value.(ast.Set)
		if !ok {
			return errUnexpected
		}
		set.Foreach(func(message *ast.Term) { f.hits = append(f.hits, hit{i, message}) })
	}
	return nil
}

// evaluate asks which conditions hold for this call.
func (p *Policy) evaluate(ctx context.Context, e *entry, in *Input) (Decision, error) {
	f, _ := p.frames.Get().(*frame)
	if f == nil {
		f = newFrame()
	}
	f.start(ctx, p.environment, in, e.plan.layout)
	err := e.plan.run(p, e, f)
	d := Decision{}
	if err == nil && ctx.Err() == nil {
		d, err = e.judged(f)
	}
	f.end()
	p.frames.Put(f)
	switch {
	case ctx.Err() != nil:
		return Decision{}, cancelled(ctx)
	case err != nil:
		return Decision{}, evaluationError(err)
	}
	return d, nil
}

// judged weighs what holds.
func (e *entry) judged(f *frame) (Decision, error) {
	n := e.plan
	if len(f.hits) == 0 {
		if d, ok := n.made.get(f.held); ok {
			return *d, nil
		}
	}
	rules := slices.Clone(e.held)
	for i, o := range n.constant {
		if f.held&(1<<i) != 0 {
			rules = append(rules, o.held)
		}
	}
	for _, h := range f.hits {
		held, err := e.conditions[h.condition].because(h.message)
		if err != nil {
			return Decision{}, err
		}
		rules = append(rules, held)
	}
	slices.SortFunc(rules, compareRules)
	d := weigh(slices.Compact(rules), e.scope)
	if len(f.hits) == 0 {
		n.made.put(f.held, d)
	}
	return d, nil
}
