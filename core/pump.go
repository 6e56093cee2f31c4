package core

import (
	"slices"

	"github.com/sallyport/sallyport/isolation"
)

// batchBytes is how many bytes of events leave together. A frame holds more, but
// what else the page waits for had better not stand behind so many.
const batchBytes = 64 << 10

// Bytes of items beside label and body.
const (
	eventStart = 1 + 4 + 8 + 8 + 1
	endSize    = 1 + 4 + 8
)

// pump brings the session what is ready, until nothing is. Where the link is
// slow or down it waits, and what comes meanwhile waits in the listeners'
// backlogs.
func (f *feed) pump() {
	defer f.session.app.feeding.leave()
	for {
		plain, items, over := f.next()
		for _, l := range over {
			l.event.expel(l)
		}
		if items == 0 {
			return
		}
		link := f.session.link
		if err := link.SendMany(link.Context(), plain, items); err != nil && link.Context().Err() == nil { // the limits are checked against a frame at start
			f.session.app.log.Error("core: events could not be sent", "session", link.ID(), "err", err)
		}
	}
}

// next makes a batch of what is ready. No items say that there is nothing, and
// that the pump has stopped; over are listeners whose end is in the batch.
func (f *feed) next() (plain []byte, items int, over []*listener) {
	f.mu.Lock()
	defer f.mu.Unlock()
	plain = make([]byte, 0, f.size())
	for len(f.ready) > 0 {
		l, before := f.ready[0], items
		var full bool
		if plain, items, full = l.fill(plain, items); full {
			if items > before { // it has had its turn
				f.ready[copy(f.ready, f.ready[1:])] = l
			}
			break
		}
		f.ready = slices.Delete(f.ready, 0, 1)
		l.inTurn = false
		if l.ending {
			delete(f.listeners, l.id)
			over = append(over, l)
		}
	}
	if items == 0 {
		f.pumping = false
	}
	return plain, items, over
}

// size is a guess at the bytes of the next batch.
func (f *feed) size() (n int) {
	for _, l := range f.ready {
		n += endSize + l.waiting.n*(eventStart+16) + l.waiting.bytes
		if n >= batchBytes {
			return batchBytes
		}
	}
	return n
}

// fill adds to a batch what a listener may send. It reports whether the batch
// is full, with the listener not done. Called with feed.mu held.
func (l *listener) fill(plain []byte, items int) (_ []byte, _ int, full bool) {
	for l.sendable() {
		size := endSize
		if !l.ending {
			size = l.waiting.head().message.size()
		}
		if items == isolation.MaxItems || items > 0 && len(plain)+size > batchBytes {
			return plain, items, true
		}
		items++
		if l.ending {
			return isolation.AppendEnd(plain, l.id, l.offset), items, false
		}
		plain = l.append(plain, l.waiting.take())
		l.offset += uint64(size)
	}
	return plain, items, false
}

func (l *listener) append(plain []byte, q queued) []byte {
	at := len(plain)
	plain = isolation.AppendEvent(plain, l.id, q.number, q.message.from.window)
	isolation.PutOffset(plain[at:], l.offset)
	return append(plain, q.message.body...)
}

// size is that of the item, whoever it is for.
func (m *message) size() int { return eventStart + len(m.from.window) + len(m.body) }
