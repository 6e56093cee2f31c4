package core

import (
	"context"
	"time"
)

// putOff waits for the user and puts the call's deadline off by as long. What
// the page itself asked for, a cancellation and the session's end still end
// the call, and the waiting.
func (c *call) putOff(wait func(ctx context.Context) verdict) verdict {
	if !c.unwatch() { // the deadline has passed, or the call was cancelled
		return refused("", "", "")
	}
	deadline, _ := c.ctx.Deadline()
	whole, cancel := context.WithCancel(c.session.link.Context())
	if !c.due.IsZero() {
		whole, cancel = context.WithDeadline(c.session.link.Context(), c.due)
	}
	c.put.Store(&cancel) // from here on interrupt ends it
	c.watch(whole)
	if c.why.Load() != nil {
		cancel()
	}
	began := time.Now()
	v := wait(whole)
	c.record.Stages.Prompt = time.Since(began)

	if c.unwatch() {
		var rest context.Context
		rest, c.rest = context.WithDeadline(whole, deadline.Add(c.record.Stages.Prompt))
		c.watch(rest)
	}
	return v
}
