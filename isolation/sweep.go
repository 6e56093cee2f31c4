package isolation

import "time"

// sweep looks after everything that ends by itself: sessions that fell
// silent, were not resumed or are too old, and handshakes nobody made. One
// goroutine for all of them keeps an idle session free of timers.
func (g *Gate) sweep() {
	defer close(g.done)
	every := min(g.limits.Heartbeat, g.limits.ResumeWithin, g.limits.HelloWithin, g.limits.TicketLife) / 4
	tick := time.NewTicker(max(every, 10*time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-g.ctx.Done():
			return
		case now := <-tick.C:
			g.sweepOnce(now)
		}
	}
}

func (g *Gate) sweepOnce(now time.Time) {
	g.mu.Lock()
	g.tickets.expire(now)
	for _, o := range g.offers {
		if now.After(o.expires) {
			g.dropOffer(o)
			if o.ticket != (ticketKey{}) {
				g.missed(o.window)
			}
		}
	}
	g.mu.Unlock()
	for _, s := range g.all() {
		s.check(now)
	}
}

// missed tells the developer, once for each window, of a frame document that
// was fetched and never said hello. Called with mu held.
func (g *Gate) missed(w *window) {
	if w.missed {
		return
	}
	w.missed = true
	g.log.Warn("isolation: a frame document was fetched and said no hello in time; if no page of this window gets an answer, the hook fails while it loads: see the browser's console", "window", w.Label)
}

// check ends a session whose time is over and pings a silent one. A ping is
// answered by the frame's own thread, so that a hook which blocks it is found.
func (s *Session) check(now time.Time) {
	l := &s.gate.limits
	s.sending.Lock()
	attached, detached := s.out.link != nil, s.out.detached
	s.sending.Unlock()
	pinged := s.pinged.Load()
	switch {
	case now.Sub(s.born) > l.SessionLife:
		s.End(EndExpired)
	case !attached:
		if now.Sub(detached) > l.ResumeWithin {
			s.End(EndDropped)
		}
	case pinged != 0:
		if now.Sub(time.Unix(0, pinged)) > l.Heartbeat {
			s.End(EndSilent)
		}
	case now.Sub(time.Unix(0, s.seen.Load())) > l.Heartbeat:
		s.pinged.Store(now.UnixNano())
		s.queue(message{typ: TypePing})
	}
}
