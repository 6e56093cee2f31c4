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
	window  string
	peer    *peer.Peer
	last    uint32
	sent    [][]byte // genuine frames, for replaying

	requests map[uint32]*request // that were made
	twice    uint32              // the number that was used twice, if one was
	emitted  []sentCall

	mu      sync.Mutex
	arrived *sync.Cond
	told    map[uint32][]peer.Answer // by id, in order
	read    map[uint32]uint64        // bytes of each stream that have come
	limits  map[uint32]uint64        // and how many may
	over    bool
	broken  error // a frame of the core that a frame runtime would refuse
}

func newPage(g *isolation.Gate, window string) (*page, error) {
	offer, err := g.Offer(window, isolation.Direct)
	if err != nil {
		return nil, err
	}
	p := &page{window: window, requests: map[uint32]*request{}, told: map[uint32][]peer.Answer{}, read: map[uint32]uint64{}, limits: map[uint32]uint64{}}
	p.arrived = sync.NewCond(&p.mu)
	var hello []byte
	if p.peer, hello, err = peer.New(offer.Handshake()); err != nil {
		return nil, err
	}
	p.session, err = offer.Accept(hello, func(frame []byte) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.take(frame)
		p.arrived.Broadcast()
		return nil
	})
	return p, err
}

// next is a number for a request.
func (p *page) next() uint32 {
	p.last++
	return p.last
}

// take takes a frame of the core as the frame runtime does. Called with mu
// held.
func (p *page) take(frame []byte) {
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
			p.follow(a)
			p.told[a.ID] = append(p.told[a.ID], a)
		}
	case isolation.TypeBye:
		p.over = true
	}
}

// follow holds what streams to its order and its credit. Called with mu held.
func (p *page) follow(a peer.Answer) {
	if a.Kind != peer.StreamItem && a.Kind != peer.Event && a.Kind != peer.End {
		return
	}
	window := uint64(isolation.StreamWindow)
	if a.Kind == peer.Event {
		window = isolation.EventWindow
	}
	switch limit := max(p.limits[a.ID], window); {
	case a.Offset != p.read[a.ID]:
		p.broken = fmt.Errorf("under %d something comes at %d that belongs at %d", a.ID, a.Offset, p.read[a.ID])
	case a.Kind == peer.End:
	case a.Offset >= limit:
		p.broken = fmt.Errorf("under %d an item comes at %d, and there was credit up to %d", a.ID, a.Offset, limit)
	default:
		p.read[a.ID] += uint64(a.Size)
	}
}

// credit is what a frame says of all streams that are half read. Called with mu
// held.
func (p *page) credit() (items []byte) {
	for id, read := range p.read {
		if limit := max(p.limits[id], isolation.EventWindow); read > limit-isolation.EventWindow/2 {
			p.limits[id] = read + isolation.StreamWindow
			items = peer.AppendCredit(items, id, p.limits[id])
		}
	}
	return items
}

// send seals and delivers a genuine frame.
func (p *page) send(plain []byte) bool {
	frame := p.peer.Seal(isolation.TypeBatch, plain)
	p.sent = append(p.sent, frame)
	return p.session.Deliver(append([]byte(nil), frame...))
}

// await waits until each of ids is answered or the session is over.
func (p *page) await(ids []uint32) error {
	if answered, err := p.awaitFor(ids, answerWithin); !answered && err == nil {
		return fmt.Errorf("a call was not answered within %v", answerWithin)
	} else {
		return err
	}
}

// awaitFor is await for so long. It reads what streams meanwhile.
func (p *page) awaitFor(ids []uint32, within time.Duration) (answered bool, err error) {
	late := time.AfterFunc(within, func() {
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
			return false, fmt.Errorf("the core sent a frame that no frame runtime accepts: %w", p.broken)
		}
		if p.over || p.answered(ids) {
			return true, nil
		}
		if time.Since(began) > within {
			return false, nil
		}
		if credit := p.credit(); credit != nil {
			p.mu.Unlock()
			p.send(credit)
			p.mu.Lock()
			continue
		}
		p.arrived.Wait()
	}
}

func (p *page) answered(ids []uint32) bool {
	for _, id := range ids {
		if !hasAnswer(p.told[id]) {
			return false
		}
	}
	return true
}

func hasAnswer(told []peer.Answer) bool {
	for _, a := range told {
		if a.Kind <= peer.Failure {
			return true
		}
	}
	return false
}

// answersTo are the answers to one call, which should be one.
func (p *page) answersTo(id uint32) (answers []peer.Answer) {
	for _, a := range p.toldOf(id) {
		if a.Kind <= peer.Failure {
			answers = append(answers, a)
		}
	}
	return answers
}

// toldOf is all that has come under an id, in order.
func (p *page) toldOf(id uint32) []peer.Answer {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.told[id]
}

func (p *page) isOver() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.over || p.session.Context().Err() != nil
}
