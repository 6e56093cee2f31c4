package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/internal/gen/typescript"
)

// tsFlags say of what a client is written, and where to.
type tsFlags struct {
	app, out string
	check    bool
	watch    bool
	json     bool
}

// tsReport is what `sallyport gen ts --json` prints; with --watch, a line each time.
type tsReport struct {
	File     string   `json:"file"`
	Current  bool     `json:"current"` // the file had this already
	Written  bool     `json:"written"` // the file was changed
	Commands []string `json:"commands"`
	Events   []string `json:"events"`
	Warnings []string `json:"warnings,omitempty"`
	Diff     string   `json:"diff,omitempty"`  // with --check, if the file is there and not current
	Error    string   `json:"error,omitempty"` // with --watch: nothing could be made

	revision string // of the schemas
}

// clientFile is the name of the file in DIR unless --out gives one.
const clientFile = "sallyport.ts"

func newGenTSCommand() *cobra.Command {
	var flags tsFlags
	c := &cobra.Command{
		Use:   "ts [DIR]",
		Short: "Write a typed TypeScript client of an app's commands and events",
		Long: `Ts writes one TypeScript file from the schemas in DIR (the current folder if
left out), a folder of schemas or of an app, the one with its sallyport.json:
a type for what each command takes and returns, for its streams and for each
event, an object that calls the commands (commands.notes.save({…})), and the
declarations that give a plain invoke("notes.save", {…}) its types.

Without --out the file is ` + clientFile + ` in DIR. It is replaced as a whole, only
if it changes, and only if it is one that this command has written.

It exits with 0 when the file was written or is up to date, 1 when --check finds
that it is not, and 2 when the schemas can't be used. --watch goes on until it
is interrupted, whatever the schemas are, and then exits with 0.`,
		Example: `  sallyport gen ts ./examples/notes --out frontend/src/sallyport.ts
  sallyport gen ts --out -              print it
  sallyport gen ts --app ./cmd/notes    with the schemas of Go types
  sallyport gen ts --check              only compare, for CI
  sallyport gen ts --watch              again whenever a schema changes`,
		Args: func(c *cobra.Command, args []string) error {
			if err := flags.fit(c); err != nil {
				return fmt.Errorf("%w; see %s --help", err, c.CommandPath())
			}
			return atMost(1)(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			dir := argument(args, ".")
			if flags.out == "" {
				flags.out = filepath.Join(dir, clientFile)
			}
			switch {
			case flags.watch:
				return flags.keepCurrent(c, dir)
			case flags.out == "-":
				client, _, err := flags.generate(c.Context(), c.ErrOrStderr(), dir)
				if err == nil {
					warn(c.ErrOrStderr(), client.Warnings)
					_, err = c.OutOrStdout().Write(client.Text)
				}
				return err
			}
			r, err := flags.update(c.Context(), c.ErrOrStderr(), dir)
			if err != nil {
				return err
			}
			err = flags.say(c, dir, r)
			if err == nil && flags.check && !r.Current {
				return exitStatus(exitDoesNot)
			}
			return err
		},
	}
	f := c.Flags()
	appFlag(c, &flags.app)
	f.StringVar(&flags.out, "out", "", "the file to write; - prints it (default DIR/"+clientFile+")")
	f.BoolVar(&flags.check, "check", false, "write nothing; exit with 1 if the file is not up to date")
	f.BoolVar(&flags.watch, "watch", false, "for development: write the file again whenever a schema changes")
	f.BoolVar(&flags.json, "json", false, "print one JSON object; with --watch, one a line")
	return c
}

// fit refuses flags that contradict each other, or say nothing.
func (f *tsFlags) fit(c *cobra.Command) error {
	for _, name := range []string{"out", "app"} {
		if flag := c.Flags().Lookup(name); flag.Changed && flag.Value.String() == "" {
			return fmt.Errorf("--%s is empty; name what is meant, or leave it out", name)
		}
	}
	switch {
	case f.check && f.watch:
		return errors.New("--check writes nothing and --watch writes whatever changes: use one of them")
	case f.out == "-" && (f.check || f.watch || f.json):
		return errors.New("--out - prints the file and does nothing else: leave out --check, --watch and --json")
	}
	return nil
}

// generate makes the client.
func (f *tsFlags) generate(ctx context.Context, errOut io.Writer, dir string) (client *typescript.Client, revision string, err error) {
	read, err := loadContract(ctx, errOut, dir, f.app)
	if err != nil {
		return nil, "", err
	}
	client, err = typescript.Generate(read)
	if err != nil {
		return nil, "", errors.New(inLine(err.Error()))
	}
	return client, read.Set.Revision(), nil
}

// update makes the file what the schemas give, or with --check compares it.
func (f *tsFlags) update(ctx context.Context, errOut io.Writer, dir string) (tsReport, error) {
	client, revision, err := f.generate(ctx, errOut, dir)
	if err != nil {
		return tsReport{}, err
	}
	r := tsReport{
		File: f.out, Warnings: client.Warnings, revision: revision,
		Commands: append([]string{}, client.Commands...), Events: append([]string{}, client.Events...),
	}
	was, err := os.ReadFile(f.out)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return r, errors.New(inLine(err.Error()))
	case len(was) > 0 && !bytes.HasPrefix(was, []byte(typescript.Mark)):
		return r, fmt.Errorf("%s was not written by this command, and stays as it is; name another file with --out, or remove it", inLine(f.out))
	}
	// Git may have given its lines other ends.
	r.Current = err == nil && bytes.Equal(bytes.ReplaceAll(was, []byte("\r\n"), []byte("\n")), client.Text)
	switch {
	case r.Current:
	case f.check && err != nil: // nothing to compare with
	case f.check:
		r.Diff = string(diff.Diff(inLine(f.out), was, inLine(f.out)+" now", client.Text))
	default:
		if err := f.write(client.Text); err != nil {
			return r, errors.New(inLine(err.Error()))
		}
		r.Written = true
	}
	return r, nil
}

func (f *tsFlags) write(text []byte) error {
	if _, err := os.Stat(f.out); err == nil {
		return rewrite(f.out, text)
	}
	return replaceFile(f.out, text)
}

// say prints what was done, and what could not be.
func (f *tsFlags) say(c *cobra.Command, dir string, r tsReport) error {
	if f.json {
		return printJSON(c.OutOrStdout(), r)
	}
	warn(c.ErrOrStderr(), r.Warnings)
	var b strings.Builder
	file := inLine(r.File)
	has := counted(len(r.Commands), "command") + " and " + counted(len(r.Events), "event")
	switch {
	case r.Error != "":
		fmt.Fprintf(&b, "%s %s\n", newPainter(c.OutOrStdout()).bad("✗"), inLine(r.Error))
	case r.Current:
		fmt.Fprintf(&b, "%s is up to date: %s\n", file, has)
	case r.Written:
		fmt.Fprintf(&b, "%s has %s\n", file, has)
	case r.Diff == "":
		fmt.Fprintf(&b, "%s is not there; next: %s\n", file, f.again(dir))
	default:
		fmt.Fprintf(&b, "%s is not what the schemas give:\n%snext: %s\n", file, escaped(cut(r.Diff)), f.again(dir))
	}
	_, err := io.WriteString(c.OutOrStdout(), b.String())
	return err
}

func warn(w io.Writer, warnings []string) {
	for _, warning := range warnings {
		fmt.Fprintf(w, "sallyport: warning: %s\n", inLine(warning))
	}
}

// shown is how many lines of a difference are printed.
const shown = 40

// cut is the beginning of a difference.
func cut(text string) string {
	lines := strings.SplitAfter(text, "\n")
	if len(lines) <= shown+1 {
		return text
	}
	return strings.Join(lines[:shown], "") + fmt.Sprintf("… and %d lines more\n", len(lines)-shown-1)
}

// again is the command that writes the file.
func (f *tsFlags) again(dir string) string {
	command := "sallyport gen ts"
	if dir != "." {
		command += " " + inLine(dir)
	}
	if f.out != filepath.Join(dir, clientFile) {
		command += " --out " + inLine(f.out)
	}
	if f.app != "" {
		command += " --app " + inLine(f.app)
	}
	return command
}
