package core

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/policy/fleet"
)

// packed is a bundle that nobody signed.
func packed(t *testing.T, revision, rules string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for name, text := range map[string]string{
		".manifest":  fmt.Sprintf(`{"revision": %q, "roots": ["capability"], "rego_version": 1}`, revision),
		"sent.rego":  "# METADATA\n# custom:\n#   windows: [main]\npackage capability.sent\n\n" + rules + "\n",
		"sent2.rego": "# METADATA\n# custom:\n#   windows: []\npackage capability.sent2\n",
	} {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAFleetReloadsAnApp(t *testing.T) {
	b := newBench(t, nil, nil)
	c := b.connect(t, "main")
	var bundle atomic.Pointer[[]byte]
	serve := func(file []byte) { bundle.Store(&file) }
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(*bundle.Load()) }))
	defer server.Close()

	serve(packed(t, "1", `allow if input.command == "notes.secret"`))
	yaml := fmt.Sprintf("services: {a: {url: %q}}\nbundles: {app: {service: a, polling: {min_delay_seconds: 1, max_delay_seconds: 1}}}\n", server.URL)
	f, err := fleet.Start(t.Context(), fleet.Config{OPA: []byte(yaml), StateDir: t.TempDir(), InsecureUnsigned: true},
		func(_ context.Context, files fs.FS, _ string) error { return b.Reload(files) })
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := f.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	<-f.Ready()
	calls := func(touch, secret Code) {
		t.Helper()
		for command, want := range map[string]Code{"notes.touch": touch, "notes.secret": secret} {
			if _, err := c.Call(patient(t), command, textOf("x")); code(t, err) != want {
				t.Errorf("%s: page got %v, want %q", command, err, want)
			}
		}
	}
	calls(CodeDenied, "")

	// What core refuses, OPA reports.
	serve(packed(t, "2", `allow if input.comand == "notes.touch"`))
	for end := time.Now().Add(20 * time.Second); f.Status().Err == nil && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
	}
	if err := f.Status().Err; err == nil || !strings.Contains(err.Error(), "sent.rego:6") || f.Status().Revision != "1" {
		t.Errorf("%+v", f.Status())
	}
	calls(CodeDenied, "")

	serve(packed(t, "2", `allow if input.command == "notes.touch"`))
	for end := time.Now().Add(20 * time.Second); f.Status().Revision != "2" && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
	}
	calls("", CodeDenied)
}
