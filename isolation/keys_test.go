package isolation

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"testing"
	"time"
)

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

// rekeying is a session whose core has asked for new keys, and what makes a
// rekeyed for it.
func rekeying(t *testing.T, carrier Carrier, epoch uint16) (*Session, *keyPair, func(secret []byte, info []byte) []byte) {
	t.Helper()
	g, _ := quietGate(t)
	s := quietSession(t, g, carrier)
	s.in.epoch, s.out.epoch, s.in.count, s.out.count = epoch, epoch, 100, 100
	pair, err := newKeyPair()
	if err != nil {
		t.Fatal(err)
	}
	s.in.pair = pair
	core, err := ecdh.P256().NewPublicKey(pair.public)
	if err != nil {
		t.Fatal(err)
	}
	return s, pair, func(secret, info []byte) []byte {
		ephemeral, err := ecdh.P256().GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		key, nonce := hpkeContext(t, ephemeral, core, info)
		plain := bytes.Join([][]byte{secret, filler(0x50, KeySize), filler(0x70, KeySize)}, nil)
		return append(ephemeral.PublicKey().Bytes(), gcm(t, key).Seal(nil, nonce, plain, nil)...)
	}
}

// TestC4NewKeysAreBoundToTheirChange answers a rekey with what is sealed for
// another, or spoilt: authentic, and so the session ends.
func TestC4NewKeysAreBoundToTheirChange(t *testing.T) {
	var id sessionID
	for name, make := range map[string]func(secret []byte, seal func(secret, info []byte) []byte) []byte{
		"another secret": func(_ []byte, seal func(_, _ []byte) []byte) []byte {
			return seal(filler(9, SecretSize), rekeyInfo(Direct, Isolation, id, 8))
		},
		"a hello's info": func(r []byte, seal func(_, _ []byte) []byte) []byte { return seal(r, helloInfo(Direct, Isolation, id)) },
		"the epoch in force": func(r []byte, seal func(_, _ []byte) []byte) []byte {
			return seal(r, rekeyInfo(Direct, Isolation, id, 7))
		},
		"a later epoch": func(r []byte, seal func(_, _ []byte) []byte) []byte {
			return seal(r, rekeyInfo(Direct, Isolation, id, 9))
		},
		"another carrier": func(r []byte, seal func(_, _ []byte) []byte) []byte {
			return seal(r, rekeyInfo(Relay, Isolation, id, 8))
		},
		"another pattern": func(r []byte, seal func(_, _ []byte) []byte) []byte {
			return seal(r, rekeyInfo(Direct, Brownfield, id, 8))
		},
		"another session": func(r []byte, seal func(_, _ []byte) []byte) []byte {
			return seal(r, rekeyInfo(Direct, Isolation, sessionID{1}, 8))
		},
		"noise": func(_ []byte, _ func(_, _ []byte) []byte) []byte { return filler(1, rekeyedSize) },
		"a cut one": func(r []byte, seal func(_, _ []byte) []byte) []byte {
			return seal(r, rekeyInfo(Direct, Isolation, id, 8))[1:]
		},
		"a long one": func(r []byte, seal func(_, _ []byte) []byte) []byte {
			return append(seal(r, rekeyInfo(Direct, Isolation, id, 8)), 0)
		},
		"nothing": func([]byte, func(_, _ []byte) []byte) []byte { return nil },
		"a long secret": func(r []byte, seal func(_, _ []byte) []byte) []byte {
			return seal(append(bytes.Clone(r), 0), rekeyInfo(Direct, Isolation, id, 8))
		},
	} {
		s, pair, seal := rekeying(t, Direct, 7)
		plain := make(bytes.Clone(pair.secret[:]), seal)
		s.deliver(sealedIn(t, TypeRekeyed, 7, 1, plain))
		if s.reason != EndProtocol || s.in.epoch != 7 {
			t.Errorf("%s: the session's end is %q, its epoch %d", name, s.reason, s.in.epoch)
		}
		if pair.secret != [SecretSize]byte{} || pair.decrypt != nil {
			t.Errorf("%s: the secret is kept", name)
		}
	}
}

// sealedIn is sealedTo in another epoch, under the same key.
func sealedIn(t *testing.T, typ Type, epoch uint16, sequence uint64, plain []byte) []byte {
	iv := ivFor(sequence)
	return sealVector(t, sealedVector{
		Key: filler(0x10, KeySize), Session: make(hexBytes, SessionIDSize), Direction: toCore,
		Type: typ, Epoch: epoch, Sequence: sequence, Plaintext: plain, IV: iv[:],
	})
}

// TestC4NewKeysReplaceBothAndDestroyWhatMadeThem takes a genuine rekeyed.
func TestC4NewKeysReplaceBothAndDestroyWhatMadeThem(t *testing.T) {
	for _, carrier := range []Carrier{Direct, Relay} {
		s, pair, seal := rekeying(t, carrier, 7)
		up, down := s.in.aead, s.out.aead
		rekeyed := sealedIn(t, TypeRekeyed, 7, 1, seal(bytes.Clone(pair.secret[:]), rekeyInfo(carrier, Isolation, s.id, 8)))
		if !s.deliver(rekeyed) || s.ended.Load() {
			t.Fatalf("%v: the genuine keys were refused; the session's end is %q", carrier, s.reason)
		}
		if pair.secret != [SecretSize]byte{} || pair.decrypt != nil || s.in.pair != nil {
			t.Errorf("%v: the secret is kept", carrier)
		}
		if s.in.aead == up || s.out.aead == down || s.in.epoch != 8 || s.out.epoch != 8 || s.in.count != 0 || s.out.count != 0 {
			t.Errorf("%v: epochs %d and %d, counts %d and %d", carrier, s.in.epoch, s.out.epoch, s.in.count, s.out.count)
		}
		if kept := s.in.previous != nil; kept != (carrier == Relay) {
			t.Errorf("%v: the key of the epoch before is kept: %v", carrier, kept)
		}
		iv := make([]byte, ivSize)
		if _, err := s.in.aead.Decrypt(gcm(t, filler(0x50, KeySize)).Seal(iv, iv, nil, nil), nil); err != nil {
			t.Errorf("%v: the frame's frames are opened by another key", carrier)
		}
		if _, err := s.out.aead.Decrypt(gcm(t, filler(0x70, KeySize)).Seal(iv, iv, nil, nil), nil); err != nil {
			t.Errorf("%v: the core's frames are sealed by another key", carrier)
		}
	}
}

// TestC4TheEpochsEnd comes to the last one that the header can name.
func TestC4TheEpochsEnd(t *testing.T) {
	for epoch, ends := range map[uint16]bool{1<<16 - 2: false, 1<<16 - 1: true} {
		g, _ := quietGate(t)
		g.limits.RekeyAfter = 1
		s := quietSession(t, g, Direct)
		s.in.epoch = epoch
		s.deliver(sealedIn(t, TypePong, epoch, 1, nil))
		if s.ended.Load() != ends || ends && s.reason != EndKeys || (s.in.pair != nil) == ends {
			t.Errorf("in epoch %d the session's end is %q, and new keys are asked for: %v", epoch, s.reason, s.in.pair != nil)
		}
	}
}

// TestC4OneChangeOfKeysAtATime goes on calling while the core waits for new
// keys, and then when it needs none.
func TestC4OneChangeOfKeysAtATime(t *testing.T) {
	g, _ := quietGate(t)
	g.limits.RekeyAfter = 3
	s := quietSession(t, g, Relay)
	link := newRelayLink(1 << 20)
	s.out.link = link
	for n := range uint64(8) {
		s.deliver(sealedTo(t, TypePong, n+1, nil))
		if asked := s.in.pair != nil; asked != (n >= 2) {
			t.Errorf("after %d frames new keys are asked for: %v", n+1, asked)
		}
	}
	for busy := true; busy; time.Sleep(time.Millisecond) {
		s.sending.Lock()
		busy = s.out.flushing
		s.sending.Unlock()
	}
	if frames := link.take(t.Context()); len(frames) != 1 || typeOf(frames[0]) != TypeRekey {
		t.Errorf("%d frames were sent, want one rekey", len(frames))
	}
	s.End(EndRevoked)
	s.renewIfDue()
	if s.in.pair != nil {
		t.Error("an ended session asked for new keys")
	}
}
