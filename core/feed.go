package core

import (
	"sync"

	"github.com/sallyport/sallyport/isolation"
)

// A feed is what brings a session its events. One goroutine does so, while there
// is something to bring.
type feed struct {
	session *session

	mu        sync.Mutex
	listeners map[uint32]*listener // by the id of the listen
	seats     int                  // taken for listens that are under way
	ready     []*listener          // that have something to send and may, in the order of their turn
	pumping   bool                 // the goroutine runs
	over      bool                 // the session has ended
}

// A listener is one listen of a page. The locks are taken in this order: that of
// the event, then that of the feed.
type listener struct {
	feed  *feed
	event *event
	id    uint32

	place int // in event.pages; guarded by event.mu, -1 where it is not there

	// Guarded by feed.mu.
	rules    *ruleset // that last permitted it
	grant    *grant   // by which it is permitted; nil for rules alone
	asked    bool     // the user said yes to it
	waiting  backlog
	offset   uint64 // of the next item
	limit    uint64 // from which on it has to wait
	answered bool   // the page knows of it
	closed   bool   // nothing more is queued
	ending   bool   // the page is to be told so
	inTurn   bool   // it is in ready
}

// seat keeps a place for a listen that is under way. False says that there are
// as many as there may be.
func (f *feed) seat(most int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seats+len(f.listeners) >= most {
		return false
	}
	f.seats++
	return true
}

func (f *feed) unseat() {
	f.mu.Lock()
	f.seats--
	f.mu.Unlock()
}

// enter gives a listener the seat that was kept for it, before its page is told.
// False says that the session is over.
func (f *feed) enter(l *listener) bool {
	if !f.add(l) {
		return false
	}
	f.reach(l)
	return true
}

// reach lets the event reach a listener, unless that has ended since it was added:
// whoever ended it did not find it at the event.
func (f *feed) reach(l *listener) {
	l.event.admit(l)
	f.mu.Lock()
	ended := l.closed && !l.ending
	f.mu.Unlock()
	if ended {
		l.event.expel(l)
	}
}

func (f *feed) add(l *listener) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return false
	}
	f.seats--
	if f.listeners == nil {
		f.listeners = make(map[uint32]*listener)
	}
	l.feed, l.limit = f, isolation.EventWindow
	f.listeners[l.id] = l
	return true
}

// open lets a listener's events go to its page, which has the answer by now.
func (f *feed) open(l *listener) {
	f.mu.Lock()
	defer f.mu.Unlock()
	l.answered = true
	f.turn(l)
}

// drop ends a listener that its page has given up, if it is there.
func (f *feed) drop(id uint32) {
	f.mu.Lock()
	l := f.listeners[id]
	if l != nil {
		delete(f.listeners, id)
		l.close()
		l.ending = false
	}
	f.mu.Unlock()
	if l != nil {
		l.event.expel(l)
	}
}

// end ends all listeners, with the session.
func (f *feed) end() {
	f.mu.Lock()
	all := f.listeners
	f.over, f.listeners, f.ready = true, nil, nil
	for _, l := range all {
		l.close()
		l.ending = false
	}
	f.mu.Unlock()
	for _, l := range all {
		l.event.expel(l)
	}
}

// credit lets a listener send up to another offset. False says that there is no
// such listener any more.
func (f *feed) credit(id uint32, limit uint64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	l := f.listeners[id]
	if l == nil {
		return false
	}
	l.limit = max(l.limit, limit)
	f.turn(l)
	return true
}

// hear queues a message for the page. It never waits.
func (l *listener) hear(m *message) {
	f := l.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	if l.closed {
		return
	}
	if !l.waiting.add(m, l.event.options.Overflow, &f.session.app.limits) {
		l.revoke()
	}
	f.turn(l)
}

// close stops what is queued and forgets what waits. Called with feed.mu held.
func (l *listener) close() {
	l.closed = true
	l.waiting.drop()
}

// revoke closes a listener of which the page is to learn that it hears no more.
// It counts among the session's until the page was told. Called with feed.mu
// held.
func (l *listener) revoke() {
	l.close()
	l.ending = true
}

// sendable reports whether something may go to the page now. Called with
// feed.mu held.
func (l *listener) sendable() bool {
	return l.answered && (l.ending || l.waiting.n > 0 && l.offset < l.limit)
}

// turn gives a listener its turn, if it has something to send. Called with mu held.
func (f *feed) turn(l *listener) {
	if f.over || l.inTurn || !l.sendable() {
		return
	}
	l.inTurn = true
	f.ready = append(f.ready, l)
	if !f.pumping && f.session.app.feeding.enter() {
		f.pumping = true
		go f.pump()
	}
}

// admit lets an event reach a listener.
func (e *event) admit(l *listener) {
	e.mu.Lock()
	defer e.mu.Unlock()
	l.place = len(e.pages)
	e.pages = append(e.pages, l)
}

// expel takes a listener out of the reach of its event.
func (e *event) expel(l *listener) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if l.place < 0 {
		return
	}
	last := len(e.pages) - 1
	e.pages[l.place] = e.pages[last]
	e.pages[l.place].place = l.place
	e.pages[last] = nil
	e.pages = e.pages[:last]
	l.place = -1
}
