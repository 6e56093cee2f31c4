package attacks

import (
	"testing"
	"time"

	"github.com/sallyport/sallyport/core"
)

// A window can neither emit nor hear what is not its own, and nobody hears it as
// somebody else.
func TestEventsThatAreNotItsOwn(t *testing.T) {
	inBrowsers(t, func(t *testing.T, d *driver) {
		l := newLab(t, d, options{script: "events", editor: "events-editor"})
		v := l.visit("main")
		editor := l.finish(l.arrival(l.origins["editor"]))
		const refused = "denied: the call is not permitted"
		heardNone := func(t *testing.T, s *seen) {
			if l.left("stolen") != "" {
				t.Error("it has heard something")
			}
		}
		l.hold(t, v,
			verdict{"before all that", "C1", map[string]string{"there": "true", "own": "main main: hello"}, func(t *testing.T, s *seen) {
				if h := l.heardBy("main"); len(h) == 0 || h[0] != (heard{"note", "main", h[0].Session, "main: hello"}) {
					t.Errorf("the core has heard %+v", h)
				}
			}},
			verdict{"events that are not its own", "C5", map[string]string{"said": refused}, all(heardNone, func(t *testing.T, s *seen) {
				for _, h := range l.heardBy("") {
					if h.Event != "note" && h.Window != "editor" {
						t.Errorf("%+v was heard", h)
					}
				}
			})},
			verdict{"listening to what is another's", "C5", map[string]string{"said": refused}, all(heardNone, func(t *testing.T, s *seen) {
				if n := s.after.stats.Listeners - s.before.stats.Listeners; n != 0 {
					t.Errorf("there are %d more listeners", n)
				}
			})},
			verdict{"a sender of its own making", "C5", map[string]string{
				"window": unfit, "from": unfit, "event": unfit, "target": unfit,
				"to nobody": "ok", "to self": "ok", "to proto": "ok", "to core": "ok", "to all": "ok", "to long": "denied: the call is not permitted",
				"to none": "invalid_args: a window's label must be a string that is not empty", "to number": "invalid_args: a window's label must be a string that is not empty",
				"501": "ok null", "502": "ok null", "503": "ok null", "504": "invalid_args", "505": "invalid_args", "506": "invalid_args", "507": "ok null",
				"heard": "main main: for one,main main: last,main main: x",
			}, nil},
			verdict{"events of its own making", "C5", map[string]string{"told": "|editor editor: forged", "after": "main main: after the lies"}, nil},
			verdict{"listening twice by one number", "C5", map[string]string{"first": "ok null", "once": "1", "window": "main", "after": "0"}, nil},
			verdict{"a flood", "C9", map[string]string{"said": "*", "listens": "*", "listeners": "*", "stormed": "ok {}", "served": "true", "grown": "*"}, func(t *testing.T, s *seen) {
				t.Logf("%v", s.facts)
				// Those of the attacks before and of the editor are among them.
				most := float64(core.DefaultLimits().Listeners)
				if n := s.facts["listens"]; n == nil || n.(float64) > most {
					t.Errorf("%v listens were agreed to; want some, and at most %v", n, most)
				}
				if n := s.facts["listeners"].(float64); n > most+2 {
					t.Errorf("%v listeners stand", n)
				}
				if grown := s.facts["grown"].(float64); grown > 64 {
					t.Errorf("the heap has grown by %v MiB", grown)
				}
			}},
			verdict{"after the flood", "C9", map[string]string{"call": "ok", "listeners": "*"}, func(t *testing.T, s *seen) {
				if n := s.facts["listeners"].(float64); n > 6 {
					t.Errorf("%v listeners stand when those of the flood were ended", n)
				}
			}},
		)
		l.hold(t, editor, verdict{"events while another window is after them", "C5", map[string]string{
			"waited": "true", "calls": "ok", "took": "*", "secrets": "editor editor: for the editor alone,editor editor: to the last", "others": "", "heard": "2",
		}, func(t *testing.T, s *seen) {
			if took := time.Duration(s.facts["took"].(float64)) * time.Millisecond; took > 20*time.Second {
				t.Errorf("ten calls beside the flood took %v", took)
			}
		}})
		l.nothingIsLeft(t)
	})
}

const unfit = "invalid_args: the arguments are not what the command takes"
