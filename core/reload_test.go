package core

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/policy"
)

// capability is a folder with one capability of the main window.
func capability(id string, rules ...string) fstest.MapFS {
	text := "# METADATA\n# custom:\n#   windows: [main]\npackage capability." + id + "\n\n" + strings.Join(rules, "\n\n") + "\n"
	return fstest.MapFS{id + ".rego": {Data: []byte(text)}}
}

func TestAReloadTakesEffectOnTheNextCall(t *testing.T) {
	b := newBench(t, nil, nil)
	c := b.connect(t, "main")
	calls := func(touch, secret Code) {
		t.Helper()
		for command, want := range map[string]Code{"notes.touch": touch, "notes.secret": secret} {
			if _, err := c.Call(patient(t), command, textOf("x")); code(t, err) != want {
				t.Errorf("%s: page got %v, want %q", command, err, want)
			}
		}
	}
	calls("", CodeDenied)
	before := b.policy.Load().Revision()
	if err := b.Reload(capability("other", `allow if input.command in {"notes.secret", "notes.sercet"}`)); err != nil {
		t.Fatal(err)
	}
	calls(CodeDenied, "")
	event := b.find(t, func(r audits.Record) bool { return r.Kind == audits.KindEvent })
	if event.Verdict != audits.VerdictReloaded || event.Revision != b.policy.Load().Revision() || event.Revision == before {
		t.Errorf("recorded %+v", event)
	}
	contains(t, event.Reason, before)
	contains(t, b.log.String(), "capabilities reloaded", "not registered", "notes.sercet")
	if err := b.Reload(fstest.MapFS{"notes.rego": {Data: []byte(notesCapability)}}); err != nil {
		t.Fatal(err)
	}
	calls("", CodeDenied)
	if b.policy.Load().Revision() != before {
		t.Error("the same files make another revision")
	}
}

// tested is a capability with a file of tests.
func tested(file, tests string) fstest.MapFS {
	folder := capability("tested", `allow if input.command == "notes.touch"`)
	folder[file] = &fstest.MapFile{Data: []byte(tests)}
	return folder
}

func TestAPolicyWhoseTestsPassComesIntoForce(t *testing.T) {
	b := newBench(t, nil, nil)
	folder := tested("tested_test.yaml", "- name: notes are touched\n  window: main\n  command: notes.touch\n  expect: {effect: allow}\n")
	if err := b.Reload(folder); err != nil {
		t.Fatal(err)
	}
	if !allows(t, b, "notes.touch") || allows(t, b, "notes.echo") {
		t.Error("it is not in force")
	}
}

func TestC7AnUnfitPolicyLeavesTheOneBeforeInForce(t *testing.T) {
	broken := capability("notes", `allow if {`)
	for _, test := range []struct {
		name   string
		folder fs.FS
		want   []string
	}{
		{"a file that is broken", broken, []string{"core: capabilities/notes.rego:7: rego_parse_error"}},
		{"a window that the app does not have", fstest.MapFS{"a.rego": {Data: []byte("# METADATA\n# custom:\n#   windows: [mian]\npackage capability.a\n")}},
			[]string{"core: capabilities/a.rego:3: ", "mian"}},
		{"metadata that nobody knows", fstest.MapFS{"a.rego": {Data: []byte("# METADATA\n# custom:\n#   window: [main]\npackage capability.a\n")}},
			[]string{"core: capabilities/a.rego:", "window"}},
		{"a test that fails", tested("tested_test.rego", "package capability.tested_test\n\nimport data.capability.tested\n\ntest_nothing if not tested.allow with input as {\"command\": \"notes.touch\"}\n"),
			[]string{"core: capabilities/tested_test.rego:5: test ", "test_nothing fails; sallyport policy test"}},
		{"a fixture that fails", tested("tested_test.yaml", "- name: nothing is touched\n  window: main\n  command: notes.touch\n  expect: {effect: deny}\n"),
			[]string{"core: capabilities/tested_test.yaml:1: test ", "nothing is touched fails"}},
		{"a test that is broken", tested("tested_test.rego", "package capability.tested_test\n\ntest_nothing if {\n"), []string{"core: capabilities/tested_test.rego:4: rego_parse_error"}},
		{"a folder that can't be read", fstest.MapFS{"a.rego": {Mode: fs.ModeNamedPipe}}, []string{"core: capabilities: a.rego is no regular file"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, nil, nil)
			before := b.policy.Load()
			err := b.Reload(test.folder)
			if err == nil {
				t.Fatal("it was put in force")
			}
			contains(t, err.Error(), test.want...)
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %q", err)
			}
			contains(t, b.log.String(), "level=ERROR", "stay in force", test.want[0][:20])
			if b.policy.Load() != before {
				t.Error("another policy is in force")
			}
			c := b.connect(t, "main")
			if _, err := c.Call(patient(t), "notes.touch", textOf("x")); err != nil {
				t.Errorf("a call that was allowed: %v", err)
			}
			if _, err := c.Call(patient(t), "notes.secret", textOf("x")); code(t, err) != CodeDenied {
				t.Errorf("a call that was denied: %v", err)
			}
			event := b.find(t, func(r audits.Record) bool { return r.Kind == audits.KindEvent })
			if event.Verdict != audits.VerdictKept || event.Revision != before.Revision() {
				t.Errorf("recorded %+v", event)
			}
			contains(t, event.Reason, test.want...)
		})
	}
}

func TestC10AReloadThatIsNotOnRecordIsNotInForce(t *testing.T) {
	for _, test := range []struct {
		name  string
		event func(*audits.Record) error
	}{
		{"the recorder fails", func(*audits.Record) error { return errors.New("disk full") }},
		{"the recorder panics", func(*audits.Record) error { panic("zebra") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, func(c *Config) { c.Record = keeper{event: test.event} }, nil)
			before := b.policy.Load()
			if err := b.Reload(capability("other", `allow if input.command == "notes.secret"`)); err == nil {
				t.Error("no error")
			}
			if b.policy.Load() != before {
				t.Error("it is in force")
			}
			lacks(t, b.log.String(), "zebra")
		})
	}
}

func TestReloadIsForAnAppThatRuns(t *testing.T) {
	app, err := New(Config{Files: testFiles(), Record: keeper{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	fit := capability("other", `allow if input.command == "notes.secret"`)
	if err := app.Reload(fit); err == nil {
		t.Error("before the start: no error")
	}
	if err := app.StartInProcess(); err != nil {
		t.Fatal(err)
	}
	if err := app.Reload(fit); err != nil {
		t.Error(err)
	}
	if err := app.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := app.Reload(fit); err == nil {
		t.Error("after the shutdown: no error")
	}
}

// What is checked, what is tested and what comes into force are the same bytes,
// whatever becomes of the folder meanwhile.
func TestAFolderIsReadOnce(t *testing.T) {
	folder := &counted{tested("tested_test.yaml", "- name: notes are touched\n  window: main\n  command: notes.touch\n  expect: {effect: allow}\n"), map[string]int{}}
	b := newBench(t, nil, nil)
	if err := b.Reload(folder); err != nil {
		t.Fatal(err)
	}
	for name := range folder.MapFS {
		if n := folder.reads[name]; n != 1 {
			t.Errorf("%s was read %d times", name, n)
		}
	}
}

// counted counts how often its files are read.
type counted struct {
	fstest.MapFS
	reads map[string]int
}

func (c *counted) ReadFile(name string) ([]byte, error) {
	c.reads[name]++
	return c.MapFS.ReadFile(name)
}

// Two policies take turns under load. What is decided of each call comes from one
// of them as a whole, and a call that both allow never fails.
func TestC7NoDecisionMixesTwoRevisions(t *testing.T) {
	sets := make(map[string]fstest.MapFS)
	for _, id := range []string{"one", "two"} {
		sets[id] = capability(id, `allow if input.command in {"notes.touch", "notes.secret", "notes.echo"}`,
			fmt.Sprintf("deny contains %q if input.command == \"notes.echo\"", id),
			fmt.Sprintf("deny contains %q if {\n\tinput.command == \"notes.secret\"\n\tinput.args.text == \"no\"\n}", id))
	}
	sets["one"]["more.rego"] = capability("more", `allow if input.command == "notes.wait"`)["more.rego"]
	var (
		mu       sync.Mutex
		revision = make(map[string]string) // by the capability that it consists of
		seen     = make(map[string]int)    // decisions by revision
	)
	b := newBench(t, func(c *Config) {
		c.Log = slog.New(slog.DiscardHandler)
		c.Capabilities = sets["one"]
		c.Limits.CallsPerSecond = 1e6
		c.Record = keeper{decide: func(r *audits.Record) error {
			mu.Lock()
			defer mu.Unlock()
			seen[r.Revision]++
			if r.Command == "notes.wait" { // allowed by one and hidden by two
				if (r.Verdict == audits.VerdictAllow) != (r.Revision == revision["one"]) {
					t.Errorf("revision %s: %s %q of notes.wait", r.Revision, r.Verdict, r.Reason)
				}
				return nil
			}
			for _, rule := range r.Rules {
				if revision[rule.Capability] != r.Revision || r.Reason != "" && r.Reason != rule.Capability {
					t.Errorf("revision %s: %s %q because of %+v", r.Revision, r.Verdict, r.Reason, r.Rules)
				}
			}
			if len(r.Rules) != 1 {
				t.Errorf("%s of %s by %d rules", r.Verdict, r.Command, len(r.Rules))
			}
			return nil
		}}
	}, func(b *bench) {
		revision["one"] = b.policy.Load().Revision()
		b.Handle("notes.wait", func(context.Context, *Request) (any, error) { return nil, nil })
	})
	two, err := policy.Load(sets["two"], policy.Config{Variables: b.variables})
	if err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	revision["two"] = two.Revision()
	mu.Unlock()

	ctx, stop := context.WithCancel(patient(t))
	var callers sync.WaitGroup
	for range 4 {
		c := b.connect(t, "main")
		callers.Go(func() {
			for ctx.Err() == nil {
				_, err := c.Call(patient(t), "notes.wait", textOf("x"))
				if got := code(t, err); got != "" && got != CodeDenied {
					t.Errorf("notes.wait: page got %q", got)
				}
				for _, call := range []struct {
					command, text string
					want          Code
				}{{"notes.touch", "x", ""}, {"notes.echo", "x", CodeDenied}, {"notes.secret", "yes", ""}, {"notes.secret", "no", CodeDenied}} {
					_, err := c.Call(patient(t), call.command, textOf(call.text))
					if got := code(t, err); got != call.want {
						t.Errorf("%s %s: page got %q, want %q", call.command, call.text, got, call.want)
						return
					}
				}
			}
		})
	}
	for i := range 40 {
		if err := b.Reload(sets[[]string{"two", "one"}[i%2]]); err != nil {
			t.Error(err)
		}
	}
	stop()
	callers.Wait()
	mu.Lock()
	defer mu.Unlock()
	t.Log(seen)
	for id, r := range revision {
		if seen[r] == 0 {
			t.Errorf("nothing was decided by %s", id)
		}
	}
	if len(seen) != len(revision) {
		t.Errorf("decided by %v, want %v", seen, revision)
	}
}
