package policylint

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/open-policy-agent/regal/bundle"

	"github.com/sallyport/sallyport/policy"
)

func folder(files map[string]string) fstest.MapFS {
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return m
}

func config() policy.Config {
	return policy.Config{Platform: "linux", Variables: policy.Placeholders("linux")}
}

// found are the findings of one of our rules, as "file:line what".
func found(t *testing.T, files map[string]string, rule string, o Options) string {
	t.Helper()
	all, err := byUs(context.Background(), folder(files), config(), o)
	if err != nil {
		t.Fatal(err)
	}
	return show(t, files, all, rule, o)
}

// show writes what is kept of the findings of one rule.
func show(t *testing.T, files map[string]string, all []Finding, rule string, o Options) string {
	t.Helper()
	kept, err := o.keep(folder(files), all)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, f := range kept {
		if f.Rule != rule {
			continue
		}
		if f.What == "" || f.Why == "" || f.Do == "" {
			t.Errorf("%+v does not say what, why and what to do", f)
		}
		lines = append(lines, fmt.Sprintf("%s:%d %s", f.File, f.Line, f.What))
	}
	return strings.Join(lines, "\n")
}

// capability is one for the window main. Its rules begin on line 8 with the scope library, on line 6 without.
func capability(rules string) string {
	imports := ""
	if strings.Contains(rules, "scope.") {
		imports = "import data.sallyport.scope\n\n"
	}
	return "# METADATA\n# custom:\n#   windows: [main]\npackage capability.a\n\n" + imports + rules + "\n"
}

// holding is a capability with metadata of its own. Line 3 is the first of it.
func holding(metadata string) string {
	return "# METADATA\n# custom:\n" + metadata + "package capability.a\n\nallow if input.command == \"x\"\n"
}

func TestEachRuleFindsAndSpares(t *testing.T) {
	save := func(condition string) string {
		return capability("allow if {\n\tinput.command == \"x\"\n\t" + condition + "\n}")
	}
	for _, test := range []struct{ name, rule, text, want string }{
		{"home", "wide-scope", save(`scope.path_inside(input.args.path, "$HOME")`), `a.rego:10 "$HOME" is the user's whole home folder`},
		{"home as a glob", "wide-scope", save(`scope.glob("$HOME/**", input.args.path)`), `a.rego:10 "$HOME/**" is the user's whole home folder`},
		{"all apps' data", "wide-scope", save(`scope.path_inside(input.args.path, "$APPDATA/")`), `a.rego:10 "$APPDATA/" is the folder of every app of the user, with a folder for each`},
		{"the root", "wide-scope", save(`scope.glob("/**", input.args.path)`), `a.rego:10 "/**" is the whole file system`},
		{"in a list", "wide-scope", save("some d in [\"$HOME/notes\", \"$HOME\"]\n\tscope.path_inside(input.args.path, d)"), `a.rego:10 "$HOME" is the user's whole home folder`},
		{"in a helper", "wide-scope", capability("allow if ours(input.args.path)\n\nours(p) if scope.path_inside(p, \"$HOME\")"), `a.rego:10 "$HOME" is the user's whole home folder`},
		{"a folder below home", "wide-scope", save(`scope.path_inside(input.args.path, "$HOME/notes")`), ""},
		{"an app's data", "wide-scope", save(`scope.glob("$APPDATA/notes/**", input.args.path)`), ""},
		{"documents", "wide-scope", save(`scope.path_inside(input.args.path, "$DOCUMENT")`), ""},
		{"a separator", "wide-scope", save(`split(input.args.path, "/")[0] == "a"`), ""},
		{"denied widely", "wide-scope", capability("allow if input.command == \"x\"\n\ndeny contains \"d\" if scope.glob(\"$HOME/**\", input.args.path)"), ""},
		{"not wide", "wide-scope", save("not scope.path_inside(input.args.path, \"$HOME\")"), ""},

		{"every window", "wide-window", holding("#   windows: [\"*\"]\n"), `a.rego:3 the capability holds for every window ("*")`},
		{"every window among others", "wide-window", holding("#   windows: [main, \"?*\"]\n"), `a.rego:3 the capability holds for every window ("?*")`},
		{"a family of windows", "wide-window", holding("#   windows: [\"editor-*\"]\n"), ""},

		{"no window", "unreachable", holding("#   windows: []\n"), "a.rego:3 no rule of the capability can hold: it holds for no window"},
		{"no platform", "unreachable", holding("#   windows: [main]\n#   platforms: []\n"), "a.rego:4 no rule of the capability can hold: it holds on no platform"},
		{"no origin", "unreachable", holding("#   windows: [main]\n#   origins: []\n"), "a.rego:4 no rule of the capability can hold: it holds for no origin, nor for the app itself"},
		{"expired", "unreachable", holding("#   windows: [main]\n#   expires: 2026-01-01T00:00:00Z\n"), "a.rego:4 no rule of the capability can hold: it has expired"},
		{"expires later", "unreachable", holding("#   windows: [main]\n#   expires: 2026-01-01T00:00:01Z\n"), ""},
		{"another platform", "unreachable", holding("#   windows: [main]\n#   platforms: [windows]\n"), ""},

		{"implied by an unconditional allow", "shadowed-rule",
			capability("allow if input.command in {\"x\", \"y\"}\n\nallow if {\n\tinput.command == \"x\"\n\tinput.args.ok\n}"),
			"a.rego:8 whenever this allow holds, the one in line 6 does as well"},
		{"implied by a later one", "shadowed-rule",
			capability("allow if {\n\tinput.command == \"x\"\n\tinput.args.ok\n}\n\nallow if input.command in {\"x\", \"y\"}"),
			"a.rego:6 whenever this allow holds, the one in line 11 does as well"},
		{"the same twice", "shadowed-rule",
			capability("allow if input.command == \"x\"\n\nallow if input.command == \"x\""),
			"a.rego:8 whenever this allow holds, the one in line 6 does as well"},
		{"the same denial, narrower", "shadowed-rule",
			capability("allow if true\n\ndeny contains \"d\" if input.command == \"x\"\n\ndeny contains \"d\" if {\n\tinput.command == \"x\"\n\tinput.args.a == 1\n}"),
			"a.rego:10 whenever this deny holds, the one in line 8 does as well"},
		{"for another reason", "shadowed-rule",
			capability("allow if true\n\ndeny contains \"d\" if input.command == \"x\"\n\ndeny contains \"e\" if {\n\tinput.command == \"x\"\n\tinput.args.a == 1\n}"), ""},
		{"for more commands", "shadowed-rule",
			capability("allow if input.command == \"x\"\n\nallow if {\n\tinput.command in {\"x\", \"y\"}\n\tinput.args.ok\n}"), ""},
		{"on other conditions", "shadowed-rule",
			capability("allow if {\n\tinput.command == \"x\"\n\tinput.args.a\n}\n\nallow if {\n\tinput.command == \"x\"\n\tinput.args.b\n}"), ""},

		{"two commands at once", "unreachable-rule", capability("allow if {\n\tinput.command == \"x\"\n\tinput.command in {\"y\", \"z\"}\n}"), "a.rego:6 the rule can't hold: no command fits all its conditions"},
		{"false", "unreachable-rule", capability("allow if {\n\tinput.command == \"x\"\n\tfalse\n}"), "a.rego:6 the rule can't hold: a condition is always false"},
		{"not true", "unreachable-rule", capability("allow if {\n\tinput.command == \"x\"\n\tnot true\n}"), "a.rego:6 the rule can't hold: a condition is always false"},
		{"a window elsewhere", "unreachable-rule", save(`input.window == "settings"`), "a.rego:6 the rule can't hold: the capability does not hold for the window settings"},
		{"a platform elsewhere", "unreachable-rule",
			"# METADATA\n# custom:\n#   windows: [main]\n#   platforms: [linux]\npackage capability.a\n\nallow if input.platform in {\"windows\", \"darwin\"}\n",
			"a.rego:7 the rule can't hold: the capability does not hold for the platform darwin, windows"},
		{"commands that overlap", "unreachable-rule", capability("allow if {\n\tinput.command in {\"x\", \"y\"}\n\tinput.command in {\"y\", \"z\"}\n}"), ""},
		{"a window of the capability", "unreachable-rule", save(`input.window in {"settings", "main"}`), ""},
		{"not another command", "unreachable-rule", capability("allow if {\n\tinput.command == \"x\"\n\tnot input.command == \"y\"\n}"), ""},

		{"a misspelt allow", "unused-rule", capability("alow if input.command == \"x\""), "a.rego:6 no rule that decides reads alow"},
		{"rules that read one another alone", "unused-rule", capability("allow if input.command == \"x\"\n\none if two\n\ntwo if input.args.a == 1"),
			"a.rego:8 no rule that decides reads one\na.rego:10 no rule that decides reads two"},
		{"a helper of a helper", "unused-rule", capability("allow if {\n\tinput.command == \"x\"\n\tone\n}\n\none if not two(3)\n\ntwo(n) if n == data.capability.a.three\n\nthree := 3"), ""},
		{"a helper in a head", "unused-rule", capability("deny contains text if input.command == \"x\"\n\ntext := \"no\""), ""},
		{"a helper in a comprehension", "unused-rule", capability("allow if count([x | some x in list]) > 1\n\nlist := [1, 2]"), ""},
		{"a helper that stands in for another value", "unused-rule", capability("allow if kind == \"a\"\n\nkind := \"a\" if {\n\tinput.args.a\n} else := \"b\" if more\n\nmore if input.args.b"), ""},

		{"a misspelt command", "unknown-command", capability("allow if input.command in {\n\t\"x\",\n\t\"xx\",\n}"), `a.rego:6 the app has no command "xx"`},
		{"one in a not", "unknown-command", capability("allow if {\n\tinput.command == \"x\"\n\thelper\n}\n\nhelper if input.command == \"xx\""), `a.rego:11 the app has no command "xx"`},
		{"a namespace without commands", "unknown-command", capability("allow if startswith(input.command, \"files.\")"), `a.rego:6 no command of the app begins with "files."`},
		{"a namespace with commands", "unknown-command", capability("allow if startswith(input.command, \"y.\")"), ""},
		{"known commands", "unknown-command", capability("allow if input.command in {\"x\", \"y.z\"}"), ""},
	} {
		t.Run(test.rule+": "+test.name, func(t *testing.T) {
			o := Options{Commands: []string{"x", "y.z"}, Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
			if got := found(t, map[string]string{"a.rego": test.text}, test.rule, o); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestWildcardsOfHosts(t *testing.T) {
	for origin, want := range map[string]bool{
		"https://example.com": false, "https://example.com:8443": false, "http://[::1]:80": false,
		"https://*.example.com": true, "https://*": true, "*://example.com": true, "https://(a|b).example.com": true,
		"https://:sub.example.com": true, "https://example.com/*": false,
	} {
		f := &file{Capability: policy.Capability{File: "a.rego", Line: 3, Windows: []string{"main"}, Origins: []string{origin}}}
		found := f.metadata(time.Now())
		if got := len(found) == 1 && found[0].Rule == "wide-origin"; got != want || !want && len(found) > 0 {
			t.Errorf("%s: %v", origin, found)
		}
	}
}

func TestUnknownCommandsWantAList(t *testing.T) {
	files := map[string]string{"a.rego": capability("allow if input.command == \"z\"")}
	if got := found(t, files, "unknown-command", Options{}); got != "" {
		t.Errorf("without a list: %s", got)
	}
	if got := found(t, files, "unknown-command", Options{Commands: []string{}}); got == "" {
		t.Error("with an empty list: nothing")
	}
}

func TestWhatNoTestReaches(t *testing.T) {
	text := capability("allow if input.command == \"x\"\n\ndeny contains \"d\" if {\n\tinput.command == \"x\"\n\tinput.args.bad == true\n}")
	call := "- {name: a, window: main, command: x, args: {bad: %v}, expect: %s}\n"
	for _, test := range []struct{ name, tests, want string }{
		{"no test", "", "a.rego:4 no test reaches the capability a"},
		{"a test of one rule", fmt.Sprintf(call, false, "allow"), "a.rego:8 the rule holds in no test"},
		{"a test in which both hold", fmt.Sprintf(call, true, "deny"), ""},
		{"a test of another window", "- {name: a, window: other, command: x, expect: deny}\n", "a.rego:4 no test reaches the capability a"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := found(t, map[string]string{"a.rego": text, "a_test.yaml": test.tests}, "untested", Options{}); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
	// What holds nowhere needs no test.
	if got := found(t, map[string]string{"a.rego": holding("#   windows: []\n")}, "untested", Options{}); got != "" {
		t.Errorf("got %s", got)
	}
}

func TestRegalsRulesRunThatFit(t *testing.T) {
	r, err := newRegal()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, rule, text, want string }{
		{"yoda", "yoda-condition", capability(`allow if "x" == input.command`), "a.rego:6 Yoda condition, it is"},
		{"unused output", "unused-output-variable", capability("allow if {\n\tinput.command == \"x\"\n\tinput.args.l[_i]\n}"), "a.rego:8 Unused output variable"},
		{"format", "opa-fmt", capability(`allow if input.command    == "x"`), "a.rego:1 File should be formatted with `opa fmt`"},
		{"a flat folder", "directory-package-mismatch", capability(`allow if input.command == "x"`), ""},
		{"no entry point", "no-defined-entrypoint", capability(`allow if input.command == "x"`), ""},
		{"Rego of today", "use-rego-v1", capability(`allow if input.command == "x"`), ""},
		{"accepted in Regal's way", "yoda-condition", capability("# regal ignore:yoda-condition\nallow if \"x\" == input.command"), ""},
		{"accepted in ours", "yoda-condition", capability("# sallyport-lint:ignore yoda-condition\nallow if \"x\" == input.command"), ""},
		{"rules by what they are about", "messy-rule", capability("allow if input.command == \"x\"\n\ndeny contains \"d\" if input.args.a == 1\n\nallow if input.command == \"y\""), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			all, err := r.lint(context.Background(), "a.rego", test.text)
			if err != nil {
				t.Fatal(err)
			}
			if got := show(t, map[string]string{"a.rego": test.text}, all, test.rule, Options{}); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestUnfitRulesExist(t *testing.T) {
	rules, err := providedRules(bundle.Embedded().Data)
	if err != nil {
		t.Fatal(err)
	}
	for _, title := range unfit() {
		known := 0
		for _, titles := range rules {
			if titles[title] != nil {
				known++
			}
		}
		if known != 1 {
			t.Errorf("Regal has %d rules called %s", known, title)
		}
	}
}

func TestAFindingCanBeAccepted(t *testing.T) {
	wide := `scope.path_inside(input.args.path, "$HOME")`
	rule := func(above, behind string) string {
		return capability("allow if {\n\tinput.command == \"x\"\n" + above + "\t" + wide + behind + "\n}")
	}
	for _, test := range []struct{ name, rule, text, want string }{
		{"above", "wide-scope", rule("\t# sallyport-lint:ignore wide-scope\n", ""), ""},
		{"behind", "wide-scope", rule("", " # sallyport-lint:ignore line-length, wide-scope"), ""},
		{"in Regal's way", "wide-scope", rule("\t# regal ignore:wide-scope\n", ""), ""},
		{"another rule", "wide-scope", rule("\t# sallyport-lint:ignore wide-window\n", ""), `a.rego:11 "$HOME" is the user's whole home folder`},
		{"further up", "wide-scope", rule("\t# sallyport-lint:ignore wide-scope\n\n", ""), `a.rego:12 "$HOME" is the user's whole home folder`},
		{"in the metadata", "wide-window", holding("#   windows: [\"*\"] # sallyport-lint:ignore wide-window\n"), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := found(t, map[string]string{"a.rego": test.text}, test.rule, Options{}); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
	if got := found(t, map[string]string{"a.rego": rule("", "")}, "wide-scope", Options{Disable: []string{"wide-scope"}}); got != "" {
		t.Errorf("disabled: %s", got)
	}
	for name, taken := range map[string]bool{"wide-scope": true, "line-length": true, "messy-rule": true, "wide-scop": false, "": false} {
		_, err := Lint(context.Background(), folder(nil), config(), Options{Disable: []string{name}})
		if (err == nil) != taken {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestBothKindsOfRulesRunOrTheErrorSaysWhyNot(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"a capability": {"a.rego": "package capability.a\n"},
		"a fixture":    {"a.rego": capability("allow if input.command == \"x\""), "a_test.yaml": "- {}\n"},
		"a test":       {"a.rego": capability("allow if input.command == \"x\""), "a_test.rego": "package b\n\ntest_x if nothing\n"},
	} {
		_, err := Lint(context.Background(), folder(files), config(), Options{})
		if _, located := errors.AsType[*policy.FileError](err); !located {
			t.Errorf("%s: %v", name, err)
		}
	}
	all, err := Lint(context.Background(), folder(map[string]string{"a.rego": capability(`allow if "x" == input.command`)}), config(), Options{})
	if err != nil || len(all) != 2 || all[0].Rule != "untested" || all[1].Rule != "yoda-condition" {
		t.Errorf("of both kinds: %v, %v", all, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Lint(ctx, folder(map[string]string{"a.rego": capability("allow if input.command == \"x\"")}), config(), Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestPermissionsThatNoCapabilityUses(t *testing.T) {
	const capability = "{identifier: a, windows: [main], permissions: [%s]}\n"
	const file = "[[permission]]\nidentifier = \"read\"\ncommands.allow = [\"notes.read\"]\n\n" +
		"[[set]]\nidentifier = \"inner\"\npermissions = [\"read\"]\n\n" +
		"[[set]]\nidentifier = \"outer\"\npermissions = [\"inner\"]\n\n" +
		"[default]\npermissions = [\"read\"]\n"
	const unused = "permissions/notes/p.toml:%d no capability uses the %s notes:%s"
	read, inner, outer, standard := fmt.Sprintf(unused, 1, "permission", "read"), fmt.Sprintf(unused, 5, "set", "inner"),
		fmt.Sprintf(unused, 9, "set", "outer"), fmt.Sprintf(unused, 13, "set", "default")
	for _, test := range []struct {
		name, uses, file string
		want             []string
	}{
		{"none is used, the command's own permission is", "notes:allow-list", file, []string{read, inner, outer, standard}},
		{"a permission is used, sets with it are not", "notes:read", file, []string{inner, outer, standard}},
		{"a set is used through a set", "notes:outer", file, []string{standard}},
		{"the default is used", "notes:default", file, []string{inner, outer}},
		{"all are used", "notes:outer, notes:default", file, nil},
		{"accepted by a comment", "notes:allow-list", "# sallyport-lint:ignore unused-permission\n[[permission]]\nidentifier = \"read\"\n", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := map[string]string{"a.yaml": fmt.Sprintf(capability, test.uses), "permissions/notes/p.toml": test.file}
			if got, want := found(t, files, "unused-permission", Options{}), strings.Join(test.want, "\n"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
	// Without any capability nothing is used.
	files := map[string]string{"permissions/notes/p.toml": file}
	if got, want := found(t, files, "unused-permission", Options{}), strings.Join([]string{read, inner, outer, standard}, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestDeclaredScopesThatReachFar(t *testing.T) {
	const grant = "identifier: a\nwindows: [main]\npermissions:\n  - identifier: allow-notes.save\n    %s\n"
	const permission = "[[permission]]\nidentifier = \"p\"\ncommands.allow = [\"notes.save\"]\nscope.%s\n"
	for _, test := range []struct {
		name, file, text, want string
	}{
		{"a glob over home", "a.yaml", fmt.Sprintf(grant, "allow: [$HOME/**]"), `a.yaml:5 "$HOME/**" is the user's whole home folder`},
		{"the path of an object", "a.yaml", fmt.Sprintf(grant, "allow: [{path: /**, format: md}]"), `a.yaml:5 "/**" is the whole file system`},
		{"of a capability among others", "a.json", `[{"identifier":"a","windows":[],"permissions":[{"identifier":"allow-x.y","allow":["$APPDATA/**"]}]}]`,
			`a.json:1 "$APPDATA/**" is the folder of every app of the user, with a folder for each`},
		{"of a permission", "permissions/p.toml", fmt.Sprintf(permission, "allow = [\n\"$HOME/notes/*\",\n\"$HOME/**\"]"), `permissions/p.toml:6 "$HOME/**" is the user's whole home folder`},
		{"what is denied", "a.yaml", fmt.Sprintf(grant, "deny: [$HOME/**]"), ""},
		{"what a permission denies", "permissions/p.toml", fmt.Sprintf(permission, "deny = [\"$HOME/**\"]"), ""},
		{"a folder in home", "a.yaml", fmt.Sprintf(grant, "allow: [$HOME/notes/**]"), ""},
		{"an accepted one", "a.yaml", fmt.Sprintf(grant, "# sallyport-lint:ignore wide-scope\n    allow: [$HOME/**]"), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := found(t, map[string]string{test.file: test.text}, "wide-scope", Options{}); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
