package schema

import (
	"math"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"
)

// A matcher is a regular expression of a simple shape: anchored at its beginning, then literals and
// classes in a row, of which each can only go on in one way. What a repeated class takes, none of what
// may follow it could take, so that taking all there is loses no match. Texts are valid UTF-8.
type matcher struct {
	parts []matchPart
	open  bool // it says nothing about what follows
}

// A matchPart is a literal, or a class with how often it may come.
type matchPart struct {
	literal     string
	class       *byteClass
	least, most int
}

// A byteClass has a bit for each byte that a class may take. Beyond ASCII it has all bytes or none.
type byteClass [4]uint64

func (c *byteClass) has(b byte) bool { return c[b>>6]>>(b&63)&1 != 0 }

func (m *matcher) matches(text string) bool {
	for i := range m.parts {
		p := &m.parts[i]
		if p.class == nil {
			if len(text) < len(p.literal) || text[:len(p.literal)] != p.literal {
				return false
			}
			text = text[len(p.literal):]
			continue
		}
		taken, limit := 0, min(p.most, len(text))
		for taken < limit && p.class.has(text[taken]) {
			taken++
		}
		if taken < p.least {
			return false
		}
		text = text[taken:]
	}
	return m.open || text == ""
}

// matcherOf returns nil for what isn't of that shape.
func matcherOf(pattern string) *matcher {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil
	}
	parts := []*syntax.Regexp{re}
	if re.Op == syntax.OpConcat {
		parts = re.Sub
	}
	if parts[0].Op != syntax.OpBeginText {
		return nil
	}
	m := &matcher{open: true}
	for i, part := range parts[1:] {
		if part.Op == syntax.OpEndText && i == len(parts)-2 {
			m.open = false
			break
		}
		p, ok := partOf(part)
		if !ok {
			return nil
		}
		m.parts = append(m.parts, p)
	}
	if !m.certain() {
		return nil
	}
	return m
}

func partOf(re *syntax.Regexp) (p matchPart, ok bool) {
	if re.Op == syntax.OpLiteral && re.Flags&syntax.FoldCase == 0 {
		return matchPart{literal: string(re.Rune)}, true
	}
	p.least, p.most = 1, 1
	inner := re
	switch re.Op {
	case syntax.OpStar:
		p.least, p.most, inner = 0, math.MaxInt, re.Sub[0]
	case syntax.OpPlus:
		p.least, p.most, inner = 1, math.MaxInt, re.Sub[0]
	case syntax.OpQuest:
		p.least, p.most, inner = 0, 1, re.Sub[0]
	case syntax.OpRepeat:
		p.least, p.most, inner = re.Min, re.Max, re.Sub[0]
		if re.Max < 0 {
			p.most = math.MaxInt
		}
	}
	switch {
	case inner.Op == syntax.OpCharClass:
		p.class, ok = classOf(inner.Rune)
	case inner.Op == syntax.OpLiteral && len(inner.Rune) == 1 && inner.Flags&syntax.FoldCase == 0:
		p.class, ok = classOf([]rune{inner.Rune[0], inner.Rune[0]})
	}
	// Bytes beyond ASCII can't be counted as characters, only taken all.
	if ok && p.class.has(utf8.RuneSelf) && (p.least > 1 || p.most != math.MaxInt) {
		return p, false
	}
	return p, ok
}

// classOf takes ranges, each a first and a last, that hold all of Unicode beyond ASCII or nothing of it.
func classOf(ranges []rune) (*byteClass, bool) {
	c := &byteClass{}
	for i := 0; i < len(ranges); i += 2 {
		first, last := ranges[i], ranges[i+1]
		if last >= utf8.RuneSelf && (first > utf8.RuneSelf || last < utf8.MaxRune) {
			return nil, false
		}
		for b := first; b <= min(last, 255); b++ {
			c[b>>6] |= 1 << (b & 63)
		}
	}
	return c, true
}

// certain reports whether nothing that may follow a repeated class could take what the class takes.
func (m *matcher) certain() bool {
	for i, p := range m.parts {
		if p.class == nil || p.least == p.most {
			continue
		}
		for _, next := range m.parts[i+1:] {
			if overlap(p.class, next.first()) {
				return false
			}
			if next.class == nil || next.least > 0 {
				break
			}
		}
	}
	return !slices.ContainsFunc(m.parts, func(p matchPart) bool {
		return p.class == nil && (p.literal == "" || strings.ContainsRune(p.literal, utf8.RuneError))
	})
}

// first has the bytes that a part may begin with.
func (p matchPart) first() *byteClass {
	if p.class != nil {
		return p.class
	}
	c := &byteClass{}
	b := p.literal[0]
	c[b>>6] |= 1 << (b & 63)
	return c
}

func overlap(a, b *byteClass) bool {
	for i := range a {
		if a[i]&b[i] != 0 {
			return true
		}
	}
	return false
}
