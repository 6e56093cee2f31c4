package schema

import (
	"bytes"
	"strconv"
	"strings"
)

// A scan lays out a document's tape and applies the limits. It knows just enough of the
// grammar to find where values begin and end; jsontext, which runs after it, is the judge
// of whether they are JSON at all. So the scan must survive any bytes whatever, but what
// it makes of text that isn't JSON is never seen by anyone.
type scan struct {
	ok      bool   // the tape is complete
	pos     int    // where it stopped
	problem string // the limit that was passed, "" for none
	pointer string // the way to it
}

// layOut fills doc. All its state is in local variables, since the compiler would move
// buffers that are reached through a pointer to the heap.
func layOut(doc *document, l Limits) scan {
	var (
		spans  [64]span
		marks  [16]int
		text   = doc.text
		wait   = spans[:0] // children of the containers that are still open, innermost last
		open   = marks[:0] // for each open container, its index in wait
		parent = -1        // the last of open
		count  = 0
		pos    = space(text, 0)
	)
	// A child is the root, the first of its container, or stands behind a comma.
	most := min(strings.Count(text, ",")+strings.Count(text, "[")+strings.Count(text, "{")+1, l.Nodes)
	nodes := make([]node, 0, min(most, 512))
	for {
		// Here a value begins, or a container ends that has no more of them.
		if pos >= len(text) {
			return scan{pos: pos}
		}
		if c := text[pos]; parent < 0 || c != ']' && c != '}' {
			n := span{}
			if parent >= 0 {
				p := &wait[parent]
				p.count++
				if p.kind == Object {
					if int(p.count) > l.Keys {
						return scan{pos: pos, pointer: pointerTo(wait, open), problem: "an object has too many members"}
					}
					if c != '"' {
						return scan{pos: pos}
					}
					n.nameAt = uint32(pos + 1)
					pos, n.nameEsc = quoted(text, pos)
					n.nameEnd = uint32(pos - 1)
					if pos = space(text, pos); pos >= len(text) || text[pos] != ':' {
						return scan{pos: pos}
					}
					if pos = space(text, pos+1); pos >= len(text) {
						return scan{pos: pos}
					}
					c = text[pos]
				}
			}
			if count++; count > l.Nodes {
				return scan{pos: pos, pointer: pointerTo(wait, open), problem: "too many values"}
			}
			if len(wait) == cap(wait) && len(wait) < most {
				// At once what could be needed: growing step by step costs five times that.
				wait = append(make([]span, 0, most), wait...)
			}
			n.start = uint32(pos)
			switch n.kind = kindOf(c); n.kind {
			case Array, Object:
				if len(open) >= l.Depth {
					return scan{pos: pos, pointer: pointerTo(wait, open), problem: "nested too deeply"}
				}
				parent = len(wait)
				wait, open = append(wait, n), append(open, parent)
				pos = space(text, pos+1)
				continue
			case String:
				pos, n.escaped = quoted(text, pos)
			case Number:
				end, problem := number(text, pos, l)
				if problem != "" {
					return scan{pos: pos, pointer: pointerTo(wait, open), problem: problem}
				}
				pos = end
			case Bool, Null:
				pos = word(text, pos)
			default:
				return scan{pos: pos}
			}
			n.end = uint32(pos)
			wait = append(wait, n)
			pos = space(text, pos)
		}
		// A value is complete, or the text is wrong. Close what ends here.
		for {
			if parent < 0 {
				doc.root, doc.nodes = node{doc, wait[0]}, nodes
				return scan{ok: pos == len(text), pos: pos}
			}
			if pos >= len(text) {
				return scan{pos: pos}
			}
			c := text[pos]
			if c == ',' {
				pos = space(text, pos+1)
				break
			}
			p := &wait[parent]
			if c != ']' && c != '}' || (c == '}') != (p.kind == Object) {
				return scan{pos: pos}
			}
			p.first, p.end = uint32(len(nodes)), uint32(pos+1)
			if need := len(nodes) + len(wait) - parent - 1; need > cap(nodes) && need <= most {
				nodes = append(make([]node, 0, most), nodes...)
			}
			for _, n := range wait[parent+1:] {
				nodes = append(nodes, node{doc, n})
			}
			wait, open = wait[:parent+1], open[:len(open)-1]
			parent = -1
			if len(open) > 0 {
				parent = open[len(open)-1]
			}
			pos = space(text, pos+1)
		}
	}
}

// kindOf tells a value's kind by its first byte.
func kindOf(c byte) Kind {
	switch c {
	case '"':
		return String
	case '{':
		return Object
	case '[':
		return Array
	case 't', 'f':
		return Bool
	case 'n':
		return Null
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return Number
	}
	return None
}

// space passes white space.
func space(text string, pos int) int {
	if pos < len(text) && text[pos] > ' ' {
		return pos
	}
	for pos < len(text) && (text[pos] == ' ' || text[pos] == '\n' || text[pos] == '\r' || text[pos] == '\t') {
		pos++
	}
	return pos
}

// quoted passes a string literal from quote to quote. Without an end it passes all.
func quoted(text string, pos int) (end int, escaped bool) {
	for i := pos + 1; i < len(text); i++ {
		if c := text[i]; c == '"' {
			return i + 1, escaped
		} else if c == '\\' {
			escaped = true
			i++
		} else if i-pos == 32 {
			// A long one: let the processor's wide instructions find the end.
			if next := strings.IndexByte(text[i:], '"'); next > 0 && strings.IndexByte(text[i:i+next], '\\') < 0 {
				return i + next + 1, escaped
			}
		}
	}
	return len(text), escaped
}

// number passes a number's literal and holds it to its bounds.
func number(text string, pos int, l Limits) (end int, problem string) {
	exponent := -1
	for end = pos; end < len(text); end++ {
		c := text[end]
		if c >= '0' && c <= '9' || c == '-' || c == '.' || c == '+' {
			continue
		}
		if c != 'e' && c != 'E' {
			break
		}
		exponent = end + 1
	}
	if end-pos > l.Number {
		return pos, "a number is too long"
	}
	if exponent < 0 {
		return end, ""
	}
	size := 0
	for _, c := range []byte(strings.TrimLeft(text[exponent:end], "+-")) {
		// Anything but digits here is for jsontext to refuse.
		if size = size*10 + int(c&0xf); size > l.Exponent {
			return pos, "a number's exponent is too large"
		}
	}
	return end, ""
}

// word passes true, false or null; jsontext checks the spelling.
func word(text string, pos int) int {
	for pos < len(text) && text[pos] >= 'a' && text[pos] <= 'z' {
		pos++
	}
	return pos
}

// pointerTo leads through the open containers, without any name.
func pointerTo(wait []span, open []int) string {
	var b strings.Builder
	for _, at := range open {
		if n := wait[at]; n.kind == Array {
			b.WriteString("/" + strconv.Itoa(max(int(n.count), 1)-1))
		} else {
			b.WriteString("/*")
		}
	}
	return b.String()
}

// line returns the 1-based line of an offset.
func line(data []byte, offset int) int {
	return 1 + bytes.Count(data[:min(max(offset, 0), len(data))], []byte{'\n'})
}
