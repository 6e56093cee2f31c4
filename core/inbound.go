package core

import (
	"slices"
	"sync"

	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/schema"
)

// maxAhead bounds how many items of an upload may wait for one before them. A
// browser that relays has some six requests under way, of at most MaxItems each.
const maxAhead = 16 * isolation.MaxItems

// pieceRoom is what holding an item takes besides its bytes, in the budgets.
const pieceRoom = 128

// A piece is one item of an upload that nobody has read yet.
type piece struct {
	offset   uint64
	size     int // of the whole item, as offsets count
	json     []byte
	sections []schema.Section
}

// pieceOf is an item of a batch whose plaintext has so many bytes. What is small
// beside those is in memory of its own, for it may wait for long, and nothing of it
// stays where it was.
func pieceOf(item isolation.Item, plaintext int) piece {
	p := piece{offset: item.Offset, size: item.Size, json: item.JSON, sections: ownSections(item.Sections, plaintext)}
	if len(p.json) < plaintext/smallPart {
		p.json = slices.Clone(item.JSON)
		clear(item.JSON)
	}
	return p
}

func (p piece) end() uint64 { return p.offset + uint64(p.size) }

// room is what the piece takes of the session's budget.
func (p piece) room() int { return p.size + pieceRoom }

// content is how many bytes the page has in it.
func (p piece) content() int64 { return int64(len(p.json) + binarySize(p.sections)) }

// clear leaves nothing of the piece in memory.
func (p piece) clear() {
	clear(p.json)
	clearSections(p.sections)
}

// An inbound is what a page uploads to a call: what the carrier brings on one
// side, what the handler reads on the other. What lies between is bounded by the
// credit that the frame has.
type inbound struct {
	relay bool // items may come early

	reading sync.Mutex // one reader at a time, so that credit only rises

	mu      sync.Mutex
	queue   []piece // to be read
	ahead   []piece // relay: came before one that is under way; by offset
	next    uint64  // the offset at which the queue goes on
	read    uint64  // and that of what is left of it
	limit   uint64  // from here on the frame has to wait
	last    uint64  // where it ends, once ended
	ended   bool
	aborted bool  // the page gave up
	closed  bool  // nobody reads any more
	items   int64 // that were read
	bytes   int64 // of their JSON text and raw sections
	wake    chan struct{}
}

func newInbound(carrier isolation.Carrier) *inbound {
	b := &inbound{relay: carrier == isolation.Relay, limit: isolation.StreamWindow, wake: make(chan struct{}, 1)}
	if b.relay { // until start says otherwise
		b.limit = 0
	}
	return b
}

// start is the first credit that the frame is to be told of: on the relay it has
// none of itself, or what it uploads would overtake its call.
func (b *inbound) start() (limit uint64, due bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.relay || b.ended || b.closed {
		return 0, false
	}
	b.limit = isolation.StreamWindow
	return b.limit, true
}

// A fate is what becomes of an item that came in.
type fate uint8

// The fates. The zero value is the worst.
const (
	breach  fate = iota // no genuine frame sends it
	kept                // it will be read
	dropped             // nobody wants it any more
	tooLong             // the stream would become longer than one can be
)

// put takes an item in.
func (b *inbound) put(p piece) fate {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed: // it was under way
		return dropped
	case p.offset < b.next || p.offset >= b.limit || b.ended && p.end() > b.last:
		return breach
	case b.aborted:
		return dropped
	case p.end() > isolation.MaxOffset:
		return tooLong
	case p.offset == b.next:
		return b.append(p)
	case !b.relay:
		return breach
	}
	return b.insert(p)
}

// append adds the next item, and those after it that have come already.
func (b *inbound) append(p piece) fate {
	if len(b.ahead) > 0 && b.ahead[0].offset < p.end() {
		return breach
	}
	b.queue, b.next = append(b.queue, p), p.end()
	for len(b.ahead) > 0 && b.ahead[0].offset == b.next {
		b.queue, b.next = append(b.queue, b.ahead[0]), b.ahead[0].end()
		b.ahead[0] = piece{}
		b.ahead = b.ahead[1:]
	}
	b.rouse()
	return kept
}

// insert holds an item that came early, where it overlaps no other.
func (b *inbound) insert(p piece) fate {
	at, taken := slices.BinarySearchFunc(b.ahead, p.offset, func(q piece, offset uint64) int {
		switch {
		case q.offset < offset:
			return -1
		case q.offset > offset:
			return 1
		}
		return 0
	})
	if taken || len(b.ahead) == maxAhead ||
		at > 0 && b.ahead[at-1].end() > p.offset ||
		at < len(b.ahead) && b.ahead[at].offset < p.end() {
		return breach
	}
	b.ahead = slices.Insert(b.ahead, at, p)
	return kept
}

// finish takes the upload's end in. False says that no genuine frame sends it.
func (b *inbound) finish(offset uint64, aborted bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return true
	case b.ended || offset < b.next || !b.relay && offset != b.next:
		return false
	case len(b.ahead) > 0 && b.ahead[len(b.ahead)-1].end() > offset:
		return false
	case offset > isolation.MaxOffset:
		return false
	}
	b.ended, b.aborted, b.last = true, aborted, offset
	b.rouse()
	return true
}

// A reading is what there is to be read.
type reading uint8

const (
	nothing  reading = iota // yet
	item                    // the next one
	complete                // the end: all items were read
	aborted                 // the page gave up; what was not read by then is not
	closed                  // the call is over
)

// take is the next item, which counts as consumed.
func (b *inbound) take() (piece, reading) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return piece{}, closed
	case b.aborted:
		return piece{}, aborted
	case len(b.queue) == 0:
		if b.ended && b.next == b.last {
			return piece{}, complete
		}
		return piece{}, nothing
	}
	p := b.queue[0]
	b.queue[0] = piece{}
	if b.queue = b.queue[1:]; len(b.queue) == 0 {
		b.queue = nil
	}
	b.read = p.end()
	b.items++
	b.bytes += p.content()
	return p, item
}

// grant is the credit that the frame is to be told of, now that items were read:
// nothing until they are a quarter of the window, and nothing beyond the end.
func (b *inbound) grant() (limit uint64, due bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	limit = min(b.read+isolation.StreamWindow, isolation.MaxOffset)
	if b.ended || b.closed || limit < b.limit+isolation.StreamWindow/4 && (limit < isolation.MaxOffset || limit == b.limit) {
		return 0, false
	}
	b.limit = limit
	return limit, true
}

// close ends the reading and clears what was not read. It returns how much of
// the session's budget that had.
func (b *inbound) close() (room int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for _, pieces := range [][]piece{b.queue, b.ahead} {
		for _, p := range pieces {
			room += p.room()
			p.clear()
		}
	}
	b.queue, b.ahead = nil, nil
	b.rouse()
	return room
}

// rouse wakes who waits for an item. Called with mu held.
func (b *inbound) rouse() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// moved is what has been read.
func (b *inbound) moved() (items, bytes int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.items, b.bytes
}
