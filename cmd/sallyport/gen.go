package main

import "github.com/spf13/cobra"

func newGenCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "gen",
		Short: "Write a TypeScript client or a reference of an app's commands",
		Long: `Gen writes files from an app's schemas, those in a folder and, with --app, those
that the app makes of Go types.

It exits with 0 when a file was written or is up to date, 1 when --check finds
that it is not, and 2 when the schemas can't be used.`,
		Example: `  sallyport gen docs ./examples/notes --out docs/commands.md
  sallyport gen docs . --out docs/commands.md --check
  sallyport gen ts ./examples/notes --out frontend/src/sallyport.ts`,
		Args:                       noSuchCommand,
		SuggestionsMinimumDistance: 2,
		RunE:                       func(c *cobra.Command, _ []string) error { return printHelp(c) },
	}
	c.AddCommand(newGenDocsCommand(), newGenTSCommand())
	return c
}
