package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/sallyport/sallyport/internal/manifest"
	"github.com/sallyport/sallyport/internal/manifest/scan"
	"github.com/spf13/cobra"
)

// manifestReport is what `sallyport manifest --json` prints.
type manifestReport struct {
	Manifest string         `json:"manifest"` // path of the file
	Commands []scan.Command `json:"commands"` // what the code registers
	Added    []string       `json:"added"`    // of these, what the file did not list
	Removed  []string       `json:"removed"`  // what it listed and nothing registers
	Current  bool           `json:"current"`  // the file listed exactly these
	Written  bool           `json:"written"`  // the file was changed
}

func newManifestCommand() *cobra.Command {
	var check, asJSON, schema bool
	c := &cobra.Command{
		Use:   "manifest [DIR]",
		Short: "List an app's commands in its sallyport.json, from its Go code",
		Long: `Manifest reads the Go code in DIR (the current folder if left out) for calls
of core.Command and App.Handle, and writes the names they register into the
"commands" of DIR/sallyport.json. Nothing else in that file changes. Where DIR
holds no Go code, the package around it, which embeds its files, is read.

It exits with 0 when the list is right (or was made right), 1 when --check
finds that it is not, and 2 when the manifest or the code cannot be read.`,
		Example: `  sallyport manifest                    write the list
  sallyport manifest ./app --check      only compare, for CI
  sallyport manifest --schema           print the JSON Schema of sallyport.json`,
		Args: func(c *cobra.Command, args []string) error {
			if schema {
				return atMost(0)(c, args)
			}
			return atMost(1)(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			if schema {
				_, err := c.OutOrStdout().Write(manifest.Schema())
				return err
			}
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			report, added, err := updateManifest(c, dir, !check)
			if err != nil {
				return err
			}
			if asJSON {
				err = printJSON(c.OutOrStdout(), report)
			} else {
				err = printManifest(c.OutOrStdout(), dir, report, added)
			}
			if err == nil && check && !report.Current {
				return exitStatus(exitDoesNot)
			}
			return err
		},
	}
	c.Flags().BoolVar(&check, "check", false, "write nothing; exit with 1 if the list is not right")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	c.Flags().BoolVar(&schema, "schema", false, "print the JSON Schema of sallyport.json")
	return c
}

func updateManifest(c *cobra.Command, dir string, write bool) (manifestReport, []scan.Command, error) {
	path := filepath.Join(dir, manifest.FileName)
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return manifestReport{}, nil, fmt.Errorf("there is no %s; name an app's folder, or see %s --schema for what to put there", path, c.CommandPath())
	}
	if err != nil {
		return manifestReport{}, nil, err
	}
	m, err := manifest.Parse(path, data)
	if err != nil {
		return manifestReport{}, nil, err
	}
	done := patience(c.ErrOrStderr(), "sallyport: reading the Go code in "+dir+"…")
	commands, err := scan.Commands(c.Context(), dir)
	done()
	if err != nil {
		return manifestReport{}, nil, err
	}
	added, removed := scan.Changes(m.Commands, commands)
	report := manifestReport{
		Manifest: path,
		Commands: commands,
		Added:    make([]string, 0, len(added)),
		Removed:  append([]string{}, removed...),
	}
	names := make([]string, 0, len(commands))
	for _, command := range commands {
		names = append(names, command.Name)
	}
	for _, command := range added {
		report.Added = append(report.Added, command.Name)
	}
	changed, err := manifest.SetCommands(path, data, names)
	if err != nil {
		return manifestReport{}, nil, err
	}
	// A list that is there but unsorted is put in order too.
	report.Current = string(changed) == string(data)
	if write && !report.Current {
		if err := rewrite(path, changed); err != nil {
			return manifestReport{}, nil, err
		}
		report.Written = true
	}
	return report, added, nil
}

func printManifest(w io.Writer, dir string, r manifestReport, added []scan.Command) error {
	p := newPainter(w)
	var b strings.Builder
	switch {
	case r.Current:
		fmt.Fprintf(&b, "%s lists the %s of the Go code.\n", r.Manifest, counted(len(r.Commands), "command"))
	case r.Written:
		fmt.Fprintf(&b, "%s now lists the %s of the Go code:\n", r.Manifest, counted(len(r.Commands), "command"))
	default:
		fmt.Fprintf(&b, "%s does not list the commands of the Go code:\n", r.Manifest)
	}
	for _, name := range r.Removed {
		fmt.Fprintln(&b, p.bad("- "+name)+"  registered nowhere")
	}
	for _, command := range added {
		fmt.Fprintln(&b, p.good("+ "+command.Name)+fmt.Sprintf("  %s:%d", command.File, command.Line))
	}
	if !r.Current && len(r.Removed)+len(added) == 0 {
		fmt.Fprintln(&b, "  the same names, missing or in another order")
	}
	if !r.Current && !r.Written {
		fmt.Fprintf(&b, "next: sallyport manifest %s\n", dir)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// rewrite replaces the contents of the file at path, all or nothing.
func rewrite(path string, data []byte) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	return replaceFile(path, data)
}
