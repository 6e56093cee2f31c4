package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

const (
	exitHolds    = 0
	exitDoesNot  = 1
	exitCouldNot = 2
)

// exitStatus is the error of a command that has already said on its output
// what is wrong; only the program's exit code is left to set.
type exitStatus int

func (s exitStatus) Error() string { return "exit status " + strconv.Itoa(int(s)) }

// run is the program without its process, and returns the exit code. An
// interrupt cancels the context of the command that runs; a second one ends
// the program where it stands.
func run(args []string, in io.Reader, out, errOut io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), endings()...)
	defer stop()
	context.AfterFunc(ctx, stop)
	// A closed output is an error like others. Go would end the program there
	// and then, with its browser and its folders left behind.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)

	root := newRootCommand()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	var unwritten error // of a help that a flag asked for: cobra takes no error of it
	root.SetHelpFunc(func(c *cobra.Command, _ []string) { unwritten = printHelp(c) })
	err := errors.Join(root.ExecuteContext(ctx), unwritten)

	var status exitStatus
	switch {
	case err == nil:
		return exitHolds
	case errors.As(err, &status):
		return int(status)
	case ctx.Err() != nil:
		fmt.Fprintln(errOut, "sallyport: interrupted")
		return exitCouldNot
	case errors.Is(err, syscall.EPIPE):
		return exitCouldNot // whoever read the output has gone
	default:
		fmt.Fprintf(errOut, "sallyport: %s\n", escaped(err.Error()))
		return exitCouldNot
	}
}

// endings are the signals that ask for an orderly end. A terminal that is
// closed is one, but not under nohup.
func endings() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "sallyport",
		Short: "A secure core between a web page and a Go program",
		Long: `Sallyport stands between a web page that nobody should have to trust and a
Go program that holds real power. Every call of the page goes through a
sandboxed frame, a schema and a policy, and is recorded before it runs.`,
		Example: `  sallyport demo                        an attack without Sallyport and with it
  sallyport doctor                      what this machine can run
  sallyport manifest ./examples/notes   list an app's commands from its Go code
  sallyport policy check ./examples/notes
  sallyport schema check ./examples/notes
  sallyport version --json`,
		Args:          noSuchCommand,
		SilenceErrors: true, // run prints them, once
		SilenceUsage:  true,

		SuggestionsMinimumDistance: 2,
		RunE:                       func(c *cobra.Command, _ []string) error { return printHelp(c) },
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fmt.Errorf("%w; see %s --help", err, c.CommandPath())
	})
	root.SetUsageTemplate(strings.NewReplacer( // for 80 columns
		".FlagUsages ", ".FlagUsagesWrapped 80 ",
		"for more information about a command", "for more about a command",
	).Replace(root.UsageTemplate()))
	root.SetHelpCommand(newHelpCommand())
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		newBenchCommand(),
		newDemoCommand(),
		newDoctorCommand(),
		newGenCommand(),
		newManifestCommand(),
		newPolicyCommand(),
		newSchemaCommand(),
		newVersionCommand(),
	)
	return root
}

// atMost refuses more arguments than a command takes.
func atMost(n int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) <= n {
			return nil
		}
		return fmt.Errorf("%q is an argument too many; see %s --help", args[n], c.CommandPath())
	}
}

// noSuchCommand refuses what is no command, with the nearest ones.
func noSuchCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("there is no command %q; see %s --help", args[0], c.CommandPath())
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		err = fmt.Errorf("%w, or did you mean %s?", err, strings.Join(near, " or "))
	}
	return err
}
