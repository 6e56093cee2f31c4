package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// A finding is one line of the doctor's list.
type finding struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Needed bool   `json:"needed"`         // without it the main path does not run here
	Detail string `json:"detail"`         // what was found, or what lacking it means
	Next   string `json:"next,omitempty"` // the command to run, when there is one
}

// diagnosis is what `sallyport doctor --json` prints.
type diagnosis struct {
	OK       bool      `json:"ok"` // everything needed is there
	Platform string    `json:"platform"`
	Findings []finding `json:"findings"`
}

func newDoctorCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "List what this machine can run, and what to install for the rest",
		Long: `Doctor looks for what Sallyport uses on this machine. ✓ is there, ✗ is
needed or useful and missing, with the next command to run below it, and –
is only worth knowing.

It exits with 0 when everything needed is there, 1 when something needed is
missing, and 2 when it could not finish.`,
		Example: `  sallyport doctor
  sallyport doctor --json               one JSON object, for scripts`,
		Args: atMost(0),
		RunE: func(c *cobra.Command, _ []string) error {
			d := diagnose(c.Context(), thisMachine())
			if err := c.Context().Err(); err != nil {
				return err
			}
			var err error
			if asJSON {
				err = printJSON(c.OutOrStdout(), d)
			} else {
				err = printDiagnosis(c.OutOrStdout(), d)
			}
			if err != nil {
				return err
			}
			if !d.OK {
				return exitStatus(exitDoesNot)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return c
}

func diagnose(ctx context.Context, m machine) diagnosis {
	d := diagnosis{OK: true, Platform: m.goos + "/" + m.goarch}
	chromium, firefox := m.browser("chromium"), m.browser("firefox")
	loopback := m.loopback()
	d.Findings = []finding{
		m.anyBrowser(chromium, firefox),
		loopback,
		m.peer(loopback),
		chromium,
		firefox,
		m.goCommand(ctx),
		m.node(ctx),
		m.testTool(ctx, "npm", "npm"),
		m.testTool(ctx, "C compiler", "gcc", "clang"),
		m.display(),
		m.webview(),
	}
	for _, f := range d.Findings {
		d.OK = d.OK && (f.OK || !f.Needed)
	}
	return d
}

func printDiagnosis(w io.Writer, d diagnosis) error {
	p := newPainter(w)
	width := 0
	for _, f := range d.Findings {
		width = max(width, len(f.Name))
	}
	var b strings.Builder
	for _, f := range d.Findings {
		mark := p.good("✓")
		switch {
		case f.OK:
		case f.Next != "":
			mark = p.bad("✗")
		default:
			mark = p.dim("–")
		}
		fmt.Fprintf(&b, "%s %-*s  %s\n", mark, width, f.Name, f.Detail)
		if !f.OK && f.Next != "" {
			fmt.Fprintf(&b, "  %-*s  next: %s\n", width, "", f.Next)
		}
	}
	if d.OK {
		fmt.Fprintf(&b, "\n%s can run sallyport.\n", d.Platform)
	} else {
		fmt.Fprintf(&b, "\n%s lacks something that is needed; see ✗ above.\n", d.Platform)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
