package typescript

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sallyport/sallyport/internal/contract"
	"github.com/sallyport/sallyport/schema"
)

var seed = flag.Uint64("seed", 1, "what the made-up schemas begin with")

// Every value that a schema takes can be assigned to its type, as a literal. The
// schemas are made up, the validator says which values they take, and the
// compiler judges them all at once.
func TestEveryValidValueIsAssignable(t *testing.T) {
	const schemas, valuesEach = 200, 6
	d := dice{rand.New(rand.NewPCG(*seed, 0))}
	files := fstest.MapFS{}
	made := map[string]map[string]any{}
	for refused := 0; len(made) < schemas; {
		name := fmt.Sprintf("s%d", len(made))
		s := d.file()
		source := []byte(toJSON(t, s))
		set, err := schema.Compile(fstest.MapFS{"x.input.json": {Data: source}})
		if err == nil {
			_, err = Generate(&contract.Contract{Set: set}) // some lead back to themselves, which v5 missed
		}
		if err != nil {
			if refused++; refused > 10*schemas { // d.file makes many that lead back to themselves
				t.Fatalf("most schemas can't be used; the last: %v\n%s", err, source)
			}
			continue
		}
		made[name] = s
		files[name+".input.json"] = &fstest.MapFile{Data: source}
	}
	set, err := schema.Compile(files)
	if err != nil {
		t.Fatal(err)
	}
	client, err := Generate(&contract.Contract{Set: set})
	if err != nil {
		t.Fatal(err)
	}
	var values strings.Builder
	values.WriteString("import type * as C from \"./client.ts\";\n")
	var sources []string
	for i := range schemas {
		name := fmt.Sprintf("s%d", i)
		for n, tries := 0, 0; n < valuesEach && tries < 60; tries++ {
			v := d.valueFor(made[name], made[name], 5)
			text := toJSON(t, v)
			parsed, err := schema.Parse([]byte(text), schema.DefaultLimits())
			if err != nil {
				t.Fatalf("%v: %s", err, text)
			}
			if set.ValidateInput(name, parsed) != nil {
				continue
			}
			n++
			fmt.Fprintf(&values, "export const v%d: C.S%dArgs = %s;\n", len(sources), i, expression(v))
			sources = append(sources, fmt.Sprintf("%s takes %s", toJSON(t, made[name]), text))
		}
	}
	if len(sources) < schemas*2 {
		t.Fatalf("only %d values to try", len(sources))
	}
	for name, options := range map[string]map[string]any{"strictest": strictest, "strict": plainStrict} {
		said := tsc(t, options, map[string]string{"client.ts": string(client.Text), "values.ts": values.String()})
		if said == "" {
			continue
		}
		lines := strings.Split(said, "\n")
		t.Errorf("%s: of %d values: %d lines of errors, first:\n%s", name, len(sources), len(lines), strings.Join(lines[:min(len(lines), 12)], "\n"))
		var line int
		if _, err := fmt.Sscanf(lines[0], "values.ts(%d,", &line); err == nil && line >= 2 {
			t.Log(sources[line-2])
		}
	}
	t.Logf("%d values of %d schemas", len(sources), schemas)
}

// expression is a value as it stands in a program.
func expression(v any) string {
	switch v := v.(type) {
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = expression(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		var parts []string
		for _, name := range sortedKeys(v) {
			parts = append(parts, "["+quote(name)+"]: "+expression(v[name]))
		}
		return "{ " + strings.Join(parts, ", ") + " }"
	case string:
		return quote(v)
	}
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(data)
}
