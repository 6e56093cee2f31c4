package policy

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sallyport/sallyport/schema"
)

// head is a capability's start for the window main; its rules begin on line 7.
const head = `# METADATA
# custom:
#   windows: [main]
package capability.notes

import data.sallyport.scope
`

// withoutScope is head for files that would leave the import unused. Rules begin on line 5.
const withoutScope = `# METADATA
# custom:
#   windows: [main]
package capability.notes
`

func files(texts ...string) fstest.MapFS {
	m := fstest.MapFS{}
	for i, t := range texts {
		name := "notes.rego"
		if i > 0 {
			name = fmt.Sprintf("more%d.rego", i)
		}
		m[name] = &fstest.MapFile{Data: []byte(t)}
	}
	return m
}

func testConfig() Config {
	return Config{Platform: "linux", Variables: map[string]string{"$HOME": "/home/u", "$APPDATA": "/home/u/.local/share/app"}}
}

func load(t testing.TB, texts ...string) *Policy {
	t.Helper()
	p, err := Load(files(texts...), testConfig())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func parse(t testing.TB, text string) schema.Value {
	t.Helper()
	v, err := schema.Parse([]byte(text), schema.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func call(t testing.TB, command, args string) Input {
	t.Helper()
	return Input{Window: "main", Origin: "http://main-1.localhost:4000", Local: true, Command: command, Args: parse(t, args),
		Session: "s1", Time: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
}

// show writes a decision as "allow notes.rego:7" or "deny notes.rego:9 (reason)".
func show(d Decision, err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	s := d.Effect.String()
	for _, r := range d.Rules {
		s += fmt.Sprintf(" %s:%d", r.File, r.Line)
		if r.Reason != "" {
			s += " (" + r.Reason + ")"
		}
	}
	return s
}

func decide(t testing.TB, p *Policy, in Input) string {
	t.Helper()
	return show(p.Decide(context.Background(), in))
}

func TestDecisionsNameTheirRules(t *testing.T) {
	p := load(t, head+`
allow if input.command in {"notes.list", "notes.search"}

allow if {
	input.command == "notes.save"
	scope.path_inside(input.args.path, "$APPDATA/notes")
}

deny contains "hidden files stay closed" if {
	input.command == "notes.save"
	contains(input.args.path, "/.hidden")
}

deny contains message if {
	input.command == "notes.save"
	input.args.size > 10
	message := sprintf("%d bytes are too many", [input.args.size])
}

ask contains "Delete this note for good?" if input.command == "notes.delete"

allow if startswith(input.command, "public.")
`)
	for _, test := range []struct{ name, command, args, want string }{
		{"constant allow", "notes.list", `{}`, "allow notes.rego:8"},
		{"constant ask", "notes.delete", `{"id":1}`, "ask notes.rego:26 (Delete this note for good?)"},
		{"nothing allows", "notes.format", `{}`, "deny"},
		{"empty command", "", `{}`, "deny"},
		{"computed command", "public.read", `{}`, "allow notes.rego:28"},

		{"condition holds", "notes.save", `{"path":"/home/u/.local/share/app/notes/a.md","size":1}`, "allow notes.rego:10"},
		{"condition fails", "notes.save", `{"path":"/etc/passwd","size":1}`, "deny"},
		{"one deny", "notes.save", `{"path":"/home/u/.local/share/app/notes/.hidden/a","size":1}`, "deny notes.rego:15 (hidden files stay closed)"},
		{"two denies", "notes.save", `{"path":"/x/.hidden","size":11}`, "deny notes.rego:15 (hidden files stay closed) notes.rego:20 (11 bytes are too many)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for range 2 { // prepared, then cached
				if got := decide(t, p, call(t, test.command, test.args)); got != test.want {
					t.Errorf("got  %s\nwant %s", got, test.want)
				}
			}
		})
	}
}

func TestRulesOutsideTheirShapeAreRefused(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"syntax error", withoutScope + "allow if {", "notes.rego:5: rego_parse_error"},
		{"two faults", withoutScope + "allow if foo(1)\nallow if bar(2)\n", "notes.rego:5: rego_type_error: undefined function"},
		{"v0 rule", withoutScope + `deny[msg] { msg := "x" }`, "notes.rego:5: "},
		{"network", withoutScope + `allow if http.send({"url": "http://127.0.0.1", "method": "get"}).status_code == 200`, "notes.rego:5: rego_type_error: undefined function http.send: not available"},
		{"environment", withoutScope + `allow if opa.runtime().env.HOME == "x"`, "notes.rego:5: rego_type_error: undefined function opa.runtime"},
		{"clock", withoutScope + `allow if time.now_ns() > 5`, "notes.rego:5: rego_type_error: undefined function time.now_ns"},
		{"random", withoutScope + `allow if rand.intn("x", 2) == 1`, "notes.rego:5: rego_type_error: undefined function rand.intn"},
		{"long work for a short text", withoutScope + `allow if units.parse(input.args.size) < 5`, "notes.rego:5: rego_type_error: undefined function units.parse"},
		{"address look-up", withoutScope + `allow if net.lookup_ip_addr("localhost")`, "notes.rego:5: rego_type_error: undefined function net.lookup_ip_addr"},
		{"print", withoutScope + `allow if print("x")`, "notes.rego:5: rego_compile_error: print is not available"},
		{"trace", withoutScope + `allow if trace("x")`, "notes.rego:5: rego_type_error: undefined function trace"},
		{"range", withoutScope + `allow if count(numbers.range(1, input.args.n)) > 3`, "notes.rego:5: rego_type_error: undefined function numbers.range"},
		{"unknown library function", head + `allow if scope.path_insde(input.args.path, "$HOME")`, "notes.rego:7: rego_type_error: undefined function data.sallyport.scope.path_insde: the scope library has"},
		{"our functions by name", withoutScope + `allow if sallyport.possibly_path_inside("/a", "/b")`, "notes.rego:5: rego_compile_error: undefined function sallyport.possibly_path_inside"},

		{"deny without reason", withoutScope + "deny if input.command == \"x\"", "notes.rego:5: deny must be written deny contains"},
		{"deny as object", withoutScope + `deny.x := true`, "notes.rego:5: deny must be written"},
		{"deny with a number", withoutScope + `deny contains 1 if true`, "notes.rego:5: deny contains 1: expected text"},
		{"deny with nothing", withoutScope + `deny contains " " if true`, "notes.rego:5: deny contains"},
		{"ask without question", withoutScope + "ask if true", "notes.rego:5: ask must be written ask contains"},
		{"allow as set", withoutScope + `allow contains "notes.list"`, "notes.rego:5: allow must be written"},
		{"allow as function", withoutScope + `allow(x) if x == 1`, "notes.rego:5: allow must be written"},
		{"allow by default", withoutScope + "default allow := true\n", "notes.rego:5: default allow must be false"},
		{"limit", withoutScope + "limit := 5\n", "notes.rego:5: limit must be written limit contains"},
		{"a function with dots in its name, which partial evaluation loses", withoutScope + "allow if true\ndeny contains \"large\" if bounds.bad(input.args.size)\nbounds.bad(size) if size > 10", "notes.rego:7: the function bounds.bad has a name in several parts"},
		{"misspelt deny", withoutScope + `dney contains "x" if input.command == "y"`, "notes.rego:5: rego_compile_error: dney: no rule reads this set"},

		{"other package", withoutScope + "allow if data.capability.other.allow", "notes.rego:5: rego_compile_error: data.capability.other.allow: a capability reads its own package"},
		{"other package by import", withoutScope + "import data.capability.other\nallow if other.allow", "notes.rego:5: import of data.capability.other"},
		{"all of data", withoutScope + "allow if data", "notes.rego:5: rego_compile_error: data: a capability reads"},
		{"all capabilities", withoutScope + "allow if data.capability[_].allow", "notes.rego:5: rego_compile_error: data.capability"},
		{"other package as operand", withoutScope + "allow if count(data.capability.other.deny) == 0", "notes.rego:5: rego_compile_error: data.capability.other.deny"},
		{"other package in a comprehension", withoutScope + "allow if count([x | x := data.capability.other.deny]) == 0", "notes.rego:5: rego_compile_error: data.capability.other.deny"},
		{"other package in a helper's head", withoutScope + "allow if f(1)\nf(x) := data.capability.other.allow", "notes.rego:6: rego_compile_error: data.capability.other.allow"},
		{"other package's function", withoutScope + "allow if data.capability.other.f(1)", "notes.rego:5: rego_compile_error: data.capability.other.f"},
		{"library as data", head + "allow if scope", "notes.rego:7: rego_compile_error: data.sallyport.scope: the scope library has"},
		{"with input", withoutScope + `allow if ok with input.command as "notes.list"` + "\nok if input.command == \"notes.list\"", "notes.rego:5: rego_compile_error: with is for tests"},
		{"with a function", withoutScope + `allow if startswith("a", "b") with startswith as true`, "notes.rego:5: rego_compile_error: with is for tests"},
		{"misspelt input", withoutScope + `deny contains "x" if input.commnad == "y"`, "notes.rego:5: rego_compile_error: input.commnad: expected a field"},
		{"all of input", withoutScope + `allow if input`, "notes.rego:5: rego_compile_error: input: expected a field"},
		{"computed input", withoutScope + `allow if input[_] == "x"`, "notes.rego:5: rego_compile_error: input"},
		{"operands of our own", withoutScope + `allow if input.operands["/x"] == "x"`, "notes.rego:5: rego_compile_error: input.operands"},
		{"import of all input", withoutScope + "import input as i\nallow if i.command == \"x\"", "notes.rego:5: import of input"},
		{"shadowed input", withoutScope + "allow if { input := 1; input == 1 }", "notes.rego:5: rego_compile_error"},
		{"unused import", head + "allow if true", "notes.rego:6: rego_compile_error: import data.sallyport.scope unused"},
		{"unused local", withoutScope + "allow if { x := 1 }", "notes.rego:5: rego_compile_error"},
		{"recursion", withoutScope + "allow if deny[_]\ndeny contains \"x\" if allow", "rego_recursion_error"},

		{"glob.match on arguments", withoutScope + `allow if glob.match("/home/*/Documents/**", ["/"], input.args.path)`, "notes.rego:5: rego_compile_error: glob.match takes .."},
		{"an object with a key that is not known", withoutScope + `deny contains "no" if {input.args.kind: 1}["secret"]`, "notes.rego:5: rego_compile_error: {input.args.kind: 1}: an object that is written out must have constant keys"},
		{"one under a name", withoutScope + `allow if { k := {[input.args.kind]: 1}; not k[["secret"]] }`, "must have constant keys"},
		{"a set that is not known within a list", withoutScope + `deny contains "no" if { x := [{input.args.kind}]; x[0].secret }`, "a set within a list or an object must be constant"},
		{"a set that is not known within an object", withoutScope + `allow if not {"a": {input.args.kind}}.a.secret`, "a set within a list or an object must be constant"},
		{"glob.match on a target", withoutScope + `allow if glob.match("notes/**", ["/"], input.target)`, "notes.rego:5: rego_compile_error: glob.match takes .."},
		{"glob.match on a local name", withoutScope + `allow if { p := input.args.path; glob.match("/home/**", ["/"], p) }`, "notes.rego:5: rego_compile_error: glob.match takes .."},
		{"unknown variable", head + `allow if scope.path_inside(input.args.path, "$NOPE/notes")`, `notes.rego:7: rego_compile_error: scope.path_inside: "$NOPE/notes" unknown variable $NOPE`},
		{"unknown variable in a glob", head + `allow if scope.glob("$HOM/*", input.args.path)`, `notes.rego:7: rego_compile_error: scope.glob: "$HOM/*" unknown variable $HOM`},
		{"unknown variable in a list", head + "allow if {\n\tsome d in [\"$HOME/a\",\n\t\t\"$NOPE/b\"]\n\tscope.path_inside(input.args.path, d)\n}", `notes.rego:9: rego_compile_error: scope.path_inside: "$NOPE/b" unknown variable $NOPE`},
		{"unknown variable in a set, of a deny", head + "allow if true\ndeny contains \"x\" if {\n\tsome p in {\"$NOPE/**\"}\n\tscope.glob(p, input.args.path)\n}", `notes.rego:9: rego_compile_error: scope.glob: "$NOPE/**" unknown variable $NOPE`},
		{"unknown variable with a key", head + "allow if {\n\tsome _, d in {\"a\": \"$NOPE/b\"}\n\tscope.path_inside(input.args.path, d)\n}", `notes.rego:8: rego_compile_error: scope.path_inside: "$NOPE/b" unknown variable $NOPE`},
		{"unknown variable by every", head + "allow if {\n\tevery d in [\"$NOPE/b\"] { scope.path_inside(input.args.path, d) }\n}", `notes.rego:8: rego_compile_error: scope.path_inside: "$NOPE/b" unknown variable $NOPE`},
		{"unknown variable in a local", head + "allow if {\n\td := \"$NOPE/b\"\n\tscope.path_inside(input.args.path, d)\n}", `notes.rego:8: rego_compile_error: scope.path_inside: "$NOPE/b" unknown variable $NOPE`},
		{"unknown variable in a rule", head + "dirs contains \"$NOPE/b\"\nallow if {\n\tsome d in dirs\n\tscope.path_inside(input.args.path, d)\n}", `notes.rego:7: rego_compile_error: scope.path_inside: "$NOPE/b" unknown variable $NOPE`},
		{"unknown variable in an element", head + "dirs := [\"$NOPE/b\"]\nallow if scope.path_inside(input.args.path, dirs[0])", `notes.rego:7: rego_compile_error: scope.path_inside: "$NOPE/b" unknown variable $NOPE`},
		{"unknown variable in an element of a local", head + "allow if {\n\tds := [\"$NOPE/b\"]\n\tscope.path_inside(input.args.path, ds[0])\n}", `notes.rego:8: rego_compile_error: scope.path_inside: "$NOPE/b" unknown variable $NOPE`},
		{"unknown variable in an else", head + "dir := \"$HOME/a\" if input.command == \"a\" else := \"$NOPE/b\"\nallow if scope.path_inside(input.args.path, dir)", `notes.rego:7: rego_compile_error: scope.path_inside: "$NOPE/b" unknown variable $NOPE`},
		{"unknown variable through functions", head + "outer(q) if inner(q)\ninner(q) if scope.path_inside(input.args.path, q)\nallow if {\n\tsome d in [\"$NOPE/b\"]\n\touter(d)\n}", `notes.rego:10: rego_compile_error: scope.path_inside: "$NOPE/b" unknown variable $NOPE`},
		{"rules in a circle", head + "a := b\nb := a\nallow if scope.path_inside(input.args.path, a)", "recursive"},
		{"broken glob in a list", head + "allow if {\n\tsome p in [\"$HOME/[a\"]\n\tscope.glob(p, input.args.path)\n}", `notes.rego:8: rego_compile_error: scope.glob: "$HOME/[a" has an open or empty class`},
		{"directory with ..", head + `allow if scope.path_inside(input.args.path, "$HOME/../x")`, "notes.rego:7: rego_compile_error: scope.path_inside"},
		{"glob with braces", head + `allow if scope.glob("/a/{b,c}", input.args.path)`, "notes.rego:7: rego_compile_error: scope.glob"},
		{"scope without its import", withoutScope + `allow if scope.path_inside(input.args.path, "$HOME/x")`, "notes.rego:5: rego_type_error: undefined function scope.path_inside: write import data.sallyport.scope"},
		{"much work for a short argument", withoutScope + `allow if bits.lsh(1, input.args.n) > 0`, "notes.rego:5: rego_type_error: undefined function bits.lsh: not available"},
		{"scope with a third operand", head + `allow if scope.path_inside(input.args.path, "$HOME/x", false)`, "notes.rego:7: rego_compile_error: scope.path_inside has two operands"},
		{"scope with a pattern that is no text", head + `allow if scope.glob(["/a"], input.args.path)`, `notes.rego:7: rego_compile_error: scope.glob: ["/a"]: expected text for its operand pattern`},
		{"scope with null", head + `allow if scope.path_inside(input.args.path, null)`, `notes.rego:7: rego_compile_error: scope.path_inside: null: expected text for its operand dir`},
		{"URL pattern that is none", head + `allow if scope.url_matches("https://example.com/{a", input.args.url)`, `notes.rego:7: rego_compile_error: scope.url_matches: "https://example.com/{a" is no URL pattern`},
		{"URL pattern without a scheme", head + `allow if scope.url_matches("example.com/*", input.args.url)`, `notes.rego:7: rego_compile_error: scope.url_matches: "example.com/*" is no URL pattern: it begins with a scheme`},
		{"URL pattern that others fit, by a name", head + "hosts := [\"https://a.example\", \"https://example.*\"]\nallow if scope.url_matches(hosts[_], input.args.url)", `notes.rego:7: rego_compile_error: scope.url_matches: "https://example.*" has a host that is open at its end`},
		{"URL pattern that is a number", head + `allow if scope.url_matches(7, input.args.url)`, `notes.rego:7: rego_compile_error: scope.url_matches: 7: expected text for its operand pattern`},
		{"host list with a URL", head + "allow if scope.host_in(input.args.url, [\n\t\"example.com\",\n\t\"https://example.com\",\n])", `notes.rego:9: rego_compile_error: scope.host_in: "https://example.com" is no host`},
		{"host list with a wildcard in a name", head + `allow if scope.host_in(input.args.url, {"*example.com"})`, `notes.rego:7: rego_compile_error: scope.host_in: "*example.com" is no host`},
		{"host list in a member", head + "lists := {\"paths\": [\"/a b\"], \"hosts\": [\"127.1\"]}\nallow if scope.host_in(input.args.url, lists.hosts)", `notes.rego:7: rego_compile_error: scope.host_in: "127.1" is no host in its usual form`},
		{"host list that is a host", head + `allow if scope.host_in(input.args.url, "example.com")`, `notes.rego:7: rego_compile_error: scope.host_in: "example.com": expected a list or a set for its operand hosts`},
		{"list that is an object", head + `allow if scope.one_of(input.args.kind, {"a": "b"})`, `notes.rego:7: rego_compile_error: scope.one_of: {"a": "b"}: expected a list or a set for its operand list`},
		{"size below zero", head + `allow if scope.size_at_most(input.args.text, -1)`, `notes.rego:7: rego_compile_error: scope.size_at_most: -1 is no number of bytes`},
		{"size with a fraction, by a name", head + "most := 1.5\nallow if scope.size_at_most(input.args.text, most)", `notes.rego:7: rego_compile_error: scope.size_at_most: 1.5 is no number of bytes`},
		{"size as text", head + `allow if scope.size_at_most(input.args.text, "10")`, `notes.rego:7: rego_compile_error: scope.size_at_most: "10": expected a number for its operand bytes`},
		{"url_matches with a third operand", head + `allow if scope.url_matches("https://*", input.args.url, false)`, "notes.rego:7: rego_compile_error: scope.url_matches has two operands"},
		{"names that lead into each other, deeper each time", head + "a := b.x\nb := a.y\nallow if scope.host_in(input.args.url, a)", "recursive"},
		{"glob with an open class", head + `allow if scope.glob("/a/[b", input.args.path)`, "notes.rego:7: rego_compile_error: scope.glob"},

		{"package of another shape", strings.Replace(withoutScope, "capability.notes", "capability.notes.deep", 1), "notes.rego:4: the package must be capability.<name>"},
		{"foreign package", strings.Replace(withoutScope, "capability.notes", "sallyport.scope", 1), "notes.rego:4: the package must be"},
		{"upper-case name", strings.Replace(withoutScope, "capability.notes", "capability.Notes", 1), "notes.rego:4: the package must be"},
	} {
		t.Run(test.name, func(t *testing.T) {
			other := strings.Replace(withoutScope, "capability.notes", "capability.other", 1) + "allow if true\nf(x) := x\ndeny contains \"x\" if f(false)"
			_, err := Load(files(test.text, other), testConfig())
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}
