package main

import (
	"fmt"
	"strconv"

	"github.com/casbin/casbin/v3"
	"github.com/casbin/casbin/v3/model"
)

// matching asks the cheap questions first. Casbin's policies are lines of
// text, so a size is read from its line when it is asked for.
const matching = `
[request_definition]
r = window, origin, command, path, size

[policy_definition]
p = window, origin, command, path, size

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = r.command == p.command && r.window == p.window && r.origin == p.origin && (p.path == "" || globMatch(r.path, p.path) && atMost(r.size, p.size))
`

// newCasbin is one Casbin line for each command without a condition, and for
// each glob of a command with one.
func newCasbin(grants []grant) (engine, error) {
	m, err := model.NewModelFromString(matching)
	if err != nil {
		return nil, err
	}
	e, err := casbin.NewEnforcer(m)
	if err != nil {
		return nil, err
	}
	e.AddFunction("atMost", func(operands ...any) (any, error) {
		size, ok := operands[0].(float64) // which Casbin makes of every number
		text, also := operands[1].(string)
		if !ok || !also {
			return false, fmt.Errorf("atMost(%T, %T)", operands[0], operands[1])
		}
		most, err := strconv.ParseInt(text, 10, 64)
		return err == nil && size <= float64(most), err
	})
	if _, err := e.AddPolicies(lines(grants)); err != nil {
		return nil, err
	}
	return func(c *call) (bool, error) {
		return e.Enforce(c.Window, c.Origin, c.Command, c.Path, c.Size)
	}, nil
}

func lines(grants []grant) [][]string {
	var all [][]string
	for _, g := range grants {
		for _, command := range g.Commands {
			if g.Paths == nil {
				all = append(all, []string{g.Window, g.Origin, command, "", ""})
			}
			for _, path := range g.Paths {
				all = append(all, []string{g.Window, g.Origin, command, path, strconv.FormatInt(g.Size, 10)})
			}
		}
	}
	return all
}
