package schema

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A SyntaxError says why [Parse] or [ParseMessage] refused a document. It holds no text of the document.
type SyntaxError struct {
	Offset  int64  // bytes from the start, at or shortly before the problem
	Pointer string // JSON Pointer to the place, "*" for every member name; "" if unknown
	Problem string // what is wrong, one of a few fixed phrases
}

// Error implements error.
func (e *SyntaxError) Error() string {
	if e.Pointer == "" {
		return fmt.Sprintf("schema: not acceptable JSON at byte %d: %s", e.Offset, e.Problem)
	}
	return fmt.Sprintf("schema: not acceptable JSON at byte %d (%s): %s", e.Offset, e.Pointer, e.Problem)
}

// What is wrong with a document.
const (
	tooLarge     = "the document is too large"
	tooDeep      = "nested too deeply"
	tooManyNodes = "too many values"
	tooManyKeys  = "an object has too many members"
	tooLong      = "a number is too long"
	tooHigh      = "a number's exponent is too large"
	tooEarly     = "the document ends too early"
	tooMuch      = "something follows the value"
	badSyntax    = "invalid syntax"
	badUTF8      = "invalid UTF-8"
	badEscape    = "an invalid escape or a lone surrogate"
	badMark      = "a byte order mark"
	sameName     = "an object has two members of one name"
)

const byteOrderMark = "\xef\xbb\xbf"

// Parse reads exactly one JSON value under the given limits; zero fields of l mean the
// defaults. It is strict where encoding/json is not: see the package comment. Every error
// is a *[SyntaxError].
//
// The Value doesn't refer to data, which the caller may overwrite afterwards.
func Parse(data []byte, l Limits) (Value, error) {
	l = l.filled()
	if len(data) > l.Size {
		return nil, &SyntaxError{Offset: int64(l.Size), Problem: tooLarge}
	}
	doc := newDocument(string(data), l.Nodes)
	s := doc.scan(l)
	if s.root == nil {
		return nil, s.refusal(doc.text)
	}
	return s.root, nil
}

// refusal words what stopped the scan.
func (s scan) refusal(text string) error {
	e := &SyntaxError{Offset: int64(s.pos), Pointer: s.pointer, Problem: s.problem}
	switch {
	case strings.HasPrefix(text, byteOrderMark):
		e.Problem = badMark
	case e.Problem == badSyntax && s.pos >= len(text):
		e.Problem = tooEarly
	}
	return e
}

// pointerTo leads through the open containers, without any name. waiting are the values that
// wait for one of them to close, the latest first; parent is the index of the innermost, which
// has that many children so far.
func pointerTo(waiting []node, parent, children int) string {
	var steps []string
	for parent < len(waiting) {
		n := &waiting[parent]
		if n.kind == Array {
			steps = append(steps, strconv.Itoa(children))
		} else {
			steps = append(steps, "*")
		}
		outer := len(waiting) - int(n.first)
		parent, children = outer, outer-parent-1
	}
	var b strings.Builder
	for _, s := range slices.Backward(steps) {
		b.WriteString("/" + s)
	}
	return b.String()
}

// line returns the 1-based line of an offset.
func line(data []byte, offset int) int {
	return 1 + bytes.Count(data[:min(max(offset, 0), len(data))], []byte{'\n'})
}
