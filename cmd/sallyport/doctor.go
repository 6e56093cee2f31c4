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
	App      string    `json:"app,omitempty"` // folder of the app that was looked at
	Findings []finding `json:"findings"`
}

func newDoctorCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor [DIR]",
		Short: "List what this machine can run, and what stops an app's start",
		Long: `Doctor looks for what Sallyport uses on this machine. ✓ is there, ✗ is
needed or useful and missing, with the next command to run below it, and –
is only worth knowing.

With the folder of an app it also reads the app's sallyport.json and the
schemas, capabilities, hook and pages that this names, just as the app does
when it starts, and shows the error that would stop it, by file and line, or
what its log would warn of.

It exits with 0 when everything needed is there and the app can start, 1 when
something needed is missing or wrong, and 2 when it could not finish.`,
		Example: `  sallyport doctor
  sallyport doctor ./examples/notes     look at an app as well
  sallyport doctor --json               one JSON object, for scripts`,
		Args: atMost(1),
		RunE: func(c *cobra.Command, args []string) error {
			d := diagnose(c.Context(), thisMachine())
			var err error
			if len(args) == 1 {
				err = d.inspect(c.Context(), args[0])
			}
			if err := c.Context().Err(); err != nil {
				return err
			}
			if err != nil {
				return err
			}
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
	d.judge()
	return d
}

// inspect adds what keeps the app in a folder from starting.
func (d *diagnosis) inspect(ctx context.Context, dir string) error {
	findings, err := inspectApp(ctx, dir)
	d.App, d.Findings = dir, append(d.Findings, findings...)
	d.judge()
	return err
}

func (d *diagnosis) judge() {
	for _, f := range d.Findings {
		d.OK = d.OK && (f.OK || !f.Needed)
	}
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
		case f.Needed || f.Next != "":
			mark = p.bad("✗")
		default:
			mark = p.dim("–")
		}
		fmt.Fprintf(&b, "%s %-*s  %s\n", mark, width, f.Name, f.Detail)
		if !f.OK && f.Next != "" {
			fmt.Fprintf(&b, "  %-*s  next: %s\n", width, "", f.Next)
		}
	}
	fmt.Fprintf(&b, "\n%s\n", d.verdict())
	_, err := io.WriteString(w, b.String())
	return err
}

func (d diagnosis) verdict() string {
	switch {
	case d.OK && d.App != "":
		return fmt.Sprintf("%s can run sallyport, and the app in %s can start.", d.Platform, d.App)
	case d.OK:
		return d.Platform + " can run sallyport."
	case d.App != "":
		return "Something that is needed is missing or wrong; see ✗ above."
	}
	return d.Platform + " lacks something that is needed; see ✗ above."
}
