package schema

import (
	"encoding/json"
	"iter"
)

// Kind says which of JSON's six types a value has.
type Kind uint8

// The kinds of JSON values. The zero Kind is no value at all.
const (
	None Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

// String returns the type's name as JSON Schema writes it, for instance "boolean".
func (k Kind) String() string {
	switch k {
	case Null:
		return "null"
	case Bool:
		return "boolean"
	case Number:
		return "number"
	case String:
		return "string"
	case Array:
		return "array"
	case Object:
		return "object"
	}
	return "invalid"
}

// A Value is one parsed JSON value. It is read-only and safe for concurrent use, and
// stays valid as long as someone holds it.
//
// Only [Parse] and [ParseMessage] make Values. A method asked of the wrong kind returns its zero value, so
// that forgetting to look at the kind finds nothing rather than something.
type Value interface {
	// Kind is never None for a value that came from Parse.
	Kind() Kind
	// Bool is false unless the value is true.
	Bool() bool
	// Number is the exact literal as it was written, "" unless the kind is Number.
	Number() json.Number
	// Text is the unescaped string, "" unless the kind is String.
	Text() string
	// Len counts the elements of an array or the members of an object.
	Len() int
	// Index returns element i of an array in constant time, nil out of range.
	Index(i int) Value
	// Field returns the member of that very name. Its cost grows with the members.
	Field(name string) (Value, bool)
	// Elements yields an array's elements in order.
	Elements() iter.Seq[Value]
	// Fields yields an object's members in document order, names unescaped.
	Fields() iter.Seq2[string, Value]
	// AppendJSON appends the bytes that the value was parsed from.
	AppendJSON(dst []byte) []byte
	// Bytes returns the section that an object stands for, and its media type; ok is false for all
	// that stands for none, as nothing does that Parse read. The bytes are shared: don't change them.
	Bytes() (data []byte, mediaType string, ok bool)
}
