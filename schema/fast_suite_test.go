package schema

import (
	"testing"
	"testing/fstest"
)

// On the suite the fast path and the judge have one verdict, and of what is valid the fast path
// accepts nearly all without the judge.
func TestFastOnTheSuite(t *testing.T) {
	ran, refused, valid, accepted := 0, 0, 0, 0
	for _, g := range schemaSuite(t) {
		set, err := Compile(fstest.MapFS{"a.input.json": {Data: g.Schema}})
		if err != nil {
			refused += len(g.Tests)
			continue
		}
		judge, c := set.JudgeOnly(), set.of(Input, "a")
		for _, test := range g.Tests {
			v := mustParse(t, string(test.Data))
			want := judge.ValidateInput("a", v)
			ran++
			if want == nil {
				valid++
			}
			if c.fast != nil {
				switch got := c.fast.verdict(v.(*node)); {
				case got == yes && want == nil:
					accepted++
				case got == yes, got == no && want == nil:
					t.Errorf("%s: %s: the fast path says %d of %s, the judge %v", g.file, g.Description, got, test.Data, want)
				}
			}
			if got := set.ValidateInput("a", v); (got == nil) != (want == nil) {
				t.Errorf("%s: %s: %s: %v, the judge alone %v", g.file, g.Description, test.Data, got, want)
			}
		}
	}
	t.Logf("%d judged, %d of schemas that are refused at start; %d valid, %d of them accepted without the judge (%.1f %%)",
		ran, refused, valid, accepted, 100*float64(accepted)/float64(valid))
	if ran < 1900 || accepted < valid*95/100 {
		t.Error("too little is judged, or the fast path accepts too little of it")
	}
}
