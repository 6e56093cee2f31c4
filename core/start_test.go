package core

import (
	"context"
	"encoding/json"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/isolation"
)

func TestC7WhatIsBrokenStopsTheStart(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(fstest.MapFS, *Config)
		want   []string
	}{
		{"a manifest of broken JSON", func(f fstest.MapFS, c *Config) { f["sallyport.json"].Data = []byte("{\n\"name\": }") }, []string{"sallyport.json:2"}},
		{"a manifest field that nobody knows", func(f fstest.MapFS, c *Config) {
			f["sallyport.json"].Data = []byte("{\"version\":1,\n\"nane\":\"x\"}")
		}, []string{"sallyport.json:2", "nane"}},
		{"no manifest and nothing in its place", func(f fstest.MapFS, c *Config) { delete(f, "sallyport.json") }, []string{"sallyport.json", "Name"}},
		{"a folder that is missing", func(f fstest.MapFS, c *Config) { delete(f, "capabilities/notes.rego") }, []string{"sallyport.json:1", "capabilities"}},
		{"a broken schema", func(f fstest.MapFS, c *Config) {
			f["schemas/notes.echo.input.json"].Data = []byte("{\n\"type\": \"strin\"}")
		}, []string{"core: schemas/notes.echo.input.json:2: "}},
		{"a schema twice", func(f fstest.MapFS, c *Config) {
			f["schemas/more/notes.echo.input.json"] = f["schemas/notes.echo.input.json"]
		}, []string{"core: schemas/notes.echo.input.json: ", "more/notes.echo.input.json"}},
		{"a broken capability", func(f fstest.MapFS, c *Config) {
			f["capabilities/notes.rego"].Data = []byte(notesCapability + "\nallow if {\n")
		}, []string{"core: capabilities/notes.rego:20: rego_parse_error: unexpected eof token (allow if {)"}},
		{"an empty capability", func(f fstest.MapFS, c *Config) { f["capabilities/notes.rego"].Data = nil }, []string{"core: capabilities/notes.rego:1: ", "empty"}},
		{"a capability whose metadata has a misspelt key", func(f fstest.MapFS, c *Config) {
			f["capabilities/notes.rego"].Data = []byte(strings.Replace(notesCapability, "windows:", "window:", 1))
		}, []string{"notes.rego:", "window"}},
		{"a capability for a window that does not exist", func(f fstest.MapFS, c *Config) {
			f["capabilities/notes.rego"].Data = []byte(strings.Replace(notesCapability, `"main"`, `"o*", "mian"`, 1))
		}, []string{"core: capabilities/notes.rego:4: ", `"mian"`, "main, other"}},
		{"a broken hook", func(f fstest.MapFS, c *Config) { f["hook.js"].Data = []byte("sallyport.onCall(\n(call =>") }, []string{"hook.js:2"}},
		{"an empty hook", func(f fstest.MapFS, c *Config) { f["hook.js"].Data = []byte{} }, []string{"hook.js: the hook is empty"}},
		{"an empty hook of the configuration", func(f fstest.MapFS, c *Config) { c.Hook = []byte{} }, []string{"Config.Hook: the hook is empty"}},
		{"no hook anywhere", func(f fstest.MapFS, c *Config) {
			c.Name, c.Schemas, c.Capabilities, c.Windows = "notes", f, f, []isolation.Window{{Label: "main"}}
			c.Files = nil
		}, []string{"Config has no Hook"}},
		{"no hook", func(f fstest.MapFS, c *Config) { delete(f, "hook.js") }, []string{"hook.js"}},
		{"a page without index.html", func(f fstest.MapFS, c *Config) {
			delete(f, "page/index.html")
			f["page/other.js"] = &fstest.MapFile{}
		}, []string{"page/index.html"}},
		{"a page that could not work", func(f fstest.MapFS, c *Config) {
			f["page/sub/x.html"] = &fstest.MapFile{Data: []byte("\n\n<p onclick=x>")}
		}, []string{" page/sub/x.html:3: "}},
		{"a page of one window that could not work", func(f fstest.MapFS, c *Config) {
			f["sallyport.json"].Data = []byte(strings.Replace(string(f["sallyport.json"].Data), `"other"`, `"other","page":"second"`, 1))
			f["second/index.html"] = &fstest.MapFile{Data: []byte("<p onclick=x>")}
		}, []string{" second/index.html:1: "}},
		{"a command without an input schema", func(f fstest.MapFS, c *Config) { delete(f, "schemas/notes.touch.input.json") }, []string{`"notes.touch"`, "schemas/notes.touch.input.json", "core.Command"}},
		{"limits of a command that does not exist", func(f fstest.MapFS, c *Config) {
			c.CommandLimits = map[string]Limits{"notes.tuch": {Concurrency: 1}}
		}, []string{"notes.tuch"}},
		{"a rule that can't be evaluated for a command", func(f fstest.MapFS, c *Config) {
			f["capabilities/notes.rego"].Data = []byte(notesCapability + "\nallow if {\n\tinput.command == \"notes.touch\"\n\t1 / (count(input.window) - 4) > 0\n}\n")
		}, []string{"core: capabilities/notes.rego:19: ", "divide by zero", "notes.touch", "window main"}},
		{"a relative directory", func(f fstest.MapFS, c *Config) { c.Variables = map[string]string{"$NOTES": "notes"} }, []string{"$NOTES"}},
		{"a short key for the record", func(f fstest.MapFS, c *Config) { c.RecordKey = []byte("short") }, []string{"RecordKey"}},
		{"a name that can't be a folder's", func(f fstest.MapFS, c *Config) { c.Name = "../notes" }, []string{"../notes"}},
		{"a hook in the brownfield pattern", func(f fstest.MapFS, c *Config) {
			c.Pattern, c.Hook = isolation.Brownfield, []byte("sallyport.onCall((c) => c)")
		}, []string{"brownfield"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := testFiles()
			c := Config{Files: files, Record: audits.NewMemory(1)}
			test.change(files, &c)
			app, err := New(c)
			if atStart := strings.Contains(test.name, "command"); atStart != (err == nil) {
				t.Errorf("New returned %v", err)
			}
			if err == nil {
				app.Handle("notes.touch", func(context.Context, *Request) (any, error) { return nil, nil })
				err = app.StartInProcess()
			}
			if err == nil {
				t.Fatal("it started")
			}
			t.Log(err)
			contains(t, err.Error(), append(test.want, "core: ")...)
			if strings.Count(err.Error(), "\n") > 0 {
				t.Errorf("more than one line: %q", err)
			}
			if app != nil {
				if app.Gate() != nil {
					t.Error("the gate is open")
				}
				if err := app.Shutdown(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestAPolicyEntryIsNamedByItsLine(t *testing.T) {
	const before, after = `{"version":1,"name":"notes","schemas":"schemas","capabilities":"capabilities","hook":"hook.js","page":"page",` + "\n" + `"windows":[{"label":"main"},` + "\n" + `{"label":"other",` + "\n", `}]}`
	mounted := Config{FrameOrigin: "https://frame.example", Origins: map[string]string{"main": "https://main.example", "other": "https://other.example"}}
	for _, test := range []struct{ name, field, want string }{
		{"a wildcard", `"connect_src":["https://api.example",` + "\n" + `"*"]`, `sallyport.json:5: windows[1].connect_src[1]: "*": wildcards`},
		{"a picture", `"img_src":["x"]`, `sallyport.json:4: windows[1].img_src[0]: "x": want`},
		{"a font", `"font_src":["data:"]`, `sallyport.json:4: windows[1].font_src[0]: "data:": want`},
		{"sound", `"media_src":["blob:"]`, `sallyport.json:4: windows[1].media_src[0]: "blob:": want`},
		{"the default policy", `"trusted_types":["vue",` + "\n" + `"default"]`, `sallyport.json:5: windows[1].trusted_types[1]: "default": the default policy`},
		{"a feature", `"insecure_features":["nope"]`, `sallyport.json:4: windows[1].insecure_features[0]: "nope": not one`},
		{"too many", `"img_src":["` + strings.Repeat(`x","`, 64) + `x"]`, `sallyport.json:4: windows[1].img_src: 65 entries`},
		{"our own host, which is not known before the start", `"connect_src":["https://main.example"]`, `sallyport.json:4: windows[1].connect_src[0]: "https://main.example": this is one of`},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := mounted
			files := testFiles()
			files["sallyport.json"].Data = []byte(before + test.field + after)
			c.Files, c.Record = files, audits.NewMemory(1)
			app, err := New(c)
			if err == nil {
				err = app.Start()
			}
			if err == nil {
				t.Fatal("it started")
			}
			contains(t, err.Error(), "core: manifest: "+test.want)
		})
	}
	windows := []isolation.Window{{Label: "main"}, {Label: "other", Policy: isolation.PagePolicy{ConnectSrc: []string{"*"}}}}
	if _, err := New(Config{Files: testFiles(), Windows: windows}); err == nil {
		t.Error("it started")
	} else {
		contains(t, err.Error(), `core: isolation: window "other": page policy: ConnectSrc[0]: "*": wildcards`)
	}
}

func TestRegistrationMistakesPanic(t *testing.T) {
	app, err := New(Config{Files: testFiles(), Record: audits.NewMemory(1)})
	if err != nil {
		t.Fatal(err)
	}
	nothing := func(context.Context, *Request) (any, error) { return nil, nil }
	app.Handle("notes.touch", nothing)
	mustPanic := func(name, want string, register func()) {
		t.Helper()
		defer func() {
			t.Helper()
			if got, _ := recover().(string); !strings.Contains(got, want) {
				t.Errorf("%s: panic is %q", name, got)
			}
		}()
		register()
	}
	mustPanic("a duplicate", "twice", func() { app.Handle("notes.touch", nothing) })
	mustPanic("no handler", "no handler", func() { app.Handle("notes.echo", nil) })
	mustPanic("no function", "no function", func() { Command[text, text](app, "notes.echo", nil) })
	mustPanic("arguments of a kind that JSON has no form for", "chan", func() {
		Command(app, "notes.echo", func(context.Context, chan int) (struct{}, error) { return struct{}{}, nil })
	})
	for _, name := range []string{"", ".", "notes.", ".save", "notes..save", "1notes.save", "notes save", "nötes.save", "notes/save", strings.Repeat("n", 129)} {
		mustPanic(name, "can't name a command", func() { app.Handle(name, nothing) })
	}
	if err := app.StartInProcess(); err != nil {
		t.Fatal(err)
	}
	defer app.Shutdown(t.Context())
	mustPanic("after the start", "started", func() { app.Handle("notes.echo", nothing) })
	if err := app.StartInProcess(); err == nil {
		t.Error("it started twice")
	}
	if got := app.Commands(); len(got) != 1 || got[0] != "notes.touch" {
		t.Errorf("commands are %v", got)
	}
}

func TestC7TypesThatDoNotFitTheirSchemasStopTheStart(t *testing.T) {
	type tagless struct{ Text string }
	for _, test := range []struct {
		name     string
		register func(*App)
		want     []string // nil: it starts
	}{
		{"arguments without json tags", func(app *App) {
			Command(app, "notes.touch", func(context.Context, tagless) (struct{}, error) { return struct{}{}, nil })
		}, []string{`"notes.touch"`, "schemas/notes.touch.input.json", `"text"`, "core.tagless", "json tag"}},
		{"a result that may be null", func(app *App) {
			Command(app, "notes.touch", func(_ context.Context, a text) (*text, error) { return nil, nil })
		}, nil},
		{"a result that writes itself", func(app *App) {
			Command(app, "notes.touch", func(_ context.Context, a text) (json.RawMessage, error) { return nil, nil })
		}, nil},
		{"arguments of any form", func(app *App) {
			Command(app, "notes.touch", func(_ context.Context, a map[string]any) (struct{}, error) { return struct{}{}, nil })
		}, nil},
		{"a handler without types", func(app *App) {
			app.Handle("notes.touch", func(context.Context, *Request) (any, error) { return nil, nil })
		}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			app, err := New(Config{Files: testFiles(), Record: audits.NewMemory(1), Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			defer app.Shutdown(t.Context())
			test.register(app)
			handleRest(app)
			err = app.StartInProcess()
			if (err == nil) != (test.want == nil) {
				t.Fatalf("got %v", err)
			}
			if err != nil {
				contains(t, err.Error(), test.want...)
			}
		})
	}
}

func TestBrownfieldSaysWhatIsGivenUp(t *testing.T) {
	files := testFiles()
	files["sallyport.json"].Data = []byte(strings.Replace(string(files["sallyport.json"].Data), `"hook":"hook.js"`, `"pattern":"brownfield"`, 1))
	for name, c := range map[string]Config{
		"asked for by the manifest":      {Files: files},
		"asked for by the configuration": {Files: testFiles(), Pattern: isolation.Brownfield},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, func(over *Config) { over.Files, over.Pattern = c.Files, c.Pattern }, nil)
			contains(t, b.log.String(), "brownfield", "hook", "memory", "reports", "level=WARN")
			if _, err := b.connect(t, "main").Call(patient(t), "notes.touch", textOf("x")); err != nil {
				t.Fatal(err)
			}
			if _, err := b.connect(t, "main").Call(patient(t), "notes.secret", textOf("x")); code(t, err) != CodeDenied {
				t.Errorf("page got %v", err)
			}
			if r := b.record.Records()[0]; r.Pattern != "brownfield" {
				t.Errorf("recorded %+v", r)
			}
		})
	}
	b := newBench(t, nil, nil)
	lacks(t, b.log.String(), "brownfield")
}

func TestALoosenedPolicyIsSaidOnce(t *testing.T) {
	files := testFiles()
	files["sallyport.json"].Data = []byte(strings.Replace(string(files["sallyport.json"].Data), `"other"`, `"other","insecure_eval":true,"insecure_wasm":true`, 1))
	b := newBench(t, func(c *Config) { c.Files = files }, nil)
	if n := strings.Count(b.log.String(), "page policy is loosened"); n != 1 {
		t.Errorf("said %d times", n)
	}
	contains(t, b.log.String(), "window=other", "InsecureEval InsecureWasm")
}

func TestCommandsOfTheManifestAreCompared(t *testing.T) {
	for listed, warned := range map[string]bool{`["notes.echo","notes.touch","notes.secret"]`: false, `["notes.echo"]`: true} {
		files := testFiles()
		files["sallyport.json"].Data = []byte(strings.TrimSuffix(string(files["sallyport.json"].Data), "}") + `,"commands":` + listed + `}`)
		b := newBench(t, func(c *Config) { c.Files = files }, nil)
		if got := strings.Contains(b.log.String(), "sallyport manifest"); got != warned {
			t.Errorf("%s: warned %v", listed, got)
		}
	}
}

func TestWhereAWindowsPageComesFrom(t *testing.T) {
	page := func(name string) fstest.MapFS {
		return fstest.MapFS{"index.html": {Data: []byte("<!doctype html>\n<title>" + name + "</title>\n")}}
	}
	main, other := isolation.Window{Label: "main"}, isolation.Window{Label: "other"}
	own := isolation.Window{Label: "main", Page: page("the window's own")}
	for name, test := range map[string]struct {
		windows []isolation.Window
		page    fs.FS
		want    string // "" for none
	}{
		"the manifest's windows have the manifest's page":            {nil, nil, "Notes"},
		"a page of the configuration stands in for it":               {nil, page("Config.Page"), "Config.Page"},
		"a window of the configuration has that of its label":        {[]isolation.Window{main}, nil, "Notes"},
		"Config.Page goes before the manifest's":                     {[]isolation.Window{main}, page("Config.Page"), "Config.Page"},
		"but not before one that its window has for itself":          {[]isolation.Window{other}, page("Config.Page"), "Other"},
		"a window of the configuration has that one too":             {[]isolation.Window{other}, nil, "Other"},
		"a window keeps its own":                                     {[]isolation.Window{own}, page("Config.Page"), "the window's own"},
		"a window that the manifest does not list is left with none": {[]isolation.Window{{Label: "third"}}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			files := testFiles()
			files["sallyport.json"].Data = []byte(strings.Replace(string(files["sallyport.json"].Data), `"other"`, `"other","page":"other"`, 1))
			files["other/index.html"] = page("Other")["index.html"]
			c := Config{Files: files, Windows: test.windows, Page: test.page}
			f, err := c.read()
			if err != nil {
				t.Fatal(err)
			}
			if test.want == "" {
				if f.windows[0].Page != nil {
					t.Error("it has a page")
				}
				return
			}
			html, err := fs.ReadFile(f.windows[0].Page, "index.html")
			if err != nil {
				t.Fatal(err)
			}
			contains(t, string(html), "<title>"+test.want+"</title>")
			if test.windows != nil {
				return
			}
			if html, err = fs.ReadFile(f.windows[1].Page, "index.html"); err != nil {
				t.Fatal(err)
			}
			contains(t, string(html), "<title>Other</title>")
		})
	}
}

func TestAConfigurationCanNotChangeAfterNew(t *testing.T) {
	windows := []isolation.Window{{Label: "main", Policy: isolation.PagePolicy{ConnectSrc: []string{"https://api.example.org"}}}}
	app, err := New(Config{Files: testFiles(), Windows: windows, Record: audits.NewMemory(1)})
	if err != nil {
		t.Fatal(err)
	}
	windows[0].Policy.ConnectSrc[0] = "https://elsewhere.example.org"
	if got := app.files.windows[0].Policy.ConnectSrc[0]; got != "https://api.example.org" {
		t.Errorf("the policy now has %s", got)
	}
}

func TestMountedHostsMustBeNamed(t *testing.T) {
	start := func(change func(*Config)) error {
		c := Config{Files: testFiles(), Record: audits.NewMemory(1), FrameOrigin: "https://frame.example",
			Origins: map[string]string{"main": "https://main.example", "other": "https://other.example"}}
		change(&c)
		app, err := New(c)
		if err != nil {
			return err
		}
		defer app.Shutdown(t.Context())
		return app.Start()
	}
	if err := start(func(*Config) {}); err != nil {
		t.Error(err)
	}
	for name, test := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"no frame origin":         {func(c *Config) { c.FrameOrigin = "" }, "FrameOrigin"},
		"a window without one":    {func(c *Config) { delete(c.Origins, "other") }, `"other"`},
		"a window of another app": {func(c *Config) { c.Origins["third"] = "https://third.example" }, `"third"`},
		"one host for two":        {func(c *Config) { c.Origins["other"] = "https://main.example" }, "host"},
	} {
		err := start(test.change)
		if err == nil {
			t.Errorf("%s: it started", name)
			continue
		}
		contains(t, err.Error(), test.want)
	}
}

func TestMountedHandlersAnswerBeforeTheStart(t *testing.T) {
	app, err := New(Config{Files: testFiles(), Record: audits.NewMemory(1)})
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []http.Handler{app.PageHandler(), app.FrameHandler()} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "https://main.example/", nil))
		if w.Code != http.StatusServiceUnavailable {
			t.Errorf("status %d", w.Code)
		}
		contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'none'", "frame-ancestors 'none'", "sandbox")
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store"} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s is %q", name, got)
			}
		}
	}
}

func TestTheDefaultRecordIsTheUsersAlone(t *testing.T) {
	state := t.TempDir()
	t.Setenv("HOME", state)
	t.Setenv("XDG_STATE_HOME", "relative/is/ignored")
	b := newBench(t, func(c *Config) { c.Record = nil }, nil)
	if _, err := b.connect(t, "main").Call(patient(t), "notes.touch", textOf("zebra")); err != nil {
		t.Fatal(err)
	}
	file, err := recordFile("notes")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(file, state) || filepath.Base(filepath.Dir(file)) != "notes" {
		t.Errorf("the record is %s", file)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, string(text), `"verdict":"allow"`, `"verdict":"done"`)
	lacks(t, string(text), "zebra")
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestVariablesReachPolicyAndHandlers(t *testing.T) {
	files := testFiles()
	files["capabilities/notes.rego"].Data = []byte("# METADATA\n# custom:\n#   windows: [\"main\"]\npackage capability.notes\n\nimport data.sallyport.scope\n\n" +
		"allow if {\n\tinput.command == \"notes.touch\"\n\tscope.path_inside(input.args.text, \"$APPDATA/notes\")\n}\n")
	b := newBench(t, func(c *Config) {
		c.Files = files
		c.Variables = map[string]string{"$APPDATA": "/srv/data"}
	}, nil)
	if got := b.Variables()["$APPDATA"]; got != "/srv/data" {
		t.Errorf("$APPDATA is %q", got)
	}
	c := b.connect(t, "main")
	for path, want := range map[string]Code{
		"/srv/data/notes/a.txt":           "",
		"/srv/data/other":                 CodeDenied,
		"/srv/data/notes/../../etc":       CodeDenied,
		"/srv/data/notes/%2e%2e/%2e%2e/x": CodeDenied,
	} {
		if _, err := c.Call(patient(t), "notes.touch", textOf(path)); code(t, err) != want {
			t.Errorf("%s: page got %v, want %q", path, err, want)
		}
	}
}

func TestWithoutAHomeFolderItsVariablesAreUnknown(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // where the variable has another name
	}
	for _, test := range []struct {
		name, home, scope string
		variables         map[string]string
		want              string // "" if it starts
	}{
		{"no home folder", "", "$APPDATA/notes", nil, "unknown variable $APPDATA: the user has no home folder ($HOME is not defined); set that, or Config.Variables"},
		{"a relative one", "home", "$HOME", nil, `unknown variable $HOME: the user has no home folder ("home" is no absolute path)`},
		{"none, and a directory by configuration", "", "$APPDATA/notes", map[string]string{"$APPDATA": "/srv/data"}, ""},
		{"none, and another variable", "", "$NOTES", nil, "unknown variable $NOTES"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("HOME", test.home)
			files := testFiles()
			files["capabilities/notes.rego"].Data = []byte("# METADATA\n# custom:\n#   windows: [\"main\"]\npackage capability.notes\n\nimport data.sallyport.scope\n\n" +
				"allow if scope.path_inside(input.args.text, \"" + test.scope + "\")\n")
			_, err := New(Config{Files: files, Variables: test.variables, Record: audits.NewMemory(1)})
			if test.want == "" || err == nil {
				if err != nil || test.want != "" {
					t.Errorf("New returned %v", err)
				}
				return
			}
			contains(t, err.Error(), "notes.rego:8: ", test.want)
			if homeless := strings.Contains(test.want, "home folder"); homeless != strings.Contains(err.Error(), "home folder") {
				t.Errorf("New returned %v", err)
			}
		})
	}
}

func TestANilLogIsTheProgramsOwn(t *testing.T) {
	before, log := slog.Default(), new(logBuffer)
	slog.SetDefault(logTo(log))
	defer slog.SetDefault(before)
	b := newBench(t, func(c *Config) { c.Log, c.Pattern = nil, isolation.Brownfield }, nil)
	contains(t, log.String(), "brownfield") // what was given up is said to whoever asked for nothing
	if _, err := b.connect(t, "main").Call(patient(t), "notes.secret", textOf("zebra")); code(t, err) != CodeDenied {
		t.Errorf("page got %v", err)
	}
	contains(t, log.String(), "call refused")
	lacks(t, log.String(), "zebra")
}

func TestRulesForCommandsThatDoNotExistAreNamed(t *testing.T) {
	b := newBench(t, nil, nil)
	contains(t, b.log.String(), "commands that are not registered", "notes.fail", "notes.wait")
	b = newBench(t, nil, func(b *bench) {
		for _, name := range []string{"notes.fail", "notes.wait"} {
			b.Handle(name, func(context.Context, *Request) (any, error) { return nil, nil })
		}
	})
	lacks(t, b.log.String(), "not registered", "no capability", "not declared")
	b = newBench(t, func(c *Config) { c.Capabilities = fstest.MapFS{} }, nil)
	contains(t, b.log.String(), "no capability names any command")
}

func TestRulesForEventsThatDoNotExistAreNamed(t *testing.T) {
	log := new(logBuffer)
	app := &App{log: logTo(log), commands: map[string]*command{"notes.list": {}}, listens: map[string]*command{"notes.changed": {}}}
	app.warnUnknown(&ruleset{named: []string{"notes.list", emitName, listenName}, events: []string{"notes.changed"}})
	if log.String() != "" {
		t.Errorf("what is there is complained of: %s", log.String())
	}
	app.warnUnknown(&ruleset{named: []string{"notes.list", "sallyport:emitt"}, events: []string{"notes.chanegd", "notes.changed"}})
	contains(t, log.String(), "not registered", "commands=[sallyport:emitt]", "not declared", "events=[notes.chanegd]")
}
