package schema_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sallyport/sallyport/schema"
)

// What docs/schemas.md shows is quoted from here and from testdata/of.

type Colour string

func (Colour) JSONSchemaEnum() []any { return []any{Colour("red"), Colour("blue")} }

func (Colour) JSONSchemaDescription() string { return "The colours that a note comes in." }

type SaveArgs struct {
	Path   string     `json:"path" jsonschema:"pattern=[.]md$,maxLength=4096,description=A Markdown file"`
	Text   string     `json:"text" jsonschema:"maxLength=100000"`
	Colour Colour     `json:"colour,omitempty"`
	Tags   []string   `json:"tags,omitempty" jsonschema:"maxItems=10,pattern=^[a-z]+$" jsonschema_description:"Lower-case words, as many as ten."`
	Lines  uint8      `json:"lines" jsonschema:"minimum=1"`
	Due    *time.Time `json:"due,omitempty"`
}

func TestTheSchemaThatTheDocumentShows(t *testing.T) {
	text, err := schema.Of[SaveArgs]()
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/of/save.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text, want) {
		t.Errorf("it is\n%s", text)
	}
}

func TestTheDriftThatTheDocumentShows(t *testing.T) {
	source := "{\n  \"type\": \"object\",\n  \"additionalProperties\": false,\n  \"properties\": {\n    \"path\": { \"type\": \"string\" },\n    \"text\": { \"type\": [\"string\", \"null\"] }\n  }\n}\n"
	set, err := schema.Compile(fstest.MapFS{"notes.save.input.json": {Data: []byte(source)}})
	if err != nil {
		t.Fatal(err)
	}
	err = schema.Drift[SaveArgs](set, schema.Input, "notes.save")
	want, failed := os.ReadFile("testdata/of/drift.txt")
	if failed != nil {
		t.Fatal(failed)
	}
	if err == nil || err.Error() != strings.ReplaceAll(strings.TrimSuffix(string(want), "\n"), "\n", " ") {
		t.Errorf("it is\n%v", err)
	}
}
