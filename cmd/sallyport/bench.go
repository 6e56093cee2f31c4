package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/internal/bench"
	"github.com/sallyport/sallyport/internal/browser"
)

// benchmarks are what `sallyport bench` can measure.
var benchmarks = []string{"browser", "pipeline", "policy"}

func newBenchCommand() *cobra.Command {
	var asJSON bool
	var which string
	var profiles profiles
	c := &cobra.Command{
		Use:   "bench NAME",
		Short: "Measure Sallyport on this machine",
		Long: `Measure Sallyport on this machine. Figures of one run are taken in turns, so
that their ratios hold on a busy machine too; compare ratios, not runs. Go's
garbage collector runs at GOGC=400 unless the environment says otherwise.

  pipeline  one call through every stage of the core, without a browser,
            against the least any such core must do, and with every value
            judged by the schema library itself (judge-only)
  browser   a call from a real page through the isolation frame, against a
            plain WebSocket from the same page and the way of Tauri's
            isolation pattern, re-created there; a stream and events to the
            page (chromium or firefox, headless; SALLYPORT_BROWSER may hold
            the path of the program to use)
  policy    one decision on 10 to 10,000 capabilities, against a hand-written
            Go map and, from a checkout of Sallyport, plain OPA, Cedar and
            Casbin on the same capabilities; all must give the same verdicts

With --json every row has every figure; one that was not taken is 0. Those
of stages and of the browser are medians, so that ns_per_op is p50_us in other
words; those of the whole pipeline and of the floor are means. Those of the
policy are medians of rounds' means, and "peers" says whether the other engines
were measured, and why not.

Exit code: 0 measured, 2 it could not be measured.`,
		Example: `  sallyport bench pipeline
  sallyport bench pipeline --cpuprofile cpu.pprof --memprofile mem.pprof
  sallyport bench policy --json
  sallyport bench browser --json
  sallyport bench browser --browser firefox`,
		ValidArgs: benchmarks,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 || !slices.Contains(benchmarks, args[0]) {
				return fmt.Errorf("bench wants one of: %s; see sallyport bench --help", strings.Join(benchmarks, ", "))
			}
			return atMost(1)(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			if which != "" && args[0] != "browser" {
				return fmt.Errorf("bench %s needs no browser; leave --browser out", args[0])
			}
			if err := profiles.start(); err != nil {
				return err
			}
			report, err := measure(c.Context(), args[0], which, c.ErrOrStderr())
			if err = errors.Join(err, profiles.stop()); err != nil {
				return err
			}
			if report.Peers != nil && !report.Peers.Measured {
				fmt.Fprintf(c.ErrOrStderr(), "sallyport: other engines were not measured: %s\n", report.Peers.Reason)
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), report)
			}
			return printReport(c.OutOrStdout(), report)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object on one line")
	c.Flags().StringVar(&profiles.cpu, "cpuprofile", "", "write a CPU profile of the measuring to this file, for go tool pprof")
	c.Flags().StringVar(&profiles.heap, "memprofile", "", "write a profile of all allocations to this file, for go tool pprof")
	c.Flags().StringVar(&which, "browser", "", "chromium or firefox; the first that is installed if left out")
	return c
}

// collectLess is the garbage collector's target while measuring, as a busy app
// would set it: the heap of an app that only passes calls on is so small that
// at Go's default of 100 it is collected dozens of times a second. GOGC in the
// environment overrides it.
const collectLess = 400

func measure(ctx context.Context, name, which string, progress io.Writer) (bench.Report, error) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectLess)
	}
	say := func(what string) { fmt.Fprintf(progress, "sallyport: measuring %s: %s…\n", name, what) }
	switch name {
	case "pipeline":
		return bench.Pipeline(ctx, say)
	case "policy":
		return bench.Policy(ctx, bench.FindPeers(".", progress), say)
	}
	b, err := browser.Find(which)
	if err != nil {
		return bench.Report{}, err
	}
	return bench.Browser(ctx, b, say)
}

// printReport is the table of a report: figures that a row has not got are
// left out.
func printReport(w io.Writer, r bench.Report) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "case\tvariant\tns/op\tp50 µs\tp95 µs\tp99 µs\tallocs\tbytes\tper second\tMB/s\tmissed\tratio\t")
	for _, row := range r.Rows {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", row.Case, row.Variant,
			figure("%.0f", row.NsPerOp), figure("%.2f", row.P50), figure("%.2f", row.P95), figure("%.2f", row.P99), figure("%.1f", row.AllocsPerOp),
			figure("%.0f", row.BytesPerOp), figure("%.0f", row.PerSecond), figure("%.0f", row.MBPerSecond), figure("%.0f", float64(row.Missed)), figure("%.2f", row.Ratio))
	}
	if err := t.Flush(); err != nil || len(r.Setup) == 0 {
		return err
	}
	return printSetup(w, r)
}

// printSetup is the second table, of the policy.
func printSetup(w io.Writer, r bench.Report) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\ncase\tvariant\tload ms\treload ms\tfirst decision µs\tbytes kept for it\t")
	for _, s := range r.Setup {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t\n", s.Case, s.Variant, figure("%.1f", s.LoadMs), figure("%.1f", s.ReloadMs),
			figure("%.0f", s.FirstDecisionUs), figure("%.0f", s.EntryBytes))
	}
	return t.Flush()
}

func figure(format string, v float64) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf(format, v)
}
