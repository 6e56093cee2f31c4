package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// encodeOf encodes one value.
func encodeOf[T any](t *testing.T, value T, limit int) (string, error) {
	t.Helper()
	e, err := NewEncoder[T]()
	if err != nil {
		t.Fatal(err)
	}
	out, err := e.Append(nil, &value, limit)
	return string(out), err
}

// An upper has its text by value, a lower by pointer, a loud one its JSON, a shy one is zero when
// it likes.
type (
	upper  string
	lower  struct{ text string }
	loud   struct{ text string }
	louder struct{ text string }
	shy    struct{ N int }
	shyer  struct{ N int }
	octet  byte

	nanos    time.Duration
	textByte byte
	loudText string
)

func (textByte) MarshalText() ([]byte, error) { return []byte("x"), nil }
func (loudText) MarshalJSON() ([]byte, error) { return []byte("1"), nil }

func (u upper) MarshalText() ([]byte, error) { return []byte(strings.ToUpper(string(u))), nil }
func (l *lower) AppendText(b []byte) ([]byte, error) {
	if l.text == "fail" {
		return nil, errors.New("zebra")
	}
	return append(b, l.text...), nil
}
func (l loud) MarshalJSON() ([]byte, error) { return []byte(l.text), nil }
func (l *louder) MarshalJSONTo(e *jsontext.Encoder) error {
	return e.WriteValue(jsontext.Value(l.text))
}
func (s shy) IsZero() bool     { return s.N == 7 }
func (s *shyer) IsZero() bool  { return s.N == 7 }
func (s shy) String() string   { return "nobody asks" }
func (o octet) String() string { return "nobody asks" }

type Below struct {
	X int `json:"x"`
	Y int `json:"y"`
}

type unseen struct{ Z int }

type outside struct {
	*Below
	*unseen
	Last bool
}

type optional struct {
	S  string                     `json:"s,omitempty"`
	I  int                        `json:"i,omitempty"`
	Z  int                        `json:"z,omitzero"`
	P  *int                       `json:"p,omitempty"`
	L  []int                      `json:"l,omitempty"`
	M  map[string]int             `json:"m,omitempty"`
	E  struct{}                   `json:"e,omitempty"`
	A  any                        `json:"a,omitempty"`
	R  json.RawMessage            `json:"r,omitempty"`
	T  time.Time                  `json:"t,omitzero"`
	Y  shy                        `json:"y,omitzero"`
	YP *shyer                     `json:"yp,omitzero"`
	YV shyer                      `json:"yv,omitzero"`
	YI interface{ IsZero() bool } `json:"yi,omitzero"`
	Q  *int64                     `json:"q,string"`
	F  float32                    `json:"f,string,omitzero"`
	O  optionalPart               `json:"o,omitempty"`
}

type optionalPart struct {
	In string `json:"in,omitempty"`
}

func sameAsV2[T any](t *testing.T, value T) {
	t.Helper()
	want, wantErr := jsonv2.Marshal(value, jsonv2.Deterministic(true), jsonv2.ExperimentalSupportFormatTag(true))
	got, err := encodeOf(t, value, math.MaxInt)
	if (err == nil) != (wantErr == nil) || err == nil && got != string(want) {
		t.Errorf("%T: got %s, %v, want %s, %v", value, got, err, want, wantErr)
	}
}

func TestEncodingIsThatOfJSONV2(t *testing.T) {
	one, long := 1, int64(-5)
	number, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	sameAsV2(t, outside{})
	sameAsV2(t, outside{Below: &Below{1, 2}, unseen: &unseen{3}})
	sameAsV2(t, optional{})
	sameAsV2(t, optional{S: "s", I: 1, Z: 1, P: &one, L: []int{1}, M: map[string]int{"a": 1}, A: 1, R: json.RawMessage(`[ ]`), T: time.Unix(0, 0).UTC(), Q: &long, F: 0.1})
	sameAsV2(t, optional{A: "", R: json.RawMessage(`{ "a" : 1 }`), Y: shy{7}, YP: &shyer{7}, YV: shyer{7}, YI: shy{7}, O: optionalPart{"x"}})
	sameAsV2(t, optional{A: []any{}, Y: shy{1}, YP: &shyer{}, YV: shyer{1}, YI: (*shyer)(nil)})
	sameAsV2(t, optional{S: `"`, A: map[string]any{}, YI: &shyer{8}})
	sameAsV2(t, map[upper]int{"b": 1, "a": 2})
	sameAsV2(t, map[int]string{10: "a", 2: "b", -1: "c"})
	sameAsV2(t, map[uint8]bool{})
	sameAsV2(t, map[time.Time]int{time.Unix(0, 0).UTC(): 1})
	sameAsV2(t, map[string]upper{"\n": "a", "\x7f": "b", "é": "ß", "": "<&>\u2028"})
	sameAsV2(t, []lower{{"a"}, {`"\`}, {""}})
	sameAsV2(t, map[string]lower{"a": {"b"}})
	sameAsV2(t, [2]*lower{{"a"}, nil})
	sameAsV2(t, []loud{{`{ "a" : 1.50 }`}, {`"\u0061"`}, {`null`}})
	sameAsV2(t, []louder{{`[ 1 ]`}})
	sameAsV2(t, []*big.Int{number, nil})
	sameAsV2(t, []netip.Addr{netip.MustParseAddr("fe80::1%eth0"), {}})
	sameAsV2(t, []time.Time{{}, time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.FixedZone("", -3600))})
	sameAsV2(t, []any{nil, true, "x", 1, int8(2), 1.5, float32(0.1), []any{}, map[string]any{"b": []any{1.0}, "a": nil}, []int(nil), map[string]int(nil), struct{ A any }{time.Unix(0, 0).UTC()},
		&one, upper("x"), loud{"[]"}, (*int)(nil), (*lower)(nil)})
	sameAsV2(t, []fmt.Stringer{nil, shy{1}, octet(2)})
	sameAsV2(t, []textByte{1, 2})
	sameAsV2(t, [2]byte{1, 2})
	sameAsV2(t, &[0]byte{})
	sameAsV2(t, map[string][3]byte{"a": {1}})
	sameAsV2(t, []octet{1, 2})
	sameAsV2(t, [2]octet{1, 2})
	sameAsV2(t, []json.Number{"1.50", "x", ""})
	sameAsV2(t, []any{json.Number("7"), map[string]any{"b": []json.Number{"7"}, "a": json.Number("7")}})
	sameAsV2(t, struct{ A nanos }{1})
	sameAsV2(t, struct {
		//lint:ignore SA5008 json/v2 looks behind any number of pointers
		P **int64 `json:"p,string"`
	}{new(new(int64(7)))})
	sameAsV2(t, struct {
		upper `json:"-"`
		A     struct{ B int }
		Below `json:"below"`
	}{})
	for _, data := range [][]byte{nil, {}, []byte("hi"), {0xff, 0xfe}} {
		sameAsV2(t, inBase64{data, &data})
	}
	sameAsV2(t, inBase64{})
	sameAsV2(t, []float32{0.1, 1e21, 1e-7, math.MaxFloat32, 16777216})
	sameAsV2(t, []any(nil))
	sameAsV2(t, (*optional)(nil))
	sameAsV2(t, chain{"a", &chain{}, []chain{{Kids: []chain{}}}})
	sameAsV2(t, strings.Repeat("a", 100)+"\u00e9\U0001f600"+strings.Repeat("b", 100))

	// What neither of them can write.
	sameAsV2(t, "a\xff")
	sameAsV2(t, map[string]int{"a\xff": 1})
	sameAsV2(t, map[lower2]int{{"a"}: 1, {"A"}: 2})
	sameAsV2(t, []lower{{"\xff"}})
	sameAsV2(t, []lower{{"fail"}})
	sameAsV2(t, math.NaN())
	sameAsV2(t, float32(math.Inf(-1)))
	sameAsV2(t, []any{math.Inf(1)})
	sameAsV2(t, []any{"\xff"})
	sameAsV2(t, map[string]any{"\xff": 1})
	sameAsV2(t, []loud{{`{`}, {`1 2`}, {`{"a":1,"a":2}`}, {"\"\xff\""}})
	sameAsV2(t, []louder{{``}})
	sameAsV2(t, json.RawMessage(`{"a":1,"\u0061":2}`))
	sameAsV2(t, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC))
	sameAsV2(t, time.Date(2026, 1, 1, 0, 0, 0, 0, time.FixedZone("", 24*3600)))
	sameAsV2(t, []any{func() {}})
	sameAsV2(t, []any{time.Second})
	sameAsV2(t, []any{mustParse(t, `1`)})
}

// A lower2 has one text for several keys.
type lower2 struct{ text string }

func (l lower2) MarshalText() ([]byte, error) { return []byte(strings.ToLower(l.text)), nil }

func encoder[T any](value T) func(t *testing.T) (string, error) {
	return func(t *testing.T) (string, error) { return encodeOf(t, value, math.MaxInt) }
}

type ring struct {
	Name string
	Next *ring `json:",omitempty"`
	Any  any
	List []ring
	Map  map[string]*ring
}

type loop *loop

type nest []nest

func TestValuesThatCanNotBeEncoded(t *testing.T) {
	round, list, byName, held := &ring{}, &ring{}, &ring{}, &ring{}
	round.Next = &ring{Next: round}
	list.List = []ring{{}}
	list.List[0].List = list.List
	byName.Map = map[string]*ring{"zebra": byName}
	held.Any = held
	anys := []any{nil}
	anys[0] = anys
	tree := map[string]any{}
	tree["zebra"] = tree
	var self loop
	self = &self
	deep := nest{}
	for range maxNesting {
		deep = nest{deep}
	}
	for _, test := range []struct {
		name, pointer, problem string
		encode                 func(t *testing.T) (string, error)
	}{
		{"a ring of pointers", strings.Repeat("/Next", 500), "nested too deeply", encoder(round)},
		{"a list in itself", "", "nested too deeply", encoder(list)},
		{"a map in itself", "", "nested too deeply", encoder(byName)},
		{"a list of anything in itself", strings.Repeat("/0", maxNesting), "nested too deeply", encoder(anys)},
		{"a map of anything in itself", "", "nested too deeply", encoder(tree)},
		{"a pointer to itself", "", "nested too deeply", encoder(self)},
		{"one more than can be nested", strings.Repeat("/0", maxNesting), "nested too deeply", encoder(deep)},
		{"a float that isn't finite", "/1", "isn't finite", encoder([]float64{0, math.Inf(1)})},
		{"text that is none", "/a~1b", "isn't valid UTF-8", encoder(struct {
			S string `json:"a/b"`
		}{"zebra\xff"})},
		{"text of a method that is none", "/0", "isn't valid UTF-8", encoder([]lower{{"zebra\xff"}})},
		{"a name that is none", "/*", "isn't valid UTF-8", encoder(map[string]int{"zebra\xff": 1})},
		{"a name of anything that is none", "/*", "isn't valid UTF-8", encoder(map[string]any{"zebra\xff": 1})},
		{"two names", "/*", "two keys have one name", encoder(map[lower2]int{{"zebra"}: 1, {"ZEBRA"}: 2})},
		{"a number's text that is none", "/N", "isn't valid UTF-8", encoder(struct{ N json.Number }{"zebra\xff"})},
		{"what json/v2 refuses too", "/0", "its type has no JSON text", encoder([]any{func() {}})},
		{"a value of Parse", "/0", "its type has no JSON text", encoder([]any{mustParse(t, `1`)})},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.encode(t)
			var unfit *EncodeError
			if got != "" || !errors.As(err, &unfit) || !strings.Contains(unfit.Problem, test.problem) {
				t.Fatalf("got %s, %v", got, err)
			}
			if test.pointer != "" && unfit.Pointer != test.pointer {
				t.Errorf("it is at %s, want %s", unfit.Pointer, test.pointer)
			}
			if strings.Contains(err.Error(), "zebra") {
				t.Errorf("the value shows: %v", err)
			}
		})
	}
	if _, err := encodeOf(t, []lower{{"fail"}}, 100); err == nil || !strings.Contains(err.Error(), "zebra") {
		t.Errorf("what a method says is for the developer: %v", err)
	}
	e, err := NewEncoder[int]()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := e.Append([]byte("x"), nil, 100); err == nil || string(got) != "x" {
		t.Errorf("no value at all: %s, %v", got, err)
	}
}

func TestTypesThatCannotBeEncodedAreFoundEarly(t *testing.T) {
	type twice struct {
		Below
		unseen
		Z int `json:"x"`
	}
	refused := func(name string, err error, part string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := NewEncoder[chan int]()
	refused("a channel", err, "chan int")
	_, err = NewEncoder[map[string][]func()]()
	refused("a function", err, "func()")
	_, err = NewEncoder[struct{ A *complex64 }]()
	refused("a complex number", err, "field A of")
	_, err = NewEncoder[map[float64]int]()
	refused("a float for a name", err, "member's name")
	_, err = NewEncoder[map[bool]int]()
	refused("a boolean for a name", err, "member's name")
	_, err = NewEncoder[map[*upper]int]()
	refused("a pointer for a name", err, "member's name")
	_, err = NewEncoder[map[any]int]()
	refused("anything for a name", err, "member's name")
	_, err = NewEncoder[map[loud]int]()
	refused("a JSON of its own for a name", err, "member's name")
	_, err = NewEncoder[[]time.Duration]()
	refused("a duration", err, "time.Duration")
	_, err = NewEncoder[struct {
		D *time.Duration `json:",string"`
	}]()
	refused("a duration in a text", err, "time.Duration")
	_, err = NewEncoder[map[string]Value]()
	refused("a Value", err, "json.RawMessage")
	_, err = NewEncoder[struct {
		netip.Addr
		netip.Prefix
	}]()
	refused("embedded types with texts of their own", err, "embeds netip.Addr")
	_, err = NewEncoder[struct{ upper }]()
	if err != nil {
		t.Errorf("a struct with the text of its part: %v", err)
	}
	_, err = NewEncoder[struct {
		upper
		lower2
	}]()
	refused("an embedded text", err, "embeds schema.upper")
	_, err = NewEncoder[struct{ onlyRead }]()
	refused("an embedded type with a text that is only read", err, "embeds schema.onlyRead")
	_, err = NewEncoder[quotes]()
	refused("quotes in a name", err, "quotes")
	_, err = NewEncoder[map[loudText]int]()
	refused("a JSON of its own for a text's name", err, "member's name")
	_, err = NewEncoder[sync.Mutex]()
	refused("fields that aren't exported", err, "aren't exported")
	_, err = NewEncoder[option]()
	refused("an option of another library", err, "embed")
	_, err = NewEncoder[stringOption]()
	refused("option string on a text", err, "field A of")
	_, err = NewEncoder[stringOption2]()
	refused("option string on a type with a text of its own", err, "field A of")
	if _, err := NewEncoder[twice](); err != nil {
		t.Errorf("a name that is nearer: %v", err)
	}
	if _, err := NewEncoder[struct{}](); err != nil {
		t.Errorf("nothing at all: %v", err)
	}
}

type (
	onlyRead struct{ X int }
	quotes   struct {
		A int `json:"'a'"`
	}
	option struct {
		A map[string]int `json:",embed"`
	}
	stringOption struct {
		//lint:ignore SA5008 the option is one that is refused here
		A []int `json:"a,string"`
	}
	stringOption2 struct {
		A nameOfFloat2 `json:"a,string"`
	}
	nameOfFloat2 float64
)

func (*onlyRead) UnmarshalText([]byte) error      { return nil }
func (nameOfFloat2) MarshalText() ([]byte, error) { return nil, nil }

func TestEncodingEndsAtItsLimit(t *testing.T) {
	var calls int
	huge := strings.Repeat("x", 1<<20)
	many := make(map[string]int)
	for i := range 1000 {
		many[fmt.Sprint(i)] = i
	}
	counting := make([]counted, 1000)
	for i := range counting {
		counting[i].calls = &calls
	}
	for _, test := range []struct {
		name   string
		encode func(limit int) (string, error)
	}{
		{"a text", func(n int) (string, error) { return encodeOf(t, huge, n) }},
		{"bytes in base64", func(n int) (string, error) { return encodeOf(t, inBase64{B: []byte(huge)}, n) }},
		{"a list", func(n int) (string, error) { return encodeOf(t, make([]int, 1000), n) }},
		{"a map", func(n int) (string, error) { return encodeOf(t, many, n) }},
		{"anything", func(n int) (string, error) { return encodeOf(t, []any{huge, map[string]any{huge: huge}}, n) }},
		{"what json/v2 writes", func(n int) (string, error) { return encodeOf(t, loud{`"` + huge + `"`}, n) }},
		{"a text of a method", func(n int) (string, error) { return encodeOf(t, upper(huge), n) }},
		{"many calls of a method", func(n int) (string, error) { return encodeOf(t, counting, n) }},
		{"a number", func(n int) (string, error) { return encodeOf(t, 12345, n) }},
		{"a struct", func(n int) (string, error) { return encodeOf(t, outside{Below: &Below{}}, n) }},
	} {
		whole, err := test.encode(math.MaxInt)
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		for _, limit := range []int{-1, 0, 1, 2, 3, len(whole) / 2, len(whole) - 2, len(whole) - 1} {
			if got, err := test.encode(limit); err != ErrTooLarge || got != "" {
				t.Errorf("%s within %d bytes: %d bytes, %v", test.name, limit, len(got), err)
			}
		}
		if got, err := test.encode(len(whole)); err != nil || got != whole {
			t.Errorf("%s within its %d bytes: %d bytes, %v", test.name, len(whole), len(got), err)
		}
	}
	calls = 0
	row := counting[0]
	if _, err := encodeOf(t, struct{ A, B, C, D, E, F counted }{row, row, row, row, row, row}, 5); err != ErrTooLarge || calls > 1 {
		t.Errorf("the encoding went on for %d members past its limit, %v", calls, err)
	}
	calls = 0
	if _, err := encodeOf(t, counting, 100); err != ErrTooLarge || calls > 60 {
		t.Errorf("the encoding went on for %d elements past its limit, %v", calls, err)
	}
}

// A counted counts its encodings.
type counted struct{ calls *int }

func (c counted) MarshalText() ([]byte, error) {
	*c.calls++
	return nil, nil
}

func TestAnEncoderHoldsNoMoreThanItsLimit(t *testing.T) {
	const size = 1 << 20
	byName := make(map[string]string)
	for i := range size / 100 {
		byName[fmt.Sprint(i)] = strings.Repeat("x", 100)
	}
	text := strings.Repeat("x", size)
	holds(t, "a text", text)
	holds(t, "a text with an escape", "\n"+text)
	holds(t, "bytes in base64", inBase64{B: make([]byte, size)})
	holds(t, "a list", make([]int8, size))
	holds(t, "an array", [size]int8{})
	holds(t, "structs", make([]Below, size/10))
	holds(t, "a map", byName)
	holds(t, "a map of much", map[int][]int8{1: make([]int8, size)})
	holds(t, "a list of anything", make([]any, size))
	holds(t, "a map of anything", map[string]any{"a": make([]any, size)})
	holds(t, "what json/v2 writes", []any{make([]int, size)})
}

// holds checks that a large value costs little where little is permitted.
func holds[T any](t *testing.T, name string, value T) {
	t.Helper()
	e, err := NewEncoder[T]()
	if err != nil {
		t.Fatal(err)
	}
	const rounds = 4
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range rounds {
		if _, err := e.Append(nil, &value, 10_000); err != ErrTooLarge {
			t.Fatalf("%s: %v", name, err)
		}
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / rounds; each > 200_000 {
		t.Errorf("%s takes %d bytes where 10,000 are permitted", name, each)
	}
}

func TestEncodersMayBeSharedByGoroutines(t *testing.T) {
	e, err := NewEncoder[map[string]int]()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	for i := range 8 {
		go func() {
			value := map[string]int{"b": i, "a": i}
			want := fmt.Sprintf(`{"a":%d,"b":%d}`, i, i)
			for range 100 {
				if got, err := e.Append(nil, &value, 100); err != nil || string(got) != want {
					done <- fmt.Errorf("got %s, %v, want %s", got, err, want)
					return
				}
			}
			done <- nil
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// What omitempty leaves out needs no room, and what it leaves in needs all of its own.
func TestOmittedMembersCountForNothing(t *testing.T) {
	type optional struct {
		S string         `json:"s,omitempty"`
		B []byte         `json:"b,omitempty,format:base64"`
		M map[string]int `json:"m,omitempty"`
		A any            `json:"a,omitempty"`
	}
	e, err := NewEncoder[optional]()
	if err != nil {
		t.Fatal(err)
	}
	if text, err := e.Append(nil, &optional{}, 2); err != nil || string(text) != "{}" {
		t.Errorf("got %s and %v", text, err)
	}
	value := optional{S: "x"} // {"s":"x"}
	if _, err := e.Append(nil, &value, 8); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a byte too many: %v", err)
	}
	if text, err := e.Append(nil, &value, 9); err != nil {
		t.Errorf("just enough: %s and %v", text, err)
	}
}
