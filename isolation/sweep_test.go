package isolation

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestC9ASessionsTimesAreKept looks at sessions of every age, silence and
// absence: each is ended, pinged or left alone.
func TestC9ASessionsTimesAreKept(t *testing.T) {
	g, _ := quietGate(t)
	l := &g.limits
	const little = time.Second
	for name, tt := range map[string]struct {
		born, seen time.Duration // ago
		pinged     time.Duration // ago; 0: not since the last frame
		dropped    time.Duration // ago; 0: the socket stands
		end        Reason
		ping       bool
	}{
		"young and just seen":           {born: little, seen: 0},
		"as old as may be":              {born: l.SessionLife - little},
		"too old":                       {born: l.SessionLife + little, end: EndExpired},
		"too old and dropped":           {born: l.SessionLife + little, dropped: little, end: EndExpired},
		"silent, not for long":          {born: time.Hour, seen: l.Heartbeat - little},
		"silent":                        {born: time.Hour, seen: l.Heartbeat + little, ping: true},
		"pinged, not long ago":          {born: time.Hour, seen: time.Minute, pinged: l.Heartbeat - little},
		"pinged, and no answer":         {born: time.Hour, seen: time.Minute, pinged: l.Heartbeat + little, end: EndSilent},
		"dropped, not long ago":         {born: time.Hour, seen: time.Minute, dropped: l.ResumeWithin - little},
		"dropped, and pinged before":    {born: time.Hour, seen: time.Minute, pinged: time.Minute, dropped: l.ResumeWithin - little},
		"dropped, and nobody came back": {born: time.Hour, dropped: l.ResumeWithin + little, end: EndDropped},
	} {
		t.Run(name, func(t *testing.T) {
			s, now := quietSession(t, g, Relay), time.Now()
			link := newRelayLink(1 << 20)
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			s.born = now.Add(-tt.born)
			s.seen.Store(now.Add(-tt.seen).UnixNano())
			if tt.pinged > 0 {
				s.pinged.Store(now.Add(-tt.pinged).UnixNano())
			}
			s.out.link = link
			if tt.dropped > 0 {
				s.out.link, s.out.detached = nil, now.Add(-tt.dropped)
			}
			s.check(now)
			if s.reason != tt.end || s.ended.Load() != (tt.end != "") {
				t.Errorf("its end is %q, want %q", s.reason, tt.end)
			}
			if tt.end != "" {
				return
			}
			s.check(now.Add(time.Millisecond)) // one ping is enough
			for busy := true; busy; time.Sleep(time.Millisecond) {
				s.sending.Lock()
				busy = s.out.flushing
				s.sending.Unlock()
			}
			pings := 0
			for _, frame := range link.take(ctx) {
				if typeOf(frame) == TypePing {
					pings++
				}
			}
			if want := map[bool]int{true: 1}[tt.ping]; pings != want {
				t.Errorf("%d pings, want %d", pings, want)
			}
			s.End(EndRevoked)
		})
	}
}

// known has the gate look after a session of quietSession.
func known(g *Gate, s *Session) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sessions[s.id] = s
}

// TestC9TheSweepIsOftenEnough lets each time run out alone, the others being
// long: none may be noticed more than a quarter late.
func TestC9TheSweepIsOftenEnough(t *testing.T) {
	const short, long = time.Second, 4 * time.Hour
	for name, tt := range map[string]struct {
		limits Limits
		begin  func(*testing.T, *Gate) func() bool // reports whether it is over
		due    time.Duration
	}{
		"a ticket": {Limits{TicketLife: short, HelloWithin: long, Heartbeat: long, ResumeWithin: long}, func(_ *testing.T, g *Gate) func() bool {
			g.mint(g.windows["main"], documentID{}, Direct)
			return func() bool { return g.Stats().Tickets == 0 }
		}, short},
		"an offer": {Limits{TicketLife: long, HelloWithin: short, Heartbeat: long, ResumeWithin: long}, func(t *testing.T, g *Gate) func() bool {
			if _, err := g.Offer("main", Direct); err != nil {
				t.Fatal(err)
			}
			return func() bool { return g.Stats().Offers == 0 }
		}, short},
		"a dropped session": {Limits{TicketLife: long, HelloWithin: long, Heartbeat: long, ResumeWithin: short}, func(t *testing.T, g *Gate) func() bool {
			s := quietSession(t, g, Direct)
			s.born, s.out.detached = time.Now(), time.Now()
			known(g, s)
			return s.ended.Load
		}, short},
		"a silent session": {Limits{TicketLife: long, HelloWithin: long, Heartbeat: short, ResumeWithin: long}, func(t *testing.T, g *Gate) func() bool {
			s := quietSession(t, g, Direct)
			s.born = time.Now()
			s.seen.Store(s.born.UnixNano())
			s.out.link = &funcLink{call: func([]byte) error { return nil }}
			known(g, s)
			return s.ended.Load
		}, 2 * short},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := twoWindows(t, tt.limits)
				defer g.Close()
				over := tt.begin(t, g)
				time.Sleep(tt.due - time.Millisecond)
				if over() {
					t.Error("it was over before its time")
				}
				time.Sleep(time.Millisecond + 2*short/4 + time.Millisecond)
				if !over() {
					t.Error("it was not over in time")
				}
			})
		})
	}
}
