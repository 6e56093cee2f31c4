package schema

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// quickly is the fast path's own verdict, and the judge's.
func quickly(t testing.TB, s *Set, text string) (verdict, error) {
	t.Helper()
	c := s.of(Input, "a")
	if c.fast == nil {
		t.Fatal("there is no fast path")
	}
	v := mustParse(t, text)
	return c.fast.verdict(v.(*node)), s.JudgeOnly().ValidateInput("a", v)
}

// The fast path is sure of all of these, and right.
func TestFastVerdicts(t *testing.T) {
	deps := `{"dependentRequired":{"a":["b","c"]},"dependentSchemas":{"d":{"minProperties":3}}}`
	for _, test := range []struct{ schema, accepted, refused string }{
		{`true`, `null 1 {}`, ``},
		{`false`, ``, `null 1 {}`},
		{`{"type":"integer"}`, `0 -0 1.0 1e2 -1.50e1 100e-2 1e400 123456789012345678901234567890 0.0e-400`, `1.5 1e-1 1e-400 123456789012345678901234567890.5 "1" null true`},
		{`{"type":["string","null"]}`, `"" null`, `0 false [] {}`},
		{`{"type":["integer","number"]}`, `1.5 1`, `"1"`},
		{`{"minimum":2}`, `2 2.0 3 2.0000000000000000000000000000001 1e400 "1"`, `1 1.99 -5 1.9999999999999999999999999999999 -1e400 2e-1`},
		{`{"maximum":9007199254740993}`, `9007199254740993 9007199254740992.5 -1e400`, `9007199254740994 9007199254740993.5 9007199254740993.00000000000000001 1e16`},
		{`{"exclusiveMinimum":0,"exclusiveMaximum":1.5}`, `1 1e-400 0.5 1.49`, `0 -0 0.0 1.5 15e-1 2 -0.1`},
		{`{"exclusiveMinimum":-1.5,"exclusiveMaximum":3}`, `-1 0 2 2.9 -1.49`, `-1.5 3 3.0 -2 4`},
		{`{"minimum":-9223372036854775809,"maximum":9223372036854775808}`, `-9223372036854775809 9223372036854775808 0`, `-9223372036854775810 9223372036854775809`},
		{`{"multipleOf":0.01}`, `0 1 12.34 -0.01 1e-2 1e400`, `0.001 12.345 1e-3 1e-400`},
		{`{"multipleOf":1.5}`, `3 1.5 -4.5 0 1.50`, `1 2 1.4 3.1`},
		{`{"multipleOf":1e-400}`, `3 0.1 1e-400 2e-400`, ``},
		{`{"multipleOf":1e400}`, `0 1e400 0.0`, `1 1e399 1.5 999999999999999999`},
		{`{"minLength":2,"maxLength":3}`, `"ab" "abc" "éé" "😀😀😀" "\ud83d\ude00\u00e9" "a\nb" 1`, `"" "a" "abcd" "é" "😀" "\ud83d\ude00" "😀😀😀😀" "\u0061\u0062\u0063\u0064"`},
		{`{"minLength":2}`, `"ab" "é😀" "aaaaaaaaaaaaaaaaaaaa"`, `"é" "😀" ""`},
		{`{"minLength":3}`, `"éab" "😀😀😀"`, `"😀" "😀é" "éé" "€€"`},
		{`{"minLength":1}`, `"a" "é" "\n"`, `""`},
		{`{"pattern":"^notes/"}`, `"notes/" "notes/a" "\u006eotes/a" 1`, `"" "note" "xnotes/" "Notes/"`},
		{`{"pattern":"a|b","maxLength":3}`, `"a" "xxb"`, `"xxx" "aaaa"`},
		{`{"format":"date"}`, `"2026-01-02" 1`, `"2026-02-30" ""`},
		{`{"enum":[1,"a",null,true,[1,{"b":2,"c":3}],1.5]}`, `1 1.0 10e-1 "a" "\u0061" null true [1.0,{"c":3,"b":2}] 15e-1`, `2 "A" "b" false [1] [1,{"b":2}] {} 1.50001 "1"`},
		{`{"enum":["a","b","c","d","e","f","g","h","i","j"]}`, `"a" "j" "\u0062"`, `"k" "" 1 null [] {}`},
		{`{"enum":[0,-1]}`, `0 -0 0.0 -1 -1.0`, `1 null false`},
		{`{"const":{"a":[1,"x"]}}`, `{"a":[1.0,"x"]}`, `{"a":["x",1]} {"a":[1,"x"],"b":1} {}`},
		{`{"const":false}`, `false`, `true null 0`},
		{`{"const":null}`, `null`, `false`},
		{`{"type":"object","required":["a","b"],"properties":{"a":{"type":"integer"},"c":{"type":"string"}},"additionalProperties":false,"minProperties":1}`,
			``, `{"a":1,"b":2} {"a":1} {} {"b":1} {"a":"x"} {"c":"x"}`},
		{`{"required":["a","b"],"properties":{"a":{"type":"integer"},"c":{"type":"string"}}}`,
			`{"a":1,"b":2} {"b":null,"a":1,"c":"x","d":1} {"\u0061":1,"b":1} 1`, `{"a":1} {"a":1,"c":"x"} {"a":"x","b":1} {"a":1,"b":1,"c":1} {"A":1,"b":1} {"\u0061":"x","b":1}`},
		{`{"properties":{"a":true},"additionalProperties":false}`, `{} {"a":1} {"\u0061":1}`, `{"b":1} {"a":1,"b":1} {"":1} {"A":1}`},
		{`{"properties":{"a":true},"patternProperties":{"^x":{"type":"integer"}},"additionalProperties":{"type":"string"}}`,
			`{"a":1,"x1":2,"b":"c"} {"\u0078":1}`, `{"x":"1"} {"b":1} {"\u0078":"1"}`},
		{`{"patternProperties":{"a":{"minimum":2},"b$":{"maximum":3}}}`, `{"ab":2,"a":5,"b":1,"c":9}`, `{"ab":1} {"ab":4} {"ba":1} {"b":4}`},
		{`{"propertyNames":{"maxLength":2}}`, `{} {"ab":1} {"é\u00e9":1}`, `{"abc":1} {"ab":1,"abc":1}`},
		{`{"propertyNames":{"enum":["a","b"]}}`, `{"a":1}`, `{"c":1}`},
		{`{"propertyNames":{"anyOf":[{"const":"a\"\\"},{"pattern":"^<x"}]}}`, `{"a\"\\":1,"<x>":2}`, `{"a":1} {"x":1}`},
		{`{"propertyNames":{"type":"integer"}}`, `{}`, `{"1":1}`},
		{`{"minProperties":1,"maxProperties":2}`, `{"a":1} {"a":1,"b":2} []`, `{} {"a":1,"b":2,"c":3}`},
		{deps, `{} {"b":1} {"a":1,"b":1,"c":1} {"d":1,"e":1,"f":1} {"\u0061":1,"b":1,"c":1}`, `{"a":1} {"a":1,"b":1} {"a":1,"c":1} {"d":1} {"d":1,"e":1} {"\u0064":1}`},
		{`{"minItems":1,"maxItems":2,"items":{"type":"integer"}}`, `[1] [1,2] {}`, `[] [1,2,3] ["a"] [1,"a"]`},
		{`{"prefixItems":[{"type":"integer"},true],"items":{"type":"string"}}`, `[] [1] [1,1] [1,null,"a","b"]`, `["a"] [1,1,1] [1,1,"a",1]`},
		{`{"contains":{"type":"integer"}}`, `[1] ["a",1] [1,2,3]`, `[] ["a"]`},
		{`{"contains":{"type":"integer"},"minContains":2,"maxContains":3}`, `[1,2] [1,"a",2,3]`, `[] [1] [1,2,3,4]`},
		{`{"contains":{"type":"integer"},"minContains":0,"maxContains":1}`, `[] [1]`, `[1,2]`},
		{`{"uniqueItems":true}`, `[] [1] [1,"1",true,null,false,0] ["a","b"] [[1],[2]] [{"a":1},{"a":2}] ["1",1]`, `[1,1.0] [0,-0] ["a","\u0061"] ["a","b","a"] [null,null] [[1,2],[1,2.0]] [{"a":1,"b":2},{"b":2,"a":1}]`},
		{`{"allOf":[{"minimum":1},{"maximum":3}]}`, `1 3`, `0 4`},
		{`{"anyOf":[{"type":"string"},{"minimum":1}]}`, `"a" 1 null`, `0`},
		{`{"oneOf":[{"type":"integer"},{"minimum":2},{"maximum":-2}]}`, `1 2.5 -2.5`, `2 -3 1.5`},
		{`{"not":{"type":"string"}}`, `1 null`, `"a"`},
		{`{"not":{"not":{"required":["a"]}}}`, `{"a":1}`, `{}`},
		{`{"if":{"minimum":10},"then":{"multipleOf":10},"else":{"multipleOf":3}}`, `10 3 20`, `11 1 13`},
		{`{"if":{"minimum":10},"then":{"multipleOf":10}}`, `10 1`, `11`},
		{`{"if":{"minimum":10},"else":{"multipleOf":3}}`, `11 3`, `1`},
		{`{"$defs":{"n":{"type":"object","properties":{"next":{"$ref":"#/$defs/n"}},"required":["v"]}},"$ref":"#/$defs/n"}`, `{"v":1,"next":{"v":1}}`, `{"v":1,"next":{"v":1,"next":{}}} []`},
		{`{"$defs":{"a":{"minimum":1}},"$ref":"#/$defs/a","maximum":2}`, `1 2`, `0 3`},
		{`{"properties":{"a":true},"unevaluatedProperties":false}`, `{"a":1}`, `{"b":1}`},
		{`{"anyOf":[{"properties":{"a":{"const":1}},"required":["a"]},{"properties":{"b":true}}],"unevaluatedProperties":{"type":"string"}}`,
			`{"a":1} {"b":1} {"a":1,"b":2} {"a":"x"} {"c":"x"}`, `{"a":2} {"c":1}`},
		{`{"oneOf":[{"properties":{"a":{"const":1}},"required":["a"]},{"properties":{"b":{"const":1}},"required":["b"]}],"unevaluatedProperties":false}`, `{"a":1} {"b":1}`, `{"a":1,"b":2} {"a":1,"c":1} {}`},
		{`{"if":{"properties":{"a":{"const":1}},"required":["a"]},"then":{"properties":{"b":true}},"unevaluatedProperties":false}`, `{"a":1,"b":1} {}`, `{"a":2} {"b":1} {"a":1,"c":1}`},
		{`{"not":{"properties":{"a":true},"required":["z"]},"unevaluatedProperties":false}`, `{}`, `{"a":1}`},
		{`{"allOf":[{"unevaluatedProperties":false}],"properties":{"a":true}}`, `{}`, `{"a":1}`},
		{`{"allOf":[{"additionalProperties":true}],"unevaluatedProperties":false}`, `{"a":1}`, ``},
		{`{"anyOf":[{"properties":{"a":true},"required":["b"]},{"properties":{"b":true}}],"unevaluatedProperties":false}`, `{"b":1} {"a":1,"b":1}`, `{"a":1} {"a":1,"b":1,"c":1}`},
		{`{"if":{"properties":{"a":true},"required":["z"]},"else":{"properties":{"b":true}},"unevaluatedProperties":false}`, `{"b":1} {}`, `{"a":1} {"a":1,"b":1}`},
		{`{"dependentSchemas":{"a":{"properties":{"b":true,"a":true}}},"unevaluatedProperties":false}`, `{"a":1,"b":1} {}`, `{"b":1} {"a":1,"c":1}`},
		{`{"patternProperties":{"^x":true},"unevaluatedProperties":false}`, `{"x":1}`, `{"x":1,"y":1}`},
		{`{"prefixItems":[true],"contains":{"const":"c"},"minContains":0,"unevaluatedItems":{"type":"integer"}}`, `["x",1,"c",2] []`, `["x","y"] ["x",1,"d"]`},
		{`{"allOf":[{"items":true}],"unevaluatedItems":false}`, `[1,2]`, ``},
		{`{"allOf":[{"prefixItems":[true,true]}],"unevaluatedItems":false}`, `[1,2] {}`, `[1,2,3]`},
		{`{"$anchor":"x","properties":{"a":{"$ref":"#x"}},"additionalProperties":false}`, `{"a":{"a":{}}}`, `{"a":{"b":{}}}`},
		{`{"contentMediaType":"application/json","title":"t","default":1,"examples":[1]}`, `"{" 1`, ``},
	} {
		s := mustCompile(t, "a.input.json", test.schema)
		for text := range strings.FieldsSeq(test.accepted) {
			if got, err := quickly(t, s, text); got != yes || err != nil {
				t.Errorf("%s: %s: got %d, want yes; the judge: %v", test.schema, text, got, err)
			}
		}
		for text := range strings.FieldsSeq(test.refused) {
			if got, err := quickly(t, s, text); got != no || err == nil {
				t.Errorf("%s: %s: got %d, want no; the judge: %v", test.schema, text, got, err)
			}
		}
	}
}

// More children than are marked without a slice, at both sides of the edge.
func TestFastMarksManyChildren(t *testing.T) {
	items := mustCompile(t, "a.input.json", `{"anyOf":[{"contains":{"minimum":200}},{"contains":{"maximum":9}}],"unevaluatedItems":{"type":"string"}}`)
	for _, n := range []int{1, 63, 64, 65, 127, 128, 129, 191, 192, 300} {
		list := slices.Repeat([]string{`"a"`}, n)
		for i := range list {
			for _, unmarked := range []bool{false, true} {
				was := list[i]
				list[i] = "200"
				want := yes
				if unmarked {
					list[i], want = "100", no
				}
				text := "[" + strings.Join(append([]string{"1"}, list...), ",") + "]"
				if got := items.of(Input, "a").fast.verdict(mustParse(t, text).(*node)); got != want {
					t.Fatalf("%d elements, %s at %d: %d", n+1, list[i], i+1, got)
				}
				list[i] = was
			}
		}
	}
}

// Where a part is unknown the whole is never sure of more than it may be.
func TestFastUnknownStaysUnknown(t *testing.T) {
	puzzle := &rule{kinds: anyKind, more: &moreRule{unlearnt: true}}
	always, never := &rule{kinds: anyKind, free: anyKind}, &rule{}
	v := mustParse(t, `{"a":[1]}`).(*node)
	is := func(q moreRule) *rule { return &rule{kinds: anyKind, more: &q} }
	marked := func(q moreRule) *rule { q.restMembers = always; return is(q) }
	for name, test := range map[string]struct {
		rule *rule
		want verdict
	}{
		"it alone":                           {puzzle, unknown},
		"not":                                {is(moreRule{not: puzzle}), unknown},
		"not not":                            {is(moreRule{not: is(moreRule{not: puzzle})}), unknown},
		"a conjunction":                      {is(moreRule{all: []*rule{always, puzzle}}), unknown},
		"a choice with one that holds":       {is(moreRule{some: []*rule{puzzle, always}}), yes},
		"the same, when marks are asked for": {marked(moreRule{some: []*rule{puzzle, always}}), unknown},
		"the other way round":                {marked(moreRule{some: []*rule{always, puzzle}}), unknown},
		"a choice with none that holds":      {is(moreRule{some: []*rule{never, puzzle, never}}), unknown},
		"one of, with one that holds":        {is(moreRule{one: []*rule{puzzle, always}}), unknown},
		"one of, the other way round":        {is(moreRule{one: []*rule{always, puzzle}}), unknown},
		"one of, with two that hold":         {is(moreRule{one: []*rule{always, puzzle, always}}), no},
		"one of, with none that holds":       {is(moreRule{one: []*rule{never, puzzle}}), unknown},
		"a condition":                        {is(moreRule{cond: puzzle, then: always, other: always}), unknown},
		"a condition's then":                 {is(moreRule{cond: always, then: puzzle}), unknown},
		"a member":                           {&rule{kinds: anyKind, object: &objectRule{most: 9, others: puzzle}}, unknown},
		"what is left over":                  {is(moreRule{restMembers: puzzle}), unknown},
		"a dependent schema":                 {is(moreRule{dependent: []memberRule{{name: "a", rule: puzzle}}}), unknown},
		"a name":                             {&rule{kinds: anyKind, object: &objectRule{most: 9, names: puzzle}}, unknown},
	} {
		f := &fast{test.rule, 1}
		if got := f.verdict(v); got != test.want || f.accepts(v) != (test.want == yes) {
			t.Errorf("%s: got %d, want %d; accepted is %t", name, got, test.want, f.accepts(v))
		}
	}
	list := mustParse(t, `[1]`).(*node)
	for name, q := range map[string]arrayRule{
		"contains": {most: 9, contains: puzzle, many: 9}, "items": {most: 9, rest: puzzle}, "prefixItems": {most: 9, first: []*rule{puzzle}},
	} {
		if got := (&fast{&rule{kinds: anyKind, array: &q}, 1}).verdict(list); got != unknown {
			t.Errorf("%s: got %d", name, got)
		}
	}
}

// Whatever v5 may add to its schemas must be looked at before it is relied on.
func TestFastKnowsAllThatV5Compiles(t *testing.T) {
	learnt := strings.Fields(`Location Draft meta vocab dynamicAnchors Format format Always Ref RecursiveAnchor RecursiveRef DynamicAnchor
		DynamicRef dynamicRefAnchor Types Constant Enum enumError Not AllOf AnyOf OneOf If Then Else MinProperties MaxProperties Required
		Properties PropertyNames RegexProperties PatternProperties AdditionalProperties Dependencies DependentRequired DependentSchemas
		UnevaluatedProperties MinItems MaxItems UniqueItems Items AdditionalItems PrefixItems Items2020 Contains ContainsEval MinContains
		MaxContains UnevaluatedItems MinLength MaxLength Pattern ContentEncoding decoder ContentMediaType mediaType ContentSchema Minimum
		ExclusiveMinimum Maximum ExclusiveMaximum MultipleOf Title Description Default Comment ReadOnly WriteOnly Examples Deprecated Extensions`)
	for _, field := range reflect.VisibleFields(reflect.TypeFor[jsonschema.Schema]()) {
		if !slices.Contains(learnt, field.Name) {
			t.Errorf("v5's schemas have %s, which the fast path has not learnt", field.Name)
		}
	}
	f := formats()
	for name, s := range map[string]jsonschema.Schema{
		"a format": {Format: "x"}, "enum": {Enum: []any{1}}, "items": {Items: true}, "dynamic": {DynamicRef: &jsonschema.Schema{}},
		"recursive": {RecursiveRef: &jsonschema.Schema{}}, "unique": {UniqueItems: true}, "dependencies": {Dependencies: map[string]any{}},
		"contains": {Contains: &jsonschema.Schema{}}, "an extension": {Extensions: map[string]jsonschema.ExtSchema{"x": nil}},
	} {
		if !unlearnt(&s, f) {
			t.Errorf("%s is taken for learnt", name)
		}
	}
}

// A loop at one value is for the judge, who stops at it, even where a choice would not come to it.
func TestFastLeavesLoopsToTheJudge(t *testing.T) {
	loop := &jsonschema.Schema{}
	always := true
	loop.AnyOf = []*jsonschema.Schema{{Always: &always}, {Ref: loop}}
	of := func(s *jsonschema.Schema) *fast {
		return compileFast(&contract{shared: &judge{schema: s}, doc: mustParse(t, `true`)})
	}
	if of(&jsonschema.Schema{Properties: map[string]*jsonschema.Schema{"a": loop}}) != nil {
		t.Error("a loop below a member has a fast path")
	}
	tree := &jsonschema.Schema{}
	tree.Items2020 = &jsonschema.Schema{Ref: tree}
	if of(tree) == nil {
		t.Error("a tree, which is no loop, has none")
	}
}

func TestJudgeOnlyIsTheSameSetWithoutTheFastPath(t *testing.T) {
	s := mustCompile(t, "a.input.json", sampleSchema, "a.output.json", `true`)
	judge := s.JudgeOnly()
	for _, side := range []Side{Input, Output} {
		if judge.of(side, "a").fast != nil || s.of(side, "a").fast == nil {
			t.Error("the fast path is on where it should be off, or the other way round")
		}
	}
	more, err := judge.With(files("b.input.json", `true`))
	if err != nil || more.of(Input, "b").fast != nil || more.of(Input, "a").fast != nil {
		t.Error("a file that is added to it has the fast path on", err)
	}
	if judge.Revision() != s.Revision() || !slices.Equal(judge.Commands(), s.Commands()) || string(judge.InputSource("a")) != sampleSchema {
		t.Error("it isn't the same set")
	}
	if err := (&Set{}).JudgeOnly().ValidateInput("a", mustParse(t, `1`)); err != ErrNoSchema {
		t.Errorf("the zero set: %v", err)
	}
}

// What common schemas ask is answered without a single allocation.
func TestFastAcceptsWithoutAllocating(t *testing.T) {
	const order = `{"type":"object","required":["kind","id"],"additionalProperties":false,"properties":{
		"kind":{"enum":["new","old"]},"id":{"type":"string","format":"uuid"},"path":{"type":"string","pattern":"^[a-z]+(?:/[a-z]+)*$"},"price":{"type":"number","minimum":0,"multipleOf":0.01},
		"note":{"anyOf":[{"type":"null"},{"type":"string","minLength":1,"maxLength":20}]},"when":{"type":"string","format":"date-time"},
		"who":{"oneOf":[{"properties":{"t":{"const":"a"}},"required":["t"]},{"properties":{"t":{"const":"b"}},"required":["t"]}]},
		"tags":{"type":"array","uniqueItems":true,"items":{"$ref":"#/$defs/tag"}},"rest":{"type":"object","unevaluatedProperties":{"type":"integer"},"allOf":[{"properties":{"x":true}}]}},
		"$defs":{"tag":{"type":"string","maxLength":9}}}`
	for _, test := range []struct{ name, schema, text string }{
		{"rows", sampleSchema, string(sample(4096))},
		{"an order", order, `{"kind":"old","id":"123e4567-e89b-12d3-a456-426614174000","path":"ab/c","price":12.34,"note":"ünï","when":"2026-01-02T03:04:05Z",
			"who":{"t":"b"},"tags":["a","b","c"],"rest":{"x":"y","n":1}}`},
	} {
		s := mustCompile(t, "a.input.json", test.schema)
		v := mustParse(t, test.text)
		if got, err := quickly(t, s, test.text); got != yes || err != nil {
			t.Fatalf("%s: got %d, the judge %v", test.name, got, err)
		}
		if n := testing.AllocsPerRun(100, func() { _ = s.ValidateInput("a", v) }); n > 0 {
			t.Errorf("%s: %v allocations", test.name, n)
		}
	}
}

func TestFastServesManyAtOnce(t *testing.T) {
	s := mustCompile(t, "a.input.json", `{"type":"object","properties":{"a":{"$ref":"#"},"n":{"minimum":0.5,"multipleOf":0.5},"s":{"pattern":"(?:a|b)+$"},"e":{"enum":[1.5,"x"]}},
		"unevaluatedProperties":false,"propertyNames":{"not":{"const":"z"}}}`)
	good, bad := mustParse(t, `{"a":{"a":{"n":1.5,"s":"aab","e":15e-1}}}`), mustParse(t, `{"a":{"a":{"n":1.25,"s":"aab","e":1.5}}}`)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 200 {
				if s.ValidateInput("a", good) != nil || s.ValidateInput("a", bad) == nil {
					t.Error("a wrong verdict")
					return
				}
			}
		})
	}
	group.Wait()
}

// Names of many lengths, and names that differ only where the table doesn't look.
func TestFastFindsEveryMember(t *testing.T) {
	for _, form := range []string{"%d", "%x-%[1]d", "a%04db00000c", "ab%04d0"} {
		for _, count := range []int{1, 2, 5, 6, 60, 400} {
			var members []string
			for i := range count {
				members = append(members, fmt.Sprintf(`"`+form+`":{"const":%[1]d}`, i))
			}
			s := mustCompile(t, "a.input.json", `{"properties":{`+strings.Join(members, ",")+`},"additionalProperties":false}`)
			for i := range count {
				name := fmt.Sprintf(form, i)
				for text, want := range map[string]verdict{
					fmt.Sprintf(`{%q:%d}`, name, i): yes, fmt.Sprintf(`{%q:%d}`, name, i+1): no, fmt.Sprintf(`{%q:%d}`, name+"!", i): no, fmt.Sprintf(`{%q:%d}`, "!"+name, i): no,
				} {
					if got := s.of(Input, "a").fast.verdict(mustParse(t, text).(*node)); got != want {
						t.Fatalf("%d names: %s: got %d, want %d", count, text, got, want)
					}
				}
			}
		}
	}
}
