package policytest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sallyport/sallyport/policy"
)

func mutate(t *testing.T, files fstest.MapFS, o MutateOptions) Mutation {
	t.Helper()
	m, err := Mutate(context.Background(), files, policy.Config{}, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestEveryKindOfChangeIsTried(t *testing.T) {
	m := mutate(t, folder(map[string]string{"notes.rego": notes, "notes_test.rego": regoTests, "notes_test.yaml": fixtures}), MutateOptions{})
	var b strings.Builder
	for _, m := range m.Mutants {
		fmt.Fprintf(&b, "%s %d %s: %s\n", m.Kind, m.Line, m.Change, m.Fate)
	}
	want := `widen 3 windows: [main, "editor-*"] → windows: ["*"]: survived
drop 8 allow if input.command in {"notes.list", "notes.search"} → never: survived
widen 8 input.command in {"notes.list", "notes.search"} → true: noticed
flip 8 input.command in {"notes.list", "notes.search"} → not input.command in {"notes.list", "notes.search"}: noticed
widen 8 {"notes.list", "notes.search"} → with the other texts of the tests in it: noticed
drop 10 allow if { input.command == "notes.save" scope.path_inside(i… → never: noticed
widen 11 input.command == "notes.save" → true: survived
flip 11 == → != in input.command == "notes.save": noticed
widen 12 scope.path_inside(input.args.path, "$APPDATA/notes") → true: noticed
flip 12 scope.path_inside(input.args.path, "$APPDATA/notes") → not scope.path_inside(input.args.path, "$APPDATA/notes"): noticed
widen 13 input.args.size < 100 → true: noticed
flip 13 < → <= in input.args.size < 100: survived
drop 16 deny contains "hidden files stay closed" if { input.command … → never: noticed
widen 17 input.command == "notes.save" → true: survived
flip 17 == → != in input.command == "notes.save": noticed
widen 18 scope.glob("$APPDATA/notes/**/.*", input.args.path) → true: noticed
flip 18 scope.glob("$APPDATA/notes/**/.*", input.args.path) → not scope.glob("$APPDATA/notes/**/.*", input.args.path): noticed
drop 21 ask contains "Delete this note for good?" if input.command =… → never: noticed
widen 21 input.command == "notes.delete" → true: noticed
flip 21 == → != in ask contains "Delete this note for good?" if input.command =…: noticed
`
	if got := b.String(); got != want {
		t.Errorf("got\n%s", got)
	}
	if n := len(m.Survivors()); n != 5 {
		t.Errorf("%d survivors", n)
	}
}

// What changes of one line become, in a file that has more than the notes'.
func TestChangesOfAFile(t *testing.T) {
	head := func(lines string) string {
		return "# METADATA\n# custom:\n" + lines + "package capability.a\n\nallow if input.command == \"x\"\n"
	}
	rule := func(text string) string { return head("#   windows: [main]\n") + "\n" + text + "\n" }
	for _, test := range []struct{ name, source, line, want string }{
		{"windows in a block", head("#   windows:\n#     - main\n#     - 'editor-?'\n#   platforms: [linux]\n"), "windows", "#   windows: [\"*\"]\n#\n#\n#   platforms"},
		{"every window already", head("#   windows: [\"*\"]\n"), "windows", ""},
		{"no window", head("#   windows: []\n"), "windows", ""},
		{"a list over several lines", head("#   windows: [main,\n#     editor]\n"), "windows", ""},
		{"platforms", head("#   windows: [main]\n#   platforms: [linux]\n"), "platforms", "[main]\n#\npackage"},
		{"expiry", head("#   windows: [main]\n#   expires: 2030-01-01T00:00:00Z\n"), "expires", "[main]\n#\npackage"},
		{"local", head("#   windows: [main]\n#   origins: [\"https://example.com\"]\n#   local: false\n"), "local", "#   local: true\n"},
		{"a rule of one line", rule(`deny contains "d" if input.args.x`), "never", `deny contains "d" if { false; input.args.x }`},
		{"a rule in braces", rule("deny contains \"d\" if {\n\tinput.args.x\n}"), "never", "if {\n\tfalse; input.args.x\n}"},
		{"a rule without conditions", rule(`deny contains "d"`), "never", `deny contains "d" if false`},
		{"a constant", rule("names := {\"a\"}\n\nallow if input.args.x in names"), "names := {\"a\"} → never", "\n\n\nallow if input.args.x"},
		{"a not", rule(`allow if not input.args.x`), "not input.args.x → input.args.x", "allow if input.args.x\n"},
		{"a truth value", rule(`allow if input.args.x == true`), "true → false", "input.args.x == false"},
		{"a limit", rule(`limit contains {"burst": 2, "calls_per_second": 0.5} if input.command == "x"`), "0.5 → 1", `"calls_per_second": 1} if`},
		{"a limit's rule", rule("limit := {\"concurrency\": 2} if {\n\tinput.command == \"x\"\n}"), "never", "false; input.command"},
		{"else", rule("f(x) if {\n\tx == 1\n} else := false if {\n\tx > 2\n}\n\nallow if f(input.args.x)"), "> → >=", "x >= 2"},
		{"inside every", rule(`allow if every x in input.args.l { x < 3 }`), "< → <=", "every x in input.args.l { x <= 3 }"},
		{"inside a comprehension", rule(`allow if count({x | some x in input.args.l; x != 3}) == 0`), "!= → ==", "x == 3}) == 0"},
		{"a list of texts", rule(`allow if input.args.x in ["b", ]`), "with the other texts", `in ["b", "p", ]`},
		{"a set of numbers", rule(`allow if input.args.x in {1, 2}`), "with the other texts", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := policy.Load(folder(map[string]string{"a.rego": test.source}), policy.Config{}); err != nil {
				t.Fatal(err)
			}
			changes, err := changesOf("a.rego", test.source, []string{"b", "p"})
			if err != nil {
				t.Fatal(err)
			}
			var found []string
			for _, c := range changes {
				changed := c.edits[0].apply(test.source)
				if strings.Count(changed, "\n") != strings.Count(test.source, "\n") {
					t.Errorf("%s moves lines:\n%s", c.title, changed)
				}
				if strings.Contains(c.title, test.line) && !(test.line == "never" && c.line < 7) {
					found = append(found, changed)
				}
			}
			switch {
			case test.want == "" && len(found) > 0:
				t.Errorf("got\n%s", found[0])
			case test.want != "" && (len(found) != 1 || !strings.Contains(found[0], test.want)):
				t.Errorf("%d changes %q, want one with %q", len(found), found, test.want)
			}
		})
	}
}

// With the only use of an import gone, a file would not compile.
func TestAChangeKeepsNamesInUse(t *testing.T) {
	m := mutate(t, folder(map[string]string{"a.rego": `# METADATA
# custom:
#   windows: [main]
package capability.a

import data.sallyport.scope

allow if scope.path_inside(input.args.path, "$HOME")
`, "a_test.yaml": "- {name: in, window: main, command: x, args: {path: '${HOME}/a'}, expect: allow}\n"}), MutateOptions{})
	for _, m := range m.Mutants {
		if want := map[string]string{Widen: Survived, Drop: Noticed, Flip: Noticed}[m.Kind]; m.Fate != want {
			t.Errorf("%s %d %s: %s, want %s", m.Kind, m.Line, m.Change, m.Fate, want)
		}
	}
}

func TestMutationIsBounded(t *testing.T) {
	files := folder(map[string]string{"notes.rego": notes, "notes_test.yaml": fixtures})
	all := mutate(t, files, MutateOptions{})
	calls := 0
	some := mutate(t, files, MutateOptions{Limit: 4, Progress: func(done, total int) {
		if calls++; done != calls || total != 4 {
			t.Errorf("%d of %d after %d", done, total, calls)
		}
	}})
	if len(some.Mutants) != 4 || some.LeftOut != len(all.Mutants)-4 || all.LeftOut != 0 || calls != 4 {
		t.Errorf("%d tried, %d left out of %d, %d calls", len(some.Mutants), some.LeftOut, len(all.Mutants), calls)
	}
}

func TestMutationWantsTestsThatPass(t *testing.T) {
	_, err := Mutate(context.Background(), folder(map[string]string{
		"notes.rego": notes, "notes_test.yaml": "- {name: wrong, window: main, command: notes.list, expect: deny}\n",
	}), policy.Config{}, MutateOptions{})
	if err == nil || err.Error() != "policytest: notes_test.yaml:1: wrong fails without any change: mend that first" {
		t.Errorf("got %v", err)
	}
}

func TestACancelledMutationHasNoResult(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	_, err := Mutate(ctx, folder(map[string]string{"notes.rego": notes, "notes_test.yaml": fixtures}), policy.Config{},
		MutateOptions{Progress: func(int, int) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
