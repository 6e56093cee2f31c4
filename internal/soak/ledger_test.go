package soak

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/core"
)

// A ledger has all that is known of every request: what its page says, which
// handlers ran, and the record. Settle compares them and forgets.
type ledger struct {
	mu       sync.Mutex
	fates    map[string]*fate    // by token
	entries  map[string]*entry   // by id in the record
	listens  map[string]*listens // by document
	chats    map[string]int      // by document: the last that the core's listener heard
	problems []string

	left                int            // documents of the main window that were left, whose last words may be lost
	codes               map[string]int // how requests ended, by code, over all
	calls, events, runs int            // over all
}

// A fate is one request as its page and its handler have it.
type fate struct {
	document, command string
	begun, ended      bool
	code, id          string
	ran               []string // ids
}

// An entry is what the record has under one id.
type entry struct {
	window, command, verdict, code string
	decisions, outcomes            int
	outcome                        string
	claimed                        bool
}

// Listens have no arguments, hence no token: they are counted.
type listens struct{ begun, succeeded int }

func newLedger() *ledger {
	return &ledger{fates: map[string]*fate{}, entries: map[string]*entry{}, listens: map[string]*listens{}, chats: map[string]int{}, codes: map[string]int{}}
}

func (l *ledger) problem(format string, args ...any) {
	l.problems = append(l.problems, fmt.Sprintf(format, args...))
}

// document is that of a token.
func document(token string) string {
	doc, _, _ := strings.Cut(token, "-")
	return doc
}

func (l *ledger) fate(token string) *fate {
	f := l.fates[token]
	if f == nil {
		f = &fate{document: document(token)}
		l.fates[token] = f
	}
	return f
}

// say takes what a page reports.
func (l *ledger) say(text string) {
	var words []string
	if err := json.Unmarshal([]byte(text), &words); err != nil || len(words) < 2 {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.problem("a page reports %q", text)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch words[0] {
	case "begin":
		f := l.fate(words[1])
		f.begun, f.command = true, words[2]
		l.calls++
	case "end":
		f := l.fate(words[1])
		if f.ended {
			l.problem("%s %s ended twice: %s, then %s", f.command, words[1], f.code, words[2])
		}
		f.ended, f.code, f.id = true, words[2], words[3]
		l.codes[f.code]++
	case "listen":
		of := l.listens[words[1]]
		if of == nil {
			of = &listens{}
			l.listens[words[1]] = of
		}
		if words[2] == "begin" {
			of.begun++
		} else {
			of.succeeded++
		}
	default:
		l.problem("a page says: %s", strings.Join(words, " "))
	}
}

// observe is told of every handler, emit and listen right before it runs.
func (l *ledger) observe(r *core.Request) {
	field, ok := r.Args.Field("t")
	if !ok {
		return // a listen
	}
	l.run(field.Text(), r.ID)
}

func (l *ledger) run(token, id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.fate(token)
	f.ran = append(f.ran, id)
	l.runs++
}

// hearChat is the core's own listener.
func (l *ledger) hearChat(_ context.Context, r core.Received[chat]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	doc := document(r.Payload.Token)
	if r.Window != r.Payload.Label {
		l.problem("an event of window %q is said to be of %q", r.Payload.Label, r.Window)
	}
	if r.Payload.N <= l.chats[doc] {
		l.problem("the core heard event %d of %s after %d", r.Payload.N, doc, l.chats[doc])
	}
	l.chats[doc] = r.Payload.N
	l.events++
}

func (l *ledger) entry(r *audits.Record) *entry {
	e := l.entries[r.ID]
	if e == nil {
		e = &entry{window: r.Window, command: r.Command}
		l.entries[r.ID] = e
	}
	return e
}

// Decide implements audits.Recorder.
func (l *ledger) Decide(_ context.Context, r *audits.Record) error {
	if r.ByFrame || strings.HasSuffix(r.ID, "-0") { // the hook's, or a sum of others
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entry(r)
	e.decisions++
	e.verdict, e.code = r.Verdict, r.Code
	return nil
}

// Outcome implements audits.Recorder.
func (l *ledger) Outcome(_ context.Context, r *audits.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entry(r)
	e.outcomes++
	e.outcome = r.Verdict
	return nil
}

// Event implements audits.Recorder.
func (l *ledger) Event(context.Context, *audits.Record) error { return nil }

// leave is told of each document of the main window that is left.
func (l *ledger) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left++
}

// open are the requests of a document that are not over.
func (l *ledger) open(documents []string) (some []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for token, f := range l.fates {
		if f.begun && !f.ended && slices.Contains(documents, f.document) {
			some = append(some, f.command+" "+token)
		}
	}
	return some
}

// settle compares everything at a moment of rest. The documents are those that
// are there; all others have gone, with what they would have said.
func (l *ledger) settle(documents []string) (problems []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	uncertain := 0
	for token, f := range l.fates {
		if f.settle(l, token, slices.Contains(documents, f.document)) {
			uncertain++
		}
	}
	var begun, succeeded, listened, refused int
	for _, of := range l.listens {
		begun += of.begun
		succeeded += of.succeeded
	}
	for id, e := range l.entries {
		switch {
		case e.decisions != 1:
			l.problem("%s %s has %d decisions", e.command, id, e.decisions)
		case e.verdict == audits.VerdictAllow && e.outcomes != 1:
			l.problem("%s %s of window %s was allowed and has %d outcomes", e.command, id, e.window, e.outcomes)
		case e.verdict != audits.VerdictAllow && e.outcomes != 0:
			l.problem("%s %s was not allowed and has an outcome", e.command, id)
		case e.claimed:
		case e.command == "sallyport:listen" && e.verdict == audits.VerdictAllow:
			listened++
		case e.verdict == audits.VerdictAllow && e.outcome != audits.VerdictCancelled:
			l.problem("%s %s was allowed, was not cancelled before its handler ran, and is nobody's call", e.command, id)
		default: // refused, or cancelled while the decision was recorded
			refused++
		}
	}
	if refused > uncertain {
		l.problem("%d requests on record did not run, and only %d can't say how they ended", refused, uncertain)
	}
	if listened < succeeded || listened > begun+l.left {
		l.problem("%d listens are on record; pages began %d, and %d succeeded", listened, begun, succeeded)
	}
	l.left = 0
	clear(l.fates)
	clear(l.entries)
	clear(l.listens)
	for doc := range l.chats {
		if !slices.Contains(documents, doc) {
			delete(l.chats, doc)
		}
	}
	problems, l.problems = l.problems, nil
	return problems
}

// settle judges one request and claims its entries. True says that its page
// can't know how it ended.
func (f *fate) settle(l *ledger, token string, there bool) (uncertain bool) {
	what := f.command + " " + token
	if f.command == "" {
		what = "the unreported " + token
	}
	if len(f.ran) > 1 {
		l.problem("%s ran %d times: %v", what, len(f.ran), f.ran)
	}
	var e *entry
	if f.id != "" && l.entries[f.id] != nil {
		e = l.entries[f.id]
		e.claimed = true
	}
	for _, id := range f.ran {
		if l.entries[id] == nil {
			l.problem("%s ran as %s without a record", what, id)
			continue
		}
		e = l.entries[id]
		if e.claimed && f.id != id {
			l.problem("%s and another ran as %s", what, id)
		}
		e.claimed = true
	}
	switch {
	case there && !f.begun:
		l.problem("%s was never made by its page", what)
		return false
	case !f.ended && !there:
		return true // gone with its page
	case !f.ended:
		l.problem("%s is lost: its page never learned how it ended", what)
		return false
	}
	ran := len(f.ran) > 0
	switch f.code {
	case "ok":
		if !ran || e != nil && e.outcome != audits.VerdictDone {
			l.problem("%s succeeded in the page; ran %v, record %+v", what, f.ran, e)
		}
	case "failed":
		if !ran || e != nil && e.outcome != audits.VerdictFailed {
			l.problem("%s failed in the page; ran %v, record %+v", what, f.ran, e)
		}
	case "denied", "invalid_args", "hook_refused", "rate_limited", "busy", "too_large":
		if ran || e != nil && e.code != f.code {
			l.problem("%s was refused with %s in the page; ran %v, record %+v", what, f.code, f.ran, e)
		}
	case "cancelled", "timeout", "unknown_outcome":
		return true
	case "closed":
		if there {
			l.problem("the session of %s is over", what)
		}
		return true
	default:
		l.problem("%s ended with %s", what, f.code)
	}
	return false
}
