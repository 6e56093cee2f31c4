package isolation

import (
	"context"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// An Offer is one handshake that the core is ready for: what a frame document
// carries, once. It is safe for concurrent use.
type Offer struct {
	gate     *Gate
	id       sessionID
	window   *window
	document documentID
	ticket   ticketKey
	carrier  Carrier
	expires  time.Time

	mu   sync.Mutex
	pair *keyPair // nil once accepted or expired
}

// A Handshake is the configuration that a frame document (brownfield: the
// page) carries as JSON. It holds the one-time secret: it belongs into that
// document and nowhere else, no log included.
type Handshake struct {
	Version     int    `json:"version"`
	Session     string `json:"session"` // base64url of 16 bytes
	Secret      string `json:"secret"`  // base64url of 32 bytes
	CoreKey     string `json:"coreKey"` // base64url of an uncompressed P-256 point
	Carrier     string `json:"carrier"`
	Pattern     string `json:"pattern"`
	Socket      string `json:"socket,omitempty"` // direct only
	PageOrigin  string `json:"pageOrigin"`
	Window      string `json:"window"`
	HookTimeout int64  `json:"hookTimeout"` // milliseconds
	MaxFrame    int    `json:"maxFrame"`    // bytes
	Hop         string `json:"hop"`         // auto, port or window: how page and frame talk
}

var base64url = base64.RawURLEncoding

// Handshake is what the document of this offer carries.
func (o *Offer) Handshake() Handshake {
	o.mu.Lock()
	defer o.mu.Unlock()
	h := Handshake{
		Version:     Version,
		Session:     base64url.EncodeToString(o.id[:]),
		Carrier:     o.carrier.String(),
		Pattern:     o.gate.pattern.String(),
		PageOrigin:  o.window.Origin,
		Window:      o.window.Label,
		HookTimeout: o.gate.hookTimeout.Milliseconds(),
		MaxFrame:    o.gate.limits.MaxFrame,
		Hop:         "auto",
	}
	if o.carrier == Direct {
		h.Socket = o.socketURL()
	}
	if o.pair != nil {
		h.Secret = base64url.EncodeToString(o.pair.secret[:])
		h.CoreKey = base64url.EncodeToString(o.pair.public)
	}
	return h
}

// socketURL is where the direct carrier of this offer connects to: the frame's
// own host or, where the page holds the keys, the page's.
func (o *Offer) socketURL() string {
	if o.gate.pattern == Brownfield {
		return o.window.origin.socket(reservedPath + "socket")
	}
	return o.gate.frames.origin.socket(socketPath)
}

// Accept opens a hello. The right one makes the session, once, which then
// sends by way of send; a wrong one is discarded and the offer still stands.
func (o *Offer) Accept(hello []byte, send func(frame []byte) error) (*Session, error) {
	return o.accept(hello, &funcLink{call: send})
}

func (o *Offer) accept(hello []byte, to link) (*Session, error) {
	keys, err := o.open(hello)
	if err != nil {
		o.gate.counters.discard("hello")
		return nil, err
	}
	// Not the gate's context: a session ends by End alone, which tells the frame first.
	ctx, cancel := context.WithCancel(context.Background())
	s := &Session{
		gate: o.gate, id: o.id, name: sessionName(o.id), window: o.window,
		document: o.document, ticket: o.ticket, carrier: o.carrier, born: time.Now(),
		ctx: ctx, cancel: cancel,
	}
	s.seen.Store(s.born.UnixNano())
	s.in.aead, s.out.aead = keys.up, keys.down
	s.out.detached = s.born
	s.out.held.expiry = watch{within: holdAtMost, late: s.letGo}
	s.in.guard = new(strictOrder)
	if o.carrier == Relay {
		s.in.guard = new(slidingWindow)
	}
	if err := o.gate.admit(s); err != nil {
		cancel()
		return nil, err
	}
	o.gate.receiver.Opened(s)
	if s.opening.CompareAndSwap(opening, opened) {
		s.attach(to, message{typ: TypeReady})
	} else { // it ended meanwhile, and nobody has said so yet
		o.gate.receiver.Ended(s, s.reason)
	}
	if s.ended.Load() {
		to.close(true)
		return nil, errDiscard
	}
	return s, nil
}

// open spends the offer on the right hello and on nothing else.
func (o *Offer) open(hello []byte) (*directionKeys, error) {
	id, ok := helloSession(hello, TypeHello)
	if !ok || id != o.id {
		return nil, errDiscard
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.pair == nil || time.Now().After(o.expires) {
		return nil, errDiscard
	}
	keys, ok := o.pair.open(hello[HeaderSize+SessionIDSize:], helloInfo(o.carrier, o.gate.pattern, o.id))
	if !ok {
		return nil, errDiscard
	}
	o.pair.destroy()
	o.pair = nil
	return keys, nil
}

// drop ends the offer unaccepted.
func (o *Offer) drop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.pair != nil {
		o.pair.destroy()
		o.pair = nil
	}
}

// sessionName makes the eight characters that stand for a session in logs and
// in the ids of its calls. The frame makes them too, of the same five bytes,
// for what it refuses itself.
func sessionName(id sessionID) string {
	return strings.ToLower(base32.StdEncoding.EncodeToString(id[:5]))
}

// A funcLink is the link of a session inside this process.
type funcLink struct {
	passing
	mu     sync.Mutex
	call   func([]byte) error
	closed bool

	serving atomic.Int32 // callers in Serve, who may send
}

func (l *funcLink) send(frame []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return errors.New("isolation: link is closed")
	}
	return l.call(frame)
}

func (l *funcLink) prompt() bool { return l.serving.Load() > 0 }

func (l *funcLink) paced() bool { return false }

func (l *funcLink) close(bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
}

// Deliver hands the session a frame as a carrier would. It reports false for
// a frame that was not authentic. For sessions made by Accept alone.
func (s *Session) Deliver(frame []byte) bool { return s.deliver(frame) }

// Serve is Deliver for a caller that lends its goroutine, as a socket's reader
// does: a call that came alone has run when Serve returns, and its answer has
// gone out unless another frame was going out. A call that waits for another
// frame would wait forever.
func (s *Session) Serve(frame []byte) bool {
	lent, authentic := s.deliverTo(frame, true)
	if lent != nil {
		s.serve(lent)
	}
	return authentic
}

func (s *Session) serve(lent Task) {
	s.sending.Lock()
	l, ok := s.out.link.(*funcLink)
	s.sending.Unlock()
	if ok {
		l.serving.Add(1)
		defer l.serving.Add(-1)
	}
	lent.Run()
}
