// Package example makes JSON values that a schema accepts: examples for
// documentation, always the same for one schema, and with other choices the
// messages of the fuzz kit.
//
// A [Maker] reads a schema and aims: it merges allOf, follows $ref, takes a
// branch of anyOf and oneOf, and keeps to bounds, patterns and formats. It does
// not decide: what it makes is judged by the schema's own judge afterwards,
// which [Of] asks until it says yes.
package example

import (
	"math/rand/v2"

	"github.com/sallyport/sallyport/schema"
)

// attempts bounds how many values Of makes before it gives up.
const attempts = 100

// Of returns a value that the schema of that side accepts, as JSON text. It is
// the schema's own first example or default if that is accepted, else one that
// is made, from examples inside the schema where there are any. False says that
// none was found, as for a schema that accepts nothing.
func Of(set *schema.Set, side schema.Side, name string) ([]byte, bool) {
	doc := set.Schema(side, name)
	if doc == nil {
		return nil, false
	}
	accepted := func(text []byte) bool {
		v, err := schema.Parse(text, schema.Limits{})
		return err == nil && set.Validate(side, name, v) == nil
	}
	for written := range Written(doc) {
		if text := written.AppendJSON(nil); accepted(text) {
			return text, true
		}
	}
	for i := range attempts {
		nth := i / 4
		m := &Maker{Schema: doc, Choose: func(n int) int { return nth % n }, Written: i%2 == 0, Full: i%4 < 2, Depth: 4 + min(nth, 4)}
		if i >= 12 { // neither what comes first in the schema nor what comes next will do
			random := rand.New(rand.NewPCG(1, uint64(i)))
			m.Choose, m.Written = random.IntN, false
			m.Numbers = []string{"0", "1", "2", "-1", "0.5", "100"}
			m.Text = func(hint string) string { return []string{hint, "", "a", "text", "0"}[random.IntN(5)] }
		}
		if text, ok := m.Make(); ok && accepted(text) {
			return text, true
		}
	}
	return nil, false
}

// Written yields the values that a schema's author gives for it: its examples,
// then its default. Nothing promises that the schema accepts them.
func Written(s schema.Value) func(yield func(schema.Value) bool) {
	return func(yield func(schema.Value) bool) {
		if list, ok := s.Field("examples"); ok {
			for v := range list.Elements() {
				if !yield(v) {
					return
				}
			}
		}
		if v, ok := s.Field("default"); ok {
			yield(v)
		}
	}
}
