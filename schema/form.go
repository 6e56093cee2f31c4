package schema

import (
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strings"
	"time"
)

// A form is what the JSON values of a Go type look like: those that Decode takes, or those that an
// Encoder writes.
type form struct {
	t     reflect.Type
	kind  Kind // None is any value at all
	null  bool // Decode takes null too, though the schema has no need of it
	whole bool // of numbers: no fraction

	low, high *big.Int   // of numbers, inclusive; nil for no bound
	format    string     // of texts
	pattern   string     // the same
	longest   int        // the same, in characters; 0 for no bound
	length    int        // of arrays; -1 for any
	items     use        // of arrays, and of objects that are maps
	mapped    bool       // the object is a map
	keys      *form      // of a map; nil if any text is a key
	members   []property // of a struct, in order

	binary *bytesForm // of bytes beside the text: an object with the members $bytes and type

	own   Value   // the schema that the type says it has
	enum  []Value // all values that it says it has
	about string  // its description
}

// A use is a form where it is used.
type use struct {
	of        *form
	null      bool // null may stand for it
	additions []addition
}

// A property is a field of a struct, as JSON has it.
type property struct {
	use
	name     string
	field    string // as Go code names it
	required bool   // of what is decoded: unless the tags say otherwise; of what is written: always there
}

func (f *form) member(name string) *property {
	for i := range f.members {
		if f.members[i].name == name {
			return &f.members[i]
		}
	}
	return nil
}

// forms makes and remembers the forms of types, so that a recursive type ends.
type forms struct {
	written bool // what an Encoder writes, not what Decode takes
	made    map[reflect.Type]*form
}

// formOf is the form of a type with all that it is made of.
func formOf(t reflect.Type, written bool) (use, error) {
	// Decoder and encoder themselves say what they can't make anything of.
	study := func() error { _, err := newPlans().of(t); return err }
	if written {
		study = func() error { _, err := newWriters().of(t); return err }
	}
	if err := study(); err != nil {
		return use{}, err
	}
	return (&forms{written, map[reflect.Type]*form{}}).use(t)
}

func (b *forms) use(t reflect.Type) (use, error) {
	var u use
	for t.Kind() == reflect.Pointer {
		t, u.null = t.Elem(), true
	}
	if f, ok := b.made[t]; ok {
		u.of = f
		return u, nil
	}
	u.of = &form{t: t, length: -1}
	b.made[t] = u.of
	fill := b.decoded
	if b.written {
		fill = b.encoded
	}
	if err := fill(u.of); err != nil {
		return use{}, err
	}
	return u, u.of.introduce()
}

// decoded fills in what Decode takes; plans.make has the same cases in the same order.
func (b *forms) decoded(f *form) error {
	switch {
	case f.t == reflect.TypeFor[Value](), f.t == reflect.TypeFor[json.RawMessage]():
	case f.t == reflect.TypeFor[json.Number]():
		f.kind = Number
	case f.t == reflect.TypeFor[big.Int]():
		f.kind, f.whole = Number, true
	case hasAny(f.t, reflect.TypeFor[Unmarshaler]()):
	case f.t == reflect.TypeFor[time.Time]():
		// UnmarshalText takes no lower-case letters and no leap second.
		f.kind, f.format, f.pattern = String, "date-time", `^[0-9-]{10}T[0-9:]{6}[0-5][0-9](\.[0-9]+)?(Z|[+-][0-9:]{5})$`
	case hasAny(f.t, reflect.TypeFor[encoding.TextUnmarshaler]()):
		f.kind = String
	case isBytes(f.t), f.t == reflect.TypeFor[Blob]():
		f.beside()
		f.null = isBytes(f.t)
	default:
		f.null = f.t.Kind() == reflect.Slice || f.t.Kind() == reflect.Map
		return b.plain(f)
	}
	return nil
}

// encoded fills in what an Encoder writes; writers.make has the same cases in the same order.
func (b *forms) encoded(f *form) error {
	switch {
	case f.t == reflect.TypeFor[time.Time]():
		f.kind, f.format = String, "date-time"
	case f.t.Kind() == reflect.Interface:
	case f.t == reflect.TypeFor[big.Int]():
		f.kind, f.whole = Number, true
	case saysJSON(f.t):
	case saysText(f.t):
		f.kind = String
	case isBytes(f.t), f.t == reflect.TypeFor[Blob]():
		f.beside()
	case f.t.Kind() == reflect.Array && f.t.Elem() == reflect.TypeFor[byte]():
		f.kind, f.format = String, base64Format
	default:
		return b.plain(f)
	}
	return nil
}

// plain is for types without methods of their own.
func (b *forms) plain(f *form) (err error) {
	switch f.t.Kind() {
	case reflect.Bool:
		f.kind = Bool
	case reflect.String:
		f.kind = String
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		f.kind, f.whole = Number, true
		f.low, f.high = integerBounds(f.t)
	case reflect.Float32:
		f.kind = Number
		f.high, _ = big.NewFloat(math.MaxFloat32).Int(nil)
		f.low = new(big.Int).Neg(f.high)
	case reflect.Float64:
		f.kind = Number
	case reflect.Interface:
	case reflect.Slice:
		f.kind = Array
		f.items, err = b.use(f.t.Elem())
	case reflect.Array:
		f.kind, f.length = Array, f.t.Len()
		f.items, err = b.use(f.t.Elem())
	case reflect.Map:
		f.kind, f.mapped = Object, true
		if f.keys, err = b.keys(f.t.Key()); err == nil {
			f.items, err = b.use(f.t.Elem())
		}
	case reflect.Struct:
		f.kind = Object
		if f.members, err = b.properties(f.t); !b.written {
			f.null = len(f.members) == 0
		}
	default:
		return fmt.Errorf("schema: %v has no form in JSON", f.t)
	}
	return err
}

// integerBounds are the least and the greatest value of an integer type.
func integerBounds(t reflect.Type) (low, high *big.Int) {
	power := func(n int) *big.Int { return new(big.Int).Lsh(big.NewInt(1), uint(n)) }
	one := big.NewInt(1)
	if strings.HasPrefix(t.Kind().String(), "u") {
		return new(big.Int), new(big.Int).Sub(power(t.Bits()), one)
	}
	return new(big.Int).Neg(power(t.Bits() - 1)), new(big.Int).Sub(power(t.Bits()-1), one)
}

// keys is the form of member names that are a map's keys.
func (b *forms) keys(t reflect.Type) (*form, error) {
	text := hasAny(t, reflect.TypeFor[encoding.TextUnmarshaler]())
	if b.written {
		text = saysText(t)
	}
	keys := &form{t: t, kind: String, length: -1}
	if text || t.Kind() == reflect.String {
		if err := keys.introduce(); err != nil || len(keys.enum) == 0 && keys.own == nil {
			return nil, err
		}
		return keys, nil
	}
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		keys.digits(integerBounds(t))
		return keys, nil
	}
	return nil, fmt.Errorf("schema: %v can't be the name of a member; use a string, an integer or a type with text methods", t)
}

// digits makes a text the shortest form of an integer from low, which is zero or less, to high.
// What is as long as a 64-bit integer and yet none is left to Decode: an exact pattern of that
// length costs too much on a map with thousands of keys.
func (f *form) digits(low, high *big.Int) {
	if high.BitLen() > 32 {
		f.pattern, f.longest = "^(0|[1-9][0-9]*)$", len(high.String())
		if low.Sign() < 0 {
			f.pattern, f.longest = "^(0|-?[1-9][0-9]*)$", len(low.String())
		}
		return
	}
	f.pattern = "0|" + countedTo(high.String())
	if low.Sign() < 0 {
		f.pattern += "|-(" + countedTo(new(big.Int).Neg(low).String()) + ")"
	}
	f.pattern = "^(" + f.pattern + ")$"
}

// countedTo is a pattern for the numbers from 1 to max: all that are shorter, and of the same length
// those that are smaller at their first digit that differs.
func countedTo(max string) string {
	some := []string{max}
	if n := len(max) - 2; n >= 0 {
		some = append(some, fmt.Sprintf("[1-9][0-9]{0,%d}", n))
	}
	for i := range len(max) {
		least := byte('0')
		if i == 0 {
			least = '1'
		}
		if max[i] > least {
			some = append(some, fmt.Sprintf("%s[%c-%c]%s", max[:i], least, max[i]-1, strings.Repeat("[0-9]", len(max)-1-i)))
		}
	}
	return strings.Join(some, "|")
}
