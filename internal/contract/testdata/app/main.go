// Command app is one that the test of Load lets describe itself.
package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"testing/fstest"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/core"
	"github.com/sallyport/sallyport/isolation"
)

//go:embed schemas
var files embed.FS

type save struct {
	Path string `json:"path" jsonschema:"pattern=^/notes/"`
}

type note struct {
	Text string `json:"text"`
}

func main() {
	fmt.Println("an app may print what it likes")
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("it has started")
}

func run() error {
	if os.Getenv("SALLYPORT_TEST_BROKEN") != "" {
		return errors.New("no database to be found")
	}
	if os.Getenv("SALLYPORT_TEST_IDLE") != "" {
		return nil
	}
	schemas, err := fs.Sub(files, "schemas")
	if err != nil {
		return err
	}
	app, err := core.New(core.Config{
		Name:         "described",
		Schemas:      schemas,
		Capabilities: fstest.MapFS{},
		Hook:         []byte("sallyport.onCall((call) => call);"),
		Windows:      []isolation.Window{{Label: "main", Page: fstest.MapFS{"index.html": {Data: []byte("<!doctype html>")}}}},
		Record:       audits.NewMemory(1),
	})
	if err != nil {
		return err
	}
	if os.Getenv("SALLYPORT_TEST_PANIC") != "" {
		core.Command(app, "notes.save", func(context.Context, chan int) (note, error) { return note{}, nil })
	}
	core.Command(app, "notes.save", func(context.Context, save) (note, error) { return note{}, nil })
	core.Command(app, "notes.read", func(context.Context, save) (struct{}, error) { return struct{}{}, nil })
	app.Handle("notes.any", func(context.Context, *core.Request) (any, error) { return nil, nil })
	return app.StartInProcess()
}
