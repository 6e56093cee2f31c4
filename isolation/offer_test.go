package isolation

import (
	"bytes"
	"testing"
	"time"
)

func quietOffer(t *testing.T, g *Gate) *Offer {
	t.Helper()
	w := g.windows["main"]
	g.mu.Lock()
	defer g.mu.Unlock()
	key := keyOfTicket(g.tickets.mint(ticket{window: w, used: true, expires: time.Now().Add(time.Minute)}, 10))
	pair, err := newKeyPair()
	if err != nil {
		t.Fatal(err)
	}
	o := &Offer{gate: g, id: newSessionID(), window: w, ticket: key, pair: pair, expires: time.Now().Add(time.Minute)}
	g.tickets.tickets[key].offer = o.id
	g.offers[o.id] = o
	return o
}

// TestC4TheSecretIsDestroyed ends handshakes in every way: what the document
// carried is wiped, the private key dropped, and its hello comes to nothing.
func TestC4TheSecretIsDestroyed(t *testing.T) {
	for name, end := range map[string]func(*Gate, *Offer, []byte){
		"accepted": func(_ *Gate, o *Offer, hello []byte) {
			if _, err := o.Accept(hello, func([]byte) error { return nil }); err != nil {
				t.Errorf("the genuine hello was refused: %v", err)
			}
		},
		"too many sessions": func(g *Gate, o *Offer, hello []byte) {
			g.limits.MaxSessions = 0
			if _, err := o.Accept(hello, func([]byte) error { return nil }); err == nil {
				t.Error("a session beyond the limit was made")
			}
		},
		"expired":         func(g *Gate, o *Offer, _ []byte) { g.sweepOnce(o.expires.Add(1)) },
		"the gate closed": func(g *Gate, _ *Offer, _ []byte) { g.Close() },
		"made room for another": func(g *Gate, o *Offer, _ []byte) {
			g.limits.MaxTickets = 1
			if _, err := g.Offer("main", Direct); err != nil {
				t.Fatal(err)
			}
		},
	} {
		g, _ := quietGate(t)
		o := quietOffer(t, g)
		pair, hello := o.pair, helloTo(t, o)
		end(g, o, hello)
		if pair.secret != [SecretSize]byte{} || pair.decrypt != nil || o.pair != nil {
			t.Errorf("%s: the secret or the private key is kept", name)
		}
		if h := o.Handshake(); h.Secret != "" || h.CoreKey != "" {
			t.Errorf("%s: the offer still tells them", name)
		}
		if g.pending(o.id) != nil {
			t.Errorf("%s: the gate still knows the offer", name)
		}
		if g.session(o.id) == nil && g.tickets.tickets[o.ticket] != nil {
			t.Errorf("%s: the ticket is kept", name)
		}
		if _, err := o.Accept(hello, func([]byte) error { return nil }); err == nil {
			t.Errorf("%s: the hello was taken afterwards", name)
		}
	}
}

// TestC4AnOfferExpiresOnTheDot says hello between the end of an offer's time
// and the sweep that forgets it.
func TestC4AnOfferExpiresOnTheDot(t *testing.T) {
	g, _ := quietGate(t)
	o := quietOffer(t, g)
	hello := helloTo(t, o)
	o.expires = time.Now().Add(-time.Nanosecond)
	if _, err := o.Accept(hello, func([]byte) error { return nil }); err == nil {
		t.Error("an expired offer was accepted")
	}
	if n := g.Stats().Discarded["hello"]; n != 1 {
		t.Errorf("it was counted %d times", n)
	}
	g.sweepOnce(time.Now().Add(-time.Hour))
	if g.pending(o.id) == nil {
		t.Error("an offer was swept away before its time")
	}
}

// TestC4AHelloThatComesWhileItsOfferIsDroppedMakesNoSession lets the hello be
// opened before the offer goes and be admitted after.
func TestC4AHelloThatComesWhileItsOfferIsDroppedMakesNoSession(t *testing.T) {
	g, _ := quietGate(t)
	o := quietOffer(t, g)
	hello := helloTo(t, o)
	delete(g.offers, o.id)
	if _, err := o.Accept(hello, func([]byte) error { return nil }); err == nil || len(g.sessions) != 0 {
		t.Errorf("a session was made of it: %v", err)
	}
	if n := g.Stats().Discarded["hello"]; n != 1 {
		t.Errorf("it was counted %d times", n)
	}
}

func TestC4NoOfferIsMadeWhenTheGateIsClosed(t *testing.T) {
	g, _ := quietGate(t)
	o := quietOffer(t, g)
	hello := helloTo(t, o)
	g.cancel()
	if _, err := g.Offer("main", Direct); err == nil {
		t.Error("an offer was made")
	}
	if _, err := o.Accept(hello, func([]byte) error { return nil }); err == nil {
		t.Error("an offer from before was accepted")
	}
	if len(g.tickets.tickets) != 0 {
		t.Errorf("%d tickets are kept", len(g.tickets.tickets))
	}
}

// TestOnlyFramesOfTheRightSizeAreHellos cuts and stretches what is looked at
// before anything is decrypted.
func TestOnlyFramesOfTheRightSizeAreHellos(t *testing.T) {
	for want, size := range map[Type]int{TypeHello: helloSize, TypeResume: resumeSize} {
		for n := range 2 * helloSize {
			frame := header{typ: want}.append(nil)
			frame = append(frame, make([]byte, 2*helloSize)...)[:n]
			if _, ok := helloSession(frame, want); ok != (n == size) {
				t.Errorf("%d bytes are a frame of type %d: %v", n, want, ok)
			}
		}
		for _, spoilt := range []header{{typ: want, epoch: 1}, {typ: want, sequence: 1}, {typ: TypeHello + TypeResume - want}, {}} {
			if _, ok := helloSession(append(spoilt.append(nil), make([]byte, size-HeaderSize)...), want); ok {
				t.Errorf("%+v is a frame of type %d", spoilt, want)
			}
		}
	}
}

// TestC4AHelloNamesItsOwnSession changes nothing but the id in the clear part,
// which the HPKE message does not hold.
func TestC4AHelloNamesItsOwnSession(t *testing.T) {
	g, _ := quietGate(t)
	o := quietOffer(t, g)
	hello := helloTo(t, o)
	for i := range SessionIDSize {
		spoilt := bytes.Clone(hello)
		spoilt[HeaderSize+i] ^= 0x80
		if _, err := o.Accept(spoilt, func([]byte) error { return nil }); err == nil {
			t.Fatalf("a hello that names another session in byte %d was taken", i)
		}
	}
	if _, err := o.Accept(hello, func([]byte) error { return nil }); err != nil {
		t.Errorf("the genuine hello was refused: %v", err)
	}
}

// A refusing is a Receiver that ends each session while it is told of it.
type refusing struct{ quiet }

func (r *refusing) Opened(s *Session) { s.End(EndRevoked) }

// TestASessionThatEndsWhileItIsOpenedTakesNoLink ends it in Opened.
func TestASessionThatEndsWhileItIsOpenedTakesNoLink(t *testing.T) {
	g := twoWindows(t, Limits{})
	g.receiver = new(refusing)
	o := quietOffer(t, g)
	link := NewLinkForTest()
	if s, err := o.accept(helloTo(t, o), link); err == nil {
		t.Errorf("a session was made: ended %v", s.ended.Load())
	}
	if !link.isClosed() {
		t.Error("the link stands")
	}
	if n := g.Stats(); n.Sessions != 0 || n.Ended[EndRevoked] != 1 {
		t.Errorf("%d sessions, ends %v", n.Sessions, n.Ended)
	}
}

// A slow is a Receiver that takes long over a new session.
type slow struct{ quiet }

func (r *slow) Opened(s *Session) { s.check(time.Now().Add(s.gate.limits.ResumeWithin / 2)) }

// TestASessionIsNotMissedBeforeItsSocketIs sweeps while it is being opened.
func TestASessionIsNotMissedBeforeItsSocketIs(t *testing.T) {
	g := twoWindows(t, Limits{})
	g.receiver = new(slow)
	o := quietOffer(t, g)
	link := NewLinkForTest()
	defer link.Break()
	if _, err := o.accept(helloTo(t, o), link); err != nil {
		t.Errorf("the session was swept away: %v", g.Stats().Ended)
	}
}

// TestC8RefusedResumesAreCounted presents resumes and proofs that are none.
func TestC8RefusedResumesAreCounted(t *testing.T) {
	g, _ := quietGate(t)
	s := quietSession(t, g, Direct)
	known(g, s)
	count := func(reason string) uint64 { return g.Stats().Discarded[reason] }
	resume := append(header{typ: TypeResume}.append(nil), s.id[:]...)
	unknown := bytes.Clone(resume)
	unknown[HeaderSize] ^= 1
	for i, frame := range [][]byte{nil, resume[:len(resume)-1], append(bytes.Clone(resume), 0), unknown} {
		if _, _, err := g.beginResume(frame, nil); err == nil || count("resume") != uint64(i)+1 {
			t.Errorf("resume %d: %v, counted %d times in all", i, err, count("resume"))
		}
	}
	r, _, err := g.beginResume(resume, nil)
	if err != nil || count("resume") != 4 {
		t.Fatalf("the genuine resume: %v, counted %d times in all", err, count("resume"))
	}
	link := NewLinkForTest()
	for i, plain := range [][]byte{nil, make([]byte, nonceSize), r.nonce[:nonceSize-1], append(bytes.Clone(r.nonce[:]), 0)} {
		if err := r.prove(sealedTo(t, TypeProof, uint64(i)+1, plain), link); err == nil || count("proof") != uint64(i)+1 {
			t.Errorf("proof %d: %v, counted %d times in all", i, err, count("proof"))
		}
	}
	if s.out.link != nil || s.ended.Load() {
		t.Error("a proof that was none changed the session")
	}
	s.out.asked = MaxFrames
	if _, _, err := g.beginResume(resume, nil); err == nil || count("resume") != 5 {
		t.Errorf("a challenge too many: %v, counted %d times", err, count("resume"))
	}
}
