package policy

import (
	"context"
	"slices"
	"time"
)

// Outlook is what is known of a call before its arguments.
type Outlook struct {
	Most    Effect // as [Policy.May] says
	Depends bool   // some calls get another effect or other reasons; false: every call gets Most
	Rules   []Rule // that always hold or could, in the order of file and line
}

// Outlook tells what can become of calls that are alike but for arguments, session, user, target and
// channel, which play no part here. An error means that none of them can be decided.
func (p *Policy) Outlook(ctx context.Context, in Input) (Outlook, error) {
	e, err := p.prepared(ctx, &in)
	if err != nil {
		return Outlook{}, err
	}
	o := Outlook{Most: e.most(), Depends: len(e.conditions) > 0, Rules: slices.Clone(e.held)}
	for _, c := range e.conditions {
		o.Rules = append(o.Rules, c.Rule)
	}
	slices.SortFunc(o.Rules, compareRules)
	return o, nil
}

// Holding lists the capabilities that hold for the window, origin, platform and time of a call, in
// the order of their names.
func (p *Policy) Holding(in Input) []Capability {
	if in.Platform == "" {
		in.Platform = p.platform
	}
	if in.Time.IsZero() {
		in.Time = time.Now()
	}
	k := &key{window: in.Window, platform: in.Platform, local: in.Local}
	page := pageOf(in.Origin)
	return slices.DeleteFunc(p.Capabilities(), func(c Capability) bool {
		return !c.holds(k, page) || c.expired(in.Time)
	})
}
