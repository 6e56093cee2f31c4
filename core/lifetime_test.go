package core

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A lifetime is asked what every context is asked, beside one of the standard library.
func TestALifetimeIsAContext(t *testing.T) {
	for name, end := range map[string]func(l *lifetime, session context.CancelFunc){
		"interrupted":           func(l *lifetime, _ context.CancelFunc) { l.end(context.Canceled) },
		"the session's end":     func(_ *lifetime, session context.CancelFunc) { session() },
		"its deadline":          func(l *lifetime, _ context.CancelFunc) { l.expire(time.Now().Add(time.Hour)) },
		"interrupted two times": func(l *lifetime, _ context.CancelFunc) { l.end(context.Canceled); l.end(context.DeadlineExceeded) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				session, cancel := context.WithCancel(t.Context())
				defer cancel()
				l := &lifetime{session: session, deadline: time.Now().Add(time.Minute)}
				done := l.Done()
				derived, stop := context.WithCancel(context.WithValue(l, callKey{}, 1))
				defer stop()
				var told sync.WaitGroup
				told.Add(1)
				context.AfterFunc(l, told.Done)
				never := context.AfterFunc(l, func() { t.Error("a stopped function is called") })
				if !never() || never() {
					t.Error("stop reports the wrong thing")
				}
				if l.Err() != nil || derived.Err() != nil {
					t.Fatalf("it begins ended: %v, %v", l.Err(), derived.Err())
				}
				want := context.Canceled
				if name == "its deadline" {
					want = context.DeadlineExceeded
				}
				end(l, cancel)
				if l.Err() != want {
					t.Errorf("Err is %v, want %v", l.Err(), want)
				}
				synctest.Wait()
				<-done
				<-l.Done()
				<-derived.Done()
				told.Wait()
				if !errors.Is(derived.Err(), want) {
					t.Errorf("a derived context's Err is %v, want %v", derived.Err(), want)
				}
				late := make(chan struct{})
				context.AfterFunc(l, func() { close(late) })
				<-late
			})
		})
	}
}

// Nobody has looked at Done: the end of the session is seen all the same.
func TestALifetimeThatNobodyWatchesEndsWithItsSession(t *testing.T) {
	session, cancel := context.WithCancel(t.Context())
	l := &lifetime{session: session}
	cancel()
	if l.Err() != context.Canceled {
		t.Errorf("Err is %v", l.Err())
	}
	select {
	case <-l.Done():
	default:
		t.Error("Done is open")
	}
}

// Who derives a context after the session's end, or looks at Done once, must not find the call alive.
func TestALifetimeWhoseSessionHasEndedBeginsEnded(t *testing.T) {
	session, cancel := context.WithCancel(t.Context())
	cancel()
	derived, stop := context.WithCancel(&lifetime{session: session})
	defer stop()
	if derived.Err() != context.Canceled {
		t.Errorf("a derived context's Err is %v", derived.Err())
	}
	select {
	case <-(&lifetime{session: session}).Done():
	default:
		t.Error("Done is open")
	}
	called := make(chan struct{})
	if context.AfterFunc(&lifetime{session: session}, func() { close(called) })() {
		t.Fatal("what is called after the end could be stopped")
	}
	<-called
}

// An ended session's calls may have hours left: its alarm would keep it for so long.
func TestAnEndedSessionSetsNoAlarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &session{app: &App{stats: newCounters()}, calls: make(map[uint32]*call)}
		late := func(number uint32) *call {
			c := &call{session: s, number: number}
			c.context.session, c.context.deadline = t.Context(), time.Now().Add(time.Hour)
			s.enter(c)
			return c
		}
		first := late(1)
		s.stopAlarm()
		late(2)
		first.moveDeadline(time.Now().Add(time.Minute))
		s.due(time.Now())
		if s.alarm.timer.Stop() {
			t.Error("the alarm is set")
		}
	})
}

func TestOneAlarmWatchesAllDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &session{app: &App{stats: newCounters()}, calls: make(map[uint32]*call)}
		began := time.Now()
		var calls []*call
		for i, after := range []time.Duration{30, 5, 60, 5, 1} {
			c := &call{session: s, number: uint32(i + 1)}
			c.answered.Store(true)
			c.context.session, c.context.deadline = t.Context(), began.Add(after*time.Second)
			s.enter(c)
			calls = append(calls, c)
		}
		if !calls[4].context.extend(began.Add(40 * time.Second)) {
			t.Fatal("a deadline can't be moved")
		}
		ends := make([]time.Duration, len(calls))
		var wait sync.WaitGroup
		for i, c := range calls {
			wait.Go(func() {
				<-c.context.Done()
				ends[i] = time.Since(began) / time.Second
			})
		}
		wait.Wait()
		for i, want := range []time.Duration{30, 5, 60, 5, 40} {
			if ends[i] != want || calls[i].context.Err() != context.DeadlineExceeded {
				t.Errorf("call %d ended after %d s with %v, want %d s", i, ends[i], calls[i].context.Err(), want)
			}
		}
		synctest.Wait()
		for i, c := range calls {
			if c.why.Load() != timedOut {
				t.Errorf("call %d was not told", i)
			}
		}
	})
}

// A page may give its call a millisecond, and a busy machine takes two to begin.
func TestACallWhoseDeadlineHasPassedDoesNotBegin(t *testing.T) {
	b := newBench(t, nil, nil)
	value, _ := b.sessions.Load(b.connect(t, "main").Session)
	s := value.(*session)
	c := &call{session: s, number: 1, command: b.commands["notes.touch"], rules: b.policy.Load(), args: textOf("x")}
	c.record = s.newRecord(1, c.command)
	c.context.session, c.context.app, c.context.deadline = s.link.Context(), b.App, time.Now().Add(-time.Millisecond)
	if refused := c.limit(time.Now()); refused != nil { // as admit does, but for the alarm
		t.Fatal(refused)
	}
	c.serve()
	if c.why.Load() != timedOut || len(b.runs) > 0 {
		t.Errorf("interrupted by %v, and the handler ran %d times", c.why.Load(), len(b.runs))
	}
}
