package isolation

import "time"

// redeem spends a ticket on a handshake. A ticket that was spent before is a
// sign that somebody else holds it: the session it made ends.
func (g *Gate) redeem(text string) (*Offer, error) {
	key := keyOfTicket(text)
	g.mu.Lock()
	t := g.tickets.tickets[key]
	switch {
	case t == nil:
		g.mu.Unlock()
		g.counters.discard("ticket unknown")
		return nil, errDiscard
	case t.used:
		t.again = true
		session, offer := g.sessions[t.offer], g.offers[t.offer]
		if offer != nil {
			g.dropOffer(offer)
		}
		g.mu.Unlock()
		g.counters.discard("ticket used")
		if session != nil {
			session.End(EndTicket)
		}
		return nil, errDiscard
	case time.Now().After(t.expires):
		g.mu.Unlock()
		g.counters.discard("ticket expired")
		return nil, errDiscard
	}
	t.used, t.offer = true, newSessionID()
	o := &Offer{id: t.offer, window: t.window, document: t.document, ticket: key, carrier: t.carrier}
	g.mu.Unlock()
	return g.offer(o)
}

// mint makes a ticket for a frame of the document.
func (g *Gate) mint(w *window, d documentID, c Carrier) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	t := ticket{window: w, document: d, carrier: c, expires: time.Now().Add(g.limits.TicketLife)}
	return g.tickets.mint(t, g.limits.MaxTickets)
}
