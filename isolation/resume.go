package isolation

import (
	"crypto/rand"
	"crypto/subtle"
)

// A resumption is a new socket that claims an existing session. Nothing of
// the session changes before proof.
type resumption struct {
	session *Session
	nonce   [nonceSize]byte
}

// beginResume answers a resume frame with a challenge. Only sessions of the
// window in are resumed, if it is given.
func (g *Gate) beginResume(frame []byte, in *window) (*resumption, []byte, error) {
	id, ok := helloSession(frame, TypeResume)
	if !ok {
		g.counters.discard("resume")
		return nil, nil, errDiscard
	}
	s := g.session(id)
	if s == nil || s.carrier != Direct || in != nil && s.window != in {
		g.counters.discard("resume")
		return nil, nil, errDiscard
	}
	r := &resumption{session: s}
	rand.Read(r.nonce[:]) // never fails since Go 1.24
	challenge, err := s.challenge(r.nonce[:])
	if err != nil {
		g.counters.discard("resume")
		return nil, nil, errDiscard
	}
	return r, challenge, nil
}

// prove moves the session to a new link if frame is the proof. Its sequence
// may skip what was lost with the old socket.
func (r *resumption) prove(frame []byte, to link) error {
	s := r.session
	s.receiving.Lock()
	defer s.received()
	plain, err := s.open(frame, TypeProof)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(plain, r.nonce[:]) != 1 {
		s.gate.counters.discard("proof")
		return errDiscard
	}
	s.attach(to, message{typ: TypeResumed})
	if s.in.pair != nil {
		s.offerRekey()
	}
	return nil
}
