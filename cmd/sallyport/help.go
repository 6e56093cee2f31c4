package main

import (
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// newHelpCommand stands in for cobra's, which answers a question about what is
// no command with the help of another, and succeeds.
func newHelpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Show what a command does and takes",
		Example: `  sallyport help
  sallyport help bench                  the same as sallyport bench --help`,
		RunE: func(c *cobra.Command, args []string) error {
			about, rest, err := c.Root().Find(args)
			if err == nil {
				err = noSuchCommand(about, rest)
			}
			if err != nil {
				return err
			}
			about.InitDefaultHelpFlag() // for it to be listed
			return printHelp(about)
		},
	}
}

// printHelp writes a command's help in one piece, and says if that failed.
func printHelp(c *cobra.Command) error {
	text := c.Long
	if text == "" {
		text = c.Short
	}
	_, err := io.WriteString(c.OutOrStdout(), strings.TrimSpace(text)+"\n\n"+c.UsageString())
	return err
}
