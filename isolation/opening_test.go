package isolation

import (
	"bytes"
	"sync"
	"sync/atomic"
	"testing"
)

// TestC8AnEndedSessionOpensNothing ends a session while it receives, when its
// keys are still there.
func TestC8AnEndedSessionOpensNothing(t *testing.T) {
	g, _ := quietGate(t)
	s := quietSession(t, g, Direct)
	s.receiving.Lock()
	defer s.receiving.Unlock()
	s.End(EndRevoked)
	if plain, err := s.Open(sealedTo(t, TypeBatch, 1, []byte("x"))); err == nil {
		t.Errorf("a frame was opened after the end: %q", plain.bytes)
	}
	if n := g.Stats().Discarded["session over"]; n != 1 {
		t.Errorf("it was counted %d times: %v", n, g.Stats().Discarded)
	}
}

// TestC2AFrameIsOpenedAsItsOwnTypeAlone hands genuine frames to those who wait
// for another type.
func TestC2AFrameIsOpenedAsItsOwnTypeAlone(t *testing.T) {
	g, _ := quietGate(t)
	for typ := range TypeBye + 1 {
		s := quietSession(t, g, Direct)
		_, err := s.Open(sealedTo(t, typ, 1, []byte("x")))
		if (err == nil) != (typ == TypeBatch) {
			t.Errorf("type %d as a batch: %v", typ, err)
		}
		r := &resumption{session: s, nonce: [nonceSize]byte(filler(0x40, nonceSize))}
		err = r.prove(sealedTo(t, typ, 2, r.nonce[:]), &funcLink{call: func([]byte) error { return nil }})
		if (err == nil) != (typ == TypeProof) {
			t.Errorf("type %d as a proof: %v", typ, err)
		}
		s.End(EndRevoked)
	}
}

// TestC3AProofNeverGoesBack proves a resume by what was sealed before the
// newest frame, and by that frame's own number.
func TestC3AProofNeverGoesBack(t *testing.T) {
	g, _ := quietGate(t)
	for sequence, want := range map[uint64]bool{0: false, 1: false, 4: false, 5: false, 6: true, 7: true, 1 << 40: true} {
		s := quietSession(t, g, Direct)
		s.in.guard.commit(5)
		r := &resumption{session: s, nonce: [nonceSize]byte(filler(0x40, nonceSize))}
		err := r.prove(sealedTo(t, TypeProof, sequence, r.nonce[:]), &funcLink{call: func([]byte) error { return nil }})
		if (err == nil) != want {
			t.Errorf("a proof with number %d after 5: %v", sequence, err)
		}
		if attached := s.out.link != nil; attached != want {
			t.Errorf("a proof with number %d moved the session: %v", sequence, attached)
		}
		s.End(EndRevoked)
	}
}

// TestC8AFarewellIsExactlyOne spoils the bye that is sealed in advance, with
// and without its key.
func TestC8AFarewellIsExactlyOne(t *testing.T) {
	sealed := func(change func(*sealedVector)) []byte {
		v := sealedVector{
			Key: filler(0x10, KeySize), Session: make(hexBytes, SessionIDSize), Direction: toCore,
			Type: TypeBye, IV: make(hexBytes, ivSize),
		}
		change(&v)
		return sealVector(t, v)
	}
	genuine := sealed(func(*sealedVector) {})
	for name, tt := range map[string]struct {
		frame  []byte
		reason string
	}{
		"another version":         {append([]byte{2}, genuine[1:]...), "version"},
		"another IV":              {sealed(func(v *sealedVector) { v.IV[11] = 1 }), "iv"},
		"a plaintext":             {sealed(func(v *sealedVector) { v.Plaintext = []byte("x") }), "sequence"},
		"a later epoch":           {sealed(func(v *sealedVector) { v.Epoch = 1 }), "epoch"},
		"the epoch before":        {sealed(func(v *sealedVector) { v.Epoch = 1<<16 - 1 }), "epoch"},
		"another session":         {sealed(func(v *sealedVector) { v.Session[0] = 1 }), "forged"},
		"the other direction":     {sealed(func(v *sealedVector) { v.Direction = toFrame }), "forged"},
		"another key":             {sealed(func(v *sealedVector) { v.Key = filler(0x30, KeySize) }), "forged"},
		"a flipped bit":           {append(bytes.Clone(genuine[:39]), genuine[39]^1), "forged"},
		"a cut tag":               {genuine[:39], "too short"},
		"a cut IV":                {genuine[:HeaderSize+3], "too short"},
		"nothing but a header":    {genuine[:HeaderSize], "too short"},
		"less than a header":      {genuine[:HeaderSize-1], "type"},
		"a byte too many":         {append(bytes.Clone(genuine), 0), "sequence"},
		"a farewell of the core":  {header{typ: TypeBye}.append(nil), "too short"},
		"a number and another IV": {sealed(func(v *sealedVector) { v.Sequence = 1 }), "iv"},
	} {
		t.Run(name, func(t *testing.T) {
			g, _ := quietGate(t)
			s := quietSession(t, g, Direct)
			if s.deliver(tt.frame) || s.ended.Load() {
				t.Error("it was taken")
			}
			if got := g.Stats().Discarded; got[tt.reason] != 1 || len(got) != 1 {
				t.Errorf("counted as %v, want one of %q", got, tt.reason)
			}
			if !s.deliver(genuine) || s.reason != EndBye {
				t.Errorf("the genuine one was refused afterwards; the session's end is %q", s.reason)
			}
		})
	}
}

// TestC3AFrameIsAcceptedOnceHoweverOftenAtOnce delivers each frame from many
// goroutines, as requests of the relay are.
func TestC3AFrameIsAcceptedOnceHoweverOftenAtOnce(t *testing.T) {
	g, q := quietGate(t)
	s := quietSession(t, g, Relay)
	call := makeItems(itemVector{Kind: 1, ID: 1, Command: "a.b", JSON: `"` + string(bytes.Repeat([]byte("x"), 64<<10)) + `"`})
	const rounds = 50
	for n := range rounds {
		frame := sealedTo(t, TypeBatch, uint64(n)+1, call)
		var all sync.WaitGroup
		var taken atomic.Int32
		start := make(chan struct{})
		for range 8 {
			all.Go(func() {
				<-start
				if s.deliver(frame) {
					taken.Add(1)
				}
			})
		}
		close(start)
		all.Wait()
		if taken.Load() != 1 {
			t.Fatalf("frame %d was taken %d times", n, taken.Load())
		}
	}
	if q.opened != rounds {
		t.Errorf("%d frames were opened, want %d", q.opened, rounds)
	}
}
