package policy

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestRulesReadWhatTheMessageIsAboutAndTheUser(t *testing.T) {
	for _, test := range []struct {
		name, rule string
		in         func(*Input)
		want       Effect
	}{
		{"a user", `allow if input.user.role == "admin"`, func(in *Input) { in.User = parse(t, `{"role":"admin","more":1}`) }, Allow},
		{"another user", `allow if input.user.role == "admin"`, func(in *Input) { in.User = parse(t, `{"role":"guest"}`) }, Deny},
		{"no user", `allow if input.user.role != "guest"`, func(*Input) {}, Deny},
		{"a user of null is one", `allow if input.user == null`, func(in *Input) { in.User = parse(t, `null`) }, Allow},
		{"no user is not null", `allow if input.user == null`, func(*Input) {}, Deny},
		{"the whole user", `allow if count(input.user) == 2`, func(in *Input) { in.User = parse(t, `{"a":1,"b":2}`) }, Allow},
		{"an event", `allow if input.event == "saved"`, func(in *Input) { in.Event = "saved" }, Allow},
		{"no event", `allow if input.event != "saved"`, func(*Input) {}, Deny},
		{"an event as a helper sees it", "allow if saved\n\nsaved if input.event == \"saved\"", func(in *Input) { in.Event = "saved" }, Allow},
		{"no event as a function sees it", `allow if not is(input.args.x)` + "\n\nis(x) if input.event == x", func(in *Input) { in.Args = parse(t, `{"x":"saved"}`) }, Allow},
		{"an event as a function sees it", `allow if is(input.args.x)` + "\n\nis(x) if input.event == x", func(in *Input) { in.Event, in.Args = "saved", parse(t, `{"x":"saved"}`) }, Allow},
		{"an event by its beginning", `allow if startswith(input.event, "notes.")`, func(in *Input) { in.Event = "notes.changed" }, Allow},
		{"an event by a pattern", `allow if glob.match("notes.*", ["."], input.event)`, func(in *Input) { in.Event = "notes.changed" }, Allow},
		{"one event of several", `allow if input.event in {"saved", "lost"}`, func(in *Input) { in.Event = "lost" }, Allow},
		{"none of several events", `allow if input.event in {"saved", "lost"}`, func(in *Input) { in.Event = "found" }, Deny},
		{"an event that differs", `allow if input.event != "saved"`, func(in *Input) { in.Event = "lost" }, Allow},
		{"a target", `allow if input.target == "main"`, func(in *Input) { in.Target = "main" }, Allow},
		{"another target", `allow if input.target == "main"`, func(in *Input) { in.Target = "other" }, Deny},
		{"no target", `allow if input.target != "main"`, func(*Input) {}, Deny},
		{"a target that must not be", `allow if not input.target`, func(in *Input) { in.Target = "main" }, Deny},
		{"no target as it must be", `allow if not input.target`, func(*Input) {}, Allow},
		{"a channel", `allow if input.channel == "c1"`, func(in *Input) { in.Channel = "c1" }, Allow},
		{"no channel", `allow if input.channel != "c1"`, func(*Input) {}, Deny},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := call(t, "x", `{}`)
			test.in(&in)
			d, err := load(t, withoutScope+test.rule).Decide(context.Background(), in)
			if err != nil || d.Effect != test.want {
				t.Errorf("%s", show(d, err))
			}
		})
	}
}

func TestMistakesAboutTheInputsTypesAreFoundAtLoad(t *testing.T) {
	for _, test := range []struct{ name, rule, want string }{
		{"a window that is a number", `allow if input.window == 5`, "notes.rego:5: rego_type_error: match error"},
		{"a field of a text", `allow if input.command.name == "x"`, "notes.rego:5: rego_type_error: undefined ref: input.command.name"},
		{"a time that is text", `allow if startswith(input.time, "2026")`, "notes.rego:5: rego_type_error: startswith: invalid argument(s)"},
		{"a flag compared with text", `allow if input.local == "true"`, "notes.rego:5: rego_type_error: match error"},
	} {
		_, err := Load(files(withoutScope+test.rule), testConfig())
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v\nwant %s", test.name, err, test.want)
		}
	}
	load(t, head+`allow if { input.args.a == 5; input.args.b == "x"; input.user.role in {"a", 5}; scope.glob("/x", input.args.path) }`)
}

// The schema in the documentation and the fields that rules may read are the same.
func TestTheInputsSchemaNamesWhatRulesMayRead(t *testing.T) {
	var document struct{ Properties map[string]any }
	if err := json.Unmarshal(InputSchema(), &document); err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(maps.Keys(document.Properties)); !slices.Equal(got, inputFields()) {
		t.Errorf("the schema has %q, rules may read %q", got, inputFields())
	}
}
