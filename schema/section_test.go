package schema

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/isolation"
)

func mustMessage(t testing.TB, text string, sections ...Section) Value {
	t.Helper()
	v, err := ParseMessage([]byte(text), sections, Limits{})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func equalSections(a, b Section) bool { return a.Type == b.Type && bytes.Equal(a.Bytes, b.Bytes) }

// sectionsFor makes the sections that a text asks for.
func sectionsFor(v Value) (all []Section) {
	switch v.Kind() {
	case Array:
		for e := range v.Elements() {
			all = append(all, sectionsFor(e)...)
		}
	case Object:
		if size, ok := v.Field("$bytes"); ok {
			media, _ := v.Field("type")
			n, err := integer(string(size.Number()))
			if media == nil || err != nil || n < 0 || n > 1<<16 {
				return nil
			}
			return []Section{{media.Text(), make([]byte, n)}}
		}
		for _, e := range v.Fields() {
			all = append(all, sectionsFor(e)...)
		}
	}
	return all
}

func TestParseMessageBindsSections(t *testing.T) {
	image, text, none := Section{"image/png", []byte{1, 2, 3}}, Section{"text/plain", []byte("hello")}, Section{"application/octet-stream", nil}
	for _, test := range []struct {
		name, text string
		sections   []Section
	}{
		{"no section", `{"a":1}`, nil},
		{"the text alone", `{"$bytes":3,"type":"image/png"}`, []Section{image}},
		{"no bytes", `[{"$bytes":0,"type":"application/octet-stream"}]`, []Section{none}},
		{"several, in objects and lists", `{"z":{"$bytes":3,"type":"image/png"},"a":[{"b":{"$bytes":5,"type":"text/plain"}},{"$bytes":0,"type":"application/octet-stream"}],"m":{"$bytes":3,"type":"image/png"}}`,
			[]Section{image, text, none, image}},
		{"the same section twice", `[{"$bytes":3,"type":"image/png"},{"$bytes":3,"type":"image/png"}]`, []Section{image, image}},
		{"texts that look like one", `["$bytes","{\"$bytes\":3}",{"bytes":"$bytes","$Bytes":1,"$byte":1,"$bytess":1}]`, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := mustMessage(t, test.text, test.sections...)
			if got := boundIn(v); !slices.EqualFunc(got, test.sections, equalSections) {
				t.Errorf("got %v, want %v", got, test.sections)
			}
			agree(t, v, decodeStandard(t, test.text)) // it is an ordinary value besides
		})
	}
}

// boundIn are the sections that a value's parts stand for, in order.
func boundIn(v Value) (all []Section) {
	if data, mediaType, ok := v.Bytes(); ok {
		all = append(all, Section{mediaType, data})
	}
	for e := range v.Elements() {
		all = append(all, boundIn(e)...)
	}
	for _, e := range v.Fields() {
		all = append(all, boundIn(e)...)
	}
	return all
}

func TestC1ParseMessageRefusesWhatDoesNotMatch(t *testing.T) {
	one := []Section{{"image/png", []byte{1, 2, 3}}}
	two := append(one, Section{"text/plain", []byte("hello")})
	for _, test := range []struct {
		name, text string
		sections   []Section
		problem    string
		pointer    string
		offset     int64
	}{
		{"a section that nothing stands for", `{"a":1}`, one, unusedSection, "", 7},
		{"the members the other way round", `{"type":"image/png","$bytes":3}`, one, notSection, "", 0},
		{"white space in it", `{"$bytes": 3,"type":"image/png"}`, one, notSection, "", 0},
		{"names in escapes", `{"\u0024bytes":3,"t\u0079pe":"image/png"}`, one, notSection, "", 0},
		{"all of the name in escapes", `{"\u0024\u0062\u0079\u0074\u0065\u0073":3,"type":"image\/png"}`, one, notSection, "", 0},
		{"a type in escapes", `{"$bytes":3,"type":"image\/png"}`, one, notSection, "", 0},
		{"a section too many", `[{"$bytes":3,"type":"image/png"}]`, two, unusedSection, "", 33},
		{"a section too few", `[1,{"a":{"$bytes":3,"type":"image/png"}}]`, nil, missingSection, "/1/*", 8},
		{"a second one too few", `[{"$bytes":3,"type":"image/png"},{"$bytes":3,"type":"image/png"}]`, one, missingSection, "/1", 33},
		{"one in escapes too few", `{"\u0024bytes":3,"type":"image/png"}`, nil, missingSection, "", 0},
		{"one with an escape in the middle too few", `{"$byte\u0073":3,"type":"image/png"}`, nil, missingSection, "", 0},
		{"sections in another order", `[{"$bytes":5,"type":"text/plain"},{"$bytes":3,"type":"image/png"}]`, two, otherSize, "/0", 1},
		{"a size too small", `[{"$bytes":2,"type":"image/png"}]`, one, otherSize, "/0", 1},
		{"a size too large", `[{"$bytes":4,"type":"image/png"}]`, one, otherSize, "/0", 1},
		{"a size with a fraction", `[{"$bytes":3.0,"type":"image/png"}]`, one, otherSize, "/0", 1},
		{"a size with an exponent", `[{"$bytes":3e0,"type":"image/png"}]`, one, otherSize, "/0", 1},
		{"a negative size", `[{"$bytes":-3,"type":"image/png"}]`, one, otherSize, "/0", 1},
		{"less than zero of nothing", `[{"$bytes":-0,"type":"image/png"}]`, []Section{{"image/png", nil}}, otherSize, "/0", 1},
		{"a size beyond 64 bits", `[{"$bytes":18446744073709551619,"type":"image/png"}]`, one, otherSize, "/0", 1},
		{"a size that is a text", `[{"$bytes":"3","type":"image/png"}]`, one, notSection, "/0", 1},
		{"another type", `[{"$bytes":3,"type":"image/jpeg"}]`, one, otherType, "/0", 1},
		{"a type in another case", `[{"$bytes":3,"type":"image/PNG"}]`, one, otherType, "/0", 1},
		{"a type that is none", `[{"$bytes":3,"type":"png"}]`, []Section{{"png", []byte{1, 2, 3}}}, badMediaType, "/0", 1},
		{"a type with parameters", `[{"$bytes":0,"type":"text/plain;charset=utf-8"}]`, []Section{{"text/plain;charset=utf-8", nil}}, badMediaType, "/0", 1},
		{"an empty type", `[{"$bytes":0,"type":""}]`, []Section{{}}, badMediaType, "/0", 1},
		{"a type that is null", `[{"$bytes":3,"type":null}]`, one, notSection, "/0", 1},
		{"no type", `[{"$bytes":3}]`, one, notSection, "/0", 1},
		{"a member too many", `[{"$bytes":3,"type":"image/png","name":"a"}]`, one, notSection, "/0", 1},
		{"a type of another name", `[{"$bytes":3,"Type":"image/png"}]`, one, notSection, "/0", 1},
		{"$bytes around another", `{"$bytes":{"$bytes":3,"type":"image/png"},"type":"image/png"}`, one, notSection, "", 0},
		{"$bytes around another, with both sections", `{"$bytes":{"$bytes":3,"type":"image/png"},"type":"image/png"}`, append(one, one...), notSection, "", 0},
		{"$bytes alone, without sections", `{"$bytes":true}`, nil, notSection, "", 0},
		{"text that isn't JSON", `{"$bytes":3,"type":"image/png"`, one, tooEarly, "/*", 30},
	} {
		t.Run(test.name, func(t *testing.T) {
			v, err := ParseMessage([]byte(test.text), test.sections, Limits{})
			e, ok := err.(*SyntaxError)
			if !ok || v != nil {
				t.Fatalf("got %v, %v", v, err)
			}
			if e.Problem != test.problem || e.Pointer != test.pointer && test.problem != tooEarly || e.Offset != test.offset {
				t.Errorf("got %v, want %q at %q, byte %d", e, test.problem, test.pointer, test.offset)
			}
		})
	}
}

func TestParseKnowsNothingOfBytes(t *testing.T) {
	for _, text := range []string{`{"$bytes":3,"type":"image/png"}`, `{"$bytes":null}`, `{"$bytes":{"$bytes":-1}}`} {
		if all := boundIn(mustParse(t, text)); all != nil {
			t.Errorf("%s stands for %v", text, all)
		}
	}
}

func TestSectionsAreNotCopied(t *testing.T) {
	data := make([]byte, 3, 8)
	v := mustMessage(t, `[{"$bytes":3,"type":"image/png"}]`, Section{"image/png", data})
	got, _, _ := v.Index(0).Bytes()
	if &got[0] != &data[0] {
		t.Error("the bytes are a copy")
	}
	if cap(got) != 3 {
		t.Error("an append would reach what lies behind the section")
	}
}

// The two packages don't know each other, and mean the same by a media type.
func TestMediaTypesAreThoseOfTheWire(t *testing.T) {
	for _, text := range []string{
		"image/png", "application/octet-stream", "a/b", "application/vnd.api+json", "x-a/1!#$&-^_.+", strings.Repeat("a", 125) + "/b",
		strings.Repeat("a", 126) + "/b", "", "/", "a/", "/a", "a", "a/b/c", "A/b", "a/B", "a/b;c", "a/b ", " a/b", "a/-b", "!/b", "é/b", "a/\x00", "a/b*", "*/*", "a,a/b",
	} {
		if got, want := isMediaType(text), isolation.ValidMediaType(text); got != want {
			t.Errorf("%q: got %v, and the wire says %v", text, got, want)
		}
	}
}

// To a schema, what stands for a section is an object like any other.
func TestSchemasBoundBytes(t *testing.T) {
	const text = `{"type":"object","required":["file"],"additionalProperties":false,"properties":{"file":{"type":"object",
		"required":["$bytes","type"],"additionalProperties":false,"properties":{"$bytes":{"type":"integer","minimum":1,"maximum":5},"type":{"enum":["image/png","image/jpeg"]}}}}}`
	set := setOf(t, Input, text)
	c := set.of(Input, "x")
	for _, test := range []struct {
		name    string
		section Section
		pointer string // of what is wrong; "" if nothing is
	}{
		{"a section that fits", Section{"image/png", make([]byte, 5)}, ""},
		{"a byte too many", Section{"image/png", make([]byte, 6)}, "/file/$bytes"},
		{"no bytes", Section{"image/png", nil}, "/file/$bytes"},
		{"another type", Section{"text/plain", make([]byte, 5)}, "/file/type"},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := mustMessage(t, `{"file":`+string(appendPlaceholder(nil, test.section))+`}`, test.section)
			if fits := c.fast.accepts(v.(*node)); fits != (test.pointer == "") {
				t.Errorf("the fast path says %v", fits)
			}
			for name, err := range map[string]error{"together": set.ValidateInput("x", v), "the judge alone": set.JudgeOnly().ValidateInput("x", v)} {
				invalid, _ := errors.AsType[*Invalid](err)
				if (err == nil) != (test.pointer == "") || err != nil && (invalid == nil || invalid.Pointer != test.pointer) {
					t.Errorf("%s: got %v, want it at %q", name, err, test.pointer)
				}
			}
		})
	}
}

func BenchmarkParseMessage(b *testing.B) {
	for _, test := range parsed() {
		b.Run(test.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(test.data)))
			for b.Loop() {
				if _, err := ParseMessage(test.data, nil, Limits{Size: 8 << 20, Nodes: 1 << 20}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	section := Section{"image/png", make([]byte, 1<<20)}
	text := []byte(`{"path":"notes/today.png","file":` + string(appendPlaceholder(nil, section)) + `}`)
	b.Run("one section", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ParseMessage(text, []Section{section}, Limits{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
