package attacks

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// The first call of a loaded page waits for the frame, its handshake and its
// socket. The bound is ten times what an idle machine needs: it is there for
// what would make it wait for a timer. The figures are in the verbose log.
func TestFirstCall(t *testing.T) {
	inBrowsers(t, func(t *testing.T, d *driver) {
		l := newLab(t, d, options{script: "first"})
		v := l.visit("main")
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, from := range []string{"navigation", "response", "script"} {
			var all []float64
			for i := range 12 {
				r := v.facts[fmt.Sprintf("load %d", i)]
				if r == nil {
					t.Fatalf("load %d has not reported", i)
				}
				ms, ok := r.facts[from].(float64)
				if !ok {
					t.Fatalf("load %d: %v", i, r.facts)
				}
				all = append(all, ms)
			}
			slices.Sort(all)
			t.Logf("%s, first answer after %s: median %.0f ms, %.0f to %.0f", d.engine, from, all[len(all)/2], all[0], all[len(all)-1])
			if median := time.Duration(all[len(all)/2] * float64(time.Millisecond)); median > 3*time.Second {
				t.Errorf("the first answer takes %v", median)
			}
		}
	})
}
