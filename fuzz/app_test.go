package fuzz

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/core"
	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/schema"
)

const richSchema = `{
	"type": "object", "additionalProperties": false, "required": ["path", "kind"],
	"properties": {
		"path": {"type": "string", "pattern": "^/[a-z]{1,8}(/[a-z0-9._-]{1,16}){0,3}$"},
		"kind": {"enum": ["file", "folder", 3, null]},
		"size": {"type": "integer", "minimum": -5, "maximum": 9007199254740993},
		"tags": {"type": "array", "minItems": 1, "maxItems": 3, "items": {"type": "string", "maxLength": 40}},
		"parent": {"$ref": "#"},
		"when": {"type": "string", "format": "date-time"},
		"either": {"oneOf": [{"type": "boolean"}, {"type": "number", "exclusiveMinimum": 0}]}
	}
}`

const anySchema = `{}`

const putSchema = `{
	"type": "object", "additionalProperties": false, "required": ["data"],
	"properties": {
		"data": {"$ref": "#/$defs/bytes"},
		"more": {"type": "array", "maxItems": 3, "items": {"$ref": "#/$defs/bytes"}}
	},
	"$defs": {"bytes": {
		"type": "object", "additionalProperties": false, "required": ["$bytes", "type"],
		"properties": {"$bytes": {"type": "integer", "minimum": 0, "maximum": 300}, "type": {"enum": ["image/png", "application/octet-stream"]}}
	}}
}`

const testCapability = `# METADATA
# title: Fuzzed
# custom:
#   windows: ["*"]
package capability.fuzzed

import data.sallyport.scope

allow if input.command in {"any.value", "files.put", "files.feed", "files.watch"}

allow if {
	input.command in {"sallyport:emit", "sallyport:listen"}
	input.event == "files.changed"
}

allow if {
	input.command in {"sallyport:emit", "sallyport:listen"}
	input.event == "files.opened"
	input.window == "editor"
}

deny contains "not for one window" if {
	input.command == "sallyport:emit"
	input.target == "editor"
	input.args.kind == "folder"
}

allow if {
	input.command == "files.touch"
	scope.path_inside(input.args.path, "$APPDATA")
}

allow if {
	input.command == "files.touch"
	input.args.kind == "file"
}

deny contains "no parents" if {
	input.command == "files.touch"
	object.get(input.args, ["parent", "kind"], "") == "folder"
}
`

func testConfig() core.Config {
	return core.Config{
		Name: "fuzzed",
		Schemas: fstest.MapFS{
			"files.touch.input.json": {Data: []byte(richSchema)},
			"any.value.input.json":   {Data: []byte(anySchema)},
			"files.put.input.json":   {Data: []byte(putSchema)},
			"files.put.output.json":  {Data: []byte(putSchema)},
		},
		Capabilities: fstest.MapFS{"fuzzed.rego": {Data: []byte(testCapability)}},
		Hook:         []byte("sallyport.onCall((call) => call)"),
		Windows:      []isolation.Window{{Label: "main"}, {Label: "editor"}},
	}
}

type entry struct {
	Path   string         `json:"path"`
	Kind   any            `json:"kind"`
	Size   int64          `json:"size"`
	Tags   []string       `json:"tags"`
	Parent *entry         `json:"parent"`
	When   string         `json:"when"`
	Either map[string]any `json:"-"`
	Any    schema.Value   `json:"either"`
}

type put struct {
	Data schema.Blob   `json:"data"`
	More []schema.Blob `json:"more,omitempty"`
}

// What is streamed to files.feed comes back, and before it so many chunks of 64 KiB.
type feed struct {
	Chunks int64 `json:"chunks"`
}

type change struct {
	Path string       `json:"path"`
	Kind string       `json:"kind"`
	Icon *schema.Blob `json:"icon"`
}

func newTestApp(c core.Config) (*core.App, error) {
	app, err := core.New(c)
	if err != nil {
		return nil, err
	}
	changed := core.Event[change](app, "files.changed")
	for _, name := range []string{"files.opened", "files.closed"} { // closed is for nobody
		core.Event[change](app, name)
	}
	core.Stream(app, "files.feed", func(ctx context.Context, a feed, s *core.Channel[put, put]) (struct{}, error) {
		core.Progress(ctx).Report(1, a.Chunks, "feeding")
		for range min(a.Chunks, 18) {
			if err := s.Send(put{Data: schema.Blob{Type: "image/png", Bytes: make([]byte, 64<<10)}}); err != nil {
				return struct{}{}, err
			}
		}
		for item, err := range s.All() {
			if err != nil {
				return struct{}{}, err
			}
			if err := s.Send(item); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	core.Stream(app, "files.watch", func(ctx context.Context, _ struct{}, s *core.Channel[core.None, change]) (struct{}, error) {
		for { // as one does that waits for its user
			if err := s.Send(change{Path: "/x"}); err != nil {
				return struct{}{}, err
			}
			if err := changed.Emit(change{Path: "/x", Kind: "file"}); err != nil {
				return struct{}{}, err
			}
			select {
			case <-time.After(10 * time.Millisecond):
			case <-ctx.Done():
				return struct{}{}, ctx.Err()
			}
		}
	})
	core.Command(app, "files.touch", func(context.Context, entry) (struct{}, error) { return struct{}{}, nil })
	core.Command(app, "files.put", func(_ context.Context, a put) (put, error) { return a, nil })
	app.Handle("any.value", func(_ context.Context, r *core.Request) (any, error) {
		if r.Args.Kind() == schema.Bool {
			return nil, errors.New("no booleans")
		}
		return nil, nil
	})
	return app, nil
}

func FuzzPipeline(f *testing.F) { App(f, testConfig(), newTestApp) }

// find plays so many random scenarios, or until one fails.
func find(t *testing.T, target *target, scenarios int) error {
	t.Helper()
	random := rand.New(rand.NewPCG(3, 4))
	for range scenarios {
		data := make([]byte, 64)
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		if err := target.play(data); err != nil {
			return err
		}
	}
	return nil
}

func TestAPanickingHandlerIsFound(t *testing.T) {
	target := newTarget(t, testConfig(), func(c core.Config) (*core.App, error) {
		app, err := core.New(c)
		if err != nil {
			return nil, err
		}
		core.Command(app, "files.touch", func(context.Context, entry) (struct{}, error) { return struct{}{}, nil })
		core.Command(app, "files.put", func(_ context.Context, a put) (put, error) { return a, nil })
		app.Handle("any.value", func(_ context.Context, r *core.Request) (any, error) {
			if r.Args.Kind() == schema.Array {
				panic("planted")
			}
			return nil, nil
		})
		return app, nil
	})
	if err := find(t, target, 2000); err == nil || !strings.Contains(err.Error(), "internal error") {
		t.Errorf("a handler that panics on arrays gave %v", err)
	}
}

func TestArgumentsInARefusalAreFound(t *testing.T) {
	// Development mode may show pointers, never values; a name that the page
	// chose, as a refusal's text, would be found by this very check.
	s := &scenario{target: newTarget(t, testConfig(), newTestApp), choices: &choices{}}
	var err error
	if s.page, err = newPage(s.target.app.Gate(), "main"); err != nil {
		t.Fatal(err)
	}
	leaky := isolation.AppendError(nil, 1, []byte(`{"code":"denied","id":"`+s.page.session.ID()+`-1","message":"`+canary+`"}`))
	if err := s.page.session.Write(leaky); err != nil {
		t.Fatal(err)
	}
	if err := s.page.await([]uint32{1}); err != nil {
		t.Fatal(err)
	}
	if err := s.check(s.page, sentCall{id: 1, command: "any.value", args: "1"}); err == nil || !strings.Contains(err.Error(), "gives its arguments away") {
		t.Errorf("a leaky refusal gave %v", err)
	}
}

func TestAHandlerWithoutADecisionIsFound(t *testing.T) {
	request := &core.Request{Identity: core.Identity{Command: "any.value", Window: "main", Session: "s", ID: "s-1"}}
	var err error
	if request.Args, err = schema.Parse([]byte("1"), schema.DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	for name, decide := range map[string]func(e *evidence){
		"no decision": func(*evidence) {},
		"a denial": func(e *evidence) {
			record(t, e, audits.Record{ID: "s-1", Verdict: audits.VerdictDeny, Command: "any.value", Window: "main", Session: "s"})
		},
		"another command's allow": func(e *evidence) {
			record(t, e, audits.Record{ID: "s-1", Verdict: audits.VerdictAllow, Command: "files.touch", Window: "main", Session: "s"})
		},
		"another window's allow": func(e *evidence) {
			record(t, e, audits.Record{ID: "s-1", Verdict: audits.VerdictAllow, Command: "any.value", Window: "editor", Session: "s"})
		},
		"another call's allow": func(e *evidence) {
			record(t, e, audits.Record{ID: "s-2", Verdict: audits.VerdictAllow, Command: "any.value", Window: "main", Session: "s"})
		},
		"an allow that runs twice": func(e *evidence) {
			record(t, e, audits.Record{ID: "s-1", Verdict: audits.VerdictAllow, Command: "any.value", Window: "main", Session: "s"})
			e.observe(request)
		},
	} {
		e := newEvidence()
		decide(e)
		e.observe(request)
		if len(e.take()) == 0 {
			t.Errorf("a handler that ran after %s was not noticed", name)
		}
	}
}

func TestACallThatIsDecidedTwiceIsFound(t *testing.T) {
	e := newEvidence()
	record(t, e, audits.Record{ID: "s-1", Verdict: audits.VerdictAllow})
	record(t, e, audits.Record{ID: "s-1", Verdict: audits.VerdictRefuse, ByFrame: true}) // the hook kept its cancellation back
	record(t, e, audits.Record{ID: "s-0", Verdict: audits.VerdictRefuse})
	record(t, e, audits.Record{ID: "s-0", Verdict: audits.VerdictRefuse})
	if problems := e.take(); len(problems) != 0 {
		t.Errorf("reports and sums are no decisions: %v", problems)
	}
	record(t, e, audits.Record{ID: "s-1", Verdict: audits.VerdictAllow})
	if problems := e.take(); len(problems) != 0 {
		t.Errorf("another scenario's call: %v", problems)
	}
	record(t, e, audits.Record{ID: "s-1", Verdict: audits.VerdictAllow})
	record(t, e, audits.Record{ID: "s-1", Verdict: audits.VerdictAllow})
	if problems := e.take(); len(problems) != 1 {
		t.Errorf("a second decision: %v", problems)
	}
}

// A cancelled call is answered at once and recorded when its goroutine gets to
// it: that record must not be laid at a forged frame's door.
func TestOnlyTheForgedCallIsLaidAtAForgersDoor(t *testing.T) {
	target := newTarget(t, testConfig(), newTestApp)
	s := &scenario{target: target, choices: &choices{}}
	for _, p := range []**page{&s.page, &s.other} {
		var err error
		if *p, err = newPage(target.app.Gate(), "main"); err != nil {
			t.Fatal(err)
		}
		defer (*p).session.End(isolation.EndRevoked)
	}
	s.page.last = 2
	for _, p := range []*page{s.page, s.other} {
		for number, noticed := range map[uint32]bool{2: false, 3: true} {
			record(t, target.evidence, audits.Record{ID: callID(p, number), Verdict: audits.VerdictRefuse})
			if err := s.forge(); (err != nil) != noticed {
				t.Errorf("a decision on call %d: %v", number, err)
			}
			target.evidence.take()
		}
	}
}

func record(t *testing.T, e *evidence, r audits.Record) {
	t.Helper()
	if err := e.Decide(t.Context(), &r); err != nil {
		t.Fatal(err)
	}
}

func TestAnAnswerThatCanNotBeIsFound(t *testing.T) {
	target := newTarget(t, testConfig(), newTestApp)
	for name, test := range map[string]struct {
		answers []string // refusals; "" is a result
		ran     bool
		want    string
	}{
		"a result without a handler":   {[]string{""}, false, "the kit saw no handler run"},
		"a result":                     {[]string{""}, true, ""},
		"a denial":                     {[]string{`{"code":"denied","id":"ID"}`}, false, ""},
		"a denial of what ran":         {[]string{`{"code":"denied","id":"ID"}`}, true, "and its handler ran"},
		"a cancellation of what ran":   {[]string{`{"code":"cancelled","id":"ID"}`}, true, ""},
		"another call's denial":        {[]string{`{"code":"denied","id":"other-1"}`}, false, "has the id other-1"},
		"two answers":                  {[]string{"", `{"code":"timeout","id":"ID"}`}, true, "answered 2 times"},
		"a refusal that is no object":  {[]string{`"denied"`}, false, "no error object"},
		"a handler's error may say it": {[]string{`{"code":"failed","id":"ID","message":"` + canary + `"}`}, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := &scenario{target: target, choices: &choices{}}
			var err error
			if s.page, err = newPage(target.app.Gate(), "main"); err != nil {
				t.Fatal(err)
			}
			defer s.page.session.End(isolation.EndRevoked)
			id := callID(s.page, 1)
			if test.ran {
				target.evidence.ran[id] = ran{command: "any.value", args: "1"}
			}
			for _, refusal := range test.answers {
				item := isolation.AppendResult(nil, 1, []byte("null"))
				if refusal != "" {
					item = isolation.AppendError(nil, 1, []byte(strings.Replace(refusal, "ID", id, 1)))
				}
				if err := s.page.session.Write(item); err != nil {
					t.Fatal(err)
				}
			}
			for len(s.page.answersTo(1)) < len(test.answers) {
				time.Sleep(time.Millisecond)
			}
			err = s.check(s.page, sentCall{id: 1, command: "any.value", args: "1"})
			if (err != nil) != (test.want != "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			target.evidence.take()
		})
	}
}

func TestAHandlerThatSawSomethingElseIsFound(t *testing.T) {
	s := &scenario{target: newTarget(t, testConfig(), newTestApp)}
	for name, c := range map[string]struct{ sent, got string }{
		"another value":          {`{"a":1}`, `{"a":2}`},
		"a number rounded":       {`9007199254740993`, `9007199254740992`},
		"what is no strict JSON": {`{"a":1,"a":1}`, `{"a":1}`},
	} {
		if err := s.checkRun(sentCall{command: "any.value", args: c.sent}, ran{command: "any.value", args: c.got}); err == nil {
			t.Errorf("%s was not noticed", name)
		}
	}
	if err := s.checkRun(sentCall{command: "files.touch", args: `{"path":1}`}, ran{command: "files.touch", args: `{"path":1}`}); err == nil {
		t.Error("arguments that the schema refuses were not noticed")
	}
	if err := s.checkRun(sentCall{command: "any.value", args: `{"a":[1,"x"]}`}, ran{command: "any.value", args: `{"a":[1,"x"]}`}); err != nil {
		t.Errorf("the right arguments: %v", err)
	}
}

func TestAHandlerThatSawOtherBytesIsFound(t *testing.T) {
	s := &scenario{target: newTarget(t, testConfig(), newTestApp)}
	const two = `{"b":{"$bytes":1,"type":"x/y"},"a":[{"type":"image/png","$bytes":2}]}`
	small, large := isolation.Section{Type: "x/y", Bytes: []byte("1")}, isolation.Section{Type: "image/png", Bytes: []byte("22")}
	for name, c := range map[string]struct {
		args      string
		sent, got []isolation.Section
		ok        bool
	}{
		"what was sent":              {two, []isolation.Section{small, large}, []isolation.Section{small, large}, true},
		"other bytes":                {two, []isolation.Section{small, large}, []isolation.Section{{Type: "x/y", Bytes: []byte("2")}, large}, false},
		"another type":               {two, []isolation.Section{small, large}, []isolation.Section{small, {Type: "x/y", Bytes: []byte("22")}}, false},
		"one less":                   {two, []isolation.Section{small, large}, []isolation.Section{small}, false},
		"another order":              {two, []isolation.Section{large, small}, []isolation.Section{large, small}, false},
		"what nothing stands for":    {`{}`, []isolation.Section{small}, nil, false},
		"nothing for what stands":    {two, nil, nil, false},
		"what is said to be smaller": {`{"$bytes":1,"type":"x/y"}`, []isolation.Section{{Type: "x/y", Bytes: []byte("22")}}, []isolation.Section{{Type: "x/y", Bytes: []byte("22")}}, false},
	} {
		err := s.checkRun(sentCall{command: "any.value", args: c.args, sections: c.sent}, ran{command: "any.value", args: c.args, sections: c.got})
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The scenarios are worth something only if some bytes get through, and lies don't.
func TestScenariosSendBytes(t *testing.T) {
	target := newTarget(t, testConfig(), newTestApp)
	sent, refused := 0, 0
	random := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		data := make([]byte, 64)
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		s := &scenario{target: target, choices: &choices{rest: data}}
		s.page = new(page)
		c := s.makeCall()
		switch stand, err := standing(c.args); {
		case len(c.sections) == 0 || err != nil:
		case checkSections(c.args, c.sections, c.sections) == nil && len(stand) > 0:
			sent++
		default:
			refused++
		}
	}
	if sent < 20 || refused < 20 {
		t.Errorf("of 300 calls %d have sections as their text says, and %d others", sent, refused)
	}
	if err := find(t, target, 300); err != nil {
		t.Error(err)
	}
}

// A misused kit must say so: green without having tested anything is worst.
func TestMisuseIsFound(t *testing.T) {
	closed := testConfig()
	closed.Capabilities = fstest.MapFS{}
	named := testConfig()
	named.Variables = map[string]string{"$NOTES": "/srv/notes"}
	named.Capabilities = fstest.MapFS{"fuzzed.rego": {Data: []byte(strings.ReplaceAll(testCapability, "$APPDATA", "$NOTES"))}}
	for _, test := range []struct {
		name   string
		config core.Config
		newApp func(core.Config) (*core.App, error)
		want   string
	}{
		{"a newApp that forgets its configuration", testConfig(), func(core.Config) (*core.App, error) { return newTestApp(testConfig()) }, "must hand its core.Config to core.New"},
		{"nothing is allowed", closed, newTestApp, "none reached a handler"},
		{"variables of the app's own", named, newTestApp, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			tb := &recordingTB{TB: t}
			tb.run(func() {
				target := newTarget(tb, test.config, test.newApp)
				if target.app.Variables()["$NOTES"] == "/srv/notes" {
					t.Error("handlers would work on the real folder")
				}
				_ = find(t, target, 300)
			})
			if test.want == "" && tb.said != "" || !strings.Contains(tb.said, test.want) {
				t.Errorf("it said %q, want %q", tb.said, test.want)
			}
		})
	}
}

// A recordingTB notes failures instead of failing.
type recordingTB struct {
	testing.TB
	said     string
	cleanups []func()
}

func (r *recordingTB) Helper()           {}
func (r *recordingTB) Cleanup(f func())  { r.cleanups = append(r.cleanups, f) }
func (r *recordingTB) Error(args ...any) { r.said += fmt.Sprint(args...) }
func (r *recordingTB) Errorf(format string, args ...any) {
	r.said += fmt.Sprintf(format, args...)
}
func (r *recordingTB) Fatal(args ...any) { r.Error(args...); runtime.Goexit() }
func (r *recordingTB) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

// run calls f as a test and cleans up after it.
func (r *recordingTB) run(f func()) {
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	<-done
	for _, f := range r.cleanups {
		f()
	}
}

// TestScenariosReachTheHandlers guards the kit against testing nothing: a
// good share of calls must get past schema and policy.
func TestScenariosReachTheHandlers(t *testing.T) {
	target := newTarget(t, testConfig(), newTestApp)
	if err := find(t, target, 2000); err != nil {
		t.Fatal(err)
	}
	stats := target.app.Stats()
	if stats.Calls < 1000 || stats.Done*8 < stats.Calls {
		t.Errorf("of %d calls %d ran to a result; want at least an eighth", stats.Calls, stats.Done)
	}
	for _, reason := range []string{"forged", "sequence", "iv", "epoch", "version", "type", "too short"} {
		if stats.Boundary.Discarded[reason] == 0 {
			t.Errorf("no frame was discarded for %q: %v", reason, stats.Boundary.Discarded)
		}
	}
	t.Logf("%d calls, %d done, refused %v, discarded %v", stats.Calls, stats.Done, stats.Refused, stats.Boundary.Discarded)
}
