package isolation

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestC9TheRelaysQueueIsBounded fills it to the byte, empties it, and closes
// it.
func TestC9TheRelaysQueueIsBounded(t *testing.T) {
	l := newRelayLink(100)
	take := func(want int) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if frames := l.take(ctx); len(frames) != want {
			t.Errorf("%d frames were taken, want %d", len(frames), want)
		}
	}
	for round := range 3 { // what was taken makes room
		for i, tt := range []struct {
			size int
			fits bool
		}{{60, true}, {41, false}, {40, true}, {1, false}} {
			if err := l.send(make([]byte, tt.size)); (err == nil) != tt.fits {
				t.Errorf("round %d, frame %d of %d bytes: %v", round, i, tt.size, err)
			}
		}
		take(2)
		take(0)
	}
	if err := l.send(make([]byte, 7)); err != nil {
		t.Fatal(err)
	}
	l.close(true)
	if err := l.send(make([]byte, 7)); err == nil {
		t.Error("a closed queue took a frame")
	}
	take(1) // what was in it still arrives
	take(0)
}

// TestTheRelaysQueueWakesWhoWaits has several requests wait for one frame, for
// the end, and for their own time to be over.
func TestTheRelaysQueueWakesWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newRelayLink(100)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		taken := make(chan int, 3)
		wait := func() { taken <- len(l.take(ctx)) }
		for range 3 {
			go wait()
		}
		synctest.Wait()
		if err := l.send(make([]byte, 7)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(taken) != 1 || <-taken != 1 {
			t.Errorf("a frame woke %d requests", len(taken))
		}
		l.close(true)
		synctest.Wait()
		if len(taken) != 2 || <-taken+<-taken != 0 {
			t.Errorf("the end woke %d requests", len(taken))
		}

		l = newRelayLink(100)
		start := time.Now()
		wait()
		if took := time.Since(start); took != time.Minute || <-taken != 0 {
			t.Errorf("a request without a frame waited for %v", took)
		}
	})
}
