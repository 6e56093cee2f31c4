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
	p := s.policies[f.input.Platform]
	d, err := p.Decide(ctx, f.input)
	r := Result{Name: f.name, Kind: Fixture, File: f.file, Line: f.line, Duration: time.Since(from)}
	r.Pass = f.expect.fits(d, err)
	if r.Pass && f.expect.limits != nil {
		limits, err := p.Limits(ctx, f.input)
		r.Pass = err == nil && limits == *f.expect.limits
		if !r.Pass {
			r.Expected, r.Got = "limits "+showLimits(*f.expect.limits), "limits "+showLimits(limits)
		}
		return r
	}
	if !r.Pass {
		r.Expected, r.Got = f.expect.String(), show(d, err)
		for _, rule := range d.Rules {
			r.Rules = append(r.Rules, Rule{rule.Capability, rule.File, rule.Line, rule.Reason})
		}
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

// show is the effect with the first reason, or the error.
func show(d policy.Decision, err error) string {
	switch {
	case err != nil:
		return "error: " + strings.TrimPrefix(err.Error(), "policy: ")
	case d.Reason != "":
		return fmt.Sprintf("%v %q", d.Effect, d.Reason)
	}
	return d.Effect.String()
}

func showLimits(l policy.Limits) string {
	var parts []string
	add := func(name string, n float64) {
		if n != 0 {
			parts = append(parts, fmt.Sprintf("%s %v", name, n))
		}
	}
	add("calls_per_second", l.CallsPerSecond)
	add("burst", float64(l.Burst))
	add("concurrency", float64(l.Concurrency))
	add("bytes", float64(l.Bytes))
	add("bytes_per_second", l.BytesPerSecond)
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, ", ")
}
