package schema

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A valueSet is what enum or const permits. It is made from the judge's own keys, appendKey's, so that
// it calls equal what they do.
type valueSet struct {
	words   uint8 // bits for null, false and true
	texts   []string
	many    map[string]struct{} // the texts, if they are more than a few
	numbers map[string]struct{} // as canonicalNumber has them
	others  map[string]struct{} // keys of arrays and objects
	longest int                 // bytes of one of those
}

const (
	wordNull uint8 = 1 << iota
	wordFalse
	wordTrue
)

// fewTexts are compared one by one.
const fewTexts = 8

func compileValues(keys map[string]struct{}) *valueSet {
	s := &valueSet{numbers: map[string]struct{}{}, others: map[string]struct{}{}}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		_, text, _ := strings.Cut(key, ":")
		switch key[0] {
		case 'n':
			s.words |= wordNull
		case 'f':
			s.words |= wordFalse
		case 't':
			s.words |= wordTrue
		case 's':
			s.texts = append(s.texts, text)
		case '#':
			s.numbers[text] = struct{}{}
		default:
			s.others[key] = struct{}{}
			s.longest = max(s.longest, len(key))
		}
	}
	if len(s.texts) > fewTexts {
		s.many = map[string]struct{}{}
		for _, text := range s.texts {
			s.many[text] = struct{}{}
		}
	}
	return s
}

func (r *checker) oneOf(s *valueSet, n *node) verdict {
	switch n.kind {
	case Null:
		return sure(s.words&wordNull != 0)
	case Bool:
		if n.Bool() {
			return sure(s.words&wordTrue != 0)
		}
		return sure(s.words&wordFalse != 0)
	case String:
		return r.oneText(s, n)
	case Number:
		if len(s.numbers) == 0 {
			return no
		}
		if !r.spend(len(n.raw()) / 8) {
			return unknown
		}
		_, ok := s.numbers[canonicalNumber(n.raw())]
		return sure(ok)
	}
	if len(s.others) == 0 {
		return no
	}
	if !r.spend(len(n.raw())) {
		return unknown
	}
	_, ok := s.others[string(appendNodeKey(nil, n, s.longest))]
	return sure(ok)
}

func (r *checker) oneText(s *valueSet, n *node) verdict {
	if len(s.texts) == 0 {
		return no
	}
	text := n.Text()
	if s.many != nil {
		if !r.spend(len(text) / 16) {
			return unknown
		}
		_, ok := s.many[text]
		return sure(ok)
	}
	return sure(slices.Contains(s.texts, text))
}

// appendNodeKey is appendKeyWithin for a value that still lies on the tape.
func appendNodeKey(dst []byte, n *node, most int) []byte {
	switch n.kind {
	case String:
		return appendText(append(dst, 's'), n.Text())
	case Number:
		return appendText(append(dst, '#'), canonicalNumber(n.raw()))
	case Array:
		items := n.children()
		dst = append(strconv.AppendInt(append(dst, '['), int64(len(items)), 10), ':')
		for i := range items {
			if len(dst) > most {
				break
			}
			dst = appendNodeKey(dst, &items[i], most)
		}
		return dst
	case Object:
		return appendMembersKey(dst, n.children(), most)
	}
	return appendKey(dst, tree(n)) // null, false and true
}

func appendMembersKey(dst []byte, members []node, most int) []byte {
	dst = append(strconv.AppendInt(append(dst, '{'), int64(len(members)), 10), ':')
	if len(dst) > most || len(members) > (most-len(dst))/3 {
		return dst // no member is shorter than 3 bytes, so no key that is looked for begins like that
	}
	type member struct {
		name string
		node *node
	}
	sorted := make([]member, len(members))
	for i := range members {
		sorted[i] = member{members[i].name(), &members[i]}
	}
	slices.SortFunc(sorted, func(a, b member) int { return strings.Compare(a.name, b.name) })
	for _, m := range sorted {
		if dst = appendText(dst, m.name); len(dst) > most {
			break
		}
		dst = appendNodeKey(dst, m.node, most)
	}
	return dst
}
