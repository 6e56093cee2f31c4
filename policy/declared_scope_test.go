package policy

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

func TestDeclaredScopes(t *testing.T) {
	const (
		capability = `
-- main.yaml --
identifier: main
windows: [main]
permissions:
`
		read = `-- permissions/fs.toml --
[[permission]]
identifier = "allow-fs.read"
commands.allow = ["fs.read"]
[[permission.scope.allow]]
path = "$HOME/docs/**"
[[permission.scope.deny]]
path = "$HOME/docs/secret/**"
[[permission]]
identifier = "more"
commands.allow = ["fs.read", "fs.stat"]
scope.allow = ["/tmp/*", { path = "/srv/*", mode = "r", deep = [1, { x = true }] }]
[[permission]]
identifier = "none"
commands.allow = ["fs.read"]
scope.allow = []
[[permission]]
identifier = "free"
commands.allow = ["fs.read"]
[[permission]]
identifier = "deny-only"
commands.allow = ["fs.read"]
scope.deny = ["/etc/*", { name = "root" }]
[[set]]
identifier = "both"
permissions = ["allow-fs.read", "allow-fs.stat"]
-- permissions/fs/scopes.toml --
[[permission]]
identifier = "home"
scope.allow = ["$HOME/*"]
[[permission]]
identifier = "deny-home"
scope.deny = ["$HOME/.*/**", "$HOME/*.key"]
[[permission]]
identifier = "scope"
-- permissions/app.toml --
[[permission]]
identifier = "everywhere"
scope.deny = ["/root/**"]
scope.allow = ["/**"]
`
		outside = "deny main.yaml:4"
	)
	for _, test := range []struct {
		name, permissions string
		calls             [][2]string
	}{
		{"within", "- allow-fs.read", [][2]string{
			{`fs.read {"path":"/home/u/docs/a/b.md"}`, "allow main.yaml:4"},
			{`fs.read {"path":"/home/u/a.md"}`, outside},
			{`fs.read {"path":"/home/u/docs/../a.md"}`, "deny main.yaml:4 (the scope of permission allow-fs.read (permissions/fs.toml:1) denies {\"path\":\"$HOME/docs/secret/**\"})"},
			{`fs.read {"path":"/home/u/docs/secret/a.md"}`, "deny main.yaml:4 (the scope of permission allow-fs.read (permissions/fs.toml:1) denies {\"path\":\"$HOME/docs/secret/**\"})"},
			{`fs.read {"path":5}`, "deny main.yaml:4 (the scope of permission allow-fs.read (permissions/fs.toml:1) denies {\"path\":\"$HOME/docs/secret/**\"})"},
			{`fs.read {"path":null}`, outside},
			{`fs.read {}`, outside},
			{`fs.read []`, outside},
			{`fs.read "x"`, outside},
			{`fs.stat {"path":"/home/u/docs/a.md"}`, "deny"}}},
		{"entries of all permissions are one pool", "- allow-fs.read\n- more", [][2]string{
			{`fs.read {"path":"/home/u/docs/a.md"}`, "allow main.yaml:4 main.yaml:5"},
			{`fs.read {"path":"/tmp/a"}`, "allow main.yaml:4 main.yaml:5"},
			{`fs.read {"path":"/tmp/a/b"}`, "deny main.yaml:4 main.yaml:5"},
			{`fs.stat {"path":"/home/u/docs/a.md"}`, "deny main.yaml:5"},
			{`fs.stat {"path":"/tmp/a"}`, "allow main.yaml:5"}}},
		{"a path that can't be judged is in no scope", "- more", [][2]string{
			{`fs.stat {"path":"/tmp/x/../a"}`, outside}, {`fs.stat {"path":"/tmp/.a"}`, outside}, {`fs.stat {"path":"tmp/a"}`, outside},
			{`fs.stat {"path":"/tmp/%2e%2e"}`, outside}, {`fs.stat {"path":["/tmp/a"]}`, outside}, {`fs.stat {"path":5}`, outside}}},
		{"all members of an entry", "- more", [][2]string{
			{`fs.stat {"path":"/srv/a","mode":"r","deep":[1,{"x":true}]}`, "allow main.yaml:4"},
			{`fs.stat {"path":"/srv/a","mode":"r","deep":[1.0,{"x":true}]}`, "allow main.yaml:4"},
			{`fs.stat {"path":"/srv/a","mode":"w","deep":[1,{"x":true}]}`, outside},
			{`fs.stat {"path":"/srv/a","mode":"r","deep":[1,{"x":true,"y":1}]}`, outside},
			{`fs.stat {"path":"/srv/a","mode":["r"],"deep":[1,{"x":true}]}`, outside},
			{`fs.stat {"path":"/srv/a","mode":"r"}`, outside},
			{`fs.stat {"path":"/etc/a","mode":"r","deep":[1,{"x":true}]}`, outside}}},
		{"an unset scope is none", "- free", [][2]string{{`fs.read {}`, "allow main.yaml:4"}}},
		{"an empty one allows nothing", "- none", [][2]string{{`fs.read {}`, outside}, {`fs.read {"path":"/tmp/a"}`, outside}}},
		{"an empty one beside one that is not", "- none\n- allow-fs.read", [][2]string{{`fs.read {"path":"/home/u/docs/a.md"}`, "allow main.yaml:4 main.yaml:5"}}},
		{"an unset one beside one that is set", "- free\n- allow-fs.read", [][2]string{{`fs.read {"path":"/etc/a"}`, "deny main.yaml:5"}}},
		{"denials alone", "- deny-only", [][2]string{
			{`fs.read {"path":"/tmp/a"}`, "allow main.yaml:4"}, {`fs.read {}`, "allow main.yaml:4"},
			{`fs.read {"path":"/etc/passwd"}`, `deny main.yaml:4 (the scope of permission deny-only (permissions/fs.toml:19) denies "/etc/*")`},
			{`fs.read {"path":"/etc/../x"}`, `deny main.yaml:4 (the scope of permission deny-only (permissions/fs.toml:19) denies "/etc/*")`},
			{`fs.read {"name":"root"}`, `deny main.yaml:4 (the scope of permission deny-only (permissions/fs.toml:19) denies {"name":"root"})`},
			{`fs.read {"name":["root"]}`, "allow main.yaml:4"}}},
		{"a denial wins over what another allows", "- more\n- deny-only", [][2]string{
			{`fs.read {"path":"/tmp/a","name":"root"}`, `deny main.yaml:5 (the scope of permission deny-only (permissions/fs.toml:19) denies {"name":"root"})`}}},

		{"added by the capability", "- identifier: free\n  allow: [/opt/*]\n  deny: [/opt/x]", [][2]string{
			{`fs.read {"path":"/opt/a"}`, "allow main.yaml:4"}, {`fs.read {"path":"/etc/a"}`, outside},
			{`fs.read {"path":"/opt/x"}`, `deny main.yaml:4 (the scope of permission free (permissions/fs.toml:16) denies "/opt/x")`}}},
		{"added to the permission's own", "- {identifier: allow-fs.read, allow: [/opt/*]}", [][2]string{
			{`fs.read {"path":"/opt/a"}`, "allow main.yaml:4"}, {`fs.read {"path":"/home/u/docs/a"}`, "allow main.yaml:4"}}},
		{"added to each of a set", "- {identifier: both, allow: [/opt/*]}", [][2]string{
			{`fs.read {"path":"/opt/a"}`, "allow main.yaml:4"}, {`fs.stat {"path":"/opt/a"}`, "allow main.yaml:4"},
			{`fs.stat {"path":"/home/u/docs/a"}`, outside}}},
		{"added to a command's own permission", "- {identifier: allow-a.b, allow: [{kind: x}]}", [][2]string{
			{`a.b {"kind":"x"}`, "allow main.yaml:4"}, {`a.b {"kind":"y"}`, outside}}},
		{"an empty one added", "- {identifier: allow-a.b, allow: []}", [][2]string{{`a.b {"kind":"x"}`, outside}}},

		{"of a namespace", "- allow-fs.read\n- fs:home\n- allow-fs.other\n- allow-fsx.other", [][2]string{
			{`fs.read {"path":"/home/u/a"}`, "allow main.yaml:4"}, {`fs.read {"path":"/home/u/docs/a"}`, "allow main.yaml:4"},
			{`fs.other {"path":"/home/u/a"}`, "allow main.yaml:6"}, {`fs.other {}`, "deny main.yaml:5"}, {`fsx.other {}`, "allow main.yaml:7"}}},
		{"denials of a namespace", "- free\n- fs:deny-home\n- allow-a.b", [][2]string{
			{`fs.read {"path":"/home/u/.ssh/id"}`, `deny main.yaml:5 (the scope of permission fs:deny-home (permissions/fs/scopes.toml:4) denies "$HOME/.*/**")`},
			{`fs.read {"path":"/home/u/docs/.a"}`, "allow main.yaml:4"}, {`fs.read {}`, "allow main.yaml:4"},
			{`a.b {"path":"/home/u/.ssh/id"}`, "allow main.yaml:6"}}},
		{"an empty permission for capabilities to fill", "- free\n- {identifier: 'fs:scope', allow: [/opt/*]}", [][2]string{
			{`fs.read {"path":"/opt/a"}`, "allow main.yaml:4"}, {`fs.read {"path":"/tmp/a"}`, "deny main.yaml:5"}}},
		{"of all commands", "- allow-a.b\n- everywhere", [][2]string{
			{`a.b {"path":"/x"}`, "allow main.yaml:4"}, {`a.b {}`, "deny main.yaml:5"},
			{`a.b {"path":"/root/x"}`, `deny main.yaml:5 (the scope of permission everywhere (permissions/app.toml:1) denies "/root/**")`}}},
		{"names that are no identifiers", "- {identifier: allow-a.b, allow: [{'a \"b\\': 1, \"\\n\": \"\\u2028\\0\"}]}", [][2]string{
			{`a.b {"a \"b\\":1,"\n":"\u2028\u0000"}`, "allow main.yaml:4"}, {`a.b {"a \"b\\":1}`, outside}}},
		{"numbers are exact", "- {identifier: allow-a.b, allow: [{n: 9007199254740993}]}", [][2]string{
			{`a.b {"n":9007199254740993}`, "allow main.yaml:4"}, {`a.b {"n":9007199254740992}`, outside}}},
		{"URLs", "- {identifier: allow-a.b, allow: ['https://example.com/api/*', {url: 'https://*.example.org', method: GET}], deny: ['https://example.com/api/admin*']}", [][2]string{
			{`a.b {"url":"https://example.com/api/x"}`, "allow main.yaml:4"}, {`a.b {"url":"https://sub.example.org/x","method":"GET"}`, "allow main.yaml:4"},
			{`a.b {"url":"https://sub.example.org/x","method":"POST"}`, outside}, {`a.b {"url":"https://example.com.evil.org/api/x"}`, outside},
			{`a.b {"url":"https://user@example.com/api/x"}`, "deny main.yaml:4 (the scope of permission allow-a.b denies \"https://example.com/api/admin*\")"},
			{`a.b {"url":"https://example.com/api/admin/x"}`, "deny main.yaml:4 (the scope of permission allow-a.b denies \"https://example.com/api/admin*\")"},
			{`a.b {}`, outside}, {`a.b {"url":5}`, "deny main.yaml:4 (the scope of permission allow-a.b denies \"https://example.com/api/admin*\")"}}},
		{"null is a value", "- {identifier: allow-a.b, allow: [{n: null}]}", [][2]string{{`a.b {"n":null}`, "allow main.yaml:4"}, {`a.b {}`, outside}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := loadFolder(t, strings.TrimSuffix(capability, "\n")+"\n"+test.permissions+"\n"+read)
			for _, c := range test.calls {
				if got := verdict(t, p, c[0]); p.Distrusted() || got != c[1] && got != c[1]+" (no rule that holds here allows this call)" {
					t.Errorf("%s: got %s, want %s", c[0], got, c[1])
				}
			}
		})
	}
}

func TestCapabilitiesOfOneFileAreApart(t *testing.T) {
	p := loadFolder(t, `
-- a.json --
[{"identifier": "a", "windows": ["main"], "permissions": [{"identifier": "allow-a.b", "allow": [{"x": 1}], "deny": [{"z": 1}]}]},
{"identifier": "b", "windows": ["main"], "permissions": [{"identifier": "allow-a.b", "allow": [{"y": 1}], "deny": [{"z": 2}]}]}]
`)
	for what, want := range map[string]string{
		`a.b {"x":1}`: "allow a.json:1 a.json:2", `a.b {"y":1}`: "allow a.json:1 a.json:2", `a.b {"x":2}`: "deny a.json:1 a.json:2",
		`a.b {"x":1,"z":1}`: `deny a.json:1 (the scope of permission allow-a.b denies {"z":1})`,
		`a.b {"x":1,"z":2}`: `deny a.json:2 (the scope of permission allow-a.b denies {"z":2})`,
	} {
		if got := verdict(t, p, what); got != want || p.Distrusted() {
			t.Errorf("%s: got %s, want %s", what, got, want)
		}
	}
}

// A rule in Rego that allows a command is restricted by what a declarative file says of its scope.
func TestADeclaredScopeRestrictsRego(t *testing.T) {
	p := loadFolder(t, `
-- notes.rego --
# METADATA
# custom:
#   windows: [main]
package capability.notes

allow if input.command == "fs.read"
-- a.yaml --
identifier: a
windows: [main]
permissions: [{identifier: allow-fs.read, allow: [/tmp/*]}]
`)
	for what, want := range map[string]string{`fs.read {"path":"/tmp/a"}`: "allow a.yaml:3 notes.rego:6", `fs.read {"path":"/a"}`: "deny a.yaml:3"} {
		if got := verdict(t, p, what); got != want {
			t.Errorf("%s: got %s, want %s", what, got, want)
		}
	}
}

func TestHandlersGetTheMergedScope(t *testing.T) {
	p := loadFolder(t, `
-- a.yaml --
identifier: a
windows: [main]
permissions:
- {identifier: allow-fs.read, allow: [{path: /tmp/*, b: 1, a: 2}, /x], deny: [/tmp/y]}
- fs:home
- allow-a.b
- {identifier: allow-c.d, allow: []}
- {identifier: allow-e.f, deny: [/y]}
-- b.json --
{"identifier": "b", "windows": ["m*"], "permissions": [{"identifier": "fs:allow-read", "allow": [{"a": 2, "path": "/tmp/*", "b": 1}, "/z"]}]}
-- c.json --
{"identifier": "c", "windows": ["other"], "permissions": [{"identifier": "fs:allow-read", "allow": ["/other"]}]}
-- permissions/fs/p.toml --
[[permission]]
identifier = "home"
scope.allow = ["$HOME/*"]
[[permission]]
identifier = "there"
platforms = ["windows"]
commands.allow = ["fs.read"]
scope.allow = ["C:/"]
`)
	for _, test := range []struct{ command, want string }{
		{"fs.read", `true ["$HOME/*" "/x" "/z" {"a":2,"b":1,"path":"/tmp/*"}] ["/tmp/y"]`},
		{"fs.write", `true ["$HOME/*"] []`},
		{"a.b", `false [] []`},
		{"c.d", `true [] []`},
		{"e.f", `false [] ["/y"]`},
	} {
		d, err := p.Decide(context.Background(), call(t, test.command, "{}"))
		if got := fmt.Sprintf("%v %s %s", d.Scope.Set, d.Scope.Allow, d.Scope.Deny); err != nil || got != test.want {
			t.Errorf("%s: got %s, %v, want %s", test.command, got, err, test.want)
		}
	}
}

func TestDeclaredDenialsNeedNoGuaranteeOfTheSchema(t *testing.T) {
	p := loadFolder(t, `
-- a.yaml --
identifier: a
windows: [main]
permissions: [{identifier: allow-fs.read, deny: [/tmp/y, {kind: x}]}]
`)
	reads, err := p.Reads(context.Background(), call(t, "fs.read", "{}"))
	if err != nil || len(reads) > 0 {
		t.Errorf("%v, %v", reads, err)
	}
}

func TestDeclaredConditionsAreExplainedWhereTheyStand(t *testing.T) {
	p := loadFolder(t, `
-- a.yaml --
identifier: a
windows: [main]
permissions: [p, allow-c.d]
-- permissions/p.toml --
[[permission]]
identifier = "p"
commands.allow = ["a.b"]
[[permission.scope.allow]]
mode = "r"
path = "/tmp/*"
[[permission.scope.allow]]
path = "/srv/*"
`)
	x, err := p.Explain(context.Background(), call(t, "a.b", `{"path":"/etc/x","mode":"r"}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range x.Rules {
		for _, c := range r.Conditions {
			got = append(got, fmt.Sprintf("%s %s:%d %s", r.Kind, c.File, c.Line, c.State))
		}
	}
	want := "allow a.yaml:3 met, within a.yaml:3 met, within permissions/p.toml:5 met, within permissions/p.toml:6 failed, " +
		"within a.yaml:3 met, within permissions/p.toml:8 failed"
	if all := strings.Join(got, ", "); all != want {
		t.Errorf("got  %s\nwant %s", all, want)
	}
	if n := x.Nearest; n == nil || n.Edit.File != "a.yaml" || n.Edit.Line != 3 {
		t.Errorf("%+v", n)
	}
}
