package example

import (
	"encoding/json"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sallyport/sallyport/schema"
)

func compiled(t testing.TB, text string) *schema.Set {
	t.Helper()
	set, err := schema.Compile(fstest.MapFS{"a.input.json": {Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func photo(size, mediaType string) string {
	return `{"type":"object","required":["$bytes","type"],"properties":{"$bytes":{"type":"integer",` + size + `},"type":{` + mediaType + `}},"additionalProperties":false}`
}

// Whatever is made for a schema with bytes is a message, with the sections that go with it.
func TestExamplesHaveTheirSections(t *testing.T) {
	source := `{"type":"object","properties":{"a":{"type":"array","minItems":2,"items":` + photo(`"minimum":0`, `"type":"string"`) + `},"b":{"anyOf":[{"type":"null"},` + photo(`"maximum":9000`, `"enum":["a/b","c/d"]`) + `]}},"required":["a"]}`
	set := compiled(t, source)
	random := rand.New(rand.NewPCG(1, 2))
	some := 0
	for range 300 {
		m := Maker{Schema: set.Schema(schema.Input, "a"), Choose: random.IntN, Depth: 8, Numbers: []string{"0", "-1", "0.5", "9007199254740993", "70000"}, Text: func(string) string { return "x" }}
		text, ok := m.Make()
		if !ok {
			t.Fatal("nothing is made")
		}
		v, err := schema.Parse(text, schema.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		sections, ok := Sections(v, 1<<20)
		if !ok {
			t.Fatalf("%s has no sections", text)
		}
		if v, err = schema.ParseMessage(text, sections, schema.Limits{}); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if set.ValidateInput("a", v) == nil {
			some += len(sections)
		}
	}
	if some < 500 {
		t.Errorf("%d sections show little", some)
	}
	for _, text := range []string{`{"$bytes":1048577,"type":"a/b"}`, `[{"$bytes":1000000,"type":"a/b"},{"$bytes":1000000,"type":"a/b"}]`, `{"$bytes":-1,"type":"a/b"}`, `{"$bytes":"1","type":"a/b"}`, `{"a":[{"$bytes":1}]}`} {
		v, err := schema.Parse([]byte(text), schema.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if all, ok := Sections(v, 1<<20); ok {
			t.Errorf("%s has %d sections", text, len(all))
		}
	}
}

func TestExamplesAreWhatAReaderExpects(t *testing.T) {
	for _, test := range []struct{ name, schema, want string }{
		{"the author's example", `{"type":"string","examples":["tea","milk"],"default":"salt"}`, `"tea"`},
		{"an example that is not accepted", `{"type":"string","maxLength":3,"examples":["coffee","tea"]}`, `"tea"`},
		{"a default", `{"type":"integer","default":7,"examples":["seven"]}`, `7`},
		{"examples of members", `{"properties":{"path":{"type":"string","examples":["/notes/a.md"]},"n":{"type":"integer","default":3}}}`, `{"path": "/notes/a.md", "n": 3}`},
		{"a member's example that its schema refuses", `{"properties":{"n":{"type":"integer","examples":["x"]}}}`, `{"n": 1}`},
		{"members by their names", `{"type":"object","properties":{"title":{"type":"string"},"done":{"type":"boolean"}}}`, `{"title": "title", "done": true}`},
		{"a pattern with room in front", `{"properties":{"path":{"type":"string","pattern":"\\.md$"}}}`, `{"path": "path.md"}`},
		{"a pattern without", `{"type":"string","pattern":"^[a-z]{3}-[0-9]+$","minLength":6}`, `"aaa-00"`},
		{"a list", `{"properties":{"tags":{"type":"array","items":{"type":"string"}}}}`, `{"tags": ["tag"]}`},
		{"a list of different items", `{"type":"array","uniqueItems":true,"minItems":3,"items":{"enum":["a","b","c"]}}`, `["a", "b", "c"]`},
		{"a list of different texts", `{"type":"array","uniqueItems":true,"minItems":2,"items":{"type":"string","maxLength":4}}`, `["alue", "ue 2"]`},
		{"a tuple", `{"type":"array","prefixItems":[{"type":"string"},{"type":"null"}],"items":false}`, `["value", null]`},
		{"a record", `{"type":"object","additionalProperties":{"type":"integer"}}`, `{"name": 1}`},
		{"a record with patterns", `{"type":"object","patternProperties":{"^x-[a-z]+$":{"const":2}},"additionalProperties":false}`, `{"x-a": 2}`},
		{"as many members as there must be", `{"type":"object","minProperties":3,"additionalProperties":{"type":"null"}}`, `{"name": null, "name2": null, "name3": null}`},
		{"no more members than there may be", `{"properties":{"a":{"type":"null"},"b":{"type":"null"},"c":{"type":"null"}},"required":["c"],"maxProperties":1}`, `{"c": null}`},
		{"what another member asks for", `{"properties":{"a":{"type":"null"}},"dependentRequired":{"a":["b"]}}`, `{"a": null, "b": "b"}`},
		{"all of several", `{"allOf":[{"properties":{"a":{"type":"integer"}},"required":["a"]},{"properties":{"a":{"minimum":5},"b":{"const":1}}}]}`, `{"a": 5, "b": 1}`},
		{"one of several", `{"oneOf":[{"type":"object","properties":{"kind":{"const":"a"}},"required":["kind"]},{"type":"null"}]}`, `{"kind": "a"}`},
		{"a branch that the rest rules out", `{"type":"integer","anyOf":[{"type":"string"},{"minimum":10}]}`, `10`},
		{"what may be left out and contains itself", `{"type":"object","properties":{"name":{"type":"string"},"children":{"type":"array","items":{"$ref":"#"}}}}`, `{"name": "name", "children": []}`},
		{"what contains itself or nothing", `{"$ref":"#/$defs/n","$defs":{"n":{"type":"object","required":["next"],"properties":{"next":{"anyOf":[{"$ref":"#/$defs/n"},{"type":"null"}]}}}}}`, `{"next": null}`},
		{"an anchor", `{"$ref":"#x","$defs":{"a":{"$anchor":"x","const":[1]}}}`, `[1]`},
		{"a number between bounds", `{"type":"number","exclusiveMinimum":0,"exclusiveMaximum":1}`, `0.5`},
		{"a multiple", `{"type":"integer","minimum":100,"multipleOf":7}`, `105`},
		{"a large number", `{"type":"integer","minimum":9007199254740993}`, `9007199254740993`},
		{"a fraction", `{"type":"number","multipleOf":0.25,"minimum":0.3}`, `1`},
		{"a date", `{"type":"string","format":"date-time"}`, `"2026-01-01T03:04:05Z"`},
		{"a date with a pattern that it matches", `{"type":"string","format":"date-time","pattern":"^[0-9-]{10}T[0-9:]{6}[0-5][0-9]"}`, `"2026-01-01T03:04:05Z"`},
		{"a pattern that the format's text does not match", `{"type":"string","format":"ipv4","pattern":"^10[.]0[.]0[.][1-9]$"}`, `"10.0.0.1"`},
		{"bytes beside the text", `{"properties":{"photo":` + photo(`"minimum":0`, `"const":"image/png"`) + `}}`, `{"photo": {"$bytes":1,"type":"image/png"}}`},
		{"bytes within bounds", photo(`"minimum":5,"maximum":7`, `"enum":["image/png","image/jpeg"]`), `{"$bytes":5,"type":"image/png"}`},
		{"bytes of any type", photo(`"maximum":1048576`, `"type":"string"`), `{"$bytes":1,"type":"application/octet-stream"}`},
		{"bytes of a kind of types", photo(`"minimum":0`, `"type":"string","pattern":"^image/"`), `{"$bytes":1,"type":"image/png"}`},
		{"many bytes, since so many are asked for", photo(`"minimum":1048576`, `"type":"string"`), `{"$bytes":1048576,"type":"application/octet-stream"}`},
		{"bytes in base64", `{"properties":{"photo":{"type":"string","format":"base64"}}}`, `{"photo": "Ynl0ZXM="}`},
		{"whatever there is", `true`, `"value"`},
		{"one of two types", `{"type":["null","string"]}`, `null`},
		{"contains", `{"type":"array","items":{"type":"integer"},"contains":{"minimum":50},"minContains":2}`, `[1, 50, 50]`},
		{"if and then", `{"type":"object","properties":{"a":{"type":"integer"}},"if":{"required":["a"]},"then":{"required":["b"],"properties":{"b":{"const":true}}}}`, `{"a": 1, "b": true}`},
		{"not", `{"type":"integer","not":{"const":1}}`, `2`},
		{"another type", `{"not":{"type":["string","object","array","number","boolean"]}}`, `null`},
		{"names of members", `{"type":"object","propertyNames":{"pattern":"^[A-Z]$"},"minProperties":2}`, `{"A": "A", "B": "B"}`},
		{"characters that JSON escapes", `{"properties":{"a\"<\n":{"const":"&"}},"additionalProperties":false}`, `{"a\"<\n": "&"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			set := compiled(t, test.schema)
			got, ok := Of(set, schema.Input, "a")
			if !ok || string(got) != test.want {
				t.Errorf("got %s, %v, want %s", got, ok, test.want)
			}
			again, _ := Of(compiled(t, test.schema), schema.Input, "a")
			if string(again) != string(got) {
				t.Errorf("and then %s", again)
			}
		})
	}
}

func TestWhereThereIsNoExample(t *testing.T) {
	for _, text := range []string{`false`, `{"type":"string","minLength":3,"maxLength":2}`, `{"type":"object","required":["a"],"properties":{"a":false}}`, `{"type":"integer","minimum":0.2,"maximum":0.8}`, `{"$ref":"#/$defs/n","$defs":{"n":{"type":"object","required":["n"],"properties":{"n":{"$ref":"#/$defs/n"}}}}}`} {
		if got, ok := Of(compiled(t, text), schema.Input, "a"); ok {
			t.Errorf("%s: got %s", text, got)
		}
	}
	if _, ok := Of(compiled(t, `true`), schema.Output, "a"); ok {
		t.Error("an example of no schema")
	}
}

// No schema, however it was made to, takes long or much.
func TestHostileSchemasCostLittle(t *testing.T) {
	wide := `{"type":"object","properties":{"a":{"$ref":"#"},"b":{"$ref":"#"},"c":{"$ref":"#"}},"required":["a","b","c"]}`
	for _, text := range []string{
		wide,
		`{"allOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/a"}],"$defs":{"a":{"allOf":[{"$ref":"#/$defs/b"},{"$ref":"#/$defs/b"}]},"b":{"allOf":[{"$ref":"#/$defs/c"},{"$ref":"#/$defs/c"}]},"c":{"type":"null"}}}`,
		`{"type":"string","pattern":"^((((a?)*)*)*)*$","minLength":5000}`,
		`{"type":"array","minItems":2147483647}`,
		`{"type":"string","minLength":2147483647}`,
		`{"type":"object","minProperties":2147483647}`,
		`{"type":"array","contains":{"const":1},"minContains":2147483647}`,
		`{"type":"array","uniqueItems":true,"minItems":1000,"items":{"type":"boolean"}}`,
		`{"type":"number","minimum":1e400,"multipleOf":1e-400}`,
	} {
		set := compiled(t, text)
		began := time.Now()
		Of(set, schema.Input, "a")
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s took %v", text, took)
		}
	}
}

// Of the suite's schemas for which it has a value that is accepted, an example is found for nearly
// all, and each is accepted by the judge: that is what Of returns.
func TestExamplesOfTheSuitesSchemas(t *testing.T) {
	found, missing := 0, []string{}
	err := filepath.WalkDir("../../../schema/testdata/json-schema-test-suite/draft2020-12", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var groups []struct {
			Description string
			Schema      json.RawMessage
			Tests       []struct{ Valid bool }
		}
		if err := json.Unmarshal(data, &groups); err != nil {
			return err
		}
		for _, g := range groups {
			set, err := schema.Compile(fstest.MapFS{"a.input.json": {Data: g.Schema}})
			possible := false
			for _, test := range g.Tests {
				possible = possible || test.Valid
			}
			if err != nil || !possible {
				continue
			}
			text, ok := Of(set, schema.Input, "a")
			if !ok {
				missing = append(missing, filepath.Base(file)+": "+g.Description)
				continue
			}
			found++
			v, err := schema.Parse(text, schema.Limits{})
			if err != nil || set.ValidateInput("a", v) != nil {
				t.Errorf("%s: %s: the example %s isn't accepted", filepath.Base(file), g.Description, text)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d examples, none of:\n%s", found, strings.Join(missing, "\n"))
	if found < 250 || len(missing)*50 > found {
		t.Errorf("%d examples, none of %d schemas", found, len(missing))
	}
}
