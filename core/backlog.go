package core

import (
	"slices"

	"github.com/sallyport/sallyport/schema"
)

// A message is one event on its way to its listeners. All of them share it, and
// nobody changes it.
type message struct {
	event    *event
	body     []byte           // for pages: what was judged, as it goes into an item
	value    schema.Value     // the same, for the core's listeners; nil where there were none
	sections []schema.Section // value's
	from     sender
}

// forgetValue is called where pages alone hear the message.
func (m *message) forgetValue() { m.value, m.sections = nil, nil }

// own is the value with raw bytes that one listener has for itself: what is decoded
// of it shares them, and may be changed.
func (m *message) own() (schema.Value, error) {
	if len(m.sections) == 0 {
		return m.value, nil
	}
	sections := slices.Clone(m.sections)
	for i := range sections {
		sections[i].Bytes = slices.Clone(sections[i].Bytes)
	}
	return schema.ParseMessage(m.value.AppendJSON(nil), sections, m.event.app.limits.parseEvent())
}

// A sender is who emitted an event: the core's word, never the message's.
type sender struct{ window, origin, session string } // empty for the core itself

// A backlog is what waits for one listener, in order and within bounds. It is
// not safe for concurrent use.
type backlog struct {
	number uint64   // of the newest event for the listener, dropped ones included
	ring   []queued // its length is a power of two, or zero
	first  int      // of those that wait
	n      int
	bytes  int // of their bodies
}

type queued struct {
	message *message
	number  uint64
}

// keptRing is how long a ring may be that stays while nothing waits in it.
const keptRing = 64

// add counts a message and puts it behind the others, or drops what the rule
// says. False says that there was no room and the listener is to be closed.
func (b *backlog) add(m *message, rule Overflow, l *Limits) bool {
	b.number++
	size := len(m.body)
	for b.n == l.EventQueue || b.n > 0 && b.bytes+size > l.EventQueueBytes {
		switch rule {
		case CloseListener:
			return false
		case DropNewest:
			return true
		}
		b.take()
	}
	if b.n == len(b.ring) {
		b.grow()
	}
	b.ring[(b.first+b.n)&(len(b.ring)-1)] = queued{m, b.number}
	b.n++
	b.bytes += size
	return true
}

func (b *backlog) grow() {
	ring := make([]queued, max(4, 2*len(b.ring)))
	for i := range b.n {
		ring[i] = b.ring[(b.first+i)&(len(b.ring)-1)]
	}
	b.ring, b.first = ring, 0
}

// head is the oldest that waits, if one does.
func (b *backlog) head() queued { return b.ring[b.first] }

// take removes the oldest that waits. A long ring goes with its last message.
func (b *backlog) take() queued {
	q := b.ring[b.first]
	b.ring[b.first] = queued{}
	b.first = (b.first + 1) & (len(b.ring) - 1)
	b.n--
	b.bytes -= len(q.message.body)
	if b.n == 0 && len(b.ring) > keptRing {
		b.ring, b.first = nil, 0
	}
	return q
}

// drop forgets all that waits.
func (b *backlog) drop() { b.ring, b.first, b.n, b.bytes = nil, 0, 0, 0 }
