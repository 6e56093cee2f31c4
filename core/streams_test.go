package core

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/policy"
)

// echo sends back what it receives, and returns when that is all.
func echo(_ context.Context, _ text, s *Channel[text, text]) (text, error) {
	for item, err := range s.All() {
		if err != nil {
			return text{}, err
		}
		if err := s.Send(text{strings.ToUpper(item.Text)}); err != nil {
			return text{}, err
		}
	}
	return text{"done"}, nil
}

func outcome(r audits.Record) bool { return r.Kind == audits.KindOutcome }

func TestAStreamGoesBothWaysInOrder(t *testing.T) {
	b := streamBench(t, nil, echo)
	f := stream(t, b.connect(t, "main"), peer.Call{Wants: both})
	for _, s := range []string{"a", "b", "c"} {
		f.upload(s)
	}
	f.until("three items", func() bool { return len(f.items) == 3 })
	f.upload("d")
	f.end()
	if result, err := f.result(); err != nil || result != `{"text":"done"}` {
		t.Errorf("result %s, %v", result, err)
	}
	if got := strings.Join(f.items, ""); got != "ABCD" || !f.ended || f.gap {
		t.Errorf("items %q, ended %v, gap %v: want all of them and the end before the result", got, f.ended, f.gap)
	}
	r := b.find(t, outcome)
	if want := (audits.Streamed{ItemsIn: 4, BytesIn: 48, ItemsOut: 4, BytesOut: 48}); r.Verdict != audits.VerdictDone || r.Streamed == nil || *r.Streamed != want {
		t.Errorf("outcome %q of %+v, want %+v", r.Verdict, r.Streamed, want)
	}
	for _, r := range b.record.Records() {
		if r.Kind == audits.KindDecision && r.Streamed != nil {
			t.Error("a decision says what was streamed")
		}
	}
}

// The frame of a call has to be ready for what its command streams: nobody would
// read it, or end it.
func TestC9ACallWithoutItsStreamsIsRefused(t *testing.T) {
	b := streamBench(t, nil, echo)
	c := b.connect(t, "main")
	for _, test := range []struct {
		name    string
		command string
		wants   isolation.Wants
		message string
	}{
		{"no streams", "notes.stream", 0, "with stream()"},
		{"progress alone", "notes.stream", isolation.WantsProgress, "with stream()"},
		{"items alone", "notes.stream", isolation.WantsItems, "streams both and the call asks for items"},
		{"an upload alone", "notes.stream", isolation.WantsUpload, "streams both and the call asks for upload"},
		{"streams of a command that has none", "notes.touch", both, "with invoke()"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := stream(t, c, peer.Call{Command: test.command, Wants: test.wants}).result()
			if code(t, err) != CodeInvalidArgs {
				t.Fatalf("page got %v", err)
			}
			contains(t, err.Error(), test.message)
		})
	}
	b.nothingRan(t)
	if result, err := stream(t, c, peer.Call{Command: "notes.touch", Wants: isolation.WantsProgress}).result(); err != nil {
		t.Errorf("progress of a command without streams: %s, %v", result, err)
	}
}

// What is asked of a command that the window must not know of, and of one that
// does not exist, looks the same, whatever it streams.
func TestC7AHiddenStreamLooksLikeNone(t *testing.T) {
	b := newBench(t, func(c *Config) {
		c.Files = streamFiles()
		files := streamFiles()
		files["capabilities/notes.rego"] = testFiles()["capabilities/notes.rego"]
		c.Files = files
	}, func(b *bench) { Stream(b.App, "notes.stream", echo) })
	c := b.connect(t, "main")
	for _, command := range []string{"notes.stream", "notes.nothing"} {
		for _, wants := range []isolation.Wants{0, isolation.WantsItems, isolation.WantsUpload, both} {
			f := stream(t, c, peer.Call{Command: command, Wants: wants})
			if wants&isolation.WantsUpload != 0 {
				f.upload("a")
				f.end()
			}
			_, err := f.result()
			var e *peer.Error
			if !errors.As(err, &e) || e.Code != string(CodeDenied) || e.Message != "" {
				t.Errorf("%s wanting %d: page got %v", command, wants, err)
			}
		}
	}
	if n := len(b.record.Records()); n != 8 {
		t.Errorf("%d records", n)
	}
}

func TestC1PolicySeesWhichStreamsACallAsksFor(t *testing.T) {
	seen := make(chan string, 1)
	b := streamBench(t, nil, echo)
	rules := *b.policy.Load()
	rules.decider = decide(func(_ context.Context, in policy.Input) (policy.Decision, error) {
		seen <- in.Channel
		return policy.Decision{}, nil
	})
	b.policy.Store(&rules)
	c := b.connect(t, "main")
	for command, want := range map[string]string{"notes.stream": "both", "notes.touch": ""} {
		wants := both
		if want == "" {
			wants = isolation.WantsProgress
		}
		if _, err := stream(t, c, peer.Call{Command: command, Wants: wants}).result(); code(t, err) != CodeDenied {
			t.Errorf("page got %v", err)
		}
		if got := <-seen; got != want {
			t.Errorf("%s: input.channel is %q", command, got)
		}
	}
}

func TestC1AnItemThatDoesNotFitEndsItsCall(t *testing.T) {
	big := strings.Repeat("x", 2000)
	for _, test := range []struct {
		name     string
		item     string
		sections []isolation.Section
		code     Code
		keyword  string
	}{
		{"another type", `{"text":1}`, nil, CodeInvalidArgs, "type"},
		{"no JSON", `{"text":`, nil, CodeInvalidArgs, keywordSyntax},
		{"two members of one name", `{"text":"a","text":"a"}`, nil, CodeInvalidArgs, keywordSyntax},
		{"a section that nothing stands for", `{"text":"a"}`, []isolation.Section{{Type: "text/plain", Bytes: []byte("x")}}, CodeInvalidArgs, keywordSyntax},
		{"a size that lies", `{"$bytes":2,"type":"text/plain"}`, []isolation.Section{{Type: "text/plain", Bytes: []byte("x")}}, CodeInvalidArgs, keywordSyntax},
		{"too large", `{"text":"` + big + `"}`, nil, CodeTooLarge, keywordLimits},
		{"too many bytes", `{"$bytes":2000,"type":"text/plain"}`, []isolation.Section{{Type: "text/plain", Bytes: []byte(big)}}, CodeTooLarge, keywordLimits},
	} {
		t.Run(test.name, func(t *testing.T) {
			received := make(chan error, 1)
			b := streamBench(t, func(c *Config) { c.Limits.ItemBytes, c.Limits.BinaryBytes = 1000, 1000 },
				func(ctx context.Context, _ text, s *Channel[text, text]) (text, error) {
					_, err := s.Receive()
					received <- err
					<-ctx.Done()
					return text{}, err
				})
			c := b.connect(t, "main")
			f := stream(t, c, peer.Call{Wants: both})
			<-b.runs
			f.send(peer.AppendUpload(nil, f.id, 0, []byte(test.item), test.sections...))
			if _, err := f.result(); code(t, err) != test.code {
				t.Errorf("page got %v", err)
			}
			if err := <-received; !errors.Is(err, context.Canceled) {
				t.Errorf("handler got %v", err)
			}
			r := b.find(t, outcome)
			if r.Verdict != audits.VerdictFailed || r.Code != string(test.code) || r.Mismatch == nil || r.Mismatch.Keyword != test.keyword {
				t.Errorf("outcome %q, %q, %+v", r.Verdict, r.Code, r.Mismatch)
			}
			lacks(t, b.log.String(), "xxxx")
			if !survives(t, c) {
				t.Error("the session is over")
			}
		})
	}
}

func TestC1AnItemOfTheHandlersIsCheckedLikeAResult(t *testing.T) {
	for _, test := range []struct {
		name string
		item text
		log  string
	}{
		{"too large", text{strings.Repeat("x", 2000)}, "larger than its limit"},
		{"against its schema", text{strings.Repeat("x", 600)}, "keyword=maxLength"},
		{"no JSON", text{"\xff"}, "not fit for the page"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var sent error
			b := streamBench(t, func(c *Config) {
				files := streamFiles()
				files["schemas/notes.stream.channel.json"].Data = []byte(strings.Replace(textArgs, "2000000", "500", 1))
				c.Files, c.Limits.ItemBytes = files, 1000
			}, func(_ context.Context, _ text, s *Channel[text, text]) (text, error) {
				if err := s.Send(text{"fine"}); err != nil {
					return text{}, err
				}
				sent = s.Send(test.item)
				return text{}, nil // which does not hide it
			})
			f := stream(t, b.connect(t, "main"), peer.Call{Wants: both})
			if _, err := f.result(); code(t, err) != CodeInternal {
				t.Errorf("page got %v", err)
			}
			b.find(t, outcome)
			if sent == nil || !errors.Is(sent, context.Canceled) {
				t.Errorf("handler got %v", sent)
			}
			if len(f.items) != 1 || f.ended {
				t.Errorf("page got the items %.20q, ended %v", f.items, f.ended)
			}
			contains(t, b.log.String(), "core: bug", "handler's item", test.log)
			lacks(t, b.log.String(), "xxxx")
		})
	}
}

// A page that reads nothing has a window's worth of items, and no more.
func TestC9AHandlerWaitsForAPageThatDoesNotRead(t *testing.T) {
	const size = 64 << 10
	sent := make(chan int, 1000)
	b := streamBench(t, nil, func(_ context.Context, _ text, s *Channel[text, text]) (text, error) {
		for i := range 100 {
			if err := s.Send(text{strings.Repeat("x", size)}); err != nil {
				return text{}, err
			}
			sent <- i
		}
		return text{"done"}, nil
	})
	f := stream(t, b.connect(t, "main"), peer.Call{Wants: both})
	most := isolation.StreamWindow/size + 1
	f.until("a window", func() bool { return f.bytes >= isolation.StreamWindow })
	time.Sleep(20 * time.Millisecond)
	if n := len(sent); n > most {
		t.Errorf("%d items were sent to a page that reads nothing; want at most %d", n, most)
	}
	for len(sent) < 100 {
		f.read()
		time.Sleep(time.Millisecond)
	}
	if result, err := f.result(); err != nil || len(f.items) != 100 {
		t.Errorf("result %s, %v after %d items", result, err, len(f.items))
	}
}

// A handler that reads nothing leaves the page without credit.
func TestC9APageWaitsForAHandlerThatDoesNotRead(t *testing.T) {
	read := make(chan struct{})
	b := streamBench(t, nil, func(_ context.Context, _ text, s *Channel[text, text]) (text, error) {
		<-read
		for _, err := range s.All() {
			if err != nil {
				return text{}, err
			}
		}
		return text{"done"}, nil
	})
	c := b.connect(t, "main")
	f := stream(t, c, peer.Call{Wants: both})
	for f.offset < isolation.StreamWindow {
		f.upload(strings.Repeat("x", 64<<10))
	}
	if f.credit != isolation.StreamWindow {
		t.Errorf("there is credit to %d for what nobody has read", f.credit)
	}
	held := func() int {
		for _, s := range b.sessions.Range {
			budget := s.(*session).budget
			budget.mu.Lock()
			defer budget.mu.Unlock()
			return budget.pending
		}
		return 0
	}
	if n := held(); n < isolation.StreamWindow {
		t.Errorf("the budget knows of %d bytes", n)
	}
	close(read)
	f.until("credit", func() bool { return f.credit >= f.offset })
	f.end()
	if result, err := f.result(); err != nil {
		t.Errorf("result %s, %v", result, err)
	}
	await(t, "the budget is back", func() bool { return held() == 0 })
}

func TestC9UploadsThatNobodyReadsShareABudget(t *testing.T) {
	b := streamBench(t, func(c *Config) { c.Limits.PendingBytes = 1 << 20 }, func(ctx context.Context, _ text, s *Channel[text, text]) (text, error) {
		<-ctx.Done()
		return text{}, ctx.Err()
	})
	c := b.connect(t, "main")
	one, two := stream(t, c, peer.Call{Wants: both}), stream(t, c, peer.Call{Wants: both})
	for range 9 {
		one.upload(strings.Repeat("x", 64<<10))
		two.upload(strings.Repeat("x", 64<<10))
	}
	select {
	case a := <-one.answer:
		contains(t, string(a.JSON), string(CodeBusy))
	case a := <-two.answer:
		contains(t, string(a.JSON), string(CodeBusy))
	case <-time.After(5 * time.Second):
		t.Fatal("both go on")
	}
	one.send(peer.AppendCancel(peer.AppendCancel(nil, one.id), two.id))
	await(t, "no call under way", func() bool { return b.Stats().UnderWay == 0 })
	if !survives(t, c) {
		t.Error("the session is over, or its budget used up")
	}
}

// A frame goes on until it knows that an item was refused.
func TestWhatIsUnderWayBehindARefusedItemIsDropped(t *testing.T) {
	lingers := func(ctx context.Context) (text, error) {
		<-ctx.Done()
		time.Sleep(50 * time.Millisecond) // the call stays known for as long
		return text{}, ctx.Err()
	}
	small := func(c *Config) { c.Limits.ItemBytes, c.Limits.PendingBytes = 1000, 1000 }
	for _, test := range []struct {
		name  string
		bench func(t *testing.T) *bench
		item  string
		code  Code
	}{
		{"too large", func(t *testing.T) *bench {
			return streamBench(t, small, func(ctx context.Context, _ text, _ *Channel[text, text]) (text, error) { return lingers(ctx) })
		}, strings.Repeat("x", 1<<10), CodeTooLarge},
		{"beyond the budget", func(t *testing.T) *bench {
			return streamBench(t, small, func(ctx context.Context, _ text, _ *Channel[text, text]) (text, error) { return lingers(ctx) })
		}, strings.Repeat("x", 800), CodeBusy},
		{"to a command that takes none", func(t *testing.T) *bench {
			files := streamFiles()
			delete(files, "schemas/notes.stream.upload.json")
			return newBench(t, func(c *Config) { c.Files = files }, func(b *bench) {
				Stream(b.App, "notes.stream", func(ctx context.Context, _ text, _ *Channel[None, text]) (text, error) {
					b.ran(ctx)
					return lingers(ctx)
				})
			})
		}, "x", CodeInvalidArgs},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := test.bench(t)
			c := b.connect(t, "main")
			f := stream(t, c, peer.Call{Wants: both})
			<-b.runs
			var batch []byte
			for range 3 {
				item := peer.AppendUpload(nil, f.id, f.offset, textOf(test.item))
				batch, f.offset = append(batch, item...), f.offset+uint64(len(item))
			}
			f.send(peer.AppendEnd(batch, f.id, f.offset, false))
			if _, err := f.result(); code(t, err) != test.code {
				t.Errorf("page got %v; want %s", err, test.code)
			}
			if !survives(t, c) {
				t.Error("the session is over")
			}
		})
	}
}

func TestC9WhatNoGenuineFrameSendsEndsTheSession(t *testing.T) {
	const window = isolation.StreamWindow
	big := strings.Repeat("x", 250<<10)
	for _, test := range []struct {
		name     string
		attack   func(f *flow)
		survives bool
	}{
		{"an upload for a call that did not ask", func(f *flow) {
			wait := stream(f.t, f.c, peer.Call{Command: "notes.wait"})
			f.send(peer.AppendUpload(nil, wait.id, 0, textOf("x")))
		}, false},
		{"an end for a call that did not ask", func(f *flow) {
			wait := stream(f.t, f.c, peer.Call{Command: "notes.wait"})
			f.send(peer.AppendEnd(nil, wait.id, 0, false))
		}, false},
		{"credit for a call that did not ask", func(f *flow) {
			wait := stream(f.t, f.c, peer.Call{Command: "notes.wait"})
			f.send(peer.AppendCredit(nil, wait.id, window+1))
		}, false},
		{"an upload for an id that was never used", func(f *flow) { f.send(peer.AppendUpload(nil, f.id+1, 0, textOf("x"))) }, false},
		{"an end for an id that was never used", func(f *flow) { f.send(peer.AppendEnd(nil, f.id+1, 0, false)) }, false},
		{"credit for an id that was never used", func(f *flow) { f.send(peer.AppendCredit(nil, f.id+1, window)) }, false},
		{"an upload for the id of none", func(f *flow) { f.send(peer.AppendUpload(nil, 0, 0, textOf("x"))) }, false},
		{"credit for the id of none", func(f *flow) { f.send(peer.AppendCredit(nil, 0, window)) }, false},
		{"an upload for a call that is over", func(f *flow) {
			f.send(peer.AppendUpload(nil, f.id-1, 12345, textOf("x")))
			f.send(peer.AppendEnd(nil, f.id-1, 12345, true))
		}, true},
		{"credit for a call that is over", func(f *flow) { f.send(peer.AppendCredit(nil, f.id-1, 1<<50)) }, true},
		{"an item at a wrong offset", func(f *flow) { f.offset++; f.upload("x") }, false},
		{"an item that was sent before", func(f *flow) { f.upload("x"); f.offset = 0; f.upload("x") }, false},
		{"a flood beyond the window", func(f *flow) {
			for range 6 {
				f.upload(big)
			}
		}, false},
		{"an end at a wrong offset", func(f *flow) { f.offset++; f.end() }, false},
		{"two ends", func(f *flow) { f.end(); f.end() }, false},
		{"an end and an abort", func(f *flow) { f.end(); f.send(peer.AppendEnd(nil, f.id, 0, true)) }, false},
		{"an item after the end", func(f *flow) { f.end(); f.upload("x") }, false},
		{"an item after an abort", func(f *flow) { f.send(peer.AppendEnd(nil, f.id, 0, true)); f.upload("x") }, false},
		{"an aborted upload", func(f *flow) { f.upload("x"); f.send(peer.AppendEnd(nil, f.id, f.offset, true)) }, true},
		{"credit that goes back", func(f *flow) { f.send(peer.AppendCredit(nil, f.id, window-1)) }, false},
		{"credit for what was not sent", func(f *flow) { f.send(peer.AppendCredit(nil, f.id, window+1)) }, false},
		{"credit for everything", func(f *flow) { f.send(peer.AppendCredit(nil, f.id, isolation.MaxOffset)) }, false},
		{"the credit that it has", func(f *flow) { f.send(peer.AppendCredit(nil, f.id, window)) }, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, func(c *Config) {
				files := streamFiles()
				files["schemas/notes.wait.input.json"] = files["schemas/notes.touch.input.json"]
				c.Files = files
			}, func(b *bench) {
				wait := func(ctx context.Context) (text, error) { b.ran(ctx); <-ctx.Done(); return text{}, ctx.Err() }
				Stream(b.App, "notes.stream", func(ctx context.Context, _ text, _ *Channel[text, text]) (text, error) { return wait(ctx) })
				b.Handle("notes.wait", func(ctx context.Context, _ *Request) (any, error) { return wait(ctx) })
			})
			c := b.connect(t, "main")
			if _, err := c.Call(patient(t), "notes.touch", textOf("x")); err != nil {
				t.Fatal(err)
			}
			<-b.runs
			f := stream(t, c, peer.Call{Wants: both})
			<-b.runs
			test.attack(f)
			if got := survives(t, c); got != test.survives {
				t.Errorf("the session goes on: %v, want %v", got, test.survives)
			}
			if test.survives {
				f.send(peer.AppendCancel(nil, f.id))
				return
			}
			await(t, "no call under way", func() bool { return b.Stats().UnderWay == 0 })
			contains(t, b.log.String(), "reason="+`"`+string(isolation.EndProtocol)+`"`)
		})
	}
}

// An id is of its session: in another one it names nothing, or that one's own.
func TestC5AnotherSessionsStreamIsOutOfReach(t *testing.T) {
	b := streamBench(t, nil, echo)
	one, two := b.connect(t, "main"), b.connect(t, "main")
	if _, err := one.Call(patient(t), "notes.touch", textOf("x")); err != nil {
		t.Fatal(err)
	}
	f := stream(t, one, peer.Call{Wants: both})
	<-b.runs
	for _, attack := range [][]byte{
		peer.AppendUpload(nil, f.id, 0, textOf("forged")), peer.AppendEnd(nil, f.id, 0, false), peer.AppendCredit(nil, f.id, isolation.StreamWindow),
	} {
		if err := two.Send(attack); err != nil {
			t.Fatal(err)
		}
		<-two.Over()
		two = b.connect(t, "main")
	}
	f.upload("a")
	f.end()
	if _, err := f.result(); err != nil || strings.Join(f.items, "") != "A" {
		t.Errorf("items %q, %v", f.items, err)
	}
}

func TestAnAbortReachesTheHandler(t *testing.T) {
	var received error
	b := streamBench(t, nil, func(_ context.Context, _ text, s *Channel[text, text]) (text, error) {
		if _, received = s.Receive(); received == nil {
			_, received = s.Receive()
		}
		return text{"kept what there was"}, s.Send(text{"bye"})
	})
	f := stream(t, b.connect(t, "main"), peer.Call{Wants: both})
	<-b.runs
	f.upload("a")
	f.send(peer.AppendEnd(nil, f.id, f.offset, true))
	if result, err := f.result(); err != nil || len(f.items) != 1 {
		t.Errorf("result %s, %v after the items %q", result, err, f.items)
	}
	if received != ErrAborted {
		t.Errorf("handler got %v", received)
	}
}

// What a handler leaves behind streams nothing, and knows that it doesn't.
func TestNothingIsStreamedWhenTheHandlerHasReturned(t *testing.T) {
	kept := make(chan *Channel[text, text], 1)
	begun := make(chan struct{})
	var wait sync.WaitGroup
	defer wait.Wait()
	b := streamBench(t, nil, func(_ context.Context, _ text, s *Channel[text, text]) (text, error) {
		kept <- s
		wait.Go(func() {
			for n := 0; ; n++ {
				if s.Send(text{strings.Repeat("x", 30<<10)}) != nil {
					return
				}
				if n == 0 {
					close(begun)
				}
			}
		})
		<-begun
		return text{"done"}, nil
	})
	f := stream(t, b.connect(t, "main"), peer.Call{Wants: both})
	if _, err := f.result(); err != nil {
		t.Fatal(err)
	}
	f.until("the end at its place", func() bool { return f.ended })
	s := <-kept
	if err := s.Send(text{"x"}); !errors.Is(err, context.Canceled) {
		t.Errorf("Send: %v", err)
	}
	if _, err := s.Receive(); !errors.Is(err, context.Canceled) {
		t.Errorf("Receive: %v", err)
	}
}

func TestADirectionThatIsNotThere(t *testing.T) {
	var sent, received error
	b := newBench(t, func(c *Config) {
		files := streamFiles()
		delete(files, "schemas/notes.stream.upload.json")
		delete(files, "schemas/notes.stream.channel.json")
		c.Files = files
	}, func(b *bench) {
		Stream(b.App, "notes.items", func(_ context.Context, _ text, s *Channel[None, text]) (text, error) {
			_, received = s.Receive()
			return text{"done"}, s.Send(text{"a"})
		})
		Stream(b.App, "notes.upload", func(_ context.Context, _ text, s *Channel[text, None]) (text, error) {
			sent = s.Send(None{})
			if _, err := s.Receive(); err != nil {
				return text{}, err
			}
			_, err := s.Receive()
			if err != io.EOF {
				return text{}, err
			}
			return text{"done"}, nil
		})
	})
	c := b.connect(t, "main")
	f := stream(t, c, peer.Call{Command: "notes.items", Wants: isolation.WantsItems})
	if result, err := f.result(); err != nil || len(f.items) != 1 || !f.ended {
		t.Errorf("result %s, %v after %q", result, err, f.items)
	}
	f = stream(t, c, peer.Call{Command: "notes.upload", Wants: isolation.WantsUpload})
	f.upload("a")
	f.end()
	if result, err := f.result(); err != nil || f.ended {
		t.Errorf("result %s, %v, ended %v", result, err, f.ended)
	}
	if sent != errNoItems || received != errNoUpload {
		t.Errorf("Send: %v, Receive: %v", sent, received)
	}
}

// A page that knows nothing of the command is ready for both directions. What it
// uploads to one that reads nothing ends the call.
func TestC9WhatNobodyReadsIsNotUploaded(t *testing.T) {
	running, ended := make(chan struct{}), make(chan error, 1)
	b := newBench(t, func(c *Config) {
		files := streamFiles()
		delete(files, "schemas/notes.stream.upload.json")
		delete(files, "schemas/notes.stream.channel.json")
		// The policy sees what the command streams, not what the page is ready for.
		files["capabilities/notes.rego"] = &fstest.MapFile{Data: []byte("# METADATA\n# custom:\n#   windows: [\"main\"]\npackage capability.notes\n\nallow if input.channel == \"items\"\n")}
		c.Files = files
	}, func(b *bench) {
		Stream(b.App, "notes.items", func(ctx context.Context, a text, s *Channel[None, text]) (text, error) {
			if a.Text == "wait" {
				close(running)
				<-ctx.Done()
				ended <- ctx.Err()
				return text{}, ctx.Err()
			}
			return text{"done"}, s.Send(text{"a"})
		})
	})
	c := b.connect(t, "main")
	f := stream(t, c, peer.Call{Command: "notes.items", Wants: both})
	if result, err := f.result(); err != nil || len(f.items) != 1 || !f.ended {
		t.Errorf("result %s, %v after %q", result, err, f.items)
	}
	f = stream(t, c, peer.Call{Command: "notes.items", Wants: both, JSON: textOf("wait")})
	select {
	case <-running:
	case <-patient(t).Done():
		t.Fatal("the handler does not run")
	}
	f.upload("a")
	if _, err := f.result(); code(t, err) != CodeInvalidArgs {
		t.Errorf("page got %v", err)
	}
	if err := <-ended; err == nil {
		t.Error("the handler's context has not ended")
	}
}

func TestC9AStreamEndsBeforeItsNumbersDoWithItsCall(t *testing.T) {
	b := streamBench(t, nil, func(ctx context.Context, a text, s *Channel[text, text]) (text, error) {
		b := s.streams
		b.in.mu.Lock()
		b.in.next, b.in.read, b.in.limit = isolation.MaxOffset-10, isolation.MaxOffset-10, isolation.MaxOffset
		b.in.mu.Unlock()
		b.out.mu.Lock()
		b.out.offset, b.out.limit = isolation.MaxOffset-10, isolation.MaxOffset
		b.out.mu.Unlock()
		if a.Text == "send" {
			return text{}, s.Send(text{"x"})
		}
		_, err := s.Receive()
		return text{}, err
	})
	c := b.connect(t, "main")
	f := stream(t, c, peer.Call{JSON: textOf("send"), Wants: both})
	if _, err := f.result(); code(t, err) != CodeTooLarge || len(f.items) > 0 {
		t.Errorf("page got %v after %d items", err, len(f.items))
	}
	f = stream(t, c, peer.Call{JSON: textOf("receive"), Wants: both})
	<-b.runs
	<-b.runs
	await(t, "the place is set", func() bool { return f.moved(b) })
	f.offset = isolation.MaxOffset - 10
	f.upload("x")
	if _, err := f.result(); code(t, err) != CodeTooLarge {
		t.Errorf("page got %v", err)
	}
}

// moved reports whether the handler has set its upload's place.
func (f *flow) moved(b *bench) bool {
	for _, s := range b.sessions.Range {
		for _, c := range s.(*session).underWay(func(*call) bool { return true }) {
			in := c.context.streams.in
			in.mu.Lock()
			defer in.mu.Unlock()
			return in.next > 0
		}
	}
	return false
}
