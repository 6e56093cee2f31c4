package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
)

type file struct {
	Name string `json:"name"`
	Data []byte `json:"data"`
}

func decodeMessage[T any](text string, sections ...Section) func(*testing.T) (any, error) {
	return func(t *testing.T) (any, error) {
		var out T
		err := Decode(mustMessage(t, text, sections...), &out)
		return out, err
	}
}

func TestDecodeOfBytes(t *testing.T) {
	type embeds struct {
		Blob `json:"blob"`
		N    int `json:"n"`
	}
	type named struct{ Blob }
	image := Section{"image/png", []byte{1, 2, 3}}
	const placeholder = `{"$bytes":3,"type":"image/png"}`
	for _, test := range []struct {
		name    string
		decode  func(*testing.T) (any, error)
		want    any    // nil if it is refused
		pointer string // where
	}{
		{"a slice of bytes", decodeMessage[[]byte](placeholder, image), []byte{1, 2, 3}, ""},
		{"a named slice of bytes", decodeMessage[data](placeholder, image), data{1, 2, 3}, ""},
		{"a blob", decodeMessage[Blob](placeholder, image), Blob{"image/png", []byte{1, 2, 3}}, ""},
		{"a pointer to one", decodeMessage[*Blob](placeholder, image), &Blob{"image/png", []byte{1, 2, 3}}, ""},
		{"pointers to a slice", decodeMessage[[]*[]byte](`[`+placeholder+`,null]`, image), []*[]byte{{1, 2, 3}, nil}, ""},
		{"a list", decodeMessage[[][]byte](`[`+placeholder+`,null,`+placeholder+`]`, image, image), [][]byte{{1, 2, 3}, nil, {1, 2, 3}}, ""},
		{"a map", decodeMessage[map[string]Blob](`{"a":`+placeholder+`}`, image), map[string]Blob{"a": {"image/png", []byte{1, 2, 3}}}, ""},
		{"a generic type", decodeMessage[sheet[Blob]](`{"items":[`+placeholder+`],"first":null}`, image), sheet[Blob]{Items: []Blob{{"image/png", []byte{1, 2, 3}}}}, ""},
		{"an embedded one by its tag", decodeMessage[embeds](`{"n":1,"blob":`+placeholder+`}`, image), embeds{Blob{"image/png", []byte{1, 2, 3}}, 1}, ""},
		{"an embedded one by its type's name", decodeMessage[named](`{"Blob":`+placeholder+`}`, image), named{Blob: Blob{"image/png", []byte{1, 2, 3}}}, ""},
		{"no bytes aren't nil", decodeMessage[[]byte](`{"$bytes":0,"type":"a/b"}`, Section{"a/b", nil}), []byte{}, ""},
		{"one that is missing is nil", decodeMessage[file](`{"name":"a"}`), file{Name: "a"}, ""},
		{"null for a slice is nil", decodeMessage[file](`{"data":null}`), file{}, ""},
		{"anything", decodeMessage[any](`[`+placeholder+`,{"a":`+placeholder+`,"b":1}]`, image, image),
			[]any{Blob{"image/png", []byte{1, 2, 3}}, map[string]any{"a": Blob{"image/png", []byte{1, 2, 3}}, "b": json.Number("1")}}, ""},
		{"a raw message has the text", decodeMessage[json.RawMessage](placeholder, image), json.RawMessage(placeholder), ""},

		{"null for a blob", decodeMessage[Blob](`null`), nil, ""},
		{"an object that is none", decodeMessage[file](`{"data":{"type":"image/png"}}`), nil, "/data"},
		{"an empty object", decodeMessage[Blob](`{}`), nil, ""},
		{"base64", decodeMessage[file](`{"data":"aGk="}`), nil, "/data"},
		{"numbers", decodeMessage[file](`{"data":[1,2]}`), nil, "/data"},
		{"what only looks like it, since Parse read it", func(t *testing.T) (any, error) {
			return nil, Decode(mustParse(t, placeholder), new([]byte))
		}, nil, ""},
		{"bytes for a struct", decodeMessage[file](placeholder, image), nil, ""},
		{"bytes for a struct without members", decodeMessage[struct{}](placeholder, image), nil, ""},
		{"bytes for a map", decodeMessage[map[string]any](placeholder, image), nil, ""},
		{"bytes for a map inside", decodeMessage[[]map[string]string](`[{},`+placeholder+`]`, image), nil, "/1"},
		{"bytes for base64", decodeMessage[inBase64](`{"b":`+placeholder+`}`, image), nil, "/b"},
		{"bytes for an array of bytes", decodeMessage[[3]byte](placeholder, image), nil, ""},
		{"bytes for small numbers", decodeMessage[[]tiny](placeholder, image), nil, ""},
		{"bytes for a text", decodeMessage[string](placeholder, image), nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.decode(t)
			if test.want != nil {
				if err != nil || !reflect.DeepEqual(got, test.want) {
					t.Fatalf("got %#v, %v, want %#v", got, err, test.want)
				}
				return
			}
			misfit, ok := errors.AsType[*DecodeError](err)
			if !ok || misfit.Pointer != test.pointer {
				t.Fatalf("got %#v, %v, want an error at %q", got, err, test.pointer)
			}
		})
	}
}

// What a handler gets is the section itself, and an append to it reaches nothing else.
func TestDecodeSharesTheBytes(t *testing.T) {
	section := Section{"a/b", make([]byte, 3, 9)}
	for _, decode := range []func(*testing.T) (any, error){
		decodeMessage[[]byte](`{"$bytes":3,"type":"a/b"}`, section), decodeMessage[Blob](`{"$bytes":3,"type":"a/b"}`, section), decodeMessage[any](`{"$bytes":3,"type":"a/b"}`, section),
	} {
		got, err := decode(t)
		if err != nil {
			t.Fatal(err)
		}
		data, ok := got.([]byte)
		if !ok {
			data = got.(Blob).Bytes
		}
		if &data[0] != &section.Bytes[0] || cap(data) != 3 {
			t.Errorf("%T: it isn't the section's memory, or %d bytes of it", got, cap(data))
		}
	}
}

func messageOf[T any](t *testing.T, value T, limit int) (string, []Section, error) {
	t.Helper()
	e, err := NewEncoder[T]()
	if err != nil {
		t.Fatal(err)
	}
	text, sections, err := e.AppendMessage([]byte("before"), &value, limit)
	return strings.TrimPrefix(string(text), "before"), sections, err
}

func TestAppendMessage(t *testing.T) {
	png := Blob{"image/png", []byte{1, 2, 3}}
	section, hi := Section{"image/png", png.Bytes}, Section{anyBytes, []byte("hi")}
	const image, octets, empty = `{"$bytes":3,"type":"image/png"}`, `{"$bytes":2,"type":"application/octet-stream"}`, `{"$bytes":0,"type":"application/octet-stream"}`
	type left struct {
		A []byte `json:"a,omitempty"`
		B *Blob  `json:"b,omitempty"`
		C Blob   `json:"c,omitzero"`
		D any    `json:"d,omitempty"`
		E []byte `json:"e"`
	}
	none := Section{anyBytes, nil}
	for _, test := range []struct {
		name     string
		encode   func(*testing.T) (string, []Section, error)
		text     string
		sections []Section
	}{
		{"bytes", message([]byte("hi")), octets, []Section{hi}},
		{"a named slice", message(data("hi")), octets, []Section{hi}},
		{"a blob", message(png), image, []Section{section}},
		{"a blob without a type", message(Blob{Bytes: []byte("hi")}), octets, []Section{hi}},
		{"nothing at all", message(Blob{}), empty, []Section{none}},
		{"nil bytes", message([]byte(nil)), empty, []Section{none}},
		{"a pointer", message(&png), image, []Section{section}},
		{"no pointer", message((*Blob)(nil)), `null`, nil},
		{"a list", message([]any{png, 1, []byte("hi"), &png, []Blob{png}}), `[` + image + `,1,` + octets + `,` + image + `,[` + image + `]]`, []Section{section, hi, section, section}},
		{"an array", message([2]Blob{png, png}), `[` + image + `,` + image + `]`, []Section{section, section}},
		{"a struct in an interface", message([]any{file{"a", []byte("hi")}, map[string]any{"x": &file{"b", nil}}}),
			`[{"name":"a","data":` + octets + `},{"x":{"name":"b","data":` + empty + `}}]`, []Section{hi, none}},
		{"what is left out has no section", message(left{A: []byte{}, B: &Blob{Type: "a/b"}, D: []byte{}, E: []byte("hi")}), `{"e":` + octets + `}`, []Section{hi}},
		{"what isn't left out", message(left{A: []byte("hi"), B: &png, C: Blob{Type: "image/png"}, D: png}),
			`{"a":` + octets + `,"b":` + image + `,"c":{"$bytes":0,"type":"image/png"},"d":` + image + `,"e":` + empty + `}`, []Section{hi, section, {"image/png", nil}, section, none}},
		{"no bytes", message(map[string]int{"a": 1}), `{"a":1}`, nil},
		{"base64", message(inBase64{B: []byte("hi")}), `{"b":"aGk=","p":null}`, nil},
		{"base64 in an interface", message([]any{inBase64{B: []byte("hi")}}), `[{"b":"aGk=","p":null}]`, nil},
		{"an array of bytes", message([2]byte{1, 2}), `"AQI="`, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			text, sections, err := test.encode(t)
			if err != nil || text != test.text || !slices.EqualFunc(sections, test.sections, equalSections) {
				t.Fatalf("got %s, %v, %v\nwant %s, %v", text, sections, err, test.text, test.sections)
			}
			mustMessage(t, text, sections...)
		})
	}
}

func message[T any](value T) func(*testing.T) (string, []Section, error) {
	return func(t *testing.T) (string, []Section, error) { return messageOf(t, value, math.MaxInt) }
}

// Maps are written as they come and sorted afterwards, their sections as well.
func TestSectionsOfMapsAreInTheOrderOfTheText(t *testing.T) {
	byName, anys, deep := map[string][]byte{}, map[string]any{}, map[int]map[string]Blob{}
	for i := range 40 {
		name := fmt.Sprint("m", i)
		byName[name] = make([]byte, i)
		anys[name] = []any{make([]byte, i), Blob{"a/b", make([]byte, i)}}
		deep[i] = map[string]Blob{"b": {"a/b", make([]byte, i)}, "a": {"a/c", make([]byte, 2*i)}}
	}
	for _, encode := range []func(*testing.T) (string, []Section, error){message(byName), message(anys), message(deep), message([]any{[]byte("hi"), byName, deep})} {
		text, sections, err := encode(t)
		if err != nil {
			t.Fatal(err)
		}
		mustMessage(t, text, sections...)
	}
}

func TestAppendMessageRefuses(t *testing.T) {
	for _, test := range []struct {
		name, pointer, problem string
		encode                 func(*testing.T) (string, []Section, error)
	}{
		{"a type that is none", "/0", "Type must be a media type", message([]Blob{{Type: "png"}})},
		{"a type with a quote", "", "Type must be a media type", message(Blob{Type: `a/b","x":"`})},
		{"a type in capitals", "", "Type must be a media type", message(Blob{Type: "image/PNG"})},
		{"a type with parameters", "", "Type must be a media type", message(any(Blob{Type: "text/plain;charset=utf-8"}))},
		{"a map with a key $bytes", "/*", "can't be called $bytes", message(map[string]int{"$bytes": 3})},
		{"a map of anything with a key $bytes", "/0/*", "can't be called $bytes", message([]any{map[string]any{"$bytes": 3, "type": "a/b"}})},
		{"a map whose keys become $bytes", "/*", "can't be called $bytes", message(map[textKey]int{{}: 1})},
		{"a struct in an interface with a member $bytes", "/0", "its type has no JSON text", message([]any{struct {
			N int `json:"$bytes"`
		}{}})},
	} {
		t.Run(test.name, func(t *testing.T) {
			text, sections, err := test.encode(t)
			unfit, ok := errors.AsType[*EncodeError](err)
			if !ok || text != "" || sections != nil || unfit.Pointer != test.pointer || !strings.Contains(unfit.Problem, test.problem) {
				t.Fatalf("got %s, %v, %v", text, sections, err)
			}
		})
	}
	if _, err := NewEncoder[struct {
		N int `json:"$bytes"`
	}](); err == nil || !strings.Contains(err.Error(), "names bytes beside the text") {
		t.Errorf("a field called $bytes: %v", err)
	}
	if _, err := NewDecoder[struct {
		N int `json:"$bytes"`
	}](); err == nil || !strings.Contains(err.Error(), "names bytes beside the text") {
		t.Errorf("a field called $bytes: %v", err)
	}
}

type textKey struct{}

func (textKey) MarshalText() ([]byte, error) { return []byte("$bytes"), nil }

func TestAppendRefusesBytes(t *testing.T) {
	for _, err := range []error{
		appendError(t, []byte("hi")), appendError(t, file{}), appendError(t, []any{Blob{}}), appendError(t, map[string]any{"a": []byte{}}), appendError(t, []any{file{}}),
	} {
		if unfit, ok := errors.AsType[*EncodeError](err); !ok || !strings.Contains(unfit.Problem, "use AppendMessage") {
			t.Errorf("got %v", err)
		}
	}
}

func appendError[T any](t *testing.T, value T) error {
	_, err := encodeOf(t, value, math.MaxInt)
	return err
}

func TestALimitIsAboutTheTextAlone(t *testing.T) {
	value := []Blob{{"a/b", make([]byte, 1<<20)}, {"a/b", make([]byte, 1<<20)}}
	whole, _, err := messageOf(t, value, math.MaxInt)
	if err != nil {
		t.Fatal(err)
	}
	text, sections, err := messageOf(t, value, len(whole))
	if err != nil || text != whole || &sections[1].Bytes[0] != &value[1].Bytes[0] {
		t.Errorf("got %s, %v, or a copy of the bytes", text, err)
	}
	for limit := range len(whole) {
		if text, sections, err := messageOf(t, value, limit); err != ErrTooLarge || text != "" || sections != nil {
			t.Errorf("within %d bytes: %s, %d sections, %v", limit, text, len(sections), err)
		}
	}
	type optional struct {
		B []byte `json:"b,omitempty"`
	}
	if text, _, err := messageOf(t, optional{}, 2); err != nil || text != "{}" {
		t.Errorf("what is left out takes room: %s, %v", text, err)
	}
}

// A megabyte on either way costs what a few bytes do.
func TestBytesCostNoCopies(t *testing.T) {
	e, err := NewEncoder[file]()
	if err != nil {
		t.Fatal(err)
	}
	d, err := NewDecoder[file]()
	if err != nil {
		t.Fatal(err)
	}
	value := file{"a", make([]byte, 8<<20)}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 10 {
		text, sections, err := e.AppendMessage(nil, &value, 100)
		if err != nil {
			t.Fatal(err)
		}
		v, err := ParseMessage(text, sections, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if value, err = d.Decode(v); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / 10; each > 10_000 || len(value.Data) != 8<<20 {
		t.Errorf("a round takes %d bytes", each)
	}
}
