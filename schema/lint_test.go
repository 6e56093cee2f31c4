package schema

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

func TestCompileRefuses(t *testing.T) {
	tests := []struct{ name, schema, where, problem string }{
		{"no JSON", "{\n  \"type\": \"object\",\n}", ":3:", "not acceptable JSON"},
		{"a keyword twice", "{\n\"type\":\"object\",\n\"type\":\"string\"}", ":3:", "two members of one name"},
		{"an empty file", "", ":1:", "ends too early"},
		{"a schema that is a number", "1", ":1:", "must be an object, true or false"},
		{"a schema that is null", "{\"items\":\nnull}", ":2:", "must be an object, true or false"},

		{"an empty enum", "{\n\"enum\": []}", ":2:", "would accept everything"},
		{"an empty enum deep inside", "{\"$defs\":{\"x\":{\"anyOf\":[{\"not\":\n{\"enum\":[]}}]}}}", ":2:", "would accept everything"},
		{"$dynamicRef", "{\n\"$dynamicRef\":\"#x\"}", ":2:", "$dynamicRef"},
		{"$dynamicAnchor", `{"$dynamicAnchor":"x"}`, ":1:", "$dynamicAnchor"},
		{"$recursiveRef", `{"$recursiveRef":"#"}`, ":1:", "$recursiveRef"},
		{"$vocabulary", `{"$vocabulary":{}}`, ":1:", "$vocabulary"},
		{"dependencies", `{"dependencies":{}}`, ":1:", "dependentRequired"},
		{"additionalItems", `{"additionalItems":false}`, ":1:", "prefixItems"},
		{"draft-04's id", `{"id":"x"}`, ":1:", "use $id"},
		{"regexProperties, which v5 takes from draft-04", `{"regexProperties":true}`, ":1:", "unknown keyword"},

		{"draft-07", `{"$schema":"http://json-schema.org/draft-07/schema#"}`, ":1:", "no other draft"},
		{"no draft known to anyone", `{"$schema":"https://example.com/mine"}`, ":1:", "no other draft"},
		{"a $schema that isn't text", `{"$schema":1}`, ":1:", "no other draft"},
		{"$schema inside", `{"items":{"$schema":"https://json-schema.org/draft/2020-12/schema"}}`, ":1:", "top of the file"},

		{"a misspelt keyword", "{\n\n\"propertes\":{}}", ":3:", `did you mean "properties"?`},
		{"a keyword in the wrong case", `{"maxlength":3}`, ":1:", `did you mean "maxLength"?`},
		{"a keyword in the wrong case that would open the object", `{"additionalproperties":false}`, ":1:", `"additionalProperties"`},
		{"an unknown keyword", `{"nullable":true}`, ":1:", "must begin with"},
		{"a misspelt keyword under $defs", `{"$defs":{"a":{"requird":[]}}}`, ":1:", `did you mean "required"?`},

		{"more schemas than v5 compiles in bearable time", `{"prefixItems":[` + strings.Repeat("true,", maxSchemas) + `true]}`, ":1:", "more than 5000 schemas"},
		{"an unknown format", `{"format":"ipv5"}`, ":1:", "unknown format"},
		{"a format of v5's own", `{"format":"ip-address"}`, ":1:", "unknown format"},
		{"a format that isn't text", `{"format":1}`, ":1:", "unknown format"},

		{"a remote $ref", `{"$ref":"https://example.com/x.json"}`, ":1:", "remote and file references are refused"},
		{"a $ref to a file", `{"items":{"$ref":"file:///etc/hostname"}}`, ":1:", "remote and file references are refused"},
		{"a $ref to a file beside", "{\n\"$ref\":\n\"other.input.json\"}", ":3:", "remote and file references are refused"},
		{"a $ref upwards", `{"$ref":"../../etc/passwd#/x"}`, ":1:", "remote and file references are refused"},
		{"a $ref to the meta-schema", `{"$ref":"https://json-schema.org/draft/2020-12/schema"}`, ":1:", "remote and file references are refused"},
		{"a $ref that isn't text", `{"$ref":1}`, ":1:", "$ref"},
		{"a $ref to nothing", `{"$ref":"#/$defs/x"}`, ":1:", "leads to no schema"},
		{"a $ref into a value that no lint has read", `{"$ref":"#/default","default":{"enum":[]}}`, ":1:", "leads to no schema"},
		{"a $ref into a const", `{"allOf":[{"const":{"type":"string"}},{"$ref":"#/allOf/0/const"}]}`, ":1:", "leads to no schema"},
		{"a $ref to an unknown anchor", `{"$ref":"#x"}`, ":1:", "names no $anchor"},
		{"a $ref with percent signs", `{"$ref":"#/$defs/a%62","$defs":{"ab":true}}`, ":1:", "use letters"},
		{"a $ref to itself", `{"$ref":"#"}`, ":1:", "leads back to itself"},
		{"two $refs in a circle", `{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}}`, ":1:", "leads back to itself"},
		{"$id inside", `{"$defs":{"a":{"$id":"http://example.com/a"}}}`, ":1:", "$id inside"},
		{"an anchor twice", `{"$defs":{"a":{"$anchor":"x"},"b":{"$anchor":"x"}}}`, ":1:", "second $anchor"},

		{"a space class", `{"pattern":"^\\s+$"}`, ":1:", `\s covers`},
		{"a negated space class", "{\"patternProperties\":{\n\"^[\\\\S]\":true}}", ":2:", `\S covers`},
		{"a look-ahead", `{"pattern":"^(?!admin)"}`, ":1:", "look-ahead"},
		{"a back-reference", `{"pattern":"(a)\\1"}`, ":1:", "back-references"},
		{"no regular expression", `{"pattern":"(a"}`, ":1:", "isn't a regular expression"},
		{"RE2's flags", `{"pattern":"(?i)a"}`, ":1:", "isn't a regular expression"},
		{"RE2's end of text", `{"pattern":"a\\z"}`, ":1:", "isn't a regular expression"},
		{"a pattern that isn't text", `{"pattern":1}`, ":1:", "must be a string"},
		{"a pattern that RE2 finds too large", "{\"pattern\":\n\"((a{1000}){1000}){1000}\"}", ":2:", "is too large: repeat less"},

		{"an unknown type", "{\"properties\":{\n\"a\":{\"type\":\"strin\"}}}", ":2:", "type must be one of"},
		{"required that isn't a list", `{"required":"a"}`, ":1:", "required must list member names"},
		{"a negative count", `{"minLength":-1}`, ":1:", "whole number"},
		{"a count that v5's int can't hold", `{"maxLength":1e300}`, ":1:", "whole number"},
		{"a count that isn't whole", `{"maxItems":1.5}`, ":1:", "whole number"},
		{"a multiple of zero", `{"multipleOf":0}`, ":1:", "above 0"},
		{"an allOf without schemas", `{"allOf":[]}`, ":1:", "at least one schema"},
		{"items as a list", `{"items":[true]}`, ":1:", "must be an object, true or false; a list of them, one for each item, is prefixItems"},
		{"properties as a list", `{"properties":[]}`, ":1:", "object of schemas"},
		{"uniqueItems that isn't a boolean", `{"uniqueItems":1}`, ":1:", "true or false"},
		{"a bomb in a bound", `{"minimum":1e999999}`, ":1:", "exponent"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Compile(fstest.MapFS{"sub/a.input.json": {Data: []byte(test.schema)}})
			if err == nil {
				t.Fatal("accepted")
			}
			if text := err.Error(); !strings.HasPrefix(text, "schema: sub/a.input.json"+test.where) || !strings.Contains(text, test.problem) {
				t.Errorf("got %v, want %s and %q", err, test.where, test.problem)
			}
		})
	}
}

func TestCompileRefusesNames(t *testing.T) {
	for name, fsys := range map[string]fstest.MapFS{
		"no name":                        files(".input.json", `true`),
		"a name that begins with a dot":  files(".a.input.json", `true`),
		"a name with a space":            files("a b.input.json", `true`),
		"a name that isn't ASCII":        files("ä.input.json", `true`),
		"a name that is too long":        files(strings.Repeat("a", 129)+".input.json", `true`),
		"one command twice":              files("x/a.input.json", `true`, "y/a.input.json", `true`),
		"one command twice, by its case": files("a.input.json", `true`, "A.input.json", `true`),
	} {
		if _, err := Compile(fsys); err == nil || !strings.Contains(err.Error(), ".input.json") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is refused above must not have been refused for another reason.
func TestCompileAccepts(t *testing.T) {
	for name, schema := range map[string]string{
		"the draft by its name":        `{"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"https://example.com/notes.json","$comment":"c"}`,
		"a trailing # on it":           `{"$schema":"https://json-schema.org/draft/2020-12/schema#"}`,
		"true":                         `true`,
		"annotations":                  `{"title":"t","description":"d","default":{"enum":[]},"examples":[1],"deprecated":true,"readOnly":false,"x-go":{"enum":[]}}`,
		"a $ref with siblings":         `{"$ref":"#/$defs/a","maxLength":3,"$defs":{"a":{"type":"string"}}}`,
		"an anchor":                    `{"$ref":"#name","$defs":{"a":{"$anchor":"name","type":"string"}}}`,
		"definitions of older drafts":  `{"$ref":"#/definitions/a","definitions":{"a":{"type":"string"}}}`,
		"a name that looks a keyword":  `{"properties":{"enum":{"type":"string"},"$ref":{"type":"string"},"propertes":true}}`,
		"recursion by way of children": `{"properties":{"next":{"$ref":"#"}}}`,
		"content keywords":             `{"contentEncoding":"base64","contentMediaType":"text/plain","contentSchema":{"type":"string"}}`,
	} {
		if _, err := Compile(files("a.input.json", schema)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// v5 would read this file if LoadURL and the lint let it.
func TestNothingIsLoaded(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret.json")
	if err := os.WriteFile(secret, []byte(`{"type":"string"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	schema := []byte(`{"$ref":"file://` + filepath.ToSlash(secret) + `"}`)
	if _, err := Compile(fstest.MapFS{"a.input.json": {Data: schema}}); err == nil {
		t.Error("the lint lets a file reference pass")
	}
	if _, err := newJudge(schema, false); err == nil || !strings.Contains(err.Error(), "nothing is loaded") {
		t.Errorf("v5 itself: %v", err)
	}
}

// Each pair is accepted by v5's own format and must not be by ours.
func TestFormatsAreNotV5s(t *testing.T) {
	for format, texts := range map[string][]string{
		"uri":       {"http://a b", `http://a/"`, "{}", "http://{}", "a", "http://[1.2.3.4]"},
		"ipv4":      {"+1.2.3.4", "1.2.3.04", "1.2.3", "0x1.2.3.4"},
		"date":      {"2026-02-30", "2026-1-01", "１026-01-01", "2026-01-01 "},
		"date-time": {"2026-01-01T00:00:00", "2026-01-01 00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00+25:00"},
		"time":      {"+1:00:00Z", "00:00:00.Z"},
		"email":     {"a@b@c", "<a@b.c>", "A <a@b.c>", "a@b..c", "a@"},
		"uuid":      {"{2eb8aa08-aa98-11ea-b4aa-73b441d16380}", "urn:uuid:2eb8aa08-aa98-11ea-b4aa-73b441d16380"},
		"hostname":  {"a_b", "-a", "a.", "xn--X"},
		"ipv6":      {"::1%eth0", "[::1]", "1.2.3.4"},
		"regex":     {"(", `\a`, "a**"},
	} {
		s := mustCompile(t, "a.input.json", `{"format":`+quote(format)+`}`)
		for _, text := range texts {
			if s.ValidateInput("a", mustParse(t, quote(text))) == nil {
				t.Errorf("%s accepts %q", format, text)
			}
		}
		if err := s.ValidateInput("a", mustParse(t, `1`)); err != nil {
			t.Errorf("%s looks at a number: %v", format, err)
		}
	}
}
