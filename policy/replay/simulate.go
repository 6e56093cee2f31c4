package replay

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/policy"
)

// The directions of a change, for the page.
const (
	Gain  = "gain"  // more is permitted than was
	Loss  = "loss"  // less
	Other = "other" // as much, in another way: another question, an error for a denial
)

// A Simulation is what another policy says on recorded calls.
type Simulation struct {
	Inputs    int      `json:"inputs"`    // that were read
	Different int      `json:"different"` // of them, what the policy decides otherwise
	Revision  string   `json:"revision"`  // of the policy, under the variables of the first input
	Changes   []Change `json:"changes"`   // gains first; of each, the most frequent first
}

// A Change is recorded calls of one command in one window that are decided otherwise in one way.
type Change struct {
	Direction string          `json:"direction"`
	Window    string          `json:"window"`
	Origin    string          `json:"origin"`
	Command   string          `json:"command"`
	Count     int             `json:"count"`
	Lines     []int           `json:"lines"` // of the file, the first of them
	Args      json.RawMessage `json:"args"`  // of the first
	Was       Verdict         `json:"was"`
	Now       Verdict         `json:"now"`
}

// maxLines bounds Change.Lines.
const maxLines = 10

// A Folder is capabilities that can be loaded under any variables.
type Folder struct {
	Files fs.FS
	// Variables are for those that the capabilities name and the recorded calls don't
	// know, because they are new.
	Variables map[string]string
}

// Simulate lets the capabilities of a folder decide recorded calls, each at the time and with the
// variables and platform it was recorded with.
func Simulate(ctx context.Context, folder Folder, inputs io.Reader) (Simulation, error) {
	return simulate(ctx, folder, inputs, func(call Recorded) (Verdict, error) { return call.Was, nil })
}

// SimulateBoth lets two folders decide recorded calls, whatever was said when they were recorded.
func SimulateBoth(ctx context.Context, was, now Folder, inputs io.Reader) (Simulation, error) {
	policies := newLoader(was)
	return simulate(ctx, now, inputs, func(call Recorded) (Verdict, error) {
		p, err := policies.load(call.Input.Platform, call.Variables)
		if err != nil {
			return Verdict{}, err
		}
		return decide(ctx, p, call.Input)
	})
}

func simulate(ctx context.Context, folder Folder, inputs io.Reader, was func(Recorded) (Verdict, error)) (Simulation, error) {
	s := Simulation{Changes: []Change{}}
	policies := newLoader(folder)
	found := make(map[string]*Change)
	for call, err := range Read(inputs) {
		if err != nil {
			return Simulation{}, err
		}
		p, err := policies.load(call.Input.Platform, call.Variables)
		if err != nil {
			return Simulation{}, err
		}
		s.Inputs++
		s.Revision = cmp.Or(s.Revision, p.Revision())
		if call.Was, err = was(call); err != nil {
			return Simulation{}, err
		}
		now, err := decide(ctx, p, call.Input)
		if err != nil {
			return Simulation{}, err
		}
		if direction := directionOf(call.Was, now); direction != "" {
			s.Different++
			note(found, call, direction, now)
		}
	}
	if s.Inputs == 0 { // a broken folder is broken without any call
		p, err := policies.load("", nil)
		if err != nil {
			return Simulation{}, err
		}
		s.Revision = p.Revision()
	}
	for _, c := range found {
		s.Changes = append(s.Changes, *c)
	}
	slices.SortFunc(s.Changes, compareChanges)
	return s, nil
}

// decide is what p says; the error is that of ctx alone.
func decide(ctx context.Context, p *policy.Policy, in policy.Input) (Verdict, error) {
	d, err := p.Decide(ctx, in)
	if ctx.Err() != nil {
		return Verdict{}, context.Cause(ctx)
	}
	return NewVerdict(d, err), nil
}

// directionOf is how a verdict changed, "" if it did not. What a denial says is for developers
// and no difference; what a question says is.
func directionOf(was, now Verdict) string {
	a, b := rank(was.Effect), rank(now.Effect)
	switch {
	case b > a:
		return Gain
	case b < a:
		return Loss
	case was.Effect != now.Effect, was.Effect == policy.Ask.String() && was.Reason != now.Reason:
		return Other
	}
	return ""
}

// rank orders effects by what they let a page do.
func rank(effect string) int {
	switch effect {
	case policy.Allow.String():
		return 2
	case policy.Ask.String():
		return 1
	}
	return 0
}

func note(found map[string]*Change, call Recorded, direction string, now Verdict) {
	key, _ := json.Marshal([]any{call.Input.Window, call.Input.Origin, call.Input.Command, call.Was, now}) // plain data
	c := found[string(key)]
	if c == nil {
		c = &Change{
			Direction: direction, Window: call.Input.Window, Origin: call.Input.Origin, Command: call.Input.Command,
			Args: json.RawMessage("null"), Was: call.Was, Now: now,
		}
		if call.Input.Args != nil {
			c.Args = call.Input.Args.AppendJSON(nil)
		}
		found[string(key)] = c
	}
	c.Count++
	if len(c.Lines) < maxLines {
		c.Lines = append(c.Lines, call.Line)
	}
}

func compareChanges(a, b Change) int {
	order := map[string]int{Gain: 0, Loss: 1, Other: 2}
	return cmp.Or(cmp.Compare(order[a.Direction], order[b.Direction]), cmp.Compare(b.Count, a.Count),
		strings.Compare(a.Command, b.Command), strings.Compare(a.Window, b.Window), cmp.Compare(a.Lines[0], b.Lines[0]))
}

// A loader keeps a folder's policy for each platform and set of variables.
type loader struct {
	folder Folder
	loaded map[string]*policy.Policy
}

func newLoader(f Folder) *loader { return &loader{f, make(map[string]*policy.Policy)} }

func (l *loader) load(platform string, variables map[string]string) (*policy.Policy, error) {
	all := maps.Clone(l.folder.Variables)
	if all == nil {
		all = make(map[string]string)
	}
	maps.Copy(all, variables)
	key := fmt.Sprintf("%q %q", platform, all)
	if p := l.loaded[key]; p != nil {
		return p, nil
	}
	p, err := policy.Load(l.folder.Files, policy.Config{Variables: all, Platform: platform})
	if err == nil {
		l.loaded[key] = p
	}
	return p, err
}
