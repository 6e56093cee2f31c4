package core

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/schema"
)

// A binding is what one answer to one rule's question is about. Two calls
// share an answer if their bindings are equal.
type binding struct {
	rule     policy.Rule // with the very question
	revision string
	window   string
	origin   string // "" for the app's own pages, whose origins are minted for each run
	command  string
	digest   string // of all these, the user and the arguments: the MAC of append's text
}

// append appends what the digest is made of. A user is nil where the app does
// not say whose session it is.
func (b *binding) append(dst []byte, user, args schema.Value) []byte {
	for _, part := range []string{
		b.rule.Capability, b.rule.File, strconv.Itoa(b.rule.Line), b.rule.Reason, b.rule.Remember,
		b.revision, b.window, b.origin, b.command,
	} {
		dst = appendPart(dst, part)
	}
	if user == nil {
		dst = append(dst, byte(schema.None))
	} else {
		dst = appendCanonical(dst, user)
	}
	mark := len(dst)
	if pointers, all := b.rule.Remembers(); !all {
		dst = append(dst, 'S')
		for _, pointer := range pointers {
			value, ok := find(args, pointer)
			if !ok { // nothing there to bind, so that everything else would be free
				return appendCanonical(append(dst[:mark], 'A'), args)
			}
			dst = appendCanonical(appendPart(dst, pointer), value)
		}
		return dst
	}
	return appendCanonical(append(dst, 'A'), args)
}

// appendPart appends a text with its length, so that no two sequences of texts
// are the same bytes.
func appendPart(dst []byte, text string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

// appendCanonical appends bytes that two values share if they differ in nothing
// but the order of members: numbers are compared as they are written. Of raw bytes
// the text has no more than the size, so a hash stands for them.
func appendCanonical(dst []byte, v schema.Value) []byte {
	if data, media, ok := v.Bytes(); ok {
		sum := sha256.Sum256(data)
		return append(appendPart(append(dst, 'B'), media), sum[:]...) // no kind of value is a B
	}
	dst = append(dst, byte(v.Kind()))
	switch v.Kind() {
	case schema.Bool:
		if v.Bool() {
			return append(dst, 1)
		}
		return append(dst, 0)
	case schema.Number:
		return appendPart(dst, string(v.Number()))
	case schema.String:
		return appendPart(dst, v.Text())
	case schema.Array:
		dst = binary.AppendUvarint(dst, uint64(v.Len()))
		for element := range v.Elements() {
			dst = appendCanonical(dst, element)
		}
	case schema.Object:
		type member struct {
			name  string
			value schema.Value
		}
		members := make([]member, 0, v.Len())
		for name, value := range v.Fields() {
			members = append(members, member{name, value})
		}
		slices.SortFunc(members, func(a, b member) int { return cmp.Compare(a.name, b.name) })
		dst = binary.AppendUvarint(dst, uint64(len(members)))
		for _, m := range members {
			dst = appendCanonical(appendPart(dst, m.name), m.value)
		}
	}
	return dst
}

// find follows a JSON pointer.
func find(v schema.Value, pointer string) (schema.Value, bool) {
	for name := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		name = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
		switch v.Kind() {
		case schema.Object:
			value, ok := v.Field(name)
			if !ok {
				return nil, false
			}
			v = value
		case schema.Array:
			i, err := strconv.Atoi(name)
			if err != nil || strconv.Itoa(i) != name || i < 0 || i >= v.Len() {
				return nil, false
			}
			v = v.Index(i)
		default:
			return nil, false
		}
	}
	return v, true
}
