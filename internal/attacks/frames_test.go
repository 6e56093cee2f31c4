package attacks

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/browser"
)

func TestForgedFrames(t *testing.T) {
	inBrowsers(t, func(t *testing.T, d *driver) {
		l := newLab(t, d, options{script: "frames", policy: hostile})
		v := l.visit("main")
		verdicts := []verdict{
			{"a false greeting", "C6", map[string]string{"vault": "hook_refused", "call": "ok", "heard": ""}, nil},
			{"a false greeting before the true one", "C6", map[string]string{"vault": "hook_refused", "call": "ok", "heard": ""}, nil},
			{"the port, stolen", "C1", map[string]string{
				"1001": "hook_refused", "1002": "invalid_args", "1003": "hook_refused", "1004": "hook_refused",
				"1005": `{"text":"by the port"}`, "1006": "denied", "1007": "denied", "1008": "denied", "1009": "denied",
				"1010": `{"text":"b"}`, "1011": "denied", "1012": "invalid_args|too_large", "1013": "*", "1014": "denied",
			}, none("forbidden")},
			{"still there", "C1", map[string]string{"call": "ok"}, nil},
			{"calls posted to the frame's window", "C1", map[string]string{"posted": "2", "call": "ok"}, none("echo", "vault.open")},
			{"the port, given to a window", "C1", map[string]string{"window": "answered"}, func(t *testing.T, s *seen) {
				if len(s.handlers("echo")) == 0 {
					t.Error("the window could not call while its page was there")
				}
			}},
			{"the port, when its page has gone", "C4", map[string]string{"call": "ok", "heard": "", "still": "1"}, none("echo")},
			{"a listener that swallows every message", "", map[string]string{}, nil},
			{"with every message swallowed", "C7", map[string]string{"vault": "no answer|closed|hook_refused"}, nil},
			{"a fake in the frame's place", "", map[string]string{}, nil},
			// Either the fake has won, and the page fools itself: its own client
			// believes it, and the core never hears of it. Or the navigation
			// came too late, and it is the genuine frame that answers.
			{"with a fake in the frame's place", "C6", map[string]string{"vault": "*", "count": "*"}, func(t *testing.T, s *seen) {
				none("vault.open")(t, s)
				if s.facts["count"] == "faked" {
					none("count")(t, s)
					if s.after.stats.Calls != s.before.stats.Calls {
						t.Error("the core has opened a call")
					}
				} else if s.facts["vault"] == "faked" {
					t.Error("fake and genuine frame have both answered")
				}
			}},
			{"after all that", "C1", map[string]string{"call": "ok"}, nil},
		}
		for name, gone := range map[string]bool{
			"the frame replaced by srcdoc":  true,
			"the frame without its sandbox": true,
			"the frame sent to about:blank": true,
			"the frame loaded again":        true,
			"the frame taken out":           true,
			"the frame moved":               true,
			// What frame-src blocks leaves an error page in Chromium; in
			// Firefox it leaves the genuine frame, whose socket comes back.
			"the frame sent to a blob":                 d.engine == browser.Chromium,
			"the frame sent to data:":                  d.engine == browser.Chromium,
			"the frame sent to the evil site":          d.engine == browser.Chromium,
			"the frame sent elsewhere by its location": d.engine == browser.Chromium,
		} {
			verdicts = append(verdicts, verdict{name, "C6", map[string]string{"before": "ok", "call": "*", "port": "*"}, func(t *testing.T, s *seen) {
				if !gone {
					// Whatever answers, it is the core that has been asked.
					for _, said := range s.facts {
						if strings.Contains(said.(string), "faked") {
							t.Errorf("a fake has answered: %v", s.facts)
						}
					}
					if call := s.facts["call"].(string); strings.HasPrefix(call, "{") && len(s.handlers("count")) < 2 {
						t.Errorf("the page got %s, and count ran %d times", call, len(s.handlers("count")))
					}
					return
				}
				if call := s.facts["call"]; call != "closed" && call != "no answer" && call != "unknown_outcome" {
					t.Errorf("a call afterwards: %v", call)
				}
				if port := s.facts["port"]; port != "" {
					t.Errorf("the port still says %v", port)
				}
				if n := len(s.handlers("count")); n != 1 {
					t.Errorf("count ran %d times; want once, before", n)
				}
			}})
		}
		l.hold(t, v, verdicts...)
	})
}

func TestNestedDocumentsAndWindows(t *testing.T) {
	inBrowsers(t, func(t *testing.T, d *driver) {
		l := newLab(t, d, options{script: "nested", policy: hostile})
		v := l.visit("main")
		editor := l.finish(l.arrival(l.origins["editor"]))
		refused := "refused|" + denied
		quiet := func(t *testing.T, s *seen) {
			for _, e := range s.requests(func(e *exchange) bool { return e.Status == http.StatusSwitchingProtocols }) {
				t.Errorf("a socket was opened: %v", &e)
			}
			if s.opened() > 0 {
				t.Error("there is another session")
			}
		}
		verdicts := []verdict{
			{"before all that", "C1", map[string]string{"call": "ok"}, nil},
			{"a socket of the page's", "C6", map[string]string{"frame": refused, "page": refused}, quiet},
			{"a child document's realm", "C6", map[string]string{"socket": refused, "fetch": "TypeError", "frame": "TypeError", "vault": "hook_refused"}, quiet},
			{"a child with no name in the way", "C1", map[string]string{"heard": "echo ok,vault hook_refused"}, quiet},
			{"a sandboxed child with a null origin", "C6", map[string]string{"parent": denied, "origin": "null", "socket": "refused", "relay": "refused", "evil": "refused"}, quiet},
			{"children of children", "C6", map[string]string{"heard": strings.Join([]string{
				"boxed-boxed api " + denied, "boxed-boxed socket refused", "boxed-open api " + denied, "boxed-open socket refused",
				"open-boxed api " + denied, "open-boxed socket refused", "open-open api object", "open-open socket refused", "open-open vault hook_refused",
			}, ",")}, all(quiet, none("echo"))},
			{"a way back by redirect", "C6", map[string]string{"client": "undefined|" + denied}, func(t *testing.T, s *seen) {
				quiet(t, s)
				back := s.requests(func(e *exchange) bool { return e.Host == l.host("main") && e.Path == "/" })
				if len(back) == 0 {
					t.Error("no request came back: the attack has not been made")
				}
				for _, e := range back {
					if e.Status != http.StatusForbidden {
						t.Errorf("served by way of another site: %v", &e)
					}
				}
			}},
			{"a window with nothing in it", "C6", map[string]string{"socket": refused, "fetch": "TypeError"}, quiet},
			{"a window with a blob in it", "C6", map[string]string{"heard": "|refused"}, quiet},
			{"a page of its own in a popup", "C5", map[string]string{"vault": "hook_refused", "see": "call main " + l.origins["main"], "editor": "denied", "frame": denied}, none("editor.only")},
			{"another window's page", "C5", map[string]string{
				"popup": denied + "|undefined", "idle": denied + "|undefined", "script": denied + "|undefined", "noopener": "undefined", "client": denied + "|undefined",
				"fetch": "TypeError", "relay": "TypeError", "script2": "error|no answer", "img": "error|no answer", "cookie": "", "form": "*",
			}, func(t *testing.T, s *seen) {
				for _, e := range s.requests(func(e *exchange) bool {
					return e.Host == l.host("editor") && e.Request.Get("Sec-Fetch-Site") == "cross-site"
				}) {
					if strings.Contains(e.Request.Get("Cookie"), "=") {
						t.Errorf("another site's request has the editor's cookie: %v", &e)
					}
					if e.Status == http.StatusOK && e.Path != "/.sallyport/launch" {
						t.Errorf("another site was served: %v", &e)
					}
				}
				for _, h := range s.handlers("editor.only") {
					if h.Window != "editor" {
						t.Errorf("editor.only ran as %+v", h)
					}
				}
				counted("cookie")(t, s)
			}},
		}
		for _, name := range []string{"a blob for a frame", "a sandboxed blob for a frame", "data: for a frame", "the evil site for a frame", "the page for a frame", "the editor for a frame", "the frame host for a frame"} {
			verdicts = append(verdicts, verdict{name, "C6", map[string]string{"heard": ""}, quiet})
		}
		l.hold(t, v, verdicts...)
		l.hold(t, editor,
			verdict{"its own call", "C5", map[string]string{"call": "ok null"}, nil},
			verdict{"while it is attacked", "C5", map[string]string{"waited": "true", "call": "ok null"}, nil},
		)
		t.Run("C5 no cookie crosses to another window", func(t *testing.T) {
			of := map[string]map[string]bool{}
			for _, e := range l.watch.exchanges(0, 0, func(e *exchange) bool {
				return e.Request.Get("Cookie") != "" && strings.Contains(e.Request.Get("User-Agent"), "Mozilla")
			}) {
				if of[e.Host] == nil {
					of[e.Host] = map[string]bool{}
				}
				of[e.Host][e.Request.Get("Cookie")] = true
			}
			if len(of) != 2 || len(of[l.host("main")]) != 1 || len(of[l.host("editor")]) != 1 {
				t.Errorf("cookies were sent to %d hosts, %d to main, %d to the editor; want one to each of the two", len(of), len(of[l.host("main")]), len(of[l.host("editor")]))
			}
			for cookie := range of[l.host("main")] {
				if of[l.host("editor")][cookie] {
					t.Error("both windows have the same cookie")
				}
			}
		})
	})
}
