//go:build sallyport_describe

package core

import (
	"fmt"
	"maps"
	"os"
	"path"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/sallyport/sallyport/schema"
)

// A description is what a program built with the tag sallyport_describe prints in place of
// starting. Package internal/contract reads it.
type description struct {
	Version  int         `json:"sallyport_describe"`
	App      string      `json:"app"`
	Commands []string    `json:"commands"`
	Schemas  []described `json:"schemas"`
}

type described struct {
	Side   string `json:"side"`
	Name   string `json:"name"`
	Type   string `json:"type"`   // the Go type on that side; "" if none is known
	Origin string `json:"origin"` // a file of the app, or what was made of the Go type
	Source string `json:"source"`
}

// describe prints what the app is to standard output, alone on the last line, and ends the program.
func (app *App) describe() {
	d := description{Version: 1, App: app.name, Commands: slices.Sorted(maps.Keys(app.handlers))}
	for _, side := range schema.Sides() {
		for _, name := range app.schemas.Names(side) {
			origin := app.schemas.File(side, name)
			if !app.made[schemaKey{side, name}] {
				origin = path.Join(app.files.schemasName, origin)
			}
			d.Schemas = append(d.Schemas, described{side.String(), name, app.typeOn(side, name), origin, string(app.schemas.Source(side, name))})
		}
	}
	text, err := json.Marshal(d)
	if err == nil {
		_, err = fmt.Printf("\n%s\n", text)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "core: the app can't be described:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// typeOn names the Go type on a side of a command, or of an event.
func (app *App) typeOn(side schema.Side, name string) string {
	if side == schema.Event && app.events[name] != nil {
		return app.events[name].payload.name
	}
	switch t := app.types[name]; side {
	case t.takes.side:
		return t.takes.name
	case t.returns.side:
		return t.returns.name
	case t.uploads.side:
		return t.uploads.name
	case t.streams.side:
		return t.streams.name
	}
	return ""
}
