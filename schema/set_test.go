package schema

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"
)

func files(pairs ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		fsys[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return fsys
}

func mustCompile(t testing.TB, pairs ...string) *Set {
	t.Helper()
	s, err := Compile(files(pairs...))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCompileFindsTheCommands(t *testing.T) {
	s := mustCompile(t,
		"notes.save.input.json", `{"type":"object"}`,
		"notes.save.output.json", `{"type":"string"}`,
		"deep/er/notes.list.input.json", `true`,
		"events.output.json", `true`,
		"README.md", `not a schema`,
		"notes.save.json", `not one either`,
		"package.json", `{"name":1}`,
	)
	if got := fmt.Sprint(s.Commands()); got != "[events notes.list notes.save]" {
		t.Errorf("commands are %s", got)
	}
	if !s.HasInput("notes.save") || !s.HasOutput("notes.save") || !s.HasInput("notes.list") || s.HasOutput("notes.list") || s.HasInput("events") {
		t.Error("a side is there that shouldn't be, or the other way round")
	}
	if s.HasInput("Notes.save") || s.HasInput("") || s.HasInput("notes.save.input") {
		t.Error("a command is found by another name")
	}
	if got := string(s.InputSource("notes.save")); got != `{"type":"object"}` {
		t.Errorf("the source is %s", got)
	}
	s.InputSource("notes.save")[0] = 'x'
	if s.InputSource("notes.save")[0] != '{' || s.InputSource("nobody") != nil || s.OutputSource("notes.list") != nil {
		t.Error("sources are not copies of what is there")
	}
}

func TestInputMembersAndTheTypesThatTakeThem(t *testing.T) {
	for text, want := range map[string][]string{
		`{"properties":{"b":{},"a":{"type":"string"},"old":false,"any":true}}`: {"a", "any", "b"},
		`{"$ref":"#/$defs/x","$defs":{"x":{"properties":{"a":{}}}}}`:           nil,
		`true`: nil,
	} {
		if got := mustCompile(t, "a.input.json", text).InputMembers("a"); !slices.Equal(got, want) {
			t.Errorf("%s: got %q", text, got)
		}
	}
	if got := (&Set{}).InputMembers("a"); got != nil {
		t.Errorf("of no command: %q", got)
	}
	type inner struct{ Deep int }
	type target struct {
		inner
		Path string `json:"path"`
		Skip int    `json:"-"`
	}
	structs, err := NewDecoder[*target]()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"path": true, "Deep": true, "Path": false, "Skip": false, "-": false, "deep": false} {
		if structs.Takes(name) != want {
			t.Errorf("a struct takes %q: %v", name, !want)
		}
	}
	maps, _ := NewDecoder[map[string]int]()
	values, _ := NewDecoder[Value]()
	times, _ := NewDecoder[time.Time]()
	if !maps.Takes("x") || !values.Takes("x") || !times.Takes("x") {
		t.Error("a type that is no struct takes only some names")
	}
}

func TestRevisionChangesWithWhatIsJudged(t *testing.T) {
	base := mustCompile(t, "a.input.json", `true`, "b.input.json", `false`)
	if got := mustCompile(t, "x/a.input.json", `true`, "b.input.json", `false`).Revision(); got != base.Revision() {
		t.Error("the folder changes the revision")
	}
	for name, other := range map[string]*Set{
		"another content": mustCompile(t, "a.input.json", `true`, "b.input.json", `true`),
		"another name":    mustCompile(t, "a.input.json", `true`, "c.input.json", `false`),
		"another side":    mustCompile(t, "a.input.json", `true`, "b.output.json", `false`),
		"one less":        mustCompile(t, "a.input.json", `true`),
	} {
		if other.Revision() == base.Revision() {
			t.Errorf("%s keeps the revision", name)
		}
	}
}

func TestValidateFailsClosed(t *testing.T) {
	s := mustCompile(t, "a.input.json", `true`, "out.output.json", `true`)
	one := mustParse(t, `1`)
	var none *Set
	for name, err := range map[string]error{
		"an unknown command":                 s.ValidateInput("b", one),
		"a command with an output only":      s.ValidateInput("out", one),
		"no value":                           s.ValidateInput("a", nil),
		"a nil set":                          none.ValidateInput("a", one),
		"an empty set":                       (&Set{}).ValidateInput("a", one),
		"an unknown command's result":        s.ValidateOutput("b", mustParse(t, `null`)),
		"a result without an output schema":  s.ValidateOutput("a", one),
		"no result without an output schema": s.ValidateOutput("a", nil),
	} {
		if err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if err := s.ValidateInput("b", one); !errors.Is(err, ErrNoSchema) {
		t.Errorf("an unknown command: %v", err)
	}
	if err := s.ValidateOutput("a", mustParse(t, `null`)); err != nil {
		t.Errorf("null without an output schema: %v", err)
	}
	if err := s.ValidateOutput("out", one); err != nil {
		t.Error(err)
	}
}

// A value of no kind is what a broken Value implementation would give.
type strangeValue struct{ Value }

func (strangeValue) Kind() Kind { return None }

func TestPanicsOfTheJudgeAreRefusals(t *testing.T) {
	s := mustCompile(t, "a.input.json", `{"items":true}`)
	if err := s.ValidateInput("a", strangeValue{}); err == nil {
		t.Error("a value of no kind is accepted")
	}
	// The exponent never gets past Parse; with it v5 panics, and that must end here too.
	c := s.of(Input, "a")
	c2, err := compile("b.input.json", []byte(`{"type":"integer"}`))
	if err != nil {
		t.Fatal(err)
	}
	bomb := &document{text: `1e1000001`}
	number := &node{bomb, span{kind: Number, end: uint32(len(bomb.text))}}
	if err := c2.validate(number); err == nil || strings.Contains(err.Error(), "1e1") {
		t.Errorf("the panic became %v", err)
	}
	if err := c.validate(number); err != nil {
		t.Errorf("a schema that doesn't look at numbers: %v", err)
	}
}

func TestUniqueItemsKnowsWhatIsEqual(t *testing.T) {
	s := mustCompile(t, "a.input.json", `{"uniqueItems":true,"x-mine":1}`)
	for text, ok := range map[string]bool{
		`[1,2,"1",true,null,[1],{"a":1},[],{},"",false,[[]],-1]`: true,
		`[1,1.0]`: false, `[1,10e-1]`: false, `[0,-0]`: false, `[1,true]`: true, `[0,false]`: true,
		`["a","\u0061"]`: false, `[{"a":1,"b":2},{"b":2,"a":1.0}]`: false, `[{"a":1,"b":2},{"b":1,"a":2}]`: true,
		`[["a","b"],["a\u0003b"]]`: true, `[["a"],["a",null]]`: true, `[[["a"],"b"],[["a","b"]]]`: true,
		`["null",null]`: true, `["n",null]`: true, `[{"a":[]},{"a":{}}]`: true, `"aa"`: true,
	} {
		if err := s.ValidateInput("a", mustParse(t, text)); (err == nil) != ok {
			t.Errorf("%s: %v, want accepted: %t", text, err, ok)
		}
	}
}

// Each of these made v5 alone work for many seconds.
func TestValidationIsBounded(t *testing.T) {
	var collide strings.Builder // different lists of strings, one hash in v5
	for i := range 24_000 {
		collide.WriteString(`["a`)
		for bit := range 15 {
			if i>>bit&1 == 1 {
				collide.WriteString(`","a`)
			} else {
				collide.WriteString(`\u0003a`)
			}
		}
		collide.WriteString(`"],`)
	}
	deep := strings.Repeat(`{"a":`, 60) + "1" + strings.Repeat("}", 60)
	tests := []struct{ name, schema, text, keyword string }{
		{"a schema that reaches itself twice", `{"anyOf":[{"properties":{"a":{"$ref":"#"}},"required":["x"]},{"properties":{"a":{"$ref":"#"}},"required":["y"]}]}`, deep, "limits"},
		{"references that double", `{"$defs":{` + doubling(40) + `},"$ref":"#/$defs/d0"}`, `1`, "limits"},
		{"one long name over many values", `{"additionalProperties":{"items":{"type":"integer"}}}`,
			`{"` + strings.Repeat("k", 500_000) + `":[` + strings.Repeat("1,", 90_000) + `1]}`, "limits"},
		{"a long text under a large pattern", `{"pattern":"[a-z]{3,1000}$"}`, `"` + strings.Repeat("a", 1_000_000) + `"`, "limits"},
		{"many texts under a large pattern", `{"items":{"pattern":"[a-z]{3,1000}$"}}`, `["` + strings.Repeat(strings.Repeat("a", 500)+`","`, 2000) + `"]`, "limits"},
		{"empty texts under a large pattern", `{"items":{"pattern":"^(?:a?){500}$"}}`, `[` + strings.Repeat(`"",`, 90_000) + `1]`, "limits"},
		{"empty names under a large pattern", `{"items":{"patternProperties":{"^(?:a?){500}$":true}}}`, `[` + strings.Repeat(`{"":1},`, 45_000) + `1]`, "limits"},
		{"a long text under a pattern, that maxLength refuses", `{"pattern":"[a-z]{3,1000}$","maxLength":1000}`, `"` + strings.Repeat("a", 1_000_000) + `"`, "maxLength"},
		{"long names under large patterns", `{"patternProperties":{"[a-z]{3,1000}$":true}}`, `{"` + strings.Repeat("k", 500_000) + `":1}`, "limits"},
		{"a long name in another script", `{"format":"idn-hostname","maxLength":100}`, `"` + scripts() + `"`, "format"},
		{"a long mail host in another script", `{"format":"idn-email"}`, `"a@` + scripts() + `"`, "format"},
		{"many numbers, none of many", `{"items":{"enum":[` + strings.Repeat("7.5,", 500) + `8]}}`, `[` + strings.Repeat("1e-400,", 6_000) + `8]`, "enum"},
		{"items that collide", `{"uniqueItems":true}`, `[` + collide.String() + `1]`, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := mustCompile(t, "a.input.json", test.schema)
			v, err := Parse([]byte(test.text), Limits{Size: 4 << 20, Nodes: 1 << 20})
			if err != nil {
				t.Fatal(err)
			}
			for name, set := range map[string]*Set{"the judge alone": s.JudgeOnly(), "with the fast path": s.Patient()} {
				var err error
				took, all := heldBy(func() { err = set.ValidateInput("a", v) })
				// Mostly far less; under -race regexp makes much anew that it keeps otherwise.
				if took > hang || all > 3<<30 {
					t.Errorf("%s: it took %v and %d MiB", name, took, all>>20)
				}
				// What only the judge's own work forbids, the fast path may accept.
				if err == nil && (test.keyword == "" || test.keyword == "limits" && name == "with the fast path") {
					continue
				}
				var invalid *Invalid
				if !errors.As(err, &invalid) || invalid.Keyword != test.keyword {
					t.Errorf("%s: got %v, want a refusal by %s", name, err, test.keyword)
				}
			}
		})
	}
}

// scripts is a text of 20,000 different characters.
func scripts() string {
	var b strings.Builder
	for r := rune(0x4e00); r < 0x9c20; r++ {
		b.WriteRune(r)
	}
	return b.String()
}

// doubling makes definitions that each refer twice to the next.
func doubling(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"d%d":{"allOf":[{"$ref":"#/$defs/d%d"},{"$ref":"#/$defs/d%d"}]},`, i, i+1, i+1)
	}
	fmt.Fprintf(&b, `"d%d":true`, n)
	return b.String()
}

func TestRecursiveSchemasJudgeTrees(t *testing.T) {
	s := mustCompile(t, "a.input.json", `{"type":"object","required":["name"],"additionalProperties":false,"properties":{
		"name":{"type":"string"},"children":{"type":"array","items":{"$ref":"#"}}}}`)
	good := mustParse(t, `{"name":"a","children":[{"name":"b","children":[{"name":"c"}]},{"name":"d"}]}`)
	bad := mustParse(t, `{"name":"a","children":[{"name":"b","children":[{"nome":"c"}]}]}`)
	var group sync.WaitGroup
	for range 40 { // more at once than judges wait
		group.Go(func() {
			for range 20 {
				if err := s.ValidateInput("a", good); err != nil {
					t.Error(err)
				}
				if s.ValidateInput("a", bad) == nil {
					t.Error("accepted")
				}
			}
		})
	}
	group.Wait()
}

func TestInvalidSaysWhereAndWhat(t *testing.T) {
	const schema = `{"type":"object","additionalProperties":false,"required":["path","text"],
		"dependentRequired":{"mode":["when"]},
		"properties":{
			"path":{"type":"string","pattern":"^/ok.","maxLength":8},
			"text":{"type":["string","null"]},
			"mode":{"enum":["a","b"]},
			"lines":{"enum":[
				"a b",
				"c d" ]},
			"when":{"format":"date"},
			"rows":{"type":"array","maxItems":3,"items":{"type":"object","properties":{"id":{"type":"integer","minimum":1}},"additionalProperties":{"type":"boolean"}}},
			"a/b~c":{"const":1},
			"never":false,
			"pick":{"oneOf":[{"type":"string"},{"type":"integer"}]},
			"names":{"propertyNames":{"maxLength":3}},
			"set":{"uniqueItems":true},
			"map":{"patternProperties":{"^x.":{"type":"integer"}}}}}`
	s := mustCompile(t, "a.input.json", schema)
	base := `"path":"/okay","text":"t"`
	tests := []struct{ name, text, pointer, keyword, expected string }{
		{"the wrong type at the top", `[]`, "", "type", "object"},
		{"a missing member", `{"path":"/okay"}`, "", "required", `the member "text"`},
		{"a pattern", `{"path":"ok","text":""}`, "/path", "pattern", `a string that matches "^/ok."`},
		{"a dot doesn't take a carriage return", `{"path":"/ok\r","text":""}`, "/path", "pattern", `a string that matches "^/ok."`},
		{"a long text", `{"path":"/ok345678","text":""}`, "/path", "maxLength", "at most 8 characters"},
		{"one of two types", `{"path":"/okay","text":1}`, "/text", "type", "string or null"},
		{"an enum", `{` + base + `,"mode":"c","when":"2026-01-01"}`, "/mode", "enum", `one of ["a","b"]`},
		{"an enum on several lines", `{` + base + `,"lines":"c"}`, "/lines", "enum", `one of ["a b","c d"]`},
		{"a dependency", `{` + base + `,"mode":"a"}`, "", "dependentRequired", `the member "when"`},
		{"a format", `{` + base + `,"when":"2026-02-30"}`, "/when", "format", `a string of format "date"`},
		{"deep inside", `{` + base + `,"rows":[{"id":1},{"id":0}]}`, "/rows/1/id", "minimum", "a number of at least 1"},
		{"the first of several in the document", `{` + base + `,"rows":[{"id":"x"},{"id":0}],"mode":"c","when":"2026-01-01"}`, "/rows/0/id", "type", "integer"},
		{"too many items", `{` + base + `,"rows":[{},{},{},{}]}`, "/rows", "maxItems", "at most 3 items"},
		{"an escaped name", `{` + base + `,"a/b~c":2}`, "/a~1b~0c", "const", "exactly 1"},
		{"a member that is never allowed", `{` + base + `,"never":1}`, "/never", "properties", "no such value"},
		{"an unknown member", `{` + base + `,"EVIL":1}`, "", "additionalProperties", `no members but "path", "text", "mode", "lines", "when", "rows", "a/b~c", "never", "pick", "names", "set", "map"`},
		{"a case variant of a member", `{` + base + `,"PATH":"/etc/shadow"}`, "", "additionalProperties", ""},
		{"inside a member that the schema doesn't name", `{` + base + `,"rows":[{"EVIL":1}]}`, "/rows/0/*", "type", "boolean"},
		{"a choice", `{` + base + `,"pick":true}`, "/pick", "oneOf", "a value that fits exactly one of the alternatives"},
		{"a member's name", `{` + base + `,"names":{"EVILNAME":1}}`, "/names/*", "maxLength", "at most 3 characters"},
		{"equal items", `{` + base + `,"set":[1,1]}`, "/set", "uniqueItems", "items that all differ"},
		{"a member by pattern", `{` + base + `,"map":{"xEVIL":"EVIL"}}`, "/map/*", "type", "integer"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := mustParse(t, test.text)
			for range 10 { // Go's map order must not show
				var got *Invalid
				if err := s.ValidateInput("a", v); !errors.As(err, &got) {
					t.Fatalf("not a verdict: %v", err)
				}
				if got.Pointer != test.pointer || got.Keyword != test.keyword || test.expected != "" && got.Expected != test.expected {
					t.Fatalf("got %+v", got)
				}
				if strings.Contains(got.Error(), "EVIL") {
					t.Fatalf("the value shows: %v", got)
				}
			}
		})
	}
}

func TestCountsAreWordedAsCounts(t *testing.T) {
	for schema, want := range map[string]string{
		`{"minLength":1}`: "at least 1 character", `{"minLength":2}`: "at least 2 characters",
		`{"minItems":1}`: "at least 1 item", `{"maxProperties":0}`: "at most 0 members",
	} {
		said := ""
		for _, text := range []string{`""`, `[]`, `{"a":1}`} {
			err := mustCompile(t, "a.input.json", schema).ValidateInput("a", mustParse(t, text))
			var invalid *Invalid
			if errors.As(err, &invalid) {
				said = invalid.Expected
			}
		}
		if said != want {
			t.Errorf("%s: %q, want %q", schema, said, want)
		}
	}
}
