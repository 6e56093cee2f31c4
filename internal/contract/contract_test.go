package contract

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/manifest"
	"github.com/sallyport/sallyport/schema"
)

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestAFolderIsAContract(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "notes/notes.save.input.json", `{"type":"object"}`)
	write(t, dir, "saved.event.json", `{"type":"string"}`)
	c, err := Load(t.Context(), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	if !c.Set.HasInput("notes.save") || c.Dir != dir || c.Name != "" || c.Commands != nil {
		t.Errorf("got %+v", c)
	}
	if got, want := c.Origins["notes.save.input.json"], filepath.Join(dir, "notes", "notes.save.input.json"); got != want {
		t.Errorf("notes.save comes from %q, want %q", got, want)
	}
	if len(c.Origins) != 2 {
		t.Errorf("origins are %v", c.Origins)
	}
}

func TestAnAppsFolderNamesItsSchemas(t *testing.T) {
	c, err := Load(t.Context(), filepath.Join("..", "..", "examples", "notes"), "")
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "notes" || !slices.Contains(c.Commands, "notes.save") || filepath.Base(c.Dir) != "schemas" || !c.Set.HasOutput("notes.save") {
		t.Errorf("got %+v", c)
	}
}

func TestFoldersThatCannotBeRead(t *testing.T) {
	broken := t.TempDir()
	write(t, broken, "a.input.json", "{\n\"enum\":[]}")
	unread := t.TempDir()
	write(t, unread, manifest.FileName, "{\n}")
	for _, test := range []struct{ name, dir, want string }{
		{"no folder", "", "neither a folder nor an app"},
		{"a folder that is not there", filepath.Join(broken, "none"), "can't be read"},
		{"a file", filepath.Join(broken, "a.input.json"), "is a file"},
		{"a schema that can't be used", broken, filepath.Join(broken, "a.input.json") + ":2: "},
		{"a manifest that can't be used", unread, filepath.Join(unread, manifest.FileName) + ":1: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load(t.Context(), test.dir, "")
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want %q in it", err, test.want)
			}
		})
	}
	_, err := Load(t.Context(), broken, "")
	if _, ok := errors.AsType[*schema.FileError](err); !ok {
		t.Errorf("got %T", err)
	}
}

const testApp = "./testdata/app"

func TestAnAppDescribesItself(t *testing.T) {
	c, err := Load(t.Context(), "", testApp)
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "described" || !slices.Equal(c.Commands, []string{"notes.any", "notes.read", "notes.save"}) || c.Dir != "" {
		t.Errorf("got %+v", c)
	}
	if want := `"pattern": "^/notes/"`; !strings.Contains(string(c.Set.Source(schema.Input, "notes.save")), want) {
		t.Errorf("notes.save takes %s, want %s in it", c.Set.Source(schema.Input, "notes.save"), want)
	}
	for base, want := range map[string]string{
		"notes.save.input.json":  "the schema of main.save (input of notes.save)",
		"notes.save.output.json": "the schema of main.note (output of notes.save)",
		"notes.read.input.json":  "Config.Schemas/notes.read.input.json",
		"notes.any.input.json":   "Config.Schemas/notes.any.input.json",
		"notes.saved.event.json": "Config.Schemas/notes.saved.event.json",
	} {
		if got := c.Origins[base]; got != want {
			t.Errorf("%s comes from %q, want %q", base, got, want)
		}
	}
	if len(c.Origins) != 5 {
		t.Errorf("origins are %v", c.Origins)
	}
}

func TestAnAppAndItsFolderAreOne(t *testing.T) {
	dir := filepath.Join(testApp, "schemas")
	text, err := describe(t.Context(), testApp)
	if err != nil {
		t.Fatal(err)
	}
	said, err := readDescription(text)
	if err != nil {
		t.Fatal(err)
	}
	load := func(dir string) (*Contract, error) {
		c, err := Load(t.Context(), dir, "")
		if err != nil {
			t.Fatal(err)
		}
		return c, c.join(said, testApp)
	}
	c, err := load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.Origins["notes.read.input.json"], filepath.Join(dir, "notes.read.input.json"); got != want || c.Dir != dir {
		t.Errorf("notes.read comes from %q, want %q", got, want)
	}
	if !c.Set.HasOutput("notes.save") || len(c.Set.Names(schema.Event)) != 1 || c.Name != "described" {
		t.Errorf("got %+v with %v", c, c.Set.Names(schema.Input))
	}
	for name, test := range map[string]struct {
		change func(dir string)
		want   string
	}{
		"another schema": {func(dir string) { write(t, dir, "notes.any.input.json", `{"type":"array"}`) },
			"is not the schema that ./testdata/app has (Config.Schemas/notes.any.input.json)"},
		"a schema that the app lacks": {func(dir string) { write(t, dir, "notes.more.input.json", `true`) },
			"notes.more.input.json is in the folder, and ./testdata/app has no such schema"},
	} {
		t.Run(name, func(t *testing.T) {
			other := t.TempDir()
			if err := os.CopyFS(other, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			test.change(other)
			if _, err := load(other); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestAppsThatDoNotDescribeThemselves(t *testing.T) {
	for _, test := range []struct{ name, app, setting, want string }{
		{"no package", "./testdata/nothing", "", "can't be built"},
		{"no program", ".", "", ". is no program (contract); name the main package"},
		{"several packages", "./...", "", "is no program"},
		{"a flag for a package", "-x", "", "can't be built"},
		{"one that fails before", testApp, "SALLYPORT_TEST_BROKEN", "does not start: no database to be found"},
		{"one that panics", testApp, "SALLYPORT_TEST_PANIC", "does not start: panic: core: command \"notes.save\": schema: no JSON value can become a chan int"},
		{"one that never comes to its start", testApp, "SALLYPORT_TEST_IDLE", "ended without describing itself; it must come to core's Run or Start"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.setting != "" {
				t.Setenv(test.setting, "1")
			}
			if _, err := Load(t.Context(), "", test.app); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			} else if strings.Contains(err.Error(), "goroutine ") {
				t.Errorf("a stack in %v", err)
			}
		})
	}
}

func TestDescriptionsThatAreRefused(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"another version", `{"sallyport_describe":2,"app":"a","commands":[],"schemas":[]}`, "of version 2; want 1"},
		{"a member too many", `{"sallyport_describe":1,"app":"a","commands":[],"schemas":[],"more":1}`, "no such member"},
		{"a member twice", `{"sallyport_describe":1,"app":"a","app":"b"}`, "schema: "},
		{"a side that is none", `{"sallyport_describe":1,"schemas":[{"side":"both","name":"a"}]}`, `side "both" isn't known; want one of channel, event, input`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := readDescription([]byte(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}

// Without the tag the app starts as ever.
func TestNoOtherBuildDescribesItself(t *testing.T) {
	out, err := run(t.Context(), "go", "run", testApp)
	if err != nil || !strings.HasSuffix(string(out), "it has started\n") || strings.Contains(string(out), Tag) {
		t.Errorf("it printed %s, %v", out, err)
	}
}
