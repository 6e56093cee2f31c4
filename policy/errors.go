package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// at prefixes an error with the place it is about, unless it names one already.
func at(file string, line int, err error) error {
	var located *locatedError
	if errors.As(err, &located) {
		return err
	}
	return &locatedError{file, line, err}
}

type locatedError struct {
	file string
	line int
	err  error
}

func (e *locatedError) Error() string {
	return fmt.Sprintf("policy: %s:%d: %v", e.file, e.line, e.err)
}

func (e *locatedError) Unwrap() error { return e.err }

// loadError turns what OPA's parser or compiler found into one error that begins with
// the place of the first fault.
func loadError(file string, err error) error {
	var all ast.Errors
	if !errors.As(err, &all) || len(all) == 0 {
		return fmt.Errorf("policy: %s: %w", file, err)
	}
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b *ast.Error) int {
		if a.Location == nil || b.Location == nil {
			return 0
		}
		return a.Location.Compare(b.Location)
	})
	first := all[0]
	line := 1
	if first.Location != nil {
		line = first.Location.Row
		if first.Location.File != "" {
			file = first.Location.File
		}
	}
	text := first.Code + ": " + first.Message
	if first.Details != nil {
		text += " (" + strings.Join(first.Details.Lines(), "; ") + ")"
	}
	if name, ok := strings.CutPrefix(first.Message, "undefined function "); ok {
		text += hint(name)
	}
	if len(all) > 1 {
		text += fmt.Sprintf(" (and %d more)", len(all)-1)
	}
	return at(file, line, errors.New(text))
}

// hint says why a function that Rego knows does not exist here.
func hint(name string) string {
	switch {
	case strings.HasPrefix(name, scopeRef().String()):
		return ": the scope library has path_inside(path, dir) and glob(pattern, path)"
	case strings.HasPrefix(name, "scope."):
		return ": write import data.sallyport.scope below the package"
	case ast.BuiltinMap[name] != nil:
		return ": not available to capability files, which reach neither network, environment nor host, give " +
			"one answer for one input, and do no more for a short argument than reading it"
	}
	return ""
}
