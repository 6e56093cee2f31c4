package tauri

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/schema"
)

func project(archive string) fstest.MapFS {
	m := fstest.MapFS{}
	for _, f := range txtar.Parse([]byte(archive)).Files {
		m[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	if m["tauri.conf.json"] == nil {
		m["tauri.conf.json"] = &fstest.MapFile{Data: []byte(`{"identifier": "com.example.app"}`)}
	}
	return m
}

// decide imports a project and asks what becomes of calls, written `window command args`.
func decide(t *testing.T, archive, platform string, calls ...string) (answers []string, notes string) {
	t.Helper()
	r, err := Import(project(archive))
	if err != nil {
		t.Fatal(err)
	}
	fsys := fstest.MapFS{}
	for _, f := range r.Files {
		fsys[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	variables := map[string]string{"$HOME": "/home/u", "$APPDATA": "/home/u/.local/share", "$CONFIG": "/home/u/.config", "$DOWNLOAD": "/home/u/Downloads",
		"$TEMP": "/tmp", "$RESOURCE": "/usr/lib/app", "$APPLOCALDATA": "/home/u/.local/share/app", "$APP": "/home/u/.config/app"}
	if platform == "windows" {
		for name := range variables {
			variables[name] = `C:\` + name[1:]
		}
	}
	p, err := policy.Load(fsys, policy.Config{Platform: platform, Variables: variables})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range calls {
		window, rest, _ := strings.Cut(c, " ")
		command, args, ok := strings.Cut(rest, " ")
		if !ok {
			args = "{}"
		}
		label, origin, remote := strings.Cut(window, "@")
		v, err := schema.Parse([]byte(args), schema.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		d, err := p.Decide(context.Background(), policy.Input{Window: label, Origin: origin, Local: !remote, Command: command, Args: v, Time: time.Now()})
		if err != nil {
			t.Fatalf("%s: %v", c, err)
		}
		answers = append(answers, d.Effect.String())
	}
	var b strings.Builder
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "%s:%d: %s\n", n.File, n.Line, n.Text)
		if n.Wider {
			b.WriteString("wider\n")
		}
	}
	return answers, b.String()
}

// Files of a plugin fs as Tauri's own tests of its access rules have one, in our words.
const fsPlugin = `
-- permissions/fs/commands.toml --
[[permission]]
identifier = "allow-read-dir"
commands.allow = ["read_dir"]
[[permission]]
identifier = "allow-read-file"
commands.allow = ["read_file"]
[[permission]]
identifier = "allow-move-temp"
commands.allow = ["move"]
[[permission.scope.allow]]
path = "$TEMP/*"
[[permission]]
identifier = "allow-read-resources"
commands.allow = ["read_file", "read_dir"]
[[permission.scope.allow]]
path = "$RESOURCE/**"
[[permission.scope.allow]]
path = "$RESOURCE"
-- permissions/fs/scopes.toml --
[[permission]]
identifier = "allow-app"
[[permission.scope.allow]]
path = "$APPDATA/**"
[[permission]]
identifier = "allow-download-dir"
[[permission.scope.allow]]
path = "$DOWNLOAD/**"
[[permission]]
identifier = "deny-home"
[[permission.scope.deny]]
path = "$HOME"
-- permissions/fs/sets.toml --
[[set]]
identifier = "read"
permissions = ["allow-read-dir", "allow-read-file"]
[[set]]
identifier = "read-download-dir"
permissions = ["allow-read-dir", "allow-download-dir"]
`

func TestTaurisRulesHoldAfterAnImport(t *testing.T) {
	read := func(path string) string { return `main fs.read_file {"path":"` + path + `"}` }
	for _, test := range []struct {
		name, files, platform string
		calls                 []string
		want                  string
	}{
		{"a permission of an inlined plugin", `
-- capabilities/cap.toml --
identifier = "run-app"
description = "app"
windows = ["main"]
permissions = ["ping:allow-ping"]
-- permissions/ping/ping.toml --
[[permission]]
identifier = "allow-ping"
commands.allow = ["ping"]
`, "linux", []string{"main ping.ping", "other ping.ping", "main ping.pong"}, "allow deny deny"},
		{"windows and webviews", `
-- capabilities/cap.toml --
identifier = "run-app"
windows = ["main"]
webviews = ["child1", "child2"]
permissions = ["ping:allow-ping"]
`, "linux", []string{"main ping.ping", "child1 ping.ping", "child2 ping.ping", "child3 ping.ping"}, "allow allow allow deny"},
		{"remote pages alone", `
-- capabilities/cap.toml --
identifier = "run-app"
windows = ["main"]
permissions = ["fs:read"]
local = false
[remote]
urls = ["https://example.com"]
` + fsPlugin, "linux", []string{"main fs.read_file", "main@https://example.com fs.read_file", "main@https://evil.example fs.read_file"}, "deny allow deny"},
		{"remote pages beside the app", `
-- capabilities/cap.json --
{"identifier": "run-app", "windows": ["main"], "permissions": ["fs:read"], "remote": {"urls": ["https://example.com"]}}
` + fsPlugin, "linux", []string{"main fs.read_file", "main@https://example.com fs.read_file"}, "allow allow"},
		{"several windows with capabilities of their own", `
-- capabilities/main.json --
{"identifier": "run-app", "windows": ["main"], "permissions": [{"identifier": "fs:read", "allow": [{"path": "$CONFIG/*"}]}, "fs:deny-home"]}
-- capabilities/external.toml --
identifier = "run-app-external-url"
windows = ["external"]
permissions = ["fs:read"]
` + fsPlugin, "linux", []string{read("/home/u/.config/a"), read("/etc/a"), read("/home/u"),
			`external fs.read_file {"path":"/etc/a"}`}, "allow deny deny allow"},
		{"scopes of commands and of the plugin", `
-- capabilities/cap.toml --
identifier = "run-app"
windows = ["main"]
permissions = ["fs:read", "fs:allow-app", "fs:deny-home", "fs:allow-read-resources", "fs:allow-move-temp", "fs:read-download-dir"]
` + fsPlugin, "linux", []string{
			read("/home/u/.local/share/com.example.app/a/b"), read("/home/u/.local/share/other/a"), read("/usr/lib/app"), read("/usr/lib/app/x.png"),
			read("/home/u/Downloads/a"), read("/home/u"), read("/tmp/a"), `main fs.move {"path":"/tmp/a"}`, `main fs.move {"path":"/usr/lib/app"}`},
			"allow deny allow allow allow deny deny allow deny"},
		{"scopes that a capability extends", `
-- capabilities/cap.json --
{"identifier": "run-app", "windows": ["main"], "permissions": [
  {"identifier": "fs:read", "allow": [{"path": "$HOME/.config/**"}], "deny": null},
  {"identifier": "fs:allow-read-resources", "deny": [{"path": "$RESOURCE/**/*.key"}]},
  {"identifier": "fs:allow-app", "deny": [{"path": "$APPDATA/*.db"}]}]}
` + fsPlugin, "linux", []string{
			read("/home/u/.config/a/b"), read("/usr/lib/app/a/b.key"), read("/usr/lib/app/a/b.png"), read("/home/u/.local/share/com.example.app/x.db"), read("/home/u/.local/share/com.example.app/x.md")},
			"allow deny allow deny allow"},
		{"permissions of one platform, here", platformFiles, "linux", []string{`main os.spawn {"command":"servo"}`, `main os.spawn {"command":"edge"}`}, "allow deny"},
		{"permissions of one platform, there", platformFiles, "windows", []string{`main os.spawn {"command":"servo"}`, `main os.spawn {"command":"edge"}`}, "deny allow"},
		{"the app's own commands", `
-- capabilities/cap.json --
[{"identifier": "a", "windows": ["*"], "permissions": ["allow-my-command", "mine", "deny-other-command"]}]
-- permissions/autogenerated/mine.toml --
"$schema" = "schemas/schema.json"
[[permission]]
identifier = "mine"
commands.allow = ["other_command", "third", "plugin:fs|read"]
`, "linux", []string{"main my_command", "main third", "main other_command", "main fs.read"}, "allow allow deny allow"},
		{"a configuration that names capabilities", `
-- tauri.conf.json --
{"identifier": "x.y", "app": {"security": {"capabilities": ["one", {"identifier": "two", "windows": ["main"], "permissions": ["allow-two"]}]}}}
-- capabilities/all.json --
{"capabilities": [{"identifier": "one", "windows": ["main"], "permissions": ["allow-one"]},
 {"identifier": "three", "windows": ["main"], "permissions": ["allow-three"]}]}
`, "linux", []string{"main one", "main two", "main three"}, "allow allow deny"},
	} {
		t.Run(test.name, func(t *testing.T) {
			answers, notes := decide(t, test.files, test.platform, test.calls...)
			if got := strings.Join(answers, " "); got != test.want {
				t.Errorf("got %s, want %s\n%s", got, test.want, notes)
			}
			if strings.Contains(notes, "wider") {
				t.Errorf("the import is wider:\n%s", notes)
			}
		})
	}
}

const platformFiles = `
-- capabilities/cap.toml --
identifier = "run-app"
windows = ["main"]
permissions = ["os:open-browser"]
-- permissions/os/p.toml --
[[permission]]
identifier = "allow-servo-linux"
platforms = ["linux"]
commands.allow = ["spawn"]
[[permission.scope.allow]]
command = "servo"
[[permission]]
identifier = "allow-edge-windows"
platforms = ["windows"]
commands.allow = ["spawn"]
[[permission.scope.allow]]
command = "edge"
[[set]]
identifier = "open-browser"
permissions = ["allow-servo-linux", "allow-edge-windows"]
`

func TestAnImportSaysWhatHasNoEquivalent(t *testing.T) {
	answers, notes := decide(t, `
-- tauri.conf.json --
{
  "plugins": {"fs": {"requireLiteralLeadingDot": false}},
  "app": {"security": {"assetProtocol": {"enable": true, "scope": ["$APPDATA/**"]}}}
}
-- capabilities/a.json --
{
  "identifier": "Main window!",
  "windows": ["main", "Settings_1"],
  "webviews": ["w-**"],
  "uri_schemes": ["x"],
  "platforms": ["linux", "iOS"],
  "remote": {"urls": ["https://ok.example", "not a pattern"]},
  "permissions": [
    "core:default",
    "dialog:default",
    "fs:allow-read-file",
    "fs:deny-default",
    "fs:read-all",
    {"identifier": "fs:allow-write", "allow": [{"path": "$APPDATA/**"}, {"path": "$RESOURCE/{a,b}"}, 5]},
    {"identifier": "shell:allow-execute", "allow": [{"name": "git", "cmd": "git", "args": true}]},
    {"identifier": "shell:allow-open", "deny": [{"name": "x"}]},
    {"identifier": "local:all", "deny": ["$HOME/{x}"]},
    "fs:scope-home",
    {"identifier": "fs:write-all", "allow": ["$HOME/*"]},
    {"identifier": "fs:read-meta", "allow": []},
    "core:event:allow-listen"
  ]
}
-- capabilities/b.json5 --
{}
-- permissions/local/p.toml --
[[permission]]
identifier = "all"
[permission.scope]
allow = ["$APPLOG/**"]
deny = [{ sidecar = true }]
[[permission]]
identifier = "partly"
commands.allow = ["a"]
scope.deny = [{ sidecar = true }]
[[permission]]
identifier = "none"
commands.deny = ["b b"]
scope.deny = ["/x"]
`, "linux", "main fs.read_file", `main fs.write {"path":"/home/u/.local/share/a"}`, "main shell.open", "w-1 fs.read_file")
	if got := strings.Join(answers, " "); got != "allow deny deny allow" {
		t.Error(got)
	}
	for _, want := range []string{
		"tauri.conf.json:2: requireLiteralLeadingDot is off",
		"tauri.conf.json:3: the asset protocol has no equivalent",
		`capabilities/a.json:2: capability "Main window!" is called Main-window here`,
		`capabilities/a.json:3: window "Settings_1": labels here are`,
		"capabilities/a.json:4: a window has one webview here: both",
		`capabilities/a.json:5: "uri_schemes" is no member`,
		"capabilities/a.json:6: platform iOS",
		`capabilities/a.json:7: remote URL "not a pattern": `,
		"capabilities/a.json:9: core:default is of Tauri's core",
		"capabilities/a.json:10: the default set of dialog is in the plugin's own crate",
		"capabilities/a.json:11: fs:allow-read-file is not defined in this project; taken for the command fs.read_file",
		"capabilities/a.json:12: fs:deny-default is not defined in this project; taken to deny the command fs.default. If it is a scope or a set of the plugin, it denies nothing here: write it in a file below permissions/fs\nwider",
		"capabilities/a.json:13: fs:read-all is not defined in this project",
		`capabilities/a.json:14: scope entry {"path":"$APPDATA/**"}: `,
		`capabilities/a.json:14: scope entry {"path":"$RESOURCE/{a,b}"}: `,
		"capabilities/a.json:14: scope entry 5: each of allow must be text",
		`capabilities/a.json:15: "cmd" of a scope's entry is compared`,
		`capabilities/a.json:16: shell:allow-open is left out, since what its scope denies can't be kept` + "\ncap",
		"capabilities/a.json:17: local:all is left out, since what its scope denies can't be kept\nwider",
		"capabilities/a.json:18: fs:scope-home is not defined in this project, so it is a plugin's; left out, and the commands that it limits are not limited by it: write it in a file below permissions/fs\nwider",
		"capabilities/a.json:19: the scope given to fs:write-all is left out with it, and limits no other command\nwider",
		"capabilities/a.json:20: fs:read-meta is not defined in this project, so it is a plugin's; left out: write it in a file below permissions/fs\ncap",
		"capabilities/a.json:21: core:event:allow-listen is for all events at once; left out: allow each in a .rego file",
		"capabilities/b.json5:1: JSON5 is not read",
		"permissions/local/p.toml:1: permission all denies less here, since part of what its scope denies can't be kept\nwider",
		"permissions/local/p.toml:4: $APPLOG: set it in core.Config.Variables",
		"permissions/local/p.toml:6: permission partly allows nothing here",
		`permissions/local/p.toml:12: command "b b" can't be named here`,
	} {
		if !strings.Contains(notes, want) {
			t.Errorf("no note %s", want)
		}
	}
	if t.Failed() {
		t.Log(notes)
	}
}

func TestAProjectThatCantBeReadIsAnError(t *testing.T) {
	for _, test := range []struct{ name, files, want string }{
		{"a broken file", "-- capabilities/a.json --\n{\n", "policy: capabilities/a.json:2: not JSON: "},
		{"a broken configuration", "-- tauri.conf.json --\n{\"a\": 1, \"a\": 2}\n", `policy: tauri.conf.json:1: "a" is given twice`},
		{"a capability that is none", "-- capabilities/a.json --\n[\n5]\n", "policy: capabilities/a.json:2: a capability must be an object, got a number"},
		{"one without identifier", "-- capabilities/a.json --\n{\"windows\": []}\n", "policy: capabilities/a.json:1: a capability must have an identifier"},
		{"permissions that are none", "-- permissions/a.json --\n[]\n", "policy: permissions/a.json:1: a file of permissions must be an object, got a list"},
		{"a configuration with a number of a capability", "-- tauri.conf.json --\n{\"app\": {\"security\": {\"capabilities\": [5]}}}\n", "policy: tauri.conf.json:1: app.security.capabilities holds a number"},
		{"sets in a circle", "-- capabilities/a.json --\n{\"identifier\": \"a\", \"windows\": [], \"permissions\": [\"s\"]}\n-- permissions/s.toml --\n[[set]]\nidentifier = \"s\"\npermissions = [\"s\"]\n", "sets contain one another in a circle: s → s"},
		{"two files of one name", "-- permissions/a-b.toml --\n-- permissions/a/b.toml --\n", "two files would be called permissions/a-b.json"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Import(project(test.files))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
	if _, err := Import(fstest.MapFS{}); err == nil || !strings.Contains(err.Error(), "tauri.conf.json:1: there is no such file: name the folder of a Tauri 2 project") {
		t.Error(err)
	}
}
