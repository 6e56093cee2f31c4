package schema

import (
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The types that decoding and encoding are fuzzed with.
type (
	stamp struct {
		By string    `json:"by"`
		At time.Time `json:"at,omitzero"`
	}

	Origin struct {
		Host string `json:"host,omitempty"`
		Port uint16 `json:"port"`
	}

	color string

	page[T any] struct {
		Items []T      `json:"items"`
		Next  *page[T] `json:"next,omitempty"`
		Total int      `json:"total,omitzero"`
	}

	tree2 struct {
		Name string           `json:"name"`
		Kids []tree2          `json:"kids,omitempty"`
		By   map[string]tree2 `json:"by,omitempty"`
		Up   *tree2           `json:"up,omitzero"`
	}

	everything struct {
		stamp
		*Origin
		Path    string                 `json:"path"`
		I8      int8                   `json:"i8"`
		N       int32                  `json:"n"`
		I64     int64                  `json:"i64,omitempty"`
		U       *uint8                 `json:"u"`
		U64     uint64                 `json:"u64,omitzero"`
		F       float64                `json:"f"`
		F32     float32                `json:"f32"`
		Q       int64                  `json:"q,string"`
		QF      float64                `json:"qf,string,omitzero"`
		Blob    []byte                 `json:"blob,format:base64"`
		When    *time.Time             `json:"when"`
		List    []string               `json:"list"`
		Matrix  [][]float64            `json:"matrix,omitempty"`
		Pair    [2]int                 `json:"pair"`
		Flags   map[string]bool        `json:"flags"`
		ByInt   map[int16]string       `json:"by_int"`
		ByAddr  map[netip.Addr]*int    `json:"by_addr,omitempty"`
		ByColor map[color][]color      `json:"by_color,omitzero"`
		Raw     json.RawMessage        `json:"raw,omitzero"`
		Any     any                    `json:"any"`
		More    map[string]any         `json:"more,omitempty"`
		Num     json.Number            `json:"num,omitzero"`
		Addr    netip.Addr             `json:"addr"`
		Color   color                  `json:"color,omitempty"`
		Pages   page[stamp]            `json:"pages"`
		Tree    *tree2                 `json:"tree"`
		Next    *everything            `json:"next,omitempty"`
		Empty   struct{}               `json:"empty"`
		Double  **bool                 `json:"double"`
		Proto   string                 `json:"__proto__,omitempty"`
		Accent  string                 `json:"\u00e9<&>"`
		Inner   struct{ A, B, C bool } `json:"constructor"`
		Skipped string                 `json:"-"`
		Yes     bool
	}
)

// Choices turns a fuzzer's bytes into decisions. Without bytes each is the first.
type choices struct{ left []byte }

func (c *choices) pick(n int) int {
	if len(c.left) == 0 {
		return 0
	}
	i := int(c.left[0]) % n
	c.left = c.left[1:]
	return i
}

func oneOf[T any](c *choices, of ...T) T { return of[c.pick(len(of))] }

// Document appends JSON that a type mostly takes, and is wrong here and there.
func (c *choices) document(dst []byte, t reflect.Type, depth int) []byte {
	if len(c.left) > 0 && c.left[0] == 0xff {
		c.left = c.left[1:]
		return append(dst, oneOf(c, `null`, `{}`, `[]`, `""`, `0`, `false`, `1.5`, `{"a":[null,{"b":-0}]}`, `"null"`, `1e3`, `[0,0]`)...)
	}
	switch t {
	case reflect.TypeFor[time.Time]():
		return append(dst, oneOf(c, `"2026-01-02T03:04:05Z"`, `"0001-01-01T00:00:00Z"`, `"2026-01-02T03:04:05.500+01:00"`, `"9999-12-31T23:59:59.999999999-23:59"`,
			`"2026-01-02t03:04:05z"`, `"2026-01-02T24:00:00Z"`, `"2026-01-02T03:04:60Z"`, `"2026-01-02T3:04:05Z"`, `"2026-01-02T03:04:05,5Z"`, `"2026-01-02T03:04:05+24:00"`)...)
	case reflect.TypeFor[netip.Addr]():
		return append(dst, oneOf(c, `"::1"`, `""`, `"1.2.3.4"`, `"fe80::1%eth0"`, `"0:0::1"`, `"::ffff:1.2.3.4"`, `"01.2.3.4"`)...)
	case reflect.TypeFor[json.RawMessage]():
		return append(dst, oneOf(c, `{ "k" : [1 ,2] }`, `null`, `"\u0061"`, `1E5`, `[]`)...)
	case reflect.TypeFor[json.Number]():
		return c.number(dst)
	}
	switch t.Kind() {
	case reflect.Bool:
		return strconv.AppendBool(dst, c.pick(2) == 1)
	case reflect.String:
		return c.text(dst)
	case reflect.Interface:
		if depth <= 0 {
			return c.number(dst)
		}
		return c.document(dst, oneOf(c, reflect.TypeFor[string](), reflect.TypeFor[float64](), reflect.TypeFor[bool](), reflect.TypeFor[[]any](), reflect.TypeFor[map[string]any]()), depth-1)
	case reflect.Pointer:
		if depth <= 0 {
			return append(dst, `null`...)
		}
		return c.document(dst, t.Elem(), depth-1)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return append(dst, oneOf(c, `"aGk="`, `""`, `"AAH/"`, `"aGk"`, `"aGl="`, `"_-_-"`, `"\u0061Gk="`, `"aG\nk="`)...)
		}
		return c.list(dst, t.Elem(), c.pick(4), depth)
	case reflect.Array:
		return c.list(dst, t.Elem(), t.Len()+oneOf(c, 0, 0, 0, 0, 0, 0, 1), depth)
	case reflect.Map:
		return c.mapping(dst, t, depth)
	case reflect.Struct:
		return c.object(dst, t, depth)
	}
	return c.number(dst)
}

func (c *choices) list(dst []byte, t reflect.Type, n, depth int) []byte {
	if depth <= 0 {
		n = 0
	}
	dst = append(dst, '[')
	for i := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = c.document(dst, t, depth-1)
	}
	return append(dst, ']')
}

func (c *choices) mapping(dst []byte, t reflect.Type, depth int) []byte {
	n := c.pick(4)
	if depth <= 0 {
		n = 0
	}
	dst = append(dst, '{')
	for i := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		switch {
		case t.Key() == reflect.TypeFor[netip.Addr]():
			dst = append(dst, oneOf(c, `"::1"`, `"1.2.3.4"`, `"0:0::1"`, `""`, `"x"`)...)
		case t.Key().Kind() == reflect.String:
			dst = c.text(dst)
		default:
			dst = append(dst, oneOf(c, `"0"`, `"1"`, `"-1"`, `"32767"`, `"-32768"`, `"32768"`, `"01"`, `"-0"`, `"+1"`, `"1.0"`, `""`)...)
		}
		dst = c.document(append(dst, ':'), t.Elem(), depth-1)
	}
	return append(dst, '}')
}

func (c *choices) object(dst []byte, t reflect.Type, depth int) []byte {
	dst = append(dst, '{')
	fields := reflect.VisibleFields(t)
	start := len(dst)
	for range c.pick(8) {
		if len(fields) == 0 {
			break
		}
		i := c.pick(len(fields))
		f := fields[i]
		fields = slices.Delete(fields, i, i+1)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || name == "-" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		if len(dst) > start {
			dst = append(dst, ',')
		}
		switch c.pick(48) {
		case 47:
			name = variant(name)
		case 46:
			name = oneOf(c, "__proto__", "toString", "", "skipped", "Skipped", "stamp", "Origin", "By")
		}
		literal := string(literalOf(name))
		if c.pick(16) == 15 {
			literal = `"` + escapes(name) + `"`
		}
		dst = append(append(dst, literal...), ':')
		if strings.Contains(f.Tag.Get("json"), ",string") {
			dst = append(c.number(append(dst, '"')), '"')
		} else {
			dst = c.document(dst, f.Type, depth-1)
		}
	}
	return append(dst, '}')
}

func (c *choices) number(dst []byte) []byte {
	return append(dst, oneOf(c, "0", "1", "-1", "7", "-0", "127", "128", "-128", "-129", "255", "256", "65535", "65536", "2147483647", "2147483648", "9007199254740993",
		"9223372036854775807", "-9223372036854775808", "9223372036854775808", "18446744073709551615", "18446744073709551616", "0.5", "-1.25", "0.1", "0.30000000000000004",
		"1e21", "1e-7", "1E+2", "1.0", "10e-1", "5e-324", "1e-400", "1e309", "1.7976931348623157e308", "3.4028235e38", "16777217", "0.1000000000000000000001", "123456789012345678901234567890")...)
}

func (c *choices) text(dst []byte) []byte {
	return append(dst, oneOf(c, `""`, `"a"`, `"b"`, `"row 1"`, `"\u0061"`, `"\n\t\\\"\/"`, `"é"`, `"\ud83d\ude00"`, `"<&>\u2028"`, `"\u0000\u001f"`, `"\u007f"`, `"1"`, `"\ufffd"`,
		`"a rather long text, longer than the buffers that short ones fit into, with \u00e9 in it and more"`)...)
}

// Variant is another name that careless readers take for the same.
func variant(name string) string {
	for _, other := range []string{strings.ToUpper(name), strings.ToTitle(name[:1]) + name[1:], strings.ToLower(name), strings.NewReplacer("s", "ſ", "k", "\u212a").Replace(name), name + " "} {
		if other != name {
			return other
		}
	}
	return name
}

func literalOf(text string) []byte {
	literal, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return literal
}

// Escapes writes each letter of ASCII as an escape.
func escapes(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r < 0x80 {
			b.WriteString(`\u00` + string("0123456789abcdef"[r>>4]) + string("0123456789abcdef"[r&15]))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Covered reports the way to the first value of the document that a text, encoded from what was
// decoded, doesn't have as well; ok if there is none. What a member may become is written out
// here by its name, apart from the code under test.
func covered(doc, text Value, path []string) (way string, ok bool) {
	name := ""
	if len(path) > 0 {
		name = path[len(path)-1]
	}
	where := strings.Join(path, "/")
	switch doc.Kind() {
	case Object:
		if text.Kind() != Object {
			return where, false
		}
		if name == "flags" || name == "by_int" || name == "by_addr" || name == "more" {
			if doc.Len() != text.Len() {
				return where, false
			}
		}
		for member, value := range doc.Fields() {
			if name == "by_addr" {
				if addr, err := netip.ParseAddr(member); err == nil {
					member = addr.String()
				}
			}
			other, found := text.Field(member)
			if !found && (nothing(value) || member == "qf" && sameNumber(value.Text(), "0", "")) {
				continue // left out by a tag option
			}
			if !found {
				return where + "/" + member, false
			}
			if way, ok := covered(value, other, append(slices.Clip(path), member)); !ok {
				return way, false
			}
		}
		return "", true
	case Array:
		if doc.Len() != text.Len() {
			return where, false
		}
		for i := range doc.Len() {
			if way, ok := covered(doc.Index(i), text.Index(i), append(slices.Clip(path), strconv.Itoa(i))); !ok {
				return way, false
			}
		}
		return "", true
	case Null:
		return where, text.Kind() == Null || name == "empty"
	case Bool:
		return where, doc.Bool() == text.Bool() && text.Kind() == Bool
	case Number:
		return where, text.Kind() == Number && sameNumber(string(doc.Number()), string(text.Number()), name)
	}
	return where, text.Kind() == String && sameText(doc.Text(), text.Text(), name)
}

func nothing(v Value) bool {
	text := string(v.AppendJSON(nil))
	return text == `null` || text == `false` || text == `"0001-01-01T00:00:00Z"` || v.Kind() == String && v.Text() == "" ||
		v.Kind() >= Array && v.Len() == 0 || v.Kind() == Number && sameNumber(text, "0", "")
}

func sameNumber(a, b, name string) bool {
	x, _ := new(big.Rat).SetString(a)
	y, _ := new(big.Rat).SetString(b)
	if x.Cmp(y) == 0 {
		return true
	}
	bits := 0
	switch name {
	case "f32":
		bits = 32
	case "f", "qf", "0", "1", "2", "3": // what JavaScript writes is not exact either; so in "matrix"
		bits = 64
	}
	f, _ := strconv.ParseFloat(a, bits)
	g, _ := strconv.ParseFloat(b, bits)
	return bits > 0 && f == g
}

func sameText(a, b, name string) bool {
	if a == b {
		return true
	}
	switch name {
	case "q", "qf":
		return sameNumber(a, b, name)
	case "at", "when":
		x, err := time.Parse(time.RFC3339Nano, a)
		y, err2 := time.Parse(time.RFC3339Nano, b)
		return err == nil && err2 == nil && x.Equal(y)
	case "addr":
		x, err := netip.ParseAddr(a)
		y, err2 := netip.ParseAddr(b)
		return err == nil && err2 == nil && x == y
	case "blob":
		x, err := base64.StdEncoding.DecodeString(a)
		y, err2 := base64.StdEncoding.DecodeString(b)
		return err == nil && err2 == nil && string(x) == string(y)
	}
	return false
}
