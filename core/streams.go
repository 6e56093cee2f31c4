package core

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/isolation"
)

// A streams is what goes on under a call besides its answer: an upload, items,
// or both, as its frame is ready for.
type streams struct {
	call *call
	in   *inbound  // nil where the frame uploads nothing
	out  *outbound // nil where it takes no items

	running context.Context    // ends with the call, and when its handler has returned
	stop    context.CancelFunc // of running
	until   time.Time          // it ends then, however much is streamed
	permit  permit             // by which it was allowed
	open    atomic.Bool        // its handler runs: permit, running and until are set
}

// openStreams gives a call the streams that its frame asks for, whether there is
// such a command or not: what is uploaded right behind it waits for what becomes
// of the call.
func (c *call) openStreams() {
	if c.wants&(isolation.WantsItems|isolation.WantsUpload) == 0 {
		return
	}
	st := &streams{call: c}
	if c.wants&isolation.WantsUpload != 0 {
		st.in = newInbound(c.session.link.Carrier())
	}
	if c.wants&isolation.WantsItems != 0 {
		st.out = newOutbound()
	}
	c.context.streams = st
}

// wanted refuses a call whose frame is not ready for all that the command streams,
// and one that would stream with a command that doesn't. A frame that is ready for
// both directions, as one is that knows nothing of the command, may find one of
// them unused: no items come, and what is uploaded ends the call.
func (c *call) wanted() *refusal {
	has := c.command.streams
	asks := c.wants & (isolation.WantsItems | isolation.WantsUpload)
	if asks&has == has && (has != 0 || asks == 0) {
		return nil
	}
	r := &refusal{code: CodeInvalidArgs}
	switch {
	case asks == 0:
		r.message = "the command streams: call it with stream() in place of invoke()"
	case has == 0:
		r.message = "the command streams nothing: call it with invoke() in place of stream()"
	default: // only a client that isn't ours asks for one alone
		r.message = "the command streams " + streamsName(has) + " and the call asks for " + streamsName(asks)
	}
	r.reason = r.message
	return r
}

// streamsName is how the policy and people are told of streams.
func streamsName(w isolation.Wants) string {
	switch w & (isolation.WantsItems | isolation.WantsUpload) {
	case isolation.WantsItems:
		return "items"
	case isolation.WantsUpload:
		return "upload"
	case isolation.WantsItems | isolation.WantsUpload:
		return "both"
	}
	return ""
}

// begin is called when the handler is about to run.
func (st *streams) begin() {
	c := st.call
	st.running, st.stop = context.WithCancel(&c.context)
	now := time.Now()
	st.until = now.Add(c.limits().StreamWithin)
	c.moveDeadline(c.streamDeadline()) // which may be before what the alarm is set to
	if st.in != nil {
		if limit, due := st.in.start(); due {
			c.write(isolation.AppendCredit(nil, c.number, limit))
		}
	}
	st.open.Store(true) // from here on reauthorize finds the call, or the call what has changed
	rules, grant := c.session.app.policy.Load(), c.grant.Load()
	if changed := rules != c.rules || grant != nil && grant.state.Load() == over; changed && !st.holds(rules, now) {
		c.interrupt(&refusal{code: CodeCancelled, reason: "it is not allowed any more: what permitted it ended before it began"})
	}
}

// opened reports whether the handler of a call runs, which may be one without
// streams.
func (st *streams) opened() bool { return st != nil && st.open.Load() }

// finish is called when the handler has returned, and lets no goroutine that it
// has left behind stream any more: the stream's end comes after the last item.
func (st *streams) finish() {
	st.open.Store(false)
	st.stop()
	if st.in != nil {
		st.closeUpload()
	}
	if st.out != nil {
		st.out.close()
		st.out.writing.Lock() // what is being sent has gone out, or will not
		defer st.out.writing.Unlock()
	}
}

// moved has the call's deadline begin anew, now that an item went one way or the
// other. The page's own deadline stays, and there is one for all items together.
func (c *call) moved() {
	c.context.extend(c.streamDeadline()) // the alarm that is set comes earlier, and looks again
}

func (c *call) streamDeadline() time.Time {
	deadline := time.Now().Add(c.limits().Deadline)
	if until := c.context.streams.until; until.Before(deadline) {
		deadline = until
	}
	if !c.due.IsZero() && c.due.Before(deadline) {
		deadline = c.due
	}
	return deadline
}

// count puts on record what was streamed.
func (st *streams) count(r *audits.Record) {
	var s audits.Streamed
	if st.in != nil {
		s.ItemsIn, s.BytesIn = st.in.moved()
	}
	if st.out != nil {
		s.ItemsOut, s.BytesOut = st.out.moved()
	}
	r.Streamed = &s
}

// release is called when nothing of the call runs any more.
func (st *streams) release() {
	if st.in != nil {
		st.closeUpload()
	}
	if st.out != nil {
		st.out.close()
	}
}

func (st *streams) closeUpload() { st.call.session.budget.drop(st.in.close()) }
