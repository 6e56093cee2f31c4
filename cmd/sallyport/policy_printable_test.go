package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestABrokenFileCantWriteOnTheTerminal(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.rego"), []byte("package capability.a\n\x1b[31mallow if true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"check", dir}, {"check", dir, "--json"}, {"ls", dir}, {"lint", dir}, {"test", dir}, {"fmt", dir}, {"diff", dir, dir},
		{"explain", dir, "--window", "main", "--command", "x"},
	} {
		var out strings.Builder
		code := run(append([]string{"policy"}, args...), strings.NewReader(""), &out, &out)
		if code == exitHolds || !strings.Contains(out.String(), "a.rego:2: ") || strings.Contains(out.String(), "\x1b") {
			t.Errorf("%s: %d, %q", args[0], code, out.String())
		}
	}
}
