package core

import (
	"context"
	"fmt"
	"strings"
)

// A Prompter puts questions to the user, where no page can read, answer or
// cover them. The packages core/prompt/dialog and core/prompt/terminal have
// one each. docs/asking.md says when it is asked.
type Prompter interface {
	// Ask shows a question and waits for the answer. It is called from one
	// goroutine at a time. An error, a panic, an answer that the question does
	// not offer and one that comes after ctx has ended are all AnswerNo. When
	// ctx ends, nobody waits any more: take the question away and return. A
	// prompter that stays keeps every later question from being asked.
	Ask(ctx context.Context, q Question) (Answer, error)
}

// An Answer is what the user says to a question. Its zero value is no.
type Answer uint8

// The answers. A yes is for the call's window, command, arguments and policy
// alone; see docs/asking.md.
const (
	AnswerNo      Answer = iota
	AnswerOnce           // yes, this one call
	AnswerSession        // yes, and for equal calls until the page's session ends
	AnswerAlways         // yes, and for equal calls until the answer is forgotten, or the policy changes
)

// String is the answer in lower case: "no", "once", "session" or "always".
func (a Answer) String() string {
	switch a {
	case AnswerNo:
		return "no"
	case AnswerOnce:
		return "once"
	case AnswerSession:
		return "session"
	case AnswerAlways:
		return "always"
	}
	return fmt.Sprintf("Answer(%d)", uint8(a))
}

// A Question is what the user is to decide. Its texts are ready to be shown:
// each is one line of bounded length, and what is not plainly visible in it,
// or turns the writing direction round, is written as an escape such as \u202e.
// They may still hold characters that mean something to a toolkit, like the
// < of a markup language: a prompter shows them as text.
type Question struct {
	App     string // its name
	Window  string // the window's label
	Origin  string // the page's
	Command string

	// Event is what a page would emit or listen to: Command is sallyport:emit or
	// sallyport:listen then. Empty for a call.
	Event string
	// Target is the one window that the event is for, as the page names it; empty
	// for all.
	Target string

	Asks  []string // what the capabilities ask
	Rules []string // where, as file:line, in the same order
	Args  []string // the call's arguments, one in a line, as name: value
	// Answers are the answers that the user may give beside AnswerNo.
	Answers []Answer
}

// Lines lays the whole question out for a display of that many columns, at
// least 40, where wide characters count twice. What a page chose is never at
// the beginning of a line, so that it can't pass for the question's own words.
func (q Question) Lines(columns int) []string {
	columns = max(columns, 40)
	lines := wrap(fmt.Sprintf("The page %q of %s wants to %s.", q.Window, q.App, q.deed()), "", columns)
	lines = append(lines, "")
	for _, ask := range q.Asks {
		lines = append(lines, wrap(ask, "  ", columns)...)
	}
	lines = append(lines, "", "With:")
	for _, arg := range q.Args {
		lines = append(lines, wrap(arg, "  ", columns)...)
	}
	lines = append(lines, "")
	lines = append(lines, wrap("From "+q.Origin, "", columns)...)
	return append(lines, wrap("Asked by "+strings.Join(q.Rules, ", "), "", columns)...)
}

// deed is what the page wants to do.
func (q Question) deed() string {
	switch {
	case q.Event == "":
		return "run " + q.Command
	case q.Command == listenName:
		return "listen to the event " + q.Event
	case q.Target == "":
		return "emit the event " + q.Event + " to all windows and the app"
	}
	return "emit the event " + q.Event + " to the window " + quote(q.Target)
}
