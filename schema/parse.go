package schema

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A SyntaxError says why [Parse] refused a document. It holds no text of the document.
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

// Parse reads exactly one JSON value under the given limits; zero fields of l mean the
// defaults. It is strict where encoding/json is not: see the package comment. Every error
// is a *[SyntaxError].
//
// The Value doesn't refer to data, which the caller may overwrite afterwards.
func Parse(data []byte, l Limits) (Value, error) {
	l = l.filled()
	if len(data) > l.Size {
		return nil, &SyntaxError{Offset: int64(l.Size), Problem: "the document is too large"}
	}
	doc := &document{text: string(data)}
	// Limits first: only a document within all of them is worth a full check.
	s := layOut(doc, l)
	if s.problem != "" {
		return nil, &SyntaxError{Offset: int64(s.pos), Pointer: s.pointer, Problem: s.problem}
	}
	if !jsontext.Value(data).IsValid() {
		return nil, diagnose(data)
	}
	if !s.ok {
		// The two readers disagree about what JSON is: trust neither.
		return nil, &SyntaxError{Offset: int64(s.pos), Problem: "unreadable"}
	}
	return &doc.root, nil
}

// diagnose reads the document a second time to say what is wrong with it.
func diagnose(data []byte) error {
	d := jsontext.NewDecoder(bytes.NewBuffer(data))
	_, err := d.ReadValue()
	if err == nil {
		at := d.InputOffset()
		if _, err = d.ReadToken(); err == nil || err != io.EOF {
			return &SyntaxError{Offset: at, Problem: "something follows the value"}
		}
		return &SyntaxError{Offset: at, Problem: "unreadable"}
	}
	out := &SyntaxError{Problem: "invalid syntax"}
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) {
		out.Offset = syntactic.ByteOffset
		out.Pointer = anonymous(string(syntactic.JSONPointer))
	}
	// jsontext's words may quote the document, so only the kind of problem is taken.
	switch words := err.Error(); {
	case errors.Is(err, jsontext.ErrDuplicateName):
		out.Problem = "an object has two members of one name"
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		out.Problem = "a byte order mark"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		out.Problem = "the document ends too early"
	case strings.Contains(words, "invalid UTF-8"):
		out.Problem = "invalid UTF-8"
	case strings.Contains(words, "surrogate"), strings.Contains(words, "escape sequence"):
		out.Problem = "an invalid escape or a lone surrogate"
	}
	return out
}

// anonymous replaces every token of a JSON Pointer that isn't a short row of digits.
func anonymous(pointer string) string {
	if pointer == "" {
		return ""
	}
	tokens := strings.Split(pointer[1:], "/")
	for i, t := range tokens {
		if t == "" || len(t) > 9 || strings.Trim(t, "0123456789") != "" {
			tokens[i] = "*"
		}
	}
	return "/" + strings.Join(tokens, "/")
}
