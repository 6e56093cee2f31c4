package fleet

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestABundleIsUpdatedLive(t *testing.T) {
	t.Parallel()
	k, s, a, dir := newPair(t), newServer(t), &app{}, t.TempDir()
	first := packed{revision: "1", signer: &k, files: map[string]string{"/notes.rego": capability("notes", "notes.save")}}
	s.serve(bundlePath, first.bytes(t))
	f := run(t, Config{OPA: []byte(yaml(s.URL, k)), StateDir: dir}, a)
	<-f.Ready()
	inForce(t, f, "1")
	if !a.allows("notes.save") || a.allows("files.save") {
		t.Error("revision 1 does not decide")
	}

	second := packed{revision: "2", signer: &k, files: map[string]string{
		"/more/files.rego":       capability("files", "files.save"),
		"/more/files_test.rego":  "package capability_test\n\nimport data.capability.files\n\ntest_nothing if not files.allow\n",
		"/deep/er/settings.rego": capability("settings", "settings.save"),
	}}
	s.serve(bundlePath, second.bytes(t))
	inForce(t, f, "2")
	if a.allows("notes.save") || !a.allows("files.save") || !a.allows("settings.save") {
		t.Error("revision 2 does not decide")
	}
	if want := []string{"deep/er/settings.rego", "more/files.rego", "more/files_test.rego"}; !slices.Equal(a.files, want) {
		t.Errorf("apply got %q, want %q", a.files, want)
	}
	eventually(t, "a status report of revision 2", func() bool { return s.reported(0, `"active_revision":"2"`) })
	if err := f.Status().Err; err != nil {
		t.Errorf("status: %v", err)
	}
	if runtime.GOOS != "windows" {
		for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "policy.json"): 0o600} {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
				t.Errorf("%s: %v, %v, want %v", path, info.Mode(), err, want)
			}
		}
	}
}

func TestAKeptBundleIsInForceWhileTheServerIsDown(t *testing.T) {
	t.Parallel()
	k, s, dir := newPair(t), newServer(t), t.TempDir()
	s.serve(bundlePath, packed{revision: "7", signer: &k, files: map[string]string{"/notes.rego": capability("notes", "notes.save")}}.bytes(t))
	c := Config{OPA: []byte(yaml(s.URL, k)), StateDir: dir}
	f := run(t, c, &app{})
	inForce(t, f, "7")
	eventually(t, "the bundle on disk", func() bool {
		_, err := os.Stat(filepath.Join(dir, "bundles", "app", "bundle.tar.gz"))
		return err == nil
	})
	stop(t, f)
	s.Close()

	a := &app{}
	f = run(t, c, a)
	select {
	case <-f.Ready():
	default:
		t.Error("Start came back before the kept bundle was in force")
	}
	if f.Status().Revision != "7" || !a.allows("notes.save") {
		t.Errorf("%+v", f.Status())
	}
	failed(t, f, "connection refused")
	if !a.allows("notes.save") {
		t.Error("the policy went with the server")
	}
}

func TestAnUnchangedBundleIsAppliedOnce(t *testing.T) {
	t.Parallel()
	k, s, a := newPair(t), newServer(t), &app{}
	p := packed{revision: "1", signer: &k, files: map[string]string{"/notes.rego": capability("notes", "notes.save")}}
	s.serve(bundlePath, p.bytes(t))
	f := run(t, Config{OPA: []byte(yaml(s.URL, k)), StateDir: t.TempDir()}, a)
	inForce(t, f, "1")
	s.serve(bundlePath, append(p.bytes(t), 0)) // the same bundle with another ETag
	n := s.count()
	eventually(t, "two more polls", func() bool { return s.count() >= n+2 })
	if got := a.revisions(); !slices.Equal(got, []string{"1"}) {
		t.Errorf("applied %q", got)
	}
	if err := f.Status().Err; err != nil {
		t.Error(err)
	}
}

func TestWhatTheAppRefusesLeavesTheOldPolicyInForce(t *testing.T) {
	t.Parallel()
	k, s, a, dir := newPair(t), newServer(t), &app{}, t.TempDir()
	first := packed{revision: "1", signer: &k, files: map[string]string{"/notes.rego": capability("notes", "notes.save")}}.bytes(t)
	s.serve(bundlePath, first)
	f := run(t, Config{OPA: []byte(yaml(s.URL, k)), StateDir: dir}, a)
	inForce(t, f, "1")
	a.refuse(errors.New("no such command: files.save"))
	s.serve(bundlePath, packed{revision: "2", signer: &k, files: map[string]string{"/files.rego": capability("files", "files.save")}}.bytes(t))
	failed(t, f, "no such command: files.save")
	eventually(t, "the reason at the status service", func() bool { return s.reported(0, "no such command: files.save") })
	if f.Status().Revision != "1" || !a.allows("notes.save") || a.allows("files.save") {
		t.Errorf("revision 2 counts: %+v", f.Status())
	}
	if !bytes.Equal(kept(t, dir), first) {
		t.Error("a bundle that was refused is on disk for the next start")
	}

	a.refuse(nil) // and it is tried again
	inForce(t, f, "2")
	eventually(t, "a clean status", func() bool { return f.Status().Err == nil })
}

func TestStopDoesNotWaitForAServerLongerThanItsContext(t *testing.T) {
	t.Parallel()
	k, s := newPair(t), newServer(t)
	s.mu.Lock() // the server answers nobody
	f := run(t, Config{OPA: []byte(yaml(s.URL, k)), StateDir: t.TempDir()}, &app{})
	time.Sleep(100 * time.Millisecond) // downloads and reports hang
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	began := time.Now()
	if err := f.Stop(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("Stop took %v", d)
	}
	s.mu.Unlock() // and nothing is left, as TestMain sees
}

func TestStopEndsAReportThatHangs(t *testing.T) {
	t.Parallel()
	k := newPair(t)
	hanging := make(chan struct{})
	var once sync.Once
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			_, _ = io.Copy(io.Discard, r.Body) // so that the server notices when the client goes
			once.Do(func() {
				close(hanging)
				<-r.Context().Done()
			})
		}
		http.NotFound(w, r)
	}))
	defer s.Close()
	f := run(t, Config{OPA: []byte(yaml(s.URL, k)), StateDir: t.TempDir()}, &app{})
	<-hanging
	began := time.Now()
	stop(t, f)
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("Stop took %v", d)
	}
}

// A disk may fail between the two steps of remembering a revision.
func TestARevisionThatCannotBeRememberedIsReported(t *testing.T) {
	t.Parallel()
	k, s, a, dir := newPair(t), newServer(t), &app{}, t.TempDir()
	first := packed{revision: "1", signer: &k, files: map[string]string{"/notes.rego": capability("notes", "notes.save")}}.bytes(t)
	second := packed{revision: "2", signer: &k, files: map[string]string{"/files.rego": capability("files", "files.save")}}.bytes(t)
	s.serve(bundlePath, first)
	f := run(t, Config{OPA: []byte(yaml(s.URL, k)), StateDir: dir}, a)
	inForce(t, f, "1")
	eventually(t, "a status report", func() bool { return s.reported(0, `"active_revision":"1"`) })
	path := filepath.Join(dir, "policy.json")
	if err := errors.Join(os.Remove(path), os.MkdirAll(filepath.Join(path, "in the way"), 0o700)); err != nil {
		t.Fatal(err)
	}
	s.serve(bundlePath, second)
	failed(t, f, "in force, but its revision can't be remembered")
	eventually(t, "a second attempt", func() bool { return s.count() > 5 })
	if got := a.revisions(); !slices.Equal(got, []string{"1", "2"}) || !bytes.Equal(kept(t, dir), first) {
		t.Errorf("applied %q", got)
	}
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a clean status", func() bool { return f.Status().Err == nil })
}

// What the documentation shows is what works.
func TestTheDocumentedConfigurationWorks(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/fleet.md")
	if err != nil {
		t.Fatal(err)
	}
	_, y, _ := strings.Cut(string(text), "```yaml\n")
	y, _, ok := strings.Cut(y, "```")
	if !ok {
		t.Fatal("docs/fleet.md shows no configuration")
	}
	k, s, a, dir := newPair(t), newServer(t), &app{}, t.TempDir()
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	indented := strings.ReplaceAll(strings.TrimSpace(k.public), "\n", "\n      ")
	for old, new := range map[string]string{
		"https://policies.example.com": s.URL,
		"/run/secrets/policies":        token,
		"-----BEGIN PUBLIC KEY-----\n      ...\n      -----END PUBLIC KEY-----": indented,
	} {
		if !strings.Contains(y, old) {
			t.Fatalf("docs/fleet.md: no %q", old)
		}
		y = strings.Replace(y, old, new, 1)
	}
	s.serve("/bundles/notes.tar.gz", packed{revision: "42", signer: &k, roots: []string{"capability"},
		files: map[string]string{"/notes.rego": capability("notes", "notes.save")}}.bytes(t))
	f := run(t, Config{OPA: []byte(y), StateDir: filepath.Join(dir, "state")}, a)
	inForce(t, f, "42")
	eventually(t, "a status report", func() bool { return s.reported(0, `"active_revision":"42"`) })
}

func TestTheContextOfTheStartEndsWithIt(t *testing.T) {
	t.Parallel()
	k, s, a := newPair(t), newServer(t), &app{t: t}
	ctx, cancel := context.WithCancel(t.Context())
	c := Config{OPA: []byte(yaml(s.URL, k)), StateDir: t.TempDir()}
	f, err := Start(ctx, c, a.apply)
	if err != nil {
		t.Fatal(err)
	}
	defer stop(t, f)
	cancel()
	s.serve(bundlePath, packed{revision: "1", signer: &k, files: map[string]string{"/notes.rego": capability("notes", "notes.save")}}.bytes(t))
	inForce(t, f, "1")
	eventually(t, "a status report", func() bool { return s.reported(0, `"active_revision":"1"`) })
	if _, err := Start(ctx, c, a.apply); !errors.Is(err, context.Canceled) {
		t.Errorf("a start that was cancelled: %v", err)
	}
}
