package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/policy/policylint"
)

// lintReport is what `sallyport policy lint --json` prints.
type lintReport struct {
	OK       bool                 `json:"ok"`
	Folder   string               `json:"folder"`
	Findings []policylint.Finding `json:"findings"` // their files from the folder that was asked about
}

func newPolicyLintCommand() *cobra.Command {
	var flags policyFlags
	var o policylint.Options
	c := &cobra.Command{
		Use:   "lint [DIR]",
		Short: "Find what capabilities may do and likely should not",
		Long: `Lint looks at the capabilities in DIR, the current folder if left out, for what
loads and is still likely to be wrong: by rules of its own and by those of
Regal, OPA's linter, that fit capability files. With the folder of an app it
also looks for rules about commands that the manifest does not list.

  wide-scope         an allow reaches a whole home folder, or more
  wide-window        a capability holds for every window
  wide-origin        a capability holds for hosts that a wildcard names
  shadowed-rule      a rule that adds nothing to another one
  unreachable-rule   a rule whose conditions can't hold together
  unreachable        a capability that holds nowhere, or no longer
  unknown-command    a rule for a command that the app does not have
  untested           a capability without tests, or a rule that held in none
  unused-permission  a permission or set that no capability leads to
  unused-rule        a rule that decides nothing and that no other one reads

A comment on the line of a finding, or on the line above, accepts it:
"# sallyport-lint:ignore wide-scope", or Regal's own "# regal ignore:…".

It exits with 0 when nothing was found, 1 when something was, and 2 when the
capabilities or their tests can't be loaded.`,
		Example: `  sallyport policy lint ./examples/notes
  sallyport policy lint . --disable untested,line-length --json`,
		Args: atMost(1),
		RunE: func(c *cobra.Command, args []string) error {
			folder, err := flags.open(argument(args, "."))
			if err != nil {
				return err
			}
			if folder.manifest != nil {
				o.Commands = folder.manifest.Commands
			}
			done := patience(c.ErrOrStderr(), "sallyport: looking at "+folder.dir+"…")
			found, err := policylint.Lint(c.Context(), os.DirFS(folder.dir), folder.config(), o)
			done()
			if err != nil {
				return folder.locate(err)
			}
			r := lintReport{OK: len(found) == 0, Folder: folder.dir, Findings: append([]policylint.Finding{}, found...)}
			name := folder.path
			if flags.json {
				name = folder.relative
			}
			for i := range r.Findings {
				r.Findings[i].File = name(r.Findings[i].File)
			}
			if flags.json {
				err = printJSON(c.OutOrStdout(), r)
			} else {
				err = printFindings(c.OutOrStdout(), r)
			}
			if err == nil && !r.OK {
				return exitStatus(exitDoesNot)
			}
			return err
		},
	}
	flags.add(c, runtime.GOOS)
	c.Flags().StringSliceVar(&o.Disable, "disable", nil, "names of rules to leave out, with commas between them")
	return c
}

func printFindings(w io.Writer, r lintReport) error {
	p := newPainter(w)
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s:%d  %s  %s\n  why: %s\n  do:  %s\n", f.File, f.Line, p.bad(f.Rule), escaped(f.What), f.Why, f.Do)
	}
	if r.OK {
		fmt.Fprintf(&b, "%s nothing found in %s\n", p.good("✓"), r.Folder)
	} else {
		fmt.Fprintf(&b, "%s %s\n", p.bad("✗"), counted(len(r.Findings), "finding"))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
