package schema

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sallyport/sallyport/isolation"
)

// FuzzParseMessage: a text and sections are taken exactly if a plain reading of the rules, token by
// token, takes them, and then each section is where the rules say. The sections' types are a list
// with commas, each with a byte for its size; or they are those that the text asks for.
func FuzzParseMessage(f *testing.F) {
	for _, text := range messagePieces() {
		f.Add([]byte(text), "image/png", []byte{3})
		f.Add([]byte("["+text+","+text+"]"), "image/png,a/b", []byte{3, 0})
	}
	f.Fuzz(func(t *testing.T, text []byte, types string, sizes []byte) {
		var sections []Section
		for i, mediaType := range strings.Split(types, ",") {
			if i < len(sizes) {
				sections = append(sections, Section{mediaType, make([]byte, sizes[i])})
			}
		}
		checkMessage(t, text, sections)
		if v, err := Parse(text, Limits{}); err == nil {
			checkMessage(t, text, sectionsFor(v))
		}
	})
}

// The same on messages put together and broken at random: enough of them are taken and enough
// refused.
func TestParseMessageAgreesWithAPlainReading(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	taken, refused := 0, 0
	for range 20_000 {
		text := []byte(randomMessage(random, 3))
		v, err := Parse(text, Limits{})
		if err != nil {
			continue
		}
		sections := sectionsFor(v)
		if len(sections) > 0 {
			switch i := random.IntN(len(sections)); random.IntN(8) {
			case 0:
				sections[i].Type = "a/c"
			case 1:
				sections[i].Bytes = append(sections[i].Bytes, 0)
			case 2:
				sections = slices.Delete(sections, i, i+1)
			case 3:
				sections = append(sections, sections[i])
			case 4:
				sections[0], sections[i] = sections[i], sections[0]
			}
		}
		if checkMessage(t, text, sections) {
			taken += min(len(sections), 1)
		} else {
			refused++
		}
	}
	if taken < 3000 || refused < 3000 {
		t.Errorf("%d taken and %d refused compare too little", taken, refused)
	}
}

func messagePieces() []string {
	return []string{
		`{"$bytes":3,"type":"image/png"}`, `{"$bytes":0,"type":"a/b"}`, `{"$bytes":1,"type":"image/png"}`, `{"$bytes":2,"type":"a/b"}`,
		`{"type":"a/b","$bytes":0}`, `{"\u0024bytes":1,"type":"image\/png"}`, `{ "$bytes" : 2 , "t\u0079pe" : "a/b" }`,
		`{"$bytes":3}`, `{"$bytes":3.0,"type":"image/png"}`, `{"$bytes":3,"type":"image/PNG"}`, `{"$bytes":{"$bytes":3,"type":"image/png"},"type":"image/png"}`,
		`{"$bytes":3,"type":"image/png","a":1}`, `{"$Bytes":3,"type":"image/png"}`, `"$bytes"`, `"\u0024"`, `{"a":"\u0000"}`, `1`, `{}`, `[]`, `{"$byte":1,"$bytess":2}`,
	}
}

func randomMessage(random *rand.Rand, depth int) string {
	pieces := messagePieces()
	one := func() string {
		if random.IntN(3) > 0 {
			return pieces[random.IntN(4)]
		}
		return pieces[random.IntN(len(pieces))]
	}
	if depth == 0 || random.IntN(4) == 0 {
		return one()
	}
	var parts []string
	object := random.IntN(2) == 0
	for i := range random.IntN(4) {
		part := randomMessage(random, depth-1)
		if object {
			part = strconv.Quote(fmt.Sprint("m", i)) + ":" + part
		}
		parts = append(parts, part)
	}
	if object {
		return "{" + strings.Join(parts, ",") + "}"
	}
	return "[" + strings.Join(parts, " , ") + "]"
}

// checkMessage reports whether ParseMessage takes a message, having compared that with a plain reading.
func checkMessage(t *testing.T, text []byte, sections []Section) bool {
	t.Helper()
	v, err := ParseMessage(text, sections, Limits{})
	plain, plainErr := Parse(text, Limits{})
	want := plainErr == nil && plainlyFits(text, sections)
	if (err == nil) != want {
		t.Fatalf("%s with %v: got %v, and a plain reading says %v", text, sections, err, want)
	}
	if err != nil {
		e, ok := err.(*SyntaxError)
		if !ok || v != nil || e.Offset < 0 || e.Offset > int64(len(text)) {
			t.Fatalf("%s with %v: got %v, %v", text, sections, v, err)
		}
		return false
	}
	if got := boundIn(v); !slices.EqualFunc(got, sections, equalSections) {
		t.Fatalf("%s: got %v, want %v", text, got, sections)
	}
	if !reflect.DeepEqual(tree(v), tree(plain)) || !bytes.Equal(v.AppendJSON(nil), plain.AppendJSON(nil)) {
		t.Fatalf("%s: it isn't the same value with its sections", text)
	}
	return true
}

// plainlyFits reads the rule of ParseMessage word by word.
func plainlyFits(text []byte, sections []Section) bool {
	var all []map[string]string
	listObjects(jsontext.NewDecoder(bytes.NewReader(text)), &all)
	next, rest := 0, string(text)
	for _, object := range all {
		size, ok := object["$bytes"]
		if !ok {
			continue
		}
		if next == len(sections) {
			return false
		}
		s := sections[next]
		next++
		mediaType, err := jsontext.AppendUnquote(nil, object["type"])
		if len(object) != 2 || size != strconv.Itoa(len(s.Bytes)) || err != nil || string(mediaType) != s.Type || !isolation.ValidMediaType(s.Type) {
			return false
		}
		spelling := fmt.Sprintf(`{"$bytes":%s,"type":"%s"}`, size, s.Type) // in a text its quotes would be escaped
		if _, behind, found := strings.Cut(rest, spelling); found {
			rest = behind
		} else {
			return false
		}
	}
	return next == len(sections)
}

// listObjects lists a text's objects in order, each by its members' names, with the text of those
// that are no containers.
func listObjects(d *jsontext.Decoder, all *[]map[string]string) string {
	switch d.PeekKind() {
	case '[':
		for d.ReadToken(); d.PeekKind() != ']'; {
			listObjects(d, all)
		}
	case '{':
		object := map[string]string{}
		*all = append(*all, object)
		for d.ReadToken(); d.PeekKind() != '}'; {
			name, _ := d.ReadToken()
			key := name.String()
			object[key] = listObjects(d, all)
		}
	default:
		v, _ := d.ReadValue()
		return string(v)
	}
	d.ReadToken()
	return ""
}

// FuzzMessageRoundTrip: what a type with bytes decodes to is encoded to a message that is taken
// again, with the same sections, by its own schemas and by Decode.
func FuzzMessageRoundTrip(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	var types []compiledType
	for _, c := range compiledTypes(f) {
		if !c.apart {
			types = append(types, c)
		}
	}
	f.Fuzz(func(t *testing.T, a, b uint64) {
		c := types[a%uint64(len(types))]
		value := reflect.New(c.t).Elem()
		fillRandomly(rand.New(rand.NewPCG(a, b)), value, 4)
		text, sections, err := c.encode(value)
		if err != nil {
			t.Fatal(err)
		}
		if !checkMessage(t, text, sections) {
			t.Fatalf("%s with %v is refused", text, sections)
		}
		back := reflect.New(c.t).Elem()
		if err := run(c.fill, mustMessage(t, string(text), sections...), back); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		again, same, err := c.encode(back)
		if err != nil || string(again) != string(text) || !slices.EqualFunc(sections, same, equalSections) {
			t.Fatalf("%s, %v came back as %s, %v, %v", text, sections, again, same, err)
		}
	})
}
