package attacks

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/isolation"
)

func TestOtherSites(t *testing.T) {
	inBrowsers(t, func(t *testing.T, d *driver) {
		l := newLab(t, d, options{script: "victim", boundary: isolation.Limits{SocketHello: time.Second}})
		victim := func() *tab {
			l.openTab("main")
			return l.arrival(l.origins["main"])
		}()
		v := l.visitEvil("foreign")
		l.leave("evil is done", "true")
		l.finish(victim)

		unread := func(t *testing.T, s *seen) {
			for name, fact := range s.facts {
				for said := range strings.SplitSeq(fact.(string), ", ") {
					if _, got, _ := strings.Cut(said, " "); got != "TypeError" && got != "opaque" {
						t.Errorf("%s: %s", name, said)
					}
				}
			}
			unserved(t, s)
		}
		anything := func(names ...string) map[string]string {
			facts := map[string]string{}
			for _, name := range names {
				facts[name] = "*"
			}
			return facts
		}
		l.hold(t, v,
			verdict{"fetching", "C6", anything("page", "asset", "client", "relay", "ticket", "launch", "socket", "frame"), all(unread, refusedAtLeast(24))},
			verdict{"elements", "C6", map[string]string{"script": "error", "client": "error", "style": "error", "frameScript": "error", "img": "error", "stolen": "undefinedundefined"}, all(unserved, refusedAtLeast(3))},
			verdict{"framing the page", "C6", map[string]string{"frames": "0|SecurityError"}, all(unserved, refusedAtLeast(1))},
			verdict{"framing the frame", "C6", map[string]string{"heard": "0"}, func(t *testing.T, s *seen) {
				// The browser fetches the document and then refuses to show it:
				// the one thing that is left is a handshake nobody makes.
				documents := s.requests(func(e *exchange) bool {
					return e.Status == http.StatusOK && e.Request.Get("Sec-Fetch-Dest") == "iframe"
				})
				if len(documents) == 0 {
					t.Error("no document was served, so that there was nothing to refuse")
				}
				for _, e := range s.requests(func(e *exchange) bool { return e.Path == "/socket" }) {
					t.Errorf("another site's frame has run: %v", &e)
				}
				if s.opened() != 0 {
					t.Error("another site's frame has a session")
				}
			}},
			verdict{"a socket of the evil origin", "C6", map[string]string{"frame": "refused", "main": "refused", "numeric": "refused", "localhost": "refused"}, all(counted("origin"), unserved)},
			verdict{"a socket of a null origin", "C6", map[string]string{
				"nothing": "open 0", "hello": "open 0", "resume": "open 0", "batch": "open 0", "proof": "open 0", "bye": "open 0", "version": "open 0", "empty": "open 0", "text": "open 0", "large": "open 0",
			}, func(t *testing.T, s *seen) {
				if s.opened() != 0 || s.after.stats.Calls != s.before.stats.Calls {
					t.Error("it got somewhere")
				}
				if s.discarded("hello") < 6 || s.discarded("resume") < 1 || s.discarded("no hello") < 1 {
					t.Errorf("the gate counts %v", s.after.stats.Boundary.Discarded)
				}
			}},
			verdict{"fetching ahead", "C6", map[string]string{}, func(t *testing.T, s *seen) {
				unserved(t, s)
				ahead := s.requests(func(e *exchange) bool {
					return e.Request.Get("Sec-Purpose") != "" || e.Request.Get("Purpose") != "" || e.Request.Get("X-Moz") != ""
				})
				if len(ahead) == 0 {
					t.Error("the browser has fetched nothing ahead: the attack has not been made")
				}
				counted("prefetch")(t, s)
				for left, headers := range map[string]map[string]string{"ticket ahead": framing, "launch ahead": navigation} {
					if response, _ := l.send(request{url: l.left(left), header: headers}); response.StatusCode != http.StatusOK {
						t.Errorf("%s: %s afterwards", left, response.Status)
					}
				}
			}},
			verdict{"by redirect", "C6", map[string]string{"fetch": "TypeError|opaque", "script": "error", "ticket": "error", "client": "undefined|SecurityError", "frames": "0|SecurityError"}, all(unserved, refusedAtLeast(3))},
			verdict{"opening the page", "C5", anything("page", "editor", "idle", "launch", "token", "frame"), all(unserved, counted("cookie"), counted("token"), counted("fetch_dest"))},
			verdict{"posting forms", "C6", map[string]string{}, all(unserved, refusedAtLeast(1))},
			verdict{"another name for the same ports", "C6", map[string]string{"rebind.localhost": "opaque,refused|TypeError,refused", "127.0.0.1": "opaque,refused|TypeError,refused", "localhost": "opaque,refused|TypeError,refused", "below": "opaque,refused|TypeError,refused"}, func(t *testing.T, s *seen) {
				unserved(t, s)
				refused := s.requests(func(e *exchange) bool { return e.Status == http.StatusMisdirectedRequest })
				if len(refused) < 8 {
					t.Errorf("%d requests were refused for their host; want at least 8", len(refused))
				}
			}},
		)
		l.hold(t, victim, verdict{"meanwhile", "C6", map[string]string{"before": "ok", "after": "ok"}, nil})
	})
}

// unserved fails if anything was served to another site. Tickets that the test
// itself gave away come by requests without a user agent of a browser.
func unserved(t *testing.T, s *seen) {
	t.Helper()
	for _, e := range s.requests(func(e *exchange) bool { return strings.Contains(e.Request.Get("User-Agent"), "Mozilla") }) {
		if site := e.Request.Get("Sec-Fetch-Site"); e.Status < http.StatusBadRequest && site != "same-origin" {
			t.Errorf("another site was served: %v", &e)
		}
		if strings.Contains(e.Request.Get("Cookie"), "=") && e.Request.Get("Sec-Fetch-Site") != "same-origin" {
			t.Errorf("another site's request has a cookie: %v", &e)
		}
	}
}

// refusedAtLeast wants so many requests of a browser to have come and to have
// been refused: an attack that does not arrive proves nothing.
func refusedAtLeast(n int) func(*testing.T, *seen) {
	return func(t *testing.T, s *seen) {
		t.Helper()
		refused := s.requests(func(e *exchange) bool {
			return e.Status >= http.StatusBadRequest && strings.Contains(e.Request.Get("User-Agent"), "Mozilla")
		})
		if len(refused) < n {
			t.Errorf("%d requests were refused, want at least %d", len(refused), n)
		}
	}
}

// leave is what a page's lab.leave is, for the test.
func (l *lab) leave(name, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.notes[name] = []byte(text)
}
