package schema

import (
	"math"
	"strings"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
)

func TestANumberInsideATextIsWhatParseTakes(t *testing.T) {
	for _, text := range []string{
		"0", "-0", "7", "-7", "10", "1.5", "-1.50", "0.0", "1e5", "1E5", "1e+5", "1e-5", "0e0", "1.5e400", strings.Repeat("1", 128), "1e0000400",
		"", "-", "+1", "01", "-01", "00", ".5", "1.", "1.e5", "1e", "1e+", "1e5.", "--1", "1 ", " 1", "\t1", "1\n", "1,2", "1_000", "0x10", "1e401",
		"1e99999999999999999999", strings.Repeat("1", 129), "Infinity", "NaN", "null", "true", `"1"`, "[1]", "١", "1\x00", "1e5e5", "1-1",
	} {
		v, err := Parse([]byte(text), Limits{})
		want := err == nil && v.Kind() == Number && strings.TrimSpace(text) == text
		if isNumber(text) != want {
			t.Errorf("%q: a number is %t, want %t", text, !want, want)
		}
	}
}

func TestFloatsAreWrittenAsECMAScriptWritesThem(t *testing.T) {
	for _, f := range []float64{
		0, math.Copysign(0, -1), 1, -1, 0.1, 1e-6, 9.99e-7, 1e-7, 1.5e-9, 1e-10, 1e-300, 5e-324, 1e20, 1e21, 123456789e15, math.MaxFloat64, math.Pi,
		1e100, 1 << 53, 0.30000000000000004, 99.99999999999999, float64(math.MaxFloat32), float64(math.SmallestNonzeroFloat32), 16777216,
	} {
		for bits, value := range map[int]any{64: f, 32: float32(f)} {
			if bits == 32 && f > math.MaxFloat32 {
				continue
			}
			want, err := jsonv2.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			rounded := f
			if bits == 32 {
				rounded = float64(float32(f))
			}
			if got := string(appendFloat(nil, rounded, bits)); got != string(want) {
				t.Errorf("%d bits of %v: %s, want %s", bits, f, got, want)
			}
		}
	}
}
