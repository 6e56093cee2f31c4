package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/manifest"
)

// A broken app is shown with the one error that stops its start, by file and
// line.
func TestDoctorStartsTheAppInAFolder(t *testing.T) {
	replace := func(file, from, to string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			t.Helper()
			path := filepath.Join(dir, filepath.FromSlash(file))
			text, err := os.ReadFile(path)
			if err == nil && !strings.Contains(string(text), from) {
				err = errors.New(file + " has no " + from)
			}
			if err == nil {
				err = os.WriteFile(path, []byte(strings.Replace(string(text), from, to, 1)), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	remove := func(file string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			t.Helper()
			if err := os.RemoveAll(filepath.Join(dir, filepath.FromSlash(file))); err != nil {
				t.Fatal(err)
			}
		}
	}
	tests := []struct {
		name    string
		change  func(t *testing.T, dir string)
		finding string
		ok      bool
		detail  string // part of it
		whole   bool   // the app can start
	}{
		{"the manifest of an app that can start", func(*testing.T, string) {}, "app's manifest", true, "sallyport.json: notes, 1 window main", true},
		{"the start of an app that can start", func(*testing.T, string) {}, "app's start", true, "schemas, capabilities, hook.js, page and 4 commands", true},
		{"no manifest", remove("sallyport.json"), "app's manifest", false, "there is no ", false},
		{"a manifest with a wrong label", replace("sallyport.json", `"main"`, `"Main"`), "app's manifest", false, `sallyport.json:10: windows[0].label: "Main"`, false},
		{"a folder that is missing", remove("capabilities"), "app's manifest", false, `sallyport.json:5: capabilities: "capabilities" cannot be read`, false},
		{"a broken schema", replace("schemas/notes.save.input.json", `"type": "string"`, `"type": "strin"`), "app's start", false, "schemas/notes.save.input.json:7: type must be one of null", false},
		{"a broken capability", replace("capabilities/notes.rego", "allow if {", "allow if {{"), "app's start", false, "capabilities/notes.rego:1", false},
		{"a broken hook", replace("hook.js", "sallyport.onCall(", "sallyport.onCall(("), "app's start", false, "hook.js:", false},
		{"a page that its policy would break", replace("page/index.html", "<body", `<body onload="x()"`), "app's start", false, "index.html:12: <body> has the event handler", false},
		{"a command whose schema only its Go type can say", remove("schemas/notes.list.input.json"), "app's start", true, "must make it of a Go type: schemas/notes.list.input.json", true},
		{"a rule about such a command", remove("schemas/notes.save.input.json"), "app's start", true, "must make it of a Go type: schemas/notes.save.input.json", true},
		{"no list of commands", replace("sallyport.json", `,
  "commands": ["notes.delete", "notes.list", "notes.save", "notes.search"]`, ""), "app's commands", false, "sallyport.json lists none", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS("../../examples/notes")); err != nil {
				t.Fatal(err)
			}
			tt.change(t, dir)
			d := diagnosis{OK: true}
			if err := d.inspect(t.Context(), dir); err != nil {
				t.Fatal(err)
			}
			if d.OK != tt.whole {
				t.Errorf("the diagnosis is %v, want %v: %+v", d.OK, tt.whole, d.Findings)
			}
			last := d.Findings[len(d.Findings)-1]
			for _, f := range d.Findings {
				if f.Name == tt.finding {
					last = f
				}
			}
			if last.Name != tt.finding || last.OK != tt.ok || !strings.Contains(last.Detail, tt.detail) || strings.Contains(last.Detail, "\n") {
				t.Errorf("got %+v", last)
			}
		})
	}
}

func TestDoctorWritesNothingForTheApp(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_STATE_HOME", "")
	d := diagnosis{OK: true}
	if err := d.inspect(t.Context(), "../../examples/notes"); err != nil || !d.OK {
		t.Fatalf("%+v, %v", d, err)
	}
	if left, err := os.ReadDir(home); err != nil || len(left) > 0 {
		t.Errorf("the user's home has %v, %v", left, err)
	}
}

func TestDoctorOfNoFolder(t *testing.T) {
	for _, dir := range []string{filepath.Join(t.TempDir(), "nowhere"), filepath.Join("../../examples/notes", manifest.FileName)} {
		var d diagnosis
		if err := d.inspect(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "is not a folder") {
			t.Errorf("%s: %v", dir, err)
		}
	}
}
