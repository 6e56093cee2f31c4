package policy

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

const guarded = `
allow if { input.command == "x"; scope.glob("$HOME/*", input.args.path) }

deny contains "too large" if { input.command == "x"; input.args.size > 10 }

allow if { input.command == "always"; input.window == "main" }
`

// alarmed is a policy that tells what alarms it.
func alarmed(t *testing.T, rules string) (*Policy, *[]string) {
	t.Helper()
	var alarms []string
	c := testConfig()
	c.Alarm = func(err error) { alarms = append(alarms, err.Error()) }
	p, err := Load(files(head+rules), c)
	if err != nil {
		t.Fatal(err)
	}
	return p, &alarms
}

func TestWhatIsPreparedIsTriedOnProbesBeforeItIsTrusted(t *testing.T) {
	p, alarms := alarmed(t, guarded)
	for command, want := range map[string]int{"x": 7, "always": 1} {
		in := call(t, command, `{}`)
		if _, err := p.Decide(context.Background(), in); err != nil && command == "always" {
			t.Fatal(err)
		}
		in.Platform = "linux"
		e := p.named.get(in.key())
		if e == nil || e.probed != want {
			t.Errorf("%s: %+v, want it tried on %d probes", command, e, want)
		}
	}
	if p.Distrusted() || len(*alarms) > 0 {
		t.Errorf("alarms %q", *alarms)
	}
}

// The probes must be such that wrong conditions show on them.
func TestProbesFindAPreparedDecisionThatIsWrong(t *testing.T) {
	for name, wrong := range map[string]func(e *entry){
		"it always allows":  func(e *entry) { e.conditions, e.decision = nil, Decision{Effect: Allow} },
		"a deny is missing": func(e *entry) { e.conditions = e.conditions[:1]; e.held = nil },
		"the allow is missing": func(e *entry) {
			e.conditions, e.decision = nil, Decision{Effect: Deny}
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, alarms := alarmed(t, guarded)
			in := call(t, "x", `{}`)
			in.Platform = "linux"
			e, err := p.prepare(context.Background(), in.key(), in.Time)
			if err != nil || e.err != nil {
				t.Fatal(err, e.err)
			}
			again := &entry{known: e.known, candidates: e.candidates, tried: e.tried}
			for _, r := range e.tried {
				if err := p.specialize(context.Background(), again, r); err != nil {
					t.Fatal(err)
				}
			}
			wrong(again)
			if len(again.conditions) > 0 {
				if err := p.finish(again); err != nil {
					t.Fatal(err)
				}
			}
			if p.try(context.Background(), in.key(), again, in.Time) || !p.Distrusted() || len(*alarms) != 1 {
				t.Errorf("it is trusted; alarms %q", *alarms)
			}
		})
	}
}

func TestALiveDisagreementDeniesAndEndsTheTrust(t *testing.T) {
	p, alarms := alarmed(t, guarded)
	in := call(t, "x", `{"path":"/etc/zebra","size":1}`)
	in.Platform = "linux"
	p.named.put(in.key(), &entry{decision: Decision{Effect: Allow}, varies: true})

	d, err := p.Decide(context.Background(), in)
	if err == nil || d.Effect != Deny {
		t.Errorf("the call on which they differ: %s", show(d, err))
	}
	if !p.Distrusted() || len(*alarms) != 1 {
		t.Fatalf("alarms %q", *alarms)
	}
	for _, part := range []string{p.Revision(), "window main", "command x", "is allow, the full evaluation deny"} {
		if !strings.Contains((*alarms)[0], part) {
			t.Errorf("the alarm %q lacks %q", (*alarms)[0], part)
		}
	}
	if strings.Contains((*alarms)[0], "zebra") {
		t.Errorf("the alarm quotes the page: %q", (*alarms)[0])
	}
	// From here on all is evaluated in full, and right.
	if d, err := p.Decide(context.Background(), in); err != nil || d.Effect != Deny || len(d.Rules) != 0 || d.Revision != p.Revision() {
		t.Errorf("the next call: %s", show(d, err))
	}
	in.Args = parse(t, `{"path":"/home/u/a","size":1}`)
	if d, err := p.Decide(context.Background(), in); err != nil || d.Effect != Allow {
		t.Errorf("a call that is allowed: %s", show(d, err))
	}
	next, err := p.Reload(files(head + guarded))
	if err != nil {
		t.Fatal(err)
	}
	if next.named.len() != 0 {
		t.Error("what is not trusted was inherited")
	}
}

// What no live call may do, made-up arguments of wrong types may: fail where partial evaluation has nothing left
// that could.
func TestAProbeThatFailsInFullAloneIsNoDisagreement(t *testing.T) {
	p, alarms := alarmed(t, `
allow if { input.command == "x"; fit }

fit if { input.args.n < 5; input.window == "other" }

fit if input.args.a == "a"

used if scope.glob("/x", "/y")
`)
	in := call(t, "x", `{"a":"a","n":"text"}`)
	in.Platform = "linux"
	e, err := p.entry(context.Background(), in.key(), in.Time)
	if err != nil || p.Distrusted() {
		t.Fatalf("after the probes: %v, alarms %q", err, *alarms)
	}
	d, err := p.evaluate(context.Background(), e, &in)
	if err != nil || d.Effect != Allow {
		t.Fatal(show(d, err))
	}
	if d, err := p.Decide(context.Background(), in); err == nil {
		t.Errorf("a live call that fails in full is decided: %s", show(d, err))
	}
}

func TestLiveCallsAreSampled(t *testing.T) {
	e := &entry{}
	var sampled []int
	for n := 1; n <= 3*every; n++ {
		if e.sampled() {
			sampled = append(sampled, n)
		}
	}
	want := "[1 2 4 8 16 32 64 128 256 512 1024 2048 4096 8192 12288]"
	if got := fmt.Sprint(sampled); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAFullEvaluationOfManyCallsAgrees(t *testing.T) {
	p, alarms := alarmed(t, guarded)
	for i := range 300 {
		in := call(t, "x", fmt.Sprintf(`{"path":"/home/u/%d","size":%d}`, i, i%20))
		want := Allow
		if i%20 > 10 {
			want = Deny
		}
		if d, err := p.Decide(context.Background(), in); err != nil || d.Effect != want {
			t.Fatal(show(d, err))
		}
		in.Platform = "linux"
		p.distrusted.Store(i%2 == 0) // both ways
		in.Time = time.Time{}
	}
	if len(*alarms) != 0 {
		t.Errorf("alarms %q", *alarms)
	}
}

func TestBothWaysAreAskedOfOneTime(t *testing.T) {
	p, alarms := alarmed(t, `
instant := input.time

allow if { input.command == "x"; instant % 2 == 0; scope.glob("/a", "/a") }

deny contains sprintf("at %d", [instant]) if { input.command == "y"; walk(instant, [[], instant]); scope.glob("/a", "/a") }

deny contains sprintf("%d again", [input.time]) if { input.command == "y"; input.args.n }
`)
	for range 40 { // most of the first are decided both ways
		for _, command := range []string{"x", "y"} {
			in := call(t, command, `{"n":true}`)
			in.Time = time.Time{}
			d, err := p.Decide(context.Background(), in)
			if err != nil {
				t.Fatal(err)
			}
			if len(d.Rules) == 2 {
				first, _ := strings.CutPrefix(d.Rules[0].Reason, "at ")
				if d.Rules[1].Reason != first+" again" {
					t.Fatalf("two times in one decision: %q and %q", d.Rules[0].Reason, d.Rules[1].Reason)
				}
			}
		}
	}
	if p.Distrusted() {
		t.Errorf("alarms %q", *alarms)
	}
}
