package isolation

import (
	"math"
	"math/rand/v2"
	"testing"
)

// guards are both kinds, fresh.
func guards() map[string]replayGuard {
	return map[string]replayGuard{"direct": new(strictOrder), "relay": new(slidingWindow)}
}

// TestC3NumbersNeverStartAgain takes the very last number, to which a proof
// may skip, and tries what a counter that wraps around would take next.
func TestC3NumbersNeverStartAgain(t *testing.T) {
	for name, g := range guards() {
		for _, last := range []uint64{1, math.MaxUint64} {
			if name == "direct" && last > 1 && !g.skipTo(last) || name == "relay" && !g.fresh(last) {
				t.Fatalf("%s: number %d was not fresh", name, last)
			}
			g.commit(last)
		}
		for _, n := range []uint64{0, 1, 2, math.MaxUint64} {
			if g.fresh(n) || g.skipTo(n) {
				t.Errorf("%s: number %d was taken after the last one", name, n)
			}
		}
	}
}

// TestC3TheWindowTakesWhatItMayAndNothingTwice compares the ring of bits with
// the rule itself: any number once that is not 1024 or more behind the highest.
func TestC3TheWindowTakesWhatItMayAndNothingTwice(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		w, taken, highest := new(slidingWindow), map[uint64]bool{}, uint64(0)
		for range 5000 {
			n := highest - min(highest, random.Uint64N(1030)) // what was overtaken, down to 0
			switch random.Uint64N(8) {
			case 0, 1, 2:
				n = highest + 1
			case 3:
				n = highest + 1 + random.Uint64N(4)
			case 4:
				n = highest + 1020 + random.Uint64N(8)
			case 5:
				n = highest - min(highest, 1018+random.Uint64N(10))
			}
			want := n > 0 && n+replayWindow > highest && !taken[n]
			if got := w.fresh(n); got != want {
				t.Fatalf("number %d with %d the highest: fresh is %v, want %v", n, highest, got, want)
			}
			if want && random.Uint64N(10) > 0 { // else a forgery: looked at and not taken
				w.commit(n)
				taken[n], highest = true, max(highest, n)
			}
		}
	}
}

// TestC3TheDirectCarrierTakesTheNextNumberAlone tries every number around the
// next one, and where a proof may skip to.
func TestC3TheDirectCarrierTakesTheNextNumberAlone(t *testing.T) {
	o := new(strictOrder)
	for _, last := range []uint64{0, 1, 7, 1 << 40} {
		o.commit(last)
		for n := last - min(last, 3); n < last+4; n++ {
			if o.fresh(n) != (n == last+1) {
				t.Errorf("after %d the number %d is fresh: %v", last, n, o.fresh(n))
			}
			if o.skipTo(n) != (n > last) {
				t.Errorf("after %d a proof may skip to %d: %v", last, n, o.skipTo(n))
			}
		}
	}
}
