package isolation

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestAPostedItemKeepsItsPlaceAndTakesNoTime(t *testing.T) {
	sends(t, Limits{}, func(v *sending) {
		v.plug(1) // is being sent
		first, queued := v.s.Post(item(2, 1))
		if !queued || v.s.Passed(first) {
			t.Errorf("it was queued: %v; and passed on at once: %v", queued, v.s.Passed(first))
		}
		v.write(item(3, 1))
		v.batch(item(1, 1))
		v.batch(item(2, 1), item(3, 1))
		if !v.s.Passed(first) {
			t.Error("it was sent, and has not passed")
		}
		second, _ := v.s.Post(item(4, 1)) // nothing is being sent: another goroutine does it
		v.batch(item(4, 1))
		if second <= first || !v.s.Passed(second) {
			t.Errorf("the place %d comes after %d", second, first)
		}
		v.plug(5)
		third, _ := v.s.Post(item(6, 1))
		v.link.Break()
		synctest.Wait()
		if !v.s.Passed(third) {
			t.Error("it was dropped, and is waited for")
		}
		if _, queued := v.s.Post(item(7, 1)); queued {
			t.Error("it was queued for nobody")
		}
	})
}

// What is worth nothing soon must not be what ends the session of a page that does
// not read.
func TestC9APostedItemIsDroppedBeforeItsPageIsTooSlow(t *testing.T) {
	sends(t, Limits{MaxFrame: 1 << 10, MaxPending: 4 << 10}, func(v *sending) {
		v.plug(1)
		queued := 0
		for range 1000 {
			if _, ok := v.s.Post(item(2, 90)); ok {
				queued++
			}
		}
		if queued == 0 || queued > 11 || v.s.ended.Load() {
			t.Errorf("%d were queued, want what a quarter holds; the session ended: %v", queued, v.s.ended.Load())
		}
		if _, ok := v.s.Post(item(2, 1<<10)); ok {
			t.Error("what fits no frame was queued")
		}
	})
}

func TestC9WhatTheRelayHoldsHasNotPassed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := twoWindows(t, Limits{MaxFrame: 1 << 10, MaxPending: 4 << 10})
		s := quietSession(t, g, Relay)
		to := newRelayLink(4 << 10)
		s.out.link = to
		at, queued := s.Post(item(1, 10))
		time.Sleep(time.Second)
		if !queued || s.Passed(at) {
			t.Errorf("queued: %v, passed: %v, before the page has asked", queued, s.Passed(at))
		}
		more := 0
		for range 100 {
			if _, ok := s.Post(item(2, 90)); ok {
				more++
			}
			synctest.Wait()
		}
		if more == 0 || more > 11 {
			t.Errorf("%d more were queued, want what a quarter holds", more)
		}
		to.take(t.Context())
		if !s.Passed(at) {
			t.Error("the page has it, and it has not passed")
		}
	})
}
