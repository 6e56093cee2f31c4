package document

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

func parseJSON(data []byte) (*Node, error) {
	r := &jsonReader{data: data, d: jsontext.NewDecoder(bytes.NewReader(data)), line: 1}
	root, err := r.value(0)
	if err != nil {
		return nil, err
	}
	if _, err := r.token(); err != io.EOF {
		if err == nil {
			err = fault(r.line, "a second value after the first: one was expected")
		}
		return nil, err
	}
	return root, nil
}

// jsonReader counts the lines of the tokens that it reads.
type jsonReader struct {
	data []byte
	d    *jsontext.Decoder
	at   int // lines are counted up to here
	line int // of the last token
}

// token reads one token. Its error is io.EOF after the value, or an *Error.
func (r *jsonReader) token() (jsontext.Token, error) {
	start := int(r.d.InputOffset())
	for start < len(r.data) && strings.IndexByte(" \t\r\n,:", r.data[start]) >= 0 {
		start++
	}
	r.line += bytes.Count(r.data[r.at:start], []byte("\n"))
	r.at = start
	t, err := r.d.ReadToken()
	var syntax *jsontext.SyntacticError
	switch {
	case err == nil || err == io.EOF:
		return t, err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return t, fault(lineAt(r.data, len(r.data)), "not JSON: the file ends inside a value")
	case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &syntax):
		return t, fault(r.line, "%q is given twice: once was expected", syntax.JSONPointer.LastToken())
	case errors.As(err, &syntax):
		return t, fault(lineAt(r.data, int(syntax.ByteOffset)), "not JSON: %v", syntax.Err)
	}
	return t, fault(r.line, "not JSON: %v", err)
}

func (r *jsonReader) value(depth int) (*Node, error) {
	t, err := r.token()
	if err == io.EOF {
		err = fault(1, "the file is empty: an object was expected")
	}
	if err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, tooDeep(r.line)
	}
	n := &Node{Line: r.line}
	switch t.Kind() {
	case 't', 'f':
		n.Kind, n.Text = Bool, t.String()
	case '0':
		n.Kind, n.Text = Number, t.String()
	case '"':
		n.Kind, n.Text = Text, t.String()
	case '[':
		n.Kind = List
		err = r.items(n, depth)
	case '{':
		n.Kind = Table
		err = r.members(n, depth)
	}
	return n, err
}

func (r *jsonReader) items(n *Node, depth int) error {
	for r.d.PeekKind() != ']' {
		item, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		n.Items = append(n.Items, item)
	}
	_, err := r.token()
	return err
}

func (r *jsonReader) members(n *Node, depth int) error {
	for r.d.PeekKind() != '}' {
		t, err := r.token()
		if err != nil {
			return err
		}
		m := Member{Name: t.String(), Line: r.line}
		if m.Value, err = r.value(depth + 1); err != nil {
			return err
		}
		n.Members = append(n.Members, m)
	}
	_, err := r.token()
	return err
}
