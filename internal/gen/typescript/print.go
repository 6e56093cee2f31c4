package typescript

import "strings"

// A printer writes types.
type printer struct {
	name   func(*definition) string
	plain  bool                // without comments
	shared func(object) string // the name of a definition that is this very object, or ""
}

// width is how long a union may make its line, in bytes; comments are not broken.
const width = 80

// typ writes a type that begins on a line of the given indentation.
func (p printer) typ(t typ, indent int) string {
	switch t := t.(type) {
	case word:
		return string(t)
	case ref:
		return p.name(t.to)
	case list:
		return p.operand(t.of, indent) + "[]"
	case tuple:
		return p.tuple(t, indent)
	case object:
		if p.shared != nil {
			if name := p.shared(t); name != "" {
				return name
			}
		}
		return p.object(t, indent)
	case union:
		return p.join(t, "|", indent, p.typ)
	case intersection:
		return p.join(t, "&", indent, func(t typ, indent int) string {
			if _, isUnion := t.(union); isUnion {
				return "(" + p.typ(t, indent) + ")"
			}
			return p.typ(t, indent)
		})
	}
	panic("typescript: internal error: a type of no kind")
}

// operand writes a type as what stands before "[]".
func (p printer) operand(t typ, indent int) string {
	switch t.(type) {
	case union, intersection:
		return "(" + p.typ(t, indent) + ")"
	}
	return p.typ(t, indent)
}

// join writes types on one line, or on one each if that gets long.
func (p printer) join(types []typ, by string, indent int, each func(typ, int) string) string {
	parts := make([]string, len(types))
	long := 2 * indent
	for i, t := range types {
		parts[i] = each(t, indent)
		long += len(parts[i]) + 3
	}
	one := strings.Join(parts, " "+by+" ")
	if strings.Contains(one, "\n") && by == "&" || !strings.Contains(one, "\n") && long <= width {
		return one
	}
	var b strings.Builder
	for _, t := range types {
		b.WriteString("\n" + tab(indent+1) + by + " " + each(t, indent+2))
	}
	return b.String()
}

func (p printer) tuple(t tuple, indent int) string {
	parts := make([]string, 0, len(t.items)+1)
	for i, item := range t.items {
		if i < t.required {
			parts = append(parts, p.typ(item, indent+1))
		} else {
			parts = append(parts, p.operand(item, indent+1)+"?")
		}
	}
	if t.rest != nil {
		parts = append(parts, "..."+p.operand(t.rest, indent+1)+"[]")
	}
	one := strings.Join(parts, ", ")
	if !strings.Contains(one, "\n") && len(one)+2*indent <= width {
		return "[" + one + "]"
	}
	return "[\n" + tab(indent+1) + strings.Join(parts, ",\n"+tab(indent+1)) + ",\n" + tab(indent) + "]"
}

func (p printer) object(o object, indent int) string {
	var b strings.Builder
	b.WriteString("{\n")
	for _, m := range o.members {
		if !p.plain {
			b.WriteString(comment(m.doc, indent+1))
		}
		mark := ""
		if m.optional {
			mark = "?"
		}
		b.WriteString(tab(indent+1) + memberName(m.name) + mark + ":" + after(p.typ(m.t, indent+1)) + ";\n")
	}
	for _, i := range o.indexes {
		b.WriteString(tab(indent+1) + "[key: " + i.key + "]:" + after(p.typ(i.t, indent+1)) + ";\n")
	}
	b.WriteString(tab(indent) + "}")
	return b.String()
}

// after puts a space before what goes on on the same line.
func after(written string) string {
	if strings.HasPrefix(written, "\n") {
		return written
	}
	return " " + written
}

func tab(n int) string { return strings.Repeat("  ", n) }
