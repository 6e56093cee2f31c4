package core

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/policy"
)

// blocked are two handlers: one waits for the page to send, the other for it to
// read.
func blocked(ended chan<- error) func(context.Context, text, *Channel[text, text]) (text, error) {
	return func(_ context.Context, a text, s *Channel[text, text]) (text, error) {
		for {
			var err error
			if a.Text == "send" {
				err = s.Send(text{strings.Repeat("x", 200<<10)})
			} else {
				_, err = s.Receive()
			}
			if err != nil {
				ended <- err
				return text{}, err
			}
		}
	}
}

// Whatever ends a call wakes its handler, on whichever side it waits.
func TestC9WhatEndsACallEndsItsStreams(t *testing.T) {
	for _, test := range []struct {
		name    string
		end     func(b *bench, f *flow)
		err     error
		code    Code
		verdict string
	}{
		{"the page cancels", func(_ *bench, f *flow) { f.send(peer.AppendCancel(nil, f.id)) }, context.Canceled, CodeCancelled, audits.VerdictCancelled},
		{"the window closes", func(_ *bench, f *flow) { _ = f.c.SendFrame(f.c.Peer.Seal(isolation.TypeBye, nil)) }, context.Canceled, CodeCancelled, audits.VerdictCancelled},
		{"the session is replaced", func(_ *bench, f *flow) { f.c.Session.End(isolation.EndReplaced) }, context.Canceled, CodeCancelled, audits.VerdictCancelled},
		{"the frame breaks a rule", func(_ *bench, f *flow) { f.send(peer.AppendEnd(nil, f.id, 12345, false)) }, context.Canceled, CodeCancelled, audits.VerdictCancelled},
		{"nothing moves until the deadline", func(*bench, *flow) {}, context.DeadlineExceeded, CodeTimeout, audits.VerdictCancelled},
		{"the app shuts down", func(b *bench, _ *flow) {
			now, cancel := context.WithCancel(context.Background())
			cancel()
			_ = b.drain(now)
		}, context.Canceled, CodeClosed, audits.VerdictCancelled},
	} {
		for _, waits := range []string{"send", "receive"} {
			t.Run(test.name+", a handler waits to "+waits, func(t *testing.T) {
				ended := make(chan error, 1)
				b := streamBench(t, func(c *Config) {
					if test.code == CodeTimeout {
						c.Limits.Deadline = 100 * time.Millisecond
					}
				}, blocked(ended))
				f := stream(t, b.connect(t, "main"), peer.Call{JSON: textOf(waits), Wants: both})
				<-b.runs
				if waits == "send" {
					f.until("a window", func() bool { return f.bytes >= isolation.StreamWindow })
				}
				test.end(b, f)
				if err := <-ended; !errors.Is(err, test.err) {
					t.Errorf("handler got %v, want %v", err, test.err)
				}
				r := b.find(t, outcome)
				if r.Verdict != test.verdict || r.Code != string(test.code) || r.Streamed == nil || (r.Streamed.ItemsOut > 0) != (waits == "send") {
					t.Errorf("outcome %q, %q, %+v", r.Verdict, r.Code, r.Streamed)
				}
				await(t, "no call under way", func() bool { return b.Stats().UnderWay == 0 })
			})
		}
	}
}

func TestC7AStreamThatIsCancelledBeforeDispatchNeverRuns(t *testing.T) {
	slow := newSlowPolicy()
	b := streamBench(t, nil, echo)
	b.judge(slow)
	c := b.connect(t, "main")
	f := stream(t, c, peer.Call{Wants: both})
	<-slow.asked
	f.upload("a")
	f.send(peer.AppendCancel(nil, f.id))
	if _, err := f.result(); code(t, err) != CodeCancelled {
		t.Errorf("page got %v", err)
	}
	f.upload("b") // was under way
	f.end()
	close(slow.answer)
	r := b.find(t, func(audits.Record) bool { return true })
	if r.Kind != audits.KindDecision || r.Verdict != audits.VerdictRefuse || r.Code != string(CodeCancelled) {
		t.Errorf("recorded %+v", r)
	}
	await(t, "no call under way", func() bool { return b.Stats().UnderWay == 0 })
	b.nothingRan(t)
	for _, s := range b.sessions.Range {
		if n := s.(*session).budget.pending; n != 0 {
			t.Errorf("%d bytes are still held", n)
		}
	}
}

// Deadlines of a call with streams: its command's begins anew with every item, the
// page's and StreamWithin don't.
func TestC9DeadlinesOfAStream(t *testing.T) {
	const pause = 40 * time.Millisecond
	for _, test := range []struct {
		name    string
		limits  Limits
		timeout time.Duration
		items   int  // that the page sends, pause apart, if it is not told of an end
		early   bool // it is
	}{
		{"items that keep coming", Limits{Deadline: 10 * pause}, 0, 25, false},
		{"items that stop coming", Limits{Deadline: 10 * pause}, 0, 1, false},
		{"the page's own deadline", Limits{Deadline: 20 * pause}, 15 * pause, 200, true},
		{"a stream that trickles on", Limits{Deadline: 20 * pause, StreamWithin: 15 * pause}, 0, 200, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			ended := make(chan error, 1)
			b := streamBench(t, func(c *Config) { c.CommandLimits = map[string]Limits{"notes.stream": test.limits} }, blocked(ended))
			f := stream(t, b.connect(t, "main"), peer.Call{JSON: textOf("receive"), Wants: both, Timeout: test.timeout})
			<-b.runs
			early := false
			for n := 0; n < test.items && !early; n++ {
				f.upload("x")
				time.Sleep(pause)
				early = len(ended) > 0
			}
			if early != test.early {
				t.Errorf("it ended while items came: %v, want %v", early, test.early)
			}
			if err := <-ended; !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("handler got %v", err)
			}
			if _, err := f.result(); code(t, err) != CodeTimeout {
				t.Errorf("page got %v", err)
			}
		})
	}
}

// A slow-loris reader takes one item at a time: each moves its call's deadline,
// and StreamWithin ends it.
func TestC9ASlowReaderDoesNotKeepAHandlerForever(t *testing.T) {
	ended := make(chan error, 1)
	b := streamBench(t, func(c *Config) {
		c.Limits.Deadline, c.Limits.StreamWithin = time.Second, 300*time.Millisecond
	}, blocked(ended))
	f := stream(t, b.connect(t, "main"), peer.Call{JSON: textOf("send"), Wants: both})
	f.until("a window", func() bool { return f.bytes >= isolation.StreamWindow })
	for limit := uint64(isolation.StreamWindow); ; limit += 1000 {
		select {
		case err := <-ended:
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("handler got %v", err)
			}
			return
		case <-time.After(20 * time.Millisecond):
			f.send(peer.AppendCredit(nil, f.id, limit))
		}
	}
}

const streamingElsewhere = "# METADATA\n# custom:\n#   windows: [\"main\"]\npackage capability.notes\n\nallow if input.command == \"notes.touch\"\n"

// What streams goes on only as long as it is allowed.
func TestC7AStreamEndsWithItsPermission(t *testing.T) {
	allow := string(streamFiles()["capabilities/notes.rego"].Data)
	grant := func(more Grant) func(t *testing.T, b *bench) {
		return func(t *testing.T, b *bench) {
			more.Windows, more.Commands = []string{"main"}, []string{"notes.stream"}
			if _, err := b.Grant(more); err != nil {
				t.Fatal(err)
			}
		}
	}
	reload := func(rego string) func(t *testing.T, b *bench) {
		return func(t *testing.T, b *bench) {
			if err := b.Reload(fstest.MapFS{"notes.rego": {Data: []byte(rego)}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	revoke := func(t *testing.T, b *bench) {
		if err := b.Revoke(b.Grants()[0].ID); err != nil {
			t.Fatal(err)
		}
	}
	nothing := func(*testing.T, *bench) {}
	for _, test := range []struct {
		name          string
		rego          string
		before, after func(t *testing.T, b *bench)
		goesOn        bool
	}{
		{"the capabilities are as before", allow, nothing, reload(allow + "\n# a comment\n"), true},
		{"they don't allow it any more", allow, nothing, reload(streamingElsewhere), false},
		{"a rule is against it", allow, nothing, reload(allow + "\ndeny contains \"no\" if input.channel == \"both\"\n"), false},
		{"they ask for it now", allow, nothing, reload(strings.Replace(allow, "allow if input.command", "ask contains \"Really?\" if input.command", 1)), false},
		{"its grant is revoked", streamingElsewhere, grant(Grant{}), revoke, false},
		{"its grant is revoked and another stands", streamingElsewhere, func(t *testing.T, b *bench) { grant(Grant{})(t, b); grant(Grant{})(t, b) }, revoke, true},
		{"its grant is used up by it", streamingElsewhere, grant(Grant{Once: true}), reload(streamingElsewhere + "\n# a comment\n"), true},
		{"its grant is used up by it, and a rule is against it", streamingElsewhere, grant(Grant{Once: true}), reload(streamingElsewhere + "\ndeny contains \"no\" if input.command == \"notes.stream\"\n"), false},
		{"its grant stands and the capabilities change", streamingElsewhere, grant(Grant{}), reload(streamingElsewhere + "\n# a comment\n"), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := streamBench(t, func(c *Config) {
				files := streamFiles()
				files["capabilities/notes.rego"].Data = []byte(test.rego)
				c.Files = files
			}, echo)
			test.before(t, b)
			f := stream(t, b.connect(t, "main"), peer.Call{Wants: both})
			f.upload("a")
			f.until("an item", func() bool { return len(f.items) == 1 })
			test.after(t, b)
			if test.goesOn {
				f.upload("b")
				f.until("another", func() bool { return len(f.items) == 2 })
				f.end()
				if _, err := f.result(); err != nil {
					t.Errorf("page got %v", err)
				}
				return
			}
			if _, err := f.result(); code(t, err) != CodeCancelled {
				t.Errorf("page got %v", err)
			}
			contains(t, b.find(t, outcome).Reason, "not allowed any more")
		})
	}
}

// A reload between the decision and the handler is not missed.
func TestC7AStreamThatBeginsUnderOldRulesIsAskedAgain(t *testing.T) {
	deciding, decided := make(chan struct{}), make(chan struct{})
	b := streamBench(t, func(c *Config) {
		c.Record = keeper{decide: func(*audits.Record) error { close(deciding); <-decided; return nil }}
	}, echo)
	f := stream(t, b.connect(t, "main"), peer.Call{Wants: both})
	<-deciding
	if err := b.Reload(fstest.MapFS{"notes.rego": {Data: []byte(streamingElsewhere)}}); err != nil {
		t.Fatal(err)
	}
	close(decided)
	f.upload("a")
	if _, err := f.result(); code(t, err) != CodeCancelled || len(f.items) > 0 {
		t.Errorf("page got %v after %d items", err, len(f.items))
	}
	await(t, "no call under way", func() bool { return b.Stats().UnderWay == 0 })
	b.nothingRan(t)
}

// When the link drops, a call with streams is over for the frame, which says so once
// it is back. Until then nothing is sent, and nothing ends on its own.
func TestAStreamWhoseLinkDropsWaitsForItsCancellation(t *testing.T) {
	ended, dropped := make(chan error, 1), make(chan struct{})
	b := streamBench(t, nil, blocked(ended))
	offer, err := b.Gate().Offer("main", isolation.Direct)
	if err != nil {
		t.Fatal(err)
	}
	p, hello, err := peer.New(offer.Handshake())
	if err != nil {
		t.Fatal(err)
	}
	ready := make(chan struct{})
	session, err := offer.Accept(hello, func(frame []byte) error {
		if isolation.Type(frame[1]) == isolation.TypeReady {
			close(ready)
			return nil
		}
		close(dropped)
		return errors.New("the socket is gone")
	})
	if err != nil {
		t.Fatal(err)
	}
	<-ready
	session.Deliver(p.Seal(isolation.TypeBatch, peer.Call{ID: 1, Wants: both, Command: "notes.stream", JSON: textOf("send")}.Append(nil)))
	<-dropped
	select {
	case err := <-ended:
		t.Fatalf("it ended with %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	session.Deliver(p.Seal(isolation.TypeBatch, peer.AppendCancel(nil, 1)))
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("handler got %v", err)
	}
	if r := b.find(t, outcome); r.Code != string(CodeCancelled) || r.Streamed.ItemsOut > 6 {
		t.Errorf("outcome %q of %+v", r.Code, r.Streamed)
	}
}

// Streams of a session run beside one another: none waits for one that nobody
// reads.
func TestC9OneStreamDoesNotStallAnother(t *testing.T) {
	b := streamBench(t, nil, func(ctx context.Context, a text, s *Channel[text, text]) (text, error) {
		if a.Text == "stalls" {
			<-ctx.Done()
			return text{}, ctx.Err()
		}
		return echo(ctx, a, s)
	})
	c := b.connect(t, "main")
	stalled := stream(t, c, peer.Call{JSON: textOf("stalls"), Wants: both})
	for stalled.offset < isolation.StreamWindow {
		stalled.upload(strings.Repeat("x", 200<<10))
	}
	f := stream(t, c, peer.Call{Wants: both})
	for range 100 {
		f.upload("a")
	}
	f.end()
	if _, err := f.result(); err != nil || len(f.items) != 100 {
		t.Errorf("%d items, %v", len(f.items), err)
	}
	stalled.send(peer.AppendCancel(nil, stalled.id))
}

// A handler that panics while it streams leaves no end that looks like success.
func TestAHandlerThatPanicsEndsItsStreams(t *testing.T) {
	b := streamBench(t, nil, func(_ context.Context, _ text, s *Channel[text, text]) (text, error) {
		if err := s.Send(text{"a"}); err != nil {
			return text{}, err
		}
		panic("zebra")
	})
	c := b.connect(t, "main")
	f := stream(t, c, peer.Call{Wants: both})
	if _, err := f.result(); code(t, err) != CodeInternal {
		t.Errorf("page got %v", err)
	}
	if f.ended || len(f.items) != 1 {
		t.Errorf("items %q, ended %v", f.items, f.ended)
	}
	if r := b.find(t, outcome); r.Verdict != audits.VerdictFailed || r.Streamed == nil || r.Streamed.ItemsOut != 1 {
		t.Errorf("outcome %q of %+v", r.Verdict, r.Streamed)
	}
	if !survives(t, c) {
		t.Error("the session is over")
	}
}

// A goroutine that the handler has left behind may wait for the page to read: the
// handler's result does not wait for it, and the items end before its item.
func TestNothingLeftBehindDelaysTheResult(t *testing.T) {
	begun := make(chan struct{})
	var left sync.WaitGroup
	b := streamBench(t, func(c *Config) { c.Boundary.MaxPending = 512 << 10 }, func(_ context.Context, _ text, s *Channel[text, text]) (text, error) {
		left.Go(func() {
			for n := 0; s.Send(text{strings.Repeat("x", 100<<10)}) == nil; n++ {
				if n == 1 {
					close(begun)
				}
			}
		})
		<-begun
		time.Sleep(20 * time.Millisecond) // it waits
		return text{"done"}, nil
	})
	offer, err := b.Gate().Offer("main", isolation.Direct)
	if err != nil {
		t.Fatal(err)
	}
	p, hello, err := peer.New(offer.Handshake())
	if err != nil {
		t.Fatal(err)
	}
	ready, read := make(chan struct{}), make(chan struct{})
	answers := make(chan peer.Answer, 100)
	session, err := offer.Accept(hello, func(frame []byte) error {
		kind, plain, err := p.Open(frame)
		if kind == isolation.TypeReady {
			close(ready)
		}
		if err != nil || kind != isolation.TypeBatch {
			return err
		}
		<-read
		items, err := peer.Answers(plain)
		for _, a := range items {
			answers <- a
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	<-ready
	session.Deliver(p.Seal(isolation.TypeBatch, peer.Call{ID: 1, Wants: both, Command: "notes.stream", JSON: textOf("x")}.Append(nil)))
	r := b.find(t, outcome) // while the page reads nothing
	left.Wait()
	close(read)
	sent, offset := int64(0), uint64(0)
	for a := range answers {
		if a.Kind == peer.StreamItem {
			sent++
			offset += uint64(a.Size)
		} else if a.Kind == peer.End && a.Offset != offset {
			t.Errorf("the end is at %d, and %d came", a.Offset, offset)
		} else if a.Kind == peer.Result {
			break
		}
	}
	if r.Verdict != audits.VerdictDone || r.Streamed.ItemsOut != sent {
		t.Errorf("outcome %q of %+v, and %d items came", r.Verdict, r.Streamed, sent)
	}
}

// A user's yes to a stream is good for it while the policy asks what it asked then.
func TestC7AStreamGoesOnByTheUsersYes(t *testing.T) {
	allow := string(streamFiles()["capabilities/notes.rego"].Data)
	asks := strings.Replace(allow, "allow if input.command", "ask contains \"Really?\" if input.command", 1)
	for _, test := range []struct {
		name   string
		change func(b *bench) error
		goesOn bool
	}{
		{"nothing is asked otherwise", func(b *bench) error { b.reauthorize("a grant has ended"); return nil }, true},
		{"another policy asks it", func(b *bench) error {
			return b.Reload(fstest.MapFS{"notes.rego": {Data: []byte(asks + "\nallow if input.command == \"notes.touch\"\n")}})
		}, false},
		{"another policy asks something else", func(b *bench) error {
			return b.Reload(fstest.MapFS{"notes.rego": {Data: []byte(strings.Replace(asks, "Really?", "Sure?", 1))}})
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := streamBench(t, func(c *Config) {
				files := streamFiles()
				files["capabilities/notes.rego"].Data = []byte(asks)
				c.Files, c.Prompter = files, says(AnswerOnce)
			}, echo)
			f := stream(t, b.connect(t, "main"), peer.Call{Wants: both})
			f.upload("a")
			f.until("an item", func() bool { return len(f.items) == 1 })
			if err := test.change(b); err != nil {
				t.Fatal(err)
			}
			if !test.goesOn {
				if _, err := f.result(); code(t, err) != CodeCancelled {
					t.Errorf("page got %v", err)
				}
				return
			}
			f.end()
			if _, err := f.result(); err != nil {
				t.Errorf("page got %v", err)
			}
		})
	}
}

func TestC9AStreamEndsInTimeWhateverItsDeadline(t *testing.T) {
	over := make(chan time.Duration, 1)
	b := streamBench(t, func(c *Config) { c.Limits.Deadline, c.Limits.StreamWithin = 20*time.Second, 300*time.Millisecond },
		func(ctx context.Context, a text, s *Channel[text, text]) (text, error) {
			began := time.Now()
			<-ctx.Done()
			over <- time.Since(began)
			return a, nil
		})
	c := b.connect(t, "main")
	f := stream(t, c, peer.Call{Wants: both})
	if _, err := f.result(); code(t, err) != CodeTimeout {
		t.Errorf("page got %v", err)
	}
	if took := <-over; took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestC1APanicOfThePolicyEndsAStreamThatIsJudgedAgain(t *testing.T) {
	var panics atomic.Bool
	running := make(chan bool)
	b := newBench(t, func(c *Config) { c.Files = streamFiles() }, func(b *bench) {
		Stream(b.App, "notes.stream", func(ctx context.Context, a text, s *Channel[text, text]) (text, error) {
			close(running)
			<-ctx.Done()
			return a, nil
		})
		old := b.policy.Load().decider
		b.judge(decide(func(ctx context.Context, in policy.Input) (policy.Decision, error) {
			if panics.Load() {
				panic("of the policy")
			}
			return old.Decide(ctx, in)
		}))
	})
	c := b.connect(t, "main")
	f := stream(t, c, peer.Call{Wants: both})
	<-running
	panics.Store(true)
	b.reauthorize("a test")
	if _, err := f.result(); code(t, err) != CodeCancelled {
		t.Errorf("page got %v", err)
	}
}
