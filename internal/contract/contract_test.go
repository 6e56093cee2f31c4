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
