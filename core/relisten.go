package core

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/schema"
)

// reauthorizeListeners closes what the session may not listen to any more. Its
// page is told, and what it has not been sent goes nowhere.
func (s *session) reauthorizeListeners(why string) {
	s.feed.mu.Lock()
	all := slices.Collect(maps.Values(s.feed.listeners))
	s.feed.mu.Unlock()
	for _, l := range all {
		s.reauthorize(l, why)
	}
}

// reauthorizeOne judges a listener that has just come to be: what changed before
// that has not found it.
func (s *session) reauthorizeOne(l *listener) {
	s.reauthorize(l, "it changed what is permitted while the listen was under way")
}

func (s *session) reauthorize(l *listener, why string) {
	s.feed.mu.Lock()
	rules, by, asked := l.rules, l.grant, l.asked
	s.feed.mu.Unlock()
	next := s.app.policy.Load()
	if next == rules && (by == nil || by.state.Load() != over) {
		return
	}
	c := s.newRelisten(l, next)
	defer c.context.end(context.Canceled)
	refused := c.permitAgain(asked && next == rules)
	s.feed.mu.Lock()
	gone := l.closed
	if refused == nil {
		l.rules, l.grant = next, c.grant.Load()
	} else if !gone {
		l.revoke()
		s.feed.turn(l)
	}
	s.feed.mu.Unlock()
	if refused != nil && !gone {
		refused.reason = "the page listens no more, " + why + ": " + refused.reason
		c.end(refused)
	}
}

// newRelisten is a listen that nobody waits for: it is judged anew, under the id
// of the first time.
func (s *session) newRelisten(l *listener, rules *ruleset) *call {
	c := &call{session: s, number: l.id, command: s.app.listens[l.event.name], rules: rules, mark: time.Now()}
	c.context.session, c.context.app = s.link.Context(), s.app
	c.record = s.newRecord(l.id, c.command)
	c.id = c.record.ID
	c.answered.Store(true)
	return c
}

// permitAgain asks the policy, and then the grants that are not used up by one
// call. Where a rule asks, the user's yes of before is as good as it was for the
// rules that it was for.
func (c *call) permitAgain(asked bool) (refused *refusal) {
	defer func() {
		if value := recover(); value != nil {
			refused = &refusal{code: CodeDenied, reason: "a panic of the policy: " + panicText(value)}
		}
	}()
	args, err := schema.Parse([]byte("{}"), schema.Limits{})
	if err != nil {
		return &refusal{code: CodeDenied, reason: err.Error()}
	}
	user, refused := c.user()
	if refused != nil {
		return refused
	}
	d, err := c.consult(c.input(valid{args}, user, c.mark))
	switch {
	case err != nil:
		return &refusal{code: CodeDenied, reason: err.Error(), private: true}
	case d.Effect == policy.Allow, d.Effect == policy.Ask && asked:
		return nil
	case d.Effect == policy.Ask:
		return &refusal{code: CodeDenied, reason: "the user has to be asked anew"}
	case c.grantedAgain(d, args):
		return nil
	}
	return &refusal{code: CodeDenied, reason: d.Reason, private: true}
}

func (c *call) grantedAgain(d policy.Decision, args schema.Value) bool {
	if d.Effect != policy.Deny || len(d.Rules) > 0 || d.Revision != c.rules.Revision() {
		return false
	}
	for _, g := range c.session.app.grants.of(c.command.name) {
		if !g.Once && g.covers(c.session, c.mark) && g.asks(args) {
			c.grant.Store(g)
			if g.state.Load() == standing { // or its end has not found it there
				return true
			}
			c.grant.Store(nil)
		}
	}
	return false
}
