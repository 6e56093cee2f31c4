package schema

import (
	"encoding/json"
	"iter"
	"slices"
	"strings"
)

// A document is the text of one parsed message and its values. The children of one
// container lie side by side in nodes, so that any of them is one index away; the root is
// the last.
type document struct {
	text  string // a private copy: the caller's buffer may be reused
	nodes []node
	rare  *rarities
}

// Rarities are what few documents have.
type rarities struct {
	far      map[uint32]uint32 // for a value that begins far behind its name: where the name ends
	sections *boundSections    // of a message that has any
}

func (d *document) rarely() *rarities {
	if d.rare == nil {
		d.rare = &rarities{}
	}
	return d.rare
}

// A node is one value of a document. A pointer to it is the Value: making one costs
// nothing.
type node struct {
	doc *document
	span
}

// A span says where a value is. Offsets are into the document's text.
type span struct {
	start, end       uint32 // the value as written; quotes included
	nameAt           uint32 // the member name as written, quotes excluded; start for what has none
	first, count     uint32 // the children, in the document's nodes
	kind             Kind
	escaped, nameEsc bool  // the string, the name contain a backslash
	gap              uint8 // bytes from the end of the name to start, far for that many or more
}

const far = 255

var _ Value = (*node)(nil)

// Kind implements [Value].
func (n *node) Kind() Kind { return n.kind }

// Bool implements [Value].
func (n *node) Bool() bool { return n.kind == Bool && n.doc.text[n.start] == 't' }

// Number implements [Value].
func (n *node) Number() json.Number {
	if n.kind != Number {
		return ""
	}
	return json.Number(n.raw())
}

// Text implements [Value]. It allocates only for strings written with escapes.
func (n *node) Text() string {
	if n.kind != String {
		return ""
	}
	text := n.doc.text[n.start+1 : n.end-1]
	if !n.escaped {
		return text
	}
	return unescape(text)
}

// Len implements [Value].
func (n *node) Len() int { return int(n.count) }

// Index implements [Value].
func (n *node) Index(i int) Value {
	if n.kind != Array || i < 0 || i >= int(n.count) {
		return nil // not a nil *node: the caller compares with nil
	}
	return &n.children()[i]
}

// Field implements [Value].
func (n *node) Field(name string) (Value, bool) {
	if n.kind != Object {
		return nil, false
	}
	children := n.children()
	for i := range children {
		c := &children[i]
		if c.nameEsc {
			if c.name() == name {
				return c, true
			}
			continue
		}
		if c.rawName() == name {
			return c, true
		}
	}
	return nil, false
}

// Elements implements [Value].
func (n *node) Elements() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if n.kind != Array {
			return
		}
		children := n.children()
		for i := range children {
			if !yield(&children[i]) {
				return
			}
		}
	}
}

// Fields implements [Value].
func (n *node) Fields() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		if n.kind != Object {
			return
		}
		children := n.children()
		for i := range children {
			if !yield(children[i].name(), &children[i]) {
				return
			}
		}
	}
}

// AppendJSON implements [Value].
func (n *node) AppendJSON(dst []byte) []byte { return append(dst, n.raw()...) }

func (n *node) raw() string { return n.doc.text[n.start:n.end] }

// name is the member's name; "" for what is no member.
func (n *node) name() string {
	if !n.nameEsc {
		return n.rawName()
	}
	return unescape(n.rawName())
}

// rawName is the member's name as it was written.
func (n *node) rawName() string {
	if n.gap == far {
		return n.doc.text[n.nameAt:n.doc.rare.far[n.start]]
	}
	return n.doc.text[n.nameAt : n.start-uint32(n.gap)]
}

// farName notes where a name ends that its value begins far behind.
func (d *document) farName(start, nameEnd int) {
	r := d.rarely()
	if r.far == nil {
		r.far = make(map[uint32]uint32)
	}
	r.far[uint32(start)] = uint32(nameEnd)
}

// children is full-sliced: an append by mistake can't reach the neighbours.
func (n *node) children() []node {
	return slices.Clip(n.doc.nodes[n.first : n.first+n.count])
}

// room is a document and the cells of its nodes in one piece of memory.
type room[A any] struct {
	document
	cells A
}

// newDocument returns a document with cells for as many nodes as text can have, at most
// limit; a large text has perhaps more. The cells of small ones come in sizes that the
// allocator has too.
func newDocument(text string, limit int) (d *document) {
	const counted = 64 << 10
	// Each value is the first one, or the first of its container, or stands behind a comma.
	head := text[:min(len(text), counted)]
	most := min(1+strings.Count(head, ",")+strings.Count(head, "[")+strings.Count(head, "{"), limit)
	var cells []node
	switch {
	case most <= 2:
		r := new(room[[2]node])
		d, cells = &r.document, r.cells[:]
	case most <= 6:
		r := new(room[[6]node])
		d, cells = &r.document, r.cells[:]
	case most <= 14:
		r := new(room[[14]node])
		d, cells = &r.document, r.cells[:]
	case most <= 22:
		r := new(room[[22]node])
		d, cells = &r.document, r.cells[:]
	case most <= 30:
		r := new(room[[30]node])
		d, cells = &r.document, r.cells[:]
	case most <= 46:
		r := new(room[[46]node])
		d, cells = &r.document, r.cells[:]
	case most <= 62:
		r := new(room[[62]node])
		d, cells = &r.document, r.cells[:]
	case most <= 82:
		r := new(room[[82]node])
		d, cells = &r.document, r.cells[:]
	case most <= 106:
		r := new(room[[106]node])
		d, cells = &r.document, r.cells[:]
	case most <= 126:
		r := new(room[[126]node])
		d, cells = &r.document, r.cells[:]
	default:
		d, cells = new(document), make([]node, most)
	}
	d.text, d.nodes = text, cells[:most:most]
	return d
}
