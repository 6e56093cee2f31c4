package schema

import (
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

type saveArgs struct {
	Path string   `json:"path"`
	Tags []string `json:"tags"`
	Size int      `json:"size"`
	At   *struct {
		Line uint8 `json:"line"`
	} `json:"at,omitempty"`
}

func setOf(t testing.TB, side Side, text string) *Set {
	t.Helper()
	set, err := Compile(fstest.MapFS{"notes/x." + side.String() + ".json": {Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// closed is an object schema with those properties and no others.
func closed(properties string, more ...string) string {
	return `{"type":"object","additionalProperties":false,"properties":{` + properties + `}` + strings.Join(more, "") + `}`
}

const saveProperties = `"path":{"type":"string"},"tags":{"type":"array","items":{"type":"string"}},"size":{"type":"integer"},` +
	`"at":{"type":["object","null"],"required":["line"],"additionalProperties":false,"properties":{"line":{"type":"integer","minimum":0,"maximum":255}}}`

func saves(old, new string) string { return closed(strings.Replace(saveProperties, old, new, 1)) }

// none marks a schema and a type that agree.
const none = ""

func TestDriftOfWhatIsTaken(t *testing.T) {
	save := Drift[saveArgs]
	for _, test := range []struct {
		name   string
		schema string
		drift  func(*Set, Side, string) error
		want   string
	}{
		{"the same", closed(saveProperties), save, none},
		{"with patterns, lengths and descriptions", saves(`{"type":"string"}`, `{"type":"string","pattern":"^a","maxLength":5,"description":"x"}`), save, none},
		{"an open schema", `{"type":"object","properties":{` + saveProperties + `}}`, save, none},
		{"anything", `true`, save, none},
		{"nothing", `false`, save, none},
		{"no type", saves(`"path":{"type":"string"}`, `"path":{"minLength":1}`), save, none},

		{"a member that the type lacks", saves(`"path"`, `"PATH":{"type":"string"},"path"`), save,
			`SaveArgs: the schema describes "PATH", and schema.saveArgs has no such member; name it in a json tag, letter by letter`},
		{"a member that the type lacks, and the schema forbids", saves(`"path"`, `"PATH":false,"path"`), save, none},
		{"a required member that the type lacks", `{"type":"object","required":["owner"]}`, save, `describes "owner"`},
		{"a member that the type lacks, in allOf", closed(saveProperties, `,"allOf":[{"properties":{"owner":{"type":"string"}}}]`), save, none},
		{"a member that the type lacks, in an open allOf", `{"type":"object","allOf":[{"properties":{"owner":{"type":"string"}}}]}`, save, `describes "owner"`},
		{"a member that the type lacks, behind a reference", `{"$ref":"#/$defs/a","$defs":{"a":{"type":"object","properties":{"owner":true}}}}`, save, `describes "owner"`},
		{"a member that the type lacks, behind an anchor", `{"$ref":"#a","$defs":{"a":{"$anchor":"a","type":"object","properties":{"owner":true}}}}`, save, `describes "owner"`},
		{"a member that the type lacks, in then", `{"type":"object","if":{"required":["size"]},"then":{"properties":{"owner":true}}}`, save, `describes "owner"`},
		{"a member that the type lacks, in one of anyOf", `{"type":"object","anyOf":[{"required":["path"]},{"required":["owner"]}]}`, save, `describes "owner"`},
		{"members by a pattern", `{"type":"object","patternProperties":{"^x-":{"type":"string"}}}`, save, "by a pattern or by no name"},
		{"members by a pattern that the type has", `{"type":"object","patternProperties":{"^pa":{"type":"string"}}}`, save, none},
		{"members by a pattern that are of another type", `{"type":"object","patternProperties":{"^pa":{"type":"integer"}}}`, save, "SaveArgs.Path: the schema takes a number"},
		{"members of any name", `{"type":"object","properties":{` + saveProperties + `},"additionalProperties":{"type":"string"}}`, save, "by no name"},

		{"a field that the schema never takes", saves(`"path":{"type":"string"},`, ``), save, `SaveArgs.Path: the schema never takes a member "path", so that the field would always be zero`},
		{"a field that the schema forbids", saves(`"path":{"type":"string"}`, `"path":false`), save, `SaveArgs.Path: the schema never takes`},
		{"a field that one of two takes", `{"oneOf":[` + closed(`"path":{"type":"string"},"tags":true,"size":true`) + `,` + closed(`"at":true`) + `]}`, save, none},
		{"a field that none of two takes", `{"oneOf":[` + closed(`"path":{"type":"string"}`) + `,` + closed(`"at":true`) + `]}`, save, "SaveArgs.Tags: the schema never takes"},
		{"a field that unevaluatedProperties forbids", `{"type":"object","unevaluatedProperties":false,"properties":{"path":true,"tags":true,"size":true}}`, save, `SaveArgs.At: the schema never takes`},
		{"a field that unevaluatedProperties spares", `{"type":"object","unevaluatedProperties":false,"properties":{"path":true,"tags":true,"size":true},"allOf":[{"properties":{"at":true}}]}`, save, none},

		{"another type", saves(`"path":{"type":"string"}`, `"path":{"type":"integer"}`), save, "SaveArgs.Path: the schema takes a number, and string is a string"},
		{"one type too many", saves(`"path":{"type":"string"}`, `"path":{"type":["string","boolean"]}`), save, "the schema takes a boolean"},
		{"null where there is no nil", saves(`"path":{"type":"string"}`, `"path":{"type":["string","null"]}`), save, "the schema takes null, and string is a string; a pointer takes null"},
		{"null by a way of its own", saves(`"path":{"type":"string"}`, `"path":{"anyOf":[{"type":"string"},{"type":"null"}]}`), save, "takes null"},
		{"null that another part excludes", saves(`"path":{"type":"string"}`, `"path":{"type":["string","null"],"allOf":[{"type":"string"}]}`), save, none},
		{"null that not excludes", saves(`"path":{"type":"string"}`, `"path":{"type":["string","null"],"not":{"type":"null"}}`), save, none},
		{"null for a list", saves(`"type":"array"`, `"type":["array","null"]`), save, none},
		{"another type in a list", saves(`"items":{"type":"string"}`, `"items":{"type":"object"}`), save, "SaveArgs.Tags[]: the schema takes an object"},
		{"another type at the head of a list", saves(`"items":{"type":"string"}`, `"prefixItems":[{"type":"string"},{"type":"boolean"}],"items":{"type":"string"}`), save, "SaveArgs.Tags[1]: the schema takes a boolean"},
		{"a nested member that the type lacks", saves(`"properties":{"line"`, `"properties":{"column":true,"line"`), save, `SaveArgs.At: the schema describes "column"`},

		{"numbers with a fraction", saves(`"size":{"type":"integer"}`, `"size":{"type":"number"}`), save, "SaveArgs.Size: the schema takes numbers with a fraction"},
		{"numbers in whole steps", saves(`"size":{"type":"integer"}`, `"size":{"type":"number","multipleOf":5}`), save, none},
		{"whole numbers for a float", `{"type":"integer"}`, Drift[float64], none},
		{"a bound beyond a byte", saves(`"maximum":255`, `"maximum":256`), save, "SaveArgs.At.Line: the schema's maximum is 256, and uint8 holds 0 to 255"},
		{"an excluded bound just beyond a byte", saves(`"maximum":255`, `"exclusiveMaximum":256`), save, none},
		{"a bound below zero", saves(`"minimum":0`, `"minimum":-1`), save, "the schema's minimum is -1"},
		{"no bound of a byte", saves(`,"maximum":255`, ``), save, "the schema has no maximum, and uint8 holds 0 to 255"},
		{"a bound in another part", saves(`"maximum":255`, `"allOf":[{"maximum":255}]`), save, none},
		{"no lower bound of an unsigned number", `{"type":"integer"}`, Drift[uint64], "the schema has no minimum"},
		{"no upper bound of an unsigned number", `{"type":"integer","minimum":0}`, Drift[uint64], none},
		{"a bound beyond 64 bits", `{"type":"integer","maximum":9223372036854775808}`, Drift[int64], "maximum is 9223372036854775808"},

		{"an enum that fits", saves(`"path":{"type":"string"}`, `"path":{"enum":["a","b"]}`), save, none},
		{"an enum with what does not", saves(`"path":{"type":"string"}`, `"path":{"enum":["a",1]}`), save, "SaveArgs.Path: the schema takes 1, and string is a string in JSON, not a number"},
		{"an enum with what its type excludes", saves(`"path":{"type":"string"}`, `"path":{"type":"string","enum":["a",1]}`), save, none},
		{"an enum with what another excludes", saves(`"path":{"type":"string"}`, `"path":{"enum":["a",1],"allOf":[{"enum":["a","b"]}]}`), save, none},
		{"a constant that does not fit", saves(`"line":{"type":"integer","minimum":0,"maximum":255}`, `"line":{"const":300}`), save, "the schema takes 300, and uint8 holds 0 to 255"},
		{"texts that the type does not read", `{"enum":["a","z"]}`, Drift[grade], `the schema takes "z", and JSONSchemaEnum of schema.grade doesn't list it`},
		{"texts that an address is not", `{"enum":["::1","localhost"]}`, Drift[netip.Addr], `the schema takes "localhost", and the value itself can't become netip.Addr`},
		{"a value that the type does not list", `{"enum":["red","green"]}`, Drift[colour], `the schema takes "green"`},
		{"all texts for a type that lists its values", `{"type":"string"}`, Drift[colour], `the schema takes any string, and JSONSchemaEnum of schema.colour lists ["red","blue"]`},

		{"another format than the type's", `{"type":"string","format":"date"}`, Drift[time.Time], `the schema takes texts of the format "date"`},
		{"the type's format", `{"type":"string","format":"date-time"}`, Drift[time.Time], none},
		{"texts for bytes", `{"type":"string"}`, Drift[[]byte], `the schema takes a string, and []uint8 is bytes beside the text; write format:base64`},
		{"texts for bytes in base64", `{"type":"object","properties":{"B":{"type":"string"}}}`, Drift[struct {
			B []byte `json:",format:base64"`
		}], none},
		{"bytes for base64", `{"type":"object","properties":{"B":{` + bytesSchema(0, "", octets) + `}}}`, Drift[struct {
			B []byte `json:",format:base64"`
		}], "B: the schema takes an object"},
		{"bytes", `{` + bytesSchema(0, `,"maximum":100`, `"enum":["image/png"]`) + `}`, Drift[[]byte], none},
		{"bytes without a lower bound", `{"type":"object","required":["type","$bytes"],"properties":{"$bytes":{"maximum":100},"type":true}}`, Drift[Blob], none},
		{"bytes that needn't be", `{"type":"object","required":["type"],"properties":{"$bytes":{"maximum":100},"type":true}}`, Drift[Blob], "takes an object that stands for no bytes"},
		{"an object for bytes", `{"type":"object"}`, Drift[Blob], "takes an object that stands for no bytes"},
		{"more than bytes", `{"type":"object","required":["$bytes"],"properties":{"$bytes":true,"name":true}}`, Drift[Blob], `describes "name", and bytes beside the text have $bytes and type only`},
		{"bytes of a type that is no text", `{"type":"object","required":["$bytes"],"properties":{"type":{"type":"integer"}}}`, Drift[Blob], "Blob.type: the schema takes a number"},
		{"bytes for a struct", `{` + bytesSchema(0, "", octets) + `}`, save, "the schema takes bytes beside the text, and schema.saveArgs isn't bytes; take a []byte or schema.Blob"},
		{"bytes for a map", `{` + bytesSchema(0, "", octets) + `}`, Drift[map[string]any], "takes bytes beside the text"},
		{"null for bytes", `{` + strings.Replace(bytesSchema(0, "", octets), `"object"`, `["object","null"]`, 1) + `}`, Drift[[]byte], none},
		{"null for a blob", `{` + strings.Replace(bytesSchema(0, "", octets), `"object"`, `["object","null"]`, 1) + `}`, Drift[Blob], "the schema takes null"},
		{"a list for bytes", `{"type":"array"}`, Drift[[]byte], "takes an array"},
		{"a list of any length for an array", `{"type":"array"}`, Drift[[2]int], "exactly 2 elements"},
		{"a list of that length for an array", `{"type":"array","minItems":2,"maxItems":2}`, Drift[[2]int], none},

		{"a key that is no number", `{"type":"object","properties":{"a":true}}`, Drift[map[int]string], `the schema takes a member "a", which is no key of map[int]string`},
		{"a key that is one", `{"type":"object","properties":{"-1":true}}`, Drift[map[int]string], none},
		{"values of another type in a map", `{"type":"object","additionalProperties":{"type":"integer"}}`, Drift[map[string]string], "value[]: the schema takes a number"},
		{"a member of another type in a map", `{"type":"object","properties":{"a":{"type":"integer"}}}`, Drift[map[string]string], `value["a"]: the schema takes a number`},

		{"what decodes itself", `{"type":"array"}`, Drift[self], none},
		{"what takes anything", `{"type":"array"}`, Drift[json.RawMessage], none},
		{"no arguments by null", `{"type":["object","null"],"additionalProperties":false}`, Drift[struct{}], none},
		{"a number in a text", `{"type":"object","properties":{"Q":{"type":"integer"}}}`, Drift[struct {
			Q int `json:",string"`
		}], "Q: the schema takes a number"},
		{"recursion on both sides", `{"type":"object","properties":{"name":{"type":"string"},"kids":{"type":"array","items":{"$ref":"#"}},"by":{"type":"object","additionalProperties":{"$ref":"#"}},"next":{"anyOf":[{"$ref":"#"},{"type":"null"}]}}}`, Drift[branch], none},
		{"drift below recursion", `{"type":"object","properties":{"kids":{"type":"array","items":{"anyOf":[{"$ref":"#"},{"type":"string"}]}}}}`, Drift[branch], "Branch.Kids[]: the schema takes a string"},
		{"references that never end", `{"$ref":"#/$defs/a","$defs":{"a":{"allOf":[{"$ref":"#/$defs/b"}]},"b":{"type":"object","properties":{"a":{"$ref":"#/$defs/a"}}}}}`, Drift[any], none},
	} {
		t.Run(test.name, func(t *testing.T) {
			checkDrift(t, test.drift(setOf(t, Input, test.schema), Input, "x"), test.want)
		})
	}
}

func TestDriftOfWhatIsWritten(t *testing.T) {
	type note struct {
		Path string    `json:"path"`
		At   time.Time `json:"at"`
		More *string   `json:"more,omitempty"`
	}
	const properties = `"path":{"type":"string"},"at":{"type":"string","format":"date-time"},"more":{"type":"string"}`
	notes := Drift[note]
	for _, test := range []struct {
		name   string
		schema string
		drift  func(*Set, Side, string) error
		want   string
	}{
		{"the same", closed(properties, `,"required":["path","at"]`), notes, none},
		{"anything", `true`, notes, none},
		{"nothing", `false`, notes, "the schema takes nothing at all"},
		{"a member that the type lacks", `{"type":"object","required":["owner"]}`, notes, `Note: the schema requires "owner", and schema.note has no such member`},
		{"a member that the type lacks, and may", `{"type":"object","properties":{"owner":true}}`, notes, none},
		{"a member that the schema never takes", closed(`"path":true,"more":true`), notes, `Note.At: it is written as "at", which the schema never takes`},
		{"a member that is left out at times, and never taken", closed(`"path":true,"at":true`), notes, `Note.More: it is written as "more", which the schema never takes`},
		{"another type", closed(`"path":{"type":"integer"},"at":true,"more":true`), notes, "Note.Path: the schema takes a number, and string is written as a string"},
		{"null beside", closed(`"path":{"type":["string","null"]},"at":true,"more":true`), notes, none},
		{"one of two that fits", `{"anyOf":[{"type":"string"},` + closed(properties) + `]}`, notes, none},
		{"two that do not fit", `{"anyOf":[{"type":"string"},{"type":"object","required":["owner"]}]}`, notes, "the schema takes a string"},
		{"each of two takes another member", `{"oneOf":[` + closed(`"a":true`, `,"required":["a"]`) + `,` + closed(`"b":true`, `,"required":["b"]`) + `]}`, Drift[struct {
			A string `json:"a,omitempty"`
			B string `json:"b,omitempty"`
		}], none},
		{"each of two takes one member of two that are always there", `{"oneOf":[` + closed(`"a":true`) + `,` + closed(`"b":true`) + `]}`, Drift[struct {
			A string `json:"a"`
			B string `json:"b"`
		}], `it is always written as "b", which the schema doesn't take`},
		{"a member of another type in both of two ways", `{"type":"object","properties":{"path":{"type":"integer"}},"anyOf":[{"required":["path"]},{"required":["at"]}]}`, notes, "Note.Path: the schema takes a number"},
		{"a list of others", `{"type":"array","items":{"type":"integer"}}`, Drift[[]note], "value[]: the schema takes a number, and schema.note is written as an object"},
		{"an object for a list", `{"type":"object"}`, Drift[[]note], "[]schema.note is written as an array"},
		{"a list that may only be empty", `{"type":"array","items":false}`, Drift[[]note], none},
		{"too long a list for an array", `{"type":"array","minItems":3}`, Drift[[2]int], "the schema wants 3 elements, and [2]int has 2"},
		{"too short a list for an array", `{"type":"array","maxItems":1}`, Drift[[2]int], "the schema takes 1 elements"},
		{"an array of bytes is a text", `{"type":"array"}`, Drift[[2]byte], "[2]uint8 is written as a string"},
		{"a fraction", `{"type":"integer"}`, Drift[float64], none},
		{"bounds beyond the type", `{"type":"integer","minimum":256}`, Drift[uint8], "the schema takes 256 and more, and uint8 holds 0 to 255"},
		{"bounds below the type", `{"type":"integer","maximum":-1}`, Drift[uint8], "the schema takes -1 and less"},
		{"no bounds", `{"type":"integer"}`, Drift[uint8], none},
		{"an enum", `{"enum":["a","b"]}`, Drift[string], none},
		{"an enum of another type", `{"enum":[1,2]}`, Drift[string], "certain values only, and string is none of them"},
		{"an enum that lacks a value of the type", `{"enum":["red"]}`, Drift[colour], `JSONSchemaEnum of schema.colour lists "blue", which the schema doesn't take`},
		{"bounds that a value of the type breaks", `{"type":"integer","maximum":9}`, Drift[level], "lists 10, which is more"},
		{"nil", `{"type":"null"}`, Drift[*note], none},
		{"nil, where there is none", `{"type":"null"}`, Drift[note], "the schema takes null, and schema.note is written as an object"},
		{"what writes itself", `{"type":"array"}`, Drift[json.RawMessage], none},
		{"bytes", `{` + bytesSchema(0, `,"maximum":9`, octets) + `}`, Drift[[]byte], none},
		{"bytes of any type", `{` + bytesSchema(0, "", `"const":"image/png"`) + `}`, Drift[Blob], none},
		{"bytes of another type", `{` + bytesSchema(0, "", `"const":"image/png"`) + `}`, Drift[[]byte], "[]uint8 is written as application/octet-stream, which the schema doesn't take; take a schema.Blob"},
		{"bytes of several types", `{` + bytesSchema(0, "", `"enum":["image/png","application/octet-stream"]`) + `}`, Drift[[]byte], none},
		{"bytes of a size that there isn't", `{"type":"object","properties":{"$bytes":{"maximum":-1}}}`, Drift[[]byte], "value.$bytes: the schema takes -1 and less"},
		{"bytes that are forbidden", `{"type":"object","properties":{"type":true},"additionalProperties":false}`, Drift[[]byte], `"$bytes", as bytes beside the text have it, is nothing that the schema takes`},
		{"more than bytes", `{"type":"object","required":["name"]}`, Drift[Blob], `describes "name"`},
		{"texts for bytes", `{"type":"string"}`, Drift[Blob], "schema.Blob is written as bytes beside the text"},
		{"bytes for a struct", `{` + bytesSchema(0, "", octets) + `}`, notes, "takes bytes beside the text, and schema.note isn't bytes"},
		{"bytes for a map", `{` + bytesSchema(0, "", octets) + `}`, Drift[map[string]int], "takes bytes beside the text"},
		{"a number as its literal is a text", `{"type":"number"}`, Drift[json.Number], "json.Number is written as a string"},
		{"values of a map", `{"type":"object","additionalProperties":{"type":"integer"}}`, Drift[map[string]string], "value[]: the schema takes a number"},
		{"what has no form", `{"type":"integer"}`, Drift[chan int], "chan int can't become JSON"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, side := range []Side{Output, Event, Channel} {
				checkDrift(t, test.drift(setOf(t, side, test.schema), side, "x"), test.want)
			}
		})
	}
}

func checkDrift(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == none && err != nil:
		t.Errorf("it found %v", err)
	case want != none && err == nil:
		t.Error("it found nothing")
	case err != nil && !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(want)):
		t.Errorf("it found %v, want %q in it", err, want)
	}
}

func TestDriftNamesBothSides(t *testing.T) {
	set := setOf(t, Input, "{\n\"type\":\"object\",\n\"properties\":{\n\"path\":{\n\"type\":\"integer\"}}}")
	err := Drift[saveArgs](set, Input, "x")
	want := "schema: notes/x.input.json:5: drift from the Go type schema.saveArgs: saveArgs.Path: the schema takes a number, and string is a string; change one of them"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if e, ok := errors.AsType[*DriftError](err); !ok || e.File != "notes/x.input.json" || e.Line != 5 || e.Field != "saveArgs.Path" {
		t.Errorf("got %#v", err)
	}
	if err := Drift[saveArgs](set, Output, "x"); !errors.Is(err, ErrNoSchema) {
		t.Errorf("of no schema: %v", err)
	}
}

// No type drifts from its own schema, whatever it is.
func TestATypeAndItsOwnSchemaAgree(t *testing.T) {
	for _, c := range typeCases() {
		for side, of := range map[Side]func() ([]byte, error){Input: c.of, Output: c.written} {
			text, err := of()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.drift(setOf(t, side, string(text)), side, "x"); err != nil {
				t.Errorf("%v: %v", side, err)
			}
		}
	}
}

// A schema of many ways is left alone before it costs much.
func TestManyWaysAreLeftAlone(t *testing.T) {
	var parts []string
	for range 30 {
		parts = append(parts, `{"anyOf":[{"minLength":1},{"minLength":2}]}`)
	}
	set := setOf(t, Input, `{"type":"string","allOf":[`+strings.Join(parts, ",")+`]}`)
	var err error
	took, all := heldBy(func() { err = Drift[int](set, Input, "x") })
	if err != nil {
		t.Errorf("it found %v", err)
	}
	if took > hang || all > 64<<20 {
		t.Errorf("it took %v and %d MiB", took, all>>20)
	}
}

func TestSourcesThatLieInNoFile(t *testing.T) {
	set := setOf(t, Input, `true`)
	origin := "the schema of notes.SaveArgs (input of y)"
	more, err := set.WithSources(Source{Side: Input, Name: "y", Origin: origin, Text: []byte(`{"type":"string"}`)})
	if err != nil {
		t.Fatal(err)
	}
	if !more.HasInput("x") || !more.HasInput("y") || set.HasInput("y") || more.File(Input, "y") != origin || more.Revision() == set.Revision() {
		t.Errorf("got %v with %q", more.Names(Input), more.File(Input, "y"))
	}
	for _, test := range []struct {
		name   string
		source Source
		want   string
	}{
		{"a second one", Source{Input, "X", origin, []byte("true")}, "schema: " + origin + ": the same name and side as notes/x.input.json"},
		{"no side", Source{0, "y", origin, []byte("true")}, "Side is none"},
		{"a name that is none", Source{Input, "../y", origin, []byte("true")}, "can't name a command"},
		{"a schema that is none", Source{Input, "y", origin, []byte("{\n\"enum\":[]}")}, "schema: " + origin + ":2: enum must list"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := set.WithSources(test.source); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}
