package replay

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/policy"
)

// Unsure is the direction of a difference in words that no tried call brings to light.
const Unsure = "unsure"

// The standings of all calls of one command in one window.
const (
	Never   = "never"   // all are denied
	Always  = "always"  // all get the effect
	Depends = "depends" // on arguments, session or user; the effect is the most that any can get
)

// A Comparison is what two policies say on all that they speak of.
type Comparison struct {
	Was          string             `json:"was"` // revisions
	Now          string             `json:"now"`
	Differences  []Difference       `json:"differences"` // gains first
	Rules        []RuleChange       `json:"rules"`
	Capabilities []CapabilityChange `json:"capabilities"`
	Compared     int                `json:"compared"` // windows, origins, platforms and commands whose rules differ
	Tried        int                `json:"tried"`    // calls made up for those that depend on arguments
}

// A Difference is a command that gains or loses in some windows.
type Difference struct {
	Direction string     `json:"direction"`
	Command   string     `json:"command"` // with the event that it is about behind it; "any other" stands for all that no rule names
	Windows   []string   `json:"windows"` // labels, or the globs of labels that both policies treat alike
	Origin    string     `json:"origin"`  // as a capability names it; "" is the app itself
	Platform  string     `json:"platform"`
	From      *time.Time `json:"from,omitempty"` // when something expires; left out: now
	Was       Standing   `json:"was"`
	Now       Standing   `json:"now"`
	Example   *Example   `json:"example,omitempty"` // left out where arguments play no part, or none were found
	Removed   []Rule     `json:"removed"`           // rules that only the old policy has there
	Added     []Rule     `json:"added"`             // and only the new one
}

// A Standing is what is known of calls before their arguments.
type Standing struct {
	Known  string `json:"known"`  // Never, Always or Depends
	Effect string `json:"effect"` // Undecided where none can be decided
}

// An Example is a call that the two decide in different ways.
type Example struct {
	Args json.RawMessage `json:"args"`
	User json.RawMessage `json:"user,omitempty"`
	Was  Verdict         `json:"was"`
	Now  Verdict         `json:"now"`
}

// A Side is one of two policies and what it was loaded with.
type Side struct {
	Policy *policy.Policy
	Config policy.Config // its platform filled in
}

// Compare finds which calls gain or lose by going from one policy to another, at a time and wherever a
// capability expires later. What depends on arguments is tried with calls made up from the words of both,
// so that it may miss a difference; it then says that it is unsure.
func Compare(ctx context.Context, was, now Side, at time.Time) (Comparison, error) {
	c := &comparer{ctx: ctx, was: was, now: now, texts: [2]map[string][]policy.Text{textsOf(was.Policy), textsOf(now.Policy)}, alike: make(map[string]int)}
	c.Was, c.Now = was.Policy.Revision(), now.Policy.Revision()
	c.Rules, c.Capabilities = ruleChanges(was.Policy, now.Policy), capabilityChanges(was.Policy, now.Policy)
	c.Differences = []Difference{}
	u := universeOf(was.Policy, now.Policy, at)
	u.platforms = distinct(append(u.platforms, was.Config.Platform, now.Config.Platform))
	for _, from := range u.times {
		for _, platform := range u.platforms {
			for _, origin := range u.origins {
				for _, window := range u.windows {
					in := policy.Input{Window: window.value, Origin: origin.value, Local: origin.value == "", Platform: platform, Time: from}
					if err := c.place(in, window.name, origin.name, u.subjects, from.After(at)); err != nil {
						return Comparison{}, err
					}
				}
			}
		}
	}
	for i := range c.Differences {
		slices.Sort(c.Differences[i].Windows)
	}
	slices.SortStableFunc(c.Differences, compareDifferences)
	return c.Comparison, nil
}

func compareDifferences(a, b Difference) int {
	order := map[string]int{Gain: 0, Loss: 1, Other: 2, Unsure: 3}
	return cmp.Or(cmp.Compare(order[a.Direction], order[b.Direction]), strings.Compare(a.Command, b.Command),
		strings.Compare(a.Windows[0], b.Windows[0]), strings.Compare(a.Origin, b.Origin), strings.Compare(a.Platform, b.Platform))
}

type comparer struct {
	Comparison
	ctx      context.Context
	was, now Side
	texts    [2]map[string][]policy.Text // by capability
	alike    map[string]int              // index of a difference, by all but window and example
}

func textsOf(p *policy.Policy) map[string][]policy.Text {
	all := make(map[string][]policy.Text)
	for _, t := range p.Texts() {
		all[t.Capability] = append(all[t.Capability], t)
	}
	return all
}

// holding are the rules of capabilities that hold there.
func (c *comparer) holding(side int, in policy.Input) []policy.Text {
	var all []policy.Text
	p := [2]Side{c.was, c.now}[side].Policy
	for _, k := range p.Holding(in) {
		all = append(all, c.texts[side][k.ID]...)
	}
	return all
}

// place compares all commands of a window, an origin and a platform.
func (c *comparer) place(in policy.Input, window, origin string, subjects []subject, later bool) error {
	was, now := c.holding(0, in), c.holding(1, in)
	removed, added := apart(was, now, effective)
	if len(removed)+len(added) == 0 {
		return nil // both say the same here
	}
	for _, s := range subjects {
		if err := c.ctx.Err(); err != nil {
			return context.Cause(c.ctx)
		}
		in.Command, in.Event = s.Command, s.Event
		removed, added := about(removed, s.Subject), about(added, s.Subject)
		if len(removed)+len(added) == 0 {
			continue
		}
		c.Compared++
		found, err := c.command(in)
		if err != nil {
			return err
		}
		for _, d := range found {
			d.Command, d.Windows, d.Origin, d.Platform, d.Removed, d.Added = s.name, []string{window}, origin, in.Platform, removed, added
			if later {
				from := in.Time
				d.From = &from
			}
			c.add(d)
		}
	}
	return nil
}

// add joins differences that are alike but for the window, and leaves out what was so before
// something expired.
func (c *comparer) add(d Difference) {
	key := func(from *time.Time) string {
		bare := d
		bare.Windows, bare.Example, bare.From = nil, nil, from
		text, _ := json.Marshal(bare) // plain data
		return string(text)
	}
	if i, ok := c.alike[key(nil)]; ok && d.From != nil && slices.Contains(c.Differences[i].Windows, d.Windows[0]) {
		return
	}
	if i, ok := c.alike[key(d.From)]; ok {
		c.Differences[i].Windows = append(c.Differences[i].Windows, d.Windows...)
		return
	}
	c.alike[key(d.From)] = len(c.Differences)
	c.Differences = append(c.Differences, d)
}

// whole and effective are what of a rule is compared: all that it says, and what bears on effects.
func whole(t policy.Text) string { return fmt.Sprintf("%q", []string{t.Kind, t.Text, t.Helpers}) }
func effective(t policy.Text) string {
	return fmt.Sprintf("%q", []string{t.Kind, t.Decides, t.Helpers})
}

// apart is what only one of two lists says. What a rule says counts, not where it stands.
func apart(was, now []policy.Text, key func(policy.Text) string) (removed, added []policy.Text) {
	left := make(map[string]int)
	for _, t := range was {
		left[key(t)]++
	}
	for _, t := range now {
		if left[key(t)]--; left[key(t)] < 0 {
			added = append(added, t)
		}
	}
	for _, t := range slices.Backward(was) {
		if left[key(t)]--; left[key(t)] >= 0 {
			removed = append(removed, t)
		}
	}
	slices.Reverse(removed)
	return removed, added
}

// about are the rules that decide and can be about a command or an event.
func about(texts []policy.Text, s policy.Subject) []Rule {
	all := []Rule{}
	for _, t := range texts {
		if t.Kind != "limit" && (t.Commands == nil || slices.Contains(t.Commands, s.Command)) && (t.Events == nil || slices.Contains(t.Events, s.Event)) {
			all = append(all, rulesOf([]policy.Rule{t.Rule})...)
		}
	}
	return all
}

// command compares the calls of one command in one window.
func (c *comparer) command(in policy.Input) ([]Difference, error) {
	was, err := c.stand(c.was.Policy, in)
	if err != nil {
		return nil, err
	}
	now, err := c.stand(c.now.Policy, in)
	if err != nil {
		return nil, err
	}
	if was.Known != Depends && now.Known != Depends {
		return c.settled(in, was, now)
	}
	found, err := c.try(in, was, now)
	if err != nil {
		return nil, err
	}
	turned := slices.ContainsFunc(found, func(d Difference) bool { return d.Direction != Other })
	if direction := unseen(was, now); !turned && (direction != Unsure || len(found) == 0) {
		found = append(found, Difference{Direction: direction, Was: was, Now: now})
	}
	return found, nil
}

// stand is what p says before the arguments. The error is that of the context.
func (c *comparer) stand(p *policy.Policy, in policy.Input) (Standing, error) {
	o, err := p.Outlook(c.ctx, in)
	switch {
	case c.ctx.Err() != nil:
		return Standing{}, context.Cause(c.ctx)
	case err != nil:
		return Standing{Never, Undecided}, nil
	case o.Depends && o.Most == policy.Deny: // conditions that only add reasons
		return Standing{Never, policy.Deny.String()}, nil
	case o.Depends:
		return Standing{Depends, o.Most.String()}, nil
	case o.Most == policy.Deny:
		return Standing{Never, policy.Deny.String()}, nil
	}
	return Standing{Always, o.Most.String()}, nil
}

func (c *comparer) settled(in policy.Input, was, now Standing) ([]Difference, error) {
	a, err := decide(c.ctx, c.was.Policy, in)
	if err != nil {
		return nil, err
	}
	b, err := decide(c.ctx, c.now.Policy, in)
	if err != nil {
		return nil, err
	}
	if direction := directionOf(a, b); direction != "" {
		return []Difference{{Direction: direction, Was: was, Now: now}}, nil
	}
	return nil, nil
}

// try makes calls up and keeps, for each direction, the shortest that both policies decide
// in different ways.
func (c *comparer) try(in policy.Input, was, now Standing) ([]Difference, error) {
	words := []policy.Words{c.was.Policy.Words(in.Command), c.now.Policy.Words(in.Command)}
	best := make(map[string]*Example)
	for _, p := range probesFor(words, c.now.Config.Variables) {
		c.Tried++
		call := p.apply(in)
		a, err := decide(c.ctx, c.was.Policy, call)
		if err != nil {
			return nil, err
		}
		b, err := decide(c.ctx, c.now.Policy, call)
		if err != nil {
			return nil, err
		}
		direction := directionOf(a, b)
		if direction == "" || rank(a.Effect)+rank(b.Effect) == 0 {
			continue // that a made-up call can't be decided tells nothing: a schema may refuse it
		}
		x := &Example{Args: call.Args.AppendJSON(nil), Was: a, Now: b}
		if call.User != nil {
			x.User = call.User.AppendJSON(nil)
		}
		if old := best[direction]; old == nil || len(x.Args)+len(x.User) < len(old.Args)+len(old.User) {
			best[direction] = x
		}
	}
	var all []Difference
	for _, direction := range []string{Gain, Loss, Other} {
		if best[direction] != nil {
			all = append(all, Difference{Direction: direction, Was: was, Now: now, Example: best[direction]})
		}
	}
	return all, nil
}

// unseen is the direction that follows from the standings where no call was found that shows it.
func unseen(was, now Standing) string {
	a, b := rank(was.Effect), rank(now.Effect)
	switch {
	case a < b, a == b && was.Known == Depends && now.Known == Always:
		return Gain
	case a > b, a == b && was.Known == Always && now.Known == Depends:
		return Loss
	}
	return Unsure
}
