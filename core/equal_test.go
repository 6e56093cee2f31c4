package core

import (
	"testing"

	"github.com/sallyport/sallyport/schema"
)

func TestJSONValuesAreComparedExactly(t *testing.T) {
	for _, test := range []struct {
		a, b string
		same bool
	}{
		{`null`, `null`, true},
		{`null`, `false`, false},
		{`true`, `true`, true},
		{`true`, `1`, false},
		{`"a"`, `"\u0061"`, true},
		{`"a"`, `"A"`, false},
		{`"1"`, `1`, false},
		{`1`, `1.0`, true},
		{`100`, `1e2`, true},
		{`0`, `-0`, true},
		{`9007199254740993`, `9007199254740992`, false}, // one float64
		{`0.1`, `0.10000000000000000001`, false},
		{`1e400`, `1e400`, true},
		{`1e400`, `1e399`, false},
		{`[]`, `{}`, false},
		{`[1,2]`, `[1,2.0]`, true},
		{`[1,2]`, `[2,1]`, false},
		{`[1]`, `[1,1]`, false},
		{`{"a":1,"b":[2]}`, `{"b":[2],"a":1}`, true},
		{`{"a":1}`, `{"a":1,"b":null}`, false},
		{`{"a":null}`, `{"b":null}`, false},
		{`{}`, `{}`, true},
	} {
		parse := func(text string) schema.Value {
			v, err := schema.Parse([]byte(text), schema.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		a, b := parse(test.a), parse(test.b)
		if equal(a, b) != test.same || equal(b, a) != test.same {
			t.Errorf("%s and %s: same is not %v", test.a, test.b, test.same)
		}
		if !equal(a, a) || equal(a, nil) || equal(nil, a) {
			t.Errorf("%s is not itself, or is nothing", test.a)
		}
	}
}
