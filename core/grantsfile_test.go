package core

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/audits"
)

// keeping is an app whose grants may persist in a file.
func keeping(t testing.TB, file string) *bench {
	t.Helper()
	return newBench(t, func(c *Config) { c.GrantsFile = file }, nil)
}

func TestAGrantSurvivesARestartOnlyIfAskedTo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state", "notes", "grants.json")
	first := keeping(t, file)
	lost := first.grant(t, secret(func(g *Grant) { g.Windows = []string{"other"} }))
	if _, err := os.Stat(file); err == nil {
		t.Error("there is a file though nothing is to persist")
	}
	expires := time.Now().Add(time.Hour)
	kept := first.grant(t, secret(func(g *Grant) {
		g.Persist, g.CancelRunning, g.Expires, g.Args, g.Title = true, true, expires, map[string]any{"text": "x"}, "Export"
	}))
	revoked := first.grant(t, secret(func(g *Grant) { g.Persist, g.Windows = true, []string{"other"} }))
	must(t, first.Revoke(revoked))
	before := first.Grants()
	must(t, first.Shutdown(t.Context()))

	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if rest, err := os.ReadDir(filepath.Dir(file)); err != nil || len(rest) != 1 {
		t.Errorf("beside it lie %v, %v", rest, err)
	}
	second := keeping(t, file)
	list := second.Grants()
	if len(list) != 1 || list[0].ID != kept {
		t.Fatalf("grants are %+v", list)
	}
	if got := list[0]; !got.Expires.Equal(expires) || !got.CancelRunning || !got.Persist || got.Title != "Export" || !got.Since.Equal(sinceOf(before, kept)) {
		t.Errorf("got %+v", got)
	}
	if got := second.secret(t, "main"); got != "" {
		t.Errorf("page got %q", got)
	}
	if _, err := second.connect(t, "main").Call(patient(t), "notes.secret", textOf("y")); code(t, err) != CodeDenied {
		t.Errorf("with other arguments page got %v", err)
	}
	if got := second.secret(t, "other"); got != CodeDenied {
		t.Errorf("by %s or %s page got %q", lost, revoked, got)
	}
	must(t, second.Revoke(kept))
	must(t, second.Shutdown(t.Context()))
	if list := keeping(t, file).Grants(); len(list) != 0 {
		t.Errorf("after it was revoked: %+v", list)
	}
}

func sinceOf(list []Grant, id string) time.Time {
	for _, g := range list {
		if g.ID == id {
			return g.Since
		}
	}
	return time.Time{}
}

func TestC7ABrokenFileOfGrantsStopsTheStart(t *testing.T) {
	const grant = `{"id":"g-1","since":"2026-01-01T00:00:00Z","windows":["main"],"commands":["notes.secret"]}`
	for _, test := range []struct{ name, text, want string }{
		{"empty", "", "not what this program writes"},
		{"cut short", `{"version":1,"grants":[` + grant[:40], "not what this program writes"},
		{"more behind it", `{"version":1,"grants":[]}{}`, "not what this program writes"},
		{"a member that nobody knows", `{"version":1,"grants":[` + strings.Replace(grant, "windows", "window", 1) + `]}`, "window"},
		{"a member in other letters", `{"version":1,"grants":[` + strings.Replace(grant, "windows", "Windows", 1) + `]}`, "Windows"},
		{"a member twice", `{"version":1,"grants":[],"grants":[` + grant + `]}`, "grants"},
		{"another version", `{"version":2,"grants":[]}`, "version 1"},
		{"no version", `{"grants":[]}`, "version 1"},
		{"no grants", `{"version":1}`, "no grants"},
		{"a grant without an id", `{"version":1,"grants":[` + strings.Replace(grant, "g-1", "", 1) + `]}`, "grants[0]: "},
		{"a grant twice", `{"version":1,"grants":[` + grant + "," + grant + `]}`, "grants[1]: "},
		{"a grant for no window", `{"version":1,"grants":[` + strings.Replace(grant, `["main"]`, `[]`, 1) + `]}`, "Windows is empty"},
		{"a grant that says nothing of windows", `{"version":1,"grants":[` + strings.Replace(grant, `"windows":["main"],`, ``, 1) + `]}`, "Windows is not set"},
		{"empty arguments", `{"version":1,"grants":[` + strings.Replace(grant, `"windows"`, `"args":{},"windows"`, 1) + `]}`, "Args has 0"},
		{"an argument twice", `{"version":1,"grants":[` + strings.Replace(grant, `"windows"`, `"args":{"a":{"b":1,"b":2}},"windows"`, 1) + `]}`, `args`},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "grants.json")
			put(t, file, test.text)
			err := startWith(t, file)
			if err == nil {
				t.Fatal("it started")
			}
			contains(t, err.Error(), "core: ", file, test.want, "remove the file")
			if data, err := os.ReadFile(file); err != nil || string(data) != test.text {
				t.Errorf("the file was changed to %q, %v", data, err)
			}
		})
	}
	for _, test := range []struct {
		name string
		lay  func(t *testing.T, file string)
		want string
	}{
		{"a folder", func(t *testing.T, file string) { must(t, os.Mkdir(file, 0o700)) }, "no regular file"},
		{"a link", func(t *testing.T, file string) {
			put(t, file+".other", `{"version":1,"grants":[`+grant+`]}`)
			must(t, os.Symlink(file+".other", file))
		}, "no regular file"},
		{"a file that others may write", func(t *testing.T, file string) {
			put(t, file, `{"version":1,"grants":[`+grant+`]}`)
			must(t, os.Chmod(file, 0o622))
		}, "others than its owner"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if runtime.GOOS == "windows" {
				return // links need a privilege there, and access is no mode bits
			}
			file := filepath.Join(t.TempDir(), "grants.json")
			test.lay(t, file)
			err := startWith(t, file)
			if err == nil {
				t.Fatal("it started")
			}
			contains(t, err.Error(), test.want)
		})
	}
}

func startWith(t *testing.T, file string) error {
	t.Helper()
	app, err := New(Config{Files: testFiles(), Record: keeper{}, Log: logTo(new(logBuffer)), GrantsFile: file})
	must(t, err)
	app.Handle("notes.secret", func(context.Context, *Request) (any, error) { return nil, nil })
	err = app.StartInProcess()
	must(t, app.Shutdown(t.Context()))
	return err
}

// What an update of the app took away, and what time did, is gone for good,
// and on record.
func TestAGrantThatFitsNoMoreEndsAtTheStart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "grants.json")
	grant := func(id, more string) string {
		return `{"id":"` + id + `","since":"2026-01-01T00:00:00Z",` + more + `}`
	}
	put(t, file, `{"version":1,"grants":[`+strings.Join([]string{
		grant("g-window", `"windows":["main","gone"],"commands":["notes.secret"]`),
		grant("g-command", `"windows":["main"],"commands":["notes.secret","notes.gone"]`),
		grant("g-origin", `"windows":["main"],"origins":["https://gone.example"],"commands":["notes.secret"]`),
		grant("g-time", `"windows":["main"],"commands":["notes.secret"],"expires":"2026-01-02T00:00:00Z"`),
		grant("g-good", `"windows":["other"],"commands":["notes.secret"]`),
	}, ",")+`]}`)
	b := keeping(t, file)
	if list := b.Grants(); len(list) != 1 || list[0].ID != "g-good" {
		t.Errorf("grants are %+v", list)
	}
	if got := b.secret(t, "main"); got != CodeDenied {
		t.Errorf("page got %q", got)
	}
	for id, verdict := range map[string]string{
		"g-window": audits.VerdictEnded, "g-command": audits.VerdictEnded, "g-origin": audits.VerdictEnded, "g-time": audits.VerdictExpired,
	} {
		b.find(t, func(r audits.Record) bool { return r.Grant == id && r.Verdict == verdict })
		contains(t, b.log.String(), id)
	}
	data, err := os.ReadFile(file)
	must(t, err)
	lacks(t, string(data), "g-window", "g-command", "g-origin", "g-time")
	contains(t, string(data), "g-good")
}

// Without the file being written a grant would be gone after a restart, and
// one that was revoked would be back.
func TestC7AFileOfGrantsThatCanNotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state", "grants.json")
	b := keeping(t, file)
	kept := b.grant(t, secret(func(g *Grant) { g.Persist, g.Windows = true, []string{"other"} }))
	must(t, os.RemoveAll(filepath.Dir(file)))
	put(t, filepath.Dir(file), "a file is in the way")
	_, err := b.Grant(secret(func(g *Grant) { g.Persist = true }))
	if err == nil {
		t.Fatal("no error")
	}
	contains(t, err.Error(), file, "could not be written")
	if got := b.secret(t, "main"); got != CodeDenied {
		t.Errorf("page got %q", got)
	}
	b.find(t, func(r audits.Record) bool { return r.Verdict == audits.VerdictEnded })
	err = b.Revoke(kept)
	if err == nil {
		t.Fatal("no error, and it would be back after a restart")
	}
	contains(t, err.Error(), "counts no more", file)
	if got := b.secret(t, "other"); got != CodeDenied {
		t.Errorf("page got %q", got)
	}
}

func TestWhereGrantsAreKept(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_STATE_HOME", filepath.Join(home, "state"))
	for _, test := range []struct {
		name   string
		config Config
		want   string
	}{
		{"beside the default record", Config{}, "grants.json"},
		{"nowhere beside a record of the app's own", Config{Record: keeper{}}, ""},
		{"where the app says", Config{Record: keeper{}, GrantsFile: filepath.Join(home, "mine.json")}, filepath.Join(home, "mine.json")},
	} {
		app := &App{name: "notes", config: test.config}
		got, err := app.grantsFile()
		must(t, err)
		if test.want == "grants.json" {
			record, err := recordFile("notes")
			must(t, err)
			test.want = filepath.Join(filepath.Dir(record), test.want)
		}
		if got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
	if _, err := New(Config{Files: testFiles(), GrantsFile: "grants.json"}); err == nil {
		t.Error("a relative path: no error")
	}
}

// Values are indented in the file, so that it may have many times their size.
func TestGrantsThatTheNextStartWouldNotReadAreNotKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "grants.json")
	b := keeping(t, file)
	var deep any = make([]int, 30_000)
	for range 60 {
		deep = []any{deep}
	}
	var err error
	for range 12 {
		if _, err = b.Grant(secret(func(g *Grant) { g.Persist, g.Args = true, map[string]any{"text": deep} })); err != nil {
			break
		}
	}
	if err == nil || !strings.Contains(err.Error(), "let fewer grants persist") {
		t.Fatalf("got %v", err)
	}
	stand := len(b.Grants())
	must(t, b.Shutdown(t.Context()))
	if got := len(keeping(t, file).Grants()); got != stand || stand == 0 {
		t.Errorf("%d grants of %d are back", got, stand)
	}
}

// What the file's broken end holds is the user's to save: nothing of an app that
// did not start may write over it, nor keep the record from the one that does.
func TestAnAppThatDidNotStartLetsGo(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	file := filepath.Join(t.TempDir(), "grants.json")
	good := `{"id":"g-1","since":"2026-11-22T12:00:00Z","windows":["main"],"commands":["notes.secret"],"expires":"` +
		time.Now().Add(300*time.Millisecond).Format(time.RFC3339Nano) + `"}`
	text := `{"version":1,"grants":[` + good + `,{"id":"g-2"}]}`
	must(t, os.WriteFile(file, []byte(text), 0o600))
	start := func() error {
		app, err := New(Config{Files: testFiles(), GrantsFile: file, Log: logTo(new(logBuffer))})
		must(t, err)
		for _, command := range []string{"notes.echo", "notes.touch", "notes.wait", "notes.fail", "notes.secret"} {
			app.Handle(command, func(context.Context, *Request) (any, error) { return nil, nil })
		}
		if err := app.StartInProcess(); err != nil {
			return err
		}
		return app.Shutdown(t.Context())
	}
	if err := start(); err == nil || !strings.Contains(err.Error(), "grants[1]") {
		t.Fatalf("got %v", err)
	}
	time.Sleep(600 * time.Millisecond)
	if left, err := os.ReadFile(file); err != nil || string(left) != text {
		t.Errorf("the file is now %s, %v", left, err)
	}
	must(t, os.Remove(file))
	if err := start(); err != nil {
		t.Errorf("the next start: %v", err)
	}
}
