//go:build unix

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unicode"
)

// printed runs a command as a user does and returns all that it prints.
func printed(t *testing.T, args ...string) (code int, text string) {
	t.Helper()
	var out bytes.Buffer
	code = run(args, strings.NewReader(""), &out, &out)
	return code, out.String()
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// A folder of schemas may come from anybody: with a clone, or unpacked.
func TestAHostileFolderOfSchemas(t *testing.T) {
	large := func(t *testing.T, name string) {
		write(t, name, "true")
		if err := os.Truncate(name, 8<<30); err != nil { // with a hole
			t.Fatal(err)
		}
	}
	link := func(to string) func(*testing.T, string) {
		return func(t *testing.T, name string) {
			if err := os.Symlink(to, name); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, test := range []struct {
		name string
		file string
		make func(*testing.T, string)
		code int
		want string
	}{
		{"a file without end", "b.input.json", large, exitDoesNot, "b.input.json: larger than 1048576 bytes"},
		{"a link to nothing", "b.input.json", link("nowhere"), exitCouldNot, "b.input.json: stat "},
		{"a link to itself", "b.input.json", link("b.input.json"), exitCouldNot, "b.input.json: stat "},
		{"a link to a folder", "b.input.json", link("/"), exitDoesNot, "b.input.json: not a regular file"},
		{"a link to a device without end", "b.input.json", link("/dev/zero"), exitDoesNot, "b.input.json: not a regular file"},
		{"a pipe that nobody writes to", "b.input.json", func(t *testing.T, name string) {
			if err := syscall.Mkfifo(name, 0o600); err != nil {
				t.Fatal(err)
			}
		}, exitDoesNot, "b.input.json: not a regular file"},
		{"a folder named as a schema", "b.input.json/c.input.json", func(t *testing.T, name string) { write(t, name, "{") }, exitDoesNot, "b.input.json/c.input.json:1: not acceptable JSON"},
		{"a folder that is linked to itself", "b", link("."), exitHolds, "holds 1 schema"},
		{"a name that is no text", "\xff\xfe.input.json", func(t *testing.T, name string) { write(t, name, "true") }, exitDoesNot, `"\xff\xfe" can't name a command`},
		{"another name that is no text", "\xff.json", func(t *testing.T, name string) { write(t, name, "{") }, exitHolds, "holds 1 schema"},
		{"a name that a terminal obeys", "\x1b]0;x\a\n✓ fine\u202e.input.json", func(t *testing.T, name string) { write(t, name, "true") }, exitDoesNot, `\x1b]0;x\a\n✓ fine\u202e.input.json: "\x1b]0;x\a\n✓ fine\u202e" can't name`},
		{"a keyword that a terminal obeys", "b.input.json", func(t *testing.T, name string) {
			write(t, name, `{"\u001b[2J\n✓ fine": 1}`)
		}, exitDoesNot, `b.input.json:1: unknown keyword "\x1b[2J\n✓ fine"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "a.input.json"), "true")
			write(t, filepath.Join(dir, "null.json"), "null")
			test.make(t, filepath.Join(dir, test.file))
			code, text := printed(t, "schema", "check", dir)
			if code != test.code || !strings.Contains(text, test.want) {
				t.Errorf("check ended with %d and said\n%s", code, text)
			}
			harmless(t, text)
			// Another command's broken schema is enough not to judge by any.
			want := exitCouldNot
			if test.code == exitHolds {
				want = exitHolds
			}
			code, text = printed(t, "schema", "validate", dir, "--command", "a", "--input", filepath.Join(dir, "null.json"))
			if code != want {
				t.Errorf("validate ended with %d and said\n%s", code, text)
			}
			harmless(t, text)
		})
	}
}

// harmless checks that nothing is written that a terminal would obey, and that nobody else begins a line.
func harmless(t *testing.T, text string) {
	t.Helper()
	for _, r := range text {
		if !unicode.IsPrint(r) && r != '\n' {
			t.Errorf("prints %q", text)
			return
		}
	}
	if strings.Contains(text, "\n✓ fine") {
		t.Errorf("a line is forged: %q", text)
	}
}

func TestPrintedSchemasAndRefusalsAreHarmless(t *testing.T) {
	dir := t.TempDir()
	const sly = "\u009b2J\u202e\x7f\U000e0041"
	source := `{"description": "` + sly + `", "type": "object", "properties": {"` + sly + `": {"const": "` + sly + `"}}}`
	write(t, filepath.Join(dir, "a.input.json"), source)
	document := filepath.Join(dir, sly+".json")
	write(t, document, `{"`+sly+`": 1}`)
	for _, args := range [][]string{
		{"schema", "print", dir},
		{"schema", "print", dir, "--json"},
		{"schema", "validate", dir, "--command", "a", "--input", document},
		{"schema", "validate", dir, "--command", "a", "--input", document, "--json"},
		{"schema", "validate", dir, "--command", "a", "--input", document + "\n✓ fine"},
	} {
		_, text := printed(t, args...)
		harmless(t, text)
		if text == "" {
			t.Errorf("%q prints nothing", args)
		}
	}
	// What is printed is the same schema.
	_, text := printed(t, "schema", "print", dir)
	again := t.TempDir()
	write(t, filepath.Join(again, "a.input.json"), text)
	if code, text := printed(t, "schema", "check", again); code != exitHolds {
		t.Errorf("what was printed is no schema: %s", text)
	}
	out := filepath.Join(dir, "out")
	if code, text := printed(t, "schema", "print", dir, "--out", out); code != exitHolds {
		t.Errorf("%d %s", code, text)
	}
	written, err := os.ReadFile(filepath.Join(out, "a.input.json"))
	if err != nil || string(written) != source {
		t.Errorf("written %q, %v", written, err)
	}
}

// Thousands of schemas are an app like any other.
func TestThousandsOfSchemas(t *testing.T) {
	dir := t.TempDir()
	for i := range 3000 {
		write(t, filepath.Join(dir, "c"+strings.Repeat("x", i%40)+"."+string(rune('a'+i%26))+strings.Repeat("y", i/40)+".input.json"),
			`{"type":"object","required":["path"],"additionalProperties":false,"properties":{"path":{"type":"string","maxLength":4096,"pattern":"\\.md$"}}}`)
	}
	code, text := printed(t, "schema", "check", dir)
	if code != exitHolds || !strings.Contains(text, "holds 3000 schemas of 3000 commands") {
		t.Errorf("%d %s", code, text)
	}
}
