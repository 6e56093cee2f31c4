package policy

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/sallyport/sallyport/schema"
)

// Explanation is a decision with the rules that had to do with it.
type Explanation struct {
	Decision
	// Err is why there is no decision, if the evaluation failed: the call is denied.
	Err error
	// Rules are all that could be about the command, and what became of each for this call, in the
	// order of file and line; at most 64.
	Rules []Examined
	// Nearest is the rule that came nearest to allowing the call; nil unless it is denied, and where no
	// capability allows anything.
	Nearest *Nearest
}

// Examined is one rule and how far its conditions held.
type Examined struct {
	Rule
	Held bool
	// Elsewhere says why the rule's capability does not hold for the call, as in `windows are ["admin"]`,
	// with the line that says so; "" where it does. The conditions are looked at all the same.
	Elsewhere     string
	ElsewhereLine int
	Conditions    []Condition // in the order in which they were evaluated
}

// Condition is one expression of a rule's body.
type Condition struct {
	File  string
	Line  int
	Text  string // as the file has it, on one line
	State State
	Saw   []Seen // what it looked at
	Err   string // why it could not be evaluated
}

// State is what became of a condition.
type State uint8

const (
	NotReached State = iota // one before it failed
	Met
	Failed
)

// String is "not reached", "met" or "failed".
func (s State) String() string {
	return [...]string{"not reached", "met", "failed"}[min(s, Failed)]
}

// Seen is a part of the input that a condition looked at.
type Seen struct {
	Path string // as a rule writes it: input.args.path
	// Value is its JSON text, nil where there was nothing or, with [_] in the path, no single one. It
	// may be the page's: whoever keeps or shows it decides what may be seen of it.
	Value json.RawMessage
}

// maxExamined bounds how many rules an explanation looks at.
const maxExamined = 64

// Explain decides one call and says why. It evaluates each rule by itself, which takes some
// hundred microseconds; Decide says the same sooner. The error is that of ctx.
func (p *Policy) Explain(ctx context.Context, in Input) (Explanation, error) {
	if in.Time.IsZero() {
		in.Time = time.Now()
	}
	d, err := p.Decide(ctx, in)
	if ctx.Err() != nil {
		return Explanation{}, cancelled(ctx)
	}
	x := Explanation{Decision: d, Err: err}
	if err != nil {
		x.Decision = Decision{Reason: err.Error(), Revision: p.revision}
	}
	in.Platform = cmp.Or(in.Platform, p.platform)
	candidates := p.candidates(in.Command)
	s := &examiner{p: p, in: &in}
	for _, r := range candidates[:min(len(candidates), maxExamined)] {
		e, err := s.examine(ctx, r)
		if err != nil {
			return Explanation{}, err
		}
		x.Rules = append(x.Rules, e)
	}
	if x.Effect == Deny {
		x.Nearest, err = s.nearest(ctx, x.Decision)
	}
	return x, err
}

// An examiner looks at rules one by one for the same call.
type examiner struct {
	p     *Policy
	in    *Input
	input *ast.Term
	done  map[*rule]Examined
}

func (s *examiner) key() *key {
	return s.in.key()
}

func (s *examiner) document() (*ast.Term, error) {
	if s.input != nil {
		return s.input, nil
	}
	everything := s.p.everything()
	document, err := everything.input(known(s.key()), s.in)
	if err != nil {
		return nil, err
	}
	s.input = ast.NewTerm(document)
	return s.input, nil
}

// examine evaluates one rule with a tracer that remembers how far it came.
func (s *examiner) examine(ctx context.Context, r *rule) (Examined, error) {
	if e, ok := s.done[r]; ok {
		return e, nil
	}
	e := Examined{Rule: r.Rule}
	e.Elsewhere, e.ElsewhereLine = r.unit.elsewhere(s.key(), s.in.Time)
	steps := r.steps()
	var reached furthest
	fault := s.run(ctx, r, &reached, &e.Held)
	if ctx.Err() != nil {
		return Examined{}, cancelled(ctx)
	}
	failed := reached.index
	for _, step := range steps {
		c := Condition{File: step.file, Line: step.line, Text: step.text, State: Met}
		switch {
		case e.Held || step.last < failed:
		case step.first > failed:
			c.State = NotReached
		default:
			c.State = Failed
			if fault != nil {
				c.Err = clean(evaluationError(fault).Error())
			}
		}
		if c.State != NotReached {
			c.Saw = s.saw(r, step)
		}
		e.Conditions = append(e.Conditions, c)
	}
	e.Held = e.Held && e.Elsewhere == ""
	if s.done == nil {
		s.done = make(map[*rule]Examined)
	}
	s.done[r] = e
	return e, nil
}

// run evaluates the rule's body for the call.
func (s *examiner) run(ctx context.Context, r *rule, tracer *furthest, held *bool) error {
	document, err := s.document()
	if err != nil {
		return err
	}
	compiler, err := r.unit.compiled()
	if err != nil {
		return err
	}
	q, done := s.p.query(ctx, r.body, compiler, document)
	defer done()
	return q.WithQueryTracer(tracer).Iter(ctx, func(topdown.QueryResult) error {
		*held = true
		return nil
	})
}

// furthest is a tracer that keeps the last expression of the query itself that was begun.
type furthest struct {
	query uint64
	index int
}

var _ topdown.QueryTracer = (*furthest)(nil)

func (f *furthest) Enabled() bool               { return true }
func (f *furthest) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

func (f *furthest) TraceEvent(e topdown.Event) {
	if f.query == 0 {
		f.query = e.QueryID
	}
	if x, ok := e.Node.(*ast.Expr); ok && e.Op == topdown.EvalOp && e.QueryID == f.query {
		f.index = max(f.index, x.Index)
	}
}

// step is one condition as the file has it: a run of the compiled body.
type step struct {
	first, last int // indices of compiled expressions
	file        string
	line        int
	text        string
}

// steps groups the compiled body by the expressions of the file. The one that binds the message is left out.
func (r *rule) steps() []step {
	var written []*ast.Location
	for _, parsed := range r.unit.parsed.Rules {
		if parsed.Location.Row == r.Line && kindOf(ruleName(parsed)) == r.Kind {
			for _, e := range parsed.Body {
				written = append(written, e.Location)
			}
		}
	}
	var all []step
	var last *ast.Location
	for _, e := range r.body {
		if bindsReason(e) {
			continue
		}
		location := within(written, e.Location)
		if n := len(all); n > 0 && location != nil && location == last {
			all[n-1].last = e.Index
			continue
		}
		s := step{first: e.Index, last: e.Index, file: r.File, line: r.Line, text: e.String()}
		if location != nil && location.Row > 0 {
			s.file, s.line, s.text = location.File, location.Row, string(location.Text)
		}
		s.text = strings.Join(strings.Fields(s.text), " ")
		all, last = append(all, s), location
	}
	return all
}

func bindsReason(e *ast.Expr) bool {
	return e.IsEquality() && e.Operand(0).Equal(ast.VarTerm(reason))
}

// within finds the written expression that a compiled one is a part of.
func within(written []*ast.Location, part *ast.Location) *ast.Location {
	for _, w := range written {
		if part != nil && part.Offset >= w.Offset && part.Offset < w.Offset+len(w.Text) {
			return w
		}
	}
	return nil
}

// saw lists what the compiled expressions of a step read of the input.
func (s *examiner) saw(r *rule, st step) []Seen {
	if r.source == nil {
		return nil
	}
	var all []Seen
	f := r.unit.reader()
	for _, e := range r.body[st.first : st.last+1] {
		ast.WalkTerms(e, func(t *ast.Term) bool {
			if _, ok := t.Value.(ast.Ref); !ok {
				if _, ok := t.Value.(ast.Var); !ok {
					return false
				}
			}
			for _, path := range f.paths(r.source, t) {
				seen := Seen{Path: writeRef(path)}
				if !slices.ContainsFunc(all, func(o Seen) bool { return o.Path == seen.Path }) {
					seen.Value = s.value(path)
					all = append(all, seen)
				}
			}
			return false
		})
	}
	// What leads to something that was looked at says nothing of its own.
	return slices.DeleteFunc(all, func(a Seen) bool {
		return slices.ContainsFunc(all, func(b Seen) bool {
			rest, longer := strings.CutPrefix(b.Path, a.Path)
			return longer && rest != "" && (rest[0] == '.' || rest[0] == '[')
		})
	})
}

// value is the JSON text of a part of the input, nil where there is none or no single one.
func (s *examiner) value(path []schema.Step) json.RawMessage {
	text := func(v any) json.RawMessage {
		out, err := json.Marshal(v)
		if err != nil {
			return nil
		}
		return out
	}
	given := func(v string) json.RawMessage {
		if v == "" {
			return nil
		}
		return text(v)
	}
	inside := func(v schema.Value) json.RawMessage {
		for _, step := range path[1:] {
			if v == nil || step.Any {
				return nil
			}
			v, _ = v.Field(step.Name)
		}
		if v == nil {
			return nil
		}
		return v.AppendJSON(nil)
	}
	if len(path) == 0 {
		return nil
	}
	switch path[0].Name {
	case "args":
		return inside(s.in.Args)
	case "user":
		return inside(s.in.User)
	case "command":
		return text(s.in.Command)
	case "window":
		return text(s.in.Window)
	case "origin":
		return text(originOf(s.in.Origin))
	case "local":
		return text(s.in.Local)
	case "platform":
		return text(s.in.Platform)
	case "session":
		return text(s.in.Session)
	case "event":
		return given(s.in.Event)
	case "target":
		return given(s.in.Target)
	case "channel":
		return given(s.in.Channel)
	case "time":
		return text(s.in.Time.UnixNano())
	}
	return nil
}

// elsewhere says why a capability does not hold for a key at t, and the line of its file that says so.
func (u *unit) elsewhere(k *key, t time.Time) (why string, line int) {
	page := pageOf(k.origin)
	switch {
	case u.expired(t):
		return "it expired at " + u.Expires.Format(time.RFC3339), u.lineOf("expires")
	case u.holds(k, page):
		return "", 0
	case !u.runsOn(k.platform):
		return fmt.Sprintf("platforms are %q", u.Platforms), u.lineOf("platforms")
	case !u.opensIn(k.window):
		return fmt.Sprintf("windows are %q", u.Windows), u.Line
	case k.local:
		return fmt.Sprintf("origins are %q, without the app itself", u.Origins), u.lineOf("origins")
	case len(u.Origins) == 0:
		return "it names no origin but the app itself", u.Line
	}
	return fmt.Sprintf("origins are %q", u.Origins), u.lineOf("origins")
}

// away counts in how many respects a capability does not hold for a key at t.
func (u *unit) away(k *key, t time.Time) int {
	n := 0
	for _, holds := range []bool{!u.expired(t), u.runsOn(k.platform), u.opensIn(k.window), u.trusts(k.local, pageOf(k.origin))} {
		if !holds {
			n++
		}
	}
	return n
}

// lineOf is where the metadata block has a key.
func (u *unit) lineOf(key string) int { return cmp.Or(u.lines[key], u.Line) }
