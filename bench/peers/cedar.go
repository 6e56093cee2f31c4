package main

import (
	"fmt"
	"strings"

	"github.com/cedar-policy/cedar-go"
)

// newCedar is one Cedar policy for each grant. The * of Cedar's like crosses
// slashes, so a glob is two conditions: below the folder, and no deeper.
func newCedar(grants []grant) (engine, error) {
	var text strings.Builder
	for _, g := range grants {
		fmt.Fprintf(&text, "permit (principal == Window::%q, action in [%s], resource == Origin::%q)", g.Window, actions(g.Commands), g.Origin)
		if g.Paths != nil {
			fmt.Fprintf(&text, "\nwhen { context.size <= %d && (%s) }", g.Size, conditions(g.Paths))
		}
		text.WriteString(";\n")
	}
	policies, err := cedar.NewPolicySetFromBytes("grants.cedar", []byte(text.String()))
	if err != nil {
		return nil, err
	}
	entities := cedar.EntityMap{}
	return func(c *call) (bool, error) {
		decision, diagnostic := cedar.Authorize(policies, entities, cedar.Request{
			Principal: cedar.NewEntityUID("Window", cedar.String(c.Window)),
			Action:    cedar.NewEntityUID("Action", cedar.String(c.Command)),
			Resource:  cedar.NewEntityUID("Origin", cedar.String(c.Origin)),
			Context: cedar.NewRecord(cedar.RecordMap{
				"path": cedar.String(c.Path),
				"size": cedar.Long(c.Size),
			}),
		})
		if len(diagnostic.Errors) > 0 {
			return false, fmt.Errorf("%v", diagnostic.Errors[0])
		}
		return decision == cedar.Allow, nil
	}, nil
}

func actions(commands []string) string {
	all := make([]string, len(commands))
	for i, command := range commands {
		all[i] = fmt.Sprintf("Action::%q", command)
	}
	return strings.Join(all, ", ")
}

func conditions(globs []string) string {
	all := make([]string, len(globs))
	for i, glob := range globs {
		folder := glob[:strings.LastIndexByte(glob, '/')+1]
		all[i] = fmt.Sprintf("(context.path like %q && !(context.path like %q))", glob, folder+"*/*")
	}
	return strings.Join(all, " || ")
}
