package core

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/schema"
)

// What a handler does wrong reaches the page as a code, the record with its
// kind, and the log without anything that the page had sent.
func TestWhatBecomesOfAHandlersMistake(t *testing.T) {
	var nothing *text
	for _, test := range []struct {
		name     string
		command  string // default notes.fail, which has no output schema
		handler  Handler
		code     Code
		message  string
		verdict  string
		reason   string
		inLog    string
		noOutput bool
	}{
		{name: "an error", handler: func(_ context.Context, r *Request) (any, error) { return nil, fmt.Errorf("open %s: no", argText(r)) },
			code: CodeFailed, verdict: audits.VerdictFailed, reason: "*errors.errorString", inLog: "notes.fail"},
		{name: "an error for the user", handler: func(context.Context, *Request) (any, error) {
			return nil, fmt.Errorf("save: %w", Visible(errors.New("that name is taken")))
		},
			code: CodeFailed, message: "that name is taken", verdict: audits.VerdictFailed, reason: "*core.UserError"},
		{name: "a user error's cause", handler: func(context.Context, *Request) (any, error) {
			return nil, &UserError{Message: "try \"again\"", Err: errors.New("secret")}
		},
			code: CodeFailed, message: `try "again"`, verdict: audits.VerdictFailed},
		{name: "a panic", handler: func(_ context.Context, r *Request) (any, error) { panic(argText(r)) },
			code: CodeInternal, verdict: audits.VerdictFailed, reason: "a value of type string", inLog: "outcome_test.go"},
		{name: "a nil dereference", handler: func(context.Context, *Request) (any, error) { return nothing.Text, nil },
			code: CodeInternal, verdict: audits.VerdictFailed, reason: "nil pointer", inLog: "outcome_test.go"},
		{name: "a goroutine that exits", handler: func(context.Context, *Request) (any, error) { runtime.Goexit(); return nil, nil },
			code: CodeInternal, verdict: audits.VerdictFailed, reason: "ended its goroutine"},
		{name: "a result where none is promised", handler: func(context.Context, *Request) (any, error) { return "zebra", nil },
			code: CodeInternal, verdict: audits.VerdictFailed, reason: "no output schema", inLog: "ERROR"},
		{name: "a result against its schema", command: "notes.wait", handler: func(_ context.Context, r *Request) (any, error) {
			return map[string]any{"text": 1, argText(r): 2}, nil
		},
			code: CodeInternal, verdict: audits.VerdictFailed, reason: "not fit for the page", inLog: "ERROR"},
		{name: "a result over its limit", command: "notes.wait", handler: func(context.Context, *Request) (any, error) {
			return text{strings.Repeat("zebra", 1000)}, nil
		},
			code: CodeInternal, verdict: audits.VerdictFailed, reason: "larger than its limit"},
		{name: "a result that JSON has no form for", handler: func(context.Context, *Request) (any, error) { return math.NaN(), nil },
			code: CodeInternal, verdict: audits.VerdictFailed, reason: "can't become JSON"},
		{name: "a result of a type that JSON has no form for", handler: func(context.Context, *Request) (any, error) { return struct{ C chan int }{}, nil },
			code: CodeInternal, verdict: audits.VerdictFailed, reason: "a struct { C chan int }, can't become JSON"},
		{name: "a result of broken UTF-8", handler: func(context.Context, *Request) (any, error) { return "zebra\xff", nil },
			code: CodeInternal, verdict: audits.VerdictFailed, reason: "can't become JSON"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.command == "" {
				test.command = "notes.fail"
			}
			b := newBench(t, func(c *Config) {
				c.Limits.ResultBytes = 4000
				files := testFiles()
				files["schemas/notes.wait.output.json"] = files["schemas/notes.echo.output.json"]
				c.Files = files
			}, func(b *bench) { b.Handle(test.command, test.handler) })
			_, err := b.connect(t, "main").Call(patient(t), test.command, textOf("zebra"))
			if got := code(t, err); got != test.code {
				t.Fatalf("page got %v, want %q", err, test.code)
			}
			if test.message == "" {
				lacks(t, err.Error(), "message", "zebra", "secret")
			} else {
				contains(t, err.Error(), test.message)
			}
			r := b.find(t, func(r audits.Record) bool { return r.Kind == audits.KindOutcome })
			if r.Verdict != test.verdict || r.Code != string(test.code) {
				t.Errorf("outcome is %q %q", r.Verdict, r.Code)
			}
			contains(t, r.Reason, test.reason)
			contains(t, b.log.String(), test.inLog, r.ID)
			lacks(t, b.log.String(), "zebra", "secret", "taken")
			lacks(t, r.Reason, "zebra", "secret", "taken")

			// The process and the session have survived.
			if _, err := b.connect(t, "main").Call(patient(t), "notes.touch", textOf("x")); err != nil {
				t.Errorf("the next call: %v", err)
			}
		})
	}
}

func argText(r *Request) string {
	f, _ := r.Args.Field("text")
	return f.Text()
}

func TestC1TheHandlersTypeMustTakeWhatTheSchemaTakes(t *testing.T) {
	b := newBench(t, nil, func(b *bench) {
		Command(b.App, "notes.fail", func(ctx context.Context, a struct {
			Text netip.Addr `json:"text"` // a text to the schema, and to the check at start
		}) (struct{}, error) {
			b.ran(ctx)
			return struct{}{}, nil
		})
	})
	_, err := b.connect(t, "main").Call(patient(t), "notes.fail", textOf("zebra"))
	if got := code(t, err); got != CodeInternal {
		t.Errorf("page got %v", err)
	}
	b.nothingRan(t)
	lacks(t, b.log.String(), "zebra")
	contains(t, b.log.String(), "code=internal", "fit the command's schema and not its Go type")
}

func TestTheHandlerGetsTheVeryValueThatPolicySaw(t *testing.T) {
	var seen, got schema.Value
	b := newBench(t, nil, func(b *bench) {
		rules := b.policy.Load()
		b.judge(spy{rules, func(v schema.Value) { seen = v }})
		b.Handle("notes.wait", func(_ context.Context, r *Request) (any, error) {
			got = r.Args
			return nil, nil
		})
	})
	if _, err := b.connect(t, "main").Call(patient(t), "notes.wait", textOf("x")); err != nil {
		t.Fatal(err)
	}
	if seen == nil || got != seen {
		t.Error("policy and handler saw two values")
	}
}

// Recorder, observer and handler are the app's own and may have bugs: none of
// them changes what the next one is told of the caller, or what runs.
func TestC5NobodyOnTheWayChangesWhoseCallItIs(t *testing.T) {
	other, err := schema.Parse([]byte(`{"text":7}`), schema.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var args schema.Value
	var request, caller Identity
	outcomes := make(chan audits.Record, 1)
	b := newBench(t, func(c *Config) {
		c.Record = keeper{
			decide:  func(r *audits.Record) error { r.Window, r.Origin, r.ID = "other", "", "-1"; return nil },
			outcome: func(r *audits.Record) error { outcomes <- *r; r.ID = "-2"; return nil },
		}
		c.Observe = func(r *Request) { r.Window, r.Args = "other", other }
	}, func(b *bench) {
		b.Handle("notes.fail", func(ctx context.Context, r *Request) (_ any, err error) {
			request, args = r.Identity, r.Args
			r.Window = "other"
			caller, err = Caller(ctx)
			return nil, errors.Join(err, errors.New("no"))
		})
	})
	c := b.connect(t, "main")
	_, err = c.Call(patient(t), "notes.fail", textOf("x"))
	var refused *peer.Error
	if !errors.As(err, &refused) || refused.ID != c.Session.ID()+"-1" {
		t.Errorf("page got %v", err)
	}
	want := Identity{Window: "main", Origin: "https://main.page.sallyport.invalid", Command: "notes.fail", Session: c.Session.ID(), ID: c.Session.ID() + "-1"}
	if request != want || caller != want {
		t.Errorf("handler was told %+v, its context %+v", request, caller)
	}
	if args == nil || args == other {
		t.Error("the observer chose the arguments")
	}
	if r := <-outcomes; r.Window != "main" || r.ID != want.ID {
		t.Errorf("recorded %+v", r)
	}
}

func TestDevelopmentTellsThePageWhatIsWrong(t *testing.T) {
	for _, development := range []bool{false, true} {
		b := newBench(t, func(c *Config) { c.Development = development }, func(b *bench) {
			b.Handle("notes.fail", func(context.Context, *Request) (any, error) { return nil, errors.New("line\nbreak") })
			b.Handle("notes.wait", func(context.Context, *Request) (any, error) { return failing{"zebra"}, nil })
		})
		c := b.connect(t, "main")
		_, err := c.Call(patient(t), "notes.touch", []byte(`{"text":1}`))
		if told := strings.Contains(err.Error(), "/text"); told != development {
			t.Errorf("development %v: page got %v", development, err)
		}
		_, err = c.Call(patient(t), "notes.secret", textOf("x"))
		if got := err.Error(); !strings.HasSuffix(strings.TrimSpace(got), ")") {
			t.Errorf("development %v: a denial says more than its code: %q", development, got)
		}
		_, err = c.Call(patient(t), "notes.fail", textOf("x"))
		code(t, err)
		if told := strings.Contains(b.log.String(), `line\\nbreak`); told != development {
			t.Errorf("development %v: log is %s", development, b.log)
		}
		_, err = c.Call(patient(t), "notes.wait", textOf("x"))
		code(t, err)
		if told := strings.Contains(b.log.String(), "zebra"); told != development {
			t.Errorf("development %v: log is %s", development, b.log)
		}
	}
}

func TestALongVisibleMessageIsCutBetweenCharacters(t *testing.T) {
	message := visibleMessage(Visible(errors.New("a" + strings.Repeat("é", 2000) + "\xff")))
	if len(message) != maxMessage-1 || strings.ToValidUTF8(message, "") != message {
		t.Errorf("%d bytes, ending in %q", len(message), message[len(message)-2:])
	}
	if message := visibleMessage(Visible(errors.New("a\xffb"))); message != "a\uFFFDb" {
		t.Errorf("broken text became %q", message)
	}
	if Visible(nil) != nil {
		t.Error("no error became one")
	}
}

func TestC7CallerHasNoFallback(t *testing.T) {
	if id, err := Caller(t.Context()); err == nil || id != (Identity{}) {
		t.Errorf("outside a handler: %+v, %v", id, err)
	}
	b := newBench(t, nil, func(b *bench) {
		Command(b.App, "notes.wait", func(ctx context.Context, _ text) (struct{}, error) {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			b.ran(ctx)
			return struct{}{}, nil
		})
	})
	if _, err := b.connect(t, "main").Call(patient(t), "notes.wait", textOf("x")); err != nil {
		t.Fatal(err)
	}
	if id := <-b.runs; id.Window != "main" {
		t.Errorf("in a derived context: %+v", id)
	}
}

func TestAMessageThatNoFrameHoldsIsLeftOut(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Boundary.MaxFrame = 1 << 10 }, func(b *bench) {
		b.Handle("notes.wait", func(context.Context, *Request) (any, error) {
			return nil, &UserError{Message: strings.Repeat("x", maxMessage)}
		})
	})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, err := b.connect(t, "main").Call(ctx, "notes.wait", textOf("x")); code(t, err) != CodeFailed {
		t.Errorf("page got %v", err)
	}
}
