package fuzz

import (
	"fmt"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
)

// answerWithin is far beyond what any call may take; a call that is not
// answered by then is stuck.
const answerWithin = 20 * time.Second

// A page is one session and what it has been told.
type page struct {
	session *isolation.Session
	peer    *peer.Peer
	last    uint32
	sent    [][]byte // genuine frames, for replaying

	mu      sync.Mutex
	arrived *sync.Cond
	answers map[uint32][]peer.Answer
	over    bool
	broken  error // a frame of the core that a frame runtime would refuse
}

func newPage(g *isolation.Gate, window string) (*page, error) {
	offer, err := g.Offer(window, isolation.Direct)
	if err != nil {
		return nil, err
	}
	p := &page{answers: map[uint32][]peer.Answer{}}
	p.arrived = sync.NewCond(&p.mu)
	var hello []byte
	if p.peer, hello, err = peer.New(offer.Handshake()); err != nil {
		return nil, err
	}
	p.session, err = offer.Accept(hello, func(frame []byte) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.read(frame)
		p.arrived.Broadcast()
		return nil
	})
	return p, err
}

// read takes a frame of the core as the frame runtime does. Called with mu
// held.
func (p *page) read(frame []byte) {
	kind, plain, err := p.peer.Open(frame)
	if err != nil {
		p.broken = err
		return
	}
	switch kind {
	case isolation.TypeBatch:
		answers, err := peer.Answers(plain)
		if err != nil {
			p.broken = err
		}
		for _, a := range answers {
			p.answers[a.ID] = append(p.answers[a.ID], a)
		}
	case isolation.TypeBye:
		p.over = true
	}
}

// send seals and delivers a genuine frame.
func (p *page) send(plain []byte) bool {
	frame := p.peer.Seal(isolation.TypeBatch, plain)
	p.sent = append(p.sent, frame)
	return p.session.Deliver(append([]byte(nil), frame...))
}

// await waits until each of ids is answered or the session is over.
func (p *page) await(ids []uint32) error {
	late := time.AfterFunc(answerWithin, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.arrived.Broadcast()
	})
	defer late.Stop()
	began := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		if p.broken != nil {
			return fmt.Errorf("the core sent a frame that no frame runtime accepts: %w", p.broken)
		}
		if p.over || p.answered(ids) {
			return nil
		}
		if time.Since(began) > answerWithin {
			return fmt.Errorf("a call was not answered within %v", answerWithin)
		}
		p.arrived.Wait()
	}
}

func (p *page) answered(ids []uint32) bool {
	for _, id := range ids {
		if len(p.answers[id]) == 0 {
			return false
		}
	}
	return true
}

// answersTo are the answers to one call, which should be one.
func (p *page) answersTo(id uint32) []peer.Answer {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.answers[id]
}

func (p *page) isOver() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.over || p.session.Context().Err() != nil
}
