package isolation

import "testing"

// sealedTo is a frame for a session of quietSession, under its first key.
func sealedTo(t *testing.T, typ Type, sequence uint64, plain []byte) []byte {
	iv := ivFor(sequence)
	return sealVector(t, sealedVector{
		Key: filler(0x10, KeySize), Session: make(hexBytes, SessionIDSize), Direction: toCore,
		Type: typ, Sequence: sequence, Plaintext: plain, IV: iv[:],
	})
}

// TestC4AKeyIsUsedUp brings each direction to its last frame: the session ends
// rather than seal or open one more.
func TestC4AKeyIsUsedUp(t *testing.T) {
	call := makeItems(itemVector{Kind: 1, ID: 1, Command: "a.b", JSON: "1"})
	for name, tt := range map[string]struct {
		typ     Type
		plain   []byte
		in, out int
		ends    bool
	}{
		"the last batch of the frame":         {TypeBatch, call, MaxFrames - 1, 0, true},
		"the last but one":                    {TypeBatch, call, MaxFrames - 2, 0, false},
		"the last pong of the frame":          {TypePong, nil, MaxFrames - 1, 0, true},
		"a batch after the core's last frame": {TypeBatch, call, 0, MaxFrames, true},
		"a pong after the core's last frame":  {TypePong, nil, 0, MaxFrames, true},
		"a batch before it":                   {TypeBatch, call, 0, MaxFrames - 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			g, _ := quietGate(t)
			s := quietSession(t, g, Direct)
			s.in.count, s.out.count = tt.in, tt.out
			if !s.deliver(sealedTo(t, tt.typ, 1, tt.plain)) {
				t.Fatal("a genuine frame was refused")
			}
			if s.ended.Load() != tt.ends || tt.ends && s.reason != EndKeys {
				t.Errorf("the session has ended: %v, as %q; want %v", s.ended.Load(), s.reason, tt.ends)
			}
		})
	}
}

func TestC4TheCoreSealsNoMoreThanItsKeyMay(t *testing.T) {
	g, _ := quietGate(t)
	s := quietSession(t, g, Direct)
	s.out.count = MaxFrames - 1
	if _, err := s.Seal(nil); err != nil {
		t.Fatal(err)
	}
	if frame, err := s.Seal(nil); err == nil {
		t.Errorf("one frame too many: %x", frame)
	}
	if frame, err := s.challenge(nil); err != nil {
		t.Errorf("challenges count with the rest: %x, %v", frame, err)
	}
	s.out.asked = MaxFrames - 1
	if _, err := s.challenge(nil); err != nil {
		t.Fatal(err)
	}
	if frame, err := s.challenge(nil); err == nil {
		t.Errorf("one challenge too many: %x", frame)
	}
	s.out.renew(s.out.aead)
	if _, err := s.challenge(nil); err != nil {
		t.Errorf("under new keys there are none: %v", err)
	}
	if _, err := s.Seal(nil); err != nil {
		t.Errorf("under new keys nothing is sealed: %v", err)
	}
}

// TestC4KeysAreDroppedAtTheEnd ends a session in the middle of a change of
// keys: at rest, while it receives, and in the moment after that.
func TestC4KeysAreDroppedAtTheEnd(t *testing.T) {
	for name, end := range map[string]func(*Session){
		"at rest":           func(s *Session) { s.End(EndRevoked) },
		"while it receives": func(s *Session) { s.receiving.Lock(); s.End(EndRevoked); s.received() },
		"by a frame":        func(s *Session) { s.deliver(sealedTo(t, TypeBye, 1, nil)) },
	} {
		g, _ := quietGate(t)
		s := quietSession(t, g, Relay)
		pair, err := newKeyPair()
		if err != nil {
			t.Fatal(err)
		}
		s.in.pair, s.in.previous = pair, s.in.aead
		end(s)
		if s.in.aead != nil || s.in.previous != nil || s.in.pair != nil || s.out.aead != nil {
			t.Errorf("%s: keys are kept", name)
		}
		if pair.secret != [SecretSize]byte{} || pair.decrypt != nil {
			t.Errorf("%s: the secret of the change under way is kept", name)
		}
		for _, frame := range [][]byte{sealedTo(t, TypeBatch, 2, nil), sealedTo(t, TypeBye, 0, nil), sealedTo(t, TypePong, 2, nil), sealedTo(t, TypeRekeyed, 2, nil)} {
			if s.deliver(frame) {
				t.Errorf("%s: a frame of type %d was taken afterwards", name, frame[1])
			}
		}
	}
}
