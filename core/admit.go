package core

import (
	"cmp"
	"context"
	"math"
	"strconv"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/isolation"
)

// Refusals over a limit and reports of the hook cost the page next to
// nothing, so their records are limited: two full batches at once, then 50 a
// second. Those left out are counted, and the next record says how many.
const (
	noisePerSecond = 50
	noiseBurst     = 2 * isolation.MaxItems
	noiseAtOnce    = noiseBurst // being written, when the recorder is slow
)

// admit takes one call in and starts it, or refuses it. It never waits: all
// that may take time happens in the call's own goroutine, or for a lone call
// in the carrier's once that has no more to do.
func (s *session) admit(item isolation.Item, arrived, opened time.Time, lone bool) {
	c := &call{
		session: s, number: item.ID, command: s.app.find(item.Kind, item.Command), rules: s.app.policy.Load(),
		args: item.JSON, sections: item.Sections, plaintext: s.plaintext, wants: item.Wants,
	}
	if item.Kind == isolation.ItemListen {
		c.args = []byte("{}")
	}
	c.context.session, c.context.call, c.context.app = s.link.Context(), c, s.app
	c.openStreams()
	c.record = s.newRecord(item.ID, c.command)
	if item.Kind != isolation.ItemCall {
		c.record.Command = nameOf(item.Kind)
	}
	if len(item.Target) > 0 {
		c.target = string(item.Target)
		if s.app.windows[c.target] != nil { // else it is the page's text
			c.record.Target = c.target
		}
	}
	c.id = c.record.ID
	c.hidden = s.app.hides(s.link.Context(), c.rules, s.window, c.command, opened) && !s.mightGrant(c.command, opened)
	c.record.ArgsSize, c.record.BinarySize = len(c.args), binarySize(c.sections)
	c.record.Stages.Open = opened.Sub(arrived)
	s.app.stats.calls.Add(1)

	if refused := c.limit(opened); refused != nil {
		s.quietly(c, refused)
		return
	}
	deadline := c.limits().Deadline
	if item.Timeout > 0 {
		deadline = min(deadline, item.Timeout)
		c.due = opened.Add(item.Timeout)
	}
	c.context.deadline = opened.Add(deadline)
	early, alone := s.enter(c)
	if early {
		c.interrupt(cancelled)
	}
	lingers := c.mayLinger()
	if s.hold != 0 && !lingers {
		c.hold = s.link.Hold()
	}
	if !lone || !alone || lingers || !s.link.Lend(c) {
		s.app.workers.start(c)
	}
}

// newRecord begins a record with what the session knows. An unknown command's
// name is the page's text and stays out of it.
func (s *session) newRecord(number uint32, command *command) audits.Record {
	r := audits.Record{
		ID:      s.callID(number),
		Session: s.link.ID(),
		Window:  s.window.label,
		Origin:  s.window.origin,
		Carrier: s.link.Carrier().String(),
		Pattern: s.link.Pattern().String(),
	}
	if command != nil {
		r.Command, r.Event = command.name, command.event
	}
	return r
}

// callID is what the page is told.
func (s *session) callID(number uint32) string {
	var room [24]byte
	return string(strconv.AppendUint(append(append(room[:0], s.link.ID()...), '-'), uint64(number), 10))
}

// limit takes what the call needs of every budget, or says which has too
// little left; then nothing is taken but tokens of the rates.
func (c *call) limit(now time.Time) *refusal {
	c.record.Stage = audits.StageLimits
	refused := c.takeRoom(now)
	if refused != nil {
		c.giveBack()
	}
	return refused
}

func (c *call) takeRoom(now time.Time) *refusal {
	var (
		s, app = c.session, c.session.app
		own    *budget
	)
	c.size = len(c.args) + c.record.BinarySize
	if !c.hidden {
		own = s.window.own[c.command.key()]
	}
	switch {
	case !s.budget.rate.AllowN(now, 1):
		return &refusal{code: CodeRateLimited, reason: "the session's calls per second are used up"}
	case own != nil && !own.rate.AllowN(now, 1):
		return &refusal{code: CodeRateLimited, reason: "the command's calls per second are used up"}
	case len(c.args) > c.limits().ArgsBytes:
		return &refusal{code: CodeTooLarge, reason: "the arguments are larger than their limit", mismatch: tooLarge(c.limits().ArgsBytes, ofJSON)}
	case c.record.BinarySize > c.limits().BinaryBytes:
		return &refusal{code: CodeTooLarge, reason: "the raw bytes beside the arguments are larger than their limit", mismatch: tooLarge(c.limits().BinaryBytes, ofBinary)}
	}
	if c.entered = s.budget.enter(c.size, app.limits.Concurrency, app.limits.PendingBytes); !c.entered {
		return &refusal{code: CodeBusy, reason: "the session has too many calls under way, or too many bytes of arguments"}
	}
	if own != nil {
		if !own.enter(c.size, cmp.Or(c.command.given.Concurrency, math.MaxInt), math.MaxInt) {
			return &refusal{code: CodeBusy, reason: "the command has too many calls under way"}
		}
		c.own = own
	}
	if !c.hidden {
		if refused := c.bind(s.link.Context(), now); refused != nil {
			return refused
		}
	}
	if refused := c.seat(); refused != nil {
		return refused
	}
	if !app.work.enter() {
		return &refusal{code: CodeClosed, reason: "the app is shutting down"}
	}
	return nil
}

// giveBack leaves every budget that the call has entered.
func (c *call) giveBack() {
	if c.bound != nil {
		c.bound.leave()
	}
	if c.own != nil {
		c.own.leave(c.size)
	}
	if c.entered {
		c.session.budget.leave(c.size)
	}
	if c.seated {
		c.session.feed.unseat()
	}
}

// release gives back what admit took, when nothing of the call runs any more. A
// resource that is closed with it may end the goroutine.
func (c *call) release() {
	defer c.leaveApp()
	if c.hold != 0 {
		c.session.link.Release(c.hold)
	}
	c.session.leave(c)
	if c.context.streams != nil {
		c.context.streams.release()
	}
	c.context.end(context.Canceled)
	c.settle()
	c.leaveResources()
}

func (c *call) leaveApp() {
	c.session.app.grants.release(c.grant.Load())
	c.shrink(0)
	c.giveBack()
	c.session.app.work.leave()
}

// quietly refuses a call over its limits, on record while the budget for that
// lasts.
func (s *session) quietly(c *call, r *refusal) {
	c.dropArgs()
	if !s.speak(&r.reason) {
		c.answerError(r)
		return
	}
	go func() {
		defer s.hush()
		c.end(r)
	}()
}

// What a hook may keep back, by the kind of the item.
var (
	keptUp   = [...]string{1: "the call", 2: "the call's cancellation", 5: "the emit", 6: "the listen", 7: "an item of the call's upload", 8: "the end of the call's upload", 9: "credit"}
	keptDown = [...]string{1: "the answer", 2: "the answer", 3: "an item", 4: "an event", 5: "the end of the items", 6: "credit", 7: "progress"}
)

// report puts on record what the frame says of its hook. Only the registered
// name of a command is taken over. False says that a request of that number
// came through or was reported before.
func (s *session) report(item isolation.Item) bool {
	if item.Kind == isolation.ItemReport && isRequest(isolation.ItemKind(item.What)) && !s.ids.take(item.ID) {
		return false
	}
	c := &call{session: s, number: item.ID, command: s.app.find(isolation.ItemKind(item.What), item.Command)}
	c.answered.Store(true) // by the frame
	c.record = s.newRecord(item.ID, c.command)
	c.record.ByFrame, c.record.Stage = true, audits.StageHook
	var reason string
	switch {
	case item.Kind == isolation.ItemHidden:
		reason = "the hook kept " + keptDown[item.What] + " back: " + item.Cause.String()
	case item.Cause == isolation.CauseDropped:
		c.record.ID = s.link.ID() + "-0"
		reason = "the frame dropped reports: " + strconv.FormatUint(uint64(item.ID), 10)
	default:
		reason = "the hook kept " + keptUp[item.What] + " back: " + item.Cause.String()
	}
	s.app.stats.refuse(CodeHookRefused)
	if s.speak(&reason) {
		go func() {
			defer s.hush()
			c.end(&refusal{code: CodeHookRefused, reason: reason})
		}()
	}
	return true
}

// isRequest reports whether items of a kind use up a number.
func isRequest(kind isolation.ItemKind) bool {
	return kind == isolation.ItemCall || kind == isolation.ItemEmit || kind == isolation.ItemListen
}

// speak reports whether one more cheap refusal may be put on record, and adds
// to its reason how many before it were not. Each true is followed by one hush.
func (s *session) speak(reason *string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.speaking == noiseAtOnce || !s.budget.noise.Allow() || !s.app.asides.enter() {
		s.unsaid++
		return false
	}
	s.speaking++
	if s.unsaid > 0 {
		*reason += "; " + unsaid(s.unsaid)
		s.unsaid = 0
	}
	return true
}

func (s *session) hush() {
	s.app.asides.leave()
	s.mu.Lock()
	s.speaking--
	s.mu.Unlock()
}

func unsaid(n uint64) string {
	return "before it, " + strconv.FormatUint(n, 10) + " refusals of this session were not recorded one by one"
}
