package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/internal/browser"
	"github.com/sallyport/sallyport/internal/demo"
)

// demoWithin is how long a headless demo may take. A run needs a few seconds;
// the rest is for a cold browser on a slow machine.
const demoWithin = 80 * time.Second

func newDemoCommand() *cobra.Command {
	var headless, asJSON bool
	var name string
	c := &cobra.Command{
		Use:   "demo",
		Short: "Show the same attacks with and without Sallyport, in a browser",
		Long: `Demo opens a page with a small notes app and a hostile script, which makes
the same calls to the same Go functions through an unprotected binding and
through Sallyport. Everything happens in a temporary folder.

It opens the default browser, or the one that --browser names in a profile of
its own, and stays until it is interrupted. With --headless the page runs by
itself, without a window, and the table of what happened is printed.
SALLYPORT_BROWSER may hold the path of the program to use.

It exits with 0 when every attack was executed on the one side and stopped on
the other, 1 when one was not, and 2 when the page could not be run. Without
--headless the last run counts, and a demo that was only looked at is a 0.`,
		Example: `  sallyport demo                        in the default browser
  sallyport demo --headless             no window, print a table
  sallyport demo --json --browser firefox`,
		Args: atMost(0),
		RunE: func(c *cobra.Command, _ []string) error {
			headless = headless || asJSON
			report, err := runDemo(c, headless, name)
			if err != nil {
				return err
			}
			if !headless { // what there is to say was said after each run
				if len(report.Cases) > 0 && !report.Passed {
					return exitStatus(exitDoesNot)
				}
				return nil
			}
			for _, problem := range report.Problems() {
				fmt.Fprintln(c.ErrOrStderr(), "sallyport:", problem)
			}
			if asJSON {
				err = printJSON(c.OutOrStdout(), report)
			} else {
				err = printDemo(c.OutOrStdout(), report)
			}
			if err == nil && !report.Passed {
				return exitStatus(exitDoesNot)
			}
			return err
		},
	}
	c.Flags().BoolVar(&headless, "headless", false, "run once without a window, and print what happened")
	c.Flags().StringVar(&name, "browser", "", "use an installed chromium or firefox, in a profile of its own")
	c.Flags().BoolVar(&asJSON, "json", false, "run headless and print one JSON object")
	return c
}

// runDemo shows the demo in a browser of ours or in the user's own.
func runDemo(c *cobra.Command, headless bool, name string) (report demo.Report, err error) {
	config := demo.Config{Auto: headless, Browser: "default"}
	ctx := c.Context()
	const howToEnd = "sallyport: press Ctrl-C to end the demo"
	if !headless {
		config.Finished = func(r demo.Report) {
			for _, problem := range r.Problems() {
				fmt.Fprintln(c.ErrOrStderr(), "sallyport:", problem)
			}
			printDemo(c.OutOrStdout(), r) // what a closed terminal misses is on the page
		}
	}
	if !headless && name == "" {
		fmt.Fprintln(c.ErrOrStderr(), howToEnd)
		if report, err = demo.Run(ctx, config); errors.Is(err, demo.ErrNotShown) {
			err = fmt.Errorf("%w; name an installed browser with --browser, or run it without a window by --headless", err)
		}
		return report, err
	}
	b, err := browser.Find(name)
	if err != nil {
		return demo.Report{}, err
	}
	config.Browser = b.Name
	if display := thisMachine().display(); !headless && !display.OK {
		return demo.Report{}, fmt.Errorf("demo: there is no display for a window of %s (neither DISPLAY nor WAYLAND_DISPLAY is set); run it without one by --headless", b.Name)
	}
	if !headless {
		fmt.Fprintln(c.ErrOrStderr(), howToEnd)
	} else {
		fmt.Fprintf(c.ErrOrStderr(), "sallyport: running every attack in %s, without a window…\n", b.Name)
		var stop context.CancelFunc
		ctx, stop = context.WithTimeoutCause(ctx, demoWithin, fmt.Errorf("not done after %v", demoWithin))
		defer stop()
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var process *browser.Process
	config.Open = func(ctx context.Context, file string) error {
		var err error
		// Of no size: Chromium would give it to the attack's small window as well.
		process, err = b.Open(ctx, file, browser.Options{Headless: headless})
		if err == nil {
			go func() {
				<-process.Done()
				cancel(process.Err())
			}()
		}
		return err
	}
	report, err = demo.Run(ctx, config)
	if process == nil {
		return report, err
	}
	select {
	case <-process.Done(): // and the error has its last words
	default:
		if err != nil && process.Stderr() != "" {
			err = fmt.Errorf("%w; the last that %s wrote:\n%s", err, b.Name, lastLines(process.Stderr(), 5))
		}
	}
	return report, errors.Join(err, process.Close())
}

func lastLines(text string, n int) string {
	lines := strings.Split(text, "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

func printDemo(w io.Writer, r demo.Report) error {
	p := newPainter(w)
	return r.Print(w, func(word string, good bool) string {
		if good {
			return p.good(word)
		}
		return p.bad(word)
	})
}
