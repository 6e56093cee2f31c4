package core

import "github.com/sallyport/sallyport/isolation"

// ids sees to it that a call's number is used once in its session. On the
// direct carrier frames arrive in order and numbers only go up. On the relay
// requests overtake each other, so a number may also be one of the last
// idWindow that was not used yet: a browser keeps six connections to a host,
// each with at most MaxItems calls under way.
//
// It is used from one goroutine at a time.
type ids struct {
	last uint32
	seen []uint64 // relay only: one bit for each of the last idWindow numbers
}

const idWindow = 16 * isolation.MaxItems

func newIDs(c isolation.Carrier) ids {
	if c == isolation.Relay {
		return ids{seen: make([]uint64, idWindow/64)}
	}
	return ids{}
}

// take uses a number. False says that it was used before, or is too old to
// tell, or zero.
func (d *ids) take(id uint32) bool {
	switch {
	case id > d.last:
		d.advance(id)
	case d.used(id):
		return false
	}
	if d.seen != nil {
		d.seen[slot(id)] |= bit(id)
	}
	return true
}

// used reports whether a number can't be taken any more.
func (d *ids) used(id uint32) bool {
	if id > d.last {
		return false
	}
	if id == 0 || d.seen == nil || d.last-id >= idWindow {
		return true
	}
	return d.seen[slot(id)]&bit(id) != 0
}

// advance makes id the last number and forgets those that fall out of the
// window.
func (d *ids) advance(id uint32) {
	if d.seen != nil {
		if id-d.last >= idWindow {
			clear(d.seen)
		} else {
			for n := d.last + 1; n != id; n++ {
				d.seen[slot(n)] &^= bit(n)
			}
			d.seen[slot(id)] &^= bit(id)
		}
	}
	d.last = id
}

func slot(id uint32) uint32 { return id % idWindow / 64 }
func bit(id uint32) uint64  { return 1 << (id % 64) }
