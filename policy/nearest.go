package policy

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Nearest is the rule that came nearest to allowing a call which is denied.
type Nearest struct {
	Rule Rule
	// Condition is the first that failed; nil where the rule holds, and it is Elsewhere or a rule of
	// another kind that stands in the way.
	Condition *Condition
	// Elsewhere is why the rule's capability does not hold for the call, "" where it does.
	Elsewhere string
	// Edit is the smallest change of the policy that would allow the call.
	Edit Edit
}

// Edit is a change of one line of a capability file. It may quote what the call holds.
type Edit struct {
	File string
	Line int
	Text string // in words, with what to write
}

// maxNear bounds how many rules are tried for the nearest.
const maxNear = 8

// Nearest finds the rule that came nearest to allowing a call which d denied; nil if no capability
// allows anything. It is a part of [Policy.Explain], for use on every denial. The error is that of ctx.
func (p *Policy) Nearest(ctx context.Context, in Input, d Decision) (*Nearest, error) {
	if in.Time.IsZero() {
		in.Time = time.Now()
	}
	if in.Platform == "" {
		in.Platform = p.platform
	}
	return (&examiner{p: p, in: &in}).nearest(ctx, d)
}

func (s *examiner) nearest(ctx context.Context, d Decision) (*Nearest, error) {
	k := s.key()
	var here, elsewhere []*rule
	for _, r := range s.p.candidates(s.in.Command) {
		if r.Kind != kindAllow {
			continue
		}
		if why, _ := r.unit.elsewhere(k, s.in.Time); why == "" {
			here = append(here, r)
		} else if len(elsewhere) < maxNear {
			elsewhere = append(elsewhere, r)
		}
	}
	allows := append(here, elsewhere...)
	var best *rule
	var found Examined
	least := 0
	for _, r := range allows[:min(len(allows), maxNear)] {
		e, err := s.examine(ctx, r)
		if err != nil {
			return nil, err
		}
		if missing := e.missing() + r.unit.away(k, s.in.Time); best == nil || missing < least {
			best, found, least = r, e, missing
		}
	}
	if best == nil {
		return s.otherCommand(), nil
	}
	n := &Nearest{Rule: best.Rule, Elsewhere: found.Elsewhere}
	if i := slices.IndexFunc(found.Conditions, func(c Condition) bool { return c.State == Failed }); i >= 0 {
		n.Condition = &found.Conditions[i]
	}
	n.Edit = s.edit(best, &found, n.Condition, d)
	return n, nil
}

// missing counts what keeps a rule from holding where its capability does, as far as is known: the failed condition,
// and those after it that were not looked at.
func (e *Examined) missing() int {
	n := 0
	for _, c := range e.Conditions {
		if c.State != Met {
			n++
		}
	}
	return n
}

// edit is the smallest change that removes what stands in the way first.
func (s *examiner) edit(r *rule, e *Examined, failed *Condition, d Decision) Edit {
	switch {
	case e.Elsewhere != "":
		return s.editWhere(r.unit, e)
	case failed != nil:
		return s.editCondition(r, failed)
	case len(d.Rules) > 0 && d.Rules[0].Kind == kindWithin:
		w := d.Rules[0]
		return Edit{w.File, w.Line, "the rule allows the call, which is outside the scope given here: add an entry to the scope that takes it in"}
	case len(d.Rules) > 0:
		w := d.Rules[0]
		return Edit{w.File, w.Line, fmt.Sprintf("%s:%d allows the call; add a condition to the %s rule here that leaves it out", r.File, r.Line, w.Kind)}
	}
	return Edit{r.File, r.Line, "the rule holds by itself; see what kept the decision from being made"}
}

// editWhere says how to make a capability hold for the call.
func (s *examiner) editWhere(u *unit, e *Examined) Edit {
	edit := Edit{u.File, e.ElsewhereLine, ""}
	switch {
	case u.expired(s.in.Time):
		edit.Text = "set expires to a later time"
	case !u.runsOn(s.in.Platform):
		edit.Text = fmt.Sprintf("add %q to platforms", s.in.Platform)
	case !u.opensIn(s.in.Window):
		edit.Text = fmt.Sprintf("add %q to windows", s.in.Window)
	case s.in.Local:
		edit.Text = "add local: true, so that the capability holds for the app itself beside its origins"
	case pageOf(s.in.Origin) == nil:
		edit.Text = "no capability can name this page: its origin is opaque, or not spelt as browsers spell it"
	default:
		list := "origins"
		if u.declared {
			list = "remote.urls"
		}
		edit.Text = fmt.Sprintf("add %q to %s", originOf(s.in.Origin), list)
	}
	return edit
}

// editCondition says how to make a failed condition hold.
func (s *examiner) editCondition(r *rule, c *Condition) Edit {
	edit := Edit{c.File, c.Line, fmt.Sprintf("take the condition out, or write an allow beside the rule that has all others: %s", c.Text)}
	for _, e := range r.body {
		if e.Location == nil || e.Location.Row != c.Line || !e.IsCall() || e.Negated || len(c.Saw) == 0 {
			continue
		}
		value := c.Saw[0].Value
		if strings.Contains(c.Saw[0].Path, "[_]") {
			continue
		}
		if value == nil {
			edit.Text = fmt.Sprintf("the call has no %s: make the condition one that holds without it", c.Saw[0].Path)
			return edit
		}
		if text := s.widen(e, c, value); text != "" {
			edit.Text = text
			return edit
		}
	}
	return edit
}

// widen writes a comparison, a membership or a scope so that it takes the value that was seen.
func (s *examiner) widen(e *ast.Expr, c *Condition, value json.RawMessage) string {
	path := c.Saw[0].Path
	switch name := strings.TrimPrefix(e.Operator().String(), ownPrefix+"."); name {
	case ast.Equality.Name, ast.Equal.Name:
		for _, t := range e.Operands() {
			if ast.IsScalar(t.Value) {
				return fmt.Sprintf("write %s in {%v, %s}", path, t, value)
			}
		}
	case ast.Member.Name:
		if set := e.Operand(1); values(set) {
			return fmt.Sprintf("add %s to %v", value, set)
		}
	case comparisonPrefix + ast.LessThan.Name, comparisonPrefix + ast.LessThanEq.Name:
		return fmt.Sprintf("write %s <= %s", path, value)
	case comparisonPrefix + ast.GreaterThan.Name, comparisonPrefix + ast.GreaterThanEq.Name:
		return fmt.Sprintf("write %s >= %s", path, value)
	default:
		if function, found := strings.CutPrefix(name, string(certainly)); found {
			return s.widenScope(function, e, path, value)
		}
	}
	return ""
}

// otherCommand is for a command that no allow is about: the rule of a capability that holds to which the
// command could be added, or of one that does not.
func (s *examiner) otherCommand() *Nearest {
	k := s.key()
	var best *unit
	for _, u := range s.p.units {
		why, _ := u.elsewhere(k, s.in.Time)
		if why == "" {
			best = u
			break
		}
	}
	if best == nil {
		return nil
	}
	for _, r := range best.rules {
		if r.Kind != kindAllow || len(r.commands) == 0 {
			continue
		}
		n := &Nearest{Rule: r.Rule, Edit: Edit{File: r.File, Line: r.Line}}
		for _, step := range r.steps() {
			if strings.Contains(step.text, "input.command") {
				command, _ := json.Marshal(s.in.Command)
				n.Condition = &Condition{File: r.File, Line: step.line, Text: step.text, State: Failed, Saw: []Seen{{"input.command", command}}}
				n.Edit.Line = step.line
				break
			}
		}
		n.Edit.Text = fmt.Sprintf("add %q to the commands that the rule names", s.in.Command)
		if near := s.misspelt(); near != "" {
			n.Edit.Text += fmt.Sprintf("; or did the page mean %q?", near)
		}
		return n
	}
	return nil
}

// misspelt is a command that the policy names and that differs from the call's by a letter or two.
func (s *examiner) misspelt() string {
	for _, name := range s.p.Commands() {
		if name != s.in.Command && distance(name, s.in.Command) <= 2 {
			return name
		}
	}
	return ""
}

// distance is how many letters two short texts differ by, at most 3.
func distance(a, b string) int {
	if len(a) > 128 || len(b) > 128 || len(a)-len(b) > 2 || len(b)-len(a) > 2 {
		return 3
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return min(row[len(b)], 3)
}
