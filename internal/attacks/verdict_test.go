package attacks

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A verdict says what an attack of a page script must have come to. Its name
// is the attack's, and its claim the one of the threat model that it attacks.
type verdict struct {
	name  string
	claim string
	want  map[string]string           // of the page's facts; "|" between alternatives, "*" for anything
	check func(t *testing.T, s *seen) // of what the test has seen; may be nil
}

// seen is an attack with what the test saw of it.
type seen struct {
	*result
	lab *lab
}

// hold gives each verdict a subtest and wants one for each attack.
func (l *lab) hold(t *testing.T, of *tab, verdicts ...verdict) {
	t.Helper()
	l.mu.Lock()
	results := map[string]*result{}
	for name, r := range of.facts {
		results[name] = r
	}
	l.mu.Unlock()
	for _, v := range verdicts {
		r := results[v.name]
		delete(results, v.name)
		t.Run(strings.TrimSpace(v.claim+" "+v.name), func(t *testing.T) {
			if r == nil {
				t.Fatal("the page never came to it")
			}
			for _, fact := range differences(v.want, r.facts) {
				t.Error(fact)
			}
			if v.check != nil {
				v.check(t, &seen{r, l})
			}
			if t.Failed() {
				t.Logf("requests meanwhile:\n%s", l.trace(r.before.exchanges, r.after.exchanges))
			}
		})
	}
	for name := range results {
		t.Errorf("nothing is said of the attack %q: %v", name, results[name].facts)
	}
}

func differences(want map[string]string, got map[string]any) []string {
	var all []string
	for name, value := range want {
		text := fmt.Sprint(got[name])
		if _, ok := got[name]; !ok {
			text = "missing"
		}
		if value != "*" && !slices.Contains(strings.Split(value, "|"), text) {
			all = append(all, fmt.Sprintf("%s: %.300q; want %q", name, text, value))
		}
	}
	for name, value := range got {
		if _, ok := want[name]; !ok {
			all = append(all, fmt.Sprintf("%s: %.300q is not expected at all", name, fmt.Sprint(value)))
		}
	}
	return all
}

// handlers are the calls that reached a handler meanwhile, of these commands.
func (s *seen) handlers(commands ...string) []handled {
	s.lab.mu.Lock()
	defer s.lab.mu.Unlock()
	var some []handled
	for _, h := range s.lab.ran[s.before.ran:s.after.ran] {
		if slices.Contains(commands, h.Command) {
			some = append(some, h)
		}
	}
	return some
}

// discarded is how much a counter of the gate went up.
func (s *seen) discarded(reason string) int {
	return int(s.after.stats.Boundary.Discarded[reason] - s.before.stats.Boundary.Discarded[reason])
}

// requests are those to the app's hosts meanwhile.
func (s *seen) requests(fits func(e *exchange) bool) []exchange {
	return s.lab.watch.exchanges(s.before.exchanges, s.after.exchanges, fits)
}

// opened is how many more sessions there were afterwards.
func (s *seen) opened() int {
	return s.after.stats.Boundary.Sessions - s.before.stats.Boundary.Sessions
}

// none fails if a handler of one of the commands ran.
func none(commands ...string) func(*testing.T, *seen) {
	return func(t *testing.T, s *seen) {
		for _, h := range s.handlers(commands...) {
			t.Errorf("%+v ran", h)
		}
	}
}

// counted fails unless a counter of the gate went up.
func counted(reason string) func(*testing.T, *seen) {
	return func(t *testing.T, s *seen) {
		if s.discarded(reason) < 1 {
			t.Errorf("the gate has not counted %q: before %v, after %v", reason, s.before.stats.Boundary.Discarded, s.after.stats.Boundary.Discarded)
		}
	}
}

// all holds if all of them do.
func all(checks ...func(*testing.T, *seen)) func(*testing.T, *seen) {
	return func(t *testing.T, s *seen) {
		for _, check := range checks {
			check(t, s)
		}
	}
}
