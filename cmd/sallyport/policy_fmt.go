package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/policy/policyformat"
)

// fmtReport is what `sallyport policy fmt --json` prints.
type fmtReport struct {
	OK      bool     `json:"ok"`
	Changed []string `json:"changed"` // files that were, or with --check and --diff would be, changed
}

func newPolicyFmtCommand() *cobra.Command {
	var check, showDiff, asJSON bool
	c := &cobra.Command{
		Use:   "fmt [FILE|DIR]...",
		Short: "Write capability files and their tests as opa fmt does",
		Long: `Fmt formats the Rego files that are named, and those at or below the folders
that are (the current one if nothing is). Of an app's folder, the one with its
sallyport.json, those of its capabilities are meant. Each file is replaced as
a whole, and none where one can't be read.

It exits with 0 when all files are formatted (or were made so), 1 when --check
or --diff finds one that is not, and 2 when one can't be read.`,
		Example: `  sallyport policy fmt ./examples/notes
  sallyport policy fmt --diff ./capabilities/notes.rego
  sallyport policy fmt --check .        only compare, for CI`,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				args = []string{"."}
			}
			files, err := regoFiles(args)
			if err != nil {
				return err
			}
			r := fmtReport{OK: true, Changed: []string{}}
			var out strings.Builder
			var texts [][]byte // of the changed files
			for _, file := range files {
				was, err := os.ReadFile(file)
				if err != nil {
					return err
				}
				formatted, err := policyformat.Source(file, was)
				if err != nil {
					return err
				}
				if string(formatted) == string(was) {
					continue
				}
				r.Changed, texts = append(r.Changed, file), append(texts, formatted)
				switch {
				case showDiff:
					out.Write(diff.Diff(file, was, file+" formatted", formatted))
				case check:
					fmt.Fprintf(&out, "%s is not formatted; next: sallyport policy fmt %s\n", file, file)
				default:
					fmt.Fprintf(&out, "%s formatted\n", file)
				}
			}
			if !check && !showDiff {
				for i, file := range r.Changed {
					if err := rewrite(file, texts[i]); err != nil {
						return err
					}
				}
			}
			r.OK = len(r.Changed) == 0 || !check && !showDiff
			if asJSON {
				err = printJSON(c.OutOrStdout(), r)
			} else {
				_, err = fmt.Fprint(c.OutOrStdout(), out.String())
			}
			if err == nil && !r.OK {
				return exitStatus(exitDoesNot)
			}
			return err
		},
	}
	c.Flags().BoolVar(&check, "check", false, "write nothing; exit with 1 if a file is not formatted")
	c.Flags().BoolVar(&showDiff, "diff", false, "as --check, and show what would change")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return c
}

// regoFiles are the Rego files that names and folders lead to, each once.
func regoFiles(names []string) ([]string, error) {
	var files []string
	seen := make(map[string]bool)
	add := func(file string) {
		if file = filepath.Clean(file); !seen[file] {
			seen[file], files = true, append(files, file)
		}
	}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			if filepath.Ext(name) != ".rego" {
				return nil, fmt.Errorf("%s is no Rego file: its name would end in .rego", name)
			}
			add(name)
			continue
		}
		folder, err := (&policyFlags{platform: "linux"}).open(name)
		if err != nil {
			return nil, err
		}
		err = filepath.WalkDir(folder.dir, func(file string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && filepath.Ext(file) == ".rego" {
				add(file)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}
