package demo

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/core"
	"github.com/sallyport/sallyport/isolation"
)

// A ledger keeps every record of the core, for the verdicts and for the bars
// of the page. It is safe for concurrent use.
type ledger struct {
	mu      sync.Mutex
	records []audits.Record
}

var _ audits.Recorder = (*ledger)(nil)

// Decide keeps a decision.
func (l *ledger) Decide(_ context.Context, r *audits.Record) error {
	return l.keep(r, audits.KindDecision)
}

// Outcome keeps how an allowed call ended.
func (l *ledger) Outcome(_ context.Context, r *audits.Record) error {
	return l.keep(r, audits.KindOutcome)
}

func (l *ledger) keep(r *audits.Record, kind string) error {
	kept := *r
	kept.Kind = kind
	kept.Rules = slices.Clone(r.Rules)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records = append(l.records, kept)
	return nil
}

func (l *ledger) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.records)
}

// since returns the records from the n-th on, without those of the demo's own
// commands.
func (l *ledger) since(n int) []audits.Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	var records []audits.Record
	for _, r := range l.records[n:] {
		if !strings.HasPrefix(r.Command, "demo.") {
			records = append(records, r)
		}
	}
	return records
}

// A discard is one request that the boundary threw something of away.
type discard struct {
	reasons map[string]uint64
	took    time.Duration
}

// A turnstile stands before the page host and watches what relay requests come
// to: it is how long a discard takes, which the core has no record of. Safe
// for concurrent use.
type turnstile struct {
	app  *core.App
	next http.Handler

	mu       sync.Mutex
	discards []discard
}

// maxCarried is more than the relay takes.
const maxCarried = 8 << 20

// ServeHTTP passes every request on.
func (t *turnstile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, "/.sallyport/relay/") {
		t.next.ServeHTTP(w, r)
		return
	}
	// Read before the clock starts: a slow browser is not the core's time.
	body, err := io.ReadAll(io.LimitReader(r.Body, maxCarried))
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if len(body) == 0 { // a poll, which carries nothing and waits
		t.next.ServeHTTP(w, r)
		return
	}
	t.timed(func() { t.next.ServeHTTP(w, r) })
}

// timed notes what was discarded while do ran. Where two run at once, each
// notes what both came to.
func (t *turnstile) timed(do func()) {
	before := t.app.Stats().Boundary.Discarded
	began := time.Now()
	do()
	took := time.Since(began)
	reasons := rise(before, t.app.Stats().Boundary.Discarded)
	if len(reasons) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.discards = append(t.discards, discard{reasons, took})
}

func (t *turnstile) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.discards)
}

func (t *turnstile) since(n int) []discard {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.discards[n:])
}

// rise is by how much each counter rose.
func rise(before, after map[string]uint64) map[string]uint64 {
	up := maps.Clone(after)
	for reason, n := range before {
		if up[reason] -= n; up[reason] == 0 {
			delete(up, reason)
		}
	}
	return up
}

// A mark is where an attack began in everything that only grows.
type mark struct {
	direct, ran, records, discards int
	boundary                       map[string]uint64
	sessions                       uint64
}

// Evidence is all that is known of what happened during one attack.
type evidence struct {
	plain, isolated *world
	direct          []effect          // of the unprotected handlers
	ran             []effect          // of the protected ones
	records         []audits.Record   // of the core
	discarded       map[string]uint64 // by the boundary, with its reasons
	discards        []discard         // those with a known time
	opened          uint64            // sessions
}

func (d *demo) mark() mark {
	stats := d.app.Stats().Boundary
	return mark{
		direct: d.plain.count(), ran: d.isolated.count(), records: d.ledger.count(), discards: d.turnstile.count(),
		boundary: stats.Discarded, sessions: opened(stats),
	}
}

func (d *demo) since(m mark) evidence {
	stats := d.app.Stats().Boundary
	return evidence{
		plain: d.plain, isolated: d.isolated,
		direct: d.plain.since(m.direct), ran: d.isolated.since(m.ran), records: d.ledger.since(m.records),
		discarded: rise(m.boundary, stats.Discarded), discards: d.turnstile.since(m.discards),
		opened: opened(stats) - m.sessions,
	}
}

// opened is how many sessions there ever were.
func opened(s isolation.Stats) uint64 {
	n := uint64(s.Sessions)
	for _, ended := range s.Ended {
		n += ended
	}
	return n
}

// did counts the effects of a method on a path; "" is any path.
func did(effects []effect, method, path string) int {
	n := 0
	for _, e := range effects {
		if e.method == method && (path == "" || e.path == path) {
			n++
		}
	}
	return n
}
