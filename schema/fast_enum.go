package schema

import (
	"maps"
	"math/big"
	"slices"
	"strings"
)

// A valueSet is what enum or const permits. It is made from the judge's own keys, appendKey's, so that
// it calls equal what they do.
type valueSet struct {
	words   uint8 // bits for null, false and true
	texts   []string
	many    map[string]struct{} // the texts, if they are more than a few
	numbers map[string]struct{} // as lowest fractions
	others  map[string]struct{} // keys of arrays and objects
}

const (
	wordNull uint8 = 1 << iota
	wordFalse
	wordTrue
)

// fewTexts are compared one by one.
const fewTexts = 8

func compileValues(keys enumSchema) *valueSet {
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
		key, ok := r.fractionKey(n.raw())
		if !ok {
			return unknown
		}
		_, ok = s.numbers[key]
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

// fractionKey writes a number as appendKey does. An integer written plainly is its own key.
func (r *checker) fractionKey(literal string) (string, bool) {
	plain := true
	for i := range len(literal) {
		plain = plain && (literal[i] >= '0' && literal[i] <= '9' || literal[i] == '-')
	}
	if literal == "-0" {
		return "0", true
	}
	if plain {
		return literal, true
	}
	if !r.spend(ratSteps) {
		return "", false
	}
	v, ok := new(big.Rat).SetString(literal)
	if !ok {
		return "", false
	}
	return v.RatString(), true
}
