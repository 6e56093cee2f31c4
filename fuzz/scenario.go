package fuzz

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/schema"
)

const maxSteps = 6

// A scenario is one session's life, as the choices have it.
type scenario struct {
	target  *target
	choices *choices
	page    *page
	other   *page // of the same window, for transplants
	log     []string
}

// sentCall is a call as it was sent.
type sentCall struct {
	id      uint32
	command string
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
	for range maxSteps {
		if err := s.step(); err != nil {
			return fmt.Errorf("%w\nafter: %s", err, strings.Join(s.log, "; "))
		}
		if s.page.isOver() || !s.choices.more() {
			return nil
		}
	}
	return nil
}

func (s *scenario) step() error {
	switch s.choices.below(8) {
	case 0, 1, 2, 3:
		return s.callSome()
	case 4, 5, 6:
		return s.forge()
	}
	return s.breakGrammar()
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
	for _, c := range calls {
		if err := s.check(c); err != nil {
			return fmt.Errorf("call %d, %s with %.300q: %w", c.id, c.command, c.args, err)
		}
	}
	return nil
}

func (s *scenario) makeCall() sentCall {
	s.page.last++
	c := sentCall{id: s.page.last}
	commands := s.target.commands
	if len(commands) == 0 || s.choices.chance(8) {
		unknown := []string{"no.such", "x." + canary, "", "notes..list", "__proto__", strings.Repeat("a", isolation.MaxCommand)}
		c.command, c.args = unknown[s.choices.below(len(unknown))], `{"x":"`+canary+`"}`
		return c
	}
	c.command = commands[s.choices.below(len(commands))]
	n := s.arguments(c.command)
	if s.choices.chance(8) {
		withBytes(n, s.choices)
	}
	c.sections = sectionsFor(n)
	if c.args = n.String(); s.choices.below(2) == 1 {
		broken := spoilers[s.choices.below(len(spoilers))]
		c.args = broken.spoil(n, s.choices)
		s.note("%s", broken.name)
	}
	if s.choices.chance(10) || len(c.sections) > 0 && s.choices.chance(3) {
		liar := liars[s.choices.below(len(liars))]
		c.sections = liar.lie(c.sections, s.choices)
		s.note("%s", liar.name)
	}
	return c
}

func (s *scenario) arguments(command string) *node {
	g := &generator{s.target.app.Schemas().Schema(schema.Input, command), s.choices, s.target.words}
	return g.arguments()
}

// check holds one answered call to everything that must hold.
func (s *scenario) check(c sentCall) error {
	answers := s.page.answersTo(c.id)
	if len(answers) != 1 {
		return fmt.Errorf("answered %d times", len(answers))
	}
	id := callID(s.page, c.id)
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
	case ran && refusal.Code != "timeout" && refusal.Code != "cancelled":
		return fmt.Errorf("it was refused as %s, and its handler ran", refusal.Code)
	}
	return nil
}

// checkRun compares what a handler got with what was sent, by another parser
// than the core's.
func (s *scenario) checkRun(c sentCall, got ran) error {
	if got.command != c.command {
		return fmt.Errorf("the handler of %s ran", got.command)
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
	if err := s.target.app.Schemas().ValidateInput(c.command, value); err != nil {
		return fmt.Errorf("its schema refuses it (%w), and its handler ran", err)
	}
	return nil
}

func decode(text string) (v any, err error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

// forge delivers a frame that must be discarded.
func (s *scenario) forge() error {
	forged := forgeries[s.choices.below(len(forgeries))]
	genuine := s.page.peer.Next(isolation.TypeBatch, s.forgedCall())
	wire := forged.make(s.page, s.other, genuine, s.choices)
	s.note("%s", forged.name)
	if s.page.session.Deliver(wire) {
		return fmt.Errorf("a frame with %s was taken for genuine: %x", forged.name, wire)
	}
	// Only the forged call counts: earlier ones that were cancelled or timed out were answered before
	// their record was written. A replayed call would be decided a second time.
	for _, p := range []*page{s.page, s.other} {
		if s.target.evidence.knows(callID(p, s.page.last+1)) {
			return fmt.Errorf("the call in a frame with %s was decided on", forged.name)
		}
	}
	if s.page.isOver() {
		return fmt.Errorf("a frame with %s ended the session", forged.name)
	}
	return nil
}

func (s *scenario) forgedCall() []byte {
	command := "no.such"
	if len(s.target.commands) > 0 {
		command = s.target.commands[s.choices.below(len(s.target.commands))]
	}
	return peer.AppendCall(nil, s.page.last+1, 0, command, []byte(s.arguments(command).String()))
}

// breakGrammar sends an authentic frame that is no batch: nothing of it may
// run, and the session ends.
func (s *scenario) breakGrammar() error {
	call := s.forgedCall()
	bad := [][]byte{nil, call[:s.choices.below(len(call))], append(call, 0), append([]byte{9}, call[1:]...)}
	plain := bad[s.choices.below(len(bad))]
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
