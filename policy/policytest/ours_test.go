package policytest

import (
	"context"
	"os"
	"testing"

	"github.com/sallyport/sallyport/policy"
)

// The capabilities that users see first, and copy from, have tests that notice
// each change of them.
func TestOurCapabilitiesAreTestedToTheLastCondition(t *testing.T) {
	for _, dir := range []string{"../../examples/notes/capabilities", "../../internal/demo/app/capabilities"} {
		t.Run(dir, func(t *testing.T) {
			m, err := Mutate(context.Background(), os.DirFS(dir), policy.Config{}, MutateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if len(m.Mutants) < 15 {
				t.Errorf("only %d changes were tried", len(m.Mutants))
			}
			for _, m := range m.Survivors() {
				t.Errorf("%s:%d: no test notices %s", m.File, m.Line, m.Change)
			}
		})
	}
}
