package schema

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	jsonv2 "github.com/go-json-experiment/json"
)

func seed(f *testing.F) {
	for _, s := range []string{
		`null`, `[1]]`, `{"a":1,"\u0061":2}`, `"\ud800"`, "\xef\xbb\xbf{}", `1e1000001`, `[[[[1,-0.5e-3]]]]`, `{"a":{"b":[{},[],"x"]}}`,
		`{"path":"/ok","PATH":"/etc/shadow"}`, `{"__proto__":{"path":1}}`, `"` + strings.Repeat("a", 40) + `\n\u00e9"`, `[1,]`, `{"a":1,}`, `[}`,
		`{"path":"/ok","n":1.0,"when":"2026-01-01","list":[1,2,2],"next":{"path":"/ok"}}`, " \t[true , false]\n", `01`, `tru`, `{"a" 1}`,
	} {
		f.Add([]byte(s))
	}
}

// FuzzParse: Parse accepts what jsontext accepts and the limits permit, and nothing else. What
// it accepts it reads as jsontext, json/v2 and encoding/json do.
func FuzzParse(f *testing.F) {
	seed(f)
	for _, s := range pieces() {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		compare(t, data, Limits{})
		compare(t, data, smallLimits())
		v, err := Parse(data, Limits{})
		if err != nil {
			return
		}
		if !utf8.Valid(data) {
			t.Fatal("invalid UTF-8 is accepted")
		}
		var other any
		if err := jsonv2.Unmarshal(data, &other); err != nil && !strings.Contains(err.Error(), "value out of range") {
			t.Fatalf("only Parse accepts: %v", err)
		}
		agree(t, v, decodeStandard(t, string(data)))
	})
}

// FuzzDecode: what a type takes, it takes as json/v2 does, which knows no case folding
// either; an error leaves nothing behind and says nothing of the value.
func FuzzDecode(f *testing.F) {
	type target struct {
		Path string              `json:"path"`
		N    int32               `json:"n"`
		U    *uint8              `json:"u"`
		F    float64             `json:"f"`
		Blob []byte              `json:"blob"`
		When time.Time           `json:"when"`
		List []string            `json:"list"`
		Map  map[string]bool     `json:"map"`
		Pair [2]int              `json:"pair"`
		Next *struct{ A, B int } `json:"next"`
	}
	seed(f)
	f.Add([]byte(`{"path":"p","n":-1,"u":255,"f":1e3,"blob":"aGk=","when":"2026-01-02T03:04:05.5+01:00","list":["a"],"map":{"k":true},"pair":[1,2],"next":{"A":1}}`))
	f.Add([]byte(`{"n":1.0,"u":null,"next":null,"list":null}`))
	d, err := NewDecoder[target]()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Parse(data, Limits{})
		if err != nil {
			return
		}
		got, err := d.Decode(v)
		if err != nil {
			if !reflect.ValueOf(got).IsZero() {
				t.Fatalf("half a value is left: %+v", got)
			}
			var misfit *DecodeError
			if !errors.As(err, &misfit) || misfit.Pointer != "" && len(misfit.Pointer) > 1000 {
				t.Fatalf("not a DecodeError: %v", err)
			}
			return
		}
		var want target
		if err := jsonv2.Unmarshal(data, &want, jsonv2.RejectUnknownMembers(true)); err != nil {
			// json/v2 wants integers written as such; JSON Schema doesn't.
			if strings.ContainsAny(string(data), ".eE") {
				return
			}
			t.Fatalf("only Decode accepts: %v", err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	})
}

// FuzzValidate: a schema and a value, cut from one input at its first zero byte. Nothing
// panics, all ends soon, the verdict is the same twice, and a refusal has the schema's
// words only: a mark in every string of the value never shows.
func FuzzValidate(f *testing.F) {
	const recursive = `{"type":"object","properties":{"path":{"pattern":"^/ok"},"next":{"$ref":"#"}},"additionalProperties":false}`
	for _, schema := range []string{
		`{"type":"integer"}`, `{"enum":[1,"a",null]}`, `{"multipleOf":0.1,"maximum":3}`, `{"uniqueItems":true,"contains":{"type":"string"}}`,
		`{"format":"email"}`, `{"format":"idn-hostname"}`, `{"format":"uri"}`, `{"anyOf":[{"items":{"$ref":"#"}},{"items":{"$ref":"#"}}]}`, recursive,
		`{"patternProperties":{"^x":{"minLength":2}},"unevaluatedProperties":false}`, `{"if":{"required":["a"]},"then":{"maxProperties":1},"else":false}`,
	} {
		for _, value := range []string{`null`, `1.5e3`, `"zQz@b.c"`, `[1,"zQz",["zQz"]]`, `{"a":1,"zQz":{"zQz":2}}`, `{"path":"/ok","next":{"path":"zQz"}}`} {
			f.Add([]byte(schema + "\x00" + value))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		schema, value, _ := strings.Cut(string(data), "\x00")
		if strings.Contains(schema, "zQz") {
			return
		}
		start := time.Now()
		s, err := Compile(files("a.input.json", schema))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "schema: a.input.json:") {
				t.Fatalf("the error doesn't name the file: %v", err)
			}
			return
		}
		v, err := Parse([]byte(value), Limits{})
		if err != nil {
			return
		}
		first, second := s.ValidateInput("a", v), s.ValidateInput("a", v)
		if !reflect.DeepEqual(first, second) {
			t.Fatalf("two verdicts: %v; %v", first, second)
		}
		if first != nil && strings.Contains(first.Error(), "zQz") {
			t.Fatalf("the value shows: %v", first)
		}
		if _, ok := first.(*Invalid); first != nil && !ok {
			t.Fatalf("no verdict: %v", first)
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Fatalf("it took %v", took)
		}
	})
}
