package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sallyport/sallyport/internal/manifest"
)

func TestExitCodes(t *testing.T) {
	// Nothing to find: no browser, no tools.
	t.Setenv("PATH", t.TempDir())
	t.Setenv("SALLYPORT_BROWSER", "")
	tests := []struct {
		name string
		args []string
		out  io.Writer
		code int
		err  string // part of what stderr says; "" if it stays silent
	}{
		{"what was asked holds", []string{"version"}, io.Discard, exitHolds, ""},
		{"help", nil, io.Discard, exitHolds, ""},
		{"it does not hold, and the output has said so", []string{"doctor"}, io.Discard, exitDoesNot, ""},
		{"the same as JSON", []string{"doctor", "--json"}, io.Discard, exitDoesNot, ""},
		{"no such command", []string{"dance"}, io.Discard, exitCouldNot, `no command "dance"`},
		{"help about a command", []string{"help", "version"}, io.Discard, exitHolds, ""},
		{"help about what is no command", []string{"help", "dance"}, io.Discard, exitCouldNot, `no command "dance"`},
		{"help about what is no part of a command", []string{"help", "version", "dance"}, io.Discard, exitCouldNot, `no command "dance"; see sallyport version --help`},
		{"no such flag", []string{"doctor", "--dance"}, io.Discard, exitCouldNot, "doctor --help"},
		{"no manifest", []string{"manifest", t.TempDir()}, io.Discard, exitCouldNot, "sallyport.json"},
		{"no go command", []string{"manifest", anApp(t)}, io.Discard, exitCouldNot, "needs the go command"},
		{"an app that can't start", []string{"doctor", anApp(t)}, io.Discard, exitDoesNot, ""},
		{"an app that is not there", []string{"doctor", "nowhere"}, io.Discard, exitCouldNot, "nowhere is not a folder"},
		{"two benchmarks", []string{"bench", "pipeline", "browser"}, io.Discard, exitCouldNot, `"browser" is an argument too many; see sallyport bench --help`},
		{"the schema of a folder", []string{"manifest", "--schema", "app"}, io.Discard, exitCouldNot, `"app" is an argument too many; see sallyport manifest --help`},
		{"an argument too many", []string{"doctor", ".", "extra"}, io.Discard, exitCouldNot, `"extra" is an argument too many; see sallyport doctor --help`},
		{"a reader that has gone", []string{"version"}, goneWriter{}, exitCouldNot, ""},
		{"output that cannot be written", []string{"version"}, fullWriter{}, exitCouldNot, "full"},
		{"JSON that cannot be written", []string{"version", "--json"}, fullWriter{}, exitCouldNot, "full"},
		{"a list that cannot be written", []string{"doctor"}, fullWriter{}, exitCouldNot, "full"},
		{"help that cannot be written", nil, fullWriter{}, exitCouldNot, "full"},
		{"help by a flag that cannot be written", []string{"bench", "--help"}, fullWriter{}, exitCouldNot, "full"},
		{"help by its command that cannot be written", []string{"help", "bench"}, fullWriter{}, exitCouldNot, "full"},
		{"a schema that cannot be written", []string{"manifest", "--schema"}, fullWriter{}, exitCouldNot, "full"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stderr strings.Builder
			if code := run(tt.args, strings.NewReader(""), tt.out, &stderr); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			said := stderr.String()
			if tt.err == "" && said != "" || !strings.Contains(said, tt.err) || tt.err != "" && !strings.HasPrefix(said, "sallyport: ") {
				t.Errorf("stderr %q, want %q", said, tt.err)
			}
		})
	}
}

func TestAnAppOutsideAnyModule(t *testing.T) {
	var stderr strings.Builder
	if code := run([]string{"manifest", anApp(t)}, strings.NewReader(""), io.Discard, &stderr); code != exitCouldNot || !strings.Contains(stderr.String(), "is in no Go module") {
		t.Errorf("exit code %d, %q", code, stderr.String())
	}
}

// anApp is a folder with a manifest and no code.
func anApp(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	text := `{"version": 1, "name": "a", "schemas": "s", "capabilities": "c", "hook": "h.js", "page": "p", "windows": [{"label": "main"}]}`
	if err := os.WriteFile(filepath.Join(folder, manifest.FileName), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

type goneWriter struct{}

func (goneWriter) Write([]byte) (int, error) { return 0, syscall.EPIPE }

type fullWriter struct{}

func (fullWriter) Write([]byte) (int, error) { return 0, errors.New("full") }
