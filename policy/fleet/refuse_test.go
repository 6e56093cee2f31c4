package fleet

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/open-policy-agent/opa/v1/bundle"
)

// Each of these comes after revision 5 of a signed bundle, which must stay in force and on disk.
func TestARefusedBundleLeavesTheOldOneInForce(t *testing.T) {
	t.Parallel()
	k, other := newPair(t), newPair(t)
	good := map[string]string{"/notes.rego": capability("notes", "notes.save")}
	bad := map[string]string{"/files.rego": capability("files", "files.save")}
	tests := []struct {
		name string
		next packed
		want string // in the error
	}{
		{"nobody signed it", packed{revision: "6", files: bad}, "bundle missing .signatures.json file"},
		{"another key signed it", packed{revision: "6", files: bad, signer: &other}, "failed to verify JWT signature"},
		{"a file was changed after signing", packed{revision: "6", files: good, signer: &k, change: func(b *bundle.Bundle) {
			b.Modules[0].Raw = []byte(bad["/files.rego"])
		}}, "digest mismatch"},
		{"a file was added after signing", packed{revision: "6", files: good, signer: &k, change: func(b *bundle.Bundle) {
			b.Modules = append(b.Modules, bundle.ModuleFile{URL: "/files.rego", Path: "/files.rego", Raw: []byte(bad["/files.rego"])})
		}}, "not included in bundle signature"},
		{"a file was taken out after signing", packed{revision: "6", files: map[string]string{"/files.rego": bad["/files.rego"], "/notes.rego": good["/notes.rego"]}, signer: &k,
			change: func(b *bundle.Bundle) { b.Modules = b.Modules[:1] }}, "not found in the target bundle"},
		{"the revision was raised after signing", packed{revision: "4", files: bad, signer: &k, change: func(b *bundle.Bundle) {
			b.Manifest.Revision = "6"
		}}, "digest mismatch"},

		{"an older revision", packed{revision: "4", files: bad, signer: &k}, "4 is older than 5, which was in force"},
		{"the same revision with other contents", packed{revision: "5", files: bad, signer: &k}, "5 was in force with other contents"},
		{"the same revision with other file names", packed{revision: "5", files: map[string]string{"/n.rego": good["/notes.rego"]}, signer: &k}, "5 was in force with other contents"},
		{"no revision", packed{files: bad, signer: &k}, "expected a decimal integer"},
		{"a revision without an order", packed{revision: "9f8e7d6", files: bad, signer: &k}, "expected a decimal integer"},
		{"a revision of another kind", packed{revision: "2026-01-31T12:00:00Z", files: bad, signer: &k}, "can't be compared with 5"},

		{"a delta bundle", packed{signer: nil, change: func(b *bundle.Bundle) {
			*b = bundle.Bundle{Manifest: bundle.Manifest{Revision: "6"}, Patch: bundle.Patch{Data: []bundle.PatchOperation{{Op: "upsert", Path: "/capability/x", Value: 1}}}}
		}}, "delta bundles do not support signature verification"},
		{"data", packed{revision: "6", files: bad, signer: &k, data: map[string]any{"capability": map[string]any{"users": []any{"root"}}}}, "the bundle holds data (capability)"},
		{"WebAssembly", packed{revision: "6", files: bad, signer: &k, change: func(b *bundle.Bundle) {
			b.WasmModules = []bundle.WasmModuleFile{{URL: "/policy.wasm", Path: "/policy.wasm", Raw: []byte("\x00asm\x01\x00\x00\x00")}}
			sign(t, b, k)
		}}, "the bundle holds WebAssembly"},
		{"roots that claim the scope library", packed{revision: "6", files: bad, signer: &k, roots: []string{""}}, "name its own packages in its .manifest"},
		{"a package of the scope library", packed{revision: "6", signer: &k, roots: []string{"sallyport/scope"},
			files: map[string]string{"/scope.rego": "package sallyport.scope\n\npath_inside(_, _) := true\n"}}, "name its own packages in its .manifest"},

		{"a file name with a backslash", packed{revision: "6", signer: &k, files: map[string]string{`/more\files.rego`: bad["/files.rego"]}}, "expected a path below the bundle's root"},
		{"Rego that does not parse", packed{revision: "6", files: map[string]string{"/files.rego": "package capability.files\n\nallow if {"}, signer: &k}, "rego_parse_error"},
		{"Rego that does not compile", packed{revision: "6", files: map[string]string{"/files.rego": "package capability.files\n\nallow if x\n"}, signer: &k}, "rego_unsafe_var_error"},
		{"a function that leaves the process", packed{revision: "6", signer: &k, files: map[string]string{"/files.rego": "# METADATA\n# custom:\n#   windows: [main]\npackage capability.files\n\n" +
			"allow if http.send({\"method\": \"GET\", \"url\": \"http://localhost\"}).status_code == 200\n"}}, "files.rego:6: "},
		{"a package that is no capability", packed{revision: "6", signer: &k, roots: []string{"other"}, files: map[string]string{"/other.rego": "package other\n\nallow := true\n"}}, "other.rego:1: "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, a, dir := newServer(t), &app{}, t.TempDir()
			first := packed{revision: "5", files: good, signer: &k}.bytes(t)
			s.serve(bundlePath, first)
			f := run(t, Config{OPA: []byte(yaml(s.URL, k)), StateDir: dir}, a)
			inForce(t, f, "5")
			n := s.reports()
			s.serve(bundlePath, test.next.bytes(t))
			failed(t, f, test.want)
			eventually(t, "a report to the status service", func() bool { return s.reported(n, `"code":"bundle_error"`) })
			if f.Status().Revision != "5" || !slices.Equal(a.revisions(), []string{"5"}) || !a.allows("notes.save") || a.allows("files.save") {
				t.Errorf("it counts: %+v, applied %q", f.Status(), a.revisions())
			}
			if !bytes.Equal(kept(t, dir), first) {
				t.Error("it is on disk for the next start")
			}
			s.serve(bundlePath, packed{revision: "6", files: bad, signer: &k}.bytes(t))
			inForce(t, f, "6")
		})
	}
}

// sign signs what was put into a bundle after packing began.
func sign(t *testing.T, b *bundle.Bundle, k pair) {
	t.Helper()
	if err := b.GenerateSignature(bundle.NewSigningConfig(k.private, "ES256", ""), "fleet", false); err != nil {
		t.Error(err)
	}
}

func TestARollbackIsRefusedAfterARestart(t *testing.T) {
	t.Parallel()
	k := newPair(t)
	old := packed{revision: "2026-01-31T12:00:00Z", signer: &k, files: map[string]string{"/files.rego": capability("files", "files.save")}}.bytes(t)
	now := packed{revision: "2026-01-31T12:00:00.5Z", signer: &k, files: map[string]string{"/notes.rego": capability("notes", "notes.save")}}.bytes(t)
	other := packed{revision: "2026-01-31T13:00:00.5+01:00", signer: &k, files: map[string]string{"/files.rego": capability("files", "files.save")}}.bytes(t)
	tests := []struct {
		name   string
		onDisk []byte // nil is none
		served []byte
		want   string // in force
		err    string
	}{
		{"the server goes back", now, old, "2026-01-31T12:00:00.5Z", "is older than"},
		{"the server goes back and the disk is empty", nil, old, "", "is older than"},
		{"the disk goes back as well", old, old, "", "is older than"},
		{"the same instant with other contents", nil, other, "", "with other contents"},
		{"the disk goes back and the server does not", old, now, "2026-01-31T12:00:00.5Z", ""},
		{"the disk is tampered with", append([]byte("x"), now...), old, "", "is older than"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, dir := newServer(t), t.TempDir()
			c := Config{OPA: []byte(yaml(s.URL, k)), StateDir: dir}
			s.serve(bundlePath, now)
			f := run(t, c, &app{})
			inForce(t, f, "2026-01-31T12:00:00.5Z")
			eventually(t, "the bundle on disk", func() bool { return s.reported(0, `"active_revision":"2026-01-31T12:00:00.5Z"`) })
			stop(t, f)

			path := filepath.Join(dir, "bundles", "app", "bundle.tar.gz")
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if test.onDisk != nil {
				if err := os.WriteFile(path, test.onDisk, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			s.serve(bundlePath, test.served)
			a := &app{}
			f = run(t, c, a)
			if test.err != "" {
				failed(t, f, test.err)
			}
			inForce(t, f, test.want)
			if a.allows("files.save") || a.allows("notes.save") != (test.want != "") {
				t.Errorf("applied %q", a.revisions())
			}
		})
	}
}

func TestWhatCannotBeRememberedIsNotApplied(t *testing.T) {
	t.Parallel()
	k, s, a, dir := newPair(t), newServer(t), &app{}, t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "policy.json.next"), 0o700); err != nil { // a folder where the mark is prepared
		t.Fatal(err)
	}
	s.serve(bundlePath, packed{revision: "1", signer: &k, files: map[string]string{"/notes.rego": capability("notes", "notes.save")}}.bytes(t))
	f := run(t, Config{OPA: []byte(yaml(s.URL, k)), StateDir: dir}, a)
	failed(t, f, "no room to remember the revision")
	if got := a.revisions(); len(got) > 0 {
		t.Errorf("applied %q", got)
	}
	if err := os.Remove(filepath.Join(dir, "policy.json.next")); err != nil {
		t.Fatal(err)
	}
	inForce(t, f, "1")
}

func TestADeltaBundleIsRefusedWithoutSignaturesToo(t *testing.T) {
	t.Parallel()
	k, s, a := newPair(t), newServer(t), &app{}
	s.serve(bundlePath, packed{revision: "1", files: map[string]string{"/notes.rego": capability("notes", "notes.save")}}.bytes(t))
	c := Config{OPA: unsigned(t, s.URL, k), StateDir: t.TempDir(), InsecureUnsigned: true}
	f := run(t, c, a)
	inForce(t, f, "1")
	s.serve(bundlePath, packed{change: func(b *bundle.Bundle) {
		*b = bundle.Bundle{Manifest: bundle.Manifest{Revision: "2"}, Patch: bundle.Patch{Data: []bundle.PatchOperation{{Op: "upsert", Path: "/x", Value: 1}}}}
	}}.bytes(t))
	failed(t, f, "persisting delta bundle to disk is not supported")
	if got := f.Status().Revision; got != "1" {
		t.Errorf("in force is %q", got)
	}
}

func unsigned(t *testing.T, url string, k pair) []byte {
	t.Helper()
	y := []byte(yaml(url, k))
	without := bytes.Replace(y, []byte("    signing: {keyid: fleet}\n"), nil, 1)
	if bytes.Equal(y, without) {
		t.Fatal("there is no signing to take out")
	}
	return bytes.Replace(without, []byte("keys:"), []byte("labels: {a: b}\nkeys:"), 1)
}
