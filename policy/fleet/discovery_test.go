package fleet

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const discoveryPath = "/bundles/discovery.tar.gz"

// discovering configures discovery, by which all else comes.
func discovering(url string, k pair) []byte {
	y := strings.Replace(yaml(url, k), "bundles:\n  app:\n", "discovery:\n    decision: fleet/configuration\n", 1)
	return []byte(strings.Replace(y, bundlePath, discoveryPath, 1))
}

// discovered is a configuration as a control plane would hand it out.
func discovered(revision string, changes map[string]any) map[string]any {
	d := map[string]any{
		"labels": map[string]any{"revision": revision},
		"bundles": map[string]any{"app": map[string]any{
			"service": "fleet", "resource": bundlePath, "signing": map[string]any{"keyid": "fleet"},
			"polling": map[string]any{"min_delay_seconds": 1, "max_delay_seconds": 1},
		}},
	}
	for name, value := range changes {
		d[name] = value
	}
	maps.DeleteFunc(d, func(_ string, value any) bool { return value == nil })
	return d
}

func discoveryBundle(t *testing.T, signer *pair, d map[string]any) []byte {
	t.Helper()
	return packed{revision: "any", signer: signer, roots: []string{"fleet"}, data: map[string]any{"fleet": map[string]any{"configuration": d}}}.bytes(t)
}

func TestADiscoveredConfigurationMovesTheFleet(t *testing.T) {
	t.Parallel()
	k, s, a, dir := newPair(t), newServer(t), &app{}, t.TempDir()
	s.serve(bundlePath, packed{revision: "1", signer: &k, files: map[string]string{"/notes.rego": capability("notes", "notes.save")}}.bytes(t))
	s.serve(discoveryPath, discoveryBundle(t, &k, discovered("1", nil)))
	c := Config{OPA: discovering(s.URL, k), StateDir: dir}
	f := run(t, c, a)
	inForce(t, f, "1")

	// Another bundle under another name, signed by a key that comes with the configuration.
	next := newPair(t)
	s.serve("/bundles/next.tar.gz", packed{revision: "2", signer: &next, files: map[string]string{"/files.rego": capability("files", "files.save")}}.bytes(t))
	s.serve(discoveryPath, discoveryBundle(t, &k, discovered("2", map[string]any{
		"keys": map[string]any{"next": map[string]any{"algorithm": "ES256", "key": next.public}},
		"bundles": map[string]any{"next": map[string]any{
			"service": "fleet", "resource": "/bundles/next.tar.gz", "signing": map[string]any{"keyid": "next"},
			"polling": map[string]any{"min_delay_seconds": 1, "max_delay_seconds": 1},
		}},
	})))
	inForce(t, f, "2")
	if a.allows("notes.save") || !a.allows("files.save") {
		t.Error("the next bundle does not decide")
	}
	eventually(t, "the configuration's revision at the status service", func() bool { return s.reported(0, `"revision":"2"`) })
	eventually(t, "both bundles on disk", func() bool {
		_, first := os.Stat(filepath.Join(dir, "bundles", "discovery", "bundle.tar.gz"))
		_, second := os.Stat(filepath.Join(dir, "bundles", "next", "bundle.tar.gz"))
		_, third := os.Stat(filepath.Join(dir, "configuration.json"))
		return first == nil && second == nil && third == nil
	})
	stop(t, f)

	// The same again with the server gone.
	s.Close()
	a = &app{}
	f = run(t, c, a)
	if f.Status().Revision != "2" || !a.allows("files.save") {
		t.Errorf("%+v", f.Status())
	}
}

// Each of these comes after configuration 5, which must stay in effect, now and after a restart.
func TestARefusedConfigurationLeavesTheOldOneInEffect(t *testing.T) {
	t.Parallel()
	k, other := newPair(t), newPair(t)
	lure := func(changes map[string]any) map[string]any { // to a bundle that must not count
		b := map[string]any{"service": "fleet", "resource": "/bundles/lure.tar.gz", "signing": map[string]any{"keyid": "fleet"}}
		for name, value := range changes {
			b[name] = value
		}
		maps.DeleteFunc(b, func(_ string, value any) bool { return value == nil })
		return map[string]any{"app": b}
	}
	symmetric := map[string]any{"mine": map[string]any{"algorithm": "HS256", "key": "secret"}}
	tests := []struct {
		name   string
		signer *pair
		d      map[string]any
		want   string
	}{
		{"nobody signed it", nil, discovered("6", map[string]any{"bundles": lure(nil)}), "missing .signatures.json"},
		{"another key signed it", &other, discovered("6", map[string]any{"bundles": lure(nil)}), "failed to verify JWT signature"},
		{"an older revision", &k, discovered("4", map[string]any{"bundles": lure(nil)}), "discovered configuration: labels.revision: 4 is older than 5"},
		{"the same revision with other contents", &k, discovered("5", map[string]any{"bundles": lure(nil)}), "labels.revision: 5 was in force with other contents"},
		{"no revision", &k, discovered("", map[string]any{"labels": nil, "bundles": lure(nil)}), `labels.revision: "": expected a decimal integer`},
		{"a bundle that nobody need sign", &k, discovered("6", map[string]any{"bundles": lure(map[string]any{"signing": nil})}), "discovered configuration: bundles.app.signing.keyid: expected the name of a key"},
		{"a bundle with unsigned files", &k, discovered("6", map[string]any{"bundles": lure(map[string]any{"signing": map[string]any{"keyid": "fleet", "exclude_files": []any{"*"}}})}), "bundles.app.signing.exclude_files"},
		{"a symmetric key", &k, discovered("6", map[string]any{"keys": symmetric, "bundles": lure(map[string]any{"signing": map[string]any{"keyid": "mine"}})}), "keys.mine.algorithm: HS256"},
		{"another key by the name of the first one", &k, discovered("6", map[string]any{"bundles": lure(nil),
			"keys": map[string]any{"fleet": map[string]any{"algorithm": "ES256", "key": other.public}}}), "updates to keys specified in the boot configuration are not allowed"},
		{"two bundles", &k, discovered("6", map[string]any{"bundles": map[string]any{"app": lure(nil)["app"], "more": lure(nil)["app"]}}), "bundles: expected one, got 2"},
		{"no bundle", &k, discovered("6", map[string]any{"bundles": nil}), "bundles: expected one, got 0"},
		{"the older form of a bundle", &k, discovered("6", map[string]any{"bundle": map[string]any{"name": "app"}}), "bundle: this older form"},
		{"a service without TLS", &k, discovered("6", map[string]any{"services": map[string]any{"far": map[string]any{"url": "http://policies.example"}}}), "services.far.url: expected https"},
		{"another folder on disk", &k, discovered("6", map[string]any{"persistence_directory": "/tmp/elsewhere"}), "persistence_directory: set StateDir"},
		{"decision logs", &k, discovered("6", map[string]any{"decision_logs": map[string]any{"console": true}}), "decision_logs: OPA makes no decisions"},
		{"an option that OPA does not know", &k, discovered("6", map[string]any{"budles": map[string]any{}}), "budles: it has no effect here"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, a, dir := newServer(t), &app{}, t.TempDir()
			s.serve(bundlePath, packed{revision: "5", signer: &k, files: map[string]string{"/notes.rego": capability("notes", "notes.save")}}.bytes(t))
			s.serve("/bundles/lure.tar.gz", packed{revision: "6", signer: &k, files: map[string]string{"/files.rego": capability("files", "files.save")}}.bytes(t))
			s.serve(discoveryPath, discoveryBundle(t, &k, discovered("5", nil)))
			c := Config{OPA: discovering(s.URL, k), StateDir: dir}
			f := run(t, c, a)
			inForce(t, f, "5")
			eventually(t, "configuration 5 on disk", func() bool { _, err := os.Stat(filepath.Join(dir, "configuration.json")); return err == nil })

			n := s.reports()
			s.serve(discoveryPath, discoveryBundle(t, test.signer, test.d))
			failed(t, f, test.want)
			eventually(t, "a report to the status service", func() bool { return s.reported(n, `"code":"bundle_error"`) })
			if f.Status().Revision != "5" || !slices.Equal(a.revisions(), []string{"5"}) {
				t.Errorf("it has an effect: %+v, applied %q", f.Status(), a.revisions())
			}
			stop(t, f)

			a = &app{}
			f = run(t, c, a)
			failed(t, f, test.want)
			if f.Status().Revision != "5" || a.allows("files.save") {
				t.Errorf("after a restart it has an effect: %+v", f.Status())
			}
		})
	}
}

// A configuration that OPA can't take over, for reasons of its own, must not count as the highest
// one: the one on disk would be refused at the next start.
func TestAConfigurationThatOPARefusesIsNotRemembered(t *testing.T) {
	t.Parallel()
	k, s, dir := newPair(t), newServer(t), t.TempDir()
	s.serve(bundlePath, packed{revision: "1", signer: &k, files: map[string]string{"/notes.rego": capability("notes", "notes.save")}}.bytes(t))
	s.serve(discoveryPath, discoveryBundle(t, &k, discovered("1", nil)))
	f := run(t, Config{OPA: discovering(s.URL, k), StateDir: dir}, &app{})
	inForce(t, f, "1")
	s.serve(discoveryPath, discoveryBundle(t, &k, discovered("2", map[string]any{
		"services": map[string]any{"fleet": map[string]any{"url": "https://elsewhere.example"}}})))
	failed(t, f, "updates to the discovery service are not allowed")
	if text, err := os.ReadFile(filepath.Join(dir, "configuration.json")); err != nil || !strings.Contains(string(text), fmt.Sprintf(`"revision":%q`, "1")) {
		t.Errorf("%s, %v", text, err)
	}
}
