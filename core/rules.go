package core

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/internal/memfs"
	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/policy/policytest"
)

// A ruleset is one revision of the policy with what the core keeps beside it.
// It never changes: a reload puts another in its place. A call takes the one
// that is in force when it comes in and asks no other, so that all that is
// decided about it belongs to one revision.
type ruleset struct {
	decider
	loaded *policy.Policy // what a reload starts from
	named  []string       // commands that the capabilities name
	events []string       // that they name
	missed map[missed]*audits.Nearest
}

// A decider answers one call; *policy.Policy is the one outside tests.
type decider interface {
	Decide(ctx context.Context, in policy.Input) (policy.Decision, error)
	May(ctx context.Context, in policy.Input) policy.Effect
	Limits(ctx context.Context, in policy.Input) (policy.Limits, error)
	Reads(ctx context.Context, in policy.Input) ([]policy.Read, error)
	Revision() string
}

// recorded are rules of a decision as the record has them. Decisions share their
// rules, so those of the last one will mostly do.
func (c *command) recorded(of []policy.Rule) []audits.Rule {
	if len(of) == 0 {
		return nil
	}
	if last := c.last.Load(); last != nil && &last.from[0] == &of[0] && len(last.from) == len(of) {
		return last.to
	}
	to := make([]audits.Rule, len(of))
	for i, r := range of {
		to[i] = audits.Rule{Capability: r.Capability, File: r.File, Line: r.Line}
	}
	c.last.Store(&recordedRules{of, to})
	return to
}

type recordedRules struct {
	from []policy.Rule
	to   []audits.Rule
}

// newRules checks a loaded policy against the app.
func (app *App) newRules(p *policy.Policy) (*ruleset, error) {
	if err := app.files.checkWindows(p.Capabilities()); err != nil {
		return nil, err
	}
	return &ruleset{decider: p, loaded: p, named: p.Commands(), events: p.Events(), missed: make(map[missed]*audits.Nearest)}, nil
}

// loadRules reads a folder of capabilities as New does, but compiles only what
// differs from the rules in force.
func (app *App) loadRules(folder fs.FS) (*ruleset, error) {
	p, err := app.policy.Load().loaded.Reload(folder)
	if err != nil {
		return nil, inFolder(app.files.capabilitiesName, err)
	}
	return app.newRules(p)
}

// warnUnknown says which rules can't hold, for their command or event isn't there.
func (app *App) warnUnknown(rules *ruleset) {
	unknown := slices.DeleteFunc(slices.Clone(rules.named), func(name string) bool {
		return app.commands[name] != nil || len(app.listens) > 0 && (name == emitName || name == listenName)
	})
	undeclared := slices.DeleteFunc(slices.Clone(rules.events), func(name string) bool { return app.listens[name] != nil })
	if len(undeclared) > 0 {
		app.log.Warn("core: capabilities name events that are not declared; a rule for a misspelt one never holds", "events", undeclared)
	}
	switch {
	case len(unknown) > 0:
		app.log.Warn("core: capabilities name commands that are not registered; a rule for a misspelt one never holds", "commands", unknown)
	case len(rules.named) == 0 && len(app.commands) > 0:
		app.log.Warn("core: no capability names any command; what none allows is denied", "capabilities", app.files.capabilitiesName)
	}
}

// testRules runs the tests that lie in a folder of capabilities, as the command
// line does. An error is that of the first one that fails.
func (app *App) testRules(ctx context.Context, folder memfs.FS) error {
	if !hasTests(folder) { // which would load all of it once more
		return nil
	}
	report, err := policytest.Test(ctx, folder, policy.Config{Variables: app.variables})
	if err != nil {
		return inFolder(app.files.capabilitiesName, err)
	}
	failed := report.Failed()
	if len(failed) == 0 {
		return nil
	}
	more := ""
	if len(failed) > 1 {
		more = fmt.Sprintf(" (and %d more)", len(failed)-1)
	}
	first := failed[0]
	return fmt.Errorf("core: %s:%d: test %s fails%s; sallyport policy test shows why", path.Join(app.files.capabilitiesName, first.File), first.Line, first.Name, more)
}

// hasTests reports whether a folder holds Rego tests or fixtures.
func hasTests(folder memfs.FS) bool {
	for name := range folder {
		base := strings.TrimSuffix(name, path.Ext(name))
		if strings.HasSuffix(base, "_test") {
			return true
		}
	}
	return false
}
