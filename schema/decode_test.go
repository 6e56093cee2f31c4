package schema

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

type inner struct {
	City string `json:"city"`
}

type Shared struct {
	ID   int    `json:"id"`
	Note string `json:"note"`
}

type chain struct {
	Name string  `json:"name"`
	Next *chain  `json:"next"`
	Kids []chain `json:"kids"`
}

type all struct {
	Shared
	*Deep
	Path  string `json:"path"`
	Plain string // its own name
	Skip  string `json:"-"`
	//lint:ignore SA5008 a member that is named by a hyphen is what the test is about
	Dash   string             `json:"-,"`
	Int    int8               `json:"int,omitempty"`
	Uint   uint16             `json:"uint,omitzero"`
	Float  float32            `json:"float"`
	Quoted int64              `json:"quoted,string"`
	Bytes  []byte             `json:"bytes,format:base64"`
	When   time.Time          `json:"when"`
	Addr   *netip.Addr        `json:"addr"`
	List   []int              `json:"list"`
	Pair   [2]bool            `json:"pair"`
	Map    map[string]inner   `json:"map"`
	ByInt  map[int8]string    `json:"by_int"`
	ByAddr map[netip.Addr]int `json:"by_addr"`
	Any    any                `json:"any"`
	Raw    json.RawMessage    `json:"raw"`
	Number json.Number        `json:"number"`
	Value  Value              `json:"value"`
	Big    *big.Int           `json:"big"`
	hidden string
}

type inBase64 struct {
	B []byte  `json:"b,format:base64"`
	P *[]byte `json:"p,format:base64"`
}

type Deep struct {
	Below  string `json:"below"`
	Beside int    `json:"beside"`
}

func TestDecodeFillsEveryKindOfField(t *testing.T) {
	var got all
	got.hidden, got.Skip = "stale", "stale"
	v := mustParse(t, `{"id":1,"note":"n","below":"b","beside":2,"path":"/ok","Plain":"p","-":"d","int":-128,"uint":65535,"float":0.5,"quoted":"-7",
		"bytes":"aGk=","when":"2026-01-02T03:04:05Z","addr":"::1","list":[1,2.0,3e0],"pair":[true,false],"map":{"a":{"city":"x"}},
		"by_int":{"-1":"m"},"by_addr":{"1.2.3.4":5},"any":{"n":9007199254740993,"l":[null,true,"s"]},"raw":{ "k" : [1] },
		"number":1.50,"value":[1],"big":123456789012345678901234567890}`)
	if err := Decode(v, &got); err != nil {
		t.Fatal(err)
	}
	addr := netip.MustParseAddr("::1")
	value, _ := v.Field("value")
	big, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	want := all{
		Shared: Shared{1, "n"}, Deep: &Deep{"b", 2}, Path: "/ok", Plain: "p", Dash: "d", Int: -128, Uint: 65535, Float: 0.5, Quoted: -7,
		Bytes: []byte("hi"), When: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Addr: &addr, List: []int{1, 2, 3}, Pair: [2]bool{true, false},
		Map: map[string]inner{"a": {"x"}}, ByInt: map[int8]string{-1: "m"}, ByAddr: map[netip.Addr]int{netip.MustParseAddr("1.2.3.4"): 5},
		Any: map[string]any{"n": json.Number("9007199254740993"), "l": []any{nil, true, "s"}}, Raw: json.RawMessage(`{ "k" : [1] }`),
		Number: "1.50", Value: value, Big: big,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// The hole that started this: a schema that looks at path, a struct that takes PATH.
func TestC1CaseVariantsFillNoField(t *testing.T) {
	type args struct {
		Path string `json:"path"`
	}
	const text = `{"path":"/ok","PATH":"/etc/shadow"}`
	s := mustCompile(t, "a.input.json", `{"properties":{"path":{"pattern":"^/ok"}}}`)
	if err := s.ValidateInput("a", mustParse(t, text)); err != nil {
		t.Fatalf("the schema is to let the variant pass: %v", err)
	}
	var folded args
	if err := json.Unmarshal([]byte(text), &folded); err != nil || folded.Path != "/etc/shadow" {
		t.Fatalf("encoding/json no longer shows the hole: %+v, %v", folded, err)
	}
	for _, text := range []string{
		text, `{"PATH":"/etc/shadow","path":"/ok"}`, `{"PATH":"/etc/shadow"}`, `{"path":"/ok","Path":"x"}`, `{"path":"/ok","pa_th":"x"}`,
		`{"path":"/ok","pa-th":"x"}`, `{"path":"/ok","path ":"x"}`, `{"path":"/ok","path\u0000":"x"}`, `{"path":"/ok","":"x"}`,
	} {
		var got args
		if err := Decode(mustParse(t, text), &got); err == nil || got.Path != "" {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	// Letters that only Unicode folds to those of a name: the long s and the Kelvin sign.
	type folding struct {
		S string `json:"s"`
		K string `json:"k"`
	}
	for _, text := range []string{`{"\u017f":"x"}`, `{"\u212a":"x"}`} {
		var got folding
		if err := Decode(mustParse(t, text), &got); err == nil {
			t.Errorf("%s: %+v", text, got)
		}
	}
	// Written with an escape it is the same name, as it is for the schema.
	var got args
	if err := Decode(mustParse(t, `{"p\u0061th":"/ok"}`), &got); err != nil || got.Path != "/ok" {
		t.Errorf("got %+v, %v", got, err)
	}
	// Nor does a map or an any fold.
	var all map[string]any
	if err := Decode(mustParse(t, text), &all); err != nil || all["path"] != "/ok" || all["PATH"] != "/etc/shadow" {
		t.Errorf("got %v, %v", all, err)
	}
}

func decodeInto[T any](text string) func(t *testing.T) (any, error) {
	return func(t *testing.T) (any, error) {
		var out T
		err := Decode(mustParse(t, text), &out)
		return out, err
	}
}

func TestDecodeTable(t *testing.T) {
	type pair struct{ A, B int }
	tests := []struct {
		name   string
		decode func(t *testing.T) (any, error)
		want   any    // nil: an error
		where  string // the error's pointer
	}{
		{"the largest int64", decodeInto[int64](`9223372036854775807`), int64(math.MaxInt64), ""},
		{"one more", decodeInto[int64](`9223372036854775808`), nil, ""},
		{"the smallest int64", decodeInto[int64](`-9223372036854775808`), int64(math.MinInt64), ""},
		{"one less", decodeInto[int64](`-9223372036854775809`), nil, ""},
		{"the largest uint64", decodeInto[uint64](`18446744073709551615`), uint64(math.MaxUint64), ""},
		{"one more for uint64", decodeInto[uint64](`18446744073709551616`), nil, ""},
		{"a negative for uint64", decodeInto[uint64](`-1`), nil, ""},
		{"minus zero for uint64", decodeInto[uint64](`-0`), uint64(0), ""},
		{"beyond what a float64 holds exactly", decodeInto[int64](`9007199254740993`), int64(9007199254740993), ""},
		{"a whole number with a fraction", decodeInto[int](`1.0`), 1, ""},
		{"a whole number with an exponent", decodeInto[int](`12e3`), 12000, ""},
		{"a whole number with a negative exponent", decodeInto[int](`1200e-2`), 12, ""},
		{"zero with an exponent", decodeInto[int](`0e400`), 0, ""},
		{"a fraction for an int", decodeInto[int](`1.5`), nil, ""},
		{"a small fraction for an int", decodeInto[int](`1e-400`), nil, ""},
		{"a large exponent for an int", decodeInto[int](`1e400`), nil, ""},
		{"300 for an int8", decodeInto[int8](`300`), nil, ""},
		{"256 for a byte", decodeInto[byte](`256`), nil, ""},
		{"an overflow for a float64", decodeInto[float64](`1e309`), nil, ""},
		{"an underflow for a float64", decodeInto[float64](`1e-400`), nil, ""},
		{"an overflow for a float32", decodeInto[float32](`1e39`), nil, ""},
		{"what JavaScript writes", decodeInto[float64](`0.30000000000000004`), 0.30000000000000004, ""},
		{"what JavaScript writes of a whole number", decodeInto[float64](`1152921504606847000`), float64(1 << 60), ""},
		{"the same, exactly", decodeInto[float64](`1152921504606846976`), float64(1 << 60), ""},
		{"a float64 with zeros at its end", decodeInto[float64](`0.50000000000000000000000`), 0.5, ""},
		{"the smallest float64", decodeInto[float64](`5e-324`), 5e-324, ""},
		{"what would be rounded up to a limit", decodeInto[float64](`99.99999999999999999`), nil, ""},
		{"what would be rounded down to a limit", decodeInto[float64](`100.0000000000000000001`), nil, ""},
		{"a whole number that would be rounded", decodeInto[float64](`9007199254740993`), nil, ""},
		{"a tiny number that would be rounded", decodeInto[float64](`7e-324`), nil, ""},
		{"a float32 rounds", decodeInto[float32](`0.30000000000000004`), float32(0.3), ""},
		{"zero as a float", decodeInto[float64](`-0.0e5`), math.Copysign(0, -1), ""},
		{"a string for an int", decodeInto[int](`"1"`), nil, ""},
		{"an int for a string", decodeInto[string](`1`), nil, ""},
		{"0 for a bool", decodeInto[bool](`0`), nil, ""},
		{"a number in a string", decodeInto[json.Number](`"1"`), nil, ""},

		{"null for an int", decodeInto[int](`null`), nil, ""},
		{"null for a string", decodeInto[string](`null`), nil, ""},
		{"null for a struct", decodeInto[pair](`null`), nil, ""},
		{"null for an array", decodeInto[[1]int](`null`), nil, ""},
		{"null for a time", decodeInto[time.Time](`null`), nil, ""},
		{"null for a pointer", decodeInto[*int](`null`), (*int)(nil), ""},
		{"null for a slice", decodeInto[[]int](`null`), []int(nil), ""},
		{"null for a map", decodeInto[map[string]int](`null`), map[string]int(nil), ""},
		{"null for a struct without fields", decodeInto[struct{}](`null`), struct{}{}, ""},
		{"an object for a struct without fields", decodeInto[struct{}](`{}`), struct{}{}, ""},
		{"a member for a struct without fields", decodeInto[struct{}](`{"a":1}`), nil, "/*"},

		{"an empty slice isn't nil", decodeInto[[]int](`[]`), []int{}, ""},
		{"an array too short", decodeInto[[2]int](`[1]`), nil, ""},
		{"an array too long", decodeInto[[2]int](`[1,2,3]`), nil, ""},
		{"an object for a slice", decodeInto[[]int](`{}`), nil, ""},
		{"an error in an element", decodeInto[[][]int](`[[1],[2,"x"]]`), nil, "/1/1"},
		{"an error in a member", decodeInto[map[string]pair](`{"EVIL":{"A":1,"B":"x"}}`), nil, "/*/B"},
		{"an unknown member", decodeInto[[]pair](`[{"A":1,"EVIL":2}]`), nil, "/0/*"},
		{"members by their Go names", decodeInto[pair](`{"A":1,"B":2}`), pair{1, 2}, ""},
		{"members by another case", decodeInto[pair](`{"a":1}`), nil, "/*"},
		{"a missing member is zero", decodeInto[pair](`{"B":2}`), pair{0, 2}, ""},

		{"base64", decodeInto[inBase64](`{"b":"AAH/"}`), inBase64{B: []byte{0, 1, 255}}, ""},
		{"base64 behind a pointer", decodeInto[inBase64](`{"p":"AAH/"}`), inBase64{P: &[]byte{0, 1, 255}}, ""},
		{"null for base64", decodeInto[inBase64](`{"b":null,"p":null}`), inBase64{}, ""},
		{"base64 without padding", decodeInto[inBase64](`{"b":"aGk"}`), nil, "/b"},
		{"base64 with stray bits", decodeInto[inBase64](`{"b":"aGl="}`), nil, "/b"},
		{"base64 with a line break", decodeInto[inBase64](`{"b":"aG\nk="}`), nil, "/b"},
		{"base64 for URLs", decodeInto[inBase64](`{"b":"_-_-"}`), nil, "/b"},
		{"numbers for bytes in base64", decodeInto[inBase64](`{"b":[1]}`), nil, "/b"},
		{"a time that is none", decodeInto[time.Time](`"2026-02-30T00:00:00Z"`), nil, ""},
		{"a time with a comma", decodeInto[time.Time](`"2026-01-02T03:04:05,5Z"`), nil, ""},
		{"a time with one digit for the hour", decodeInto[time.Time](`"2026-01-02T3:04:05Z"`), nil, ""},
		{"a time a day away", decodeInto[time.Time](`"2026-01-02T03:04:05+24:00"`), nil, ""},
		{"a time without its zone", decodeInto[time.Time](`"2026-01-02T03:04:05"`), nil, ""},
		{"a time with a fraction", decodeInto[time.Time](`"2026-01-02T03:04:05.5Z"`), time.Date(2026, 1, 2, 3, 4, 5, 5e8, time.UTC), ""},
		{"a number for a time", decodeInto[time.Time](`0`), nil, ""},

		{"an int key in its shortest form", decodeInto[map[int]int](`{"01":1}`), nil, "/*"},
		{"an int key with a plus", decodeInto[map[int]int](`{"+1":1}`), nil, "/*"},
		{"an int key that doesn't fit", decodeInto[map[int8]int](`{"300":1}`), nil, "/*"},
		{"an unsigned key", decodeInto[map[uint8]int](`{"7":1}`), map[uint8]int{7: 1}, ""},
		{"two names for one key", decodeInto[map[netip.Addr]int](`{"::1":1,"0:0::1":2}`), nil, "/*"},

		{"__proto__ in a map", decodeInto[map[string]int](`{"__proto__":1}`), map[string]int{"__proto__": 1}, ""},
		{"__proto__ for a struct", decodeInto[pair](`{"__proto__":{"A":1}}`), nil, "/*"},
		{"a recursive type", decodeInto[chain](`{"name":"a","next":{"name":"b"},"kids":[{"name":"c"}]}`),
			chain{"a", &chain{Name: "b"}, []chain{{Name: "c"}}}, ""},
		{"an error deep in a recursive type", decodeInto[chain](`{"next":{"kids":[{},{"name":1}]}}`), nil, "/next/kids/1/name"},
		{"a whole number for a big one", decodeInto[big.Int](`1.5`), nil, ""},
		{"a number in a string, by tag", decodeInto[all](`{"quoted":7}`), nil, "/quoted"},
		{"more than a number in a string, by tag", decodeInto[all](`{"quoted":" 7"}`), nil, "/quoted"},
		{"a field that is skipped", decodeInto[all](`{"Skip":"x"}`), nil, "/*"},
		{"a field that isn't exported", decodeInto[all](`{"hidden":"x"}`), nil, "/*"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.decode(t)
			if test.want != nil {
				if err != nil || !reflect.DeepEqual(got, test.want) {
					t.Fatalf("got %#v, %v, want %#v", got, err, test.want)
				}
				return
			}
			var misfit *DecodeError
			if !errors.As(err, &misfit) {
				t.Fatalf("got %#v, %v, want a DecodeError", got, err)
			}
			if misfit.Pointer != test.where || strings.Contains(err.Error(), "EVIL") {
				t.Errorf("the error is %v at %q, want it at %q", err, misfit.Pointer, test.where)
			}
			if !reflect.ValueOf(got).IsZero() {
				t.Errorf("half a value is left: %#v", got)
			}
		})
	}
}

type ownJSON struct{ Path string }

func (o *ownJSON) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, o) }

type ownValue struct{ length int }

func (o *ownValue) UnmarshalValue(v Value) error {
	o.length = v.Len()
	return nil
}

// Selfish is its own part.
type Selfish struct{ *Selfish }

type nameOfFloat float64

func (n *nameOfFloat) UnmarshalText(text []byte) error {
	f, err := strconv.ParseFloat(string(text), 64)
	*n = nameOfFloat(f)
	return err
}

func TestTypesThatCannotBeDecodedAreFoundEarly(t *testing.T) {
	type left struct{ ID int }
	type right struct{ ID int }
	type both struct {
		left
		right
	}
	type option struct {
		A map[string]int `json:",inline"`
	}
	type wrong struct {
		//lint:ignore SA5008 the option is one that Decode refuses here
		A []string `json:"a,string"`
	}
	check := func(name string, err error) {
		t.Helper()
		if err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	_, err := NewDecoder[chan int]()
	check("a channel", err)
	_, err1 := NewDecoder[struct{ F func() }]()
	check("a function", err1)
	_, err2 := NewDecoder[[]complex128]()
	check("a complex number", err2)
	_, err3 := NewDecoder[error]()
	check("an interface with methods", err3)
	_, err4 := NewDecoder[map[float64]int]()
	check("a float as a key", err4)
	_, err5 := NewDecoder[ownJSON]()
	check("a type that parses again", err5)
	type textual struct {
		A nameOfFloat `json:"a,string"`
	}
	_, err12 := NewDecoder[textual]()
	check("option string on a type with a text of its own", err12)
	number := reflect.TypeFor[int]()
	_, err6 := newPlans().of(reflect.StructOf([]reflect.StructField{
		{Name: "A", Type: number, Tag: `json:"x"`}, {Name: "B", Type: number, Tag: `json:"x"`},
	}))
	check("one name twice", err6)
	_, err7 := NewDecoder[both]()
	check("one name from two embedded structs", err7)
	_, err8 := NewDecoder[option]()
	check("an option of another library", err8)
	_, err9 := newPlans().of(reflect.StructOf([]reflect.StructField{
		{Name: "a", PkgPath: "example", Type: number, Tag: `json:"a"`},
	}))
	check("a tag on a field that can't be set", err9)
	_, err10 := NewDecoder[wrong]()
	check("option string on a list", err10)
	_, err11 := NewDecoder[Selfish]()
	check("a struct that embeds itself", err11)
	type pointer *pointer
	_, err13 := NewDecoder[pointer]()
	check("a pointer to itself", err13)
	_, err14 := NewDecoder[struct{ A []pointer }]()
	check("a pointer to itself inside", err14)
	var floats map[nameOfFloat]int
	check("names that equal nothing, themselves included", Decode(mustParse(t, `{"NaN":1}`), &floats))
	check("a value instead of a pointer", Decode(mustParse(t, `1`), 1))
	check("a nil pointer", Decode(mustParse(t, `1`), (*int)(nil)))
	check("nothing", Decode(mustParse(t, `1`), nil))
	var n int
	check("no value", Decode(nil, &n))
}

func TestUnmarshalersReadTheValue(t *testing.T) {
	d, err := NewDecoder[map[string]ownValue]()
	if err != nil {
		t.Fatal(err)
	}
	got, err := d.Decode(mustParse(t, `{"a":[1,2,3]}`))
	if err != nil || got["a"].length != 3 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestPromotedFieldsFollowGo(t *testing.T) {
	type under struct {
		ID   int `json:"id"`
		Name string
	}
	type outer struct {
		under
		ID string `json:"id"`
	}
	var got outer
	if err := Decode(mustParse(t, `{"id":"outer","Name":"under"}`), &got); err != nil || got.ID != "outer" || got.Name != "under" || got.under.ID != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestMembersCountByNameInAnyOrder(t *testing.T) {
	type row struct{ A, B, C int }
	want := row{1, 2, 3}
	for _, text := range []string{
		`{"A":1,"B":2,"C":3}`, `{"A":1,"C":3,"B":2}`, `{"B":2,"A":1,"C":3}`, `{"B":2,"C":3,"A":1}`, `{"C":3,"A":1,"B":2}`, `{"C":3,"B":2,"A":1}`,
	} {
		var got row
		if err := Decode(mustParse(t, text), &got); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	var got row
	if err := Decode(mustParse(t, `{"C":3}`), &got); err != nil || got != (row{C: 3}) {
		t.Errorf("the last alone: %+v, %v", got, err)
	}
	if err := Decode(mustParse(t, `{"A":1,"B":2,"C":3,"D":4}`), &got); err == nil {
		t.Errorf("one more than there are fields: %+v", got)
	}
}

func TestNothingOfOneMemberIsLeftInTheNext(t *testing.T) {
	type part struct {
		X, Y int
		L    []int
		P    *int
	}
	one := 1
	var byName map[string]part
	text := `{"a":{"X":1,"Y":2,"L":[1],"P":1},"b":{"X":3},"c":{"L":[2]}}`
	want := map[string]part{"a": {1, 2, []int{1}, &one}, "b": {X: 3}, "c": {L: []int{2}}}
	if err := Decode(mustParse(t, text), &byName); err != nil || !reflect.DeepEqual(byName, want) {
		t.Errorf("got %+v, %v", byName, err)
	}
	var byKey map[lazyKey]int
	if err := Decode(mustParse(t, `{"a":1,"":2}`), &byKey); err != nil || !reflect.DeepEqual(byKey, map[lazyKey]int{{"a"}: 1, {}: 2}) {
		t.Errorf("got %+v, %v", byKey, err)
	}
}

// A lazyKey sets nothing from an empty name.
type lazyKey struct{ name string }

func (k *lazyKey) UnmarshalText(text []byte) error {
	if len(text) > 0 {
		k.name = string(text)
	}
	return nil
}

// A foreign value is of another making than Parse's.
type foreign struct{ Value }

func TestOnlyWhatParseMadeIsDecoded(t *testing.T) {
	for name, v := range map[string]Value{
		"no value": nil, "no node": (*node)(nil), "an empty node": &node{}, "another type": foreign{mustParse(t, `1`)},
	} {
		got := Value(new(node))
		var misfit *DecodeError
		if err := Decode(v, &got); !errors.As(err, &misfit) || got != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestOnlyANumberOfJSONStandsInAText(t *testing.T) {
	type quoted struct {
		N int     `json:"n,string"`
		F float64 `json:"f,string"`
	}
	for _, text := range []string{"", "01", "+1", ".5", "1.", "0x10", "0b1", "1_0", "Inf", "-inf", "NaN", " 1", "1 ", "1\\n", "null", "1e999"} {
		for _, member := range []string{"n", "f"} {
			var got quoted
			if err := Decode(mustParse(t, `{"`+member+`":"`+text+`"}`), &got); err == nil {
				t.Errorf("%s takes %q: %+v", member, text, got)
			}
		}
	}
	var got quoted
	if err := Decode(mustParse(t, `{"n":"-1e1","f":"\u0031.5"}`), &got); err != nil || got != (quoted{-10, 1.5}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestDecodeMakesNothingButItsResult(t *testing.T) {
	type flat struct {
		Name string    `json:"name"`
		ID   int64     `json:"id,string"`
		Size float64   `json:"size"`
		When time.Time `json:"when"`
		Done bool      `json:"done"`
	}
	one, err := NewDecoder[flat]()
	if err != nil {
		t.Fatal(err)
	}
	v := mustParse(t, `{"name":"n","id":"-12","size":0.30000000000000004,"when":"2026-01-02T03:04:05Z","done":true}`)
	if n := testing.AllocsPerRun(100, func() { _, err = one.Decode(v) }); n > 1 || err != nil {
		t.Errorf("a flat struct costs %v allocations besides itself, %v", n-1, err)
	}
	rows, err := NewDecoder[sampleArgs]()
	if err != nil {
		t.Fatal(err)
	}
	v = mustParse(t, string(sample(1024)))
	if n := testing.AllocsPerRun(100, func() { _, err = rows.Decode(v) }); n > 2 || err != nil {
		t.Errorf("a struct with one list costs %v allocations besides itself, %v", n-1, err)
	}
}
