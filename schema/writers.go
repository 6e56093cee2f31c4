package schema

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// writers holds the writers made so far, so that a recursive type ends.
type writers struct {
	made  map[reflect.Type]*writer
	held  *held
	bytes bool // some of them may write bytes
}

func newWriters() *writers { return &writers{made: map[reflect.Type]*writer{}, held: &held{}} }

// of returns the writer of a type.
func (w *writers) of(t reflect.Type) (writer, error) {
	if f, ok := w.made[t]; ok {
		if *f != nil {
			return *f, nil
		}
		// Not finished yet: look it up when it is used.
		return func(dst []byte, at reflect.Value, r allowance) ([]byte, error) { return (*f)(dst, at, r) }, nil
	}
	slot := new(writer)
	w.made[t] = slot
	f, err := w.make(t)
	if err != nil {
		delete(w.made, t)
		return nil, err
	}
	*slot = f
	return f, nil
}

func (w *writers) make(t reflect.Type) (writer, error) {
	switch {
	case t.Implements(reflect.TypeFor[Value]()):
		return nil, fmt.Errorf("schema: a %v can't become JSON; take json.RawMessage and its AppendJSON", t)
	case t == reflect.TypeFor[time.Duration]():
		return nil, fmt.Errorf("schema: a %v can't become JSON; write a number, with its unit in the member's name", t)
	case t == reflect.TypeFor[time.Time]():
		return writeTime, nil
	case t == reflect.TypeFor[Blob]():
		w.bytes = true
		return writeBlob, nil
	case t.Kind() == reflect.Pointer:
		return w.pointer(t)
	case t.Kind() == reflect.Interface:
		w.bytes = true
		return w.held.write, nil
	case saysJSON(t):
		return writeOwn, nil
	case saysText(t):
		return writeText, nil
	}
	if write := writerOfNumber(t); write != nil {
		return write, nil
	}
	switch t.Kind() {
	case reflect.Bool:
		return writeBool, nil
	case reflect.String:
		return writeString, nil
	case reflect.Slice, reflect.Array:
		if isBytes(t) {
			w.bytes = true
			return writeBytes, nil
		}
		if t.Elem() == reflect.TypeFor[byte]() {
			return writeBase64, nil
		}
		return w.list(t)
	case reflect.Map:
		return w.mapping(t)
	case reflect.Struct:
		return w.structure(t)
	}
	return nil, fmt.Errorf("schema: a %v can't become JSON", t)
}

// saysJSON reports whether values of a type, or pointers to them, write JSON themselves.
func saysJSON(t reflect.Type) bool {
	pointer := reflect.PointerTo(t)
	return pointer.Implements(reflect.TypeFor[jsonv2.MarshalerTo]()) || pointer.Implements(reflect.TypeFor[json.Marshaler]())
}

func saysText(t reflect.Type) bool {
	pointer := reflect.PointerTo(t)
	return pointer.Implements(reflect.TypeFor[encoding.TextAppender]()) || pointer.Implements(reflect.TypeFor[encoding.TextMarshaler]())
}

func encodesItself(t reflect.Type) bool { return saysJSON(t) || saysText(t) }

func hasOwnForm(t reflect.Type) bool { return encodesItself(t) || decodesItself(t) }

func writerOfNumber(t reflect.Type) writer {
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return writeInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return writeUint
	case reflect.Float32:
		return writeFloat32
	case reflect.Float64:
		return writeFloat64
	}
	return nil
}

func (w *writers) pointer(t reflect.Type) (writer, error) {
	write, err := w.of(t.Elem())
	if err != nil {
		return nil, err
	}
	return write.behindPointer, nil
}

func (write writer) behindPointer(dst []byte, at reflect.Value, r allowance) ([]byte, error) {
	if at.IsNil() {
		return append(dst, null...), nil
	}
	r, err := r.within(at)
	if err != nil {
		return nil, err
	}
	return write(dst, at.Elem(), r)
}

func (w *writers) list(t reflect.Type) (writer, error) {
	write, err := w.of(t.Elem())
	if err != nil {
		return nil, err
	}
	return func(dst []byte, at reflect.Value, r allowance) ([]byte, error) {
		r, err := r.within(at)
		if err != nil {
			return nil, err
		}
		dst = append(dst, '[')
		for i := range at.Len() {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, err = write(dst, at.Index(i), r); err != nil {
				return nil, under(err, strconv.Itoa(i))
			}
			if len(dst) > r.end {
				return nil, ErrTooLarge
			}
		}
		return append(dst, ']'), nil
	}, nil
}

func (w *writers) mapping(t reflect.Type) (writer, error) {
	write, err := w.of(t.Elem())
	if err != nil {
		return nil, err
	}
	name, err := nameWriter(t.Key())
	if err != nil {
		return nil, err
	}
	return func(dst []byte, at reflect.Value, r allowance) ([]byte, error) {
		if at.Len() == 0 {
			return append(dst, "{}"...), nil
		}
		r, err := r.within(at)
		if err != nil {
			return nil, err
		}
		dst = append(dst, '{')
		o, err := newSorted(at.Len(), len(dst), r)
		if err != nil {
			return nil, err
		}
		// One of each for all members; a map's own can't be addressed.
		k, e := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		for i := at.MapRange(); i.Next(); {
			k.SetIterKey(i)
			e.SetIterValue(i)
			text, err := name(k)
			if err != nil {
				return nil, under(err, "*")
			}
			if dst, err = o.name(dst, text, at, r); err != nil {
				return nil, err
			}
			if dst, err = write(dst, e, r); err != nil {
				return nil, under(err, "*")
			}
			dst = o.end(dst)
		}
		return o.close(dst, at)
	}, nil
}

// nameWriter makes a member's name of a map's key.
func nameWriter(t reflect.Type) (func(at reflect.Value) (string, error), error) {
	switch {
	case saysJSON(t) && t != reflect.TypeFor[time.Time]():
	case saysText(t):
		return textOf, nil
	case t.Kind() == reflect.String:
		return func(at reflect.Value) (string, error) { return at.String(), nil }, nil
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Int64:
		return func(at reflect.Value) (string, error) { return strconv.FormatInt(at.Int(), 10), nil }, nil
	case t.Kind() >= reflect.Uint && t.Kind() <= reflect.Uintptr:
		return func(at reflect.Value) (string, error) { return strconv.FormatUint(at.Uint(), 10), nil }, nil
	}
	return nil, fmt.Errorf("schema: a %v can't become a member's name", t)
}

// A fieldWriter is a struct's field with all that is written of it.
type fieldWriter struct {
	field
	head  string // `"name":`
	write writer
	zero  func(at reflect.Value) bool // by it omitzero leaves the member out; nil never does
	empty bool                        // omitempty leaves it out where it is
}

func (w *writers) structure(t reflect.Type) (writer, error) {
	parts, err := w.parts(t)
	if err != nil {
		return nil, err
	}
	return func(dst []byte, at reflect.Value, r allowance) ([]byte, error) {
		r, err := r.within(at)
		if err != nil {
			return nil, err
		}
		dst = append(dst, '{')
		first := len(dst)
		for i := range parts {
			p := &parts[i]
			value := at.Field(p.index[0])
			if len(p.index) > 1 {
				if value = p.within(value); !value.IsValid() {
					continue
				}
			}
			if p.zero != nil && p.zero(value) {
				continue
			}
			before := len(dst)
			if before > first {
				dst = append(dst, ',')
			}
			dst = append(dst, p.head...)
			start, sections := len(dst), r.sections.len()
			room := r
			if p.empty { // what is taken back doesn't count
				room.end = max(r.end, start+longestEmpty)
			}
			if dst, err = p.write(dst, value, room); err != nil {
				return nil, under(err, token(p.name, true))
			}
			if p.empty && isEmpty(dst[start:]) {
				dst = dst[:before]
				r.sections.cut(sections)
			}
		}
		return append(dst, '}'), nil
	}, nil
}

// within goes on from the first step of index; there is no value behind an embedded nil.
func (f *field) within(at reflect.Value) reflect.Value {
	for _, n := range f.index[1:] {
		if at.Kind() == reflect.Pointer {
			if at.IsNil() {
				return reflect.Value{}
			}
			at = at.Elem()
		}
		at = at.Field(n)
	}
	return at
}

// longestEmpty is the most that isEmpty says of.
const longestEmpty = len(`{"$bytes":0,"type":""}`) + maxMediaType

func isEmpty(text []byte) bool {
	switch string(text) {
	case null, `""`, `[]`, `{}`:
		return true
	}
	return noBytes(text)
}

func (w *writers) parts(t reflect.Type) ([]fieldWriter, error) {
	fields, err := lister{itself: hasOwnForm, names: true}.list(t)
	if err != nil {
		return nil, err
	}
	if len(fields) == 0 && t.NumField() > 0 && hidden(t) {
		return nil, fmt.Errorf("schema: a %v has only fields that aren't exported; give it a MarshalText or MarshalJSON", t)
	}
	parts := make([]fieldWriter, len(fields))
	for i, f := range fields {
		p := fieldWriter{field: f, empty: f.has("omitempty")}
		if err := f.checkName(); err != nil {
			return nil, err
		}
		name, err := jsontext.AppendQuote(nil, f.name)
		if err != nil || strings.ContainsAny(f.name, "\\'\"`") {
			return nil, fmt.Errorf("schema: %s: the name in its json tag must be valid UTF-8 and have no quotes or backslashes, which json/v2 reads otherwise than Decode", f.goName)
		}
		p.head = string(name) + ":"
		if p.write, err = w.of(f.typ); err != nil {
			return nil, fmt.Errorf("%w (%s)", err, f.goName)
		}
		if f.has("string") {
			if p.write = textWriter(f.typ); p.write == nil {
				return nil, fmt.Errorf("schema: %s: the tag option string is for numbers, not for %v", f.goName, f.typ)
			}
		}
		if base64, err := f.inBase64(); err != nil {
			return nil, err
		} else if base64 {
			p.write = base64Writer(f.typ)
		}
		if f.has("omitzero") {
			p.zero = zeroOf(f.typ)
		}
		parts[i] = p
	}
	return parts, nil
}

// hidden reports whether nothing says that a struct without members is meant to be one.
func hidden(t reflect.Type) bool {
	for i := range t.NumField() {
		f := t.Field(i)
		if _, tagged := f.Tag.Lookup("json"); tagged || f.Anonymous || f.IsExported() {
			return false
		}
	}
	return true
}

// textWriter is for the tag option string: a number, perhaps behind pointers, inside a JSON string.
func textWriter(t reflect.Type) writer {
	if t.Kind() == reflect.Pointer {
		if write := textWriter(t.Elem()); write != nil {
			return write.behindPointer
		}
		return nil
	}
	write := writerOfNumber(t)
	if write == nil || encodesItself(t) {
		return nil
	}
	return func(dst []byte, at reflect.Value, r allowance) (_ []byte, err error) {
		if dst, err = write(append(dst, '"'), at, r); err != nil {
			return nil, err
		}
		return append(dst, '"'), nil
	}
}

// zeroOf tells a type's zero values, by its own method if it has one.
func zeroOf(t reflect.Type) func(at reflect.Value) bool {
	type zeroer interface{ IsZero() bool }
	own := reflect.TypeFor[zeroer]()
	switch {
	case t.Kind() == reflect.Interface && t.Implements(own):
		return func(at reflect.Value) bool {
			return at.IsNil() || at.Elem().Kind() == reflect.Pointer && at.Elem().IsNil() || at.Interface().(zeroer).IsZero()
		}
	case t.Kind() == reflect.Pointer && t.Implements(own):
		return func(at reflect.Value) bool { return at.IsNil() || at.Interface().(zeroer).IsZero() }
	case reflect.PointerTo(t).Implements(own):
		return func(at reflect.Value) bool { return at.Addr().Interface().(zeroer).IsZero() }
	}
	return reflect.Value.IsZero
}
