package browser

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// installed finds a browser for a test. A machine without one can't run the
// test; where browsers are promised, SALLYPORT_REQUIRE_BROWSERS makes that a
// failure.
func installed(t *testing.T, name string) Browser {
	t.Helper()
	b, err := Find(name)
	if errors.Is(err, ErrNotFound) && os.Getenv("SALLYPORT_REQUIRE_BROWSERS") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBrowserOpensThePageAndLeavesNothing(t *testing.T) {
	for _, name := range []string{Chromium, Firefox} {
		t.Run(name, func(t *testing.T) {
			b := installed(t, name)
			agents := make(chan string, 8)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/launch" && r.URL.RawQuery == "token=s3cret&x=1" {
					agents <- r.UserAgent()
				}
			}))
			defer server.Close()

			p, err := b.Open(context.Background(), server.URL+"/launch?token=s3cret&x=1", Options{Headless: true, Width: 800, Height: 600})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			select {
			case agent := <-agents:
				if isFirefox := strings.Contains(agent, "Firefox/"); isFirefox != (name == Firefox) {
					t.Errorf("started %s, and %q came", name, agent)
				}
			case <-p.Done():
				t.Fatal(p.Err())
			case <-time.After(60 * time.Second):
				t.Fatalf("the page was not fetched; the browser wrote:\n%s", p.Stderr())
			}
			if info, err := os.Stat(filepath.Join(p.folder, "launch.html")); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("launch file: %v, %v; want mode 0600", info, err)
			}
			checkProcesses(t, p)

			if err := p.Close(); err != nil {
				t.Error(err)
			}
			if err := p.Close(); err != nil {
				t.Error("a second Close:", err)
			}
			if _, err := os.Stat(p.folder); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the private folder is still there: %v", err)
			}
			checkGone(t, p)
		})
	}
}

func TestWriteLaunchFile(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "launch.html")
	if err := WriteLaunchFile(path, `http://main-x.localhost:1/?token="><script>alert(1)</script>`); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "<script") {
		t.Errorf("the address broke out of its attribute:\n%s", text)
	}
	if err := WriteLaunchFile(path, "http://localhost:1/"); !errors.Is(err, os.ErrExist) {
		t.Errorf("a file that somebody else made: %v; want a refusal", err)
	}
	for _, address := range []string{"javascript:alert(1)", "file:///etc/passwd", "http:///x?token=s3cret", "%"} {
		err := WriteLaunchFile(filepath.Join(folder, "other.html"), address)
		if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v; want a refusal that doesn't repeat the address", address, err)
		}
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	tail := tail{max: 8}
	for _, part := range []string{"abc", "defgh", "", "ij", "0123456789xyz"} {
		if n, err := tail.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatalf("Write(%q) = %d, %v", part, n, err)
		}
		if len(tail.buf) > 8 {
			t.Fatalf("%d bytes kept", len(tail.buf))
		}
	}
	if got := tail.text(); got != "56789xyz" {
		t.Errorf("kept %q", got)
	}
}
