package core

import (
	"slices"
	"time"
)

// reauthorize is called after something that was permitted may be so no more: a
// grant ended, or the capabilities are others. What was begun under the old
// permission and holds on to it is judged here: the calls that run by a grant
// which asked for that, those that stream, which may do so for long, and all that
// pages listen to.
func (app *App) reauthorize(why string) {
	app.interruptAll(func(c *call) bool {
		g := c.grant.Load()
		return g != nil && g.CancelRunning && g.state.Load() == over
	}, &refusal{code: CodeCancelled, reason: why})

	rules, now := app.policy.Load(), time.Now()
	streaming := app.underWay(func(c *call) bool { return c.context.streams.opened() })
	gone := slices.DeleteFunc(streaming, func(c *call) bool { return c.context.streams.holds(rules, now) })
	interruptAll(gone, &refusal{code: CodeCancelled, reason: "it is not allowed any more: " + why})
	for _, s := range app.sessions.Range {
		s.(*session).reauthorizeListeners(why)
	}
}

// interruptAll ends the calls that fit, of all sessions.
func (app *App) interruptAll(fits func(*call) bool, why *refusal) {
	interruptAll(app.underWay(fits), why)
}

// underWay are the calls that fit, of all sessions.
func (app *App) underWay(fits func(*call) bool) []*call {
	var calls []*call
	for _, s := range app.sessions.Range {
		calls = append(calls, s.(*session).underWay(fits)...)
	}
	return calls
}
