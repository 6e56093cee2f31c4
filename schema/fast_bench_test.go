package schema

import (
	"strings"
	"testing"
)

// BenchmarkFast takes the fast path and the judge alone in turns, on what both accept and on a row of
// it that is wrong at the very end.
func BenchmarkFast(b *testing.B) {
	s := mustCompile(b, "a.input.json", sampleSchema)
	for _, size := range []string{"200B", "1KiB", "16KiB"} {
		good := string(sample(sampleSizes()[size]))
		bad := good[:strings.LastIndex(good, `"done":`)] + `"done":0}]}`
		for _, row := range []struct {
			name     string
			set      *Set
			text     string
			accepted bool
		}{{"accepted", s, good, true}, {"accepted-judge", s.JudgeOnly(), good, true}, {"refused", s, bad, false}, {"refused-judge", s.JudgeOnly(), bad, false}} {
			v := mustParse(b, row.text)
			b.Run(size+"/"+row.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := row.set.ValidateInput("a", v); (err == nil) != row.accepted {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
