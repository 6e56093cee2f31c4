package isolation_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
)

// A ledger is a Receiver that notices an end without a beginning.
type ledger struct {
	mu     sync.Mutex
	live   map[*isolation.Session]bool
	orphan int
}

func (l *ledger) Opened(s *isolation.Session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.live[s] = true
}

func (l *ledger) Receive(s *isolation.Session, f isolation.Sealed) { _, _ = s.Open(f) }

func (l *ledger) Ended(s *isolation.Session, _ isolation.Reason) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.live[s] {
		l.orphan++
	}
	delete(l.live, s)
}

func nothing([]byte) error { return nil }

// TestOpenedComesBeforeEnded lets hellos of one document race, so that each
// session ends the one before it, perhaps while that is still being opened.
func TestOpenedComesBeforeEnded(t *testing.T) {
	l := &ledger{live: map[*isolation.Session]bool{}}
	g, err := isolation.New(isolation.Config{
		FrameOrigin: "http://frame-x.localhost:4002",
		Windows:     []isolation.Window{{Label: "main", Origin: "http://main-x.localhost:4001"}},
		Hook:        []byte("sallyport.onCall((call) => call)"), FrameScript: []byte("0"), ClientScript: []byte("0"),
	}, l)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	for range 60 {
		var all sync.WaitGroup
		start := make(chan struct{})
		for _, ticket := range g.TicketsForTest("main", isolation.Direct, 32) {
			offer, err := g.RedeemForTest(ticket)
			if err != nil {
				t.Fatal(err)
			}
			hello := mustHello(t, offer.Handshake())
			all.Go(func() {
				<-start
				_, _ = offer.Accept(hello, nothing) // all but one are replaced
			})
		}
		close(start)
		all.Wait()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.orphan > 0 {
		t.Errorf("%d sessions ended before they were opened", l.orphan)
	}
	if len(l.live) > 60 { // the last one of each document
		t.Errorf("%d sessions were opened and never ended; 60 are alive", len(l.live))
	}
}

// TestC6ATicketPresentedAgainEndsItsSession presents a ticket a second time
// while its handshake is at any point.
func TestC6ATicketPresentedAgainEndsItsSession(t *testing.T) {
	g, _ := newGate(t, nil)
	for i := range 400 {
		ticket := g.TicketsForTest("main", isolation.Relay, 1)[0]
		offer, err := g.RedeemForTest(ticket)
		if err != nil {
			t.Fatal(err)
		}
		hello := mustHello(t, offer.Handshake())
		var both sync.WaitGroup
		var s *isolation.Session
		both.Go(func() { s, _ = offer.Accept(hello, nothing) })
		both.Go(func() {
			time.Sleep(time.Duration(i) * time.Microsecond)
			if _, err := g.RedeemForTest(ticket); err == nil {
				t.Error("a ticket was redeemed twice")
			}
		})
		both.Wait()
		if s != nil && s.Context().Err() == nil {
			t.Fatal("a session outlived the second redemption of its ticket")
		}
	}
	if n := g.KeptTicketsForTest(); n != 0 {
		t.Errorf("%d used tickets are kept though their sessions are over", n)
	}
}

func TestC9TicketsOfRefusedSessionsAreForgotten(t *testing.T) {
	g, _ := newGate(t, func(c *isolation.Config) { c.Limits.MaxSessions = 1 })
	connect(t, g)
	for _, ticket := range g.TicketsForTest("main", isolation.Relay, 20) {
		offer, err := g.RedeemForTest(ticket)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := offer.Accept(mustHello(t, offer.Handshake()), nothing); err == nil {
			t.Fatal("a second session was made where one may be")
		}
	}
	if n := g.KeptTicketsForTest(); n != 0 {
		t.Errorf("%d tickets are kept", n)
	}
}

// TestResumeAfterNewKeysMetADeadSocket has the core's writer find the socket
// broken before its reader has delivered rekeyed from its buffer.
func TestResumeAfterNewKeysMetADeadSocket(t *testing.T) {
	g, _ := newGate(t, func(c *isolation.Config) { c.Limits.RekeyAfter = 1 })
	offer, p, hello := offered(t, g, isolation.Direct)
	old, fresh := make(chan []byte, 16), make(chan []byte, 16) // what each socket brings
	s, err := offer.Accept(hello, func(frame []byte) error { old <- frame; return nil })
	if err != nil {
		t.Fatal(err)
	}
	await := func(socket chan []byte, want isolation.Type) []byte {
		t.Helper()
		for {
			kind, plain, err := p.Open(<-socket)
			if err != nil {
				t.Fatal(err)
			}
			if kind == want {
				return plain
			}
		}
	}
	await(old, isolation.TypeReady)
	s.Deliver(p.Seal(isolation.TypeBatch, peer.AppendCall(nil, 1, 0, "notes.list", []byte("1"))))
	rekeyed, err := p.Rekeyed(await(old, isolation.TypeRekey))
	if err != nil {
		t.Fatal(err)
	}
	s.DropLinkForTest()
	s.Deliver(rekeyed)
	err = g.ResumeForTest(p.Resume(), func(challenge []byte) []byte {
		_, nonce, err := p.Open(challenge)
		if err != nil {
			t.Fatal(err)
		}
		return p.Seal(isolation.TypeProof, nonce)
	}, func(frame []byte) error { fresh <- frame; return nil })
	if err != nil {
		t.Fatalf("the genuine proof was refused: %v, %v", err, g.Stats().Discarded)
	}
	await(fresh, isolation.TypeResumed)
}

// TestABusyFrameIsNotSilent loses every ping, as the relay may, while the
// frame goes on calling.
func TestABusyFrameIsNotSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, r := newGate(t, nil)
		defer g.Close()
		p, s := relayed(t, g)
		time.Sleep(27 * time.Second) // pinged
		for id := range uint32(60) {
			s.Deliver(p.Seal(isolation.TypeBatch, peer.AppendCall(nil, id+1, 0, "notes.list", []byte("1"))))
			time.Sleep(time.Second)
		}
		if ends := r.ends(); len(ends) > 0 {
			t.Errorf("a session ended as %v though its frame called all the time", ends)
		}
	})
}

// TestAnOrderlyEndReachesTheFrame closes the gate right behind an answer: the
// frame gets the answer, bye, and a close that says not to come back.
func TestAnOrderlyEndReachesTheFrame(t *testing.T) {
	for range 10 {
		v, r := host(t, nil)
		p, conn := v.handshake(v.frame(v.page().Frame))
		for id := range uint32(5) {
			send(t, conn, p.Seal(isolation.TypeBatch, peer.AppendCall(nil, id+1, 0, "notes.list", []byte("1"))))
		}
		eventually(t, "the calls are answered", func() bool { return r.written.Load() == 5 })
		v.gate.Close()
		answers, bye := 0, false
		for {
			frame, err := receive(t, conn)
			if err != nil {
				if status := websocket.CloseStatus(err); status != 4001 {
					t.Errorf("the socket was closed with %d: %v", status, err)
				}
				break
			}
			kind, plain, err := p.Open(frame)
			if err != nil {
				t.Fatal(err)
			}
			bye = bye || kind == isolation.TypeBye
			if kind == isolation.TypeBatch {
				list, err := peer.Answers(plain)
				if err != nil {
					t.Fatal(err)
				}
				answers += len(list)
			}
		}
		if answers != 5 || !bye {
			t.Errorf("%d answers of 5 arrived, bye %v", answers, bye)
		}
	}
}
