package fleet

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	"go.uber.org/goleak"

	"github.com/sallyport/sallyport/policy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A pair is a key as OPA's tools take it.
type pair struct{ private, public string }

func newPair(t *testing.T) pair {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&k.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return pair{
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})),
	}
}

// capability allows one command to the main window.
func capability(name, command string) string {
	return "# METADATA\n# custom:\n#   windows: [main]\npackage capability." + name +
		"\n\nimport data.sallyport.scope\n\nallow if {\n\tinput.command == \"" + command +
		"\"\n\tscope.path_inside(input.args.path, \"/notes\")\n}\n"
}

// A packed bundle is what somebody built. change, if given, comes between signing and packing.
type packed struct {
	revision string
	files    map[string]string
	data     map[string]any
	roots    []string // nil is capability
	signer   *pair    // nil is nobody
	change   func(*bundle.Bundle)
}

func (p packed) bytes(t *testing.T) []byte {
	t.Helper()
	roots := p.roots
	if roots == nil {
		roots = []string{"capability", "capability_test"}
	}
	b := bundle.Bundle{Manifest: bundle.Manifest{Revision: p.revision, Roots: &roots}, Data: p.data}
	if b.Data == nil {
		b.Data = map[string]any{}
	}
	for _, file := range slices.Sorted(maps.Keys(p.files)) {
		m := bundle.ModuleFile{URL: file, Path: file, Raw: []byte(p.files[file])}
		m.Parsed, _ = ast.ParseModule(file, p.files[file]) // signing and packing want it; broken ones are a test's purpose
		b.Modules = append(b.Modules, m)
	}
	if p.signer != nil {
		if err := b.GenerateSignature(bundle.NewSigningConfig(p.signer.private, "ES256", ""), "fleet", false); err != nil {
			t.Fatal(err)
		}
	}
	if p.change != nil {
		p.change(&b)
	}
	var out bytes.Buffer
	if err := bundle.NewWriter(&out).DisableFormat(true).Write(b); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A server serves bundles by path and keeps what is reported to it.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	files    map[string][]byte
	statuses []map[string]any
	hits     int
}

func newServer(t *testing.T) *server {
	s := &server{files: make(map[string][]byte)}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method == http.MethodPost {
		var status map[string]any
		if json.NewDecoder(r.Body).Decode(&status) == nil {
			s.statuses = append(s.statuses, status)
		}
		return
	}
	s.hits++
	file, ok := s.files[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	sum := sha256.Sum256(file)
	w.Header().Set("ETag", hex.EncodeToString(sum[:]))
	if r.Header.Get("If-None-Match") == hex.EncodeToString(sum[:]) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "application/gzip")
	_, _ = w.Write(file)
}

func (s *server) serve(path string, file []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[path] = file
}

// reported says whether a status that was sent here, after the first skip ones, holds text.
func (s *server) reported(skip int, text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, status := range s.statuses[skip:] {
		raw, err := json.Marshal(status)
		if err == nil && strings.Contains(string(raw), text) {
			return true
		}
	}
	return false
}

func (s *server) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hits
}

func (s *server) reports() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.statuses)
}

// An app has a policy in force, as core has.
type app struct {
	t       *testing.T
	mu      sync.Mutex
	policy  *policy.Policy
	taken   []string // revisions, in order
	files   []string // of the last one
	refuses error    // instead of the next policy
}

func (a *app) apply(_ context.Context, files fs.FS, revision string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.refuses != nil {
		return a.refuses
	}
	p, err := policy.Load(files, policy.Config{Platform: "linux"})
	if err != nil {
		return err
	}
	a.policy, a.taken, a.files = p, append(a.taken, revision), nil
	return fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			a.files = append(a.files, path)
		}
		return err
	})
}

func (a *app) refuse(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refuses = err
}

// allows is the most that a command could get.
func (a *app) allows(command string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.policy == nil {
		return false
	}
	in := policy.Input{Window: "main", Command: command, Local: true, Platform: "linux"}
	return a.policy.May(a.t.Context(), in) == policy.Allow
}

func (a *app) revisions() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.taken)
}

// yaml configures one signed bundle and a status service.
func yaml(url string, k pair) string {
	return fmt.Sprintf(`
services:
  fleet:
    url: %s
keys:
  fleet:
    algorithm: ES256
    key: %q
bundles:
  app:
    service: fleet
    resource: /bundles/app.tar.gz
    signing: {keyid: fleet}
    polling: {min_delay_seconds: 1, max_delay_seconds: 1}
status:
  service: fleet
`, url, k.public)
}

const bundlePath = "/bundles/app.tar.gz"

// run starts a fleet and ends it with the test.
func run(t *testing.T, c Config, a *app) *Fleet {
	t.Helper()
	a.t = t
	if c.Log == nil {
		c.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	f, err := Start(t.Context(), c, a.apply)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, f) })
	return f
}

func stop(t *testing.T, f *Fleet) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := f.Stop(ctx); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

// eventually waits for what must become true.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for: %s", what)
		}
	}
}

func inForce(t *testing.T, f *Fleet, revision string) {
	t.Helper()
	eventually(t, "revision "+revision+" in force", func() bool { return f.Status().Revision == revision })
}

func failed(t *testing.T, f *Fleet, text string) {
	t.Helper()
	eventually(t, "a status with "+text, func() bool { err := f.Status().Err; return err != nil && strings.Contains(err.Error(), text) })
}

// kept is the bundle that OPA has on disk for the next start.
func kept(t *testing.T, dir string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "bundles", "app", "bundle.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
