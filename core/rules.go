package core

import (
	"context"
	"fmt"
	"io/fs"
	"slices"

	"github.com/sallyport/sallyport/policy"
)

// A ruleset is one revision of the policy with what the core keeps beside it.
// It never changes: a reload puts another in its place. A call takes the one
// that is in force when it comes in and asks no other, so that all that is
// decided about it belongs to one revision.
type ruleset struct {
	decider
	loaded *policy.Policy // what a reload starts from
	named  []string       // commands that the capabilities name
}

// A decider answers one call; *policy.Policy is the one outside tests.
type decider interface {
	Decide(ctx context.Context, in policy.Input) (policy.Decision, error)
	May(ctx context.Context, in policy.Input) policy.Effect
	Limits(ctx context.Context, in policy.Input) (policy.Limits, error)
	Reads(ctx context.Context, in policy.Input) ([]policy.Read, error)
	Revision() string
}

// newRules checks a loaded policy against the app.
func (app *App) newRules(p *policy.Policy) (*ruleset, error) {
	if err := app.files.checkWindows(p.Capabilities()); err != nil {
		return nil, err
	}
	return &ruleset{decider: p, loaded: p, named: p.Commands()}, nil
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

// warnUnknown says which rules can't hold, for their command isn't there.
func (app *App) warnUnknown(rules *ruleset) {
	unknown := slices.DeleteFunc(slices.Clone(rules.named), func(name string) bool { return app.commands[name] != nil })
	switch {
	case len(unknown) > 0:
		app.log.Warn("core: capabilities name commands that are not registered; a rule for a misspelt one never holds", "commands", unknown)
	case len(rules.named) == 0 && len(app.commands) > 0:
		app.log.Warn("core: no capability names any command; what none allows is denied", "capabilities", app.files.capabilitiesName)
	}
}

// testRules runs the tests that lie in a folder of capabilities. An error is
// that of the first one that fails.
func (app *App) testRules(ctx context.Context, folder fs.FS) error {
	if app.tests == nil {
		return nil
	}
	if err := app.tests(ctx, folder, policy.Config{Variables: app.variables, Platform: app.platform}); err != nil {
		return fmt.Errorf("core: %s: its tests: %w", app.files.capabilitiesName, err)
	}
	return nil
}
