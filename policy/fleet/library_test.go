package fleet

import (
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/sallyport/sallyport/policy"
)

// OPA must be able to compile what policy.Load can: a function that the library here lacks would keep
// good bundles out.
func TestOPAKnowsTheWholeScopeLibrary(t *testing.T) {
	text := "# METADATA\n# custom:\n#   windows: []\npackage capability.x\n\nimport data.sallyport.scope\n\nallow if scope.nothing(1, 2)\n"
	_, err := policy.Load(fstest.MapFS{"x.rego": {Data: []byte(text)}}, policy.Config{})
	if err == nil {
		t.Fatal("the error that lists the library was expected")
	}
	_, list, ok := strings.Cut(err.Error(), "the scope library has")
	listed := regexp.MustCompile(`([a-z_]+)\(([^)]*)\)`).FindAllStringSubmatch(list, -1)
	if !ok || len(listed) < 2 {
		t.Fatalf("no list of functions in: %v", err)
	}
	arity := make(map[string]int)
	for _, r := range ast.MustParseModule(library).Rules {
		arity[string(r.Head.Name)] = len(r.Head.Args)
	}
	for _, f := range listed {
		if want := strings.Count(f[2], ",") + 1; arity[f[1]] != want {
			t.Errorf("%s takes %d operands in policy, and %d for OPA's compiler", f[1], want, arity[f[1]])
		}
	}
}
