package attacks

import (
	"testing"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/isolation"
)

func TestRelayCarrier(t *testing.T) {
	inBrowsers(t, func(t *testing.T, d *driver) {
		l := newLab(t, d, options{script: "relay", editor: "relay-editor", carriers: []isolation.Carrier{isolation.Relay}})
		v := l.visit("main")
		editor := l.finish(l.arrival(l.origins["editor"]))
		// counts wants exactly so many runs of count, whatever was sent besides.
		counts := func(n int) func(*testing.T, *seen) {
			return func(t *testing.T, s *seen) {
				if h := s.handlers("count"); len(h) != n {
					t.Errorf("count ran %d times; want %d", len(h), n)
				}
			}
		}
		atLeast := func(reasons map[string]int) func(*testing.T, *seen) {
			return func(t *testing.T, s *seen) {
				for reason, n := range reasons {
					if got := s.discarded(reason); got < n {
						t.Errorf("%d frames were discarded as %q; want at least %d", got, reason, n)
					}
				}
			}
		}
		l.hold(t, v,
			verdict{"a call over the relay", "C1", map[string]string{"count": "ok", "vault": "hook_refused", "see": `ok {"seen":["call main ` + l.origins["main"] + `"]}`}, func(t *testing.T, s *seen) {
				if sockets := s.requests(func(e *exchange) bool { return e.Path == "/socket" }); len(sockets) != 0 {
					t.Errorf("there was a socket: %v", sockets)
				}
			}},
			verdict{"a replay", "C3", map[string]string{"call": "ok", "said": "200,200,200,200"}, all(counts(1), atLeast(map[string]int{"sequence": 5}))},
			verdict{"a changed frame", "C2", map[string]string{"call": "ok", "said": "200,200,200,200,200,200,200"}, all(counts(1), atLeast(map[string]int{"version": 1, "epoch": 1, "iv": 1, "forged": 3}))},
			verdict{"a forged frame", "C2", map[string]string{"said": "*", "call": "ok"}, all(counts(1), atLeast(map[string]int{"type": 8, "forged": 3}))},
			verdict{"a body that is no frames", "C9", map[string]string{
				"short": "400", "long": "400", "huge": "400", "none": "200", "many": "400", "large": "413", "text": "400", "json": "400", "call": "ok",
			}, counts(1)},
			verdict{"another session's path", "C2", map[string]string{"unknown": "404", "strange": "404,404,404,404,404,404,404", "moved": "200", "call": "ok"}, all(counts(1), atLeast(map[string]int{"relay session": 1}), func(t *testing.T, s *seen) {
				if s.discarded("forged") < 1 {
					t.Errorf("a frame moved to another session was not discarded as forged: %v", s.after.stats.Boundary.Discarded)
				}
			})},
			verdict{"answers, stolen and repeated", "C3", map[string]string{"said": "ok|unknown_outcome", "settled": "0|1", "after": "ok"}, counts(2)},
			verdict{"frames left to another window", "C2", map[string]string{"editor": "404,200", "call": "ok"}, all(counts(2), func(t *testing.T, s *seen) {
				if h := s.handlers("editor.only"); len(h) != 1 || h[0].Window != "editor" {
					t.Errorf("editor.only ran as %+v", h)
				}
			})},
			verdict{"a lost request that was none", "C7", map[string]string{"call": "ok"}, counts(1)},
		)
		l.hold(t, editor, verdict{"replaying for the other window", "C2", map[string]string{"call": "ok", "said": "404,200", "across": "TypeError|opaque"}, nil})
	})
}

func TestFallbackToRelay(t *testing.T) {
	inBrowsers(t, func(t *testing.T, d *driver) {
		l := newLab(t, d, options{
			script: "fallback", carriers: []isolation.Carrier{isolation.Direct, isolation.Relay},
			front: withoutSocket,
		})
		v := l.visit("main")
		l.hold(t, v, verdict{"a call when there is no socket", "C1", map[string]string{"count": `{"n"`, "vault": "hook_refused"}, func(t *testing.T, s *seen) {
			if l.broken.Load() < 1 {
				t.Error("the frame has not tried a socket")
			}
		}})
		for _, r := range l.record.Records() {
			if r.Kind == audits.KindDecision && r.Carrier != isolation.Relay.String() {
				t.Errorf("a call came by %q", r.Carrier)
			}
		}
	})
}

func TestBrownfieldPattern(t *testing.T) {
	inBrowsers(t, func(t *testing.T, d *driver) {
		for _, carrier := range []isolation.Carrier{isolation.Direct, isolation.Relay} {
			t.Run(carrier.String(), func(t *testing.T) {
				l := newLab(t, d, options{script: "brownfield", pattern: isolation.Brownfield, carriers: []isolation.Carrier{carrier}})
				l.hold(t, l.visit("main"),
					verdict{"calls", "C1", map[string]string{
						"count": "ok", "echo": `ok {"text":"brown"}`, "forbidden": "denied", "editor": "denied", "policy": "denied", "schema": "invalid_args", "timeout": "timeout",
					}, func(t *testing.T, s *seen) {
						for _, r := range l.record.Records() {
							if r.Pattern != isolation.Brownfield.String() || r.Carrier != carrier.String() {
								t.Errorf("the record has %s by %s", r.Pattern, r.Carrier)
							}
						}
					}},
					verdict{"what is left in the document", "C4", map[string]string{"element": "null", "frames": "0", "source": "false"}, nil},
					verdict{"before a reload", "", map[string]string{}, nil},
					verdict{"after a reload", "C4", map[string]string{"call": "ok"}, nil},
				)
				if frames := l.watch.exchanges(0, 0, func(e *exchange) bool { return e.Host == l.host("frame") }); len(frames) != 0 {
					t.Errorf("the frame's host was asked for something: %v", frames)
				}
			})
		}
	})
}
