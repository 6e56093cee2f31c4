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
			l := newLab(t, d, options{script: "block", boundary: isolation.Limits{Heartbeat: 700 * time.Millisecond, ResumeWithin: 700 * time.Millisecond}})
			v := l.visit("main")
			l.hold(t, v, verdict{"a hook that blocks", "C9", map[string]string{"before": "ok", "call": "no answer|closed|unknown_outcome"}, func(t *testing.T, s *seen) {
				none("echo")(t, s)
				if n := s.after.stats.Boundary.Ended[isolation.EndSilent]; n != 1 {
					t.Errorf("with its page still open the session was not ended as silent: %v", s.after.stats.Boundary.Ended)
				}
			}})
			l.await("the end of all sessions", func() bool { return l.app.Gate().Stats().Sessions == 0 })

			l.openTab("editor")
			l.arrival(l.origins["editor"])
			l.await("the editor's session", func() bool { return l.app.Gate().Stats().Sessions == 1 })
			pid, err := d.pid()
			if err != nil {
				t.Fatal(err)
			}
			if err := syscall.Kill(-pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			killed := time.Now()
			t.Run("C9 a killed browser leaves no session behind", func(t *testing.T) {
				l.await("the killed browser's sessions' end", func() bool { return l.app.Gate().Stats().Sessions == 0 })
				if took := time.Since(killed); took > 3*time.Second {
					t.Errorf("that took %v, with ResumeWithin and Heartbeat at 700ms", took)
				}
			})
		})
	}
}
