package policy

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestMetadataIsStrict(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"no block", "package capability.a\nallow if true", "notes.rego:1: no METADATA block"},
		{"block after the package", "package capability.a\n# METADATA\n# custom:\n#   windows: [main]\nallow if true", `notes.rego:4: unknown metadata key "windows" on a rule`},
		{"misspelt block", "# METADTA\n# custom:\n#   windows: [main]\npackage capability.a\nallow if true", "notes.rego:4: no METADATA block"},
		{"two blocks", "# METADATA\n# custom:\n#   windows: [main]\n\n# METADATA\n# title: x\npackage capability.a", "notes.rego:5: second METADATA block"},
		{"block with a gap", "# METADATA\n# custom:\n#   windows: [main]\n\n#   expires: 2020-01-01T00:00:00Z\npackage capability.a", "notes.rego:5: comment between the METADATA block and the package"},
		{"block of two documents", "# METADATA\n# custom:\n#   windows: [main]\n# ---\n# custom:\n#   expires: 2020-01-01T00:00:00Z\npackage capability.a", "notes.rego:1: the METADATA block is more than one YAML document"},
		{"block with an end", "# METADATA\n# custom:\n#   windows: [main]\n# ...\n# custom: {}\npackage capability.a", "notes.rego:1: the METADATA block is more than one YAML document"},
		{"block beside the package", "package capability.a # METADATA\n# custom:\n#   windows: [main]\nallow if true", `notes.rego:3: unknown metadata key "windows" on a rule`},
		{"block that is empty", "# METADATA\npackage capability.a", "notes.rego:1: custom.windows is missing"},
		{"windows missing", "# METADATA\n# title: x\npackage capability.a", "notes.rego:1: custom.windows is missing"},
		{"windows empty key", "# METADATA\n# custom:\n#   windows:\npackage capability.a", "notes.rego:3: windows must be a list"},
		{"windows null", "# METADATA\n# custom:\n#   windows: null\npackage capability.a", "notes.rego:3: windows must be a list"},
		{"windows text", "# METADATA\n# custom:\n#   windows: main\npackage capability.a", "notes.rego:3: windows must be a list"},
		{"windows number", "# METADATA\n# custom:\n#   windows: [7]\npackage capability.a", "notes.rego:3: windows must hold strings"},
		{"window empty", "# METADATA\n# custom:\n#   windows: ['']\npackage capability.a", `notes.rego:3: windows: "" names no window`},
		{"window with a class", "# METADATA\n# custom:\n#   windows: ['[a-z]']\npackage capability.a", "notes.rego:3: windows: "},
		{"window in capitals", "# METADATA\n# custom:\n#   windows: [Main]\npackage capability.a", "notes.rego:3: windows: "},
		{"unknown key", "# METADATA\n# windows: [main]\n# custom:\n#   windows: [main]\npackage capability.a", `notes.rego:2: unknown metadata key "windows"`},
		{"unknown custom key", "# METADATA\n# custom:\n#   windows: [main]\n#   origin: [x]\npackage capability.a", `notes.rego:4: unknown metadata key "origin"`},
		{"key in capitals", "# METADATA\n# custom:\n#   windows: [main]\n#   Expires: 2020-01-01T00:00:00Z\npackage capability.a", `notes.rego:4: unknown metadata key "Expires"`},
		{"key twice", "# METADATA\n# custom:\n#   windows: [main]\n#   windows: ['*']\npackage capability.a", "notes.rego:"},
		{"OPA's schemas", "# METADATA\n# schemas: []\n# custom:\n#   windows: [main]\npackage capability.a", `notes.rego:2: unknown metadata key "schemas"`},
		{"scope of subpackages", "# METADATA\n# scope: subpackages\n# custom:\n#   windows: [main]\npackage capability.a", "notes.rego:2: scope over the package"},
		{"alias", "# METADATA\n# title: &x main\n# custom:\n#   windows: *x\npackage capability.a", "notes.rego:4: custom: YAML anchors"},
		{"merge", "# METADATA\n# title: x\n# custom:\n#   <<: {windows: [main]}\npackage capability.a", "notes.rego:4: "},
		{"no YAML", "# METADATA\n# custom: [\npackage capability.a", "notes.rego:2: the METADATA block is not YAML, here or on a line beside it: "},
		{"no YAML further down", "# METADATA\n# title: x\n# custom:\n#   windows: [main]\n#  y: 3\npackage capability.a", "notes.rego:4: the METADATA block is not YAML, here or on a line beside it: "},
		{"no YAML at the end", "# METADATA\n# custom:\n#   windows: [main]\n# title: \"x\npackage capability.a", "notes.rego:4: the METADATA block is not YAML"},
		{"title is no text", "# METADATA\n# title: 7\n# custom:\n#   windows: [main]\npackage capability.a", "notes.rego:2: title must be text"},
		{"custom is no mapping", "# METADATA\n# custom: [windows]\npackage capability.a", "notes.rego:2: custom must be a mapping"},
		{"rule with windows", "# METADATA\n# custom:\n#   windows: [main]\npackage capability.a\n\n# METADATA\n# custom:\n#   windows: [other]\nallow if true", `notes.rego:8: unknown metadata key "windows" on a rule`},

		{"platform unknown", "# METADATA\n# custom:\n#   windows: [main]\n#   platforms: [macOS]\npackage capability.a", `notes.rego:4: platforms: unknown platform "macOS" (macOS is "darwin")`},
		{"platforms text", "# METADATA\n# custom:\n#   windows: [main]\n#   platforms: linux\npackage capability.a", "notes.rego:4: platforms must be a list"},
		{"expires without zone", "# METADATA\n# custom:\n#   windows: [main]\n#   expires: 2027-01-01\npackage capability.a", "notes.rego:4: expires must be an RFC 3339 time"},
		{"expires at the time that is none", "# METADATA\n# custom:\n#   windows: [main]\n#   expires: 0001-01-01T00:00:00Z\npackage capability.a", "notes.rego:4: expires must be an RFC 3339 time"},
		{"expires empty", "# METADATA\n# custom:\n#   windows: [main]\n#   expires:\npackage capability.a", "notes.rego:4: expires must be"},
		{"local as text", "# METADATA\n# custom:\n#   windows: [main]\n#   local: 'true'\npackage capability.a", "notes.rego:4: local must be true or false"},
		{"local as yes", "# METADATA\n# custom:\n#   windows: [main]\n#   local: yes\npackage capability.a", "notes.rego:4: local must be true or false"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load(files(test.text), testConfig())
			if err == nil || !strings.HasPrefix(err.Error(), "policy: "+test.want) {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestOneFileHoldsOneCapability(t *testing.T) {
	_, err := Load(files(withoutScope, withoutScope), testConfig())
	if err == nil || err.Error() != "policy: notes.rego:4: capability notes is defined already, in more1.rego: one file holds one capability" {
		t.Errorf("got %v", err)
	}
}

func TestOriginsAreWrittenPlainly(t *testing.T) {
	for _, test := range []struct {
		text string
		ok   bool
	}{
		{"https://example.com", true},
		{"https://example.com:8443", true},
		{"http://127.0.0.1:41001", true},
		{"http://[::1]:41001", true},
		{"app://localhost", true},
		{"https://xn--bcher-kva.example", true},

		{"http://[fe80::a]", true},
		{"https://*.example.com", true},
		{"https://example.com/", true},
		{"https://example.com/app", true},
		{"https://example.com/app/*", true},
		{"https://example.com:*", true},
		{"https://:team.example.com", true},
		{"http{s}?://example.com", true},
		{"https://*", true},
		{"*://*", true},
		{"*://*:*", true},

		{"https://example.*", false},
		{"https://example.com*", false},
		{"https://*example.com", false},
		{"https://*.example.com.", false},
		{"https://(.*)example.com", false},
		{"https://:any", false},
		{"https://*.*", false},
		{"htt*://example.com", false},
		{"https://example.com/../x", false},
		{"https://user@*.example.com", false},
		{"https://example.com:abc", false},
		{"http://192.168.*", false},
		{"app:*", false},
		{"file://*", false},
		{"javascript:*", false},
		{"https://example.com:", false},
		{"https://example.com:0443", false},
		{"https://example.com:99999", false},
		{"https://user@example.com", false},
		{"https://Example.com", false},
		{"https://example.com.", false},
		{"https://exa mple.com", false},
		{"https://bücher.example", false},
		{"https://example.com\\@evil.com", false},
		{"https://%65xample.com", false},
		{"example.com", false},
		{"//example.com", false},
		{"https:example.com", false},
		{"file:///etc", false},
		{"data:text/html,x", false},
		{"null", false},
		{"*", false},
		{"", false},
	} {
		t.Run(test.text, func(t *testing.T) {
			_, err := readSite(test.text)
			if (err == nil) != test.ok || err != nil && !strings.Contains(err.Error(), strconv.Quote(test.text)) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestCapabilitiesHoldWhereTheySay(t *testing.T) {
	const app, page = "http://main-1.localhost:4000", "https://example.com"
	for _, test := range []struct {
		name, custom, window, origin, platform string
		local, want                            bool
	}{
		{"window named", "windows: [main]", "main", app, "", true, true},
		{"other window", "windows: [main]", "maine", app, "", true, false},
		{"no window", "windows: [main]", "", app, "", true, false},
		{"glob", "windows: ['editor-*']", "editor-7", app, "", true, true},
		{"glob from its beginning", "windows: ['editor-*']", "my-editor-7", app, "", true, false},
		{"any window", "windows: ['*']", "x", app, "", true, true},
		{"question mark", "windows: ['w?']", "w1", app, "", true, true},
		{"empty list of windows is nowhere", "windows: []", "main", app, "", true, false},

		{"app by default", "windows: [main]", "main", app, "", true, true},
		{"not a remote page by default", "windows: [main]", "main", page, "", false, false},
		{"app's origin alone is not the app", "windows: [main]", "main", app, "", false, false},
		{"remote page named", "windows: [main], origins: ['https://example.com']", "main", page, "", false, true},
		{"remote page named, default port", "windows: [main], origins: ['https://example.com:443']", "main", page, "", false, true},
		{"remote page with another port", "windows: [main], origins: ['https://example.com']", "main", "https://example.com:444", "", false, false},
		{"remote page with another scheme", "windows: [main], origins: ['https://example.com']", "main", "http://example.com", "", false, false},
		{"remote page with a longer name", "windows: [main], origins: ['https://example.com']", "main", "https://example.com.evil.org", "", false, false},
		{"remote subdomain", "windows: [main], origins: ['https://example.com']", "main", "https://a.example.com", "", false, false},
		{"opaque page", "windows: [main], origins: ['https://example.com']", "main", "null", "", false, false},
		{"named origins exclude the app", "windows: [main], origins: ['https://example.com']", "main", app, "", true, false},
		{"local adds the app", "windows: [main], origins: ['https://example.com'], local: true", "main", app, "", true, true},
		{"local false without origins is nowhere", "windows: [main], local: false", "main", app, "", true, false},
		{"empty list of origins is nowhere", "windows: [main], origins: []", "main", app, "", true, false},
		{"empty list of origins and local", "windows: [main], origins: [], local: true", "main", app, "", true, true},

		{"platform of the config", "windows: [main], platforms: [linux]", "main", app, "", true, true},
		{"other platform", "windows: [main], platforms: [windows, darwin]", "main", app, "", true, false},
		{"platform of the call", "windows: [main], platforms: [windows]", "main", app, "windows", true, true},
		{"empty list of platforms is none", "windows: [main], platforms: []", "main", app, "", true, false},

		{"not expired", "windows: [main], expires: 2026-11-22T12:00:01Z", "main", app, "", true, true},
		{"expires at this instant", "windows: [main], expires: 2026-11-22T12:00:00Z", "main", app, "", true, false},
		{"expired", "windows: [main], expires: 2020-01-01T00:00:00+02:00", "main", app, "", true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := load(t, "# METADATA\n# custom: {"+test.custom+"}\npackage capability.a\nallow if input.command == \"x\"\n")
			in := call(t, "x", `{}`)
			in.Window, in.Origin, in.Platform, in.Local = test.window, test.origin, test.platform, test.local
			want := "deny"
			if test.want {
				want = "allow notes.rego:4"
			}
			if got := decide(t, p, in); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestRemotePagesFitPatterns(t *testing.T) {
	for _, test := range []struct {
		name, origins, page string
		want                bool
	}{
		{"exact origin", "https://example.com", "https://example.com", true},
		{"exact origin, page as a URL", "https://example.com", "https://example.com/a?b#c", true},
		{"exact origin, page in capitals", "https://example.com", "HTTPS://EXAMPLE.COM", true},
		{"exact origin, page with the default port", "https://example.com", "https://example.com:443/", true},
		{"exact origin with the default port", "https://example.com:443", "https://example.com", true},
		{"exact origin, another port", "https://example.com", "https://example.com:8443", false},
		{"exact origin, another scheme", "https://example.com", "http://example.com", false},
		{"exact IPv6 origin", "http://[0:0::1]:8080", "http://[::1]:8080", true},
		{"any path of an origin", "https://example.com/", "https://example.com/a", true},
		{"subdomains", "https://*.example.com", "https://a.b.example.com", true},
		{"subdomains are not the domain", "https://*.example.com", "https://example.com", false},
		{"path", "https://example.com/app/*", "https://example.com/app/x", true},
		{"another path", "https://example.com/app/*", "https://example.com/application", false},
		{"a path and a page that is known by its origin only", "https://example.com/app/*", "https://example.com", false},
		{"any port", "http://localhost:*", "http://localhost:3000", true},
		{"any host", "https://*", "https://evil.org", true},
		{"any host of a scheme is no other scheme", "https://*", "http://evil.org", false},
		{"any host has the default port", "https://*", "https://evil.org:8443", false},
		{"anything", "*://*:*", "http://evil.org:8080/x", true},
		{"a scheme of an app", "app://*.localhost", "app://main.localhost", true},

		{"prefix of a name", "https://*.example.com", "https://a.example.com.evil.org", false},
		{"suffix of a name", "https://*.example.com", "https://evilexample.com", false},
		{"name in a path", "https://*.example.com", "https://evil.org/.example.com", false},
		{"user name", "https://example.com", "https://example.com@evil.org", false},
		{"user name before the right host", "https://*.example.com", "https://evil.org@a.example.com", false},
		{"backslash", "https://*.example.com", `https://evil.org\.example.com`, false},
		{"trailing dot", "https://example.com", "https://example.com.", false},
		{"trailing dot under a wildcard", "https://*", "https://example.com.", false},
		{"full-width letters", "https://example.com", "https://ｅxample.com", false},
		{"letters that look the same", "https://*.apple.com", "https://a.аpple.com", false},
		{"name outside ASCII", "https://*.bücher.example", "https://a.xn--bcher-kva.example", true},
		{"short address", "http://127.0.0.1", "http://127.1", false},
		{"climbing path", "https://example.com/app/*", "https://example.com/app/..%2fadmin", false},
		{"climbing path where all are open", "https://example.com", "https://example.com/app/..%2fadmin", false},
		{"opaque page", "*://*", "null", false},
		{"no page", "*://*", "", false},
		{"file", "*://*", "file:///home/u/a.html", false},
		{"file of a host", "*://*", "file://example.com/a.html", false},
		{"blob", "*://*", "blob:https://example.com/7", false},
		{"data", "*://*", "data:text/html,x", false},
		{"control character", "*://*", "https://example.com\n", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := load(t, "# METADATA\n# custom: {windows: [main], origins: ["+strconv.Quote(test.origins)+"]}\npackage capability.a\nallow if input.command == \"x\"\n")
			for _, local := range []bool{false, true} { // named origins exclude the app itself
				in := call(t, "x", `{}`)
				in.Origin, in.Local = test.page, local
				if got := decide(t, p, in); strings.HasPrefix(got, "allow") != test.want {
					t.Errorf("local %v: got %s", local, got)
				}
			}
		})
	}
}

// CVE-2026-42184, GHSA-7gmj-67g7-phm9 (Tauri): a page was the app's own if the first label of its host
// was that of the app's scheme.
func TestCVE202642184APageIsNeverLocalByItsName(t *testing.T) {
	const custom = "# METADATA\n# custom: {windows: [main]%s}\npackage capability.%s\nallow if input.command == %q\n"
	p := load(t, fmt.Sprintf(custom, "", "app", "local"),
		fmt.Sprintf(custom, ", origins: ['app://localhost', 'http://app.localhost']", "named", "named"),
		fmt.Sprintf(custom, ", origins: ['http://*.app.localhost']", "below", "below"))
	for _, page := range []string{
		"http://app.evil.com", "http://app.localhost.evil.com", "https://app.localhost", "http://app.localhost:81", "http://app.localhost.", "http://app",
		"http://app@evil.com", "http://app.localhost@evil.com", "http://evil.com@app.localhost", "http://evil.com/app.localhost", "http://app.localhos\u0074.evil.com",
		"http://evilapp.localhost", "http://аpp.localhost", "http://ａpp.localhost", "http://app.local\u00adhost", "http://app%2elocalhost", "http://app。localhost",
		"app://localhost.evil.com", "app://app.localhost", "app://LOCALHOST", "apps://localhost", "app:localhost", "null", "",
		"http://a.app.localhost.evil.com", "http://a.evilapp.localhost", "http://.app.localhost",
	} {
		for _, command := range []string{"local", "named", "below"} {
			in := call(t, command, `{}`)
			in.Origin, in.Local = page, false
			if got := decide(t, p, in); got != "deny" {
				t.Errorf("%q, %s: got %s", page, command, got)
			}
		}
	}
	for page, command := range map[string]string{"http://APP.localhost:80": "named", "app://localhost": "named", "http://a.app.localhost": "below"} {
		in := call(t, command, `{}`)
		in.Origin, in.Local = page, false
		if got := decide(t, p, in); !strings.HasPrefix(got, "allow") {
			t.Errorf("%q, %s: got %s", page, command, got)
		}
	}
}

func TestTheOriginThatRulesReadIsThatOfTheURL(t *testing.T) {
	p := load(t, strings.Replace(withoutScope, "windows: [main]", "windows: [main]\n#   origins: ['https://*.example.com']", 1)+
		"allow if input.command == \"x\"\ndeny contains \"not there\" if input.origin == \"https://b.example.com\"")
	for page, want := range map[string]string{"https://a.example.com/x": "allow notes.rego:6", "HTTPS://b.example.com:443/x": "deny notes.rego:7 (not there)"} {
		in := call(t, "x", `{}`)
		in.Origin, in.Local = page, false
		if got := decide(t, p, in); got != want {
			t.Errorf("%s: got %s, want %s", page, got, want)
		}
	}
}

func TestWideOriginsAreToldApart(t *testing.T) {
	for origins, want := range map[string]bool{"'https://*'": true, "'*://example.com'": true, "'https://example.com', '*://*:*/x'": true, "'https://{*}/x'": true,
		"'https://example.com'": false, "'https://*.example.com/*'": false, "": false} {
		p := load(t, "# METADATA\n# custom: {windows: [main], origins: ["+origins+"]}\npackage capability.a\n")
		all := p.Capabilities()
		if got := all[0].Wide(); got != want {
			t.Errorf("%s: %v", origins, got)
		}
		if texts := strings.Trim(strings.ReplaceAll(origins, "'", ""), " "); strings.Join(all[0].Origins, ", ") != texts {
			t.Errorf("listed as %q", all[0].Origins)
		}
	}
}

func TestExpiryIsCheckedAtEachDecision(t *testing.T) {
	expiring := strings.Replace(withoutScope, "windows: [main]", "windows: [main]\n#   expires: 2026-11-22T12:00:00Z", 1) +
		"allow if input.command == \"x\"\n"
	denying := strings.ReplaceAll(strings.Replace(expiring, "allow if", "deny contains \"not yet\" if", 1), "capability.notes", "capability.until")
	denying = strings.Replace(denying, "12:00:00Z", "11:00:00Z", 1)
	p := load(t, expiring, denying)
	at := func(clock string) string {
		in := call(t, "x", `{}`)
		in.Time, _ = time.Parse(time.RFC3339, "2026-11-22T"+clock+"Z")
		return decide(t, p, in)
	}
	for _, step := range [][2]string{
		{"10:59:59", "deny more1.rego:6 (not yet)"},
		{"11:00:00", "allow notes.rego:6"},
		{"11:59:59", "allow notes.rego:6"},
		{"12:00:00", "deny"},
		{"11:30:00", "allow notes.rego:6"}, // a clock that was set back
		{"10:00:00", "deny more1.rego:6 (not yet)"},
	} {
		if got := at(step[0]); got != step[1] {
			t.Errorf("at %s: got %s, want %s", step[0], got, step[1])
		}
	}
	in := call(t, "x", `{}`)
	in.Time = time.Time{}
	expired := load(t, strings.Replace(expiring, "2026-11-22", "2020-11-22", 1))
	if got := decide(t, expired, in); got != "deny" {
		t.Errorf("a call without a time, after expiry: %s", got)
	}
}

func TestCapabilitiesAreListed(t *testing.T) {
	p := load(t, "# METADATA\n# title: B\n# description: does b\n# custom:\n#   windows: [main]\n#   origins: ['https://example.com']\n"+
		"#   platforms: []\n#   expires: 2027-01-01T00:00:00Z\npackage capability.b\n", strings.Replace(withoutScope, "notes", "a", 1))
	all := p.Capabilities()
	if len(all) != 2 || all[0].ID != "a" || all[1].ID != "b" {
		t.Fatalf("got %+v", all)
	}
	a, b := all[0], all[1]
	if a.Origins != nil || a.Platforms != nil || !a.Local || !a.Expires.IsZero() || a.File != "more1.rego" {
		t.Errorf("got %+v", a)
	}
	if a.Line != 3 || b.Line != 5 {
		t.Errorf("windows on lines %d and %d", a.Line, b.Line)
	}
	if b.Title != "B" || b.Description != "does b" || b.Local || len(b.Origins) != 1 || b.Platforms == nil || b.Expires.Year() != 2027 {
		t.Errorf("got %+v", b)
	}
	all[0].Windows[0] = "*"
	if p.Capabilities()[0].Windows[0] != "main" {
		t.Error("the caller's copy is the policy's own")
	}
}
