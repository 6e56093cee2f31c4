package core

import (
	"fmt"
	"maps"
	"slices"

	"github.com/sallyport/sallyport/schema"
)

// eventTypes compares the Go types of events with the schemas that they have,
// and makes those that they lack, as bindTypes does for commands.
func (app *App) eventTypes() (made []schema.Source, err error) {
	for _, name := range slices.Sorted(maps.Keys(app.events)) {
		g := app.events[name].payload
		if g.drift == nil {
			continue // a file alone says what it carries
		}
		file := app.place(schema.Event, name)
		if app.schemas.File(schema.Event, name) != "" {
			if err := g.drift(app.schemas, name, file); err != nil {
				return nil, err
			}
			continue
		}
		text, err := g.make()
		if err != nil {
			return nil, fmt.Errorf("core: event %q has no %s, and no schema can be made of %s: %w", name, file, g.name, err)
		}
		if isOpen(text) {
			return nil, fmt.Errorf("core: event %q has no schema, and %s is any value; expected one in %s", name, g.name, file)
		}
		origin := fmt.Sprintf("the schema of %s (event of %s)", g.name, name)
		made = append(made, schema.Source{Side: schema.Event, Name: name, Origin: origin, Text: text})
	}
	return made, nil
}

// bindEvents makes the built-in commands of the declared events, each of which
// needs a schema.
func (app *App) bindEvents() error {
	app.emits, app.listens = make(map[string]*command), make(map[string]*command)
	for _, name := range slices.Sorted(maps.Keys(app.events)) {
		e := app.events[name]
		if app.schemas.Schema(schema.Event, name) == nil {
			return fmt.Errorf("core: event %q has no schema; expected it in %s, or an event declared with core.Event, of whose Go type it is made", name, app.place(schema.Event, name))
		}
		app.emits[name] = app.builtin(emitName, name, e.receive)
		app.listens[name] = app.builtin(listenName, name, e.listen)
	}
	return nil
}
