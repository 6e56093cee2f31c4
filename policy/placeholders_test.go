package policy

import (
	"maps"
	"slices"
	"testing"
)

func TestPlaceholdersAreDirectoriesOfTheirPlatform(t *testing.T) {
	for _, platform := range platforms() {
		t.Run(platform, func(t *testing.T) {
			variables := Placeholders(platform, "PROJECTS", "$HOME", "$SCRATCH")
			x, err := newLexicon(platform, variables)
			if err != nil {
				t.Fatal(err)
			}
			if names := slices.Sorted(maps.Keys(variables)); len(names) != len(Placeholders(platform))+2 {
				t.Errorf("names %v, want $PROJECTS and $SCRATCH beside the core's", names)
			}
			alone := []string{"$HOME", "$PROJECTS", "$RUNTIME", "$SCRATCH", "$TEMP"}
			for inner := range variables {
				for outer := range variables {
					lies := x.inside(variables[inner]+"/file", outer) == inside
					want := inner == outer || !slices.Contains(alone, inner) && outer == "$HOME" || inner == "$CACHE" && outer == "$CONFIG" && platform == "windows"
					if lies != want {
						t.Errorf("%s in %s: %v, want %v", inner, outer, lies, want)
					}
				}
			}
		})
	}
}
