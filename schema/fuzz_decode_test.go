package schema

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// asWritten lets json/v2, too, keep a number's literal where it would make a float64 or a text
// of it.
func asWritten() jsonv2.Options {
	return jsonv2.JoinOptions(
		jsonv2.RejectUnknownMembers(true), jsonv2.ExperimentalSupportFormatTag(true),
		jsonv2.FormatNilSliceAsNull(true), jsonv2.FormatNilMapAsNull(true), jsonv2.Deterministic(true),
		jsonv2.WithMarshalers(jsonv2.MarshalToFunc(func(e *jsontext.Encoder, n json.Number) error {
			return e.WriteValue(jsontext.Value(n))
		})),
		jsonv2.WithUnmarshalers(jsonv2.JoinUnmarshalers(
			jsonv2.UnmarshalFromFunc(func(d *jsontext.Decoder, n *json.Number) error {
				if d.PeekKind() != '0' {
					return errors.New("no number")
				}
				v, err := d.ReadValue()
				*n = json.Number(v)
				return err
			}),
			jsonv2.UnmarshalFromFunc(func(d *jsontext.Decoder, to *any) error {
				if d.PeekKind() != '0' {
					return errors.ErrUnsupported
				}
				v, err := d.ReadValue()
				*to = json.Number(v)
				return err
			}),
		)),
	)
}

// Stricter are the problems for which Decode refuses what json/v2 takes.
var stricter = []string{
	", not null;",                          // json/v2 makes it zero
	"more digits than the type",            // 0.1000000000000000000001
	"out of range",                         // 1e-400
	"isn't padded base64",                  // stray bits
	"the text isn't a number",              // beyond the bounds of Parse
	"the member's name isn't one of",       // "-0" for a key
	"two members' names mean the same key", // it compares names where there are methods
}

// FuzzDecode: a type takes what json/v2 takes, and makes the same of it, but for the known
// differences; encoded again it is the document; an error leaves nothing behind; a member of
// another name, if only by its case, is refused wherever it stands.
func FuzzDecode(f *testing.F) {
	seed(f)
	f.Add([]byte(`{"path":"p","n":-1,"u":255,"f":1e3,"blob":"aGk=","when":"2026-01-02T03:04:05.5+01:00","list":["a"],"flags":{"k":true},"pair":[1,2],"next":{"Yes":true}}`))
	f.Add([]byte(`{"n":1.0,"u":null,"next":null,"list":null,"by":"x","at":"2026-01-02T03:04:05Z","host":"h","port":1,"q":"-7","qf":"1e5"}`))
	f.Add([]byte(`{"__proto__":"p","constructor":{"A":true},"tree":{"name":"a","kids":[{"by":{"b":{"name":"c"}}}]},"pages":{"items":[{"by":"x"}],"next":{"total":1}}}`))
	d, err := NewDecoder[everything]()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		checkDecode(t, d, data)
		checkDecode(t, d, (&choices{data}).document(nil, reflect.TypeFor[everything](), 8))
	})
}

// The same on documents drawn at random: enough of them are taken and enough refused.
func TestDecodingAgreesWithJSONV2(t *testing.T) {
	d, err := NewDecoder[everything]()
	if err != nil {
		t.Fatal(err)
	}
	taken, random := 0, rand.New(rand.NewPCG(1, 2))
	const documents = 3000
	for range documents {
		if checkDecode(t, d, drawn(random).document(nil, reflect.TypeFor[everything](), 8)) {
			taken++
		}
	}
	if taken < documents/4 || taken > documents*3/4 {
		t.Errorf("%d of %d documents are taken, which compares too little", taken, documents)
	}
}

func drawn(random *rand.Rand) *choices {
	left := make([]byte, 1+random.IntN(120))
	for i := range left {
		left[i] = byte(random.Uint32())
	}
	return &choices{left}
}

func checkDecode(t *testing.T, d *Decoder[everything], data []byte) (taken bool) {
	v, err := Parse(data, Limits{})
	if err != nil {
		return false
	}
	got, err := d.Decode(v)
	var want everything
	otherErr := jsonv2.Unmarshal(data, &want, asWritten())
	if err != nil {
		var misfit *DecodeError
		if !errors.As(err, &misfit) || !reflect.ValueOf(got).IsZero() {
			t.Fatalf("%s: not a DecodeError, or half a value is left: %v, %+v", data, err, got)
		}
		if otherErr == nil && !containsAny(misfit.Problem, stricter) {
			t.Fatalf("%s: only Decode refuses: %v", data, err)
		}
		return false
	}
	if otherErr != nil {
		// json/v2 wants integers written as such; JSON Schema doesn't.
		var semantic *jsonv2.SemanticError
		if !errors.As(otherErr, &semantic) || !strings.ContainsAny(string(semantic.JSONValue), ".eE") && string(semantic.JSONValue) != "-0" {
			t.Fatalf("%s: only Decode accepts: %v", data, otherErr)
		}
	} else if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s: got %+v, want %+v", data, got, want)
	}
	text, err := jsonv2.Marshal(got, asWritten(), jsonv2.WithUnmarshalers(nil))
	if err != nil {
		t.Fatalf("%s: it doesn't encode again: %v", data, err)
	}
	again, err := Parse(text, Limits{})
	if err != nil {
		t.Fatalf("%s: encoded as %s: %v", data, text, err)
	}
	if way, ok := covered(v, again, nil); !ok {
		t.Fatalf("%s: encoded as %s: %s isn't the same", data, text, way)
	}
	checkStrangers(t, d, v, data)
	return true
}

// checkStrangers adds to an accepted object one member at a time that isn't the struct's.
func checkStrangers(t *testing.T, d *Decoder[everything], v Value, data []byte) {
	if v.Kind() != Object {
		return
	}
	names := []string{"PATH", "Path", "Next", "constructo\u0072 ", "__PROTO__", "toString", "Skipped", "stamp", "BY", "hoſt"}
	for name := range v.Fields() {
		if name != "" {
			names = append(names, variant(name))
		}
	}
	for _, name := range names {
		if d.Takes(name) {
			continue
		}
		rest := strings.TrimLeft(string(data), " \t\r\n")[1:]
		comma := ","
		if v.Len() == 0 {
			comma = ""
		}
		more, err := Parse([]byte("{"+string(literalOf(name))+":null"+comma+rest), Limits{})
		if err != nil {
			continue // one more than the limits have room for
		}
		if got, err := d.Decode(more); err == nil {
			t.Fatalf("%s: with a member %q: %+v", data, name, got)
		}
	}
}

func containsAny(text string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}
