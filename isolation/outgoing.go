package isolation

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/tink-crypto/tink-go/v2/tink"
)

// A link is what a carrier gives a session to send with: a socket, or the
// relay's queue. Its methods are safe for concurrent use.
type link interface {
	send(frame []byte) error
	close(over bool) // over: the session has ended, so don't come back
	prompt() bool    // sending is quick, so that Write may do it itself
	paced() bool     // each frame costs the page: see gather

	held() int            // bytes that it has taken, and the page has yet to fetch
	whenFetched(f func()) // calls f, holding no lock, whenever the page has fetched some
}

// A passing link holds nothing: send returns when the frame is on its way.
type passing struct{}

func (passing) held() int          { return 0 }
func (passing) whenFetched(func()) {}

// A message is a control frame on its way out; next, if set, is the key that
// it is the first to be sealed under.
type message struct {
	typ   Type
	plain []byte
	next  tink.AEAD
}

// outgoing is the state of the direction core to frame.
type outgoing struct {
	aead     tink.AEAD
	epoch    uint16
	sequence uint64 // of the last sealed frame
	count    int    // sealed frames in this epoch
	asked    int    // challenges in this epoch, which stand outside the sequence

	link     link // nil while a dropped socket is not resumed
	detached time.Time
	control  []message
	batches  []batch
	waiting  int       // bytes in batches
	flying   int       // bytes of the batch that is being sent
	senders  []*sender // that wait for room, in the order in which they came
	left     uint64    // bytes that were in batches: see Place
	flushing bool
	pace     time.Time // when the next batch may be sealed
	held     holding
	leaving  bool // the session has ended; bye follows what still waits

	scratch [associatedSize]byte // of one seal
}

// A batch is a plaintext that still takes items.
type batch struct {
	plain []byte
	items int
}

// Write queues one item, made by AppendResult or AppendError, for the frame. The
// item is Write's from here on: it is cleared once it is sealed.
// Items that queue up while a frame is being sent, or while a [Hold] lasts, leave
// as one batch. With
// nobody to send to the item is dropped: the frame has already given its call
// up as unknown_outcome. A page that lets more than MaxPending bytes wait loses
// its session.
//
// Write sends an item that would go alone itself, which spares a lone call a
// goroutine; it may then take as long as the page takes to read, twice
// SendWithin at most.
func (s *Session) Write(item []byte) error {
	room := s.gate.limits.MaxFrame - sealedMinimum
	if len(item) > room {
		clear(item)
		return fmt.Errorf("isolation: an item of %d bytes does not fit a frame of %d", len(item), s.gate.limits.MaxFrame)
	}
	s.sending.Lock()
	if s.out.link == nil || s.ended.Load() {
		s.sending.Unlock()
		clear(item)
		return nil
	}
	if s.goesAlone(item) {
		frame, to := s.sealBatch(batch{item, 1})
		s.sending.Unlock()
		if s.sendSealed(frame, to) {
			s.goOn()
		}
		return nil
	}
	s.enqueue(item, 1)
	slow := s.out.waiting > s.gate.limits.MaxPending
	if !slow && (s.out.held.open == 0 || s.out.waiting > holdBytes) {
		s.wake()
	}
	s.sending.Unlock()
	if slow {
		s.End(EndSlow)
	}
	return nil
}

// goesAlone reports whether nothing waits that an item could join or has to
// follow, and flushing then is the caller's. Called with sending held.
func (s *Session) goesAlone(item []byte) bool {
	out := &s.out
	if out.flushing || out.held.open > 0 || out.aead == nil || len(out.control)+len(out.batches) > 0 || len(item) > s.gate.limits.MaxPending ||
		!out.link.prompt() || out.link.paced() && time.Now().Before(out.pace) {
		return false
	}
	out.flushing = true
	return true
}

// enqueue adds items to the last batch, or begins another with them. Called
// with sending held.
func (s *Session) enqueue(plain []byte, items int) {
	s.out.waiting += len(plain)
	last := len(s.out.batches) - 1
	if last < 0 || s.out.batches[last].items+items > MaxItems || len(s.out.batches[last].plain)+len(plain) > s.gate.limits.MaxFrame-sealedMinimum {
		s.out.batches = append(s.out.batches, batch{plain, items})
		return
	}
	s.out.batches[last].add(plain, items)
	clear(plain)
}

// add appends items. Growing leaves no plaintext behind.
func (b *batch) add(plain []byte, items int) {
	if need := len(b.plain) + len(plain); need > cap(b.plain) {
		grown := append(make([]byte, 0, 2*need), b.plain...)
		clear(b.plain)
		b.plain = grown
	}
	b.plain, b.items = append(b.plain, plain...), b.items+items
}

func (s *Session) queue(m message) {
	s.sending.Lock()
	defer s.sending.Unlock()
	if s.ended.Load() {
		return
	}
	if s.out.link == nil { // as dropQueue does with what was queued before
		s.out.renew(m.next)
		clear(m.plain)
		return
	}
	s.out.control = append(s.out.control, m)
	s.wake()
}

// wake starts the goroutine that empties the queue, unless it runs or there
// is nobody to send to. An idle session has none. Called with sending held.
func (s *Session) wake() {
	if !s.out.flushing && s.out.link != nil {
		s.out.flushing = true
		go s.flush()
	}
}

// flush seals and sends until nothing waits. Sealing gives a frame its place
// in the sequence, so both happen here and in one order.
func (s *Session) flush() {
	for {
		s.gather()
		if !s.sendNext() {
			return
		}
	}
}

// sendNext seals and sends one frame. It reports false when nothing is left
// to send, and flushing then is over.
func (s *Session) sendNext() bool { return s.sendSealed(s.next()) }

func (s *Session) sendSealed(frame []byte, to link) bool {
	if frame == nil {
		s.left()
		if to != nil {
			to.close(true)
		}
		return false
	}
	if err := to.send(frame); err != nil {
		s.detach(to)
		to.close(false)
	}
	if typeOf(frame) == TypeBye {
		s.left()
		to.close(true)
		return false
	}
	return true
}

// goOn leaves what has gathered behind Write's own frame to a goroutine.
func (s *Session) goOn() {
	s.sending.Lock()
	defer s.sending.Unlock()
	s.out.flying = 0
	s.letIn()
	s.out.flushing = false
	if s.out.leaving || len(s.out.control)+len(s.out.batches) > 0 {
		s.out.flushing = true
		go s.flush()
	}
}

// A frame costs the page a decryption and a message or two, far more than an
// item does, and answers that leave together come back as calls that arrive
// together. So each batch keeps the next one back for a while, the longer the
// more it held. A page that awaits each answer takes longer than gatherAtLeast
// for a call anyway, and never waits.
const (
	gatherAtLeast = 300 * time.Microsecond
	gatherPerItem = 100 * time.Microsecond
	gatherAtMost  = time.Millisecond
)

// gather gives answers that are about to come time to join the next frame, as
// long as that takes any.
func (s *Session) gather() {
	s.sending.Lock()
	pause, full := time.Until(s.out.pace), len(s.out.batches) > 1
	s.sending.Unlock()
	if pause > 0 && !full {
		time.Sleep(pause)
	}
}

// next seals the first waiting message or batch, or ends the flushing.
func (s *Session) next() ([]byte, link) {
	s.sending.Lock()
	defer s.sending.Unlock()
	s.out.flying = 0
	s.letIn()
	if s.out.link == nil || s.out.aead == nil || len(s.out.control)+len(s.out.batches) == 0 {
		s.out.flushing = false
		if s.out.leaving {
			return s.farewell()
		}
		return nil, nil
	}
	if len(s.out.control) > 0 {
		m := s.out.control[0]
		s.out.control = s.out.control[1:]
		s.out.renew(m.next)
		frame, err := s.seal(m.typ, m.plain)
		clear(m.plain)
		return s.sealedOr(frame, err)
	}
	b := s.out.batches[0]
	s.out.batches = s.out.batches[1:]
	s.out.waiting -= len(b.plain)
	s.out.left += uint64(len(b.plain))
	return s.sealBatch(b)
}

// sealBatch seals a batch and sets the pace for the next. Called with sending
// held.
func (s *Session) sealBatch(b batch) ([]byte, link) {
	if s.out.link.paced() {
		s.out.pace = time.Now().Add(min(gatherAtLeast+gatherPerItem*time.Duration(b.items-1), gatherAtMost))
	}
	s.out.flying = len(b.plain)
	frame, err := s.seal(TypeBatch, b.plain)
	clear(b.plain)
	return s.sealedOr(frame, err)
}

// sealedOr ends the session on a failure to seal, which has no cause but a
// broken key or a used-up one.
func (s *Session) sealedOr(frame []byte, err error) ([]byte, link) {
	if err != nil {
		s.out.flushing = false
		s.gate.log.Error("isolation: sealing failed", "session", s.name, "err", err)
		if s.out.leaving {
			return s.farewell()
		}
		go s.End(EndKeys) // it takes the lock that is held here
		return nil, nil
	}
	return frame, s.out.link
}

// Seal makes the next batch frame from the core: its number is spent whether
// or not it is sent. Write does this and sends; Seal alone is for measuring.
func (s *Session) Seal(plain []byte) (Sealed, error) {
	s.sending.Lock()
	defer s.sending.Unlock()
	return s.seal(TypeBatch, plain)
}

func (s *Session) seal(t Type, plain []byte) ([]byte, error) {
	if s.out.aead == nil || s.out.count >= MaxFrames {
		return nil, errDiscard
	}
	s.out.sequence++
	s.out.count++
	return s.sealAt(s.out.aead, header{typ: t, epoch: s.out.epoch, sequence: s.out.sequence}, plain)
}

func (s *Session) sealAt(key tink.AEAD, h header, plain []byte) ([]byte, error) {
	body, err := key.Encrypt(plain, h.associate(&s.out.scratch, toFrame, s.id))
	if err != nil {
		return nil, err
	}
	frame := make([]byte, 0, HeaderSize+len(body))
	return append(h.append(frame), body...), nil
}

func (s *Session) sentInEpoch() int {
	s.sending.Lock()
	defer s.sending.Unlock()
	return s.out.count
}

// attach makes to the session's only link; the one before is closed, and what
// waited for it is forgotten as in detach.
func (s *Session) attach(to link, first message) {
	to.whenFetched(s.fetched)
	s.sending.Lock()
	if s.ended.Load() {
		s.sending.Unlock()
		to.close(true)
		return
	}
	old := s.out.link
	s.dropQueue()
	s.out.link = to
	s.out.control = append(s.out.control, first)
	s.letIn()
	s.wake()
	s.sending.Unlock()
	if old != nil {
		old.close(false)
	}
}

// detach forgets a broken link and what waited for it. The session stays for
// ResumeWithin.
func (s *Session) detach(from link) {
	s.sending.Lock()
	defer s.sending.Unlock()
	if s.out.link != from {
		return
	}
	s.out.link, s.out.detached = nil, time.Now()
	s.dropQueue()
}

// renew puts the key of the next epoch in force, if there is one.
func (out *outgoing) renew(next tink.AEAD) {
	if next != nil {
		out.aead, out.epoch, out.count, out.asked = next, out.epoch+1, 0, 0
	}
}

// dropQueue throws away what waited, but not a change of keys that it held:
// the other direction has changed already.
func (s *Session) dropQueue() {
	for _, m := range s.out.control {
		s.out.renew(m.next)
		clear(m.plain)
	}
	for _, b := range s.out.batches {
		clear(b.plain)
	}
	s.out.left += uint64(s.out.waiting)
	s.out.batches, s.out.waiting = nil, 0
	s.out.control = nil
}

// hangUp tells the frame of the end, if it listens, and drops the key. When
// the core shuts down in order, answers that wait go out first; after any
// other end the frame gets nothing more.
func (s *Session) hangUp(reason Reason) {
	s.sending.Lock()
	defer s.sending.Unlock()
	s.refuseSenders()
	if reason == EndShutdown && s.out.link != nil {
		s.out.leaving = true
		s.gate.farewells.Add(1)
		if !s.out.flushing {
			s.out.flushing = true
			go s.flush()
		}
		return
	}
	s.dropQueue()
	if frame, to := s.farewell(); to != nil {
		go func() { // never makes anybody wait
			if frame != nil {
				_ = to.send(frame) // it is closed either way
			}
			to.close(true)
		}()
	}
}

// farewell seals the last frame and drops key and link. Called with sending
// held.
func (s *Session) farewell() ([]byte, link) {
	to := s.out.link
	var frame []byte
	if to != nil {
		frame, _ = s.seal(TypeBye, nil) // with a used-up key the link just closes
	}
	s.out.link, s.out.aead = nil, nil
	return frame, to
}

// left tells the gate, if it waits, that the last frame has gone out.
func (s *Session) left() {
	s.sending.Lock()
	defer s.sending.Unlock()
	if s.out.leaving {
		s.out.leaving = false
		s.gate.farewells.Done()
	}
}

// challenge makes a resume's challenge: outside the sequence, under the epoch
// whose proof will be taken. A change of keys that still waits to be sent, for
// an old socket that takes nothing, has happened for what the frame sends.
func (s *Session) challenge(nonce []byte) ([]byte, error) {
	s.sending.Lock()
	defer s.sending.Unlock()
	if s.out.aead == nil || s.out.asked >= MaxFrames { // anybody may ask for them
		return nil, errDiscard
	}
	s.out.asked++
	key, epoch := s.out.aead, s.out.epoch
	for _, m := range s.out.control {
		if m.next != nil {
			key, epoch = m.next, epoch+1
		}
	}
	return s.sealAt(key, header{typ: TypeChallenge, epoch: epoch}, nonce)
}

// appendLengthPrefixed is how the relay puts frames into a body.
func appendLengthPrefixed(dst, frame []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(frame)))
	return append(dst, frame...)
}
