package demo

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/sallyport/sallyport/core"
)

// benignCase is what the page calls the stretch in which it makes no attack.
const benignCase = "benign"

// A state is what the page needs to draw itself.
type state struct {
	Auto    bool       `json:"auto"` // run by yourself; said to one document only
	Binding string     `json:"binding"`
	Direct  string     `json:"direct"`   // folder of the unprotected side
	Folder  string     `json:"isolated"` // of the protected one
	Policy  string     `json:"policy"`   // the capability file
	File    string     `json:"file"`     // and its name
	Words   string     `json:"words"`    // that the app saves in the pollution case
	Attacks []row      `json:"attacks"`
	Cases   []caseView `json:"cases"` // that were run before
}

type row struct {
	Name    string `json:"name"`
	Summary string `json:"summary"`
	Harm    string `json:"harm"`
	Guard   string `json:"guard"`
}

// A caseView is a case with what the page draws beside it.
type caseView struct {
	Case
	Holds   bool       `json:"holds"`
	Problem string     `json:"problem"`
	Calls   []callView `json:"calls"`
}

type caseArgs struct {
	Case string `json:"case"`
}

func (d *demo) state(context.Context, struct{}) (state, error) {
	policy, err := fs.ReadFile(d.files, capabilities+"/notes.rego")
	if err != nil {
		return state{}, err
	}
	s := state{
		Binding: d.binding.origin + "/call",
		Direct:  filepath.ToSlash(d.plain.folder),
		Folder:  filepath.ToSlash(d.isolated.folder),
		Policy:  string(policy),
		File:    capabilities + "/notes.rego",
		Words:   pollutionText,
		Attacks: []row{},
		Cases:   []caseView{},
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	s.Auto, d.started = d.config.Auto && !d.started, true
	for _, a := range attacks() {
		s.Attacks = append(s.Attacks, row{a.name, a.summary, a.harm, a.guard})
		if shown, ok := d.shown[a.name]; ok {
			s.Cases = append(s.Cases, shown)
		}
	}
	return s, nil
}

// begin marks where an attack begins.
func (d *demo) begin(_ context.Context, args caseArgs) (struct{}, error) {
	if err := errors.Join(d.plain.reset(), d.isolated.reset()); err != nil {
		return struct{}{}, err
	}
	d.binding.elsewhere.forget()
	m := d.mark()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.current, d.begun = args.Case, m
	return struct{}{}, nil
}

// end judges what has happened since begin.
func (d *demo) end(ctx context.Context, args caseArgs) (caseView, error) {
	d.mu.Lock()
	current, m := d.current, d.begun
	d.current = ""
	d.mu.Unlock()
	if current != args.Case {
		return caseView{}, core.Visible(errors.New("that case was not begun"))
	}
	said := ""
	if current == strangerCase {
		said = d.binding.elsewhere.report(ctx)
	}
	e := d.since(m)
	e.said = said
	if current == benignCase {
		return d.endBenign(e), nil
	}
	for _, a := range attacks() {
		if a.name == current {
			c := a.judge(e)
			shown := caseView{c, c.Holds, c.Problem, views(e.records)}
			d.mu.Lock()
			defer d.mu.Unlock()
			d.cases[a.name], d.shown[a.name] = c, shown
			return shown, nil
		}
	}
	return caseView{}, core.Visible(errors.New("there is no such case"))
}

func (d *demo) endBenign(e evidence) caseView {
	b := judgeBenign(e)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.benign = b
	return caseView{Case: Case{Name: benignCase, Direct: Executed, Isolated: Executed}, Holds: b.OK == b.Calls, Calls: views(e.records)}
}

type callsArgs struct {
	After int `json:"after"`
}

type callsResult struct {
	Next  int        `json:"next"`
	Calls []callView `json:"calls"`
}

// calls shows the calls on record after a place in the ledger.
func (d *demo) calls(_ context.Context, args callsArgs) (callsResult, error) {
	next := d.ledger.count()
	return callsResult{next, views(d.ledger.since(min(max(args.After, 0), next)))}, nil
}

type summary struct {
	Passed bool   `json:"passed"`
	Benign Benign `json:"benign"`
}

type finishArgs struct {
	Problem string `json:"problem"` // why the page could not go on, "" if it came to the end
}

// finish ends a run.
func (d *demo) finish(ctx context.Context, args finishArgs) (summary, error) {
	d.mu.Lock()
	r := report(d.config.Browser, d.cases, d.benign)
	r.problem = args.Problem
	r.Passed = r.Passed && r.problem == ""
	d.mu.Unlock()
	select {
	case d.reports <- r:
	case <-ctx.Done():
		return summary{}, ctx.Err()
	}
	return summary{r.Passed, r.Benign}, nil
}
