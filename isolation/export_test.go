package isolation

// What the tests in package isolation_test need to reach beyond the API.

func (g *Gate) RedeemForTest(ticket string) (*Offer, error) { return g.redeem(ticket) }

// TicketsForTest makes n tickets of one document.
func (g *Gate) TicketsForTest(label string, c Carrier, n int) []string {
	w := g.windows[label]
	d := g.newDocument(w)
	tickets := make([]string, n)
	for i := range tickets {
		tickets[i] = g.mint(w, d, c)
	}
	return tickets
}

func (g *Gate) KeptTicketsForTest() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.tickets.tickets)
}

// DropLinkForTest is what a failed send does.
func (s *Session) DropLinkForTest() {
	s.sending.Lock()
	to := s.out.link
	s.sending.Unlock()
	s.detach(to)
}

// ResumeForTest is what a new socket does with its first two messages.
func (g *Gate) ResumeForTest(resume []byte, prove func(challenge []byte) []byte, send func([]byte) error) error {
	r, challenge, err := g.beginResume(resume, nil)
	if err != nil {
		return err
	}
	return r.prove(prove(challenge), &funcLink{call: send})
}

// DocumentForTest is an id of a document that nobody loaded.
func (g *Gate) DocumentForTest(label string) string { return g.newDocument(g.windows[label]).String() }

func (g *Gate) FrameOriginForTest() string { return g.frames.origin.String() }
