package core

import (
	"slices"
	"testing"

	"github.com/sallyport/sallyport/isolation"
)

// A model is what an upload and the items of a call should do with what a frame
// sends, found the slow way.
type model struct {
	relay bool
	taken []piece // all that were kept, read or not
	read  uint64
	limit uint64
	last  uint64
	ended bool
	gone  bool // aborted

	sent, credit uint64
}

// next is where the items that are there without a gap end.
func (m *model) next() uint64 {
	at := uint64(0)
	for moved := true; moved; {
		moved = false
		for _, p := range m.taken {
			if p.offset == at {
				at, moved = p.end(), true
			}
		}
	}
	return at
}

func (m *model) put(p piece) fate {
	overlaps := slices.ContainsFunc(m.taken, func(q piece) bool { return p.offset < q.end() && q.offset < p.end() })
	switch {
	case p.offset >= m.limit, m.ended && p.end() > m.last, !m.relay && p.offset != m.next(), p.offset < m.next():
		return breach
	case m.gone: // where else it is doesn't matter
		return dropped
	case overlaps:
		return breach
	}
	m.taken = append(m.taken, p)
	return kept
}

func (m *model) finish(offset uint64, aborted bool) bool {
	beyond := slices.ContainsFunc(m.taken, func(p piece) bool { return p.end() > offset })
	if m.ended || beyond || !m.relay && offset != m.next() {
		return false
	}
	m.ended, m.gone, m.last = true, aborted, offset
	return true
}

func (m *model) take() (uint64, reading) {
	switch {
	case m.gone:
		return 0, aborted
	case m.read < m.next():
		i := slices.IndexFunc(m.taken, func(p piece) bool { return p.offset == m.read })
		m.read = m.taken[i].end()
		return m.taken[i].offset, item
	case m.ended && m.read == m.last:
		return 0, complete
	}
	return 0, nothing
}

func (m *model) give(limit uint64) bool {
	if limit > m.sent+isolation.StreamWindow {
		return false
	}
	if limit < m.credit {
		return m.relay
	}
	m.credit = limit
	return true
}

// FuzzStreams plays what a frame may send, in any order and place, against a model:
// the first breach ends a session, and nothing after it counts.
func FuzzStreams(f *testing.F) {
	f.Add(false, []byte("\x00\x00\x05\x00\x05\x05\x03\x00\x00\x03\x00\x00\x01\x0a\x00"))
	f.Add(true, []byte("\x00\x05\x05\x00\x00\x05\x03\x00\x00\x03\x00\x00\x01\x0a\x00\x03\x00\x00"))
	f.Add(true, []byte("\x01\x0a\x00\x00\x05\x05\x00\x00\x05\x03\x00\x00"))
	f.Add(false, []byte("\x02\x00\x00\x00\x00\x01\x04\x05\x00\x05\x05\x00\x05\x04\x00"))
	f.Fuzz(func(t *testing.T, relay bool, steps []byte) {
		carrier := isolation.Direct
		if relay {
			carrier = isolation.Relay
		}
		b, o := newInbound(carrier), newOutbound()
		b.start()
		m := &model{relay: relay, limit: isolation.StreamWindow, credit: isolation.StreamWindow}
		room := 0
		for ; len(steps) >= 3; steps = steps[3:] {
			at, n := uint64(steps[1]), int(steps[2])
			genuine := true
			switch steps[0] % 7 {
			case 0, 6: // small items, and those that use the window up
				p := piece{offset: at, size: n + 1}
				if steps[0]%7 == 6 {
					p = piece{offset: at << 13, size: (n + 1) << 13}
				}
				got, want := b.put(p), m.put(p)
				if got != want {
					t.Fatalf("an item at %d of %d has fate %d, want %d", p.offset, p.size, got, want)
				}
				if got == kept {
					room += p.room()
				}
				genuine = got != breach
			case 1, 2:
				aborts := steps[0]%7 == 2
				genuine = b.finish(at, aborts)
				if want := m.finish(at, aborts); genuine != want {
					t.Fatalf("an end at %d is taken: %v", at, genuine)
				}
			case 3:
				p, r := b.take()
				offset, want := m.take()
				if r != want || r == item && p.offset != offset {
					t.Fatalf("read %d at %d, want %d at %d", r, p.offset, want, offset)
				}
				if r == item {
					room -= p.room()
				}
				if limit, due := b.grant(); due {
					if limit != m.read+isolation.StreamWindow || limit <= m.limit || m.ended {
						t.Fatalf("credit to %d after %d were read", limit, m.read)
					}
					m.limit = limit
				}
			case 4:
				limit := uint64(isolation.StreamWindow) + at - uint64(n)
				genuine = o.credit(limit, carrier)
				if want := m.give(limit); genuine != want || o.limit != m.credit {
					t.Fatalf("credit to %d is taken: %v, and there is %d", limit, genuine, o.limit)
				}
			case 5:
				if offset, place := o.begin(n); place != placeFree || offset != m.sent {
					t.Fatalf("an item goes to %d, want %d", offset, m.sent)
				}
				m.sent += uint64(n)
			}
			if !genuine {
				break
			}
		}
		if got := b.close(); got != room {
			t.Errorf("%d of the budget come back, want %d", got, room)
		}
		if b.put(piece{offset: 1 << 40, size: 1}) != dropped || !b.finish(1<<40, false) {
			t.Error("what was under way when the call ended is a breach")
		}
	})
}
