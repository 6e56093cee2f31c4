package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/core"
	"github.com/sallyport/sallyport/internal/contract"
	"github.com/sallyport/sallyport/internal/gen/typescript"
	"github.com/sallyport/sallyport/internal/peer"
)

// start runs the app without a browser and connects to it as a frame would.
func start(t *testing.T) (page *peer.Client, folder string, records *audits.Memory) {
	t.Helper()
	app, folder, records := run(t)
	return connect(t, app), folder, records
}

func run(t *testing.T) (app *core.App, folder string, records *audits.Memory) {
	t.Helper()
	data := filepath.Join(t.TempDir(), ".local", "share") // as on Linux: a hidden folder above
	records = audits.NewMemory(100)
	app, err := newApp(core.Config{Files: files, Record: records, Variables: map[string]string{"$APPDATA": data}})
	if err != nil {
		t.Fatal(err)
	}
	if err := app.StartInProcess(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := app.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	})
	return app, filepath.ToSlash(filepath.Join(data, "notes")), records
}

func connect(t *testing.T, app *core.App) *peer.Client {
	t.Helper()
	page, err := peer.Connect(app.Gate(), "main")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(page.Close)
	return page
}

// call makes a call and decodes its result.
func call[R any](t *testing.T, page *peer.Client, command string, args any) (result R, err error) {
	t.Helper()
	text, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	answer, err := page.Call(ctx, command, text)
	if err == nil {
		err = json.Unmarshal(answer, &result)
	}
	return result, err
}

type arguments map[string]any

func TestNotesAreKept(t *testing.T) {
	page, folder, _ := start(t)
	list, err := call[List](t, page, "notes.list", arguments{})
	if err != nil || list.Folder != folder || len(list.Notes) != 0 {
		t.Fatalf("an empty folder: %+v, %v", list, err)
	}
	for name, text := range map[string]string{"shopping": "Bread and milk", "ideas": "A gate with two doors"} {
		note, err := call[Note](t, page, "notes.save", arguments{"path": folder + "/" + name + ".md", "text": text})
		if err != nil || note.Text != text {
			t.Fatalf("save %s: %+v, %v", name, note, err)
		}
	}
	found, err := call[[]Note](t, page, "notes.search", arguments{"query": "MILK"})
	if err != nil || len(found) != 1 || found[0].Path != folder+"/shopping.md" {
		t.Fatalf("search: %+v, %v", found, err)
	}
	if _, err := call[any](t, page, "notes.delete", arguments{"path": folder + "/shopping.md"}); err != nil {
		t.Fatal(err)
	}
	list, err = call[List](t, page, "notes.list", arguments{})
	if err != nil || len(list.Notes) != 1 || list.Notes[0].Path != folder+"/ideas.md" {
		t.Fatalf("after a deletion: %+v, %v", list, err)
	}
	_, err = call[any](t, page, "notes.delete", arguments{"path": folder + "/shopping.md"})
	if e, ok := errors.AsType[*peer.Error](err); !ok || e.Code != "failed" || e.Message != "there is no such note any more" {
		t.Errorf("deleting it again: %v", err)
	}
}

func TestWindowsFollowEachOther(t *testing.T) {
	app, folder, _ := run(t)
	pages := []*peer.Client{connect(t, app), connect(t, app)}
	heard := make(chan string, 8)
	for i, page := range pages {
		err := request(t, page, func(id uint32) []byte { return peer.AppendListen(nil, id, "notes.changed") }, func(a peer.Answer) {
			heard <- fmt.Sprintf("page %d: %s of %q", i, a.JSON, a.Text)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	path := folder + "/plan.md"
	change := fmt.Sprintf(`{"path":%q}`, path)
	for _, step := range []struct {
		command string
		args    arguments
	}{{"notes.save", arguments{"path": path, "text": "x"}}, {"notes.delete", arguments{"path": path}}} {
		if _, err := call[any](t, pages[0], step.command, step.args); err != nil {
			t.Fatal(err)
		}
		got := []string{<-heard, <-heard}
		slices.Sort(got)
		if want := []string{"page 0: " + change + ` of ""`, "page 1: " + change + ` of ""`}; !slices.Equal(got, want) {
			t.Errorf("after %s: %q, want %q", step.command, got, want)
		}
	}
	for name, item := range map[string]func(id uint32) []byte{
		"a page that makes changes up":   func(id uint32) []byte { return peer.AppendEmit(nil, id, "notes.changed", "", []byte(change)) },
		"a page that listens to another": func(id uint32) []byte { return peer.AppendListen(nil, id, "notes.read") },
	} {
		err := request(t, pages[1], item, nil)
		if e, ok := errors.AsType[*peer.Error](err); !ok || e.Code != "denied" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// request makes a listen or an emit; hear gets what the core sends for it.
func request(t *testing.T, page *peer.Client, item func(id uint32) []byte, hear func(peer.Answer)) error {
	t.Helper()
	_, answer, err := page.Request(item, hear)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err = page.Await(ctx, answer)
	return err
}

func TestNothingElseIsTouched(t *testing.T) {
	page, folder, records := start(t)
	outside := filepath.Dir(filepath.FromSlash(folder))
	if err := os.WriteFile(filepath.Join(outside, "secret.md"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(filepath.FromSlash(folder), "link")); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		command string
		args    any
		code    string
	}{
		{"a path that climbs out", "notes.save", arguments{"path": folder + "/../secret.md", "text": "x"}, "denied"},
		{"a path elsewhere", "notes.delete", arguments{"path": filepath.ToSlash(outside) + "/secret.md"}, "denied"},
		{"a relative path", "notes.delete", arguments{"path": "secret.md"}, "denied"},
		{"a hidden file", "notes.save", arguments{"path": folder + "/.profile.md", "text": "x"}, "denied"},
		{"a file in a hidden folder", "notes.save", arguments{"path": folder + "/.git/a.md", "text": "x"}, "denied"},
		{"a link that leads out", "notes.save", arguments{"path": folder + "/link/secret.md", "text": "x"}, "failed"},
		{"a link that leads out, to delete by", "notes.delete", arguments{"path": folder + "/link/secret.md"}, "failed"},
		{"another kind of file", "notes.save", arguments{"path": folder + "/run.sh", "text": "x"}, "invalid_args"},
		{"an argument too many", "notes.save", arguments{"path": folder + "/a.md", "text": "x", "mode": 511}, "invalid_args"},
		{"an argument too few", "notes.save", arguments{"path": folder + "/a.md"}, "invalid_args"},
		{"no text but a number", "notes.save", arguments{"path": folder + "/a.md", "text": 1}, "invalid_args"},
		{"a long search", "notes.search", arguments{"query": string(make([]byte, 201))}, "invalid_args"},
		{"a command that nobody registered", "files.read", arguments{"path": folder + "/a.md"}, "denied"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := call[any](t, page, test.command, test.args)
			if e, ok := errors.AsType[*peer.Error](err); !ok || e.Code != test.code {
				t.Errorf("%v; want code %s", err, test.code)
			}
		})
	}
	if text, err := os.ReadFile(filepath.Join(outside, "secret.md")); err != nil || string(text) != "secret" {
		t.Errorf("the file outside is %q, %v", text, err)
	}
	if left, err := os.ReadDir(filepath.FromSlash(folder)); err != nil || len(left) != 1 {
		t.Errorf("in the folder: %v, %v", left, err)
	}
	ran := slices.DeleteFunc(records.Records(), func(r audits.Record) bool { return r.Verdict != audits.VerdictAllow })
	if len(ran) != 2 { // the two links, which only the folder's root can see
		t.Errorf("%d calls were allowed: %+v", len(ran), ran)
	}
}

// What the page's editor checks its calls against; sallyport gen ts writes it.
func TestThePagesTypesAreThoseOfTheSchemas(t *testing.T) {
	app, err := contract.Load(t.Context(), ".", "")
	if err != nil {
		t.Fatal(err)
	}
	client, err := typescript.Generate(app)
	if err != nil {
		t.Fatal(err)
	}
	if is, err := os.ReadFile("sallyport.ts"); err != nil || string(is) != string(client.Text) {
		t.Errorf("sallyport.ts is not up to date (%v): sallyport gen ts examples/notes", err)
	}
}
