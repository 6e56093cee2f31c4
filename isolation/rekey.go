package isolation

import "slices"

// renewIfDue starts a change of keys once either direction has used the ones
// in force often enough. It is called with receiving held.
func (s *Session) renewIfDue() {
	if s.ended.Load() {
		return
	}
	due := max(s.in.count, s.sentInEpoch())
	if due >= MaxFrames {
		s.End(EndKeys)
		return
	}
	if due < s.gate.limits.RekeyAfter || s.in.pair != nil {
		return
	}
	if s.in.epoch == 1<<16-1 {
		s.End(EndKeys)
		return
	}
	pair, err := newKeyPair()
	if err != nil {
		s.gate.log.Error("isolation: no new keys", "session", s.name, "err", err)
		s.End(EndKeys)
		return
	}
	s.in.pair = pair
	s.offerRekey()
}

// offerRekey sends the secret and public key of the change under way. It is
// sent again after a resume, since the first may have been lost.
func (s *Session) offerRekey() {
	s.queue(message{typ: TypeRekey, plain: slices.Concat(s.in.pair.secret[:], s.in.pair.public)})
}

// rekeyed takes the frame's new keys, sealed under the old ones, and confirms
// them with the first frame under the new.
func (s *Session) rekeyed(frame []byte) {
	h, _, _ := parseHeader(frame)
	plain, err := s.open(frame, TypeRekeyed)
	if err != nil {
		return
	}
	if s.in.pair == nil || len(plain) != rekeyedSize {
		s.End(EndProtocol)
		return
	}
	next := s.in.epoch + 1
	keys, ok := s.in.pair.open(plain, rekeyInfo(s.carrier, s.gate.pattern, s.id, next))
	if !ok {
		s.End(EndProtocol)
		return
	}
	s.in.pair.destroy()
	if s.carrier == Relay {
		s.in.previous, s.in.switched = s.in.aead, h.sequence
	}
	s.in.pair, s.in.aead, s.in.epoch, s.in.count = nil, keys.up, next, 0
	s.queue(message{typ: TypeReady, next: keys.down})
}
