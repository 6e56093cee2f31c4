package core

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sallyport/sallyport/audits"
)

// A failing text is one whose method quotes it.
type failing struct{ text string }

func (f failing) MarshalText() ([]byte, error) { return nil, errors.New(f.text) }

// returning registers a Command that returns one value, whatever it is asked.
func returning[R any](value R) func(*bench) {
	return func(b *bench) {
		Command(b.App, "notes.wait", func(context.Context, text) (R, error) { return value, nil })
	}
}

func TestACommandsResultIsEncodedByItsType(t *testing.T) {
	const any = `{}`
	for _, test := range []struct {
		name     string
		schema   string // "" for none
		register func(*bench)
		want     string
		reason   string // instead
	}{
		{"a struct", any, returning(text{"x"}), `{"text":"x"}`, ""},
		{"a map, in order", any, returning(map[string]int{"b": 2, "a": 1}), `{"a":1,"b":2}`, ""},
		{"no list", any, returning([]int(nil)), `[]`, ""},
		{"no pointer, and none promised", "", returning((*text)(nil)), `null`, ""},
		{"nothing, and nothing promised", "", returning[error](nil), `null`, ""},
		{"something where nothing is promised", "", returning[json.Marshaler](json.RawMessage(`"zebra"`)), "", "no output schema"},
		{"what the schema refuses", `{"properties":{"text":{"maxLength":1}}}`, returning(text{"zebra"}), "", "maxLength"},
		{"more than its limit", any, returning(strings.Repeat("zebra", 1000)), "", "it is larger than its limit"},
		{"broken UTF-8", any, returning(text{"zebra\xff"}), "", "/text, a string, can't become JSON: the text isn't valid UTF-8"},
		{"a name of broken UTF-8", any, returning(map[string]int{"zebra\xff": 1}), "", "/*, a map[string]int, can't become JSON"},
		{"no number", any, returning(math.NaN()), "", "isn't finite"},
		{"a method that fails", any, returning([]failing{{"zebra"}}), "", "/0, a core.failing, can't become JSON: its method for text failed, an error of type *errors.errorString"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, func(c *Config) {
				c.Limits.ResultBytes = 4000
				c.Files = testFiles()
				if test.schema != "" {
					files := testFiles()
					files["schemas/notes.wait.output.json"] = &fstest.MapFile{Data: []byte(test.schema)}
					c.Files = files
				}
			}, test.register)
			got, err := b.connect(t, "main").Call(patient(t), "notes.wait", textOf("x"))
			if test.reason == "" {
				if err != nil || string(got) != test.want {
					t.Errorf("page got %s, %v, want %s", got, err, test.want)
				}
				return
			}
			if code(t, err) != CodeInternal {
				t.Errorf("page got %s, %v", got, err)
			}
			r := b.find(t, func(r audits.Record) bool { return r.Kind == audits.KindOutcome })
			contains(t, r.Reason, test.reason)
			lacks(t, r.Reason+b.log.String()+err.Error(), "zebra")
		})
	}
}

func TestATypeThatHasNoJSONStopsItsRegistration(t *testing.T) {
	app, err := New(Config{Files: testFiles(), Record: audits.NewMemory(1)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		message, _ := recover().(string)
		contains(t, message, `command "notes.wait"`, "chan int", "field C of")
	}()
	Command(app, "notes.wait", func(context.Context, text) (struct{ C chan int }, error) { return struct{ C chan int }{}, nil })
	t.Error("it is registered")
}
