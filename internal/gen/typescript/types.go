package typescript

import (
	"slices"
	"strings"
)

// A typ is a TypeScript type. It never changes once made.
type typ interface{ isType() }

type (
	// A word is a type of one token: a keyword, or a literal as it is written.
	word string
	// A ref is a type by its name.
	ref struct{ to *definition }
	// A list is T[].
	list struct{ of typ }
	// A tuple has items at fixed places; those from required on may be missing.
	tuple struct {
		items    []typ
		required int
		rest     typ // what may follow, as often as you like; nil for nothing
	}
	// An object has named members and index signatures. Without the latter it is closed.
	object struct {
		members []member
		indexes []index
	}
	union        []typ
	intersection []typ
)

type member struct {
	name     string
	t        typ
	optional bool
	doc      []string // lines of its comment
}

// An index says what members of other names may be.
type index struct {
	key string // "string", or a template literal
	t   typ
}

func (word) isType()         {}
func (ref) isType()          {}
func (list) isType()         {}
func (tuple) isType()        {}
func (object) isType()       {}
func (union) isType()        {}
func (intersection) isType() {}

const (
	unknown = word("unknown")
	never   = word("never")
	null    = word("null")
	boolean = word("boolean")
	number  = word("number")
	text    = word("string")
)

// anyOf is the union of types, without those that add nothing.
func anyOf(types ...typ) typ {
	var flat []typ
	for _, t := range types {
		if u, ok := t.(union); ok {
			flat = append(flat, u...)
		} else {
			flat = append(flat, t)
		}
	}
	if slices.Contains(words(flat), unknown) {
		return unknown
	}
	present := words(flat)
	if slices.Contains(present, "true") && slices.Contains(present, "false") {
		present = append(present, boolean)
		flat = replaceFirst(flat, boolean, "true", "false")
	}
	var out union
	seen := map[string]bool{}
	for _, t := range flat {
		if w, ok := t.(word); ok && (w == never || slices.Contains(present, w.family()) && w != w.family()) {
			continue
		}
		if key := keyOf(t); !seen[key] {
			seen[key] = true
			out = append(out, t)
		}
	}
	switch len(out) {
	case 0:
		return never
	case 1:
		return out[0]
	}
	return out
}

// replaceFirst puts one word in the place of the first of some others.
func replaceFirst(types []typ, with word, some ...word) []typ {
	for i, t := range types {
		if w, ok := t.(word); ok && slices.Contains(some, w) {
			types = slices.Clone(types)
			types[i] = with
			break
		}
	}
	return types
}

func words(types []typ) []word {
	var out []word
	for _, t := range types {
		if w, ok := t.(word); ok {
			out = append(out, w)
		}
	}
	return out
}

// family is the keyword whose type a literal belongs to; of a keyword itself.
func (w word) family() word {
	switch {
	case w == "true" || w == "false":
		return boolean
	case strings.HasPrefix(string(w), `"`):
		return text
	case w != "" && strings.ContainsRune("-0123456789", rune(w[0])):
		return number
	}
	return w
}

// allOf is the intersection of types, without those that add nothing.
func allOf(types ...typ) typ {
	var out intersection
	seen := map[string]bool{}
	add := func(t typ) {
		if key := keyOf(t); t != unknown && !seen[key] {
			seen[key] = true
			out = append(out, t)
		}
	}
	for _, t := range types {
		if t == typ(never) {
			return never
		}
		if i, ok := t.(intersection); ok {
			for _, part := range i {
				add(part)
			}
		} else {
			add(t)
		}
	}
	switch len(out) {
	case 0:
		return unknown
	case 1:
		return out[0]
	}
	return out
}

// keyOf tells types apart; comments don't count.
func keyOf(t typ) string {
	p := printer{name: func(d *definition) string { return d.id() }, plain: true}
	return p.typ(t, 0)
}

// has reports whether a word is part of a type, or inside of it.
func has(t typ, w word) bool {
	inside := func(t typ) bool { return has(t, w) }
	switch t := t.(type) {
	case word:
		return t == w
	case list:
		return inside(t.of)
	case tuple:
		return slices.ContainsFunc(t.items, inside) || t.rest != nil && inside(t.rest)
	case object:
		return slices.ContainsFunc(t.members, func(m member) bool { return inside(m.t) }) ||
			slices.ContainsFunc(t.indexes, func(i index) bool { return inside(i.t) })
	case union:
		return slices.ContainsFunc(t, inside)
	case intersection:
		return slices.ContainsFunc(t, inside)
	}
	return false
}
