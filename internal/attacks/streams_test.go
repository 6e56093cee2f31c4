package attacks

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/isolation"
)

// missed has sessions end soon whose page is gone: over the relay nothing else says
// so when a browser closes a window and sends no farewell.
var missed = isolation.Limits{Heartbeat: 3 * time.Second, ResumeWithin: 2 * time.Second}

// A window can neither read nor write nor end what another one streams.
func TestAnotherWindowsStreams(t *testing.T) {
	inBrowsers(t, func(t *testing.T, d *driver) {
		for _, carrier := range []isolation.Carrier{isolation.Direct, isolation.Relay} {
			t.Run(carrier.String(), func(t *testing.T) {
				l := newLab(t, d, options{script: "streams", editor: "streams-editor", carriers: []isolation.Carrier{carrier}, boundary: missed})
				v := l.visit("main")
				editor := l.finish(l.arrival(l.origins["editor"]))
				l.hold(t, v,
					verdict{"before all that", "C1", map[string]string{"call": "ok"}, nil},
					verdict{"another window's streams", "C5", map[string]string{
						"begun": "true", "sums": `{"bytes":27,"items":1}|{"items":1,"bytes":27}`, "stolen": "[]", "only": "denied",
					}, func(t *testing.T, s *seen) {
						// The calls under the editor's numbers have been made, and each has its own item.
						if n := len(s.handlers("take")); n != 2*20 {
							t.Errorf("take was begun and ended %d times; want 40", n)
						}
					}},
					verdict{"its own streams, by hand", "C9", map[string]string{
						"sent": "17|18", "ended": `ok {"items":1,"bytes":27}|ok {"bytes":27,"items":1}`, "aborted": "failed", "unfit": "invalid_args", "broken": "invalid_args",
						"invoked": "invalid_args", "streamed": "invalid_args|ok", "unknown": "denied", "foreign": "denied", "many": "busy", "after": "ok",
					}, nil},
				)
				l.hold(t, editor, verdict{"streams while another window is after them", "C5", map[string]string{
					"waited": "true", "end": "true", "feed": `{"items":300,"bytes":6000000}`, "taken": `{"items":40,"bytes":391}`, "secrets": "editor editor: still here",
				}, func(t *testing.T, s *seen) {
					for _, h := range s.handlers("editor.take") {
						if h.Window != "editor" {
							t.Errorf("editor.take ran as %+v", h)
						}
					}
				}})
				l.nothingIsLeft(t)
			})
		}
	})
}

// A page that reads nothing holds up its own streams and nobody else's, and
// takes up no more memory the longer it doesn't.
func TestReadersThatNeverRead(t *testing.T) {
	inBrowsers(t, func(t *testing.T, d *driver) {
		l := newLab(t, d, options{script: "slow", editor: "slow-editor"})
		v := l.visit("main")
		editor := l.finish(l.arrival(l.origins["editor"]))
		// A full heap is what the boundary may hold for the page (Boundary.MaxPending),
		// besides what each listener may (Limits.EventQueueBytes) and the garbage of
		// what came before.
		flat := func(t *testing.T, s *seen, most float64) {
			if grown := s.facts["grown"].(float64); grown > most {
				t.Errorf("the heap has grown by %v MiB; want at most %v", grown, most)
			}
		}
		const streams, window, size = 20, isolation.StreamWindow, 60000
		l.hold(t, v,
			verdict{"a reader that never reads", "C9", map[string]string{"alive": "ok", "stormed": "ok {}", "served": "true", "grown": "*", "events": "*"}, func(t *testing.T, s *seen) {
				flat(t, s, 48)
				// 50 of them were the editor's, which it read.
				if n := l.fed.Load() - 50; n > streams*(window/size+1) {
					t.Errorf("handlers have sent %d items to a page that reads none; want them to wait after %d", n, streams*(window/size+1))
				}
				if n := s.facts["events"].(float64); n > streams*(isolation.EventWindow/200) {
					t.Errorf("%v events were sent to listeners that give no credit", n)
				}
			}},
			verdict{"uploads that nobody reads", "C9", map[string]string{"grown": "*", "busy": "*", "waiting": "*", "call": "ok"}, func(t *testing.T, s *seen) {
				flat(t, s, 48)
				// 20 windows of 1 MiB are more than Limits.PendingBytes.
				busy, waiting := s.facts["busy"].(float64), s.facts["waiting"].(float64)
				if busy == 0 || waiting == 0 || busy+waiting != streams {
					t.Errorf("of %d uploads %v were too much and %v wait; want some of each", streams, busy, waiting)
				}
			}},
		)
		l.hold(t, editor, verdict{"being served beside a reader that never reads", "C9", map[string]string{
			"call": "ok", "waited": "true", "calls": "ok", "items": "50", "ended": `{"items":50,"bytes":3000000}`, "heard": "100", "took": "*",
		}, func(t *testing.T, s *seen) {
			if took := time.Duration(s.facts["took"].(float64)) * time.Millisecond; took > 20*time.Second {
				t.Errorf("serving the other window took %v", took)
			}
		}})
		l.nothingIsLeft(t)
	})
}

// However streams are broken off, their handlers learn it, and nothing of them
// stays.
func TestStreamsThatAreBrokenOff(t *testing.T) {
	inBrowsers(t, func(t *testing.T, d *driver) {
		for _, carrier := range []isolation.Carrier{isolation.Direct, isolation.Relay} {
			t.Run(carrier.String(), func(t *testing.T) {
				l := newLab(t, d, options{script: "aborted", carriers: []isolation.Carrier{carrier}, boundary: missed})
				v := l.visit("main")
				ended := func(command, how string) func(*testing.T, *seen) {
					return func(t *testing.T, s *seen) {
						l.await("the end of "+command, func() bool {
							h := l.handled(command)
							return len(h) > 0 && h[len(h)-1].Text == how
						})
					}
				}
				l.hold(t, v,
					verdict{"an upload given up by its writer", "C9", map[string]string{"result": "cancelled"}, nil},
					verdict{"an upload given up by its signal", "C9", map[string]string{"result": "cancelled", "after": "cancelled", "next": "cancelled"}, nil},
					verdict{"an upload given up without its call", "C9", map[string]string{"result": "failed"}, nil},
					verdict{"a stream left in the middle", "C9", map[string]string{"result": "cancelled"}, ended("feed", "ended: cancelled")},
					verdict{"a reload in the middle of everything", "C9", map[string]string{}, nil},
					verdict{"after the reload", "C9", map[string]string{"call": "ok"}, func(t *testing.T, s *seen) {
						if n := s.after.stats.UnderWay; n != 0 {
							t.Errorf("after the reload %d calls of the session before are under way", n)
						}
						if n := s.after.stats.Listeners; n != 0 {
							t.Errorf("after the reload %d listeners of the session before stand", n)
						}
					}},
					verdict{"the end in the middle of everything", "C9", map[string]string{}, func(t *testing.T, s *seen) {
						if s.after.stats.UnderWay != 25 || s.after.stats.Listeners != 10 {
							t.Errorf("%d calls and %d listeners before the end: the attack has not been made", s.after.stats.UnderWay, s.after.stats.Listeners)
						}
					}},
				)
				l.nothingIsLeft(t)
				var how []string
				for _, h := range l.handled("swallow") {
					if end, ok := strings.CutPrefix(h.Text, "ended: "); ok {
						how = append(how, end)
					}
				}
				if len(how) < 11 || slices.Contains(how, "complete") || !slices.Contains(how, "aborted") {
					t.Errorf("uploads that were broken off ended for their handlers as %q", how)
				}
			})
		}
	})
}

// nothingIsLeft wants the app to hold nothing for pages that have gone.
func (l *lab) nothingIsLeft(t *testing.T) {
	t.Helper()
	t.Run("C9 nothing is left of pages that have gone", func(t *testing.T) {
		l.awaitFor(30*time.Second, "the end of all that their pages had", func() bool {
			s := l.app.Stats()
			return s.Boundary.Sessions == 0 && s.UnderWay == 0 && s.Listeners == 0
		})
		begun := map[string]int{}
		for _, command := range []string{"take", "editor.take", "feed", "swallow", "idle", "slow"} {
			for _, h := range l.handled(command) {
				if h.Text == "begun" {
					begun[command]++
				} else {
					begun[command]--
				}
			}
			if begun[command] != 0 {
				t.Errorf("%d handlers of %s have begun and not ended", begun[command], command)
			}
		}
	})
}
