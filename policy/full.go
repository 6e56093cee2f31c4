package policy

import (
	"context"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// full decides without anything that was prepared: every rule that can be about the command is evaluated
// as it was written, on the whole input. e says which rules the prepared decision knows; the error of one
// that it has dropped does not count, since nothing asks such a rule (see the package comment: conditions on what is known
// come first).
func (p *Policy) full(ctx context.Context, k *key, e *entry, in *Input) (Decision, error) {
	page := pageOf(k.origin)
	everything := p.everything()
	document, err := everything.input(known(k), in)
	if err != nil {
		return Decision{}, err
	}
	input := ast.NewTerm(document)
	var held, scope []Rule
	for _, r := range p.candidates(k.command) {
		if r.Kind == kindLimit || !r.unit.holds(k, page) || r.unit.expired(in.Time) {
			continue
		}
		if r.Kind == kindWithin && r.about(k) {
			scope = append(scope, r.Rule)
		}
		hits, err := p.hold(ctx, r, input)
		if ctx.Err() != nil {
			return Decision{}, cancelled(ctx)
		}
		if err != nil && e.knows(r) {
			return Decision{}, evaluationError(err)
		}
		held = append(held, hits...)
	}
	slices.SortFunc(held, compareRules)
	return weigh(slices.Compact(held), slices.Compact(scope)), nil
}

// hold evaluates one rule on a whole input: the rule, once for each message that it holds with.
func (p *Policy) hold(ctx context.Context, r *rule, input *ast.Term) ([]Rule, error) {
	compiler, err := r.unit.compiled()
	if err != nil {
		return nil, err
	}
	q, done := p.query(ctx, r.body, compiler, input)
	defer done()
	var hits []Rule
	err = q.Iter(ctx, func(answer topdown.QueryResult) error {
		hit, err := r.because(answer[reason])
		hits = append(hits, hit)
		return err
	})
	if err != nil {
		return nil, err
	}
	return hits, nil
}

// knows says whether a rule is part of what was prepared.
func (e *entry) knows(r *rule) bool {
	return slices.ContainsFunc(e.conditions, func(c condition) bool { return c.rule == r }) ||
		slices.ContainsFunc(e.held, func(h Rule) bool { return h.File == r.File && h.Line == r.Line && h.Kind == r.Kind })
}
