package core

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
)

// A Resource stands for a value of the core's that a page may hold on to without
// having it: an open file, a process, a cursor. In JSON it is a handle, a text of
// 22 letters, digits, - and _ that holds 128 random bits. Commands return it, and
// take it as an argument, as any other value.
//
// A handle is good in the session that it was made in and for the Go type that it
// was made with. It permits nothing by itself: each call that brings it is judged
// as every call is, by the policy in force then, so a reload and a grant that ends
// leave resources as they are. There is no other way to a value than [Resource.Get].
//
// The zero Resource is none, and has no JSON. A Resource is a value, to be copied at
// will and used from many goroutines.
type Resource[T any] struct{ handle handle }

// A handle is found in its session's table, in a map with a seed of its own. How
// long that takes says nothing of what is in there: whoever looks for 128 random
// bits can't come nearer to them step by step.
type handle [16]byte

// handleForm is what encoding makes of one: the last letter has two bits of it.
const handleForm = "^[A-Za-z0-9_-]{21}[AQgw]$"

var handleText = base64.RawURLEncoding.Strict()

// ErrNoResource is what Get and Close return of a handle that opens nothing:
// because it was closed, was made in another session or for another type, or was
// never made. A page that gets it as its call's error can't tell which.
var ErrNoResource error = &UserError{Message: "no such resource is open"}

var (
	errZeroResource = errors.New("core: a zero Resource has no handle; core.NewResource makes one")
	errHandle       = errors.New("core: the text is no resource's handle, which has 22 letters, digits, - and _")
	errCallOver     = errors.New("core: the call that the context belongs to is over")
	errSessionOver  = errors.New("core: the session that the resource would belong to has ended")
)

// NewResource keeps value for the caller's session and returns what the page may
// have of it. ctx is a handler's, or derived from one. The limit is
// Limits.Resources for each session. After an error nothing is kept, and close,
// which may be nil, is not called.
//
// The core calls close exactly once, when no call uses the value any more: after
// [Resource.Close], after a call that made it and did not succeed (since the page
// has not learned of it), or when the session has ended, for all that are left, the
// newest first. A call uses what it has made and what it got by [Resource.Get]
// until its handler has returned. One that goes on after its session has ended so
// keeps open what it uses, and what was made before that.
//
// close is called under no lock. Its panics are logged and go no further.
func NewResource[T any](ctx context.Context, value T, close func()) (Resource[T], error) {
	c, err := callOf(ctx)
	if err != nil {
		return Resource[T]{}, err
	}
	var made Resource[T]
	rand.Read(made.handle[:]) // never fails
	r := &resource{key: made.key(), value: held[T]{value}, close: close}
	if err := c.session.resources.add(c, r, c.session.app.limits.Resources); err != nil {
		return Resource[T]{}, err
	}
	return made, nil
}

// Get is the value that the handle stands for. ctx is that of the handler whose
// call brought it: the session that counts is the one of that call. The value stays
// open until the handler has returned, whatever happens meanwhile. The error is
// [ErrNoResource], or says that ctx is no handler's or its call is over.
func (r Resource[T]) Get(ctx context.Context) (T, error) {
	var none T
	c, err := callOf(ctx)
	if err != nil {
		return none, err
	}
	found, err := c.session.resources.get(c, r.key())
	if err != nil {
		return none, err
	}
	return found.value.(held[T]).value, nil
}

// Close ends the resource: the handle is good for nothing from here on. Close
// returns when the value is closed, or at once where other calls use it, with the
// last of which it is closed. Of the calling handler's own call it counts as the
// last use. Errors are those of Get.
func (r Resource[T]) Close(ctx context.Context) error {
	c, err := callOf(ctx)
	if err != nil {
		return err
	}
	due, err := c.session.resources.drop(c, r.key())
	if err != nil {
		return err
	}
	c.session.closeResources(due)
	return nil
}

func (r Resource[T]) key() resourceKey { return resourceKey{r.handle, reflect.TypeFor[T]()} }

// MarshalText is the handle. That of a zero Resource is an error.
func (r Resource[T]) MarshalText() ([]byte, error) {
	if r.handle == (handle{}) {
		return nil, errZeroResource
	}
	return handleText.AppendEncode(nil, r.handle[:]), nil
}

// UnmarshalText takes a handle, which need not open anything.
func (r *Resource[T]) UnmarshalText(text []byte) error {
	var h handle
	if len(text) != handleText.EncodedLen(len(h)) {
		return errHandle
	}
	if n, err := handleText.Decode(h[:], text); err != nil || n != len(h) {
		return errHandle
	}
	r.handle = h
	return nil
}

// JSONSchema is the schema of a handle.
func (Resource[T]) JSONSchema() []byte {
	return fmt.Appendf(nil, `{"type":"string","pattern":%q}`, handleForm)
}

// String names the type and not the handle, which belongs into no log.
func (r Resource[T]) String() string { return fmt.Sprintf("core.Resource[%v]", reflect.TypeFor[T]()) }

// GoString is String.
func (r Resource[T]) GoString() string { return r.String() }

// LogValue is String.
func (r Resource[T]) LogValue() slog.Value { return slog.StringValue(r.String()) }
