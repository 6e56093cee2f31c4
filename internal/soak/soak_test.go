package soak

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/core"
	"github.com/sallyport/sallyport/isolation"
)

// duration is how long the load lasts: SOAK, or seconds.
func duration(t *testing.T) time.Duration {
	d, err := time.ParseDuration(cmp.Or(os.Getenv("SOAK"), "5s"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A soak is all of it.
type soak struct {
	t       *testing.T
	app     *app
	ledger  *ledger
	wires   *wires
	stage   *stage
	origins map[string]string
	windows map[string]string // sessions of the DevTools protocol, by label
	moments []moment
	first   map[string]census // of what lives all along, after the first third
	did     map[string]int    // disturbances
}

// A moment is what was measured at rest.
type moment struct {
	at         time.Duration
	calls      int
	heap       float64 // of the core, in bytes
	goroutines int
	sizes      map[string]size // by window, and "window frame"
}

func TestSoak(t *testing.T) {
	d := duration(t)
	s := &soak{t: t, ledger: newLedger(), wires: newWires(), origins: map[string]string{}, windows: map[string]string{}, did: map[string]int{}}
	s.serve()
	s.stage = openStage(t, s.ledger.say)
	for _, label := range labels {
		session, err := s.stage.open()
		if err != nil {
			t.Fatal(err)
		}
		s.windows[label] = session
		launch, err := s.app.Gate().LaunchURL(label)
		if err == nil {
			err = s.stage.navigate(session, launch)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, label := range labels {
		if _, err := s.stage.pause(s.windows[label], 30*time.Second); err != nil {
			t.Fatalf("window %s: %v; the gate counts %+v", label, err, s.app.Gate().Stats())
		}
		if err := s.stage.tools.evaluate(s.windows[label], "soak.resume()", nil); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ticks := make(chan error, 1)
	go func() { ticks <- s.app.emitTicks(ctx) }()

	const rounds = 15 * time.Second
	start := time.Now()
	n := max(3, int(d/rounds))
	for i := 1; i <= n && !t.Failed(); i++ {
		s.disturb(time.Now().Add(d / time.Duration(n)))
		s.rest(start, i == n/3 || i == n)
	}
	s.compare()
	cancel()
	if err := <-ticks; err != nil {
		t.Error(err)
	}
	s.end()
	s.report()
}

// serve starts the app behind the wires.
func (s *soak) serve() {
	loopback, err := isolation.ListenLoopback()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, label := range labels {
		if s.origins[label], err = loopback.PageOrigin(label); err != nil {
			s.t.Fatal(err)
		}
	}
	s.app = newApp(s.t, s.ledger, loopback.FrameOrigin(), s.origins)
	if err := s.app.Start(); err != nil {
		s.t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() {
		served <- loopback.Serve(s.wires.pages(s.app.PageHandler()), s.wires.frames(s.app.FrameHandler()), nil)
	}()
	s.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		defer cancel()
		if err := errors.Join(s.app.Shutdown(ctx), loopback.Close(), <-served); err != nil {
			s.t.Error(err)
		}
	})
}

// disturb does one thing after the other until it is time.
func (s *soak) disturb(until time.Time) {
	main, origin := s.windows[mainWindow], s.origins[mainWindow]+"/"
	for time.Now().Before(until) {
		var what string
		var err error
		switch n := rand.IntN(20); {
		case n < 6:
			what = "a socket drops"
			s.wires.drop(false)
		case n < 8:
			what = "all sockets drop"
			s.wires.drop(true)
		case n < 10:
			what = "sockets stall"
			s.wires.stall(time.Duration(rand.IntN(1000)) * time.Millisecond)
		case n < 11:
			what = "sockets are refused"
			s.wires.refusing.Store(true)
			s.wires.drop(true)
			time.Sleep(time.Second)
			s.wires.refusing.Store(false)
		case n < 14:
			what = "requests of the relay are lost"
			s.wires.lose.Store(int64(1 + rand.IntN(3)))
		case n < 17:
			what = "a reload"
			s.ledger.leave()
			err = s.stage.tools.call(main, "Page.reload", object{}, nil)
		case n < 19:
			what = "a navigation away, and one back"
			s.ledger.leave()
			err = s.stage.navigate(main, "about:blank")
			time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond)
			err = errors.Join(err, s.stage.navigate(main, origin))
		default:
			what = "back in history"
			s.ledger.leave()
			s.ledger.leave()
			err = s.stage.navigate(main, "about:blank")
			err = errors.Join(err, s.stage.tools.evaluate(main, "history.back()", nil))
			time.Sleep(300 * time.Millisecond)
		}
		if err != nil {
			s.t.Errorf("%s: %v", what, err)
			return
		}
		s.did[what]++
		time.Sleep(time.Duration(200+rand.IntN(800)) * time.Millisecond)
	}
}

// rest ends the disturbances, waits until nothing is under way, and compares.
func (s *soak) rest(start time.Time, count bool) {
	s.wires.heal()
	var documents []string
	for _, label := range labels {
		document, err := s.stage.pause(s.windows[label], 40*time.Second)
		if err != nil {
			s.t.Errorf("window %s: %v; the gate counts %+v", label, err, s.app.Gate().Stats())
		}
		documents = append(documents, document)
	}
	s.await("no call under way", func(stats core.Stats) bool { return stats.UnderWay == 0 })
	s.await("one session for each window", func(stats core.Stats) bool { return stats.Boundary.Sessions == len(labels) })
	s.await("no page reports any more", func(core.Stats) bool { return len(s.ledger.open(documents)) == 0 })
	for _, problem := range s.ledger.settle(documents) {
		s.t.Error(problem)
	}
	for _, label := range labels {
		var hears bool
		if err := s.stage.tools.evaluate(s.windows[label], "soak.hears()", &hears); err != nil || !hears {
			s.t.Errorf("window %s hears no events any more: %v", label, err)
		}
	}
	s.measure(start)
	if count {
		s.count()
	}
	for _, label := range labels {
		if err := s.stage.tools.evaluate(s.windows[label], "soak.resume()", nil); err != nil {
			s.t.Errorf("window %s: %v", label, err)
		}
	}
}

func (s *soak) await(what string, holds func(core.Stats) bool) {
	end := time.Now().Add(20 * time.Second)
	for ; !holds(s.app.Stats()); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Errorf("waited in vain: %s; the app counts %+v", what, s.app.Stats())
			return
		}
	}
}

func (s *soak) measure(start time.Time) {
	m := moment{at: time.Since(start), calls: s.ledger.calls, sizes: map[string]size{}}
	for _, label := range labels {
		page := s.windows[label]
		for name, session := range map[string]string{label: page, label + " frame": s.stage.frame(page)} {
			size, err := s.stage.measure(session)
			if err != nil {
				s.t.Errorf("%s: %v", name, err)
			}
			m.sizes[name] = size
		}
	}
	var stats runtime.MemStats
	for range 3 { // pools give up what they hold in the second
		runtime.GC()
	}
	runtime.ReadMemStats(&stats)
	m.heap, m.goroutines = float64(stats.HeapAlloc), runtime.NumGoroutine()
	s.moments = append(s.moments, m)
	s.t.Log(m)
}

func (m moment) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%4.0fs %7d calls, core %.2f MiB, %d goroutines", m.at.Seconds(), m.calls, m.heap/(1<<20), m.goroutines)
	for _, name := range slices.Sorted(maps.Keys(m.sizes)) {
		size := m.sizes[name]
		fmt.Fprintf(&b, "; %s %.2f+%.2f MiB %d nodes %d listeners %d docs", name, size.Heap/(1<<20), size.Buffers/(1<<20), size.Nodes, size.Listeners, size.Documents)
	}
	return b.String()
}

// What may grow from the first third of the run to its last. A leak of 100
// bytes for each call is some 10 MiB in ten minutes.
const (
	coreGrowth      = 3 << 20
	pageGrowth      = 1 << 19 // for each document
	goroutineGrowth = 10
	listenerGrowth  = 20

	// Six pages that were left wait in the browser for somebody to go back to
	// them, their sessions over, beside the one that is shown.
	mostDocuments = 7
)

// compare looks for what grows: the least of the last third, where noise is
// least, against the least of the first.
func (s *soak) compare() {
	if len(s.moments) < 3 {
		return // it has failed by then
	}
	third := len(s.moments) / 3
	grows := func(what string, most float64, of func(moment) float64) {
		least := func(some []moment) float64 {
			n := of(some[0])
			for _, m := range some {
				n = min(n, of(m))
			}
			return n
		}
		from, to := least(s.moments[:third]), least(s.moments[len(s.moments)-third:])
		s.t.Logf("%-24s %10.0f -> %10.0f", what, from, to)
		if to-from > most {
			s.t.Errorf("%s grew from %.0f to %.0f", what, from, to)
		}
	}
	grows("heap of the core", coreGrowth, func(m moment) float64 { return m.heap })
	grows("goroutines", goroutineGrowth, func(m moment) float64 { return float64(m.goroutines) })
	for _, name := range slices.Sorted(maps.Keys(s.moments[0].sizes)) {
		for _, m := range s.moments {
			if n := m.sizes[name].Documents; n < 1 || n > mostDocuments {
				s.t.Errorf("%s has %d documents", name, n)
			}
		}
		each := func(m moment, n float64) float64 { return n / float64(max(1, m.sizes[name].Documents)) }
		grows("heap of "+name, pageGrowth, func(m moment) float64 { return each(m, m.sizes[name].Heap) })
		grows("buffers of "+name, pageGrowth, func(m moment) float64 { return each(m, m.sizes[name].Buffers) })
		grows("listeners of "+name, listenerGrowth, func(m moment) float64 { return each(m, float64(m.sizes[name].Listeners)) })
	}
}

// What there may be more of at the end than after a third of the run, of any one
// kind: the browser keeps a thousand lines of its console, as the hook's refusals are.
const objectGrowth = 1500

// count compares heap snapshots of the pages and frames that live all along.
func (s *soak) count() {
	taken := map[string]census{}
	for _, label := range []string{editorWindow, relayWindow} {
		page := s.windows[label]
		for name, session := range map[string]string{label: page, label + " frame": s.stage.frame(page)} {
			c, err := s.stage.takeCensus(session)
			if err != nil {
				s.t.Errorf("%s: %v", name, err)
			}
			taken[name] = c
		}
	}
	if s.first == nil {
		s.first = taken
		return
	}
	for _, name := range slices.Sorted(maps.Keys(taken)) {
		names, by := taken[name].growth(s.first[name])
		var most []string
		for _, kind := range names[:min(6, len(names))] {
			most = append(most, fmt.Sprintf("%s +%d", kind, by[kind]))
			if by[kind] > objectGrowth {
				s.t.Errorf("%s: there are %d more of %s", name, by[kind], kind)
			}
		}
		s.t.Logf("%-14s has more of: %s", name, strings.Join(most, ", "))
	}
}

// end closes the pages: then nothing may be left of them.
func (s *soak) end() {
	for _, label := range labels {
		var seen map[string]int
		if err := s.stage.tools.evaluate(s.windows[label], "soak.pause().then(() => soak.seen)", &seen); err != nil {
			s.t.Errorf("window %s: %v", label, err)
		}
		s.t.Logf("window %s at its end: %v", label, seen)
		if seen["ticks"] == 0 || seen["chats"] == 0 {
			s.t.Errorf("window %s has heard nothing: %v", label, seen)
		}
		if err := s.stage.navigate(s.windows[label], "about:blank"); err != nil {
			s.t.Errorf("window %s: %v", label, err)
		}
	}
	s.await("the end of all sessions", func(stats core.Stats) bool { return stats.Boundary.Sessions == 0 && stats.UnderWay == 0 })
	s.await("the end of all resources", func(core.Stats) bool { return s.app.opened.Load() == s.app.closed.Load() })
}

// report says what was done, and fails if something was not.
func (s *soak) report() {
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	stats := s.app.Stats()
	s.t.Logf("%d requests, %d ran, by code %v", s.ledger.calls, s.ledger.runs, s.ledger.codes)
	s.t.Logf("%d events of the core, %d of pages; %d resources", s.app.ticks.Load(), s.ledger.events, s.app.opened.Load())
	s.t.Logf("disturbed by %v: %d sockets dropped, %d requests lost; sessions ended %v", s.did, s.wires.dropped.Load(), s.wires.lost.Load(), stats.Boundary.Ended)
	for _, code := range []string{"ok", "failed", "denied", "invalid_args", "hook_refused", "cancelled", "timeout"} {
		if s.ledger.codes[code] == 0 {
			s.t.Errorf("no request ended with %s: %v", code, s.ledger.codes)
		}
	}
}
