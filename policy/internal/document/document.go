// Package document reads JSON, YAML and TOML files into one small tree that knows its lines.
// All three are read strictly: what two readers could take for two things is an error.
package document

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Kind says what a node is. The zero Kind is null.
type Kind uint8

// The kinds of nodes.
const (
	Null Kind = iota
	Bool
	Number
	Text
	Time // a date or time of TOML, which alone has a notation for them
	List
	Table
)

// String is the kind with its article, for errors: "a list".
func (k Kind) String() string {
	return [...]string{"null", "true or false", "a number", "text", "a time", "a list", "an object"}[k]
}

// A Node is one value with the line it begins on. It is never nil in a tree.
type Node struct {
	Kind    Kind
	Text    string   // of a text or a time; a number as JSON writes it; "true" or "false"
	Line    int      // from 1
	Items   []*Node  // of a list
	Members []Member // of a table, in the file's order, each name once
}

// A Member is one name of a table with its value.
type Member struct {
	Name  string
	Line  int // of the name
	Value *Node
}

// Member is the value of that very name, nil if there is none.
func (n *Node) Member(name string) *Node {
	for _, m := range n.Members {
		if m.Name == name {
			return m.Value
		}
	}
	return nil
}

// AppendJSON appends the value as JSON without spaces, the members of a table by their names: one
// value has one text, in whatever format and order it was written.
func (n *Node) AppendJSON(dst []byte) []byte {
	switch n.Kind {
	case Null:
		return append(dst, "null"...)
	case Text, Time:
		return quote(dst, n.Text)
	case List:
		dst = append(dst, '[')
		for i, item := range n.Items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = item.AppendJSON(dst)
		}
		return append(dst, ']')
	case Table:
		sorted := slices.SortedFunc(slices.Values(n.Members), func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
		dst = append(dst, '{')
		for i, m := range sorted {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = m.Value.AppendJSON(append(quote(dst, m.Name), ':'))
		}
		return append(dst, '}')
	}
	return append(dst, n.Text...)
}

// quote can't fail: Parse takes UTF-8 alone.
func quote(dst []byte, text string) []byte {
	dst, _ = jsontext.AppendQuote(dst, text)
	return dst
}

// An Error is what is wrong with a file, and on which line.
type Error struct {
	Line    int // from 1
	Problem string
}

// Error says what is wrong; the line is for the caller to put beside the file's name.
func (e *Error) Error() string { return e.Problem }

func fault(line int, format string, a ...any) error {
	return &Error{max(line, 1), fmt.Sprintf(format, a...)}
}

// Extensions are the endings of the files that Parse reads.
func Extensions() []string { return []string{".json", ".yaml", ".yml", ".toml"} }

// maxDepth is more than any file of ours needs and less than any stack.
const maxDepth = 32

// Parse reads one file by the ending of its name. An error is an [*Error].
func Parse(file string, data []byte) (*Node, error) {
	if i := invalidUTF8(data); i >= 0 {
		return nil, fault(lineAt(data, i), "the file is not UTF-8")
	}
	n, err := parse(file, data)
	if e, ok := err.(*Error); ok { // the YAML package may name a line after the last
		e.Line = min(e.Line, lineAt(data, len(data)))
	}
	return n, err
}

func parse(file string, data []byte) (*Node, error) {
	switch path.Ext(file) {
	case ".json":
		return parseJSON(data)
	case ".yaml", ".yml":
		return parseYAML(data)
	case ".toml":
		return parseTOML(data)
	}
	return nil, fault(1, "the file's name must end in one of %s, in lower case", strings.Join(Extensions(), ", "))
}

func invalidUTF8(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

func lineAt(data []byte, offset int) int {
	return 1 + strings.Count(string(data[:min(max(offset, 0), len(data))]), "\n")
}

// number refuses what is no number of JSON, such as 0x10, 1_000, .5 and nan.
func number(line int, text string) (*Node, error) {
	v := jsontext.Value(text)
	if v.Kind() != '0' || !v.IsValid() || strings.TrimSpace(text) != text {
		return nil, fault(line, "the number %s is not written as JSON writes numbers: digits, a point and an exponent; quote it if it is text", text)
	}
	return &Node{Kind: Number, Text: text, Line: line}, nil
}

// add gives a table one more member.
func (n *Node) add(m Member) error {
	if earlier := slices.IndexFunc(n.Members, func(o Member) bool { return o.Name == m.Name }); earlier >= 0 {
		return fault(m.Line, "%q is given twice, first on line %d: once was expected", m.Name, n.Members[earlier].Line)
	}
	n.Members = append(n.Members, m)
	return nil
}

func tooDeep(line int) error { return fault(line, "nested deeper than %d levels", maxDepth) }
