package schema

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"sync/atomic"
)

// ErrTooLarge says that a value's JSON text is larger than the limit that [Encoder.Append] was
// given.
var ErrTooLarge = errors.New("schema: the value's JSON text is larger than its limit")

// An EncodeError says which part of a Go value has no JSON text. But for the words of Err it
// holds nothing of the value.
type EncodeError struct {
	Pointer string       // JSON Pointer to the part; "*" for a map's keys
	Type    reflect.Type // what it is
	Problem string       // what is wrong, one of a few fixed phrases
	Err     error        // what a method of the type, or json/v2 calling one, returned; mostly nil
}

// Error implements error.
func (e *EncodeError) Error() string {
	at := e.Pointer
	if at == "" {
		at = "the value itself"
	}
	if e.Err != nil {
		return fmt.Sprintf("schema: %s, a %v, can't become JSON: %s: %v", at, e.Type, e.Problem, e.Err)
	}
	return fmt.Sprintf("schema: %s, a %v, can't become JSON: %s", at, e.Type, e.Problem)
}

// Unwrap returns Err.
func (e *EncodeError) Unwrap() error { return e.Err }

// An Encoder writes values of T as github.com/go-json-experiment/json does, byte for byte but for
// bytes, with the members of maps sorted. It has T compiled and knows a limit. It is safe for concurrent use.
//
//   - Structs become objects with the members that [Decode] knows, in the order of their fields.
//     Of the tag options, string puts a number into a text, omitzero leaves out zero values
//     (by an IsZero method, if there is one), omitempty what would be null, "", [], {} or no bytes.
//   - Integers become numbers, floats the shortest text that is read as them; those that aren't
//     finite are errors.
//   - []byte and [Blob] go beside the text, as sections; see AppendMessage. With the tag option
//     format:base64 a []byte becomes padded base64, as arrays of bytes do.
//   - Other slices and arrays become arrays, maps objects. A nil slice is [] (a nil []byte no bytes), a
//     nil map {}, a nil pointer or interface null. A member can't be called $bytes.
//   - Strings are written with as few escapes as JSON permits, and must be UTF-8. json.Number,
//     which has no method, is one of them: Decode doesn't take back what is written of it, nor of
//     an array of bytes.
//   - Types with AppendText or MarshalText become strings, those with MarshalJSONTo or MarshalJSON
//     what they say, once that library has checked it. Interfaces are written as what they hold,
//     which is studied when the first of its type comes.
//
// What [Decode] or that library refuses of a type is an error of [NewEncoder]: tag options and
// names that mean something else to each of them, one name twice, channels, functions, complex
// numbers, [time.Duration], a [Value], keys that are no strings, integers or texts. A value of
// more than 1,000 containers, pointers and interfaces inside one another is an error as well,
// since it is mostly one that holds itself.
type Encoder[T any] struct {
	write writer
	bytes bool         // there may be some
	last  atomic.Int64 // bytes of the value before
}

// NewEncoder studies T. The error says which part of T can't become JSON, so that a program
// learns it at its start.
func NewEncoder[T any]() (*Encoder[T], error) {
	w := newWriters()
	write, err := w.of(reflect.TypeFor[T]())
	if err != nil {
		return nil, err
	}
	return &Encoder[T]{write: write, bytes: w.bytes}, nil
}

// Append appends the JSON text of *value, which is not changed, to dst. A text of more than
// limit bytes is [ErrTooLarge], found before much more than that was written. All other errors
// are an *[EncodeError], also that of a value with bytes, which only a message has; dst is then
// returned as it was.
func (e *Encoder[T]) Append(dst []byte, value *T, limit int) ([]byte, error) {
	return e.append(dst, value, limit, nil)
}

// AppendMessage is Append for a value that may have bytes: it returns the sections, in the order in
// which the text has {"$bytes":size,"type":"media/type"} for them, as [ParseMessage] takes both. They
// share the value's memory, however large it is; limit is about the text alone. An error leaves no
// sections.
func (e *Encoder[T]) AppendMessage(dst []byte, value *T, limit int) ([]byte, []Section, error) {
	if !e.bytes {
		out, err := e.append(dst, value, limit, nil)
		return out, nil, err
	}
	var l sectionList
	out, err := e.append(dst, value, limit, &l)
	if err != nil {
		return dst, nil, err
	}
	return out, l.all, nil
}

func (e *Encoder[T]) append(dst []byte, value *T, limit int, l *sectionList) ([]byte, error) {
	if value == nil {
		return dst, &EncodeError{Type: reflect.TypeFor[T](), Problem: "there is no value"}
	}
	r := allowance{end: math.MaxInt, depth: maxNesting, sections: l}
	if limit < math.MaxInt-len(dst) {
		r.end = len(dst) + limit
	}
	out, err := e.write(slices.Grow(dst, min(e.Likely(), max(limit, 0))), reflect.ValueOf(value).Elem(), r)
	if err == nil && len(out) > r.end {
		err = ErrTooLarge
	}
	if err != nil {
		return dst, err
	}
	e.last.Store(int64(len(out) - len(dst)))
	return out, nil
}

// MayHaveBytes reports whether values of T may have any: T has a []byte or [Blob] in it, or an
// interface that may hold one.
func (e *Encoder[T]) MayHaveBytes() bool { return e.bytes }

// Likely is a guess at the bytes of the next value: as many as the one before had, from 32 to
// 16 KiB.
func (e *Encoder[T]) Likely() int { return int(min(max(e.last.Load(), 32), 16<<10)) }

// maxNesting bounds the recursion, before Go's stack does.
const maxNesting = 1000

// An allowance is what is left for a value.
type allowance struct {
	end      int // dst may become so long
	depth    int // values inside one another
	sections *sectionList
}

// A writer appends the JSON text of an addressable Go value. One that puts any number of values
// side by side looks after each whether there is still room; one that writes a text or bytes of
// any size looks before. What numbers and a struct's fields add in the meantime is little, and
// the end of Append sees it.
type writer func(dst []byte, at reflect.Value, r allowance) ([]byte, error)

// within leaves less room for what a container, pointer or interface holds.
func (r allowance) within(at reflect.Value) (allowance, error) {
	if r.depth--; r.depth < 0 {
		return r, unwritten(at, "it is nested too deeply, or holds itself", nil)
	}
	return r, nil
}

func unwritten(at reflect.Value, problem string, err error) error {
	return &EncodeError{Type: at.Type(), Problem: problem, Err: err}
}

// under adds to an error the step to where it arose.
func under(err error, step string) error {
	if e, ok := err.(*EncodeError); ok {
		e.Pointer = "/" + step + e.Pointer
	}
	return err
}
