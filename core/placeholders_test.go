package core

import (
	"maps"
	"runtime"
	"slices"
	"testing"

	"github.com/sallyport/sallyport/policy"
)

// What the command line says about a policy, it says of imaginary directories:
// those of all variables that an app has without setting any, and of no others.
func TestPlaceholdersStandForTheCoresVariables(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	variables, err := (&Config{}).directories()
	if err != nil {
		t.Fatal(err)
	}
	got, want := slices.Sorted(maps.Keys(policy.Placeholders(runtime.GOOS))), slices.Sorted(maps.Keys(variables))
	if !slices.Equal(got, want) {
		t.Errorf("placeholders for %v, want %v", got, want)
	}
}
