package schema

import (
	"fmt"
	"strings"
	"testing"
)

// The value of every keyword must be of the kind that the draft says, wherever it stands.
// Most of these v5 would take without a word, or find with its own $dynamicRef.
func TestKeywordsOfTheWrongKindAreRefused(t *testing.T) {
	bad := []struct{ keyword, values, problem string }{
		{"type", `1|null|[]|"any"|"String"|["string","string"]|["string",1]|[["string"]]|{"type":"string"}`, "type must be one of"},
		{"required", `"a"|true|{}|{"a":true}|[1]|[["a"]]|[null]|["a",1]`, "required must list member names"},
		{"required", `["a","a"]|["a","\u0061"]`, "twice"},
		{"dependentRequired", `[]|"a"|true|null`, "must be an object of lists"},
		{"dependentRequired", `{"a":"b"}|{"a":{}}|{"a":[1]}|{"a":true}`, "must list member names"},
		{"minLength", `1.5|-1|"1"|null|[1]|1e300|2147483648|-0.5`, "whole number"},
		{"maxLength", `1.5|-1|"1"|true`, "whole number"},
		{"minItems", `0.1|-1|"1"`, "whole number"}, {"maxItems", `1.5|-1|{}`, "whole number"},
		{"minProperties", `1.5|-1|"1"`, "whole number"}, {"maxProperties", `1.5|-1|""`, "whole number"},
		{"minimum", `"1"|null|true|[1]`, "must be a number"}, {"maximum", `"1"|{}`, "must be a number"},
		{"exclusiveMinimum", `true|"0"`, "must be a number"}, {"exclusiveMaximum", `false|null`, "must be a number"},
		{"multipleOf", `0|-1|0.0|-0|0e5|"2"|null|true|-0.1`, "above 0"},
		{"uniqueItems", `1|"true"|null|[]`, "true or false"},
		{"pattern", `1|null|["a"]|{}`, "must be a string"},
		{"format", `1|null|["date"]`, "unknown format"},
		{"enum", `{}|"a"|null|[]`, "at least one value"},
		{"properties", `[]|true|"a"|null`, "object of schemas"}, {"patternProperties", `[]|true`, "object of schemas"},
		{"dependentSchemas", `[]|{"a":[]}|{"a":["b"]}|{"a":null}`, "must be an object"},
		{"$defs", `[]|true|{"a":1}`, "must be an object"}, {"definitions", `[]|{"a":"b"}`, "must be an object"},
		{"items", `[]|[true]|[{"type":"string"}]|null|"string"`, "must be an object, true or false"},
		{"prefixItems", `{}|true|[]|{"type":"string"}`, "array with at least one schema"},
		{"allOf", `{}|[]|true|null`, "array with at least one schema"}, {"anyOf", `{}|[]`, "array with at least one schema"},
		{"oneOf", `{"a":true}|[]`, "array with at least one schema"}, {"anyOf", `[1]|[null]|[[]]`, "must be an object, true or false"},
		{"not", `[]|null|"string"|[{}]`, "must be an object, true or false"}, {"if", `null|1`, "must be an object, true or false"},
		{"additionalProperties", `null|"false"|0|[]`, "must be an object, true or false"},
		{"unevaluatedProperties", `null|0`, "must be an object, true or false"}, {"unevaluatedItems", `null|[true]`, "must be an object, true or false"},
		{"propertyNames", `"a"|[]`, "must be an object, true or false"}, {"contains", `1|[]`, "must be an object, true or false"},
		{"contentSchema", `1|[]`, "must be an object, true or false"},
		{"title", `1|null|[]`, "must be a string"}, {"description", `1|{}`, "must be a string"}, {"$comment", `1|null`, "must be a string"},
		{"contentEncoding", `1`, "must be a string"}, {"contentMediaType", `1`, "must be a string"},
		{"deprecated", `1|"true"`, "true or false"}, {"readOnly", `0|null`, "true or false"}, {"writeOnly", `"x"`, "true or false"},
		{"examples", `{}|1|"a"`, "must be an array"},
		{"$anchor", `""|"a b"|"#a"|"a/b"|"1a"|"-a"|".a"|1|null|"ä"`, "$anchor must be"},
		{"$ref", `1|null|[]|{}|""|"a"|"/$defs/a"|"$defs/a"`, "$ref"},
	}
	for _, test := range bad {
		for value := range strings.SplitSeq(test.values, "|") {
			for where, around := range map[string]string{
				"at the top": "{\n%q:%s}", "in properties": "{\"properties\":{\"p\":{\n%q:%s}}}", "in a list": "{\"anyOf\":[true,{\n%q:%s}]}",
				"in $defs": "{\"$defs\":{\"d\":{\n%q:%s}}}", "in a schema of content": "{\"contentSchema\":{\n%q:%s}}",
				"after prefixItems": "{\"prefixItems\":[{\n%q:%s}]}", "under not": "{\"not\":{\n%q:%s}}",
			} {
				_, err := Compile(files("a.input.json", fmt.Sprintf(around, test.keyword, value)))
				if err == nil || !strings.HasPrefix(err.Error(), "schema: a.input.json:2: ") || !strings.Contains(err.Error(), test.problem) {
					t.Errorf("%s, %s: %s: got %v, want line 2 and %q", where, test.keyword, value, err, test.problem)
				}
			}
		}
	}
	for keyword, values := range map[string]string{
		"type": `"null"|["integer","null"]`, "required": `[]|["a","b"]`, "dependentRequired": `{}|{"a":[]}|{"a":["b"]}`,
		"minLength": `0|3|1.0|1e1|-0`, "minimum": `-1.5|1e-400`, "multipleOf": `0.01|1e-400|3`, "examples": `[]|[1,"a"]`, "enum": `[null]|[1,1]`,
		"const": `null|[]|{"enum":[]}`, "default": `null|{"type":7}`, "$anchor": `"a"|"_"|"A-1.b_"`, "items": `true|false|{}`,
	} {
		for value := range strings.SplitSeq(values, "|") {
			if _, err := Compile(files("a.input.json", fmt.Sprintf("{%q:%s}", keyword, value))); err != nil {
				t.Errorf("%s: %s: %v", keyword, value, err)
			}
		}
	}
}

func TestSchemasThatMisleadAreRefused(t *testing.T) {
	tests := []struct{ name, schema, where, problem string }{
		{"a byte order mark", "\xef\xbb\xbf{}", ":1:", "a byte order mark"},
		{"UTF-16", "\xff\xfe{\x00}\x00", ":1:", "not acceptable JSON"},
		{"two values", "{}\n{}", ":2:", "something follows the value"},
		{"a comment", "{\n// no\n}", ":2:", "not acceptable JSON"},
		{"a keyword twice, once escaped", "{\"type\":\"object\",\n\"typ\\u0065\":\"string\"}", ":2:", "two members of one name"},
		{"a property twice", "{\"properties\":{\"a\":true,\n\"a\":false}}", ":2:", "two members of one name"},
		{"then without if", "{\n\"then\":false}", ":2:", "does nothing without if"},
		{"else without if", "{\"items\":{\n\"else\":false}}", ":2:", "does nothing without if"},
		{"maxContains without contains", "{\n\"maxContains\":1}", ":2:", "does nothing without contains"},
		{"minContains without contains", "{\n\"minContains\":1}", ":2:", "does nothing without contains"},
		{"two patterns that mean the same", "{\"patternProperties\":{\"^a\":true,\n\"^\\\\u0061\":false}}", ":2:", "mean the same"},
		{"$schema by http", "{\n\"$schema\":\"http://json-schema.org/draft/2020-12/schema\"}", ":2:", "no other draft"},
		{"$schema without a draft", "{\n\"$schema\":\"https://json-schema.org/schema\"}", ":2:", "no other draft"},
		{"$schema of 2019-09", "{\n\"$schema\":\"https://json-schema.org/draft/2019-09/schema\"}", ":2:", "no other draft"},
		{"$schema with an empty pointer", "{\n\"$schema\":\"https://json-schema.org/draft/2020-12/schema#/\"}", ":2:", "no other draft"},
		{"$id with a fragment", "{\n\"$id\":\"#a\"}", ":2:", "without a fragment"},
		{"$id that is no URI", "{\n\"$id\":\"a b\"}", ":2:", "without a fragment"},
		{"nullable, as OpenAPI has it", "{\"type\":\"string\",\n\"nullable\":true}", ":2:", "unknown keyword"},
		{"required: true, as draft-03 had it", "{\"properties\":{\"a\":{\n\"required\":true}}}", ":2:", "required must list"},
		{"exclusiveMinimum: true, as draft-04 had it", "{\"minimum\":0,\n\"exclusiveMinimum\":true}", ":2:", "must be a number"},
		{"divisibleBy", "{\n\"divisibleBy\":2}", ":2:", "unknown keyword"},
		{"extends", "{\n\"extends\":{}}", ":2:", "unknown keyword"},
		{"our own name for pattern", "{\"x-pattern\":\"(\",\n\"pattern\":\"(\"}", ":2:", "isn't a regular expression"},
	}
	for _, target := range []string{
		"#/properties", "#/properties/", "#/x-foo", "#/x-foo/a", "#/enum/0", "#/const", "#/default", "#/default/a", "#/examples/0", "#/$defs", "#/required",
		"#/allOf", "#/anyOf/1", "#/anyOf/-1", "#/anyOf/00", "#/anyOf/-", "#/", "#//", "#/$defs//", "#/definitions/a", "#/title", "#/not/not",
	} {
		tests = append(tests, struct{ name, schema, where, problem string }{"a $ref to " + target,
			`{"x-foo":{"a":{}},"enum":[{}],"const":{},"default":{"a":{}},"examples":[{}],"$defs":{"a":{}},"required":[],"title":"","not":{},"anyOf":[{}],"allOf":[{}],` +
				`"properties":{"p":{` + "\n" + `"$ref":"` + target + `"}}}`, ":2:", "leads to no schema"})
	}
	for _, test := range tests {
		_, err := Compile(files("a.input.json", test.schema))
		if err == nil || !strings.HasPrefix(err.Error(), "schema: a.input.json"+test.where) || !strings.Contains(err.Error(), test.problem) {
			t.Errorf("%s: got %v, want %s and %q", test.name, err, test.where, test.problem)
		}
	}
}

// v5 itself finds only some of these before a value arrives.
func TestReferencesThatNeverEndAreRefused(t *testing.T) {
	chain := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"d%d":{"$ref":"#/$defs/d%d"},`, i, i+1)
		}
		return fmt.Sprintf(`{"$ref":"#/$defs/d0","$defs":{%s"d%d":true}}`, b.String(), n)
	}
	for name, schema := range map[string]string{
		"through if, after properties": `{"properties":{"x":{"$ref":"#/$defs/b"}},"$defs":{"b":{"properties":{"q":{"$ref":"#/$defs/a"}},"if":{"$ref":"#/$defs/a"}},"a":{"if":{"$ref":"#/$defs/b"}}}}`,
		"through then":                 `{"if":true,"then":{"$ref":"#"}}`,
		"through else":                 `{"if":true,"else":{"$ref":"#"}}`,
		"through not":                  `{"not":{"not":{"$ref":"#"}}}`,
		"through dependentSchemas":     `{"dependentSchemas":{"a":{"$ref":"#"}}}`,
		"through an anchor":            `{"$anchor":"me","oneOf":[{"$ref":"#me"}]}`,
		"in $defs that nobody uses":    `{"$defs":{"a":{"allOf":[{"$ref":"#/$defs/a"}]}}}`,
		"of great length":              chain(3000),
	} {
		want := "leads back to itself"
		if name == "of great length" {
			want = "inside one another"
		}
		_, err := Compile(files("a.input.json", schema))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "schema: a.input.json:1: ") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for name, schema := range map[string]string{
		"by way of members": `{"properties":{"a":{"$ref":"#"}}}`, "by way of items": `{"items":{"anyOf":[{"$ref":"#"},{"type":"null"}]}}`,
		"by way of other names": `{"additionalProperties":{"$ref":"#"}}`, "by way of names": `{"propertyNames":{"$ref":"#"}}`,
		"by way of contains": `{"contains":{"$ref":"#"}}`, "by way of the rest": `{"unevaluatedProperties":{"$ref":"#"},"unevaluatedItems":{"$ref":"#"}}`,
		"of some length": chain(90), "two ways to one": `{"allOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/a"}],"$defs":{"a":{}}}`,
	} {
		if _, err := Compile(files("a.input.json", schema)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
