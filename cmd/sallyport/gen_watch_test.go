//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A watched is the command as it runs, with the lines that it has printed.
type watched struct {
	*testing.T
	out, errOut said
	lines       int
	code        chan int
}

func watchClient(t *testing.T, args ...string) *watched {
	w := &watched{T: t, code: make(chan int, 1)}
	go func() {
		w.code <- run(append([]string{"gen", "ts", "--watch"}, args...), strings.NewReader(""), &w.out, &w.errOut)
	}()
	return w
}

// expect waits for the next line.
func (w *watched) expect(part string) {
	w.Helper()
	w.lines++
	for until := time.Now().Add(30 * time.Second); strings.Count(w.out.String(), "\n") < w.lines; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) {
			w.Fatalf("no line %d after 30 s: %q, %q", w.lines, w.out.String(), w.errOut.String())
		}
	}
	if got := strings.Split(w.out.String(), "\n")[w.lines-1]; !strings.Contains(got, part) {
		w.Fatalf("line %d is %q, want %q in it", w.lines, got, part)
	}
}

// end interrupts the command, which is no failure.
func (w *watched) end() {
	w.Helper()
	if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
		w.Fatal(err)
	}
	if got := <-w.code; got != exitHolds {
		w.Errorf("exit code %d, %q", got, w.errOut.String())
	}
	if n := strings.Count(w.out.String(), "\n"); n != w.lines {
		w.Errorf("%d lines, want %d: %s", n, w.lines, w.out.String())
	}
}

func put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// The client follows the schemas through faults, and an interrupt is its end.
func TestAWatchedClientFollowsItsSchemas(t *testing.T) {
	dir := t.TempDir()
	schemas, client := filepath.Join(dir, "schemas"), filepath.Join(dir, "page", "client.ts")
	put(t, filepath.Join(dir, "sallyport.json"), `{"version":1,"name":"notes","schemas":"schemas","capabilities":"c","hook":"h.js","page":"page","windows":[{"label":"first"}]}`)
	put(t, filepath.Join(dir, "page", "index.html"), "")
	save := filepath.Join(schemas, "notes.save.input.json")
	put(t, save, `{"type":"strin"}`)
	w := watchClient(t, dir, "--out", client)
	w.expect("notes.save.input.json:1: ")
	if _, err := os.Stat(client); err == nil {
		t.Error("a broken schema made a client")
	}
	put(t, save, `{"type":"string"}`)
	w.expect("has 1 command and 0 events")
	put(t, save, `{"type":`)
	w.expect("✗ ")
	if text, err := os.ReadFile(client); err != nil || !strings.Contains(string(text), "NotesSaveArgs = string;") {
		t.Errorf("while the schema is broken: %s, %v", text, err)
	}
	put(t, save, `{"type": "string"}`)
	w.expect("is up to date")
	put(t, filepath.Join(schemas, "below", "notes.changed.event.json"), `{"type":"null"}`)
	w.expect("has 1 command and 1 event")
	if err := os.Remove(client); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(schemas, "notes.list.input.json"), `{}`)
	w.expect("has 2 commands and 1 event")
	if text, err := os.ReadFile(client); err != nil || !strings.Contains(string(text), "NotesListArgs = unknown;") {
		t.Errorf("in the end: %s, %v", text, err)
	}
	w.end()
	if w.errOut.String() != "" {
		t.Errorf("stderr: %q", w.errOut.String())
	}
}

// An app's Go code is followed as well, wherever in its module it is.
func TestAWatchedClientFollowsTheCodeOfItsApp(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("GOFLAGS", "-mod=mod")
	put(t, "go.mod", "module example.com/notes\n\ngo 1.26\n")
	put(t, "schemas/.keep", "")
	put(t, "cmd/notes/main.go", "package main\n\nimport \"example.com/notes/save\"\n\nfunc main() { println(\"starting\"); save.Describe() }\n")
	const describe = "package save\n\nimport \"fmt\"\n\nfunc Describe() {\n\tfmt.Println(`{\"sallyport_describe\":1,\"app\":\"notes\",\"commands\":[\"save\"],\"schemas\":[" +
		"{\"side\":\"input\",\"name\":\"save\",\"origin\":\"Save\",\"source\":\"{\\\"type\\\":\\\"string\\\"}\"}]}`)\n}\n"
	put(t, "save/save.go", describe)
	w := watchClient(t, "schemas", "--app", "./cmd/notes", "--out", "client.ts", "--json")
	w.expect(`"written":true,"commands":["save"]`)
	put(t, "save/save.go", strings.Replace(describe, "string", "number", 1))
	w.expect(`"written":true,"commands":["save"]`)
	if text, err := os.ReadFile("client.ts"); err != nil || !strings.Contains(string(text), "SaveArgs = number;") {
		t.Errorf("after a change: %s, %v", text, err)
	}
	put(t, "save/save.go", "package save")
	w.expect(`"written":false,"commands":[],"events":[],"error":"`)
	w.end()
}
