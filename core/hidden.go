package core

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sallyport/sallyport/policy"
)

// hides reports whether a command does not exist as far as a window's page can
// see: none of its name is registered (c is nil), or there are no arguments at
// all that the policy could allow, or ask about where there is somebody to
// ask. A hidden command has the app's limits, no budget of
// its own and no schema before the policy denies it, which is still asked for
// the sake of the record.
func (app *App) hides(ctx context.Context, rules *ruleset, w *window, c *command, now time.Time) (hidden bool) {
	if c == nil {
		return true
	}
	defer func() {
		if recover() != nil { // Decide will meet it too, where it is logged and denies one call
			hidden = true
		}
	}()
	switch rules.May(ctx, app.outline(w, c, now)) {
	case policy.Allow:
		return false
	case policy.Ask:
		return app.config.Prompter == nil
	}
	return true
}

// outline is what the policy is told of a window's calls of a command before
// there is one.
func (app *App) outline(w *window, c *command, now time.Time) policy.Input {
	return policy.Input{
		Window:   w.label,
		Origin:   w.origin,
		Command:  c.name,
		Event:    c.event,
		Platform: app.platform,
		Local:    true, // every page host is the app's own
		Time:     now,
	}
}

// prepare checks a policy against the app's windows and commands before it is in
// force, and so has it work out what it keeps for each of them: no frame waits for
// that, nor tells a page by its waiting which commands there are.
func (app *App) prepare(rules *ruleset) error {
	now := time.Now()
	for _, label := range slices.Sorted(maps.Keys(app.windows)) {
		for key, c := range app.all() {
			w := app.windows[label]
			app.foresee(rules, w, c, now)
			if _, err := rules.Limits(context.Background(), app.outline(w, c, now)); err != nil {
				return fmt.Errorf("%w (for command %s of window %s)", inFolder(app.files.capabilitiesName, err), key, label)
			}
		}
	}
	return app.checkReads(rules)
}
