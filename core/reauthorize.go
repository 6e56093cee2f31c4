package core

// reauthorize is called after something that was permitted may be so no more: a
// grant ended, or the capabilities are others. What was begun under the old
// permission and holds on to it is judged here: the calls that run by a grant
// which asked for that.
func (app *App) reauthorize(why string) {
	app.interruptAll(func(c *call) bool {
		g := c.grant.Load()
		return g != nil && g.CancelRunning && g.state.Load() == over
	}, &refusal{code: CodeCancelled, reason: why})
}

// interruptAll ends the calls that fit, of all sessions.
func (app *App) interruptAll(fits func(*call) bool, why *refusal) {
	var calls []*call
	for _, s := range app.sessions.Range {
		calls = append(calls, s.(*session).underWay(fits)...)
	}
	interruptAll(calls, why)
}
