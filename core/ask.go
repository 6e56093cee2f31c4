package core

import (
	"context"
	"slices"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/policy"
)

const keptNo = "the user has just said no to this"

// ask has the user decide what the policy leaves to them. Without somebody to
// ask, and without a yes in time, the call is denied.
func (c *call) ask(in policy.Input, d policy.Decision) (allowed, *refusal) {
	app := c.session.app
	switch {
	case app.prompts == nil || c.hidden:
		return allowed{}, &refusal{code: CodeDenied, reason: "there is nobody to ask: " + d.Reason, private: true}
	case len(d.Rules) == 0 || len(d.Rules) > maxAsks:
		c.record.Asked = audits.AskedFailed
		return allowed{}, &refusal{code: CodeDenied, reason: "the policy asks nothing, or too many questions for one prompt"}
	}
	open, kept := app.open(c.bindings(in, d), c.session.link.ID())
	if open == nil {
		c.record.Asked = kept
		if kept == audits.AskedKeptNo {
			return allowed{}, &refusal{code: CodeDenied, reason: keptNo}
		}
		return allowed{in.Args}, nil
	}
	asked := c.putOff(func(ctx context.Context) verdict {
		shown := app.answers.mac.Sum(c.subject(), appendCanonical(nil, in.Args))
		return app.prompts.ask(ctx, c.session, open, shown, c.question(in.Args, rulesOf(open), app.answers.possible()))
	})
	c.record.Asked = asked.asked
	switch {
	case c.over():
		return allowed{}, c.interrupted()
	case asked.answer == AnswerNo:
		return allowed{}, asked.refusal()
	}
	return c.authorizeAgain(in, d)
}

func (v verdict) refusal() *refusal {
	code := v.code
	if code == "" {
		code = CodeDenied
	}
	return &refusal{code: code, reason: v.reason}
}

// authorizeAgain asks the policy that is in force by now: minutes may have gone
// by. What it says counts, and the user's yes is good for the questions that were
// put to them, by the policy that asked them.
func (c *call) authorizeAgain(in policy.Input, asked policy.Decision) (allowed, *refusal) {
	c.rules, in.Time = c.session.app.policy.Load(), time.Now()
	now, err := c.consult(in)
	switch {
	case c.over():
		return allowed{}, c.interrupted()
	case err != nil:
		return allowed{}, &refusal{code: CodeDenied, reason: err.Error(), private: true}
	case now.Effect == policy.Deny:
		c.record.Nearest = c.nearest(now, in)
		return allowed{}, &refusal{code: CodeDenied, reason: now.Reason, private: true}
	case now.Revision != asked.Revision:
		return allowed{}, &refusal{code: CodeDenied, reason: "the policy changed while the user was asked"}
	case now.Effect == policy.Allow:
		return allowed{in.Args}, nil
	case now.Effect == policy.Ask && len(now.Rules) > 0 && !slices.ContainsFunc(now.Rules, func(r policy.Rule) bool {
		return !slices.Contains(asked.Rules, r)
	}):
		return allowed{in.Args}, nil
	}
	return allowed{}, &refusal{code: CodeDenied, reason: "the policy asks something else by now"}
}

// bindings say what an answer to each of a decision's questions would be about.
func (c *call) bindings(in policy.Input, d policy.Decision) []binding {
	bindings := make([]binding, len(d.Rules))
	for i, r := range d.Rules {
		b := binding{rule: r, revision: d.Revision, window: c.session.window.label, origin: c.session.window.given, command: c.subject()}
		b.digest = c.session.app.answers.mac.Sum(b.command, b.append(nil, in.User, in.Args))
		bindings[i] = b
	}
	return bindings
}

func rulesOf(bindings []binding) []policy.Rule {
	all := make([]policy.Rule, len(bindings))
	for i, b := range bindings {
		all[i] = b.rule
	}
	return all
}

// open are the questions to which no answer is kept. There are none if all are
// answered with yes, or one with no; asked then says which.
func (app *App) open(bindings []binding, session string) (open []binding, asked string) {
	now := time.Now()
	asked = audits.AskedKeptAlways
	for _, b := range bindings {
		answer, ok := app.answers.of(&b, session, now)
		switch {
		case !ok:
			open = append(open, b)
		case answer == AnswerNo:
			return nil, audits.AskedKeptNo
		case answer == AnswerSession:
			asked = audits.AskedKeptSession
		}
	}
	return open, asked
}

// settled reports whether nothing is left to be asked.
func (app *App) settled(bindings []binding, session string) (answer Answer, asked string, settled bool) {
	open, asked := app.open(bindings, session)
	switch {
	case open != nil:
		return AnswerNo, "", false
	case asked == audits.AskedKeptNo:
		return AnswerNo, asked, true
	}
	return AnswerSession, asked, true
}

// keepAnswer keeps what the user said to a question.
func (app *App) keepAnswer(q *prompt, answer Answer) {
	session := q.session.link.ID()
	if err := app.answers.keep(answer, q.bindings, session, time.Now()); err != nil {
		app.log.Error("core: an answer for always could not be written down; it counts for the session", "err", err)
	}
	if q.session.link.Context().Err() != nil { // nobody else forgets it
		app.answers.endSession(session)
	}
}
