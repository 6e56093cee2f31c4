package typescript

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/contract"
	"github.com/sallyport/sallyport/schema"
)

// Where a type that looks right would refuse a value that the schema takes.
func TestHardSchemasTakeWhatTheyShould(t *testing.T) {
	var wide strings.Builder // more alternatives than are multiplied
	for i := range spread + 1 {
		fmt.Fprintf(&wide, `,{"properties":{"n%d":{"type":"number"}},"required":["n%d"]}`, i, i)
	}
	tests := []struct{ name, source, values string }{
		{"members that if looks at", `{"type":"object","if":{"properties":{"b":{"type":"string"}}},"unevaluatedProperties":false}`, `[{"b":"x"}]`},
		{"members that a dependent schema looks at", `{"type":"object","properties":{"a":true},"dependentSchemas":{"a":{"properties":{"c":true}}},"unevaluatedProperties":false}`, `[{"a":1,"c":2}]`},
		{"members that one alternative lets in", `{"type":"object","anyOf":[{"additionalProperties":{"type":"number"}},{"required":["x"]}],"unevaluatedProperties":false}`, `[{"y":1}]`},
		{"members that a definition looks at", `{"$ref":"#/$defs/d","unevaluatedProperties":false,"properties":{"b":true},"$defs":{"d":{"type":"object","properties":{"a":true}}}}`, `[{"a":1,"b":2}]`},
		{"patterns of two alternatives at once", `{"type":"object","anyOf":[{"patternProperties":{"a.b":{"type":"number"}}},{"patternProperties":{"c.d":{"type":"string"}}}],"unevaluatedProperties":false}`, `[{"axb":1,"cxd":"s"}]`},
		{"a required name that a pattern takes", `{"type":"object","required":["x-a","b"],"patternProperties":{"^x-":{"type":"string"},"^[a-c]$":{"type":"number"}},"additionalProperties":{"type":"boolean"}}`, `[{"x-a":"s","b":1,"d":true}]`},
		{"a closed object's required name that a template takes", `{"type":"object","required":["x-a"],"patternProperties":{"^x-":{"type":"string"}},"additionalProperties":false}`, `[{"x-a":"s","x-b":""}]`},
		{"one pattern inside another", `{"type":"object","patternProperties":{"^x-":{"type":["string","null"]},"^x-a":{"type":["string","number"]},"-z$":{"type":"null"}}}`, `[{"x-a":"s","x-b":null,"y":1}]`},
		{"an optional member beside other types", `{"type":"object","properties":{"a":{"type":"number"},"x-b":{"const":1}},"patternProperties":{"^x-":true},"additionalProperties":{"type":"string"}}`, `[{},{"a":1,"b":"s"},{"x-b":1}]`},
		{"not an integer", `{"type":["string","number"],"not":{"type":"integer"}}`, `[1.5,"a"]`},
		{"not a value", `{"not":{"const":"a"}}`, `["b",1,null,{}]`},
		{"then without else", `{"type":"object","if":{"required":["a"]},"then":{"required":["b"]}}`, `[{},{"b":1},{"a":1,"b":1}]`},
		{"else without then", `{"type":"object","if":{"required":["a"]},"else":{"required":["b"]}}`, `[{"a":1},{"b":1}]`},
		{"names that every object inherits", `{"type":"object","additionalProperties":false,"properties":{"toString":{"type":"number"},"valueOf":false,"constructor":{"$ref":"#"}}}`, `[{},{"toString":1},{"constructor":{"constructor":{}}}]`},
		{"two closed halves", `{"allOf":[{"properties":{"a":true},"additionalProperties":false},{"properties":{"a":{"type":"string"},"b":true}}]}`, `[{},{"a":"s"},1,null]`},
		{"many alternatives beside a base", `{"type":"object","required":["id"],"properties":{"id":{"type":"string"}},"anyOf":[{"required":["x"]}` + wide.String() + `]}`, `[{"id":"","n3":1},{"id":"","x":null},{"id":"","n64":1,"y":2}]`},
		{"choices that multiply", `{"allOf":[{"anyOf":[{"type":"string"},{"type":"object"}]},{"oneOf":[{"type":"number"},{"required":["a"]}]},{"anyOf":[{"type":"null"},{}]}]}`, `[{"a":1},"s"]`},
		{"elements that two tuples share", `{"allOf":[{"prefixItems":[{"type":"string"}],"items":{"type":"number"}},{"prefixItems":[true,{"type":["number","null"]}],"type":"array"}]}`, `[["a",1,2],[],["a"]]`},
		{"a rest with nothing in it", `{"type":"array","prefixItems":[{"type":"string"},false]}`, `[["a"],[]]`},
		{"elements that contains looks at", `{"type":"array","prefixItems":[true],"contains":{"type":"string"},"unevaluatedItems":false}`, `[[1,"a"],["a"]]`},
		{"more elements required than there are places", `{"type":"array","prefixItems":[{"type":"string"}],"minItems":3}`, `[["a",1,null]]`},
		{"numbers beyond what numbers are", `{"enum":[1e400,-0.0,12345678901234567890,1e21,1E-7]}`, `[0,12345678901234567890,1e21,0.0000001]`},
		{"a reference with its own kinds", `{"$ref":"#/$defs/d","type":["string","object"],"$defs":{"d":{"type":["string","null"]}}}`, `["s"]`},
		{"an anchor", `{"$ref":"#here","$defs":{"a":{"enum":[{"$anchor":"no"}]},"b":{"$anchor":"here","type":"string"}}}`, `["s"]`},
		{"a place that is no definition", `{"properties":{"a":{"items":{"type":"string"}},"b":{"$ref":"#/properties/a/items"},"c":{"$ref":"#/anyOf/0"}},"anyOf":[{"type":"object"}]}`, `[{"b":"s","c":{}}]`},
		{"itself, through members", `{"type":"object","additionalProperties":{"$ref":"#"}}`, `[{"a":{"b":{}}}]`},
		{"lists of itself, extended", `{"$ref":"#/$defs/n","$defs":{"n":{"type":"object","properties":{"kids":{"type":"array","items":{"$ref":"#/$defs/n","required":["kids"]}}}}}}`, `[{"kids":[{"kids":[]}]}]`},
	}
	files := map[string]string{}
	for i, test := range tests {
		files[fmt.Sprintf("s%d.input.json", i)] = test.source
	}
	set := setOf(t, files)
	client, err := Generate(&contract.Contract{Set: set})
	if err != nil {
		t.Fatal(err)
	}
	use := "import type * as C from \"./client.ts\";\n"
	for i, test := range tests {
		values, err := schema.Parse([]byte(test.values), schema.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		for v := range values.Elements() {
			if err := set.ValidateInput(fmt.Sprintf("s%d", i), v); err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
		}
		use += fmt.Sprintf("export const v%d: C.S%dArgs[] = %s; // %s\n", i, i, test.values, test.name)
	}
	for _, options := range []map[string]any{strictest, plainStrict} {
		if said := tsc(t, options, map[string]string{"client.ts": string(client.Text), "values.ts": use}); said != "" {
			t.Errorf("%s\n%s", said, client.Text)
		}
	}
}
