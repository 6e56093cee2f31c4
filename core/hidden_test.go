package core

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/policy"
)

// notes.secret is registered and denied, notes.nothing is not registered:
// whatever a page tries, both answer alike.
func TestC7ADeniedCommandAnswersAsOneThatDoesNotExist(t *testing.T) {
	deny := "\ndeny contains \"never\" if input.command == \"notes.secret\"\n"
	for _, test := range []struct{ name, capability string }{
		{"nothing allows it", notesCapability},
		{"a rule denies it", notesCapability + deny + "allow if input.command == \"notes.secret\"\n"},
		{"a rule asks", notesCapability + "\nask contains \"Really?\" if input.command == \"notes.secret\"\n"},
		{"a rule limits it", notesCapability + "\nlimit contains {\"calls_per_second\": 0.001, \"bytes\": 20, \"concurrency\": 1} if input.command == \"notes.secret\"\n"},
		{"a rule denies some arguments and none allows others", notesCapability + "\ndeny contains \"no\" if {\n\tinput.command == \"notes.secret\"\n\tinput.args.text == \"x\"\n}\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, func(c *Config) {
				files := testFiles()
				files["capabilities/notes.rego"].Data = []byte(test.capability)
				c.Files = files
				c.CommandLimits = map[string]Limits{"notes.secret": {ArgsBytes: 100, Depth: 4, CallsPerSecond: 0.001, Concurrency: 1}}
			}, nil)
			c := b.connect(t, "main")
			for _, args := range []string{`{"text":"x"}`, `{"text":"y"}`, `null`, `{"text":"` + strings.Repeat("x", 200) + `"}`, `[[[[[[1]]]]]]`, `{`, ``} {
				for range 3 {
					_, denied := c.Call(patient(t), "notes.secret", []byte(args))
					_, unknown := c.Call(patient(t), "notes.nothing", []byte(args))
					if denied, unknown := code(t, denied), code(t, unknown); denied != unknown {
						t.Errorf("%.20s: page got %q of a denied command, %q of none", args, denied, unknown)
					}
				}
			}
			b.nothingRan(t)
		})
	}
}

func TestTheRecordTellsAHiddenCommandFromNone(t *testing.T) {
	b := newBench(t, func(c *Config) {
		files := testFiles()
		files["capabilities/notes.rego"].Data = []byte(notesCapability + "\ndeny contains \"never\" if input.command == \"notes.secret\"\n")
		c.Files = files
	}, nil)
	if _, err := b.connect(t, "main").Call(patient(t), "notes.secret", []byte("null")); code(t, err) != CodeDenied {
		t.Errorf("page got %v", err)
	}
	r := b.record.Records()[0]
	if r.Command != "notes.secret" || r.Verdict != audits.VerdictDeny || r.Stage != audits.StagePolicy || r.Reason != "never" ||
		len(r.Rules) != 1 || r.ArgsMAC == "" || r.Stages.Schema != 0 {
		t.Errorf("recorded %+v", r)
	}
}

// Which is the price of an answer that helps: docs/errors.md says so.
func TestACommandThatSomeArgumentsAreAllowedForIsNotHidden(t *testing.T) {
	b := newBench(t, nil, nil)
	if _, err := b.connect(t, "main").Call(patient(t), "notes.echo", []byte("null")); code(t, err) != CodeInvalidArgs {
		t.Errorf("page got %v", err)
	}
	if _, err := b.connect(t, "other").Call(patient(t), "notes.echo", []byte("null")); code(t, err) != CodeDenied {
		t.Errorf("another window's page got %v", err)
	}
}

// A hider is a policy with a May of its own, which keeps what it was asked.
type hider struct {
	decider
	may func(policy.Input) policy.Effect
}

func (h hider) May(_ context.Context, in policy.Input) policy.Effect { return h.may(in) }

func TestC7AnAllowDoesNotCountForACallThatCameInHidden(t *testing.T) {
	for _, test := range []struct {
		name string
		may  func(policy.Input) policy.Effect
	}{
		{"a denial expired meanwhile", func(policy.Input) policy.Effect { return policy.Ask }},
		{"the policy panics", func(policy.Input) policy.Effect { panic("zebra") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, nil, func(b *bench) { b.judge(hider{b.policy.Load(), test.may}) })
			for _, args := range []string{`{"text":"x"}`, "null"} {
				if _, err := b.connect(t, "main").Call(patient(t), "notes.touch", []byte(args)); code(t, err) != CodeDenied {
					t.Errorf("page got %v", err)
				}
			}
			b.nothingRan(t)
			if r := b.record.Records()[0]; r.Stage != audits.StagePolicy || r.Reason == "" {
				t.Errorf("recorded %+v", r)
			}
			lacks(t, b.log.String(), "zebra")
		})
	}
}

// So that the first call of a hidden command takes no longer than any other.
func TestThePolicyIsPreparedAtStart(t *testing.T) {
	var asked []string
	b := newBench(t, nil, func(b *bench) {
		b.judge(hider{b.policy.Load(), func(in policy.Input) policy.Effect {
			asked = append(asked, fmt.Sprintf("%s %s %s %v %s", in.Window, in.Origin, in.Command, in.Local, in.Platform))
			return policy.Allow
		}})
	})
	for _, window := range []string{"main", "other"} {
		for _, command := range b.Commands() {
			want := fmt.Sprintf("%s https://%s.page.sallyport.invalid %s true %s", window, window, command, b.platform)
			if !slices.Contains(asked, want) {
				t.Errorf("nobody asked for %s, but for %q", want, asked)
			}
		}
	}
}

// Large arguments make what is done with them seen: a page compares the quickest
// of many calls. No rule here looks at arguments; what those take is seen.
func TestAHiddenCommandTakesAsLongAsNone(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Limits.CallsPerSecond, c.Limits.Burst = 1e6, 1e6 }, nil)
	c := b.connect(t, "main")
	args := textOf(strings.Repeat("a", 1_000_000))
	least := map[string]time.Duration{"notes.secret": time.Hour, "notes.unknown": time.Hour}
	for i := range 400 { // on a busy machine it takes more of them
		for command := range least {
			began := time.Now()
			if _, err := c.Call(patient(t), command, args); code(t, err) != CodeDenied {
				t.Fatalf("page got %v", err)
			}
			least[command] = min(least[command], time.Since(began))
		}
		if i >= 30 && float64(least["notes.secret"]) < 1.2*float64(least["notes.unknown"]) {
			return
		}
	}
	t.Errorf("took %v", least)
}

// What rules do with arguments would take its time, which a page can measure.
func TestC8TheArgumentsOfAHiddenCallAreNotLookedAt(t *testing.T) {
	var seen []policy.Input
	b := newBench(t, nil, func(b *bench) {
		real := b.policy.Load().decider
		b.judge(overheard{real, func(in policy.Input) { seen = append(seen, in) }})
	})
	for _, window := range []string{"main", "other"} {
		if _, err := b.connect(t, window).Call(patient(t), "notes.echo", textOf(".zebra")); code(t, err) != CodeDenied {
			t.Fatalf("page of %s got %v", window, err)
		}
	}
	for _, in := range seen {
		if hidden := in.Window == "other"; hidden != (in.Args == nil) {
			t.Errorf("the policy was asked about %v from window %s", in.Args, in.Window)
		}
	}
	if len(seen) != 2 {
		t.Errorf("the policy was asked %d times", len(seen))
	}
}

// overheard shows what a policy is asked.
type overheard struct {
	decider
	see func(policy.Input)
}

func (w overheard) Decide(ctx context.Context, in policy.Input) (policy.Decision, error) {
	w.see(in)
	return w.decider.Decide(ctx, in)
}

// A command that is slow elsewhere is hidden here as if there were none: a goroutine of its own could be timed.
func TestC5AHiddenCallIsRunWhereAnUnknownOneIs(t *testing.T) {
	slow := new(command)
	slow.slow.Store(true)
	for _, c := range []*call{{hidden: true}, {hidden: true, command: slow}} {
		if c.mayLinger() {
			t.Errorf("%+v has a goroutine of its own", c.command)
		}
	}
	if !(&call{command: slow}).mayLinger() {
		t.Error("a slow call that is not hidden has none")
	}
}
