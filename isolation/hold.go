package isolation

import "time"

const (
	// holdAtMost is how long a hold lasts at least, if it isn't released; twice
	// that at most, see watch.
	holdAtMost = 500 * time.Microsecond
	// holdBytes may wait while held. A frame of that size costs more than what a
	// larger one would save.
	holdBytes = 256 << 10
)

// A Hold keeps back what Write is given; see [Session.Hold]. The zero value is
// none.
type Hold uint64

// holding is what a session's holds come to. They end together: one that is
// begun while others are open joins them.
type holding struct {
	open   int   // of now, not yet released
	now    Hold  // the newest
	expiry watch // of the oldest
}

// Hold says that something is about to be written. What Write is given until
// Release leaves with that in one frame, since a frame costs the page much more
// than what it holds. Who needs longer than about a millisecond is not waited
// for.
func (s *Session) Hold() Hold {
	s.sending.Lock()
	defer s.sending.Unlock()
	h := &s.out.held
	if h.open == 0 {
		h.now++
		h.expiry.begin()
	}
	h.open++
	return h.now
}

// Release ends a hold. The last one to be released sends what has gathered; it
// may then take as long as Write may.
func (s *Session) Release(h Hold) {
	if s.release(h, true) && s.sendNext() {
		s.goOn()
	}
}

// ReleaseLater is Release for who can't wait: another goroutine sends.
func (s *Session) ReleaseLater(h Hold) { s.release(h, false) }

// release reports whether it has ended the last open hold with something
// waiting that the caller, who would, is to send.
func (s *Session) release(h Hold, would bool) bool {
	s.sending.Lock()
	defer s.sending.Unlock()
	out := &s.out
	if h != out.held.now || out.held.open == 0 {
		return false // it has run out
	}
	out.held.open--
	if out.held.open > 0 {
		return false
	}
	out.held.expiry.end()
	if len(out.batches) == 0 {
		return false
	}
	if !would || out.flushing || out.link == nil || !out.link.prompt() || out.link.paced() && time.Now().Before(out.pace) {
		s.wake()
		return false
	}
	out.flushing = true
	return true
}

// letGo ends holds that are taking too long.
func (s *Session) letGo() {
	s.sending.Lock()
	defer s.sending.Unlock()
	s.out.held.open = 0
	if len(s.out.batches) > 0 {
		s.wake()
	}
}
