package schema

import (
	"fmt"
	"math/big"
	"reflect"
)

// A DecodeError says why a value doesn't fit a Go type. It holds nothing of the value.
type DecodeError struct {
	Pointer string       // JSON Pointer to the value; "*" for a member name the type doesn't have
	Type    reflect.Type // what it should have become
	Problem string       // what is wrong, one of a few fixed phrases
}

// Error implements error.
func (e *DecodeError) Error() string {
	at := e.Pointer
	if at == "" {
		at = "the value itself"
	}
	return fmt.Sprintf("schema: %s can't become %v: %s", at, e.Type, e.Problem)
}

// An Unmarshaler decodes itself. It gets the value that was validated and should read
// that, not the bytes of AppendJSON with another parser.
type Unmarshaler interface {
	UnmarshalValue(v Value) error
}

// Decode fills *dst from v, from the values as they were parsed and validated: the text
// is not read again. v must be one that [Parse] or [ParseMessage] made, and dst a pointer that isn't nil. On an
// error *dst is zero. Strings share the document's text unless they were written with escapes,
// so a string that is kept keeps the document.
//
//   - Structs take objects by the names in their json tags, letter by letter. A member
//     without a field is refused; a field without a member is zero. Embedded structs
//     work as in encoding/json, but two fields of one name are an error.
//   - Integers take whole numbers that fit, however they are written (1, 1.0, 1e0).
//     Floats take what doesn't overflow or vanish, a float64 none with more digits than a
//     JavaScript number has. *big.Int takes any whole number. json.Number keeps the literal.
//   - []byte and [Blob] take the sections of a message, and share their memory: what a handler gets
//     is its own. With the tag option format:base64 a []byte takes padded base64 without line breaks.
//   - Other slices and arrays take arrays, an array exactly its length. Maps take objects; keys are
//     strings, integers in their shortest form, or encoding.TextUnmarshaler.
//   - time.Time takes the date-time of RFC 3339, other types with encoding.TextUnmarshaler
//     (netip.Addr, …) the strings that they take.
//   - any takes nil, bool, json.Number, string, []any, map[string]any or, of a section, a [Blob].
//     [Value] and json.RawMessage take anything, the latter of a section only what stands for it. Read a Value with Decode: who parses a RawMessage again
//     with encoding/json takes "PATH" for "path", which schema and policy did not.
//   - null makes pointers, maps, slices and interfaces nil, and an empty struct; for all
//     other types it is refused. Tag options are omitempty, omitzero, string and format:base64.
//
// A type that knows only json.Unmarshaler is refused, since that would parse again, and
// perhaps in another way; give it [Unmarshaler] or encoding.TextUnmarshaler.
//
// Decode studies the type on every call; [NewDecoder] does so once.
func Decode(v Value, dst any) error {
	at := reflect.ValueOf(dst)
	if at.Kind() != reflect.Pointer || at.IsNil() {
		return fmt.Errorf("schema: Decode needs a pointer that isn't nil, not %T", dst)
	}
	fill, err := newPlans().of(at.Type().Elem())
	if err != nil {
		return err
	}
	return run(fill, v, at.Elem())
}

// A Decoder decodes values into T, as [Decode] describes. It is safe for concurrent use.
type Decoder[T any] struct {
	fill    filler
	members map[string]bool // of a struct; nil for all else
}

// NewDecoder studies T. The error says which part of T can't be decoded into, so that a
// program learns it at its start and not from its first message.
func NewDecoder[T any]() (*Decoder[T], error) {
	t := reflect.TypeFor[T]()
	fill, err := newPlans().of(t)
	if err != nil {
		return nil, err
	}
	d := &Decoder[T]{fill: fill}
	for t.Kind() == reflect.Pointer && !decodesItself(t.Elem()) {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || decodesItself(t) || t == reflect.TypeFor[big.Int]() {
		return d, nil
	}
	fields, err := newPlans().fields(t)
	if err != nil {
		return nil, err
	}
	d.members = make(map[string]bool, len(fields))
	for _, f := range fields {
		d.members[f.name] = true
	}
	return d, nil
}

// Takes reports whether T has a place for a member of that name. A type that is no struct
// has one for every name.
func (d *Decoder[T]) Takes(member string) bool { return d.members == nil || d.members[member] }

// Decode returns v as a T, or the zero T and an error, which is a *[DecodeError] unless
// an [Unmarshaler] made it.
func (d *Decoder[T]) Decode(v Value) (T, error) {
	var out T
	err := run(d.fill, v, reflect.ValueOf(&out).Elem())
	return out, err
}

func run(fill filler, v Value, at reflect.Value) error {
	at.SetZero()
	n, ok := v.(*node)
	if v == nil || ok && (n == nil || n.kind == None) {
		return &DecodeError{Type: at.Type(), Problem: "there is no value"}
	}
	if !ok {
		return &DecodeError{Type: at.Type(), Problem: "the value isn't one that Parse made"}
	}
	if err := fill(n, at); err != nil {
		at.SetZero() // half a value is worse than none
		return err
	}
	return nil
}

// misfit is the error of one place; below adds the way to it on the return.
func misfit(at reflect.Value, problem string) error {
	return &DecodeError{Type: at.Type(), Problem: problem}
}

func below(err error, step string) error {
	if e, ok := err.(*DecodeError); ok {
		e.Pointer = "/" + step + e.Pointer
	}
	return err
}
