package schema

import (
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
		if took := time.Since(start); took > hang {
			t.Fatalf("it took %v", took)
		}
	})
}
