package schema

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

const mib = 1 << 20

// A hostile document has one mebibyte and is made to cost as much as it can.
type hostile struct {
	name    string
	text    string
	problem string // "" for one that is accepted
}

// mebibyte repeats unit between open and end until the whole has a mebibyte, padded with white space.
func mebibyte(open, unit, between, end string) string {
	n := (mib - len(open) - len(end) + len(between)) / (len(unit) + len(between))
	return padded(open + strings.Repeat(unit+between, n-1) + unit + end)
}

// arrayOf returns an array of n times unit, padded with white space.
func arrayOf(n int, unit string) string {
	return padded("[" + strings.Repeat(unit+",", n-1) + unit + "]")
}

func padded(text string) string { return text + strings.Repeat(" ", mib-len(text)) }

// objectOf returns an object of n members whose names name makes.
func objectOf(n int, name func(i int) string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"%s":1`, name(i))
	}
	return "{" + b.String()[1:] + "}"
}

func hostileDocuments() []hostile {
	long := func(i int) string { return fmt.Sprintf("%0245d", i) }
	escaped := func(i int) string {
		var b strings.Builder
		for _, c := range fmt.Sprintf("%038d", i) {
			fmt.Fprintf(&b, `\u%04x`, c)
		}
		return b.String()
	}
	alike := func(i int) string { return fmt.Sprintf("xx%02d", i) }
	short := func(i int) string { return fmt.Sprintf("%x", i) }
	nested := strings.Repeat("[", 63) + strings.Repeat("]", 63)
	half := strings.Repeat("k", mib/2-20)
	return []hostile{
		{"open arrays", strings.Repeat("[", mib), tooDeep},
		{"open objects", mebibyte("", `{"a":`, "", ""), tooDeep},
		{"arrays as deep as allowed, one beside the other", arrayOf(1580, nested), ""},
		{"an array as deep as allowed, all its elders waiting", mebibyte(strings.Repeat("[0,", 63)+"[", "00000000", "", "]"+strings.Repeat("]", 63)), badSyntax},
		{"deep at the end", mebibyte("["+strings.Repeat("1,", 50_000), " ", "", strings.Repeat("[", 63)+strings.Repeat("]", 64)), ""},
		{"as many ones as allowed", arrayOf(99_999, "1"), ""},
		{"ones", mebibyte("[", "1", ",", "]"), tooManyNodes},
		{"empty arrays", mebibyte("[", "[]", ",", "]"), tooManyNodes},
		{"empty objects", mebibyte("[", "{}", ",", "]"), tooManyNodes},
		{"commas in a string", mebibyte(`"`, ",", "", `"`), ""},
		{"commas in a string, then ones", padded(`["` + strings.Repeat("[", 600_000) + `"` + strings.Repeat(",1", 99_998) + "]"), ""},

		{"as many members as allowed, with long names", padded(objectOf(4096, long)), ""},
		{"as many members as allowed, with names of escapes", padded(objectOf(4096, escaped)), ""},
		{"the first of many long names once more", padded(strings.TrimSuffix(objectOf(4096, func(i int) string { return long(i % 4095) }), "}") + "}"), sameName},
		{"too many members", padded(objectOf(90_000, short)), tooManyKeys},
		{"objects of as many members as allowed", arrayOf(24, objectOf(4096, short)), ""},
		{"objects of as many members as are compared each with each", arrayOf(7600, objectOf(few, alike)), ""},
		{"objects of one more", arrayOf(7000, objectOf(few+1, alike)), ""},
		{"small objects with an escape", arrayOf(33_000, `{"\t":1,"b":2}`), ""},
		{"one object with very many members, then small ones", padded("[" + objectOf(4096, short) + strings.Repeat(","+objectOf(few+1, short), 6800) + "]"), ""},
		{"a name of a mebibyte", mebibyte(`{"`, "a", "", `":1}`), ""},
		{"two names that differ at the end", padded(`{"` + half + `1":1,"` + half + `2":2}`), ""},
		{"one long name twice", padded(`{"` + half + `":1,"` + half + `":2}`), sameName},
		{"a name of escapes", mebibyte(`{"`, `\u0061`, "", `":1,"b":1}`), ""},
		{"values far behind their names", mebibyte("{", `"a":{"b"`+strings.Repeat(" ", 260)+":1}", ",", "}"), sameName},

		{"the longest numbers", mebibyte("[", strings.Repeat("1", 128), ",", "]"), ""},
		{"one long number", strings.Repeat("1", mib), tooLong},
		{"a long fraction", mebibyte("0.", "1", "", ""), tooLong},
		{"the largest exponents", mebibyte("[", "1e400", ",", "]"), tooManyNodes},
		{"an exponent of zeros", mebibyte("1e", "0", "", "1"), tooLong},

		{"one string", mebibyte(`"`, "a", "", `"`), ""},
		{"one string of other letters", mebibyte(`"`, "é", "", `"`), ""},
		{"escapes", mebibyte(`"`, `\\`, "", `"`), ""},
		{"long escapes", mebibyte(`"`, `\u00e9`, "", `"`), ""},
		{"pairs of surrogates", mebibyte(`"`, `\ud83d\ude00`, "", `"`), ""},
		{"short strings of escapes", mebibyte("[", `"\n"`, ",", "]"), tooManyNodes},
		{"a string without an end", mebibyte(`"`, "a", "", ""), tooEarly},
		{"quotes", strings.Repeat(`"`, mib), tooMuch},
		{"white space", strings.Repeat(" ", mib), tooEarly},
		{"white space between all", mebibyte("[", "1"+strings.Repeat(" ", 20)+"\n", ",", "]"), ""},

		{"rows, and a word too much", string(sample(mib-100)) + strings.Repeat(" ", 60) + "true", tooMuch},
		{"a string, and a bad byte at its end", mebibyte(`"`, "a", "", "\xff\""), badUTF8},
		{"other letters, and a bad byte at their end", mebibyte(`"`, "é", "", "\xff\""), badUTF8},
		{"escapes, and half a pair at their end", mebibyte(`"`, `\\`, "", `\ud83d"`), badEscape},
		{"members, and one of them twice at the end", padded("[" + strings.Repeat(objectOf(4096, short)+",", 24) + `{"a":1,"a":1}]`), sameName},
		{"numbers, and a comma too much", padded("[" + strings.Repeat("1,", 99_000) + "]"), badSyntax},
	}
}

// One mebibyte of anything is read or turned away for less than 8 MiB, which is what bounds
// the collector's work too. The time is for BenchmarkHostile to say.
func TestHostileDocumentsAreCheap(t *testing.T) {
	limits := Limits{Size: mib + 200}
	for _, h := range hostileDocuments() {
		t.Run(h.name, func(t *testing.T) {
			if len(h.text) < mib-200 || len(h.text) > mib+200 {
				t.Errorf("the document has %d bytes", len(h.text))
			}
			data := []byte(h.text)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			v, err := Parse(data, limits)
			runtime.ReadMemStats(&after)
			runtime.KeepAlive(v)
			if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 8<<20 {
				t.Errorf("%d KiB were allocated", allocated>>10)
			}
			problem := ""
			if err != nil {
				problem = err.(*SyntaxError).Problem
				if len(err.Error()) > 500 {
					t.Error("a long error")
				}
			}
			if problem != h.problem {
				t.Errorf("got %q, want %q", problem, h.problem)
			}
		})
	}
}

// BenchmarkHostile is of one mebibyte each: none should take more than 15 ms and 8 MiB.
func BenchmarkHostile(b *testing.B) {
	limits := Limits{Size: mib + 200}
	for _, h := range hostileDocuments() {
		data := []byte(h.text)
		b.Run(h.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(data, limits); (err == nil) != (h.problem == "") {
					b.Fatal(err)
				}
			}
		})
	}
}
