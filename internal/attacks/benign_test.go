package attacks

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/isolation"
)

func TestBenignCalls(t *testing.T) {
	inBrowsers(t, func(t *testing.T, d *driver) {
		l := newLab(t, d, options{script: "benign"})
		first := l.visit("main")
		second := l.finish(l.arrival(l.origins["main"]))
		failed := func(code, id, message string) string {
			return strings.TrimSpace("SallyportError " + code + " " + id + " " + message + " true")
		}
		l.hold(t, first,
			verdict{"the first call", "", map[string]string{"sinceNavigation": "*", "sinceScript": "*"}, func(t *testing.T, s *seen) {
				t.Logf("%s: first answer %.0f ms after the navigation began, %.0f ms after the page's script", d.engine, s.facts["sinceNavigation"], s.facts["sinceScript"])
			}},
			verdict{"a round trip", "C1", map[string]string{"same": "true", "see": `ok {"seen":["call main ` + l.origins["main"] + `"]}`}, nil},
			verdict{"a large round trip", "C9", map[string]string{"same": "true"}, nil},
			verdict{"errors have a code and an id", "C8", map[string]string{
				"failed":    failed("failed", "id", "the command failed"),
				"visible":   failed("failed", "id", "The note is locked."),
				"panic":     failed("internal", "id", "the command could not be run"),
				"result":    failed("internal", "id", "the command could not be run"),
				"policy":    failed("denied", "id", "the call is not permitted"),
				"other":     failed("denied", "id", "the call is not permitted"),
				"forbidden": failed("denied", "id", "the call is not permitted"),
				"unknown":   failed("denied", "id", "the call is not permitted"),
				"schema":    failed("invalid_args", "id", "the arguments are not what the command takes"),
				"extra":     failed("invalid_args", "id", "the arguments are not what the command takes"),
				"missing":   failed("invalid_args", "id", "the arguments are not what the command takes"),
				"proto":     failed("invalid_args", "id", "the arguments are not what the command takes"),
			}, none("echo", "forbidden", "editor.only")},
			verdict{"abort", "C9", map[string]string{"call": "cancelled", "already": "cancelled"}, func(t *testing.T, s *seen) {
				if h := s.handlers("slow"); len(h) != 2 || h[1].Text != "ended" {
					t.Errorf("the handler saw %v; want it begun and cancelled", h)
				}
			}},
			verdict{"timeout", "C9", map[string]string{"call": "timeout"}, func(t *testing.T, s *seen) {
				l.await("the handler's end", func() bool {
					return slices.ContainsFunc(l.handled("slow"), func(h handled) bool { return h.Text == "ended" })
				})
			}},
			verdict{"a batch", "C1", map[string]string{"right": "true"}, func(t *testing.T, s *seen) {
				if n := len(s.handlers("echo")); n != 200 {
					t.Errorf("%d handlers ran for 200 calls", n)
				}
			}},
			verdict{"a call is written down when it is made", "C1", map[string]string{"first": "before", "shifty": "read 1"}, nil},
			verdict{"module and script share one session", "", map[string]string{"same": "true", "call": "m"}, func(t *testing.T, s *seen) {
				if s.opened() != 0 {
					t.Error("there is another session")
				}
			}},
			verdict{"before a reload", "C4", map[string]string{}, nil},
			verdict{"after a reload", "C4", map[string]string{"call": `ok {"text":"again"}`}, func(t *testing.T, s *seen) {
				old, now := l.handled("slow"), s.handlers("echo")
				if len(now) == 0 || old[len(old)-1].Session == now[0].Session {
					t.Error("the page has the session that it had before")
				}
				l.await("the end of the old session's call", func() bool {
					h := l.handled("slow")
					return h[len(h)-1].Text == "ended"
				})
			}},
			verdict{"a second tab", "C5", map[string]string{"before": `ok {"text":"one"}`, "second": `ok {"text":"second"}`, "after": `ok {"text":"two"}`}, func(t *testing.T, s *seen) {
				sessions := map[string]bool{}
				for _, h := range s.handlers("echo") {
					sessions[h.Session] = true
				}
				if len(sessions) != 2 {
					t.Errorf("the calls came by %d sessions; want 2", len(sessions))
				}
			}},
		)
		l.hold(t, second, verdict{"as the second tab", "C5", map[string]string{"first": `ok {"text":"two"}`, "call": `ok {"text":"still"}`}, nil})
		t.Run("C10 every call is on record", func(t *testing.T) {
			codes := map[string]int{}
			for _, r := range l.record.Records() {
				if r.Kind == audits.KindDecision && r.Verdict != audits.VerdictAllow {
					codes[r.Stage+" "+r.Code]++
				}
			}
			for want, n := range map[string]int{"policy denied": 4, "schema invalid_args": 4} {
				if codes[want] != n {
					t.Errorf("%d records of %q; want %d, in %v", codes[want], want, n, codes)
				}
			}
		})
		t.Run("C4 a closed tab leaves no session", func(t *testing.T) {
			l.awaitFor(5*time.Second, "the sessions' end", func() bool { return l.app.Gate().Stats().Sessions == 0 })
		})
	})
}

// The frame and the core together carry whatever streams and events are used for.
func TestBenignTraffic(t *testing.T) {
	inBrowsers(t, func(t *testing.T, d *driver) {
		for _, carrier := range []isolation.Carrier{isolation.Direct, isolation.Relay} {
			t.Run(carrier.String(), func(t *testing.T) {
				l := newLab(t, d, options{script: "traffic", editor: "traffic-editor", carriers: []isolation.Carrier{carrier}, boundary: missed})
				v := l.visit("main")
				editor := l.finish(l.arrival(l.origins["editor"]))
				l.hold(t, v,
					verdict{"eight MiB there and back", "C1", map[string]string{"bytes": "true", "same": "true", "read": "true", "progress": "true"}, nil},
					verdict{"items there and back", "C1", map[string]string{"taken": "500", "fed": "500", "ended": "500"}, nil},
					verdict{"a stream that is aborted", "C9", map[string]string{"first": "1000", "result": "cancelled", "write": "cancelled"}, func(t *testing.T, s *seen) {
						l.await("the handler's end", func() bool {
							h := l.handled("copy")
							return h[len(h)-1].Text == "ended: cancelled"
						})
					}},
					verdict{"events of two windows", "C5", map[string]string{"own": "20", "others": "5"}, nil},
				)
				l.hold(t, editor, verdict{"events of the other window", "C5", map[string]string{"heard": "21", "last": "main: for the editor 0", "order": "true"}, nil})
				l.nothingIsLeft(t)
			})
		}
	})
}
