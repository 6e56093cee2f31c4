package isolation

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// ErrEnded is why Send gave up: the session has ended.
var ErrEnded = errors.New("isolation: the session has ended")

// A sender is a Send that waits for room.
type sender struct {
	plain  []byte
	items  int
	queued chan error // of one: nil once plain is in the queue
}

// Send queues one item for the frame, as Write does, but for a writer that can
// wait: it waits its turn while more than a quarter of MaxPending waits for the
// page, and while a dropped socket is not resumed. So a page that reads slowly
// slows down what is streamed to it, and its session does not end for it.
//
// Send returns nil once the item is queued: it then leaves in order with all
// that was queued before it, at most once, and is lost without a word if the
// link drops first. What is lost has an offset that the frame misses. An item
// whose Send still waits when the link drops is not lost: it goes out after
// resumed. Otherwise Send returns an error, and the item was not and will not be
// sent: the context's, ErrEnded, or that of an item that no frame has room for.
//
// The item is Send's from here on, and is cleared once it is sealed or given up.
// Send may be called by many at once; who waits longest is next.
func (s *Session) Send(ctx context.Context, item []byte) error { return s.SendMany(ctx, item, 1) }

// SendMany is Send for several items that stand one behind the other in plain:
// at most MaxItems, which together fit one frame, and leave in one.
func (s *Session) SendMany(ctx context.Context, plain []byte, items int) error {
	err := s.checkSize(plain, items)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		clear(plain)
		return err
	}
	wait, err := s.queueOrWait(plain, items)
	if wait == nil {
		return err
	}
	select {
	case err := <-wait.queued:
		return err
	case <-ctx.Done():
		return s.giveUp(wait, ctx.Err())
	}
}

func (s *Session) checkSize(plain []byte, items int) error {
	l := s.gate.limits
	if room := min(l.MaxFrame-sealedMinimum, l.MaxPending-s.mark()); len(plain) > room {
		return fmt.Errorf("isolation: items of %d bytes; at most %d fit a frame of %d and three quarters of the %d bytes that may wait", len(plain), room, l.MaxFrame, l.MaxPending)
	}
	if items < 1 || items > MaxItems {
		return fmt.Errorf("isolation: %d items at once; it must be 1 to %d", items, MaxItems)
	}
	return nil
}

// mark is how many bytes may wait for the page before senders do.
func (s *Session) mark() int { return s.gate.limits.MaxPending / 4 }

// queueOrWait queues items, or has them wait behind all that wait already.
func (s *Session) queueOrWait(plain []byte, items int) (*sender, error) {
	s.sending.Lock()
	defer s.sending.Unlock()
	if s.ended.Load() {
		clear(plain)
		return nil, ErrEnded
	}
	if len(s.out.senders) == 0 && s.hasRoom() {
		s.enqueue(plain, items)
		s.wake()
		return nil, nil
	}
	wait := &sender{plain, items, make(chan error, 1)}
	s.out.senders = append(s.out.senders, wait)
	return wait, nil
}

// giveUp takes a sender away whose context has ended. It may have been let in
// or refused meanwhile.
func (s *Session) giveUp(wait *sender, reason error) error {
	s.sending.Lock()
	defer s.sending.Unlock()
	i := slices.Index(s.out.senders, wait)
	if i < 0 {
		return <-wait.queued
	}
	s.out.senders = slices.Delete(s.out.senders, i, i+1)
	clear(wait.plain)
	return reason
}

// hasRoom reports whether senders are let in: what waits, what is being sent
// and what the page has yet to fetch is no more than the mark. Called with
// sending held.
func (s *Session) hasRoom() bool {
	return s.out.link != nil && s.out.waiting+s.out.flying+s.out.link.held() <= s.mark()
}

// letIn queues the items of those who wait, in the order in which they came, as
// long as there is room. Called with sending held.
func (s *Session) letIn() {
	n := 0
	for ; n < len(s.out.senders) && s.hasRoom(); n++ {
		next := s.out.senders[n]
		s.enqueue(next.plain, next.items)
		next.queued <- nil
	}
	if n > 0 {
		s.out.senders = slices.Delete(s.out.senders, 0, n)
		s.wake()
	}
}

// fetched is called when the page has taken from the link what it held.
func (s *Session) fetched() {
	s.sending.Lock()
	defer s.sending.Unlock()
	s.letIn()
}

// refuseSenders tells those who wait of the end. Called with sending held.
func (s *Session) refuseSenders() {
	for _, wait := range s.out.senders {
		clear(wait.plain)
		wait.queued <- ErrEnded
	}
	s.out.senders = nil
}
