package isolation

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestAWatchTellsOfWhatTakesTooLong(t *testing.T) {
	const within = time.Second
	for _, test := range []struct {
		name string
		run  func(w *watch)
		late int32
	}{
		{"nothing ever begun", func(*watch) {}, 0},
		{"a short piece", func(w *watch) { w.begin(); w.end() }, 0},
		{"many short pieces for a long time", func(w *watch) {
			for range 100 {
				w.begin()
				time.Sleep(within / 7)
				w.end()
			}
		}, 0},
		{"a piece that takes almost as long as it may", func(w *watch) { w.begin(); time.Sleep(within - 1); w.end() }, 0},
		{"a long piece, once", func(w *watch) { w.begin(); time.Sleep(10 * within) }, 1},
		{"a long piece between the looks of a short one's timer", func(w *watch) {
			w.begin()
			time.Sleep(within / 2)
			w.end()
			w.begin()
			time.Sleep(3 * within)
		}, 1},
		{"a long piece after a rest", func(w *watch) {
			w.begin()
			w.end()
			time.Sleep(10 * within)
			w.begin()
			time.Sleep(within + 1)
		}, 1},
		{"a long piece that is watched no more", func(w *watch) {
			w.begin()
			w.stop()
			w.begin()
			time.Sleep(10 * within)
		}, 0},
		{"two long pieces", func(w *watch) {
			for range 2 {
				w.begin()
				time.Sleep(2*within + 1)
				w.end()
			}
		}, 2},
		{"a short piece after a long one", func(w *watch) {
			w.begin()
			time.Sleep(3 * within)
			w.end()
			w.begin()
			w.end()
		}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var late atomic.Int32
				w := &watch{within: within, late: func() { late.Add(1) }}
				test.run(w)
				synctest.Wait()
				if n := late.Load(); n != test.late {
					t.Errorf("late was called %d times, want %d", n, test.late)
				}
				w.end()
				time.Sleep(10 * within) // the timer of a watch with nothing to watch ends
				if late.Load() != test.late {
					t.Errorf("late was called after the end")
				}
			})
		})
	}
}

func TestAWatchSaysWhetherThePieceWasInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := make(chan time.Time, 1)
		w := &watch{within: time.Second, late: func() { told <- time.Now() }}
		w.begin()
		if time.Sleep(time.Second / 2); !w.end() {
			t.Error("a piece in time was late")
		}
		began := time.Now()
		w.begin()
		if time.Sleep(3 * time.Second); w.end() {
			t.Error("a late piece was in time")
		}
		if after := (<-told).Sub(began); after < time.Second || after > 2*time.Second {
			t.Errorf("late was called after %v", after)
		}
		w.begin()
		if !w.end() {
			t.Error("the lateness of one piece reached the next")
		}
	})
}
