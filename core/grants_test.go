package core

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
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

func (b *bench) grant(t testing.TB, g Grant) string {
	t.Helper()
	id, err := b.Grant(g)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// secret is what the tests' capability says nothing of.
func secret(change func(*Grant)) Grant {
	g := Grant{Windows: []string{"main"}, Commands: []string{"notes.secret"}}
	if change != nil {
		change(&g)
	}
	return g
}

func (b *bench) secret(t testing.TB, window string) Code {
	t.Helper()
	_, err := b.connect(t, window).Call(patient(t), "notes.secret", textOf("x"))
	return code(t, err)
}

func TestAGrantPermitsWhatItNamesAndNoMore(t *testing.T) {
	const both = `{"text":"x","n":1}`
	for _, test := range []struct {
		name    string
		grant   Grant
		window  string
		command string
		args    string
		want    Code
	}{
		{"its window and command", secret(nil), "main", "notes.secret", both, ""},
		{"another window", secret(nil), "other", "notes.secret", both, CodeDenied},
		{"another command", secret(nil), "main", "notes.more", both, CodeDenied},
		{"a command that does not exist", secret(nil), "main", "notes.nothing", both, CodeDenied},
		{"a glob on windows", secret(func(g *Grant) { g.Windows = []string{"o*"} }), "other", "notes.secret", both, ""},
		{"a glob that is on another", secret(func(g *Grant) { g.Windows = []string{"o*"} }), "main", "notes.secret", both, CodeDenied},
		{"every window", secret(func(g *Grant) { g.Windows = []string{"*"} }), "other", "notes.secret", both, ""},
		{"the second of two commands", secret(func(g *Grant) { g.Commands = []string{"notes.more", "notes.secret"} }), "main", "notes.secret", both, ""},
		{"its origin", secret(func(g *Grant) {
			g.Windows, g.Origins = []string{"*"}, []string{"https://main.page.sallyport.invalid"}
		}), "main", "notes.secret", both, ""},
		{"another origin", secret(func(g *Grant) {
			g.Windows, g.Origins = []string{"*"}, []string{"https://main.page.sallyport.invalid"}
		}), "other", "notes.secret", both, CodeDenied},
		{"its argument", secret(func(g *Grant) { g.Args = map[string]any{"text": "x"} }), "main", "notes.secret", both, ""},
		{"the number written otherwise", secret(func(g *Grant) { g.Args = map[string]any{"n": 1} }), "main", "notes.secret", `{"text":"x","n":10e-1}`, ""},
		{"another number", secret(func(g *Grant) { g.Args = map[string]any{"n": 9007199254740992} }), "main", "notes.secret", `{"text":"x","n":9007199254740993}`, CodeDenied},
		{"another text", secret(func(g *Grant) { g.Args = map[string]any{"text": "x"} }), "main", "notes.secret", `{"text":"X"}`, CodeDenied},
		{"one of two arguments", secret(func(g *Grant) { g.Args = map[string]any{"text": "x", "n": 2} }), "main", "notes.secret", both, CodeDenied},
		{"an argument that is absent", secret(func(g *Grant) { g.Args = map[string]any{"n": nil} }), "main", "notes.secret", `{"text":"x"}`, CodeDenied},
		{"an argument that is null", secret(func(g *Grant) { g.Args = map[string]any{"n": nil} }), "main", "notes.secret", `{"text":"x","n":null}`, ""},
		{"arguments that its schema refuses", secret(nil), "main", "notes.secret", `{"n":1}`, CodeInvalidArgs},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, func(c *Config) {
				files := testFiles()
				loose := `{"type":"object","properties":{"text":{"type":"string"},"n":{"type":["number","null"]}},"required":["text"],"additionalProperties":false}`
				files["schemas/notes.secret.input.json"] = &fstest.MapFile{Data: []byte(loose)}
				files["schemas/notes.more.input.json"] = &fstest.MapFile{Data: []byte(loose)}
				c.Files = files
			}, func(b *bench) {
				handler := func(ctx context.Context, _ *Request) (any, error) { b.ran(ctx); return nil, nil }
				b.Handle("notes.more", handler)
				b.handlers["notes.secret"] = handler // the bench's takes no n
				delete(b.types, "notes.secret")
			})
			id := b.grant(t, test.grant)
			if _, err := b.connect(t, test.window).Call(patient(t), test.command, []byte(test.args)); code(t, err) != test.want {
				t.Errorf("page got %v, want %q", err, test.want)
			}
			decision := b.find(t, func(r audits.Record) bool { return r.Kind == audits.KindDecision })
			if test.want == "" {
				if decision.Verdict != audits.VerdictAllow || decision.Grant != id || decision.Revision == "" {
					t.Errorf("recorded %+v", decision)
				}
				return
			}
			b.nothingRan(t)
			if decision.Grant != "" {
				t.Errorf("recorded %+v", decision)
			}
		})
	}
}

// A grant is an allow, and no allow lifts what a rule says.
func TestC7AGrantLiftsNothingThatARuleSays(t *testing.T) {
	everything := Grant{Windows: []string{"*"}, Commands: []string{"notes.echo", "notes.touch", "notes.secret"}}
	t.Run("rules of the capabilities", func(t *testing.T) {
		for _, test := range []struct{ name, rule, command string }{
			{"a deny", `deny contains "no" if input.command == "notes.secret"`, "notes.secret"},
			{"a deny on arguments", "deny contains \"no\" if {\n\tinput.command == \"notes.secret\"\n\tinput.args.text == \"x\"\n}", "notes.secret"},
			{"a deny that takes an allow back", "deny contains \"no\" if input.command == \"notes.touch\"\n\nallow if input.command == \"notes.touch\"", "notes.touch"},
			{"an ask", `ask contains "Really?" if input.command == "notes.secret"`, "notes.secret"},
			{"an ask on arguments", "ask contains \"Really?\" if {\n\tinput.command == \"notes.secret\"\n\tinput.args.text == \"x\"\n}", "notes.secret"},
		} {
			t.Run(test.name, func(t *testing.T) {
				b := newBench(t, func(c *Config) { c.Capabilities = capability("notes", test.rule) }, nil)
				b.grant(t, everything)
				if _, err := b.connect(t, "main").Call(patient(t), test.command, textOf("x")); code(t, err) != CodeDenied {
					t.Errorf("page got %v", err)
				}
				b.nothingRan(t)
			})
		}
	})
	rule := []policy.Rule{{Capability: "notes", File: "notes.rego", Line: 7, Kind: "within"}}
	for _, test := range []struct {
		name   string
		policy decide
	}{
		{"a scope", func(context.Context, policy.Input) (policy.Decision, error) {
			return policy.Decision{Rules: rule, Revision: "test"}, nil
		}},
		{"an error", func(context.Context, policy.Input) (policy.Decision, error) {
			return policy.Decision{Revision: "test"}, errors.New("no")
		}},
		{"no answer", func(context.Context, policy.Input) (policy.Decision, error) { return policy.Decision{}, nil }},
		{"an answer of another revision", func(context.Context, policy.Input) (policy.Decision, error) {
			return policy.Decision{Revision: "other"}, nil
		}},
		{"an effect that nobody knows", func(context.Context, policy.Input) (policy.Decision, error) {
			return policy.Decision{Effect: 77, Revision: "test"}, nil
		}},
		{"a panic", func(context.Context, policy.Input) (policy.Decision, error) { panic("no") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, nil, func(b *bench) { b.judge(test.policy) })
			b.grant(t, everything)
			if _, err := b.connect(t, "main").Call(patient(t), "notes.touch", textOf("x")); code(t, err) != CodeDenied {
				t.Errorf("page got %v", err)
			}
			b.nothingRan(t)
		})
	}
}

func TestAGrantTakesEffectOnTheNextCallAndSoDoesItsEnd(t *testing.T) {
	b := newBench(t, nil, nil)
	if got := b.secret(t, "main"); got != CodeDenied {
		t.Fatalf("without a grant page got %q", got)
	}
	id := b.grant(t, secret(func(g *Grant) { g.Title, g.Reason = "Export", "the zebra asked for it" }))
	if got := b.secret(t, "main"); got != "" {
		t.Errorf("page got %q", got)
	}
	list := b.Grants()
	if len(list) != 1 || list[0].ID != id || list[0].Since.IsZero() || list[0].Title != "Export" {
		t.Errorf("grants are %+v", list)
	}
	list[0].Windows[0] = "other" // a copy
	if err := b.Revoke(id); err != nil {
		t.Fatal(err)
	}
	if got := b.secret(t, "main"); got != CodeDenied {
		t.Errorf("after its end page got %q", got)
	}
	if err := b.Revoke(id); err == nil || len(b.Grants()) != 0 {
		t.Errorf("revoked twice: %v, grants are %+v", err, b.Grants())
	}
	granted := b.find(t, func(r audits.Record) bool { return r.Verdict == audits.VerdictGranted })
	revoked := b.find(t, func(r audits.Record) bool { return r.Verdict == audits.VerdictRevoked })
	if granted.Kind != audits.KindEvent || granted.Grant != id || granted.Terms.Title != "Export" || granted.Reason != "the zebra asked for it" ||
		fmt.Sprint(granted.Terms.Windows, granted.Terms.Commands) != "[main] [notes.secret]" || revoked.Grant != id {
		t.Errorf("recorded %+v and %+v", granted, revoked)
	}
	lacks(t, b.log.String(), "zebra", "Export")
}

func TestC10AGrantThatIsNotOnRecordDoesNotCount(t *testing.T) {
	for _, test := range []struct {
		name  string
		event func(*audits.Record) error
	}{
		{"the recorder fails", func(*audits.Record) error { return errors.New("disk full") }},
		{"the recorder panics", func(*audits.Record) error { panic("zebra") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			var fails atomic.Bool
			b := newBench(t, func(c *Config) {
				c.Record = keeper{event: func(r *audits.Record) error {
					if fails.Load() {
						return test.event(r)
					}
					return nil
				}}
			}, nil)
			before := b.grant(t, secret(func(g *Grant) { g.Windows = []string{"other"} }))
			fails.Store(true)
			if _, err := b.Grant(secret(nil)); err == nil {
				t.Error("no error")
			}
			if got := b.secret(t, "main"); got != CodeDenied {
				t.Errorf("page got %q", got)
			}
			// What takes something away does not wait for its record.
			if err := b.Revoke(before); err == nil {
				t.Error("an end that is not on record is no error")
			}
			if got := b.secret(t, "other"); got != CodeDenied {
				t.Errorf("page got %q", got)
			}
			b.nothingRan(t)
		})
	}
}

func TestC7AGrantOfOnceIsGoodForExactlyOneCall(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Limits.CallsPerSecond = 1e6 }, nil)
	var clients []*peer.Client
	for range 8 {
		clients = append(clients, b.connect(t, "main"))
	}
	for round := range 20 {
		id := b.grant(t, secret(func(g *Grant) { g.Once = true }))
		var ran atomic.Int32
		var all sync.WaitGroup
		for _, c := range clients {
			all.Go(func() {
				if _, err := c.Call(patient(t), "notes.secret", textOf("x")); code(t, err) == "" {
					ran.Add(1)
				}
			})
		}
		all.Wait()
		if n := ran.Load(); n != 1 {
			t.Fatalf("round %d: %d calls ran", round, n)
		}
		await(t, "it is listed no more", func() bool { return len(b.Grants()) == 0 })
		if err := b.Revoke(id); err == nil {
			t.Error("it stood to be revoked")
		}
	}
}

func TestAGrantOfOnceIsNotUsedUpByACallThatDoesNotNeedIt(t *testing.T) {
	b := newBench(t, nil, nil)
	b.grant(t, Grant{Windows: []string{"main"}, Commands: []string{"notes.secret", "notes.touch", "notes.echo"}, Once: true})
	c := b.connect(t, "main")
	for _, call := range []struct {
		command, text string
		want          Code
	}{{"notes.touch", "x", ""}, {"notes.echo", ".hidden", CodeDenied}, {"notes.echo", "delete", CodeDenied}, {"notes.secret", strings.Repeat("x", 2<<20), CodeTooLarge}} {
		if _, err := c.Call(patient(t), call.command, textOf(call.text)); code(t, err) != call.want {
			t.Errorf("%s: page got %v, want %q", call.command, err, call.want)
		}
	}
	if _, err := c.Call(patient(t), "notes.secret", []byte(`{}`)); code(t, err) != CodeInvalidArgs {
		t.Errorf("page got %v", err)
	}
	standing := b.grant(t, secret(nil))
	if got := b.secret(t, "main"); got != "" {
		t.Errorf("page got %q", got)
	}
	if r := b.find(t, func(r audits.Record) bool { return r.Grant != "" && r.Kind == audits.KindDecision }); r.Grant != standing {
		t.Errorf("a grant that stands was spared")
	}
	if err := b.Revoke(standing); err != nil {
		t.Fatal(err)
	}
	for _, want := range []Code{"", CodeDenied} {
		if got := b.secret(t, "main"); got != want {
			t.Errorf("page got %q, want %q", got, want)
		}
	}
}

// A recorder is the app's own and may have bugs: it does not choose what is
// granted.
func TestC5ARecorderDoesNotChangeAGrant(t *testing.T) {
	b := newBench(t, func(c *Config) {
		c.Record = keeper{event: func(r *audits.Record) error {
			r.Terms.Windows[0], r.Terms.Commands[0], r.Grant = "other", "notes.touch", "g-1"
			return nil
		}}
	}, nil)
	id := b.grant(t, secret(nil))
	if g := b.Grants()[0]; g.ID != id || g.Windows[0] != "main" || g.Commands[0] != "notes.secret" {
		t.Errorf("granted is %+v", g)
	}
	if got := b.secret(t, "main"); got != "" {
		t.Errorf("page got %q", got)
	}
}

// A grant that could be used again after a call which nobody knows the end of
// would be good for two.
func TestAGrantOfOnceIsUsedUpByACallThatCanNotBeRecorded(t *testing.T) {
	var full atomic.Bool
	b := newBench(t, func(c *Config) {
		c.Record = keeper{decide: func(*audits.Record) error {
			if full.Load() {
				return errors.New("disk full")
			}
			return nil
		}}
	}, nil)
	b.grant(t, secret(func(g *Grant) { g.Once = true }))
	full.Store(true)
	if got := b.secret(t, "main"); got != CodeUnavailable {
		t.Errorf("page got %q", got)
	}
	full.Store(false)
	if got := b.secret(t, "main"); got != CodeDenied {
		t.Errorf("page got %q", got)
	}
	b.nothingRan(t)
}

func TestAGrantUntilNavigationIsForTheDocumentsThatAreOpen(t *testing.T) {
	b := newBench(t, nil, nil)
	until := secret(func(g *Grant) { g.UntilNavigation = true })
	if _, err := b.Grant(until); err == nil {
		t.Error("for no document at all: no error")
	}
	call := func(c *peer.Client, want Code) {
		t.Helper()
		if _, err := c.Call(patient(t), "notes.secret", textOf("x")); code(t, err) != want {
			t.Errorf("page got %v, want %q", err, want)
		}
	}
	one, two, other := b.connect(t, "main"), b.connect(t, "main"), b.connect(t, "other")
	id := b.grant(t, until)
	call(one, "")
	call(two, "")
	call(other, CodeDenied)
	call(b.connect(t, "main"), CodeDenied) // opened later
	r := b.find(t, func(r audits.Record) bool { return r.Verdict == audits.VerdictGranted })
	if len(r.Terms.Sessions) != 2 {
		t.Errorf("recorded %+v", r.Terms)
	}
	one.Session.End(isolation.EndReplaced) // it is loaded anew
	call(two, "")
	call(b.connect(t, "main"), CodeDenied)
	two.Session.End(isolation.EndBye)
	ended := b.find(t, func(r audits.Record) bool { return r.Verdict == audits.VerdictEnded })
	if ended.Grant != id || len(b.Grants()) != 0 {
		t.Errorf("recorded %+v, and there are %d grants", ended, len(b.Grants()))
	}
	call(b.connect(t, "main"), CodeDenied)
}

func TestAGrantExpires(t *testing.T) {
	b := newBench(t, nil, nil)
	id := b.grant(t, secret(func(g *Grant) { g.Expires = time.Now().Add(150 * time.Millisecond) }))
	if got := b.secret(t, "main"); got != "" {
		t.Errorf("page got %q", got)
	}
	r := b.find(t, func(r audits.Record) bool { return r.Verdict == audits.VerdictExpired })
	if r.Grant != id || len(b.Grants()) != 0 {
		t.Errorf("recorded %+v, and there are %d grants", r, len(b.Grants()))
	}
	if got := b.secret(t, "main"); got != CodeDenied {
		t.Errorf("page got %q", got)
	}
}

// Whichever clock says so, and whether or not a timer has noticed.
func TestC7AnExpiredGrantCountsForNoCall(t *testing.T) {
	b := newBench(t, nil, nil)
	b.connect(t, "main")
	now := time.Now()
	g, err := b.newGrant(secret(func(g *Grant) { g.Expires = now.Add(time.Hour) }), now)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		now  time.Time
		want bool
	}{
		{"before", now.Add(59 * time.Minute), false},
		{"at that instant", now.Add(time.Hour), true},
		{"after", now.Add(2 * time.Hour), true},
	} {
		if got := g.expired(test.now); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
	g.until = g.until.Add(24 * time.Hour) // the other clock stood still while the machine slept
	if !g.expired(now.Add(61 * time.Minute)) {
		t.Error("a machine that slept prolonged it")
	}
	g.until, g.Expires = now.Add(time.Hour), g.Expires.Add(24*time.Hour) // the wall's was set back
	if !g.expired(now.Add(61 * time.Minute)) {
		t.Error("a clock that was set back prolonged it")
	}
	g.until, g.Expires = now.Add(-time.Second), now.Add(-time.Second)
	b.grants.mu.Lock()
	b.grants.all = map[string]*grant{"g": g}
	b.grants.build()
	b.grants.mu.Unlock()
	if got := b.secret(t, "main"); got != CodeDenied {
		t.Errorf("page got %q", got)
	}
}

func TestAGrantsEndCancelsWhatRunsByItIfItSaysSo(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Grant)
		end    func(t *testing.T, b *bench, id string)
		cancel bool
	}{
		{"revoked", func(g *Grant) { g.CancelRunning = true }, func(t *testing.T, b *bench, id string) { must(t, b.Revoke(id)) }, true},
		{"revoked after it was used up", func(g *Grant) { g.CancelRunning, g.Once = true, true }, func(t *testing.T, b *bench, id string) { must(t, b.Revoke(id)) }, true},
		{"expired", func(g *Grant) { g.CancelRunning, g.Expires = true, time.Now().Add(100*time.Millisecond) }, func(*testing.T, *bench, string) {}, true},
		{"revoked, and it does not say so", nil, func(t *testing.T, b *bench, id string) { must(t, b.Revoke(id)) }, false},
		{"another one is revoked", func(g *Grant) { g.CancelRunning = true }, func(t *testing.T, b *bench, _ string) {
			must(t, b.Revoke(b.grant(t, secret(func(g *Grant) { g.CancelRunning = true }))))
		}, false},
		{"the capabilities are reloaded", func(g *Grant) { g.CancelRunning = true }, func(t *testing.T, b *bench, _ string) {
			must(t, b.Reload(capability("more", `allow if input.command == "notes.touch"`)))
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			ended, release := make(chan error, 1), make(chan struct{})
			b := newBench(t, func(c *Config) { c.Capabilities = capability("none", `allow if input.command == "notes.touch"`) }, func(b *bench) {
				b.Handle("notes.wait", func(ctx context.Context, _ *Request) (any, error) {
					b.ran(ctx)
					select {
					case <-ctx.Done():
					case <-release:
					}
					ended <- ctx.Err()
					return nil, nil
				})
			})
			g := Grant{Windows: []string{"main"}, Commands: []string{"notes.wait"}}
			if test.change != nil {
				test.change(&g)
			}
			id := b.grant(t, g)
			c := b.connect(t, "main")
			answer, err := c.Start("notes.wait", textOf("x"))
			must(t, err)
			<-b.runs
			test.end(t, b, id)
			if !test.cancel {
				close(release)
				if _, err := c.Await(patient(t), answer); err != nil || <-ended != nil {
					t.Errorf("a call that had begun: %v", err)
				}
				return
			}
			if _, err := c.Await(patient(t), answer); code(t, err) != CodeCancelled {
				t.Errorf("page got %v", err)
			}
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("handler saw %v", err)
			}
			r := b.find(t, func(r audits.Record) bool { return r.Kind == audits.KindOutcome })
			if r.Verdict != audits.VerdictCancelled || r.Grant != id {
				t.Errorf("outcome is %+v", r)
			}
			contains(t, r.Reason, "the grant that it ran by has ended")
		})
	}
}

// Between the use of a grant and the handler lies the record, which may take
// its time.
func TestC7ACallWhoseGrantEndsWhileItIsRecordedNeverRuns(t *testing.T) {
	deciding, decided := make(chan struct{}), make(chan struct{})
	b := newBench(t, func(c *Config) {
		c.Record = keeper{decide: func(*audits.Record) error { close(deciding); <-decided; return nil }}
	}, nil)
	id := b.grant(t, secret(func(g *Grant) { g.CancelRunning = true }))
	c := b.connect(t, "main")
	answer, err := c.Start("notes.secret", textOf("x"))
	must(t, err)
	<-deciding
	must(t, b.Revoke(id))
	close(decided)
	if _, err := c.Await(patient(t), answer); code(t, err) != CodeCancelled {
		t.Errorf("page got %v", err)
	}
	await(t, "no call under way", func() bool { return b.Stats().UnderWay == 0 })
	b.nothingRan(t)
}

// Its schema was not asked, and its limits did not count.
func TestC7AGrantDoesNotCountForACallThatCameInHidden(t *testing.T) {
	var b *bench
	var made sync.Once
	b = newBench(t, nil, func(b *bench) {
		b.judge(decideLate{decide(func(context.Context, policy.Input) (policy.Decision, error) {
			made.Do(func() { b.grant(t, secret(func(g *Grant) { g.Once = true })) })
			return policy.Decision{Revision: "test"}, nil
		})})
	})
	for _, want := range []Code{CodeDenied, ""} { // the first is not what uses it up
		if got := b.secret(t, "main"); got != want {
			t.Errorf("page got %q, want %q", got, want)
		}
	}
}

// decideLate hides every command.
type decideLate struct{ decide }

func (decideLate) May(context.Context, policy.Input) policy.Effect { return policy.Deny }

func TestMistakesInAGrantAreErrors(t *testing.T) {
	b := newBench(t, nil, nil)
	many := make([]string, maxGrantList+1)
	for i := range many {
		many[i] = fmt.Sprintf("w%d", i)
	}
	for _, test := range []struct {
		name   string
		change func(*Grant)
		want   string
	}{
		{"no windows", func(g *Grant) { g.Windows = nil }, "Windows is not set"},
		{"empty windows", func(g *Grant) { g.Windows = []string{} }, "Windows is empty"},
		{"a window that does not exist", func(g *Grant) { g.Windows = []string{"main", "mian"} }, `"mian"`},
		{"a glob on nothing", func(g *Grant) { g.Windows = []string{"x*"} }, `"x*"`},
		{"a class", func(g *Grant) { g.Windows = []string{"[m]ain"} }, "no glob"},
		{"a window twice", func(g *Grant) { g.Windows = []string{"main", "main"} }, `"main" twice`},
		{"too many windows", func(g *Grant) { g.Windows = many }, "more than 32"},
		{"no commands", func(g *Grant) { g.Commands = nil }, "Commands is not set"},
		{"empty commands", func(g *Grant) { g.Commands = []string{} }, "Commands is empty"},
		{"a command that is not registered", func(g *Grant) { g.Commands = []string{"notes.sercet"} }, `"notes.sercet"`},
		{"a glob on commands", func(g *Grant) { g.Commands = []string{"notes.*"} }, `"notes.*"`},
		{"empty origins", func(g *Grant) { g.Origins = []string{} }, "Origins is empty"},
		{"another window's origin", func(g *Grant) { g.Origins = []string{"https://other.page.sallyport.invalid"} }, "Origins has"},
		{"empty arguments", func(g *Grant) { g.Args = map[string]any{} }, "nil for any arguments"},
		{"an argument that is no JSON", func(g *Grant) { g.Args = map[string]any{"text": make(chan int)} }, `Args["text"] is no JSON`},
		{"huge arguments", func(g *Grant) { g.Args = map[string]any{"text": strings.Repeat("x", maxGrantArgs)} }, "more than 65536 bytes"},
		{"a time that has passed", func(g *Grant) { g.Expires = time.Now().Add(-time.Second) }, "which has passed"},
		{"to persist once", func(g *Grant) { g.Persist, g.Once = true, true }, "Persist can't go together"},
		{"to persist until a navigation", func(g *Grant) { g.Persist, g.UntilNavigation = true, true }, "Persist can't go together"},
		{"to persist nowhere", func(g *Grant) { g.Persist = true }, "Config.GrantsFile"},
		{"an id of its own", func(g *Grant) { g.ID = "g-1" }, "ID"},
		{"a long title", func(g *Grant) { g.Title = strings.Repeat("x", 2000) }, "Title"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := b.Grant(secret(test.change))
			if err == nil {
				t.Fatal("no error")
			}
			contains(t, err.Error(), "core: Grant: ", test.want)
		})
	}
	if n := len(b.Grants()) + int(b.record.Total()); n != 0 {
		t.Errorf("%d grants or records of them", n)
	}
}

func TestGrantIsForAnAppThatRuns(t *testing.T) {
	b := newBench(t, nil, func(b *bench) {
		if _, err := b.Grant(secret(nil)); err == nil {
			t.Error("before the start: no error")
		}
	})
	b.grant(t, secret(func(g *Grant) { g.Expires = time.Now().Add(time.Hour) }))
	must(t, b.Shutdown(t.Context()))
	if _, err := b.Grant(secret(nil)); err == nil {
		t.Error("after the shutdown: no error")
	}
}

func TestC9GrantsAreBounded(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Log = logTo(new(logBuffer)) }, nil)
	ids := make(map[string]bool)
	for range maxGrants {
		ids[b.grant(t, secret(nil))] = true
	}
	if len(ids) != maxGrants {
		t.Errorf("%d ids of %d grants", len(ids), maxGrants)
	}
	if _, err := b.Grant(secret(nil)); err == nil {
		t.Error("one more: no error")
	}
	for id := range ids {
		must(t, b.Revoke(id))
		break
	}
	b.grant(t, secret(nil))
}

// What one grant shows the window, another does not permit to it.
func TestEachGrantIsAskedForItself(t *testing.T) {
	b := newBench(t, nil, nil)
	gone := b.connect(t, "main")
	b.grant(t, secret(func(g *Grant) { g.UntilNavigation = true })) // for that document
	b.grant(t, secret(func(g *Grant) { g.Windows = []string{"other"} }))
	b.grant(t, secret(func(g *Grant) { g.Args = map[string]any{"text": "y"} }))
	if _, err := b.connect(t, "main").Call(patient(t), "notes.secret", textOf("x")); code(t, err) != CodeDenied {
		t.Errorf("page got %v", err)
	}
	if _, err := gone.Call(patient(t), "notes.secret", textOf("x")); err != nil {
		t.Error(err)
	}
}

// A command that some grant may permit is no secret to its window.
func TestAGrantedCommandIsNotHidden(t *testing.T) {
	b := newBench(t, nil, nil)
	bad := func(window string, want Code) {
		t.Helper()
		if _, err := b.connect(t, window).Call(patient(t), "notes.secret", []byte("null")); code(t, err) != want {
			t.Errorf("%s: page got %v, want %q", window, err, want)
		}
	}
	bad("main", CodeDenied)
	id := b.grant(t, secret(nil))
	bad("main", CodeInvalidArgs)
	bad("other", CodeDenied)
	must(t, b.Revoke(id))
	bad("main", CodeDenied)
}

// Grants, revocations and reloads at once, under load: a call is allowed only
// between a grant and its end, by the grant that its record names, and what the
// capabilities allow is never refused.
func TestC7GrantsAndReloadsUnderLoad(t *testing.T) {
	var (
		mu    sync.Mutex
		state = make(map[string]string) // of each grant: made, or the last verdict about it
	)
	b := newBench(t, func(c *Config) {
		c.Log = logTo(new(logBuffer))
		c.Limits.CallsPerSecond = 1e6
		c.Record = keeper{
			event: func(r *audits.Record) error {
				mu.Lock()
				defer mu.Unlock()
				if r.Grant != "" {
					state[r.Grant] = r.Verdict
				}
				return nil
			},
			decide: func(r *audits.Record) error {
				mu.Lock()
				defer mu.Unlock()
				if r.Command == "notes.secret" && (r.Verdict == audits.VerdictAllow) != (r.Grant != "") {
					t.Errorf("%s by grant %q", r.Verdict, r.Grant)
				}
				if r.Grant != "" && state[r.Grant] == "" {
					t.Errorf("allowed by %s, which is not on record", r.Grant)
				}
				return nil
			},
		}
	}, nil)
	ctx, stop := context.WithCancel(patient(t))
	var others sync.WaitGroup
	for range 3 {
		c := b.connect(t, "main")
		others.Go(func() {
			for ctx.Err() == nil {
				if _, err := c.Call(patient(t), "notes.touch", textOf("x")); err != nil {
					t.Errorf("what the capabilities allow: %v", err)
					return
				}
				_, err := c.Call(patient(t), "notes.secret", textOf("x"))
				if got := code(t, err); got != "" && got != CodeDenied && got != CodeCancelled {
					t.Errorf("what is granted now and then: page got %q", got)
					return
				}
			}
		})
	}
	sets := []fs.FS{capability("one", `allow if input.command == "notes.touch"`), capability("two", `allow if input.command in {"notes.touch", "notes.echo"}`)}
	others.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			if err := b.Reload(sets[i%2]); err != nil {
				t.Error(err)
			}
		}
	})
	own := b.connect(t, "main")
	call := func() Code {
		_, err := own.Call(patient(t), "notes.secret", textOf("x"))
		return code(t, err)
	}
	for i := range 100 {
		if got := call(); got != CodeDenied {
			t.Fatalf("round %d: before it page got %q", i, got)
		}
		id := b.grant(t, secret(func(g *Grant) { g.CancelRunning = i%2 == 0 }))
		if got := call(); got != "" {
			t.Fatalf("round %d: by the grant page got %q", i, got)
		}
		must(t, b.Revoke(id))
	}
	stop()
	others.Wait()
}

// asks must not take what is no object for one.
func TestArgumentsThatAreNoObjectHaveNoMembers(t *testing.T) {
	b := newBench(t, nil, nil)
	g, err := b.newGrant(secret(func(g *Grant) { g.Args = map[string]any{"text": nil} }), time.Now())
	must(t, err)
	for _, args := range []string{`null`, `[]`, `"text"`, `{}`} {
		v, err := schema.Parse([]byte(args), schema.Limits{})
		must(t, err)
		if g.asks(v) {
			t.Errorf("%s has a text", args)
		}
	}
}
