package core

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/schema"
)

// A call is one call item on its way through the pipeline, from its admission
// to its answer.
type call struct {
	session *session
	number  uint32   // within the session
	id      string   // what the page is told
	command *command // nil if no such command is registered
	rules   *ruleset // in force when it came in
	hidden  bool     // see App.hides
	args    []byte   // as opened, until parse is done with them
	target  string   // of an emit: the label of a window; "" is all

	sections  []isolation.Section // that go with args, until parse is done with them
	carries   []schema.Section    // of an emit: the same, its value's
	plaintext int                 // bytes of the batch that it came in
	wants     isolation.Wants     // of a call

	context callContext             // what its handler gets
	why     atomic.Pointer[refusal] // it was interrupted
	due     time.Time               // the page's own deadline, if it gave one
	mark    time.Time               // the end of the last stage; zero before serve

	size    int            // of args and sections, in the budgets
	entered bool           // the session's budget
	own     *budget        // of the command, where it has one and the call entered it
	bound   *bound         // by the policy's limits, likewise
	held    int            // of PendingResults
	hold    isolation.Hold // on the answers of its batch

	grant    atomic.Pointer[grant]    // by which it runs
	uses     atomic.Pointer[uses]     // resources; nil if there are none
	progress atomic.Pointer[progress] // nil if nothing was reported

	seated   bool      // a place among the session's listens is kept for it
	listener *listener // that it has made

	request   Request // made by decide
	record    audits.Record
	decided   bool        // an allow is on record
	answered  atomic.Bool // the page was told how it ended
	delivered bool        // and that it has its result
}

// A refusal is why a call ends without its handler's result.
type refusal struct {
	code    Code
	reason  string // for the record
	private bool   // reason may quote the page: it stays out of log and answer
	message string // for the page: what the handler marked as visible

	mismatch *audits.Mismatch // of arguments or a result that are not what they should be
	result   string           // the Go type of such a result
}

// errUnrecorded refuses what could not be written down. It is the one refusal
// that is not on record.
var errUnrecorded = &refusal{code: CodeUnavailable, reason: "the decision could not be recorded"}

// Run implements [isolation.Task].
func (c *call) Run() { c.serve() }

// serve runs a call to its end and answers it. Where interrupt was first, it
// has answered, and what is left is the record.
func (c *call) serve() {
	defer c.release()
	c.mark = time.Now()
	if late, _ := c.context.expire(c.mark); late { // before it began
		c.interrupt(timedOut)
	}
	ended := false
	defer func() {
		if !ended { // a panic, or runtime.Goexit
			c.end(c.broken(recover()))
		}
	}()
	answer, refused := c.pass()
	if refused == nil {
		c.finish(answer)
	} else {
		c.end(refused)
	}
	ended = true
}

// quick is how long a handler may take for its calls to be run where they were
// read. Longer ones would keep the session's next frame waiting.
const quick = 500 * time.Microsecond

// mayLinger reports whether the call had better have a goroutine of its own. A
// hidden one never runs, and takes the way of an unknown one.
func (c *call) mayLinger() bool {
	return c.context.streams != nil || !c.hidden && c.command.slow.Load()
}

// handle calls the handler, and notes whether it was quick.
func (c *call) handle(request *Request) (any, error) {
	var result any
	var err error
	if c.command.run != nil {
		result, err = c.command.run(c, request)
	} else {
		result, err = c.command.handler(&c.context, request)
	}
	c.lap(&c.record.Stages.Handler)
	if slow := c.record.Stages.Handler > quick; slow != c.command.slow.Load() {
		c.command.slow.Store(slow)
	}
	return result, err
}

// limits are the command's, for a hidden one the app's.
func (c *call) limits() *Limits {
	if c.hidden {
		return &c.session.app.limits
	}
	return &c.command.limits
}

// dropArgs clears the plaintext that the call came in. What was parsed of it is
// a copy, which the handler may keep; sections are its own by then.
func (c *call) dropArgs() {
	clear(c.args)
	clearSections(c.sections)
	c.args, c.sections = nil, nil
}

// lap ends a stage: it took as long as has gone by since the one before. One
// look at the clock for each is a tenth of a small call.
func (c *call) lap(stage *time.Duration) {
	now := time.Now()
	*stage += now.Sub(c.mark)
	c.mark = now
}

// interrupt ends the context of a call that nobody waits for any more, and
// answers it, however long its handler will go on. Only the first counts.
func (c *call) interrupt(why *refusal) { interruptAll([]*call{c}, why) }

// interruptAll ends all contexts before it answers any call: a page that does not
// read keeps the answer waiting, and must not keep its other calls running by that,
// nor those of others.
func interruptAll(calls []*call, why *refusal) {
	var first []*call
	for _, c := range calls {
		if c.why.CompareAndSwap(nil, why) {
			c.context.end(context.Canceled) // which a deadline has ended before, with its own error
			first = append(first, c)
		}
	}
	for _, c := range first {
		c.answerError(why)
	}
}

// over reports whether the call was interrupted or its context has ended.
func (c *call) over() bool { return c.why.Load() != nil || c.context.Err() != nil }

// The reasons of an interruption. When the session ends there is nobody left
// to be answered, so nothing but the context says so.
var (
	timedOut     = &refusal{code: CodeTimeout, reason: "the deadline passed"}
	cancelled    = &refusal{code: CodeCancelled, reason: "the page cancelled the call"}
	shutDown     = &refusal{code: CodeClosed, reason: "the app shut down"}
	sessionEnded = &refusal{code: CodeCancelled, reason: "the session ended"}
)

// interrupted says why the context ended.
func (c *call) interrupted() *refusal {
	if why := c.why.Load(); why != nil {
		return why
	}
	if c.context.Err() == context.DeadlineExceeded { // the alarm has not come to telling it yet
		return timedOut
	}
	return sessionEnded
}

// finish records that the call is done, then answers it: what a page has seen
// is on record.
func (c *call) finish(answer []byte) {
	c.record.Verdict, c.record.Code, c.record.Reason = audits.VerdictDone, "", ""
	c.keep(context.Background(), c.session.app.recorder.Outcome)
	c.session.app.stats.done.Add(1)
	if c.answered.Swap(true) {
		clear(answer)
		return
	}
	c.delivered = true
	c.endProgress()
	if st := c.context.streams; st != nil && st.out != nil {
		c.write(isolation.AppendEnd(nil, c.number, st.out.end()))
	}
	c.write(answer)
}

// end records that the call is over without a result, then answers it.
func (c *call) end(r *refusal) {
	app := c.session.app
	c.record.Code, c.record.Reason, c.record.Mismatch = string(r.code), r.reason, r.mismatch
	keep := app.recorder.Decide
	switch {
	case c.decided:
		keep = app.recorder.Outcome
		c.record.Verdict = outcomeVerdict(r.code)
	case r.code == CodeDenied:
		c.record.Verdict = audits.VerdictDeny
	default:
		c.record.Verdict = audits.VerdictRefuse
	}
	c.log(r)
	if r != errUnrecorded && !c.keep(context.Background(), keep) && !c.decided {
		r = errUnrecorded
	}
	c.answerError(r)
}

func outcomeVerdict(code Code) string {
	switch code {
	case CodeTimeout, CodeCancelled, CodeClosed:
		return audits.VerdictCancelled
	}
	return audits.VerdictFailed
}

// keep hands the record to the recorder and reports whether that has it.
func (c *call) keep(ctx context.Context, with func(context.Context, *audits.Record) error) (kept bool) {
	app := c.session.app
	if c.decided && c.context.streams != nil {
		c.context.streams.count(&c.record)
	}
	if c.record.Time = c.mark; c.mark.IsZero() { // refused before it was served
		c.record.Time = time.Now()
	}
	mine := c.record
	defer func() {
		c.record = mine // whose call it is, and its id, are not for a recorder to change
		if value := recover(); value != nil {
			app.log.Error("core: the recorder panicked; the call is refused", "call", c.record.ID,
				"panic", panicText(value), "stack", string(debug.Stack()))
		}
	}()
	if err := with(ctx, &c.record); err != nil {
		app.log.Error("core: the record could not be written", "call", mine.ID, "verdict", mine.Verdict, "err", err)
		return false
	}
	return true
}

// answerError tells the page, once.
func (c *call) answerError(r *refusal) {
	if c.answered.Swap(true) {
		return
	}
	c.endProgress()
	app := c.session.app
	app.stats.refuse(r.code)
	message := r.message
	if message == "" && r.code == CodeInvalidArgs && app.development && !r.private {
		message = r.reason
	}
	if err := c.session.link.Write(isolation.AppendError(nil, c.number, errorJSON(r.code, c.id, message))); err != nil {
		// Small frames don't hold every message, but an answer without one.
		c.write(isolation.AppendError(nil, c.number, errorJSON(r.code, c.id, "")))
	}
}

func (c *call) write(item []byte) {
	if err := c.session.link.Write(item); err != nil { // the limits are checked against MaxFrame at start
		c.session.app.log.Error("core: the answer could not be sent", "call", c.id, "err", err)
	}
}

// log tells the developer. Nothing in the line is of the page's making: the
// call's id, a registered name, codes, and reasons written by this module.
func (c *call) log(r *refusal) {
	level := slog.LevelWarn
	if r.code == CodeInternal || r.code == CodeUnavailable {
		level = slog.LevelError
	} else if r.code == CodeCancelled {
		level = slog.LevelInfo
	}
	log := c.session.app.log
	if !log.Enabled(c.session.link.Context(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("call", c.record.ID),
		slog.String("window", c.record.Window),
		slog.String("command", c.record.Command),
		slog.String("code", string(r.code)),
		slog.String("stage", c.record.Stage),
	}
	switch {
	case !r.private:
		attrs = append(attrs, slog.String("reason", r.reason))
	case r.code == CodeInternal:
		attrs = append(attrs, slog.String("reason", "the arguments fit the command's schema and not its Go type; the record says where"))
	}
	attrs = append(attrs, mismatchAttrs(r.mismatch)...)
	text := "core: call refused"
	if r.result != "" {
		text = "core: bug: a handler's result is not fit for the page"
		attrs = append(attrs, slog.String("type", r.result))
	}
	if len(c.record.Rules) > 0 {
		rule := c.record.Rules[0]
		attrs = append(attrs, slog.String("rule", rule.File+":"+strconv.Itoa(rule.Line)))
	}
	if c.record.Nearest != nil {
		attrs = append(attrs, slog.String("nearest", attr(c.record.Nearest)))
	}
	log.LogAttrs(c.session.link.Context(), level, text, attrs...)
}

// failed is a handler's error.
func (c *call) failed(err error) *refusal {
	r := &refusal{code: CodeFailed, reason: "the handler returned an error of type " + errorTypes(err), message: visibleMessage(err)}
	var args *argsError
	if errors.As(err, &args) { // a bug: the schema takes what the handler's type can't
		r.code, r.private, r.message = CodeInternal, true, ""
		r.reason = args.Error()
	}
	if c.session.app.development {
		// Quoted and cut: the text may be the page's.
		c.session.app.log.Warn("core: a handler's error", "call", c.record.ID, "command", c.record.Command, "err", quoted(err))
	}
	return r
}

// unfit is a result, or an item of a stream, that the page must not get: a bug of
// the handler or of its schema. wrong is what the schema finds; nil where the result did
// not become JSON at all, whose error may hold any other, with any words.
func (c *call) unfit(what, name string, limit int, err error, wrong *audits.Mismatch) *refusal {
	reason := "it can't be encoded as JSON: an error of type " + errorTypes(err)
	if c.session.app.development {
		// Quoted and cut, as a handler's error is.
		c.session.app.log.Warn("core: a handler's "+what, "call", c.record.ID, "command", c.record.Command, "err", quoted(err))
	}
	unfit, ours := err.(*schema.EncodeError)
	switch {
	case errors.Is(err, errResultSize):
		reason, wrong = "it is larger than its limit", tooLarge(limit, ofJSON)
	case errors.Is(err, errBinarySize):
		reason, wrong = "its raw bytes are larger than their limit", tooLarge(c.limits().BinaryBytes, ofBinary)
	case errors.Is(err, errSectionCount):
		reason, wrong = "its raw bytes are in too many parts", tooLarge(isolation.MaxSections, ofParts)
	case errors.Is(err, errFrameSize):
		reason, wrong = "its JSON text and its raw bytes together fit no frame", tooLarge(c.session.app.room, ofFrame)
	case ours:
		bare := *unfit
		bare.Err = nil // its words may be the page's
		if reason = bare.Error(); unfit.Err != nil {
			reason += ", an error of type " + errorTypes(unfit.Err)
		}
		wrong = unencodable(unfit)
	case wrong != nil:
		reason = err.Error() // made of the schema's words alone
	}
	return &refusal{
		code: CodeInternal, reason: "the handler's " + what + " is not fit for the page: " + reason,
		mismatch: wrong, result: name,
	}
}

// broken is a panic in the call's goroutine: the handler's, or ours. A nil
// value means that the goroutine was made to exit.
func (c *call) broken(value any) *refusal {
	r := &refusal{code: CodeInternal, reason: "the handler ended its goroutine"}
	if c.record.Stage == audits.StageDispatch {
		c.lap(&c.record.Stages.Handler)
	}
	if value != nil {
		r.reason = "a panic in stage " + c.record.Stage + ": " + panicText(value)
		c.session.app.log.Error("core: panic", "call", c.record.ID, "command", c.record.Command,
			"panic", panicText(value), "stack", string(debug.Stack()))
	}
	if !c.decided && c.record.Stage == audits.StagePolicy {
		r.code = CodeDenied
	}
	return r
}

// typeName is how Go calls a result's type. That of an unnamed struct is as long as the struct.
func typeName(result any) string {
	name := fmt.Sprintf("%T", result)
	if r, ok := result.(encodable); ok {
		name = r.name()
	}
	return cutName(name)
}

func cutName(name string) string { return name[:min(len(name), 256)] }

func quoted(err error) string {
	text := err.Error()
	return fmt.Sprintf("%+q", text[:min(len(text), 512)])
}
