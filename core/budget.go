package core

import (
	"iter"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"
)

// A budget is what one session may still use. It outlives its session: see
// window.
type budget struct {
	rate  *rate.Limiter // calls
	noise *rate.Limiter // records of refusals that cost the page nothing

	results *semaphore.Weighted // bytes of results being encoded, judged and recorded

	mu      sync.Mutex
	calls   int // under way
	pending int // bytes of their arguments
}

func newBudget(l Limits) *budget {
	return &budget{
		rate:  rate.NewLimiter(rate.Limit(l.CallsPerSecond), l.Burst),
		noise: rate.NewLimiter(noisePerSecond, noiseBurst),

		results: semaphore.NewWeighted(int64(l.PendingResults)),
	}
}

// commandBudget is for a command whose limits, as they were given, bound rate
// or concurrency; others need none.
func commandBudget(given Limits) *budget {
	if given.CallsPerSecond == 0 && given.Concurrency == 0 {
		return nil
	}
	b := &budget{rate: rate.NewLimiter(rate.Inf, 0)}
	if given.CallsPerSecond > 0 {
		given = given.withDefaults()
		b.rate = rate.NewLimiter(rate.Limit(given.CallsPerSecond), given.Burst)
	}
	return b
}

// enter counts a call with n bytes of arguments as under way, or reports that
// there is no room for it.
func (b *budget) enter(n, calls, bytes int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.calls >= calls || n > bytes-b.pending {
		return false
	}
	b.calls++
	b.pending += n
	return true
}

// hold counts n bytes that were uploaded and wait to be read, or reports that
// there is no room for them.
func (b *budget) hold(n, bytes int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n > bytes-b.pending {
		return false
	}
	b.pending += n
	return true
}

// drop gives back what hold took.
func (b *budget) drop(n int) {
	b.mu.Lock()
	b.pending -= n
	b.mu.Unlock()
}

func (b *budget) leave(n int) {
	b.mu.Lock()
	b.calls--
	b.pending -= n
	b.mu.Unlock()
}

// rested reports whether the budget is as good as a new one.
func (b *budget) rested(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.calls == 0 && full(b.rate, now) && full(b.noise, now)
}

func full(l *rate.Limiter, now time.Time) bool { return l.TokensAt(now) >= float64(l.Burst()) }

// A window is what the core keeps for one label for the app's whole life.
type window struct {
	label   string
	origin  string
	given   string             // the origin, if the configuration says it; "" if it is minted for a run
	own     map[string]*budget // by key, of commands with limits of their own; fixed
	bounds  map[string]*bound  // by key, of all commands, by the policy's limits; fixed
	prompts *rate.Limiter      // questions to the user

	mu   sync.Mutex
	free []*budget // of ended sessions, the latest last
}

func newWindow(label, origin string, commands iter.Seq2[string, *command]) *window {
	w := &window{label: label, origin: origin, own: make(map[string]*budget), bounds: make(map[string]*bound), prompts: newPromptRate()}
	for key, c := range commands {
		w.bounds[key] = new(bound)
		if b := commandBudget(c.given); b != nil {
			w.own[key] = b
		}
	}
	return w
}

// borrow gives a new session its budget: the one that was returned last, so
// that a page which asks for frame after frame goes on where it stopped.
// There are never more budgets than there were sessions at one time.
func (w *window) borrow(l Limits) *budget {
	w.mu.Lock()
	defer w.mu.Unlock()
	if last := len(w.free) - 1; last >= 0 {
		b := w.free[last]
		w.free = w.free[:last]
		return b
	}
	return newBudget(l)
}

// giveBack keeps an ended session's budget for as long as it differs from a
// new one.
func (w *window) giveBack(b *budget, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	kept := w.free[:0]
	for _, f := range w.free {
		if !f.rested(now) {
			kept = append(kept, f)
		}
	}
	clear(w.free[len(kept):])
	w.free = append(kept, b)
}
