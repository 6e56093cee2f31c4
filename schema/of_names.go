package schema

import (
	"path"
	"strconv"
	"strings"
)

// nameAll finds what goes to $defs, in the order of its first use: named types that are used more
// than once or inside themselves, unless a reference would be longer. The root is its own "#".
func (w *formWriter) nameAll() {
	var order []*form
	uses := map[*form]int{}
	var visit func(u use)
	visit = func(u use) {
		f := u.of
		if f.binary != nil {
			return // a few lines, with bounds of the place
		}
		if f.t.Name() != "" { // all others lead to one that has a name, or end
			if uses[f]++; uses[f] > 1 {
				return
			}
			order = append(order, f)
		}
		if f.items.of != nil {
			visit(f.items)
		}
		for _, m := range f.members {
			visit(m.use)
		}
	}
	visit(w.root)
	taken := map[string]bool{}
	for _, f := range order {
		if uses[f] < 2 || f.kind != Object && f.kind != Array && f.own == nil && len(f.enum) == 0 && f.about == "" {
			continue
		}
		if f == w.root.of && !w.root.null {
			w.names[f] = "#"
			continue
		}
		w.names[f] = f.name(taken)
		w.defs = append(w.defs, f)
	}
}

// name is the type's own, with that of its package or a number where others are called the same.
func (f *form) name(taken map[string]bool) string {
	name := plainWord(readable(f.t.Name()))
	if taken[name] {
		name = plainWord(path.Base(f.t.PkgPath())) + "." + name
	}
	first := name
	for i := 2; taken[name]; i++ {
		name = first + strconv.Itoa(i)
	}
	taken[name] = true
	return name
}

// readable turns the name of a generic type into one word: Pair[int,*notes.Note] is PairOfIntAndNote.
func readable(name string) string {
	switch {
	case strings.HasPrefix(name, "*"):
		return readable(name[1:])
	case strings.HasPrefix(name, "[]"):
		return "ListOf" + title(readable(name[2:]))
	case strings.HasPrefix(name, "map["):
		if end := closing(name[4:]); end >= 0 {
			return "MapOf" + title(readable(name[4+end+1:]))
		}
	case strings.HasPrefix(name, "["):
		if end := closing(name[1:]); end >= 0 {
			return "ListOf" + title(readable(name[1+end+1:]))
		}
	}
	base, args, generic := strings.Cut(name, "[")
	base = base[strings.LastIndexByte(base, '/')+1:]
	base = base[strings.LastIndexByte(base, '.')+1:]
	if !generic {
		return base
	}
	var words []string
	for _, arg := range topLevel(strings.TrimSuffix(args, "]")) {
		words = append(words, title(readable(arg)))
	}
	return base + "Of" + strings.Join(words, "And")
}

// closing is where the bracket closes that stands before s; -1 if nowhere.
func closing(s string) int {
	depth := 1
	for i := range len(s) {
		switch s[i] {
		case '[':
			depth++
		case ']':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// topLevel splits at the commas that stand in no bracket.
func topLevel(s string) []string {
	var parts []string
	depth, start := 0, 0
	for i := range len(s) {
		switch s[i] {
		case '[', '{', '(':
			depth++
		case ']', '}', ')':
			depth--
		case ',':
			if depth == 0 {
				parts = append(parts, s[start:i])
				start = i + 1
			}
		}
	}
	return append(parts, s[start:])
}

func title(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// plainWord keeps what may stand in a reference.
func plainWord(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x80 && (isLetter(byte(r)) || isDigit(byte(r)) || r == '_') {
			return r
		}
		return '_'
	}, s)
	if s == "" {
		return "Type"
	}
	return s
}
