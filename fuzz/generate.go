package fuzz

import (
	"strings"

	"github.com/sallyport/sallyport/internal/gen/example"
	"github.com/sallyport/sallyport/schema"
)

// canary is in most strings that are sent. It must never come back in a
// refusal.
const canary = "cAnArY7f3"

// A generator makes values for one schema, the same that sallyport gen docs
// makes examples of. It aims at values that the schema accepts and doesn't
// promise them: the schema's judge is asked afterwards.
type generator struct {
	schema  schema.Value
	choices *choices
	words   []string // strings worth trying: the app's own directories
}

const maxDepth = 8 // of recursive schemas

func (g *generator) arguments() *node {
	if g.schema == nil {
		return leaf(nil)
	}
	numbers := []string{"0", "1", "-1", "42", "2147483648", "9007199254740993", "-9223372036854775808", "1e3", "0.5", "-1e-7", "1.7976931348623157e308"}
	m := example.Maker{
		Schema: g.schema, Choose: g.choices.below, Depth: maxDepth, Numbers: numbers,
		Text: func(string) string { return g.text() },
	}
	text, ok := m.Make()
	if !ok {
		return leaf(nil)
	}
	v, err := schema.Parse(text, schema.Limits{Size: 64 << 20, Nodes: 1 << 20})
	if err != nil {
		return &node{leaf: string(text)} // sent all the same: it is for the core to refuse
	}
	return nodeOf(v)
}

// nodeOf is a value that can be written wrongly.
func nodeOf(v schema.Value) *node {
	switch v.Kind() {
	case schema.Object:
		n := &node{object: true}
		for name, inner := range v.Fields() {
			n.members = append(n.members, member{quoted(name), nodeOf(inner)})
		}
		return n
	case schema.Array:
		n := &node{array: true}
		for inner := range v.Elements() {
			n.items = append(n.items, nodeOf(inner))
		}
		return n
	}
	return &node{leaf: string(v.AppendJSON(nil))}
}

// text is a string as users write them, or as attackers do.
func (g *generator) text() string {
	tails := []string{"", "/", "/note.md", "/../../etc/passwd", "/.hidden", "/%2e%2e/x", "\\..\\x", "/a\x00b", "/" + strings.Repeat("a", 300), "'; --", "<img onerror>", "\u202e", "é\u0301"}
	switch g.choices.below(3) {
	case 0:
		return canary + tails[g.choices.below(len(tails))]
	case 1:
		if len(g.words) > 0 {
			return g.words[g.choices.below(len(g.words))] + tails[g.choices.below(len(tails))]
		}
	}
	return tails[g.choices.below(len(tails))]
}
