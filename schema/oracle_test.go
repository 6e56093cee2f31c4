package schema

import (
	"bytes"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// judged is the second opinion on a document: jsontext for the grammar, and the limits counted
// on its tokens. It says what is wrong, "grammar" or the name of a limit, or nothing.
func judged(data []byte, l Limits) string {
	if len(data) > l.Size {
		return "size"
	}
	var (
		wrong   string
		d       = jsontext.NewDecoder(bytes.NewReader(data))
		nodes   = 0
		tooMuch = func(what string, n, most int) {
			if n > most {
				wrong = what
			}
		}
	)
	for {
		token, err := d.ReadToken()
		if err == io.EOF && nodes > 0 && d.StackDepth() == 0 {
			return wrong
		}
		if err != nil {
			return "grammar"
		}
		if d.StackDepth() == 0 && d.InputOffset() < int64(len(data)) && strings.Trim(string(data[d.InputOffset():]), " \t\r\n") != "" {
			return "grammar" // a second value would be another document to jsontext
		}
		switch token.Kind() {
		case '}', ']':
			continue
		case '{', '[':
			tooMuch("depth", d.StackDepth(), l.Depth)
		case '"':
			kind, length := d.StackIndex(d.StackDepth())
			if kind == '{' && length%2 == 1 {
				tooMuch("keys", int(length+1)/2, l.Keys)
				continue
			}
		case '0':
			literal := token.String()
			tooMuch("number", len(literal), l.Number)
			if _, exponent, ok := strings.Cut(strings.ToLower(literal), "e"); ok {
				n, err := strconv.Atoi(strings.TrimLeft(exponent, "+-"))
				if err != nil {
					n = l.Exponent + 1
				}
				tooMuch("exponent", n, l.Exponent)
			}
		}
		nodes++
		tooMuch("nodes", nodes, l.Nodes)
	}
}

// compare holds Parse to the second opinion.
func compare(t testing.TB, data []byte, l Limits) {
	t.Helper()
	l = l.filled()
	v, err := Parse(data, l)
	wrong := judged(data, l)
	if (err == nil) != (wrong == "") {
		t.Fatalf("%q: got %v, while jsontext and the limits say %q", data, err, wrong)
	}
	if err == nil {
		same(t, v.(*node), data)
		return
	}
	e := err.(*SyntaxError)
	if e.Offset < 0 || e.Offset > int64(len(data)) {
		t.Fatalf("%q: the error is at byte %d", data, e.Offset)
	}
	if strings.Trim(e.Pointer, "/*0123456789") != "" || e.Pointer != "" && e.Pointer[0] != '/' {
		t.Fatalf("%q: the pointer is %q", data, e.Pointer)
	}
	grammar := e.Problem != tooLarge && e.Problem != tooDeep && e.Problem != tooManyNodes && e.Problem != tooManyKeys && e.Problem != tooLong && e.Problem != tooHigh
	if grammar && wrong != "grammar" {
		t.Fatalf("%q: got %v, while the limit of %s is passed", data, err, wrong)
	}
}

// same reads the tape beside jsontext's tokens: each value is where it says, and in order.
func same(t testing.TB, root *node, data []byte) {
	t.Helper()
	d := jsontext.NewDecoder(bytes.NewReader(data))
	next := func() jsontext.Token {
		token, err := d.ReadToken()
		if err != nil {
			t.Fatalf("%q: jsontext: %v", data, err)
		}
		return token
	}
	var visit func(n *node)
	visit = func(n *node) {
		token := next()
		wantKind := map[jsontext.Kind]Kind{'n': Null, 't': Bool, 'f': Bool, '0': Number, '"': String, '[': Array, '{': Object}[token.Kind()]
		if n.kind != wantKind || n.doc != root.doc {
			t.Fatalf("%q: a value is %v, want %v", data, n.kind, wantKind)
		}
		switch n.kind {
		case Null, Bool, Number:
			if n.raw() != token.String() {
				t.Fatalf("%q: a literal is %q, want %q", data, n.raw(), token)
			}
		case String:
			if n.Text() != token.String() || n.escaped != strings.Contains(n.raw(), `\`) {
				t.Fatalf("%q: a text is %q, want %q", data, n.Text(), token)
			}
		default:
			for i := range n.children() {
				c := &n.children()[i]
				if n.kind == Object {
					if name := next().String(); c.name() != name || c.nameEsc != strings.Contains(c.rawName(), `\`) {
						t.Fatalf("%q: a name is %q, want %q", data, c.name(), name)
					}
				} else if c.name() != "" {
					t.Fatalf("%q: an element has the name %q", data, c.name())
				}
				visit(c)
			}
			if end := next().Kind(); end != ']' && end != '}' {
				t.Fatalf("%q: a container has more than %d values", data, n.count)
			}
		}
		if end := int64(n.end); end != d.InputOffset() {
			t.Fatalf("%q: a value ends at %d, want %d", data, end, d.InputOffset())
		}
		if from := data[n.start:n.end]; string(from) != n.raw() {
			t.Fatalf("%q: raw is %q", data, n.raw())
		}
	}
	visit(root)
}

// smallLimits are passed by little documents.
func smallLimits() Limits {
	return Limits{Size: 200, Depth: 4, Nodes: 20, Keys: 10, Number: 9, Exponent: 30}
}

// pieces are what documents are made of, wrong ones among them.
func pieces() []string {
	return []string{
		"{", "}", "[", "]", ":", ",", "[", "]", ",", `"a":`, `"b" : `, `"\u0061":`, `"a` + "\n", ` `, "\n\t ", strings.Repeat(" ", 300), "1", "-0", "0", "-", "01", "1.5", "1.",
		"1e30", "1E+031", "1e-7", "e", ".", "123456789", "1234567890", "true", "false", "null", "nul", "True", `"`, `""`, `"é"`, `"日本語の文字列 and more"`,
		`"plain"`, `"eight by"`, `"longer than eight"`, `\`, `"\n"`, `"\\\""`, `"\u00e9\/"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\ude00\ud83d"`, `"\u12"`, `"\x"`, `"\ud83d\xde00"`, "\"\x00\"", "\"\x1f longer\"", "\"\x7f\"",
		"\"\xff\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"long enough \xf4\x90\x80\x80\"", "\"\xe2\x82\"", "\xef\xbb\xbf", "\x00", "/**/",
		`{"a":1,"b":[2,{"c":{}}],"d":null}`, `{"a":{"a":1},"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1}`, `[[],[[]],1,{}]`, `"abcdefgh":`, `"abcdefg":`, `"abcdefghi":`,
	}
}

// Documents are put together and broken at random, from a fixed start.
func TestParseAgreesWithJsontext(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	parts := pieces()
	accepted, rounds := 0, 60_000
	if testing.Short() {
		rounds = 6000
	}
	for range rounds {
		var b []byte
		if r.IntN(2) == 0 {
			b = generated(r, nil, 0)
		}
		for range r.IntN(6) {
			at, cut := 0, 0
			if len(b) > 0 {
				at = r.IntN(len(b))
				cut = min(r.IntN(3), len(b)-at)
			}
			b = bytes.Join([][]byte{b[:at], b[at+cut:]}, []byte(parts[r.IntN(len(parts))]))
		}
		for _, l := range []Limits{{}, smallLimits()} {
			compare(t, b, l)
		}
		if judged(b, Limits{}.filled()) == "" {
			accepted++
		}
	}
	if accepted < rounds/10 {
		t.Errorf("only %d of %d documents were acceptable", accepted, rounds)
	}
}

// generated appends a document, mostly a right one.
func generated(r *rand.Rand, dst []byte, depth int) []byte {
	scalars := []string{"1", "-0.5e1", "true", "false", "null", `"x"`, `"longer than eight"`, `"\"é\ud83d\ude00"`, `""`, "1234567", `"日本語"`}
	names := []string{"a", "b", "c", "aa", "bb", "longer than eight", "é", `\u0061`, "", `\"`, "abcdefgh", "k1", "k2", "k3", "k4", "k5"}
	n := r.IntN(4)
	if r.IntN(10) == 0 {
		n += r.IntN(14)
	}
	switch kind := r.IntN(5); {
	case kind < 2 && depth < 5:
		dst = append(dst, '[')
		for i := range n {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = generated(r, dst, depth+1)
		}
		return append(dst, ']')
	case kind < 4 && depth < 5:
		r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		dst = append(dst, '{')
		for i := range min(n, len(names)) {
			if i > 0 {
				dst = append(dst, " ,"[r.IntN(2):]...)
			}
			dst = append(dst, `"`+names[i]+`"`...)
			dst = append(dst, strings.Repeat(" ", max(0, r.IntN(20)-18)*254)+":"...)
			dst = generated(r, dst, depth+1)
		}
		return append(dst, '}')
	}
	return append(dst, scalars[r.IntN(len(scalars))]...)
}

// Strings are read eight bytes at once, so each byte is tried at each place of a string, behind
// an escape too, from where on another loop reads.
func TestEveryByteInAString(t *testing.T) {
	for _, before := range []string{"", `\n`, "é"} {
		for size := 1; size <= 18; size++ {
			plain := before + strings.Repeat("a", size)
			for at := range size {
				for c := range 256 {
					text := []byte(`{"` + plain + `":0,"b":"` + plain + `"}`)
					name, value := text[2+len(before):], text[len(plain)+10+len(before):]
					name[at] = byte(c)
					compare(t, text, Limits{})
					name[at], value[at] = 'a', byte(c)
					compare(t, text, Limits{})
				}
			}
		}
	}
}
