package schema

import "math/bits"

// A scan is where the reading of a document ended.
type scan struct {
	root    *node  // the document's value, nil if it was refused
	pos     int    // where it was refused,
	problem string // why,
	pointer string // and the way there
}

// scan reads the document once, from front to back: it judges the grammar, holds the limits
// and lays out the tape.
//
// The children of one container must come to lie side by side, but each may have children of
// its own between them in the text. So they gather at the front of cells, where they stay if
// all of them are scalars. When one is a container, its elder siblings and all that follow
// wait at the back, the latest first, until their container closes. A value has one cell at
// any time, so one array serves for both.
//
// This is the hot loop of every message. Its state is in local variables, since the compiler
// keeps no others in registers; nothing is called for short strings and whole numbers, since a
// call puts all of them into memory; and cells are written field by field, since a processor
// waits when it reads as a whole what was just written in parts.
func (d *document) scan(l Limits) scan {
	var (
		text  = d.text
		cells = d.nodes
		pos   = 0

		done     = 0          // cells[:done] are filled from the front
		top      = len(cells) // cells[top:] wait
		parent   = len(cells) // the innermost open container waits here; len(cells) if there is none
		inObject = false      // it is an object
		first    = 0          // its children so far are cells[first:done]; if -1, cells[top:parent]

		names names
		seen  uint64 // the marks of the names in the innermost object, or inDoubt

		problem = badSyntax
	)
reading:
	for {
		// A value begins here; in an object, its name.
		var nameAt, nameEnd int
		var nameEsc bool
		if inObject {
			if pos >= len(text) || text[pos] != '"' {
				if pos = space(text, pos); pos >= len(text) || text[pos] != '"' {
					break
				}
			}
			nameAt = pos + 1
			nameEnd = nameAt
			if nameEnd+8 <= len(text) {
				nameEnd += bits.TrailingZeros64(special(eight(text[nameEnd:nameEnd+8]))) / 8
			}
			if nameEnd >= len(text) || text[nameEnd] != '"' {
				if nameEnd, nameEsc = quoted(text, nameAt, nameEnd); nameEnd < 0 {
					pos, problem = flaw(text, nameAt)
					break
				}
			}
			// Names that are the same have the same first letter and length, unless there are escapes.
			mark := uint64(1) << ((uint(text[nameAt]) ^ uint(nameEnd-nameAt)<<3) % 64)
			if seen&mark != 0 || nameEsc {
				seen = inDoubt
			}
			seen |= mark
			if pos = nameEnd + 1; pos >= len(text) || text[pos] != ':' {
				if pos = space(text, pos); pos >= len(text) || text[pos] != ':' {
					break
				}
			}
			pos++
		}
		if pos >= len(text) {
			break
		}
		kind := kindOf[text[pos]]
		if kind == None {
			if pos = space(text, pos); pos >= len(text) {
				break
			}
			kind = kindOf[text[pos]]
		}
		gap := 0
		if !inObject {
			nameAt = pos // an empty name
		} else if gap = pos - nameEnd; gap >= far {
			gap = far
			d.farName(pos, nameEnd)
		}
		if top == done {
			if len(cells) >= l.Nodes {
				problem = tooManyNodes
				break
			}
			larger := enlarge(cells, done, pos, len(text), l.Nodes)
			top, parent = top+len(larger)-len(cells), parent+len(larger)-len(cells)
			cells = larger
		}
		if kind >= Array {
			depth := 1
			if parent < len(cells) {
				depth += int(cells[parent].end)
			}
			if depth > l.Depth {
				problem = tooDeep
				break
			}
			if first >= 0 && first < done {
				top, done = setAside(cells, first, done, top), first
			}
			top--
			n := &cells[top]
			n.start, n.nameAt = uint32(pos), uint32(nameAt)
			n.kind, n.escaped, n.nameEsc, n.gap = kind, false, nameEsc, uint8(gap)
			// Until it closes: its own parent, counted from the back, and its depth.
			n.first, n.end = uint32(len(cells)-parent), uint32(depth)
			parent, first, inObject, seen = top, done, kind == Object, 0
			if pos++; pos >= len(text) {
				break
			}
			c := text[pos]
			if c <= ' ' {
				if pos = space(text, pos); pos >= len(text) {
					break
				}
				c = text[pos]
			}
			if c != ']' && c != '}' {
				continue
			}
		} else {
			start, escaped := pos, false
			switch kind {
			case String:
				pos++
				if pos+8 <= len(text) {
					pos += bits.TrailingZeros64(special(eight(text[pos:pos+8]))) / 8
				}
				if pos >= len(text) || text[pos] != '"' {
					if pos, escaped = quoted(text, start+1, pos); pos < 0 {
						pos, problem = flaw(text, start+1)
						break reading
					}
				}
				pos++
			case Number:
				if text[pos]-'1' < 9 {
					pos = digits(text, pos+1)
				}
				if pos == start || pos-start > l.Number || pos < len(text) && (text[pos] == '.' || text[pos]|0x20 == 'e') {
					end, what := number(text, start, l.Number, l.Exponent)
					if pos = end; what != "" {
						problem = what
						break reading
					}
				}
			case Bool, Null:
				if pos = word(text, start); pos < 0 {
					pos = misspelt(text, start)
					break reading
				}
			default:
				break reading
			}
			var n *node
			if first >= 0 {
				n = &cells[done]
				n.doc = d
				done++
			} else {
				top--
				n = &cells[top]
			}
			n.start, n.end, n.nameAt = uint32(start), uint32(pos), uint32(nameAt)
			n.first, n.count = 0, 0
			n.kind, n.escaped, n.nameEsc, n.gap = kind, escaped, nameEsc, uint8(gap)
		}
		// A value is complete, or a container was opened that is empty: close what ends here.
		for {
			c := byte(0)
			if pos < len(text) {
				if c = text[pos]; c <= ' ' {
					if pos = space(text, pos); pos < len(text) {
						c = text[pos]
					}
				}
			}
			if parent == len(cells) {
				if pos < len(text) {
					problem = tooMuch
					break reading
				}
				if first < 0 {
					d.settle(cells, done, top, parent)
					done++
				}
				d.nodes = cells[:done]
				return scan{root: &cells[done-1]}
			}
			if c == ',' {
				pos++
				break
			}
			if c != ']' && c != '}' || inObject != (c == '}') {
				break reading
			}
			if first < 0 {
				d.settle(cells, done, top, parent)
				first, done = done, done+parent-top
			}
			if inObject {
				if done-first > l.Keys {
					problem = tooManyKeys
					break reading
				}
				if seen == inDoubt {
					if twin := names.twin(cells[first:done]); twin != nil {
						pos, problem = int(twin.nameAt)-1, sameName
						break reading
					}
				}
			}
			pos++
			n := &cells[parent]
			outer := int(n.first)
			n.first, n.count, n.end = uint32(first), uint32(done-first), uint32(pos)
			top, parent = parent, len(cells)-outer
			inObject = outer > 0 && cells[parent].kind == Object
			first, seen = -1, inDoubt
		}
	}
	children := parent - top
	if first >= 0 {
		children = done - first
	}
	return scan{pos: pos, problem: problem, pointer: pointerTo(cells[top:], parent-top, children)}
}

// setAside moves cells[first:done] to the cells that wait and returns where these begin now.
func setAside(cells []node, first, done, top int) int {
	back := top
	for i := done - 1; i >= first; i-- {
		top--
		cells[top].span = cells[i].span
	}
	reverse(cells[top:back])
	return top
}

// settle moves cells[top:parent], which have waited, to their place behind cells[:done]. The
// two overlap where the array is nearly full, as it mostly is in the end.
func (d *document) settle(cells []node, done, top, parent int) {
	if done+parent-top <= top {
		for i := parent - 1; i >= top; i-- {
			n := &cells[done]
			n.doc = d
			n.span = cells[i].span
			done++
		}
		return
	}
	reverse(cells[top:parent])
	for i := top; i < parent; i++ {
		n := &cells[done]
		n.doc = d
		if done < i {
			n.span = cells[i].span
		}
		done++
	}
}

// reverse leaves the pointers to the document alone, which only settled nodes need: moving a
// pointer is slow while the garbage collector runs.
func reverse(cells []node) {
	for i, j := 0, len(cells)-1; i < j; i, j = i+1, j-1 {
		cells[i].span, cells[j].span = cells[j].span, cells[i].span
	}
}

// enlarge moves the cells to a larger array. Its size is a guess from what was read so far.
func enlarge(cells []node, done, pos, size, most int) []node {
	guess := float64(len(cells)) * 1.1 * float64(size) / float64(pos+1)
	larger := make([]node, min(max(int(min(guess, float64(most))), 4*len(cells)), most))
	copy(larger, cells[:done])
	copy(larger[len(larger)-len(cells)+done:], cells[done:])
	return larger
}
