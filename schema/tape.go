package schema

import (
	"encoding/json"
	"iter"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// A document is the text of one parsed message and its values. The children of one
// container lie side by side in nodes, so that any of them is one index away.
type document struct {
	text  string // a private copy: the caller's buffer may be reused
	root  node
	nodes []node
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
	nameAt, nameEnd  uint32 // the member name as written, quotes excluded
	first, count     uint32 // the children, in the document's nodes
	kind             Kind
	escaped, nameEsc bool // the string, the name contain a backslash
}

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
	if !n.escaped {
		return n.doc.text[n.start+1 : n.end-1]
	}
	return unquote(n.raw())
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
		if int(c.nameEnd-c.nameAt) == len(name) && n.doc.text[c.nameAt:c.nameEnd] == name {
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

func (n *node) name() string {
	if !n.nameEsc {
		return n.doc.text[n.nameAt:n.nameEnd]
	}
	return unquote(n.doc.text[n.nameAt-1 : n.nameEnd+1])
}

// children is full-sliced: an append by mistake can't reach the neighbours.
func (n *node) children() []node {
	return slices.Clip(n.doc.nodes[n.first : n.first+n.count])
}

// unquote takes a string literal that jsontext has already accepted.
func unquote(literal string) string {
	text, err := jsontext.AppendUnquote(nil, literal)
	if err != nil {
		panic("schema: internal error: a string of a parsed document doesn't unquote")
	}
	return string(text)
}
