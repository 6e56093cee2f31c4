package core

import (
	"runtime/debug"
	"slices"
	"time"

	"github.com/sallyport/sallyport/policy"
)

// A permit is by what a call with streams goes on: what the policy was told of it,
// and what that said.
type permit struct {
	input    policy.Input
	decision policy.Decision
}

// holds reports whether a call that has begun to stream would be allowed now.
// It is asked of another goroutine than the call's.
func (st *streams) holds(rules *ruleset, now time.Time) (holds bool) {
	defer func() {
		if value := recover(); value != nil {
			st.call.session.app.log.Error("core: panic of the policy", "call", st.call.id, "panic", panicText(value), "stack", string(debug.Stack()))
			holds = false
		}
	}()
	in := st.permit.input
	in.Time = now
	decision, err := rules.Decide(&st.call.context, in)
	switch {
	case err != nil:
		return false
	case decision.Effect == policy.Allow:
		return true
	case decision.Effect == policy.Ask:
		return st.permit.answers(decision)
	}
	return len(decision.Rules) == 0 && st.granted(in, now)
}

// answers reports whether the user's yes of then is one to what is asked now.
func (p *permit) answers(now policy.Decision) bool {
	then := p.decision
	return then.Effect == policy.Ask && then.Revision == now.Revision && !slices.ContainsFunc(now.Rules, func(r policy.Rule) bool {
		return !slices.Contains(then.Rules, r)
	})
}

// granted reports whether a grant allows the call, be it the one that it has used
// up.
func (st *streams) granted(in policy.Input, now time.Time) bool {
	if g := st.call.grant.Load(); g != nil && g.state.Load() == spent && !g.expired(now) {
		return true
	}
	return slices.ContainsFunc(st.call.session.app.grants.of(st.call.command.name), func(g *grant) bool {
		return !g.Once && g.covers(st.call.session, now) && g.asks(in.Args)
	})
}
