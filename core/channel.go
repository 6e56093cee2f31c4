package core

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"reflect"

	"github.com/sallyport/sallyport/schema"
)

// None stands for a direction in which a command streams nothing.
type None struct{}

// ErrAborted is what a [Channel]'s Receive returns when the page gave its upload
// up, without giving up the call. Items that were not received by then are gone.
var ErrAborted = errors.New("core: the page gave its upload up")

// errNoItems and errNoUpload are mistakes in the program.
var (
	errNoItems  = errors.New("core: the command streams nothing to the page: its Out is core.None")
	errNoUpload = errors.New("core: the page streams nothing to the command: its In is core.None")
)

// A Channel is what a command streams, for as long as its handler runs: In are the
// items of the page, Out those to it. Both are ordered and slow their writer
// down to the pace of their reader. It is safe for concurrent use; items that are
// sent or received at once have some order. The zero Channel is of no use.
//
// Every item that is sent or received lets the call's deadline begin anew, which
// core.Limits.StreamWithin bounds. When the call is over, Send and Receive return
// an error that wraps [context.Canceled] or [context.DeadlineExceeded], also in
// goroutines that the handler has left behind.
type Channel[In, Out any] struct {
	streams *streams
	decoder *schema.Decoder[In]
	encoder *schema.Encoder[Out]
}

// Stream registers a command that streams. It is [Command] for an fn that gets a
// Channel as well; None stands for a direction in which nothing is streamed.
//
// The schemas of what is streamed are <name>.upload.json for In and
// <name>.channel.json for Out, or are made of the types as those of arguments
// and results are. A page calls it with stream() in place of invoke(); a call
// that doesn't is refused with "invalid_args". What is streamed ends with the
// call: an item of the page that its schema does not take ends the call, with
// "invalid_args" too, and one of fn's with "internal".
//
// A []byte goes as raw bytes: see [Reader] and [Writer].
func Stream[A, R, In, Out any](app *App, name string, fn func(ctx context.Context, args A, s *Channel[In, Out]) (R, error)) {
	if fn == nil {
		panic(fmt.Sprintf("core: command %q has no function", name))
	}
	whole := Channel[In, Out]{decoder: streamed[In](name, schema.NewDecoder[In]), encoder: streamed[Out](name, schema.NewEncoder[Out])}
	if whole.decoder == nil && whole.encoder == nil {
		panic(fmt.Sprintf("core: command %q streams neither way; register it with core.Command", name))
	}
	types := typesOf[A, R]()
	types.uploads, types.streams = streamType[In](schema.Upload), streamType[Out](schema.Channel)
	app.register(name, types, typed(name, func(ctx context.Context, args A) (R, error) {
		s := whole
		s.streams = ctx.Value(callKey{}).(*callContext).streams
		s.streams.begin()
		defer s.streams.finish()
		if err := ctx.Err(); err != nil {
			var none R
			return none, err
		}
		return fn(ctx, args, &s)
	}))
}

// streamed makes what encodes or decodes items; nil of None.
func streamed[T, C any](name string, make func() (*C, error)) *C {
	if isNone[T]() {
		return nil
	}
	coder, err := make()
	if err != nil {
		panic(fmt.Sprintf("core: command %q: %v", name, err))
	}
	return coder
}

func isNone[T any]() bool { return reflect.TypeFor[T]() == reflect.TypeFor[None]() }

// Send sends an item to the page. It waits until the page has read enough of those
// before, and until there is room for it to leave; the item is not kept. An error
// says that it was not sent: the call is over, or the item is unfit for the page,
// which ends the call.
func (s *Channel[In, Out]) Send(item Out) error {
	if s.encoder == nil {
		return errNoItems
	}
	return s.streams.send(func(dst []byte, limit int) ([]byte, []schema.Section, error) {
		return s.encoder.AppendMessage(dst, &item, limit)
	}, s.encoder.Likely(), cutName(reflect.TypeFor[Out]().String()))
}

// Receive waits for the page's next item. The error is [io.EOF] when the page
// has sent all, [ErrAborted] when it gave up, and otherwise says that the call is
// over.
//
// Raw bytes share the memory of the frame that they came in; they are the
// handler's to keep and to change.
func (s *Channel[In, Out]) Receive() (In, error) {
	var none In
	if s.decoder == nil {
		return none, errNoUpload
	}
	value, err := s.streams.receive()
	if err != nil {
		return none, err
	}
	item, err := s.decoder.Decode(value)
	if err != nil {
		return none, s.streams.refuse(&refusal{code: CodeInternal, private: true,
			reason: fmt.Sprintf("an item of the upload does not fit the handler's type: %v", err)})
	}
	return item, nil
}

// All is what Receive returns until the page has sent all. An error is the last
// that it yields, with no item.
func (s *Channel[In, Out]) All() iter.Seq2[In, error] {
	return func(yield func(In, error) bool) {
		for {
			item, err := s.Receive()
			if err == io.EOF || !yield(item, err) || err != nil {
				return
			}
		}
	}
}
