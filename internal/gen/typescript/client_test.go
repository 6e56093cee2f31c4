package typescript

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sallyport/sallyport/internal/contract"
	"github.com/sallyport/sallyport/schema"
)

// setOf compiles schemas, by their base names.
func setOf(t *testing.T, files map[string]string) *schema.Set {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	set, err := schema.Compile(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestContractsThatMakeNoClient(t *testing.T) {
	for _, test := range []struct {
		name     string
		files    map[string]string
		commands []string
		want     string
	}{
		{"a command without an input schema", map[string]string{"a.output.json": "true"}, []string{"a"}, "the command a has no input schema; write a.input.json, or add --app if the app makes it of a Go type"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Generate(&contract.Contract{Set: setOf(t, test.files), Commands: test.commands})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v; want %q", err, test.want)
			}
		})
	}
}

// v5 finds these itself, but for some where a way through a member comes first.
func TestASchemaThatIsDefinedByItselfHasNoType(t *testing.T) {
	for _, source := range []string{
		`{"oneOf":[{"properties":{"a":{"$ref":"#/$defs/d"}}},{"$ref":"#/$defs/d"}],"$defs":{"d":{"$ref":"#"}}}`,
		`{"properties":{"a":{"$ref":"#/$defs/d"}},"$defs":{"d":{"anyOf":[{"type":"null"},{"$ref":"#/$defs/e"}]},"e":{"$ref":"#/$defs/d","properties":{"x":{}}}}}`,
	} {
		root, err := schema.Parse([]byte(source), schema.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readFile("a.input.json", root, false); err == nil || !strings.Contains(err.Error(), "is defined by itself") {
			t.Errorf("%s: %v", source, err)
		}
	}
}

// Alternatives multiply with each other and with what is inside them.
func TestAlternativesStayBounded(t *testing.T) {
	choice := func(names string, inner string) string {
		var options []string
		for _, name := range strings.Split(names, "") {
			options = append(options, `{"properties":{"`+name+`":`+inner+`},"required":["`+name+`"]}`)
		}
		return `{"anyOf":[` + strings.Join(options, ",") + `]}`
	}
	leaf := `{"type":"number"}`
	flat := `{"type":"object","allOf":[` + choice("abcdefghij", leaf) + "," + choice("klmnopqrst", leaf) + "," + choice("uvwxyzABCD", leaf) + "]}"
	deep := leaf
	for range 4 {
		deep = `{"type":"object","allOf":[` + choice("abcde", deep) + "," + choice("fghi", `{"type":"string"}`) + "]}"
	}
	for name, source := range map[string]string{"beside each other": flat, "inside each other": deep} {
		client, err := Generate(&contract.Contract{Set: setOf(t, map[string]string{"a.input.json": source})})
		if err != nil {
			t.Fatal(err)
		}
		if len(client.Text) > 8<<20 {
			t.Errorf("%s: %d bytes", name, len(client.Text))
		}
		// Not multiplied, they are still alternatives.
		if name == "beside each other" && (!strings.Contains(string(client.Text), "C: number;") || !strings.Contains(string(client.Text), "&")) {
			t.Errorf("%s: %s", name, client.Text)
		}
	}
}
