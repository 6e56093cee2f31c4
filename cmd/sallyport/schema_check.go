package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/internal/manifest"
	"github.com/sallyport/sallyport/internal/memfs"
	"github.com/sallyport/sallyport/schema"
)

// schemaReport is what `sallyport schema check --json` prints.
type schemaReport struct {
	OK       bool            `json:"ok"`
	Folder   string          `json:"folder"` // of the schema files; "" without one
	App      string          `json:"app,omitempty"`
	Problems []schemaProblem `json:"problems"`
	Warnings []string        `json:"warnings,omitempty"`
	Schemas  int             `json:"schemas"` // that can be used
	Commands int             `json:"commands"`
	Events   int             `json:"events"`
	Revision string          `json:"revision,omitempty"` // if all can be used

	unread bool // a file could not be read
}

type schemaProblem struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"` // left out if it is about the file as a whole
	Problem string `json:"problem"`
}

func newSchemaCheckCommand() *cobra.Command {
	var app string
	var asJSON bool
	c := &cobra.Command{
		Use:   "check [DIR]",
		Short: "Show all that keeps schemas from being used, by file and line",
		Long: `Check compiles the schemas in DIR (the current folder if left out) as an app
does when it starts, and goes on after the first fault, so that one run shows
what is wrong with each file. Of one file it says at most a hundred things, and
looks at its references when all else is right.

With --app the schemas that the app makes of Go types are compared with the
files, as its start does it.

It exits with 0 when all schemas can be used, 1 when one can't, and 2 when a
folder or a file can't be read, or the app does not start.`,
		Example: `  sallyport schema check ./examples/notes
  sallyport schema check ./schemas --json
  sallyport schema check . --app ./cmd/notes`,
		Args: atMost(1),
		RunE: func(c *cobra.Command, args []string) error {
			r, err := checkSchemas(c, argument(args, "."), app)
			if err != nil {
				return err
			}
			if asJSON {
				err = printJSON(c.OutOrStdout(), r)
			} else {
				err = printSchemaCheck(c.OutOrStdout(), r)
			}
			switch {
			case err != nil:
				return err
			case r.unread:
				return exitStatus(exitCouldNot)
			case !r.OK:
				return exitStatus(exitDoesNot)
			}
			return nil
		},
	}
	appFlag(c, &app)
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return c
}

func checkSchemas(c *cobra.Command, dir, app string) (schemaReport, error) {
	folder, m, err := schemaFolder(dir)
	if err != nil {
		return schemaReport{}, err
	}
	files := fs.FS(memfs.FS{})
	if folder != "" {
		files = os.DirFS(folder)
	}
	done := patience(c.ErrOrStderr(), "sallyport: compiling the schemas of "+inLine(cmp.Or(folder, dir))+"…")
	set, faults, err := schema.Check(files)
	done()
	if err != nil {
		return schemaReport{}, plainly(err)
	}
	r := schemaReport{Folder: folder, App: app, OK: len(faults) == 0, Problems: []schemaProblem{}}
	for _, fault := range faults {
		var unread *fs.PathError
		r.unread = r.unread || errors.As(fault.Err, &unread)
		r.Problems = append(r.Problems, schemaProblem{filepath.Join(folder, filepath.FromSlash(fault.File)), fault.Line, fault.Err.Error()})
	}
	if m != nil {
		r.Warnings = unlisted(set, m.Commands)
	}
	if app != "" && r.OK {
		read, err := loadContract(c.Context(), c.ErrOrStderr(), dir, app)
		if err != nil {
			return schemaReport{}, err
		}
		set = read.Set
	}
	r.count(set)
	return r, nil
}

// schemaFolder is the folder of schema files that dir is or, by its manifest, leads to; "" if that
// names none.
func schemaFolder(dir string) (string, *manifest.Manifest, error) {
	if err := wantFolder(dir); err != nil {
		return "", nil, err
	}
	name := filepath.Join(dir, manifest.FileName)
	data, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return dir, nil, nil
	case err != nil:
		return "", nil, err
	}
	m, err := manifest.Parse(name, data)
	if err != nil {
		return "", nil, plainly(err)
	}
	if m.Schemas == "" {
		return "", m, nil
	}
	folder := filepath.Join(dir, filepath.FromSlash(m.Schemas))
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return "", nil, plainly(m.Errorf("/schemas", "there is no folder %s", folder))
	}
	return folder, m, nil
}

// unlisted warns of files for commands that the app doesn't register: a misspelt name makes a
// schema that nothing uses.
func unlisted(set *schema.Set, commands []string) []string {
	var said []string
	if commands == nil {
		return nil
	}
	for _, side := range schema.Sides() {
		for _, name := range set.Names(side) {
			if side != schema.Event && !slices.Contains(commands, name) {
				said = append(said, fmt.Sprintf("%s is for a command that %s does not list; if the app registers it, run sallyport manifest", path.Base(set.File(side, name)), manifest.FileName))
			}
		}
	}
	return said
}

func (r *schemaReport) count(set *schema.Set) {
	var commands []string
	for _, side := range schema.Sides() {
		names := set.Names(side)
		r.Schemas += len(names)
		if side == schema.Event {
			r.Events = len(names)
		} else {
			commands = append(commands, names...)
		}
	}
	slices.Sort(commands)
	r.Commands = len(slices.Compact(commands))
	if r.OK {
		r.Revision = set.Revision()
	}
}

func printSchemaCheck(w io.Writer, r schemaReport) error {
	p := newPainter(w)
	var b strings.Builder
	for _, problem := range r.Problems {
		fmt.Fprintf(&b, "%s %s: %s\n", p.bad("✗"), place(problem.File, problem.Line), inLine(problem.Problem))
	}
	for _, warning := range r.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", inLine(warning))
	}
	from, hold := inLine(cmp.Or(r.Folder, manifest.FileName)), "holds"
	switch {
	case r.App != "" && r.Folder == "":
		from = "what the app makes of Go types"
	case r.App != "":
		from, hold = from+" and what the app makes of Go types", "hold"
	}
	held := fmt.Sprintf("%s of %s and %s", counted(r.Schemas, "schema"), counted(r.Commands, "command"), counted(r.Events, "event"))
	switch {
	case !r.OK:
		fmt.Fprintf(&b, "%s; %s can be used\n", counted(len(r.Problems), "problem"), held)
	case r.Schemas == 0 && r.App == "":
		fmt.Fprintf(&b, "%s %s leads to no schema files; --app looks at what an app makes of Go types\n", p.good("✓"), from)
	case r.Schemas == 0:
		fmt.Fprintf(&b, "%s %s %s no schema, so that no command can be called\n", p.good("✓"), from, hold)
	default:
		fmt.Fprintf(&b, "%s %s %s %s, revision %s\n", p.good("✓"), from, hold, held, r.Revision)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
