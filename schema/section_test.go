package schema

import (
	"bytes"
	"testing"
)

func mustMessage(t testing.TB, text string, sections ...Section) Value {
	t.Helper()
	v, err := ParseMessage([]byte(text), sections, Limits{})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func equalSections(a, b Section) bool { return a.Type == b.Type && bytes.Equal(a.Bytes, b.Bytes) }

// sectionsFor makes the sections that a text asks for.
func sectionsFor(v Value) (all []Section) {
	switch v.Kind() {
	case Array:
		for e := range v.Elements() {
			all = append(all, sectionsFor(e)...)
		}
	case Object:
		if size, ok := v.Field("$bytes"); ok {
			media, _ := v.Field("type")
			n, err := integer(string(size.Number()))
			if media == nil || err != nil || n < 0 || n > 1<<16 {
				return nil
			}
			return []Section{{media.Text(), make([]byte, n)}}
		}
		for _, e := range v.Fields() {
			all = append(all, sectionsFor(e)...)
		}
	}
	return all
}
