package dialog

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ncruces/zenity"

	"github.com/sallyport/sallyport/core"
)

func question() core.Question {
	return core.Question{
		App: "notes", Window: "main", Origin: "http://main-1.localhost:4000", Command: "notes.delete",
		Asks: []string{"Delete this note for good?"}, Rules: []string{"notes.rego:12"}, Args: []string{`path: "/home/me/a.md"`},
		Answers: []core.Answer{core.AnswerOnce, core.AnswerSession, core.AnswerAlways},
	}
}

// A script is a dialog program whose user the test plays: what each showing
// returns, after a while.
type script struct {
	errs  []error
	after time.Duration
	texts []string
}

func (s *script) show(text string, _ ...zenity.Option) error {
	s.texts = append(s.texts, text)
	time.Sleep(s.after)
	err := s.errs[0]
	s.errs = s.errs[1:]
	return err
}

func TestButtonsAnswer(t *testing.T) {
	var ok, no, more error = nil, zenity.ErrCanceled, zenity.ErrExtraButton
	for _, test := range []struct {
		name  string
		offer []core.Answer
		press []error
		want  core.Answer
		fails bool
	}{
		{"allow once", question().Answers, []error{ok}, core.AnswerOnce, false},
		{"no", question().Answers, []error{no}, core.AnswerNo, false},
		{"remember, for the session", question().Answers, []error{more, ok}, core.AnswerSession, false},
		{"remember, always", question().Answers, []error{more, more}, core.AnswerAlways, false},
		{"remember, then no", question().Answers, []error{more, no}, core.AnswerNo, false},
		{"only the session to remember for", question().Answers[:2], []error{more}, core.AnswerSession, false},
		{"nothing to remember", question().Answers[:1], []error{ok}, core.AnswerOnce, false},
		{"a program that fails", question().Answers, []error{errors.New("exit status 255")}, core.AnswerNo, true},
		{"a program that fails the second time", question().Answers, []error{more, errors.New("exit status 255")}, core.AnswerNo, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := &script{errs: test.press, after: tooSoon}
			q := question()
			q.Answers = test.offer
			got, err := (&Prompter{show: s.show}).Ask(t.Context(), q)
			if got != test.want || (err != nil) != test.fails || len(s.errs) > 0 {
				t.Errorf("got %v, %v, with %d presses left", got, err, len(s.errs))
			}
		})
	}
}

// A double click on the page under it, or Enter in the middle of a sentence.
func TestAYesThatComesTooSoonIsAskedAgain(t *testing.T) {
	for _, yes := range []error{nil, zenity.ErrExtraButton} {
		s := &script{errs: []error{yes, yes, yes}}
		if got, err := (&Prompter{show: s.show}).Ask(t.Context(), question()); got != core.AnswerNo || err != nil || len(s.texts) != tries {
			t.Errorf("got %v, %v after %d dialogs", got, err, len(s.texts))
		}
	}
	s := &script{errs: []error{zenity.ErrCanceled}}
	if got, err := (&Prompter{show: s.show}).Ask(t.Context(), question()); got != core.AnswerNo || err != nil || len(s.texts) != 1 {
		t.Errorf("a no: got %v, %v after %d dialogs", got, err, len(s.texts))
	}
}

func TestAYesAfterTheContextEndedDoesNotCount(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := &Prompter{show: func(string, ...zenity.Option) error {
		time.Sleep(tooSoon)
		cancel()
		return nil
	}}
	if got, err := p.Ask(ctx, question()); got != core.AnswerNo || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, %v", got, err)
	}
}
