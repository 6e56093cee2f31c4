package core

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/schema"
)

// An Identity says whose call a handler is serving. All of it comes from the
// session and from what was registered, nothing from the message.
type Identity struct {
	Window  string // the window's label
	Origin  string // the page's origin
	Command string // as registered
	Session string // the session's id
	ID      string // the call's id, in the record and in what the page is told
}

// A Request is a call that was opened, parsed, validated, allowed and
// recorded. The pipeline is the only one that makes them for a Handler.
type Request struct {
	Identity

	// Event is set where an event is emitted or listened to, Command being
	// sallyport:emit or sallyport:listen. Target is the window's label of an emit
	// that is for one alone. No registered handler gets such a request; Observe does.
	Event, Target string

	// Args is the very value that schema and policy saw. It is read-only and
	// stays valid for as long as it is held.
	Args schema.Value
}

// A Handler runs one command. The context ends with the call: at its
// deadline, when the page cancels, when the session ends. What a handler
// returns is encoded once as JSON and must satisfy the command's output
// schema; without one, only nil does. Handlers run concurrently.
//
// The context knows whose call it is, and keeps what belongs to that: arguments,
// record and session. Work that goes on when the call is over had better have
// another, with what it needs.
//
// The goroutine that a handler runs in serves other calls after it, unless the
// handler panics or exits it. One that calls runtime.LockOSThread must unlock
// the thread before it returns, having undone what it did to it; one that can't
// does its work in a goroutine of its own, which takes the thread with it.
type Handler func(ctx context.Context, r *Request) (any, error)

// Command registers fn under a name, with arguments decoded into A as
// schema.Decode does: names are matched exactly, members that A does not have
// are refused, numbers must fit. Its results are encoded as schema.Encoder does.
// An R of struct{} stands for no result.
//
// Without a file for its input schema the command has the schema that schema.Of
// makes of A, and without one for its output that of schema.Written of R. It
// panics as Handle does, on an A that can't be decoded into, and on an R that
// has no JSON. Run and Start refuse a command whose schema file and Go type
// contradict each other, as schema.Drift finds them to.
func Command[A, R any](app *App, name string, fn func(ctx context.Context, args A) (R, error)) {
	if fn == nil {
		panic(fmt.Sprintf("core: command %q has no function", name))
	}
	app.register(name, typesOf[A, R](), typed(name, fn))
}

// typed is the handler that fn makes.
func typed[A, R any](name string, fn func(ctx context.Context, args A) (R, error)) Handler {
	decoder, err := schema.NewDecoder[A]()
	if err != nil {
		panic(fmt.Sprintf("core: command %q: %v", name, err))
	}
	encoder, err := schema.NewEncoder[R]()
	if err != nil {
		panic(fmt.Sprintf("core: command %q: %v", name, err))
	}
	noResult := reflect.TypeFor[R]() == reflect.TypeFor[struct{}]()
	return func(ctx context.Context, r *Request) (any, error) {
		args, err := decoder.Decode(r.Args)
		if err != nil {
			return nil, &argsError{err}
		}
		value, err := fn(ctx, args)
		if err != nil || noResult {
			return nil, err
		}
		return &commandResult[R]{encoder, value}, nil
	}
}

// An argsError says that arguments which the schema takes don't fit the Go
// type: the schema is wider than the handler. Its text is schema's, or that of
// an Unmarshaler.
type argsError struct{ err error }

func (e *argsError) Error() string {
	return fmt.Sprintf("arguments do not fit the handler's type: %v", e.err)
}
func (e *argsError) Unwrap() error { return e.err }

// errNoCall is for those who ask outside a handler.
var errNoCall = errors.New("core: the context is not that of a handler")

// Caller says on whose behalf a handler runs, from the context it was given or
// one derived from that. Any other context is an error, and the Identity then
// empty: there is no caller to fall back on.
func Caller(ctx context.Context) (Identity, error) {
	if call, ok := ctx.Value(callKey{}).(*callContext); ok {
		return call.caller, nil
	}
	return Identity{}, errNoCall
}

// callOf is the call that a handler runs for.
func callOf(ctx context.Context) (*call, error) {
	if c, ok := ctx.Value(callKey{}).(*callContext); ok {
		return c.call, nil
	}
	return nil, errNoCall
}

// callKey is what a callContext is found by.
type callKey struct{}

// A callContext is what a handler gets: it ends with the call and knows whose
// call it is, whatever becomes of the request.
type callContext struct {
	lifetime
	caller Identity // set before the handler runs
	call   *call
	app    *App
	scope  policy.Scope

	streams *streams // nil where the call's frame asks for none
}

func (c *callContext) Value(key any) any {
	if key == (callKey{}) {
		return c
	}
	return c.lifetime.Value(key)
}
