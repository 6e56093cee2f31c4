package bench

import (
	"context"
	"sync"

	"github.com/sallyport/sallyport/core"
)

// findings are what the page reports, in microseconds.
type findings struct {
	Rows    []finding `json:"rows"`
	Problem string    `json:"problem"`

	firsts []first // of the documents up to this one
}

// A finding is one variant of one case.
type finding struct {
	Case        string  `json:"case"`
	Variant     string  `json:"variant"`
	P50         float64 `json:"p50"`
	P95         float64 `json:"p95"`
	P99         float64 `json:"p99"`
	PerSecond   float64 `json:"perSecond"`
	MBPerSecond float64 `json:"mbPerSecond"`
	Missed      int     `json:"missed"`
}

// A first is how long a document waited for its first answer.
type first struct {
	SinceScript     float64 `json:"sinceScript"`     // from the page's own script, in microseconds
	SinceNavigation float64 `json:"sinceNavigation"` // from the start of the navigation
}

// A next tells a document whether to load itself anew, or to go on.
type next struct {
	Again bool `json:"again"`
}

// A listener is what the page tells of itself.
type listener struct {
	documents int // that are to be loaded
	browser   string
	progress  func(string)
	reports   chan findings

	mu     sync.Mutex
	firsts []first
}

func (l *listener) register(app *core.App) {
	core.Command(app, "bench.arrived", l.arrived)
	core.Command(app, "bench.begin", l.begin)
	core.Command(app, "bench.report", l.report)
}

func (l *listener) arrived(_ context.Context, f first) (next, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.firsts = append(l.firsts, f)
	return next{len(l.firsts) < l.documents}, nil
}

func (l *listener) begin(_ context.Context, s size) (struct{}, error) {
	l.progress(s.Case + " in " + l.browser)
	return struct{}{}, nil
}

func (l *listener) report(_ context.Context, f findings) (struct{}, error) {
	l.mu.Lock()
	f.firsts = l.firsts
	l.mu.Unlock()
	select {
	case l.reports <- f:
	default: // only the first counts
	}
	return struct{}{}, nil
}
