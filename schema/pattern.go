package schema

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A pattern is a regular expression, read by the grammar of ECMA-262 with its u flag, as
// JSON Schema wants it, and translated to RE2's, in which it runs in linear time.
type pattern struct {
	text    string // in RE2's words
	err     error  // it isn't ECMA-262
	differs error  // it is, but RE2 can't say the same
}

// readPattern never compiles anything, so it may be used on a page's text.
func readPattern(s string) pattern {
	r := patternReader{in: s, names: map[string]bool{}}
	if err := r.alternatives(0); err != nil {
		return pattern{err: err}
	}
	if r.at < len(s) {
		return pattern{err: errors.New("a ) without its (")}
	}
	for _, name := range r.named {
		if !r.names[name] {
			return pattern{err: errors.New("a back-reference to a group that isn't there")}
		}
	}
	if r.numbered > r.groups {
		return pattern{err: errors.New("a back-reference to a group that isn't there")}
	}
	return pattern{text: r.out.String(), differs: r.differs}
}

type patternReader struct {
	in      string
	at      int
	out     strings.Builder
	differs error // the first construct that RE2 lacks or reads in another way

	groups, numbered int             // groups that capture, and the highest that is referred to
	names            map[string]bool // the groups that have a name
	named            []string        // those that are referred to
}

// A patternItem is what may stand alone in a class: one character, or a class of them.
type patternItem struct {
	char  rune
	class string // RE2's escape for a class, "" for a character
}

func (r *patternReader) alternatives(depth int) error {
	if depth > 100 {
		return errors.New("groups nested too deeply")
	}
	for r.at < len(r.in) && r.in[r.at] != ')' {
		if r.take("|") {
			r.out.WriteByte('|')
			continue
		}
		if err := r.term(depth); err != nil {
			return err
		}
	}
	return nil
}

// term reads an assertion, or an atom with its quantifier.
func (r *patternReader) term(depth int) error {
	repeatable := true
	switch c := r.next(); c {
	case '^', '$':
		// Without the m flag both dialects mean the ends of the whole text.
		r.out.WriteRune(c)
		repeatable = false
	case '.':
		r.out.WriteString(`[^\n\r\x{2028}\x{2029}]`)
	case '(':
		var err error
		if repeatable, err = r.group(depth); err != nil {
			return err
		}
	case '[':
		if err := r.class(); err != nil {
			return err
		}
	case '*', '+', '?':
		return fmt.Errorf("nothing before %q that could be repeated", c)
	case '{', '}', ']':
		return fmt.Errorf(`a %q on its own; write \%c`, c, c)
	case '\\':
		if r.take("b") {
			r.out.WriteString(`\b`)
			repeatable = false
			break
		}
		if r.take("B") {
			r.out.WriteString(`\B`)
			repeatable = false
			break
		}
		item, err := r.escape(false)
		if err != nil {
			return err
		}
		r.put(item)
	default:
		r.put(patternItem{char: c})
	}
	return r.quantifier(repeatable)
}

// group reads what follows an opening parenthesis. Nobody asks for captures.
func (r *patternReader) group(depth int) (repeatable bool, err error) {
	repeatable = true
	switch {
	case r.take("?:"):
	case r.take("?="), r.take("?!"), r.take("?<="), r.take("?<!"):
		r.differ("RE2 has no look-ahead or look-behind")
		repeatable = false
	case r.take("?<"):
		name, err := r.groupName()
		if err != nil {
			return false, err
		}
		if r.names[name] {
			return false, errors.New("two groups of one name")
		}
		r.names[name] = true
		r.groups++
	case r.take("?"):
		return false, errors.New(`"(?" must be followed by :, =, ! or <`)
	default:
		r.groups++
	}
	r.out.WriteString("(?:")
	if err := r.alternatives(depth + 1); err != nil {
		return false, err
	}
	if !r.take(")") {
		return false, errors.New("a ( without its )")
	}
	r.out.WriteByte(')')
	return repeatable, nil
}

// groupName reads an identifier and the > behind it.
func (r *patternReader) groupName() (string, error) {
	var name strings.Builder
	for r.at < len(r.in) {
		c := r.next()
		switch {
		case c == '>' && name.Len() > 0:
			return name.String(), nil
		case c == '\\' && r.take("u"):
			item, err := r.unicode()
			if err != nil {
				return "", err
			}
			c = item.char
		}
		first := c == '$' || c == '_' || unicode.In(c, unicode.L, unicode.Nl, unicode.Other_ID_Start)
		if !first && (name.Len() == 0 || !unicode.In(c, unicode.Mn, unicode.Mc, unicode.Nd, unicode.Pc, unicode.Other_ID_Continue) && c != 0x200c && c != 0x200d) {
			break
		}
		name.WriteRune(c)
	}
	return "", errors.New("a group's name must be an identifier, and > must follow it")
}

func (r *patternReader) quantifier(repeatable bool) error {
	if r.at >= len(r.in) {
		return nil
	}
	written := ""
	switch c := r.in[r.at]; c {
	case '*', '+', '?':
		r.at++
		written = string(c)
	case '{':
		r.at++
		least, ok := r.count()
		if !ok {
			return errors.New(`a "{" that begins no repetition; write \{`)
		}
		most := least
		// RE2 takes {01} for a text, so the numbers are written anew.
		written = "{" + strconv.Itoa(least)
		if r.take(",") {
			written += ","
			if most, ok = r.count(); ok {
				written += strconv.Itoa(most)
			} else {
				most = least
			}
		}
		written += "}"
		if !r.take("}") || most < least {
			return errors.New("a repetition must be {n}, {n,} or {n,m}")
		}
		if most > 1000 {
			r.differ("RE2 repeats at most 1000 times; use minLength or maxLength")
		}
	default:
		return nil
	}
	if !repeatable {
		return errors.New("an assertion can't be repeated")
	}
	if r.take("?") {
		written += "?"
	}
	r.out.WriteString(written)
	return nil
}

// class reads a bracketed class, behind its opening bracket.
func (r *patternReader) class() error {
	negated := r.take("^")
	if r.take("]") {
		// ECMA-262's "nothing" and "anything"; RE2 would go on reading.
		if negated {
			r.out.WriteString(`(?s:.)`)
		} else {
			r.out.WriteString(`[^\x{0}-\x{10ffff}]`)
		}
		return nil
	}
	r.out.WriteByte('[')
	if negated {
		r.out.WriteByte('^')
	}
	for !r.take("]") {
		low, err := r.classItem()
		if err != nil {
			return err
		}
		r.put(low)
		if !strings.HasPrefix(r.in[r.at:], "-") || strings.HasPrefix(r.in[r.at:], "-]") {
			continue
		}
		r.at++
		high, err := r.classItem()
		if err != nil {
			return err
		}
		if low.class != "" || high.class != "" || low.char > high.char {
			return errors.New("a range in a class is wrong")
		}
		r.out.WriteByte('-')
		r.put(high)
	}
	r.out.WriteByte(']')
	return nil
}

func (r *patternReader) classItem() (patternItem, error) {
	if r.at >= len(r.in) {
		return patternItem{}, errors.New("a [ without its ]")
	}
	c := r.next()
	if c != '\\' {
		return patternItem{char: c}, nil
	}
	if r.take("b") {
		return patternItem{char: '\b'}, nil
	}
	return r.escape(true)
}

// escape reads what follows a backslash.
func (r *patternReader) escape(inClass bool) (patternItem, error) {
	if r.at >= len(r.in) {
		return patternItem{}, errors.New("a backslash at the end")
	}
	switch c := r.next(); {
	case strings.ContainsRune("dDwW", c):
		return patternItem{class: `\` + string(c)}, nil
	case c == 's' || c == 'S':
		r.differ(`\%c covers Unicode's spaces there and ASCII's here; list the characters, for instance [ \t]`, c)
		return patternItem{class: `\` + string(c)}, nil
	case c == 't':
		return patternItem{char: '\t'}, nil
	case c == 'n':
		return patternItem{char: '\n'}, nil
	case c == 'r':
		return patternItem{char: '\r'}, nil
	case c == 'f':
		return patternItem{char: '\f'}, nil
	case c == 'v':
		return patternItem{char: '\v'}, nil
	case c == 'c':
		if l := r.next(); l < utf8.RuneSelf && unicode.IsLetter(l) {
			return patternItem{char: l % 32}, nil
		}
		return patternItem{}, errors.New(`\c must be followed by a letter`)
	case c == 'x':
		char, err := r.hex(2)
		return patternItem{char: char}, err
	case c == 'u':
		return r.unicode()
	case c == 'p' || c == 'P':
		return r.property(c)
	case c == '0' && (r.at >= len(r.in) || !strings.ContainsRune("0123456789", rune(r.in[r.at]))):
		return patternItem{}, nil
	case c >= '1' && c <= '9' && !inClass || c == 'k' && !inClass:
		return patternItem{char: '?'}, r.backreference(c)
	case strings.ContainsRune(`^$\.*+?()[]{}|/`, c), c == '-' && inClass:
		return patternItem{char: c}, nil
	case c < utf8.RuneSelf && (unicode.IsPunct(c) || unicode.IsSymbol(c)):
		return patternItem{}, fmt.Errorf(`\%c is no escape; write %c`, c, c)
	default:
		return patternItem{}, fmt.Errorf(`\%c is no escape`, c)
	}
}

func (r *patternReader) backreference(c rune) error {
	r.differ("RE2 has no back-references")
	if c == 'k' {
		if !r.take("<") {
			return errors.New(`\k must be followed by <name>`)
		}
		name, err := r.groupName()
		r.named = append(r.named, name)
		return err
	}
	r.at--
	number, _ := r.count()
	r.numbered = max(r.numbered, number)
	return nil
}

// unicode reads \uHHHH, a surrogate pair of two of them, or \u{H…}.
func (r *patternReader) unicode() (patternItem, error) {
	if r.take("{") {
		digits, _, ok := strings.Cut(r.in[r.at:], "}")
		char, err := strconv.ParseUint(digits, 16, 32)
		if !ok || err != nil || char > unicode.MaxRune {
			return patternItem{}, errors.New(`\u{…} must hold a code point`)
		}
		r.at += len(digits) + 1
		return r.scalar(rune(char))
	}
	char, err := r.hex(4)
	if err != nil {
		return patternItem{}, err
	}
	if behind := r.at; char >= 0xd800 && char < 0xdc00 && r.take(`\u`) {
		if low, err := r.hex(4); err == nil && low >= 0xdc00 && low < 0xe000 {
			return patternItem{char: (char-0xd800)<<10 + (low - 0xdc00) + 0x10000}, nil
		}
		r.at = behind // not its other half: an escape of its own
	}
	return r.scalar(char)
}

func (r *patternReader) scalar(char rune) (patternItem, error) {
	if !utf8.ValidRune(char) {
		r.differ("a lone surrogate never occurs in a text here")
	}
	return patternItem{char: char}, nil
}

func (r *patternReader) hex(digits int) (rune, error) {
	if len(r.in)-r.at >= digits {
		if char, err := strconv.ParseUint(r.in[r.at:r.at+digits], 16, 32); err == nil {
			r.at += digits
			return rune(char), nil
		}
	}
	return 0, fmt.Errorf("an escape needs %d hexadecimal digits", digits)
}

func (r *patternReader) count() (int, bool) {
	start := r.at
	for r.at < len(r.in) && r.in[r.at] >= '0' && r.in[r.at] <= '9' {
		r.at++
	}
	if r.at == start {
		return 0, false
	}
	n, err := strconv.Atoi(r.in[start:r.at])
	if err != nil {
		n = 1 << 30
	}
	return n, true
}

// put writes one item so that it means the same inside and outside a class.
func (r *patternReader) put(item patternItem) {
	switch c := item.char; {
	case item.class != "":
		r.out.WriteString(item.class)
	case c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= 0xa0:
		r.out.WriteRune(c)
	default:
		fmt.Fprintf(&r.out, `\x{%x}`, c)
	}
}

func (r *patternReader) take(s string) bool {
	if strings.HasPrefix(r.in[r.at:], s) {
		r.at += len(s)
		return true
	}
	return false
}

// next returns the next character, 0 at the end.
func (r *patternReader) next() rune {
	c, size := utf8.DecodeRuneInString(r.in[r.at:])
	if size == 0 {
		return 0
	}
	r.at += size
	return c
}

func (r *patternReader) differ(format string, a ...any) {
	if r.differs == nil {
		r.differs = fmt.Errorf(format, a...)
	}
}
