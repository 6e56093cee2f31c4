package core

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/sallyport/sallyport/schema"
)

// A CommandScope is what declarative capability files say about the calls of a
// command, all that hold together. The policy has enforced it before the
// handler runs; a handler reads it to show it, or to narrow down by what the
// policy can't see.
type CommandScope[T any] struct {
	// Set says that some file lists what is allowed. Where it is false no list
	// limits the calls; where it is true and Allow is empty, none is allowed.
	Set   bool
	Allow []T // each entry once; their order means nothing
	Deny  []T
}

// Scope is the scope of the call that a handler runs for, each entry decoded
// into T as schema.Decode does: one with a member that T does not have is an
// error, so that no handler takes half of an entry for all of it. Where files
// use both texts and objects, T needs an UnmarshalValue. A context that is not a
// handler's is an error. It is safe to call from many goroutines.
func Scope[T any](ctx context.Context) (CommandScope[T], error) {
	call, ok := ctx.Value(callKey{}).(*callContext)
	if !ok {
		return CommandScope[T]{}, errNoCall
	}
	decoder, err := entryDecoder[T](call.app)
	if err != nil {
		return CommandScope[T]{}, err
	}
	s := CommandScope[T]{Set: call.scope.Set}
	if s.Allow, err = decodeEntries(decoder, call.scope.Allow); err == nil {
		s.Deny, err = decodeEntries(decoder, call.scope.Deny)
	}
	if err != nil {
		return CommandScope[T]{}, fmt.Errorf("core: the scope of command %q in the capability files: %w", call.caller.Command, err)
	}
	return s, nil
}

// entryDecoder studies T once for an app.
func entryDecoder[T any](app *App) (*schema.Decoder[T], error) {
	t := reflect.TypeFor[T]()
	if known, ok := app.decoders.Load(t); ok {
		return known.(*schema.Decoder[T]), nil
	}
	decoder, err := schema.NewDecoder[T]()
	if err != nil {
		return nil, fmt.Errorf("core: %v can't hold an entry of a scope: %w", t, err)
	}
	app.decoders.Store(t, decoder)
	return decoder, nil
}

func decodeEntries[T any](decoder *schema.Decoder[T], entries []json.RawMessage) ([]T, error) {
	all := make([]T, 0, len(entries))
	for _, text := range entries {
		value, err := schema.Parse(text, schema.DefaultLimits())
		if err != nil {
			return nil, fmt.Errorf("entry %s: %w", text, err)
		}
		entry, err := decoder.Decode(value)
		if err != nil {
			return nil, fmt.Errorf("entry %s: %w", text, err)
		}
		all = append(all, entry)
	}
	return all, nil
}
