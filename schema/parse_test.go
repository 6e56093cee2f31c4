package schema

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
)

func mustParse(t testing.TB, text string) Value {
	t.Helper()
	v, err := Parse([]byte(text), Limits{})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ name, text, problem string }{
		{"nothing at all", ``, "the document ends too early"},
		{"only white space", " \n", "the document ends too early"},
		{"two values", `1 2`, "something follows the value"},
		{"a bracket too many", `[1]]`, "something follows the value"},
		{"a brace too many", `{"a":1}}`, "something follows the value"},
		{"a comma behind the value", `{},`, "something follows the value"},
		{"a zero byte behind the value", "{}\x00", "something follows the value"},
		{"a bracket too few", `[1`, "the document ends too early"},
		{"a trailing comma in an array", `[1,]`, "invalid syntax"},
		{"a trailing comma in an object", `{"a":1,}`, "invalid syntax"},
		{"a leading comma", `[,1]`, "invalid syntax"},
		{"brackets that don't match", `[{"a":1]}`, "invalid syntax"},
		{"a name without quotes", `{a:1}`, "invalid syntax"},
		{"a number as a name", `{1:1}`, "invalid syntax"},
		{"a comment", `[1/**/]`, "invalid syntax"},
		{"NaN", `NaN`, "invalid syntax"},
		{"a leading zero", `01`, "something follows the value"},
		{"a leading plus", `+1`, "invalid syntax"},
		{"a bare minus", `-`, "the document ends too early"},
		{"a word cut short", `tru`, "the document ends too early"},
		{"a word misspelt", `trve`, "invalid syntax"},
		{"a raw line break in a string", "\"a\nb\"", "invalid syntax"},

		{"a byte order mark", "\xef\xbb\xbf{}", "a byte order mark"},
		{"bytes that aren't UTF-8", "\"\xff\"", "invalid UTF-8"},
		{"bytes that aren't UTF-8 in a name", "{\"\xff\":1}", "invalid UTF-8"},
		{"an overlong slash", "\"\xc0\xaf\"", "invalid UTF-8"},
		{"a surrogate in UTF-8", "\"\xed\xa0\x80\"", "invalid UTF-8"},
		{"UTF-16", "{\x00}\x00", "invalid syntax"},
		{"a lone high surrogate", `"\ud800"`, "an invalid escape or a lone surrogate"},
		{"a lone low surrogate", `"\udc00"`, "an invalid escape or a lone surrogate"},
		{"surrogates in the wrong order", `"\udc00\ud800"`, "an invalid escape or a lone surrogate"},
		{"a lone surrogate in a name", `{"\ud800":1}`, "an invalid escape or a lone surrogate"},
		{"an escape that JSON doesn't have", `"\x41"`, "an invalid escape or a lone surrogate"},

		{"a member twice", `{"a":1,"a":2}`, "an object has two members of one name"},
		{"a member twice, far apart", `{"a":1,"b":{},"c":[],"a":1}`, "an object has two members of one name"},
		{"a member twice, once escaped", `{"path":1,"p\u0061th":2}`, "an object has two members of one name"},
		{"a member twice, both escaped", `{"\u0061":1,"\u0061":2}`, "an object has two members of one name"},
		{"the empty member twice", `{"":1,"":2}`, "an object has two members of one name"},
		{"__proto__ twice, once escaped", `{"__proto__":1,"\u005f_proto__":2}`, "an object has two members of one name"},
		{"a member twice deep inside", `[{"x":[{"a":1,"a":1}]}]`, "an object has two members of one name"},

		{"the exponent that makes v5 panic", `1e1000001`, "a number's exponent is too large"},
		{"the exponent that costs v5 30 ms", `1e999999`, "a number's exponent is too large"},
		{"a negative exponent", `1e-999999`, "a number's exponent is too large"},
		{"an exponent behind zeros", `1e+0000000000401`, "a number's exponent is too large"},
		{"an exponent that overflows an int", `1e99999999999999999999`, "a number's exponent is too large"},
		{"a zero with a large exponent", `0e401`, "a number's exponent is too large"},
		{"a long number", strings.Repeat("1", 129), "a number is too long"},
		{"a long fraction", "0." + strings.Repeat("1", 127), "a number is too long"},

		{"arrays 65 deep", strings.Repeat("[", 65) + strings.Repeat("]", 65), "nested too deeply"},
		{"objects 65 deep", strings.Repeat(`{"a":`, 65) + "1" + strings.Repeat("}", 65), "nested too deeply"},
		{"arrays that never end", strings.Repeat("[", 100_000), "nested too deeply"},
		{"objects that never end", strings.Repeat(`{"a":`, 100_000), "nested too deeply"},
		{"more values than allowed", "[" + strings.Repeat("1,", 100_000) + "1]", "too many values"},
		{"more members than allowed", wide(4097), "an object has too many members"},
		{"more bytes than allowed", `"` + strings.Repeat("a", 1<<20) + `"`, "the document is too large"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v, err := Parse([]byte(test.text), Limits{})
			if err == nil {
				t.Fatalf("accepted as %s", v.AppendJSON(nil))
			}
			if v != nil {
				t.Error("an error and a value")
			}
			if got := err.(*SyntaxError).Problem; got != test.problem {
				t.Errorf("got %q, want %q", got, test.problem)
			}
		})
	}
}

func wide(members int) string {
	var b strings.Builder
	b.WriteByte('{')
	for i := range members {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quote(strings.Repeat("k", i%7)+string(rune(0x4e00+i))) + ":1")
	}
	return b.String() + "}"
}

func TestParseAcceptsUpToTheLimit(t *testing.T) {
	tests := []struct{ name, text string }{
		{"arrays 64 deep", strings.Repeat("[", 64) + strings.Repeat("]", 64)},
		{"as many values as allowed", "[" + strings.Repeat("1,", 99_998) + "1]"},
		{"as many members as allowed", wide(4096)},
		{"a number of 128 bytes", strings.Repeat("1", 128)},
		{"an exponent of 400", `1e400`},
		{"an exponent of -400", `1e-0400`},
		{"as many bytes as allowed", `"` + strings.Repeat("a", 1<<20-2) + `"`},
		{"white space around everything", " \t\r\n{ \"a\" : [ 1 , 2 ] , \"b\" : { } } \n"},
		{"case variants are two members", `{"path":1,"PATH":2,"Path":3}`},
		{"__proto__ is a name like any other", `{"__proto__":{"a":1},"constructor":{"prototype":1}}`},
		{"a zero byte, escaped", `"\u0000"`},
		{"a pair of surrogates", `"\ud83d\ude00"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v, err := Parse([]byte(test.text), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			agree(t, v, decodeStandard(t, test.text))
		})
	}
}

func TestLimitsOfTheCallerHold(t *testing.T) {
	tests := []struct {
		name   string
		limits Limits
		text   string
		ok     bool
	}{
		{"zero fields are the defaults", Limits{}, `[[1]]`, true},
		{"negative fields are the defaults", Limits{Depth: -1, Nodes: -1, Size: -1}, `[[1]]`, true},
		{"depth", Limits{Depth: 1}, `[[1]]`, false},
		{"depth, met exactly", Limits{Depth: 2}, `[[1]]`, true},
		{"nodes", Limits{Nodes: 2}, `[1,2]`, false},
		{"nodes, met exactly", Limits{Nodes: 3}, `[1,2]`, true},
		{"keys", Limits{Keys: 1}, `{"a":1,"b":2}`, false},
		{"keys count by object", Limits{Keys: 1}, `{"a":{"b":2}}`, true},
		{"number", Limits{Number: 3}, `1234`, false},
		{"exponent", Limits{Exponent: 9}, `1e10`, false},
		{"size", Limits{Size: 3}, `[1] `, false},
		{"far more members than names have hashes without a collision", Limits{Size: 8 << 20, Nodes: 1 << 20, Keys: 1 << 20}, objectOf(300_000, strconv.Itoa), true},
		{"a limit beyond what offsets hold", Limits{Size: 1 << 62}, `[1]`, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := Parse([]byte(test.text), test.limits); (err == nil) != test.ok {
				t.Errorf("got %v, want accepted: %t", err, test.ok)
			}
		})
	}
}

// decodeStandard is the second opinion.
func decodeStandard(t testing.TB, text string) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var out any
	if err := d.Decode(&out); err != nil {
		t.Fatalf("encoding/json: %v", err)
	}
	return out
}

// agree compares a Value, through every method, with encoding/json's reading.
func agree(t testing.TB, v Value, want any) {
	t.Helper()
	if got := tree(v); !reflect.DeepEqual(got, want) {
		t.Fatalf("got %#v, want %#v", got, want)
	}
	again := decodeStandard(t, string(v.AppendJSON(nil)))
	if !reflect.DeepEqual(again, want) {
		t.Fatalf("AppendJSON: got %#v, want %#v", again, want)
	}
	switch want := want.(type) {
	case []any:
		if v.Len() != len(want) || v.Index(-1) != nil || v.Index(len(want)) != nil {
			t.Fatalf("the array's ends are wrong: Len %d", v.Len())
		}
		for i, e := range want {
			if !reflect.DeepEqual(tree(v.Index(i)), e) {
				t.Fatalf("Index(%d) differs", i)
			}
		}
	case map[string]any:
		if v.Len() != len(want) {
			t.Fatalf("Len is %d, want %d", v.Len(), len(want))
		}
		for name, e := range want {
			got, ok := v.Field(name)
			if !ok || !reflect.DeepEqual(tree(got), e) {
				t.Fatalf("Field differs")
			}
		}
	}
}

func TestParseAgreesWithEncodingJSON(t *testing.T) {
	for _, text := range []string{
		`null`, `true`, `false`, `0`, `-0`, `-1.5e-7`, `12345678901234567890`, `""`, `"a\"b\\c\/d\b\f\n\r\t\u00e9\ud83d\ude00"`,
		`"é😀"`, `[]`, `{}`, `[[],[[]],{},{"a":{}}]`, `{"a":1,"b":[1,2,{"c":null}],"d":{"e":{"f":[true,false]}}}`,
		`{"":0," ":1,"\u0000":2,"a\"b":3,"\\":4,"é":5}`, `[{"a":1},{"a":2},{"a":3}]`,
		`"` + strings.Repeat("long ", 30) + `\n` + strings.Repeat("long ", 30) + `\"end"`,
		`"` + strings.Repeat("long ", 300) + `"`, string(sample(200)), string(sample(16 << 10)),
	} {
		agree(t, mustParse(t, text), decodeStandard(t, text))
	}
}

func TestValueAnswersOnlyForItsKind(t *testing.T) {
	for _, text := range []string{`null`, `true`, `1`, `"a"`, `[1]`, `{"a":1}`} {
		v := mustParse(t, text)
		if v.Bool() && v.Kind() != Bool || v.Number() != "" && v.Kind() != Number || v.Text() != "" && v.Kind() != String {
			t.Errorf("%s answers for another kind", text)
		}
		if v.Index(0) != nil && v.Kind() != Array {
			t.Errorf("%s has elements", text)
		}
		if _, ok := v.Field("a"); ok && v.Kind() != Object {
			t.Errorf("%s has members", text)
		}
		for range v.Elements() {
			if v.Kind() != Array {
				t.Errorf("%s yields elements", text)
			}
		}
		for range v.Fields() {
			if v.Kind() != Object {
				t.Errorf("%s yields members", text)
			}
		}
	}
	if _, ok := mustParse(t, `{"path":1}`).Field("PATH"); ok {
		t.Error("a member is found by another case")
	}
	for range mustParse(t, `[1,2]`).Elements() {
		break // must not panic
	}
	for range mustParse(t, `{"a":1,"b":2}`).Fields() {
		break
	}
}

func TestValueOutlivesTheCallersBuffer(t *testing.T) {
	data := []byte(`{"path":"/ok","n":[1,2,3]}`)
	v, err := Parse(data, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	clear(data)
	if got := string(v.AppendJSON(nil)); got != `{"path":"/ok","n":[1,2,3]}` {
		t.Errorf("the value changed with the buffer: %q", got)
	}
	inner, _ := v.Field("n")
	_ = append(inner.AppendJSON(nil), "overwritten"...)
	if got, _ := v.Field("path"); got.Text() != "/ok" {
		t.Error("an append reached the document")
	}
}

func TestSyntaxErrorHoldsNothingOfTheDocument(t *testing.T) {
	const secret = "SECRET"
	for _, text := range []string{
		`{"SECRET":{"SECRET":1,"SECRET":2}}`, `{"SECRET":[1,{"SECRET":x}]}`, `SECRET`, `{"SECRET":[["\uSECRET"]]}`,
		`{"SECRET":` + strings.Repeat("[", 100), `{"SECRET":1e99999}`, "{\"SECRET\":\"SECRET\xff\"}", `{"a":1}SECRET`,
	} {
		_, err := Parse([]byte(text), Limits{})
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", text, err)
		}
	}
	_, err := Parse([]byte(`{"SECRET":[1,{"SECRET":1e99999}]}`), Limits{})
	if got := err.(*SyntaxError); got.Pointer != "/*/1/*" || got.Offset != 23 {
		t.Errorf("the place is %q, byte %d", got.Pointer, got.Offset)
	}
}

func TestValueIsSafeForConcurrentReads(t *testing.T) {
	v := mustParse(t, string(sample(1024)))
	want := v.AppendJSON(nil)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				tree(v)
				if !bytes.Equal(v.AppendJSON(nil), want) {
					t.Error("the value changed")
				}
			}
		})
	}
	group.Wait()
}
