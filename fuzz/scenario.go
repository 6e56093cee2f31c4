package fuzz

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/schema"
)

const maxSteps = 6

// A scenario is one session's life, as the choices have it.
type scenario struct {
	target  *target
	choices *choices
	page    *page
	other   *page // of the same window, for transplants
	away    *page // of another window, if there is one; made when an event wants it
	log     []string
}

// sentCall is a call as it was sent, or a request that is about an event.
type sentCall struct {
	id      uint32
	command string
	event   string
	target  string
	args    string

	sections []isolation.Section // raw, beside the arguments
}

// run plays the scenario and returns the first thing that must not be.
func (s *scenario) run() error {
	windows := s.target.app.Gate().Windows()
	window := windows[s.choices.below(len(windows))]
	var err error
	if s.page, err = newPage(s.target.app.Gate(), window); err != nil {
		return err
	}
	defer s.page.session.End(isolation.EndRevoked)
	if s.other, err = newPage(s.target.app.Gate(), window); err != nil {
		return err
	}
	defer s.other.session.End(isolation.EndRevoked)
	defer func() {
		if s.away != nil {
			s.away.session.End(isolation.EndRevoked)
		}
	}()
	for range maxSteps {
		err := s.step()
		if err == nil {
			err = s.checkStreams()
		}
		if err != nil {
			return fmt.Errorf("%w\nafter: %s", err, strings.Join(s.log, "; "))
		}
		if s.page.isOver() || !s.choices.more() {
			return nil
		}
	}
	return nil
}

func (s *scenario) step() error {
	switch s.choices.below(12) {
	case 0, 1, 2, 3:
		return s.callSome()
	case 4, 5, 6:
		return s.forge()
	case 7:
		return s.breakGrammar()
	case 8, 9:
		return s.eventSome()
	}
	return s.streamSome()
}

// note remembers what was done, for the report of a failure.
func (s *scenario) note(format string, args ...any) {
	s.log = append(s.log, fmt.Sprintf(format, args...))
}

// callSome sends a batch of genuine calls, with cancellations and reports
// among them, and checks each.
func (s *scenario) callSome() error {
	var batch []byte
	var calls []sentCall
	for range 1 + s.choices.below(3) {
		c := s.makeCall()
		s.page.requests[c.id] = &request{sentCall: c}
		calls = append(calls, c)
		batch = peer.Call{
			ID: c.id, Timeout: time.Duration(s.choices.below(3)) * time.Second, Command: c.command, JSON: []byte(c.args), Sections: c.sections,
		}.Append(batch)
		s.note("call %s %.200q with %d sections", c.command, c.args, len(c.sections))
	}
	if s.choices.chance(6) {
		id := uint32(s.choices.below(int(s.page.last) + 3))
		batch = peer.AppendCancel(batch, id)
		s.note("cancel %d", id)
	}
	if s.choices.chance(6) {
		s.page.last++
		batch = peer.AppendReport(batch, s.page.last, isolation.CauseRefused, "x."+canary)
		s.note("report")
	}
	if !s.page.send(batch) {
		return fmt.Errorf("a genuine frame was discarded")
	}
	ids := make([]uint32, len(calls))
	for i, c := range calls {
		ids[i] = c.id
	}
	if err := s.page.await(ids); err != nil {
		return err
	}
	if s.page.isOver() {
		return fmt.Errorf("well-formed items ended the session")
	}
	return s.checkAll(s.page, calls)
}

func (s *scenario) makeCall() sentCall {
	c := sentCall{id: s.page.next()}
	commands := s.target.commands
	if len(commands) == 0 || s.choices.chance(8) {
		unknown := []string{"no.such", "x." + canary, "", "notes..list", "__proto__", strings.Repeat("a", isolation.MaxCommand)}
		c.command, c.args = unknown[s.choices.below(len(unknown))], `{"x":"`+canary+`"}`
		return c
	}
	c.command = commands[s.choices.below(len(commands))]
	c.args, c.sections = s.message(schema.Input, c.command, 2)
	return c
}

// message makes what a schema takes or, once in so many times, something near it.
func (s *scenario) message(side schema.Side, name string, spoilt int) (text string, sections []isolation.Section) {
	n := s.value(side, name)
	if s.choices.chance(4 * spoilt) {
		withBytes(n, s.choices)
	}
	sections = sectionsFor(n)
	if text = n.String(); s.choices.chance(spoilt) {
		broken := spoilers[s.choices.below(len(spoilers))]
		text = broken.spoil(n, s.choices)
		s.note("%s", broken.name)
	}
	if s.choices.chance(5*spoilt) || len(sections) > 0 && s.choices.chance(1+spoilt) {
		liar := liars[s.choices.below(len(liars))]
		sections = liar.lie(sections, s.choices)
		s.note("%s", liar.name)
	}
	return text, sections
}

func (s *scenario) value(side schema.Side, name string) *node {
	g := &generator{s.target.app.Schemas().Schema(side, name), s.choices, s.target.words}
	return g.arguments()
}

// checkAll checks requests that were answered.
func (s *scenario) checkAll(p *page, calls []sentCall) error {
	for _, c := range calls {
		if err := s.check(p, c); err != nil {
			return fmt.Errorf("call %d, %s with %.300q: %w", c.id, subject(c.command, c.event), c.args, err)
		}
	}
	return nil
}

// check holds one answered call to everything that must hold.
func (s *scenario) check(p *page, c sentCall) error {
	answers := p.answersTo(c.id)
	if len(answers) != 1 {
		return fmt.Errorf("answered %d times", len(answers))
	}
	id := callID(p, c.id)
	got, ran, outcome := s.target.evidence.of(id)
	if ran {
		if err := s.checkRun(c, got); err != nil {
			return err
		}
	}
	if !answers[0].Failed {
		if !ran {
			return fmt.Errorf("it has a result, and the kit saw no handler run; does newApp keep its configuration's Record and Observe?")
		}
		return nil
	}
	var refusal peer.Error
	if err := json.Unmarshal(answers[0].JSON, &refusal); err != nil {
		return fmt.Errorf("its refusal is no error object: %w", err)
	}
	switch {
	case refusal.ID != id:
		return fmt.Errorf("its refusal has the id %s, not %s", refusal.ID, id)
	case refusal.Code == "internal":
		return fmt.Errorf("internal error in stage %s: %s", outcome.Stage, outcome.Reason)
	case refusal.Code == "failed":
		return nil // the handler ran, and what it shows is its own
	case strings.Contains(string(answers[0].JSON), canary):
		return fmt.Errorf("its refusal gives its arguments away: %.300s", answers[0].JSON)
	case ran && refusal.Code != "timeout" && refusal.Code != "cancelled" && !p.endedByItem(c.id, refusal.Code):
		return fmt.Errorf("it was refused as %s, and its handler ran", refusal.Code)
	}
	return nil
}

// checkRun compares what a handler got with what was sent, by another parser
// than the core's.
func (s *scenario) checkRun(c sentCall, got ran) error {
	if got.command != c.command || got.event != c.event || got.target != c.target {
		return fmt.Errorf("the handler of %s ran, for %q", subject(got.command, got.event), got.target)
	}
	sent, err := decode(c.args)
	if err != nil {
		return fmt.Errorf("it is no JSON (%w), and its handler ran", err)
	}
	seen, err := decode(got.args)
	if err != nil {
		return fmt.Errorf("its handler got what is no JSON: %w", err)
	}
	if !reflect.DeepEqual(sent, seen) {
		return fmt.Errorf("its handler got %.300q", got.args)
	}
	if err := checkSections(c.args, c.sections, got.sections); err != nil {
		return err
	}
	value, err := schema.Parse([]byte(c.args), schema.DefaultLimits())
	if err != nil {
		return fmt.Errorf("it is not strict JSON (%w), and its handler ran", err)
	}
	if err := s.validate(c, value); err != nil {
		return fmt.Errorf("its schema refuses it (%w), and its handler ran", err)
	}
	return nil
}

func (s *scenario) validate(c sentCall, value schema.Value) error {
	switch c.command {
	case policy.EmitCommand:
		return s.target.app.Schemas().Validate(schema.Event, c.event, value)
	case policy.ListenCommand:
		return nil // what it has is the core's own
	}
	return s.target.app.Schemas().ValidateInput(c.command, value)
}

func decode(text string) (v any, err error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

// forge delivers a frame that must be discarded.
func (s *scenario) forge() error {
	forgery := forgeries[s.choices.below(len(forgeries))]
	genuine := s.page.peer.Next(isolation.TypeBatch, s.forgedCall())
	wire := forgery.make(s.page, s.other, genuine, s.choices)
	s.note("%s", forgery.name)
	if s.page.session.Deliver(wire) {
		return fmt.Errorf("a frame with %s was taken for genuine: %x", forgery.name, wire)
	}
	// Only the forged call counts: earlier ones that were cancelled or timed out were answered before
	// their record was written. A replayed call would be decided a second time.
	for _, p := range []*page{s.page, s.other} {
		if forged := s.page.last + 1; forged > p.last && s.target.evidence.knows(callID(p, forged)) {
			return fmt.Errorf("the call in a frame with %s was decided on", forgery.name)
		}
	}
	if s.page.isOver() {
		return fmt.Errorf("a frame with %s ended the session", forgery.name)
	}
	return nil
}

func (s *scenario) forgedCall() []byte {
	command := "no.such"
	if len(s.target.commands) > 0 {
		command = s.target.commands[s.choices.below(len(s.target.commands))]
	}
	return peer.AppendCall(nil, s.page.last+1, 0, command, []byte(s.value(schema.Input, command).String()))
}

// breakGrammar sends an authentic frame that is no batch: nothing of it may
// run, and the session ends.
func (s *scenario) breakGrammar() error {
	call := s.forgedCall()
	id := s.page.last + 1
	bad := [][]byte{
		nil, call[:s.choices.below(len(call))], append(call, 0), append([]byte{10}, call[1:]...),
		// What is about a request that there never was, and what takes its number from another.
		peer.AppendUpload(nil, id, 0, []byte("{}")), peer.AppendEnd(nil, id, 0, false), peer.AppendEnd(nil, id, 0, true), peer.AppendCredit(nil, id, 1<<30),
		peer.AppendListen(nil, 0, "x"), append(bytes.Clone(call), peer.AppendListen(nil, id, "x")...), append(bytes.Clone(call), peer.AppendEmit(nil, id, "x", "", []byte("{}"))...),
	}
	last := s.choices.below(len(bad))
	if last >= len(bad)-2 { // the call comes before what is wrong, and may run
		s.note("a number used twice")
		s.page.twice = id
		s.page.send(bad[last])
		if !s.page.isOver() {
			return fmt.Errorf("a number that was used twice did not end the session")
		}
		return nil
	}
	plain := bad[last]
	s.note("a batch against the grammar: %x", plain)
	s.page.send(plain)
	if !s.page.isOver() {
		return fmt.Errorf("a batch against the grammar did not end the session")
	}
	// A call of it that was begun would be seen by now or be under way.
	for end := time.Now().Add(answerWithin); s.target.app.Stats().UnderWay > 0 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if s.target.evidence.knows(callID(s.page, s.page.last+1)) {
		return fmt.Errorf("a call in a batch against the grammar was decided on")
	}
	return nil
}

// callID is what the core calls a page's call.
func callID(p *page, number uint32) string { return fmt.Sprintf("%s-%d", p.session.ID(), number) }
