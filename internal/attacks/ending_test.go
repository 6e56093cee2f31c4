//go:build unix

package attacks

import (
	"syscall"
	"testing"
	"time"

	"github.com/sallyport/sallyport/isolation"
)

// These browsers come to a bad end, so each test has one of its own.
func TestBrowserKilledAndHookBlocked(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			d := startDriver(t, engine)
			t.Cleanup(func() {
				if err := d.close(); err != nil {
					t.Error(err)
				}
			})
			limits := isolation.Limits{Heartbeat: 1500 * time.Millisecond, ResumeWithin: 1500 * time.Millisecond}
			l := newLab(t, d, options{script: "block", editor: "alive", boundary: limits})
			v := l.visit("main")
			l.hold(t, v, verdict{"a hook that blocks", "C9", map[string]string{"before": "ok", "call": "no answer|closed|unknown_outcome"}, func(t *testing.T, s *seen) {
				none("echo")(t, s)
				if n := s.after.stats.Boundary.Ended[isolation.EndSilent]; n != 1 {
					t.Errorf("with its page still open the session was not ended as silent: %v", s.after.stats.Boundary.Ended)
				}
			}})
			l.await("the end of all sessions", func() bool { return l.app.Gate().Stats().Sessions == 0 })

			labs := map[string]*lab{"direct": l}
			for name, o := range map[string]options{
				"relay":             {carriers: []isolation.Carrier{isolation.Relay}},
				"brownfield":        {pattern: isolation.Brownfield},
				"brownfield, relay": {pattern: isolation.Brownfield, carriers: []isolation.Carrier{isolation.Relay}},
			} {
				o.script, o.editor, o.boundary = "victim", "alive", limits
				labs[name] = newLab(t, d, o)
			}
			for _, l := range labs {
				l.openTab("editor")
				l.arrival(l.origins["editor"])
				l.await("the editor's session and its call", func() bool {
					return l.app.Gate().Stats().Sessions == 1 && len(l.handled("slow")) == 1
				})
			}
			pid, err := d.pid()
			if err != nil {
				t.Fatal(err)
			}
			for name, l := range labs {
				if n := l.app.Gate().Stats().Sessions; n != 1 {
					t.Errorf("%s: %d sessions before the browser is killed, want 1", name, n)
				}
			}
			if err := syscall.Kill(-pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			killed := time.Now()
			for name, l := range labs {
				t.Run("C9 a killed browser leaves no session behind: "+name, func(t *testing.T) {
					l.await("the killed browser's sessions' end", func() bool { return l.app.Gate().Stats().Sessions == 0 })
					// A socket shows at once that it is gone, the relay by its silence.
					if took, most := time.Since(killed), limits.ResumeWithin+2*limits.Heartbeat+2*time.Second; took > most {
						t.Errorf("that took %v, with ResumeWithin and Heartbeat at %v; want at most %v", took, limits.Heartbeat, most)
					}
					l.await("the end of its call", func() bool {
						h := l.handled("slow")
						return len(h) == 2 && h[1].Text == "ended" && l.app.Stats().UnderWay == 0
					})
				})
			}
		})
	}
}
