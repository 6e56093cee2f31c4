package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/internal/contract"
	"github.com/sallyport/sallyport/internal/gen/docs"
)

// docsFlags say of what a reference is written, and where to.
type docsFlags struct {
	app, out  string
	variables []string
	check     bool
	json      bool
}

func newGenDocsCommand() *cobra.Command {
	var flags docsFlags
	c := &cobra.Command{
		Use:   "docs [DIR]",
		Short: "Write a Markdown reference of an app's commands and events",
		Long: `Docs writes for each command and event in DIR (the current folder if left out)
what it takes and returns, an example that its schema accepts, and for an app's
folder who may call it: windows, origins and platforms, with the rules of the
capabilities by file and line. Examples are those of the schemas where there
are any.

The same files give the same text on every machine. What expires is described
as it is before that.

It exits with 0 when the reference was written or is up to date, 1 when --check
finds that it is not, and 2 when a schema or a capability can't be used.`,
		Example: `  sallyport gen docs ./examples/notes --out docs/commands.md
  sallyport gen docs . --out docs/commands.md --check     for CI
  sallyport gen docs . --app ./cmd/notes --json`,
		Args: func(c *cobra.Command, args []string) error {
			if flags.check && flags.out == "" {
				return fmt.Errorf("--check compares a file: name it with --out; see %s --help", c.CommandPath())
			}
			return atMost(1)(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			r, err := flags.reference(c, argument(args, "."))
			if err != nil {
				return err
			}
			text := r.Markdown()
			if flags.check {
				return flags.compare(c.OutOrStdout(), argument(args, "."), text)
			}
			if flags.out != "" {
				if err := flags.write(text); err != nil {
					return errors.New(inLine(err.Error()))
				}
			}
			switch {
			case flags.json:
				return printJSON(c.OutOrStdout(), r)
			case flags.out != "":
				_, err = fmt.Fprintf(c.OutOrStdout(), "%s describes %s and %s\n", inLine(flags.out), counted(len(r.Commands), "command"), counted(len(r.Events), "event"))
				return err
			}
			_, err = c.OutOrStdout().Write(text)
			return err
		},
	}
	f := c.Flags()
	appFlag(c, &flags.app)
	f.StringVar(&flags.out, "out", "", "write the Markdown to this file; links to capabilities lead there from it")
	f.StringArrayVar(&flags.variables, "variable", nil, "name of a variable that the app's code sets, without its $; may be repeated")
	f.BoolVar(&flags.check, "check", false, "write nothing; exit with 1 if the file is not up to date")
	f.BoolVar(&flags.json, "json", false, "print one JSON object")
	return c
}

func (f *docsFlags) reference(c *cobra.Command, dir string) (*docs.Reference, error) {
	read, err := loadContract(c.Context(), c.ErrOrStderr(), dir, f.app)
	if err != nil {
		return nil, err
	}
	done := patience(c.ErrOrStderr(), "sallyport: making examples…")
	r := docs.Build(read)
	done()
	return r, f.describeAccess(c, dir, read, r)
}

// describeAccess adds what an app's folder says beside its schemas.
func (f *docsFlags) describeAccess(c *cobra.Command, dir string, read *contract.Contract, r *docs.Reference) error {
	_, m, err := schemaFolder(dir)
	if err != nil || m == nil {
		return err
	}
	for i := range r.Commands {
		r.Commands[i].Limits = limitsInWords(m.Limits[r.Commands[i].Name])
	}
	// A system like any other, so that all machines write the same.
	policyFlags := policyFlags{platform: "linux", variables: f.variables}
	folder, err := policyFlags.open(dir)
	if err != nil {
		return err
	}
	p, err := folder.load(c.ErrOrStderr())
	if err != nil {
		return err
	}
	done := patience(c.ErrOrStderr(), "sallyport: deciding for each window and command…")
	defer done()
	r.Policy = p.Revision()
	return newAccess(folder, p, f.linkTo(dir)).fill(c.Context(), r)
}

// linkTo leads from the document to a file below the app's folder, "" where that can't be said.
func (f *docsFlags) linkTo(dir string) func(file string) string {
	return func(file string) string {
		from, err := filepath.Abs(filepath.Dir(f.out))
		if err != nil || f.out == "" {
			return ""
		}
		to, err := filepath.Abs(filepath.Join(dir, filepath.FromSlash(file)))
		if err != nil {
			return ""
		}
		link, err := filepath.Rel(from, to)
		if err != nil {
			return ""
		}
		return filepath.ToSlash(link)
	}
}

func (f *docsFlags) write(text []byte) error {
	if _, err := os.Stat(f.out); err == nil {
		return rewrite(f.out, text)
	}
	if err := os.MkdirAll(filepath.Dir(f.out), 0o777); err != nil {
		return err
	}
	return replaceFile(f.out, text)
}

// compare says whether the file is what would be written.
func (f *docsFlags) compare(w io.Writer, dir string, text []byte) error {
	was, err := os.ReadFile(f.out)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return errors.New(inLine(err.Error()))
	}
	same := err == nil && bytes.Equal(was, text)
	if f.json {
		err = printJSON(w, struct {
			OK   bool   `json:"ok"`
			File string `json:"file"`
		}{same, f.out})
	} else if same {
		_, err = fmt.Fprintf(w, "%s is up to date\n", inLine(f.out))
	} else {
		_, err = fmt.Fprintf(w, "%s%s is not up to date; next: sallyport gen docs %s --out %s\n",
			escaped(string(diff.Diff(inLine(f.out), was, inLine(f.out)+" now", text))), inLine(f.out), inLine(dir), inLine(f.out))
	}
	if err == nil && !same {
		return exitStatus(exitDoesNot)
	}
	return err
}

// timeless is before anything expires, so that a reference doesn't change overnight.
func timeless() time.Time { return time.Unix(1, 0) }
