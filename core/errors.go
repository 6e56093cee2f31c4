package core

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
)

// A Code is all that a page learns of a call that did not succeed, beside the
// call's id. Codes are stable: pages may branch on them. docs/errors.md says
// for each what to do. The zero value means that the call succeeded.
type Code string

// The codes. Those marked "frame" are given by the isolation frame or the
// page's client and never by the core; they stand here so that the list is
// complete.
const (
	CodeHookRefused    Code = "hook_refused"    // frame: the hook kept the call back
	CodeInvalidArgs    Code = "invalid_args"    // not one strict JSON value, or the input schema refuses it
	CodeDenied         Code = "denied"          // no capability allows it, or no such command exists: a page can't tell which, unless some other arguments would be allowed
	CodeTooLarge       Code = "too_large"       // arguments over the limit
	CodeRateLimited    Code = "rate_limited"    // too many calls in too short a time
	CodeBusy           Code = "busy"            // too many calls, or too many bytes of arguments, under way
	CodeTimeout        Code = "timeout"         // the deadline of page or command passed; the handler may still be running
	CodeCancelled      Code = "cancelled"       // the page cancelled the call
	CodeFailed         Code = "failed"          // the handler returned an error
	CodeInternal       Code = "internal"        // the handler panicked, or its result broke the output schema or the size limit
	CodeUnavailable    Code = "unavailable"     // the decision could not be recorded, or the app has not started
	CodeUnknownOutcome Code = "unknown_outcome" // frame: the carrier dropped after the call was sent
	CodeClosed         Code = "closed"          // the app is shutting down, or (frame) the session is over
)

// maxMessage bounds a visible error message, in bytes: it is a sentence for a
// user, not a data channel beside the output schema.
const maxMessage = 1 << 10

// A UserError is a handler's error whose message the page gets to see, with
// code "failed". Every other error reaches the page as code and id alone.
// It is found with errors.As, so it may be wrapped; what wraps it stays hidden.
type UserError struct {
	Message string // for the page's user; cut at 1 KiB
	Err     error  // the cause, never shown to the page; may be nil
}

// Error is the message, and the cause where there is one.
func (e *UserError) Error() string {
	if e.Err == nil {
		return e.Message
	}
	return fmt.Sprintf("%s: %v", e.Message, e.Err)
}

// Unwrap is the cause.
func (e *UserError) Unwrap() error { return e.Err }

// Visible marks err so that the page sees its text. Mark only errors whose
// text you wrote yourself: those of os and net name paths and addresses. A nil
// error stays nil.
func Visible(err error) error {
	if err == nil {
		return nil
	}
	return &UserError{Message: err.Error()}
}

// visibleMessage is what the page may read of a handler's error.
func visibleMessage(err error) string {
	var user *UserError
	if !errors.As(err, &user) {
		return ""
	}
	return cutText(strings.ToValidUTF8(user.Message, "\uFFFD"), maxMessage)
}

// errorTypes names an error by its types, outermost first. An error's text
// may repeat what the page sent (a path, a number), and no page writes our
// log, so outside development the types have to do.
func errorTypes(err error) string {
	var names []string
	for ; err != nil && len(names) < 8; err = errors.Unwrap(err) {
		names = append(names, fmt.Sprintf("%T", err))
	}
	return strings.Join(names, ": ")
}

// panicText is what may be logged of a panic's value: a runtime error's own
// text, which the runtime wrote, otherwise the value's type.
func panicText(value any) string {
	if err, ok := value.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("a value of type %T", value)
}
