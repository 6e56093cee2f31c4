package core

// reauthorize is called after something that was permitted may be so no more: a
// grant ended, or the capabilities are others. What was begun under the old
// permission and holds on to it is judged here: the calls that run by a grant
// which asked for that.
func (app *App) reauthorize(why string) {
	for _, s := range app.sessions.Range {
		s.(*session).reauthorize(why)
	}
}

func (s *session) reauthorize(why string) {
	s.mu.Lock()
	var lost []*call
	for _, c := range s.calls {
		if g := c.grant.Load(); g != nil && g.CancelRunning && g.state.Load() == over {
			lost = append(lost, c)
		}
	}
	s.mu.Unlock()
	for _, c := range lost {
		c.interrupt(&refusal{code: CodeCancelled, reason: why})
	}
}
