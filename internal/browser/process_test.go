package browser

import (
	"bufio"
	"context"
	"errors"
	"html"
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

			p, err := b.Open(context.Background(), launchFile(t, server.URL+"/launch?token=s3cret&x=1"), Options{Headless: true, Width: 800, Height: 600})
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

// launchFile writes a document that sends a browser to address.
func launchFile(t *testing.T, address string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "open.html")
	text := `<!doctype html><meta http-equiv="refresh" content="0;url=` + html.EscapeString(address) + `">`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpenRefusesWhatIsNoLaunchFile(t *testing.T) {
	b := Browser{Name: Chromium, Path: filepath.Join(t.TempDir(), "chromium")}
	t.Setenv("TMPDIR", t.TempDir())
	huge := filepath.Join(t.TempDir(), "huge.html")
	if err := os.WriteFile(huge, make([]byte, maxLaunchFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ file, err string }{
		"a file that is not there":        {"nowhere.html", "nowhere.html"},
		"a file that is too large":        {huge, "larger than a launch file"},
		"a browser that can't be started": {launchFile(t, "http://localhost:1/"), "failed to start"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := b.Open(context.Background(), test.file, Options{})
			if err == nil {
				p.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), test.err) {
				t.Errorf("%v; want it to say %q", err, test.err)
			}
			if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "sallyport-browser-*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
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

func TestDevToolsAnswerThroughThePipe(t *testing.T) {
	p, err := installed(t, Chromium).Open(context.Background(), launchFile(t, "about:blank"), Options{Headless: true, DevTools: true})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := p.DevTools().Write([]byte("{\"id\":7,\"method\":\"Browser.getVersion\"}\x00")); err != nil {
		t.Fatal(err)
	}
	answer := make(chan string, 1)
	go func() {
		text, _ := bufio.NewReader(p.DevTools()).ReadString(0)
		answer <- text
	}()
	select {
	case text := <-answer:
		if !strings.Contains(text, `"id":7`) || !strings.Contains(text, "userAgent") {
			t.Errorf("it says %q", text)
		}
	case <-p.Done():
		t.Fatal(p.Err())
	case <-time.After(60 * time.Second):
		t.Fatalf("no answer; the browser wrote:\n%s", p.Stderr())
	}
}

func TestDevToolsOfAFirefoxAreRefused(t *testing.T) {
	p, err := Browser{Name: Firefox, Path: "/nowhere/firefox"}.Open(context.Background(), launchFile(t, "about:blank"), Options{DevTools: true})
	if err == nil || !strings.Contains(err.Error(), "Options.DevTools is for chromium") {
		t.Errorf("%v, %v", p, err)
	}
}
