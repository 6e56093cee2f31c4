package schema

import (
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// compiledType is a type with its schemas ready to judge.
type compiledType struct {
	typeCase
	read, wrote *contract
	fill        filler
}

func compiledTypes(t testing.TB) []compiledType {
	t.Helper()
	var all []compiledType
	for _, c := range typeCases() {
		of, err := c.of()
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		written, err := c.written()
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		compiled := compiledType{typeCase: c}
		if compiled.read, err = compile(c.name, of); err != nil {
			t.Fatal(err)
		}
		if compiled.wrote, err = compile(c.name, written); err != nil {
			t.Fatal(err)
		}
		if compiled.fill, err = newPlans().of(c.t); err != nil {
			t.Fatal(err)
		}
		all = append(all, compiled)
	}
	return all
}

// What is written of a value is taken by both schemas of its type, and read back as it was.
func TestWhatIsWrittenIsTakenAndReadBack(t *testing.T) {
	for _, c := range compiledTypes(t) {
		t.Run(c.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			for range 300 {
				value := reflect.New(c.t).Elem()
				fillRandomly(random, value, 4)
				text, sections, err := c.encode(value)
				if err != nil {
					t.Fatal(err)
				}
				v := mustMessage(t, string(text), sections...)
				if err := c.wrote.validate(v); err != nil {
					t.Fatalf("Written refuses what was written: %s: %v", text, err)
				}
				if c.apart {
					continue
				}
				if err := c.read.validate(v); err != nil {
					t.Fatalf("Of refuses what was written: %s: %v", text, err)
				}
				if n := v.(*node); !c.read.fast.accepts(n) || !c.wrote.fast.accepts(n) {
					t.Fatalf("the fast path leaves %s to the judge", text)
				}
				back := reflect.New(c.t).Elem()
				if err := run(c.fill, v, back); err != nil {
					t.Fatalf("Decode refuses what was written: %s: %v", text, err)
				}
				again, same, err := c.encode(back)
				if err != nil || string(again) != string(text) || !slices.EqualFunc(sections, same, equalSections) {
					t.Fatalf("%s, %v came back as %s, %v, %v", text, sections, again, same, err)
				}
			}
		})
	}
}

// What the schema of a type takes, Decode takes: documents that are nearly right show it.
func TestDecodeTakesWhatTheSchemaTakes(t *testing.T) {
	for _, c := range compiledTypes(t) {
		if c.open || c.apart {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(3, 4))
			taken, refused := 0, 0
			for range 2000 {
				value := reflect.New(c.t).Elem()
				fillRandomly(random, value, 3)
				text, _, err := c.encode(value)
				if err != nil {
					t.Fatal(err)
				}
				doc := plainTree(mustParse(t, string(text)))
				for range random.IntN(3) {
					doc = spoil(random, doc)
				}
				text, err = json.Marshal(doc)
				if err != nil {
					t.Fatal(err)
				}
				if c.compare(t, text) {
					taken++
				} else {
					refused++
				}
			}
			if taken == 0 || refused == 0 && c.read.doc.Len() > 1 {
				t.Errorf("%d taken and %d refused show little", taken, refused)
			}
		})
	}
}

// longText is a text as long as the longest 64-bit integers, which a schema leaves to Decode.
var longText = regexp.MustCompile(`"-?[0-9]{19,}"`)

// compare reports whether the schema takes a document, which Decode must then take.
func (c *compiledType) compare(t testing.TB, text []byte) bool {
	t.Helper()
	v, err := Parse(text, Limits{})
	if err == nil {
		v, err = ParseMessage(text, sectionsFor(v), Limits{})
	}
	if err != nil || longText.Match(text) || c.read.validate(v) != nil {
		return false
	}
	if err := run(c.fill, v, reflect.New(c.t).Elem()); err != nil {
		t.Fatalf("the schema of %s takes %s, and Decode doesn't: %v", c.name, text, err)
	}
	return true
}

func FuzzDecodeTakesWhatTheSchemaTakes(f *testing.F) {
	var types []compiledType
	for _, c := range compiledTypes(f) {
		if !c.open {
			types = append(types, c)
		}
	}
	random := rand.New(rand.NewPCG(5, 6))
	for i, c := range types {
		value := reflect.New(c.t).Elem()
		fillRandomly(random, value, 4)
		text, _, err := c.encode(value)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), text)
	}
	f.Fuzz(func(t *testing.T, which uint8, text []byte) {
		c := types[int(which)%len(types)]
		if strings.ContainsAny(string(text), ".eE") {
			return // so are the digits of floats
		}
		c.compare(t, text)
	})
}

// plainTree is a value as encoding/json writes it again.
func plainTree(v Value) any { return tree(v) }

// spoil changes one place of a document.
func spoil(random *rand.Rand, doc any) any {
	switch d := doc.(type) {
	case map[string]any:
		for name := range d {
			if random.IntN(len(d)) > 0 {
				continue
			}
			switch random.IntN(5) {
			case 0:
				delete(d, name)
			case 1:
				d[strings.ToUpper(name)+junkName(random)] = d[name]
			default:
				d[name] = spoil(random, d[name])
			}
			return d
		}
		if random.IntN(2) == 0 {
			d[junkName(random)] = junk(random)
			return d
		}
	case []any:
		if len(d) > 0 && random.IntN(3) > 0 {
			i := random.IntN(len(d))
			d[i] = spoil(random, d[i])
			return d
		}
		if random.IntN(2) == 0 {
			return append(d, junk(random))
		}
	case json.Number:
		if n, ok := new(big.Int).SetString(string(d), 10); ok && random.IntN(2) == 0 {
			return json.Number(n.Add(n, big.NewInt(int64(random.IntN(600)-300))).String())
		}
	case string:
		if len(d) > 0 && random.IntN(2) == 0 {
			i := random.IntN(len(d))
			return strings.ToValidUTF8(d[:i]+junkName(random)+d[i:], "?")
		}
	}
	return junk(random)
}

func junkName(random *rand.Rand) string {
	names := []string{"", "x", "0", "-1", "007", "300", "=", "Z", "z", "id", "name", "\n", "é", "a"}
	return names[random.IntN(len(names))]
}

func junk(random *rand.Rand) any {
	values := []any{nil, true, "", "red", "AAAA", "AAA=", "AAB=", "2020-01-01T00:00:00Z", "2020-01-01t00:00:00z", "2016-12-31T23:59:60Z",
		json.Number("0"), json.Number("-1"), json.Number("1.5"), json.Number("256"), json.Number("1e3"), json.Number("9223372036854775808"),
		[]any{}, []any{json.Number("1")}, map[string]any{}, map[string]any{"x": true}, "12", "1.0", "-0", "300"}
	return values[random.IntN(len(values))]
}

// fillRandomly makes a value that Decode could have made: texts are UTF-8, numbers are those that
// JavaScript writes.
func fillRandomly(random *rand.Rand, at reflect.Value, depth int) {
	word := func() string {
		words := []string{"", "a", "red", "müller", "a b", "\u2028", "<&>", "0", "longer than the others are"}
		return words[random.IntN(len(words))]
	}
	few := func() int { return random.IntN(max(depth, 1)) }
	switch p := at.Addr().Interface().(type) {
	case *Blob:
		*p = Blob{Type: []string{anyBytes, "image/png", "text/plain"}[random.IntN(3)], Bytes: randomBytes(random, random.IntN(4))}
		return
	case *time.Time:
		*p = time.Unix(random.Int64N(4e9), random.Int64N(1e9)).In(time.FixedZone("", 60*(random.IntN(1400)-700)))
		return
	case *big.Int:
		p.Lsh(big.NewInt(random.Int64()-1<<62), uint(random.IntN(100)))
		return
	case *json.RawMessage:
		*p = json.RawMessage(fmt.Sprintf(`{"n":%d}`, random.IntN(9)))
		return
	case *json.Number:
		*p = json.Number(fmt.Sprint(random.IntN(1000)))
		return
	case *netip.Addr:
		*p = netip.AddrFrom4([4]byte{1, 2, 3, byte(random.IntN(256))})
		return
	case *netip.Prefix:
		*p = netip.PrefixFrom(netip.AddrFrom4([4]byte{1, 2, 3, 4}), random.IntN(32))
		return
	case Enum:
		all := p.JSONSchemaEnum()
		at.Set(reflect.ValueOf(all[random.IntN(len(all))]))
		return
	}
	switch at.Kind() {
	case reflect.Bool:
		at.SetBool(random.IntN(2) == 0)
	case reflect.String:
		at.SetString(word())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		at.SetInt(random.Int64() >> (64 - at.Type().Bits() + random.IntN(at.Type().Bits())) * (1 - 2*random.Int64N(2)))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		at.SetUint(random.Uint64() >> (64 - at.Type().Bits() + random.IntN(at.Type().Bits())))
	case reflect.Float32, reflect.Float64:
		at.SetFloat(float64(random.IntN(2000)-1000) / 8)
	case reflect.Pointer:
		if depth > 0 && random.IntN(2) == 0 {
			at.Set(reflect.New(at.Type().Elem()))
			fillRandomly(random, at.Elem(), depth-1)
		}
	case reflect.Slice:
		if isBytes(at.Type()) {
			at.SetBytes(randomBytes(random, random.IntN(4)))
			return
		}
		at.Set(reflect.MakeSlice(at.Type(), few(), 8))
		for i := range at.Len() {
			fillRandomly(random, at.Index(i), depth-1)
		}
	case reflect.Array:
		for i := range at.Len() {
			fillRandomly(random, at.Index(i), depth-1)
		}
	case reflect.Map:
		at.Set(reflect.MakeMap(at.Type()))
		for range few() {
			k, v := reflect.New(at.Type().Key()).Elem(), reflect.New(at.Type().Elem()).Elem()
			fillRandomly(random, k, 1)
			fillRandomly(random, v, depth-1)
			at.SetMapIndex(k, v)
		}
	case reflect.Struct:
		for i := range at.NumField() {
			if at.Type().Field(i).IsExported() || at.Type().Field(i).Anonymous && at.Field(i).Kind() == reflect.Struct {
				if f := at.Field(i); f.CanSet() {
					fillRandomly(random, f, depth-1)
				}
			}
		}
	case reflect.Interface:
		at.Set(reflect.ValueOf([]any{word(), map[string]any{"x": true}, []any{false}}[random.IntN(3)]))
	}
}
