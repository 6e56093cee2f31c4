package core

import (
	"context"
	"time"
)

// putOff waits for the user and puts the call's deadline off by as long. What
// the page itself asked for, a cancellation and the session's end still end
// the call, and the waiting.
func (c *call) putOff(wait func(ctx context.Context) verdict) verdict {
	deadline, _ := c.context.Deadline()
	if !c.moveDeadline(c.due) { // it has passed, or the call was cancelled
		return refused("", "", "")
	}
	began := time.Now()
	v := wait(&c.context)
	c.record.Stages.Prompt = time.Since(began)

	later := deadline.Add(c.record.Stages.Prompt)
	if !c.due.IsZero() && c.due.Before(later) {
		later = c.due
	}
	c.moveDeadline(later) // or it has ended, as over says
	return v
}

// moveDeadline gives the call another deadline, zero for none. False says that
// the call has ended.
func (c *call) moveDeadline(to time.Time) bool {
	if !c.context.extend(to) {
		return false
	}
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	c.session.setAlarm(to)
	return true
}
