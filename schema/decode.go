package schema

import (
	"encoding"
	"fmt"
	"math/big"
	"reflect"
	"strings"
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
// is not read again. dst must be a pointer that isn't nil. On an error *dst is zero.
//
//   - Structs take objects by the names in their json tags, letter by letter. A member
//     without a field is refused; a field without a member is zero. Embedded structs
//     work as in encoding/json, but two fields of one name are an error.
//   - Integers take whole numbers that fit, however they are written (1, 1.0, 1e0).
//     Floats take what doesn't overflow or vanish, a float64 none with more digits than a
//     JavaScript number has. *big.Int takes any whole number. json.Number keeps the literal.
//   - []byte takes padded base64 without line breaks. Slices and arrays take arrays, an
//     array exactly its length. Maps take objects; keys are strings, integers in their
//     shortest form, or encoding.TextUnmarshaler.
//   - encoding.TextUnmarshaler (time.Time, netip.Addr, …) takes strings.
//   - any takes nil, bool, json.Number, string, []any or map[string]any. [Value] and
//     json.RawMessage take anything. Read a Value with Decode: who parses a RawMessage again
//     with encoding/json takes "PATH" for "path", which schema and policy did not.
//   - null makes pointers, maps, slices and interfaces nil, and an empty struct; for all
//     other types it is refused. Tag options are omitempty, omitzero and string.
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
	if v == nil || v.Kind() == None {
		return &DecodeError{Type: at.Type(), Problem: "there is no value"}
	}
	if err := fill(v, at); err != nil {
		at.SetZero() // half a value is worse than none
		return err
	}
	return nil
}

// A filler sets a zero, settable Go value from a Value.
type filler func(v Value, at reflect.Value) error

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

// nullable lets null be the zero value before fill is asked.
func nullable(fill filler) filler {
	return func(v Value, at reflect.Value) error {
		if v.Kind() == Null {
			return nil
		}
		return fill(v, at)
	}
}

// want refuses all values that aren't of one kind.
func want(kind Kind, fill filler) filler {
	problem := "it must be " + article(kind)
	return func(v Value, at reflect.Value) error {
		if v.Kind() != kind {
			if v.Kind() == Null {
				return misfit(at, problem+", not null; use a pointer if null is meant")
			}
			return misfit(at, problem)
		}
		return fill(v, at)
	}
}

func article(kind Kind) string {
	if kind == Array || kind == Object {
		return "an " + kind.String()
	}
	return "a " + kind.String()
}

func fillBool(v Value, at reflect.Value) error {
	at.SetBool(v.Bool())
	return nil
}

func fillString(v Value, at reflect.Value) error {
	at.SetString(v.Text())
	return nil
}

func fillNumber(v Value, at reflect.Value) error {
	at.SetString(string(v.Number()))
	return nil
}

// fillText hands a string to an encoding.TextUnmarshaler, whose words are not repeated:
// they usually quote what they were given.
func fillText(v Value, at reflect.Value) error {
	if at.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(v.Text())) != nil {
		return misfit(at, "the text isn't one of this type")
	}
	return nil
}

func fillSelf(v Value, at reflect.Value) error {
	return at.Addr().Interface().(Unmarshaler).UnmarshalValue(v)
}

func fillValue(v Value, at reflect.Value) error {
	at.Set(reflect.ValueOf(v))
	return nil
}

func fillRaw(v Value, at reflect.Value) error {
	at.SetBytes(v.AppendJSON(nil))
	return nil
}

func fillAny(v Value, at reflect.Value) error {
	if plain := tree(v); plain != nil {
		at.Set(reflect.ValueOf(plain))
	}
	return nil
}

func fillBytes(v Value, at reflect.Value) error {
	// encoding/base64 skips line breaks, so two texts would be one value.
	text := v.Text()
	if strings.ContainsAny(text, "\r\n") {
		return misfit(at, "the base64 has line breaks")
	}
	data, err := base64Strict().DecodeString(text)
	if err != nil {
		return misfit(at, "the text isn't padded base64")
	}
	at.SetBytes(data)
	return nil
}
