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
	forms []form
	deep  bool // has a ** in it
	// prefix is the text of the fixed names, with the slash that follows them: a path that
	// begins so has them. "" where names may differ in case.
	prefix string
}

// A form is a glob of one name that is matched without looking at each character: one star
// at most, and no other wildcard.
type form struct {
	simple, starred bool
	before, after   string // the star, or all of it before
}

func formOf(name string) form {
	before, after, starred := strings.Cut(name, "*")
	return form{!strings.ContainsAny(before+after, "*?["), starred, before, after}
}

func (s form) matches(name string) bool {
	if !s.starred {
		return name == s.before
	}
	return len(name) >= len(s.before)+len(s.after) && strings.HasPrefix(name, s.before) && strings.HasSuffix(name, s.after)
}

// pattern reads the first operand of glob.
func (x *lexicon) pattern(text string) (pattern, error) {
	base, rest, found, err := x.variable(text)
	if err != nil {
		return pattern{}, err
	}
	p := pattern{location: location{base.root, base.parts[:len(base.parts):len(base.parts)]}, fixed: len(base.parts)}
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
		p.deep = p.deep || name == "**"
	}
	if !x.fold {
		for _, name := range p.parts[p.fixed:] {
			p.forms = append(p.forms, formOf(name))
		}
		if p.fixed > 0 {
			p.prefix = p.root + strings.Join(p.parts[:p.fixed], "/") + "/"
		}
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
	pat, err := x.globs.get(text)
	if err != nil {
		return doubtful
	}
	p, err := x.split(path)
	if err != nil {
		return doubtful
	}
	return x.fits(pat, text, p, path)
}

// fits says whether a path fits a pattern, both of them read from these texts.
func (x *lexicon) fits(pat pattern, text string, p location, path string) judgement {
	if r := x.relate(p.root, pat.root); r != inside {
		return r
	}
	fixed := inside
	if pat.prefix == "" || !strings.HasPrefix(path, pat.prefix) {
		fixed = x.below(p.parts, pat.parts[:pat.fixed])
	}
	if fixed == outside {
		return outside
	}
	globs, names := pat.parts[pat.fixed:], p.parts[pat.fixed:]
	switch {
	case !pat.deep && len(globs) != len(names):
		return outside
	case x.matchNames(globs, pat.forms, names, false):
		return fixed
	case hidden(names) && x.matchNames(globs, pat.forms, names, true):
		return doubtful
	case x.fold && !(isASCII(text) && isASCII(path)) && x.matchNames(x.allLoose(globs), nil, x.allLoose(names), true):
		return doubtful
	}
	return outside
}

// hidden says that a name begins with a dot.
func hidden(names []string) bool {
	for _, name := range names {
		if name[0] == '.' {
			return true
		}
	}
	return false
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

// matchNames matches name by name, those with a form by that. On a mismatch only the last ** takes one name
// more, as the last * of a name does, so the cost is at most the product of both lengths.
func (x *lexicon) matchNames(globs []string, forms []form, names []string, dots bool) bool {
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
		case g < len(globs) && x.matchOne(globs, forms, g, names[n], dots):
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

func (x *lexicon) matchOne(globs []string, forms []form, g int, name string, dots bool) bool {
	if g < len(forms) && forms[g].simple {
		return (dots || name[0] != '.' || globs[g][0] == '.') && forms[g].matches(name)
	}
	return x.matchName(globs[g], name, dots)
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
