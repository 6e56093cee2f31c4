package policy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
)

const eventRules = withoutScope + `
allow if { input.command == "sallyport:listen"; input.event in {"notes.changed", "notes.lost"} }

allow if { input.command == "sallyport:emit"; input.event == "notes.draft"; not input.target }

allow if { input.command == "sallyport:emit"; input.event == "notes.draft"; input.target == "editor" ; input.args.size < 5 }

limit contains {"calls_per_second": 3} if input.event == "notes.draft"

deny contains "later" if { input.event == "notes.lost"; input.args.now == false }

allow if input.command == "notes.list"
`

// eventCall is a request about an event.
func eventCall(t testing.TB, command, event, target, args string) Input {
	in := call(t, command, args)
	in.Event, in.Target = event, target
	return in
}

func TestC5EventsAreAllowedOneByOne(t *testing.T) {
	p := load(t, eventRules)
	for _, test := range []struct {
		name, command, event, target, args string
		want, most                         Effect
		depends                            bool
	}{
		{"an event that is named", ListenCommand, "notes.changed", "", `{}`, Allow, Allow, false},
		{"one that is not", ListenCommand, "notes.secret", "", `{}`, Deny, Deny, false},
		{"no event", ListenCommand, "", "", `{}`, Deny, Deny, false},
		{"who may listen may not emit", EmitCommand, "notes.changed", "", `{}`, Deny, Deny, false},
		{"who may emit may not listen", ListenCommand, "notes.draft", "", `{}`, Deny, Deny, false},
		{"an emit to all", EmitCommand, "notes.draft", "", `{"size":9}`, Allow, Allow, true},
		{"an emit to a window", EmitCommand, "notes.draft", "editor", `{"size":4}`, Allow, Allow, true},
		{"an emit to a window that is too large for it", EmitCommand, "notes.draft", "editor", `{"size":5}`, Deny, Allow, true},
		{"an emit to another window", EmitCommand, "notes.draft", "main", `{"size":4}`, Deny, Allow, true},
		{"a deny about an event", ListenCommand, "notes.lost", "", `{"now":false}`, Deny, Allow, true},
		{"a command of that name", "notes.changed", "", "", `{}`, Deny, Deny, false},
		{"an ordinary command", "notes.list", "", "", `{}`, Allow, Allow, false},
	} {
		in := eventCall(t, test.command, test.event, test.target, test.args)
		d, err := p.Decide(context.Background(), in)
		if err != nil || d.Effect != test.want {
			t.Errorf("%s: %s, want %s", test.name, show(d, err), test.want)
		}
		if most := p.May(context.Background(), in); most != test.most {
			t.Errorf("%s: some may get %s, want %s", test.name, most, test.most)
		}
		if o, err := p.Outlook(context.Background(), in); err != nil || o.Depends != test.depends {
			t.Errorf("%s: depends on the call is %v, want %v (%v)", test.name, o.Depends, test.depends, err)
		}
	}
}

func TestALimitMayBeAboutAnEvent(t *testing.T) {
	p := load(t, eventRules)
	for event, want := range map[string]float64{"notes.draft": 3, "notes.changed": 0} {
		if got, err := p.Limits(context.Background(), eventCall(t, EmitCommand, event, "", `{}`)); err != nil || got.CallsPerSecond != want {
			t.Errorf("%s: got %+v, %v", event, got, err)
		}
	}
	for _, field := range []string{"target", "channel"} {
		_, err := Load(files(withoutScope+`limit contains {"burst": 1, "calls_per_second": 1} if input.`+field+` == "x"`), testConfig())
		if err == nil || !strings.Contains(err.Error(), "notes.rego:5: limit reads input."+field) {
			t.Errorf("a limit that reads input.%s: %v", field, err)
		}
	}
}

func TestRulesNameEvents(t *testing.T) {
	p := load(t, eventRules)
	if got, want := p.Events(), []string{"notes.changed", "notes.draft", "notes.lost"}; !slices.Equal(got, want) {
		t.Errorf("events are %q, want %q", got, want)
	}
	text := fmt.Sprint(p.Subjects("other"))
	if want := "[notes.list sallyport:emit notes.changed sallyport:emit notes.draft sallyport:emit notes.lost sallyport:emit other " +
		"sallyport:listen notes.changed sallyport:listen notes.draft sallyport:listen notes.lost sallyport:listen other]"; text != want {
		t.Errorf("subjects are %s", text)
	}
	for _, test := range []struct{ rule, want string }{
		{`allow if input.command == "notes.list"`, "[notes.list]"},
		{`allow if input.command == "sallyport:emit"`, "[sallyport:emit other sallyport:listen other]"},
		{`allow if input.event == "e"`, "[sallyport:emit e sallyport:emit other sallyport:listen e sallyport:listen other]"},
		{`allow if startswith(input.event, "e")`, "[]"},
	} {
		if got := fmt.Sprint(load(t, withoutScope+test.rule).Subjects("other")); got != test.want {
			t.Errorf("%s: subjects are %s, want %s", test.rule, got, test.want)
		}
	}
}

// TestC9RulesAboutOtherEventsCostNothing prepares each of many events, with as many rules, in a time that only
// rules about that event take.
func TestC9RulesAboutOtherEventsCostNothing(t *testing.T) {
	var b strings.Builder
	for i := range 200 {
		fmt.Fprintf(&b, "\nallow if { input.command == %q; input.event == \"e%d\"; input.args.size < %d }\n", EmitCommand, i, i)
	}
	p := load(t, withoutScope+b.String())
	e, err := p.entry(context.Background(), eventCall(t, EmitCommand, "e7", "", `{}`).keyed(p), call(t, "x", `{}`).Time)
	if err != nil || len(e.tried) != 1 || len(e.conditions) != 1 {
		t.Fatalf("%d rules were evaluated for an event, %d are left; %v", len(e.tried), len(e.conditions), err)
	}
	for event, want := range map[string]Effect{"e7": Allow, "e5": Deny, "e6": Deny, "e200": Deny} {
		d, err := p.Decide(context.Background(), eventCall(t, EmitCommand, event, "", `{"size":6}`))
		if err != nil || d.Effect != want {
			t.Errorf("%s: %s, want %s", event, show(d, err), want)
		}
	}
}

// keyed is the key of a call in the platform of p.
func (in Input) keyed(p *Policy) *key { in.Platform = p.platform; return in.key() }

// TestEventsHaveHotPlacesOfTheirOwn decides many events in turn and looks how many are found at once.
func TestEventsHaveHotPlacesOfTheirOwn(t *testing.T) {
	p := load(t, withoutScope+`allow if input.command == "sallyport:listen"`)
	event := func(i int) Input { return eventCall(t, ListenCommand, fmt.Sprintf("notes.e%d", i), "", `{}`) }
	const n = 100
	for i := range n {
		if d, err := p.Decide(context.Background(), event(i)); err != nil || d.Effect != Allow {
			t.Fatal(show(d, err))
		}
	}
	found := 0
	for i := range n {
		if p.hot.get(event(i).keyed(p)) != nil {
			found++
		}
	}
	if found < n-5 {
		t.Errorf("%d of %d events are found at once", found, n)
	}
}

func TestADeniedEventIsExplained(t *testing.T) {
	p := load(t, eventRules)
	x, err := p.Explain(context.Background(), eventCall(t, ListenCommand, "notes.chanegd", "", `{}`))
	if err != nil || x.Effect != Deny || x.Nearest == nil || x.Nearest.Condition == nil {
		t.Fatalf("%+v, %v", x, err)
	}
	if c := x.Nearest.Condition; len(c.Saw) != 1 || c.Saw[0].Path != "input.event" || string(c.Saw[0].Value) != `"notes.chanegd"` || x.Nearest.Rule.Line != 6 {
		t.Errorf("the nearest is %+v, whose condition saw %+v", x.Nearest.Rule, c.Saw)
	}
	x, err = p.Explain(context.Background(), eventCall(t, EmitCommand, "notes.draft", "main", `{"size":1}`))
	if err != nil || x.Nearest == nil || x.Nearest.Condition == nil {
		t.Fatalf("%+v, %v", x, err)
	}
	if saw := fmt.Sprintf("%s", x.Nearest.Condition.Saw); !strings.Contains(saw, `input.target "main"`) && !strings.Contains(saw, `{input.target "main"}`) {
		t.Errorf("the nearest saw %s", saw)
	}
}

// Whatever a function is given, a call has no event, no target and no channel.
func TestWhatACallLacksIsUndefinedToClosures(t *testing.T) {
	for _, field := range []string{"event", "target", "channel"} {
		text := withoutScope + "\nallow if { input.command == \"a\"; every x in input.args.list { is(x) } }\n\nis(x) if input." + field + " == x\n"
		r, err := newTrio(text)
		if err != nil {
			t.Fatal(err)
		}
		in := call(t, "a", `{"list":[""]}`)
		r.compare(t, in, &tally{why: make(map[string]int)}, func() string { return text })
		if d, err := r.closures.Decide(context.Background(), in); err != nil || d.Effect != Deny || r.closures.Distrusted() {
			t.Errorf("%s: %s, distrusted is %v", field, show(d, err), r.closures.Distrusted())
		}
	}
}
