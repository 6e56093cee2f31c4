package isolation

// A replayGuard decides which sequence numbers are fresh. Both kinds only
// look until commit: a number is spent by an authentic frame, never by a
// forgery.
type replayGuard interface {
	fresh(sequence uint64) bool
	commit(sequence uint64)
	skipTo(sequence uint64) bool // for the types that may skip: never backwards
}

// strictOrder accepts exactly the next number: on a WebSocket nothing is lost
// or reordered but by an attacker or a bug. The zero value expects 1.
type strictOrder struct{ last uint64 }

func (o *strictOrder) fresh(sequence uint64) bool {
	return sequence == o.last+1 && sequence != 0 // the numbers end; they never start again
}

func (o *strictOrder) commit(sequence uint64) { o.last = sequence }

func (o *strictOrder) skipTo(sequence uint64) bool {
	return sequence > o.last
}

// slidingWindow accepts each number once among the last replayWindow, as in
// RFC 4303 section 3.4.3. The zero value has seen nothing.
type slidingWindow struct {
	highest uint64
	seen    [replayWindow / 64]uint64 // a ring of bits, by sequence modulo its size
}

func (w *slidingWindow) fresh(sequence uint64) bool {
	switch {
	case sequence == 0:
		return false
	case sequence > w.highest:
		return true
	case w.highest-sequence >= replayWindow:
		return false
	}
	return w.seen[slot(sequence)]&bit(sequence) == 0
}

func (w *slidingWindow) commit(sequence uint64) {
	if sequence > w.highest {
		if sequence-w.highest >= replayWindow {
			w.seen = [replayWindow / 64]uint64{}
		} else {
			for s := w.highest + 1; s < sequence; s++ {
				w.seen[slot(s)] &^= bit(s)
			}
		}
		w.highest = sequence
	}
	w.seen[slot(sequence)] |= bit(sequence)
}

func (w *slidingWindow) skipTo(uint64) bool { return false } // the relay has no sockets to resume

func slot(sequence uint64) uint64 { return sequence % replayWindow / 64 }
func bit(sequence uint64) uint64  { return 1 << (sequence % 64) }
