//go:build unix && !aix && !solaris && !illumos

package terminal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/sallyport/sallyport/core"
)

const end = "and Enter: " // of a question

func question() core.Question {
	return core.Question{
		App: "notes", Window: "main", Origin: "http://main-1.localhost:4000", Command: "notes.delete",
		Asks: []string{"Delete this note for good?"}, Rules: []string{"notes.rego:12"}, Args: []string{`path: "/home/me/a.md"`},
		Answers: []core.Answer{core.AnswerOnce, core.AnswerSession, core.AnswerAlways},
	}
}

// A keyboard is a terminal's other side.
type keyboard struct {
	*os.File
	mu   sync.Mutex
	seen bytes.Buffer
}

func newKeyboard(t *testing.T) (*keyboard, *Prompter) {
	t.Helper()
	outer, inner, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { outer.Close(); inner.Close() })
	if err := pty.Setsize(outer, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		t.Fatal(err)
	}
	k := &keyboard{File: outer}
	go k.read()
	return k, &Prompter{open: func() (*os.File, error) { return os.OpenFile(inner.Name(), os.O_RDWR|syscall.O_NOCTTY, 0) }}
}

func (k *keyboard) read() {
	buf := make([]byte, 4096)
	for {
		n, err := k.Read(buf)
		k.mu.Lock()
		k.seen.Write(buf[:n])
		k.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (k *keyboard) text() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.seen.String()
}

func (k *keyboard) await(t *testing.T, text string, times int) {
	t.Helper()
	for limit := time.Now().Add(10 * time.Second); strings.Count(k.text(), text) < times; time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("waited in vain for %q in %q", text, k.text())
		}
	}
}

func (k *keyboard) press(t *testing.T, keys string) {
	t.Helper()
	if _, err := k.WriteString(keys); err != nil {
		t.Fatal(err)
	}
}

type result struct {
	answer core.Answer
	err    error
}

func askOn(ctx context.Context, p *Prompter, q core.Question) <-chan result {
	done := make(chan result, 1)
	go func() {
		a, err := p.Ask(ctx, q)
		done <- result{a, err}
	}()
	return done
}

// settled is when what is typed counts.
func settled() { time.Sleep(settle + 200*time.Millisecond) }

func TestALineAnswers(t *testing.T) {
	for _, test := range []struct {
		keys  string
		offer []core.Answer
		want  core.Answer
	}{
		{"once\n", question().Answers, core.AnswerOnce},
		{"session\n", question().Answers, core.AnswerSession},
		{"always\n", question().Answers, core.AnswerAlways},
		{" once \n", question().Answers, core.AnswerOnce},
		{"onx\x7fce\n", question().Answers, core.AnswerOnce}, // the terminal's own line editing

		{"no\n", question().Answers, core.AnswerNo},
		{"\n", question().Answers, core.AnswerNo},
		{"y\n", question().Answers, core.AnswerNo},
		{"yes\n", question().Answers, core.AnswerNo},
		{"ONCE\n", question().Answers, core.AnswerNo},
		{"once always\n", question().Answers, core.AnswerNo},
		{"no\nonce\n", question().Answers, core.AnswerNo},
		{"always\n", question().Answers[:2], core.AnswerNo},
	} {
		t.Run(fmt.Sprintf("%q", test.keys), func(t *testing.T) {
			t.Parallel()
			k, p := newKeyboard(t)
			q := question()
			q.Answers = test.offer
			done := askOn(t.Context(), p, q)
			k.await(t, end, 1)
			settled()
			k.press(t, test.keys)
			if r := <-done; r.answer != test.want || r.err != nil {
				t.Errorf("got %v, %v", r.answer, r.err)
			}
		})
	}
}

func TestTheQuestionIsWrittenOut(t *testing.T) {
	k, p := newKeyboard(t)
	done := askOn(t.Context(), p, question())
	k.await(t, end, 1)
	settled()
	k.press(t, "no\n")
	<-done
	want := "\r\nThe page \"main\" of notes wants to run notes.delete.\r\n\r\n  Delete this note for good?\r\n\r\nWith:\r\n" +
		"  path: \"/home/me/a.md\"\r\n\r\nFrom http://main-1.localhost:4000\r\nAsked by notes.rego:12\r\n" +
		"Type once, session, always or no, and Enter: "
	if got := k.text(); !strings.HasPrefix(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// Whoever types when the question comes up has not read it.
func TestWhatWasTypedBeforeTheQuestionDoesNotCount(t *testing.T) {
	for _, keys := range []string{"always\n", "alw"} {
		t.Run(fmt.Sprintf("%q", keys), func(t *testing.T) {
			k, p := newKeyboard(t)
			k.press(t, keys)
			k.await(t, strings.TrimSpace(keys), 1) // its echo: the terminal has it
			done := askOn(t.Context(), p, question())
			k.await(t, end, 1)
			k.press(t, keys) // while the question settles
			settled()
			select {
			case r := <-done:
				t.Fatalf("got %v, %v", r.answer, r.err)
			default:
			}
			k.press(t, "ays\n") // completes the half of the second case
			if r := <-done; r.answer != core.AnswerNo || r.err != nil {
				t.Errorf("got %v, %v", r.answer, r.err)
			}
		})
	}
}

func TestAQuestionIsTakenAwayWithItsContext(t *testing.T) {
	k, p := newKeyboard(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := askOn(ctx, p, question())
	k.await(t, end, 1)
	settled()
	k.press(t, "alw")
	k.await(t, "alw", 1)
	began := time.Now()
	cancel()
	if r := <-done; r.answer != core.AnswerNo || !errors.Is(r.err, context.Canceled) || time.Since(began) > time.Second {
		t.Errorf("got %v, %v after %v", r.answer, r.err, time.Since(began))
	}
	k.await(t, "no answer is needed any more", 1)
	f, err := p.open()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	k.press(t, "ls\n")
	buf := make([]byte, 100)
	if n, err := f.Read(buf); err != nil || string(buf[:n]) != "ls\n" {
		t.Errorf("a shell would get %q, %v", buf[:n], err)
	}

	// What was begun then is no part of the next answer, nor lost with it is the next.
	done = askOn(t.Context(), p, question())
	k.await(t, end, 2)
	settled()
	k.press(t, "ays\n")
	if r := <-done; r.answer != core.AnswerNo || r.err != nil {
		t.Errorf("got %v, %v", r.answer, r.err)
	}
	done = askOn(t.Context(), p, question())
	k.await(t, end, 3)
	settled()
	k.press(t, "once\n")
	if r := <-done; r.answer != core.AnswerOnce || r.err != nil {
		t.Errorf("got %v, %v", r.answer, r.err)
	}

	// One that nobody waits for when it comes up is not answered at all.
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	if r := <-askOn(ctx, p, question()); r.answer != core.AnswerNo || !errors.Is(r.err, context.Canceled) {
		t.Errorf("got %v, %v", r.answer, r.err)
	}
}

func TestALongLineAnswersNothing(t *testing.T) {
	k, p := newKeyboard(t)
	done := askOn(t.Context(), p, question())
	k.await(t, end, 1)
	settled()
	k.press(t, "once"+strings.Repeat(" ", 500)+"\n")
	if r := <-done; r.answer != core.AnswerNo || r.err == nil {
		t.Errorf("got %v, %v", r.answer, r.err)
	}
}

func TestATerminalThatClosesAnswersNothing(t *testing.T) {
	outer, inner, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	p := &Prompter{open: func() (*os.File, error) { return inner, nil }}
	done := askOn(t.Context(), p, question())
	for seen := ""; !strings.Contains(seen, end); {
		buf := make([]byte, 4096)
		n, err := outer.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		seen += string(buf[:n])
	}
	settled()
	outer.Close()
	if r := <-done; r.answer != core.AnswerNo || r.err == nil {
		t.Errorf("got %v, %v", r.answer, r.err)
	}
}

func TestOnlyATerminalIsAsked(t *testing.T) {
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	fmt.Fprintln(out, "always")
	out.Close()
	p := &Prompter{open: func() (*os.File, error) { return in, nil }}
	if a, err := p.Ask(t.Context(), question()); a != core.AnswerNo || err == nil || !strings.Contains(err.Error(), "no terminal") {
		t.Errorf("got %v, %v", a, err)
	}
}

// The rest is about processes: the test's program is started anew, with or
// without a terminal of its own.
const childMode = "SALLYPORT_TEST_TERMINAL"

func TestMain(m *testing.M) {
	switch os.Getenv(childMode) {
	case "":
		os.Exit(m.Run())
	case "ask":
		p, err := New()
		if err != nil {
			fmt.Println("got", err)
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		a, err := p.Ask(ctx, question())
		fmt.Println("got", a, err)
	case "background": // has a child in a process group that is not the terminal's
		c := child("ask")
		c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		out, err := c.Output()
		fmt.Println(string(out), err)
	}
}

func child(mode string) *exec.Cmd {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), childMode+"="+mode)
	return c
}

func TestTheControllingTerminalIsAsked(t *testing.T) {
	for _, test := range []struct{ name, mode, want string }{
		{"in the foreground", "ask", "got once <nil>"},
		{"in the background", "background", "bring it to the foreground"}, // and not stopped by the system
	} {
		t.Run(test.name, func(t *testing.T) {
			outer, inner, err := pty.Open()
			if err != nil {
				t.Fatal(err)
			}
			defer outer.Close()
			k := &keyboard{File: outer}
			go k.read()
			c := child(test.mode)
			var out bytes.Buffer
			c.Stdin, c.Stdout = inner, &out // standard output is none
			c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			inner.Close()
			if test.mode == "ask" {
				k.await(t, end, 1)
				settled()
				k.press(t, "once\n")
			}
			if err := c.Wait(); err != nil {
				t.Error(err)
			}
			if !strings.Contains(out.String(), test.want) {
				t.Errorf("got %q", out.String())
			}
		})
	}
}

func TestWithoutATerminalThereIsNoPrompter(t *testing.T) {
	c := child("ask")
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	out, err := c.Output()
	if err != nil || !strings.Contains(string(out), "the program has no terminal to ask on") {
		t.Errorf("got %q, %v", out, err)
	}
}
