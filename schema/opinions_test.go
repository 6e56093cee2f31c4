package schema

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"

	six "github.com/santhosh-tekuri/jsonschema/v6"
)

// compileSix compiles with v6 as a third opinion: it loads nothing, and asserts formats by
// its own checks.
func compileSix(schema string) (*six.Schema, error) {
	doc, err := six.UnmarshalJSON(strings.NewReader(schema))
	if err != nil {
		return nil, err
	}
	c := six.NewCompiler()
	c.DefaultDraft(six.Draft2020)
	c.AssertFormat()
	c.UseLoader(noLoader{})
	if err := c.AddResource("sallyport:///schema.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("sallyport:///schema.json")
}

type noLoader struct{}

func (noLoader) Load(string) (any, error) { return nil, errors.New("nothing is loaded") }

// Whatever of the suite isn't refused at start, v6 judges alike, which was written anew after
// v5 by one who knew what was wrong with it. Only its formats and regular expressions, which
// are Go's, know less than ours, and where they differ the suite is on our side.
func TestTheThirdOpinionOnTheSuite(t *testing.T) {
	compared, weaker := 0, 0
	for _, g := range schemaSuite(t) {
		set, err := Compile(fstest.MapFS{"a.input.json": {Data: g.Schema}})
		if err != nil {
			continue
		}
		ofText := strings.HasPrefix(g.file, "optional/format/") || g.file == "format.json" || g.file == "optional/ecmascript-regex.json"
		third, err := compileSix(string(g.Schema))
		if err != nil {
			if !ofText {
				t.Errorf("%s: %s: only v6 refuses the schema: %v", g.file, g.Description, err)
			}
			continue
		}
		for i, test := range g.Tests {
			doc, err := six.UnmarshalJSON(bytes.NewReader(test.Data))
			if err != nil {
				t.Fatal(err)
			}
			ours, theirs := set.ValidateInput("a", mustParse(t, string(test.Data))), third.Validate(doc)
			if (ours == nil) != (theirs == nil) {
				weaker++
				if !ofText || (ours == nil) != suiteVerdict(g, i) {
					t.Errorf("%s: %s: %s: %s: ours %v, v6's %v", g.file, g.Description, test.Description, test.Data, ours, theirs)
				}
			}
			compared++
		}
	}
	t.Logf("%d verdicts compared; in %d v6 is wrong by the suite, on a format or an expression", compared, weaker)
	if compared < 1900 || weaker > 150 {
		t.Error("v6 agrees too little to be an opinion")
	}
}

// A tally says what a run of opinions has covered.
type tally struct{ schemas, refused, verdicts, accepted int }

// opinions asks all about the schemas and documents that a stream of choices makes.
func opinions(t *testing.T, choices []byte, sum *tally) {
	g := &generator{choices: choices}
	doc := g.file()
	schema := text(doc)
	set, err := Compile(files("a.input.json", schema))
	if err != nil {
		for _, meant := range []string{"leads back to itself", "names no $anchor", "mean the same"} {
			if strings.Contains(err.Error(), meant) {
				sum.refused++
				return
			}
		}
		t.Fatalf("%s is refused: %v", schema, err)
	}
	sum.schemas++
	third, err := compileSix(schema)
	if err != nil {
		t.Fatalf("only v6 refuses %s: %v", schema, err)
	}
	plain := newReading(doc)
	for range 12 {
		v := g.near(plain, doc, 6)
		document := text(v)
		err := set.ValidateInput("a", mustParse(t, document))
		var invalid *Invalid
		if err != nil && (!errors.As(err, &invalid) || invalid.Keyword == "limits") {
			t.Fatalf("%s of %s: no verdict: %v", document, schema, err)
		}
		read, _ := plain.judge(doc, v)
		err6 := third.Validate(v)
		if ours := err == nil; ours != (err6 == nil) || ours != read {
			t.Fatalf("%s\nof %s:\nours %v\nv6's %v\nthe draft read plainly %v", document, schema, err, err6, read)
		}
		sum.verdicts++
		if err == nil {
			sum.accepted++
		}
		if len(g.choices) == 0 {
			break
		}
	}
}

// FuzzOpinions: what the set judges, v6 and the plain reading of the draft judge alike.
func FuzzOpinions(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		f.Add(randomBytes(r, 400))
	}
	f.Fuzz(func(t *testing.T, choices []byte) {
		if len(choices) > 4000 {
			return
		}
		opinions(t, choices, &tally{})
	})
}

func TestOpinionsAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var sum tally
	for range 600 {
		opinions(t, randomBytes(r, 200+r.IntN(800)), &sum)
	}
	t.Logf("%+v", sum)
	if sum.schemas < 400 || sum.accepted < sum.verdicts/10 || sum.accepted > sum.verdicts*9/10 {
		t.Errorf("the generator's schemas say too little: %+v", sum)
	}
}

func randomBytes(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}
