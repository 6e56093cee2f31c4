package policy

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// nearness writes what came nearest as "file:line condition => edit".
func nearness(n *Nearest) string {
	if n == nil {
		return "nothing"
	}
	s := fmt.Sprintf("%s:%d", n.Rule.File, n.Rule.Line)
	if n.Elsewhere != "" {
		s += " elsewhere, " + n.Elsewhere
	}
	if c := n.Condition; c != nil {
		s += fmt.Sprintf(" line %d %s", c.Line, c.Text)
		for _, seen := range c.Saw {
			s += fmt.Sprintf(" [%s %s]", seen.Path, seen.Value)
		}
	}
	return fmt.Sprintf("%s => %s:%d %s", s, n.Edit.File, n.Edit.Line, n.Edit.Text)
}

func TestADenialNamesTheNearestRuleTheConditionAndTheEdit(t *testing.T) {
	const save = head + `
allow if {
	input.command == "notes.save"
	scope.path_inside(input.args.path, "$APPDATA/notes")
	input.args.size <= 1000
	input.args.mode == "text"
}

allow if input.command in {"notes.list", "notes.search"}

deny contains "never at night" if {
	input.command == "notes.save"
	input.args.hour > 22
}

allow if {
	input.command == "notes.fetch"
	scope.url_matches("https://*.example.com/*", input.args.url)
	scope.one_of(input.args.kind, ["a", "b"])
	scope.size_at_most(input.args.text, 3)
}
`
	const admin = `# METADATA
# custom:
#   windows: [admin]
#   expires: 2026-11-22T13:00:00Z
package capability.admin

allow if input.command == "admin.reset"
`
	const good = `{"path":"/home/u/.local/share/app/notes/a","size":5,"mode":"text","hour":1}`
	for _, test := range []struct {
		name, command, args string
		in                  func(*Input)
		want                string
	}{
		{"a path outside", "notes.save", strings.Replace(good, "/home/u/.local/share/app/notes/a", "/etc/passwd", 1), nil,
			`notes.rego:8 line 10 scope.path_inside(input.args.path, "$APPDATA/notes") [input.args.path "/etc/passwd"] => ` +
				`notes.rego:10 write an allow beside the rule with scope.path_inside(input.args.path, "/etc"), if all of that folder may be reached`},
		{"a path that can't be judged", "notes.save", strings.Replace(good, "notes/a", "notes/../a", 1), nil,
			`notes.rego:8 line 10 scope.path_inside(input.args.path, "$APPDATA/notes") [input.args.path "/home/u/.local/share/app/notes/../a"] => ` +
				`notes.rego:10 no rule can take this path in: it has a .. in it; the page has to send it resolved`},
		{"a path that is absent", "notes.save", `{}`, nil,
			`notes.rego:8 line 10 scope.path_inside(input.args.path, "$APPDATA/notes") [input.args.path ] => ` +
				`notes.rego:10 the call has no input.args.path: make the condition one that holds without it`},
		{"a number too large", "notes.save", strings.Replace(good, `"size":5`, `"size":2000`, 1), nil,
			`notes.rego:8 line 11 input.args.size <= 1000 [input.args.size 2000] => notes.rego:11 write input.args.size <= 2000`},
		{"another value", "notes.save", strings.Replace(good, `"mode":"text"`, `"mode":"raw"`, 1), nil,
			`notes.rego:8 line 12 input.args.mode == "text" [input.args.mode "raw"] => notes.rego:12 write input.args.mode in {"text", "raw"}`},
		{"a wrong type", "notes.save", strings.Replace(good, `"size":5`, `"size":"5"`, 1), nil,
			`notes.rego:8 line 11 input.args.size <= 1000 [input.args.size "5"] => notes.rego:11 write input.args.size <= "5"`},
		{"a URL of another host", "notes.fetch", `{"url":"https://a.org/x","kind":"a","text":""}`, nil,
			`notes.rego:22 line 24 scope.url_matches("https://*.example.com/*", input.args.url) [input.args.url "https://a.org/x"] => ` +
				`notes.rego:24 write an allow beside the rule with scope.url_matches("https://a.org/*", input.args.url), if all of that site may be reached`},
		{"a URL that can't be judged", "notes.fetch", `{"url":"https://me@a.example.com/x","kind":"a","text":""}`, nil,
			`notes.rego:22 line 24 scope.url_matches("https://*.example.com/*", input.args.url) [input.args.url "https://me@a.example.com/x"] => ` +
				`notes.rego:24 no rule can take this URL in: it has a user name in it`},
		{"a value that is not on the list", "notes.fetch", `{"url":"https://a.example.com/x","kind":"c","text":""}`, nil,
			`notes.rego:22 line 25 scope.one_of(input.args.kind, ["a", "b"]) [input.args.kind "c"] => notes.rego:25 add "c" to ["a", "b"]`},
		{"a text too long", "notes.fetch", `{"url":"https://a.example.com/x","kind":"a","text":"éé"}`, nil,
			`notes.rego:22 line 26 scope.size_at_most(input.args.text, 3) [input.args.text "éé"] => notes.rego:26 write scope.size_at_most(input.args.text, 4)`},
		{"a deny in the way", "notes.save", strings.Replace(good, `"hour":1`, `"hour":23`, 1), nil,
			`notes.rego:8 => notes.rego:17 notes.rego:8 allows the call; add a condition to the deny rule here that leaves it out`},
		{"a command that no rule is about", "notes.rename", `{}`, nil,
			`notes.rego:8 line 9 input.command == "notes.save" [input.command "notes.rename"] => notes.rego:9 add "notes.rename" to the commands that the rule names`},
		{"a command that is misspelt", "notes.sav", `{}`, nil,
			`notes.rego:8 line 9 input.command == "notes.save" [input.command "notes.sav"] => notes.rego:9 add "notes.sav" to the commands that the rule names; or did the page mean "notes.save"?`},
		{"another window's capability", "admin.reset", `{}`, nil,
			`admin.rego:7 elsewhere, windows are ["admin"] => admin.rego:3 add "main" to windows`},
		{"a capability that expired", "admin.reset", `{}`, func(in *Input) { in.Window, in.Time = "admin", in.Time.Add(24*3600e9) },
			`admin.rego:7 elsewhere, it expired at 2026-11-22T13:00:00Z => admin.rego:4 set expires to a later time`},
		{"a remote page", "notes.list", `{}`, func(in *Input) { in.Local, in.Origin = false, "https://example.com" },
			`notes.rego:15 elsewhere, it names no origin but the app itself => notes.rego:3 add "https://example.com" to origins`},
		{"a remote page's, not another window's too", "notes.list", `{}`, func(in *Input) { in.Local, in.Origin, in.Window = false, "https://example.com", "admin" },
			`notes.rego:15 elsewhere, windows are ["main"] => notes.rego:3 add "admin" to windows`},
		{"a remote page by its URL", "notes.list", `{}`, func(in *Input) { in.Local, in.Origin = false, "https://EXAMPLE.com:443/x" },
			`notes.rego:15 elsewhere, it names no origin but the app itself => notes.rego:3 add "https://example.com" to origins`},
		{"a page that can't be named", "notes.list", `{}`, func(in *Input) { in.Local, in.Origin = false, "https://me@example.com" },
			`notes.rego:15 elsewhere, it names no origin but the app itself => notes.rego:3 no capability can name this page: its origin is opaque, or not spelt as browsers spell it`},
		{"a window that no capability is for", "notes.list", `{}`, func(in *Input) { in.Window = "other" },
			`notes.rego:15 elsewhere, windows are ["main"] => notes.rego:3 add "other" to windows`},
		{"a command that nobody may, in a window that may nothing", "x", `{}`, func(in *Input) { in.Window = "other" }, "nothing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := Load(fstest.MapFS{"notes.rego": {Data: []byte(save)}, "admin.rego": {Data: []byte(admin)}}, testConfig())
			if err != nil {
				t.Fatal(err)
			}
			in := call(t, test.command, test.args)
			if test.in != nil {
				test.in(&in)
			}
			x, err := p.Explain(context.Background(), in)
			if err != nil || x.Effect != Deny {
				t.Fatalf("%s, %v", show(x.Decision, x.Err), err)
			}
			if got := nearness(x.Nearest); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			n, err := p.Nearest(context.Background(), in, x.Decision)
			if err != nil || nearness(n) != nearness(x.Nearest) {
				t.Errorf("Nearest says %s, %v", nearness(n), err)
			}
		})
	}
}

func TestAnExplanationShowsHowFarEachRuleHeld(t *testing.T) {
	p := load(t, head+`
allow if {
	input.command == "x"
	some item in input.args.items
	item.size < 5
	scope.glob("$HOME/*",
		input.args.path)
}

ask contains "Sure?" if {
	input.command == "x"
	not input.args.sure
}
`)
	x, err := p.Explain(context.Background(), call(t, "x", `{"items":[{"size":9},{"size":3}],"path":"/home/u/a"}`))
	if err != nil {
		t.Fatal(err)
	}
	got := show(x.Decision, x.Err)
	for _, e := range x.Rules {
		got += fmt.Sprintf("\n%s %d %v", e.Kind, e.Line, e.Held)
		for _, c := range e.Conditions {
			got += fmt.Sprintf("\n\t%d %s: %v", c.Line, c.Text, c.State)
			for _, s := range c.Saw {
				got += fmt.Sprintf(" %s=%s", s.Path, s.Value)
			}
		}
	}
	want := `ask notes.rego:16 (Sure?)
allow 8 true
	9 input.command == "x": met input.command="x"
	10 some item in input.args.items: met input.args.items[_]=
	11 item.size < 5: met input.args.items[_].size=
	12 scope.glob("$HOME/*", input.args.path): met input.args.path="/home/u/a"
ask 16 true
	17 input.command == "x": met input.command="x"
	18 not input.args.sure: met input.args.sure=`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if x.Nearest != nil {
		t.Errorf("a question has a nearest rule: %s", nearness(x.Nearest))
	}
}

func TestAnErrorIsExplained(t *testing.T) {
	p := load(t, withoutScope+"allow if {\n\tinput.command == \"x\"\n\tstartswith(input.args.a, \"b\")\n}\n")
	x, err := p.Explain(context.Background(), call(t, "x", `{"a":5}`))
	if err != nil || x.Effect != Deny || x.Err == nil || x.Nearest == nil || x.Nearest.Condition == nil || x.Nearest.Condition.Err == "" {
		t.Errorf("got %s, %v, %s", show(x.Decision, x.Err), err, nearness(x.Nearest))
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if x, err := p.Explain(ctx, call(t, "x", `{}`)); err == nil {
		t.Errorf("an explanation in a context that has ended: %s", show(x.Decision, x.Err))
	}
}
