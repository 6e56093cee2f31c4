package fuzz

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/core"
	"github.com/sallyport/sallyport/isolation"
)

// evidence is what the app itself shows of each call: the decisions that it
// recorded and the requests that its handlers got. It is the recorder.
type evidence struct {
	mu       sync.Mutex
	decided  map[string]audits.Record
	outcome  map[string]audits.Record
	ran      map[string]ran
	windows  map[string]bool // that there are
	problems []string
	handled  int // requests that reached a handler of the app's, ever
}

// ran is a request on its way into a handler.
type ran struct {
	command string
	event   string // of an emit and a listen
	target  string // of an emit
	args    string

	sections []isolation.Section
}

func newEvidence() *evidence {
	return &evidence{decided: map[string]audits.Record{}, outcome: map[string]audits.Record{}, ran: map[string]ran{}, windows: map[string]bool{}}
}

func subject(command, event string) string { return strings.TrimSpace(command + " " + event) }

// Decide implements audits.Recorder.
func (e *evidence) Decide(_ context.Context, r *audits.Record) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if r.ByFrame || strings.HasSuffix(r.ID, "-0") { // about the hook, or about no call of its own
		return nil
	}
	if _, twice := e.decided[r.ID]; twice {
		e.problems = append(e.problems, fmt.Sprintf("call %s was decided twice", r.ID))
	}
	e.decided[r.ID] = *r
	return nil
}

// Outcome implements audits.Recorder.
func (e *evidence) Outcome(_ context.Context, r *audits.Record) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.outcome[r.ID] = *r
	return nil
}

// Event implements audits.Recorder: what is permitted may change in an app under
// attack too.
func (e *evidence) Event(context.Context, *audits.Record) error { return nil }

// observe is called with each request right before its handler.
func (e *evidence) observe(r *core.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	decision, recorded := e.decided[r.ID]
	switch {
	case !recorded || decision.Verdict != audits.VerdictAllow:
		e.problems = append(e.problems, fmt.Sprintf("the handler of %s ran without an allow on record (call %s)", r.Command, r.ID))
	case decision.Command != r.Command || decision.Event != r.Event || decision.Window != r.Window || decision.Session != r.Session:
		e.problems = append(e.problems, fmt.Sprintf("call %s was allowed as %s of %s, and ran as %s of %s", r.ID, subject(decision.Command, decision.Event), decision.Window, subject(r.Command, r.Event), r.Window))
	case e.windows[r.Target] && decision.Target != r.Target:
		e.problems = append(e.problems, fmt.Sprintf("the emit %s of %s is for %s, and was allowed as one for %q", r.ID, r.Event, r.Target, decision.Target))
	}
	if _, twice := e.ran[r.ID]; twice {
		e.problems = append(e.problems, fmt.Sprintf("call %s ran twice", r.ID))
	}
	if r.Event == "" {
		e.handled++
	}
	e.ran[r.ID] = ran{r.Command, r.Event, r.Target, string(r.Args.AppendJSON(nil)), seenSections(r.Args)}
}

// reached is how many requests reached a handler of the app's.
func (e *evidence) reached() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.handled
}

// of is what is known of one call.
func (e *evidence) of(id string) (r ran, didRun bool, outcome audits.Record) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r, didRun = e.ran[id]
	return r, didRun, e.outcome[id]
}

// allowed reports whether an allow of a request is on record.
func (e *evidence) allowed(id string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.decided[id].Verdict == audits.VerdictAllow
}

// knows reports whether a call was decided on or run.
func (e *evidence) knows(id string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, decided := e.decided[id]
	_, ran := e.ran[id]
	return decided || ran
}

// take returns the problems seen and forgets everything, for the next
// scenario.
func (e *evidence) take() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	problems := e.problems
	e.problems = nil
	clear(e.decided)
	clear(e.outcome)
	clear(e.ran)
	return problems
}
