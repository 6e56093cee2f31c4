// Package policyformat writes Rego in the one form that OPA's formatter gives it.
package policyformat

import (
	"errors"
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/format"
)

// Source is text as `opa fmt` writes it. file is for errors, which begin with it and the line.
func Source(file string, text []byte) ([]byte, error) {
	out, err := format.SourceWithOpts(file, text, format.Opts{RegoVersion: ast.RegoV1})
	if all, ok := errors.AsType[ast.Errors](err); ok && len(all) > 0 && all[0].Location != nil {
		first := all[0]
		return nil, fmt.Errorf("%s:%d: %s: %s", file, max(first.Location.Row, 1), first.Code, strings.TrimSpace(first.Message))
	}
	if one, ok := errors.AsType[*ast.Error](err); ok && one.Location != nil {
		return nil, fmt.Errorf("%s:%d: %s: %s", file, max(one.Location.Row, 1), one.Code, strings.TrimSpace(one.Message))
	}
	return out, err
}
