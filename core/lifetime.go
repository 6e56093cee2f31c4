package core

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// A lifetime is the context of one call. It ends with the session, when the
// call is interrupted, at its deadline, or when the call is over, whichever is
// first. One of the standard library would cost a fast call more than all its
// checks: a timer and seven allocations, for a channel that few handlers look
// at. Here the channel is made for who asks for it, and the session watches all
// deadlines with one timer.
type lifetime struct {
	session context.Context // ends before or with the call

	over atomic.Bool // err is set; read without the lock

	mu       sync.Mutex
	deadline time.Time // zero is none
	err      error
	done     chan struct{}      // nil until somebody asks
	after    map[*func()]func() // to be called at the end, each in a goroutine of its own
	unwatch  func() bool        // ends the watch for the session's end; nil until somebody waits
}

var _ context.Context = (*lifetime)(nil)

// Deadline implements [context.Context].
func (l *lifetime) Deadline() (time.Time, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.deadline, !l.deadline.IsZero()
}

// Value implements [context.Context].
func (l *lifetime) Value(any) any { return nil }

// Err implements [context.Context].
func (l *lifetime) Err() error {
	if !l.over.Load() {
		err := l.session.Err()
		if err == nil {
			return nil
		}
		l.end(err) // whoever watches would do so in a moment
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Done implements [context.Context].
func (l *lifetime) Done() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done == nil {
		l.done = make(chan struct{})
		if l.err != nil {
			close(l.done)
		}
		l.watch()
	}
	return l.done
}

// AfterFunc is what [context.AfterFunc], and every context that is derived from
// this one, looks for: without it each would keep a goroutine waiting.
func (l *lifetime) AfterFunc(f func()) (stop func() bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		go f()
		return func() bool { return false }
	}
	if l.after == nil {
		l.after = make(map[*func()]func())
	}
	id := &f
	l.after[id] = f
	l.watch()
	return func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		_, waiting := l.after[id]
		delete(l.after, id)
		return waiting
	}
}

// watch has the session's end be this one's, for those who wait. Called with mu
// held.
func (l *lifetime) watch() {
	if l.unwatch == nil && l.err == nil {
		if err := l.session.Err(); err != nil { // whoever looks now must not be told that nothing has ended
			l.endLocked(err)
			return
		}
		l.unwatch = context.AfterFunc(l.session, func() { l.end(l.session.Err()) })
	}
}

// end ends the lifetime for that reason. Only the first one counts.
func (l *lifetime) end(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.endLocked(err)
}

func (l *lifetime) endLocked(err error) {
	if l.err != nil {
		return
	}
	l.err = err
	l.over.Store(true)
	if l.done != nil {
		close(l.done)
	}
	if l.unwatch != nil {
		l.unwatch()
	}
	for _, f := range l.after {
		go f()
	}
	l.after = nil
}

// expire ends the lifetime if its deadline has come. It reports whether it did
// so, and otherwise when to look again; zero for never.
func (l *lifetime) expire(now time.Time) (expired bool, next time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.err != nil || l.deadline.IsZero():
		return false, time.Time{}
	case now.Before(l.deadline):
		return false, l.deadline
	}
	l.endLocked(context.DeadlineExceeded)
	return true, time.Time{}
}

// extend sets another deadline, zero for none. False says that the lifetime has
// ended before.
func (l *lifetime) extend(deadline time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.deadline = deadline
	}
	return l.err == nil
}
