// Package dialog asks in a native dialog: of Windows, of macOS, and elsewhere
// of the program zenity (or qarma or matedialog), which must be installed.
//
//	prompter, err := dialog.New()
//	if err != nil {
//		return err // there is no display, or no zenity
//	}
//	app, err := core.New(core.Config{Files: files, Prompter: prompter})
//
// The dialog is a window of another process than the browser's (on Windows of
// the app's own): a page can't read it, press its buttons or draw over it. No
// is what Enter, Escape and closing it say. A yes that comes within the first
// moments was meant for something else, a double click or a word being typed:
// the question is put again.
//
// What is asked is given to zenity on its command line, which other users of
// the machine can read while the question is there, as they can read any
// program's, unless /proc is mounted with hidepid.
package dialog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/ncruces/zenity"

	"github.com/sallyport/sallyport/core"
)

const (
	columns = 80  // of the text
	width   = 560 // of the dialog, where it has a say

	// tooSoon is a yes that nobody can have read the question for: the program
	// takes some of that to start. tries is how often the question is put.
	tooSoon = time.Second
	tries   = 3
)

// The labels of the buttons.
const (
	labelNo       = "No"
	labelOnce     = "Allow once"
	labelSession  = "Allow for this session"
	labelAlways   = "Always allow"
	labelRemember = "Allow and remember…"
)

// A Prompter asks in dialogs. Make one with New. It is safe for concurrent
// use.
type Prompter struct {
	show func(text string, options ...zenity.Option) error // zenity.Question
}

var _ core.Prompter = (*Prompter)(nil)

// New reports an error where no dialog can be shown.
func New() (*Prompter, error) {
	if !zenity.IsAvailable() {
		return nil, errors.New("dialog: no program that shows dialogs is installed: zenity, qarma or matedialog was expected")
	}
	onX := runtime.GOOS != "windows" && runtime.GOOS != "darwin"
	if onX && os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return nil, errors.New("dialog: there is no display: neither DISPLAY nor WAYLAND_DISPLAY is set")
	}
	return &Prompter{show: zenity.Question}, nil
}

// Ask shows the question, and a second one about how long if the user wants
// the answer to be remembered and there is a choice.
func (p *Prompter) Ask(ctx context.Context, q core.Question) (core.Answer, error) {
	lasting := slices.DeleteFunc(slices.Clone(q.Answers), func(a core.Answer) bool { return a == core.AnswerOnce })
	text := strings.Join(q.Lines(columns), "\n")
	more := ""
	switch {
	case len(lasting) == 1:
		more = label(lasting[0])
	case len(lasting) > 1:
		more = labelRemember
	}
	title := q.App + " asks"
	button, err := p.ask(ctx, title, text, labelOnce, more)
	switch {
	case err != nil || button == labelNo:
		return core.AnswerNo, err
	case button == labelOnce:
		return core.AnswerOnce, nil
	case len(lasting) == 1:
		return lasting[0], nil
	}
	button, err = p.ask(ctx, title+" for how long", text+"\n\nFor how long?", label(lasting[0]), label(lasting[1]))
	if err == nil {
		for _, a := range lasting {
			if button == label(a) {
				return a, nil
			}
		}
	}
	return core.AnswerNo, err
}

func label(a core.Answer) string {
	switch a {
	case core.AnswerOnce:
		return labelOnce
	case core.AnswerSession:
		return labelSession
	case core.AnswerAlways:
		return labelAlways
	}
	return labelNo
}

// ask shows a dialog with up to three buttons and returns the label of the one
// that was pressed.
func (p *Prompter) ask(ctx context.Context, title, text, yes, more string) (string, error) {
	options := []zenity.Option{
		zenity.Context(ctx), zenity.Title(plain(title)), zenity.Width(width), zenity.WarningIcon,
		zenity.OKLabel(yes), zenity.CancelLabel(labelNo), zenity.DefaultCancel(),
	}
	if more != "" {
		options = append(options, zenity.ExtraButton(more))
	}
	for range tries {
		began := time.Now()
		err := p.show(plain(text), options...)
		button := yes
		switch {
		case ctx.Err() != nil:
			return "", ctx.Err()
		case err == nil:
		case errors.Is(err, zenity.ErrCanceled):
			return labelNo, nil
		case errors.Is(err, zenity.ErrExtraButton):
			button = more
		default:
			return "", fmt.Errorf("dialog: %w", err)
		}
		if time.Since(began) >= tooSoon {
			return button, nil
		}
	}
	return labelNo, nil
}

// plain is a text that no program makes line breaks of. zenity.Question asks
// for text without markup, and a program that does not know that wish fails; but
// some take \n for an escape all the same. So a backslash is shown as a sign that
// looks like one.
func plain(text string) string {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return text
	}
	return strings.ReplaceAll(text, `\`, "∖")
}
