package schema

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestEachSideHasItsFile(t *testing.T) {
	files := fstest.MapFS{}
	for side, schema := range map[Side]string{Input: "null", Output: "integer", Event: "string", Channel: "boolean", Upload: "array"} {
		files["any/"+side.FileName("a.b")] = &fstest.MapFile{Data: []byte(`{"type":"` + schema + `"}`)}
	}
	for _, other := range []string{"a.b.events.json", "a.b.input.json.orig", "a.b.EVENT.json"} {
		files["any/"+other] = &fstest.MapFile{Data: []byte("not ours")}
	}
	s, err := Compile(files)
	if err != nil {
		t.Fatal(err)
	}
	values := map[Side]string{Input: "null", Output: "1", Event: `"x"`, Channel: "true", Upload: "[]"}
	for _, side := range Sides() {
		if got := s.Names(side); !slices.Equal(got, []string{"a.b"}) {
			t.Errorf("names of side %s: %v", side, got)
		}
		if got := s.File(side, "a.b"); got != "any/a.b."+side.String()+".json" {
			t.Errorf("the file of side %s is %q", side, got)
		}
		if s.Schema(side, "a.b") == nil || s.Schema(side, "a.c") != nil || s.Source(side, "a.c") != nil || s.File(side, "a.c") != "" {
			t.Errorf("side %s: the schema of another name", side)
		}
		for other, text := range values {
			v, err := Parse([]byte(text), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			err = s.Validate(side, "a.b", v)
			if (err == nil) != (side == other) {
				t.Errorf("side %s takes %s: %v", side, text, err)
			}
		}
	}
	if _, ok := s.contracts[key{0, "a.b"}]; ok || s.Names(0) != nil {
		t.Error("there is a schema of no side")
	}
}

func TestASetGrowsIntoAnother(t *testing.T) {
	first := mustCompile(t, "a.input.json", `{"type":"null"}`)
	second, err := first.With(files("b.input.json", `{"type":"string"}`))
	if err != nil {
		t.Fatal(err)
	}
	if first.HasInput("b") || !second.HasInput("a") || !second.HasInput("b") {
		t.Error("the first set changed, or the second lacks one")
	}
	both := mustCompile(t, "b.input.json", `{"type":"string"}`, "a.input.json", `{"type":"null"}`)
	if second.Revision() != both.Revision() || second.Revision() == first.Revision() {
		t.Error("the revision depends on the way to the set, or on nothing")
	}
	if _, err = second.With(files("B.input.json", `true`)); err == nil || !strings.Contains(err.Error(), "the same name and side as b.input.json") {
		t.Errorf("a second schema for one name: %v", err)
	}
}
