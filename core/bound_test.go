package core

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/policy"
)

// limited is the capability of the tests with limits of notes.touch.
func limited(numbers string) []byte {
	return fmt.Appendf(nil, "%s\nlimit contains {%s} if input.command == \"notes.touch\"\n", notesCapability, numbers)
}

func limitedBench(t testing.TB, numbers string, prepare func(*bench)) *bench {
	t.Helper()
	return newBench(t, func(c *Config) {
		files := testFiles()
		files["capabilities/notes.rego"].Data = limited(numbers)
		c.Files = files
	}, prepare)
}

func (b *bench) touch(t testing.TB, text string) Code {
	t.Helper()
	c := b.connect(t, "main")
	_, err := c.Call(patient(t), "notes.touch", textOf(text))
	c.Session.End(isolation.EndReplaced) // a fresh frame for each
	return code(t, err)
}

func TestC9ThePolicysLimitsHoldForTheWholeWindow(t *testing.T) {
	long := strings.Repeat("x", 80) // 91 bytes of arguments
	for _, test := range []struct {
		name    string
		numbers string
		calls   []string
		want    []Code
		reason  string
	}{
		{"a rate is its own burst", `"calls_per_second": 0.001`, []string{"x", "x"}, []Code{"", CodeRateLimited}, "the policy's calls per second"},
		{"a burst", `"calls_per_second": 0.001, "burst": 2`, []string{"x", "x", "x"}, []Code{"", "", CodeRateLimited}, "the policy's calls per second"},
		{"the largest arguments", `"bytes": 50`, []string{"x", long, "x"}, []Code{"", CodeTooLarge, ""}, "larger than the policy's limit"},
		{"bytes of a second", `"bytes_per_second": 0.1, "bytes": 100`, []string{long, "x"}, []Code{"", CodeRateLimited}, "the policy's bytes per second"},
		{"one call that a second has no room for", `"bytes_per_second": 0.1`, []string{long, ""}, []Code{"", ""}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := limitedBench(t, test.numbers, nil)
			for i, text := range test.calls {
				if got := b.touch(t, text); got != test.want[i] {
					t.Errorf("call %d: page got %q, want %q", i+1, got, test.want[i])
				}
			}
			if test.reason != "" {
				r := b.find(t, func(r audits.Record) bool { return r.Stage == audits.StageLimits })
				contains(t, r.Reason, test.reason)
			}
			if _, err := b.connect(t, "main").Call(patient(t), "notes.echo", textOf("x")); err != nil {
				t.Errorf("another command: %v", err)
			}
		})
	}
}

func TestC9ThePolicysConcurrencyHolds(t *testing.T) {
	release := make(chan struct{})
	b := newBench(t, func(c *Config) {
		files := testFiles()
		files["capabilities/notes.rego"].Data = fmt.Appendf(nil, "%s\nlimit contains {\"concurrency\": 1} if input.command == \"notes.wait\"\n", notesCapability)
		c.Files = files
	}, func(b *bench) {
		b.Handle("notes.wait", func(ctx context.Context, _ *Request) (any, error) {
			b.ran(ctx)
			<-release
			return nil, nil
		})
	})
	c := b.connect(t, "main")
	answer, err := c.Start("notes.wait", textOf("x"))
	if err != nil {
		t.Fatal(err)
	}
	<-b.runs
	if _, err := b.connect(t, "main").Call(patient(t), "notes.wait", textOf("x")); code(t, err) != CodeBusy {
		t.Errorf("a second call of the window: page got %v", err)
	}
	if _, err := c.Call(patient(t), "notes.touch", textOf("x")); err != nil {
		t.Errorf("another command: %v", err)
	}
	close(release)
	if _, err := c.Await(patient(t), answer); err != nil {
		t.Fatal(err)
	}
	await(t, "no call under way", func() bool { return b.Stats().UnderWay == 0 })
	if _, err := c.Call(patient(t), "notes.wait", textOf("x")); err != nil {
		t.Errorf("once it has returned: %v", err)
	}
}

// Whichever of the policy and the configuration is the smaller counts.
func TestC9TheSmallerOfTwoLimitsCounts(t *testing.T) {
	b := newBench(t, func(c *Config) {
		files := testFiles()
		files["capabilities/notes.rego"].Data = limited(`"calls_per_second": 1000, "bytes": 100000`)
		c.Files = files
		c.CommandLimits = map[string]Limits{"notes.touch": {CallsPerSecond: 0.001, Burst: 1, ArgsBytes: 50}}
	}, nil)
	if got := b.touch(t, strings.Repeat("x", 80)); got != CodeTooLarge {
		t.Errorf("page got %q", got)
	}
	if got := b.touch(t, "x"); got != CodeRateLimited {
		t.Errorf("page got %q", got)
	}
}

// A page can have the policy reloaded by nobody, but an editor that saves
// often must not lift its limits.
func TestC9AReloadDoesNotRefillALimit(t *testing.T) {
	reload := func(t *testing.T, b *bench, text []byte) {
		t.Helper()
		folder := capability("more", `allow if input.command == "notes.more"`)
		folder["notes.rego"] = testFiles()["capabilities/notes.rego"]
		folder["notes.rego"].Data = text
		if err := b.Reload(folder); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name string
		then []string // the numbers of each reload, "" for none
	}{
		{"the same numbers", []string{`"calls_per_second": 0.001, "burst": 1`}},
		{"larger ones", []string{`"calls_per_second": 0.002, "burst": 5`}},
		{"none for a while", []string{"", `"calls_per_second": 0.001, "burst": 1`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := limitedBench(t, `"calls_per_second": 0.001, "burst": 1`, nil)
			if got := b.touch(t, "x"); got != "" {
				t.Fatalf("page got %q", got)
			}
			for _, numbers := range test.then {
				if numbers == "" {
					reload(t, b, []byte(notesCapability))
					if got := b.touch(t, "x"); got != "" {
						t.Errorf("without a limit page got %q", got)
					}
					continue
				}
				reload(t, b, limited(numbers))
				if got := b.touch(t, "x"); got != CodeRateLimited {
					t.Errorf("page got %q", got)
				}
			}
		})
	}
}

// Calls that came in before the policy limited them count as well.
func TestC9CallsUnderWayCountForALimitThatIsNew(t *testing.T) {
	var b bound
	now := time.Now()
	if refused := b.enter(now, policy.Limits{}, 1, 100); refused != nil {
		t.Fatal(refused)
	}
	if refused := b.enter(now, policy.Limits{Concurrency: 1}, 1, 100); refused == nil || refused.code != CodeBusy {
		t.Errorf("got %+v", refused)
	}
	b.leave()
	if refused := b.enter(now, policy.Limits{Concurrency: 1}, 1, 100); refused != nil {
		t.Errorf("got %+v", refused)
	}
}

func TestARateOfBytesHoldsOnAverage(t *testing.T) {
	var b bound
	now, l, sent := time.Now(), policy.Limits{BytesPerSecond: 1000}, 0
	for i := range 600 { // a minute of calls of 5,000 bytes, ten a second
		if b.enter(now.Add(time.Duration(i)*100*time.Millisecond), l, 5000, 10_000) == nil {
			sent += 5000
		}
	}
	if sent < 60_000 || sent > 70_000 {
		t.Errorf("%d bytes in a minute", sent)
	}
}

// limitsPolicy is a policy whose limits are a function's.
type limitsPolicy struct {
	decider
	limits func() (policy.Limits, error)
}

func (l limitsPolicy) Limits(context.Context, policy.Input) (policy.Limits, error) { return l.limits() }

func TestC7LimitsThatCanNotBeGivenRefuse(t *testing.T) {
	for _, test := range []struct {
		name string
		fail func() (policy.Limits, error)
	}{
		{"an error", func() (policy.Limits, error) { return policy.Limits{}, errors.New("zebra") }},
		{"a panic", func() (policy.Limits, error) { panic("zebra") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			broken := false
			b := newBench(t, nil, func(b *bench) {
				b.judge(limitsPolicy{b.policy.Load(), func() (policy.Limits, error) {
					if broken {
						return test.fail()
					}
					return policy.Limits{}, nil
				}})
			})
			broken = true
			c := b.connect(t, "main")
			if _, err := c.Call(patient(t), "notes.touch", textOf("x")); code(t, err) != CodeDenied {
				t.Errorf("page got %v", err)
			}
			b.nothingRan(t)
			lacks(t, b.log.String(), "zebra")
			broken = false
			if n := b.Stats().UnderWay; n != 0 {
				t.Errorf("%d calls under way", n)
			}
			if _, err := c.Call(patient(t), "notes.touch", textOf("x")); err != nil {
				t.Errorf("the next call: %v", err)
			}
		})
	}
}

func TestC7LimitsThatCanNotBeGivenStopTheStart(t *testing.T) {
	app, err := New(Config{Files: testFiles(), Record: keeper{}, Log: logTo(new(logBuffer))})
	if err != nil {
		t.Fatal(err)
	}
	Command(app, "notes.touch", func(context.Context, text) (struct{}, error) { return struct{}{}, nil })
	rules := *app.policy.Load()
	rules.decider = limitsPolicy{rules.decider, func() (policy.Limits, error) { return policy.Limits{}, errors.New("no numbers") }}
	app.policy.Store(&rules)
	err = app.StartInProcess()
	if err == nil {
		t.Fatal("it started")
	}
	contains(t, err.Error(), "core: ", "no numbers", "notes.touch", "window main")
}
