package fuzz

import (
	"encoding/json"
	"strings"
)

// A node is a JSON value that can be written wrongly: members may repeat, and
// a leaf is whatever text it holds.
type node struct {
	leaf    string // a value's text, when it is neither array nor object
	object  bool
	array   bool
	members []member
	items   []*node
}

type member struct {
	name  string // as its JSON string, quotes included
	value *node
}

func leaf(v any) *node {
	text, err := json.Marshal(v)
	if err != nil {
		return &node{leaf: "null"}
	}
	return &node{leaf: string(text)}
}

func quoted(s string) string { return leaf(s).leaf }

func (n *node) String() string {
	var b strings.Builder
	n.write(&b)
	return b.String()
}

func (n *node) write(b *strings.Builder) {
	switch {
	case n.object:
		b.WriteByte('{')
		for i, m := range n.members {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(m.name)
			b.WriteByte(':')
			m.value.write(b)
		}
		b.WriteByte('}')
	case n.array:
		b.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				b.WriteByte(',')
			}
			item.write(b)
		}
		b.WriteByte(']')
	default:
		b.WriteString(n.leaf)
	}
}

// all lists the node and everything below it.
func (n *node) all() []*node {
	list := []*node{n}
	for _, m := range n.members {
		list = append(list, m.value.all()...)
	}
	for _, item := range n.items {
		list = append(list, item.all()...)
	}
	return list
}
