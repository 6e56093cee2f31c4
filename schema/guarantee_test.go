package schema

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestASchemaGuaranteesWhatItRequiresWithAType(t *testing.T) {
	object := func(rest string) string { return `{"type":"object",` + rest + `}` }
	path := object(`"required":["path"],"properties":{"path":{"type":"string"}}`)
	for _, test := range []struct {
		name, schema, path string
		want               bool
	}{
		{"required with a type", path, "path", true},
		{"an enum is one", object(`"required":["path"],"properties":{"path":{"enum":["a"]}}`), "path", true},
		{"optional", object(`"properties":{"path":{"type":"string"}}`), "path", false},
		{"without a type", object(`"required":["path"],"properties":{"path":{"minLength":1}}`), "path", false},
		{"any type", object(`"required":["path"],"properties":{"path":true}`), "path", false},
		{"not described", object(`"required":["path"]`), "path", false},
		{"of what may be no object", `{"required":["path"],"properties":{"path":{"type":"string"}}}`, "path", false},
		{"of what may be a list too", `{"type":["object","array"],"required":["path"],"properties":{"path":{"type":"string"}}}`, "path", false},
		{"another member", path, "other", false},
		{"inside", object(`"required":["file"],"properties":{"file":` + path + `}`), "file.path", true},
		{"inside what is optional", object(`"properties":{"file":` + path + `}`), "file.path", false},
		{"by reference", object(`"required":["file"],"properties":{"file":{"$ref":"#/$defs/f"}},"$defs":{"f":` + path + `}`), "file.path", true},
		{"by a reference to itself", object(`"required":["file"],"properties":{"file":{"$ref":"#"}}`), "file.file.path", false},
		{"in one of allOf", object(`"allOf":[{"required":["path"]},{"properties":{"path":{"type":"string"}}}]`), "path", true},
		{"in each of anyOf", `{"anyOf":[` + path + `,` + path + `]}`, "path", true},
		{"in some of anyOf", `{"anyOf":[` + path + `,{"type":"object"}]}`, "path", false},
		{"in each of oneOf", `{"oneOf":[` + path + `,` + path + `]}`, "path", true},
		{"under not", `{"type":"object","not":` + path + `}`, "path", false},
		{"under then", `{"type":"object","if":{},"then":` + path + `}`, "path", false},
		{"every element", object(`"required":["l"],"properties":{"l":{"type":"array","items":` + path + `}}`), "l.*.path", true},
		{"elements of no schema", object(`"required":["l"],"properties":{"l":{"type":"array"}}`), "l.*.path", false},
		{"first elements of another", object(`"required":["l"],"properties":{"l":{"type":"array","prefixItems":[{"type":"string"}],"items":` + path + `}}`), "l.*.path", false},
		{"every member", `{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":{"type":"string"}}`, "*", true},
		{"members of no schema", `{"type":"object","properties":{"a":{"type":"string"}}}`, "*", false},
		{"no other members", `{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false}`, "*", true},
		{"a member of no type", `{"type":"object","properties":{"a":{"minLength":1}},"additionalProperties":false}`, "*", false},
		{"nothing at all", `false`, "path", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			set, err := Compile(fstest.MapFS{"x.input.json": {Data: []byte(test.schema)}})
			if err != nil {
				t.Fatal(err)
			}
			var path []Step
			for name := range strings.SplitSeq(test.path, ".") {
				path = append(path, Step{Name: strings.TrimPrefix(name, "*"), Any: name == "*"})
			}
			if got := set.Guarantees("x", path); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
	if new(Set).Guarantees("x", nil) {
		t.Error("a command without a schema guarantees something")
	}
}
