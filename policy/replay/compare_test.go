package replay

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sallyport/sallyport/policy"
)

func now() time.Time { return time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC) }

func side(t *testing.T, files fstest.MapFS) Side {
	t.Helper()
	c := policy.Config{Variables: map[string]string{"$HOME": "/home/ada"}, Platform: "linux"}
	p, err := policy.Load(files, c)
	if err != nil {
		t.Fatal(err)
	}
	return Side{p, c}
}

// rows writes differences as a person would say them.
func rows(c Comparison) []string {
	var all []string
	for _, d := range c.Differences {
		s := fmt.Sprintf("%s %s in %s: %s %s → %s %s", d.Direction, d.Command, strings.Join(d.Windows, "+"), d.Was.Known, d.Was.Effect, d.Now.Known, d.Now.Effect)
		if d.Origin != "" {
			s += " from " + d.Origin
		}
		if d.Platform != "linux" {
			s += " on " + d.Platform
		}
		if d.From != nil {
			s += " from " + d.From.Format("15:04")
		}
		for _, r := range d.Removed {
			s += fmt.Sprintf(" -%s:%d", r.File, r.Line)
		}
		for _, r := range d.Added {
			s += fmt.Sprintf(" +%s:%d", r.File, r.Line)
		}
		all = append(all, s)
	}
	return all
}

// capability is a file that holds for windows, with rules from line 5 on.
func capability(name, windows, rules string) string {
	return fmt.Sprintf("# METADATA\n# custom:\n#   windows: [%s]\npackage capability.%s\n%s\n", windows, name, rules)
}

func TestCompare(t *testing.T) {
	const list = `allow if input.command == "notes.list"`
	for _, test := range []struct {
		name     string
		was, now fstest.MapFS
		want     []string
	}{
		{"the same", folder("a.rego", capability("a", "main", list)), folder("a.rego", capability("a", "main", list)), nil},
		{"the same in another file, order and layout",
			folder("a.rego", capability("a", "main", list+"\nallow if input.command == \"notes.get\"")),
			folder("b.rego", capability("b", "main", "# words\nallow if input.command == \"notes.get\"\n\nallow if {\n\tinput.command == \"notes.list\"\n}")), nil},
		{"a rule more", folder("a.rego", capability("a", "main", list)), folder("a.rego", capability("a", "main", list+"\nallow if input.command == \"notes.wipe\"")),
			[]string{"gain notes.wipe in main: never deny → always allow +a.rego:6"}},
		{"a rule less", folder("a.rego", capability("a", "main", list)), folder(),
			[]string{"loss notes.list in main: always allow → never deny -a.rego:5"}},
		{"an ask instead of an allow", folder("a.rego", capability("a", "main", list)), folder("a.rego", capability("a", "main", `ask contains "Sure?" if input.command == "notes.list"`)),
			[]string{"loss notes.list in main: always allow → always ask -a.rego:5 +a.rego:5"}},
		{"another question", folder("a.rego", capability("a", "main", `ask contains "Sure?" if input.command == "notes.list"`)),
			folder("a.rego", capability("a", "main", `ask contains "Really?" if input.command == "notes.list"`)),
			[]string{"other notes.list in main: always ask → always ask -a.rego:5 +a.rego:5"}},
		{"a deny that holds always", folder("a.rego", capability("a", "main", list)), folder("a.rego", capability("a", "main", list), "b.rego", capability("b", "main", `deny contains "closed" if startswith(input.command, "notes.")`)),
			[]string{"loss notes.list in main: always allow → never deny +b.rego:5"}},
		{"another reason", folder("a.rego", capability("a", "main", `deny contains "closed" if input.command == "notes.list"`)),
			folder("a.rego", capability("a", "main", `deny contains "shut" if input.command == "notes.list"`)), nil},

		{"more windows", folder("a.rego", capability("a", "main", list)), folder("a.rego", capability("a", `main, "editor-*"`, list)),
			[]string{"gain notes.list in editor-*: never deny → always allow +a.rego:5"}},
		{"any window but those named elsewhere", folder("a.rego", capability("a", `"*"`, list)), folder("a.rego", capability("a", `main`, list)),
			[]string{"loss notes.list in *: always allow → never deny -a.rego:5"}},
		{"globs that overlap", folder("a.rego", capability("a", `"a*"`, list), "b.rego", capability("b", `"*b"`, `deny contains "no" if input.command == "notes.list"`)),
			folder("a.rego", capability("a", `"a*"`, list)),
			[]string{"gain notes.list in *b and a*: never deny → always allow -b.rego:5"}},
		{"a window that a rule compares with", folder("a.rego", capability("a", `"*"`, list)),
			folder("a.rego", capability("a", `"*"`, "allow if {\n\tinput.command == \"notes.list\"\n\tinput.window != \"guest\"\n}")),
			[]string{"loss notes.list in guest: always allow → never deny -a.rego:5 +a.rego:5"}},
		{"an origin more", folder("a.rego", capability("a", "main", list)),
			folder("a.rego", strings.Replace(capability("a", "main", list), "#   windows", "#   origins: [\"https://x.example\"]\n#   local: true\n#   windows", 1)),
			[]string{"gain notes.list in main: never deny → always allow from https://x.example +a.rego:7"}},
		{"an origin by a pattern", folder("a.rego", capability("a", "main", list)),
			folder("a.rego", strings.Replace(capability("a", "main", list), "#   windows", "#   origins: [\"https://*.x.example/app/:page\"]\n#   local: true\n#   windows", 1)),
			[]string{"gain notes.list in main: never deny → always allow from https://*.x.example/app/:page +a.rego:7"}},
		{"a pattern that becomes narrower",
			folder("a.rego", strings.Replace(capability("a", "main", list), "#   windows", "#   origins: [\"https://*.x.example\"]\n#   windows", 1)),
			folder("a.rego", strings.Replace(capability("a", "main", list), "#   windows", "#   origins: [\"https://*.sub.x.example\"]\n#   windows", 1)),
			[]string{"loss notes.list in main: always allow → never deny from https://*.x.example -a.rego:6"}},
		{"another platform", folder("a.rego", capability("a", "main", list)),
			folder("a.rego", strings.Replace(capability("a", "main", list), "#   windows", "#   platforms: [linux, windows]\n#   windows", 1)), nil},
		{"a platform less", folder("a.rego", strings.Replace(capability("a", "main", list), "#   windows", "#   platforms: [linux, windows]\n#   windows", 1)),
			folder("a.rego", strings.Replace(capability("a", "main", list), "#   windows", "#   platforms: [linux]\n#   windows", 1)),
			[]string{"loss notes.list in main: always allow → never deny on windows -a.rego:6"}},
		{"an end that comes later", folder("a.rego", strings.Replace(capability("a", "main", list), "#   windows", "#   expires: 2026-11-26T13:00:00Z\n#   windows", 1)),
			folder("a.rego", strings.Replace(capability("a", "main", list), "#   windows", "#   expires: 2026-11-26T15:00:00Z\n#   windows", 1)),
			[]string{"gain notes.list in main: never deny → always allow from 13:00 +a.rego:6"}},
		{"an end that has passed", folder(), folder("a.rego", strings.Replace(capability("a", "main", list), "#   windows", "#   expires: 2026-11-26T11:00:00Z\n#   windows", 1)), nil},
		{"a command that no rule names", folder(), folder("a.rego", capability("a", "main", `allow if not startswith(input.command, "admin.")`)),
			[]string{"gain any other in main: never deny → always allow +a.rego:5"}},
		{"a namespace", folder(), folder("a.rego", capability("a", "main", `allow if startswith(input.command, "admin.")`)),
			[]string{"gain any other admin.* in main: never deny → always allow +a.rego:5"}},
		{"a deny more where nothing allows", folder(), folder("a.rego", capability("a", "main", "deny contains \"no\" if {\n\tinput.command == \"notes.list\"\n\tinput.args.a == 1\n}")), nil},
		{"another reason of a condition", folder("a.rego", capability("a", "main", list+"\ndeny contains \"a\" if {\n\tinput.command == \"notes.list\"\n\tinput.args.a == 1\n}")),
			folder("a.rego", capability("a", "main", list+"\ndeny contains \"b\" if {\n\tinput.command == \"notes.list\"\n\tinput.args.a == 1\n}")), nil},
		{"an event", folder("a.rego", capability("a", "main", list)), folder("a.rego", capability("a", "main", list+"\nallow if {\n\tinput.command == \"sallyport:listen\"\n\tinput.event in {\"a\", \"b\"}\n}")),
			[]string{"gain sallyport:listen a in main: never deny → always allow +a.rego:6", "gain sallyport:listen b in main: never deny → always allow +a.rego:6"}},
		{"any event", folder(), folder("a.rego", capability("a", "main", `allow if input.command == "sallyport:emit"`)),
			[]string{"gain sallyport:emit any other in main: never deny → always allow +a.rego:5"}},
		{"events of a namespace, which takes one away",
			folder("a.rego", capability("a", "main", "allow if {\n\tinput.command == \"sallyport:emit\"\n\tstartswith(input.event, \"notes.\")\n}")),
			folder("a.rego", capability("a", "main", "allow if {\n\tinput.command == \"sallyport:emit\"\n\tstartswith(input.event, \"notes.\")\n\tinput.event != \"notes.x\"\n}")),
			[]string{"loss sallyport:emit notes.x in main: always allow → never deny -a.rego:5 +a.rego:5"}},
		{"an event to other windows", folder("a.rego", capability("a", "main", "allow if {\n\tinput.command == \"sallyport:emit\"\n\tinput.event == \"a\"\n\tinput.target == \"x\"\n}")),
			folder("a.rego", capability("a", "main", "allow if {\n\tinput.command == \"sallyport:emit\"\n\tinput.event == \"a\"\n\tinput.target == \"y\"\n}")),
			[]string{"gain sallyport:emit a in main: depends allow → depends allow -a.rego:5 +a.rego:5", "loss sallyport:emit a in main: depends allow → depends allow -a.rego:5 +a.rego:5"}},
		{"a declarative file", folder("a.json", `{"identifier": "a", "windows": ["main"], "permissions": ["allow-notes.list"]}`),
			folder("a.yaml", "identifier: a\nwindows: [main]\npermissions:\n  - allow-notes.list\n  - allow-notes.save\n"),
			[]string{"gain notes.save in main: never deny → always allow +a.yaml:5"}},
		{"a declarative file and Rego that say the same", folder("a.json", `{"identifier": "a", "windows": ["main"], "permissions": ["allow-notes.list"]}`),
			folder("a.rego", capability("a", "main", list)), nil},
		{"only limits, beside a condition", folder("a.rego", capability("a", "main", "allow if {\n\tinput.command == \"notes.list\"\n\tinput.args.a == 1\n}")),
			folder("a.rego", capability("a", "main", "allow if {\n\tinput.command == \"notes.list\"\n\tinput.args.a == 1\n}\nlimit contains {\"calls_per_second\": 1} if input.command == \"notes.list\"")), nil},
		{"only limits", folder("a.rego", capability("a", "main", list)), folder("a.rego", capability("a", "main", list+"\nlimit contains {\"calls_per_second\": 1} if input.command == \"notes.list\"")), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := Compare(t.Context(), side(t, test.was), side(t, test.now), now())
			if err != nil {
				t.Fatal(err)
			}
			if got := rows(c); !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// Conditions on arguments: a call that shows the difference must be found, and must show it.
func TestCompareFindsArguments(t *testing.T) {
	save := func(conditions ...string) fstest.MapFS {
		return folder("a.rego", capability("a", "main", "import data.sallyport.scope\nallow if {\n\tinput.command == \"notes.save\"\n\t"+strings.Join(conditions, "\n\t")+"\n}"))
	}
	plain := func(conditions ...string) fstest.MapFS {
		return folder("a.rego", capability("a", "main", "allow if {\n\tinput.command == \"notes.save\"\n\t"+strings.Join(conditions, "\n\t")+"\n}"))
	}
	declared := func(scope string) fstest.MapFS {
		return folder("a.json", `{"identifier": "a", "windows": ["main"], "permissions": [{"identifier": "allow-notes.save", "allow": [`+scope+`]}]}`)
	}
	for _, test := range []struct {
		name     string
		was, now fstest.MapFS
		want     string
	}{
		{"a wider folder", save(`scope.path_inside(input.args.path, "$HOME/notes")`), save(`scope.path_inside(input.args.path, "$HOME")`), "gain"},
		{"a narrower folder", save(`scope.path_inside(input.args.path, "$HOME")`), save(`scope.path_inside(input.args.path, "$HOME/notes")`), "loss"},
		{"another folder", save(`scope.path_inside(input.args.path, "$HOME/a")`), save(`scope.path_inside(input.args.path, "$HOME/b")`), "gain loss"},
		{"a star more", save(`scope.glob("$HOME/notes/*.md", input.args.path)`), save(`scope.glob("$HOME/notes/**/*.md", input.args.path)`), "gain"},
		{"a greater bound", plain(`input.args.size <= 10`), plain(`input.args.size <= 11`), "gain"},
		{"a bound that is no longer inclusive", plain(`input.args.size <= 10`), plain(`input.args.size < 10`), "loss"},
		{"a bound deep inside", plain(`input.args.file.meta.size <= 10`), plain(`input.args.file.meta.size <= 20`), "gain"},
		{"a condition less", save(`scope.path_inside(input.args.path, "$HOME")`, `input.args.size <= 10`), save(`scope.path_inside(input.args.path, "$HOME")`), "gain"},
		{"a condition more", save(`scope.path_inside(input.args.path, "$HOME")`), save(`scope.path_inside(input.args.path, "$HOME")`, `input.args.mode == "text"`), "loss"},
		{"no condition at all", save(`scope.path_inside(input.args.path, "$HOME")`), plain(), "gain"},
		{"a text in a list", plain(`input.args.mode in {"a", "b"}`), plain(`input.args.mode in {"a", "c"}`), "gain loss"},
		{"a prefix", plain(`startswith(input.args.name, "draft-")`), plain(`startswith(input.args.name, "draft")`), "gain"},
		{"a word turned round", plain(`lower(input.args.name) == "a"`), plain(`input.args.name == "a"`), "loss"},
		{"an element of a list", plain(`some tag in input.args.tags`, `tag == "open"`), plain(`some tag in input.args.tags`, `tag in {"open", "shut"}`), "gain"},
		{"the user", plain(`input.user.role == "admin"`), plain(`input.user.role in {"admin", "editor"}`), "gain"},
		{"a flag", plain(`input.args.force == true`), plain(`input.args.force == false`), "gain loss"},
		{"a declarative scope", declared(`{"path": "$HOME/notes/*"}`), declared(`{"path": "$HOME/*"}, {"path": "$HOME/notes/*"}`), "gain"},
		{"a declarative scope less", declared(`{"path": "$HOME/notes/*"}, {"path": "$HOME/a"}`), declared(`{"path": "$HOME/notes/*"}`), "loss"},
		{"an argument that may be absent", plain(`not input.args.force`), plain(`input.args.force == false`), "loss"},
		{"by way of a helper", folder("a.rego", capability("a", "main", "allow if {\n\tinput.command == \"notes.save\"\n\tsmall\n}\nsmall if input.args.size < 5")),
			folder("a.rego", capability("a", "main", "allow if {\n\tinput.command == \"notes.save\"\n\tsmall\n}\nsmall if input.args.size < 6")), "gain"},
		{"four at once", plain(`input.args.a == "p"`, `input.args.b == "q"`, `input.args.c > 41`, `input.args.d == "r"`),
			plain(`input.args.a == "p"`, `input.args.b == "q"`, `input.args.c > 40`, `input.args.d == "r"`), "gain"},
		{"the same in other words", plain(`input.args.size <= 10`), plain(`10 >= input.args.size`), "unsure"},
	} {
		t.Run(test.name, func(t *testing.T) {
			was, is := side(t, test.was), side(t, test.now)
			c, err := Compare(t.Context(), was, is, now())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range c.Differences {
				got = append(got, d.Direction)
				if d.Direction == Unsure {
					continue
				}
				if d.Example == nil {
					t.Errorf("no example: %+v", d)
					continue
				}
				in := policy.Input{Window: "main", Local: true, Command: "notes.save", Time: now(), Args: value(t, string(d.Example.Args))}
				if d.Example.User != nil {
					in.User = value(t, string(d.Example.User))
				}
				for p, want := range map[*policy.Policy]Verdict{was.Policy: d.Example.Was, is.Policy: d.Example.Now} {
					if got := NewVerdict(p.Decide(t.Context(), in)); got.Effect != want.Effect {
						t.Errorf("%s gets %q, and the example says %q", d.Example.Args, got.Effect, want.Effect)
					}
				}
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("got %v of %d calls, want %s", got, c.Tried, test.want)
			}
		})
	}
}

// Where no call shows it, what is known before the arguments still says which way it went.
func TestCompareSaysWhatItCouldNotShow(t *testing.T) {
	odd := `allow if {
	input.command == "notes.save"
	regex.match("^[0-9]{7}-[a-f]{3}$", input.args.code)
}`
	with, without := folder("a.rego", capability("a", "main", odd)), folder()
	for _, test := range []struct {
		name     string
		was, now fstest.MapFS
		want     string
	}{
		{"a gain", without, with, "gain notes.save in main: never deny → depends allow +a.rego:5"},
		{"a loss", with, without, "loss notes.save in main: depends allow → never deny -a.rego:5"},
		{"who knows", with, folder("a.rego", capability("a", "main", strings.Replace(odd, "{7}", "{8}", 1))), "unsure notes.save in main: depends allow → depends allow -a.rego:5 +a.rego:5"},
	} {
		c, err := Compare(t.Context(), side(t, test.was), side(t, test.now), now())
		if err != nil {
			t.Fatal(err)
		}
		if got := rows(c); len(got) != 1 || got[0] != test.want || c.Differences[0].Example != nil || c.Tried == 0 {
			t.Errorf("%s: %v after %d", test.name, got, c.Tried)
		}
	}
}

func TestCompareNamesWhatChanged(t *testing.T) {
	was := folder("a.rego", capability("a", "main", "allow if input.command == \"x.a\"\nallow if input.command == \"x.b\""), "gone.rego", capability("gone", "main", `allow if input.command == "x.c"`))
	is := folder("a.rego", strings.Replace(capability("a", `"*"`, "allow if input.command == \"x.a\"\n\nallow if input.command in {\"x.b\", \"x.d\"}"), "#   windows", "#   expires: 2027-01-01T00:00:00Z\n#   origins: []\n#   windows", 1),
		"new.rego", capability("new", "main", `allow if input.command == "x.e"`))
	c, err := Compare(t.Context(), side(t, was), side(t, is), now())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range c.Rules {
		got = append(got, fmt.Sprintf("%s %s:%d %s", r.Change, r.File, r.Line, r.Kind))
	}
	for _, k := range c.Capabilities {
		got = append(got, fmt.Sprintf("%s %s %s:%d %s", k.Change, k.ID, k.File, k.Line, strings.Join(k.What, ", ")))
	}
	want := []string{
		"removed a.rego:6 allow", "added a.rego:9 allow", "removed gone.rego:5 allow", "added new.rego:5 allow",
		`changed a a.rego:5 windows ["main"] → ["*"], origins none but the app itself → [], local true → false, expires never → 2027-01-01T00:00:00Z`,
		"removed gone gone.rego:3 ", "added new new.rego:3 ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestCompareEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Compare(ctx, side(t, folder()), side(t, folder("a.rego", capability("a", "main", `allow if input.command == "x.a"`))), now())
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestWindowsThatPoliciesTellApart(t *testing.T) {
	for _, test := range []struct {
		name         string
		globs, words []string
		want         []string // values
	}{
		{"labels", []string{"main", "main", "other"}, nil, []string{"main", "other"}},
		{"a glob and a label that it matches", []string{"editor-*", "editor-1"}, nil, []string{"editor-1", "editor-x"}},
		{"all", []string{"*"}, nil, []string{"x"}},
		{"all, and all of one letter", []string{"*", "?"}, nil, []string{"x", "xx"}},
		{"an overlap", []string{"a*", "*b", "c"}, nil, []string{"c", "xb", "ab", "ax"}},
		{"an overlap in the middle", []string{"a*c*", "*b*d"}, nil, []string{"xbxd", "abcd", "axcx"}},
		{"no overlap", []string{"a*", "b*"}, nil, []string{"ax", "bx"}},
		{"words of rules", []string{"*"}, []string{"guest"}, []string{"guest", "guestx", "x"}},
		{"words that are no labels", []string{"main"}, []string{"/etc", "", "A"}, []string{"main"}},
		{"nothing", nil, []string{"main"}, nil},
	} {
		var got []string
		for _, w := range windowsFor(test.globs, test.words) {
			got = append(got, w.value)
			if w.name == "" {
				t.Errorf("%s: %s has no name", test.name, w.value)
			}
		}
		slices.Sort(got)
		slices.Sort(test.want)
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}
