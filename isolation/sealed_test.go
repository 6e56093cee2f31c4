package isolation_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
)

// A recorder is a Receiver that opens every frame, keeps the plaintext's
// items and answers each call with its own JSON.
type recorder struct {
	mu    sync.Mutex
	items []isolation.Item
	ended []isolation.Reason

	written atomic.Int32 // answers

	lend func(id uint32) // if set, calls are run by a lent goroutine where there is one, this before the answer
	lent atomic.Int32
}

// A task is a function that a goroutine may be lent for.
type task func()

func (t task) Run() { t() }

func (r *recorder) Opened(*isolation.Session) {}

func (r *recorder) Receive(s *isolation.Session, f isolation.Sealed) {
	plain, err := s.Open(f)
	if err != nil {
		return
	}
	for item, err := range isolation.Items(plain) {
		if err != nil {
			s.End(isolation.EndProtocol)
			return
		}
		r.mu.Lock()
		r.items = append(r.items, item)
		r.mu.Unlock()
		if item.Kind == isolation.ItemCall && (r.lend == nil || !s.Lend(task(func() {
			r.lent.Add(1)
			r.lend(item.ID)
			r.answer(s, item)
		}))) {
			r.answer(s, item)
		}
	}
}

func (r *recorder) answer(s *isolation.Session, item isolation.Item) {
	_ = s.Write(isolation.AppendResult(nil, item.ID, item.JSON)) // a session that has ended drops it
	r.written.Add(1)
}

func (r *recorder) Ended(_ *isolation.Session, reason isolation.Reason) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = append(r.ended, reason)
}

func (r *recorder) calls() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.items)
}

func (r *recorder) ends() []isolation.Reason {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]isolation.Reason(nil), r.ended...)
}

func newGate(t *testing.T, change func(*isolation.Config)) (*isolation.Gate, *recorder) {
	t.Helper()
	c := isolation.Config{
		FrameOrigin: "http://frame-x.localhost:4002",
		Windows: []isolation.Window{
			{Label: "main", Origin: "http://main-x.localhost:4001", Carriers: []isolation.Carrier{isolation.Direct, isolation.Relay}},
			{Label: "editor", Origin: "http://editor-x.localhost:4001"},
		},
		Hook:         []byte("sallyport.onCall((call) => call)"),
		FrameScript:  []byte("'use strict'"),
		ClientScript: []byte("'use strict'"),
	}
	if change != nil {
		change(&c)
	}
	r := new(recorder)
	g, err := isolation.New(c, r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	return g, r
}

func connect(t *testing.T, g *isolation.Gate) *peer.Client {
	t.Helper()
	c, err := peer.Connect(g, "main")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// offered is an offer for window main, and the hello of a frame that took it.
func offered(t *testing.T, g *isolation.Gate, carrier isolation.Carrier) (*isolation.Offer, *peer.Peer, []byte) {
	t.Helper()
	offer, err := g.Offer("main", carrier)
	if err != nil {
		t.Fatal(err)
	}
	p, hello, err := peer.New(offer.Handshake())
	if err != nil {
		t.Fatal(err)
	}
	return offer, p, hello
}

func call(t *testing.T, c *peer.Client, json string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	got, err := c.Call(ctx, "notes.list", []byte(json))
	if err != nil || string(got) != json {
		t.Fatalf("call answered %q, %v; want %q", got, err, json)
	}
}

// TestC2TransplantedFramesAreDiscarded changes, one at a time, everything
// that the associated data binds: none of the frames may be opened, and the
// genuine next one still must be.
func TestC2TransplantedFramesAreDiscarded(t *testing.T) {
	g, r := newGate(t, nil)
	other := connect(t, g)
	tests := []struct {
		name   string
		reason string
		spoil  func(f *peer.Frame, wire []byte) []byte
	}{
		{"another version", "version", func(f *peer.Frame, _ []byte) []byte { f.Version = 2; return nil }},
		{"a type the core sends", "type", func(f *peer.Frame, _ []byte) []byte { f.Type = isolation.TypeReady; return nil }},
		{"no type", "type", func(f *peer.Frame, _ []byte) []byte { f.Type = 0; return nil }},
		{"a later epoch", "epoch", func(f *peer.Frame, _ []byte) []byte { f.Epoch = 1; return nil }},
		{"a skipped number", "sequence", func(f *peer.Frame, _ []byte) []byte { f.Sequence++; f.IV[11]++; return nil }},
		{"a number used before", "sequence", func(f *peer.Frame, _ []byte) []byte { f.Sequence--; f.IV[11]--; return nil }},
		{"number zero", "sequence", func(f *peer.Frame, _ []byte) []byte { f.Sequence, f.IV = 0, [12]byte{}; return nil }},
		{"an IV that is not the sequence's", "iv", func(f *peer.Frame, _ []byte) []byte { f.IV[0] = 1; return nil }},
		{"the other direction", "forged", func(f *peer.Frame, _ []byte) []byte { f.Direction = peer.ToFrame; return nil }},
		{"another session's id", "forged", func(f *peer.Frame, _ []byte) []byte { f.Session[0] ^= 1; return nil }},
		{"a flipped bit of ciphertext", "forged", func(_ *peer.Frame, w []byte) []byte { w[30] ^= 1; return w }},
		{"a flipped bit of the tag", "forged", func(_ *peer.Frame, w []byte) []byte { w[len(w)-1] ^= 1; return w }},
		{"a type changed on the wire", "forged", func(_ *peer.Frame, w []byte) []byte { w[1] = byte(isolation.TypePong); return w }},
		{"a cut tag", "forged", func(_ *peer.Frame, w []byte) []byte { return w[:len(w)-1] }},
		{"a header alone", "too short", func(_ *peer.Frame, w []byte) []byte { return w[:isolation.HeaderSize] }},
		{"nothing at all", "type", func(*peer.Frame, []byte) []byte { return []byte{} }},
		{"another session's frame", "forged", func(*peer.Frame, []byte) []byte {
			f := other.Peer.Next(isolation.TypeBatch, peer.AppendCall(nil, 9, 0, "notes.list", []byte("1")))
			f.Sequence, f.IV = 2, [12]byte{11: 2}
			return other.Peer.Encode(f)
		}},
		{"more than MaxFrame", "too large", func(*peer.Frame, []byte) []byte {
			w := make([]byte, isolation.DefaultLimits().MaxFrame+1)
			copy(w, peer.Header(isolation.TypeBatch, 0, 2))
			return w
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := connect(t, g)
			call(t, c, "1")
			before, discarded := r.calls(), g.Stats().Discarded[tt.reason]
			f := c.Peer.Next(isolation.TypeBatch, peer.AppendCall(nil, 2, 0, "notes.list", []byte("2")))
			wire := tt.spoil(&f, c.Peer.Encode(f))
			if wire == nil {
				wire = c.Peer.Encode(f)
			}
			if c.Session.Deliver(wire) {
				t.Error("the carrier was told that the frame was authentic")
			}
			if r.calls() != before {
				t.Error("an item reached the receiver")
			}
			if got := g.Stats().Discarded[tt.reason]; got != discarded+1 {
				t.Errorf("discarded for %q: %d more, want 1; all: %v", tt.reason, got-discarded, g.Stats().Discarded)
			}
			call(t, c, "3") // nothing was spent by the forgery
		})
	}
}

// TestC3AFrameIsAcceptedOnce replays a genuine frame on both carriers.
func TestC3AFrameIsAcceptedOnce(t *testing.T) {
	g, r := newGate(t, nil)
	c := connect(t, g)
	wire := c.Peer.Seal(isolation.TypeBatch, peer.AppendCall(nil, 1, 0, "notes.list", []byte("1")))
	if !c.Session.Deliver(wire) || r.calls() != 1 {
		t.Fatal("the genuine frame was not accepted")
	}
	if c.Session.Deliver(wire) || r.calls() != 1 {
		t.Error("direct: the replay was accepted")
	}

	p, s := relayed(t, g)
	var frames [][]byte
	for id := range uint32(5) {
		frames = append(frames, p.Seal(isolation.TypeBatch, peer.AppendCall(nil, id, 0, "notes.list", []byte("1"))))
	}
	for _, i := range []int{3, 0, 4, 1, 2} {
		if !s.Deliver(bytes.Clone(frames[i])) {
			t.Errorf("relay: frame %d, overtaken, was refused", i)
		}
	}
	for i, frame := range frames {
		if s.Deliver(frame) {
			t.Errorf("relay: frame %d was accepted twice", i)
		}
	}
	if got := r.calls(); got != 6 {
		t.Errorf("%d calls arrived, want 6", got)
	}
}

func relayed(t *testing.T, g *isolation.Gate) (*peer.Peer, *isolation.Session) {
	t.Helper()
	offer, p, hello := offered(t, g, isolation.Relay)
	s, err := offer.Accept(hello, func([]byte) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return p, s
}

func TestC3TheRelayForgetsNothingInsideItsWindow(t *testing.T) {
	g, r := newGate(t, nil)
	p, s := relayed(t, g)
	old := p.Seal(isolation.TypeBatch, peer.AppendCall(nil, 1, 0, "notes.list", []byte("1")))
	p.Skip(1023)
	far := p.Seal(isolation.TypeBatch, peer.AppendCall(nil, 2, 0, "notes.list", []byte("1")))
	if !s.Deliver(far) {
		t.Fatal("a frame 1024 ahead was refused")
	}
	if s.Deliver(old) || r.calls() != 1 {
		t.Error("a frame behind the window was accepted")
	}
}

// TestC4HelloIsBoundToItsHandshake tries hellos that are wrong in one point
// each; the right one must work afterwards, and only once.
func TestC4HelloIsBoundToItsHandshake(t *testing.T) {
	g, _ := newGate(t, nil)
	offer, err := g.Offer("main", isolation.Direct)
	if err != nil {
		t.Fatal(err)
	}
	genuine := offer.Handshake()
	stranger, err := g.Offer("main", isolation.Direct)
	if err != nil {
		t.Fatal(err)
	}
	hello := func(change func(*isolation.Handshake)) []byte {
		h := genuine
		change(&h)
		_, hello, err := peer.New(h)
		if err != nil {
			t.Fatal(err)
		}
		return hello
	}
	accept := func(hello []byte) error {
		_, err := offer.Accept(hello, func([]byte) error { return nil })
		return err
	}
	right := hello(func(*isolation.Handshake) {})
	for name, wrong := range map[string][]byte{
		"another secret":        hello(func(h *isolation.Handshake) { h.Secret = stranger.Handshake().Secret }),
		"another key":           hello(func(h *isolation.Handshake) { h.CoreKey = stranger.Handshake().CoreKey }),
		"another session":       hello(func(h *isolation.Handshake) { h.Session = stranger.Handshake().Session }),
		"a downgraded carrier":  hello(func(h *isolation.Handshake) { h.Carrier = "relay" }),
		"a downgraded pattern":  hello(func(h *isolation.Handshake) { h.Pattern = "brownfield" }),
		"another version":       append([]byte{2}, right[1:]...),
		"another type":          append([]byte{1, 3}, right[2:]...),
		"an epoch":              append([]byte{1, 1, 0, 1}, right[4:]...),
		"one byte more":         append(bytes.Clone(right), 0),
		"one byte less":         right[:len(right)-1],
		"a flipped bit":         append(bytes.Clone(right[:len(right)-1]), right[len(right)-1]^1),
		"nothing":               nil,
		"another offer's hello": mustHello(t, stranger.Handshake()),
	} {
		if accept(wrong) == nil {
			t.Errorf("a hello with %s was accepted", name)
		}
	}
	if err := accept(right); err != nil {
		t.Fatalf("the right hello was refused after wrong ones: %v", err)
	}
	if accept(right) == nil {
		t.Error("the same hello was accepted twice")
	}
	if after := offer.Handshake(); after.Secret != "" || after.CoreKey != "" {
		t.Error("the secret outlived the handshake")
	}
}

func mustHello(t *testing.T, h isolation.Handshake) []byte {
	t.Helper()
	_, hello, err := peer.New(h)
	if err != nil {
		t.Fatal(err)
	}
	return hello
}

func TestC4AnOfferExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, _ := newGate(t, nil)
		defer g.Close()
		offer, err := g.Offer("main", isolation.Direct)
		if err != nil {
			t.Fatal(err)
		}
		hello := mustHello(t, offer.Handshake())
		time.Sleep(time.Minute)
		if _, err := offer.Accept(hello, func([]byte) error { return nil }); err == nil {
			t.Error("an expired offer was accepted")
		}
		if n := g.Stats().Offers; n != 0 {
			t.Errorf("%d offers are kept", n)
		}
	})
}

// TestC4KeysAreReplaced runs through many changes of keys on a busy session.
func TestC4KeysAreReplaced(t *testing.T) {
	g, _ := newGate(t, func(c *isolation.Config) { c.Limits.RekeyAfter = 7 })
	c := connect(t, g)
	for range 200 {
		call(t, c, "true")
	}
	if epoch := c.Peer.Next(isolation.TypeBatch, nil).Epoch; epoch < 10 {
		t.Errorf("200 calls at 7 frames a key reached epoch %d", epoch)
	}
}

func TestC4OldKeysAreRefused(t *testing.T) {
	g, r := newGate(t, func(c *isolation.Config) { c.Limits.RekeyAfter = 7 })
	c := connect(t, g)
	old := c.Peer.Next(isolation.TypeBatch, peer.AppendCall(nil, 1000, 0, "notes.list", []byte("1")))
	for c.Peer.Next(isolation.TypeBatch, nil).Epoch == 0 {
		call(t, c, "true")
	}
	before := r.calls()
	next := c.Peer.Next(isolation.TypeBatch, nil)
	old.Sequence, old.IV = next.Sequence, next.IV
	if c.Session.Deliver(c.Peer.Encode(old)) || r.calls() != before {
		t.Error("a frame of the epoch before was accepted on the direct carrier")
	}
}

func TestAuthenticFramesAgainstTheFormatEndTheSession(t *testing.T) {
	for name, send := range map[string]func(c *peer.Client){
		"rekeyed that nobody asked for":     func(c *peer.Client) { c.Session.Deliver(c.Peer.Seal(isolation.TypeRekeyed, make([]byte, 177))) },
		"pong with a plaintext":             func(c *peer.Client) { c.Session.Deliver(c.Peer.Seal(isolation.TypePong, []byte("x"))) },
		"bye with a plaintext":              func(c *peer.Client) { c.Session.Deliver(c.Peer.Seal(isolation.TypeBye, []byte("x"))) },
		"empty batch":                       func(c *peer.Client) { c.Session.Deliver(c.Peer.Seal(isolation.TypeBatch, nil)) },
		"item of an unknown kind":           func(c *peer.Client) { c.Session.Deliver(c.Peer.Seal(isolation.TypeBatch, []byte{9, 0, 0, 0, 1})) },
		"arguments longer than the batch":   func(c *peer.Client) { c.Session.Deliver(c.Peer.Seal(isolation.TypeBatch, longArgs())) },
		"raw sections, not of this version": func(c *peer.Client) { c.Session.Deliver(c.Peer.Seal(isolation.TypeBatch, withSections())) },
		"more items than MaxItems":          func(c *peer.Client) { c.Session.Deliver(c.Peer.Seal(isolation.TypeBatch, manyItems())) },
		"a command longer than MaxCommand":  func(c *peer.Client) { c.Session.Deliver(c.Peer.Seal(isolation.TypeBatch, longCommand())) },
		"a report with a cause beyond the last": func(c *peer.Client) {
			c.Session.Deliver(c.Peer.Seal(isolation.TypeBatch, peer.AppendReport(nil, 1, 6, "a.b")))
		},
		"a report without a cause": func(c *peer.Client) {
			c.Session.Deliver(c.Peer.Seal(isolation.TypeBatch, peer.AppendReport(nil, 1, 0, "a.b")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			g, r := newGate(t, nil)
			c := connect(t, g)
			send(c)
			if ends := r.ends(); len(ends) != 1 || ends[0] != isolation.EndProtocol {
				t.Errorf("session ended with %v, want one protocol error", ends)
			}
		})
	}
}

func longArgs() []byte {
	item := peer.AppendCall(nil, 1, 0, "notes.list", []byte("1"))
	binary.BigEndian.PutUint32(item[len(item)-5:], 1<<31)
	return item
}

func withSections() []byte {
	item := peer.AppendCall(nil, 1, 0, "notes.list", []byte("1"))
	item[len(item)-6] = 1
	return item
}

func longCommand() []byte {
	return peer.AppendCall(nil, 1, 0, string(bytes.Repeat([]byte("a"), isolation.MaxCommand+1)), []byte("1"))
}

func manyItems() (items []byte) {
	for id := range uint32(isolation.MaxItems + 1) {
		items = peer.AppendCancel(items, id)
	}
	return items
}

func TestByeEndsTheSession(t *testing.T) {
	for name, bye := range map[string]func(p *peer.Peer) []byte{
		"in sequence":       func(p *peer.Peer) []byte { return p.Seal(isolation.TypeBye, nil) },
		"sealed in advance": func(p *peer.Peer) []byte { return p.Farewell() },
	} {
		t.Run(name, func(t *testing.T) {
			g, r := newGate(t, nil)
			c := connect(t, g)
			c.Session.Deliver(bye(c.Peer))
			if ends := r.ends(); len(ends) != 1 || ends[0] != isolation.EndBye {
				t.Errorf("session ended with %v, want bye", ends)
			}
			if c.Session.Context().Err() == nil {
				t.Error("the session's context is alive")
			}
			if g.Stats().Sessions != 0 {
				t.Error("the gate still knows the session")
			}
			if c.Session.Deliver(c.Peer.Seal(isolation.TypeBatch, peer.AppendCall(nil, 1, 0, "notes.list", []byte("1")))) {
				t.Error("an ended session accepted a frame")
			}
		})
	}
	t.Run("forged", func(t *testing.T) {
		g, r := newGate(t, nil)
		c := connect(t, g)
		bye := c.Peer.Farewell()
		bye[len(bye)-1] ^= 1
		if c.Session.Deliver(bye) || len(r.ends()) != 0 {
			t.Error("a forged bye ended the session")
		}
	})
}

func TestASilentSessionEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, r := newGate(t, nil)
		defer g.Close()
		offer, _, hello := offered(t, g, isolation.Direct)
		if _, err := offer.Accept(hello, func([]byte) error { return nil }); err != nil { // never answers a ping
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if ends := r.ends(); len(ends) != 1 || ends[0] != isolation.EndSilent {
			t.Errorf("session ended with %v, want silent", ends)
		}
	})
}

func TestASessionThatAnswersPingsLivesUntilItsLifeIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, r := newGate(t, nil)
		defer g.Close()
		c := connect(t, g)
		defer c.Close()
		time.Sleep(time.Hour)
		if ends := r.ends(); len(ends) != 0 {
			t.Fatalf("an idle session that answers pings ended: %v", ends)
		}
		time.Sleep(24 * time.Hour)
		if ends := r.ends(); len(ends) != 1 || ends[0] != isolation.EndExpired {
			t.Errorf("session ended with %v, want expired", ends)
		}
	})
}

// TestC9ASlowPageLosesItsSession lets answers pile up in front of a page
// that reads nothing.
func TestC9ASlowPageLosesItsSession(t *testing.T) {
	g, r := newGate(t, func(c *isolation.Config) { c.Limits.MaxPending = 64 << 10 })
	offer, p, hello := offered(t, g, isolation.Direct)
	stalled := make(chan struct{})
	defer close(stalled)
	s, err := offer.Accept(hello, func([]byte) error { <-stalled; return nil })
	if err != nil {
		t.Fatal(err)
	}
	args := bytes.Repeat([]byte("1"), 4<<10)
	for id := range uint32(64) {
		s.Deliver(p.Seal(isolation.TypeBatch, peer.AppendCall(nil, id+1, 0, "notes.list", args)))
	}
	if ends := r.ends(); len(ends) != 1 || ends[0] != isolation.EndSlow {
		t.Errorf("session ended with %v, want slow reader", ends)
	}
}

func TestC9SessionsAreBounded(t *testing.T) {
	g, _ := newGate(t, func(c *isolation.Config) { c.Limits.MaxSessions = 2 })
	connect(t, g)
	connect(t, g)
	if _, err := peer.Connect(g, "main"); err == nil {
		t.Error("a third session was made where two may be")
	}
}
