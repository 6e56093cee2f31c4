package policy

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"
)

// folder is the files of a txtar archive.
func folder(archive string) fstest.MapFS {
	m := fstest.MapFS{}
	for _, f := range txtar.Parse([]byte(archive)).Files {
		m[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	return m
}

func loadFolder(t testing.TB, archive string) *Policy {
	t.Helper()
	p, err := Load(folder(archive), testConfig())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// verdict is a call of the window main, written "notes.save {}" or "window: notes.save {}", and
// what becomes of it.
func verdict(t *testing.T, p *Policy, what string) string {
	t.Helper()
	window, rest, ok := strings.Cut(what, ": ")
	if !ok {
		window, rest = "main", what
	}
	command, args, ok := strings.Cut(rest, " ")
	if !ok {
		args = "{}"
	}
	in := call(t, command, args)
	in.Window = window
	if strings.Contains(window, "@") {
		in.Window, in.Origin, _ = strings.Cut(window, "@")
		in.Local = false
	}
	return decide(t, p, in)
}

func TestDeclarativeFilesDecide(t *testing.T) {
	const notes = `
-- main.json --
{
  "identifier": "main",
  "windows": ["main"],
  "permissions": [%s]
}
`
	for _, test := range []struct {
		name, files string
		calls       [][2]string // a call and its verdict
	}{
		{"a command's permission", fmt.Sprintf(notes, `"allow-notes.save", "notes:allow-list"`), [][2]string{
			{"notes.save", "allow main.json:4"}, {"notes.list", "allow main.json:4"}, {"notes.delete", "deny"}, {"other: notes.save", "deny"}}},
		{"each at its line", fmt.Sprintf(notes, "\n\"allow-a.b\",\n\n\"allow-c.d\"\n"), [][2]string{{"a.b", "allow main.json:5"}, {"c.d", "allow main.json:7"}}},
		{"nothing is permitted by no permission", fmt.Sprintf(notes, ``), [][2]string{{"notes.save", "deny"}}},
		{"a command without a namespace", fmt.Sprintf(notes, `"allow-ping"`), [][2]string{{"ping", "allow main.json:4"}, {"pong", "deny"}}},
		{"a command of three parts", fmt.Sprintf(notes, `"allow-a.b.c", "a:allow-b.d", "deny-a.b_c-D"`), [][2]string{{"a.b.c", "allow main.json:4"}, {"a.b.d", "allow main.json:4"}, {"a.b", "deny"}}},

		{"denial first, whatever stands first", fmt.Sprintf(notes, `"allow-notes.save", "deny-notes.save", "allow-notes.list"`), [][2]string{
			{"notes.save", "deny main.json:4 (permission deny-notes.save denies the command)"}, {"notes.list", "allow main.json:4"}}},
		{"denial by another capability of the window", fmt.Sprintf(notes, `"allow-notes.save"`) + `-- b.yaml --
identifier: b
windows: ["*"]
permissions: [deny-notes.save]
`, [][2]string{{"notes.save", "deny b.yaml:3 (permission deny-notes.save denies the command)"}}},
		{"a denial holds where its capability does", fmt.Sprintf(notes, `"allow-notes.save"`) + `-- b.yaml --
identifier: b
windows: [other]
permissions: [deny-notes.save]
-- c.yaml --
identifier: c
windows: [main]
remote: {urls: ["https://example.com"]}
permissions: [deny-notes.save]
`, [][2]string{{"notes.save", "allow main.json:4"}, {"other: notes.save", "deny b.yaml:3 (permission deny-notes.save denies the command)"}}},

		{"a written permission", fmt.Sprintf(notes, `"read"`) + `-- permissions/notes.toml --
[[permission]]
identifier = "read"
commands.allow = ["notes.list", "notes.search"]
commands.deny = ["notes.save"]
`, [][2]string{{"notes.list", "allow main.json:4"}, {"notes.search", "allow main.json:4"},
			{"notes.save", "deny main.json:4 (permission read (permissions/notes.toml:1) denies the command)"}}},
		{"one that is written replaces the command's own", fmt.Sprintf(notes, `"allow-notes.save", "deny-notes.list"`) + `-- permissions/notes.toml --
[[permission]]
identifier = "allow-notes.save"
commands.allow = ["notes.read"]
[[permission]]
identifier = "deny-notes.list"
commands.allow = ["notes.list"]
`, [][2]string{{"notes.save", "deny"}, {"notes.read", "allow main.json:4"}, {"notes.list", "allow main.json:4"}}},
		{"and by its other name too", fmt.Sprintf(notes, `"notes:allow-save"`) + `-- permissions/notes.toml --
[[permission]]
identifier = "allow-notes.save"
commands.allow = ["notes.save"]
scope.allow = []
`, [][2]string{{"notes.save", "deny main.json:4"}}},
		{"the permissions of a namespace", fmt.Sprintf(notes, `"notes:read", "notes:default"`) + `-- permissions/notes/any/depth/n.json --
{"default": {"permissions": ["allow-list"]}, "permission": [{"identifier": "read", "commands": {"allow": ["notes.read"]}}]}
`, [][2]string{{"notes.read", "allow main.json:4"}, {"notes.list", "allow main.json:4"}, {"list", "deny"}}},

		{"sets", fmt.Sprintf(notes, `"all"`) + `-- permissions/sets.toml --
[[set]]
identifier = "all"
permissions = ["read", "notes:write", "allow-notes.stat"]
[[set]]
identifier = "read"
permissions = ["allow-notes.read"]
-- permissions/notes/sets.toml --
[[set]]
identifier = "write"
permissions = ["allow-write", "files:default"]
-- permissions/files/sets.toml --
[default]
permissions = ["allow-open"]
`, [][2]string{{"notes.read", "allow main.json:4"}, {"notes.write", "allow main.json:4"}, {"notes.stat", "allow main.json:4"},
			{"files.open", "allow main.json:4"}, {"notes.delete", "deny"}}},
		{"a set that denies", fmt.Sprintf(notes, `"allow-a.b", "no"`) + `-- permissions/sets.toml --
[[set]]
identifier = "no"
permissions = ["deny-a.b"]
`, [][2]string{{"a.b", "deny main.json:4 (permission deny-a.b denies the command)"}}},
		{"a permission reached twice counts once", fmt.Sprintf(notes, `"top"`) + `-- permissions/sets.toml --
[[set]]
identifier = "top"
permissions = ["left", "right"]
[[set]]
identifier = "left"
permissions = ["allow-a.b"]
[[set]]
identifier = "right"
permissions = ["allow-a.b"]
[default]
permissions = []
`, [][2]string{{"a.b", "allow main.json:4"}}},
		{"an empty permission", fmt.Sprintf(notes, `"nothing"`) + `-- permissions/p.toml --
[[permission]]
identifier = "nothing"
`, [][2]string{{"a.b", "deny"}}},

		{"several windows", `
-- a.toml --
identifier = "a"
windows = ["main", "editor-*"]
webviews = ["preview"]
permissions = ["allow-a.b"]
-- b.toml --
identifier = "b"
webviews = ["main"]
permissions = ["allow-c.d"]
-- c.toml --
identifier = "c"
windows = []
permissions = ["allow-e.f"]
`, [][2]string{{"a.b", "allow a.toml:4"}, {"editor-2: a.b", "allow a.toml:4"}, {"preview: a.b", "allow a.toml:4"}, {"editor: a.b", "deny"},
			{"c.d", "allow b.toml:3"}, {"preview: c.d", "deny"}, {"e.f", "deny"}}},
		{"capabilities of one window add up", `
-- a.json --
[{"identifier": "a", "windows": ["main"], "permissions": ["allow-a.b"]},
 {"identifier": "b", "windows": ["*"], "permissions": ["allow-c.d"]}]
-- c.json --
{"$schema": "x", "capabilities": [{"identifier": "c", "windows": ["main"], "permissions": ["allow-a.b"]}]}
`, [][2]string{{"a.b", "allow a.json:1 c.json:1"}, {"c.d", "allow a.json:2"}, {"other: c.d", "allow a.json:2"}}},
		{"remote pages", `
-- a.yaml --
identifier: a
windows: [main]
remote:
  urls: ["https://example.com"]
permissions: [allow-a.b]
-- b.yaml --
identifier: b
windows: [main]
remote: {urls: ["https://example.com"]}
local: true
permissions: [allow-c.d]
-- c.yaml --
identifier: c
windows: [main]
local: false
permissions: [allow-e.f]
-- d.yaml --
identifier: d
windows: [main]
remote: {urls: ["https://*.example.net"]}
permissions: [allow-g.h]
`, [][2]string{{"a.b", "deny"}, {"main@https://example.com: a.b", "allow a.yaml:5"}, {"main@https://example.com.evil.com: a.b", "deny"},
			{"main@https://sub.example.net: a.b", "deny"}, {"main@https://sub.example.net: g.h", "allow d.yaml:4"}, {"main@https://example.net: g.h", "deny"},
			{"c.d", "allow b.yaml:5"}, {"main@https://example.com: c.d", "allow b.yaml:5"}, {"e.f", "deny"}, {"main@https://example.com: e.f", "deny"}}},
		{"platforms", `
-- a.yaml --
identifier: a
windows: [main]
platforms: [linux, macOS]
permissions: [allow-a.b, here, there, nowhere]
-- b.yaml --
identifier: b
windows: [main]
platforms: [iOS, windows]
permissions: [allow-c.d]
-- permissions/p.toml --
[[permission]]
identifier = "here"
platforms = ["linux"]
commands.allow = ["here.here"]
[[permission]]
identifier = "there"
platforms = ["windows", "android"]
commands.allow = ["there.there"]
commands.deny = ["a.b"]
scope.allow = []
[[permission]]
identifier = "nowhere"
platforms = []
commands.allow = ["no.where"]
`, [][2]string{{"a.b", "allow a.yaml:4"}, {"c.d", "deny"}, {"here.here", "allow a.yaml:4"}, {"there.there", "deny"}, {"no.where", "deny"}}},
		{"a scope of another platform is none", fmt.Sprintf(notes, `"here", "there"`) + `
-- permissions/p.toml --
[[permission]]
identifier = "here"
commands.allow = ["a.b"]
[[permission]]
identifier = "there"
platforms = ["windows"]
commands.allow = ["a.b"]
scope.allow = ["C:/x"]
`, [][2]string{{"a.b", "allow main.json:4"}}},
		{"an end", `
-- a.toml --
identifier = "a"
windows = ["main"]
expires = 2026-11-22T11:59:59Z
permissions = ["allow-a.b"]
-- b.toml --
identifier = "b"
windows = ["main"]
expires = "2026-11-22T12:00:01Z"
permissions = ["allow-c.d"]
`, [][2]string{{"a.b", "deny"}, {"c.d", "allow b.toml:4"}}},
		{"both kinds of files in one folder", `
-- notes.rego --
# METADATA
# custom:
#   windows: [main]
package capability.notes

allow if input.command == "a.b"

deny contains "no" if input.command == "c.d"
-- deep/down/x.yaml --
identifier: x-y.z_1
windows: [main]
permissions: [deny-a.b, allow-c.d]
-- sallyport.json --
not for us
-- policy.schema.json --
{}
-- calls_test.yaml --
- 1
-- .regal/config.yaml --
rules: {}
-- README.md --
`, [][2]string{{"a.b", "deny deep/down/x.yaml:3 (permission deny-a.b denies the command)"}, {"c.d", "deny notes.rego:8 (no)"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := loadFolder(t, test.files)
			for _, c := range test.calls {
				for range 2 { // prepared, then cached
					if got := verdict(t, p, c[0]); p.Distrusted() || got != c[1] && got != c[1]+" (no rule that holds here allows this call)" {
						t.Errorf("%s: got %s, want %s", c[0], got, c[1])
					}
				}
			}
		})
	}
}

func TestDeclaredCapabilitiesSayWhereTheyHold(t *testing.T) {
	p := loadFolder(t, `
-- a.yaml --
identifier: Main-1
description: What it is for
windows: [main]
remote: {urls: ["https://example.com:443"]}
platforms: [macOS]
permissions: []
`)
	c := p.Capabilities()[0]
	if got := fmt.Sprintf("%s|%s|%s:%d|%v|%v|%v|%v", c.ID, c.Description, c.File, c.Line, c.Windows, c.Origins, c.Local, c.Platforms); got !=
		"Main-1|What it is for|a.yaml:3|[main]|[https://example.com]|false|[darwin]" {
		t.Error(got)
	}
}

func TestExplanationsPointIntoDeclaredCapabilities(t *testing.T) {
	p := loadFolder(t, `
-- a.yaml --
identifier: a
windows: [main]
platforms: [linux]
local: true
remote:
  urls: ["https://example.com"]
permissions: [allow-a.b]
`)
	for _, test := range []struct {
		change func(*Input)
		want   string
	}{
		{func(in *Input) { in.Window = "other" }, `a.yaml:2 add "other" to windows`},
		{func(in *Input) { in.Platform = "windows" }, `a.yaml:3 add "windows" to platforms`},
		{func(in *Input) { in.Local, in.Origin = false, "https://example.org" }, `a.yaml:5 add "https://example.org" to remote.urls`},
	} {
		in := call(t, "a.b", "{}")
		test.change(&in)
		x, err := p.Explain(context.Background(), in)
		if err != nil || x.Nearest == nil {
			t.Fatalf("%v, %+v", err, x)
		}
		if got := fmt.Sprintf("%s:%d %s", x.Nearest.Edit.File, x.Nearest.Edit.Line, x.Nearest.Edit.Text); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

func TestCommandsOfDeclarativeFilesAreListed(t *testing.T) {
	p := loadFolder(t, `
-- a.yaml --
identifier: a
windows: [main]
permissions: [allow-a.b, "c:deny-d"]
`)
	if got := fmt.Sprint(p.Commands()); got != "[a.b c.d]" {
		t.Error(got)
	}
	in := call(t, "a.b", "{}")
	if most := p.May(context.Background(), in); most != Allow {
		t.Error(most)
	}
}

// What docs/capabilities.md quotes does what it says there.
func TestTheFilesOfTheGuideDecide(t *testing.T) {
	c := testConfig()
	c.Variables["$DOWNLOAD"] = "/home/u/Downloads"
	p, err := Load(os.DirFS("testdata/guide"), c)
	if err != nil {
		t.Fatal(err)
	}
	const denied = `deny reader.yaml:4 (the scope of permission notes-read (permissions/notes.toml:1) denies {"path":"$APPDATA/notes/private/**"})`
	for what, want := range map[string]string{
		`reader: notes.list`: "allow reader.yaml:4",
		`preview-1: notes.open {"path":"/home/u/.local/share/app/notes/a.md"}`:         "allow reader.yaml:4",
		`reader: notes.open {"path":"/home/u/.local/share/app/notes/private/a.md"}`:    denied,
		`reader: notes.export {"path":"/home/u/Downloads/a.md","format":"md"}`:         "allow reader.yaml:5",
		`reader: notes.export {"path":"/home/u/Downloads/a.md","format":"html"}`:       "deny reader.yaml:5",
		`reader: notes.export {"path":"/home/u/Documents/a.md","format":"md"}`:         "deny reader.yaml:5",
		`main: notes.export {"path":"/home/u/Downloads/a.md","format":"md"}`:           "deny",
		`reader: notes.save {"path":"/home/u/.local/share/app/notes/a.md","text":"x"}`: "deny",
	} {
		if got := verdict(t, p, what); got != want {
			t.Errorf("%s: got %s, want %s", what, got, want)
		}
	}
}

func TestTheEventsAndStreamsOfTheGuideDecide(t *testing.T) {
	c := testConfig()
	c.Variables["$DOWNLOAD"] = "/home/u/Downloads"
	p, err := Load(os.DirFS("testdata/guide"), c)
	if err != nil {
		t.Fatal(err)
	}
	const text, image, huge = `{"file":{"$bytes":5,"type":"text/markdown"}}`, `{"file":{"$bytes":5,"type":"image/png"}}`, `{"file":{"$bytes":5000001,"type":"text/plain"}}`
	for _, test := range []struct{ window, command, event, target, channel, args, want string }{
		{"main", ListenCommand, "notes.changed", "", "", `{}`, "allow changes.rego:8"},
		{"editor-2", ListenCommand, "notes.lost", "", "", `{}`, "allow changes.rego:8"},
		{"reader", ListenCommand, "notes.changed", "", "", `{}`, "deny"},
		{"main", ListenCommand, "notes.draft", "", "", `{}`, "deny"},
		{"main", EmitCommand, "notes.changed", "", "", `{}`, "deny"},
		{"editor-2", EmitCommand, "notes.draft", "main", "", `"x"`, "allow changes.rego:13"},
		{"editor-2", EmitCommand, "notes.draft", "reader", "", `"x"`, "deny"},
		{"editor-2", EmitCommand, "notes.draft", "", "", `"x"`, "deny"},
		{"main", EmitCommand, "notes.draft", "main", "", `"x"`, "deny"},
		{"main", "notes.import", "", "", "items", text, "allow changes.rego:20"},
		{"main", "notes.import", "", "", "items", image, "deny"},
		{"main", "notes.import", "", "", "items", huge, "deny"},
		{"main", "notes.import", "", "", "upload", text, "deny"},
		{"main", "notes.import", "", "", "", text, "deny"},
	} {
		in := call(t, test.command, test.args)
		in.Window, in.Event, in.Target, in.Channel = test.window, test.event, test.target, test.channel
		if got := decide(t, p, in); got != test.want {
			t.Errorf("%+v: got %s", test, got)
		}
	}
}
