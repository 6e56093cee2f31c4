package schema

import (
	"bytes"
	"strings"
)

// A scanner lays out a document's tape and applies the limits. It knows just enough of
// the grammar to find where values begin and end; jsontext, which runs after it, is the
// judge of whether they are JSON at all. So the scanner must survive any bytes whatever,
// but what it makes of text that isn't JSON is never seen by anyone.
type scanner struct {
	doc     *document
	limits  Limits
	pos     int
	nodes   int    // values begun so far
	pending []node // children of the containers that are still open, innermost last
	open    []int  // for each open container, its index in pending
	problem string // set once, when a limit is passed; pos says where
}

// scan fills doc and reports the limit that was passed, if any. A false without a
// problem means that the text isn't JSON.
func (s *scanner) scan() bool {
	text := s.doc.text
	// A child is the root, the first of its container, or stands behind a comma.
	bound := 1 + strings.Count(text, ",") + strings.Count(text, "[") + strings.Count(text, "{")
	s.doc.nodes = make([]node, 0, min(bound, 512, s.limits.Nodes))

	for {
		s.space()
		if s.pos >= len(text) {
			return false
		}
		if len(s.open) > 0 && (text[s.pos] == ']' || text[s.pos] == '}') {
			// Just behind an opening bracket, or behind a comma, which jsontext refuses.
			if !s.close() {
				return false
			}
		} else if opened, ok := s.value(); !ok {
			return false
		} else if opened {
			continue
		}
		// A value is complete: close what it completes, then expect the next one.
		for {
			s.space()
			if len(s.open) == 0 {
				s.doc.root = s.pending[0]
				return s.pos == len(text)
			}
			if s.pos >= len(text) {
				return false
			}
			if c := text[s.pos]; c == ',' {
				s.pos++
				break
			} else if c != ']' && c != '}' {
				return false
			}
			if !s.close() {
				return false
			}
		}
	}
}

// value reads one value, with its name inside an object. A container is only opened.
func (s *scanner) value() (opened, ok bool) {
	text := s.doc.text
	n := node{doc: s.doc}
	if len(s.open) > 0 {
		parent := &s.pending[s.open[len(s.open)-1]]
		parent.count++
		if parent.kind == Object {
			if int(parent.count) > s.limits.Keys {
				return false, s.refuse("an object has too many members")
			}
			if !s.member(&n) {
				return false, false
			}
		}
	}
	if s.nodes++; s.nodes > s.limits.Nodes {
		return false, s.refuse("too many values")
	}
	at := s.pos
	n.start = uint32(at)
	switch c := text[at]; {
	case c == '"':
		n.kind = String
		ok, n.escaped = s.text()
		if !ok {
			return false, false
		}
	case c == '{' || c == '[':
		n.kind = Object
		if c == '[' {
			n.kind = Array
		}
		if len(s.open) >= s.limits.Depth {
			return false, s.refuse("nested too deeply")
		}
		s.pos++
		s.pending = append(s.pending, n)
		s.open = append(s.open, len(s.pending)-1)
		return true, true
	case c == '-' || c >= '0' && c <= '9':
		n.kind = Number
		if !s.number() {
			return false, false
		}
	case c == 't' || c == 'f':
		n.kind = Bool
		s.word()
	case c == 'n':
		n.kind = Null
		s.word()
	default:
		return false, false
	}
	n.end = uint32(s.pos)
	s.pending = append(s.pending, n)
	return false, true
}

// member reads a name and its colon.
func (s *scanner) member(n *node) bool {
	if s.doc.text[s.pos] != '"' {
		return false
	}
	n.nameAt = uint32(s.pos + 1)
	ok, escaped := s.text()
	if !ok {
		return false
	}
	n.nameEnd, n.nameEsc = uint32(s.pos-1), escaped
	s.space()
	if s.pos >= len(s.doc.text) || s.doc.text[s.pos] != ':' {
		return false
	}
	s.pos++
	s.space()
	return s.pos < len(s.doc.text)
}

// close moves a complete container's children to where they stay.
func (s *scanner) close() bool {
	at := s.open[len(s.open)-1]
	n := &s.pending[at]
	if (s.doc.text[s.pos] == '}') != (n.kind == Object) {
		return false
	}
	s.pos++
	n.end = uint32(s.pos)
	n.first = uint32(len(s.doc.nodes))
	s.doc.nodes = append(s.doc.nodes, s.pending[at+1:]...)
	s.pending = s.pending[:at+1]
	s.open = s.open[:len(s.open)-1]
	return true
}

// text passes a string literal, from quote to quote.
func (s *scanner) text() (ok, escaped bool) {
	text := s.doc.text
	for i := s.pos + 1; i < len(text); i++ {
		switch text[i] {
		case '"':
			s.pos = i + 1
			return true, escaped
		case '\\':
			escaped = true
			i++
		}
	}
	return false, false
}

// number passes a number's literal and holds it to its bounds.
func (s *scanner) number() bool {
	text, at := s.doc.text, s.pos
	exponent := -1
	for ; s.pos < len(text); s.pos++ {
		c := text[s.pos]
		if c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.' {
			continue
		}
		if c != 'e' && c != 'E' {
			break
		}
		exponent = s.pos + 1
	}
	if s.pos-at > s.limits.Number {
		s.pos = at
		return s.refuse("a number is too long")
	}
	if exponent < 0 {
		return true
	}
	digits := strings.TrimLeft(text[exponent:s.pos], "+-")
	size := 0
	for i := range len(digits) {
		// Anything but digits here is for jsontext to refuse.
		if size = size*10 + int(digits[i]&0xf); size > s.limits.Exponent {
			s.pos = at
			return s.refuse("a number's exponent is too large")
		}
	}
	return true
}

// word passes true, false or null; jsontext checks the spelling.
func (s *scanner) word() {
	text := s.doc.text
	for s.pos < len(text) && text[s.pos] >= 'a' && text[s.pos] <= 'z' {
		s.pos++
	}
}

func (s *scanner) space() {
	text := s.doc.text
	for s.pos < len(text) {
		switch text[s.pos] {
		case ' ', '\n', '\r', '\t':
			s.pos++
		default:
			return
		}
	}
}

// refuse notes which limit was passed; it returns false for the callers' convenience.
func (s *scanner) refuse(problem string) bool {
	s.problem = problem
	return false
}

// line returns the 1-based line of an offset.
func line(data []byte, offset int) int {
	return 1 + bytes.Count(data[:min(max(offset, 0), len(data))], []byte{'\n'})
}
