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
			if got, want := slices.Sorted(maps.Keys(variables)), []string{"$APPDATA", "$HOME", "$PROJECTS", "$SCRATCH"}; !slices.Equal(got, want) {
				t.Errorf("names %v, want %v", got, want)
			}
			for inner := range variables {
				for outer := range variables {
					lies := x.inside(variables[inner]+"/file", outer) == inside
					if want := inner == outer || inner == "$APPDATA" && outer == "$HOME"; lies != want {
						t.Errorf("%s in %s: %v, want %v", inner, outer, lies, want)
					}
				}
			}
		})
	}
}
