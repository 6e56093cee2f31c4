package schema

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

func TestCheckGoesOnToAllThatIsWrong(t *testing.T) {
	fsys := files(
		"a.input.json", "{\n \"minimun\": 1,\n \"properties\": {\n  \"x\": {\"format\": \"e-mail\"},\n  \"y\": {\"enum\": []},\n  \"z\": {\"$ref\": \"#/$defs/none\"}\n }\n}",
		"b.input.json", `{"type": "object"}`,
		"c.input.json", "{\"type\": 1}",
		"d.input.json", "{\"a\": 1,\n\"a\": 2}",
		"e.input.json", "{\"$ref\": \"#/$defs/none\",\n\"allOf\": [{\"$ref\": \"other.json\"}]}",
		"f g.input.json", `{}`,
		"sub/b.input.json", `{}`,
	)
	s, faults, err := Check(fsys)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range faults {
		text, _, _ := strings.Cut(f.Err.Error(), ";")
		got = append(got, fmt.Sprintf("%s:%d %.40s", f.File, f.Line, text))
	}
	want := []string{
		`a.input.json:2 unknown keyword "minimun"`,
		`a.input.json:4 unknown format "e-mail"`,
		`a.input.json:5 enum must list at least one value`,
		`sub/b.input.json:0 the same name and side as b.input.json`,
		`c.input.json:1 `,
		`d.input.json:2 not acceptable JSON: an object has two m`,
		`e.input.json:1 $ref "#/$defs/none" leads to no schema o`,
		`e.input.json:2 $ref "other.json" leaves the file`,
		`f g.input.json:0 "f g" can't name a command or an event`,
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || !strings.HasPrefix(got[i], want[i]) {
			t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	if fmt.Sprint(s.Commands()) != "[b]" || s.Revision() != mustCompile(t, "b.input.json", `{"type": "object"}`).Revision() {
		t.Errorf("the set holds %v", s.Commands())
	}
	_, err = Compile(fsys)
	if err == nil || !strings.HasPrefix(err.Error(), "schema: a.input.json:2: ") {
		t.Errorf("Compile says %v, not what Check says first", err)
	}
}

func TestFaultsOfOneFileAreBounded(t *testing.T) {
	var b strings.Builder
	for i := range 4000 {
		fmt.Fprintf(&b, `,"k%d":0`, i)
	}
	_, faults, err := Check(files("a.input.json", "{"+b.String()[1:]+"}"))
	if err != nil || len(faults) != maxFaults {
		t.Errorf("%d faults, %v", len(faults), err)
	}
}

// A pipe would never end, and a device never stop.
func TestASchemaIsARegularFileOfBoundedSize(t *testing.T) {
	for _, test := range []struct {
		name string
		file *fstest.MapFile
		want string
	}{
		{"a pipe", &fstest.MapFile{Mode: fs.ModeNamedPipe}, "not a regular file"},
		{"a device", &fstest.MapFile{Mode: fs.ModeDevice}, "not a regular file"},
		{"a large file", &fstest.MapFile{Data: []byte(strings.Repeat(" ", 1<<20+1))}, "larger than 1048576 bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Compile(fstest.MapFS{"a.input.json": test.file})
			var at *FileError
			if !errors.As(err, &at) || at.File != "a.input.json" || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, err := Compile(fstest.MapFS{"a.input.json": {Data: []byte("true" + strings.Repeat(" ", 1<<20-4))}}); err != nil {
		t.Errorf("the largest: %v", err)
	}
}

func TestOffsetLeadsToTheValueOrTheMemberTooMany(t *testing.T) {
	for _, test := range []struct{ name, schema, document, at string }{
		{"the whole", `{"type":"string"}`, ` [1]`, `[1]`},
		{"a member", `{"properties":{"a":{"items":{"maximum":3}}}}`, `{"b":9,"a":[1,9,8]}`, `9,8`},
		{"a member whose name no schema has", `{"additionalProperties":{"type":"string"}}`, `{"a":"","x":null}`, `null`},
		{"a member too many", `{"properties":{"a":true},"additionalProperties":false}`, `{"a":1,"x":{},"y":2}`, `{},`},
		{"a member where there may be none", `{"additionalProperties":false}`, `{"x":true}`, `true`},
		{"a member too many beside patterns", `{"patternProperties":{"^a":true},"additionalProperties":false}`, `{"a":1,"x":{}}`, `{"a"`},
		{"a member that is missing", `{"items":{"required":["a"]}}`, `[{"a":1},{"b":2}]`, `{"b"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := mustCompile(t, "a.input.json", test.schema)
			v, err := Parse([]byte(test.document), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			err = s.ValidateInput("a", v)
			var invalid *Invalid
			if !errors.As(err, &invalid) || !strings.HasPrefix(test.document[invalid.Offset:], test.at) {
				t.Errorf("got %#v", err)
			}
		})
	}
}
