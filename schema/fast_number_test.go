package schema

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
)

func randomNumber(r *rand.Rand) string {
	digits := func(most int) string {
		var b strings.Builder
		for range 1 + r.IntN(most) {
			b.WriteByte("0001234567899"[r.IntN(13)])
		}
		return b.String()
	}
	whole := strings.TrimLeft(digits(1+r.IntN(22)), "0")
	if whole == "" {
		whole = "0"
	}
	text := []string{"", "-"}[r.IntN(2)] + whole
	if r.IntN(2) == 0 {
		text += "." + digits(1+r.IntN(20))
	}
	if r.IntN(3) == 0 {
		text += fmt.Sprintf("%s%s%d", []string{"e", "E"}[r.IntN(2)], []string{"", "+", "-"}[r.IntN(3)], r.IntN(1+r.IntN(30)))
	}
	return text
}

func rat(t *testing.T, text string) *big.Rat {
	t.Helper()
	v, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatal(text)
	}
	return v
}

// Every way of comparing numbers says what fractions say.
func TestFastNumbersAreExact(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	ways := map[string]int{}
	for range 200_000 {
		literal, other := randomNumber(r), randomNumber(r)
		if r.IntN(4) == 0 {
			other = literal // equal
		}
		v, b := rat(t, literal), rat(t, other)
		var bounds [4]*big.Rat
		kind := r.IntN(6)
		var multiple *big.Rat
		want := true
		switch c := v.Cmp(b); kind {
		case 0:
			want = c >= 0
		case 1:
			want = c > 0
		case 2:
			want = c <= 0
		case 3:
			want = c < 0
		case 4:
			multiple = b.Abs(b)
			if multiple.Sign() == 0 {
				continue
			}
			want = new(big.Rat).Quo(v, multiple).IsInt()
		case 5:
			want = v.IsInt()
		}
		if kind < 4 {
			bounds[kind] = b
		}
		q := compileNumber(kind == 5, bounds[0], bounds[1], bounds[2], bounds[3], multiple)
		c := checker{left: 1000}
		if got := c.numeral(q, literal); got != sure(want) {
			t.Fatalf("%s by %s, keyword %d: got %d, want %t", literal, other, kind, got, want)
		}
		_, isShort := short(literal)
		_, isDecimal := decimalOf(literal)
		switch {
		case isShort:
			ways["short"]++
		case c.left < 1000:
			ways["fractions"]++
		case isDecimal:
			ways["decimal"]++
		}
		key := canonicalNumber(literal)
		if again := canonicalNumber(v.FloatString(80)); again != key {
			t.Fatalf("%s has the key %s, and %s written with all zeros", literal, key, again)
		}
		if (canonicalNumber(other) == key) != (v.Cmp(rat(t, other)) == 0) {
			t.Fatalf("%s and %s are equal, or their keys are, and not both", literal, other)
		}
	}
	t.Log(ways)
	if len(ways) != 3 || ways["decimal"] < 10_000 || ways["short"] < 10_000 || ways["fractions"] < 10_000 {
		t.Errorf("a way is hardly taken: %v", ways)
	}
}

func TestFastCountsCodePointsAsWritten(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	parts := []string{"a", "é", "€", "😀", `\n`, `\"`, `\\`, `\u0041`, `\u00e9`, `\ud83d\ude00`, `\uD83D\uDE00`, `\udbff\udfff`, `\uD800\uDC00`, `\uabcd`, `\udabc\uDEf0`, `\uda00\udc00`, `\u0DDC`, `\uDBFF\udc00`}
	for range 20_000 {
		var b strings.Builder
		for range r.IntN(6) {
			b.WriteString(parts[r.IntN(len(parts))])
		}
		v := mustParse(t, `"`+b.String()+`"`)
		if got, want := points(b.String()), len([]rune(v.Text())); got != want {
			t.Fatalf("%s: got %d, want %d", b.String(), got, want)
		}
	}
}
