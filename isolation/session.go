package isolation

import (
	"context"
	"crypto/subtle"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tink-crypto/tink-go/v2/tink"
)

// A Sealed is a frame as it came off its carrier: nothing about it is known.
type Sealed []byte

// A Session is one document's channel to the core: its window, its keys and
// its place in both sequences. It ends once, with a Reason, and is never
// reused. Its methods are safe for concurrent use but for Open.
type Session struct {
	gate     *Gate
	id       sessionID
	name     string
	window   *window
	document documentID
	ticket   ticketKey // presented again, it ends this session
	carrier  Carrier
	born     time.Time

	ctx     context.Context
	cancel  context.CancelFunc
	ended   atomic.Bool
	opening atomic.Int32 // opening, opened, or endedEarly
	reason  Reason       // of an end while opening
	seen    atomic.Int64 // unix nanoseconds of the last authentic frame
	pinged  atomic.Int64 // unix nanoseconds of an unanswered ping, or 0

	receiving sync.Mutex // one frame at a time; guards in
	in        incoming

	sending sync.Mutex // guards out
	out     outgoing
}

// A session that ends while its receiver is still being told of it is ended,
// for the receiver, by whoever tells it: Opened always comes first.
const (
	opening int32 = iota
	opened
	endedEarly
)

// incoming is the state of the direction frame to core.
type incoming struct {
	aead     tink.AEAD
	epoch    uint16
	previous tink.AEAD // relay only: for frames that rekeyed overtook
	switched uint64    // sequence of the rekeyed that began this epoch
	guard    replayGuard
	count    int // sealed frames in this epoch
	failed   bool
	lends    bool     // while a frame is delivered: its carrier lends its goroutine
	lent     Task     // what that is to run, if anything
	pair     *keyPair // of a rekey under way

	scratch [associatedSize]byte // of one opening
}

// ID names the session in logs and records. It is no secret and opens nothing.
func (s *Session) ID() string { return s.name }

// Window is the label that the core minted for this session's window.
func (s *Session) Window() string { return s.window.Label }

// Origin is the page's origin, as the core serves it.
func (s *Session) Origin() string { return s.window.Origin }

// Carrier is how this session's frames travel, as bound by its handshake.
func (s *Session) Carrier() Carrier { return s.carrier }

// Pattern is who holds the frame side's keys, as bound by the handshake.
func (s *Session) Pattern() Pattern { return s.gate.pattern }

// Context is cancelled when the session ends.
func (s *Session) Context() context.Context { return s.ctx }

// Open authenticates a batch frame and decrypts it: version, type, epoch,
// sequence, IV, then the AEAD over all of them. On success the sequence
// number is spent. Every failure is the same error and means: discard, do not
// answer. Open is called from Receiver.Receive, which is never called twice at
// once for one session.
func (s *Session) Open(f Sealed) (Plain, error) {
	plain, err := s.open(f, TypeBatch)
	return Plain{plain}, err
}

func (s *Session) open(frame []byte, want Type) ([]byte, error) {
	plain, reason := s.tryOpen(frame, want)
	if reason != "" {
		s.in.failed = true
		s.gate.counters.discard(reason)
		return nil, errDiscard
	}
	s.seen.Store(time.Now().UnixNano())
	s.pinged.Store(0) // any authentic frame shows that its thread runs
	return plain, nil
}

// tryOpen returns the plaintext, or why there is none.
func (s *Session) tryOpen(frame []byte, want Type) ([]byte, string) {
	h, body, ok := parseHeader(frame)
	switch {
	case s.ended.Load():
		return nil, "session over"
	case !ok:
		return nil, "version"
	case h.typ != want:
		return nil, "type"
	case len(frame) < sealedMinimum:
		return nil, "too short"
	case len(frame) > s.gate.limits.MaxFrame:
		return nil, "too large"
	}
	key := s.in.keyFor(h)
	if key == nil {
		return nil, "epoch"
	}
	if !s.in.guard.fresh(h.sequence) && (want != TypeProof || !s.in.guard.skipTo(h.sequence)) {
		return nil, "sequence"
	}
	if iv := ivFor(h.sequence); subtle.ConstantTimeCompare(body[:ivSize], iv[:]) != 1 {
		return nil, "iv"
	}
	plain, err := key.Decrypt(body, h.associate(&s.in.scratch, toCore, s.id))
	if err != nil {
		return nil, "forged"
	}
	s.in.guard.commit(h.sequence)
	s.in.count++
	return plain, ""
}

// keyFor picks the key of a frame's epoch: the one in force, or on the relay
// the one before for what rekeyed overtook.
func (in *incoming) keyFor(h header) tink.AEAD {
	switch {
	case h.epoch == in.epoch:
		return in.aead
	case h.epoch+1 == in.epoch && h.sequence < in.switched:
		return in.previous
	}
	return nil
}

// A Task is what a carrier's goroutine is lent for.
type Task interface{ Run() }

// Lend has t run by the goroutine that is in Receive, right after Receive and
// in place of a goroutine of its own: to wake one takes longer than a short
// call. Should it take long, another goroutine reads on meanwhile. Lend reports
// false where the carrier has no goroutine to lend. It may be called once in
// each Receive, and nowhere else.
func (s *Session) Lend(t Task) bool {
	if s.in.lends {
		s.in.lent = t
	}
	return s.in.lends
}

// deliver takes one frame off a carrier that lends nothing. It reports false
// for a frame that was not authentic.
func (s *Session) deliver(frame []byte) (authentic bool) {
	_, authentic = s.deliverTo(frame, false)
	return authentic
}

// deliverTo takes one frame off the carrier, and says what it is to run for
// having lent its goroutine.
func (s *Session) deliverTo(frame []byte, lends bool) (lent Task, authentic bool) {
	s.receiving.Lock()
	defer s.received()
	s.in.failed, s.in.lends, s.in.lent = false, lends, nil
	switch typeOf(frame) {
	case TypeBatch:
		s.gate.receiver.Receive(s, Sealed(frame))
		s.renewIfDue()
	case TypePong:
		if plain, err := s.open(frame, TypePong); err == nil {
			s.expectEmpty(plain)
		}
		s.renewIfDue()
	case TypeRekeyed:
		s.rekeyed(frame)
	case TypeBye:
		s.bye(frame)
	default:
		s.gate.counters.discard("type")
		return nil, false
	}
	lent, s.in.lent = s.in.lent, nil
	return lent, !s.in.failed
}

func typeOf(frame []byte) Type {
	if len(frame) < HeaderSize {
		return 0
	}
	return Type(frame[1])
}

func (s *Session) expectEmpty(plain []byte) {
	if len(plain) != 0 {
		s.End(EndProtocol)
	}
}

// bye accepts the frame's farewell: in sequence, or the one that it sealed
// with sequence 0 when its keys were new.
func (s *Session) bye(frame []byte) {
	h, body, ok := parseHeader(frame)
	if !ok || h.sequence != 0 || h.epoch != s.in.epoch || len(frame) != sealedMinimum {
		if plain, err := s.open(frame, TypeBye); err == nil {
			s.expectEmpty(plain)
			s.End(EndBye)
		}
		return
	}
	iv := ivFor(0)
	if s.in.aead == nil || subtle.ConstantTimeCompare(body[:ivSize], iv[:]) != 1 {
		s.in.failed = true
		s.gate.counters.discard("iv")
		return
	}
	if _, err := s.in.aead.Decrypt(body, h.associate(&s.in.scratch, toCore, s.id)); err != nil {
		s.in.failed = true
		s.gate.counters.discard("forged")
		return
	}
	s.End(EndBye)
}

// End ends the session: its context is cancelled, its keys are dropped, its
// frame is told, and nothing of it is accepted any more. Only the first call
// has an effect.
func (s *Session) End(reason Reason) {
	if s.ended.Swap(true) {
		return
	}
	s.reason = reason
	s.gate.remove(s, reason)
	s.hangUp(reason)
	s.cancel()
	s.forget()
	if !s.opening.CompareAndSwap(opening, endedEarly) {
		s.gate.receiver.Ended(s, reason)
	}
}

// received ends the receiving of one frame. An end that came meanwhile left
// the keys to it.
func (s *Session) received() {
	s.receiving.Unlock()
	if s.ended.Load() {
		s.forget()
	}
}

// forget drops the keys of an ended session, unless a frame is being received:
// then received does.
func (s *Session) forget() {
	if !s.receiving.TryLock() {
		return
	}
	defer s.receiving.Unlock()
	if s.in.pair != nil {
		s.in.pair.destroy()
	}
	s.in.aead, s.in.previous, s.in.pair = nil, nil, nil
}
