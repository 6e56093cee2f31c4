package demo

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/isolation"
)

// A list only grows. It is safe for concurrent use.
type list[T any] struct {
	mu    sync.Mutex
	items []T
}

func (l *list[T]) add(item T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.items = append(l.items, item)
}

func (l *list[T]) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.items)
}

// since returns the items from the n-th on.
func (l *list[T]) since(n int) []T {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.items[n:])
}

// A ledger keeps every record of the core, for the verdicts and for the bars
// of the page. It is safe for concurrent use.
type ledger struct{ records list[audits.Record] }

var _ audits.Recorder = (*ledger)(nil)

// Decide keeps a decision.
func (l *ledger) Decide(_ context.Context, r *audits.Record) error {
	return l.keep(r, audits.KindDecision)
}

// Outcome keeps how an allowed call ended.
func (l *ledger) Outcome(_ context.Context, r *audits.Record) error {
	return l.keep(r, audits.KindOutcome)
}

// Event drops what is about no call: the demo's permissions don't change.
func (l *ledger) Event(context.Context, *audits.Record) error { return nil }

func (l *ledger) keep(r *audits.Record, kind string) error {
	kept := *r
	kept.Kind = kind
	kept.Rules = slices.Clone(r.Rules)
	l.records.add(kept)
	return nil
}

func (l *ledger) count() int { return l.records.count() }

// since returns the records from the n-th on, without those of the demo's own
// commands.
func (l *ledger) since(n int) []audits.Record {
	return slices.DeleteFunc(l.records.since(n), func(r audits.Record) bool { return strings.HasPrefix(r.Command, "demo.") })
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
	direct, callers, ran, records, discards int
	boundary                                map[string]uint64
	sessions                                uint64
}

// Evidence is all that is known of what happened during one attack.
type evidence struct {
	plain, isolated *world
	direct          []effect          // of the unprotected handlers
	callers         []caller          // who called them
	ran             []effect          // of the protected ones
	records         []audits.Record   // of the core
	discarded       map[string]uint64 // by the boundary, with its reasons
	discards        []discard         // those with a known time
	opened          uint64            // sessions
	said            string            // by the other site's page; "" for nothing
}

func (d *demo) mark() mark {
	stats := d.app.Stats().Boundary
	return mark{
		direct: d.plain.effects.count(), callers: d.binding.callers.count(), ran: d.isolated.effects.count(),
		records: d.ledger.count(), discards: d.turnstile.discards.count(),
		boundary: stats.Discarded, sessions: opened(stats),
	}
}

func (d *demo) since(m mark) evidence {
	stats := d.app.Stats().Boundary
	return evidence{
		plain: d.plain, isolated: d.isolated,
		direct: d.plain.effects.since(m.direct), callers: d.binding.callers.since(m.callers),
		ran: d.isolated.effects.since(m.ran), records: d.ledger.since(m.records),
		discarded: rise(m.boundary, stats.Discarded), discards: d.turnstile.discards.since(m.discards),
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
