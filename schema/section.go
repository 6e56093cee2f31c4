package schema

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// A Section is a run of bytes that goes beside a message's JSON text. In the text the object
// {"$bytes":size,"type":"media/type"} stands for it.
type Section struct {
	Type  string // media type: type/subtype in lower case, without parameters
	Bytes []byte // may be nil, for none
}

// The members of the object that stands for a section.
const (
	bytesMember = "$bytes"
	typeMember  = "type"
)

// anyBytes is the media type of bytes of which nothing else is known.
const anyBytes = "application/octet-stream"

// What is wrong with a message's sections.
const (
	notSection      = `an object with a member $bytes that isn't just {"$bytes":size,"type":"media/type"}, spelt like that`
	missingSection  = "an object that stands for a section that isn't there"
	otherSize       = "$bytes isn't the size of the section in bytes"
	otherType       = "type isn't that of the section"
	badMediaType    = "a section's type isn't type/subtype in lower case without parameters"
	unusedSection   = "the text has no object for a section"
	maxMediaType    = 127 // bytes, as RFC 6838 has it
	mediaTypeSigns  = "!#$&-^_.+"
	escapedPossible = `\u00` // what a spelling of $bytes with escapes has
)

// ParseMessage reads a JSON text as [Parse] does, with the sections that go with it: the n-th object
// with a member $bytes, in the order of the text, stands for the n-th section, and is exactly
// {"$bytes":size,"type":"media/type"}, to the letter, with that section's size and media type. There are as
// many as sections, and no other object has a member $bytes. Every error is a *[SyntaxError].
//
// To all who look at the text that object is an ordinary one; [Value.Bytes] returns the section. The
// Value shares the sections' bytes, which nobody may change afterwards.
func ParseMessage(text []byte, sections []Section, l Limits) (Value, error) {
	v, err := Parse(text, l)
	if err != nil {
		return nil, err
	}
	root := v.(*node)
	if len(sections) == 0 && !strings.Contains(root.doc.text, bytesMember) && !strings.Contains(root.doc.text, escapedPossible) {
		return v, nil
	}
	if at, problem := root.doc.bind(sections); problem != "" {
		return nil, &SyntaxError{Offset: int64(at), Pointer: root.wayTo(at), Problem: problem}
	}
	return v, nil
}

// BoundSections are those of a message, each with where the object begins that stands for it, in order.
type boundSections struct {
	at  []uint32
	all []Section
}

// bind holds the objects with a member $bytes to the sections. With a problem it returns the place of
// that.
func (d *document) bind(sections []Section) (at uint32, problem string) {
	standing := d.withBytes()
	slices.SortFunc(standing, func(a, b *node) int { return cmp.Compare(a.start, b.start) })
	bound := &boundSections{at: make([]uint32, 0, len(standing)), all: slices.Clone(sections)}
	for i, n := range standing {
		if problem = n.standsFor(sections[min(i, len(sections)):]); problem != "" {
			return n.start, problem
		}
		bound.at = append(bound.at, n.start)
	}
	if len(standing) < len(sections) {
		return uint32(len(d.text)), unusedSection
	}
	if len(sections) > 0 {
		d.rarely().sections = bound
	}
	return 0, ""
}

// withBytes returns the objects that have a member $bytes.
func (d *document) withBytes() (all []*node) {
	for i := range d.nodes {
		n := &d.nodes[i]
		if n.kind != Object {
			continue
		}
		members := n.children()
		for j := range members {
			if members[j].isNamed(bytesMember) {
				all = append(all, n)
			}
		}
	}
	return all
}

// isNamed compares the member's name, unescaped, without allocating.
func (n *node) isNamed(name string) bool {
	raw := n.rawName()
	if !n.nameEsc {
		return raw == name
	}
	const longest = len(`\u0000`)
	if len(raw) > len(name)*longest {
		return false
	}
	var space [128]byte
	return string(appendUnescaped(space[:0], raw)) == name
}

// standsFor says why an object doesn't stand for the first of the sections; "" if it does.
func (n *node) standsFor(sections []Section) (problem string) {
	size, okSize := n.Field(bytesMember)
	media, okType := n.Field(typeMember)
	switch {
	case n.count != 2 || !okSize || !okType || size.Kind() != Number || media.Kind() != String:
		return notSection
	case len(sections) == 0:
		return missingSection
	case string(size.Number()) != strconv.Itoa(len(sections[0].Bytes)):
		return otherSize
	case media.Text() != sections[0].Type:
		return otherType
	case !isMediaType(sections[0].Type):
		return badMediaType
	case n.raw() != string(appendPlaceholder(nil, sections[0])): // all who read the text find it by its letters
		return notSection
	}
	return ""
}

// wayTo points from a value to the one inside it that begins at an offset, without any name.
func (n *node) wayTo(at uint32) string {
	var way strings.Builder
	for n.start != at {
		children := n.children()
		i, _ := slices.BinarySearchFunc(children, at, func(c node, at uint32) int { return cmp.Compare(c.end, at+1) })
		if i == len(children) {
			break // at the end of the text
		}
		if n.kind == Array {
			way.WriteString("/" + strconv.Itoa(i))
		} else {
			way.WriteString("/*")
		}
		n = &children[i]
	}
	return way.String()
}

// Bytes implements [Value].
func (n *node) Bytes() (data []byte, mediaType string, ok bool) {
	if !n.isSection() {
		return nil, "", false
	}
	s := n.section()
	return slices.Clip(s.Bytes), s.Type, true
}

// isSection reports whether the value stands for a section. Hardly any document has one.
func (n *node) isSection() bool { return n.doc.rare != nil && n.section() != nil }

func (n *node) section() *Section {
	s := n.doc.rare.sections
	if s == nil || n.kind != Object {
		return nil
	}
	i, ok := slices.BinarySearch(s.at, n.start)
	if !ok {
		return nil
	}
	return &s.all[i]
}

// isMediaType reports whether a text is a media type of RFC 6838, section 4.2, in lower case and
// without parameters.
func isMediaType(text string) bool {
	kind, subtype, ok := strings.Cut(text, "/")
	return ok && len(text) <= maxMediaType && isMediaName(kind) && isMediaName(subtype)
}

func isMediaName(name string) bool {
	for i := range len(name) {
		c := name[i]
		plain := 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
		if !plain && (i == 0 || strings.IndexByte(mediaTypeSigns, c) < 0) {
			return false
		}
	}
	return name != ""
}

// appendPlaceholder appends what stands in the text for a section.
func appendPlaceholder(dst []byte, s Section) []byte {
	dst = strconv.AppendInt(append(dst, `{"`+bytesMember+`":`...), int64(len(s.Bytes)), 10)
	dst = append(append(dst, `,"`+typeMember+`":"`...), s.Type...)
	return append(dst, `"}`...)
}

// noBytes reports whether a text stands for a section without bytes.
func noBytes(text []byte) bool { return bytes.HasPrefix(text, []byte(`{"`+bytesMember+`":0,`)) }
