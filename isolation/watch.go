package isolation

import (
	"sync"
	"time"
)

// A watch tells when a piece of work takes longer than it may: late is called,
// in a goroutine of its own and once for that piece, after between one and two
// times within.
//
// It is for work that is short and frequent. A timer for each piece, as a
// context with a time-out has it, would be the earliest of its processor and
// wake a thread to wait for it, which costs more than the work. The timer of a
// watch is set once and looks again as long as it finds anything going on.
type watch struct {
	within time.Duration
	late   func()

	mu     sync.Mutex
	timer  *time.Timer
	set    bool   // the timer is running
	over   bool   // nothing is watched any more
	turn   uint64 // of the piece under way, or of the last one
	busy   bool   // a piece is under way and in time
	looked uint64 // the turn that the timer saw last
}

// begin starts a piece of work. Pieces of one watch don't overlap.
func (w *watch) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy = true
	w.turn++
	if w.set || w.over {
		return
	}
	w.set, w.looked = true, w.turn
	if w.timer == nil {
		w.timer = time.AfterFunc(w.within, w.look)
	} else {
		w.timer.Reset(w.within)
	}
}

// end ends the piece of work. It reports whether that was in time; if not,
// late has been or is being called.
func (w *watch) end() (inTime bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	inTime = w.busy
	w.busy = false
	return inTime
}

// stop ends the watch. Its timer would keep all that late knows until it runs
// out: for a closed socket that is much, and there may be many.
func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over, w.set = true, false
	if w.timer != nil {
		w.timer.Stop()
	}
}

func (w *watch) look() {
	w.mu.Lock()
	late := w.busy && w.turn == w.looked && !w.over
	switch {
	case w.over:
	case late:
		w.busy, w.set = false, false
	case w.turn == w.looked: // nothing has happened since
		w.set = false
	default:
		w.looked = w.turn
		w.timer.Reset(w.within)
	}
	w.mu.Unlock()
	if late {
		w.late()
	}
}
