package policy

import (
	"errors"
	"strings"
	"testing"
)

func TestBrokenDeclarativeFilesAreRefused(t *testing.T) {
	const ok = "identifier: a\nwindows: [main]\n"
	capability := func(permissions string) string { return "-- a.yaml --\n" + ok + "permissions: [" + permissions + "]\n" }
	permission := func(text string) string { return capability("") + "-- permissions/p.toml --\n" + text + "\n" }
	namespaced := func(text string) string { return capability("") + "-- permissions/ns/p.toml --\n" + text + "\n" }
	for _, test := range []struct{ name, files, want string }{
		{"an unknown member", "-- a.json --\n{\n\"identifier\": \"a\",\n\"window\": [\"main\"]}", `a.json:3: a capability has no member "window": expected identifier, description, windows, webviews, local, remote, platforms, expires, permissions or $schema; did you mean windows?`},
		{"Tauri's other case", "-- a.json --\n{\"Identifier\": \"a\"}", `a.json:1: a capability has no member "Identifier": expected`},
		{"a name twice", "-- a.json --\n{\"identifier\": \"a\",\n\"windows\": [\"main\"],\n\"windows\": [\"*\"]}", `a.json:3: "windows" is given twice: once was expected`},
		{"a name twice in YAML", "-- a.yaml --\n" + ok + "windows: ['*']\n", `a.yaml:3: "windows" is given twice, first on line 2: once was expected`},
		{"a name twice in TOML", "-- a.toml --\nwindows = []\nwindows = ['*']\n", `a.toml:2: "windows" is given twice, first on line 1: once was expected`},
		{"a boolean for text", "-- a.yaml --\nidentifier: true\n", "a.yaml:1: identifier must be text, got true or false: quote it"},
		{"a number among texts", "-- a.yaml --\nidentifier: a\nwindows: [main, 5]\n", "a.yaml:2: each of windows must be text, got a number: quote it"},
		{"null", "-- a.json --\n{\"identifier\": \"a\",\n\"windows\": null}", "a.json:2: windows must be a list, got null; leave the member out or write [] if that is what you mean"},
		{"text for a list", "-- a.yaml --\nidentifier: a\nwindows: main\n", "a.yaml:2: windows must be a list, got text; leave the member out or write []"},
		{"text for true", "-- a.yaml --\n" + ok + "local: no\npermissions: []\n", "a.yaml:3: local must be true or false, got text"},
		{"a list for an object", "-- a.yaml --\n" + ok + "remote: [https://example.com]\n", "a.yaml:3: remote must be an object, got a list"},
		{"an anchor", "-- a.yaml --\n" + ok + "permissions: &p [x]\n", "a.yaml:3: YAML anchors and aliases are refused"},
		{"an empty file", "-- a.yaml --\n", "a.yaml:1: the file is empty: an object was expected"},
		{"text alone", "-- a.json --\n\"a\"", "a.json:1: a capability file must hold an object or a list of objects, got text"},
		{"text in a list", "-- a.json --\n[\n\"a\"]", "a.json:2: a capability must be an object, got text"},
		{"more beside a list of capabilities", "-- a.json --\n{\"capabilities\": [],\n\"identifier\": \"x\"}", `a.json:2: a file of capabilities has no member "identifier": expected capabilities or $schema`},
		{"a file of permissions in another folder", "-- p.toml --\n[[permission]]\nidentifier = \"x\"\n", `p.toml:1: a capability has no member "permission": a file of permissions belongs below a folder named permissions`},
		{"capitals in the file's name", "-- a.JSON --\n{}", "a.JSON:1: declarative files end in .json, .yaml, .yml or .toml, in lower case"},

		{"no identifier", "-- a.yaml --\nwindows: []\npermissions: []\n", "a.yaml:1: a capability must have an identifier: text that names it"},
		{"neither windows nor webviews", "-- a.yaml --\nidentifier: a\npermissions: []\n", `a.yaml:1: capability a names neither windows nor webviews: name the windows, ["*"] for all of them, [] for none`},
		{"no permissions", "-- a.yaml --\n" + ok, "a.yaml:1: capability a has no permissions: name them, [] for none"},
		{"an identifier that is none", "-- a.yaml --\nidentifier: a b\n", `a.yaml:1: "a b" can't name a capability: expected letters, digits and, within, hyphens, dots and underscores, at most 64`},
		{"a window that is none", "-- a.yaml --\nidentifier: a\nwindows: [Main]\n", `a.yaml:2: windows: "Main": labels are lower-case letters, digits and dashes`},
		{"a webview that is none", "-- a.yaml --\nidentifier: a\nwebviews: [\n  x,\n  '[a]']\n", `a.yaml:4: webviews: "[a]": labels are`},
		{"an unknown platform", "-- a.yaml --\n" + ok + "platforms: [macos]\n", `a.yaml:3: platforms: unknown platform "macos" (macOS is "darwin")`},
		{"an origin that is none", "-- a.yaml --\n" + ok + "remote:\n  urls: [example.com]\n", `a.yaml:4: remote.urls: "example.com"`},
		{"a URL pattern that is none", "-- a.yaml --\n" + ok + "remote:\n  urls: [\"https://{example.com\"]\npermissions: []\n", `a.yaml:4: remote.urls: "https://{example.com"`},
		{"a scope's URL pattern that is none", capability("{identifier: allow-a.b, allow: ['https://{x']}"), "a.yaml:3: rego_compile_error: scope.url_matches: "},
		{"remote without urls", "-- a.yaml --\n" + ok + "remote: {}\n", "a.yaml:3: remote has no urls: name the pages' URLs, or leave remote out"},
		{"a date for a time", "-- a.toml --\nidentifier = 'a'\nwindows = []\nexpires = 2027-01-31\n", `a.toml:3: expires must be an RFC 3339 time such as 2027-01-31T00:00:00Z, got "2027-01-31"`},
		{"the time that is none", "-- a.yaml --\n" + ok + "expires: 0001-01-01T02:00:00+02:00\n", "a.yaml:3: expires must be an RFC 3339 time such as 2027-01-31T00:00:00Z, got \"0001-01-01T02:00:00+02:00\""},
		{"a number for a time", "-- a.yaml --\n" + ok + "expires: 5\n", "a.yaml:3: expires must be an RFC 3339 time such as 2027-01-31T00:00:00Z, got a number"},
		{"a capability twice", capability("") + "-- b.json --\n[\n{\"identifier\": \"a\", \"windows\": [], \"permissions\": []}]", "b.json:2: capability a is defined already, at a.yaml:1: choose another identifier"},
		{"a capability twice, once in Rego", capability("") + "-- b.rego --\n" + strings.Replace(withoutScope, "notes", "a", 1) + "allow if input.command == \"x\"\n", ": capability a is defined already, in "},

		{"a permission that is none", capability("\"allow me\""), `a.yaml:3: "allow me" can't name a permission: expected letters, digits and inner hyphens`},
		{"a hyphen at the end", capability("x-"), `a.yaml:3: "x-" can't name a permission`},
		{"two colons", capability("'a:b:c'"), `a.yaml:3: "a:b:c" can't name a permission`},
		{"nothing before the colon", capability("':b'"), `a.yaml:3: ":b" can't name a permission`},
		{"nothing after the colon", capability("'a:'"), `a.yaml:3: "a:" can't name a permission`},
		{"a plugin's crate", capability("tauri-plugin-fs"), `a.yaml:3: "tauri-plugin-fs": expected the plugin's name without tauri-plugin-`},
		{"a permission of Tauri's for events", capability("'core:event:allow-listen'"), `a.yaml:3: "core:event:allow-listen": declarative files have no permissions for events: allow each in a .rego file, by input.command == "sallyport:listen" or "sallyport:emit", and input.event`},
		{"a permission of Tauri's core", capability("'core:window:allow-close'"), `a.yaml:3: "core:window:allow-close": the permissions of Tauri's core have no equivalent here: remove it`},
		{"a command of Tauri's", capability("'plugin:fs|read'"), `a.yaml:3: "plugin:fs|read" is a command of Tauri's, which sallyport policy import tauri understands`},
		{"one that is too long", capability("allow-" + strings.Repeat("a", 111)), " is too long: at most 116 bytes were expected, and 51 before the colon"},
		{"an unknown permission", capability("read"), "a.yaml:3: there is no permission or set read in a file below permissions"},
		{"a misspelt one", capability("nots-read") + "-- permissions/p.toml --\n[[permission]]\nidentifier = \"notes-read\"\n", "a.yaml:3: there is no permission or set nots-read in a file below permissions; did you mean notes-read?"},
		{"a misspelt set", capability("'fs:deflt'") + "-- permissions/fs/p.toml --\n[default]\npermissions = []\n", "a.yaml:3: there is no permission or set fs:deflt in a file below permissions; did you mean fs:default?"},
		{"a default that is none", capability("'fs:default'"), "a.yaml:3: there is no permission or set fs:default"},
		{"a misspelt scope that a command's permission would hide", capability("'fs:deny-hom'") + "-- permissions/fs/p.toml --\n[[permission]]\nidentifier = \"deny-home\"\nscope.deny = [\"$HOME\"]\n", "a.yaml:3: fs:deny-hom is written nowhere, so it would be about a command fs.hom; did you mean fs:deny-home? If not, write a permission fs:deny-hom"},
		{"a number for a permission", capability("5"), "a.yaml:3: each of permissions must be text or an object, got a number"},
		{"an object without identifier", capability("{allow: []}"), "a.yaml:3: an entry of permissions must have an identifier"},
		{"an object with another member", capability("{identifier: allow-a.b, scope: []}"), `a.yaml:3: an entry of permissions has no member "scope": expected allow, deny or identifier`},
		{"a scope on what denies a command", capability("{identifier: deny-a.b, allow: [/x]}"), "a.yaml:3: a scope beside commands.deny alone has no effect"},

		{"an entry that is a number", capability("{identifier: allow-a.b, allow: [5]}"), "a.yaml:3: each of allow must be text (a path, or a URL with ://) or an object, got a number, which could be compared with no argument"},
		{"an entry that is a list", permission("[[permission]]\nidentifier = \"p\"\nscope.deny = [\n  [\"x\"]]"), "permissions/p.toml:4: each of scope.deny must be text"},
		{"an entry that is empty", capability("{identifier: allow-a.b, deny: [{}]}"), "a.yaml:3: an empty object in deny would fit every call: name what is meant, or leave deny out"},
		{"a path that is no text", capability("{identifier: allow-a.b, deny: [{path: 5}]}"), "a.yaml:3: path in an entry of deny must be text, got a number"},
		{"a path with an unknown variable", permission("[[permission]]\nidentifier = \"p\"\ncommands.allow = [\"a.b\"]\nscope.allow = [\n\"/x\",\n\"$NOPE/x\"]") + "-- b.yaml --\nidentifier: b\nwindows: []\npermissions: [p]\n", `permissions/p.toml:6: rego_compile_error: scope.glob: "$NOPE/x" unknown variable $NOPE`},
		{"a path that can't be read", capability("{identifier: allow-a.b, allow: [/a/../b]}"), `a.yaml:3: rego_compile_error: scope.glob: "/a/../b" has a .. in it`},

		{"an unknown member of a permission", permission("[[permission]]\nidentifier = \"p\"\ncommand.allow = []"), `permissions/p.toml:3: a permission has no member "command": expected version, identifier, description, commands, scope or platforms; did you mean commands?`},
		{"an unknown member of commands", permission("[[permission]]\nidentifier = \"p\"\ncommands.alow = []"), `permissions/p.toml:3: commands has no member "alow": expected allow or deny; did you mean allow?`},
		{"an unknown table", permission("[[permissions]]\nidentifier = \"p\""), `permissions/p.toml:1: a file of permissions has no member "permissions": expected default, set, permission or $schema; did you mean permission?`},
		{"a table for a list of them", permission("[permission]\nidentifier = \"p\""), "permissions/p.toml:1: permission must be a list, got an object"},
		{"a permission without identifier", permission("[[permission]]\ncommands.allow = []"), "permissions/p.toml:1: a permission must have an identifier"},
		{"a set without identifier", permission("[[set]]\npermissions = []"), "permissions/p.toml:1: a set must have an identifier"},
		{"a set without permissions", permission("[[set]]\nidentifier = \"s\""), "permissions/p.toml:1: a set has no permissions: name them, [] for none"},
		{"a default without permissions", permission("[default]\ndescription = \"x\""), "permissions/p.toml:1: default has no permissions"},
		{"a default with an identifier", permission("[default]\nidentifier = \"x\""), `permissions/p.toml:2: default has no member "identifier": expected version, description or permissions`},
		{"version zero", permission("[[permission]]\nversion = 0\nidentifier = \"p\""), "permissions/p.toml:2: version must be a whole number from 1, got a number"},
		{"a namespace in an identifier", permission("[[permission]]\nidentifier = \"ns:p\""), `permissions/p.toml:2: "ns:p": expected an identifier without a colon: the folder below permissions is the namespace`},
		{"one called default", permission("[[set]]\nidentifier = \"default\"\npermissions = []"), `permissions/p.toml:2: "default" names the [default] of a namespace`},
		{"a command that is none", permission("[[permission]]\nidentifier = \"p\"\ncommands.allow = [\"a b\"]"), `permissions/p.toml:3: commands.allow: "a b" can't name a command: expected letters`},
		{"a command as Tauri writes it", permission("[[permission]]\nidentifier = \"p\"\ncommands.allow = [\"plugin:a|b\"]"), `permissions/p.toml:3: commands.allow: "plugin:a|b": expected a command's full name, such as notes.save`},
		{"a command without its namespace", namespaced("[[permission]]\nidentifier = \"p\"\ncommands.allow = [\"save\"]"), `permissions/ns/p.toml:3: commands.allow: "save" is not in the namespace of this folder: expected full names that begin with "ns."`},
		{"a command with its namespace twice", namespaced("[[set]]\nidentifier = \"s\"\npermissions = [\"allow-ns.save\"]"), `permissions/ns/p.toml:3: "allow-ns.save": in the namespace ns the command's name goes without it: expected "allow-save"`},
		{"a folder that is no namespace", capability("") + "-- permissions/n_s/p.toml --\n[default]\npermissions = []\n", "permissions/n_s/p.toml:1: the folder permissions/n_s can't be a namespace"},
		{"a scope beside a denial alone", permission("[[permission]]\nidentifier = \"p\"\ncommands.deny = [\"a.b\"]\nscope.deny = [\"/x\"]"), "permissions/p.toml:1: a scope beside commands.deny alone has no effect, for these commands are denied whatever they are called with: remove it, or put scope.deny beside commands.allow"},
		{"a permission twice", permission("[[permission]]\nidentifier = \"p\"\n[[permission]]\nidentifier = \"p\""), "permissions/p.toml:3: p is defined already, at permissions/p.toml:1: choose another identifier"},
		{"a permission and a set of one name", permission("[[permission]]\nidentifier = \"p\"\n[[set]]\nidentifier = \"p\"\npermissions = []"), "permissions/p.toml:3: p is defined already, at permissions/p.toml:1: choose another identifier"},
		{"two defaults", permission("[default]\npermissions = []") + "-- permissions/q.toml --\n[default]\npermissions = []\n", "permissions/q.toml:1: default is defined already, at permissions/p.toml:1"},
		{"a command's permission twice, by its two names", permission("[[permission]]\nidentifier = \"allow-ns.a\"") + "-- permissions/ns/p.toml --\n[[permission]]\nidentifier = \"allow-a\"\n", "permissions/p.toml:1: allow-ns.a is defined already, at permissions/ns/p.toml:1: choose"},
		{"a set of what is not there", permission("[[set]]\nidentifier = \"s\"\npermissions = [\n  \"allow-a.b\",\n  \"nope\"]"), "permissions/p.toml:5: there is no permission or set nope in a file below permissions"},
		{"a set of itself", permission("[[set]]\nidentifier = \"s\"\npermissions = [\"s\"]"), "permissions/p.toml:3: sets contain one another in a circle: s → s"},
		{"sets of each other", permission("[[set]]\nidentifier = \"a\"\npermissions = [\"ns:default\"]") + "-- permissions/ns/q.toml --\n[default]\npermissions = [\"b\"]\n[[set]]\nidentifier = \"b\"\npermissions = [\n\"allow-x\",\n\"ns:default\"]\n", "permissions/ns/q.toml:7: sets contain one another in a circle: ns:default → ns:b → ns:default"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load(folder(test.files), testConfig())
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
			if _, ok := errors.AsType[*FileError](err); !ok {
				t.Errorf("%T names no file", err)
			}
		})
	}
}
