package checks

import (
	"path"
	"regexp"
	"strings"
	"testing"
)

const module = "github.com/sallyport/sallyport"

func TestEveryPackageHasAComment(t *testing.T) {
	comment := map[string]string{}
	name := map[string]string{}
	for file, f := range parsed(t) {
		if isTest(file) {
			continue
		}
		folder := path.Dir(file)
		name[folder] = f.Name.Name
		if text := f.Doc.Text(); text != "" {
			if comment[folder] != "" {
				t.Errorf("%s has two package comments", folder)
			}
			comment[folder] = text
		}
	}
	for folder, pkg := range name {
		want := "Package " + pkg + " "
		if pkg == "main" {
			want = "Command " + path.Base(folder) + " "
		}
		if !strings.HasPrefix(comment[folder], want) {
			t.Errorf("%s: a package comment that begins with %q was expected, got %.60q", folder, want, comment[folder])
		}
	}
}

// What may stand on what, so that a reader of one package need not read all:
// each rule names the folders that hold to it and what they must not import,
// apart from the folders that may.
func TestPackagesImportDownward(t *testing.T) {
	rules := []struct {
		name      string
		folders   []string // and below; nil means all
		forbidden []string // and below
		except    []string
	}{
		{"nothing below core imports core", []string{"isolation", "schema", "policy", "audits", "sandbox-iframe"}, []string{module + "/core"}, nil},
		{"isolation knows no schema, policy or record", []string{"isolation"}, []string{module + "/schema", module + "/policy", module + "/audits"}, nil},
		{"schema stands alone", []string{"schema"}, []string{module}, []string{"schema"}},
		{"audits stands alone", []string{"audits"}, []string{module}, []string{"audits"}},
		{"policy knows schema's values and no more", []string{"policy"}, []string{module + "/isolation", module + "/audits"}, nil},
		{"OPA stays inside policy", nil, []string{"github.com/open-policy-agent"}, []string{"policy", "internal/checks", "bench/peers"}},
		{"tink stays inside isolation", nil, []string{"github.com/tink-crypto"}, []string{"isolation", "internal/peer"}},
		{"JSON Schema stays inside schema", nil, []string{"github.com/santhosh-tekuri"}, []string{"schema", "internal/manifest"}},
		{"dialogs stay in their own package", nil, []string{"github.com/ncruces/zenity"}, []string{"core/prompt/dialog"}},
		{"an app that asks nobody links no prompter", []string{"core"}, []string{module + "/core/prompt"}, []string{"core/prompt"}},
		{"no cgo in what a server links", []string{"core", "isolation", "schema", "policy", "audits"}, []string{"C"}, nil},
		{"the boundary starts no programs", []string{"isolation", "schema", "policy", "audits"}, []string{"os/exec", "plugin"}, nil},
		{"parsers and judges have no network", []string{"schema", "policy", "audits"}, []string{"net", "net/http"}, nil},
		// OPA's plugins fetch bundles over the network: only who imports policy/fleet links them.
		{"OPA's plugins stay inside policy/fleet", nil, []string{"github.com/open-policy-agent/opa/v1/plugins", "github.com/open-policy-agent/opa/v1/download", "github.com/open-policy-agent/opa/v1/sdk"}, []string{"policy/fleet"}},
		{"policy/fleet is linked only by who asks for it", nil, []string{module + "/policy/fleet"}, []string{"policy/fleet", "examples"}},
		{"no default mux, profiler or variables on it", nil, []string{"net/http/pprof", "expvar"}, nil},
	}
	all := imports(t, func(file string) bool { return !isTest(file) })
	for _, rule := range rules {
		t.Run(rule.name, func(t *testing.T) {
			for folder, paths := range all {
				if !anyWithin(folder, rule.folders, true) || anyWithin(folder, rule.except, false) {
					continue
				}
				for _, p := range paths {
					for _, f := range rule.forbidden {
						// Of the standard library the very package, of modules all of it.
						if p == f || strings.Contains(f, ".") && within(p, f) {
							t.Errorf("%s imports %s", folder, p)
						}
					}
				}
			}
		})
	}
}

func anyWithin(folder string, parents []string, ifNone bool) bool {
	if parents == nil {
		return ifNone
	}
	for _, p := range parents {
		if within(folder, p) {
			return true
		}
	}
	return false
}

var skip = regexp.MustCompile(`\b[tbf]\.Skip(f|Now)?\(|\b(it|test|describe)\.(skip|only|todo)\b`)

// Nothing is left open in what is committed: no note to do it later, and no
// test that does not run. A test that needs a browser may skip itself where
// there is none, if it fails instead under SALLYPORT_REQUIRE_BROWSERS, which
// scripts/test sets.
func TestNothingIsLeftOpen(t *testing.T) {
	const required = "SALLYPORT_REQUIRE_BROWSERS"
	if !strings.Contains(read(t, "scripts/test"), "export "+required+"=") {
		t.Errorf("scripts/test does not set %s", required)
	}
	later := regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|X` + `XX)\b`)
	for _, ending := range []string{".go", ".ts", ".mjs", ".rego", ".md"} {
		for _, file := range files(t, ending) {
			text := read(t, file)
			mayskip := file == "internal/checks/packages_test.go" || strings.Contains(text, required)
			for n, line := range strings.Split(text, "\n") {
				if later.MatchString(line) || !mayskip && skip.MatchString(line) {
					t.Errorf("%s:%d: %s", file, n+1, strings.TrimSpace(line))
				}
			}
		}
	}
}
