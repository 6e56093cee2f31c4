package core

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/schema"
)

// Whatever a page tries with an event that it may not have, it looks like none.
func TestC7AForbiddenEventAnswersAsOneThatIsNotDeclared(t *testing.T) {
	rule := func(text string) string { return eventsCapability + text }
	for _, test := range []struct{ name, capability string }{
		{"nothing allows it", eventsCapability},
		{"a rule denies it", rule("\nallow if input.event == \"notes.secret\"\ndeny contains \"never\" if input.event == \"notes.secret\"\n")},
		{"a rule asks", rule("\nask contains \"Really?\" if input.event == \"notes.secret\"\n")},
		{"a rule limits it", rule("\nlimit contains {\"calls_per_second\": 0.001, \"bytes\": 20, \"concurrency\": 1} if input.event == \"notes.secret\"\n")},
		{"a rule denies some payloads and none allows others", rule("\ndeny contains \"no\" if {\n\tinput.command == \"sallyport:emit\"\n\tinput.event == \"notes.secret\"\n\tinput.args.text == \"x\"\n}\n")},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newEventBench(t, func(c *Config) {
				files := eventFiles()
				files["capabilities/notes.rego"].Data = []byte(test.capability)
				c.Files = files
				c.Limits.EventBytes = 100
			}, EventOptions{})
			c := b.connect(t, "main")
			for _, payload := range []string{`{"text":"x"}`, `null`, `{"text":"` + strings.Repeat("x", 200) + `"}`, `[[[[1]]]]`, `{`, ``} {
				for _, target := range []string{"", "main", "nowhere"} {
					denied := code(t, emitFrom(t, c, "notes.secret", target, []byte(payload)))
					unknown := code(t, emitFrom(t, c, "notes.nothing", target, []byte(payload)))
					if denied != unknown || denied == "" {
						t.Errorf("%.20s to %q: page got %q of a forbidden event, %q of none", payload, target, denied, unknown)
					}
				}
			}
			_, denied := tryToListen(t, c, "notes.secret", true)
			_, unknown := tryToListen(t, c, "notes.nothing", true)
			if denied, unknown := code(t, denied), code(t, unknown); denied != CodeDenied || unknown != CodeDenied {
				t.Errorf("listen: page got %q of a forbidden event, %q of none", denied, unknown)
			}
			for _, r := range b.record.Records() {
				if r.Event != "" && r.Event != "notes.secret" {
					t.Errorf("the page's text is on record: %+v", r)
				}
				if r.Target != "" && r.Target != "main" {
					t.Errorf("the page's target is on record: %+v", r)
				}
			}
		})
	}
}

// Large payloads make what is done with them seen: a page compares the quickest
// of many.
func TestAForbiddenEventTakesAsLongAsNone(t *testing.T) {
	b := newEventBench(t, func(c *Config) {
		c.Limits.CallsPerSecond, c.Limits.Burst, c.Limits.EventBytes = 1e6, 1e6, 1<<20
	}, EventOptions{})
	c := b.connect(t, "main")
	payload := textOf(strings.Repeat("a", 1_000_000))
	least := map[string]time.Duration{"notes.secret": time.Hour, "notes.unknown": time.Hour}
	for i := range 400 { // on a busy machine it takes more of them
		for event := range least {
			began := time.Now()
			if got := code(t, emitFrom(t, c, event, "", payload)); got != CodeDenied {
				t.Fatalf("page got %q", got)
			}
			least[event] = min(least[event], time.Since(began))
		}
		if i >= 30 && float64(least["notes.secret"]) < 1.2*float64(least["notes.unknown"]) {
			return
		}
	}
	t.Errorf("took %v", least)
}

// A page is not told which windows there are, nor who listens.
func TestC8AnEmitToAWindowThatIsNotThereLooksLikeOneThatNobodyHears(t *testing.T) {
	b := newEventBench(t, func(c *Config) {
		files := eventFiles()
		files["capabilities/notes.rego"].Data = []byte(strings.ReplaceAll(eventsCapability, `	input.target == "main"`+"\n", ""))
		c.Files = files
	}, EventOptions{})
	c := b.connect(t, "main")
	for _, target := range []string{"other", "nowhere", strings.Repeat("x", 128), "<b>"} {
		if err := emitFrom(t, c, "notes.pinged", target, textOf("x")); err != nil {
			t.Errorf("to %q: %v", target, err)
		}
	}
	for _, r := range b.record.Records() {
		if r.Command != "sallyport:emit" || r.Event != "notes.pinged" || r.Target != "" && r.Target != "other" {
			t.Errorf("recorded %+v", r)
		}
	}
}

func TestC10EachEmitAndListenOfAPageIsOnRecord(t *testing.T) {
	b := newEventBench(t, nil, EventOptions{})
	c := b.connect(t, "main")
	ear := listenTo(t, c, "notes.changed")
	if err := emitFrom(t, c, "notes.changed", "", textOf("x")); err != nil {
		t.Fatal(err)
	}
	if err := emitFrom(t, c, "notes.pinged", "main", textOf("x")); err != nil {
		t.Fatal(err)
	}
	ear.unlisten(t)
	if err := b.changed.Emit(text{"the core's is not"}); err != nil {
		t.Fatal(err)
	}
	want := []audits.Record{
		{Verdict: audits.VerdictAllow, Kind: audits.KindDecision, Command: "sallyport:listen", Event: "notes.changed"},
		{Verdict: audits.VerdictDone, Kind: audits.KindOutcome, Command: "sallyport:listen", Event: "notes.changed"},
		{Verdict: audits.VerdictAllow, Kind: audits.KindDecision, Command: "sallyport:emit", Event: "notes.changed"},
		{Verdict: audits.VerdictDone, Kind: audits.KindOutcome, Command: "sallyport:emit", Event: "notes.changed"},
		{Verdict: audits.VerdictAllow, Kind: audits.KindDecision, Command: "sallyport:emit", Event: "notes.pinged", Target: "main"},
		{Verdict: audits.VerdictDone, Kind: audits.KindOutcome, Command: "sallyport:emit", Event: "notes.pinged", Target: "main"},
	}
	records := b.record.Records()
	if len(records) != len(want) {
		t.Fatalf("%d records, want %d: %+v", len(records), len(want), records)
	}
	for i, w := range want {
		r := records[i]
		if r.Verdict != w.Verdict || r.Kind != w.Kind || r.Command != w.Command || r.Event != w.Event || r.Target != w.Target ||
			r.Window != "main" || r.ArgsMAC == "" {
			t.Errorf("record %d is %+v, want %+v", i, r, w)
		}
	}
}

func TestC10NoEventIsHeardThatCouldNotBeRecorded(t *testing.T) {
	full := false
	b := newEventBench(t, func(c *Config) {
		c.Record = keeper{decide: func(r *audits.Record) error {
			if full {
				return fmt.Errorf("the disk is full")
			}
			return nil
		}}
	}, EventOptions{})
	c := b.connect(t, "main")
	ear := listenTo(t, c, "notes.changed")
	full = true
	if got := code(t, emitFrom(t, c, "notes.changed", "", textOf("x"))); got != CodeUnavailable {
		t.Errorf("emit: page got %q", got)
	}
	if _, err := tryToListen(t, c, "notes.changed", true); code(t, err) != CodeUnavailable {
		t.Errorf("listen: page got %v", err)
	}
	if err := b.changed.Emit(text{"end"}); err != nil {
		t.Fatal(err)
	}
	ear.hears(t, "end")
	if n := len(b.changed.event.pages); n != 1 {
		t.Errorf("%d pages listen", n)
	}
}

func (b *eventBench) feedOf(t testing.TB, c *peer.Client) *feed {
	t.Helper()
	value, ok := b.sessions.Load(c.Session)
	if !ok {
		t.Fatal("no such session")
	}
	return &value.(*session).feed
}

func TestAPageThatUnlistensHearsNoMore(t *testing.T) {
	b := newEventBench(t, nil, EventOptions{})
	c := b.connect(t, "main")
	gone, stays := listenTo(t, c, "notes.changed"), listenTo(t, c, "notes.changed")
	if err := b.changed.Emit(text{"a"}); err != nil {
		t.Fatal(err)
	}
	gone.hears(t, "a")
	stays.hears(t, "a")
	gone.unlisten(t)
	if err := b.changed.Emit(text{"b"}); err != nil {
		t.Fatal(err)
	}
	stays.hears(t, "b")
	gone.heardNothing(t)
	if n, m := len(b.changed.event.pages), len(b.feedOf(t, c).listeners); n != 1 || m != 1 {
		t.Errorf("%d listeners, %d of the session", n, m)
	}
	gone.unlisten(t) // once more: nothing
	if err := b.changed.Emit(text{"c"}); err != nil {
		t.Fatal(err)
	}
	stays.hears(t, "c")
}

func TestTheEndOfASessionFreesItsListeners(t *testing.T) {
	b := newEventBench(t, nil, EventOptions{})
	c := b.connect(t, "main")
	stays := b.connect(t, "main")
	f := b.feedOf(t, c)
	for range 10 {
		listenTo(t, c, "notes.changed")
		listenTo(t, c, "notes.pinged")
	}
	ear := listenTo(t, stays, "notes.changed")
	c.Session.End(isolation.EndBye)
	await(t, "the listeners gone", func() bool {
		b.changed.event.mu.RLock()
		defer b.changed.event.mu.RUnlock()
		return len(b.changed.event.pages) == 1 && len(b.pinged.event.pages) == 0
	})
	if err := b.changed.Emit(text{"x"}); err != nil {
		t.Fatal(err)
	}
	ear.hears(t, "x")
	if f.listeners != nil || f.ready != nil || !f.over {
		t.Errorf("left: %+v", f)
	}
}

func TestC9ListenersAreBounded(t *testing.T) {
	b := newEventBench(t, func(c *Config) { c.Limits.Listeners = 3 }, EventOptions{})
	c := b.connect(t, "main")
	var ears []*ear
	for range 3 {
		ears = append(ears, listenTo(t, c, "notes.changed"))
	}
	for _, event := range []string{"notes.changed", "notes.secret", "notes.nothing"} {
		if _, err := tryToListen(t, c, event, true); code(t, err) != CodeBusy {
			t.Errorf("%s: page got %v", event, err)
		}
	}
	ears[0].unlisten(t)
	for range 5 { // a listen that is refused keeps no place
		if _, err := tryToListen(t, c, "notes.secret", true); code(t, err) != CodeDenied {
			t.Errorf("page got %v", err)
		}
	}
	listenTo(t, c, "notes.changed")
	if _, err := tryToListen(t, c, "notes.changed", true); code(t, err) != CodeBusy {
		t.Errorf("page got %v", err)
	}
	if f := b.feedOf(t, c); f.seats != 0 || len(f.listeners) != 3 {
		t.Errorf("%d places are kept beside %d listeners", f.seats, len(f.listeners))
	}
}

func TestC9EmitsCountAsCallsDo(t *testing.T) {
	b := newEventBench(t, func(c *Config) { c.Limits.CallsPerSecond, c.Limits.Burst, c.Limits.EventBytes = 0.001, 5, 100 }, EventOptions{})
	c := b.connect(t, "main")
	if got := code(t, emitFrom(t, c, "notes.changed", "", textOf(strings.Repeat("x", 200)))); got != CodeTooLarge {
		t.Errorf("page got %q", got)
	}
	for range 4 {
		if err := emitFrom(t, c, "notes.changed", "", textOf("x")); err != nil {
			t.Fatal(err)
		}
	}
	if got := code(t, emitFrom(t, c, "notes.changed", "", textOf("x"))); got != CodeRateLimited {
		t.Errorf("page got %q", got)
	}
	if _, err := tryToListen(t, c, "notes.changed", true); code(t, err) != CodeRateLimited {
		t.Errorf("page got %v", err)
	}
}

// What fits no frame, or not behind what may wait, is said at the start, and a
// small frame makes the default smaller.
func TestC9AnEventThatFitsItsLimitFitsAFrame(t *testing.T) {
	for _, boundary := range []isolation.Limits{{MaxFrame: 2000}, {MaxPending: 2000}} {
		_, err := New(Config{Files: eventFiles(), Record: keeper{}, Boundary: boundary, Limits: Limits{EventBytes: 1 << 20}})
		if err == nil || !strings.Contains(err.Error(), "Limits.EventBytes is 1048576") {
			t.Errorf("%+v: %v", boundary, err)
		}
		b := newEventBench(t, func(c *Config) { c.Boundary = boundary }, EventOptions{})
		in := listenTo(t, b.connect(t, "main"), "notes.changed")
		for _, size := range []int{b.limits.EventBytes + 1, b.limits.EventBytes} {
			err := b.changed.Emit(text{strings.Repeat("x", size-len(`{"text":""}`))})
			if (err != nil) != (size > b.limits.EventBytes) {
				t.Errorf("%d bytes: %v", size, err)
			}
		}
		if a := in.next(t); len(a.JSON) != b.limits.EventBytes {
			t.Errorf("an event of %d bytes came", len(a.JSON))
		}
	}
}

func TestC9ThePolicysLimitsAreThoseOfEachEvent(t *testing.T) {
	b := newEventBench(t, func(c *Config) {
		files := eventFiles()
		files["capabilities/notes.rego"].Data = []byte(eventsCapability + "\nlimit contains {\"calls_per_second\": 0.001, \"burst\": 2} if {\n\tinput.command == \"sallyport:emit\"\n\tinput.event == \"notes.changed\"\n}\n")
		c.Files = files
	}, EventOptions{})
	c := b.connect(t, "main")
	for i := range 3 {
		if got := code(t, emitFrom(t, c, "notes.changed", "", textOf("x"))); (got == CodeRateLimited) != (i == 2) {
			t.Errorf("emit %d: page got %q", i, got)
		}
		if err := emitFrom(t, c, "notes.pinged", "main", textOf("x")); err != nil {
			t.Errorf("another event: %v", err)
		}
	}
}

// A rule that looks at a payload which the schema does not guarantee would not hold.
func TestADenyThatReadsAPayloadNeedsItInTheSchema(t *testing.T) {
	files := eventFiles()
	files["capabilities/notes.rego"].Data = []byte(eventsCapability + "\ndeny contains \"no\" if {\n\tinput.command == \"sallyport:emit\"\n\tinput.event == \"notes.changed\"\n\tinput.args.path == \"x\"\n}\n")
	app, err := New(Config{Files: files, Record: keeper{}, Log: logTo(new(logBuffer))})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"notes.echo", "notes.touch", "notes.wait", "notes.fail", "notes.secret"} {
		app.Handle(name, func(context.Context, *Request) (any, error) { return nil, nil })
	}
	Event[text](app, "notes.changed")
	if err := app.StartInProcess(); err == nil || !strings.Contains(err.Error(), "reads input.args.path, which the schema of core.text (event of notes.changed) does not guarantee") {
		t.Errorf("got %v", err)
	}
}

// Of events that come faster than a page gives credit, it gets what the rule
// says, in order, each at most once, and sees what it has missed.
func TestC9ASlowPageGetsWhatTheOverflowRuleLeaves(t *testing.T) {
	const queue, emits = 8, 1000
	for _, test := range []struct {
		name string
		rule Overflow
	}{{"the latest", DropOldest}, {"the first", DropNewest}, {"the end", CloseListener}} {
		t.Run(test.name, func(t *testing.T) {
			b := newEventBench(t, func(c *Config) { c.Limits.EventQueue = queue }, EventOptions{Overflow: test.rule})
			c := b.connect(t, "main")
			in, err := tryToListen(t, c, "notes.changed", false)
			if err != nil {
				t.Fatal(err)
			}
			payload := strings.Repeat("x", 4<<10)
			for i := range emits {
				if err := b.changed.Emit(text{fmt.Sprintf("%04d%s", i, payload)}); err != nil {
					t.Fatal(err)
				}
				if i < 64 { // the window is used up in order before anything overflows
					if a := in.next(t); textIn(t, a)[:4] != fmt.Sprintf("%04d", i) || a.Number != uint64(i+1) {
						t.Fatalf("event %d is %s, number %d", i, textIn(t, a)[:4], a.Number)
					}
				}
			}
			f := b.feedOf(t, c)
			f.mu.Lock()
			l := f.listeners[in.id]
			var offset uint64
			if l != nil {
				offset = l.offset
			}
			f.mu.Unlock()
			if test.rule == CloseListener {
				if a := in.next(t); a.Kind != peer.End || a.Offset < isolation.EventWindow {
					t.Fatalf("item of kind %d at %d", a.Kind, a.Offset)
				}
				if n := len(b.feedOf(t, c).listeners); n != 0 {
					t.Errorf("%d listeners are left", n)
				}
				return
			}
			if offset < isolation.EventWindow || offset > isolation.EventWindow+5<<10 {
				t.Errorf("%d bytes went out with credit for %d", offset, isolation.EventWindow)
			}
			sent := offset / (offset / 64)
			if err := c.Send(peer.AppendCredit(nil, in.id, 1<<40)); err != nil {
				t.Fatal(err)
			}
			first := uint64(emits - queue + 1)
			if test.rule == DropNewest {
				first = sent + 1
			}
			for n := first; n < first+queue; n++ {
				if a := in.next(t); a.Number != n || textIn(t, a)[:4] != fmt.Sprintf("%04d", n-1) {
					t.Fatalf("number %d is %s, want %d", a.Number, textIn(t, a)[:4], n)
				}
			}
			if err := b.changed.Emit(text{"end"}); err != nil {
				t.Fatal(err)
			}
			if a := in.next(t); a.Number != emits+1 || textIn(t, a) != "end" {
				t.Errorf("number %d is %q", a.Number, textIn(t, a))
			}
		})
	}
}

// Offsets count what was sent, each item as it stands in its batch.
func TestOffsetsCountTheItems(t *testing.T) {
	b := newEventBench(t, nil, EventOptions{})
	c := b.connect(t, "main")
	in := listenTo(t, c, "notes.changed")
	var offset uint64
	for i := range 300 {
		emit := func() error { return b.changed.Emit(text{strings.Repeat("y", i)}) }
		if i%2 == 0 {
			emit = func() error { return emitFrom(t, c, "notes.changed", "", textOf(strings.Repeat("y", i))) }
		}
		if err := emit(); err != nil {
			t.Fatal(err)
		}
		a := in.next(t)
		if a.Offset != offset || a.Number != uint64(i+1) {
			t.Fatalf("event %d: number %d at %d, want %d", i, a.Number, a.Offset, offset)
		}
		offset += uint64(a.Size)
	}
}

// A page that does not read at all: neither Emit nor memory minds.
func TestC9AMillionEventsToAStalledPageLeaveMemoryFlat(t *testing.T) {
	emits := 1_000_000
	if testing.Short() {
		emits = 100_000
	}
	b := newEventBench(t, func(c *Config) { c.Record, c.Log = keeper{}, slog.New(slog.DiscardHandler) }, EventOptions{})
	c := b.connect(t, "main")
	in, err := tryToListen(t, c, "notes.changed", false)
	if err != nil {
		t.Fatal(err)
	}
	payload := text{strings.Repeat("x", 100)}
	fill := func(n int) {
		for range n {
			if err := b.changed.Emit(payload); err != nil {
				t.Fatal(err)
			}
		}
	}
	fill(20_000) // the window is used up, and the queue is full
	before := heapInUse()
	fill(emits)
	grown := heapInUse() - before
	t.Logf("%d KiB grown over %d events", grown>>10, emits)
	if grown > 1<<20 {
		t.Errorf("%d KiB are kept of %d events", grown>>10, emits)
	}
	f := b.feedOf(t, c)
	f.mu.Lock()
	defer f.mu.Unlock()
	if l := f.listeners[in.id]; l.waiting.n != b.limits.EventQueue || l.waiting.number != uint64(emits+20_000) {
		t.Errorf("%d wait of %d", l.waiting.n, l.waiting.number)
	}
	runtime.KeepAlive(c)
}

// Batches that are full come round to each listener, and lose nobody's turn.
func TestListenersTakeTurns(t *testing.T) {
	f := &feed{session: &session{app: &App{limits: DefaultLimits(), feeding: newWork()}}, pumping: true}
	e := &event{app: f.session.app, name: "x"}
	for id := range uint32(3) {
		l := &listener{event: e, id: id + 1, place: -1, answered: true}
		f.seats++
		if !f.enter(l) {
			t.Fatal("there is no seat")
		}
		for range 3 {
			l.hear(&message{event: e, body: make([]byte, batchBytes*2/5)})
		}
	}
	var ids []byte
	for {
		plain, items, _ := f.next()
		if items == 0 {
			break
		}
		if len(plain) > batchBytes {
			t.Errorf("a batch has %d bytes", len(plain))
		}
		for at := 0; at < len(plain); at += eventStart + batchBytes*2/5 {
			ids = append(ids, '0'+plain[at+4])
		}
		ids = append(ids, ' ')
	}
	if got := string(ids); got != "11 22 33 12 3 " {
		t.Errorf("the batches are for %q", got)
	}
	if f.pumping || len(f.ready) > 0 {
		t.Error("the pump goes on")
	}
}

// One page's stall is nobody else's.
func TestC9AStalledListenerDoesNotDelayAnother(t *testing.T) {
	b := newEventBench(t, nil, EventOptions{})
	c := b.connect(t, "main")
	if _, err := tryToListen(t, c, "notes.changed", false); err != nil {
		t.Fatal(err)
	}
	good, elsewhere := listenTo(t, c, "notes.changed"), listenTo(t, b.connect(t, "main"), "notes.changed")
	payload := strings.Repeat("x", 1000)
	for i := range 2000 {
		want := fmt.Sprint(i) + payload
		if err := b.changed.Emit(text{want}); err != nil {
			t.Fatal(err)
		}
		good.hears(t, want)
		elsewhere.hears(t, want)
	}
}

// Whatever comes at once: each listener gets each number at most once, and in order.
func TestEventsOfManySendersAreInOrderForEachListener(t *testing.T) {
	const senders, each = 8, 500
	b := newEventBench(t, func(c *Config) { c.Limits.EventQueue = 64 }, EventOptions{})
	c := b.connect(t, "main")
	in := listenTo(t, c, "notes.changed")
	var all sync.WaitGroup
	for i := range senders {
		all.Go(func() {
			for n := range each {
				if err := b.changed.Emit(text{fmt.Sprintf("%d:%d", i, n)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	last, of, heard := uint64(0), map[string]int{}, 0
	for last < senders*each {
		a := in.next(t)
		if a.Number <= last {
			t.Fatalf("number %d after %d", a.Number, last)
		}
		last = a.Number
		var sender string
		var n int
		if _, err := fmt.Sscanf(strings.Replace(textIn(t, a), ":", " ", 1), "%s %d", &sender, &n); err != nil {
			t.Fatal(err)
		}
		if before, ok := of[sender]; ok && n <= before {
			t.Fatalf("event %d of sender %s after its %d", n, sender, before)
		}
		of[sender] = n
		heard++
	}
	all.Wait()
	t.Logf("%d of %d heard", heard, senders*each)
}

// Capabilities that permit a listen no more end it, and those that still do don't.
func TestC1AReloadEndsListensThatItDoesNotPermit(t *testing.T) {
	b := newEventBench(t, nil, EventOptions{})
	c := b.connect(t, "main")
	ends, stays := listenTo(t, c, "notes.changed"), listenTo(t, c, "notes.pinged")
	if err := b.changed.Emit(text{"a"}); err != nil {
		t.Fatal(err)
	}
	a := ends.next(t)
	narrower := strings.Replace(eventsCapability, `input.event == "notes.changed"`, `input.event == "notes.other"`, 1)
	if err := b.Reload(fstest.MapFS{"notes.rego": {Data: []byte(narrower)}}); err != nil {
		t.Fatal(err)
	}
	if end := ends.next(t); end.Kind != peer.End || end.Offset != uint64(a.Size) {
		t.Fatalf("item of kind %d at %d", end.Kind, end.Offset)
	}
	for _, e := range []*EventOf[text]{b.changed, b.pinged} {
		if err := e.Emit(text{"b"}); err != nil {
			t.Fatal(err)
		}
	}
	stays.hears(t, "b")
	ends.heardNothing(t)
	if n, m := len(b.changed.event.pages), len(b.pinged.event.pages); n != 0 || m != 1 {
		t.Errorf("%d and %d pages listen", n, m)
	}
	r := b.find(t, func(r audits.Record) bool { return r.Verdict == audits.VerdictDeny })
	if r.Command != "sallyport:listen" || r.Event != "notes.changed" || !strings.Contains(r.Reason, "the page listens no more, the capabilities were reloaded") {
		t.Errorf("recorded %+v", r)
	}
	if _, err := tryToListen(t, c, "notes.changed", true); code(t, err) != CodeDenied {
		t.Errorf("page got %v", err)
	}
}

// The decision falls under rules that a reload replaces before the page listens.
func TestC1AListenThatAReloadOvertakesIsJudgedByTheNewRules(t *testing.T) {
	var b *eventBench
	var once sync.Once
	narrower := strings.Replace(eventsCapability, `input.event == "notes.changed"`, `input.event == "notes.other"`, 1)
	record := keeper{decide: func(r *audits.Record) (err error) {
		if r.Command == "sallyport:listen" && r.Verdict == audits.VerdictAllow {
			once.Do(func() { err = b.Reload(fstest.MapFS{"notes.rego": {Data: []byte(narrower)}}) })
		}
		return err
	}}
	b = newEventBench(t, func(c *Config) { c.Record = record }, EventOptions{})
	c := b.connect(t, "main")
	in := listenTo(t, c, "notes.changed")
	if end := in.next(t); end.Kind != peer.End || end.Offset != 0 {
		t.Errorf("item of kind %d at %d", end.Kind, end.Offset)
	}
}

func TestC1AListenEndsWithItsGrant(t *testing.T) {
	b := newEventBench(t, nil, EventOptions{})
	c := b.connect(t, "main")
	g := &grant{Grant: Grant{ID: "g-test", Commands: []string{"sallyport:listen"}}, windows: map[string]bool{"main": true}}
	if !b.grants.add(b.App, g) {
		t.Fatal("no grant")
	}
	in := listenTo(t, c, "notes.secret")
	if err := b.secret.Emit(text{"a"}); err != nil {
		t.Fatal(err)
	}
	in.hears(t, "a")
	if err := b.Revoke(g.ID); err != nil {
		t.Fatal(err)
	}
	if end := in.next(t); end.Kind != peer.End {
		t.Errorf("item of kind %d", end.Kind)
	}
}

// A question that was answered for a listen is not put again by a reload, which
// ends it: the rule may ask something else.
func TestC7AListenThatAQuestionWasAnsweredForEndsWithTheRules(t *testing.T) {
	asking := eventsCapability + "\nask contains \"Listen?\" if {\n\tinput.command == \"sallyport:listen\"\n\tinput.event == \"notes.secret\"\n}\n"
	var asked atomic.Int32
	b := newEventBench(t, func(c *Config) {
		files := eventFiles()
		files["capabilities/notes.rego"].Data = []byte(asking)
		c.Files = files
		c.Prompter = prompter(func(context.Context, Question) (Answer, error) { asked.Add(1); return AnswerOnce, nil })
	}, EventOptions{})
	c := b.connect(t, "main")
	in := listenTo(t, c, "notes.secret")
	id, err := b.Grant(Grant{Windows: []string{"main"}, Commands: []string{"notes.touch"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Revoke(id); err != nil { // reauthorizes; the rules are the same
		t.Fatal(err)
	}
	if err := b.secret.Emit(text{"a"}); err != nil {
		t.Fatal(err)
	}
	in.hears(t, "a")
	if err := b.Reload(fstest.MapFS{"notes.rego": {Data: []byte(asking + "\n# other\n")}}); err != nil {
		t.Fatal(err)
	}
	if end := in.next(t); end.Kind != peer.End || asked.Load() != 1 {
		t.Errorf("item of kind %d; the user was asked %d times", end.Kind, asked.Load())
	}
}

// A cancel that comes while a listen is under way leaves no listener behind.
func TestACancelledListenLeavesNothing(t *testing.T) {
	for _, test := range []struct {
		name string
		at   string // the command of the record at which it is cancelled
	}{{"at its decision", audits.VerdictAllow}, {"at its outcome", audits.VerdictDone}} {
		t.Run(test.name, func(t *testing.T) {
			var c *peer.Client
			var id atomic.Uint32
			cancelNow := func(r *audits.Record) error {
				if r.Command == "sallyport:listen" && r.Verdict == test.at {
					return c.Send(peer.AppendCancel(nil, id.Load()))
				}
				return nil
			}
			b := newEventBench(t, func(c *Config) { c.Record = keeper{decide: cancelNow, outcome: cancelNow} }, EventOptions{})
			c = b.connect(t, "main")
			id.Store(1)
			_, answer, err := c.Request(func(id uint32) []byte {
				return append(peer.AppendListen(nil, id, "notes.changed"), peer.AppendCall(nil, id+1, 0, "notes.none", []byte("null"))...)
			}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Await(patient(t), answer); code(t, err) != CodeCancelled {
				t.Errorf("page got %v", err)
			}
			await(t, "nothing under way", func() bool { return b.Stats().UnderWay == 0 })
			if n, f := len(b.changed.event.pages), b.feedOf(t, c); n != 0 || len(f.listeners) != 0 || f.seats != 0 {
				t.Errorf("%d pages listen, %d listeners, %d places", n, len(f.listeners), f.seats)
			}
		})
	}
}

// Its end may come between its place in the session and that at the event.
func TestAListenerThatEndsAsItBeginsLeavesNothing(t *testing.T) {
	app := &App{limits: DefaultLimits(), feeding: newWork()}
	e := &event{app: app, name: "x"}
	for name, end := range map[string]func(*feed){"unlisten": func(f *feed) { f.drop(1) }, "the session's end": (*feed).end} {
		f := &feed{session: &session{app: app}, seats: 1}
		l := &listener{event: e, id: 1, place: -1}
		f.add(l)
		end(f)
		f.reach(l)
		if len(e.pages) > 0 {
			t.Errorf("%s: the event still reaches it", name)
		}
	}
}

// A page that was told of its deadline does not listen.
func TestAListenThatIsTooLateLeavesNothing(t *testing.T) {
	b := newEventBench(t, func(c *Config) {
		c.Limits.Deadline = 50 * time.Millisecond
		c.Record = keeper{outcome: func(*audits.Record) error { time.Sleep(200 * time.Millisecond); return nil }}
	}, EventOptions{})
	c := b.connect(t, "main")
	if _, err := tryToListen(t, c, "notes.changed", true); code(t, err) != CodeTimeout {
		t.Errorf("page got %v", err)
	}
	await(t, "nothing under way", func() bool { return b.Stats().UnderWay == 0 })
	if n, f := len(b.changed.event.pages), b.feedOf(t, c); n != 0 || len(f.listeners) != 0 || f.seats != 0 {
		t.Errorf("%d pages listen, %d listeners, %d places", n, len(f.listeners), f.seats)
	}
}

// A frame knows of no listen that was not answered.
func TestNoEventComesBeforeTheListensAnswer(t *testing.T) {
	var b *eventBench
	b = newEventBench(t, func(c *Config) {
		c.Record = keeper{outcome: func(*audits.Record) error {
			for i := range 3 {
				if err := b.changed.Emit(text{fmt.Sprint(i)}); err != nil {
					return err
				}
			}
			time.Sleep(20 * time.Millisecond) // time enough for them to come too early
			return nil
		}}
	}, EventOptions{})
	p, session, answers := b.shakeHands(t)
	session.Deliver(p.Seal(isolation.TypeBatch, peer.AppendListen(nil, 1, "notes.changed")))
	for i, want := range []byte{peer.Result, peer.Event, peer.Event, peer.Event} {
		if a := <-answers; a.Kind != want || a.ID != 1 {
			t.Errorf("item %d is of kind %d, want %d", i, a.Kind, want)
		}
	}
}

// The page's credit can't be taken back, and none is given to what is not there.
func TestCreditOnlyRises(t *testing.T) {
	b := newEventBench(t, nil, EventOptions{})
	c := b.connect(t, "main")
	in := listenTo(t, c, "notes.changed")
	if err := c.Send(append(peer.AppendCredit(nil, in.id, 1<<30), peer.AppendCredit(nil, in.id, 5)...)); err != nil {
		t.Fatal(err)
	}
	f := b.feedOf(t, c)
	f.mu.Lock()
	limit := f.listeners[in.id].limit
	f.mu.Unlock()
	if limit != 1<<30 {
		t.Errorf("the limit is %d", limit)
	}
	in.unlisten(t)
	if err := c.Send(peer.AppendCredit(nil, in.id, 1<<31)); err != nil { // it may have crossed the unlisten
		t.Fatal(err)
	}
	if _, err := c.Call(patient(t), "notes.touch", textOf("x")); err != nil {
		t.Error(err)
	}
	_ = c.Send(peer.AppendCredit(nil, 4711, 1)) // of what was never asked for
	await(t, "the session's end", func() bool { return c.Session.Context().Err() != nil })
}

// Listens, emits, cancels, reloads and ends at once, for the race detector.
func TestEventsAtOnceWithAllThatEndsThem(t *testing.T) {
	b := newEventBench(t, func(c *Config) {
		c.Record, c.Log = keeper{}, slog.New(slog.DiscardHandler)
		c.Limits.EventQueue = 16
	}, EventOptions{Overflow: CloseListener})
	wide, narrow := fstest.MapFS{"notes.rego": {Data: []byte(eventsCapability)}}, fstest.MapFS{"notes.rego": {Data: []byte(notesCapability)}}
	stop := make(chan bool)
	var all sync.WaitGroup
	again := func(do func()) {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					do()
				}
			}
		})
	}
	for range 2 {
		again(func() {
			if err := b.changed.Emit(text{strings.Repeat("x", 1000)}); err != nil {
				t.Error(err)
			}
		})
		again(func() {
			c, err := peer.Connect(b.Gate(), "main")
			if err != nil {
				t.Error(err)
				return
			}
			for range 20 {
				in, err := tryToListen(t, c, "notes.changed", true)
				if err == nil && in.id%2 == 0 {
					in.unlisten(t)
				}
				_ = emitFrom(t, c, "notes.changed", "", textOf("x"))
			}
			c.Session.End(isolation.EndBye)
			c.Close()
		})
	}
	again(func() {
		l := b.changed.Listen(func(context.Context, Received[text]) {})
		b.changed.Once(func(context.Context, Received[text]) {})
		l.Unlisten()
	})
	again(func() {
		for _, folder := range []fstest.MapFS{narrow, wide} {
			if err := b.Reload(folder); err != nil {
				t.Error(err)
			}
		}
	})
	time.Sleep(time.Second)
	close(stop)
	all.Wait()
	await(t, "no listener left", func() bool {
		b.changed.event.mu.RLock()
		defer b.changed.event.mu.RUnlock()
		return len(b.changed.event.pages) == 0
	})
}

// The rules are asked about a listen with its event, an empty object and who
// listens; about an emit with what it carries and whom it is for.
func TestWhatThePolicyIsToldOfAnEvent(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	b := newBench(t, func(c *Config) { c.Files = eventFiles() }, func(b *bench) {
		Event[text](b.App, "notes.changed")
		b.judge(decide(func(_ context.Context, in policy.Input) (policy.Decision, error) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, fmt.Sprint(in.Command, " ", in.Event, " ", in.Target, " ", string(in.Args.AppendJSON(nil)), " ", in.Window))
			return policy.Decision{Effect: policy.Allow, Revision: "test"}, nil
		}))
	})
	c := b.connect(t, "main")
	listenTo(t, c, "notes.changed")
	for _, target := range []string{"", "nowhere"} {
		if err := emitFrom(t, c, "notes.changed", target, textOf("x")); err != nil {
			t.Fatal(err)
		}
	}
	want, _ := json.Marshal([]string{"sallyport:listen notes.changed  {} main", `sallyport:emit notes.changed  {"text":"x"} main`, `sallyport:emit notes.changed nowhere {"text":"x"} main`})
	if got, _ := json.Marshal(seen); string(got) != string(want) {
		t.Errorf("the policy was told %s\nwant %s", got, want)
	}
}

// A link that is gone takes nothing, and what waits for it is bounded and goes
// with the session.
func TestC9EventsForADroppedLinkWaitWithinBounds(t *testing.T) {
	b := newEventBench(t, func(c *Config) { c.Limits.EventQueue = 4 }, EventOptions{})
	offer, err := b.Gate().Offer("main", isolation.Direct)
	if err != nil {
		t.Fatal(err)
	}
	p, hello, err := peer.New(offer.Handshake())
	if err != nil {
		t.Fatal(err)
	}
	answered, dropped := make(chan bool), make(chan bool)
	batches := 0
	link, err := offer.Accept(hello, func(frame []byte) error {
		if isolation.Type(frame[1]) != isolation.TypeBatch {
			return nil
		}
		if batches++; batches == 1 { // the listen's answer
			close(answered)
			return nil
		}
		close(dropped)
		return errors.New("the socket is gone")
	})
	if err != nil {
		t.Fatal(err)
	}
	link.Deliver(p.Seal(isolation.TypeBatch, peer.AppendListen(nil, 1, "notes.changed")))
	<-answered
	value, _ := b.sessions.Load(link)
	f := &value.(*session).feed
	emit := func() {
		if err := b.changed.Emit(text{"x"}); err != nil {
			t.Fatal(err)
		}
	}
	await(t, "the listener", func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.listeners[1] != nil && f.listeners[1].answered
	})
	emit()
	<-dropped
	for range 1000 {
		emit()
	}
	f.mu.Lock()
	l := f.listeners[1]
	if l.waiting.n != 4 || l.waiting.number != 1001 || l.closed {
		t.Errorf("%d wait of %d, closed %v", l.waiting.n, l.waiting.number, l.closed)
	}
	f.mu.Unlock()
	link.End(isolation.EndDropped)
	await(t, "nothing left", func() bool { return b.feeding.count.Load() == 0 && len(b.changed.event.pages) == 0 })
}

type parcel struct {
	Name string      `json:"name"`
	Data []byte      `json:"data" jsonschema:"maxLength=100"`
	More schema.Blob `json:"more" jsonschema:"mediaType=image/png"`
}

// Raw bytes go beside an event's text, both ways, to pages and to the core.
func TestAnEventCarriesRawBytes(t *testing.T) {
	var sent *EventOf[parcel]
	b := newBench(t, func(c *Config) { c.Files = eventFiles(); c.Limits.BinaryBytes = 200 }, func(b *bench) {
		sent = Event[parcel](b.App, "notes.changed")
	})
	c := b.connect(t, "main")
	in := listenTo(t, c, "notes.changed")
	heard := make(chan Received[parcel], 2)
	sent.Listen(func(_ context.Context, r Received[parcel]) { heard <- r })
	mine := []byte("mine")
	if err := sent.Emit(parcel{"core", mine, schema.Blob{Type: "image/png", Bytes: []byte("picture")}}); err != nil {
		t.Fatal(err)
	}
	copy(mine, "gone") // it is the caller's again
	payload := []byte(`{"name":"page","data":{"$bytes":4,"type":"application/octet-stream"},"more":{"$bytes":7,"type":"image/png"}}`)
	sections := []isolation.Section{{Type: "application/octet-stream", Bytes: []byte("mine")}, {Type: "image/png", Bytes: []byte("picture")}}
	emit := func(sections []isolation.Section) error {
		_, answer, err := c.Request(func(id uint32) []byte {
			return peer.AppendEmit(nil, id, "notes.changed", "", payload, sections...)
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Await(patient(t), answer)
		return err
	}
	if err := emit(sections); err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{"", "main"} {
		a, r := in.next(t), <-heard
		if a.Text != from || len(a.Sections) != 2 || string(a.Sections[0].Bytes) != "mine" || a.Sections[1].Type != "image/png" || string(a.Sections[1].Bytes) != "picture" {
			t.Errorf("the page got %+v", a)
		}
		if r.Window != from || string(r.Payload.Data) != "mine" || string(r.Payload.More.Bytes) != "picture" {
			t.Errorf("the core got %+v", r)
		}
	}
	if got := code(t, emit(sections[:1])); got != CodeInvalidArgs {
		t.Errorf("a section that is missing: page got %q", got)
	}
	sections[0].Bytes = []byte("lies")[:3]
	if got := code(t, emit(sections)); got != CodeInvalidArgs {
		t.Errorf("a length that lies: page got %q", got)
	}
	if err := sent.Emit(parcel{"core", make([]byte, 99), schema.Blob{Type: "image/png", Bytes: make([]byte, 199)}}); !errors.Is(err, errBinarySize) {
		t.Errorf("raw bytes beyond their limit: %v", err)
	}
	if err := sent.Emit(parcel{"core", make([]byte, 101), schema.Blob{Type: "image/png"}}); err == nil {
		t.Error("the schema bounds no bytes")
	}
}

func TestAnEventCarriesSectionsWithoutBytes(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Files = eventFiles() }, func(b *bench) { Event[parcel](b.App, "notes.changed") })
	c := b.connect(t, "main")
	in := listenTo(t, c, "notes.changed")
	payload := []byte(`{"name":"page","data":{"$bytes":0,"type":"application/octet-stream"},"more":{"$bytes":0,"type":"image/png"}}`)
	_, answer, err := c.Request(func(id uint32) []byte {
		return peer.AppendEmit(nil, id, "notes.changed", "", payload, isolation.Section{Type: "application/octet-stream"}, isolation.Section{Type: "image/png"})
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = c.Await(patient(t), answer); err != nil {
		t.Fatal(err)
	}
	if a := in.next(t); len(a.Sections) != 2 || a.Sections[1].Type != "image/png" {
		t.Errorf("the page got %d sections with %s", len(a.Sections), a.JSON)
	}
}

func TestEachListenerOfTheCoreHasRawBytesOfItsOwn(t *testing.T) {
	var sent *EventOf[parcel]
	b := newBench(t, func(c *Config) { c.Files = eventFiles() }, func(b *bench) { sent = Event[parcel](b.App, "notes.changed") })
	b.connect(t, "main")
	heard := make(chan []byte, 2)
	var scribbled sync.WaitGroup
	scribbled.Add(2)
	for range 2 {
		sent.Listen(func(_ context.Context, r Received[parcel]) {
			r.Payload.Data[0]++
			scribbled.Done()
			scribbled.Wait()
			heard <- r.Payload.Data
		})
	}
	if err := sent.Emit(parcel{"core", []byte("mine"), schema.Blob{Type: "image/png", Bytes: []byte("picture")}}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := <-heard; !bytes.Equal(got, []byte("nine")) {
			t.Errorf("got %q", got)
		}
	}
}

// An app may show its log to its pages.
func TestALogMayEmitWhatItIsToldOfAnEvent(t *testing.T) {
	var e *eventBench
	again := logFunc(func(r slog.Record) {
		if strings.Contains(r.Message, "too slow") {
			_ = e.changed.Emit(text{"log"})
		}
	})
	hold := make(chan bool)
	e = newEventBench(t, func(c *Config) { c.Log = slog.New(again); c.Limits.EventQueue = 1 }, EventOptions{Overflow: CloseListener})
	e.connect(t, "main")
	e.changed.Listen(func(context.Context, Received[text]) { <-hold })
	done := make(chan bool)
	go func() {
		defer close(done)
		for range 5 {
			_ = e.changed.Emit(text{"x"})
		}
	}()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Error("Emit does not return")
	}
	close(hold)
}

type logFunc func(slog.Record)

func (logFunc) Enabled(context.Context, slog.Level) bool        { return true }
func (f logFunc) Handle(_ context.Context, r slog.Record) error { f(r); return nil }
func (f logFunc) WithAttrs([]slog.Attr) slog.Handler            { return f }
func (f logFunc) WithGroup(string) slog.Handler                 { return f }

// What a user says yes to is one event for one window, and they see which.
func TestC7AQuestionAboutAnEventSaysWhichAndForWhom(t *testing.T) {
	d := newDesk()
	b := newEventBench(t, func(c *Config) {
		files := eventFiles()
		files["capabilities/notes.rego"].Data = []byte(eventsCapability + "\nask contains \"Really?\" if input.event == \"notes.secret\"\n")
		c.Files, c.Prompter = files, d
	}, EventOptions{})
	c := b.connect(t, "main")
	for _, test := range []struct{ target, shown, line string }{
		{"", "", `wants to emit the event notes.secret to all windows and the app.`},
		{"other", "other", `wants to emit the event notes.secret to the window "other".`},
		{"a\nb", `a\nb`, `wants to emit the event notes.secret to the window "a\\nb".`},
	} {
		done := make(chan error, 1)
		go func() { done <- emitFrom(t, c, "notes.secret", test.target, textOf("x")) }()
		q := <-d.asked
		d.say <- AnswerSession
		if err := <-done; err != nil {
			t.Error(err)
		}
		if q.Event != "notes.secret" || q.Target != test.shown {
			t.Errorf("to %q: asked %+v", test.target, q)
		}
		contains(t, strings.Join(q.Lines(200), "\n"), test.line)
	}
	go func() { _, _ = tryToListen(t, c, "notes.secret", true) }()
	q := <-d.asked
	d.say <- AnswerNo
	contains(t, strings.Join(q.Lines(200), "\n"), "wants to listen to the event notes.secret.")
}

// A zero byte in it would end what the sum takes for the command.
func TestC10ATargetIsNoPartOfAPayload(t *testing.T) {
	c := &call{command: &command{name: emitName, event: "notes.changed"}, target: "x\x00[1]"}
	if subject := c.subject(); strings.Contains(subject, "\x00") {
		t.Errorf("the sum is of %q", subject)
	}
}
