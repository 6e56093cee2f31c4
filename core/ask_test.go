package core

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/policy"
)

// A desk is a prompter whose user the test plays.
type desk struct {
	asked       chan Question
	say         chan Answer
	shown, most atomic.Int32
}

func newDesk() *desk { return &desk{asked: make(chan Question, 4096), say: make(chan Answer)} }

func (d *desk) Ask(ctx context.Context, q Question) (Answer, error) {
	if n := d.shown.Add(1); n > d.most.Load() {
		d.most.Store(n)
	}
	defer d.shown.Add(-1)
	d.asked <- q
	select {
	case a := <-d.say:
		return a, nil
	case <-ctx.Done():
		return AnswerNo, ctx.Err()
	}
}

// prompter is one made of a function.
type prompter func(ctx context.Context, q Question) (Answer, error)

func (p prompter) Ask(ctx context.Context, q Question) (Answer, error) { return p(ctx, q) }

func says(a Answer) prompter {
	return func(context.Context, Question) (Answer, error) { return a, nil }
}

const asksForSecrets = `
ask contains "Read the secret?" if input.command == "notes.secret"
`

// askBench is an app that asks about notes.secret.
func askBench(t *testing.T, p Prompter, change func(*Config), prepare func(*bench)) *bench {
	t.Helper()
	return newBench(t, func(c *Config) {
		c.Files, c.Prompter, c.AnswersFile = asking(asksForSecrets), p, filepath.Join(t.TempDir(), "answers.json")
		if change != nil {
			change(c)
		}
	}, prepare)
}

func asking(rules string) fstest.MapFS {
	files := testFiles()
	files["capabilities/notes.rego"].Data = []byte(notesCapability + rules)
	return files
}

func (b *bench) askSecret(t *testing.T, c *peer.Client, text string) Code {
	t.Helper()
	_, err := c.Call(patient(t), "notes.secret", textOf(text))
	return code(t, err)
}

func TestC7OnlyAYesThatCountsLetsACallRun(t *testing.T) {
	for _, test := range []struct {
		name  string
		p     Prompter
		runs  bool
		asked string
	}{
		{"once", says(AnswerOnce), true, audits.AskedOnce},
		{"for the session", says(AnswerSession), true, audits.AskedSession},
		{"for always", says(AnswerAlways), true, audits.AskedAlways},
		{"no", says(AnswerNo), false, audits.AskedNo},
		{"an answer that there is not", says(AnswerAlways + 1), false, audits.AskedFailed},
		{"a yes with an error", prompter(func(context.Context, Question) (Answer, error) { return AnswerOnce, errors.New("zebra") }), false, audits.AskedFailed},
		{"a panic", prompter(func(context.Context, Question) (Answer, error) { panic("zebra") }), false, audits.AskedFailed},
		{"an end of its goroutine", prompter(func(context.Context, Question) (Answer, error) { runtime.Goexit(); return AnswerOnce, nil }), false, audits.AskedFailed},
		{"no answer", prompter(func(ctx context.Context, _ Question) (Answer, error) { <-ctx.Done(); return AnswerNo, nil }), false, audits.AskedTimeout},
		{"a yes that comes too late", prompter(func(ctx context.Context, _ Question) (Answer, error) { <-ctx.Done(); return AnswerAlways, nil }), false, audits.AskedTimeout},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := askBench(t, test.p, func(c *Config) { c.PromptTimeout = 100 * time.Millisecond }, nil)
			want := CodeDenied
			if test.runs {
				want = ""
			}
			if got := b.askSecret(t, b.connect(t, "main"), "x"); got != want {
				t.Errorf("page got %q", got)
			}
			r := b.record.Records()[0]
			if r.Asked != test.asked || r.Stage != audits.StagePolicy && !test.runs || r.Stages.Prompt == 0 || len(r.Rules) != 1 || r.Revision == "" {
				t.Errorf("recorded %+v", r)
			}
			if !test.runs {
				b.nothingRan(t)
				if r.Verdict != audits.VerdictDeny || r.Reason == "" {
					t.Errorf("recorded %+v", r)
				}
				if kept := b.Answers(); len(kept) > 0 && kept[0].Answer != AnswerNo {
					t.Errorf("kept %+v", kept)
				}
			} else if r.Verdict != audits.VerdictAllow {
				t.Errorf("recorded %+v", r)
			}
			lacks(t, b.log.String(), "zebra")
		})
	}
}

func TestTheUserSeesWhatTheCallWouldDo(t *testing.T) {
	d := newDesk()
	b := askBench(t, d, nil, nil)
	done := make(chan Code, 1)
	c := b.connect(t, "main")
	go func() { done <- b.askSecret(t, c, "the key") }()
	q := <-d.asked
	d.say <- AnswerOnce
	if got := <-done; got != "" {
		t.Errorf("page got %q", got)
	}
	want := Question{
		App: "notes", Window: "main", Origin: "https://main.page.sallyport.invalid", Command: "notes.secret",
		Asks: []string{"Read the secret?"}, Rules: []string{"notes.rego:19"}, Args: []string{`text: "the key"`},
		Answers: []Answer{AnswerOnce, AnswerSession, AnswerAlways},
	}
	if got, want := fmt.Sprintf("%+v", q), fmt.Sprintf("%+v", want); got != want {
		t.Errorf("asked %s\nwant  %s", got, want)
	}
}

func TestACommandThatIsAskedAboutIsNotHidden(t *testing.T) {
	b := askBench(t, says(AnswerNo), nil, nil)
	if _, err := b.connect(t, "main").Call(patient(t), "notes.secret", []byte("null")); code(t, err) != CodeInvalidArgs {
		t.Errorf("page got %v", err)
	}
	if _, err := b.connect(t, "other").Call(patient(t), "notes.secret", []byte("null")); code(t, err) != CodeDenied {
		t.Errorf("another window's page got %v", err)
	}
}

// One prompt, all questions; and each is remembered by itself.
func TestQuestionsThatHoldAtOnceAreAskedAtOnce(t *testing.T) {
	d := newDesk()
	b := askBench(t, d, func(c *Config) {
		c.Files = asking(`
ask contains "Read the secret?" if input.command == "notes.secret"
# METADATA
# custom:
#   remember: []
ask contains "Really?" if {
	input.command == "notes.secret"
	input.args.text != "y"
}
`)
	}, nil)
	c := b.connect(t, "main")
	for _, step := range []struct {
		text string
		asks string
	}{
		{"x", "Read the secret? Really?"},
		{"x", ""},
		{"z", "Read the secret?"}, // about other arguments; the other question is about none
		{"y", "Read the secret?"},
		{"y", ""},
	} {
		done := make(chan Code, 1)
		go func() { done <- b.askSecret(t, c, step.text) }()
		if step.asks != "" {
			if q := <-d.asked; strings.Join(q.Asks, " ") != step.asks {
				t.Errorf("%s: asked %q", step.text, q.Asks)
			}
			d.say <- AnswerSession
		}
		if got := <-done; got != "" {
			t.Errorf("%s: page got %q", step.text, got)
		}
	}
	if n := len(d.asked); n > 0 {
		t.Errorf("asked %d times more", n)
	}
}

func TestAnswersAreKeptAsLongAsTheySay(t *testing.T) {
	d := newDesk()
	file := filepath.Join(t.TempDir(), "answers.json")
	kept := func(c *Config) { c.AnswersFile = file }
	b := askBench(t, d, kept, nil)
	answered := func(b *bench, c *peer.Client, text string, answer Answer, prompts bool, want Code, asked string) {
		t.Helper()
		done := make(chan Code, 1)
		go func() { done <- b.askSecret(t, c, text) }()
		if prompts {
			select {
			case <-d.asked:
				d.say <- answer
			case got := <-done:
				t.Errorf("%s: not asked, page got %q", text, got)
				return
			}
		}
		if got := <-done; got != want {
			t.Errorf("%s: page got %q", text, got)
		}
		if len(d.asked) > 0 {
			t.Errorf("%s: asked", text)
		}
		if r := b.record.Records(); r[len(r)-1].Asked != asked {
			t.Errorf("%s: recorded %+v", text, r[len(r)-1])
		}
	}
	b.windows["main"].prompts.SetLimit(1e9) // the test asks more than a page may
	c := b.connect(t, "main")
	answered(b, c, "once", AnswerOnce, true, "", audits.AskedOnce)
	answered(b, c, "once", AnswerOnce, true, "", audits.AskedOnce)
	answered(b, c, "session", AnswerSession, true, "", audits.AskedSession)
	answered(b, c, "session", AnswerSession, false, "", audits.AskedKeptSession)
	answered(b, c, "always", AnswerAlways, true, "", audits.AskedAlways)
	answered(b, c, "always", AnswerAlways, false, "", audits.AskedKeptAlways)
	answered(b, c, "no", AnswerNo, true, CodeDenied, audits.AskedNo)
	answered(b, c, "no", AnswerNo, false, CodeDenied, audits.AskedKeptNo)

	// Another session beside it, and one after it.
	other := b.connect(t, "main")
	answered(b, other, "always", AnswerAlways, false, "", audits.AskedKeptAlways)
	answered(b, other, "no", AnswerNo, false, CodeDenied, audits.AskedKeptNo) // or a page would be loaded anew to ask again
	answered(b, other, "session", AnswerOnce, true, "", audits.AskedOnce)
	c.Session.End(isolation.EndRevoked)
	await(t, "the session's answer is forgotten", func() bool { return len(b.Answers()) == 2 })

	// Another run.
	again := askBench(t, d, kept, nil)
	c = again.connect(t, "main")
	answered(again, c, "always", AnswerAlways, false, "", audits.AskedKeptAlways)
	answered(again, c, "session", AnswerOnce, true, "", audits.AskedOnce)

	// Revoked, in this run and the next.
	all := again.Answers()
	if len(all) != 1 {
		t.Fatalf("kept %+v", all)
	}
	k := all[0]
	if k.Answer != AnswerAlways || k.Capability != "notes" || k.File != "notes.rego" || k.Line != 19 || k.Window != "main" ||
		k.Command != "notes.secret" || k.Session != "" || k.Revision != again.policy.Load().Revision() || time.Since(k.Time) > time.Minute {
		t.Errorf("kept %+v", k)
	}
	if err := again.Forget(k.ID + "x"); err == nil {
		t.Error("an answer that there is not is forgotten")
	}
	if err := again.Forget(k.ID); err != nil {
		t.Error(err)
	}
	answered(again, c, "always", AnswerOnce, true, "", audits.AskedOnce)
	third := askBench(t, d, kept, nil)
	answered(third, third.connect(t, "main"), "always", AnswerAlways, true, "", audits.AskedAlways)

	// Another policy.
	changed := askBench(t, d, func(c *Config) {
		kept(c)
		c.Files = asking(asksForSecrets + "\n")
	}, nil)
	answered(changed, changed.connect(t, "main"), "always", AnswerOnce, true, "", audits.AskedOnce)
}

func TestAForgottenAnswerOfASessionIsAskedForAgain(t *testing.T) {
	b := askBench(t, says(AnswerSession), nil, nil)
	c := b.connect(t, "main")
	b.askSecret(t, c, "x")
	kept := b.Answers()
	if len(kept) != 1 || kept[0].Session != c.Session.ID() {
		t.Fatalf("kept %+v", kept)
	}
	if err := b.Forget(kept[0].ID); err != nil {
		t.Error(err)
	}
	b.askSecret(t, c, "x")
	if r := b.record.Records(); r[len(r)-1].Asked != audits.AskedSession {
		t.Errorf("recorded %+v", r[len(r)-1])
	}
	if none := newBench(t, nil, nil); none.Answers() != nil || none.Forget("x") == nil {
		t.Error("an app that asks nobody has answers")
	}
}

// Minutes may pass until a user has answered.
func TestC7AYesCountsOnlyIfThePolicyStillAsks(t *testing.T) {
	ask := policy.Decision{Effect: policy.Ask, Revision: "1", Rules: []policy.Rule{
		{Capability: "a", File: "a.rego", Line: 1, Kind: "ask", Reason: "A?"},
		{Capability: "a", File: "a.rego", Line: 2, Kind: "ask", Reason: "B?"},
	}}
	but := func(change func(*policy.Decision)) policy.Decision {
		d := ask
		d.Rules = append([]policy.Rule(nil), ask.Rules...)
		change(&d)
		return d
	}
	for _, test := range []struct {
		name  string
		after policy.Decision
		err   error
		runs  bool
	}{
		{"it asks the same", ask, nil, true},
		{"it asks less", but(func(d *policy.Decision) { d.Rules = d.Rules[1:] }), nil, true},
		{"it allows", policy.Decision{Effect: policy.Allow, Revision: "1"}, nil, true},

		{"it denies", policy.Decision{Effect: policy.Deny, Revision: "1", Reason: "no"}, nil, false},
		{"it is an error", ask, errors.New("zebra"), false},
		{"it asks something more", but(func(d *policy.Decision) {
			d.Rules = append(d.Rules, policy.Rule{Capability: "b", File: "b.rego", Line: 1, Kind: "ask", Reason: "A?"})
		}), nil, false},
		{"it asks another question", but(func(d *policy.Decision) { d.Rules[0].Reason = "C?" }), nil, false},
		{"it asks on another line", but(func(d *policy.Decision) { d.Rules[0].Line = 3 }), nil, false},
		{"it asks nothing", but(func(d *policy.Decision) { d.Rules = nil }), nil, false},
		{"another policy asks the same", but(func(d *policy.Decision) { d.Revision = "2" }), nil, false},
		{"another policy allows", policy.Decision{Effect: policy.Allow, Revision: "2"}, nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			asked := false
			b := askBench(t, prompter(func(context.Context, Question) (Answer, error) {
				asked = true
				return AnswerOnce, nil
			}), nil, func(b *bench) {
				b.judge(decide(func(context.Context, policy.Input) (policy.Decision, error) {
					if !asked {
						return ask, nil
					}
					return test.after, test.err
				}))
			})
			want := CodeDenied
			if test.runs {
				want = ""
			}
			if got := b.askSecret(t, b.connect(t, "main"), "x"); got != want {
				t.Errorf("page got %q", got)
			}
			if !test.runs {
				b.nothingRan(t)
			}
			if r := b.record.Records()[0]; r.Asked != audits.AskedOnce || r.Revision != test.after.Revision || r.Reason == "" && !test.runs ||
				test.after.Effect == policy.Deny && r.Reason != test.after.Reason {
				t.Errorf("recorded %+v", r)
			}
		})
	}
}

// The policy that is in force by then is asked, not the one of the call.
func TestC7AYesDoesNotOutliveItsPolicy(t *testing.T) {
	for _, test := range []struct{ name, rules string }{
		{"it asks the same", asksForSecrets + "\n"},
		{"it allows", "\nallow if input.command == \"notes.secret\"\n"},
		{"it says nothing", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newDesk()
			b := askBench(t, d, nil, nil)
			c := b.connect(t, "main")
			done := make(chan Code, 1)
			go func() { done <- b.askSecret(t, c, "x") }()
			<-d.asked
			next, err := fs.Sub(asking(test.rules), "capabilities")
			if err != nil {
				t.Fatal(err)
			}
			if err := b.Reload(next); err != nil {
				t.Fatal(err)
			}
			d.say <- AnswerAlways
			if got := <-done; got != CodeDenied {
				t.Errorf("page got %q", got)
			}
			b.nothingRan(t)
			if test.rules == asksForSecrets+"\n" { // and the answer is none to the new one
				go func() { done <- b.askSecret(t, c, "x") }()
				<-d.asked
				d.say <- AnswerNo
				if got := <-done; got != CodeDenied {
					t.Errorf("page got %q", got)
				}
			}
		})
	}
}

func TestC7WhatNoPromptCanShowIsDenied(t *testing.T) {
	many := make([]policy.Rule, maxAsks+1)
	for i := range many {
		many[i] = policy.Rule{File: "a.rego", Line: i + 1, Kind: "ask", Reason: "A?"}
	}
	for name, rules := range map[string][]policy.Rule{"no question": nil, "too many questions": many} {
		t.Run(name, func(t *testing.T) {
			b := askBench(t, says(AnswerOnce), nil, func(b *bench) {
				b.judge(decide(func(context.Context, policy.Input) (policy.Decision, error) {
					return policy.Decision{Effect: policy.Ask, Rules: rules}, nil
				}))
			})
			if got := b.askSecret(t, b.connect(t, "main"), "x"); got != CodeDenied {
				t.Errorf("page got %q", got)
			}
			b.nothingRan(t)
		})
	}
}

// A hidden command's schema was not looked at, so that no yes may let it run.
func TestC7NobodyIsAskedAboutAHiddenCall(t *testing.T) {
	d := newDesk()
	b := askBench(t, d, nil, func(b *bench) {
		b.judge(hider{b.policy.Load().decider, func(policy.Input) policy.Effect { return policy.Deny }})
	})
	if got := b.askSecret(t, b.connect(t, "main"), "x"); got != CodeDenied || len(d.asked) > 0 {
		t.Errorf("page got %q, and the user was asked %d times", got, len(d.asked))
	}
}

// The time that the user takes is not the handler's.
func TestTheDeadlineIsPutOffWhileTheUserIsAsked(t *testing.T) {
	const deadline, thinking = 400 * time.Millisecond, 600 * time.Millisecond
	for _, test := range []struct {
		name    string
		timeout time.Duration // of the page
		want    Code
		asked   string
	}{
		{"the command's", 0, "", audits.AskedOnce},
		{"the page's own is not", 100 * time.Millisecond, CodeTimeout, audits.AskedWithdrawn},
	} {
		t.Run(test.name, func(t *testing.T) {
			var left time.Duration
			withdrawn := make(chan bool, 1)
			b := askBench(t, prompter(func(ctx context.Context, _ Question) (Answer, error) {
				select {
				case <-time.After(thinking):
					return AnswerOnce, nil
				case <-ctx.Done():
					withdrawn <- true
					return AnswerOnce, nil
				}
			}), func(c *Config) {
				c.Limits.Deadline = deadline
				c.Files.(fstest.MapFS)["schemas/notes.late.input.json"] = &fstest.MapFile{Data: []byte(textArgs)}
				c.Files.(fstest.MapFS)["capabilities/notes.rego"].Data = []byte(notesCapability + "\nask contains \"Late?\" if input.command == \"notes.late\"\n")
			}, func(b *bench) {
				Command(b.App, "notes.late", func(ctx context.Context, a text) (struct{}, error) {
					b.ran(ctx)
					until, _ := ctx.Deadline()
					left = time.Until(until)
					return struct{}{}, nil
				})
			})
			p, session, answers := b.shakeHands(t)
			session.Deliver(p.Seal(isolation.TypeBatch, peer.AppendCall(nil, 1, test.timeout, "notes.late", textOf("x"))))
			a := <-answers
			if a.Failed != (test.want != "") || a.Failed && !strings.Contains(string(a.JSON), string(test.want)) {
				t.Errorf("page got %+v", a)
			}
			r := b.find(t, func(audits.Record) bool { return true })
			if r.Asked != test.asked || r.Stages.Policy > deadline {
				t.Errorf("recorded %+v", r)
			}
			if test.want != "" {
				<-withdrawn
				b.nothingRan(t)
			} else if left <= 0 || left > deadline {
				t.Errorf("the handler had %v left of %v", left, deadline)
			}
		})
	}
}

// The deadline counts again once the user has answered.
func TestAHandlerBehindAPromptHasADeadline(t *testing.T) {
	b := askBench(t, says(AnswerOnce), func(c *Config) {
		c.Limits.Deadline = 200 * time.Millisecond
		c.Files = asking("\nask contains \"Wait?\" if input.command == \"notes.wait\"\n")
	}, func(b *bench) {
		Command(b.App, "notes.wait", func(ctx context.Context, a text) (struct{}, error) {
			<-ctx.Done()
			return struct{}{}, ctx.Err()
		})
	})
	if _, err := b.connect(t, "main").Call(patient(t), "notes.wait", textOf("x")); code(t, err) != CodeTimeout {
		t.Errorf("page got %v", err)
	}
}

func TestAPromptIsWithdrawnWhenNobodyWaits(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(t *testing.T, b *bench, c *peer.Client)
	}{
		{"the page cancels", func(t *testing.T, b *bench, c *peer.Client) {
			if err := c.Send(peer.AppendCancel(nil, 1)); err != nil {
				t.Fatal(err)
			}
		}},
		{"the session ends", func(t *testing.T, b *bench, c *peer.Client) { c.Session.End(isolation.EndRevoked) }},
		{"the app shuts down", func(t *testing.T, b *bench, c *peer.Client) {
			if err := b.Shutdown(patient(t)); err != nil {
				t.Error(err)
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			shown, gone := make(chan bool), make(chan bool)
			b := askBench(t, prompter(func(ctx context.Context, _ Question) (Answer, error) {
				shown <- true
				<-ctx.Done()
				close(gone)
				return AnswerAlways, nil
			}), nil, nil)
			c := b.connect(t, "main")
			if _, err := c.Start("notes.secret", textOf("x")); err != nil {
				t.Fatal(err)
			}
			<-shown
			began := time.Now()
			test.end(t, b, c)
			<-gone
			r := b.find(t, func(audits.Record) bool { return true })
			if r.Asked != audits.AskedWithdrawn || time.Since(began) > 5*time.Second || len(b.Answers()) > 0 {
				t.Errorf("after %v recorded %+v, kept %+v", time.Since(began), r, b.Answers())
			}
			await(t, "no call under way", func() bool { return b.Stats().UnderWay == 0 })
			b.nothingRan(t)
		})
	}
}
