package schema

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
// all of them are scalars; as soon as one is a container, its elder siblings and all that
// follow wait at the back, the latest first, until their container closes. A value has one
// cell at any time, so one array serves for both.
//
// This is the hot loop of every message. All its state is in local variables, which the
// compiler keeps in registers, and cells are written field by field: reading back at once as
// a whole what was written in parts costs a dozen cycles each time.
func (d *document) scan(l Limits) scan {
	var (
		text  = d.text
		cells = d.nodes
		pos   = 0
		depth = 0

		done     = 0          // cells[:done] are filled from the front
		top      = len(cells) // cells[top:] wait
		parent   = len(cells) // the innermost open container waits here; len(cells) if there is none
		inObject = false      // it is an object
		first    = 0          // its children so far are cells[first:done]; if -1, cells[top:parent]

		names   names
		initial uint64 // a bit for each first letter and length of a name in the innermost object
		doubt   bool   // two of them set the same bit, or aren't compared like that

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
			if nameEnd, nameEsc = quoted(text, nameAt); nameEnd < 0 {
				pos, problem = flaw(text, nameAt)
				break
			}
			bit := uint64(1) << ((uint(text[nameAt]) ^ uint(nameEnd-nameAt)<<3) & 63)
			doubt = doubt || nameEsc || initial&bit != 0
			initial |= bit
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
			if depth++; depth > l.Depth {
				problem = tooDeep
				break
			}
			if first >= 0 && first < done {
				top = setAside(cells, first, done, top)
				done = first
			}
			top--
			n := &cells[top]
			n.start, n.nameAt = uint32(pos), uint32(nameAt)
			n.kind, n.escaped, n.nameEsc, n.gap = kind, false, nameEsc, uint8(gap)
			n.first = uint32(len(cells) - parent) // until it closes: its own parent, from the back
			parent, first, inObject = top, done, kind == Object
			initial, doubt = 0, false
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
				if pos, escaped = quoted(text, start+1); pos < 0 {
					pos, problem = flaw(text, start+1)
					break reading
				}
				pos++
			case Number:
				if pos, problem = number(text, start, l); problem != "" {
					break reading
				}
				problem = badSyntax
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
		// A value is complete, or an empty container opened: close what ends here.
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
				if doubt {
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
			first, doubt = -1, true
			depth--
		}
	}
	children := parent - top
	if first >= 0 {
		children = done - first
	}
	return scan{pos: pos, problem: problem, pointer: pointerTo(cells[top:], parent-top, children)}
}

// setAside moves cells[first:done], in the order of the text, to the cells that wait and
// returns where these begin now.
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
// two may overlap.
func (d *document) settle(cells []node, done, top, parent int) {
	if done+parent-top <= top {
		for i := parent - 1; i >= top; i-- {
			n := &cells[done]
			n.doc, n.span = d, cells[i].span
			done++
		}
		return
	}
	reverse(cells[top:parent])
	for i := top; i < parent; i++ {
		n := &cells[done]
		n.doc, n.span = d, cells[i].span
		done++
	}
}

// reverse leaves the pointers to the document alone: they are the same, or not set yet, and
// moving a pointer costs more while the garbage collector runs.
func reverse(cells []node) {
	for i, j := 0, len(cells)-1; i < j; i, j = i+1, j-1 {
		cells[i].span, cells[j].span = cells[j].span, cells[i].span
	}
}

// enlarge moves the cells to an array as large as the text suggests that was read so far.
func enlarge(cells []node, done, pos, size, most int) []node {
	guess := float64(len(cells)) * 1.1 * float64(size) / float64(pos+1)
	larger := make([]node, min(max(int(guess), 4*len(cells)), most))
	copy(larger, cells[:done])
	copy(larger[len(larger)-len(cells)+done:], cells[done:])
	return larger
}
