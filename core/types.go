package core

import (
	"errors"
	"fmt"
	"path"
	"reflect"

	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/schema"
)

// goTypes is what a command's Go types say of its schemas.
type goTypes struct{ takes, returns, uploads, streams goType }

// A goType is the type on one side of a command. The zero goType knows nothing.
type goType struct {
	side  schema.Side
	name  string                                           // as Go code has it
	make  func() ([]byte, error)                           // its schema; nil if it stands for no value
	drift func(s *schema.Set, command, place string) error // says how a schema of the set contradicts it
}

func typesOf[A, R any]() goTypes {
	t := goTypes{
		takes:   goType{schema.Input, reflect.TypeFor[A]().String(), schema.Of[A], driftOf[A](schema.Input)},
		returns: goType{schema.Output, reflect.TypeFor[R]().String(), schema.Written[R], driftOf[R](schema.Output)},
	}
	if reflect.TypeFor[R]() == reflect.TypeFor[struct{}]() {
		t.returns.make, t.returns.drift = nil, wantsNull
	}
	return t
}

// streamType is what the type of a stream's items says of their schema; nothing
// where there is no stream.
func streamType[T any](side schema.Side) goType {
	if isNone[T]() {
		return goType{}
	}
	g := goType{side, reflect.TypeFor[T]().String(), schema.Of[T], driftOf[T](side)}
	if side == schema.Channel {
		g.make = schema.Written[T]
	}
	return g
}

// wants is which streams a command has.
func (t goTypes) wants() (w isolation.Wants) {
	if t.uploads.drift != nil {
		w |= isolation.WantsUpload
	}
	if t.streams.drift != nil {
		w |= isolation.WantsItems
	}
	return w
}

// driftOf compares with a schema that the set has.
func driftOf[T any](side schema.Side) func(s *schema.Set, name, place string) error {
	what := "command"
	if side == schema.Event {
		what = "event"
	}
	return func(s *schema.Set, name, place string) error {
		err := schema.Drift[T](s, side, name)
		if e, ok := errors.AsType[*schema.DriftError](err); ok {
			return fmt.Errorf("core: %s %q: %s:%d does not fit the Go type %v: %s: %s", what, name, place, e.Line, e.Type, e.Field, e.Problem)
		}
		if err != nil {
			return fmt.Errorf("core: %s %q: %v: %w", what, name, reflect.TypeFor[T](), err)
		}
		return nil
	}
}

// wantsNull compares with a result of struct{}, which is sent as null.
func wantsNull(s *schema.Set, command, place string) error {
	nothing, err := schema.Parse(null, schema.Limits{})
	if err == nil {
		err = s.ValidateOutput(command, nothing)
	}
	if err != nil {
		return fmt.Errorf(`core: command %q: %s does not fit the Go type struct{}, which stands for no result and is sent as null; write {"type":"null"}, remove the file, or return a value: %w`, command, place, err)
	}
	return nil
}

// bindTypes compares the types of a command with the schemas that it has, and makes those that it
// lacks. A type of which a schema would take everything has none: the command of such an
// argument needs a file, and one of such a result returns null until it has one.
func (app *App) bindTypes(command string) (made []schema.Source, err error) {
	t := app.types[command]
	for _, g := range []goType{t.takes, t.returns, t.uploads, t.streams} {
		if g.drift == nil {
			continue // the handler takes the request itself, or there is no such stream
		}
		file := app.place(g.side, command)
		if app.schemas.File(g.side, command) != "" {
			if err := g.drift(app.schemas, command, file); err != nil {
				return nil, err
			}
			continue
		}
		if g.make == nil {
			continue
		}
		text, err := g.make()
		if err != nil {
			return nil, fmt.Errorf("core: command %q has no %s, and no schema can be made of %s: %w", command, file, g.name, err)
		}
		switch {
		case !isOpen(text):
			origin := fmt.Sprintf("the schema of %s (%v of %s)", g.name, g.side, command)
			made = append(made, schema.Source{Side: g.side, Name: command, Origin: origin, Text: text})
		case g.side == schema.Input:
			return nil, fmt.Errorf("core: command %q has no input schema, and %s takes any value; expected one in %s", command, g.name, file)
		case g.side != schema.Output:
			return nil, fmt.Errorf("core: command %q has no schema of what it streams, and %s is any value; expected one in %s", command, g.name, file)
		}
	}
	return made, nil
}

// isOpen reports whether a generated schema says nothing at all.
func isOpen(text []byte) bool {
	v, err := schema.Parse(text, schema.Limits{})
	return err == nil && v.Len() == 1 // $schema
}

// strayFile refuses a schema file for no command where another of that side is made of a Go type:
// under a misspelt name it would bound nothing, and its command would have the wider schema of its
// type. Where none is made, a command that lacks its file is refused, or returns nothing.
func (app *App) strayFile(made []schema.Source) error {
	for _, m := range made {
		for _, name := range app.schemas.Names(m.Side) {
			if m.Side == schema.Event && app.events[name] == nil {
				return fmt.Errorf("core: %s is for an event that is not declared; name it after one that is, or remove it: where a file is missing, as that of %q, the Go type alone bounds the payload",
					app.place(m.Side, name), m.Name)
			}
			if m.Side != schema.Event && app.handlers[name] == nil {
				return fmt.Errorf("core: %s is for a command that is not registered; name it after one that is, or remove it: where a file is missing, as that of %q, the Go type alone bounds the %v",
					app.place(m.Side, name), m.Name, m.Side)
			}
		}
	}
	return nil
}

// strayStream refuses a schema file for a stream that no command has: under a
// misspelt name it would bound nothing.
func (app *App) strayStream() error {
	for _, side := range []schema.Side{schema.Upload, schema.Channel} {
		for _, name := range app.schemas.Names(side) {
			has := isolation.WantsItems
			if side == schema.Upload {
				has = isolation.WantsUpload
			}
			switch {
			case app.handlers[name] == nil:
				return fmt.Errorf("core: %s is for a command that is not registered; name it after one that is, or remove it", app.place(side, name))
			case app.types[name].wants()&has == 0:
				return fmt.Errorf("core: %s is for a stream that command %q does not have; register the command with core.Stream, or remove the file", app.place(side, name), name)
			}
		}
	}
	return nil
}

// place is where a command's schema of a side stands, for errors.
func (app *App) place(side schema.Side, command string) string {
	file := app.schemas.File(side, command)
	switch {
	case app.made[schemaKey{side, command}]:
		return file
	case file == "": // where it is expected
		file = side.FileName(command)
	}
	return path.Join(app.files.schemasName, file)
}

// A schemaKey is what a schema is about.
type schemaKey struct {
	side schema.Side
	name string
}
