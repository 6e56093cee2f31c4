package schema

import (
	"math/rand/v2"
	"reflect"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
)

// FuzzEncode: what a type decodes to is encoded byte for byte as json/v2 does, and decodes to
// the same again; and under a limit it is that or nothing.
func FuzzEncode(f *testing.F) {
	seed(f)
	c := newCodec(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		c.check(t, data)
		c.check(t, (&choices{data}).document(nil, reflect.TypeFor[everything](), 8))
	})
}

// The same on documents drawn at random.
func TestEncodingAgreesWithJSONV2(t *testing.T) {
	c, taken, random := newCodec(t), 0, rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		if c.check(t, drawn(random).document(nil, reflect.TypeFor[everything](), 8)) {
			taken++
		}
	}
	if taken < 700 {
		t.Errorf("only %d documents are compared", taken)
	}
}

type codec struct {
	decoder *Decoder[everything]
	encoder *Encoder[everything]
}

func newCodec(t testing.TB) codec {
	t.Helper()
	d, err := NewDecoder[everything]()
	if err != nil {
		t.Fatal(err)
	}
	e, err := NewEncoder[everything]()
	if err != nil {
		t.Fatal(err)
	}
	return codec{d, e}
}

func (c codec) check(t *testing.T, data []byte) bool {
	v, err := Parse(data, Limits{})
	if err != nil {
		return false
	}
	value, err := c.decoder.Decode(v)
	if err != nil {
		return false
	}
	value.withoutNumbers() // they are written as texts
	want, err := jsonv2.Marshal(value, jsonv2.Deterministic(true), jsonv2.ExperimentalSupportFormatTag(true))
	if err != nil {
		t.Fatalf("%s: json/v2: %v", data, err)
	}
	const before = "before"
	got, err := c.encoder.Append([]byte(before), &value, len(want))
	if err != nil || string(got) != before+string(want) {
		t.Fatalf("%s: got %s, %v, want %s", data, got, err, want)
	}
	if got, err := c.encoder.Append([]byte(before), &value, len(want)-1); err != ErrTooLarge || string(got) != before {
		t.Fatalf("%s: with one byte less: %s, %v", data, got, err)
	}
	again, err := Parse(want, Limits{})
	if err != nil {
		t.Fatalf("%s: encoded as %s: %v", data, want, err)
	}
	round, err := c.decoder.Decode(again)
	if err != nil {
		t.Fatalf("%s: encoded as %s: %v", data, want, err)
	}
	// nil slices and maps have become empty ones, so it is their texts that are compared.
	if twice, err := c.encoder.Append(nil, &round, len(want)); err != nil || string(twice) != string(want) {
		t.Fatalf("%s: encoded as %s, and again as %s, %v", data, want, twice, err)
	}
	return true
}

// withoutNumbers empties the fields of type json.Number.
func (e *everything) withoutNumbers() {
	for ; e != nil; e = e.Next {
		e.Num = ""
	}
}
