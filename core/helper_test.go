package core

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	textArgs   = `{"type":"object","properties":{"text":{"type":"string","maxLength":2000000}},"required":["text"],"additionalProperties":false}`
	textResult = `{"type":"object","properties":{"text":{"type":"string"}},"required":["text"],"additionalProperties":false}`
)

const notesCapability = `# METADATA
# title: Notes
# custom:
#   windows: ["main"]
package capability.notes

allow if input.command in {"notes.echo", "notes.touch", "notes.wait", "notes.fail"}

deny contains "hidden files stay closed" if {
	input.command == "notes.echo"
	startswith(input.args.text, ".")
}

ask contains "Really?" if {
	input.command == "notes.echo"
	input.args.text == "delete"
}
`

func testFiles() fstest.MapFS {
	f := fstest.MapFS{
		"sallyport.json":          {Data: []byte(`{"version":1,"name":"notes","schemas":"schemas","capabilities":"capabilities","hook":"hook.js","page":"page","windows":[{"label":"main"},{"label":"other"}]}`)},
		"hook.js":                 {Data: []byte("sallyport.onCall((call) => call);\n")},
		"page/index.html":         {Data: []byte("<!doctype html>\n<html><head><title>Notes</title></head><body></body></html>\n")},
		"capabilities/notes.rego": {Data: []byte(notesCapability)},
	}
	for _, command := range []string{"notes.echo", "notes.touch", "notes.wait", "notes.fail", "notes.secret"} {
		f["schemas/"+command+".input.json"] = &fstest.MapFile{Data: []byte(textArgs)}
	}
	f["schemas/notes.echo.output.json"] = &fstest.MapFile{Data: []byte(textResult)}
	return f
}

// chattyFiles promise a text of every command.
func chattyFiles() fstest.MapFS {
	f := testFiles()
	for _, command := range []string{"notes.wait", "notes.fail"} {
		f["schemas/"+command+".output.json"] = f["schemas/notes.echo.output.json"]
	}
	return f
}

type text struct {
	Text string `json:"text"`
}

// A bench is an app with what a test wants to see of it.
type bench struct {
	*App
	record *audits.Memory
	log    *logBuffer
	runs   chan Identity // one for each handler that ran
}

func (b *bench) ran(ctx context.Context) {
	id, err := Caller(ctx)
	if err != nil {
		panic(err)
	}
	select {
	case b.runs <- id:
	default:
	}
}

// newBench makes and starts an app whose handlers say that they ran.
func newBench(t testing.TB, change func(*Config), prepare func(*bench)) *bench {
	t.Helper()
	b := &bench{record: audits.NewMemory(4096), log: new(logBuffer), runs: make(chan Identity, 4096)}
	c := Config{Files: testFiles(), Record: b.record, Log: logTo(b.log)}
	if change != nil {
		change(&c)
	}
	var err error
	if b.App, err = New(c); err != nil {
		t.Fatal(err)
	}
	Command(b.App, "notes.echo", func(ctx context.Context, a text) (text, error) {
		b.ran(ctx)
		return a, nil
	})
	Command(b.App, "notes.touch", func(ctx context.Context, a text) (struct{}, error) {
		b.ran(ctx)
		return struct{}{}, nil
	})
	Command(b.App, "notes.secret", func(ctx context.Context, a text) (struct{}, error) {
		b.ran(ctx)
		return struct{}{}, nil
	})
	if prepare != nil {
		prepare(b)
	}
	if err := b.StartInProcess(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := b.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
	})
	return b
}

func (b *bench) connect(t testing.TB, window string) *peer.Client {
	t.Helper()
	c, err := peer.Connect(b.Gate(), window)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// shakeHands is connect for a test that counts answers itself: all that come,
// in the order in which they were sent.
func (b *bench) shakeHands(t testing.TB) (*peer.Peer, *isolation.Session, <-chan peer.Answer) {
	t.Helper()
	offer, err := b.Gate().Offer("main", isolation.Direct)
	if err != nil {
		t.Fatal(err)
	}
	p, hello, err := peer.New(offer.Handshake())
	if err != nil {
		t.Fatal(err)
	}
	answers := make(chan peer.Answer, 16)
	session, err := offer.Accept(hello, func(frame []byte) error {
		kind, plain, err := p.Open(frame)
		if err != nil || kind != isolation.TypeBatch {
			return err
		}
		items, err := peer.Answers(plain)
		for _, a := range items {
			answers <- a
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return p, session, answers
}

func patient(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// code is the code of a call's error, "" if it succeeded.
func code(t testing.TB, err error) Code {
	t.Helper()
	var e *peer.Error
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &e):
		t.Fatalf("no answer: %v", err)
	}
	return Code(e.Code)
}

func textOf(s string) []byte {
	b, err := json.Marshal(text{s})
	if err != nil {
		panic(err)
	}
	return b
}

// find waits for the first record that fits.
func (b *bench) find(t testing.TB, fits func(audits.Record) bool) audits.Record {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		for _, r := range b.record.Records() {
			if fits(r) {
				return r
			}
		}
	}
	t.Fatalf("no such record among %+v", b.record.Records())
	return audits.Record{}
}

func (b *bench) nothingRan(t testing.TB) {
	t.Helper()
	select {
	case id := <-b.runs:
		t.Errorf("a handler ran: %+v", id)
	default:
	}
}

// await waits until a condition holds.
func await(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func logTo(l *logBuffer) *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// judge puts another policy in force, before the app has started.
func (b *bench) judge(d decider) {
	rules := *b.policy.Load()
	rules.decider = d
	b.policy.Store(&rules)
}

// decide is a policy made of a function.
type decide func(ctx context.Context, in policy.Input) (policy.Decision, error)

func (d decide) Decide(ctx context.Context, in policy.Input) (policy.Decision, error) {
	return d(ctx, in)
}
func (decide) May(context.Context, policy.Input) policy.Effect            { return policy.Allow }
func (decide) Reads(context.Context, policy.Input) ([]policy.Read, error) { return nil, nil }
func (decide) Limits(context.Context, policy.Input) (policy.Limits, error) {
	return policy.Limits{}, nil
}
func (decide) Revision() string { return "test" }

// A keeper is a recorder made of functions; a nil one keeps nothing.
type keeper struct{ decide, outcome, event func(*audits.Record) error }

func (k keeper) Decide(_ context.Context, r *audits.Record) error {
	if k.decide == nil {
		return nil
	}
	return k.decide(r)
}

func (k keeper) Outcome(_ context.Context, r *audits.Record) error {
	if k.outcome == nil {
		return nil
	}
	return k.outcome(r)
}

func (k keeper) Event(_ context.Context, r *audits.Record) error {
	if k.event == nil {
		return nil
	}
	return k.event(r)
}

func contains(t testing.TB, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q does not contain %q", text, part)
		}
	}
}

func lacks(t testing.TB, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if strings.Contains(text, part) {
			t.Errorf("%q contains %q", text, part)
		}
	}
}

// A spy shows the arguments that a policy is asked about.
type spy struct {
	decider
	show func(schema.Value)
}

func (s spy) Decide(ctx context.Context, in policy.Input) (policy.Decision, error) {
	s.show(in.Args)
	return s.decider.Decide(ctx, in)
}

// standardError is what is written to it while f runs.
func standardError(t *testing.T, f func()) string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	before := os.Stderr
	os.Stderr = file
	defer func() { os.Stderr = before }()
	f()
	text, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
