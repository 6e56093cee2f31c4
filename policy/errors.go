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
	if _, ok := errors.AsType[*FileError](err); ok {
		return err
	}
	return &FileError{file, line, err}
}

// A FileError is what is wrong in a capability file, and where.
type FileError struct {
	File string // as the fs.FS names it
	Line int    // from 1
	Err  error
}

// Error begins with the place.
func (e *FileError) Error() string { return fmt.Sprintf("policy: %s:%d: %v", e.File, e.Line, e.Err) }

// Unwrap is what is wrong, without the place.
func (e *FileError) Unwrap() error { return e.Err }

// loadError turns what OPA's parser or compiler found into one error that begins with
// the place of the first fault.
func loadError(file string, err error) error {
	all, _ := errors.AsType[ast.Errors](err)
	if one, ok := errors.AsType[*ast.Error](err); ok { // of a file without a statement
		all = ast.Errors{one}
	}
	if len(all) == 0 {
		return at(file, 1, err)
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
		line = max(first.Location.Row, 1)
		if first.Location.File != "" {
			file = first.Location.File
		}
	}
	text := first.Code + ": " + first.Message
	if lines := details(first); len(lines) > 0 {
		text += " (" + strings.Join(lines, "; ") + ")"
	}
	if name, ok := strings.CutPrefix(first.Message, "undefined function "); ok {
		text += hint(name)
	}
	if len(all) > 1 {
		text += fmt.Sprintf(" (and %d more)", len(all)-1)
	}
	return at(file, line, errors.New(text))
}

// details are an error's further lines: the source line at fault, or types. The
// caret that the parser puts below a source line points nowhere on one line.
func details(e *ast.Error) []string {
	if e.Details == nil {
		return nil
	}
	var lines []string
	for _, line := range e.Details.Lines() {
		if line = strings.TrimSpace(line); line != "" && line != "^" {
			lines = append(lines, line)
		}
	}
	return lines
}

// hint says why a function that Rego knows does not exist here.
func hint(name string) string {
	switch {
	case strings.HasPrefix(name, scopeRef().String()):
		return ": the scope library has " + scopeSignatures()
	case strings.HasPrefix(name, "scope."):
		return ": write import data.sallyport.scope below the package"
	case ast.BuiltinMap[name] != nil:
		return ": not available to capability files, which reach neither network, environment nor host, give " +
			"one answer for one input, and do no more for a short argument than reading it"
	}
	return ""
}
