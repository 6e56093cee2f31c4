package isolation

import (
	"math"
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
