//go:build unix && !darwin

package dialog

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ncruces/zenity"

	"github.com/sallyport/sallyport/core"
)

const title = "notes asks"

// display starts one, for the real program of dialogs. Where one is missing, a
// test fails under SALLYPORT_REQUIRE_BROWSERS, as tests in browsers do.
func display(t *testing.T) {
	t.Helper()
	for _, program := range []string{"Xvfb", "zenity", "xdotool"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("SALLYPORT_REQUIRE_BROWSERS") != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	server := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", "1280x1024x24", "-nolisten", "tcp", "-noreset")
	server.ExtraFiles = []*os.File{in}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	in.Close()
	t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("Xvfb: %v", err)
	}
	t.Setenv("DISPLAY", ":"+strings.TrimSpace(line))
	t.Setenv("WAYLAND_DISPLAY", "")
	t.Setenv("GTK_A11Y", "none") // no bus here
	t.Setenv("NO_AT_BRIDGE", "1")
}

func xdotool(args ...string) (string, error) {
	out, err := exec.Command("xdotool", args...).Output()
	return strings.TrimSpace(string(out)), err
}

// window waits for the dialog of a title, and gives it the keyboard.
func window(t *testing.T, title string) string {
	t.Helper()
	for limit := time.Now().Add(20 * time.Second); time.Now().Before(limit); time.Sleep(20 * time.Millisecond) {
		out, err := xdotool("search", "--onlyvisible", "--name", "^"+title+"$")
		for id := range strings.FieldsSeq(out) {
			if err != nil {
				continue
			}
			if _, err := xdotool("windowfocus", "--sync", id); err == nil {
				return id
			}
		}
	}
	t.Fatal("there is no dialog")
	return ""
}

func press(t *testing.T, keys ...string) {
	t.Helper()
	if _, err := xdotool(append([]string{"key", "--delay", "50"}, keys...)...); err != nil {
		t.Fatal(err)
	}
}

type result struct {
	answer core.Answer
	err    error
}

func ask(ctx context.Context, t *testing.T, q core.Question) <-chan result {
	t.Helper()
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan result, 1)
	go func() {
		a, err := p.Ask(ctx, q)
		done <- result{a, err}
	}()
	return done
}

func TestTheDialogIsAnsweredByItsButtons(t *testing.T) {
	display(t)
	for _, test := range []struct {
		name  string
		keys  []string
		again []string
		want  core.Answer
	}{
		{"Enter at once is no", []string{"Return"}, nil, core.AnswerNo},
		{"Escape is no", []string{"Escape"}, nil, core.AnswerNo},
		{"the button on the right", []string{"Tab", "Return"}, nil, core.AnswerOnce},
		{"remember, Enter is no", []string{"shift+Tab", "Return"}, []string{"Return"}, core.AnswerNo},
		{"remember, the session", []string{"shift+Tab", "Return"}, []string{"Tab", "Return"}, core.AnswerSession},
		{"remember, always", []string{"shift+Tab", "Return"}, []string{"shift+Tab", "Return"}, core.AnswerAlways},
	} {
		t.Run(test.name, func(t *testing.T) {
			done := ask(t.Context(), t, question())
			window(t, title)
			time.Sleep(tooSoon)
			press(t, test.keys...)
			if test.again != nil {
				window(t, title+" for how long")
				time.Sleep(tooSoon)
				press(t, test.again...)
			}
			if r := <-done; r.answer != test.want || r.err != nil {
				t.Errorf("got %v, %v", r.answer, r.err)
			}
		})
	}
}

func TestTheDialogGoesWithItsContext(t *testing.T) {
	display(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := ask(ctx, t, question())
	window(t, title)
	cancel()
	if r := <-done; r.answer != core.AnswerNo || !errors.Is(r.err, context.Canceled) {
		t.Errorf("got %v, %v", r.answer, r.err)
	}
	if out, _ := xdotool("search", "--onlyvisible", "--name", "notes asks"); out != "" {
		t.Errorf("the window %s is still there", out)
	}
}

var size = regexp.MustCompile(`(?m)^(WIDTH|HEIGHT)=(\d+)$`)

// lookOf shows a question and says how large its window is.
func lookOf(t *testing.T, arg string) (width, height int) {
	t.Helper()
	q := question()
	q.Args = []string{arg}
	ctx, cancel := context.WithCancel(t.Context())
	done := ask(ctx, t, q)
	out, err := xdotool("getwindowgeometry", "--shell", window(t, title))
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	<-done
	for _, m := range size.FindAllStringSubmatch(out, -1) {
		n, _ := strconv.Atoi(m[2])
		if m[1] == "WIDTH" {
			width = n
		} else {
			height = n
		}
	}
	return width, height
}

// What the program makes of a text shows in the size of its window: a text
// that a page chose makes no line of its own, no large or empty text.
func TestTheDialogTakesNoTextForMarkup(t *testing.T) {
	display(t)
	w, h := lookOf(t, `path: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"`)
	if _, more := lookOf(t, "path: \"a\na\na\na\na\na\na\na\"\n"); more < h+50 {
		t.Fatalf("line breaks don't show: %d rows of pixels, and %d with seven of them", h, more)
	}
	for _, arg := range []string{
		`path: "a\na\na\na\na\na\na\na\na\na\n"`,
		`path: "a\012a\012a\012a\012a\012a"`,
		`path: "<span size='90000'>a</span>"`,
		`path: "&#10;&#10;&#10;&#10;&#10;&lt;"`,
		`path: "</span></b>&"`,
		`path: "_a__b&c%n%s"`,
	} {
		if gotW, gotH := lookOf(t, arg); max(gotW-w, w-gotW, gotH-h, h-gotH) > 4 { // less than half a line
			t.Errorf("%s: %dx%d, want %dx%d", arg, gotW, gotH, w, h)
		}
	}
}

// What reaches the program, by one that writes it down.
func TestTheProgramGetsTheQuestionAsText(t *testing.T) {
	folder := t.TempDir()
	saved := filepath.Join(folder, "args")
	program := fmt.Sprintf("#!/bin/sh\nprintf '%%s\\n' \"$@\" > '%s'\nexit 1\n", saved)
	if err := os.WriteFile(filepath.Join(folder, "zenity"), []byte(program), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder+string(os.PathListSeparator)+os.Getenv("PATH"))
	q := question()
	q.Args = []string{`path: "<b>\n&amp;"`, `--question: "--default-ok"`}
	got, err := (&Prompter{show: zenity.Question}).Ask(t.Context(), q)
	if got != core.AnswerNo || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
	text, err := os.ReadFile(saved)
	if err != nil {
		t.Fatal(err)
	}
	want := `--text
The page "main" of notes wants to run notes.delete.

  Delete this note for good?

With:
  path: "<b>∖n&amp;"
  --question: "--default-ok"

From http://main-1.localhost:4000
Asked by notes.rego:12
--no-markup
--question
--title
notes asks
--ok-label
Allow once
--cancel-label
No
--extra-button
Allow and remember…
--width
560
--default-cancel
--icon-name=dialog-warning
`
	if string(text) != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

func TestWithoutADisplayThereIsNoPrompter(t *testing.T) {
	t.Setenv("DISPLAY", "")
	t.Setenv("WAYLAND_DISPLAY", "")
	if _, err := New(); err == nil {
		t.Error("there is one")
	}
}
