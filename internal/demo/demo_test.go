package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/internal/peer"
)

// set makes a demo without a browser, with some of its files replaced, and
// connects to it as the page's frame would.
func set(t *testing.T, replaced map[string]string) (*demo, *peer.Client) {
	t.Helper()
	app, err := fs.Sub(embedded, "app")
	if err != nil {
		t.Fatal(err)
	}
	overlay := fstest.MapFS{}
	err = fs.WalkDir(app, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(app, name)
		overlay[name] = &fstest.MapFile{Data: text, Mode: 0o600}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range replaced {
		overlay[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o600}
	}
	d, err := newDemo(Config{Browser: "test"}, filepath.Join(t.TempDir(), ".cache"), overlay) // TMPDIR may be below a hidden folder
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
	go d.serve()
	page, err := peer.Connect(d.app.Gate(), "main")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(page.Close)
	return d, page
}

func call(t *testing.T, page *peer.Client, command string, args any, result any) error {
	t.Helper()
	text, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	answer, err := page.Call(ctx, command, text)
	if err == nil && result != nil {
		err = json.Unmarshal(answer, result)
	}
	return err
}

// attacked brackets what do does, as the page brackets an attack.
func attacked(t *testing.T, page *peer.Client, name string, do func()) caseView {
	t.Helper()
	if err := call(t, page, "demo.begin", caseArgs{name}, nil); err != nil {
		t.Fatal(err)
	}
	do()
	var shown caseView
	if err := call(t, page, "demo.end", caseArgs{name}, &shown); err != nil {
		t.Fatal(err)
	}
	return shown
}

// plainly makes a call of the unprotected binding.
func plainly(t *testing.T, d *demo, method string, args map[string]any) {
	t.Helper()
	text, err := json.Marshal(map[string]any{"method": method, "args": args})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Post(d.binding.origin+"/call", "text/plain", strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
}

// calls are the attacks that are a call each, as the page makes them.
func calls(folder string) map[string]struct {
	method string
	args   map[string]any
} {
	at := func(name string) string { return filepath.ToSlash(folder) + "/" + name }
	return map[string]struct {
		method string
		args   map[string]any
	}{
		"forbidden command": {"files.remove", map[string]any{"path": at("backup.db")}},
		"path traversal":    {"notes.read", map[string]any{"path": at("notes/../secret.txt")}},
		"extra argument":    {"notes.save", map[string]any{"path": at("notes/attack.md"), "text": "x", "folder": "../autostart"}},
		"wrong type":        {"notes.save", map[string]any{"path": at("notes/Diary.md"), "text": nil}},
		"oversize":          {"notes.save", map[string]any{"path": at("notes/attack-large.md"), "text": strings.Repeat("A", 3_000_000)}},
	}
}

func TestCallsAreExecutedThereAndDeniedHere(t *testing.T) {
	d, page := set(t, nil)
	rules := map[string]string{
		"forbidden command": "capabilities/notes.rego:22",
		"path traversal":    "capabilities/notes.rego:17",
	}
	stages := map[string]string{
		"forbidden command": "policy", "path traversal": "policy",
		"extra argument": "schema", "wrong type": "schema", "oversize": "limits",
	}
	for name, stage := range stages {
		t.Run(name, func(t *testing.T) {
			c := attacked(t, page, name, func() {
				plain, isolated := calls(d.plain.folder)[name], calls(d.isolated.folder)[name]
				plainly(t, d, plain.method, plain.args)
				if err := call(t, page, isolated.method, isolated.args, nil); err == nil {
					t.Error("the call succeeded")
				}
			})
			rule := ""
			if c.Rule != nil {
				rule = *c.Rule
			}
			if !c.Holds || c.Direct != Executed || c.Isolated != Denied || c.Stage != stage || rule != rules[name] || c.Micros <= 0 {
				t.Errorf("%+v, rule %q", c, rule)
			}
			if len(c.Calls) != 1 || len(c.Calls[0].Stages) == 0 {
				t.Errorf("nothing to draw: %+v", c.Calls)
			}
		})
	}
}

func TestAPageThatDoesNothingProvesNothing(t *testing.T) {
	_, page := set(t, nil)
	for _, a := range attacks() {
		if c := attacked(t, page, a.name, func() {}); c.Isolated != Unproven || c.Holds {
			t.Errorf("%s: %+v", a.name, c)
		}
	}
}

// A policy that allows too much, a schema that takes anything and a limit that
// is not there must each turn a case red.
func TestARemovedGuardShows(t *testing.T) {
	const open = "# METADATA\n# custom:\n#   windows: [\"*\"]\npackage capability.notes\n\nallow if true\n"
	const anything = `{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
		"required": ["path"], "properties": {"path": {"type": "string"}}}`
	for name, replaced := range map[string]map[string]string{
		"forbidden command": {"capabilities/notes.rego": open},
		"path traversal":    {"capabilities/notes.rego": open},
		"extra argument":    {"schemas/notes.save.input.json": anything},
		"wrong type":        {"schemas/notes.save.input.json": anything},
	} {
		t.Run(name, func(t *testing.T) {
			d, page := set(t, replaced)
			c := attacked(t, page, name, func() {
				plain, isolated := calls(d.plain.folder)[name], calls(d.isolated.folder)[name]
				plainly(t, d, plain.method, plain.args)
				call(t, page, isolated.method, isolated.args, nil) // whatever comes of it
			})
			if c.Holds || c.Problem == "" || c.Isolated == Denied {
				t.Errorf("%+v", c)
			}
		})
	}
}

func TestACaseIsJudgedOnlyBetweenItsMarks(t *testing.T) {
	d, page := set(t, nil)
	c := calls(d.isolated.folder)["forbidden command"]
	call(t, page, c.method, c.args, nil) // before begin
	if c := attacked(t, page, "forbidden command", func() {}); c.Holds || c.Isolated != Unproven {
		t.Errorf("an older call counted: %+v", c)
	}
	err := call(t, page, "demo.end", caseArgs{"oversize"}, nil)
	if e, ok := errors.AsType[*peer.Error](err); !ok || e.Message != "that case was not begun" {
		t.Errorf("an end without a begin: %v", err)
	}
	if err := call(t, page, "demo.begin", caseArgs{"no such attack"}, nil); err == nil {
		t.Error("an unknown case was begun")
	}
}

func TestOneDocumentIsToldToRunByItself(t *testing.T) {
	d, page := set(t, nil)
	d.config.Auto = true
	for i, want := range []bool{true, false} {
		var s state
		if err := call(t, page, "demo.state", struct{}{}, &s); err != nil {
			t.Fatal(err)
		}
		if s.Auto != want || len(s.Attacks) != len(attacks()) || s.Policy == "" {
			t.Errorf("state %d: %+v", i, s)
		}
	}
}

func TestBenignCallsAreCountedFromTheRecord(t *testing.T) {
	d, page := set(t, nil)
	attacked(t, page, benignCase, func() {
		for range leastBenign {
			if err := call(t, page, "notes.search", searchArgs{"gate"}, nil); err != nil {
				t.Fatal(err)
			}
		}
	})
	if want := (Benign{leastBenign, leastBenign}); d.benign != want {
		t.Errorf("%+v; want %+v", d.benign, want)
	}
	attacked(t, page, benignCase, func() {
		call(t, page, "notes.search", searchArgs{"gate"}, nil)
		call(t, page, "notes.search", searchArgs{strings.Repeat("x", 300)}, nil)
	})
	if want := (Benign{2, 1}); d.benign != want {
		t.Errorf("with one refused: %+v; want %+v", d.benign, want)
	}
}

func TestReportPassesOnlyWhole(t *testing.T) {
	whole := func() map[string]Case {
		cases := map[string]Case{}
		for _, a := range attacks() {
			cases[a.name] = Case{Name: a.name, Direct: Executed, Isolated: Denied, Holds: true}
		}
		return cases
	}
	good := Benign{leastBenign, leastBenign}
	for name, test := range map[string]struct {
		cases  map[string]Case
		benign Benign
		passed bool
	}{
		"all of it":               {whole(), good, true},
		"a case that was not run": {func() map[string]Case { c := whole(); delete(c, "oversize"); return c }(), good, false},
		"a case that does not hold": {func() map[string]Case {
			c := whole()
			c["oversize"] = Case{Name: "oversize", Problem: "x"}
			return c
		}(), good, false},
		"a benign call that failed": {whole(), Benign{leastBenign + 1, leastBenign}, false},
		"too few benign calls":      {whole(), Benign{leastBenign - 1, leastBenign - 1}, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := report("test", test.cases, test.benign)
			if r.Passed != test.passed || (len(r.Problems()) == 0) != test.passed || len(r.Cases) != len(attacks()) {
				t.Errorf("%+v, problems %q", r, r.Problems())
			}
		})
	}
}

func TestReportAsJSON(t *testing.T) {
	rule := "capabilities/notes.rego:22"
	r := Report{Browser: "chromium", Cases: []Case{
		{Name: "forbidden command", Direct: Executed, Isolated: Denied, Stage: "policy", Rule: &rule, Micros: 84.5, Holds: true, Problem: "kept to ourselves"},
		{Name: "oversize", Direct: Executed, Isolated: Denied, Stage: "limits", Micros: 2},
	}, Benign: Benign{27, 27}, Passed: true}
	text, err := json.Marshal(r)
	want := `{"browser":"chromium","cases":[` +
		`{"name":"forbidden command","direct":"executed","isolated":"denied","stage":"policy","rule":"capabilities/notes.rego:22","micros":84.5},` +
		`{"name":"oversize","direct":"executed","isolated":"denied","stage":"limits","rule":null,"micros":2}],` +
		`"benign":{"calls":27,"ok":27},"passed":true}`
	if err != nil || string(text) != want {
		t.Errorf("got  %s, %v\nwant %s", text, err, want)
	}
}

func TestDiscardsNeedTheirReasons(t *testing.T) {
	d, _ := set(t, nil)
	judge := discarded("open", []string{"sequence"}, 2, effect{"notes.save", "notes/attack-replay.md", 0})
	once := []effect{{"notes.save", "notes/attack-replay.md", 15}}
	timed := []discard{{reasons: map[string]uint64{"sequence": 2}, took: time.Microsecond}}
	for name, test := range map[string]struct {
		ran       []effect
		discarded map[string]uint64
		discards  []discard
		holds     bool
	}{
		"twice replayed, run once":    {once, map[string]uint64{"sequence": 2}, timed, true},
		"run twice":                   {append(slices.Clone(once), once...), map[string]uint64{"sequence": 2}, timed, false},
		"never run":                   {nil, map[string]uint64{"sequence": 2}, timed, false},
		"something else run as well":  {append(slices.Clone(once), effect{"files.remove", "backup.db", 0}), map[string]uint64{"sequence": 2}, timed, false},
		"one replay discarded":        {once, map[string]uint64{"sequence": 1}, timed, false},
		"discarded for another cause": {once, map[string]uint64{"relay session": 9}, []discard{{reasons: map[string]uint64{"relay session": 9}, took: time.Microsecond}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := judge(evidence{isolated: d.isolated, ran: test.ran, discarded: test.discarded, discards: test.discards})
			if (err == nil) != test.holds || (o.isolated == Discarded) != test.holds {
				t.Errorf("%+v, %v", o, err)
			}
		})
	}
}

func TestTheWorldsCannotBeLeft(t *testing.T) {
	d, _ := set(t, nil)
	outside := filepath.ToSlash(filepath.Dir(d.plain.folder)) + "/outside.md"
	plainly(t, d, "notes.save", map[string]any{"path": outside, "text": "x"})
	plainly(t, d, "notes.save", map[string]any{"path": d.plain.folder + "/notes/a.md", "text": "x", "folder": "../../.."})
	plainly(t, d, "notes.read", map[string]any{"path": "/etc/hostname"})
	plainly(t, d, "no.method", nil)
	if did := d.plain.effects.since(0); len(did) != 0 {
		t.Errorf("%v", did)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(d.plain.folder), "*"))
	if err != nil || len(left) != 2 {
		t.Errorf("beside the two worlds: %v, %v", left, err)
	}
}

func TestResetPutsTheDecoysBack(t *testing.T) {
	d, _ := set(t, nil)
	folder := filepath.ToSlash(d.plain.folder)
	for _, args := range []map[string]any{
		{"path": folder + "/notes/attack-replay.md", "text": "x"},
		{"path": folder + "/notes/Mine.md", "text": "kept"},
		{"path": folder + "/notes/Diary.md", "text": ""},
		{"path": folder + "/autostart/run.md", "text": "x"},
	} {
		plainly(t, d, "notes.save", args)
	}
	plainly(t, d, "files.remove", map[string]any{"path": folder + "/backup.db"})
	if d.plain.intact() == nil {
		t.Error("a damaged world counts as intact")
	}
	if err := d.plain.reset(); err != nil {
		t.Fatal(err)
	}
	if err := d.plain.intact(); err != nil {
		t.Error(err)
	}
	got := map[string]bool{}
	if err := d.plain.each(func(name string) error { got[name] = true; return nil }); err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{"notes/Mine.md": true}
	for name := range decoys {
		want[name] = true
	}
	if !maps.Equal(got, want) {
		t.Errorf("files %v; want %v", got, want)
	}
}

func TestViewsShowEachCallOnce(t *testing.T) {
	stages := audits.Stages{Open: time.Microsecond, Handler: 1500 * time.Nanosecond}
	got := fmt.Sprintf("%+v", views([]audits.Record{
		{ID: "a-1", Command: "notes.list", Verdict: audits.VerdictAllow, Stages: stages},
		{ID: "a-1", Command: "notes.list", Verdict: audits.VerdictDone, Stages: stages},
		{ID: "a-2", Verdict: audits.VerdictDeny, Stage: "policy", Code: "denied"},
	}))
	want := "[{ID:a-1 Command:notes.list Verdict:done Stage: Code: Micros:2.5 Stages:[{Name:open Micros:1} {Name:handler Micros:1.5}]}" +
		" {ID:a-2 Command: Verdict:deny Stage:policy Code:denied Micros:0 Stages:[]}]"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAPageThatStopsSaysWhy(t *testing.T) {
	d, page := set(t, nil)
	if err := call(t, page, "demo.finish", finishArgs{Problem: "no window"}, nil); err != nil {
		t.Fatal(err)
	}
	if r := <-d.reports; r.Passed || r.Problems()[0] != `the page stopped: "no window"` {
		t.Errorf("%q", r.Problems())
	}
}
