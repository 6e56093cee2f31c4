package policy

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/schema"
)

// The traps of Rego that other users have fallen into, each with the rule that shows it.

func TestWrongTypedArgumentDoesNotRemoveADeny(t *testing.T) {
	for _, test := range []struct{ name, rules string }{
		{"one rule", `deny contains "key" if { input.command == "x"; endswith(input.args.path, ".key") }`},
		{"negated", `deny contains "key" if { input.command == "x"; not endswith(input.args.path, ".md") }`},
		{"two rules, where OPA's index drops them before they can fail", `
deny contains "key" if { input.command == "x"; glob_like(input.args.path); endswith(input.args.path, ".key") }
deny contains "pem" if { input.command == "x"; input.args.kind == "a"; endswith(input.args.path, ".pem") }
glob_like(p) if contains(p, "/")`},
		{"in a helper", `deny contains "key" if { input.command == "x"; secret }
secret if endswith(input.args.path, ".key")
secret if endswith(input.args.path, ".pem")`},
		{"in a helper whose other half holds", `deny contains "key" if { input.command == "x"; not plain }
plain if input.args.kind == "a"
plain if endswith(input.args.path, ".md")`},
		{"in a comprehension", `deny contains "key" if { input.command == "x"; count([1 | endswith(input.args.path, ".key")]) > 0 }`},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := load(t, withoutScope+"allow if input.command == \"x\"\n"+test.rules)
			if got := decide(t, p, call(t, "x", `{"kind":"a","path":["/home/u/id.key"]}`)); !strings.HasPrefix(got, "error: policy: notes.rego:") {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestKnownWrongTypeDoesNotRemoveADeny(t *testing.T) {
	// Partial evaluation makes contains([1], …) of this, which fails the type check
	// that OPA drops residual bodies by.
	p := load(t, withoutScope+`allow if input.command == "x"
deny contains "never" if {
	input.command == "x"
	parsed := json.unmarshal("[1]")
	contains(parsed, input.args.path)
}`)
	if got := decide(t, p, call(t, "x", `{"path":"/a"}`)); !strings.HasPrefix(got, "error: policy: notes.rego:9: eval_type_error") {
		t.Errorf("got %s", got)
	}
}

func TestDefaultInliningIsUnsound(t *testing.T) {
	// opa#4848: with default inlining this is a constant allow.
	p := load(t, withoutScope+`allow if { input.command == "x"; not p }
p if not q
q if input.args.a == input.args.a`)
	if got := decide(t, p, call(t, "x", `{}`)); got != "deny" {
		t.Errorf("argument absent: got %s", got)
	}
	if got := decide(t, p, call(t, "x", `{"a":1}`)); got != "allow notes.rego:5" {
		t.Errorf("argument given: got %s", got)
	}
}

func TestNullIsNotBelowALimit(t *testing.T) {
	p := load(t, withoutScope+`allow if { input.command == "x"; input.args.size <= 100 }
allow if { input.command == "y"; some s in input.args.sizes; s < 100 }
allow if { input.command == "z"; lte(input.args.size, 100) }
allow if { input.command == "w"; ok := input.args.size >= 100; ok }`)
	for _, test := range [][3]string{
		{"x", `{"size":100}`, "allow notes.rego:5"},
		{"x", `{"size":100.5}`, "deny"},
		{"x", `{"size":null}`, "error: policy: notes.rego:5: eval_type_error: can't order null and number"},
		{"x", `{"size":false}`, "error: policy: notes.rego:5: eval_type_error: can't order boolean and number"},
		{"x", `{}`, "deny"},
		{"y", `{"sizes":[null]}`, "error: policy: notes.rego:6: eval_type_error"},
		{"z", `{"size":null}`, "error: policy: notes.rego:7: eval_type_error"},
		{"w", `{"size":"a lot"}`, "error: policy: notes.rego:8: eval_type_error"},
	} {
		if got := decide(t, p, call(t, test[0], test[1])); !strings.HasPrefix(got, test[2]) || test[2] == "deny" && got != "deny" {
			t.Errorf("%s %s: got %s, want %s", test[0], test[1], got, test[2])
		}
	}
}

func TestLargeIntegersStayExact(t *testing.T) {
	p := load(t, withoutScope+`allow if { input.command == "x"; input.args.id == 9007199254740993 }
allow if { input.command == "y"; input.args.id > 9007199254740992 }
allow if { input.command == "z"; input.args.id in {9007199254740993} }`)
	for _, command := range []string{"x", "y", "z"} {
		if got := decide(t, p, call(t, command, `{"id":9007199254740993}`)); !strings.HasPrefix(got, "allow") {
			t.Errorf("%s ...993: got %s", command, got)
		}
		if got := decide(t, p, call(t, command, `{"id":9007199254740992}`)); got != "deny" {
			t.Errorf("%s ...992: got %s", command, got)
		}
	}
}

func TestGlobMatchStaysWhereNoPathIs(t *testing.T) {
	p := load(t, withoutScope+`allow if glob.match("notes.*", ["."], input.command)`)
	if got := decide(t, p, call(t, "notes.list", `{}`)); got != "allow notes.rego:5" {
		t.Errorf("got %s", got)
	}
	if got := decide(t, p, call(t, "notes.a.b", `{}`)); got != "deny" {
		t.Errorf("got %s", got)
	}
}

func TestOnlyTrueAllows(t *testing.T) {
	for _, test := range []struct{ name, rules, args, want string }{
		{"text", `allow := "true" if input.command == "x"`, `{}`, "deny"},
		{"number", `allow := 1 if input.command == "x"`, `{}`, "deny"},
		{"object", `allow := {"allow": true} if input.command == "x"`, `{}`, "deny"},
		{"null", `allow := null if input.command == "x"`, `{}`, "deny"},
		{"false", `allow := false if input.command == "x"`, `{}`, "deny"},
		{"argument that is true", `allow := input.args.ok if input.command == "x"`, `{"ok":true}`, "allow notes.rego:5"},
		{"argument that is text", `allow := input.args.ok if input.command == "x"`, `{"ok":"true"}`, "deny"},
		{"argument that is absent", `allow := input.args.ok if input.command == "x"`, `{}`, "deny"},
		{"false beside true", "allow := false if input.command == \"x\"\nallow if input.command == \"x\"", `{}`, "error"},
		{"text beside true, by argument", "allow := input.args.ok if input.command == \"x\"\nallow if input.command == \"x\"", `{"ok":"no"}`, "error"},
		{"else", "allow if { input.command == \"x\"; input.args.a } else := false", `{"a":true}`, "allow notes.rego:5"},
		{"else, not", "allow if { input.command == \"x\"; input.args.a } else := false", `{"a":false}`, "deny"},
		{"default", "default allow := false\nallow if input.command == \"x\"", `{}`, "allow notes.rego:6"},
		{"default alone", "default allow := false\n", `{}`, "deny"},
		{"condition that is false", `allow if { input.command == "x"; input.args.a }`, `{"a":false}`, "deny"},
		{"condition that is null", `allow if { input.command == "x"; input.args.a == true }`, `{"a":null}`, "deny"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := decide(t, load(t, withoutScope+test.rules), call(t, "x", test.args))
			if got != test.want && !(test.want == "error" && strings.HasPrefix(got, "error: policy: ")) {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestReasonsThatAreNoText(t *testing.T) {
	p := load(t, withoutScope+`allow if true
deny contains input.args.why if input.command == "x"
ask contains input.args.why if input.command == "y"`)
	for _, test := range [][3]string{
		{"x", `{"why":7}`, "deny notes.rego:6 (denied without a reason in words)"},
		{"x", `{"why":""}`, "deny notes.rego:6 (denied without a reason in words)"},
		{"x", `{"why":"a\nb\u202ec"}`, "deny notes.rego:6 (a\uFFFDb\uFFFDc)"},
		{"y", `{"why":7}`, "error: policy: ask contains something that is no text"},
		{"y", `{"why":"sure?"}`, "ask notes.rego:7 (sure?)"},
	} {
		if got := decide(t, p, call(t, test[0], test[1])); !strings.HasPrefix(got, test[2]) {
			t.Errorf("%s %s: got %s, want %s", test[0], test[1], got, test[2])
		}
	}
	d, err := p.Decide(t.Context(), call(t, "x", `{"why":"`+strings.Repeat("é", 5000)+`"}`))
	if err != nil || len([]rune(d.Reason)) != maxReason+1 {
		t.Errorf("a long reason has %d characters, %v", len([]rune(d.Reason)), err)
	}
}

func TestCapabilitiesMerge(t *testing.T) {
	other := strings.Replace(withoutScope, "capability.notes", "capability.other", 1)
	elsewhere := strings.Replace(strings.Replace(withoutScope, "capability.notes", "capability.elsewhere", 1), "[main]", "[editor]", 1)
	p := load(t, withoutScope+"allow if input.command in {\"a\", \"b\", \"c\"}", other+
		"ask contains \"b?\" if input.command in {\"b\", \"c\"}\ndeny contains \"c!\" if input.command == \"c\"\nallow if input.command == \"a\"",
		elsewhere+"deny contains \"not in editors\" if true")
	for _, test := range [][3]string{
		{"main", "a", "allow more1.rego:7 notes.rego:5"},
		{"main", "b", "ask more1.rego:5 (b?)"},
		{"main", "c", "deny more1.rego:6 (c!)"},
		{"editor", "a", "deny more2.rego:5 (not in editors)"},
	} {
		in := call(t, test[1], `{}`)
		in.Window = test[0]
		if got := decide(t, p, in); got != test[2] {
			t.Errorf("%s %s: got %s, want %s", test[0], test[1], got, test[2])
		}
	}
}

func TestScopesInRules(t *testing.T) {
	allow := load(t, head+`allow if { input.command == "inside"; scope.path_inside(input.args.path, "$HOME/notes") }
allow if { input.command == "glob"; scope.glob("$HOME/notes/*", input.args.path) }
allow if { input.command == "not"; not scope.path_inside(input.args.path, "$HOME/.ssh") }
allow if { input.command == "value"; scope.path_inside(input.args.path, "$HOME/notes") == false }
allow if { input.command == "helper"; fine(input.args.path) }
allow if { input.command == "dynamic"; scope.path_inside("/home/u/notes/a", input.args.path) }
fine(p) if scope.path_inside(p, "$HOME/notes")`)
	deny := load(t, head+`allow if true
deny contains "d" if { input.command == "inside"; scope.path_inside(input.args.path, "$HOME/.ssh") }
deny contains "d" if { input.command == "glob"; scope.glob("$HOME/*", input.args.path) }
deny contains "d" if { input.command == "not"; not scope.path_inside(input.args.path, "$HOME/notes") }
deny contains "d" if { input.command == "value"; scope.path_inside(input.args.path, "$HOME/notes") == false }
ask contains "a" if { input.command == "ask"; scope.path_inside(input.args.path, "$HOME/.ssh") }`)
	for _, test := range []struct {
		name    string
		p       *Policy
		command string
		args    string
		want    string
	}{
		{"inside", allow, "inside", `{"path":"/home/u/notes/a"}`, "allow"},
		{"climbing path is not inside", allow, "inside", `{"path":"/home/u/notes/../.ssh/id"}`, "deny"},
		{"argument absent", allow, "inside", `{}`, "deny"},
		{"argument null", allow, "inside", `{"path":null}`, "deny"},
		{"argument a list", allow, "inside", `{"path":["/home/u/notes/a"]}`, "deny"},
		{"arguments no object", allow, "inside", `"/home/u/notes/a"`, "deny"},
		{"glob", allow, "glob", `{"path":"/home/u/notes/a"}`, "allow"},
		{"glob, dotfile", allow, "glob", `{"path":"/home/u/notes/.a"}`, "deny"},
		{"allow unless inside", allow, "not", `{"path":"/home/u/notes/a"}`, "allow"},
		{"allow unless inside, climbing", allow, "not", `{"path":"/home/u/notes/../.ssh/id"}`, "deny"},
		{"allow unless inside, escaped", allow, "not", `{"path":"/home/u/%2essh/id"}`, "deny"},
		{"allow by value, absent argument is false", allow, "value", `{}`, "allow"},
		{"helper", allow, "helper", `{"path":"/home/u/notes/a"}`, "allow"},
		{"helper, climbing", allow, "helper", `{"path":"/home/u/notes/../a"}`, "error: policy: notes.rego:13: eval_type_error: scope.path_inside can't judge"},
		{"allow by value, climbing", allow, "value", `{"path":"/home/u/x/../notes/a"}`, "error: policy: notes.rego:10:"},
		{"allow unless inside, wrong type", allow, "not", `{"path":["/home/u/.ssh/id"]}`, "deny"},
		{"allow unless inside, no path at all", allow, "not", `{}`, "allow"},
		{"directory from the page", allow, "dynamic", `{"path":"$HOME/notes"}`, "allow"},
		{"unknown variable from the page", allow, "dynamic", `{"path":"$NOPE/notes"}`, "deny"},

		{"deny inside", deny, "inside", `{"path":"/home/u/.ssh/id"}`, "deny"},
		{"deny inside, plainly elsewhere", deny, "inside", `{"path":"/home/u/notes/a"}`, "allow"},
		{"deny inside, climbing", deny, "inside", `{"path":"/home/u/notes/../.ssh/id"}`, "deny"},
		{"deny inside, escaped", deny, "inside", `{"path":"/home/u/%2essh/id"}`, "deny"},
		{"deny inside, backslash", deny, "inside", `{"path":"/home/u\\.ssh/id"}`, "deny"},
		{"deny inside, NUL", deny, "inside", `{"path":"/home/u/.ssh\u0000/id"}`, "deny"},
		{"deny inside, no path at all", deny, "inside", `{}`, "allow"},
		{"deny inside, wrong type", deny, "inside", `{"path":["/home/u/.ssh/id"]}`, "deny"},
		{"deny by glob, wrong type", deny, "glob", `{"path":{"x":"/home/u/id"}}`, "deny"},
		{"deny by value, climbing", deny, "value", `{"path":"/home/u/x/../notes/a"}`, "error: policy: notes.rego:11:"},
		{"deny by glob covers dotfiles", deny, "glob", `{"path":"/home/u/.bashrc"}`, "deny"},
		{"deny unless inside", deny, "not", `{"path":"/home/u/notes/a"}`, "allow"},
		{"deny unless inside, climbing", deny, "not", `{"path":"/home/u/notes/../a"}`, "deny"},
		{"deny unless inside, absent argument", deny, "not", `{}`, "deny"},
		{"deny unless inside, wrong type", deny, "not", `{"path":7}`, "deny"},
		{"deny by value, absent argument does not undo it", deny, "value", `{}`, "deny"},
		{"deny by value, arguments no object", deny, "value", `[1]`, "deny"},
		{"ask inside, climbing", deny, "ask", `{"path":"/home/u/../u/.ssh/id"}`, "ask"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := decide(t, test.p, call(t, test.command, test.args)); !strings.HasPrefix(got, test.want) {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestURLsHostsListsAndSizesInRules(t *testing.T) {
	p := load(t, head+`
lists := {"hosts": {"api.example.com", "*.cdn.example.com"}, "paths": ["/a b", "https://*"]}
patterns := ["https://a.example/*", "https://b.example/*"]
allow if { input.command == "url"; scope.url_matches("https://*.example.com/v1/*", input.args.url) }
allow if { input.command == "any url"; some p in patterns; scope.url_matches(p, input.args.url) }
allow if { input.command == "host"; scope.host_in(input.args.url, lists.hosts) }
allow if { input.command == "kind"; scope.one_of(input.args.kind, ["a", 7, {"x": 1}]) }
allow if { input.command == "not kind"; not scope.one_of(input.args.kind, {"a", 7}) }
allow if { input.command == "size"; scope.size_at_most(input.args.text, 4) }
allow if { input.command == "set"; scope.one_of(input.args.kind, [{"a"}, {1: "x"}]) }
allow if { input.command == "set in"; scope.one_of({"a"}, input.args.list) }
allow if { input.command == "object in"; scope.one_of({1: "x"}, input.args.list) }
allow if { input.command == "own list"; scope.one_of("a", input.args.list) }
allow if { input.command == "own pattern"; scope.url_matches(input.args.pattern, "https://example.com/") }
allow if input.command in {"deny url", "deny host", "deny unless host", "deny size"}
deny contains "d" if { input.command == "deny url"; scope.url_matches("https://*.evil.org/*", input.args.url) }
deny contains "d" if { input.command == "deny host"; scope.host_in(input.args.url, ["evil.org", "*.evil.org"]) }
deny contains "d" if { input.command == "deny unless host"; not scope.host_in(input.args.url, ["good.example"]) }
deny contains "d" if { input.command == "deny size"; not scope.size_at_most(input.args.text, 4) }
`)
	for _, test := range []struct{ command, args, want string }{
		{"url", `{"url":"https://api.example.com/v1/x"}`, "allow"},
		{"url", `{"url":"https://api.example.com/v1/../admin"}`, "deny"},
		{"url", `{"url":["https://api.example.com/v1/x"]}`, "deny"},
		{"url", `{}`, "deny"},
		{"any url", `{"url":"https://b.example/x"}`, "allow"},
		{"any url", `{"url":"https://c.example/x"}`, "deny"},
		{"any url", `{"url":"https://b.example@c.example/x"}`, "deny"},
		{"host", `{"url":"https://img.cdn.example.com/x"}`, "allow"},
		{"host", `{"url":"https://api.example.com.evil.org/x"}`, "deny"},
		{"host", `{"url":null}`, "deny"},
		{"kind", `{"kind":7.0}`, "allow"},
		{"kind", `{"kind":"7"}`, "deny"},
		{"kind", `{"kind":{"x":1e0}}`, "allow"},
		{"kind", `{"kind":null}`, "deny"},
		{"kind", `{}`, "deny"},
		{"not kind", `{"kind":"b"}`, "allow"},
		{"not kind", `{"kind":7}`, "deny"},
		{"size", `{"text":"abcd"}`, "allow"},
		{"size", `{"text":"abcé"}`, "deny"},
		{"size", `{"text":4}`, "deny"},
		{"set", `{"kind":["a"]}`, "deny"}, // no JSON equals a set
		{"set", `{"kind":{"1":"x"}}`, "deny"},
		{"set", `{"kind":{"":"x"}}`, "deny"},
		{"set in", `{"list":[["a"]]}`, "deny"},
		{"object in", `{"list":[{"":"x"},{"1":"x"}]}`, "deny"},
		{"own list", `{"list":["a"]}`, "allow"},
		{"own list", `{"list":"a"}`, "deny"},
		{"own pattern", `{"pattern":"https://example.com/*"}`, "allow"},
		{"own pattern", `{"pattern":"https://example.*"}`, "deny"},
		{"deny url", `{"url":"https://a.evil.org/x"}`, "deny"},
		{"deny url", `{"url":"https://a.evil.org./x"}`, "deny"},
		{"deny url", `{"url":"https://a.ｅvil.org/x"}`, "deny"},
		{"deny url", `{"url":"https://good.example/x"}`, "allow"},
		{"deny url", `{"url":7}`, "deny"},
		{"deny url", `{}`, "allow"},
		{"deny host", `{"url":"https://evil.org/x"}`, "deny"},
		{"deny host", `{"url":"ftp://evil.org/x"}`, "deny"},
		{"deny host", `{"url":"https://evil.org:443/x"}`, "deny"},
		{"deny host", `{"url":"https://EVIL.org/x"}`, "deny"},
		{"deny host", `{"url":"https://good.example/x"}`, "allow"},
		{"deny unless host", `{"url":"https://good.example/x"}`, "allow"},
		{"deny unless host", `{"url":"https://good.example@evil.org/x"}`, "deny"},
		{"deny unless host", `{}`, "deny"},
		{"deny size", `{"text":"abcde"}`, "deny"},
		{"deny size", `{"text":[]}`, "deny"},
		{"deny size", `{"text":"abc"}`, "allow"},
	} {
		if got := decide(t, p, call(t, test.command, test.args)); !strings.HasPrefix(got, test.want) {
			t.Errorf("%s %s: got %s, want %s", test.command, test.args, got, test.want)
		}
	}
}

// CVE-2025-31477 (Tauri's shell): where no scope was set, nothing was checked.
func TestCVE202531477UnsetEmptyAndAnyAreThree(t *testing.T) {
	p := load(t, head+`allow if { input.command == "hosts"; scope.host_in(input.args.url, input.args.scope) }
allow if { input.command == "pattern"; scope.url_matches(input.args.scope, input.args.url) }
allow if { input.command == "list"; scope.one_of(input.args.url, input.args.scope) }
allow if { input.command == "size"; scope.size_at_most(input.args.url, input.args.scope) }
allow if { input.command == "path"; scope.path_inside("/a", input.args.scope) }
allow if { input.command == "glob"; scope.glob(input.args.scope, "/a") }
allow if { input.command == "any"; scope.url_matches("https://*", input.args.url) }`)
	const url = `"url":"https://example.com/"`
	for _, command := range []string{"hosts", "pattern", "list", "size", "path", "glob"} {
		for _, args := range []string{`{` + url + `}`, `{` + url + `,"scope":null}`, `{` + url + `,"scope":[]}`, `{` + url + `,"scope":""}`, `{` + url + `,"scope":{}}`,
			`{` + url + `,"scope":[null]}`, `{` + url + `,"scope":[""]}`, `{` + url + `,"scope":"*"}`, `{` + url + `,"scope":["*"]}`, `{` + url + `,"scope":0}`, `{` + url + `,"scope":true}`} {
			if got := decide(t, p, call(t, command, args)); got != "deny" {
				t.Errorf("%s %s: got %s", command, args, got)
			}
		}
	}
	for _, url := range []string{"https://example.com/", "https://a.b/c"} {
		if got := decide(t, p, call(t, "any", `{"url":"`+url+`"}`)); !strings.HasPrefix(got, "allow") {
			t.Errorf("any host, %s: got %s", url, got)
		}
	}
	for _, url := range []string{"file:///etc/passwd", "smb://example.com/x", "nfs://example.com/x", "http://example.com/", "javascript:alert(1)", ""} {
		if got := decide(t, p, call(t, "any", `{"url":"`+url+`"}`)); got != "deny" {
			t.Errorf("any host, %s: got %s", url, got)
		}
	}
}

// The library is total: where no side is known, what is no text at all is in no directory.
func TestAWrongTypeIsFalseInHelpersAndCountsAgainstTheCallElsewhere(t *testing.T) {
	for name, scoped := range map[string]string{
		pathInside: `scope.path_inside(input.args.v, "$HOME/x")`,
		glob:       `scope.glob("$HOME/*", input.args.v)`,
		urlMatches: `scope.url_matches("https://example.com/*", input.args.v)`,
		hostIn:     `scope.host_in(input.args.v, {"example.com"})`,
		sizeAtMost: `scope.size_at_most(input.args.v, 100)`,
		oneOf:      `scope.one_of("x", input.args.v)`,
	} {
		p := load(t, head+`allow if { input.command == "body"; `+scoped+` }
allow if { input.command == "not"; not `+scoped+` }
allow if input.command in {"deny", "deny not", "deny helper"}
deny contains "d" if { input.command == "deny"; `+scoped+` }
deny contains "d" if { input.command == "deny not"; not `+scoped+` }
deny contains "d" if { input.command == "deny helper"; helper }
allow if { input.command == "helper"; helper }
allow if { input.command == "not helper"; not helper }
helper if `+scoped)
		for _, test := range []struct{ command, wrong, absent string }{
			{"body", "deny", "deny"},
			{"not", "deny", "allow"},
			{"deny", "deny", "allow"},
			{"deny not", "deny", "deny"},
			{"helper", "deny", "deny"},
			{"not helper", "allow", "allow"},
			{"deny helper", "allow", "allow"},
		} {
			for args, want := range map[string]string{`{"v":7}`: test.wrong, `{"v":{"a":"https://example.com/"}}`: test.wrong, `{"v":null}`: test.absent, `{}`: test.absent} {
				if got := decide(t, p, call(t, test.command, args)); !strings.HasPrefix(got, want) {
					t.Errorf("%s, %s %s: got %s, want %s", name, test.command, args, got, want)
				}
			}
		}
	}
}

// A path that can't be judged must not slip by on whichever side a rule's author did not think of.
func TestWhatCanNotBeJudgedNeverAllows(t *testing.T) {
	const scoped = `scope.path_inside(input.args.path, "$HOME/private")`
	for _, test := range []struct{ name, rules string }{
		{"allow, negated helper", "allow if { input.command == \"x\"; not private }\nprivate if " + scoped},
		{"allow, helper of a negation", "allow if { input.command == \"x\"; open }\nopen if not " + scoped},
		{"allow, compared with false", "allow if { input.command == \"x\"; " + scoped + " == false }"},
		{"allow, bound to a name", "allow if { input.command == \"x\"; inside := " + scoped + "; not inside }"},
		{"allow, every", `allow if { input.command == "x"; every p in input.args.paths { not scope.path_inside(p, "$HOME/private") } }`},
		{"allow, by its value", "allow := open if input.command == \"x\"\nopen if not " + scoped},
		{"allow, by its else", "allow := false if { input.command == \"x\"; " + scoped + " } else := true if input.command == \"x\""},
		{"allow, by another value's else", "allow := 1 if { input.command == \"x\"; " + scoped + " } else := true if input.command == \"x\""},
		{"allow, by a computed value's else", "allow := input.args.no if { input.command == \"x\"; " + scoped + " } else := true if input.command == \"x\""},
		{"deny, helper", "allow if input.command == \"x\"\ndeny contains \"private\" if private\nprivate if " + scoped},
		{"deny, function", "allow if input.command == \"x\"\ndeny contains \"private\" if private(input.args.path)\nprivate(p) if scope.path_inside(p, \"$HOME/private\")"},
		{"deny, negated helper", "allow if input.command == \"x\"\ndeny contains \"private\" if not open\nopen if not " + scoped},
		{"deny, compared with true", "allow if input.command == \"x\"\ndeny contains \"private\" if " + scoped + " == true"},
		{"deny, every", "allow if input.command == \"x\"\n" + `deny contains "private" if every p in input.args.paths { scope.path_inside(p, "$HOME/private") }`},
		{"deny, some", "allow if input.command == \"x\"\n" + `deny contains "private" if { some p in input.args.paths; scope.path_inside(p, "$HOME/private") }`},
		{"deny, comprehension", "allow if input.command == \"x\"\n" + `deny contains "private" if count([p | some p in input.args.paths; scope.path_inside(p, "$HOME/private")]) > 0`},
		{"deny, set of reasons", "allow if input.command == \"x\"\ndeny contains m if some m in reasons\nreasons contains \"private\" if " + scoped},
		{"deny, glob in a helper", "allow if input.command == \"x\"\ndeny contains \"private\" if private\nprivate if scope.glob(\"$HOME/private/**\", input.args.path)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := load(t, head+test.rules)
			for _, path := range []string{`"/home/u/x/../private/key"`, `"/home/u/%70rivate/../private/key"`} {
				got := decide(t, p, call(t, "x", `{"no":false,"path":`+path+`,"paths":[`+path+`]}`))
				if !strings.HasPrefix(got, "deny") && !strings.HasPrefix(got, "error: policy: notes.rego:") {
					t.Errorf("%s: got %s", path, got)
				}
			}
			const fine = `"/home/u/open/a"`
			if got := decide(t, p, call(t, "x", `{"no":false,"path":`+fine+`,"paths":[`+fine+`]}`)); !strings.HasPrefix(got, "allow") {
				t.Errorf("a plain path elsewhere: got %s", got)
			}
		})
	}
}

func TestNoArgumentsAtAll(t *testing.T) {
	p := load(t, withoutScope+`allow if { input.command == "x"; input.args == null }`)
	in := call(t, "x", `{}`)
	in.Args = nil
	if got := decide(t, p, in); got != "allow notes.rego:5" {
		t.Errorf("got %s", got)
	}
}

// endless is a number that no parser of ours lets through.
type endless struct{ schema.Value }

func (endless) Kind() schema.Kind   { return schema.Number }
func (endless) Number() json.Number { return "1e999999999" }

func TestNumbersOutOfRangeAreAnError(t *testing.T) {
	p := load(t, withoutScope+`allow if { input.command == "x"; input.args < 5 }`)
	in := call(t, "x", `{}`)
	in.Args = endless{}
	if got := decide(t, p, in); !strings.HasPrefix(got, "error: policy: a number in the arguments is out of range") {
		t.Errorf("got %s", got)
	}
}

func TestErrorsBehindATrueHelperAreSeen(t *testing.T) {
	p := load(t, withoutScope+`allow if { input.command == "x"; open }
deny contains "closed" if { input.command == "y"; not open }
allow if input.command == "y"
open if input.args.kind == "a"
open if endswith(input.args.path, ".md")`)
	for _, command := range []string{"x", "y"} {
		if got := decide(t, p, call(t, command, `{"kind":"a","path":7}`)); !strings.HasPrefix(got, "error: policy: notes.rego:9: eval_type_error") {
			t.Errorf("%s: got %s", command, got)
		}
	}
}

func TestNegatedCommandsHoldForAllOthers(t *testing.T) {
	p := load(t, withoutScope+`allow if not input.command == "a"
allow if input.command == "a"
deny contains "not b" if { input.command != "a"; not input.command in {"b", "c"} }
deny contains "command or argument" if { input.command == input.args.c }`)
	for _, test := range [][3]string{
		{"a", `{}`, "allow notes.rego:6"},
		{"b", `{}`, "allow notes.rego:5"},
		{"d", `{}`, "deny notes.rego:7 (not b)"},
		{"b", `{"c":"b"}`, "deny notes.rego:8 (command or argument)"},
	} {
		if got := decide(t, p, call(t, test[0], test[1])); got != test[2] {
			t.Errorf("%s: got %s, want %s", test[0], got, test[2])
		}
	}
}
