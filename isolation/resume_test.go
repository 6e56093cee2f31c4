package isolation_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
)

// A spawner is a Receiver that answers each call from a goroutine of its own,
// as an app does: whoever reads does not wait for whoever writes.
type spawner struct{ recorder }

func (r *spawner) Receive(s *isolation.Session, f isolation.Sealed) {
	plain, err := s.Open(f)
	if err != nil {
		return
	}
	for item, err := range isolation.Items(plain) {
		if err == nil {
			go func() { _ = s.Write(isolation.AppendResult(nil, item.ID, item.JSON)) }() // a session that has ended drops it
		}
	}
}

// A stalled is a session whose socket takes a frame only when the test does,
// as one whose buffers are full.
type stalled struct {
	*testing.T
	gate *isolation.Gate
	p    *peer.Peer
	s    *isolation.Session
	old  *isolation.LinkForTest
	next *isolation.LinkForTest // what a resume goes on over
}

// stall runs test in a bubble: there "nothing moves any more" can be told.
func stall(t *testing.T, limits isolation.Limits, test func(*stalled)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		g, err := isolation.New(isolation.Config{
			FrameOrigin: "http://frame-x.localhost:4002",
			Windows:     []isolation.Window{{Label: "main", Origin: "http://main-x.localhost:4001"}},
			Hook:        []byte("sallyport.onCall((call) => call)"), FrameScript: []byte("0"), ClientScript: []byte("0"),
			Limits: limits,
		}, new(spawner))
		if err != nil {
			t.Fatal(err)
		}
		v := &stalled{T: t, gate: g, old: isolation.NewLinkForTest(), next: isolation.NewLinkForTest()}
		defer func() {
			v.old.Break()
			v.next.Break()
			g.Close()
		}()
		offer, p, hello := offered(t, g, isolation.Direct)
		v.p = p
		if v.s, err = offer.AcceptOverForTest(hello, v.old); err != nil {
			t.Fatal(err)
		}
		v.await(v.old, isolation.TypeReady)
		test(v)
	})
}

// take opens the next frame of a socket.
func (v *stalled) take(from *isolation.LinkForTest) (isolation.Type, []byte) {
	v.Helper()
	kind, plain, err := v.p.Open(<-from.Frames)
	if err != nil {
		v.Fatal(err)
	}
	return kind, plain
}

func (v *stalled) await(from *isolation.LinkForTest, want isolation.Type) []byte {
	v.Helper()
	for {
		if kind, plain := v.take(from); kind == want {
			return plain
		}
	}
}

// call makes one whose answer gets stuck, or waits behind what is stuck.
func (v *stalled) call(id uint32) {
	v.Helper()
	if !v.s.Deliver(v.p.Seal(isolation.TypeBatch, peer.AppendCall(nil, id, 0, "notes.list", []byte("1")))) {
		v.Fatal("a genuine call was refused")
	}
	synctest.Wait()
}

// challenge begins a resume; prove ends it.
func (v *stalled) challenge() (isolation.ResumptionForTest, []byte) {
	v.Helper()
	r, challenge, err := v.gate.BeginResumeForTest(v.p.Resume())
	if err != nil {
		v.Fatal(err)
	}
	kind, nonce, err := v.p.Open(challenge)
	if err != nil || kind != isolation.TypeChallenge {
		v.Fatalf("the challenge is a frame of type %d, %v", kind, err)
	}
	return r, nonce
}

func (v *stalled) resume() {
	v.Helper()
	r, nonce := v.challenge()
	if err := r.Prove(v.p.Seal(isolation.TypeProof, nonce), v.next); err != nil {
		v.Fatalf("the genuine proof was refused: %v, %v", err, v.gate.Stats().Discarded)
	}
}

// TestResumedComesFirst resumes while the core still writes to the old socket
// and more waits behind that: the frame takes nothing before resumed.
func TestResumedComesFirst(t *testing.T) {
	stall(t, isolation.Limits{}, func(v *stalled) {
		v.call(1)
		v.call(2)
		time.Sleep(20 * time.Second) // a ping waits as well
		v.resume()
		if kind, _ := v.take(v.next); kind != isolation.TypeResumed {
			t.Fatalf("the first frame of the new socket has type %d", kind)
		}
		v.call(3)
		answers, err := peer.Answers(v.await(v.next, isolation.TypeBatch))
		if err != nil || len(answers) != 1 || answers[0].ID != 3 {
			t.Errorf("answers %+v, %v: what waited for the old socket was given up by the frame", answers, err)
		}
	})
}

// TestRekeyWaitingForTheOldSocketIsSentOnce has the offer of new keys wait for
// a socket that another takes the place of.
func TestRekeyWaitingForTheOldSocketIsSentOnce(t *testing.T) {
	stall(t, isolation.Limits{RekeyAfter: 2}, func(v *stalled) {
		v.call(1)
		v.call(2)
		v.resume()
		if kind, _ := v.take(v.next); kind != isolation.TypeResumed {
			t.Fatalf("the first frame of the new socket has type %d", kind)
		}
		rekeyed, err := v.p.Rekeyed(v.await(v.next, isolation.TypeRekey))
		if err != nil {
			t.Fatal(err)
		}
		if !v.s.Deliver(rekeyed) {
			t.Fatal("the new keys were refused")
		}
		if kind, _ := v.take(v.next); kind != isolation.TypeReady {
			t.Errorf("new keys were answered by a frame of type %d", kind)
		}
		v.call(3)
		v.await(v.next, isolation.TypeBatch)
	})
}

// TestResumeAfterNewKeysThatCouldNotBeConfirmed has ready wait behind an answer
// that the old socket does not take: the core reads under the new keys already.
func TestResumeAfterNewKeysThatCouldNotBeConfirmed(t *testing.T) {
	stall(t, isolation.Limits{RekeyAfter: 2}, func(v *stalled) {
		v.call(1)
		v.await(v.old, isolation.TypeBatch)
		v.call(2)
		rekey := v.await(v.old, isolation.TypeRekey)
		v.call(3) // its answer is stuck
		rekeyed, err := v.p.Rekeyed(rekey)
		if err != nil {
			t.Fatal(err)
		}
		if !v.s.Deliver(rekeyed) {
			t.Fatal("the new keys were refused")
		}
		v.resume()
		if kind, _ := v.take(v.next); kind != isolation.TypeResumed {
			t.Fatalf("the first frame of the new socket has type %d", kind)
		}
		v.call(4)
		v.await(v.next, isolation.TypeBatch)
	})
}
