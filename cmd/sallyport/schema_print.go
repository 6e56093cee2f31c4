package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/internal/contract"
	"github.com/sallyport/sallyport/schema"
)

// printedSchemas is what `sallyport schema print --json` prints.
type printedSchemas struct {
	App      string          `json:"app,omitempty"` // its name
	Revision string          `json:"revision"`      // of all schemas, also of those that were not asked for
	Schemas  []printedSchema `json:"schemas"`
}

type printedSchema struct {
	Name   string          `json:"name"` // of the command or the event
	Side   string          `json:"side"`
	File   string          `json:"file"`   // its base name, as --out writes it
	Origin string          `json:"origin"` // the file that it was read from, or the Go type that it was made of
	Schema json.RawMessage `json:"schema"` // as its author wrote it

	source []byte
}

// printFlags say which schemas are asked for; empty ones all.
type printFlags struct {
	app, command, event, side, out string
	json                           bool
}

func newSchemaPrintCommand() *cobra.Command {
	var flags printFlags
	c := &cobra.Command{
		Use:   "print [DIR]",
		Short: "Print the schemas in force, those made of Go types too",
		Long: `Print shows the schemas in DIR (the current folder if left out) as they are
written; with --app also those that the app makes of Go types. One schema alone
is printed as its file, several with a line above each that says where it comes
from.

It exits with 0, or with 2 when a schema can't be used or there is none of what
was asked for.`,
		Example: `  sallyport schema print ./examples/notes
  sallyport schema print . --command notes.save --side input
  sallyport schema print . --app ./cmd/notes --out ./schemas.now`,
		Args: atMost(1),
		RunE: func(c *cobra.Command, args []string) error {
			read, err := loadContract(c.Context(), c.ErrOrStderr(), argument(args, "."), flags.app)
			if err != nil {
				return err
			}
			found, err := flags.find(read)
			if err != nil {
				return err
			}
			if flags.out != "" {
				if err := writeSchemas(flags.out, found); err != nil {
					return err
				}
			}
			r := printedSchemas{App: read.Name, Revision: read.Set.Revision(), Schemas: found}
			switch {
			case flags.json:
				return printJSON(c.OutOrStdout(), r)
			case flags.out != "":
				_, err = fmt.Fprintf(c.OutOrStdout(), "%s written to %s\n", counted(len(found), "schema"), inLine(flags.out))
				return err
			}
			return printSchemas(c.OutOrStdout(), found)
		},
	}
	f := c.Flags()
	appFlag(c, &flags.app)
	f.StringVar(&flags.command, "command", "", "only schemas of this command")
	f.StringVar(&flags.event, "event", "", "only the schema of this event")
	f.StringVar(&flags.side, "side", "", "only this side: input, output, event, channel or upload")
	f.StringVar(&flags.out, "out", "", "write each schema to a file in this folder, over one of that name")
	f.BoolVar(&flags.json, "json", false, "print one JSON object")
	return c
}

// find lists the schemas that were asked for, by side and name.
func (f *printFlags) find(read *contract.Contract) ([]printedSchema, error) {
	if f.command != "" && f.event != "" {
		return nil, errors.New("--command and --event name different things: ask for either")
	}
	found := []printedSchema{}
	known := f.side == ""
	for _, side := range schema.Sides() {
		known = known || side.String() == f.side
		if f.side != "" && side.String() != f.side || (side == schema.Event) && f.command != "" || (side != schema.Event) && f.event != "" {
			continue
		}
		for _, name := range read.Set.Names(side) {
			if f.command+f.event != "" && name != f.command+f.event {
				continue
			}
			source := read.Set.Source(side, name)
			base := side.FileName(name)
			found = append(found, printedSchema{name, side.String(), base, read.Origins[base], source, source})
		}
	}
	switch {
	case !known:
		return nil, fmt.Errorf("--side %q is none; want input, output, event, channel or upload", f.side)
	case len(found) == 0 && f.side+f.command+f.event != "":
		return nil, errors.New("there is no such schema; without --command, --event and --side all are shown")
	}
	return found, nil
}

// printSchemas writes for people, and one schema alone for programs as well.
func printSchemas(w io.Writer, all []printedSchema) error {
	p := newPainter(w)
	var b strings.Builder
	for i, s := range all {
		if len(all) > 1 {
			if i > 0 {
				b.WriteByte('\n')
			}
			fmt.Fprintln(&b, p.dim("# "+s.File+"  "+inLine(s.Origin)))
		}
		b.Write(printableJSON(s.source))
		if !strings.HasSuffix(string(s.source), "\n") {
			b.WriteByte('\n')
		}
	}
	if len(all) == 0 {
		b.WriteString("no schema\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeSchemas puts each file in place as a whole. A link of its name is replaced, not followed.
func writeSchemas(dir string, all []printedSchema) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for _, s := range all {
		if err := replaceFile(filepath.Join(dir, s.File), s.source); err != nil {
			return err
		}
	}
	return nil
}
