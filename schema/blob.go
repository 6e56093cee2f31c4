package schema

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
)

// A Blob is bytes with their media type, as a page's Blob is. [Decode] takes it from a section, and
// [Encoder.AppendMessage] makes one of it. Of bytes whose type doesn't matter a []byte does as well.
type Blob struct {
	Type  string // media type: type/subtype in lower case, without parameters; "" is application/octet-stream
	Bytes []byte // shared with the message, and the handler's own; nil is none
}

// base64Option is the json tag's option by which a []byte is a text in the message.
const base64Option = "format:base64"

// isBytes reports whether a type is a slice of bytes that goes beside the text.
func isBytes(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem() == reflect.TypeFor[byte]()
}

// behindPointers is what a type's pointers lead to.
func behindPointers(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer && !pointsToItself(t) {
		t = t.Elem()
	}
	return t
}

// inBase64 reports whether a field is bytes that are a text.
func (f *field) inBase64() (bool, error) {
	if !f.has(base64Option) {
		return false, nil
	}
	if t := behindPointers(f.typ); !isBytes(t) || hasOwnForm(t) {
		return false, fmt.Errorf("schema: %s: the tag option %s is for []byte, not for %v", f.goName, base64Option, f.typ)
	}
	return true, nil
}

// checkName refuses the name of the member by which an object stands for a section.
func (f *field) checkName() error {
	if f.name == bytesMember {
		return fmt.Errorf("schema: %s: %s names bytes beside the text; take a []byte or schema.Blob, or name it differently", f.goName, bytesMember)
	}
	return nil
}

// base64Filler is for such a field.
func base64Filler(t reflect.Type) filler {
	if t.Kind() == reflect.Pointer {
		return base64Filler(t.Elem()).behindPointer(t)
	}
	return fillBase64
}

const (
	noSectionHere = "it must be bytes, which go beside the text: a Uint8Array, an ArrayBuffer or a Blob of the page"
	isSection     = "it is bytes beside the text; take a []byte or schema.Blob"
)

// fillBytes shares the section's memory: nobody else has it, and it may be large.
func fillBytes(n *node, at reflect.Value) error {
	data, _, ok := n.Bytes()
	switch {
	case n.kind == Null:
		return nil
	case !ok:
		return misfit(at, noSectionHere)
	}
	at.SetBytes(owned(data))
	return nil
}

// fillBlob is fillBytes with the media type.
func fillBlob(n *node, at reflect.Value) error {
	data, mediaType, ok := n.Bytes()
	if !ok {
		return misfit(at, noSectionHere)
	}
	*at.Addr().Interface().(*Blob) = Blob{Type: mediaType, Bytes: owned(data)}
	return nil
}

// owned is never nil, as an empty array isn't.
func owned(data []byte) []byte {
	if data == nil {
		return []byte{}
	}
	return slices.Clip(data)
}

// loose is what an any takes: a tree, in which bytes are a [Blob].
func loose(n *node) any {
	if data, mediaType, ok := n.Bytes(); ok {
		return Blob{Type: mediaType, Bytes: owned(data)}
	}
	switch n.kind {
	case Array:
		list := make([]any, n.count)
		for i, children := 0, n.children(); i < len(children); i++ {
			list[i] = loose(&children[i])
		}
		return list
	case Object:
		object := make(map[string]any, n.count)
		for i, children := 0, n.children(); i < len(children); i++ {
			object[children[i].name()] = loose(&children[i])
		}
		return object
	}
	return tree(n)
}

// base64Writer is for such a field.
func base64Writer(t reflect.Type) writer {
	if t.Kind() == reflect.Pointer {
		return base64Writer(t.Elem()).behindPointer
	}
	return writeBase64
}

func writeBytes(dst []byte, at reflect.Value, r allowance) ([]byte, error) {
	return r.sections.append(dst, Section{Type: anyBytes, Bytes: at.Bytes()}, at)
}

func writeBlob(dst []byte, at reflect.Value, r allowance) ([]byte, error) {
	return r.sections.append(dst, at.Addr().Interface().(*Blob).section(), at)
}

func (b *Blob) section() Section {
	return Section{Type: cmp.Or(b.Type, anyBytes), Bytes: b.Bytes}
}

// A sectionList gathers the sections of a message that is being written; nil takes none.
type sectionList struct{ all []Section }

// append adds a section to the list, and what stands for it to the text.
func (l *sectionList) append(dst []byte, s Section, at reflect.Value) ([]byte, error) {
	switch {
	case l == nil:
		return nil, unwritten(at, "bytes go beside the text, which only a message has; use AppendMessage, or the tag option format:base64", nil)
	case !isMediaType(s.Type):
		return nil, unwritten(at, "Type must be a media type such as image/png: type/subtype in lower case without parameters", nil)
	}
	l.all = append(l.all, s)
	return appendPlaceholder(dst, s), nil
}

// len is how many there are.
func (l *sectionList) len() int {
	if l == nil {
		return 0
	}
	return len(l.all)
}

// cut takes back what was added since there were n.
func (l *sectionList) cut(n int) {
	if l != nil {
		l.all = l.all[:n]
	}
}
