package core

import (
	"context"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
)

// TestWhatCameTogetherIsAnsweredTogether has the second call of a batch take
// longer than the first, and counts the frames that bring their answers. On a
// busy machine it may now and then take too long to be waited for.
func TestWhatCameTogetherIsAnsweredTogether(t *testing.T) {
	b := newBench(t, nil, func(b *bench) {
		Command(b.App, "notes.wait", func(context.Context, text) (struct{}, error) {
			for began := time.Now(); time.Since(began) < quick/4; {
			}
			return struct{}{}, nil
		})
	})
	offer, err := b.Gate().Offer("main", isolation.Direct)
	if err != nil {
		t.Fatal(err)
	}
	p, hello, err := peer.New(offer.Handshake())
	if err != nil {
		t.Fatal(err)
	}
	frames := make(chan int, 16) // answers in each
	session, err := offer.Accept(hello, func(frame []byte) error {
		kind, plain, err := p.Open(frame)
		if err != nil || kind != isolation.TypeBatch {
			return err
		}
		answers, err := peer.Answers(plain)
		frames <- len(answers)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	const tries = 100
	together := 0
	for i := range uint32(tries) {
		batch := peer.AppendCall(nil, 2*i+1, 0, "notes.touch", textOf("x"))
		batch = peer.AppendCall(batch, 2*i+2, 0, "notes.wait", textOf("x"))
		if !session.Deliver(p.Seal(isolation.TypeBatch, batch)) {
			t.Fatal("a batch was not taken")
		}
		n := <-frames
		if n == 2 {
			together++
			continue
		}
		n += <-frames
		if n != 2 {
			t.Fatalf("%d answers to two calls", n)
		}
	}
	if together < tries/4 {
		t.Errorf("the answers of a batch came in one frame %d times of %d", together, tries)
	}
}

func TestC9AQuickAnswerIsNotKeptByASlowCallOfItsBatch(t *testing.T) {
	stuck := make(chan struct{})
	b := newBench(t, nil, func(b *bench) {
		Command(b.App, "notes.wait", func(context.Context, text) (struct{}, error) {
			<-stuck
			return struct{}{}, nil
		})
	})
	c := b.connect(t, "main")
	const soon = 5 * time.Second // a ping, which takes along what waits, comes later
	for range 2 {                // the first time the command is not known to be slow
		answers, err := c.StartBatch([]string{"notes.wait", "notes.touch"}, [][]byte{textOf("x"), textOf("x")})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if _, err := c.Await(patient(t), answers[1]); err != nil || time.Since(began) > soon {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		stuck <- struct{}{}
		if _, err := c.Await(patient(t), answers[0]); err != nil {
			t.Error(err)
		}
	}
}
