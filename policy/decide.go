package policy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// Decide answers one call. An error means that there is no answer, and the caller
// denies; a context that ends before Decide returns is always an error.
func (p *Policy) Decide(ctx context.Context, in Input) (Decision, error) {
	if ctx.Err() != nil {
		return Decision{}, cancelled(ctx)
	}
	e, err := p.prepared(ctx, &in)
	if err != nil {
		return Decision{}, err
	}
	d, err := p.answer(ctx, e, &in)
	if err != nil {
		return Decision{}, err
	}
	// OPA finishes a short evaluation without looking at the context.
	if ctx.Err() != nil {
		return Decision{}, cancelled(ctx)
	}
	d.Revision, d.Scope = p.revision, e.handed
	return d, nil
}

// answer decides by what is prepared or, where that is not to be trusted, in full.
func (p *Policy) answer(ctx context.Context, e *entry, in *Input) (d Decision, err error) {
	if p.distrusted.Load() {
		return p.full(ctx, in.key(), e, in)
	}
	d = e.decision
	both := e.varies && e.sampled()
	if both && in.Time.IsZero() {
		in.Time = time.Now() // the same for both ways: a rule may depend on it
	}
	if len(e.conditions) > 0 {
		d, err = p.evaluate(ctx, e, in)
	}
	if both && !p.agrees(ctx, in.key(), e, in, d, err, true) {
		return Decision{}, errDistrusted
	}
	return d, err
}

func (in *Input) key() *key {
	return &key{in.Window, in.Origin, in.Command, in.Event, in.Platform, in.Local}
}

// May is the most that any arguments could get now: Allow, Ask or Deny. The input's own
// arguments, session and user play no part. Where it is Deny, every call is a Deny or an
// error, so that nothing of the command need be shown to its window. It costs little:
// what it prepares is kept for Decide.
func (p *Policy) May(ctx context.Context, in Input) Effect {
	e, err := p.prepared(ctx, &in)
	if err != nil {
		return Deny
	}
	return e.most()
}

// prepared fills in what the input leaves out and finds the entry for it.
func (p *Policy) prepared(ctx context.Context, in *Input) (*entry, error) {
	if in.Platform == "" {
		in.Platform = p.platform
	}
	if p.expires && in.Time.IsZero() {
		in.Time = time.Now()
	}
	return p.entry(ctx, in.key(), in.Time)
}

func cancelled(ctx context.Context) error {
	return fmt.Errorf("policy: no decision: %w", context.Cause(ctx))
}

// entry finds or makes what is prepared for a key.
func (p *Policy) entry(ctx context.Context, k *key, t time.Time) (*entry, error) {
	if e := p.hot.get(k); e != nil && e.valid(t) {
		return e, e.err
	}
	c := p.other
	switch {
	case len(p.byCommand[k.command]) > 0:
		c = p.named
	case len(p.anyCommand) == 0:
		return p.nothing, nil // nothing to keep for a command that no rule can be about
	}
	e := c.get(k)
	if e == nil || !e.valid(t) {
		// Two calls may prepare one entry at once; both get the same.
		var err error
		if e, err = p.prepare(ctx, k, t); err != nil {
			return nil, err
		}
		c.put(k, e)
	}
	p.hot.put(k, e)
	return e, e.err
}

var errUnexpected = errors.New("unexpected result of an evaluation")

// evaluationError names the place in the capability file that OPA's errors carry.
func evaluationError(err error) error {
	var e *topdown.Error
	if errors.As(err, &e) && e.Location != nil && e.Location.File != "" {
		return at(e.Location.File, e.Location.Row, fmt.Errorf("%s: %s", e.Code, clean(e.Message)))
	}
	if strings.HasPrefix(err.Error(), "policy: ") {
		return err
	}
	return fmt.Errorf("policy: %w", err)
}

// because is the rule with the message it holds for.
func (r *rule) because(message *ast.Term) (Rule, error) {
	held := r.Rule
	if r.Kind == kindAllow || r.Kind == kindWithin {
		return held, nil
	}
	if message != nil {
		text, _ := message.Value.(ast.String)
		held.Reason = clean(string(text))
	}
	if held.Reason == "" {
		if r.Kind == kindAsk {
			return Rule{}, errors.New("ask contains something that is no text: there is nothing to ask")
		}
		held.Reason = "denied without a reason in words"
	}
	return held, nil
}

// maxReason bounds a reason or question, in characters: it may hold what a page sent.
const maxReason = 300

func clean(text string) string {
	n := 0
	text = strings.Map(func(r rune) rune {
		n++
		switch {
		case n > maxReason:
			return -1
		case !unicode.IsPrint(r):
			return '\uFFFD'
		}
		return r
	}, text)
	if n > maxReason {
		text += "…"
	}
	return strings.TrimSpace(text)
}

// weigh judges by the rules that hold: deny over ask over allow, and nothing is a denial. Where
// there is a scope, a call that none of its rules holds for is denied, whatever allows it.
func weigh(held, scope []Rule) Decision {
	of := func(kind string) (rules []Rule) {
		for _, r := range held {
			if r.Kind == kind {
				rules = append(rules, r)
			}
		}
		return rules
	}
	if denies := of(kindDeny); len(denies) > 0 {
		return Decision{Effect: Deny, Reason: denies[0].Reason, Rules: denies}
	}
	if len(scope) > 0 && len(of(kindWithin)) == 0 {
		return Decision{Effect: Deny, Reason: "the call is outside the scope of its command", Rules: scope}
	}
	if asks := of(kindAsk); len(asks) > 0 {
		return Decision{Effect: Ask, Reason: asks[0].Reason, Rules: asks}
	}
	if allows := of(kindAllow); len(allows) > 0 {
		return Decision{Effect: Allow, Rules: allows}
	}
	return Decision{Effect: Deny, Reason: "no rule that holds here allows this call"}
}

// query is an evaluation with everything that each of ours has in common. The caller
// calls done after it.
func (p *Policy) query(ctx context.Context, body ast.Body, c *ast.Compiler, input *ast.Term) (q *topdown.Query, done func() bool) {
	cancel := topdown.NewCancel()
	q = topdown.NewQuery(body).
		WithCompiler(c).
		WithStore(p.store).
		WithTransaction(p.txn).
		WithBuiltins(p.own).
		WithInput(input).
		WithCancel(cancel).
		WithMetrics(metrics.NoOp()).
		// A rule that the index drops for its argument's type would raise no error.
		WithIndexing(false).
		// So is an error in what early exit would skip.
		WithEarlyExit(false).
		WithStrictBuiltinErrors(true)
	return q, context.AfterFunc(ctx, cancel.Cancel)
}
