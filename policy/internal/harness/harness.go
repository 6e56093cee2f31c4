// Package harness is what package policy hands to those that test and lint capability files. Its
// types are OPA's, and so not for package policy to show.
package harness

import (
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// A Harness is capabilities and test files, ready to be compiled together.
type Harness struct {
	// Compiler has compiled nothing yet, so that OPA's tester can add its own stages.
	Compiler *ast.Compiler
	// Modules are the parsed files, tests and capabilities, by file.
	Modules map[string]*ast.Module
	// Capabilities are the keys in Modules that are no tests, by the capability's name.
	Capabilities map[string]string
	// Builtins are what capability files call by other names.
	Builtins map[string]*topdown.Builtin
	// Place turns an error of the compiler into one that begins with file and line.
	Place func(error) error
}
