package attacks

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/browser"
	"github.com/sallyport/sallyport/isolation"
)

// hostile is what a page may do that uses a framework with a Trusted Types
// policy: enough to get all attacks past Trusted Types, to what stands behind.
var hostile = isolation.PagePolicy{TrustedTypes: []string{"hostile"}}

const denied = "SecurityError"

func TestKeyTheft(t *testing.T) {
	inBrowsers(t, func(t *testing.T, d *driver) {
		l := newLab(t, d, options{script: "theft", policy: hostile})
		v := l.visit("main")
		window := map[string]string{"document": "null", "svg": "null", "inner": denied, "define": denied, "set": denied, "prototype": denied + "|TypeError", "href": denied,
			"keys": "blur,close,closed,focus,frames,length,location,opener,parent,postMessage,self,top,window"}
		for _, name := range []string{"sallyport", "name", "eval", "crypto", "localStorage", "origin", "frameElement", "history", "onmessage", "reload", "stop"} {
			window[name] = denied
		}
		policied := "hook_refused" // Firefox knows no csp attribute
		if d.engine == browser.Chromium {
			policied = "nothing" // the document has agreed to no policy but its own, and is not shown
		}
		tickets := func(e *exchange) bool {
			return e.Host == l.host("frame") && e.Status == http.StatusOK && e.Request.Get("Sec-Fetch-Dest") != "iframe"
		}
		l.hold(t, v,
			verdict{"the frame's window", "C6", window, nil},
			verdict{"loading the frame's address", "C4", map[string]string{"learnt": "", "said": "*"}, func(t *testing.T, s *seen) {
				t.Log(s.facts["said"])
				for _, e := range s.requests(tickets) {
					t.Errorf("the frame's document was served to %v", &e)
				}
				// No attempt has used the ticket up: its frame still loads.
				if response, _ := l.send(request{url: l.left("stolen ticket"), header: framing}); response.StatusCode != http.StatusOK {
					t.Errorf("afterwards the ticket gives %s", response.Status)
				}
			}},
			verdict{"workers", "C6", map[string]string{"worker": "TypeError|SecurityError|nothing", "blob": "TypeError|SecurityError|nothing", "shared": "TypeError|SecurityError|nothing", "frame": "TypeError|SecurityError|nothing", "worklet": "AbortError|TypeError"}, func(t *testing.T, s *seen) {
				noScript(t, s, "worker", "sharedworker", "audioworklet")
			}},
			verdict{"a service worker with navigation preload", "C6", map[string]string{"own": denied + "|TypeError", "client": denied + "|TypeError", "scope": denied + "|TypeError", "frame": denied + "|TypeError", "there": "0"}, func(t *testing.T, s *seen) {
				noScript(t, s, "serviceworker")
			}},
			verdict{"a frame of the page's own", "C1", map[string]string{"origin": "null", "document": "null", "answers": `hook_refused invalid_args {"text":"by hand"}`}, func(t *testing.T, s *seen) {
				if h := s.handlers("echo"); len(h) != 1 {
					t.Errorf("%d calls by hand ran; want 1", len(h))
				}
			}},
			verdict{"a frame that is patched before its document comes", "C6", map[string]string{"heard": "", "answers": `hook_refused {"text":"patched"}`, "early": denied + "|another window"}, func(t *testing.T, s *seen) {
				if h := s.handlers("echo"); len(h) != 1 || h[0].Text != "patched" {
					t.Errorf("echo ran as %v; want the one call by hand", h)
				}
			}},
			verdict{"a frame with a policy of the page's", "C1", map[string]string{"script": policied, "connect": policied, "any": policied}, func(t *testing.T, s *seen) {
				none("vault.open")(t, s)
				if served := s.requests(func(e *exchange) bool { return e.Host == l.host("frame") && e.Status == http.StatusOK }); len(served) != 3 {
					t.Errorf("%d frames were served; want 3", len(served))
				}
			}},
			verdict{"traces of the frame", "C4", map[string]string{"domain": denied, "name": denied, "timing": denied, "length": "0", "secret": "false", "entries": "*"}, nil},
			verdict{"a popup's document before its client", "C4", map[string]string{"text": "*", "call": "hook_refused|no answer|closed|TypeError"}, func(t *testing.T, s *seen) {
				t.Logf("the popup gave %.60v", s.facts["text"])
			}},
			verdict{"javascript: addresses", "C6", map[string]string{"heard": "", "said": "*"}, nil},
			verdict{"the same ticket twice", "C4", map[string]string{"before": "ok", "after": "closed|unknown_outcome"}, func(t *testing.T, s *seen) {
				counted("ticket used")(t, s)
				if n := s.after.stats.Boundary.Ended[isolation.EndTicket] - s.before.stats.Boundary.Ended[isolation.EndTicket]; n != 1 {
					t.Errorf("%d sessions were ended for it; want 1", n)
				}
				if h := s.handlers("count"); len(h) != 1 {
					t.Errorf("count ran %d times; want 1", len(h))
				}
			}},
			verdict{"after all that", "C1", map[string]string{"call": "ok"}, nil},
		)
	})
}

// noScript fails if a script was served to one of these destinations.
func noScript(t *testing.T, s *seen, destinations ...string) {
	t.Helper()
	for _, e := range s.requests(func(e *exchange) bool { return e.Status == http.StatusOK }) {
		for _, to := range destinations {
			if e.Request.Get("Sec-Fetch-Dest") == to || e.Request.Get("Service-Worker") != "" {
				t.Errorf("a script was served: %v", &e)
			}
		}
	}
}

// left is a text that a page has left.
func (l *lab) left(name string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Trim(string(l.notes[name]), `"`)
}
