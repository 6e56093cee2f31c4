package core

import (
	"context"
	"sync"

	"github.com/sallyport/sallyport/isolation"
)

// An outbound is what a call streams to its page: where the next item goes, and
// from where on the page has to read first.
type outbound struct {
	writing sync.Mutex // one item at a time, so that offsets have one order

	mu     sync.Mutex
	offset uint64
	limit  uint64
	items  int64
	bytes  int64 // of their JSON text and raw sections
	closed bool
	wake   chan struct{}
}

func newOutbound() *outbound {
	return &outbound{limit: isolation.StreamWindow, wake: make(chan struct{}, 1)}
}

// credit takes the page's credit in. False says that no genuine frame gives it:
// on the direct carrier it goes back, or it is for more than a window beyond
// what was sent, which nobody can have read.
func (o *outbound) credit(limit uint64, carrier isolation.Carrier) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.closed: // it was under way
		return true
	case limit > o.offset+isolation.StreamWindow:
		return false
	case limit < o.limit:
		return carrier == isolation.Relay // another has overtaken it
	}
	o.limit = limit
	o.rouse()
	return true
}

// wait waits until an item may begin. False says that the call is over.
func (o *outbound) wait(ctx context.Context) bool {
	for {
		o.mu.Lock()
		free, over := o.offset < o.limit, o.closed
		o.mu.Unlock()
		switch {
		case over || ctx.Err() != nil:
			return false
		case free:
			return true
		}
		select {
		case <-o.wake:
		case <-ctx.Done():
		}
	}
}

// begin gives an item of n bytes its place; it counts as sent, so that credit for
// it is no breach. It reports whether there is one.
func (o *outbound) begin(n int) (offset uint64, at place) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.closed:
		return 0, placeOver
	case uint64(n) > isolation.MaxOffset-o.offset:
		return 0, placeFull
	}
	offset = o.offset
	o.offset += uint64(n)
	return offset, placeFree
}

// A place says whether an item has one in its stream.
type place uint8

const (
	placeOver place = iota // the call is over
	placeFull              // the stream would become longer than one can be
	placeFree
)

// undo takes back the place of the last item, which was not sent.
func (o *outbound) undo(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.offset -= uint64(n)
}

// sent counts an item with that much of the handler's in it.
func (o *outbound) sent(bytes int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.items++
	o.bytes += int64(bytes)
}

// close ends the sending. What is being sent is not waited for.
func (o *outbound) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.rouse()
}

// rouse wakes who waits for credit. Called with mu held.
func (o *outbound) rouse() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// moved is what was sent.
func (o *outbound) moved() (items, bytes int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.items, o.bytes
}

// end is where the stream ends.
func (o *outbound) end() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.offset
}
