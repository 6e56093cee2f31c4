package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/internal/contract"
	"github.com/sallyport/sallyport/internal/manifest"
	"github.com/sallyport/sallyport/schema"
)

func newSchemaCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "schema",
		Short: "Check and print an app's schemas, and try documents on them",
		Long: `Schema works on a folder of schema files, or on the folder of an app, the one
with its sallyport.json, which says where its schemas are. A schema is named
<command>.input.json, <command>.output.json, <command>.channel.json (an item
that a command streams), <command>.upload.json (an item that the page streams)
or <event>.event.json; files of other names are ignored.

Unless a command says otherwise it exits with 0 when what was asked holds, 1
when it does not, and 2 when a schema can't be used or the question could not
be asked.`,
		Example: `  sallyport schema check ./examples/notes
  sallyport schema print . --command notes.save --side input
  sallyport schema validate ./schemas --command notes.save --input args.json`,
		Args:                       noSuchCommand,
		SuggestionsMinimumDistance: 2,
		RunE:                       func(c *cobra.Command, _ []string) error { return printHelp(c) },
	}
	c.AddCommand(
		newSchemaCheckCommand(),
		newSchemaPrintCommand(),
		newSchemaValidateCommand(),
	)
	return c
}

// appFlag lets a command take in the schemas that an app makes of Go types.
func appFlag(c *cobra.Command, app *string) {
	c.Flags().StringVar(app, "app", "", "main package of the app, as for go build: it is built and asked for the schemas that it makes of Go types")
}

// loadContract compiles all schemas of dir and app, and says so on errOut if it takes long.
func loadContract(ctx context.Context, errOut io.Writer, dir, app string) (*contract.Contract, error) {
	if err := wantFolder(dir); err != nil {
		return nil, err
	}
	doing := "compiling the schemas of " + inLine(dir)
	if app != "" {
		doing = "building " + inLine(app) + " and asking it for its schemas"
	}
	done := patience(errOut, "sallyport: "+doing+"…")
	read, err := contract.Load(ctx, dir, app)
	done()
	if err != nil {
		return nil, plainly(err)
	}
	return read, nil
}

// wantFolder says what to name instead of what is no folder.
func wantFolder(dir string) error {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("%s is not a folder that can be read; name one of schemas, or an app's, the one with its %s", inLine(dir), manifest.FileName)
	}
	return nil
}

// plainly is an error of contract or schema without the name of a package, on one line where it
// names a file.
func plainly(err error) error {
	var at *schema.FileError
	if errors.As(err, &at) {
		return fmt.Errorf("%s: %s", place(at.File, at.Line), inLine(at.Err.Error()))
	}
	text := err.Error()
	for _, prefix := range []string{"contract: ", "schema: ", "manifest: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return errors.New(text)
}

// place is file and line as an editor takes them. A file's name may be anything.
func place(file string, line int) string {
	if line == 0 {
		return inLine(file)
	}
	return fmt.Sprintf("%s:%d", inLine(file), line)
}
