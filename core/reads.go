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
// another type, the rule would not hold, and the call would be allowed. Listens
// are left out, whose arguments are the core's.
func (app *App) checkReads(rules decider) error {
	now := time.Now()
	for _, label := range slices.Sorted(maps.Keys(app.windows)) {
		for _, c := range app.all() {
			if c.name == listenName {
				continue
			}
			reads, err := rules.Reads(context.Background(), app.outline(app.windows[label], c, now))
			if err != nil {
				continue // no call of it can be decided, so that none is allowed
			}
			side, name := schema.Input, c.name
			if c.event != "" {
				side, name = schema.Event, c.event
			}
			for _, r := range reads {
				if !app.schemas.GuaranteesOn(side, name, r.Path) {
					return fmt.Errorf("core: %s:%d: a rule of kind %s reads %v, which %s does not guarantee; "+
						"require it there with a type, and all that it is in, or name in the rule the commands that it is for",
						path.Join(app.files.capabilitiesName, r.File), r.Line, r.Kind, r,
						app.place(side, name))
				}
			}
		}
	}
	return nil
}
