package core

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// grants are those that stand.
type grants struct {
	file    string     // of those that persist; "" for none
	writing sync.Mutex // held while grants.json and what the record says of it change

	index atomic.Pointer[map[string][]*grant] // by command, in the order of use; what it points to never changes

	mu     sync.Mutex
	all    map[string]*grant // by id; spent ones until their call is over
	closed bool
}

// lookAgain is how often the wall's clock is asked whether a grant has expired.
const lookAgain = 30 * time.Second

func (gs *grants) arm(app *App, g *grant) {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	if g.until.IsZero() || gs.closed || gs.all[g.ID] != g {
		return
	}
	g.timer = time.AfterFunc(min(max(time.Until(g.Expires), 0), lookAgain), func() { app.expire(g) })
}

// of lists the grants for a command, those first that one call does not use up.
func (gs *grants) of(command string) []*grant {
	if index := gs.index.Load(); index != nil {
		return (*index)[command]
	}
	return nil
}

func (gs *grants) find(id string) *grant {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	return gs.all[id]
}

func (gs *grants) count() int {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	return len(gs.all)
}

// add lets a grant count, but not once the app shuts down.
func (gs *grants) add(app *App, g *grant) bool {
	gs.mu.Lock()
	if !gs.closed {
		if gs.all == nil {
			gs.all = make(map[string]*grant)
		}
		gs.all[g.ID] = g
		gs.build()
	}
	closed := gs.closed
	gs.mu.Unlock()
	gs.arm(app, g)
	return !closed
}

// remove lets a grant count no more. False says that it didn't.
func (gs *grants) remove(g *grant) bool {
	if g.state.Swap(over) == over {
		return false
	}
	gs.mu.Lock()
	defer gs.mu.Unlock()
	gs.drop(g)
	gs.build()
	return true
}

// release forgets a grant that was good for a call which is over.
func (gs *grants) release(g *grant) {
	if g == nil || g.state.Load() != spent {
		return
	}
	gs.mu.Lock()
	defer gs.mu.Unlock()
	gs.drop(g)
}

func (gs *grants) drop(g *grant) {
	delete(gs.all, g.ID)
	if g.timer != nil {
		g.timer.Stop()
	}
}

// left notes the end of a session and lists the grants that have no other.
func (gs *grants) left(s *session) (over []*grant) {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	for _, g := range gs.all {
		if _, ok := g.waiting[s]; ok {
			if delete(g.waiting, s); len(g.waiting) == 0 {
				over = append(over, g)
			}
		}
	}
	return over
}

func (gs *grants) reindex() {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	gs.build()
}

// build makes the index anew. Under mu.
func (gs *grants) build() {
	index := make(map[string][]*grant)
	for _, g := range gs.all {
		if g.state.Load() == standing {
			for _, command := range g.Commands {
				index[command] = append(index[command], g)
			}
		}
	}
	for _, list := range index {
		slices.SortFunc(list, func(a, b *grant) int {
			switch {
			case a.Once && !b.Once:
				return 1
			case b.Once && !a.Once:
				return -1
			}
			return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID))
		})
	}
	gs.index.Store(&index)
}

// close stops what would end grants by itself.
func (gs *grants) close() {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	gs.closed = true
	for _, g := range gs.all {
		if g.timer != nil {
			g.timer.Stop()
		}
	}
}
