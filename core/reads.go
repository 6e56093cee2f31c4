package core

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"time"

	"github.com/sallyport/sallyport/schema"
)

// checkReads refuses a deny or ask rule that looks at an argument which the
// command's schema does not guarantee: where the argument is absent or of
// another type, the rule would not hold, and the call would be allowed.
func (app *App) checkReads(rules decider) error {
	now := time.Now()
	for _, label := range slices.Sorted(maps.Keys(app.windows)) {
		for _, name := range slices.Sorted(maps.Keys(app.commands)) {
			reads, err := rules.Reads(context.Background(), app.outline(app.windows[label], app.commands[name], now))
			if err != nil {
				continue // no call of it can be decided, so that none is allowed
			}
			for _, r := range reads {
				if !app.schemas.Guarantees(name, r.Path) {
					return fmt.Errorf("core: %s:%d: a rule of kind %s reads %v, which %s does not guarantee; "+
						"require it there with a type, and all that it is in, or name in the rule the commands that it is for",
						path.Join(app.files.capabilitiesName, r.File), r.Line, r.Kind, r,
						app.place(schema.Input, name))
				}
			}
		}
	}
	return nil
}
