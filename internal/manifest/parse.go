package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxSize is far more than any app's manifest and little enough to hold.
const maxSize = 1 << 20

// maxDepth is that of an entry of a window's list, and one to spare.
const maxDepth = 5

// A span is where a value stands in the file: data[start:end].
type span struct{ start, end int }

// Parse reads a manifest from data; file names it in errors.
func Parse(file string, data []byte) (*Manifest, error) {
	if len(data) > maxSize {
		return nil, &Error{File: file, Problem: fmt.Sprintf("the file has %d bytes; at most %d were expected", len(data), maxSize)}
	}
	spans, err := locate(file, data)
	if err != nil {
		return nil, err
	}
	m := &Manifest{file: file, spans: spans, data: bytes.Clone(data)}
	if err := json.Unmarshal(data, m, json.RejectUnknownMembers(true)); err != nil {
		return nil, explain(file, data, spans, err)
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	m.fillIn()
	return m, nil
}

// locate finds where every value stands, by JSON pointer ("" is the whole),
// and refuses what is not one strict JSON value without nulls.
func locate(file string, data []byte) (map[string]span, error) {
	spans := map[string]span{}
	d := jsontext.NewDecoder(bytes.NewReader(data))
	fail := func(err error) (map[string]span, error) { return nil, explain(file, data, spans, err) }
	for {
		start := int(d.InputOffset())
		for start < len(data) && strings.IndexByte(" \t\r\n,:", data[start]) >= 0 {
			start++
		}
		token, err := d.ReadToken()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fail(err)
		}
		if d.StackDepth() > maxDepth {
			return nil, &Error{File: file, Line: lineAt(data, start), Problem: fmt.Sprintf("nested deeper than the %d levels that a manifest has", maxDepth)}
		}
		pointer := string(d.StackPointer())
		at := span{start, int(d.InputOffset())}
		switch kind := token.Kind(); {
		case kind == '}' || kind == ']':
			spans[pointer] = span{spans[pointer].start, at.end}
		case d.StackDepth() > 0 && isName(d):
			// The name of a member is not its value; it is overwritten below.
		case kind == 'n':
			return nil, &Error{File: file, Line: lineAt(data, start), Field: field(pointer), Problem: "null is not a value here; leave the field out instead"}
		default:
			spans[pointer] = at
		}
	}
	if len(spans) == 0 {
		return nil, &Error{File: file, Line: 1, Problem: "the file is empty; a JSON object was expected"}
	}
	return spans, nil
}

// isName says whether the token just read was a member's name.
func isName(d *jsontext.Decoder) bool {
	kind, length := d.StackIndex(d.StackDepth())
	return kind == '{' && length%2 == 1
}

// explain turns an error of the JSON package into an *Error.
func explain(file string, data []byte, spans map[string]span, err error) error {
	e := &Error{File: file}
	var semantic *json.SemanticError
	var syntactic *jsontext.SyntacticError
	switch {
	case errors.As(err, &semantic) && errors.Is(err, json.ErrUnknownName):
		pointer := string(semantic.JSONPointer)
		e.Line = lineAt(data, int(semantic.ByteOffset))
		if at, ok := spans[pointer]; ok {
			e.Line = lineAt(data, at.start)
		}
		e.Field = field(pointer)
		e.Problem = "there is no such field; expected one of " + strings.Join(fieldsOf(semantic.JSONPointer.Parent()), ", ")
	case errors.As(err, &semantic):
		pointer := string(semantic.JSONPointer)
		e.Line = lineAt(data, spans[pointer].start)
		e.Field = field(pointer)
		e.Problem = fmt.Sprintf("%s was expected, got %s", expected(pointer), kindName(semantic.JSONKind))
	case errors.As(err, &syntactic) && errors.Is(err, jsontext.ErrDuplicateName):
		e.Line = lineAt(data, int(syntactic.ByteOffset))
		e.Field = field(string(syntactic.JSONPointer))
		e.Problem = "the field is given twice; once was expected"
	case errors.As(err, &syntactic):
		e.Line = lineAt(data, int(syntactic.ByteOffset))
		e.Field = field(string(syntactic.JSONPointer))
		e.Problem = fmt.Sprintf("not JSON: %v%s", syntactic.Err, hint(data[min(max(int(syntactic.ByteOffset), 0), len(data)):]))
	case errors.Is(err, io.ErrUnexpectedEOF):
		e.Line = lineAt(data, len(data))
		e.Problem = "the file ends inside the object"
	default:
		e.Problem = err.Error()
	}
	return e
}

// hint says what stands where no JSON does, if it is what editors and people
// are in the habit of writing there.
func hint(at []byte) string {
	for _, mark := range []string{"\ufeff", "\xff\xfe", "\xfe\xff"} {
		if bytes.HasPrefix(at, []byte(mark)) {
			return "; that is a byte order mark: save the file as UTF-8 without one"
		}
	}
	if after, ok := bytes.CutPrefix(at, []byte(",")); ok {
		if after = bytes.TrimLeft(after, " \t\r\n"); bytes.HasPrefix(after, []byte("}")) || bytes.HasPrefix(after, []byte("]")) {
			return "; no comma follows the last entry"
		}
	}
	if bytes.HasPrefix(at, []byte("'")) {
		return "; JSON has double quotes only"
	}
	for _, comment := range []string{"//", "/*", "#"} {
		if bytes.HasPrefix(at, []byte(comment)) {
			return "; JSON has no comments"
		}
	}
	return ""
}

func problem(file string, data []byte, spans map[string]span, pointer, text string) *Error {
	e := &Error{File: file, Field: field(pointer), Problem: text}
	// A field that is missing stands nowhere: point at what should hold it.
	for at := pointer; ; at = at[:strings.LastIndexByte(at, '/')] {
		if s, ok := spans[at]; ok {
			e.Line = lineAt(data, s.start)
			return e
		}
		if at == "" {
			return e
		}
	}
}

func lineAt(data []byte, offset int) int {
	return 1 + bytes.Count(data[:min(max(offset, 0), len(data))], []byte{'\n'})
}

// field writes a pointer as people do: /windows/0/label is windows[0].label.
func field(pointer string) string {
	var b strings.Builder
	for token := range jsontext.Pointer(pointer).Tokens() {
		if _, err := strconv.ParseUint(token, 10, 32); err == nil && b.Len() > 0 {
			b.WriteString("[" + token + "]")
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '.' || r == '"' }) {
			token = strconv.QuoteToASCII(token)
		}
		b.WriteString(token)
	}
	return b.String()
}

func kindName(k jsontext.Kind) string {
	switch k {
	case '"':
		return "a string"
	case '0':
		return "a number that does not fit"
	case 't', 'f':
		return k.String()
	case '{':
		return "an object"
	case '[':
		return "a list"
	}
	return "something else"
}

// expected names the type of the value at pointer.
func expected(pointer string) string {
	parts := strings.Split(pointer, "/")
	last := parts[len(parts)-1]
	switch {
	case pointer == "":
		return "an object"
	case last == "version":
		return "the number 1"
	case pointer == "/windows":
		return "a list of windows"
	case len(parts) == 3 && parts[1] == "windows", pointer == "/limits", len(parts) == 3 && parts[1] == "limits":
		return "an object"
	case parts[1] == "limits":
		return fmt.Sprintf("a whole number from 1 to %d", maxLimit)
	case isListField(last):
		return "a list of strings"
	case strings.HasPrefix(last, "insecure_"):
		return "true or false"
	default:
		return "a string"
	}
}

func isListField(name string) bool {
	return slices.Contains([]string{
		"commands", "carriers", "connect_src", "img_src", "font_src", "media_src", "trusted_types", "insecure_features",
	}, name)
}

// fieldsOf lists the fields of the object at pointer: the manifest itself, a
// window, or a command's limits.
func fieldsOf(pointer jsontext.Pointer) []string {
	of := reflect.TypeFor[Window]()
	switch {
	case pointer == "":
		of = reflect.TypeFor[Manifest]()
	case strings.HasPrefix(string(pointer), "/limits/"):
		of = reflect.TypeFor[Limits]()
	}
	var names []string
	for f := range of.Fields() {
		if f.IsExported() {
			names = append(names, f.Tag.Get("json"))
		}
	}
	return names
}
