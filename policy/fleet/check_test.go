package fleet

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAConfigurationThatWouldWeakenThePolicyIsRefused(t *testing.T) {
	k := newPair(t)
	base := yaml("https://policies.example", k)
	symmetric := strings.Replace(base, "algorithm: ES256", "algorithm: HS256", 1)
	discovered := strings.Replace(base, "bundles:\n  app:\n", "discovery:\n", 1)
	edit := func(text, old, new string) string {
		t.Helper()
		if !strings.Contains(text, old) {
			t.Fatalf("there is no %q to replace", old)
		}
		return strings.Replace(text, old, new, 1)
	}
	const signing = "    signing: {keyid: fleet}\n"
	tests := []struct {
		name, yaml string
		want       string // "" is that nothing is wrong
	}{
		{"as it should be", base, ""},
		{"as it should be, in JSON", `{"services": {"a": {"url": "https://a.example"}}, "keys": {"k": {"algorithm": "ES256", "key": ` + fmt.Sprintf("%q", k.public) +
			`}}, "bundles": {"app": {"service": "a", "signing": {"keyid": "k", "scope": "write"}}}}`, ""},
		{"services as a list", edit(base, "  fleet:\n    url: ", "  - name: fleet\n    url: "), ""},
		{"with discovery", discovered, ""},

		{"nothing", "", "configuration: bundles: expected one, got 0"},
		{"no YAML", "a: [", "configuration: expected YAML or JSON"},
		{"a list", "[]", "configuration: expected YAML or JSON"},
		{"no signing", edit(base, signing, ""), "configuration: bundles.app.signing.keyid: expected the name of a key in keys; to take"},
		{"an empty signing", edit(base, signing, "    signing: {}\n"), "configuration: bundles.app.signing.keyid: expected the name of a key"},
		{"a signing of null", edit(base, signing, "    signing: null\n"), "configuration: bundles.app.signing.keyid: expected the name of a key"},
		{"signing misspelt", edit(base, "signing:", "singing:"), "configuration: bundles.app.signing.keyid: expected the name of a key"},
		{"keyid misspelt", edit(base, "{keyid: fleet}", "{key_id: fleet}"), `configuration: bundles.app.signing: json: unknown field "key_id"`},
		{"a key that is not there", edit(base, "{keyid: fleet}", "{keyid: other}"), "configuration: bundles.app.signing.keyid: there is no keys.other"},
		{"no keys", edit(base, "keys:\n", "labels:\n"), "there is no keys.fleet"},
		{"files that nobody signed", edit(base, "{keyid: fleet}", `{keyid: fleet, exclude_files: ["*.rego"]}`), "configuration: bundles.app.signing.exclude_files: nobody"},
		{"delta bundles", edit(base, "{keyid: fleet}", "{keyid: fleet, allow_unsigned_delta_bundles: true}"), "configuration: bundles.app.signing.allow_unsigned_delta_bundles: "},
		{"a symmetric key", symmetric, "configuration: keys.fleet.algorithm: HS256"},
		{"a key that is none", edit(base, "-----BEGIN PUBLIC", "-----BEGIN"), "configuration: keys.fleet.key: expected a public key"},

		{"no persistence", edit(base, signing, signing+"    persist: false\n"), "configuration: bundles.app.persist: expected true"},
		{"a folder for it", base + "persistence_directory: /tmp\n", "configuration: persistence_directory: set StateDir"},
		{"a trigger by hand", edit(base, signing, signing+"    trigger: manual\n"), "configuration: bundles.app.trigger: expected periodic"},
		{"no pause between polls", edit(base, "min_delay_seconds: 1", "min_delay_seconds: 0"), "configuration: bundles.app.polling.min_delay_seconds: expected at least 1"},
		{"a file", edit(base, "/bundles/app.tar.gz", "file:///tmp/app.tar.gz"), "configuration: bundles.app.resource: expected a path on a service"},
		{"discovery of nothing", edit(base, base[strings.Index(base, "bundles:"):strings.Index(base, "status:")], "discovery: {}\n"), "configuration: discovery.signing.keyid: expected the name of a key"},
		{"a second bundle", edit(base, "status:\n", "  more:\n    service: fleet\n    signing: {keyid: fleet}\nstatus:\n"), "configuration: bundles: expected one, got 2"},
		{"a bundle of null", edit(base, base[strings.Index(base, "bundles:"):strings.Index(base, "status:")], "bundles: {app: null}\n"), "configuration: bundles.app: expected an object"},
		{"a bundle's name that leaves the folder", edit(base, "  app:\n", "  ../app:\n"), `configuration: bundles."../app": expected a name`},
		{"a bundle's name that is OPA's own", edit(base, "  app:\n", "  discovery:\n"), `configuration: bundles."discovery": expected a name`},
		{"the older form", base + "bundle: {name: app}\n", "configuration: bundle: this older form knows no signature"},
		{"a service that is not there", edit(base, "    service: fleet\n    resource", "    service: other\n    resource"), `service name "other" not found`},

		{"http", edit(base, "https://", "http://"), "configuration: services.fleet.url: expected https"},
		{"http in a list of services", edit(edit(base, "https://", "http://"), "  fleet:\n    url: ", "  - name: fleet\n    url: "), "configuration: services.0.url: expected https"},
		{"http that only looks local", edit(base, "https://policies.example", "http://localhost.example"), "configuration: services.fleet.url: expected https"},
		{"http to another machine's address", edit(base, "https://policies.example", "http://10.0.0.1"), "configuration: services.fleet.url: expected https"},
		{"http on this machine", edit(base, "https://policies.example", "http://[::1]:1"), ""},
		{"a server that could be anybody", edit(base, "    url:", "    allow_insecure_tls: true\n    url:"), "configuration: services.fleet.allow_insecure_tls: "},
		{"no URL", edit(base, "https://policies.example", "policies"), "configuration: services.fleet.url: expected an https URL"},

		{"OPA's decision logs", base + "decision_logs: {console: true}\n", "configuration: decision_logs: OPA makes no decisions here"},
		{"OPA's plugins", base + "plugins: {x: {}}\n", "configuration: plugins: no plugins"},
		{"a server", base + "server: {}\n", "configuration: server: it has no effect here"},
		{"an option that OPA does not know", edit(base, signing, signing+"    size: 1\n"), `unknown configuration option "bundles.app.size"`},

		{"discovery nobody signed", edit(discovered, "signing:", "#"), "configuration: discovery.signing.keyid: expected the name of a key"},
		{"discovery and bundles", base + "discovery: {resource: d, signing: {keyid: fleet}}\n", "configuration: bundles: with discovery the discovered"},
		{"discovery and its label", discovered + "labels: {revision: \"1\"}\n", "configuration: labels.revision: it belongs to"},
		{"discovery in its older form", edit(discovered, "resource:", "name: ../x\n    resource:"), "configuration: discovery.name: write resource"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f, err := Start(t.Context(), Config{OPA: []byte(test.yaml), StateDir: t.TempDir()}, accept)
			if err == nil {
				stop(t, f)
			}
			if test.want == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "fleet: ") {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
			if strings.Contains(fmt.Sprint(err), "BEGIN") {
				t.Error("the error quotes a key")
			}
		})
	}
}

func accept(context.Context, fs.FS, string) error { return nil }

func TestLooseningTakesAFieldThatSaysSo(t *testing.T) {
	k := newPair(t)
	y := []byte(yaml("http://policies.example", k))
	for _, test := range []struct {
		name string
		c    Config
	}{
		{"a service without TLS", Config{OPA: y, InsecureTransport: true}},
		{"a bundle without signature", Config{OPA: unsigned(t, "https://policies.example", k), InsecureUnsigned: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.c.StateDir = t.TempDir()
			f, err := Start(t.Context(), test.c, accept)
			if err != nil {
				t.Fatal(err)
			}
			stop(t, f)
			test.c.InsecureTransport, test.c.InsecureUnsigned = test.c.InsecureUnsigned, test.c.InsecureTransport
			if f, err := Start(t.Context(), test.c, accept); err == nil {
				stop(t, f)
				t.Error("the other field did it as well")
			}
		})
	}
}

func TestAStartWithoutItsFolderOrItsFunctionIsRefused(t *testing.T) {
	y := []byte(yaml("https://policies.example", newPair(t)))
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for want, start := range map[string]func() (*Fleet, error){
		"apply is nil":      func() (*Fleet, error) { return Start(t.Context(), Config{OPA: y, StateDir: dir}, nil) },
		"StateDir is empty": func() (*Fleet, error) { return Start(t.Context(), Config{OPA: y}, accept) },
		"StateDir: ":        func() (*Fleet, error) { return Start(t.Context(), Config{OPA: y, StateDir: file}, accept) },
	} {
		if f, err := start(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
			if f != nil {
				stop(t, f)
			}
		}
	}
}

func TestAMemoryOfRevisionsThatIsBrokenIsRefused(t *testing.T) {
	y := []byte(yaml("https://policies.example", newPair(t)))
	for name, text := range map[string]string{
		"empty":               "",
		"no JSON":             "{",
		"two values":          `{"revision":"1","digest":"a"} {"revision":"0","digest":"a"}`,
		"an unknown member":   `{"revision":"1","digest":"a","x":1}`,
		"no digest":           `{"revision":"1"}`,
		"no order":            `{"revision":"x","digest":"a"}`,
		"a number for a name": `{"revision":1,"digest":"a"}`,
	} {
		t.Run(name, func(t *testing.T) {
			for _, file := range []string{"policy.json", "configuration.json"} {
				dir := t.TempDir()
				path := filepath.Join(dir, file)
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				f, err := Start(t.Context(), Config{OPA: y, StateDir: dir}, accept)
				if err == nil {
					stop(t, f)
				}
				if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "Remove the file") {
					t.Errorf("%s: %v", file, err)
				}
				if now, _ := os.ReadFile(path); !bytes.Equal(now, []byte(text)) {
					t.Errorf("%s was changed", file)
				}
			}
		})
	}
}

func TestRevisionsHaveAnOrder(t *testing.T) {
	const day = "2026-01-31T12:00:00Z"
	tests := []struct {
		from, to string
		want     string // "higher", "same", or a part of the error
	}{
		{"1", "2", "higher"},
		{"9", "10", "higher"},
		{"0", "1", "higher"},
		{"1769860800000000000", "1769860800000000001", "higher"},
		{day, "2026-01-31T12:00:00.000000001Z", "higher"},
		{day, "2026-01-31T11:30:00-01:00", "higher"},
		{"7", "7", "same"},
		{day, "2026-01-31T13:00:00+01:00", "same"},

		{"10", "9", "is older than"},
		{day, "2026-01-31T12:30:00+01:00", "is older than"},
		{"2", day, "can't be compared"},
		{day, "2", "can't be compared"},
		{"1", "02", "expected a decimal integer"},
		{"1", "+2", "expected a decimal integer"},
		{"1", "-2", "expected a decimal integer"},
		{"1", "2.0", "expected a decimal integer"},
		{"1", "2 ", "expected a decimal integer"},
		{"1", "2\n", "expected a decimal integer"},
		{"1", "1e9", "expected a decimal integer"},
		{"1", "0x2", "expected a decimal integer"},
		{"1", "٢", "expected a decimal integer"},
		{"1", "18446744073709551616", "expected a decimal integer"},
		{"1", "", "expected a decimal integer"},
		{day, "2026-02-31T12:00:00Z", "expected a decimal integer"},
		{day, "2026-02-01", "expected a decimal integer"},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%s then %q", test.from, test.to), func(t *testing.T) {
			h := &highest{path: filepath.Join(t.TempDir(), "mark"), mark: mark{test.from, "a"}}
			keep, err := h.follow(mark{test.to, "a"})
			if err != nil {
				if !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v, want %s", err, test.want)
				}
				return
			}
			if err := keep(); err != nil {
				t.Fatal(err)
			}
			read, err := openHighest(h.path)
			if err != nil {
				t.Fatal(err)
			}
			if got := map[bool]string{true: "higher", false: "same"}[read.mark.Revision == test.to]; got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
