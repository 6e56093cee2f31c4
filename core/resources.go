package core

import (
	"cmp"
	"container/list"
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"slices"
	"sync"
)

// A held value is found by its exact type, also where that is an interface's.
type held[T any] struct{ value T }

// A resourceKey is what a resource is found by. One of another type is not found
// for the very reason that a made-up one is not.
type resourceKey struct {
	handle handle
	of     reflect.Type
}

// A resource is what a Resource stands for. All but its first block is guarded by
// its table's mu.
type resource struct {
	key   resourceKey
	value any    // a held
	close func() // nil: there is nothing to do

	number  uint64 // in the order of making
	place   *list.Element
	users   int  // calls
	gone    bool // no handle opens it any more
	closing bool // somebody has set out to close it
}

// resources are those of one session. The zero value is ready.
type resources struct {
	mu    sync.Mutex
	open  map[resourceKey]*resource
	all   list.List // of *resource, the oldest first; also those that are gone and not closed yet
	last  uint64    // number
	ended bool
}

// uses are the resources that one call uses, each once. They are guarded by the mu
// of the session's table.
type uses struct{ list []use }

type use struct {
	of   *resource
	made bool // by this call
}

// noUses is what a call has that is over.
var noUses = new(uses)

// add keeps r, which the call then uses.
func (t *resources) add(c *call, r *resource, most int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.ended:
		return errSessionOver
	case t.all.Len() >= most:
		return fmt.Errorf("core: %d resources of the session are open, as many as Limits.Resources allows; close those that are not needed, or raise it", most)
	case !c.use(r, true):
		return errCallOver
	}
	if t.open == nil {
		t.open = make(map[resourceKey]*resource)
	}
	t.last++
	t.open[r.key], r.number, r.place = r, t.last, t.all.PushBack(r)
	return nil
}

// get finds what the call then uses.
func (t *resources) get(c *call, key resourceKey) (*resource, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.open[key]
	switch {
	case r == nil:
		return nil, ErrNoResource
	case !c.use(r, false):
		return nil, errCallOver
	}
	return r, nil
}

// use notes that the call uses r. False says that the call is over. Called with the
// table's mu held.
func (c *call) use(r *resource, made bool) bool {
	c.uses.CompareAndSwap(nil, new(uses))
	mine := c.uses.Load()
	if mine == noUses {
		return false
	}
	if !slices.ContainsFunc(mine.list, func(u use) bool { return u.of == r }) {
		mine.list = append(mine.list, use{r, made})
		r.users++
	}
	return true
}

// drop takes the handle away for good, and one use of the call's. It returns what
// is to be closed.
func (t *resources) drop(c *call, key resourceKey) (due []*resource, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r, mine := t.open[key], c.uses.Load()
	switch {
	case r == nil:
		return nil, ErrNoResource
	case mine == noUses:
		return nil, errCallOver
	case mine != nil:
		if at := slices.IndexFunc(mine.list, func(u use) bool { return u.of == r }); at >= 0 {
			mine.list = slices.Delete(mine.list, at, at+1)
			r.users--
		}
	}
	t.shut(r)
	return t.due(nil, r), nil
}

func (t *resources) shut(r *resource) {
	r.gone = true
	delete(t.open, r.key)
}

// due adds r if it is to be closed now. At the session's end the order decides, not
// who was last: see next.
func (t *resources) due(due []*resource, r *resource) []*resource {
	if !r.gone || r.users > 0 || r.closing || t.ended {
		return due
	}
	r.closing = true
	return append(due, r)
}

// leaveResources ends what the call used, and with a call that did not succeed what
// it made.
func (c *call) leaveResources() {
	if c.uses.CompareAndSwap(nil, noUses) {
		return
	}
	c.session.closeResources(c.session.resources.leave(c))
}

// leave ends the call's uses under the lock under which what the handler has left
// behind adds to them.
func (t *resources) leave(c *call) (due []*resource) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, u := range c.uses.Swap(noUses).list {
		u.of.users--
		if u.made && !c.delivered {
			t.shut(u.of)
		}
		due = t.due(due, u.of)
	}
	slices.SortFunc(due, func(a, b *resource) int { return -cmp.Compare(a.number, b.number) })
	return due
}

// endResources closes all that a session leaves behind, the newest first, in a
// goroutine that Shutdown waits for.
func (s *session) endResources() {
	t := &s.resources
	t.mu.Lock()
	t.ended, t.open = true, nil
	none := t.all.Len() == 0
	t.mu.Unlock()
	if none {
		return
	}
	counted := s.app.closers.enter()
	go func() {
		if counted {
			defer s.app.closers.leave()
		}
		s.closeResources(nil)
	}()
}

// closeResources closes what is due, and what next finds beside it.
func (s *session) closeResources(due []*resource) {
	done := false
	defer func() {
		if !done { // a close has ended this goroutine
			go s.closeResources(due)
		}
	}()
	for {
		var r *resource
		if len(due) > 0 {
			r, due = due[0], due[1:]
		} else if r = s.resources.next(); r == nil {
			break
		}
		s.closeResource(r)
	}
	done = true
}

// next is what is to be closed next where the session has ended, nil if that is
// nothing, or is up to whoever uses the newest one or is closing it.
func (t *resources) next() *resource {
	t.mu.Lock()
	defer t.mu.Unlock()
	last := t.all.Back()
	if !t.ended || last == nil {
		return nil
	}
	r := last.Value.(*resource)
	if r.users > 0 || r.closing {
		return nil
	}
	r.closing = true
	return r
}

func (s *session) closeResource(r *resource) {
	defer s.resources.forget(r)
	defer func() {
		if value := recover(); value != nil {
			s.app.log.Error("core: panic of a resource's close function", "session", s.link.ID(), "type", r.key.of.String(),
				"panic", panicText(value), "stack", string(debug.Stack()))
		}
	}()
	if r.close != nil {
		r.close()
	}
}

// forget makes room for another resource, once r is closed.
func (t *resources) forget(r *resource) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all.Remove(r.place)
}

// awaitClosed is for Shutdown, when all sessions have ended.
func (app *App) awaitClosed(ctx context.Context) error {
	app.closers.close()
	select {
	case <-app.closers.idle:
		return nil
	case <-ctx.Done():
	}
	if !app.closers.wait(cancelWithin) {
		return errors.New("core: shut down while resources are still being closed: a close function does not return")
	}
	return nil
}
