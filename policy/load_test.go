package policy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFilesBehindALinkedFolderAreNotLeftOut(t *testing.T) {
	dir := t.TempDir()
	shared, folder := filepath.Join(dir, "shared"), filepath.Join(dir, "capabilities")
	for _, d := range []string{shared, folder} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	text := withoutScope + `deny contains "no" if input.command == "x"`
	if err := os.WriteFile(filepath.Join(shared, "notes.rego"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	link := func(to, name string) {
		if err := os.Symlink(to, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	link(shared, "..data")
	link(filepath.Join(shared, "notes.rego"), "notes.rego")
	p, err := Load(os.DirFS(folder), testConfig())
	if err != nil || len(p.Capabilities()) != 1 {
		t.Fatalf("a link to a file: %v", err)
	}
	link(shared, "more")
	if _, err := Load(os.DirFS(folder), testConfig()); err == nil || !strings.HasPrefix(err.Error(), "policy: more:1: a link to a folder") {
		t.Errorf("got %v", err)
	}
}
