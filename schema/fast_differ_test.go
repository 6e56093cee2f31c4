package schema

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

// A comparison counts what the fast path and the judge said of the same values.
type comparison struct {
	schemas, refused       int // by the compiler
	unlearnt               int // schemas without a fast path
	documents              int
	accepted, left         int // what the judge accepts: by the fast path too, and left to the judge
	denied, undecided      int // what the judge refuses: the fast path said no, and unknown
	bounded                int // what the judge gave up on
	acceptedBroken, broken int
}

// one compares on the schema and the documents that the choices make.
func (c *comparison) one(t *testing.T, choices []byte) {
	t.Helper()
	g := &maker{choices: choices}
	file := g.file()
	text := g.write(file)
	set, err := Compile(files("a.input.json", text))
	if err != nil {
		c.refused++
		return
	}
	c.schemas++
	for i := range 16 {
		v := g.near(file, 6)
		broken := i%2 == 1
		if broken {
			v = g.broken(v)
		}
		document := g.write(v)
		c.compare(t, set, text, document, broken)
		if len(g.choices) == 0 {
			return
		}
	}
}

func (c *comparison) compare(t *testing.T, set *Set, schema, document string, broken bool) {
	t.Helper()
	v, err := Parse([]byte(document), Limits{})
	if err != nil {
		return // the numbers' other words may go beyond a limit
	}
	contract := set.of(Input, "a")
	if contract.fast == nil {
		c.unlearnt++
		return
	}
	c.documents++
	n := v.(*node)
	got := contract.fast.verdict(n)
	err = set.JudgeOnly().ValidateInput("a", v)
	var invalid *Invalid
	switch {
	case errors.As(err, &invalid) && invalid.Keyword == "limits":
		c.bounded++
	case err == nil && got == no, err != nil && got == yes:
		t.Fatalf("the fast path says %s, the judge %v\nof %s\nby %s", []string{"unknown", "no", "yes"}[got], err, document, schema)
	case err == nil && got == yes:
		c.accepted++
	case err == nil:
		c.left++
	case got == no:
		c.denied++
	default:
		c.undecided++
	}
	if broken {
		c.broken++
		if err == nil {
			c.acceptedBroken++
		}
	}
	// All else goes the same way to the judge, who need not be asked twice.
	if got == yes && set.ValidateInput("a", v) != nil {
		t.Fatalf("the fast path accepts, and Validate doesn't\nof %s\nby %s", document, schema)
	}
}

func randomChoices(r *rand.Rand) []byte {
	choices := make([]byte, 100+r.IntN(900))
	for i := range choices {
		choices[i] = byte(r.Uint32())
	}
	return choices
}

// FuzzFastAgrees: the fast path never accepts what the judge refuses, and never is sure of a refusal
// of what it accepts.
func FuzzFastAgrees(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		f.Add(randomChoices(r))
	}
	f.Fuzz(func(t *testing.T, choices []byte) {
		if len(choices) > 4000 {
			return
		}
		new(comparison).one(t, choices)
	})
}

// TestFastAgrees is the same with choices at random: a thousand, or as many as fit into FUZZTIME.
func TestFastAgrees(t *testing.T) {
	period, err := time.ParseDuration(cmp.Or(os.Getenv("FUZZTIME"), "0s"))
	if err != nil {
		t.Fatal(err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	var c comparison
	start := time.Now()
	for n := uint64(0); n < 1000 || time.Since(start) < period; n++ {
		c.one(t, randomChoices(rand.New(rand.NewPCG(seed, n))))
	}
	t.Logf("%.0f documents/s: %+v", float64(c.documents)/time.Since(start).Seconds(), c)
	if c.accepted < 10*c.left {
		t.Errorf("of what the judge accepts the fast path accepts %d and leaves %d", c.accepted, c.left)
	}
	if c.accepted < c.documents/10 || c.denied < c.documents/10 || c.acceptedBroken < c.broken/50 {
		t.Errorf("the documents say too little: %+v", c)
	}
}
