package schema

import (
	"encoding/json"
	"math/big"
	"net/netip"
	"reflect"
	"time"
)

// The types below are those that the tests of Of, Written and Drift share.

type colour string

func (colour) JSONSchemaEnum() []any         { return []any{colour("red"), colour("blue")} }
func (colour) JSONSchemaDescription() string { return "One of two." }

type level int

func (level) JSONSchemaEnum() []any { return []any{level(1), level(2), level(10)} }

// A grade is a number to Go and a text to JSON.
type grade int

func (g grade) MarshalText() ([]byte, error) { return []byte{'a' + byte(g)}, nil }
func (g *grade) UnmarshalText(text []byte) error {
	if len(text) != 1 || text[0] < 'a' || text[0] > 'c' {
		return errRange
	}
	*g = grade(text[0] - 'a')
	return nil
}
func (grade) JSONSchemaEnum() []any { return []any{grade(0), grade(1), grade(2)} }

type flat struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
	Done  bool   `json:"done"`
}

type numbered struct {
	ID uint8 `json:"id"`
}

type Outer struct {
	Note string `json:"note"`
}

type embeds struct {
	numbered
	*Outer
	Name string `json:"name"`
}

// shadows has a field of the name that an embedded one has.
type shadows struct {
	numbered
	ID string `json:"id"`
}

type sheet[T any] struct {
	Items []T       `json:"items"`
	First *T        `json:"first"`
	Next  *sheet[T] `json:"next,omitempty"`
}

type pair[A, B any] struct {
	A A `json:"a"`
	B B `json:"b"`
}

type branch struct {
	Name string            `json:"name"`
	Kids []branch          `json:"kids"`
	By   map[string]branch `json:"by"`
	Next *branch           `json:"next"`
}

type nested []nested

type sized struct {
	I8  int8
	I16 int16
	I32 int32
	I64 int64
	U8  uint8
	U16 uint16
	U32 uint32
	U64 uint64
}

type mapping struct {
	Plain  map[string]int               `json:"plain"`
	Whole  map[int16]string             `json:"whole"`
	Wide   map[int64]bool               `json:"wide"`
	Up     map[uint8]*int               `json:"up"`
	Grades map[grade]colour             `json:"grades"`
	Deep   map[string][]map[string]flat `json:"deep"`
}

type maybes struct {
	A string   `json:"a,omitempty"`
	B int      `json:"b,omitempty"`
	C int      `json:"c,omitzero"`
	D *string  `json:"d,omitempty"`
	E []string `json:"e,omitempty"`
	F *int     `json:"f"`
	G flat     `json:"g,omitzero"`
	H int      `json:"h,omitempty" jsonschema:"required"`
}

type lists struct {
	Any    []any    `json:"any"`
	Three  [3]bool  `json:"three"`
	None   [0]int   `json:"none"`
	Nested [][]int8 `json:"nested"`
	Maybe  *[]*int  `json:"maybe"`
	Empty  struct{} `json:"empty"`
	Small  []tiny   `json:"small"`
}

type withBytes struct {
	Bytes  []byte            `json:"bytes"`
	More   [][]byte          `json:"more" jsonschema:"maxItems=3"`
	By     map[string][]byte `json:"by"`
	Blob   Blob              `json:"blob"`
	Maybe  *Blob             `json:"maybe"`
	Blobs  []Blob            `json:"blobs,omitempty"`
	Pair   pair[Blob, *data] `json:"pair"`
	Text   []byte            `json:"text,format:base64"`
	PText  *[]byte           `json:"ptext,omitempty,format:base64"`
	Left   []byte            `json:"left,omitempty"`
	Zero   Blob              `json:"zero,omitzero"`
	Inside pair[flat, *withBytes2]
}

type withBytes2 struct {
	Data data
	Next *withBytes2
}

type data []byte

type known struct {
	When  time.Time       `json:"when"`
	Maybe *time.Time      `json:"maybe"`
	Big   big.Int         `json:"big"`
	PBig  *big.Int        `json:"pbig"`
	Raw   json.RawMessage `json:"raw"`
	Any   any             `json:"any"`
	Text  int64           `json:"text,string"`
	Small uint8           `json:"small,string"`
	Float float64         `json:"float,string"`
	Kind  colour          `json:"kind"`
	Kinds []colour        `json:"kinds"`
	Level level           `json:"level"`
	PKind *colour         `json:"pkind"`
	Grade grade           `json:"grade"`
}

// apart are written in another form than they are read in.
type apart struct {
	Number json.Number `json:"number"`
	Four   [4]byte     `json:"four"`
}

type tiny uint8

type addressed struct {
	Addr netip.Addr         `json:"addr"`
	By   map[netip.Addr]int `json:"by"`
	Net  *netip.Prefix      `json:"net"`
}

type tagged struct {
	Path  string         `json:"path" jsonschema:"title=Path,description=Where it goes\\, whatever that means,pattern=^[a-z]{1\\,8}$,minLength=1,maxLength=8,example=abc,example=def"`
	Size  int            `json:"size" jsonschema:"minimum=0,exclusiveMaximum=100,multipleOf=5,default=10"`
	Ratio float64        `json:"ratio" jsonschema:"exclusiveMinimum=0,maximum=1"`
	Tags  []string       `json:"tags" jsonschema:"minItems=1,maxItems=3,uniqueItems,pattern=^[a-z]+$,maxLength=4"`
	Kind  string         `json:"kind" jsonschema:"enum=a,enum=b" jsonschema_description:"Commas, as many as one likes."`
	Kinds []string       `json:"kinds" jsonschema:"enum=a,enum=b"`
	Step  *int           `json:"step" jsonschema:"enum=1,enum=2,deprecated"`
	Mail  string         `json:"mail,omitempty" jsonschema:"format=email"`
	Map   map[string]int `json:"map" jsonschema:"maxProperties=2,readOnly,writeOnly=true"`
	Hue   colour         `json:"hue" jsonschema:"enum=red"`
}

type self struct{ text string }

func (s *self) UnmarshalValue(v Value) error {
	s.text = v.Text()
	return nil
}
func (self) JSONSchema() []byte {
	return []byte(`{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"string","maxLength":5}`)
}

// A shape of a type that all tests try.
type typeCase struct {
	name    string
	t       reflect.Type
	of      func() ([]byte, error)
	written func() ([]byte, error)
	drift   func(*Set, Side, string) error
	encode  func(at reflect.Value) ([]byte, []Section, error)
	apart   bool // written in another form than it is read in
	open    bool // Decode refuses what the schema can't say
}

func typeCaseOf[T any]() typeCase {
	t := reflect.TypeFor[T]()
	encode := func(at reflect.Value) ([]byte, []Section, error) {
		encoder, err := NewEncoder[T]()
		if err != nil {
			return nil, nil, err
		}
		return encoder.AppendMessage(nil, at.Addr().Interface().(*T), 1<<20)
	}
	return typeCase{name: t.String(), t: t, of: Of[T], written: Written[T], drift: Drift[T], encode: encode}
}

func typeCases() []typeCase {
	cases := []typeCase{
		typeCaseOf[bool](), typeCaseOf[string](), typeCaseOf[int](), typeCaseOf[uint8](), typeCaseOf[any](),
		typeCaseOf[[]byte](), typeCaseOf[time.Time](), typeCaseOf[*int](), typeCaseOf[struct{}](), typeCaseOf[map[string]any](),
		typeCaseOf[flat](), typeCaseOf[*flat](), typeCaseOf[[]flat](), typeCaseOf[embeds](), typeCaseOf[shadows](),
		typeCaseOf[sheet[flat]](), typeCaseOf[sheet[sheet[int]]](), typeCaseOf[pair[map[string]flat, []*flat]](), typeCaseOf[branch](), typeCaseOf[*branch](),
		typeCaseOf[[]branch](), typeCaseOf[nested](), typeCaseOf[sized](), typeCaseOf[mapping](), typeCaseOf[maybes](), typeCaseOf[lists](),
		typeCaseOf[withBytes](), typeCaseOf[Blob](), typeCaseOf[*Blob](), typeCaseOf[data](), typeCaseOf[map[string]*[]byte](),
		typeCaseOf[known](), typeCaseOf[colour](), typeCaseOf[grade](), typeCaseOf[struct {
			A flat  `json:"a"`
			B *flat `json:"b"`
		}](),
	}
	for _, c := range []typeCase{typeCaseOf[apart]()} {
		c.apart = true
		cases = append(cases, c)
	}
	for _, c := range []typeCase{typeCaseOf[addressed](), typeCaseOf[float32](), typeCaseOf[float64]()} {
		c.open = true
		cases = append(cases, c)
	}
	return cases
}
