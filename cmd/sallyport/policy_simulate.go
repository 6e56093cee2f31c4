package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/policy/replay"
)

func newPolicySimulateCommand() *cobra.Command {
	var flags policyFlags
	var inputs string
	c := &cobra.Command{
		Use:   "simulate DIR --inputs FILE",
		Short: "Let capabilities decide recorded calls, and show what differs",
		Long: `Simulate lets the capabilities in DIR decide the calls in FILE, each at the
time, on the platform and with the directories it was recorded with, and shows
those that would now be decided otherwise, with the rules of both sides.

An app in development writes such a file where core.Config.PolicyInputs says,
one line of JSON for each call that reaches the policy. It holds arguments in
clear.

It exits with 0 when every call is decided as it was, 1 when some are not, and
2 when the policy is broken or the file can't be read.`,
		Example: `  sallyport policy simulate ./examples/notes --inputs inputs.jsonl
  sallyport policy simulate ./capabilities --inputs inputs.jsonl --json`,
		Args: func(c *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return fmt.Errorf("which folder of capabilities? see %s --help", c.CommandPath())
			case inputs == "":
				return fmt.Errorf("which recorded calls? --inputs names the file; see %s --help", c.CommandPath())
			}
			return atMost(1)(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error { return simulate(c, args[0], inputs, &flags) },
	}
	flags.add(c, runtime.GOOS)
	c.Flags().Lookup("platform").Hidden = true // each call has its own
	c.Flags().StringVar(&inputs, "inputs", "", "file of recorded calls; - is standard input")
	return c
}

func simulate(c *cobra.Command, dir, inputs string, flags *policyFlags) error {
	folder, err := flags.open(dir)
	if err != nil {
		return err
	}
	calls, err := openInputs(c.InOrStdin(), inputs)
	if err != nil {
		return err
	}
	defer calls.Close()
	done := patience(c.ErrOrStderr(), "sallyport: deciding the calls in "+inputs+"…")
	s, err := replay.Simulate(c.Context(), folder.replay(), calls)
	done()
	if err != nil {
		return folder.locateInputs(inputs, err)
	}
	if flags.json {
		renameNow(s, folder.relative)
		err = printJSON(c.OutOrStdout(), s)
	} else {
		renameNow(s, folder.path)
		err = printSimulation(c.OutOrStdout(), inputs, s)
	}
	if err == nil && s.Different > 0 {
		return exitStatus(exitDoesNot)
	}
	return err
}

// openInputs opens a file of recorded calls.
func openInputs(stdin io.Reader, name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(stdin), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("--inputs: %w", err)
	}
	return f, nil
}

// replay is the folder for recorded calls, whose directories come with them.
func (f *policyFolder) replay() replay.Folder {
	return replay.Folder{Files: os.DirFS(f.dir), Variables: f.variables}
}

// locateInputs names the file that an error is about.
func (f *policyFolder) locateInputs(inputs string, err error) error {
	if rest, ok := strings.CutPrefix(err.Error(), "line "); ok {
		line, problem, _ := strings.Cut(rest, ": ")
		return fmt.Errorf("%s:%s: %s", inputs, line, strings.TrimPrefix(problem, "schema: "))
	}
	return f.locate(err)
}

func renameNow(s replay.Simulation, name func(string) string) {
	for _, c := range s.Changes {
		renameRules(c.Now.Rules, name)
	}
}

func renameRules(rules []replay.Rule, name func(string) string) {
	for i := range rules {
		rules[i].File = name(rules[i].File)
	}
}

func printSimulation(w io.Writer, inputs string, s replay.Simulation) error {
	p := newPainter(w)
	var b strings.Builder
	for _, c := range s.Changes {
		fmt.Fprintf(&b, "%s  %s → %s  %d×  %s in window %s%s\n", mark(p, c.Direction), c.Was.Effect, c.Now.Effect, c.Count,
			printable(c.Command), printable(c.Window), from(c.Origin))
		fmt.Fprintf(&b, "  as with  %s  %s\n", printable(string(c.Args)), p.dim(places(inputs, c.Lines, c.Count)))
		fmt.Fprintf(&b, "  was      %s\n", sentence(c.Was))
		fmt.Fprintf(&b, "  now      %s\n", sentence(c.Now))
	}
	switch {
	case s.Inputs == 0:
		fmt.Fprintf(&b, "%s holds no call\n", inputs)
	case s.Different == 0:
		fmt.Fprintf(&b, "%s %s decided as before by revision %s\n", p.good("✓"), counted(s.Inputs, "call"), s.Revision)
	default:
		fmt.Fprintf(&b, "%s %d of %s decided otherwise by revision %s\n", p.bad("✗"), s.Different, counted(s.Inputs, "call"), s.Revision)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// mark says which way a change went. What a page gains is what has to be looked at.
func mark(p painter, direction string) string {
	switch direction {
	case replay.Gain:
		return p.bad("▲ GAIN")
	case replay.Loss:
		return p.good("▽ loss")
	}
	return p.dim("· " + direction)
}

// from names an origin. "" is the app itself.
func from(origin string) string {
	if origin == "" {
		return ""
	}
	return " from " + printable(origin)
}

func places(inputs string, lines []int, count int) string {
	all := make([]string, len(lines))
	for i, n := range lines {
		all[i] = strconv.Itoa(n)
	}
	text := inputs + ":" + strings.Join(all, ", ")
	if count > len(lines) {
		text += ", …"
	}
	return text
}

// sentence is a verdict in one line: its effect, the rules behind it, what they say.
func sentence(v replay.Verdict) string {
	text := v.Effect
	for i, r := range v.Rules {
		text += fmt.Sprintf("%s%s:%d", map[bool]string{true: " by ", false: ", "}[i == 0], r.File, r.Line)
	}
	if v.Reason != "" {
		text += ": " + printable(v.Reason)
	}
	return text
}

// ruleList is rules by file and line, each once.
func ruleList(rules []replay.Rule) string {
	var all []string
	for _, r := range rules {
		if place := fmt.Sprintf("%s:%d %s", r.File, r.Line, r.Kind); !slices.Contains(all, place) {
			all = append(all, place)
		}
	}
	return strings.Join(all, ", ")
}
