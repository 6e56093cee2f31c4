package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/policy/replay"
)

// policySchemas are the JSON Schemas that can be printed, by name.
func policySchemas() map[string]func() []byte {
	return map[string]func() []byte{
		"capability": policy.CapabilitySchema,
		"decision":   policy.DecisionSchema,
		"input":      policy.InputSchema,
		"permission": policy.PermissionSchema,
		"recorded":   replay.Schema,
	}
}

func newPolicySchemaCommand() *cobra.Command {
	names := []string{"capability", "permission", "input", "decision", "recorded"}
	return &cobra.Command{
		Use:   "schema NAME",
		Short: "Print the JSON Schema of a policy's files, input or decisions",
		Long: `Schema prints a JSON Schema: of declarative files for editors (capability,
permission), of what rules read as input, of what policy explain --json prints
(decision), or of one line of the calls that an app records for policy simulate
(recorded).`,
		Example: `  sallyport policy schema capability > capability.schema.json
  sallyport policy schema permission`,
		ValidArgs: names,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(names, args[0]) {
				return fmt.Errorf("one of %s was expected; see %s --help", strings.Join(names, ", "), c.CommandPath())
			}
			_, err := c.OutOrStdout().Write(policySchemas()[args[0]]())
			return err
		},
	}
}
