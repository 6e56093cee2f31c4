package core

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/schema"
)

type savedNote struct {
	Path  string   `json:"path" jsonschema:"pattern=[.]md$,maxLength=20"`
	Tags  []string `json:"tags,omitempty"`
	Lines uint8    `json:"lines"`
}

// typedBench is an app whose notes.save has no schema file. It returns what it
// is given, with as many lines as the path has bytes.
func typedBench(t *testing.T, change func(*Config), prepare func(*bench)) *bench {
	return newBench(t, func(c *Config) {
		files := testFiles()
		files["capabilities/notes.rego"].Data = []byte(strings.Replace(notesCapability, `{"notes.echo"`, `{"notes.save", "notes.echo"`, 1))
		c.Files = files
		if change != nil {
			change(c)
		}
	}, func(b *bench) {
		Command(b.App, "notes.save", func(ctx context.Context, n savedNote) (savedNote, error) {
			b.ran(ctx)
			if n.Lines == 7 {
				n.Path = "no note"
			}
			return n, nil
		})
		if prepare != nil {
			prepare(b)
		}
		handleRest(b.App)
	})
}

// handleRest registers the commands that have a file and no handler.
func handleRest(app *App) {
	for _, name := range app.schemas.Names(schema.Input) {
		if app.handlers[name] == nil {
			app.Handle(name, func(context.Context, *Request) (any, error) { return nil, nil })
		}
	}
}

func TestC7ACommandWithoutAFileHasTheSchemaOfItsTypes(t *testing.T) {
	b := typedBench(t, nil, nil)
	for _, test := range []struct {
		name, args string
		want       Code
	}{
		{"all that it has", `{"path":"a.md","tags":["x"],"lines":3}`, ""},
		{"what may be left out", `{"path":"a.md","lines":3}`, ""},
		{"a member left out", `{"path":"a.md"}`, CodeInvalidArgs},
		{"a member too many", `{"path":"a.md","lines":3,"PATH":"/etc/shadow"}`, CodeInvalidArgs},
		{"another case", `{"Path":"a.md","lines":3}`, CodeInvalidArgs},
		{"another type", `{"path":["a.md"],"lines":3}`, CodeInvalidArgs},
		{"null for a list", `{"path":"a.md","tags":null,"lines":3}`, CodeInvalidArgs},
		{"a number beyond the type", `{"path":"a.md","lines":256}`, CodeInvalidArgs},
		{"what a tag refuses", `{"path":"a.txt","lines":3}`, CodeInvalidArgs},
		{"no arguments", `{}`, CodeInvalidArgs},
		{"a result that a tag refuses", `{"path":"a.md","lines":7}`, CodeInternal},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := b.connect(t, "main").Call(patient(t), "notes.save", []byte(test.args))
			if got := code(t, err); got != test.want {
				t.Errorf("page got %v, want %q", err, test.want)
			}
			if test.want == CodeInvalidArgs {
				b.nothingRan(t)
				return
			}
			<-b.runs
		})
	}
}

// A file under a misspelt name bounds nothing, and the type of its command may be wider.
func TestC7ASchemaFileForNoCommandStopsTheStartOfAnAppWithTypes(t *testing.T) {
	for _, file := range []string{"notes.svae.input.json", "notes.svae.output.json"} {
		files := testFiles()
		files["schemas/"+file] = &fstest.MapFile{Data: []byte(`{"type":"object"}`)}
		app, err := New(Config{Files: files, Record: audits.NewMemory(1), Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"notes.echo", "notes.touch", "notes.wait", "notes.fail", "notes.secret"} {
			app.Handle(name, func(context.Context, *Request) (any, error) { return nil, nil })
		}
		Command(app, "notes.save", func(_ context.Context, n savedNote) (savedNote, error) { return n, nil })
		err = app.StartInProcess()
		if stop := app.Shutdown(patient(t)); stop != nil {
			t.Error(stop)
		}
		if err == nil || !strings.Contains(err.Error(), "core: schemas/"+file+" is for a command that is not registered; ") {
			t.Errorf("got %v", err)
		}
	}
}

// An app whose schemas are all made of Go types has no folder of schemas:
// an empty folder is none to go:embed.
func TestAnAppOfGoTypesAloneNeedsNoSchemaFolder(t *testing.T) {
	files := testFiles()
	files["sallyport.json"].Data = bytes.Replace(files["sallyport.json"].Data, []byte(`"schemas":"schemas",`), nil, 1)
	for name := range files {
		if strings.HasPrefix(name, "schemas/") {
			delete(files, name)
		}
	}
	start := func(register func(*App)) error {
		app, err := New(Config{Files: files, Record: audits.NewMemory(1), Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		register(app)
		err = app.StartInProcess()
		if stop := app.Shutdown(patient(t)); stop != nil {
			t.Error(stop)
		}
		return err
	}
	typed := func(app *App) {
		Command(app, "notes.echo", func(_ context.Context, a text) (text, error) { return a, nil })
	}
	if err := start(typed); err != nil {
		t.Error(err)
	}
	untyped := func(app *App) {
		app.Handle("notes.echo", func(context.Context, *Request) (any, error) { return nil, nil })
	}
	if err := start(untyped); err == nil || !strings.Contains(err.Error(), `command "notes.echo" has no input schema`) {
		t.Errorf("a command without any schema: %v", err)
	}
}

// The schemas that are made are the app's: in what others read, in the
// revision and in what rules may read.
func TestSchemasOfTypesAreTheApps(t *testing.T) {
	b := typedBench(t, nil, nil)
	of, err := schema.Of[savedNote]()
	if err != nil {
		t.Fatal(err)
	}
	if got := string(b.Schemas().Source(schema.Input, "notes.save")); got != string(of) {
		t.Errorf("the input schema is %s", got)
	}
	if !b.Schemas().HasOutput("notes.save") || b.Schemas().HasOutput("notes.touch") {
		t.Error("the output schemas are others")
	}
	if got := b.Schemas().File(schema.Output, "notes.save"); got != "the schema of core.savedNote (output of notes.save)" {
		t.Errorf("its file is %q", got)
	}
	other := newBench(t, nil, nil)
	if b.Schemas().Revision() == other.Schemas().Revision() {
		t.Error("the revision is that of an app without the command")
	}
	contains(t, b.log.String(), "schemas="+b.Schemas().Revision())
}

func TestC7ARuleReadsNoMoreOfATypeThanItGuarantees(t *testing.T) {
	for rule, want := range map[string]string{
		"input.args.path == \"x\"":       "",
		"\"x\" in input.args.tags":       "reads input.args.tags, which the schema of core.savedNote (input of notes.save) does not guarantee",
		"input.args.owner == \"nobody\"": "reads input.args.owner, which the schema of core.savedNote",
	} {
		files := testFiles()
		files["capabilities/notes.rego"].Data = []byte(notesCapability + "\ndeny contains \"no\" if {\n\tinput.command == \"notes.save\"\n\t" + rule + "\n}\n")
		err := startTyped(t, files, func(app *App) {
			Command(app, "notes.save", func(context.Context, savedNote) (struct{}, error) { return struct{}{}, nil })
		})
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", rule, err)
		case want != "" && err == nil:
			t.Errorf("%s: it started", rule)
		case want != "":
			contains(t, err.Error(), want)
		}
	}
}

func startTyped(t *testing.T, files fstest.MapFS, register func(*App)) error {
	t.Helper()
	app, err := New(Config{Files: files, Record: audits.NewMemory(1), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer app.Shutdown(t.Context())
	register(app)
	handleRest(app)
	return app.StartInProcess()
}

func TestC7DriftBetweenTypeAndFileStopsTheStart(t *testing.T) {
	const note = "{\n\"type\":\"object\",\n\"additionalProperties\":false,\n\"required\":[\"text\"],\n\"properties\":{\n\"text\":{\"type\":\"string\"}}}"
	type reworded struct {
		Text  string `json:"text"`
		Owner string `json:"owner"`
	}
	for _, test := range []struct {
		name          string
		input, output string // "": no file
		register      func(*App)
		want          []string // nil: it starts
	}{
		{"types that fit", note, note, func(app *App) {
			Command(app, "notes.save", func(context.Context, text) (text, error) { return text{}, nil })
		}, nil},
		{"a field that the input never fills", note, "", func(app *App) {
			Command(app, "notes.save", func(context.Context, reworded) (struct{}, error) { return struct{}{}, nil })
		}, []string{`core: command "notes.save": schemas/more/notes.save.input.json:3 does not fit the Go type core.reworded: reworded.Owner: the schema never takes a member "owner"`}},
		{"a member that the arguments lack", strings.Replace(note, `"text":{`, `"PATH":true,"text":{`, 1), "", func(app *App) {
			Command(app, "notes.save", func(context.Context, text) (struct{}, error) { return struct{}{}, nil })
		}, []string{`schemas/more/notes.save.input.json:6 does not fit the Go type core.text`, `describes "PATH"`}},
		{"a member that the output forbids", note, note, func(app *App) {
			Command(app, "notes.save", func(context.Context, text) (reworded, error) { return reworded{}, nil })
		}, []string{`schemas/more/notes.save.output.json:3 does not fit the Go type core.reworded: reworded.Owner`}},
		{"another type of result", note, `{"type":"string"}`, func(app *App) {
			Command(app, "notes.save", func(context.Context, text) (text, error) { return text{}, nil })
		}, []string{`schemas/more/notes.save.output.json:1 does not fit the Go type core.text`}},
		{"no result where there is one", note, note, func(app *App) {
			Command(app, "notes.save", func(context.Context, text) (struct{}, error) { return struct{}{}, nil })
		}, []string{`schemas/more/notes.save.output.json does not fit the Go type struct{}, which stands for no result`, `{"type":"null"}`}},
		{"no result, as null", note, `{"type":"null"}`, func(app *App) {
			Command(app, "notes.save", func(context.Context, text) (struct{}, error) { return struct{}{}, nil })
		}, nil},
		{"a handler without types", note, `{"type":"null"}`, func(app *App) {
			app.Handle("notes.save", func(context.Context, *Request) (any, error) { return nil, nil })
		}, nil},

		{"arguments of any form without a file", "", "", func(app *App) {
			Command(app, "notes.save", func(context.Context, any) (struct{}, error) { return struct{}{}, nil })
		}, []string{`core: command "notes.save" has no input schema, and interface {} takes any value; expected one in schemas/notes.save.input.json`}},
		{"a raw message without a file", "", "", func(app *App) {
			Command(app, "notes.save", func(context.Context, json.RawMessage) (struct{}, error) { return struct{}{}, nil })
		}, []string{"json.RawMessage takes any value"}},
		{"a handler without types and without a file", "", "", func(app *App) {
			app.Handle("notes.save", func(context.Context, *Request) (any, error) { return nil, nil })
		}, []string{`"notes.save" has no input schema; expected it in schemas/notes.save.input.json`}},
		{"a tag that is misspelt", "", "", func(app *App) {
			Command(app, "notes.save", func(context.Context, struct {
				Path string `json:"path" jsonschema:"patern=^a"`
			}) (struct{}, error) {
				return struct{}{}, nil
			})
		}, []string{`core: command "notes.save" has no schemas/notes.save.input.json, and no schema can be made of struct { Path`, `unknown word "patern"; did you mean "pattern"? (field Path of`}},
		{"a result with a tag that is misspelt", note, "", func(app *App) {
			Command(app, "notes.save", func(context.Context, text) (r struct {
				Path string `json:"path" jsonschema:"patern=^a"`
			}, err error) {
				return r, nil
			})
		}, []string{`has no schemas/notes.save.output.json, and no schema can be made of struct { Path`, `did you mean "pattern"?`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := testFiles()
			for side, text := range map[string]string{"input": test.input, "output": test.output} {
				if text != "" {
					files["schemas/more/notes.save."+side+".json"] = &fstest.MapFile{Data: []byte(text)}
				}
			}
			err := startTyped(t, files, test.register)
			if (err == nil) != (test.want == nil) {
				t.Fatalf("got %v", err)
			}
			if err != nil {
				contains(t, err.Error(), test.want...)
			}
		})
	}
}

// Of a result that may be anything no schema is made: it would let out what
// nobody described. Without a file it can only be nil.
func TestC7AResultOfAnyFormIsNullWithoutAFile(t *testing.T) {
	b := typedBench(t, nil, func(b *bench) {
		Command(b.App, "notes.fail", func(_ context.Context, a text) (any, error) {
			if a.Text == "nothing" {
				return nil, nil
			}
			return a, nil
		})
	})
	c := b.connect(t, "main")
	if _, err := c.Call(patient(t), "notes.fail", textOf("nothing")); err != nil {
		t.Errorf("nil: %v", err)
	}
	if _, err := c.Call(patient(t), "notes.fail", textOf("secret")); code(t, err) != CodeInternal {
		t.Errorf("a text: page got %v", err)
	}
}
