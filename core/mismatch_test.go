package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/schema"
)

const zebraArgs = `{
	"type": "object", "required": ["text"], "additionalProperties": false,
	"properties": {
		"text": {"type": "string", "maxLength": 20, "pattern": "^[a-z ]*$"},
		"tags": {"type": "array", "maxItems": 3, "items": {"type": "string", "format": "date"}},
		"more": {"type": "object", "additionalProperties": {"type": "integer"}},
		"kind": {"enum": ["a", "b"]}
	}
}`

// Which value was refused, by which keyword, and what was expected: the same in log and record, in
// development for the page too. Values, and names that the schema does not know, nowhere.
func TestC8AMismatchIsNamedAndHoldsNothingOfThePages(t *testing.T) {
	for _, test := range []struct {
		name string
		args string
		want audits.Mismatch
	}{
		{"the arguments themselves", `"zebra"`, audits.Mismatch{Pointer: "", Keyword: "type", Expected: "object"}},
		{"a member", `{"text":7}`, audits.Mismatch{Pointer: "/text", Keyword: "type", Expected: "string"}},
		{"a text that is too long", `{"text":"` + strings.Repeat("zebra", 5) + `"}`, audits.Mismatch{Pointer: "/text", Keyword: "maxLength", Expected: "at most 20 characters"}},
		{"a text that does not match", `{"text":"ZEBRA"}`, audits.Mismatch{Pointer: "/text", Keyword: "pattern", Expected: `a string that matches "^[a-z ]*$"`}},
		{"an item", `{"text":"a","tags":["2026-01-02","zebra"]}`, audits.Mismatch{Pointer: "/tags/1", Keyword: "format", Expected: `a string of format "date"`}},
		{"a value that is none of a few", `{"text":"a","kind":"zebra"}`, audits.Mismatch{Pointer: "/kind", Keyword: "enum", Expected: `one of ["a","b"]`}},
		{"a member that is missing", `{"tags":[]}`, audits.Mismatch{Pointer: "", Keyword: "required", Expected: `the member "text"`}},
		{"a member too many", `{"text":"a","zebra":1}`, audits.Mismatch{Pointer: "", Keyword: "additionalProperties", Expected: `no members but "text", "tags", "more", "kind"`}},
		{"a member whose name the page chose", `{"text":"a","more":{"zebra":"zebra"}}`, audits.Mismatch{Pointer: "/more/*", Keyword: "type", Expected: "integer"}},
		{"a name twice", `{"text":"a","more":{"zebra":1,"zebra":2}}`, audits.Mismatch{Pointer: "/*/*", Keyword: "syntax", Expected: "one strict JSON value"}},
		{"half a value", `{"text":"zebra`, audits.Mismatch{Pointer: "/*", Keyword: "syntax", Expected: "one strict JSON value"}},
		{"a lone surrogate", `{"zebra":"\ud800"}`, audits.Mismatch{Pointer: "/*", Keyword: "syntax", Expected: "one strict JSON value"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, development := range []bool{false, true} {
				var lines logBuffer
				b := newBench(t, func(c *Config) {
					files := testFiles()
					files["schemas/notes.wait.input.json"].Data = []byte(zebraArgs)
					c.Files, c.Development = files, development
					c.Log = slog.New(slog.NewJSONHandler(&lines, nil))
				}, func(b *bench) {
					b.Handle("notes.wait", func(context.Context, *Request) (any, error) { return nil, nil })
				})
				_, err := b.connect(t, "main").Call(patient(t), "notes.wait", []byte(test.args))
				var told *peer.Error
				if !errors.As(err, &told) || Code(told.Code) != CodeInvalidArgs || !strings.HasSuffix(told.ID, "-1") {
					t.Fatalf("page got %v", err)
				}
				if !development && told.Message != "" {
					t.Errorf("page is told %q", told.Message)
				}
				if development && (!strings.Contains(told.Message, test.want.Pointer) || test.want.Keyword != keywordSyntax && !strings.Contains(told.Message, test.want.Expected)) {
					t.Errorf("in development page is told %q", told.Message)
				}
				r := b.find(t, func(r audits.Record) bool { return r.Code == string(CodeInvalidArgs) })
				if r.Mismatch == nil || *r.Mismatch != test.want {
					t.Errorf("recorded %+v, want %+v", r.Mismatch, test.want)
				}
				line := lineOf(t, &lines, "core: call refused")
				if line["pointer"] != test.want.Pointer || line["keyword"] != test.want.Keyword || line["expected"] != test.want.Expected || line["call"] != told.ID || line["command"] != "notes.wait" {
					t.Errorf("logged %v, want %+v", line, test.want)
				}
				recorded, err := json.Marshal(b.record.Records())
				if err != nil {
					t.Fatal(err)
				}
				for _, text := range []string{lines.String(), string(recorded), told.Message} {
					lacks(t, strings.ToLower(text), "zebra")
				}
			}
		})
	}
}

// lineOf is the one line of a log with a text.
func lineOf(t *testing.T, lines *logBuffer, text string) map[string]any {
	t.Helper()
	var found map[string]any
	for line := range strings.Lines(lines.String()) {
		var parsed map[string]any
		if err := json.Unmarshal([]byte(line), &parsed); err != nil {
			t.Fatal(err)
		}
		if parsed["msg"] == text {
			if found != nil {
				t.Fatalf("logged twice: %s", lines)
			}
			found = parsed
		}
	}
	if found == nil {
		t.Fatalf("no line %q in %s", text, lines)
	}
	return found
}

// A secretive value says its secret wherever it is asked.
type secretive struct{ Secret string }

func (s secretive) MarshalJSON() ([]byte, error) { return nil, errors.New("can't encode " + s.Secret) }
func (s secretive) String() string               { return s.Secret }
func (s secretive) Error() string                { return s.Secret }

// A result that the page must not get is a bug of the app: the log says which value is wrong and what
// its schema wants, and nothing of the result is written or sent anywhere.
func TestC8ABadResultIsABugReportWithoutTheResult(t *testing.T) {
	const secret = "hunter2"
	for _, test := range []struct {
		name   string
		result any
		want   *audits.Mismatch
		typed  string
	}{
		{"a value of another type", map[string]any{"text": []string{secret}}, &audits.Mismatch{Pointer: "/text", Keyword: "type", Expected: "string"}, "map[string]interface {}"},
		{"a value that the schema refuses", map[string]any{"text": secret}, &audits.Mismatch{Pointer: "/text", Keyword: "const", Expected: `exactly "public"`}, "map[string]interface {}"},
		{"a member too many", map[string]any{"text": "public", secret: 1}, &audits.Mismatch{Keyword: "additionalProperties", Expected: `no members but "text"`}, "map[string]interface {}"},
		{"a list of secrets", []string{secret}, &audits.Mismatch{Keyword: "type", Expected: "object"}, "[]string"},
		{"nothing where something is promised", nil, &audits.Mismatch{Keyword: "type", Expected: "object"}, "<nil>"},
		{"more than its limit", text{strings.Repeat(secret, 1000)}, &audits.Mismatch{Keyword: "limits", Expected: "at most 4000 bytes of JSON"}, "core.text"},
		{"deeper than its limit", deep(secret, 50), &audits.Mismatch{Pointer: strings.Repeat("/0", 40), Keyword: "syntax", Expected: "one strict JSON value"}, "[]interface {}"},
		{"raw JSON with a name twice", json.RawMessage(`{"hunter2":"hunter2","hunter2":1}`), unencoded(""), "json.RawMessage"},
		{"raw bytes that are no JSON", json.RawMessage(secret), unencoded(""), "json.RawMessage"},
		{"what fails to encode itself", secretive{secret}, unencoded(""), "core.secretive"},
		{"an error given as a result", &secretive{secret}, unencoded(""), "*core.secretive"},
		{"a text that is not UTF-8", secret + "\xff", unencoded(""), "string"},
		{"a member that can't be encoded", map[string]any{secret: make(chan int)}, unencoded("/*"), "map[string]interface {}"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var lines logBuffer
			b := newBench(t, func(c *Config) {
				files := testFiles()
				files["schemas/notes.wait.output.json"] = files["schemas/notes.wait.input.json"]
				files["schemas/notes.wait.output.json"].Data = []byte(`{"type":"object","properties":{"text":{"type":"string","const":"public"}},"additionalProperties":false}`)
				files["schemas/notes.wait.input.json"] = files["schemas/notes.touch.input.json"]
				c.Files, c.Log = files, slog.New(slog.NewJSONHandler(&lines, nil))
				c.CommandLimits = map[string]Limits{"notes.wait": {ResultBytes: 4000, Depth: 40}}
			}, func(b *bench) {
				b.Handle("notes.wait", func(context.Context, *Request) (any, error) { return test.result, nil })
			})
			_, err := b.connect(t, "main").Call(patient(t), "notes.wait", textOf("x"))
			var told *peer.Error
			if !errors.As(err, &told) || Code(told.Code) != CodeInternal || told.Message != "" {
				t.Fatalf("page got %v", err)
			}
			line := lineOf(t, &lines, "core: bug: a handler's result is not fit for the page")
			if line["level"] != "ERROR" || line["command"] != "notes.wait" || line["call"] != told.ID || line["type"] != test.typed {
				t.Errorf("logged %v", line)
			}
			r := b.find(t, func(r audits.Record) bool { return r.Kind == audits.KindOutcome })
			switch {
			case r.Mismatch == nil || *r.Mismatch != *test.want:
				t.Errorf("recorded %+v, want %+v", r.Mismatch, *test.want)
			case line["pointer"] != test.want.Pointer || line["keyword"] != test.want.Keyword || line["expected"] != test.want.Expected:
				t.Errorf("logged %v, want %+v", line, *test.want)
			}
			recorded, err := json.Marshal(b.record.Records())
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range []string{lines.String(), string(recorded), fmt.Sprintf("%+v", told)} {
				lacks(t, text, secret)
			}
		})
	}
}

// unencoded is the mismatch of what can't become JSON.
func unencoded(pointer string) *audits.Mismatch {
	return &audits.Mismatch{Pointer: pointer, Keyword: "syntax", Expected: "what JSON has a form for"}
}

// deep is a value inside n arrays.
func deep(v any, n int) any {
	for range n {
		v = []any{v}
	}
	return v
}

func TestALongTypeNameIsCut(t *testing.T) {
	var long struct {
		A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R, S, T map[string]map[string]map[string]string
	}
	if n := len(typeName(long)); n != 256 {
		t.Errorf("%d bytes", n)
	}
}

// A picky value asks a schema of its own whether it may be encoded.
type picky struct{ Text string }

func (p picky) MarshalJSON() ([]byte, error) {
	_, err := schema.Parse([]byte(p.Text+"{"), schema.Limits{})
	return nil, fmt.Errorf("%s is no JSON: %w", p.Text, err)
}

// The error of a value that encodes itself may hold one that schema made of another value, and
// words of the handler's around it.
func TestC8AnErrorInsideAHandlersOwnIsNotTheResultsMismatch(t *testing.T) {
	const secret = "hunter2"
	for name, want := range map[string]*audits.Mismatch{
		"notes.wait": unencoded(""),
		"notes.fail": unencoded("/text"),
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, func(c *Config) { c.Files = chattyFiles() }, func(b *bench) {
				b.Handle("notes.wait", func(context.Context, *Request) (any, error) { return picky{secret}, nil })
				type result struct {
					Text picky `json:"text"`
				}
				Command(b.App, "notes.fail", func(context.Context, text) (result, error) { return result{picky{secret}}, nil })
			})
			if _, err := b.connect(t, "main").Call(patient(t), name, textOf("x")); code(t, err) != CodeInternal {
				t.Fatalf("page got %v", err)
			}
			r := b.find(t, func(r audits.Record) bool { return r.Kind == audits.KindOutcome })
			if !reflect.DeepEqual(r.Mismatch, want) {
				t.Errorf("recorded %+v, want %+v", r.Mismatch, want)
			}
			recorded, err := json.Marshal(b.record.Records())
			if err != nil {
				t.Fatal(err)
			}
			lacks(t, string(recorded), secret)
			lacks(t, b.log.String(), secret)
		})
	}
}

// The same of a Command, whose results are encoded by their type.
func TestC8ABadTypedResultIsABugReportToo(t *testing.T) {
	const secret = "hunter2"
	type result struct {
		Text  string             `json:"text"`
		Rates map[string]float64 `json:"rates,omitempty"`
	}
	for _, test := range []struct {
		name   string
		result result
		want   audits.Mismatch
	}{
		{"a value that the schema refuses", result{Text: secret}, audits.Mismatch{Pointer: "/text", Keyword: "const", Expected: `exactly "public"`}},
		{"more than its limit", result{Text: strings.Repeat(secret, 1000)}, audits.Mismatch{Keyword: "limits", Expected: "at most 4000 bytes of JSON"}},
		{"what JSON has no form for", result{Text: "public", Rates: map[string]float64{secret: math.NaN()}}, audits.Mismatch{Pointer: "/rates/*", Keyword: "syntax", Expected: "what JSON has a form for"}},
		{"a text that is not UTF-8", result{Text: secret + "\xff"}, audits.Mismatch{Pointer: "/text", Keyword: "syntax", Expected: "what JSON has a form for"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var lines logBuffer
			b := newBench(t, func(c *Config) {
				files := chattyFiles()
				files["schemas/notes.wait.output.json"].Data = []byte(`{"type":"object","properties":{"text":{"type":"string","const":"public"},"rates":{"type":"object","additionalProperties":{"type":"number"}}},"additionalProperties":false}`)
				c.Files, c.Log = files, slog.New(slog.NewJSONHandler(&lines, nil))
				c.CommandLimits = map[string]Limits{"notes.wait": {ResultBytes: 4000}}
			}, func(b *bench) {
				Command(b.App, "notes.wait", func(context.Context, text) (result, error) { return test.result, nil })
				Command(b.App, "notes.fail", func(context.Context, text) (text, error) { return text{}, nil })
			})
			_, err := b.connect(t, "main").Call(patient(t), "notes.wait", textOf("x"))
			if code(t, err) != CodeInternal {
				t.Fatalf("page got %v", err)
			}
			line := lineOf(t, &lines, "core: bug: a handler's result is not fit for the page")
			r := b.find(t, func(r audits.Record) bool { return r.Kind == audits.KindOutcome })
			if r.Mismatch == nil || *r.Mismatch != test.want || line["pointer"] != test.want.Pointer || line["type"] != "core.result" {
				t.Errorf("recorded %+v, logged %v, want %+v", r.Mismatch, line, test.want)
			}
			recorded, err := json.Marshal(b.record.Records())
			if err != nil {
				t.Fatal(err)
			}
			lacks(t, lines.String(), secret)
			lacks(t, string(recorded), secret)
		})
	}
}
