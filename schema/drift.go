package schema

import (
	"fmt"
	"reflect"
	"strings"
)

// A DriftError says where a schema and a Go type of the same command contradict each other.
type DriftError struct {
	File    string       // of the schema, as its Set has it
	Line    int          // from 1
	Type    reflect.Type // of the whole value
	Field   string       // the place in it, as Go code names it: "SaveArgs.Tags[]"
	Problem string       // what was found, what was expected, and what to do
}

// Error implements error.
func (e *DriftError) Error() string {
	return fmt.Sprintf("schema: %s:%d: drift from the Go type %v: %s: %s", e.File, e.Line, e.Type, e.Field, e.Problem)
}

// Drift compares a schema of the set with the Go type on the other side of it; the set must have
// one. Of [Input] and [Upload] all that the schema takes must fit into a T, as [Decode] would do it,
// and no field of T may be one that the schema never takes. Of the other sides what an [Encoder]
// writes of a T must be able to satisfy the schema. The error is a *[DriftError], or says why a T is of no use
// at all.
//
// Drift finds what the schema says and T contradicts, by types, members, items, enums and bounds.
// What the schema leaves open it leaves to Decode: a place without a type, members of names that the
// schema doesn't mention, and the bounds of 64-bit integers, except that an unsigned one wants a
// minimum of 0. It compares no patterns and no lengths of texts.
func Drift[T any](s *Set, side Side, name string) error {
	c := s.of(side, name)
	if c == nil {
		return ErrNoSchema
	}
	return c.drift(reflect.TypeFor[T](), side != Input && side != Upload)
}

func (c *contract) drift(t reflect.Type, written bool) error {
	root, err := formOf(t, written)
	if err != nil {
		return err
	}
	doc, err := Parse(c.source, schemaLimits())
	if err != nil {
		return err
	}
	l := newLint(doc)
	if faults := l.run(); len(faults) > 0 {
		return faults[0]
	}
	d := &drift{contract: c, lint: l, left: maxCompared, seen: map[string]bool{}}
	compare := d.input
	if written {
		compare = d.output
	}
	if p := compare([]Value{doc}, root, fieldName(t)); p != nil {
		return &DriftError{File: c.file, Line: line(c.source, offset(p.at)), Type: t, Field: p.field, Problem: p.text}
	}
	return nil
}

// maxCompared is how many schemas are looked at. Files that combine more are found right as far as
// was looked: Decode and the schema itself still hold.
const maxCompared = 10_000

// A drift is one comparison.
type drift struct {
	*contract
	lint *lint
	left int
	seen map[string]bool // pairs of schemas and forms under comparison, so that recursion ends
}

// A difference is one contradiction.
type difference struct {
	at    Value // in the file
	field string
	text  string
}

func differ(at Value, field, format string, a ...any) *difference {
	return &difference{at, field, fmt.Sprintf(format, a...)}
}

// fieldName is what the names of a type's fields stand behind.
func fieldName(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Name() == "" {
		return "value"
	}
	return t.Name()
}

// once makes a comparison unless it is under way, or was made and found nothing.
func (d *drift) once(all []Value, u use, compare func() *difference) *difference {
	var b strings.Builder
	fmt.Fprintf(&b, "%p %v", u.of, u.null)
	for _, v := range all {
		fmt.Fprintf(&b, " %d", offset(v))
	}
	key := b.String()
	if u.of.kind == None || d.seen[key] {
		return nil
	}
	d.seen[key] = true
	p := compare()
	if p != nil {
		delete(d.seen, key)
	}
	return p
}

// samePlace reports whether two values are one place in a file.
func samePlace(a, b Value) bool { return offset(a) == offset(b) }
