package schema

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
)

// compact is a generated schema without its $schema and white space.
func compact(t *testing.T, text []byte, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil {
		t.Fatal(err)
	}
	rest, ok := strings.CutPrefix(b.String(), `{"$schema":"https://json-schema.org/draft/2020-12/schema"`)
	if !ok {
		t.Fatalf("no $schema: %s", b.String())
	}
	return "{" + strings.TrimPrefix(rest, ",")
}

const flatSchema = `"type":"object","required":["name","count","done"],"properties":{"name":{"type":"string"},` +
	`"count":{"type":"integer","minimum":-9223372036854775808,"maximum":9223372036854775807},"done":{"type":"boolean"}},"additionalProperties":false`

func TestTheSchemaOfAType(t *testing.T) {
	for _, test := range []struct {
		name string
		of   func() ([]byte, error)
		want string
	}{
		{"a struct is closed", Of[flat], `{` + flatSchema + `}`},
		{"a pointer takes null", Of[*flat], `{` + strings.Replace(flatSchema, `"object"`, `["object","null"]`, 1) + `}`},
		{"no members", Of[struct{}], `{"type":"object","additionalProperties":false}`},
		{"anything", Of[any], `{}`},
		{"a raw message", Of[json.RawMessage], `{}`},
		{"a value", Of[Value], `{}`},
		{"a small integer", Of[uint8], `{"type":"integer","minimum":0,"maximum":255}`},
		{"a float", Of[float64], `{"type":"number"}`},
		{"a number as it is written", Of[json.Number], `{"type":"number"}`},
		{"bytes", Of[[]byte], `{` + bytesSchema(0, "", octets) + `}`},
		{"bytes that are written", Written[[]byte], `{` + bytesSchema(0, "", octets) + `}`},
		{"bytes of any type", Of[Blob], `{` + bytesSchema(0, "", anyType) + `}`},
		{"bytes or null", Of[*Blob], `{` + strings.Replace(bytesSchema(0, "", anyType), `"object"`, `["object","null"]`, 1) + `}`},
		{"bytes as a text", Of[struct {
			B []byte `json:",format:base64" jsonschema:"maxLength=8"`
		}], `{"type":"object","required":["B"],"properties":{"B":{"type":"string","format":"base64","contentEncoding":"base64","maxLength":8}},"additionalProperties":false}`},
		{"bounds of bytes", Of[struct {
			A []byte `jsonschema:"minLength=1,maxLength=1024,description=A,deprecated"`
			B Blob   `jsonschema:"mediaType=image/png,mediaType=image/jpeg"`
			C []Blob `jsonschema:"mediaType=image/png,maxLength=9,minItems=1"`
			D []byte `jsonschema:"mediaType=any"`
			E Blob   `json:",omitzero"`
			F map[string]Blob
			G [][]byte
		}], `{"type":"object","required":["A","B","C","D","F","G"],"properties":{"A":{"description":"A",` + bytesSchema(1, `,"maximum":1024`, octets) + `,"deprecated":true},` +
			`"B":{` + bytesSchema(0, "", `"enum":["image/png","image/jpeg"]`) + `},` +
			`"C":{"type":"array","items":{` + bytesSchema(0, `,"maximum":9`, `"const":"image/png"`) + `},"minItems":1},` +
			`"D":{` + bytesSchema(0, "", anyType) + `},"E":{` + bytesSchema(0, "", anyType) + `},` +
			`"F":{"type":"object","additionalProperties":{` + bytesSchema(0, "", anyType) + `}},"G":{"type":"array","items":{` + bytesSchema(0, "", octets) + `}}},"additionalProperties":false}`},
		{"small numbers that are no bytes", Of[[]tiny], `{"type":"array","items":{"type":"integer","minimum":0,"maximum":255}}`},
		{"an array", Of[[2]bool], `{"type":"array","minItems":2,"maxItems":2,"items":{"type":"boolean"}}`},
		{"an array of bytes", Of[[2]byte], `{"type":"array","minItems":2,"maxItems":2,"items":{"type":"integer","minimum":0,"maximum":255}}`},
		{"an array of bytes that is written", Written[[2]byte], `{"type":"string","format":"base64","contentEncoding":"base64"}`},
		{"bytes of a name of their own that are written", Written[[]tiny], `{"type":"array","items":{"type":"integer","minimum":0,"maximum":255}}`},
		{"a pointer to a number in a text", Written[struct {
			A *int8 `json:",string"`
		}], `{"type":"object","required":["A"],"properties":{"A":{"type":["string","null"],"pattern":"^(0|127|[1-9][0-9]{0,1}|1[0-1][0-9]|12[0-6]|-(128|[1-9][0-9]{0,1}|1[0-1][0-9]|12[0-7]))$"}},"additionalProperties":false}`},
		{"a duration", Of[time.Duration], `{"type":"integer","minimum":-9223372036854775808,"maximum":9223372036854775807}`},
		{"a time as it is written", Written[time.Time], `{"type":"string","format":"date-time"}`},
		{"a number that is written", Written[json.Number], `{"type":"string"}`},
		{"embedded structs", Of[embeds], `{"type":"object","required":["id","name"],"properties":{"id":{"type":"integer","minimum":0,"maximum":255},` +
			`"note":{"type":"string"},"name":{"type":"string"}},"additionalProperties":false}`},
		{"a field before an embedded one", Of[shadows], `{"type":"object","required":["id"],"properties":{"id":{"type":"string"}},"additionalProperties":false}`},
		{"keys that are numbers", Of[map[int8]bool], `{"type":"object","propertyNames":{"type":"string","pattern":"^(0|127|[1-9][0-9]{0,1}|1[0-1][0-9]|12[0-6]|-(128|[1-9][0-9]{0,1}|1[0-1][0-9]|12[0-7]))$"},"additionalProperties":{"type":"boolean"}}`},
		{"keys of certain texts", Of[map[colour]bool], `{"type":"object","propertyNames":{"description":"One of two.","type":"string","enum":["red","blue"]},"additionalProperties":{"type":"boolean"}}`},
		{"a type with certain values", Of[[]colour], `{"type":"array","items":{"description":"One of two.","type":"string","enum":["red","blue"]}}`},
		{"or none", Of[*colour], `{"description":"One of two.","type":["string","null"],"enum":["red","blue",null]}`},
		{"a number to Go and a text to JSON", Of[grade], `{"type":"string","enum":["a","b","c"]}`},
		{"the schema that a type says it has", Of[struct{ A, B *self }], `{"type":"object","required":["A","B"],"properties":{` +
			`"A":{"anyOf":[{"$ref":"#/$defs/self"},{"type":"null"}]},"B":{"anyOf":[{"$ref":"#/$defs/self"},{"type":"null"}]}},"additionalProperties":false,` +
			`"$defs":{"self":{"type":"string","maxLength":5}}}`},
		{"a type inside itself", Of[nested], `{"type":"array","items":{"$ref":"#"}}`},
		{"a type inside itself, or null", Of[*nested], `{"anyOf":[{"$ref":"#/$defs/nested"},{"type":"null"}],"$defs":{"nested":{"type":"array","items":{"$ref":"#/$defs/nested"}}}}`},
		{"a list of such", Of[[]sheet[flat]], `{"type":"array","items":{"$ref":"#/$defs/sheetOfFlat"},"$defs":{` +
			`"sheetOfFlat":{"type":"object","required":["items","first"],"properties":{"items":{"type":"array","items":{"$ref":"#/$defs/flat"}},` +
			`"first":{"anyOf":[{"$ref":"#/$defs/flat"},{"type":"null"}]},"next":{"anyOf":[{"$ref":"#/$defs/sheetOfFlat"},{"type":"null"}]}},"additionalProperties":false},` +
			`"flat":{` + flatSchema + `}}}`},
		{"what may be left out", Of[maybes], `{"type":"object","required":["f","h"],"properties":{"a":{"type":"string"},"b":INT,"c":INT,` +
			`"d":{"type":["string","null"]},"e":{"type":"array","items":{"type":"string"}},"f":{"type":["integer","null"],"minimum":-9223372036854775808,"maximum":9223372036854775807},` +
			`"g":{` + flatSchema + `},"h":INT},"additionalProperties":false}`},
		{"what is left out", Written[maybes], `{"type":"object","required":["b","f","h"],"properties":{"a":{"type":"string"},"b":INT,"c":INT,` +
			`"d":{"type":"string"},"e":{"type":"array","items":{"type":"string"}},"f":{"type":["integer","null"],"minimum":-9223372036854775808,"maximum":9223372036854775807},` +
			`"g":{` + flatSchema + `},"h":INT},"additionalProperties":false}`},
		{"tags", Of[tagged], `{"type":"object","required":["path","size","ratio","tags","kind","kinds","step","map","hue"],"properties":{` +
			`"path":{"title":"Path","description":"Where it goes, whatever that means","type":"string","pattern":"^[a-z]{1,8}$","minLength":1,"maxLength":8,"examples":["abc","def"]},` +
			`"size":{"type":"integer","minimum":0,"maximum":9223372036854775807,"exclusiveMaximum":100,"multipleOf":5,"default":10},` +
			`"ratio":{"type":"number","exclusiveMinimum":0,"maximum":1},` +
			`"tags":{"type":"array","items":{"type":"string","pattern":"^[a-z]+$","maxLength":4},"minItems":1,"maxItems":3,"uniqueItems":true},` +
			`"kind":{"description":"Commas, as many as one likes.","type":"string","enum":["a","b"]},` +
			`"kinds":{"type":"array","items":{"type":"string","enum":["a","b"]}},` +
			`"step":{"type":["integer","null"],"enum":[1,2,null],"deprecated":true},` +
			`"mail":{"type":"string","format":"email"},` +
			`"map":{"type":"object","additionalProperties":INT,"maxProperties":2,"readOnly":true,"writeOnly":true},` +
			`"hue":{"description":"One of two.","type":"string","enum":["red","blue"],"allOf":[{"enum":["red"]}]}},"additionalProperties":false}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			text, err := test.of()
			want := strings.ReplaceAll(test.want, "INT", `{"type":"integer","minimum":-9223372036854775808,"maximum":9223372036854775807}`)
			if got := compact(t, text, err); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			again, _ := test.of()
			if !bytes.Equal(text, again) {
				t.Error("the second time it is another one")
			}
		})
	}
}

func TestNamesInDefs(t *testing.T) {
	for _, test := range []struct {
		t    reflect.Type
		want string
	}{
		{reflect.TypeFor[sheet[flat]](), "sheetOfFlat"},
		{reflect.TypeFor[sheet[[]*flat]](), "sheetOfListOfFlat"},
		{reflect.TypeFor[sheet[[3]int]](), "sheetOfListOfInt"},
		{reflect.TypeFor[sheet[map[string]sheet[int]]](), "sheetOfMapOfSheetOfInt"},
		{reflect.TypeFor[pair[int, pair[string, flat]]](), "pairOfIntAndPairOfStringAndFlat"},
		{reflect.TypeFor[sheet[struct{ A, B int }]](), "sheetOfStruct___A_int__B_int__"},
	} {
		if got := (&form{t: test.t}).name(map[string]bool{}); got != test.want {
			t.Errorf("%v is called %q, want %q", test.t, got, test.want)
		}
	}
	type Context struct{ A int }
	text, err := Of[struct {
		A, B Context
		C, D struct {
			E, F pair[Context, context.Context]
		}
	}]()
	if err == nil || !strings.Contains(err.Error(), "context.Context") {
		t.Errorf("an interface with methods gave %s, %v", text, err)
	}
	taken := map[string]bool{"flat": true, "schema.flat": true}
	if got := (&form{t: reflect.TypeFor[flat]()}).name(taken); got != "schema.flat2" {
		t.Errorf("the third of a name is called %q", got)
	}
}

type silent struct{ a int }

type Recursive struct{ *Recursive }

type extended struct{ A int }

func (extended) JSONSchemaExtend(any) {}

type broken struct{ A int }

func (broken) JSONSchema() string { return `{"typ":"string"}` }

type referring struct{ A int }

func (referring) JSONSchema() []byte { return []byte(`{"$ref":"#/$defs/a","$defs":{"a":true}}`) }

type parametric struct{ A int }

func (parametric) JSONSchema(int) []byte { return nil }

type empty string

func (empty) JSONSchemaEnum() []any { return nil }

type strange string

func (strange) JSONSchemaEnum() []any { return []any{"a", 1} }

func TestTypesThatHaveNoSchema(t *testing.T) {
	for _, test := range []struct {
		name string
		of   func() ([]byte, error)
		want string
	}{
		{"a channel", Of[chan int], "chan int"},
		{"a duration that is written", Written[time.Duration], "time.Duration can't become JSON"},
		{"a value that is written", Written[Value], "schema.Value can't become JSON"},
		{"an embedded type that is one member", Written[struct {
			time.Time
			big.Int
		}], "time.Time"},
		{"a function that is written", Written[struct{ F func() }], "(field F of struct { F func() })"},
		{"a name twice", func() ([]byte, error) {
			return schemaOf(reflect.StructOf([]reflect.StructField{
				{Name: "A", Type: reflect.TypeFor[int](), Tag: `json:"x"`}, {Name: "B", Type: reflect.TypeFor[int](), Tag: `json:"x"`},
			}), true)
		}, `two fields that are both called "x"`},
		{"nothing exported", Written[silent], "only fields that aren't exported"},
		{"what embeds itself", Written[Recursive], "embeds itself"},
		{"a tag on what isn't exported", func() ([]byte, error) {
			return schemaOf(reflect.StructOf([]reflect.StructField{{Name: "a", PkgPath: "schema", Type: reflect.TypeFor[int](), Tag: `json:"a"`}}), true)
		}, "has a json tag but isn't exported"},
		{"an option of json/v2", Written[struct {
			A []byte `json:"a,format:hex"`
		}], "format:hex"},
		{"keys that aren't texts", Written[map[bool]int], "can't become a member's name"},
		{"a method that others call", Of[extended], "JSONSchemaExtend, which isn't called here"},
		{"a schema of its own that is wrong", Of[broken], `the JSONSchema method of schema.broken: unknown keyword "typ"; did you mean "type"?`},
		{"a schema of its own that refers", Of[referring], "$ref and $anchor mean nothing"},
		{"a method of another form", Of[parametric], "want func() []byte"},
		{"no values at all", Of[empty], "lists no values"},
		{"values of another kind", Of[strange], "schema.strange is a string in JSON, not a number"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text, err := test.of()
			if err == nil {
				t.Fatalf("got %s", text)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
	var _ = silent{}.a
}

func TestTagsThatAreRefused(t *testing.T) {
	type named struct{ A int }
	for _, test := range []struct {
		name string
		of   func() ([]byte, error)
		want string
	}{
		{"a misspelt word", Of[struct {
			A string `jsonschema:"minLenght=3"`
		}], `unknown word "minLenght"; did you mean "minLength"? (field A of `},
		{"a comma in a text", Of[struct {
			A string `jsonschema:"description=this, and that"`
		}], `unknown word " and that"; a comma inside a text is written \\`},
		{"a pattern of a number", Of[struct {
			A int `jsonschema:"pattern=^x"`
		}], "pattern is for a string, and int is a number in JSON"},
		{"a bound of a text", Of[struct {
			A string `jsonschema:"minimum=1"`
		}], "minimum is for a number"},
		{"a bound that the type doesn't hold", Of[struct {
			A uint8 `jsonschema:"minimum=300"`
		}], "minimum: 300: uint8 holds 0 to 255"},
		{"a bound with a fraction", Of[struct {
			A int `jsonschema:"maximum=1.5"`
		}], "int has no fraction"},
		{"bounds the wrong way round", Of[struct {
			A int `jsonschema:"minimum=5,maximum=4"`
		}], "minimum is above maximum"},
		{"lengths the wrong way round", Of[struct {
			A string `jsonschema:"minLength=5,maxLength=4"`
		}], "minLength is above maxLength"},
		{"a step of zero", Of[struct {
			A int `jsonschema:"multipleOf=0"`
		}], "want a number above zero"},
		{"a negative length", Of[struct {
			A string `jsonschema:"minLength=-1"`
		}], "want a whole number from 0"},
		{"a length of an array", Of[struct {
			A [3]int `jsonschema:"minItems=1"`
		}], "[3]int has a length already"},
		{"a pattern that is none", Of[struct {
			A string `jsonschema:"pattern=("`
		}], "isn't a regular expression of ECMA-262"},
		{"a pattern that RE2 reads in another way", Of[struct {
			A string `jsonschema:"pattern=(?=a)"`
		}], "means something else here than in ECMA-262"},
		{"a pattern of base64", Of[struct {
			A []byte `json:",format:base64" jsonschema:"pattern=^a"`
		}], "would be about the base64"},
		{"a pattern of bytes", Of[struct {
			A []byte `jsonschema:"pattern=^a"`
		}], "pattern isn't for bytes"},
		{"an example of bytes", Of[struct {
			A []Blob `jsonschema:"enum=x"`
		}], "enum isn't for bytes"},
		{"lengths of bytes the wrong way round", Of[struct {
			A []byte `jsonschema:"minLength=5,maxLength=4"`
		}], "minLength is above maxLength"},
		{"a length of bytes twice", Of[struct {
			A []byte `jsonschema:"maxLength=5,maxLength=5"`
		}], "maxLength is given twice"},
		{"a media type of text", Of[struct {
			A string `jsonschema:"mediaType=text/plain"`
		}], "mediaType is for bytes"},
		{"a media type in capitals", Of[struct {
			A Blob `jsonschema:"mediaType=image/PNG"`
		}], "want type/subtype in lower case"},
		{"a media type with parameters", Of[struct {
			A Blob `jsonschema:"mediaType=text/plain;charset=utf-8"`
		}], "want type/subtype in lower case"},
		{"any media type and one", Of[struct {
			A Blob `jsonschema:"mediaType=any,mediaType=image/png"`
		}], "mediaType=any says all"},
		{"a media type and any", Of[struct {
			A Blob `jsonschema:"mediaType=image/png,mediaType=any"`
		}], "mediaType=any says all"},
		{"a media type twice", Of[struct {
			A Blob `jsonschema:"mediaType=image/png,mediaType=image/png"`
		}], "a type is named once"},
		{"a media type that a []byte isn't written with", Written[struct {
			A []byte `jsonschema:"mediaType=image/png"`
		}], "is written as application/octet-stream; take a schema.Blob"},
		{"a member called $bytes", Of[struct {
			A int `json:"$bytes"`
		}], "names bytes beside the text"},
		{"base64 of what isn't bytes", Of[struct {
			A string `json:",format:base64"`
		}], "format:base64 is for []byte, not for string"},
		{"an unknown format", Of[struct {
			A string `jsonschema:"format=emial"`
		}], `unknown format "emial"; did you mean "email"?`},
		{"another format than the type's", Of[struct {
			A time.Time `jsonschema:"format=date"`
		}], "time.Time has the format date-time, not date"},
		{"a default of another kind", Of[struct {
			A int `jsonschema:"default=many"`
		}], `default: "many" is no JSON value; want a number`},
		{"an enum with what doesn't fit", Of[struct {
			A int8 `jsonschema:"enum=1,enum=200"`
		}], "enum: 200: int8 holds -128 to 127"},
		{"a word without its value", Of[struct {
			A string `jsonschema:"pattern"`
		}], "pattern needs a value"},
		{"a flag with a value", Of[struct {
			A []int `jsonschema:"uniqueItems=false"`
		}], "uniqueItems stands alone"},
		{"a word twice", Of[struct {
			A string `jsonschema:"maxLength=1,maxLength=2"`
		}], "maxLength is given twice"},
		{"a description twice", Of[struct {
			A string `jsonschema:"description=a" jsonschema_description:"b"`
		}], "description is given twice"},
		{"a word that only others read", Of[struct {
			A string `jsonschema:"nullable"`
		}], "make the field a pointer"},
		{"a field that is hidden from the schema", Of[struct {
			A string `jsonschema:"-"`
		}], `write json:"-"`},
		{"keywords of one's own", Of[struct {
			A string `jsonschema_extras:"a=b"`
		}], "jsonschema_extras isn't read here"},
		{"a tag below a list", Of[[]struct {
			A named `jsonschema:"pattern=^x"`
		}], "and schema.named is an object in JSON"},
		{"a tag of what takes anything", Of[struct {
			A any `jsonschema:"pattern=^x"`
		}], "is any value in JSON"},
		{"a result's tag", Written[struct {
			A int `jsonschema:"pattern=^x"`
		}], "pattern is for a string"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text, err := test.of()
			if err == nil {
				t.Fatalf("got %s", text)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}

const (
	octets  = `"const":"application/octet-stream"`
	anyType = `"type":"string"`
)

func bytesSchema(least int, most, mediaType string) string {
	return fmt.Sprintf(`"type":"object","required":["$bytes","type"],"properties":{"$bytes":{"type":"integer","minimum":%d%s},"type":{%s}},"additionalProperties":false`, least, most, mediaType)
}

func TestBase64Format(t *testing.T) {
	for text, want := range map[string]bool{
		"": true, "AA==": true, "AAA=": true, "AAAA": true, "+/+/": true, "AAAAAA==": true,
		"A": false, "AA": false, "AAA": false, "A===": false, "====": false, "AB==": false, "AAB=": false, "AA==AAAA": false,
		"AAA\n": false, "AAAA\n": false, "AA-_": false, "AA =": false, "=AAA": false, "A=A=": false,
	} {
		if _, err := base64Strict.DecodeString(text); !strings.Contains(text, "\n") && (err == nil) != want {
			t.Errorf("%q: the test itself is wrong", text)
		}
		if isBase64(text) != want {
			t.Errorf("%q gives %v", text, !want)
		}
	}
}

func TestKeysOfIntegers(t *testing.T) {
	for _, test := range []struct {
		t   reflect.Type
		yes string
		no  string
	}{
		{reflect.TypeFor[int8](), "0 1 9 10 99 100 119 120 127 -1 -128 -100", "00 -0 +1 128 -129 1.0 200 1000 -200 a"},
		{reflect.TypeFor[uint8](), "0 1 255 249 199 99", "256 -1 260 300 1000"},
		{reflect.TypeFor[int32](), "2147483647 -2147483648 999999999 2147483640", "2147483648 -2147483649 10000000000"},
		{reflect.TypeFor[int64](), "9223372036854775807 -9223372036854775808", "00 -0 123456789012345678901"},
		{reflect.TypeFor[uint64](), "18446744073709551615", "-1 123456789012345678901"},
	} {
		f := &form{}
		f.digits(integerBounds(test.t))
		for word := range strings.FieldsSeq(test.yes) {
			if !matches(f.pattern, word) || f.longest > 0 && len(word) > f.longest {
				t.Errorf("%v refuses %s", test.t, word)
			}
		}
		for word := range strings.FieldsSeq(test.no) {
			if matches(f.pattern, word) && (f.longest == 0 || len(word) <= f.longest) {
				t.Errorf("%v takes %s", test.t, word)
			}
		}
	}
}

func TestManyKeysAreTaken(t *testing.T) {
	text, err := Of[map[int64]bool]()
	if err != nil {
		t.Fatal(err)
	}
	c, err := compile("x", text)
	if err != nil {
		t.Fatal(err)
	}
	many := map[int64]bool{}
	for i := range int64(4096) {
		many[1e15+i] = true
	}
	doc, err := jsonv2.Marshal(many)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.validate(mustParse(t, string(doc))); err != nil {
		t.Error(err)
	}
}
