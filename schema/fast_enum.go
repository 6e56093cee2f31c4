package schema

import (
	"maps"
	"slices"
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
	_, ok := s.others[string(appendKey(nil, tree(n)))]
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
