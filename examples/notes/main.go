// Command notes is the smallest real app behind Sallyport: four commands, an
// event by which its windows follow each other, a capability file, schemas, a
// hook and a page. It keeps its notes as Markdown files in the user's data
// folder, and says on standard error what it does.
package main

import (
	"context"
	"embed"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/sallyport/sallyport/core"
)

//go:embed sallyport.json schemas capabilities hook.js page
var files embed.FS

func main() {
	app, err := newApp(core.Config{Files: files})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := app.Run(ctx); err != nil {
		log.Fatal(err)
	}
}

func newApp(config core.Config) (*core.App, error) {
	app, err := core.New(config)
	if err != nil {
		return nil, err
	}
	if _, err := app.Root(folder); err != nil { // makes it
		return nil, err
	}
	n := notebook{core.Event[Change](app, "notes.changed")}
	core.Command(app, "notes.list", list)
	core.Command(app, "notes.search", search)
	core.Command(app, "notes.save", n.save)
	core.Command(app, "notes.delete", n.remove)
	return app, nil
}
