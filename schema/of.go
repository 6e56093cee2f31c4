package schema

import (
	"fmt"
	"reflect"

	"github.com/go-json-experiment/json/jsontext"
)

// Of returns the JSON Schema of what [Decode] takes as a T, indented, and the same text for the
// same type every time. What a schema can't say is left to Decode: the text of a type that has
// UnmarshalText, and the digits that a float64 keeps apart.
//
//   - Objects have the members that T has, all required but those with omitempty or omitzero, and
//     no others. Pointers take null. Integers have the bounds of their type.
//   - time.Time is a date-time; other types with UnmarshalText are texts. []byte is an object that
//     stands for a section of type application/octet-stream, [Blob] for one of any type, or of those
//     that its tag names; with the tag option format:base64 a []byte is a text.
//     json.Number is a number, big.Int a whole one. json.RawMessage, any, [Value] and an
//     [Unmarshaler] take everything.
//   - A named type that is used more than once, or inside itself, stands in $defs.
//   - The tags jsonschema:"pattern=…,maxLength=…,…" and jsonschema_description:"…" add keywords,
//     [Enum] and [Described] what they say. A method JSONSchema() []byte replaces a type's schema.
//
// The error names type and field. Of is for the start of a program: it studies the type each time.
func Of[T any]() ([]byte, error) { return schemaOf(reflect.TypeFor[T](), false) }

// Written returns the JSON Schema of what an [Encoder] writes of a T, which is what core sends of
// results, events and streams. It differs from [Of] where writing differs from reading: members
// are required unless omitzero or an embedded nil leaves them out, or omitempty those that can be
// empty in JSON, and such a pointer isn't null; a [4]byte is base64; a json.Number is a text.
func Written[T any]() ([]byte, error) { return schemaOf(reflect.TypeFor[T](), true) }

func schemaOf(t reflect.Type, written bool) ([]byte, error) {
	root, err := formOf(t, written)
	if err != nil {
		return nil, err
	}
	w := &formWriter{root: root, names: map[*form]string{}}
	w.nameAll()
	text := jsontext.Value(w.document())
	if err := text.Indent(jsontext.WithIndent("  ")); err != nil {
		return nil, fmt.Errorf("schema: internal error: the schema of %v is no JSON: %w", t, err)
	}
	text = append(text, '\n')
	if _, err := compile("the schema of "+t.String(), text); err != nil {
		return nil, err
	}
	return text, nil
}
