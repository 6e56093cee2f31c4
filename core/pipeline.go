package core

import (
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/schema"
)

// The states that a call's arguments go through. Each is made by one stage
// and asked for by the next, so that leaving a stage out does not compile.
type (
	parsed  struct{ args schema.Value } // one strict JSON value within bounds
	valid   struct{ args schema.Value } // and the command's input schema takes it, or the command is hidden
	allowed struct{ args schema.Value } // and a capability allows it, or asks and the user does, or a grant does where no rule is against it
)

// receive is the first half of the pipeline: one frame, from sealed bytes to
// calls that are under way.
func (s *session) receive(f isolation.Sealed) {
	arrived := time.Now()
	plain, err := s.link.Open(f) // authentic, fresh, of this session and window
	if err != nil {
		return // discarded without an answer, and counted
	}
	opened := time.Now()
	s.plaintext = plain.Len()
	items, err := s.readItems(plain) // the whole batch, or nothing of it
	if err != nil {
		s.link.End(isolation.EndProtocol)
		return
	}
	if !s.takeAll(items, arrived, opened) { // one by one: numbered, limited, started
		s.link.End(isolation.EndProtocol)
	}
	clear(items) // which hold on to the plaintext
}

// takeAll takes a batch up to the item that breaks a rule. No call clears the
// arguments of those from there on.
func (s *session) takeAll(items []isolation.Item, arrived, opened time.Time) bool {
	if len(items) > 1 {
		s.hold = s.link.Hold() // what came together is answered together
		defer s.letGo()
	}
	for i, item := range items {
		if !s.take(item, arrived, opened, len(items) == 1) {
			for _, left := range items[i:] {
				clear(left.JSON)
				clearSections(left.Sections)
			}
			return false
		}
	}
	return true
}

// readItems reads a batch to its end before any of it takes effect. The items
// are good until the session's next frame.
func (s *session) readItems(plain isolation.Plain) ([]isolation.Item, error) {
	s.items = s.items[:0]
	for item, err := range isolation.Items(plain) {
		if err != nil {
			return nil, err
		}
		s.items = append(s.items, item)
	}
	return s.items, nil
}

// pass is the second half: one call, from its item to its answer, in a
// goroutine of its own. Whatever goes wrong in a stage ends the call there.
func (c *call) pass() (answer []byte, refused *refusal) {
	message, refused := c.parse() // one strict JSON value within bounds
	if refused != nil {
		return nil, refused
	}
	args, refused := c.validate(message) // JSON Schema of the command's input
	if refused != nil {
		return nil, refused
	}
	permit, refused := c.authorize(args) // an explicit allow by a capability, the user's yes where one asks, or a grant
	if refused != nil {
		return nil, refused
	}
	request, refused := c.decide(permit) // on record, or nothing runs
	if refused != nil {
		return nil, refused
	}
	result, refused := c.dispatch(request) // the Go handler
	if refused != nil {
		return nil, refused
	}
	return c.check(result) // encoded once, JSON Schema of the result
}

func (c *call) parse() (parsed, *refusal) {
	c.record.Stage = audits.StageParse
	defer c.lap(&c.record.Stages.Parse)
	defer c.dropArgs() // from here on there is only the parsed value
	sections := ownSections(c.sections, c.plaintext)
	value, err := schema.ParseMessage(c.args, sections, c.limits().parseArgs())
	if err != nil {
		return parsed{}, &refusal{code: CodeInvalidArgs, reason: err.Error(), mismatch: mismatch(err)}
	}
	c.sections = nil // they are the value's, and so the handler's
	if c.record.Command == emitName {
		c.carries = sections
	}

	// Of an unknown command too: it takes as long as one that is hidden.
	sum := c.session.app.mac.SumBinary(c.subject(), c.args, eachSection(sections))
	if c.command != nil { // a name that is not registered is the page's text
		c.record.ArgsMAC = sum
	}
	return parsed{value}, nil
}

// validate refuses an unknown command as if the policy had denied it, and
// leaves a hidden one to the policy, whatever its schema says: a page can't
// find out which of the commands that it may not call there are.
func (c *call) validate(m parsed) (valid, *refusal) {
	if c.command == nil {
		c.record.Stage = audits.StagePolicy
		return valid{}, &refusal{code: CodeDenied, reason: "no command of that name is registered"}
	}
	if c.hidden {
		return valid(m), nil
	}
	c.record.Stage = audits.StageSchema
	defer c.lap(&c.record.Stages.Schema)
	if refused := c.wanted(); refused != nil {
		return valid{}, refused
	}
	if err := c.command.takes(c.session.app.schemas, m.args); err != nil {
		return valid{}, &refusal{code: CodeInvalidArgs, reason: err.Error(), mismatch: mismatch(err)}
	}
	return valid(m), nil
}

// authorize asks the policy, and the grants where no rule of it is behind the
// answer. Only an explicit allow counts, and only while
// somebody still wants it: a policy engine may finish a short evaluation
// although its context was cancelled.
func (c *call) authorize(v valid) (allowed, *refusal) {
	user, refused := c.user()
	if refused != nil {
		return allowed{}, refused
	}
	began := c.mark
	defer func() {
		c.lap(&c.record.Stages.Policy)
		c.record.Stages.Policy -= c.record.Stages.Prompt
	}()
	in := c.input(v, user, began)
	decision, err := c.consult(in)
	if inputs := c.session.app.inputs; inputs != nil { // one line of each call, also where the policy is asked again
		whole := in
		whole.Args = v.args
		inputs.keep(&c.context, whole, decision, err, c.rules.Revision())
	}
	switch {
	case c.over():
		return allowed{}, c.interrupted()
	case err != nil && c.hidden:
		return allowed{}, &refusal{code: CodeDenied, reason: "no arguments could be allowed; without any: " + err.Error(), private: true}
	case err != nil:
		return allowed{}, &refusal{code: CodeDenied, reason: err.Error(), private: true}
	case decision.Effect == policy.Allow && c.hidden: // a denial has expired since
		return allowed{}, &refusal{code: CodeDenied, reason: "nothing allowed the command yet when the call came in"}
	case decision.Effect == policy.Allow:
		return allowed(v), nil
	case decision.Effect == policy.Ask:
		return c.ask(in, decision)
	case c.granted(decision, v.args, began):
		return allowed(v), nil
	}
	c.record.Nearest = c.nearest(decision, in)
	return allowed{}, &refusal{code: CodeDenied, reason: decision.Reason, private: true}
}

// input is what the policy is told of the call. Of a hidden one it is told no
// arguments: none could be allowed, and how long rules look at them would tell
// the page that the command exists.
func (c *call) input(v valid, user schema.Value, now time.Time) policy.Input {
	r := &c.record
	args := v.args
	if c.hidden {
		args = nil
	}
	return policy.Input{
		Window:   r.Window,
		Origin:   r.Origin,
		Command:  r.Command,
		Event:    r.Event,
		Target:   c.target,
		Channel:  c.channel(),
		Platform: c.session.app.platform,
		Session:  r.Session,
		Local:    true, // every page host is the app's own
		User:     user,
		Args:     args,
		Time:     now,
	}
}

// consult is what the rules say of the call.
func (c *call) consult(in policy.Input) (policy.Decision, error) {
	decision, err := c.rules.Decide(&c.context, in)
	c.record.Revision, c.record.Rules = decision.Revision, c.command.recorded(decision.Rules)
	c.context.scope = decision.Scope
	if c.context.streams != nil {
		c.context.streams.permit = permit{in, decision}
	}
	return decision, err
}

// decide writes the decision down and makes the request of it. There is no
// other way to a request.
func (c *call) decide(a allowed) (*Request, *refusal) {
	defer c.lap(&c.record.Stages.Record)
	c.record.Verdict = audits.VerdictAllow
	if !c.keep(&c.context, c.session.app.recorder.Decide) {
		return nil, errUnrecorded
	}
	c.decided = true
	r := &c.record
	c.context.caller = Identity{Window: r.Window, Origin: r.Origin, Command: r.Command, Session: r.Session, ID: r.ID}
	c.request = Request{Identity: c.context.caller, Event: r.Event, Target: c.target, Args: a.args}
	return &c.request, nil
}

// dispatch runs the handler, unless the call has ended in the meantime. A
// panic of the handler is caught where the call began.
func (c *call) dispatch(request *Request) (any, *refusal) {
	c.record.Stage = audits.StageDispatch
	if c.over() {
		refused := *c.interrupted()
		refused.reason += "; the handler did not run"
		return nil, &refused
	}
	if observe := c.session.app.config.Observe; observe != nil {
		seen := *request
		observe(&seen)
	}
	result, err := c.handle(request)
	switch {
	case c.over():
		return nil, c.interrupted()
	case err != nil:
		return nil, c.failed(err)
	}
	return result, nil
}

// check turns the result into the very item that will be sealed, having read it
// as strictly as a page's message.
func (c *call) check(result any) ([]byte, *refusal) {
	c.record.Stage = audits.StageOutput
	defer c.lap(&c.record.Stages.Output)
	if c.command.event != "" { // the core's own answer to an emit and a listen
		return isolation.AppendResult(nil, c.number, null), nil
	}
	limits := c.limits()
	if result != nil && !c.reserve(c.mayHold(result)) {
		refused := *c.interrupted()
		refused.reason += "; the handler's result waited for the session's others to leave"
		return nil, &refused
	}
	item, sections, err := c.session.app.encode(isolation.BeginResult(make([]byte, 0, isolation.ResultStart+likely(result)), c.number), result, limits.ResultBytes)
	text := item[isolation.ResultStart:]
	if err == nil {
		err = limits.fits(len(item)-isolation.ResultStart, sections, c.session.app.room)
	}
	if err != nil {
		c.shrink(0)
		clear(text)
		return nil, c.unfit("result", typeName(result), limits.ResultBytes, err, nil)
	}
	c.shrink(len(text) + binarySize(sections))
	if err := c.judge(text, sections); err != nil {
		return nil, c.unfit("result", typeName(result), limits.ResultBytes, err, mismatch(err))
	}
	return endBody(item, isolation.ResultStart, sections), nil
}

// judge reads a result again, from the bytes that will be sealed, and with the
// sections that will be copied beside them. Of one that is unfit nothing stays in the
// text.
func (c *call) judge(text []byte, sections []schema.Section) error {
	value, err := schema.ParseMessage(text, sections, c.limits().parseResult())
	if err == nil {
		err = c.session.app.schemas.ValidateOutput(c.command.name, value)
	}
	if err != nil {
		clear(text)
	}
	return err
}
