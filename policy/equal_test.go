package policy

import "testing"

func TestOneOf(t *testing.T) {
	for _, test := range []struct {
		name, value, list string
		want              judgement
	}{
		{"text", `"a"`, `["b","a"]`, inside},
		{"other text", `"a"`, `["b","A","a "]`, outside},
		{"empty list holds nothing", `"a"`, `[]`, outside},
		{"number and its text", `1`, `["1"]`, outside},
		{"text and its number", `"1"`, `[1]`, outside},
		{"true and one", `true`, `[1,"true"]`, outside},
		{"true", `true`, `[false,true]`, inside},
		{"false is not true", `false`, `[true]`, outside},
		{"empty text is not false", `""`, `[false,0,[],{}]`, outside},
		{"number written in another way", `1`, `[1.0]`, inside},
		{"number with an exponent", `1200`, `[1.2e3]`, inside},
		{"number with a negative exponent", `0.012`, `[12E-3]`, inside},
		{"minus zero", `-0.0`, `[0]`, inside},
		{"sign", `-1`, `[1]`, outside},
		{"large numbers a float64 merges", `9007199254740993`, `[9007199254740992]`, outside},
		{"the same large number", `9007199254740993`, `[9007199254740993.0]`, inside},
		{"fractions a float64 merges", `0.1`, `[0.1000000000000000055511151231257827]`, outside},
		{"list", `[1,"a"]`, `[[1.0,"a"]]`, inside},
		{"list in another order", `["a",1]`, `[[1,"a"]]`, outside},
		{"longer list", `[1,1]`, `[[1]]`, outside},
		{"object in another order", `{"a":1,"b":[2]}`, `[{"b":[2],"a":1}]`, inside},
		{"object with one member more", `{"a":1,"b":2}`, `[{"a":1}]`, outside},
		{"object with another name", `{"a":1}`, `[{"b":1}]`, outside},
		{"object with another value", `{"a":1}`, `[{"a":"1"}]`, outside},
		{"null within", `[null]`, `[[null]]`, inside},
		{"null within is not absent", `{"a":null}`, `[{}]`, outside},
		{"element of an element", `"a"`, `[["a"]]`, outside},
		{"list that is text", `"a"`, `"a"`, mistyped},
		{"list that is an object", `"a"`, `{"a":"a"}`, mistyped},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := testLexicon(t, "linux").oneOf(parse(t, test.value), parse(t, test.list)); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestSizeAtMost(t *testing.T) {
	for _, test := range []struct {
		name, value, bytes string
		want               judgement
	}{
		{"shorter", `"abc"`, `4`, inside},
		{"as long", `"abcd"`, `4`, inside},
		{"longer", `"abcde"`, `4`, outside},
		{"bytes, not characters", `"éé"`, `3`, outside},
		{"unescaped", `"\u0061"`, `1`, inside},
		{"nothing in nothing", `""`, `0`, inside},
		{"something in nothing", `"a"`, `-0`, outside},
		{"number with an exponent", `"0123456789"`, `1.0e1`, inside},
		{"number with an exponent, longer", `"01234567891"`, `1e1`, outside},
		{"more than any text", `"a"`, `1e300`, inside},
		{"two and twelve", `"012345678901"`, `2`, outside},
		{"two and twelve, the other way", `"01"`, `12`, inside},
		{"value that is no text", `7`, `4`, mistyped},
		{"list", `["a"]`, `4`, mistyped},
		{"bytes below zero", `"a"`, `-1`, mistyped},
		{"bytes and a half", `"a"`, `1.5`, mistyped},
		{"bytes as text", `"a"`, `"4"`, mistyped},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := testLexicon(t, "linux").sizeAtMost(parse(t, test.value), parse(t, test.bytes)); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}
