package main

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/policy/replay"
)

// diffReport is what `sallyport policy diff --json` prints.
type diffReport struct {
	replay.Comparison
	Inputs *replay.Simulation `json:"inputs"` // recorded calls; null without --inputs
}

func newPolicyDiffCommand() *cobra.Command {
	var flags policyFlags
	var inputs string
	c := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Show which calls gain or lose between two folders of capabilities",
		Long: `Diff compares the capabilities in two folders over all windows, origins,
platforms and commands that either speaks of, now and whenever something
expires, and shows which calls gain and which lose, with the rules that only
one of them has there.

Where arguments play no part the answer is exact. Where they do, calls are made
up from the words of both folders: paths, texts and numbers, and what lies
beside them; one that shows a difference is printed. A change that none of them
shows is printed as unsure. With --inputs, calls that an app recorded are
decided by both as well (see sallyport policy simulate --help).

It exits with 0 when no call gains or loses, 1 when some do or it is unsure,
and 2 when a policy is broken or a file can't be read.`,
		Example: `  sallyport policy diff ./capabilities.old ./capabilities
  sallyport policy diff ../main/app ./app --inputs inputs.jsonl
  sallyport policy diff ./old ./new --json`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) < 2 {
				return fmt.Errorf("which two folders? the old one, then the new one; see %s --help", c.CommandPath())
			}
			return atMost(2)(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error { return diffPolicies(c, args[0], args[1], inputs, &flags) },
	}
	flags.add(c, runtime.GOOS)
	c.Flags().StringVar(&inputs, "inputs", "", "file of recorded calls to decide as well; - is standard input")
	return c
}

func diffPolicies(c *cobra.Command, oldDir, newDir, inputs string, flags *policyFlags) error {
	was, old, err := flags.side(c, oldDir)
	if err != nil {
		return err
	}
	now, changed, err := flags.side(c, newDir)
	if err != nil {
		return err
	}
	done := patience(c.ErrOrStderr(), "sallyport: comparing…")
	var r diffReport
	r.Comparison, err = replay.Compare(c.Context(), old, changed, time.Now())
	if err == nil && inputs != "" {
		r.Inputs, err = recordedDiff(c, was, now, inputs)
	}
	done()
	if err != nil {
		return err
	}
	if flags.json {
		r.rename(was.relative, now.relative)
		err = printJSON(c.OutOrStdout(), r)
	} else {
		r.rename(was.path, now.path)
		err = printDiff(c.OutOrStdout(), flags.platform, inputs, r)
	}
	if err == nil && (len(r.Differences) > 0 || r.Inputs != nil && r.Inputs.Different > 0) {
		return exitStatus(exitDoesNot)
	}
	return err
}

func (f *policyFlags) side(c *cobra.Command, dir string) (*policyFolder, replay.Side, error) {
	folder, err := f.open(dir)
	if err != nil {
		return nil, replay.Side{}, err
	}
	p, err := folder.load(c.ErrOrStderr())
	return folder, replay.Side{Policy: p, Config: folder.config()}, err
}

func recordedDiff(c *cobra.Command, was, now *policyFolder, inputs string) (*replay.Simulation, error) {
	calls, err := openInputs(c.InOrStdin(), inputs)
	if err != nil {
		return nil, err
	}
	defer calls.Close()
	s, err := replay.SimulateBoth(c.Context(), was.replay(), now.replay(), calls)
	if err != nil {
		return nil, now.locateInputs(inputs, err)
	}
	return &s, nil
}

// rename names the files of both sides.
func (r *diffReport) rename(was, now func(string) string) {
	for i := range r.Differences {
		d := &r.Differences[i]
		renameRules(d.Removed, was)
		renameRules(d.Added, now)
		if d.Example != nil {
			renameRules(d.Example.Was.Rules, was)
			renameRules(d.Example.Now.Rules, now)
		}
	}
	for i := range r.Rules {
		x := &r.Rules[i]
		x.File = map[bool]func(string) string{true: was, false: now}[x.Change == "removed"](x.File)
	}
	for i := range r.Capabilities {
		k := &r.Capabilities[i]
		k.File = map[bool]func(string) string{true: was, false: now}[k.Change == "removed"](k.File)
	}
	if r.Inputs != nil {
		for _, c := range r.Inputs.Changes {
			renameRules(c.Was.Rules, was)
			renameRules(c.Now.Rules, now)
		}
	}
}

func printDiff(w io.Writer, platform, inputs string, r diffReport) error {
	p := newPainter(w)
	var b strings.Builder
	for _, k := range r.Capabilities {
		fmt.Fprintf(&b, "capability %s %s  %s:%d  %s\n", k.ID, k.Change, k.File, k.Line, strings.Join(k.What, ", "))
	}
	for _, x := range r.Rules {
		fmt.Fprintf(&b, "%s %s:%d %s\n", map[bool]string{true: p.bad("-"), false: p.good("+")}[x.Change == "removed"], x.File, x.Line, x.Kind)
	}
	gains, losses := 0, 0
	for _, d := range r.Differences {
		switch d.Direction {
		case replay.Gain:
			gains++
		case replay.Loss:
			losses++
		}
		drawDifference(&b, p, platform, d)
	}
	if len(r.Differences) == 0 {
		fmt.Fprintf(&b, "%s no call gains or loses\n", p.good("✓"))
	} else {
		fmt.Fprintf(&b, "%s %s, %s, %d other\n", p.bad("✗"), counted(gains, "gain"), lossesIn(losses), len(r.Differences)-gains-losses)
	}
	_, err := io.WriteString(w, b.String())
	if err == nil && r.Inputs != nil {
		return printSimulation(w, inputs, *r.Inputs)
	}
	return err
}

func lossesIn(n int) string {
	if n == 1 {
		return "1 loss"
	}
	return fmt.Sprintf("%d losses", n)
}

func drawDifference(b *strings.Builder, p painter, platform string, d replay.Difference) {
	fmt.Fprintf(b, "%s  %s in window %s%s: %s → %s", mark(p, d.Direction), d.Command, strings.Join(d.Windows, ", "), from(d.Origin), standing(d.Was), standing(d.Now))
	if d.Platform != platform {
		fmt.Fprintf(b, " on %s", d.Platform)
	}
	if d.From != nil {
		fmt.Fprintf(b, " from %s on", d.From.Format(time.RFC3339))
	}
	b.WriteString("\n")
	if x := d.Example; x != nil {
		user := ""
		if x.User != nil {
			user = " and user " + printable(string(x.User))
		}
		fmt.Fprintf(b, "  as with  %s%s\n  was      %s\n  now      %s\n", printable(string(x.Args)), user, sentence(x.Was), sentence(x.Now))
	}
	if d.Direction == replay.Unsure {
		b.WriteString("  rules differ, and none of the calls that were tried shows how\n")
	}
	if len(d.Removed) > 0 {
		fmt.Fprintf(b, "  without  %s\n", ruleList(d.Removed))
	}
	if len(d.Added) > 0 {
		fmt.Fprintf(b, "  with     %s\n", ruleList(d.Added))
	}
}

// standing is what calls get before their arguments are known.
func standing(s replay.Standing) string {
	switch s.Known {
	case replay.Never:
		if s.Effect == replay.Undecided {
			return "error"
		}
		return policy.Deny.String()
	case replay.Always:
		return s.Effect
	}
	return "depends (" + s.Effect + " at most)"
}
