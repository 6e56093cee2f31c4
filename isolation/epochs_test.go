package isolation_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
)

// A keyed is a session in this process whose keys a test changes by hand.
type keyed struct {
	*testing.T
	p      *peer.Peer
	s      *isolation.Session
	frames chan []byte // of the core
}

func keyedOver(t *testing.T, g *isolation.Gate, carrier isolation.Carrier) *keyed {
	t.Helper()
	offer, p, hello := offered(t, g, carrier)
	k := &keyed{T: t, p: p, frames: make(chan []byte, 256)}
	var err error
	if k.s, err = offer.Accept(hello, func(frame []byte) error { k.frames <- frame; return nil }); err != nil {
		t.Fatal(err)
	}
	k.await(isolation.TypeReady)
	return k
}

// await opens frames of the core up to the first of a type.
func (k *keyed) await(want isolation.Type) []byte {
	k.Helper()
	for {
		select {
		case frame := <-k.frames:
			kind, plain, err := k.p.Open(frame)
			if err != nil {
				k.Fatal(err)
			}
			if kind == want {
				return plain
			}
		case <-time.After(5 * time.Second):
			k.Fatalf("no frame of type %d came", want)
		}
	}
}

func (k *keyed) call(id uint32) []byte {
	return k.p.Seal(isolation.TypeBatch, peer.AppendCall(nil, id, 0, "notes.list", []byte("1")))
}

// rekeyed is the frame's answer to the next rekey.
func (k *keyed) rekeyed() []byte {
	k.Helper()
	frame, err := k.p.Rekeyed(k.await(isolation.TypeRekey))
	if err != nil {
		k.Fatal(err)
	}
	return frame
}

func (k *keyed) deliver(what string, frame []byte, want bool) {
	k.Helper()
	if k.s.Deliver(frame) != want {
		k.Errorf("%s: taken is %v, want %v", what, !want, want)
	}
}

// TestC4TheRelayTakesOfTheEpochBeforeWhatRekeyedOvertook changes keys twice
// and delivers what was sealed before, at the same time and after each change.
func TestC4TheRelayTakesOfTheEpochBeforeWhatRekeyedOvertook(t *testing.T) {
	g, r := newGate(t, func(c *isolation.Config) { c.Limits.RekeyAfter = 2 })
	k := keyedOver(t, g, isolation.Relay)
	k.deliver("the first call", k.call(1), true)
	overtaken, older := k.call(2), k.call(3)
	k.deliver("the call that makes new keys due", k.call(4), true)
	first := k.rekeyed()
	young := k.p.Next(isolation.TypeBatch, peer.AppendCall(nil, 90, 0, "notes.list", []byte("1")))
	young.Sequence, young.IV[11] = young.Sequence+1, young.IV[11]+1
	youngFrame := k.p.Encode(young) // under the old key, with a number beyond rekeyed's
	k.deliver("rekeyed", first, true)
	before := r.calls()
	k.deliver("what was sealed after rekeyed under the old key", youngFrame, false)
	if n := g.Stats().Discarded["epoch"]; n != 1 {
		t.Errorf("it was counted as %v", g.Stats().Discarded)
	}
	k.deliver("what rekeyed overtook", overtaken, true)
	k.deliver("what rekeyed overtook, again", overtaken, false)
	k.deliver("rekeyed again", first, false)
	if r.calls() != before+1 {
		t.Errorf("%d calls arrived, want 1", r.calls()-before)
	}
	k.await(isolation.TypeReady)
	k.deliver("a call under the new keys", k.call(5), true)
	k.deliver("a second call under the new keys", k.call(6), true)
	k.deliver("rekeyed of the second change", k.rekeyed(), true)
	k.await(isolation.TypeReady)
	k.deliver("what was sealed two epochs ago", older, false)
	k.deliver("a call under the newest keys", k.call(7), true)
	if ends := r.ends(); len(ends) != 0 {
		t.Errorf("the session ended: %v", ends)
	}
}

// TestABusySessionIsNotPinged lets a frame speak more often than Heartbeat.
func TestABusySessionIsNotPinged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, r := newGate(t, nil)
		defer g.Close()
		offer, p, hello := offered(t, g, isolation.Direct)
		var pings atomic.Int32
		s, err := offer.Accept(hello, func(frame []byte) error {
			if frame[1] == byte(isolation.TypePing) {
				pings.Add(1)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for id := range uint32(20) {
			time.Sleep(10 * time.Second)
			s.Deliver(p.Seal(isolation.TypeBatch, peer.AppendCall(nil, id+1, 0, "notes.list", []byte("1"))))
		}
		if pings.Load() != 0 || len(r.ends()) != 0 {
			t.Errorf("%d pings, ends %v", pings.Load(), r.ends())
		}
		time.Sleep(20 * time.Second)
		if pings.Load() != 1 {
			t.Errorf("%d pings of a silent frame", pings.Load())
		}
	})
}
