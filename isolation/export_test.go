package isolation

import (
	"context"
	"errors"
	"sync"
)

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

// A LinkForTest hands each frame over as it is sent, as a socket whose buffers
// are full does, until it is closed.
type LinkForTest struct {
	passing
	Frames chan []byte
	closed chan struct{}
	once   sync.Once
}

func NewLinkForTest() *LinkForTest {
	return &LinkForTest{Frames: make(chan []byte), closed: make(chan struct{})}
}

func (l *LinkForTest) send(frame []byte) error {
	select {
	case l.Frames <- frame:
		return nil
	case <-l.closed:
		return errors.New("the link is closed")
	}
}

func (l *LinkForTest) prompt() bool { return true }

func (l *LinkForTest) paced() bool { return true }
func (l *LinkForTest) close(bool)  { l.Break() }

// Break is what a peer that has gone does.
func (l *LinkForTest) Break() { l.once.Do(func() { close(l.closed) }) }

func (o *Offer) AcceptOverForTest(hello []byte, to link) (*Session, error) {
	return o.accept(hello, to)
}

// A ResumptionForTest is a resume that has got its challenge.
type ResumptionForTest struct{ r *resumption }

func (g *Gate) BeginResumeForTest(resume []byte) (ResumptionForTest, []byte, error) {
	r, challenge, err := g.beginResume(resume, nil)
	return ResumptionForTest{r}, challenge, err
}

func (r ResumptionForTest) Prove(proof []byte, to link) error { return r.r.prove(proof, to) }

// A RelayLinkForTest is the relay's queue.
type RelayLinkForTest struct{ *relayLink }

func NewRelayLinkForTest(g *Gate) RelayLinkForTest {
	return RelayLinkForTest{newRelayLink(g.limits.MaxPending)}
}

// Held is how many bytes wait.
func (l RelayLinkForTest) Held() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, frame := range l.frames {
		n += len(frame)
	}
	return n
}

func (l RelayLinkForTest) Take(ctx context.Context) [][]byte { return l.take(ctx) }

// StrangersForTest is how many sockets of the frame host have not said hello.
func (g *Gate) StrangersForTest() int {
	g.strangers.mu.Lock()
	defer g.strangers.mu.Unlock()
	return len(g.strangers.sockets)
}
