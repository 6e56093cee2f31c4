package fuzz

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/schema"
)

// eventSome has a page listen and emit, and checks what came of it.
func (s *scenario) eventSome() error {
	p, err := s.somePage()
	if err != nil {
		return err
	}
	var batch []byte
	var asked []sentCall
	for range 1 + s.choices.below(4) {
		var c sentCall
		if c, batch = s.makeEvent(p, batch); c.id != 0 {
			asked = append(asked, c)
		}
	}
	if !p.send(batch) {
		return fmt.Errorf("a genuine frame was discarded")
	}
	ids := make([]uint32, len(asked))
	for i, c := range asked {
		ids[i] = c.id
	}
	if err := p.await(ids); err != nil {
		return err
	}
	if p.isOver() {
		return fmt.Errorf("well-formed items about events ended the session")
	}
	time.Sleep(time.Millisecond) // events may be on their way to other pages
	return s.checkAll(p, asked)
}

// somePage is one of the scenario's: of the same window as its own, or of another.
func (s *scenario) somePage() (*page, error) {
	switch s.choices.below(4) {
	case 0, 1:
		return s.page, nil
	case 2:
		return s.other, nil
	}
	if s.away == nil {
		windows := s.target.app.Gate().Windows()
		var err error
		if s.away, err = newPage(s.target.app.Gate(), windows[s.choices.below(len(windows))]); err != nil {
			return nil, err
		}
	}
	return s.away, nil
}

// makeEvent adds an item about an event to a batch. One without a number of its
// own is no request.
func (s *scenario) makeEvent(p *page, batch []byte) (sentCall, []byte) {
	switch s.choices.below(8) {
	case 0, 1, 2:
		c := sentCall{id: p.next(), command: policy.ListenCommand, event: s.someEvent(), args: "{}"}
		p.requests[c.id] = &request{sentCall: c, listens: true, heard: map[int]bool{}}
		s.note("%s listens to %q", p.window, c.event)
		return c, peer.AppendListen(batch, c.id, c.event)
	case 3:
		if id := p.someListen(s.choices); id != 0 {
			s.note("%s cancels %d", p.window, id)
			return sentCall{}, peer.AppendCancel(batch, id)
		}
	case 4:
		if id := p.someListen(s.choices); id != 0 && len(p.answersTo(id)) > 0 { // from then on any credit is as good as another
			return sentCall{}, peer.AppendCredit(batch, id, p.grant(id, uint64(s.choices.below(1<<16))<<8))
		}
	}
	c := sentCall{id: p.next(), command: policy.EmitCommand, event: s.someEvent(), target: s.someTarget()}
	c.args, c.sections = s.message(schema.Event, c.event, 3)
	p.requests[c.id] = &request{sentCall: c}
	p.emitted = append(p.emitted, c)
	s.note("%s emits %q to %q: %.200q with %d sections", p.window, c.event, c.target, c.args, len(c.sections))
	return c, peer.AppendEmit(batch, c.id, c.event, c.target, []byte(c.args), c.sections...)
}

func (s *scenario) someEvent() string {
	if len(s.target.events) == 0 || s.choices.chance(8) {
		unknown := []string{"no.such", "x." + canary, "", "sallyport:emit", "sallyport:" + canary, "__proto__", strings.Repeat("a", isolation.MaxCommand)}
		return unknown[s.choices.below(len(unknown))]
	}
	return s.target.events[s.choices.below(len(s.target.events))]
}

func (s *scenario) someTarget() string {
	windows := s.target.app.Gate().Windows()
	targets := append([]string{"", "", "x" + canary, "__proto__"}, windows...)
	return targets[s.choices.below(len(targets))]
}

// someListen is a listen that was made, of which the page may say something. 0 is
// none.
func (p *page) someListen(c *choices) uint32 {
	id := uint32(c.below(int(p.last) + 1))
	if r := p.requests[id]; r != nil && r.listens {
		return id
	}
	return 0
}

// grant notes credit that will be given.
func (p *page) grant(id uint32, limit uint64) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.limits[id] = max(p.limits[id], limit)
	return limit
}

// checkEvent holds an event to what was emitted: the page whose window it is
// said to be from has emitted that very payload, for this page, by permission,
// and once. What is from the core itself is held to its schema.
func (s *scenario) checkEvent(p *page, r *request, a peer.Answer) error {
	value, err := schema.ParseMessage(a.JSON, raw(a.Sections), schema.Limits{Size: 64 << 20, Nodes: 1 << 20})
	if err == nil {
		err = s.target.app.Schemas().Validate(schema.Event, r.event, value)
	}
	if err != nil {
		return fmt.Errorf("the event %s came with a payload that its schema refuses: %w", r.event, err)
	}
	if a.Text == "" {
		return nil
	}
	place := 0
	for _, from := range []*page{s.page, s.other, s.away} {
		if from == nil {
			continue
		}
		for _, c := range from.emitted {
			place++
			if !r.heard[place] && from.window == a.Text && c.event == r.event && (c.target == "" || c.target == p.window) &&
				samePayload(c, a) && s.target.evidence.allowed(callID(from, c.id)) {
				r.heard[place] = true
				return nil
			}
		}
	}
	return fmt.Errorf("the event %s of %q came with %.300q, and no page of that window has emitted that for %s by permission, or not so often", r.event, a.Text, a.JSON, p.window)
}

func samePayload(c sentCall, a peer.Answer) bool {
	sent, err := decode(c.args)
	if err != nil {
		return false
	}
	got, err := decode(string(a.JSON))
	return err == nil && reflect.DeepEqual(sent, got) && checkSections(c.args, c.sections, a.Sections) == nil
}
