package bench

import (
	"errors"
	"fmt"
	"strings"
)

// agree lets a contender answer the checks. One that answers otherwise decides
// something else, and its figures would compare nothing.
func agree(variant string, c contender, checks []call) error {
	got, err := c.verdicts(checks)
	if err != nil {
		return fmt.Errorf("%s: %w", variant, err)
	}
	if len(got) != len(checks) {
		return fmt.Errorf("%s gave %d verdicts on %d calls", variant, len(got), len(checks))
	}
	for i, want := range checks {
		if got[i] != want.Allowed {
			return fmt.Errorf("%s: %w", variant, wrongVerdict(want, got[i], nil))
		}
	}
	return nil
}

func wrongVerdict(c call, got bool, err error) error {
	verdict := map[bool]string{true: "allows", false: "denies"}
	return errors.Join(fmt.Errorf("%s %s from %s at %s with path %q and size %d, and the others: %s",
		verdict[got], c.Command, c.Window, c.Origin, c.Path, c.Size, verdict[c.Allowed]), err)
}

// reworded is the same calls of another command of the same capability.
func reworded(calls []call, command string) []call {
	all := make([]call, len(calls))
	for i, c := range calls {
		space, _, _ := strings.Cut(c.Command, ".")
		c.Command = space + "." + command
		all[i] = c
	}
	return all
}

// exported is the checks of save, asked of export.
func exported(checks []call) []call {
	var all []call
	for _, c := range checks {
		if strings.HasSuffix(c.Command, ".save") {
			all = append(all, reworded([]call{c}, "export")...)
		}
	}
	return all
}
