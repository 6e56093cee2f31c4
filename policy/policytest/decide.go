package policytest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/policy"
)

// decide runs one fixture.
func (s *suite) decide(ctx context.Context, f *fixture) Result {
	from := time.Now()
	d, err := s.policies[f.input.Platform].Decide(ctx, f.input)
	r := Result{Name: f.name, Kind: Fixture, File: f.file, Line: f.line, Duration: time.Since(from)}
	if r.Pass = f.expect.fits(d, err); !r.Pass {
		r.Expected, r.Got = f.expect.String(), show(d, err)
	}
	return r
}

func (x *expectation) fits(d policy.Decision, err error) bool {
	if err != nil {
		return x.effect == undecided
	}
	if d.Effect.String() != x.effect {
		return false
	}
	if x.capability == "" && x.line == 0 && x.reason == "" {
		return true
	}
	if len(d.Rules) == 0 { // a denial for want of an allow
		return x.capability == "" && x.line == 0 && x.reason == d.Reason
	}
	return slices.ContainsFunc(d.Rules, func(r policy.Rule) bool {
		return (x.capability == "" || x.capability == r.Capability) && (x.line == 0 || x.line == r.Line) &&
			(x.reason == "" || x.reason == r.Reason)
	})
}

// String is "deny by a rule of notes in line 12 with the reason "…"".
func (x *expectation) String() string {
	text := x.effect
	if x.capability != "" {
		text += " by a rule of " + x.capability
	}
	if x.line != 0 {
		text += fmt.Sprintf(" by a rule in line %d", x.line)
	}
	if x.reason != "" {
		text += fmt.Sprintf(" with the reason %q", x.reason)
	}
	return text
}

// show is "deny: reason (capability at file:line, …)".
func show(d policy.Decision, err error) string {
	if err != nil {
		return "error: " + strings.TrimPrefix(err.Error(), "policy: ")
	}
	var rules []string
	for _, r := range d.Rules {
		text := fmt.Sprintf("%s at %s:%d", r.Capability, r.File, r.Line)
		if r.Reason != "" && r.Reason != d.Reason {
			text += fmt.Sprintf(" %q", r.Reason)
		}
		rules = append(rules, text)
	}
	text := d.Effect.String()
	if d.Reason != "" {
		text += fmt.Sprintf(" %q", d.Reason)
	}
	if len(rules) > 0 {
		text += " by " + strings.Join(rules, ", ")
	}
	return text
}
