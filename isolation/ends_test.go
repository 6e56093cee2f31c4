package isolation_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
)

// TestCloseWaitsForTheFarewell has a link take its time: a program exits when
// Close has returned, and what is not out by then is lost.
func TestCloseWaitsForTheFarewell(t *testing.T) {
	g, _ := newGate(t, nil)
	offer, p, hello := offered(t, g, isolation.Direct)
	var got atomic.Pointer[[]isolation.Type]
	got.Store(new([]isolation.Type))
	s, err := offer.Accept(hello, func(frame []byte) error {
		time.Sleep(20 * time.Millisecond)
		kind, _, err := p.Open(frame)
		list := append(*got.Load(), kind)
		got.Store(&list)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Deliver(p.Seal(isolation.TypeBatch, peer.AppendCall(nil, 1, 0, "notes.list", []byte("1"))))
	g.Close()
	want := []isolation.Type{isolation.TypeReady, isolation.TypeBatch, isolation.TypeBye}
	if list := *got.Load(); len(list) != 3 || [3]isolation.Type(list) != [3]isolation.Type(want) {
		t.Errorf("when Close returned, frames of types %v had gone out; want %v", list, want)
	}
}

// TestCloseDoesNotWaitForAPageThatReadsNothing gives up on a link that takes
// no frame.
func TestCloseDoesNotWaitForAPageThatReadsNothing(t *testing.T) {
	g, _ := newGate(t, nil)
	offer, err := g.Offer("main", isolation.Direct)
	if err != nil {
		t.Fatal(err)
	}
	link := isolation.NewLinkForTest()
	defer link.Break()
	if _, err := offer.AcceptOverForTest(mustHello(t, offer.Handshake()), link); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	g.Close()
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("Close took %v", took)
	}
}
