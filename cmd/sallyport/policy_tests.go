package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/policy/policytest"
)

// testReport is what `sallyport policy test --json` prints. Files in it are named from the folder that
// was asked about.
type testReport struct {
	OK     bool   `json:"ok"`
	Folder string `json:"folder"`
	policytest.Report
	Mutation *policytest.Mutation `json:"mutation,omitempty"`
}

// testFlags are those of policy test alone.
type testFlags struct {
	policyFlags
	verbose, coverage, mutate bool
	threshold                 float64
	limit                     int
	run                       string
}

func newPolicyTestCommand() *cobra.Command {
	var flags testFlags
	c := &cobra.Command{
		Use:   "test [DIR]",
		Short: "Run the tests of capabilities, and find out what they overlook",
		Long: `Test runs the Rego tests (*_test.rego) and the fixtures (*_test.yaml: calls and
what is to become of them) beside the capabilities in DIR, the current folder
if left out. In both, rules do what they do in decisions.

--coverage lists the lines that no test reached: a rule's first line counts as
reached if the rule held. --mutate drops, flips and widens the capabilities'
rules one at a time, runs all tests on each, and lists what none noticed.

It exits with 0 when the tests pass, 1 when one fails, less than --threshold
is covered or a change went unnoticed, and 2 when capabilities or tests can't
be loaded, or there are none.`,
		Example: `  sallyport policy test ./examples/notes
  sallyport policy test ./examples/notes -v --run delete
  sallyport policy test ./examples/notes --coverage --threshold 90
  sallyport policy test ./examples/notes --mutate`,
		Args: atMost(1),
		RunE: func(c *cobra.Command, args []string) error {
			folder, err := flags.open(argument(args, "."))
			if err != nil {
				return err
			}
			r, err := flags.test(c, folder)
			if err != nil {
				return err
			}
			if flags.json {
				r.rename(folder.relative)
				err = printJSON(c.OutOrStdout(), r)
			} else {
				err = printTests(c.OutOrStdout(), folder, r, &flags)
			}
			if err == nil && !r.OK {
				return exitStatus(exitDoesNot)
			}
			return err
		},
	}
	flags.add(c, "linux")
	c.Flags().BoolVarP(&flags.verbose, "verbose", "v", false, "list the tests that pass as well")
	c.Flags().BoolVar(&flags.coverage, "coverage", false, "show which lines no test reaches")
	c.Flags().Float64Var(&flags.threshold, "threshold", 0, "with --coverage: the least that must be covered, in percent")
	c.Flags().BoolVar(&flags.mutate, "mutate", false, "show which changes of the rules no test notices")
	c.Flags().IntVar(&flags.limit, "mutate-limit", 1000, "try at most this many changes, taken evenly; 0 is all")
	c.Flags().StringVar(&flags.run, "run", "", "run only the tests whose names match this regular expression")
	return c
}

func (r *testReport) rename(name func(string) string) {
	for i := range r.Results {
		t := &r.Results[i]
		t.File = name(t.File)
		for j := range t.Rules {
			t.Rules[j].File = name(t.Rules[j].File)
		}
	}
	if r.Coverage != nil {
		for i := range r.Coverage.Files {
			f := &r.Coverage.Files[i]
			f.File = name(f.File)
		}
	}
	if r.Mutation != nil {
		for i := range r.Mutation.Mutants {
			m := &r.Mutation.Mutants[i]
			m.File = name(m.File)
		}
	}
}

func (f *testFlags) options() (o policytest.Options, err error) {
	o.Coverage = f.coverage
	switch {
	case f.run != "" && f.mutate:
		return o, fmt.Errorf("--mutate is about all tests: leave out --run")
	case f.threshold != 0 && !f.coverage:
		return o, fmt.Errorf("--threshold is of no use without --coverage")
	case f.threshold < 0 || f.threshold > 100:
		return o, fmt.Errorf("--threshold %v: expected 0 to 100 percent", f.threshold)
	case f.limit < 0:
		return o, fmt.Errorf("--mutate-limit %d: expected a number from 0, which is all", f.limit)
	}
	if f.run != "" {
		if o.Run, err = regexp.Compile(f.run); err != nil {
			err = fmt.Errorf("--run: %w", err)
		}
	}
	return o, err
}

func (f *testFlags) test(c *cobra.Command, folder *policyFolder) (*testReport, error) {
	o, err := f.options()
	if err != nil {
		return nil, err
	}
	r := &testReport{Folder: folder.dir}
	files := os.DirFS(folder.dir)
	done := patience(c.ErrOrStderr(), "sallyport: running the tests of "+folder.dir+"…")
	r.Report, err = policytest.Run(c.Context(), files, folder.config(), o)
	done()
	if err != nil {
		return nil, folder.locate(err)
	}
	if len(r.Results) == 0 {
		what := "has no tests: write a *_test.yaml or a *_test.rego; sallyport policy new shows how"
		if f.run != "" {
			what = "has no test whose name matches --run " + f.run
		}
		return nil, fmt.Errorf("%s %s", folder.dir, what)
	}
	r.OK = r.Report.OK() && (!f.coverage || r.Coverage.Percent >= f.threshold)
	if !f.mutate || !r.Report.OK() {
		return r, nil
	}
	m, err := f.mutation(c.Context(), c.ErrOrStderr(), folder)
	if err != nil {
		return nil, folder.locate(err)
	}
	r.Mutation, r.OK = &m, r.OK && len(m.Survivors()) == 0
	return r, nil
}

// mutation says now and then how far it is.
func (f *testFlags) mutation(ctx context.Context, errOut io.Writer, folder *policyFolder) (policytest.Mutation, error) {
	said := time.Now()
	return policytest.Mutate(ctx, os.DirFS(folder.dir), folder.config(), policytest.MutateOptions{
		Limit: f.limit,
		Progress: func(done, total int) {
			if now := time.Now(); now.Sub(said) > 2*time.Second {
				said = now
				fmt.Fprintf(errOut, "sallyport: %d of %d changes tried…\n", done, total)
			}
		},
	})
}

func printTests(w io.Writer, folder *policyFolder, r *testReport, flags *testFlags) error {
	p := newPainter(w)
	var b strings.Builder
	passed := 0
	for _, t := range r.Results {
		if t.Pass {
			passed++
		}
		if !t.Pass || flags.verbose {
			printTest(&b, p, folder, t)
		}
	}
	if r.Coverage != nil {
		printCoverage(&b, folder, r.Coverage)
		if r.Coverage.Percent < flags.threshold {
			fmt.Fprintf(&b, "%s less than --threshold %v%%\n", p.bad("✗"), flags.threshold)
		}
	}
	if r.Mutation != nil {
		printMutation(&b, p, folder, r.Mutation)
	}
	mark := p.good("✓")
	if !r.OK {
		mark = p.bad("✗")
	}
	fmt.Fprintf(&b, "%s %d of %s passed", mark, passed, counted(len(r.Results), "test"))
	if r.Coverage != nil {
		fmt.Fprintf(&b, ", %.1f%% covered", r.Coverage.Percent)
	}
	if r.Mutation != nil {
		fmt.Fprintf(&b, ", %d of %s unnoticed", len(r.Mutation.Survivors()), counted(len(r.Mutation.Mutants), "change"))
	}
	fmt.Fprintln(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func printTest(b *strings.Builder, p painter, folder *policyFolder, t policytest.Result) {
	mark := p.good("✓")
	switch {
	case t.Skipped:
		mark = p.dim("–")
	case !t.Pass:
		mark = p.bad("✗")
	}
	fmt.Fprintf(b, "%s %s  %s\n", mark, escaped(t.Name), p.dim(fmt.Sprintf("%s:%d", folder.path(t.File), t.Line)))
	switch {
	case t.Pass:
	case t.Skipped:
		fmt.Fprintln(b, "  not run: its name begins with todo_")
	case t.Kind == policytest.Fixture:
		fmt.Fprintf(b, "  expected %s\n  got      %s\n", escaped(t.Expected), escaped(t.Got))
		for _, r := range t.Rules {
			fmt.Fprintf(b, "           by %s at %s:%d\n", r.Capability, folder.path(r.File), r.Line)
		}
	default:
		fmt.Fprintf(b, "  %s\n", escaped(t.Got))
	}
	for line := range strings.Lines(t.Output) {
		fmt.Fprintf(b, "  | %s\n", escaped(strings.TrimRight(line, "\n")))
	}
}

func printCoverage(b *strings.Builder, folder *policyFolder, c *policytest.Coverage) {
	for _, f := range c.Files {
		fmt.Fprintf(b, "%5.1f%%  %s\n", f.Percent, folder.path(f.File))
		for _, l := range f.NotCovered {
			place := fmt.Sprintf("%s:%d", folder.path(f.File), l.First)
			if l.Last > l.First {
				place += fmt.Sprintf("-%d", l.Last)
			}
			fmt.Fprintf(b, "        %s  not reached%s\n", place, sourceLine(folder, f.File, l.First))
		}
	}
}

// sourceLine is a line of a file as it stands, to be put behind its place.
func sourceLine(folder *policyFolder, file string, n int) string {
	text, err := os.ReadFile(filepath.Join(folder.dir, filepath.FromSlash(file)))
	if err != nil {
		return ""
	}
	lines := strings.Split(string(text), "\n")
	if n > len(lines) {
		return ""
	}
	return ": " + escaped(strings.TrimSpace(lines[n-1]))
}

func printMutation(b *strings.Builder, p painter, folder *policyFolder, m *policytest.Mutation) {
	broken := 0
	for _, x := range m.Mutants {
		if x.Fate == policytest.Broken {
			broken++
		}
	}
	for _, x := range m.Survivors() {
		fmt.Fprintf(b, "%s %s:%d  no test notices: %s\n", p.bad("✗"), folder.path(x.File), x.Line, escaped(x.Change))
	}
	if broken > 0 {
		fmt.Fprintf(b, "%s could not be loaded, which says nothing about the tests\n", counted(broken, "change"))
	}
	if m.LeftOut > 0 {
		fmt.Fprintf(b, "%s left out: see --mutate-limit\n", counted(m.LeftOut, "change"))
	}
}
