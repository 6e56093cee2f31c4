package core

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/schema"
)

// Window main may emit and listen to notes.changed, and emit notes.pinged to
// itself; window other may listen to notes.pinged.
const eventsCapability = notesCapability + `
allow if {
	input.command in {"sallyport:emit", "sallyport:listen"}
	input.event == "notes.changed"
}

allow if {
	input.command == "sallyport:emit"
	input.event == "notes.pinged"
	input.target == "main"
}

allow if {
	input.command == "sallyport:listen"
	input.event == "notes.pinged"
}
`

const otherCapability = `# METADATA
# title: The other window
# custom:
#   windows: ["other"]
package capability.other

allow if {
	input.command == "sallyport:listen"
	input.event == "notes.pinged"
}
`

func eventFiles() fstest.MapFS {
	files := testFiles()
	files["capabilities/notes.rego"] = &fstest.MapFile{Data: []byte(eventsCapability)}
	files["capabilities/other.rego"] = &fstest.MapFile{Data: []byte(otherCapability)}
	return files
}

// An eventBench is a bench with three events: one that some may have, one for
// some targets, and one for nobody.
type eventBench struct {
	*bench
	changed, pinged, secret *EventOf[text]
}

func newEventBench(t testing.TB, change func(*Config), o EventOptions) *eventBench {
	t.Helper()
	e := new(eventBench)
	e.bench = newBench(t, func(c *Config) {
		c.Files = eventFiles()
		if change != nil {
			change(c)
		}
	}, func(b *bench) {
		e.changed = Event[text](b.App, "notes.changed", o)
		e.pinged = Event[text](b.App, "notes.pinged", o)
		e.secret = Event[text](b.App, "notes.secret", o)
	})
	return e
}

// An ear is a listen of a page that has been answered.
type ear struct {
	client *peer.Client
	id     uint32
	items  chan peer.Answer
}

// listen listens and gives credit for each event at once.
func listenTo(t testing.TB, c *peer.Client, event string) *ear {
	t.Helper()
	e, err := tryToListen(t, c, event, true)
	if err != nil {
		t.Fatalf("listen to %s: %v", event, err)
	}
	return e
}

func tryToListen(t testing.TB, c *peer.Client, event string, credit bool) (*ear, error) {
	t.Helper()
	e := &ear{client: c, items: make(chan peer.Answer, 1<<16)}
	id, answer, err := c.Request(func(id uint32) []byte { return peer.AppendListen(nil, id, event) }, func(a peer.Answer) {
		e.items <- a
		if credit && a.Kind == peer.Event && a.Number%64 == 0 {
			upTo := a.Offset + uint64(a.Size)
			go func() { _ = c.Send(peer.AppendCredit(nil, a.ID, upTo+isolation.EventWindow)) }()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	e.id = id
	_, err = c.Await(patient(t), answer)
	return e, err
}

func (e *ear) unlisten(t testing.TB) {
	t.Helper()
	if err := e.client.Send(peer.AppendCancel(nil, e.id)); err != nil {
		t.Fatal(err)
	}
}

// next is the next item, which has to come.
func (e *ear) next(t testing.TB) peer.Answer {
	t.Helper()
	select {
	case a := <-e.items:
		return a
	case <-time.After(10 * time.Second):
		t.Fatal("no event came")
		return peer.Answer{}
	}
}

// hears asks for the very events, and for no others until then.
func (e *ear) hears(t testing.TB, want ...string) {
	t.Helper()
	for i, want := range want {
		a := e.next(t)
		if got := textIn(t, a); got != want || a.Kind != peer.Event {
			t.Fatalf("event %d is %q of kind %d, want %q", i, got, a.Kind, want)
		}
	}
}

// heardNothing asks that nothing came. To be called after something that would
// have come later.
func (e *ear) heardNothing(t testing.TB) {
	t.Helper()
	select {
	case a := <-e.items:
		t.Errorf("item of kind %d came: %s", a.Kind, a.JSON)
	default:
	}
}

func textIn(t testing.TB, a peer.Answer) string {
	t.Helper()
	var got text
	if a.Kind == peer.Event {
		if err := json.Unmarshal(a.JSON, &got); err != nil {
			t.Fatal(err)
		}
	}
	return got.Text
}

func emitFrom(t testing.TB, c *peer.Client, event, target string, payload []byte) error {
	t.Helper()
	_, answer, err := c.Request(func(id uint32) []byte { return peer.AppendEmit(nil, id, event, target, payload) }, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Await(patient(t), answer)
	return err
}

func TestAnEventReachesTheTargetedPagesAndTheCore(t *testing.T) {
	b := newEventBench(t, nil, EventOptions{})
	main, other := b.connect(t, "main"), b.connect(t, "other")
	inMain, inOther := listenTo(t, main, "notes.pinged"), listenTo(t, other, "notes.pinged")
	core := make(chan string, 16)
	b.pinged.Listen(func(_ context.Context, r Received[text]) { core <- r.Window + ":" + r.Payload.Text })
	for _, emit := range []func() error{
		func() error { return b.pinged.Emit(text{"all"}) },
		func() error { return b.pinged.EmitTo("main", text{"one"}) },
		func() error {
			return b.pinged.EmitFilter(func(to Target) bool {
				return to.Window == "other" && to.Origin == "https://other.page.sallyport.invalid" && to.Session == other.Session.ID()
			}, text{"some"})
		},
		func() error { return b.Emit("notes.pinged", text{"untyped"}) },
		func() error { return b.App.EmitTo("other", "notes.pinged", map[string]any{"text": "untyped to one"}) },
		func() error {
			return b.App.EmitFilter(func(to Target) bool { return to.Window == "main" }, "notes.pinged", text{"untyped to some"})
		},
		func() error { return emitFrom(t, main, "notes.pinged", "main", textOf("page")) },
		func() error { return b.pinged.Emit(text{"last"}) },
	} {
		if err := emit(); err != nil {
			t.Fatal(err)
		}
	}
	inMain.hears(t, "all", "one", "untyped", "untyped to some", "page", "last")
	inOther.hears(t, "all", "some", "untyped", "untyped to one", "last")
	for _, want := range []string{":all", ":untyped", ":last"} {
		if got := <-core; got != want {
			t.Errorf("the core heard %q, want %q", got, want)
		}
	}
	select {
	case got := <-core:
		t.Errorf("the core heard %q", got)
	default:
	}
}

func TestC5WhoSentAnEventIsTheSessionsToSay(t *testing.T) {
	b := newEventBench(t, nil, EventOptions{})
	c := b.connect(t, "main")
	heard := make(chan Received[schema.Value], 1)
	b.App.Listen("notes.changed", func(_ context.Context, r Received[schema.Value]) { heard <- r })
	self := listenTo(t, c, "notes.changed")
	if err := emitFrom(t, c, "notes.changed", "", textOf(`{"window":"","core":true}`)); err != nil {
		t.Fatal(err)
	}
	if a := self.next(t); a.Text != "main" || a.Number != 1 || a.Offset != 0 {
		t.Errorf("the page heard of window %q, number %d at %d", a.Text, a.Number, a.Offset)
	}
	if r := <-heard; r.Window != "main" || r.Origin != "https://main.page.sallyport.invalid" || r.Session != c.Session.ID() ||
		r.Event != "notes.changed" || r.Missed != 0 {
		t.Errorf("the core heard %+v", r)
	}
	if err := b.changed.Emit(text{"x"}); err != nil {
		t.Fatal(err)
	}
	if a := self.next(t); a.Text != "" || a.Number != 2 {
		t.Errorf("the core's event came from window %q, number %d", a.Text, a.Number)
	}
	if r := <-heard; r.Window != "" || r.Origin != "" || r.Session != "" {
		t.Errorf("the core heard itself as %+v", r)
	}
}

func TestC5AWindowHearsAndForgesNothingThatIsNotItsOwn(t *testing.T) {
	b := newEventBench(t, nil, EventOptions{})
	main, other := b.connect(t, "main"), b.connect(t, "other")
	inMain := listenTo(t, main, "notes.changed")
	inOther := listenTo(t, other, "notes.pinged")
	for _, test := range []struct {
		name string
		try  func() error
	}{
		{"a listen to another window's event", func() error { _, err := tryToListen(t, other, "notes.changed", true); return err }},
		{"an emit of another window's event", func() error { return emitFrom(t, other, "notes.changed", "", textOf("x")) }},
		{"an emit to a target that is not allowed", func() error { return emitFrom(t, main, "notes.pinged", "other", textOf("x")) }},
		{"an emit to all where one target is allowed", func() error { return emitFrom(t, main, "notes.pinged", "", textOf("x")) }},
		{"an emit of what may only be listened to", func() error { return emitFrom(t, other, "notes.pinged", "main", textOf("x")) }},
		{"a listen to what nobody may", func() error { _, err := tryToListen(t, main, "notes.secret", true); return err }},
		{"an emit of the core's prefix", func() error { return emitFrom(t, main, "sallyport:changed", "", textOf("x")) }},
		{"a listen to the core's prefix", func() error { _, err := tryToListen(t, main, "sallyport:changed", true); return err }},
		{"a call of the built-in emit", func() error { _, err := main.Call(patient(t), "sallyport:emit", textOf("x")); return err }},
		{"a call of the built-in listen", func() error { _, err := main.Call(patient(t), "sallyport:listen", []byte("{}")); return err }},
		{"a call of an event", func() error { _, err := main.Call(patient(t), "notes.changed", textOf("x")); return err }},
		{"an emit of a command", func() error { return emitFrom(t, main, "notes.echo", "", textOf("x")) }},
	} {
		if got := code(t, test.try()); got != CodeDenied {
			t.Errorf("%s: page got %q", test.name, got)
		}
	}
	for _, e := range []*EventOf[text]{b.changed, b.pinged, b.secret} {
		if err := e.Emit(text{"end"}); err != nil {
			t.Fatal(err)
		}
	}
	inMain.hears(t, "end")
	inOther.hears(t, "end")
}

// The capability that docs/events.md shows.
func TestTheGuidesCapabilityPermitsWhatTheGuideDoes(t *testing.T) {
	guide, err := os.ReadFile("testdata/events/changed.rego")
	if err != nil {
		t.Fatal(err)
	}
	b := newEventBench(t, func(c *Config) {
		files := eventFiles()
		files["capabilities/notes.rego"].Data = []byte(notesCapability)
		files["capabilities/changes.rego"] = &fstest.MapFile{Data: guide}
		c.Files = files
	}, EventOptions{})
	c := b.connect(t, "main")
	in := listenTo(t, c, "notes.changed")
	if err := emitFrom(t, c, "notes.changed", "", textOf("x")); err != nil {
		t.Error(err)
	}
	in.hears(t, "x")
	if got := code(t, emitFrom(t, c, "notes.pinged", "main", textOf("x"))); got != CodeDenied {
		t.Errorf("page got %q", got)
	}
}

func TestC1WhatAnEventCarriesIsHeldToItsSchema(t *testing.T) {
	b := newEventBench(t, func(c *Config) {
		files := eventFiles()
		files["schemas/notes.changed.event.json"] = &fstest.MapFile{Data: []byte(strings.Replace(textArgs, "2000000", "5", 1))}
		c.Files = files
	}, EventOptions{})
	c := b.connect(t, "main")
	in := listenTo(t, c, "notes.changed")
	for _, payload := range []string{`{"text":"too long"}`, `{}`, `null`, `{"text":"x","more":1}`, `{"text":"x","text":"y"}`, `{`, ``} {
		if got := code(t, emitFrom(t, c, "notes.changed", "", []byte(payload))); got != CodeInvalidArgs {
			t.Errorf("%s: page got %q", payload, got)
		}
	}
	err := b.changed.Emit(text{"too long"})
	if err == nil {
		t.Fatal("the core may emit what the schema refuses")
	}
	contains(t, err.Error(), `core: Emit of event "notes.changed"`, "schemas/notes.changed.event.json", "/text")
	if err := b.Emit("notes.changed", []int{1}); err == nil {
		t.Error("the core may emit a list")
	}
	if err := b.changed.Emit(text{"end"}); err != nil {
		t.Fatal(err)
	}
	in.hears(t, "end")
}

func TestEmitSaysWhatIsWrong(t *testing.T) {
	b := newEventBench(t, func(c *Config) { c.Limits.EventBytes = 100 }, EventOptions{})
	for _, test := range []struct {
		name string
		err  error
		want string
	}{
		{"an unknown window", b.changed.EmitTo("mian", text{}), `core: EmitTo of event "notes.changed": no window has the label "mian"; there are main, other`},
		{"no window", b.App.EmitTo("", "notes.changed", text{}), `no window has the label ""`},
		{"an event that is not declared", b.Emit("notes.chanegd", text{}), `no event "notes.chanegd" is declared`},
		{"the core's prefix", b.Emit("sallyport:x", text{}), `no event "sallyport:x" is declared`},
		{"a payload that is too large", b.changed.Emit(text{strings.Repeat("x", 200)}), "Limits.EventBytes"},
		{"an untyped one", b.Emit("notes.changed", text{strings.Repeat("x", 200)}), "Limits.EventBytes"},
		{"a payload that is no JSON", b.Emit("notes.changed", func() {}), "func"},
	} {
		if test.err == nil || !strings.Contains(test.err.Error(), test.want) {
			t.Errorf("%s: %v", test.name, test.err)
		}
	}
	if err := b.changed.EmitTo("other", text{"nobody listens there"}); err != nil {
		t.Error(err)
	}
}

func TestEmitIsForAnAppThatRuns(t *testing.T) {
	app, err := New(Config{Files: eventFiles(), Record: keeper{}, Log: logTo(new(logBuffer))})
	if err != nil {
		t.Fatal(err)
	}
	e := Event[text](app, "notes.changed")
	if err := e.Emit(text{"x"}); err == nil || !strings.Contains(err.Error(), "does not run yet") {
		t.Errorf("before the start: %v", err)
	}
	for _, name := range []string{"notes.echo", "notes.touch", "notes.wait", "notes.fail", "notes.secret"} {
		app.Handle(name, func(context.Context, *Request) (any, error) { return nil, nil })
	}
	if err := app.StartInProcess(); err != nil {
		t.Fatal(err)
	}
	if err := app.Shutdown(patient(t)); err != nil {
		t.Fatal(err)
	}
	if err := e.Emit(text{"x"}); err == nil || !strings.Contains(err.Error(), "shutting down") {
		t.Errorf("after the end: %v", err)
	}
}

func TestMistakesInDeclarationsPanic(t *testing.T) {
	b := newEventBench(t, nil, EventOptions{})
	app, err := New(Config{Files: eventFiles(), Record: keeper{}, Log: logTo(new(logBuffer))})
	if err != nil {
		t.Fatal(err)
	}
	e := Event[text](app, "notes.changed")
	for _, test := range []struct {
		name, want string
		do         func()
	}{
		{"a name with a colon", "can't name an event", func() { Event[text](app, "sallyport:changed") }},
		{"no name", "can't name an event", func() { app.Declare("", EventOptions{}) }},
		{"a name that is too long", "can't name an event", func() { app.Declare(strings.Repeat("x", 129), EventOptions{}) }},
		{"a name that is taken", "declared twice", func() { app.Declare("notes.changed", EventOptions{}) }},
		{"a rule that is none", "no overflow rule", func() { app.Declare("a", EventOptions{Overflow: 3}) }},
		{"options twice", "options twice", func() { Event[text](app, "a", EventOptions{}, EventOptions{}) }},
		{"a type without JSON", "event \"a\"", func() { Event[func()](app, "a") }},
		{"a declaration after the start", "after the app has started", func() { b.Declare("late", EventOptions{}) }},
		{"a listener to nothing", "no event \"a\" is declared", func() { app.Listen("a", func(context.Context, Received[schema.Value]) {}) }},
		{"a listener without a function", "has no function", func() { e.Listen(nil) }},
		{"an untyped one", "has no function", func() { app.Once("notes.changed", nil) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, test.want) {
					t.Errorf("panic: %s", got)
				}
			}()
			test.do()
		})
	}
	app.Declare(strings.Repeat("x", 128), EventOptions{Overflow: CloseListener})
	if got := app.Events(); len(got) != 2 || got[0] != "notes.changed" || e.Name() != got[0] {
		t.Errorf("declared are %q", got)
	}
}

func TestAnEventsSchemaAndItsTypeBelongTogether(t *testing.T) {
	for _, test := range []struct {
		name    string
		file    string
		declare func(*App)
		want    string
	}{
		{"an untyped event without a file", "", func(a *App) { a.Declare("notes.changed", EventOptions{}) },
			`event "notes.changed" has no schema; expected it in schemas/notes.changed.event.json`},
		{"a type that takes anything", "", func(a *App) { Event[any](a, "notes.changed") },
			`event "notes.changed" has no schema, and interface {} is any value; expected one in schemas/notes.changed.event.json`},
		{"a file that contradicts the type", `{"type":"object","properties":{"text":{"type":"integer"}},"required":["text"],"additionalProperties":false}`,
			func(a *App) { Event[text](a, "notes.changed") }, `event "notes.changed": schemas/notes.changed.event.json:1 does not fit the Go type core.text`},
		{"a file for no event beside one that a type stands for", textArgs, func(a *App) { Event[text](a, "notes.chnaged") },
			`schemas/notes.changed.event.json is for an event that is not declared`},
		{"a file alone", textArgs, func(a *App) { a.Declare("notes.changed", EventOptions{}) }, ""},
		{"a type alone", "", func(a *App) { Event[text](a, "notes.changed") }, ""},
		{"both", textArgs, func(a *App) { Event[text](a, "notes.changed") }, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := testFiles()
			if test.file != "" {
				files["schemas/notes.changed.event.json"] = &fstest.MapFile{Data: []byte(test.file)}
			}
			app, err := New(Config{Files: files, Record: keeper{}, Log: logTo(new(logBuffer))})
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"notes.echo", "notes.touch", "notes.wait", "notes.fail", "notes.secret"} {
				app.Handle(name, func(context.Context, *Request) (any, error) { return nil, nil })
			}
			test.declare(app)
			err = app.StartInProcess()
			if test.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				if err := app.Shutdown(patient(t)); err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestListenersOfTheCore(t *testing.T) {
	b := newEventBench(t, nil, EventOptions{})
	var mu sync.Mutex
	var heard []string
	note := func(who string) func(context.Context, Received[text]) {
		return func(_ context.Context, r Received[text]) {
			mu.Lock()
			defer mu.Unlock()
			heard = append(heard, who+r.Payload.Text)
		}
	}
	always := b.changed.Listen(note("a"))
	b.changed.Once(note("o"))
	b.changed.Listen(func(context.Context, Received[text]) { panic("zebra") })
	for i := range 3 {
		if err := b.changed.Emit(text{fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	count := func() int { mu.Lock(); defer mu.Unlock(); return len(heard) }
	await(t, "four events", func() bool { return count() == 4 })
	always.Unlisten()
	b.Unlisten(always)
	Listener{}.Unlisten()
	done := make(chan bool)
	b.changed.Once(func(context.Context, Received[text]) { close(done) })
	if err := b.changed.Emit(text{"end"}); err != nil {
		t.Fatal(err)
	}
	<-done
	if got := strings.Join(heard, " "); count() != 4 || strings.Count(got, "o0") != 1 || !strings.Contains(strings.ReplaceAll(got, "o0", ""), "a0") {
		t.Errorf("heard %v", heard)
	}
	await(t, "the panics in the log", func() bool { return strings.Count(b.log.String(), "panic of a listener") == 4 })
	lacks(t, b.log.String(), "zebra")
	if n := len(b.changed.event.hearers); n != 1 {
		t.Errorf("%d listeners are left", n)
	}
}

// A listener that exits its goroutine is called again for the next event.
func TestAListenerThatExitsItsGoroutineGoesOn(t *testing.T) {
	b := newEventBench(t, nil, EventOptions{})
	heard := make(chan string, 8)
	b.changed.Listen(func(_ context.Context, r Received[text]) {
		heard <- r.Payload.Text
		runtime.Goexit()
	})
	for _, want := range []string{"a", "b", "c"} {
		if err := b.changed.Emit(text{want}); err != nil {
			t.Fatal(err)
		}
		if got := <-heard; got != want {
			t.Errorf("heard %q, want %q", got, want)
		}
	}
}

func TestShutdownEndsListenersOfTheCore(t *testing.T) {
	b := newEventBench(t, nil, EventOptions{})
	began, ended := make(chan bool), make(chan bool)
	b.changed.Listen(func(ctx context.Context, _ Received[text]) {
		close(began)
		<-ctx.Done()
		close(ended)
	})
	for range 3 {
		if err := b.changed.Emit(text{"x"}); err != nil {
			t.Fatal(err)
		}
	}
	<-began
	if err := b.Shutdown(patient(t)); err != nil {
		t.Error(err)
	}
	select {
	case <-ended:
	default:
		t.Error("Shutdown did not wait for a listener that ends")
	}
}
