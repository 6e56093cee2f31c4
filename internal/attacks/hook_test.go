package attacks

import (
	"slices"
	"testing"
	"time"

	"github.com/sallyport/sallyport/audits"
)

func TestHook(t *testing.T) {
	inBrowsers(t, func(t *testing.T, d *driver) {
		l := newLab(t, d, options{script: "hook", hookLimit: 2500 * time.Millisecond})
		v := l.visit("main")
		// Nothing that the frame tried says that it worked.
		out := map[string]string{
			"fetch": "TypeError", "fetch no-cors": "TypeError", "fetch page": "TypeError", "xhr": "error|NetworkError", "img": "error", "beacon": "nothing",
			"websocket": "error|SecurityError|NS_ERROR_CONTENT_BLOCKED", "eventsource": "error|SecurityError|NS_ERROR_CONTENT_BLOCKED", "form": "nothing",
			"worker": "TypeError|SecurityError", "blob worker": "TypeError|SecurityError", "import": "TypeError", "import data": "TypeError",
			"script": "TypeError|error", "style": "error", "prefetch": "error|no answer", "preconnect": "nothing", "child frame": "nothing",
			"object": "TypeError|error", "popup": "null|InvalidAccessError", "top": "SecurityError", "storage": "SecurityError", "cookie": "SecurityError", "parent": "SecurityError",
			"eval": "EvalError|TypeError", "inner html": "TypeError", "start again": "undefined", "configuration": "null",
		}
		verdicts := []verdict{
			{"a hook that rewrites", "C1", map[string]string{"call": `ok {"text":"rewritten"}`, "forbidden": "denied"}, nil},
			{"a hook that keeps the call", "C1", map[string]string{"call": `ok {"text":"hook: later"}`}, nil},
			{"a call without arguments", "C1", map[string]string{"none": "hook_refused", "undefined": "hook_refused", "null": "hook_refused", "empty": "hook_refused", "batch": "*"}, func(t *testing.T, s *seen) {
				none("vault.open")(t, s)
				if h := s.handlers("count"); len(h) != 2 {
					t.Errorf("count ran %d times; want 2", len(h))
				}
			}},
			{"a hook that wants out", "C6", out, func(t *testing.T, s *seen) {
				if h := s.handlers("hook.loot"); len(h) != 1 {
					t.Errorf("the frame has reported %d times", len(h))
				}
			}},
			{"after all that", "C1", map[string]string{"call": "ok"}, nil},
		}
		for _, how := range []string{"location", "replace", "click", "refresh"} {
			verdicts = append(verdicts, verdict{"a frame that leaves: " + how, "C6", map[string]string{"said": "*"}, func(t *testing.T, s *seen) {
				// It has tried: either it has gone, and its session with it, or the
				// browser keeps the document that is there.
				switch said := s.facts["said"]; said {
				case "closed", "unknown_outcome", "no answer":
				case `{"seen":["stayed"]}`:
					if len(s.handlers("hook.leave")) != 1 {
						t.Error("no handler has heard that it stayed")
					}
				default:
					t.Errorf("the page says %v", said)
				}
			}})
		}
		for _, how := range []string{"throw", "reject", "nothing", "garbage", "number", "other window", "hang", "then"} {
			verdicts = append(verdicts, verdict{"a hook that fails: " + how, "C7", map[string]string{"call": "hook_refused"}, none("echo")})
		}
		l.hold(t, v, verdicts...)
		t.Run("C10 what the hook kept back is on record", func(t *testing.T) {
			reports := 0
			for _, r := range l.record.Records() {
				if r.ByFrame && r.Stage == audits.StageHook && r.Code == "hook_refused" && slices.Contains([]string{"echo", "vault.open"}, r.Command) {
					reports++
				}
			}
			if reports < 8+6 {
				t.Errorf("%d reports of the frame are on record; want one for each call that it refused, at least 14", reports)
			}
		})
	})
}

// The evil site does see what nothing keeps from it: else its silence in all
// other tests would say nothing.
func TestEvilSiteSeesWhatReachesIt(t *testing.T) {
	inBrowsers(t, func(t *testing.T, d *driver) {
		l := newLab(t, d, options{script: "victim"})
		l.finish(l.visitEvil("control"))
		l.mu.Lock()
		hits := l.hits
		l.hits = nil
		l.mu.Unlock()
		for _, way := range []string{
			"fetch", "img", "script.js", "import.mjs", "beacon", "xhr", "ws", "events", "worker.js", "style.css", "prefetch", "preload", "module",
			"video", "object", "frame", "location", "replace", "click", "refresh", "form", "popup",
		} {
			if !slices.ContainsFunc(hits, func(hit string) bool { return containsPath(hit, "/stolen/"+way) }) {
				t.Errorf("%s was not seen, among %v", way, hits)
			}
		}
	})
}
