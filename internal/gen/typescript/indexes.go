package typescript

import (
	"slices"

	"github.com/sallyport/sallyport/schema"
)

// A pattern is one of patternProperties.
type pattern struct {
	key    *template // nil if TypeScript can't say it
	schema schema.Value
}

func patternsIn(v schema.Value) []pattern {
	var out []pattern
	if all, ok := v.Field("patternProperties"); ok {
		for name, s := range all.Fields() {
			out = append(out, pattern{readTemplate(name), s})
		}
	}
	return out
}

// sayable reports whether TypeScript can say all of some patterns.
func sayable(patterns []pattern) bool {
	return !slices.ContainsFunc(patterns, func(p pattern) bool { return p.key == nil })
}

// indexes are the signatures for the names that are no members; none at all
// closes the object.
func (c *file) indexes(schemas []schema.Value, members []member) []index {
	var patterns []pattern
	for _, v := range schemas {
		patterns = append(patterns, patternsIn(v)...)
	}
	for _, v := range schemas {
		own, closes := c.closes(v, patterns)
		if closes && sayable(own) {
			return c.templates(own, patterns, members)
		}
	}
	others := c.others(schemas)
	switch others {
	case never:
		return nil
	case unknown:
		said := slices.DeleteFunc(slices.Clone(patterns), func(p pattern) bool { return p.key == nil })
		return append(c.templates(said, patterns, members), index{"string", unknown})
	}
	// TypeScript holds each member to this signature too.
	return []index{{"string", withMembers(others, members, func(string) bool { return true })}}
}

// closes reports whether v lets in no other names than its members' and those
// that some patterns match.
func (c *file) closes(v schema.Value, all []pattern) (patterns []pattern, ok bool) {
	if additional, ok := v.Field("additionalProperties"); ok {
		return patternsIn(v), c.typeOf(additional) == never
	}
	if rest, ok := v.Field("unevaluatedProperties"); ok && c.typeOf(rest) == never && !lookedAtElsewhere(v) {
		return all, true
	}
	return nil, false
}

// lookedAtElsewhere reports whether unevaluatedProperties of v spares members
// that the type of v may not know.
func lookedAtElsewhere(v schema.Value) bool {
	for keyword, value := range v.Fields() {
		switch keyword {
		case "$ref", "if", "dependentSchemas", "additionalProperties":
			return true
		case "allOf", "anyOf", "oneOf":
			for e := range value.Elements() {
				if lookedAtElsewhere(e) {
					return true
				}
			}
		}
	}
	return false
}

// others is what a member of any other name may be.
func (c *file) others(schemas []schema.Value) typ {
	var all []typ
	for _, v := range schemas {
		additional, ok := v.Field("additionalProperties")
		if !ok {
			continue // anything
		}
		some := []typ{c.typeOf(additional)}
		for _, p := range patternsIn(v) {
			some = append(some, c.typeOf(p.schema))
		}
		all = append(all, anyOf(some...))
	}
	return allOf(all...)
}

// templates are the signatures for some patterns, each key once, where all has
// every pattern that must hold.
func (c *file) templates(some, all []pattern, members []member) []index {
	var out []index
	for _, p := range some {
		key := p.key.String()
		if slices.ContainsFunc(out, func(i index) bool { return i.key == key }) {
			continue
		}
		var types []typ
		for _, other := range all {
			if other.key.covers(p.key) {
				types = append(types, c.typeOf(other.schema))
			}
		}
		out = append(out, index{key, withMembers(allOf(types...), members, p.key.matches)})
	}
	return out
}

// withMembers widens a signature to the members that it holds for. An optional
// one may be undefined, unless the compiler is told exactOptionalPropertyTypes.
func withMembers(t typ, members []member, holdsFor func(string) bool) typ {
	types := []typ{t}
	for _, m := range members {
		if !holdsFor(m.name) {
			continue
		}
		types = append(types, m.t)
		if m.optional {
			types = append(types, word("undefined"))
		}
	}
	return anyOf(types...)
}
