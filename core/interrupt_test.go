package core

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/policy"
)

// slowPolicy allows everything, but only when told, and whatever became of the
// context: as an engine that finishes a short evaluation does.
type slowPolicy struct{ asked, answer chan struct{} }

func newSlowPolicy() slowPolicy {
	return slowPolicy{asked: make(chan struct{}, 16), answer: make(chan struct{})}
}

func (p slowPolicy) Decide(context.Context, policy.Input) (policy.Decision, error) {
	p.asked <- struct{}{}
	<-p.answer
	return policy.Decision{Effect: policy.Allow}, nil
}
func (slowPolicy) May(context.Context, policy.Input) policy.Effect            { return policy.Allow }
func (slowPolicy) Reads(context.Context, policy.Input) ([]policy.Read, error) { return nil, nil }
func (slowPolicy) Limits(context.Context, policy.Input) (policy.Limits, error) {
	return policy.Limits{}, nil
}
func (slowPolicy) Revision() string { return "slow" }

func TestC7ACallThatEndsWhileThePolicyIsAskedNeverRuns(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(t *testing.T, b *bench, c *peer.Client)
		code Code
	}{
		{"the page cancels", func(t *testing.T, b *bench, c *peer.Client) {
			if err := c.Send(peer.AppendCancel(nil, 1)); err != nil {
				t.Fatal(err)
			}
		}, CodeCancelled},
		{"the session ends", func(t *testing.T, b *bench, c *peer.Client) { c.Session.End(isolation.EndRevoked) }, CodeCancelled},
		{"the deadline passes", func(t *testing.T, b *bench, c *peer.Client) { time.Sleep(60 * time.Millisecond) }, CodeTimeout},
	} {
		t.Run(test.name, func(t *testing.T) {
			slow := newSlowPolicy()
			b := newBench(t, func(c *Config) {
				if test.code == CodeTimeout {
					c.Limits.Deadline = 50 * time.Millisecond
				}
			}, func(b *bench) { b.judge(slow) })
			c := b.connect(t, "main")
			answer, err := c.Start("notes.touch", textOf("x"))
			if err != nil {
				t.Fatal(err)
			}
			<-slow.asked
			test.end(t, b, c)
			if c.Session.Context().Err() == nil { // the page is answered before the policy is
				if _, err := c.Await(patient(t), answer); code(t, err) != test.code {
					t.Errorf("page got %v", err)
				}
			}
			close(slow.answer)
			r := b.find(t, func(r audits.Record) bool { return true })
			if r.Verdict != audits.VerdictRefuse || r.Stage != audits.StagePolicy || r.Code != string(test.code) {
				t.Errorf("recorded %+v", r)
			}
			await(t, "no call under way", func() bool { return b.Stats().UnderWay == 0 })
			b.nothingRan(t)
			if n := b.record.Total(); n != 1 {
				t.Errorf("%d records, want one", n)
			}
		})
	}
}

func TestC7ACallCancelledWhileItIsRecordedNeverRuns(t *testing.T) {
	deciding, decided := make(chan struct{}), make(chan struct{})
	var outcome atomic.Pointer[audits.Record]
	b := newBench(t, func(c *Config) {
		c.Record = keeper{
			decide:  func(*audits.Record) error { close(deciding); <-decided; return nil },
			outcome: func(r *audits.Record) error { kept := *r; outcome.Store(&kept); return nil },
		}
	}, nil)
	c := b.connect(t, "main")
	answer, err := c.Start("notes.touch", textOf("x"))
	if err != nil {
		t.Fatal(err)
	}
	<-deciding
	if err := c.Send(peer.AppendCancel(nil, 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Await(patient(t), answer); code(t, err) != CodeCancelled {
		t.Errorf("page got %v", err)
	}
	close(decided)
	await(t, "an outcome", func() bool { return outcome.Load() != nil })
	if r := outcome.Load(); r.Verdict != audits.VerdictCancelled || !strings.Contains(r.Reason, "did not run") {
		t.Errorf("outcome is %+v", r)
	}
	b.nothingRan(t)
}

// waitBench has a handler that runs until its context ends, and one that
// doesn't listen.
func waitBench(t testing.TB, change func(*Config)) (*bench, chan error, chan struct{}) {
	ended, release := make(chan error, 16), make(chan struct{})
	b := newBench(t, change, func(b *bench) {
		Command(b.App, "notes.wait", func(ctx context.Context, a text) (struct{}, error) {
			b.ran(ctx)
			<-ctx.Done()
			ended <- ctx.Err()
			return struct{}{}, ctx.Err()
		})
		Command(b.App, "notes.fail", func(ctx context.Context, a text) (struct{}, error) {
			b.ran(ctx)
			<-release
			return struct{}{}, nil
		})
	})
	return b, ended, release
}

func TestACancelEndsThatCallOfThatSessionOnly(t *testing.T) {
	b, ended, release := waitBench(t, nil)
	close(release)
	one, two := b.connect(t, "main"), b.connect(t, "main")
	first, err := one.Start("notes.wait", textOf("x"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := one.Start("notes.wait", textOf("x"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := two.Start("notes.wait", textOf("x"))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		<-b.runs
	}
	if err := one.Send(peer.AppendCancel(peer.AppendCancel(nil, 1), 99)); err != nil {
		t.Fatal(err)
	}
	if _, err := one.Await(patient(t), first); code(t, err) != CodeCancelled {
		t.Errorf("page got %v", err)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("handler saw %v", err)
	}
	r := b.find(t, func(r audits.Record) bool { return r.Kind == audits.KindOutcome })
	if r.Verdict != audits.VerdictCancelled || r.ID != one.Session.ID()+"-1" {
		t.Errorf("outcome is %+v", r)
	}
	select {
	case <-second:
		t.Error("another call of the session ended")
	case <-other:
		t.Error("a call of another session ended")
	case <-time.After(20 * time.Millisecond):
	}
	one.Session.End(isolation.EndRevoked)
	<-ended
	select {
	case <-ended:
		t.Error("the end of a session reached another")
	case <-time.After(20 * time.Millisecond):
	}
	two.Session.End(isolation.EndRevoked)
	<-ended
}

func TestACancelThatOvertakesItsCallCounts(t *testing.T) {
	b := newBench(t, nil, nil)
	c := b.connect(t, "main")
	if err := c.Send(peer.AppendCancel(nil, 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Call(patient(t), "notes.touch", textOf("x")); code(t, err) != CodeCancelled {
		t.Errorf("page got %v", err)
	}
	b.nothingRan(t)
	if _, err := c.Call(patient(t), "notes.touch", textOf("x")); err != nil {
		t.Errorf("the next call: %v", err)
	}
}

func TestC9TheShorterDeadlineHolds(t *testing.T) {
	for _, test := range []struct {
		name          string
		page, command time.Duration
	}{
		{"the command's, where the page sets none", 0, 30 * time.Millisecond},
		{"the command's, where the page asks for more", time.Hour, 30 * time.Millisecond},
		{"the page's, where it asks for less", 30 * time.Millisecond, time.Hour},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, ended, release := waitBench(t, func(c *Config) {
				c.CommandLimits = map[string]Limits{"notes.wait": {Deadline: test.command}}
			})
			close(release)
			c := b.connect(t, "main")
			if err := c.Send(peer.AppendCall(nil, 1, test.page, "notes.wait", textOf("x"))); err != nil {
				t.Fatal(err)
			}
			if err := <-ended; !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("handler saw %v", err)
			}
			r := b.find(t, func(r audits.Record) bool { return r.Kind == audits.KindOutcome })
			if r.Verdict != audits.VerdictCancelled || r.Code != string(CodeTimeout) {
				t.Errorf("outcome is %+v", r)
			}
		})
	}
}

func TestC9AHandlerThatDoesNotListenKeepsItsPlace(t *testing.T) {
	b, _, release := waitBench(t, func(c *Config) {
		c.Limits.Concurrency = 2
		c.Limits.Deadline = 20 * time.Millisecond
	})
	c := b.connect(t, "main")
	for range 2 {
		if _, err := c.Call(patient(t), "notes.fail", textOf("x")); code(t, err) != CodeTimeout {
			t.Errorf("page got %v", err)
		}
	}
	if _, err := c.Call(patient(t), "notes.touch", textOf("x")); code(t, err) != CodeBusy {
		t.Errorf("page got %v", err)
	}

	// A fresh frame does not shake them off.
	c.Session.End(isolation.EndReplaced)
	fresh := b.connect(t, "main")
	if _, err := fresh.Call(patient(t), "notes.touch", textOf("x")); code(t, err) != CodeBusy {
		t.Errorf("after a fresh frame page got %v", err)
	}
	close(release)
	await(t, "no call under way", func() bool { return b.Stats().UnderWay == 0 })
	if _, err := fresh.Call(patient(t), "notes.touch", textOf("x")); err != nil {
		t.Errorf("once they have returned: %v", err)
	}
}

func TestShutdownDrains(t *testing.T) {
	b, _, release := waitBench(t, nil)
	c := b.connect(t, "main")
	answer, err := c.Start("notes.fail", textOf("x"))
	if err != nil {
		t.Fatal(err)
	}
	<-b.runs
	down := make(chan error, 1)
	go func() { down <- b.Shutdown(patient(t)) }()
	await(t, "the app takes no more calls", func() bool {
		_, err := c.Call(patient(t), "notes.touch", textOf("x"))
		return code(t, err) == CodeClosed
	})
	for len(b.runs) > 0 { // those of the polling above
		<-b.runs
	}
	close(release)
	if err := <-down; err != nil {
		t.Error(err)
	}
	<-c.Over()
	select {
	case a := <-answer:
		if a.Failed {
			t.Errorf("the call under way got %s", a.JSON)
		}
	default:
		t.Error("the answer to the call under way was lost")
	}
	b.nothingRan(t)
}

func TestShutdownCancelsWhatDoesNotEnd(t *testing.T) {
	b, ended, release := waitBench(t, nil)
	defer close(release)
	c := b.connect(t, "main")
	answer, err := c.Start("notes.wait", textOf("x"))
	if err != nil {
		t.Fatal(err)
	}
	<-b.runs
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := b.Shutdown(ctx); err != nil {
		t.Errorf("a handler that listens was waited for: %v", err)
	}
	<-ended
	if _, err := c.Await(patient(t), answer); err == nil {
		t.Error("a cancelled call had a result")
	}
	b.find(t, func(r audits.Record) bool { return r.Kind == audits.KindOutcome && r.Code == string(CodeClosed) })
}

func TestShutdownNamesHandlersThatDoNotReturn(t *testing.T) {
	b, _, release := waitBench(t, nil)
	c := b.connect(t, "main")
	if _, err := c.Start("notes.fail", textOf("x")); err != nil {
		t.Fatal(err)
	}
	<-b.runs
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := b.Shutdown(ctx)
	if err == nil {
		t.Fatal("no error")
	}
	contains(t, err.Error(), "1 handlers")
	close(release)
	await(t, "no call under way", func() bool { return b.Stats().UnderWay == 0 })
}

func TestACallIsAnsweredOnce(t *testing.T) {
	b, _, release := waitBench(t, func(c *Config) { c.Limits.Deadline = 20 * time.Millisecond })
	p, session, answers := b.shakeHands(t)
	session.Deliver(p.Seal(isolation.TypeBatch, peer.AppendCall(nil, 1, 0, "notes.fail", textOf("x"))))
	if a := <-answers; a.ID != 1 || !a.Failed {
		t.Errorf("first answer is %+v", a)
	}
	close(release) // now the handler has a result as well
	await(t, "no call under way", func() bool { return b.Stats().UnderWay == 0 })
	session.Deliver(p.Seal(isolation.TypeBatch, peer.AppendCall(nil, 2, 0, "notes.touch", textOf("x"))))
	if a := <-answers; a.ID != 2 {
		t.Errorf("another answer: %+v", a)
	}
}

// Whoever sends the first answer waits for the page.
func TestC7APageThatDoesNotReadKeepsNoOtherCallRunning(t *testing.T) {
	running, ended := make(chan struct{}, 2), make(chan struct{}, 2)
	b := newBench(t, nil, func(b *bench) {
		b.Handle("notes.wait", func(ctx context.Context, _ *Request) (any, error) {
			running <- struct{}{}
			<-ctx.Done()
			ended <- struct{}{}
			return nil, ctx.Err()
		})
	})
	offer, err := b.Gate().Offer("main", isolation.Direct)
	if err != nil {
		t.Fatal(err)
	}
	p, hello, err := peer.New(offer.Handshake())
	if err != nil {
		t.Fatal(err)
	}
	ready, read := make(chan struct{}, 1), make(chan struct{})
	s, err := offer.Accept(hello, func(frame []byte) error {
		if isolation.Type(frame[1]) == isolation.TypeReady {
			_, _, err := p.Open(frame)
			ready <- struct{}{}
			return err
		}
		<-read
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	<-ready
	var wait sync.WaitGroup
	defer wait.Wait()
	defer close(read)
	for id := range uint32(2) {
		frame := p.Seal(isolation.TypeBatch, peer.AppendCall(nil, id+1, 0, "notes.wait", textOf("x")))
		wait.Go(func() { s.Serve(frame) }) // its answers are sent by whoever makes them
		<-running
	}
	now, cancel := context.WithCancel(t.Context())
	cancel()
	wait.Go(func() { _ = b.drain(now) })
	for range 2 {
		select {
		case <-ended:
		case <-time.After(2 * time.Second):
			t.Fatal("a call goes on")
		}
	}
}
