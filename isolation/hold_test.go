package isolation

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestAHoldKeepsAnswersTogether(t *testing.T) {
	for _, test := range []struct {
		name string
		run  func(v *sending)
	}{
		{"until the last release, in the order in which they were written", func(v *sending) {
			first := v.s.Hold()
			second := v.s.Hold()
			v.write(item(1, 1), item(2, 1))
			v.s.Release(first)
			v.write(item(3, 1))
			go v.s.Release(second)
			v.batch(item(1, 1), item(2, 1), item(3, 1))
			v.silent()
		}},
		{"until the last release by who can't wait", func(v *sending) {
			h := v.s.Hold()
			v.write(item(1, 1), item(2, 1))
			v.s.ReleaseLater(h) // which is to return although nobody takes the frame
			v.batch(item(1, 1), item(2, 1))
			v.silent()
		}},
		{"and a release without any sends nothing", func(v *sending) {
			v.s.Release(v.s.Hold())
			v.silent()
			v.write(item(1, 1))
			v.batch(item(1, 1))
		}},
		{"for a moment alone, when it is not released", func(v *sending) {
			h := v.s.Hold()
			v.write(item(1, 1), item(2, 1))
			began := time.Now()
			v.batch(item(1, 1), item(2, 1))
			if waited := time.Since(began); waited < holdAtMost || waited > 2*holdAtMost {
				v.Errorf("they waited for %v", waited)
			}
			time.Sleep(time.Second) // past every pace
			v.write(item(3, 1))     // alone: nothing is held any more
			v.batch(item(3, 1))
			v.s.Release(h) // too late to matter
			v.silent()
			next := v.s.Hold()
			v.write(item(4, 1), item(5, 1))
			go v.s.Release(next)
			v.batch(item(4, 1), item(5, 1))
		}},
		{"and a release that comes too late doesn't end the next hold", func(v *sending) {
			late := v.s.Hold()
			time.Sleep(time.Second)
			h := v.s.Hold()
			v.write(item(1, 1))
			go v.s.Release(late)
			synctest.Wait()
			v.write(item(2, 1))
			go v.s.Release(h)
			v.batch(item(1, 1), item(2, 1))
			v.silent()
		}},
		{"but not more than may wait", func(v *sending) {
			h := v.s.Hold()
			half := item(1, holdBytes/2)
			began := time.Now()
			v.write(half, half)
			v.batch(half, half)
			if waited := time.Since(began); waited >= holdAtMost {
				v.Errorf("they waited for %v", waited)
			}
			v.s.Release(h)
			v.silent()
		}},
	} {
		t.Run(test.name, func(t *testing.T) { sends(t, Limits{}, test.run) })
	}
}

// TestC9HeldAnswersAreNoSlowPage holds more than a slow page may let wait, which
// would end its session.
func TestC9HeldAnswersAreNoSlowPage(t *testing.T) {
	sends(t, Limits{MaxPending: 1 << 20}, func(v *sending) {
		h := v.s.Hold()
		large := item(1, 200<<10)
		var sent atomic.Int64
		go func() {
			for {
				select {
				case frame := <-v.link.Frames:
					sent.Add(int64(len(frame)))
				case <-v.link.closed:
					return
				}
			}
		}()
		for range 6 {
			v.write(large)
		}
		v.s.Release(h)
		time.Sleep(time.Second)
		if v.s.ended.Load() || sent.Load() < int64(6*len(large)) {
			v.Errorf("%d bytes of %d were sent; ended: %t", sent.Load(), 6*len(large), v.s.ended.Load())
		}
	})
}
