package core

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/internal/peer"
)

// Over a socket a lone call runs in the goroutine that read it. Whatever its
// handler does, the session goes on, and the call ends as any other.
func TestC9ALoneCallEndsAsAnyOther(t *testing.T) {
	for _, test := range []struct {
		name     string
		deadline time.Duration
		handler  func(ctx context.Context) error
		cancel   bool
		code     Code
		verdict  string
	}{
		{"cancelled while it runs", time.Minute, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, true, CodeCancelled, audits.VerdictCancelled},
		{"past its deadline", 20 * time.Millisecond, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, false, CodeTimeout, audits.VerdictCancelled},
		{"with a panic", time.Minute, func(context.Context) error { panic("oh") }, false, CodeInternal, audits.VerdictFailed},
		{"with the end of its goroutine", time.Minute, func(context.Context) error { runtime.Goexit(); return nil }, false, CodeInternal, audits.VerdictFailed},
		{"with a result", time.Minute, func(context.Context) error { return nil }, false, "", audits.VerdictDone},
	} {
		t.Run(test.name, func(t *testing.T) {
			running := make(chan struct{}, 1)
			r := run(t, func(c *Config) { c.CommandLimits = map[string]Limits{"notes.wait": {Deadline: test.deadline}} }, func(app *App) {
				Command(app, "notes.wait", func(ctx context.Context, _ text) (struct{}, error) {
					running <- struct{}{}
					return struct{}{}, test.handler(ctx)
				})
			})
			c, err := dial(patient(t), r.Gate(), "main")
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			answer, err := c.Start("notes.wait", textOf("x"))
			if err != nil {
				t.Fatal(err)
			}
			<-running
			if test.cancel {
				if err := c.Send(peer.AppendCancel(nil, 1)); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := c.Await(patient(t), answer); code(t, err) != test.code {
				t.Errorf("page got %v", err)
			}
			if _, err := c.Call(patient(t), "notes.echo", textOf("y")); err != nil {
				t.Errorf("the next call: %v", err)
			}
			outcome := r.find(t, func(r audits.Record) bool { return r.Kind == audits.KindOutcome && r.Command == "notes.wait" })
			if outcome.Verdict != test.verdict || outcome.Code != string(test.code) {
				t.Errorf("outcome is %+v", outcome)
			}
			await(t, "no call under way", func() bool { return r.Stats().UnderWay == 0 })
		})
	}
}

// A handler that was slow gets a goroutine of its own the next time, and one
// that is quick again does not.
func TestSlowHandlersAreKnown(t *testing.T) {
	pause := make(chan time.Duration, 1)
	b := newBench(t, nil, func(b *bench) {
		Command(b.App, "notes.wait", func(context.Context, text) (struct{}, error) {
			time.Sleep(<-pause)
			return struct{}{}, nil
		})
	})
	c := b.connect(t, "main")
	for _, test := range []struct {
		pause time.Duration
		slow  bool
	}{{0, false}, {2 * quick, true}, {0, false}} {
		for range 100 { // a busy machine may make any handler slow
			pause <- test.pause
			if _, err := c.Call(patient(t), "notes.wait", textOf("x")); err != nil {
				t.Fatal(err)
			}
			if b.commands["notes.wait"].slow.Load() == test.slow {
				break
			}
		}
		if slow := b.commands["notes.wait"].slow.Load(); slow != test.slow {
			t.Errorf("after %v slow is %v", test.pause, slow)
		}
	}
}
