// Package terminal asks on the terminal that the program was started from.
//
//	prompter, err := terminal.New()
//	if err != nil {
//		return err // there is none: a service, a desktop icon
//	}
//	app, err := core.New(core.Config{Files: files, Prompter: prompter})
//
// The question is written out, and one line is read: once, session, always,
// or anything else for no. Nothing that was typed before the question stood
// there counts, nor what comes in the first half second: it was meant for
// something else.
//
// No page can write to the terminal, and what the question shows of a page's
// text has no control characters. Programs of the same user can do both. An
// app in the background, which can't read a terminal without being stopped, is
// told so by an error, and the call is denied. It is for Unix; on Windows use
// core/prompt/dialog.
package terminal
