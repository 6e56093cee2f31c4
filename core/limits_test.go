package core

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/isolation"
)

func TestC9RateIsBoundedBySession(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Limits.CallsPerSecond, c.Limits.Burst = 0.001, 3 }, nil)
	one, two := b.connect(t, "main"), b.connect(t, "main")
	for i := range 5 {
		_, err := one.Call(patient(t), "notes.touch", textOf("x"))
		if got, want := code(t, err), map[bool]Code{true: "", false: CodeRateLimited}[i < 3]; got != want {
			t.Errorf("call %d: page got %q, want %q", i+1, got, want)
		}
	}
	if _, err := two.Call(patient(t), "notes.touch", textOf("x")); err != nil {
		t.Errorf("another session: %v", err)
	}
	r := b.find(t, func(r audits.Record) bool { return r.Code == string(CodeRateLimited) })
	if r.Stage != audits.StageLimits || r.Verdict != audits.VerdictRefuse {
		t.Errorf("recorded %+v", r)
	}
}

func TestC9AFreshFrameGoesOnWithTheOldBudget(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Limits.CallsPerSecond, c.Limits.Burst = 0.001, 3 }, nil)
	for i := range 5 {
		c := b.connect(t, "main")
		_, err := c.Call(patient(t), "notes.touch", textOf("x"))
		if got, want := code(t, err), map[bool]Code{true: "", false: CodeRateLimited}[i < 3]; got != want {
			t.Errorf("frame %d: page got %q, want %q", i+1, got, want)
		}
		c.Session.End(isolation.EndReplaced)
	}
	if _, err := b.connect(t, "other").Call(patient(t), "notes.touch", textOf("x")); code(t, err) != CodeDenied {
		t.Errorf("another window shares the budget: %v", err)
	}
}

func TestBudgetsOfEndedSessionsAreForgottenOnceTheyHaveRested(t *testing.T) {
	l := Limits{CallsPerSecond: 10, Burst: 1, Concurrency: 1}.withDefaults()
	w := newWindow("main", "", (&App{}).all())
	now := time.Now()
	spent := make([]*budget, 100)
	for i := range spent {
		spent[i] = w.borrow(l)
		spent[i].rate.AllowN(now, 1)
	}
	for _, b := range spent {
		w.giveBack(b, now)
	}
	if len(w.free) != len(spent) {
		t.Fatalf("%d spent budgets kept, want %d", len(w.free), len(spent))
	}
	if got := w.borrow(l); got != spent[len(spent)-1] {
		t.Error("not the budget that came back last")
	}
	w.giveBack(spent[0], now.Add(time.Minute))
	if len(w.free) != 1 {
		t.Errorf("%d budgets kept a minute later, want one", len(w.free))
	}
}

func TestC9ConcurrencyIsBounded(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Config)
		args   string
		second string // another command, which is bounded too or not
		want   Code
	}{
		{"calls of a session", func(c *Config) { c.Limits.Concurrency = 1 }, "x", "notes.touch", CodeBusy},
		{"bytes of a session", func(c *Config) { c.Limits.PendingBytes = 100 }, strings.Repeat("x", 80), "notes.touch", CodeBusy},
		{"calls of one command", func(c *Config) { c.CommandLimits = map[string]Limits{"notes.wait": {Concurrency: 1}} }, "x", "notes.wait", CodeBusy},
		{"calls of one command leave others alone", func(c *Config) { c.CommandLimits = map[string]Limits{"notes.wait": {Concurrency: 1}} }, "x", "notes.touch", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, ended, release := waitBench(t, test.change)
			close(release)
			c := b.connect(t, "main")
			if _, err := c.Start("notes.wait", textOf(test.args)); err != nil {
				t.Fatal(err)
			}
			<-b.runs
			if _, err := c.Call(patient(t), test.second, textOf(test.args)); code(t, err) != test.want {
				t.Errorf("page got %v, want %q", err, test.want)
			}
			c.Session.End(isolation.EndRevoked)
			<-ended
		})
	}
}

func TestC9ACommandsOwnRateHoldsForTheWholeWindow(t *testing.T) {
	b := newBench(t, func(c *Config) {
		c.CommandLimits = map[string]Limits{"notes.touch": {CallsPerSecond: 0.001, Burst: 2}}
	}, nil)
	for i := range 4 {
		_, err := b.connect(t, "main").Call(patient(t), "notes.touch", textOf("x"))
		if got, want := code(t, err), map[bool]Code{true: "", false: CodeRateLimited}[i < 2]; got != want {
			t.Errorf("session %d: page got %q, want %q", i+1, got, want)
		}
	}
	if _, err := b.connect(t, "main").Call(patient(t), "notes.echo", textOf("x")); err != nil {
		t.Errorf("another command: %v", err)
	}
}

func TestC9ACommandsOwnSizesHold(t *testing.T) {
	b := newBench(t, func(c *Config) {
		c.CommandLimits = map[string]Limits{"notes.touch": {ArgsBytes: 100}, "notes.echo": {ResultBytes: 100}}
	}, nil)
	c := b.connect(t, "main")
	long := textOf(strings.Repeat("x", 200))
	if _, err := c.Call(patient(t), "notes.touch", long); code(t, err) != CodeTooLarge {
		t.Errorf("arguments: page got %v", err)
	}
	if _, err := c.Call(patient(t), "notes.echo", long); code(t, err) != CodeInternal {
		t.Errorf("result: page got %v", err)
	}
}

func TestC9TheLargestResultFitsAFrame(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Files, c.Boundary.MaxFrame = chattyFiles(), 2000 }, func(b *bench) {
		b.Handle("notes.wait", func(context.Context, *Request) (any, error) {
			return text{strings.Repeat("x", b.limits.ResultBytes-len(`{"text":""}`))}, nil
		})
		b.Handle("notes.fail", func(context.Context, *Request) (any, error) {
			return text{strings.Repeat("x", b.limits.ResultBytes-len(`{"text":""}`)+1)}, nil
		})
	})
	c := b.connect(t, "main")
	if result, err := c.Call(patient(t), "notes.wait", textOf("x")); err != nil || len(result) != 2000-answerOverhead {
		t.Errorf("%d bytes, %v", len(result), err)
	}
	if _, err := c.Call(patient(t), "notes.fail", textOf("x")); code(t, err) != CodeInternal {
		t.Errorf("one byte more: %v", err)
	}
}

func TestLimitsThatCanNotBeMeantAreErrors(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"negative", func(c *Config) { c.Limits.Concurrency = -1 }, "Limits.Concurrency is -1"},
		{"not a number", func(c *Config) { c.Limits.CallsPerSecond = math.NaN() }, "CallsPerSecond"},
		{"of a command", func(c *Config) { c.CommandLimits = map[string]Limits{"notes.touch": {Deadline: -1}} }, `CommandLimits["notes.touch"].Deadline`},
		{"a burst of nothing", func(c *Config) { c.CommandLimits = map[string]Limits{"notes.touch": {Burst: 1}} }, "Burst"},
		{"more than a frame holds", func(c *Config) { c.Limits.ResultBytes = 1 << 30 }, "MaxFrame"},
		{"more raw bytes than a frame holds", func(c *Config) { c.Limits.BinaryBytes = 1 << 30 }, "BinaryBytes is 1073741824, and a frame holds"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := Config{Files: testFiles()}
			test.change(&c)
			_, err := New(c)
			if err == nil {
				t.Fatal("no error")
			}
			contains(t, err.Error(), test.want)
		})
	}
}

func TestLimitsThatAreNotSetAreTheDefaults(t *testing.T) {
	if got := (Limits{}).withDefaults(); got != DefaultLimits() {
		t.Errorf("%+v", got)
	}
	if got := (Limits{CallsPerSecond: 5}).withDefaults(); got.Burst != 5 {
		t.Errorf("burst is %d where only the rate was set", got.Burst)
	}
}
