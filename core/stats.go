package core

import (
	"maps"
	"slices"
	"sync/atomic"

	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/policy"
)

// Stats counts what the app has done since it was made.
type Stats struct {
	Calls    uint64          // call items that were opened
	Done     uint64          // calls whose handler returned a result
	UnderWay int             // calls admitted and not over
	Refused  map[Code]uint64 // calls by the code that the page got; hook refusals as the frame reports them
	Policy   policy.Stats    // of the capabilities in force; what is prepared of them, and whether it can be trusted
	Boundary isolation.Stats // sessions, and what was discarded unopened
	Foreign  uint64          // connections that Run closed unread: another user's, or nobody knows whose

	Listeners int // of pages, that stand
}

// Stats counts what the app has done since it was made.
func (app *App) Stats() Stats {
	s := Stats{
		Calls:    app.stats.calls.Load(),
		Done:     app.stats.done.Load(),
		UnderWay: int(app.work.count.Load()),
		Refused:  make(map[Code]uint64),
	}
	if rules := app.policy.Load(); rules.loaded != nil {
		s.Policy = rules.loaded.Stats()
	}
	for code, n := range app.stats.refused {
		if n := n.Load(); n > 0 {
			s.Refused[code] = n
		}
	}
	s.Listeners = app.listening()
	if gate := app.gate.Load(); gate != nil {
		s.Boundary = gate.Stats()
	}
	if loopback := app.loopback.Load(); loopback != nil {
		s.Foreign = loopback.Refused()
	}
	return s
}

// listening is how many pages' listeners events reach.
func (app *App) listening() (n int) {
	app.mu.Lock()
	events := slices.Collect(maps.Values(app.events)) // more may be declared before the start
	app.mu.Unlock()
	for _, e := range events {
		e.mu.RLock()
		n += len(e.pages)
		e.mu.RUnlock()
	}
	return n
}

type counters struct {
	calls, done *atomic.Uint64
	refused     map[Code]*atomic.Uint64 // fixed keys
}

func newCounters() counters {
	c := counters{calls: new(atomic.Uint64), done: new(atomic.Uint64), refused: make(map[Code]*atomic.Uint64)}
	for _, code := range []Code{
		CodeHookRefused, CodeInvalidArgs, CodeDenied, CodeTooLarge, CodeRateLimited, CodeBusy, CodeTimeout,
		CodeCancelled, CodeFailed, CodeInternal, CodeUnavailable, CodeClosed,
	} {
		c.refused[code] = new(atomic.Uint64)
	}
	return c
}

func (c counters) refuse(code Code) { c.refused[code].Add(1) }
