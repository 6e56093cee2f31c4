package schema

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// spent is what a verdict costs in steps, and in the work of patterns.
func spent(t *testing.T, s *Set, v Value) (got verdict, steps, matching int) {
	t.Helper()
	f := s.of(Input, "a").fast
	n := v.(*node)
	r := f.checker(n)
	was := r
	got = r.check(f.root, n, nil)
	return got, was.left - r.left, was.matching - max(r.matching, 0) // below 0 nothing was done for it
}

// Work that grows without end ends as unknown, soon, and goes to the judge and its own bounds.
func TestFastGivesUp(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 60) + "1" + strings.Repeat("}", 60)
	twice := `{"properties":{"a":{"$ref":"#"}},"required":["x"]},{"properties":{"a":{"$ref":"#"}},"required":["y"]}`
	for _, test := range []struct{ name, schema, text string }{
		{"a choice that reaches itself twice", `{"anyOf":[` + twice + `]}`, deep},
		{"the same by oneOf", `{"oneOf":[` + twice + `]}`, deep},
		{"the same by not", `{"not":{"allOf":[{"not":{"properties":{"a":{"$ref":"#"}}}},{"not":{"items":{"$ref":"#"},"properties":{"a":{"$ref":"#"}}}}]},"properties":{"a":{"$ref":"#"}}}`, deep},
		{"a condition that reaches itself twice", `{"if":{"properties":{"a":{"$ref":"#"}}},"then":{"properties":{"a":{"$ref":"#"}}},"else":false}`, deep},
		{"references that double", `{"$defs":{` + doubling(40) + `},"$ref":"#/$defs/d0"}`, `1`},
		{"texts under a large pattern", `{"items":{"pattern":"[a-z]{3,1000}$"}}`, `["` + strings.Repeat(strings.Repeat("a", 500)+`","`, 2000) + `"]`},
		{"empty texts under a large pattern", `{"items":{"pattern":"^(?:a?){500}$"}}`, `[` + strings.Repeat(`"",`, 90_000) + `1]`},
		{"empty names under a large pattern", `{"items":{"patternProperties":{"^(?:a?){500}$":true}}}`, `[` + strings.Repeat(`{"":1},`, 45_000) + `1]`},
		{"names under a large pattern", `{"patternProperties":{"[a-z]{3,1000}$":true}}`, `{"` + strings.Repeat("k", 500_000) + `":1}`},
	} {
		s := mustCompile(t, "a.input.json", test.schema)
		v, err := Parse([]byte(test.text), Limits{Size: 4 << 20, Nodes: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		got, steps, matching := spent(t, s, v)
		if got != unknown {
			t.Errorf("%s: the verdict is %d after %d steps and %d of matching", test.name, got, steps, matching)
		}
		if steps > 10_000+maxSteps+2<<20 || matching > maxMatching {
			t.Errorf("%s: it took %d steps and %d of matching", test.name, steps, matching)
		}
	}
}

// A value twice as large takes twice the steps, whatever it is made of.
func TestFastIsLinear(t *testing.T) {
	all := `{"$defs":{"any":{"anyOf":[{"type":"integer","minimum":0.5},{"type":"string","maxLength":9,"pattern":"a|b"},
		{"type":"array","items":{"$ref":"#/$defs/any"},"uniqueItems":true,"contains":true,"unevaluatedItems":false},
		{"type":"object","additionalProperties":{"$ref":"#/$defs/any"},"propertyNames":{"not":{"const":"x"}},"patternProperties":{"^a":true,"b|c":true},"dependentRequired":{"a1":["a1"]},"unevaluatedProperties":false},
		{"const":{"a":1}},{"enum":[1.5,[1]]}]}},"$ref":"#/$defs/any"}`
	s := mustCompile(t, "a.input.json", all)
	rows := mustCompile(t, "a.input.json", sampleSchema)
	for _, test := range []struct {
		name string
		set  *Set
		make func(n int) string
	}{
		{"rows", rows, func(n int) string { return string(sample(40 * n)) }},
		{"integers", s, func(n int) string {
			var b strings.Builder
			for i := range n {
				fmt.Fprintf(&b, "%d,", 100_000+i)
			}
			return "[" + b.String() + "1]"
		}},
		{"fractions", s, func(n int) string {
			var b strings.Builder
			for i := range n {
				fmt.Fprintf(&b, "%d.0,", 100_000+i)
			}
			return "[" + b.String() + "1]"
		}},
		{"members", s, func(n int) string {
			var b strings.Builder
			for i := range n {
				fmt.Fprintf(&b, `"a%d":1,`, 100_000+i)
			}
			return "{" + b.String() + `"b":1}`
		}},
		{"one text", s, func(n int) string { return `"` + strings.Repeat("a", n) + `"` }},
		{"one text with escapes", s, func(n int) string { return `"` + strings.Repeat(`\u0061`, n) + `"` }},
		{"lists in lists", s, func(n int) string {
			var b strings.Builder
			for i := range n {
				fmt.Fprintf(&b, "[[%d]],", 100_000+i)
			}
			return "[" + b.String() + "[]]"
		}},
	} {
		var steps, matching [2]int
		var verdicts [2]verdict
		for i, n := range []int{5_000, 10_000} {
			v, err := Parse([]byte(test.make(n)), Limits{Keys: 20_000})
			if err != nil {
				t.Fatal(test.name, err)
			}
			verdicts[i], steps[i], matching[i] = spent(t, test.set, v)
		}
		if verdicts[0] == unknown || verdicts[0] != verdicts[1] {
			t.Errorf("%s: the verdicts are %v", test.name, verdicts)
		}
		if steps[1] > 2*steps[0]+100 || matching[1] > 2*matching[0]+100 {
			t.Errorf("%s: %d steps became %d, matching %d became %d", test.name, steps[0], steps[1], matching[0], matching[1])
		}
	}
}

// Whatever takes longer with a longer text takes more steps, or else could be asked for without end.
func TestFastCountsItsWork(t *testing.T) {
	long := strings.Repeat("a", 100_000)
	for _, test := range []struct {
		schema, text string
		least        int
	}{
		{`{"uniqueItems":true}`, `["` + long + `",1]`, 100_000},
		{`{"enum":[[]]}`, `["` + long + `"]`, 100_000},
		{`{"enum":["1","2","3","4","5","6","7","8","9","10"]}`, `"` + long + `"`, 6_000},
		{`{"maxLength":99999}`, `"` + long + `"`, 1_500},
		{`{"maxLength":99999}`, `"` + strings.Repeat(`\u0061`, 100_000) + `"`, 30_000},
		{`{"format":"json-pointer"}`, `"/` + long + `"`, 25_000},
		{`{"pattern":"^a+$"}`, `"` + long + `"`, 6_000},
		{`{"propertyNames":{"not":{"const":"x"}}}`, `{"` + long + `":1}`, 100_000},
		{`{"dependentRequired":{"y":[]}}`, `{"` + strings.Repeat(`\u0061`, 1000) + `":1}`, 32},
		{`{"dependentSchemas":{"y":false}}`, `{"` + strings.Repeat(`\u0061`, 1000) + `":1}`, 32},
		{`{"multipleOf":0.5}`, `0.0000000000000000000000000001`, ratSteps},
		{`{"enum":[0.5]}`, strings.Repeat("1", 120), 15},
		{`{"allOf":[{"contains":true},{"items":true},{"unevaluatedItems":true}]}`, `[` + strings.Repeat("1,", 10_000) + `1]`, 40_000},
	} {
		s := mustCompile(t, "a.input.json", test.schema)
		if _, steps, _ := spent(t, s, mustParse(t, test.text)); steps < test.least || steps > 8*test.least+100 {
			t.Errorf("%s takes %d steps on %s", test.schema, steps, shorten(test.text, 20))
		}
	}
}

// Depth beyond what the stack should hold is left to the judge.
func TestFastLeavesTheDeepestToTheJudge(t *testing.T) {
	s := mustCompile(t, "a.input.json", `{"items":{"$ref":"#"}}`)
	for depth, want := range map[int]verdict{maxFastDepth: yes, maxFastDepth + 1: unknown, 9_000: unknown} {
		v, err := Parse([]byte(strings.Repeat("[", depth)+strings.Repeat("]", depth)), Limits{Depth: 10_000})
		if err != nil {
			t.Fatal(err)
		}
		if got, _, _ := spent(t, s, v); got != want {
			t.Errorf("at depth %d the verdict is %d", depth, got)
		}
	}
}

// A number beyond what Parse lets through by default panics deep inside. It is not accepted, and the
// judge is asked, whose own panic is a refusal.
func TestFastContainsItsPanics(t *testing.T) {
	s := mustCompile(t, "a.input.json", `{"anyOf":[{"enum":[[1]]},{"type":"array","uniqueItems":true,"items":{"items":{"minimum":1}}}]}`)
	v, err := Parse([]byte(`[[1e1000001]]`), Limits{Exponent: 2_000_000})
	if err != nil {
		t.Fatal(err)
	}
	if s.of(Input, "a").fast.accepts(v.(*node)) {
		t.Error("it is accepted")
	}
	if err := s.ValidateInput("a", v); err == nil || strings.Contains(err.Error(), "1e1") {
		t.Errorf("the judge says %v", err)
	}
}

// A key is the judge's, and stops where it can no longer be one that is looked for.
func TestFastKeysAreTheJudges(t *testing.T) {
	for _, text := range []string{
		`null`, `true`, `"\u0061\ud83d\ude00"`, `-0.0`, `1e2`, `[]`, `{}`, `[[1.0,"x"],{"b":null,"\u0061":[false]},""]`, `{"b":1,"a":{"":2},"\u00e9":3,"aa":4}`,
	} {
		n := mustParse(t, text).(*node)
		if got, want := string(appendNodeKey(nil, n, math.MaxInt)), string(appendKey(nil, tree(n))); got != want {
			t.Errorf("%s: the key is %q, the judge's %q", text, got, want)
		}
	}
	many := strings.Repeat("[],", 30_000)
	for _, test := range []struct{ schema, text string }{
		{`{"anyOf":[` + strings.Repeat(`{"const":[1]},`, 60) + `true]}`, "[" + many + "1]"},
		{`{"anyOf":[` + strings.Repeat(`{"const":{"a":1}},`, 60) + `true]}`, `{"a":[` + many + `1]}`},
		{`{"anyOf":[` + strings.Repeat(`{"const":{"a":1}},`, 60) + `true]}`, wideObject(4000)},
	} {
		s := mustCompile(t, "a.input.json", test.schema)
		v := mustParse(t, test.text)
		if _, all := heldBy(func() { spent(t, s, v) }); all > 1<<20 {
			t.Errorf("%s: it took %d KiB to see that %s is none of these", shorten(test.schema, 30), all>>10, shorten(test.text, 30))
		}
	}
}

func wideObject(members int) string {
	text := []byte("{")
	for i := range members {
		text = fmt.Appendf(text, `"k%d":1,`, i)
	}
	return string(append(text, `"":1}`...))
}
