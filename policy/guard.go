package policy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// What is prepared is a copy of the policy in another form, made by more code than anyone wants to trust
// blindly. So it is compared with the policy itself, evaluated in full by OPA: on probes before it decides anything,
// and on a share of live calls afterwards. One disagreement ends the trust in that revision: all its calls are
// evaluated in full from there on, and the one at hand is denied.

// maxProbes bounds how many made-up calls an entry is tried on before it is trusted. One is enough where
// no rule reads what differs from call to call.
const maxProbes = 12

// every is the distance between the live calls of one entry that are decided both ways, once it has
// answered so many; before that it is every call whose number is a power of two.
const every = 4096

// errDistrusted ends the call on which the two ways differed.
var errDistrusted = errors.New("policy: the prepared decision and the full evaluation differ; the call is denied and the revision evaluated in full from here on")

// try compares a new entry with the full evaluation on probes. It reports whether they agree.
func (p *Policy) try(ctx context.Context, k *key, e *entry, t time.Time) bool {
	if t.IsZero() {
		t = time.Now()
	}
	for _, args := range e.probes(p.lexicon) {
		in := &Input{Window: k.window, Origin: k.origin, Command: k.command, Platform: k.platform, Local: k.local, Session: "probe", Args: args, Time: t}
		d, err := e.decision, error(nil)
		if len(e.conditions) > 0 {
			d, err = p.evaluate(ctx, e, in)
		}
		if ctx.Err() != nil {
			return true // nothing is known, and the caller's call ends
		}
		if !p.agrees(ctx, k, e, in, d, err, false) {
			return false
		}
		e.probed++
	}
	return true
}

// agrees evaluates a call in full and compares. An error of the prepared decision denies, and so is never worse.
// Where the full evaluation alone fails, partial evaluation may have left out what failed, since a condition on
// what is known made it idle. On a probe, whose arguments no schema has seen, that is to be expected. A live
// call is not allowed then.
func (p *Policy) agrees(ctx context.Context, k *key, e *entry, in *Input, d Decision, err error, live bool) bool {
	want, wantErr := p.full(ctx, k, e, in)
	switch {
	case ctx.Err() != nil, err != nil:
		return true
	case wantErr != nil && (d.Effect == Deny || !live):
		return true
	case wantErr == nil && d.Effect == want.Effect && slices.Equal(d.Rules, want.Rules):
		return true
	}
	p.distrust(k, d, want, wantErr)
	return false
}

// distrust ends the trust in all that was prepared of this revision, and says so once.
func (p *Policy) distrust(k *key, d, want Decision, wantErr error) {
	if p.distrusted.Swap(true) || p.config.Alarm == nil {
		return
	}
	full := want.Effect.String() + places(want.Rules)
	if wantErr != nil {
		full = "an error"
	}
	p.config.Alarm(fmt.Errorf("policy: revision %s, window %s, command %s: the prepared decision is %s%s, the full evaluation %s; "+
		"all calls of this revision are evaluated in full from here on, which is slower; please report it",
		p.revision, k.window, k.command, d.Effect, places(d.Rules), full))
}

func places(rules []Rule) string {
	text := ""
	for _, r := range rules {
		text += fmt.Sprintf(" %s:%d", r.File, r.Line)
	}
	return text
}

// sampled says whether a live call of an entry is one to decide both ways.
func (e *entry) sampled() bool {
	n := e.answered.Add(1)
	return n&(n-1) == 0 && n < every || n%every == 0
}

// Distrusted reports whether a prepared decision differed from the full evaluation, so that all calls are
// evaluated in full.
func (p *Policy) Distrusted() bool { return p.distrusted.Load() }
