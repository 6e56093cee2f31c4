package isolation_test

import (
	"bytes"
	"net/http"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
)

// TestC9StrangersPushOutNoSession opens more silent sockets than may be around
// a session that has said its hello.
func TestC9StrangersPushOutNoSession(t *testing.T) {
	v, r := host(t, func(c *isolation.Config) { c.Limits.MaxSockets = 2 })
	h := v.frame(v.page().Frame)
	p, conn := v.handshake(h)
	for range 5 {
		v.socket(h)
	}
	eventually(t, "strangers are pushed out", func() bool { return v.gate.Stats().Discarded["too many sockets"] >= 3 })
	roundTrip(t, p, conn, 1)
	next := v.resume(h, p) // nor one that has been resumed
	for range 5 {
		v.socket(h)
	}
	eventually(t, "strangers are pushed out", func() bool { return v.gate.Stats().Discarded["too many sockets"] >= 8 })
	roundTrip(t, p, next, 2)
	if ends := r.ends(); len(ends) != 0 {
		t.Errorf("the session ended: %v", ends)
	}
}

// TestC9OneWindowsSocketsPushOutNoneOfAnother floods a brownfield window while
// another's socket has not said hello yet.
func TestC9OneWindowsSocketsPushOutNoneOfAnother(t *testing.T) {
	v, _ := host(t, func(c *isolation.Config) {
		c.Pattern, c.Hook, c.Limits.MaxSockets = isolation.Brownfield, nil, 2
	})
	(&relaying{visitor: v}).from("editor", "/", nil) // for its cookie
	offer, err := v.gate.Offer("editor", isolation.Direct)
	if err != nil {
		t.Fatal(err)
	}
	open := func(h isolation.Handshake) *websocket.Conn {
		conn, _, err := websocket.Dial(t.Context(), h.Socket, &websocket.DialOptions{HTTPClient: v.client, HTTPHeader: http.Header{"Origin": {h.PageOrigin}}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.CloseNow() })
		return conn
	}
	p, hello, err := peer.New(offer.Handshake())
	if err != nil {
		t.Fatal(err)
	}
	early := open(offer.Handshake())
	for range 6 {
		open(*v.page().Handshake)
	}
	eventually(t, "the other window's are pushed out", func() bool { return v.gate.Stats().Discarded["too many sockets"] == 4 })
	send(t, early, hello)
	expect(t, p, early, isolation.TypeReady)
	roundTrip(t, p, early, 1)
}

// TestC8WhatSocketsSayInsteadOfHelloIsCounted ends them in each way, and lets
// one say nothing until the gate is closed.
func TestC8WhatSocketsSayInsteadOfHelloIsCounted(t *testing.T) {
	v, _ := host(t, nil)
	h := v.frame(v.page().Frame)
	unknown := h
	unknown.Session = "AAAAAAAAAAAAAAAAAAAAAA"
	for _, tt := range []struct {
		reason string
		do     func(*websocket.Conn)
	}{
		{"no hello", func(conn *websocket.Conn) { _ = conn.CloseNow() }},
		{"hello", func(conn *websocket.Conn) { send(t, conn, mustHello(t, unknown)) }},
		{"hello", func(conn *websocket.Conn) { send(t, conn, []byte("noise")) }},
		{"resume", func(conn *websocket.Conn) {
			send(t, conn, append(peer.Header(isolation.TypeResume, 0, 0), make([]byte, 16)...))
		}},
	} {
		before := v.gate.Stats().Discarded[tt.reason]
		tt.do(v.socket(h))
		eventually(t, tt.reason+" is counted", func() bool { return v.gate.Stats().Discarded[tt.reason] == before+1 })
	}
	silent := v.socket(h)
	start := time.Now()
	v.gate.Close()
	if _, err := receive(t, silent); err == nil || time.Since(start) > 2*time.Second { // SocketHello is longer
		t.Errorf("a silent socket stood for %v after the gate was closed: %v", time.Since(start), err)
	}
}

// TestC9AMessageIsNotReadBeyondItsLimit sends the beginning of one that never
// ends.
func TestC9AMessageIsNotReadBeyondItsLimit(t *testing.T) {
	v, _ := host(t, func(c *isolation.Config) { c.Limits.MaxFrame = 2048 })
	_, conn := v.handshake(v.frame(v.page().Frame))
	w, err := conn.Writer(t.Context(), websocket.MessageBinary)
	if err != nil {
		t.Fatal(err)
	}
	for range 64 {
		if _, err := w.Write(make([]byte, 1024)); err != nil {
			break // it has closed
		}
	}
	if _, err := receive(t, conn); err == nil {
		t.Error("it was answered")
	}
	eventually(t, "it is counted", func() bool { return v.gate.Stats().Discarded["too large"] == 1 })
}

// TestAByeInsteadOfAProofEndsTheSession leaves while a resume is under way.
func TestAByeInsteadOfAProofEndsTheSession(t *testing.T) {
	v, r := host(t, nil)
	h := v.frame(v.page().Frame)
	p, conn := v.handshake(h)
	_ = conn.CloseNow()
	instead := func(frame []byte) *websocket.Conn {
		next := v.socket(h)
		send(t, next, p.Resume())
		expect(t, p, next, isolation.TypeChallenge)
		send(t, next, frame)
		return next
	}
	forged := p.Farewell()
	forged[len(forged)-1] ^= 1
	if _, err := receive(t, instead(forged)); err == nil || len(r.ends()) != 0 {
		t.Errorf("a forged bye: %v, ends %v", err, r.ends())
	}
	instead(p.Farewell())
	eventually(t, "the session ends", func() bool { return len(r.ends()) == 1 && r.ends()[0] == isolation.EndBye })
}

// TestASocketThatIsReplacedMayComeBack resumes while the old socket stands: it
// closes without the code that forbids to come back.
func TestASocketThatIsReplacedMayComeBack(t *testing.T) {
	v, _ := host(t, nil)
	h := v.frame(v.page().Frame)
	p, old := v.handshake(h)
	next := v.resume(h, p)
	if _, err := receive(t, old); err == nil || websocket.CloseStatus(err) != -1 {
		t.Errorf("the old socket was closed by %v", err)
	}
	roundTrip(t, p, next, 1)
}

// TestC9APageThatDoesNotReadIsGivenUp lets answers fill every buffer between
// core and page.
func TestC9APageThatDoesNotReadIsGivenUp(t *testing.T) {
	v, r := host(t, func(c *isolation.Config) {
		c.Limits.MaxPending = 1 << 30
		c.Limits.SendWithin, c.Limits.ResumeWithin = 200*time.Millisecond, 200*time.Millisecond
	})
	p, conn := v.handshake(v.frame(v.page().Frame))
	args := bytes.Repeat([]byte("1"), 1<<20)
	for id := range uint32(48) {
		if conn.Write(t.Context(), websocket.MessageBinary, p.Seal(isolation.TypeBatch, peer.AppendCall(nil, id+1, 0, "notes.list", args))) != nil {
			break // given up already
		}
	}
	eventually(t, "the session ends", func() bool { return len(r.ends()) == 1 && r.ends()[0] == isolation.EndDropped })
}

// TestC9SessionsBeyondTheLimitAreCounted says a hello too many.
func TestC9SessionsBeyondTheLimitAreCounted(t *testing.T) {
	v, _ := host(t, func(c *isolation.Config) { c.Limits.MaxSessions = 1 })
	first := v.dial(v.frame(v.page().Frame))
	h := v.frame(v.page().Frame)
	conn := v.socket(h)
	send(t, conn, mustHello(t, h))
	if _, err := receive(t, conn); err == nil {
		t.Error("a second session was made where one may be")
	}
	if n := v.gate.Stats().Discarded["too many sessions"]; n != 1 {
		t.Errorf("it was counted %d times", n)
	}
	call(t, first, "1")
}

// TestC9TheOldestStrangerGoesFirst opens silent sockets one after the other.
func TestC9TheOldestStrangerGoesFirst(t *testing.T) {
	v, _ := host(t, func(c *isolation.Config) { c.Limits.MaxSockets, c.Limits.SocketHello = 2, time.Minute })
	h := v.frame(v.page().Frame)
	p, hello, err := peer.New(h)
	if err != nil {
		t.Fatal(err)
	}
	var silent []*websocket.Conn
	for n := range 5 {
		silent = append(silent, v.socket(h))
		eventually(t, "the socket is in and the oldest pushed out", func() bool {
			return v.gate.StrangersForTest() == min(n+1, 2) && v.gate.Stats().Discarded["too many sockets"] == uint64(max(0, n-1))
		})
		if n >= 2 {
			if _, err := receive(t, silent[n-2]); err == nil || websocket.CloseStatus(err) != -1 {
				t.Errorf("socket %d of %d: %v", n-2, n, err)
			}
		}
	}
	send(t, silent[3], hello) // the oldest of those that stand
	expect(t, p, silent[3], isolation.TypeReady)
}
