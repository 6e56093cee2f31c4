package core

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
)

// asksEverywhere asks about notes.secret in both windows.
func asksEverywhere(c *Config) {
	files := asking("")
	files["capabilities/secrets.rego"] = &fstest.MapFile{Data: []byte("# METADATA\n# custom:\n#   windows: [\"*\"]\npackage capability.secrets\n" + asksForSecrets)}
	c.Files = files
}

// unhurried lifts the limit of a window's questions.
func unhurried(b *bench) {
	for _, w := range b.windows {
		w.prompts.SetLimit(1e9)
	}
}

func start(t *testing.T, c *peer.Client, text string) <-chan peer.Answer {
	t.Helper()
	answer, err := c.Start("notes.secret", textOf(text))
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func codeOf(t *testing.T, c *peer.Client, answer <-chan peer.Answer) Code {
	t.Helper()
	_, err := c.Await(patient(t), answer)
	return code(t, err)
}

func TestC9QuestionsAreShownOneAtATime(t *testing.T) {
	d := newDesk()
	b := askBench(t, d, asksEverywhere, nil)
	unhurried(b)
	var answers []<-chan peer.Answer
	clients := []*peer.Client{b.connect(t, "main"), b.connect(t, "other"), b.connect(t, "other")}
	for i, c := range clients {
		answers = append(answers, start(t, c, fmt.Sprint("x", i)))
	}
	for range clients {
		<-d.asked
		d.say <- AnswerOnce
	}
	for i, c := range clients {
		if got := codeOf(t, c, answers[i]); got != "" {
			t.Errorf("page got %q", got)
		}
	}
	if n := d.most.Load(); n != 1 {
		t.Errorf("%d questions at a time", n)
	}
}

// What waits is bounded for a window, so that one of them leaves room for the
// others, and in all.
func TestC9QuestionsThatWaitAreFew(t *testing.T) {
	d := newDesk()
	b := askBench(t, d, asksEverywhere, nil)
	unhurried(b)
	c := b.connect(t, "main")
	var waiting []<-chan peer.Answer
	for i := range maxWindowPrompts {
		waiting = append(waiting, start(t, c, fmt.Sprint("x", i)))
	}
	queued := func() int {
		b.prompts.mu.Lock()
		defer b.prompts.mu.Unlock()
		return len(b.prompts.queue)
	}
	await(t, "the window's questions wait", func() bool { return queued() == maxWindowPrompts })
	for i, client := range []*peer.Client{c, b.connect(t, "main")} {
		if got := b.askSecret(t, client, fmt.Sprint("more", i)); got != CodeBusy {
			t.Errorf("page got %q", got)
		}
	}
	if r := b.record.Records(); r[0].Asked != audits.AskedRefused || r[0].Verdict != audits.VerdictRefuse {
		t.Errorf("recorded %+v", r[0])
	}
	other := b.connect(t, "other")
	answer := start(t, other, "x")
	await(t, "another window's question waits", func() bool { return queued() == maxWindowPrompts+1 })
	for range maxWindowPrompts + 1 {
		<-d.asked
		d.say <- AnswerOnce
	}
	for _, answer := range waiting {
		if got := codeOf(t, c, answer); got != "" {
			t.Errorf("page got %q", got)
		}
	}
	if got := codeOf(t, other, answer); got != "" {
		t.Errorf("the other page got %q", got)
	}
	if len(d.asked) != 0 {
		t.Errorf("%d questions too many", len(d.asked))
	}
}

func TestC9QuestionsOfAllWindowsAreFew(t *testing.T) {
	p := &prompts{prompter: newDesk(), timeout: time.Minute, log: logTo(new(logBuffer))}
	b := askBench(t, says(AnswerNo), nil, func(b *bench) {})
	var all sync.WaitGroup
	refusedAll := 0
	for i := range maxPrompts + 3 {
		s := &session{app: b.App, window: newWindow(fmt.Sprint("w", i), "", (&App{}).all()), link: b.connect(t, "main").Session}
		waiting, no := p.join(s, []binding{someBinding("a")}, "", Question{})
		if waiting == nil {
			refusedAll++
			if no.code != CodeBusy {
				t.Errorf("refused with %q", no.code)
			}
			continue
		}
		all.Go(func() { <-waiting })
	}
	if refusedAll != 3 {
		t.Errorf("%d questions of many windows were refused", refusedAll)
	}
	p.stop()
	all.Wait()
	p.wait()
}

// A no costs a page more than a yes: two in a row, and it has to wait.
func TestC9AWindowThatIsToldNoHasToWait(t *testing.T) {
	for _, test := range []struct {
		answer Answer
		want   int // prompts
	}{{AnswerOnce, promptBurst}, {AnswerNo, promptBurst / (1 + unwelcome)}} {
		t.Run(test.answer.String(), func(t *testing.T) {
			asked := 0
			b := askBench(t, prompter(func(context.Context, Question) (Answer, error) { asked++; return test.answer, nil }), nil, nil)
			for i := range 20 { // a session each: the window counts
				c := b.connect(t, "main")
				got := b.askSecret(t, c, fmt.Sprint("x", i))
				if i >= test.want && got != CodeRateLimited {
					t.Errorf("call %d: page got %q", i, got)
				}
				c.Close()
			}
			if asked != test.want {
				t.Errorf("asked %d times, want %d", asked, test.want)
			}
		})
	}
}

func TestEqualCallsShareAQuestion(t *testing.T) {
	for _, test := range []struct {
		answer Answer
		runs   int
	}{{AnswerNo, 0}, {AnswerOnce, 1}, {AnswerSession, 9}, {AnswerAlways, 9}} {
		t.Run(test.answer.String(), func(t *testing.T) {
			d := newDesk()
			b := askBench(t, d, nil, nil)
			c := b.connect(t, "main")
			var answers []<-chan peer.Answer
			for range 9 {
				answers = append(answers, start(t, c, "x"))
			}
			<-d.asked
			await(t, "all wait", func() bool {
				b.prompts.mu.Lock()
				defer b.prompts.mu.Unlock()
				return len(b.prompts.queue) == 1 && len(b.prompts.queue[0].waiters) == 9
			})
			d.say <- test.answer
			for i, answer := range answers {
				if got := codeOf(t, c, answer); got != "" && got != CodeDenied {
					t.Errorf("call %d: page got %q", i, got)
				}
			}
			if len(b.runs) != test.runs || len(d.asked) > 0 {
				t.Errorf("%d calls ran, want %d, and %d more questions", len(b.runs), test.runs, len(d.asked))
			}
		})
	}
}

// The answer goes to one that still waits for it.
func TestACallThatLeavesTakesNoAnswerWithIt(t *testing.T) {
	d := newDesk()
	b := askBench(t, d, nil, nil)
	c := b.connect(t, "main")
	first := start(t, c, "x")
	<-d.asked
	second := start(t, c, "x")
	waiters := func() int {
		b.prompts.mu.Lock()
		defer b.prompts.mu.Unlock()
		return len(b.prompts.queue[0].waiters)
	}
	await(t, "both wait", func() bool { return waiters() == 2 })
	if err := c.Send(peer.AppendCancel(nil, 1)); err != nil {
		t.Fatal(err)
	}
	if got := codeOf(t, c, first); got != CodeCancelled {
		t.Errorf("page got %q", got)
	}
	await(t, "one waits", func() bool { return waiters() == 1 })
	d.say <- AnswerOnce
	if got := codeOf(t, c, second); got != "" {
		t.Errorf("page got %q", got)
	}
}

// Two sessions that ask the same have a question each, but the second is not
// put if the first was answered for good.
func TestAQuestionThatWasAnsweredMeanwhileIsNotShown(t *testing.T) {
	for _, answer := range []Answer{AnswerAlways, AnswerNo} {
		t.Run(answer.String(), func(t *testing.T) {
			d := newDesk()
			b := askBench(t, d, nil, nil)
			one, other := b.connect(t, "main"), b.connect(t, "main")
			first := start(t, one, "x")
			<-d.asked
			second := start(t, other, "x")
			await(t, "both wait", func() bool {
				b.prompts.mu.Lock()
				defer b.prompts.mu.Unlock()
				return len(b.prompts.queue) == 2
			})
			d.say <- answer
			want := Code("")
			if answer == AnswerNo {
				want = CodeDenied
			}
			if got := codeOf(t, one, first); got != want {
				t.Errorf("page got %q", got)
			}
			if got := codeOf(t, other, second); got != want {
				t.Errorf("the other page got %q", got)
			}
			if len(d.asked) > 0 {
				t.Error("asked again")
			}
		})
	}
}

// Never two at once, whatever a prompter does.
func TestC9APrompterThatDoesNotReturnIsNotAskedAgain(t *testing.T) {
	release := make(chan struct{})
	var asked atomic.Int32
	b := askBench(t, prompter(func(context.Context, Question) (Answer, error) {
		if asked.Add(1) == 1 {
			<-release
		}
		return AnswerOnce, nil
	}), func(c *Config) { c.PromptTimeout = 50 * time.Millisecond }, nil)
	unhurried(b)
	c := b.connect(t, "main")
	first := start(t, c, "x")
	await(t, "it is asked", func() bool { return asked.Load() == 1 })
	second := start(t, c, "y")
	for _, answer := range []<-chan peer.Answer{first, second} {
		if got := codeOf(t, c, answer); got != CodeDenied {
			t.Errorf("page got %q", got)
		}
	}
	await(t, "no calls are asked about", func() bool {
		b.prompts.mu.Lock()
		defer b.prompts.mu.Unlock()
		return b.prompts.stuck
	})
	if got := b.askSecret(t, c, "z"); got != CodeDenied || asked.Load() != 1 {
		t.Errorf("page got %q, asked %d times", got, asked.Load())
	}
	b.nothingRan(t)
	contains(t, b.log.String(), "the prompter does not return")
	close(release)
	await(t, "it is asked again", func() bool { return b.askSecret(t, c, "z") == "" })
}

// Between the moment when the last call has left a question and the one when it
// is taken away, another call would be refused for nothing.
func TestAQuestionThatNobodyWaitsForIsNotShared(t *testing.T) {
	s := &session{window: newWindow("main", "", (&App{}).all())}
	left := &prompt{session: s, bindings: []binding{someBinding("a")}}
	p := &prompts{queue: []*prompt{left}, idle: make(chan struct{})} // as if it were being shown
	if waiting, _ := p.join(s, left.bindings, "", Question{}); waiting == nil || len(left.waiters) > 0 || len(p.queue) != 2 {
		t.Errorf("%d wait for it, %d questions", len(left.waiters), len(p.queue))
	}
}

// A page that cancels and calls again is no longer asked about the first.
func TestAQuestionThatIsGoingAwayTakesNoMoreCalls(t *testing.T) {
	var asked atomic.Int32
	hidden, release := make(chan struct{}), make(chan struct{})
	b := askBench(t, prompter(func(ctx context.Context, _ Question) (Answer, error) {
		if asked.Add(1) == 1 {
			<-ctx.Done()
			close(hidden)
			<-release
		}
		return AnswerOnce, nil
	}), nil, nil)
	c := b.connect(t, "main")
	first := start(t, c, "x")
	await(t, "it is asked", func() bool { return asked.Load() == 1 })
	if err := c.Send(peer.AppendCancel(nil, 1)); err != nil {
		t.Fatal(err)
	}
	if got := codeOf(t, c, first); got != CodeCancelled {
		t.Errorf("page got %q", got)
	}
	<-hidden
	second := start(t, c, "x")
	close(release)
	if got := codeOf(t, c, second); got != "" || asked.Load() != 2 {
		t.Errorf("page got %q, asked %d times", got, asked.Load())
	}
}

// Many calls of many sessions, answered in every way, cancelled, cut off: each
// ends once, one question at a time, and as many run as were allowed to.
func TestManyCallsAskAtOnce(t *testing.T) {
	const sessions, each = 12, 20
	var yes, n atomic.Int32
	var shown, most atomic.Int32
	b := askBench(t, prompter(func(ctx context.Context, q Question) (Answer, error) {
		if n := shown.Add(1); n > most.Load() {
			most.Store(n)
		}
		defer shown.Add(-1)
		switch n.Add(1) % 5 {
		case 0:
			yes.Add(1)
			return AnswerOnce, nil
		case 1:
			return AnswerNo, nil
		case 2:
			select {
			case <-ctx.Done():
			case <-time.After(2 * time.Millisecond):
			}
			return AnswerNo, ctx.Err()
		case 3:
			panic("zebra")
		}
		return AnswerNo, context.Canceled
	}), asksEverywhere, nil)
	unhurried(b)
	ran := func() int { return len(b.runs) }
	var all sync.WaitGroup
	for i := range sessions {
		c := b.connect(t, []string{"main", "other"}[i%2])
		all.Go(func() {
			for j := range each {
				answer, err := c.Start("notes.secret", textOf(fmt.Sprint("x", j%3)))
				if err != nil {
					return
				}
				if j%4 == 0 {
					_ = c.Send(peer.AppendCancel(nil, c.LastID()))
				}
				if i%5 == 4 && j == each/2 {
					c.Session.End(isolation.EndRevoked)
					return
				}
				<-answer
			}
		})
	}
	all.Wait()
	await(t, "no call under way", func() bool { return b.Stats().UnderWay == 0 })
	if most.Load() != 1 {
		t.Errorf("%d questions at a time", most.Load())
	}
	if ran() > int(yes.Load()) {
		t.Errorf("%d calls ran with %d answers for one call each", ran(), yes.Load())
	}
	for _, k := range b.Answers() {
		if k.Answer != AnswerNo {
			t.Errorf("kept %+v", k)
		}
	}
	await(t, "nothing is asked", func() bool {
		b.prompts.mu.Lock()
		defer b.prompts.mu.Unlock()
		return b.prompts.idle == nil && len(b.prompts.queue) == 0
	})
}

func TestC7APromptTimeoutIsNoNegative(t *testing.T) {
	if _, err := New(Config{Files: testFiles(), PromptTimeout: -1}); err == nil {
		t.Error("no error")
	} else {
		contains(t, err.Error(), "Config.PromptTimeout")
	}

}

// A rule may remember less than all arguments. A call with others waits with
// the one that is shown, and a page may take that away while the user reads.
func TestC7AYesForOneCallIsForTheOneThatWasShown(t *testing.T) {
	const rule = `
# METADATA
# custom:
#   remember: []
ask contains "Read the secret?" if input.command == "notes.secret"
`
	for _, test := range []struct {
		answer Answer
		runs   int
	}{{AnswerNo, 0}, {AnswerOnce, 0}, {AnswerSession, 1}} {
		t.Run(test.answer.String(), func(t *testing.T) {
			d := newDesk()
			b := askBench(t, d, func(c *Config) { c.Files = asking(rule) }, nil)
			c := b.connect(t, "main")
			waiters := func() int {
				b.prompts.mu.Lock()
				defer b.prompts.mu.Unlock()
				return len(b.prompts.queue[0].waiters)
			}
			harmless := start(t, c, "harmless")
			if q := <-d.asked; q.Args[0] != `text: "harmless"` {
				t.Errorf("shown %q", q.Args)
			}
			evil := start(t, c, "evil")
			await(t, "both wait", func() bool { return waiters() == 2 })
			if err := c.Send(peer.AppendCancel(nil, 1)); err != nil {
				t.Fatal(err)
			}
			if got := codeOf(t, c, harmless); got != CodeCancelled {
				t.Errorf("page got %q", got)
			}
			await(t, "one waits", func() bool { return waiters() == 1 })
			d.say <- test.answer
			codeOf(t, c, evil)
			if len(b.runs) != test.runs {
				t.Errorf("%d calls ran, want %d", len(b.runs), test.runs)
			}
		})
	}
}
