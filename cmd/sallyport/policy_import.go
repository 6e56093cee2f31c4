package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/policy/tauri"
)

// importReport is what `sallyport policy import tauri --json` prints.
type importReport struct {
	Project string       `json:"project"` // the folder that was read
	Out     string       `json:"out"`     // the folder that was written to
	Files   []string     `json:"files"`   // that were written, within out
	Notes   []tauri.Note `json:"notes"`   // what has no equivalent
	Wider   bool         `json:"wider"`   // some note says that the result may allow more
}

func newPolicyImportCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "import",
		Short:   "Make capability files of another system's",
		Args:    noSuchCommand,
		Example: "  sallyport policy import tauri ./app/src-tauri",
		RunE:    func(c *cobra.Command, _ []string) error { return printHelp(c) },
	}
	c.AddCommand(newImportTauriCommand())
	return c
}

func newImportTauriCommand() *cobra.Command {
	var out string
	var force, asJSON bool
	c := &cobra.Command{
		Use:   "tauri DIR",
		Short: "Make capability files of a Tauri 2 project's",
		Long: `Tauri reads the capabilities, permissions and scopes of a Tauri 2 project, DIR
or its src-tauri, and writes declarative files that say the same here. A
plugin's command fs|read_file becomes fs.read_file.

It says by file and line what has no equivalent and was left out: on the side
that denies, or else the note says that the result may be wider. No file is
overwritten without --force, and on an error nothing is written.

It exits with 0 when files were written, 1 when they were and may allow more
than the project's, and 2 when nothing could be written.`,
		Example: `  sallyport policy import tauri ./app --out ./capabilities
  sallyport policy import tauri ./app/src-tauri --out ./caps --force --json`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("the folder of a Tauri project is missing; see %s --help", c.CommandPath())
			}
			return atMost(1)(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			r, err := importTauri(args[0], out, force)
			if err != nil {
				return err
			}
			if asJSON {
				err = printJSON(c.OutOrStdout(), r)
			} else {
				err = printImport(c.OutOrStdout(), r)
			}
			if err == nil && r.Wider {
				return exitStatus(exitDoesNot)
			}
			return err
		},
	}
	c.Flags().StringVar(&out, "out", "capabilities", "folder to write to; made if it is missing")
	c.Flags().BoolVar(&force, "force", false, "overwrite files of the same names")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return c
}

func importTauri(dir, out string, force bool) (importReport, error) {
	if _, err := os.Stat(filepath.Join(dir, "src-tauri")); err == nil {
		dir = filepath.Join(dir, "src-tauri")
	}
	result, err := tauri.Import(os.DirFS(dir))
	if e, ok := errors.AsType[*policy.FileError](err); ok {
		return importReport{}, fmt.Errorf("%s:%d: %w", filepath.Join(dir, filepath.FromSlash(e.File)), e.Line, e.Err)
	}
	if err != nil {
		return importReport{}, err
	}
	r := importReport{Project: dir, Out: out, Files: []string{}, Notes: append([]tauri.Note{}, result.Notes...)}
	for i, n := range r.Notes {
		r.Notes[i].File = filepath.Join(dir, filepath.FromSlash(n.File))
		r.Wider = r.Wider || n.Wider
	}
	for _, f := range result.Files {
		r.Files = append(r.Files, f.Name)
	}
	return r, writeAll(out, result.Files, force)
}

// writeAll writes all files or none.
func writeAll(out string, files []tauri.File, force bool) error {
	before := make(map[string][]byte) // what is overwritten
	for _, f := range files {
		name := filepath.Join(out, filepath.FromSlash(f.Name))
		text, err := os.ReadFile(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		case !force:
			return fmt.Errorf("%s is there already, and nothing was written; name another folder with --out, or add --force to overwrite", name)
		default:
			before[name] = text
		}
	}
	var written []string
	for _, f := range files {
		name := filepath.Join(out, filepath.FromSlash(f.Name))
		err := os.MkdirAll(filepath.Dir(name), 0o777)
		if err == nil {
			written = append(written, name)
			err = replace(name, f.Data)
		}
		if err != nil {
			return errors.Join(err, restore(written, before))
		}
	}
	return nil
}

// replace writes a file beside its name and renames it, so that it is never half there.
func replace(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".sallyport-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}

// restore puts back what stood there before.
func restore(written []string, before map[string][]byte) error {
	var errs []error
	for _, name := range written {
		if text, ok := before[name]; ok {
			errs = append(errs, replace(name, text))
		} else if err := os.Remove(name); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func printImport(w io.Writer, r importReport) error {
	p := newPainter(w)
	var b strings.Builder
	for _, n := range r.Notes {
		text := n.Text
		if n.Wider {
			text += p.bad(" (may allow more than Tauri does)")
		}
		fmt.Fprintf(&b, "%s:%d: %s\n", n.File, n.Line, text)
	}
	fmt.Fprintf(&b, "%s %s from %s:\n", p.good("✓"), counted(len(r.Files), "file"), r.Project)
	for _, name := range r.Files {
		fmt.Fprintln(&b, filepath.Join(r.Out, filepath.FromSlash(name)))
	}
	fmt.Fprintf(&b, "next: sallyport policy check %s\n", r.Out)
	_, err := io.WriteString(w, b.String())
	return err
}
