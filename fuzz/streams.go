package fuzz

import (
	"fmt"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/schema"
)

// patience is how long a call that streams gets to end by itself. One that waits
// for its user is cancelled then.
const patience = 10 * time.Millisecond

// A request is one that a page has made, with what may come under its number
// besides the answer.
type request struct {
	sentCall
	wants   isolation.Wants // of a call
	uploads int             // items sent
	fit     int             // those before the first that nothing may get
	offset  uint64          // of the next
	listens bool            // it is to bring events
	checked int             // how much of what came was checked
	heard   map[int]bool    // emits that it has brought, by their place among all
}

// streamSome makes a call that streams, uploads to it, and ends that in one of
// the ways that there are.
func (s *scenario) streamSome() error {
	p := s.page
	r := s.makeStream()
	p.requests[r.id] = r
	s.note("stream %s %.200q with %d sections, for %d", r.command, r.args, len(r.sections), r.wants)
	batch := peer.Call{ID: r.id, Wants: r.wants, Command: r.command, JSON: []byte(r.args), Sections: r.sections}.Append(nil)
	if r.wants&isolation.WantsUpload != 0 {
		for range s.choices.below(5) {
			batch = append(batch, s.uploadItem(r)...)
			if s.choices.chance(2) {
				if !p.send(batch) {
					return fmt.Errorf("a genuine frame was discarded")
				}
				batch = nil
			}
		}
		batch = append(batch, s.endUpload(r)...)
	}
	if len(batch) > 0 && !p.send(batch) {
		return fmt.Errorf("a genuine frame was discarded")
	}
	ids := []uint32{r.id}
	answered, err := p.awaitFor(ids, patience)
	if err == nil && !answered {
		s.note("cancel %d", r.id)
		p.send(peer.AppendCancel(nil, r.id))
		err = p.await(ids)
	}
	if err != nil {
		return err
	}
	if p.isOver() {
		return fmt.Errorf("a stream of well-formed items ended the session")
	}
	if err := s.checkAll(p, []sentCall{r.sentCall}); err != nil {
		return err
	}
	return s.checkUpload(r)
}

// makeStream is mostly a call of a command that streams, asking for just that.
func (s *scenario) makeStream() *request {
	var names []string
	for _, name := range s.target.commands {
		if s.target.streams[name] != 0 {
			names = append(names, name)
		}
	}
	if len(names) == 0 || s.choices.chance(6) {
		return &request{sentCall: s.makeCall(), wants: isolation.Wants(s.choices.below(8))}
	}
	r := &request{sentCall: sentCall{id: s.page.next(), command: names[s.choices.below(len(names))]}}
	r.args, r.sections = s.message(schema.Input, r.command, 8)
	r.wants = s.target.streams[r.command]
	if s.choices.chance(3) {
		r.wants |= isolation.WantsProgress
	}
	return r
}

func (s *scenario) uploadItem(r *request) []byte {
	text, sections := "{}", []isolation.Section(nil)
	if s.target.streams[r.command]&isolation.WantsUpload != 0 {
		text, sections = s.message(schema.Upload, r.command, 4)
	}
	if r.uploads == r.fit && s.fits(r.command, text, sections) {
		r.fit++
	}
	r.uploads++
	item := peer.AppendUpload(nil, r.id, r.offset, []byte(text), sections...)
	r.offset += uint64(len(item))
	s.note("upload %.200q with %d sections", text, len(sections))
	return item
}

// fits reports whether a handler may get an item. Limits of the core's may refuse
// it all the same.
func (s *scenario) fits(command, text string, sections []isolation.Section) bool {
	value, err := schema.ParseMessage([]byte(text), raw(sections), schema.Limits{Size: 64 << 20, Depth: 10_000, Nodes: 1 << 20})
	return err == nil && s.target.app.Schemas().Validate(schema.Upload, command, value) == nil
}

func raw(sections []isolation.Section) []schema.Section {
	var all []schema.Section
	for _, section := range sections {
		all = append(all, schema.Section(section))
	}
	return all
}

func (s *scenario) endUpload(r *request) []byte {
	switch s.choices.below(5) {
	case 3:
		s.note("cancel %d", r.id)
		return peer.AppendCancel(nil, r.id)
	case 4:
		s.note("abort %d", r.id)
		return peer.AppendEnd(nil, r.id, r.offset, true)
	}
	return peer.AppendEnd(nil, r.id, r.offset, false)
}

// endedByItem reports whether a call that uploads may have ended so while its
// handler ran.
func (p *page) endedByItem(id uint32, code string) bool {
	r := p.requests[id]
	return r != nil && r.uploads > 0 && (code == "invalid_args" || code == "too_large" || code == "busy")
}

// checkUpload compares what went into a handler with what was sent: nothing from
// the first item on that its schema refuses.
func (s *scenario) checkUpload(r *request) error {
	id := callID(s.page, r.id)
	_, _, outcome := s.target.evidence.of(id)
	answers := s.page.answersTo(r.id)
	if outcome.Streamed == nil || len(answers) == 0 {
		return nil // it has not ended, though its page was told so
	}
	most := r.fit // the handler of one that succeeded has seen no other
	if answers[0].Failed {
		most = min(r.fit+1, r.uploads) // the one that it failed for was read too
	}
	if got := int(outcome.Streamed.ItemsIn); got > most {
		return fmt.Errorf("%s has read %d items of its upload, and the first %d of %d fit its schema", r.command, got, r.fit, r.uploads)
	}
	return nil
}

// checkStreams holds what has come to all pages besides answers to what must hold.
func (s *scenario) checkStreams() error {
	for _, p := range []*page{s.page, s.other, s.away} {
		if p == nil {
			continue
		}
		p.mu.Lock()
		ids := make([]uint32, 0, len(p.told))
		for id := range p.told {
			ids = append(ids, id)
		}
		p.mu.Unlock()
		slices.Sort(ids)
		for _, id := range ids {
			if err := s.checkStream(p, id); err != nil {
				return fmt.Errorf("under number %d of a page of %s: %w", id, p.window, err)
			}
		}
	}
	return nil
}

func (s *scenario) checkStream(p *page, id uint32) error {
	told, r := p.toldOf(id), p.requests[id]
	if r == nil && id == p.twice && !slices.ContainsFunc(told, func(a peer.Answer) bool { return a.Kind > peer.Failure }) {
		return nil // the first of the two, which may be answered before the second ends the session
	}
	if r == nil {
		return fmt.Errorf("something came, and there is no such request")
	}
	for ; r.checked < len(told); r.checked++ {
		a := told[r.checked]
		if a.Kind <= peer.Failure {
			continue
		}
		if !s.target.evidence.allowed(callID(p, id)) && a.Kind != peer.Credit && !(r.listens && a.Kind == peer.End) {
			return fmt.Errorf("%s has brought something of kind %d without an allow on record", subject(r.command, r.event), a.Kind)
		}
		if err := s.checkTold(p, r, a); err != nil {
			return err
		}
	}
	if r.wants&isolation.WantsItems != 0 {
		return inOrder(told)
	}
	return nil
}

// checkTold holds one thing that came to what its request is ready for.
func (s *scenario) checkTold(p *page, r *request, a peer.Answer) error {
	switch a.Kind {
	case peer.StreamItem:
		if r.wants&isolation.WantsItems == 0 {
			return fmt.Errorf("%s has brought an item that was not asked for", r.command)
		}
		value, err := schema.ParseMessage(a.JSON, raw(a.Sections), schema.Limits{Size: 64 << 20, Nodes: 1 << 20})
		if err == nil {
			err = s.target.app.Schemas().Validate(schema.Channel, r.command, value)
		}
		if err != nil {
			return fmt.Errorf("%s has brought an item that its schema refuses: %w", r.command, err)
		}
	case peer.Event:
		if !r.listens {
			return fmt.Errorf("%s has brought an event", r.command)
		}
		return s.checkEvent(p, r, a)
	case peer.End:
		if !r.listens && r.wants&isolation.WantsItems == 0 {
			return fmt.Errorf("%s has ended a stream that was not asked for", r.command)
		}
	case peer.Credit:
		if r.wants&isolation.WantsUpload == 0 {
			return fmt.Errorf("%s has given credit for an upload that there is none of", r.command)
		}
	case peer.Progress:
		if r.wants&isolation.WantsProgress == 0 {
			return fmt.Errorf("%s has brought progress that was not asked for", r.command)
		}
	}
	return nil
}

// inOrder wants the end after the last item, and a result after the end.
func inOrder(told []peer.Answer) error {
	ended := false
	for _, a := range told {
		switch {
		case a.Kind == peer.StreamItem && ended:
			return fmt.Errorf("an item came after the end")
		case a.Kind == peer.Result && !ended:
			return fmt.Errorf("the result came before the end of the items")
		case a.Kind == peer.End:
			ended = true
		}
	}
	return nil
}
