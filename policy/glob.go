package policy

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// pattern is a glob cut into names. The first fixed of them came from a variable and stand for
// themselves: a home directory named "a*" must not match "ab".
type pattern struct {
	location
	fixed int
}

// pattern reads the first operand of glob.
func (x *lexicon) pattern(text string) (pattern, error) {
	base, rest, found, err := x.variable(text)
	if err != nil {
		return pattern{}, err
	}
	p := pattern{location{base.root, base.parts[:len(base.parts):len(base.parts)]}, len(base.parts)}
	if err := x.readable(text); err != nil {
		return pattern{}, err
	}
	if !found {
		l, after, err := x.cutRoot(text)
		if err != nil {
			return pattern{}, err
		}
		p.root, rest = l.root, after
	} else if x.windows {
		rest = strings.ReplaceAll(rest, `\`, "/")
	}
	for name := range strings.SplitSeq(rest, "/") {
		if name == "" || name == "." {
			continue
		}
		if err := x.checkGlob(name); err != nil {
			return pattern{}, err
		}
		p.parts = append(p.parts, name)
	}
	return p, nil
}

func (x *lexicon) checkGlob(name string) error {
	switch {
	case name == "..":
		return errors.New("has a .. in it")
	case name != "**" && strings.Contains(name, "**"):
		return errors.New("has a ** beside other characters: it stands alone between slashes")
	case strings.ContainsAny(name, "{}"):
		return errors.New("has braces in it: write one call for each alternative")
	case x.windows && strings.TrimRight(name, ". ") != name:
		return errors.New("has a name that ends in a dot or a space, which no file on Windows does")
	}
	for rest := name; rest != ""; {
		_, width, ok := nextGlob(rest)
		if !ok {
			return fmt.Errorf("has an open or empty class in %q", name)
		}
		rest = rest[width:]
	}
	return nil
}

// glob says whether path fits a pattern. A leading dot that only a wildcard would
// match is doubtful.
func (x *lexicon) glob(text, path string) judgement {
	pat, err := x.pattern(text)
	if err != nil {
		return doubtful
	}
	p, err := x.split(path)
	if err != nil {
		return doubtful
	}
	if r := x.relate(p.root, pat.root); r != inside {
		return r
	}
	fixed := x.below(p.parts, pat.parts[:pat.fixed])
	if fixed == outside {
		return outside
	}
	globs, names := pat.parts[pat.fixed:], p.parts[pat.fixed:]
	switch {
	case x.matchNames(globs, names, false):
		return fixed
	case x.matchNames(globs, names, true):
		return doubtful
	case x.fold && !(isASCII(text) && isASCII(path)) && x.matchNames(x.allLoose(globs), x.allLoose(names), true):
		return doubtful
	}
	return outside
}

// allLoose gives names, or globs, as loose gives one.
func (x *lexicon) allLoose(names []string) []string {
	all := make([]string, len(names))
	for i, name := range names {
		if all[i] = x.loose(name); all[i] == "" {
			all[i] = name
		}
	}
	return all
}

// matchNames matches name by name. On a mismatch only the last ** takes one name
// more, as the last * of a name does, so the cost is at most the product of both lengths.
func (x *lexicon) matchNames(globs, names []string, dots bool) bool {
	g, n := 0, 0
	star, from := -1, 0
	for n < len(names) {
		switch {
		case g < len(globs) && globs[g] == "**":
			star, from = g, n
			g++
			if g == len(globs) {
				n++ // a final ** takes at least one name
				if !dots && names[from][0] == '.' {
					return false
				}
				from = n
			}
		case g < len(globs) && x.matchName(globs[g], names[n], dots):
			g++
			n++
		case star >= 0 && (dots || names[from][0] != '.'):
			from++
			g, n = star+1, from
		default:
			return false
		}
	}
	return g == len(globs)
}

func (x *lexicon) matchName(glob, name string, dots bool) bool {
	if !dots && name[0] == '.' && glob[0] != '.' {
		return false
	}
	star, from := "", ""
	starred := false
	for name != "" {
		if strings.HasPrefix(glob, "*") {
			starred, glob = true, glob[1:]
			star, from = glob, name
			continue
		}
		r, size := utf8.DecodeRuneInString(name)
		if glob != "" {
			if m, width, ok := nextGlob(glob); ok && m.matches(x, r) {
				glob, name = glob[width:], name[size:]
				continue
			}
		}
		if !starred {
			return false
		}
		_, size = utf8.DecodeRuneInString(from)
		from = from[size:]
		glob, name = star, from
	}
	return strings.Trim(glob, "*") == ""
}

// matcher is one element of a glob: a character, "?" or a class.
type matcher struct {
	class string // what stands between the brackets
	char  rune   // of a plain character, 0 for "?"
}

// nextGlob reads the first element of a glob and its width; false if it is malformed. "*"
// counts as a plain element here: callers treat it before.
func nextGlob(glob string) (m matcher, width int, ok bool) {
	r, size := utf8.DecodeRuneInString(glob)
	switch r {
	case '?':
		return matcher{}, size, true
	case '[':
		body := strings.TrimPrefix(strings.TrimPrefix(glob[1:], "!"), "^")
		if len(glob)-1-len(body) > 1 || body == "" {
			return matcher{}, 0, false
		}
		// A bracket right after the opening one is a member, so that "[]]" can be written.
		end := strings.IndexByte(body[1:], ']')
		if end < 0 {
			return matcher{}, 0, false
		}
		width = len(glob) - len(body) + 1 + end
		return matcher{class: glob[1:width]}, width + 1, true
	}
	return matcher{char: r}, size, true
}

func (m matcher) matches(x *lexicon, r rune) bool {
	if m.class == "" {
		return m.char == 0 || m.char == r || x.fold && lower(m.char) == lower(r)
	}
	class, negated := m.class, false
	if class[0] == '!' || class[0] == '^' {
		class, negated = class[1:], true
	}
	return inClass(class, r, x.fold) != negated
}

func inClass(class string, r rune, fold bool) bool {
	for class != "" {
		low, n := utf8.DecodeRuneInString(class)
		class = class[n:]
		high := low
		if len(class) > 1 && class[0] == '-' {
			high, n = utf8.DecodeRuneInString(class[1:])
			class = class[1+n:]
		}
		if low <= r && r <= high {
			return true
		}
		if fold {
			// Both cases of r are tried: a range may hold only one of them.
			l := lower(r)
			if u := l &^ 0x20; l >= 'a' && l <= 'z' && (low <= u && u <= high || low <= l && l <= high) {
				return true
			}
		}
	}
	return false
}
