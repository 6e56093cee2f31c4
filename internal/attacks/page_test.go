package attacks

import (
	"testing"

	"github.com/sallyport/sallyport/isolation"
)

func TestPrototypePollution(t *testing.T) {
	inBrowsers(t, func(t *testing.T, d *driver) {
		l := newLab(t, d, options{script: "pollution"})
		v := l.visit("main")
		// A page may spoil its own calls: that they fail is no harm. What must
		// not happen is that they become others, or go past the hook.
		truthful := func(t *testing.T, s *seen) {
			none("vault.open", "forbidden", "editor.only")(t, s)
			for _, h := range s.handlers("echo") {
				if h.Text != "truth" {
					t.Errorf("the handler was told %q", h.Text)
				}
			}
			for _, name := range []string{"vault", "bare"} {
				if said := s.facts[name]; said != "hook_refused" && said != "no answer" && said != "invalid_args" && said != "closed" {
					t.Errorf("%s: %v", name, said)
				}
			}
		}
		var verdicts []verdict
		for _, name := range []string{
			"Object.prototype members", "Object.prototype accessors", "JSON", "arrays", "functions", "maps and promises", "messages", "timers and bytes",
		} {
			verdicts = append(verdicts, verdict{"polluted: " + name, "C1", map[string]string{"echo": `{"text":"truth"}`, "vault": "hook_refused", "bare": "hook_refused", "count": "ok"}, truthful})
			verdicts = append(verdicts, verdict{"polluted until the answer: " + name, "C1", map[string]string{"echo": "*", "vault": "*", "bare": "*", "count": "*"}, truthful})
		}
		// With these the page loses its own calls.
		for _, when := range []string{"polluted", "polluted until the answer"} {
			verdicts = append(verdicts, verdict{when + ": array elements", "C1", map[string]string{"echo": "*", "vault": "*", "bare": "*", "count": "*"}, truthful})
		}
		// toJSON is the page's own word on what its arguments are.
		for _, when := range []string{"polluted", "polluted until the answer"} {
			verdicts = append(verdicts, verdict{when + ": toJSON", "C1", map[string]string{"echo": `{"text":"truth"}|invalid_args`, "vault": "hook_refused", "bare": "hook_refused", "count": "ok|invalid_args"}, none("vault.open", "forbidden", "editor.only")})
		}
		const fixed = "TypeError"
		verdicts = append(verdicts,
			verdict{"the client's own objects", "C6", map[string]string{"global": fixed, "remove": fixed, "define": fixed, "invoke": fixed, "symbol": fixed, "call": "ok"}, nil},
			verdict{"arguments that are traps", "C1", map[string]string{
				"proxy": `ok {"text":"proxy"}`, "toJSON": `invalid_args|ok {"text":"by toJSON"}`, "cycle": "invalid_args", "bigint": "invalid_args", "function": "invalid_args",
				"symbol": "invalid_args", "object": "invalid_args", "array": "invalid_args", "proto": "invalid_args", "thrower": "invalid_args", "signal": "invalid_args",
			}, none("vault.open")},
			verdict{"a popup polluted before its client", "C1", map[string]string{"vault0": "hook_refused", "vault1": "hook_refused", "vault2": "hook_refused", "vault3": "TypeError|hook_refused|no answer", "how0": "*", "how1": "*", "how2": "*", "how3": "*"}, func(t *testing.T, s *seen) {
				t.Logf("the popups said: %v", s.facts)
				none("vault.open", "forbidden")(t, s)
			}},
			verdict{"after all that", "C1", map[string]string{"call": "ok"}, nil},
		)
		l.hold(t, v, verdicts...)
	})
}

func TestPagePolicy(t *testing.T) {
	inBrowsers(t, func(t *testing.T, d *driver) {
		l := newLab(t, d, options{script: "strict"})
		const blocked = "TypeError"
		l.hold(t, l.visit("main"),
			verdict{"markup and strings", "C6", map[string]string{
				"innerHTML": blocked, "outerHTML": blocked, "adjacent": blocked, "write": blocked, "parser": blocked, "fragment": blocked, "srcdoc": blocked,
				"eval": "EvalError|TypeError", "function": "EvalError|TypeError", "timer": "TypeError|EvalError", "scriptText": blocked, "scriptSrc": blocked, "worker": blocked,
				"policy": blocked, "defaultPolicy": blocked, "wasm": "CompileError", "ran": "",
			}, nil},
			verdict{"elements that run", "C6", map[string]string{"ran": ""}, nil},
			verdict{"ways out of the page", "C6", map[string]string{"features": "denied|prompt"}, nil},
			verdict{"isolated", "C6", map[string]string{"isolated": "true", "secure": "true", "referrer": "", "cookie": ""}, nil},
		)
	})
}

// What the back-forward cache gets: at most a document whose session is over.
func TestLeavingAndComingBack(t *testing.T) {
	inBrowsers(t, func(t *testing.T, d *driver) {
		l := newLab(t, d, options{script: "history"})
		l.openTab("main")
		v := l.arrival(l.origins["main"])
		l.finish(v)
		l.mu.Lock()
		kept := v.facts["leaving and coming back"]
		l.mu.Unlock()
		told := verdict{"told to go", "C4", map[string]string{"running": "closed|unknown_outcome", "queued": "closed|unknown_outcome", "after": "closed"}, nil}
		if kept != nil {
			t.Log("the document came out of the cache")
			l.hold(t, v, told, verdict{"leaving and coming back", "C4", map[string]string{"persisted": "true", "call": "closed", "queued": "closed|unknown_outcome"}, nil})
		} else {
			t.Log("the document was loaded anew")
			l.hold(t, v, told, verdict{"back again", "C4", map[string]string{"call": "ok"}, nil})
		}
		t.Run("C4 the session that was left is over, and its call cancelled", func(t *testing.T) {
			l.await("the end of the call", func() bool {
				h := l.handled("slow")
				return len(h) == 4 && h[3].Text == "ended"
			})
			stats := l.app.Gate().Stats()
			if n := stats.Ended[isolation.EndBye] + stats.Ended[isolation.EndDropped]; n < 1 {
				t.Errorf("sessions ended by %v", stats.Ended)
			}
		})
	})
}
