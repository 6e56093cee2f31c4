package policy

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
)

// entry is what is left of the policy for one key, while no capability expires.
type entry struct {
	from, until time.Time // valid from the one until before the other; zero is unbounded
	err         error     // of evaluating what is known: no call can be decided
	candidates  []*rule   // that it was made from
	tried       []*rule   // those of them whose capability holds, and that are about the event
	varies      bool      // some of them read what differs from call to call
	probed      int       // made-up calls on which it agreed with the full evaluation
	answered    atomic.Uint64

	decision   Decision    // the answer to every call, if conditions is empty
	limits     Limits      // for all calls together
	scope      []Rule      // within rules about the command: one must hold, if there are any
	handed     Scope       // for the handler
	held       []Rule      // rules that hold for every call
	conditions []condition // rules that hold for some calls
	plan       *plan       // how to find out which
	known      [][2]*ast.Term
}

// condition is a rule that partial evaluation could not settle.
type condition struct {
	*rule
	bodies  []ast.Body // one of them must hold
	support []*ast.Module
	why     string // not by steps, but by topdown; "" where it is by steps
}

func (e *entry) valid(t time.Time) bool {
	return !t.Before(e.from) && (e.until.IsZero() || t.Before(e.until))
}

// most is the best answer that some call could get: nothing that always holds outweighs it.
func (e *entry) most() Effect {
	always := func(kind string) bool {
		return slices.ContainsFunc(e.held, func(r Rule) bool { return r.Kind == kind })
	}
	could := func(kind string) bool {
		return slices.ContainsFunc(e.conditions, func(c condition) bool { return c.Kind == kind })
	}
	switch {
	case always(kindDeny), len(e.scope) > 0 && !always(kindWithin) && !could(kindWithin):
		return Deny
	case always(kindAsk):
		return Ask
	case always(kindAllow), could(kindAllow):
		return Allow
	case could(kindAsk):
		return Ask
	}
	return Deny
}

// unknowns are the fields of the input that differ from call to call.
func unknowns() []*ast.Term {
	var all []*ast.Term
	for _, name := range []string{"args", operands, "session", "time", "target", "channel", "user"} {
		all = append(all, ast.NewTerm(ast.Ref{ast.InputRootDocument, ast.StringTerm(name)}))
	}
	return all
}

// prepare makes the entry of a key at time t. An error is that of ctx alone.
func (p *Policy) prepare(ctx context.Context, k *key, t time.Time) (*entry, error) {
	e := &entry{known: known(k), candidates: p.candidates(k.command)}
	page := pageOf(k.origin)
	holds := make(map[*unit]bool)
	for _, r := range e.candidates {
		h, ok := holds[r.unit]
		if !ok {
			h = r.unit.holds(k, page) && e.current(r.unit.Expires, t)
			holds[r.unit] = h
		}
		if !h || r.events != nil && !slices.Contains(r.events, k.event) {
			continue // there may be many events, and as many rules about each
		}
		e.tried = append(e.tried, r)
		if (r.unit.declared || r.Kind == kindWithin) && r.about(k) {
			if r.Kind == kindWithin {
				e.scope = append(e.scope, r.Rule)
			}
			e.handed.add(r.handed)
		}
		err := p.specialize(ctx, e, r)
		if ctx.Err() != nil {
			return nil, cancelled(ctx)
		}
		if err != nil {
			e.err = at(r.File, r.Line, err)
			return e, nil
		}
	}
	if e.err = p.finish(e); e.err == nil {
		p.try(ctx, k, e, t)
	}
	return e, nil
}

// current says whether a capability that expires at x still holds at t, and narrows
// the entry's validity to the times for which that is so.
func (e *entry) current(x, t time.Time) bool {
	switch {
	case x.IsZero():
		return true
	case t.Before(x):
		if e.until.IsZero() || x.Before(e.until) {
			e.until = x
		}
		return true
	}
	if x.After(e.from) {
		e.from = x
	}
	return false
}

// specialize evaluates one rule as far as the known input goes: it holds never, always
// or under conditions.
func (p *Policy) specialize(ctx context.Context, e *entry, r *rule) error {
	compiler, err := r.unit.compiled()
	if err != nil {
		return err
	}
	q, done := p.query(ctx, r.body, compiler, ast.NewTerm(ast.NewObject(e.known...)))
	defer done()
	// OPA's default inlining can turn a denial into a constant allow (opa#4848).
	bodies, support, err := q.WithUnknowns(unknowns()).WithShallowInlining(true).
		WithPartialNamespace("sallyport_" + strconv.Itoa(len(e.conditions))).PartialRun(ctx)
	if err != nil {
		return err
	}
	c := condition{rule: r, support: support}
	for _, body := range bodies {
		message, always := constant(body)
		if !always {
			c.bodies = append(c.bodies, body)
			continue
		}
		if r.Kind == kindLimit {
			if err := e.limit(message); err != nil {
				return err
			}
			continue
		}
		held, err := r.because(message)
		if err != nil {
			return err
		}
		e.held = append(e.held, held)
	}
	switch {
	case len(c.bodies) > 0 && r.Kind == kindLimit:
		return errors.New("a limit that depends on the call: limits read window, origin, local, command, event and platform alone")
	case len(c.bodies) > 0:
		e.conditions = append(e.conditions, c)
	}
	return nil
}

// constant says whether a residual body is always true: nothing but names for values.
func constant(body ast.Body) (message *ast.Term, always bool) {
	for _, e := range body {
		if e.Negated || !e.IsEquality() || len(e.With) > 0 {
			return nil, false
		}
		name, ok := e.Operand(0).Value.(ast.Var)
		if !ok || !e.Operand(1).IsGround() || !values(e.Operand(1)) {
			return nil, false
		}
		if name == reason {
			message = e.Operand(1)
		}
	}
	return message, true
}

// values says that a term is plain data, without references or calls to evaluate.
func values(t *ast.Term) bool {
	plain := true
	ast.WalkTerms(t, func(t *ast.Term) bool {
		switch t.Value.(type) {
		case ast.Ref, ast.Call, ast.Var, *ast.ArrayComprehension, *ast.SetComprehension, *ast.ObjectComprehension:
			plain = false
		}
		return !plain
	})
	return plain
}

// finish settles what needs no evaluation and compiles the rest.
func (p *Policy) finish(e *entry) error {
	slices.SortFunc(e.held, compareRules)
	e.held, e.scope = slices.Compact(e.held), slices.Compact(e.scope)
	if slices.ContainsFunc(e.held, func(r Rule) bool { return r.Kind == kindDeny }) {
		// Nothing can lift a deny; other denies still add their reasons.
		e.conditions = slices.DeleteFunc(e.conditions, func(c condition) bool { return c.Kind != kindDeny })
	}
	if len(e.conditions) == 0 {
		e.decision = weigh(e.held, e.scope)
		return nil
	}
	var err error
	if e.plan, err = p.newPlan(e, !p.interpreted); err != nil {
		return err
	}
	for i := range e.conditions { // nothing reads them again, and they are most of what an entry would keep
		e.conditions[i].bodies, e.conditions[i].support = nil, nil
	}
	return nil
}
