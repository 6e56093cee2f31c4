package core

import (
	"maps"
	"runtime"
	"slices"
	"testing"

	"github.com/sallyport/sallyport/internal/folders"
	"github.com/sallyport/sallyport/policy"
)

// What the command line says about a policy, it says of imaginary directories:
// those of all variables that an app has without setting any, and of no others.
func TestPlaceholdersStandForTheCoresVariables(t *testing.T) {
	got, want := slices.Sorted(maps.Keys(policy.Placeholders(runtime.GOOS))), folders.Names()
	if !slices.Equal(got, want) {
		t.Errorf("placeholders for %v, want %v", got, want)
	}
}
