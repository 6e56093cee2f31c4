package policytest

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sallyport/sallyport/policy"
)

// notes is a capability whose rules stand in the lines that the tests below name.
const notes = `# METADATA
# custom:
#   windows: [main, "editor-*"]
package capability.notes

import data.sallyport.scope

allow if input.command in {"notes.list", "notes.search"}

allow if {
	input.command == "notes.save"
	scope.path_inside(input.args.path, "$APPDATA/notes")
	input.args.size < 100
}

deny contains "hidden files stay closed" if {
	input.command == "notes.save"
	scope.glob("$APPDATA/notes/**/.*", input.args.path)
}

ask contains "Delete this note for good?" if input.command == "notes.delete"
`

const regoTests = `package capability.notes_test

import data.capability.notes
import data.sallyport.variables

path(name) := concat("/", [variables.APPDATA, "notes", name])

save(args) := {"command": "notes.save", "args": args}

test_saves if notes.allow with input as save({"path": path("a"), "size": 1})

test_absent_path_is_outside if not notes.allow with input as save({"size": 1})

test_doubtful_path_is_denied if {
	count(notes.deny) == 1 with input as save({"path": path("../x"), "size": 1})
}
`

const fixtures = `- name: a note is saved
  window: main
  command: notes.save
  args: {path: "${APPDATA}/notes/a", size: 99}
  expect: {effect: allow, capability: notes, line: 10}
- name: hidden
  window: main
  command: notes.save
  args: {path: "${APPDATA}/notes/.a", size: 1}
  expect: {effect: deny, line: 16, reason: hidden files stay closed}
- name: nobody asks from elsewhere
  window: main
  origin: https://example.com
  command: notes.list
  expect: {effect: deny, reason: no rule that holds here allows this call}
- name: asks
  window: editor-1
  command: notes.delete
  expect: ask
- name: on Windows too
  window: main
  platform: windows
  command: notes.save
  args: {path: "${APPDATA}/NOTES/a", size: 1}
  expect: allow
- name: a size that is no number
  window: main
  command: notes.save
  args: {path: "${APPDATA}/notes/a", size: null}
  expect: error
`

func folder(files map[string]string) fstest.MapFS {
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return m
}

// outcome is a line for each test: its name, and what was wrong.
func outcome(r Report) string {
	var b strings.Builder
	for _, t := range r.Results {
		fmt.Fprintf(&b, "%s:%d %s: ", t.File, t.Line, t.Name)
		switch {
		case t.Skipped:
			b.WriteString("skipped\n")
		case t.Pass:
			b.WriteString("ok\n")
		case t.Kind == Fixture:
			fmt.Fprintf(&b, "want %s, got %s", t.Expected, t.Got)
			for _, r := range t.Rules {
				fmt.Fprintf(&b, " by %s at %s:%d", r.Capability, r.File, r.Line)
			}
			b.WriteString("\n")
		default:
			fmt.Fprintf(&b, "%s\n", t.Got)
		}
	}
	return b.String()
}

func TestBothKindsOfTestsRun(t *testing.T) {
	r, err := Test(context.Background(), folder(map[string]string{
		"notes.rego": notes, "notes_test.rego": regoTests, "notes_test.yaml": fixtures,
	}), policy.Config{})
	if err != nil {
		t.Fatal(err)
	}
	want := `notes_test.rego:10 capability.notes_test.test_saves: ok
notes_test.rego:12 capability.notes_test.test_absent_path_is_outside: ok
notes_test.rego:14 capability.notes_test.test_doubtful_path_is_denied: ok
notes_test.yaml:1 a note is saved: ok
notes_test.yaml:6 hidden: ok
notes_test.yaml:11 nobody asks from elsewhere: ok
notes_test.yaml:16 asks: ok
notes_test.yaml:20 on Windows too: ok
notes_test.yaml:26 a size that is no number: ok
`
	if got := outcome(r); got != want || !r.OK() || r.Coverage != nil || r.Revision == "" {
		t.Errorf("got\n%s%+v", got, r)
	}
}

func TestFailuresSayWhatWasExpectedAndWhatDecided(t *testing.T) {
	r, err := Test(context.Background(), folder(map[string]string{
		"notes.rego": notes + "\nlimit contains {\"calls_per_second\": 2.5, \"bytes\": 10} if input.command == \"notes.list\"\n",
		"notes_test.rego": regoTests + `
test_wrong if notes.allow with input as {"command": "notes.delete"}

test_cases[name] if {
	some name, command in {"list": "notes.list", "delete": "notes.delete"}
	notes.allow with input as {"command": command}
}

test_without_a_size if not notes.allow with input as save({"path": path("a"), "size": null})

todo_test_later if false
`,
		"notes_test.yaml": `
- {name: effect, window: main, command: notes.list, expect: deny}
- {name: line, window: main, command: notes.list, expect: {effect: allow, line: 10}}
- {name: capability, window: main, command: notes.list, expect: {effect: allow, capability: other}}
- {name: reason, window: main, command: notes.delete, expect: {effect: ask, reason: 'Really?'}}
- {name: no rule, window: main, command: notes.drop, expect: {effect: deny, line: 8}}
- {name: no error, window: main, command: notes.list, expect: error}
- {name: limits, window: main, command: notes.list, expect: {effect: allow, limits: {burst: 2}}}
- {name: no limits, window: main, command: notes.list, expect: {effect: allow, limits: {calls_per_second: 2.5, bytes: 10}}}
- {name: literal variable, window: main, command: notes.save, args: {path: "$${APPDATA}/notes/a", size: 1}, expect: allow}
`,
	}), policy.Config{})
	if err != nil {
		t.Fatal(err)
	}
	want := `notes_test.rego:10 capability.notes_test.test_saves: ok
notes_test.rego:12 capability.notes_test.test_absent_path_is_outside: ok
notes_test.rego:14 capability.notes_test.test_doubtful_path_is_denied: ok
notes_test.rego:18 capability.notes_test.test_wrong: it does not hold
notes_test.rego:20 capability.notes_test.test_cases: case "delete" does not hold
notes_test.rego:25 capability.notes_test.test_without_a_size: error: notes.rego:13: eval_type_error: can't order null and number: only two numbers or two strings
notes_test.rego:27 capability.notes_test.todo_test_later: skipped
notes_test.yaml:2 effect: want deny, got allow by notes at notes.rego:8
notes_test.yaml:3 line: want allow by a rule in line 10, got allow by notes at notes.rego:8
notes_test.yaml:4 capability: want allow by a rule of other, got allow by notes at notes.rego:8
notes_test.yaml:5 reason: want ask with the reason "Really?", got ask "Delete this note for good?" by notes at notes.rego:21
notes_test.yaml:6 no rule: want deny by a rule in line 8, got deny "no rule that holds here allows this call"
notes_test.yaml:7 no error: want error, got allow by notes at notes.rego:8
notes_test.yaml:8 limits: want limits burst 2, got limits calls_per_second 2.5, bytes 10
notes_test.yaml:9 no limits: ok
notes_test.yaml:10 literal variable: want allow, got deny "hidden files stay closed" by notes at notes.rego:16
`
	if got := outcome(r); got != want || r.OK() || len(r.Failed()) != 11 {
		t.Errorf("got\n%s%d failed", got, len(r.Failed()))
	}
}

// OPA's index leaves out a rule that another condition rules out, and with it
// the error that ends a decision.
func TestAnErrorBehindOPAsIndexFailsATest(t *testing.T) {
	r, err := Test(context.Background(), folder(map[string]string{
		"a.rego": "# METADATA\n# custom:\n#   windows: [main]\npackage capability.a\n\nallow if input.command == \"x\"\n\n" +
			"deny contains \"d\" if {\n\tinput.args.n < 5\n\tinput.args.kind == \"k\"\n}\n",
		"a_test.rego": "package capability.a_test\n\nimport data.capability.a\n\n" +
			"test_no_deny if count(a.deny) == 0 with input as {\"args\": {\"n\": null, \"kind\": \"other\"}}\n",
	}), policy.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := outcome(r), "a_test.rego:5 capability.a_test.test_no_deny: error: a.rego:9: eval_type_error: can't order null and number: only two numbers or two strings\n"; got != want {
		t.Errorf("got  %swant %s", got, want)
	}
}

func TestOnlyTheTestsAskedForRun(t *testing.T) {
	r, err := Run(context.Background(), folder(map[string]string{
		"notes.rego": notes, "notes_test.rego": regoTests, "notes_test.yaml": fixtures,
	}), policy.Config{}, Options{Run: regexp.MustCompile("saves$|^hidden")})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := outcome(r), "notes_test.rego:10 capability.notes_test.test_saves: ok\nnotes_test.yaml:6 hidden: ok\n"; got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestBrokenTestsAreNamedByFileAndLine(t *testing.T) {
	for _, test := range []struct{ name, file, text, want string }{
		{"no YAML", "a_test.yaml", "- {", "a_test.yaml:1: not YAML: "},
		{"no list", "a_test.yaml", "name: x\n", "a_test.yaml:1: a list of calls was expected"},
		{"two documents", "a_test.yaml", "[]\n---\n[]\n", "a_test.yaml:2: more than one YAML document"},
		{"unknown field", "a_test.yaml", "- name: x\n  widnow: main\n", `a_test.yaml:2: unknown field "widnow" of a call`},
		{"a field twice", "a_test.yaml", "- name: x\n  name: y\n", "a_test.yaml:2: name is given twice"},
		{"no window", "a_test.yaml", "\n- {name: x, command: y, expect: allow}\n", "a_test.yaml:2: the call has no window"},
		{"no expectation", "a_test.yaml", "- {name: x, window: main, command: y}\n", "a_test.yaml:1: the call has no expect"},
		{"unknown effect", "a_test.yaml", "- {name: x, window: main, command: y, expect: allowed}\n", `one of allow, deny, ask, error, not "allowed"`},
		{"no effect", "a_test.yaml", "- {name: x, window: main, command: y, expect: {line: 3}}\n", "expect must be or have an effect"},
		{"unknown expectation", "a_test.yaml", "- {name: x, window: main, command: y, expect: {effect: allow, rule: 3}}\n", `unknown field "rule" of expect`},
		{"an unknown limit", "a_test.yaml", "- {name: x, window: main, command: y, expect: {effect: allow, limits: {calls: 3}}}\n", `unknown field "calls" of limits`},
		{"a limit that is no number", "a_test.yaml", "- {name: x, window: main, command: y, expect: {effect: allow, limits: {burst: few}}}\n", "burst must be a number"},
		{"a line that is none", "a_test.yaml", "- {name: x, window: main, command: y, expect: {effect: allow, line: first}}\n", "line must be a line number"},
		{"the same name", "a_test.yaml", "- &x {name: x, window: main, command: y, expect: allow}\n- *x\n", "a_test.yaml:2: "},
		{"a window that is no text", "a_test.yaml", "- {name: x, window: 7, command: y, expect: allow}\n", "window must be text"},
		{"a time that is none", "a_test.yaml", "- {name: x, window: main, command: y, time: noon, expect: allow}\n", `time must be in RFC 3339, such as 2026-01-31T12:00:00Z, not "noon"`},
		{"an unknown variable", "a_test.yaml", "- {name: x, window: main, command: y, args: ['${NOPE}/a'], expect: allow}\n", "unknown variable in ${NOPE}: there are $APPDATA $AUDIO"},
		{"a number that JSON has not", "a_test.yaml", "- {name: x, window: main, command: y, args: [0x10], expect: allow}\n", "0x10 is not how JSON writes a number"},
		{"an unknown platform", "a_test.yaml", "- {name: x, window: main, command: y, platform: macos, expect: allow}\n", `unknown platform "macos"`},
		{"another ending", "a_test.yml", "[]\n", "a_test.yml:1: fixtures end in _test.yaml"},
		{"broken Rego", "a_test.rego", "package capability.a_test\n\ntest_x if {\n", "a_test.rego:4: rego_parse_error"},
		{"a misspelt rule", "a_test.rego", "package capability.a_test\n\ntest_x if nope\n", "a_test.rego:3: rego_unsafe_var_error"},
		{"an unknown function", "a_test.rego", "package capability.a_test\n\ntest_x if http.send({})\n", "a_test.rego:3: rego_type_error: undefined function http.send"},
		{"the capability's own package", "a_test.rego", "package capability.notes\n\nallow if true\n", "write package capability.notes_test"},
		{"our own package", "a_test.rego", "package sallyport.scope\n\nx := 1\n", "tests can't define anything below data.sallyport"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Test(context.Background(), folder(map[string]string{"notes.rego": notes, test.file: test.text}), policy.Config{})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestACancelledRunHasNoReport(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Test(ctx, folder(map[string]string{"notes.rego": notes, "notes_test.yaml": fixtures}), policy.Config{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestNumbersOfFixturesAreExact(t *testing.T) {
	r, err := Test(context.Background(), folder(map[string]string{
		"a.rego": "# METADATA\n# custom:\n#   windows: [main]\npackage capability.a\n\nallow if input.args.n == 90071992547409930000000000001\n",
		"a_test.yaml": "- {name: same, window: main, command: x, args: {n: 90071992547409930000000000001}, expect: allow}\n" +
			"- {name: other, window: main, command: x, args: {n: 90071992547409930000000000002}, expect: deny}\n",
	}), policy.Config{})
	if err != nil || !r.OK() {
		t.Errorf("%v\n%s", err, outcome(r))
	}
}

func TestFixturesAreAboutEventsAndStreams(t *testing.T) {
	r, err := Run(context.Background(), folder(map[string]string{
		"a.rego": "# METADATA\n# custom:\n#   windows: [main]\npackage capability.a\n\n" +
			"allow if {\n\tinput.command == \"sallyport:emit\"\n\tinput.event == \"e\"\n\tinput.target == \"x\"\n}\n\nallow if {\n\tinput.command == \"y\"\n\tinput.channel == \"both\"\n}\n",
		"a_test.yaml": "- {name: to it, window: main, command: 'sallyport:emit', event: e, target: x, expect: {effect: allow, line: 6}}\n" +
			"- {name: to all, window: main, command: 'sallyport:emit', event: e, expect: deny}\n" +
			"- {name: another, window: main, command: 'sallyport:emit', event: f, target: x, expect: deny}\n" +
			"- {name: both ways, window: main, command: y, channel: both, expect: {effect: allow, line: 12}}\n" +
			"- {name: one way, window: main, command: y, channel: items, expect: deny}\n",
	}), policy.Config{}, Options{Coverage: true})
	if err != nil || !r.OK() || r.Coverage.Files[0].Percent != 100 {
		t.Errorf("%v\n%s\n%+v", err, outcome(r), r.Coverage)
	}
}

func TestCoverageIsThatOfBothKinds(t *testing.T) {
	only := func(name string) string {
		r, err := Run(context.Background(), folder(map[string]string{
			"notes.rego": notes, "notes_test.rego": regoTests, "notes_test.yaml": fixtures,
		}), policy.Config{}, Options{Coverage: true, Run: regexp.MustCompile(name)})
		if err != nil || !r.OK() {
			t.Fatal(err, outcome(r))
		}
		f := r.Coverage.Files[0]
		return fmt.Sprintf("%.0f%% %v not %v", f.Percent, f.Covered, f.NotCovered)
	}
	for name, want := range map[string]string{
		"":           "89% [{10 13} {16 18} {21 21}] not [{8 8}]",
		"test_saves": "44% [{10 13}] not [{8 8} {16 18} {21 21}]",
		"^hidden$":   "78% [{10 13} {16 18}] not [{8 8} {21 21}]",
		"^asks$":     "33% [{11 11} {17 17} {21 21}] not [{8 8} {10 10} {12 13} {16 16} {18 18}]",
		"nothing":    "0% [] not [{8 8} {10 13} {16 18} {21 21}]",
	} {
		if got := only(name); got != want {
			t.Errorf("%q: got %s, want %s", name, got, want)
		}
	}
}
