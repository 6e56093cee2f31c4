package core

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sallyport/sallyport/audits"
)

// What a command streams has a schema, from a file or a Go type, and they agree.
func TestC7SchemasOfStreamsAreHeldToTheirTypes(t *testing.T) {
	type item struct {
		N int `json:"n"`
	}
	const fits = `{"type":"object","properties":{"n":{"type":"integer","minimum":0,"maximum":9}},"required":["n"],"additionalProperties":false}`
	bothWays := func(app *App) {
		Stream(app, "notes.stream", func(context.Context, text, *Channel[item, item]) (struct{}, error) { return struct{}{}, nil })
	}
	for _, test := range []struct {
		name     string
		files    map[string]string
		register func(*App)
		err      string // "" for none
	}{
		{"none, of Go types", nil, bothWays, ""},
		{"files", map[string]string{"notes.stream.upload": fits, "notes.stream.channel": fits}, bothWays, ""},
		{"an upload that the type can't become", map[string]string{"notes.stream.upload": textArgs}, bothWays, "schemas/notes.stream.upload.json:1 does not fit the Go type core.item"},
		{"items that the type can't be", map[string]string{"notes.stream.channel": textArgs}, bothWays, "schemas/notes.stream.channel.json:1 does not fit the Go type core.item"},
		{"items that are more than the type", map[string]string{"notes.stream.channel": strings.Replace(fits, `"n":`, `"m":{"type":"integer"},"n":`, 1)}, bothWays, ""},
		{"an upload of no command", map[string]string{"notes.streem.upload": fits}, bothWays, "schemas/notes.streem.upload.json is for a command that is not registered"},
		{"items of no command", map[string]string{"notes.streem.channel": fits}, bothWays, "schemas/notes.streem.channel.json is for a command that is not registered"},
		{"an upload of a command that has none", map[string]string{"notes.stream.upload": fits}, func(app *App) {
			Stream(app, "notes.stream", func(context.Context, text, *Channel[None, item]) (struct{}, error) { return struct{}{}, nil })
		}, `schemas/notes.stream.upload.json is for a stream that command "notes.stream" does not have; register the command with core.Stream`},
		{"items of a command that streams nothing", map[string]string{"notes.stream.channel": fits}, func(app *App) {
			Command(app, "notes.stream", func(context.Context, text) (struct{}, error) { return struct{}{}, nil })
		}, `schemas/notes.stream.channel.json is for a stream that command "notes.stream" does not have`},
		{"any upload", nil, func(app *App) {
			Stream(app, "notes.stream", func(context.Context, text, *Channel[any, None]) (struct{}, error) { return struct{}{}, nil })
		}, `command "notes.stream" has no schema of what it streams, and interface {} is any value; expected one in schemas/notes.stream.upload.json`},
		{"any items", nil, func(app *App) {
			Stream(app, "notes.stream", func(context.Context, text, *Channel[None, any]) (struct{}, error) { return struct{}{}, nil })
		}, `command "notes.stream" has no schema of what it streams, and interface {} is any value; expected one in schemas/notes.stream.channel.json`},
		{"any items with a file", map[string]string{"notes.stream.channel": fits}, func(app *App) {
			Stream(app, "notes.stream", func(context.Context, text, *Channel[None, any]) (struct{}, error) { return struct{}{}, nil })
		}, ""},
		{"raw bytes", nil, func(app *App) {
			Stream(app, "notes.stream", func(context.Context, text, *Channel[[]byte, []byte]) (struct{}, error) { return struct{}{}, nil })
		}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := testFiles()
			for name := range files {
				if strings.HasPrefix(name, "schemas/") {
					delete(files, name)
				}
			}
			files["schemas/notes.stream.input.json"] = &fstest.MapFile{Data: []byte(textArgs)}
			for name, schema := range test.files {
				files["schemas/"+name+".json"] = &fstest.MapFile{Data: []byte(schema)}
			}
			app, err := New(Config{Files: files, Record: audits.NewMemory(1), Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			test.register(app)
			err = app.StartInProcess()
			defer app.Shutdown(patient(t))
			switch {
			case test.err == "" && err != nil:
				t.Errorf("refused: %v", err)
			case test.err != "" && err == nil:
				t.Error("accepted")
			case err != nil:
				contains(t, err.Error(), test.err)
			}
		})
	}
}

func TestAStreamThatCanStreamNothingIsAMistake(t *testing.T) {
	for name, register := range map[string]func(*App){
		"streams neither way": func(app *App) {
			Stream(app, "notes.stream", func(context.Context, text, *Channel[None, None]) (struct{}, error) { return struct{}{}, nil })
		},
		"has no function": func(app *App) { Stream[text, text, text, text](app, "notes.stream", nil) },
		"chan int": func(app *App) {
			Stream(app, "notes.stream", func(context.Context, text, *Channel[None, chan int]) (struct{}, error) { return struct{}{}, nil })
		},
		"func()": func(app *App) {
			Stream(app, "notes.stream", func(context.Context, text, *Channel[func(), None]) (struct{}, error) { return struct{}{}, nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			app, err := New(Config{Files: testFiles(), Record: audits.NewMemory(1), Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				value, _ := recover().(string)
				contains(t, value, `command "notes.stream"`, name)
			}()
			register(app)
			t.Error("it is registered")
		})
	}
}
