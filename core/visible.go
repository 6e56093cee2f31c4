package core

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// maxMarks is how many marks may stand on one character: more of them climb
// into the lines above and below.
const maxMarks = 2

// An escaper writes text of a page's choice so that one sees all of it: line
// breaks, other controls, marks of the writing direction and whatever takes no
// room become escapes.
type escaper struct {
	b      strings.Builder
	marks  int
	quoted bool // quotes and backslashes are escaped too
}

func (e *escaper) write(r rune) {
	if unicode.In(r, unicode.Mn, unicode.Me) {
		e.marks++
	} else {
		e.marks = 0
	}
	switch {
	case e.quoted && (r == '"' || r == '\\'):
		e.b.WriteByte('\\')
		e.b.WriteRune(r)
	case r == '\n':
		e.b.WriteString(`\n`)
	case r == '\t':
		e.b.WriteString(`\t`)
	case visible(r) && e.marks <= maxMarks:
		e.b.WriteRune(r)
	case r > 0xffff:
		fmt.Fprintf(&e.b, `\u{%x}`, r)
	default:
		fmt.Fprintf(&e.b, `\u%04x`, r)
	}
}

// visible reports whether a character is seen as itself.
func visible(r rune) bool {
	switch r {
	case 0x2800, 0x16fe4, 0x1d159: // printable as Unicode has it, and blank
		return false
	}
	return unicode.IsPrint(r) && !unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// escaped is a text on one line, without quotes, cut behind max columns.
func escaped(text string, max int) string {
	var e escaper
	for _, r := range text {
		if max -= cost(r); max < 0 {
			return e.b.String() + "…"
		}
		e.write(r)
	}
	return e.b.String()
}

// cost is about how many columns an escaper makes of a character, or more.
func cost(r rune) int {
	if visible(r) && !unicode.In(r, unicode.Mn, unicode.Me) {
		return runeColumns(r)
	}
	return len(`\u{e0001}`)
}

// quotedText is a text in quotes of about max columns. Of a long one beginning
// and end are shown: a path or an address says at its end what it is about.
func quotedText(text string, max int) string {
	head, left := 0, max
	for i, r := range text {
		if left -= cost(r); left < max/3 && head == 0 {
			head = i
		}
		if left < 0 {
			break
		}
	}
	if left >= 0 {
		return quote(text)
	}
	tail := len(text)
	for left = max / 3; ; {
		r, size := utf8.DecodeLastRuneInString(text[:tail])
		if left -= cost(r); left < 0 {
			break
		}
		tail -= size
	}
	hidden := utf8.RuneCountInString(text[head:tail])
	return fmt.Sprintf("%s … %d characters not shown … %s", quote(text[:head]), hidden, quote(text[tail:]))
}

func quote(text string) string {
	e := escaper{quoted: true}
	for _, r := range text {
		e.write(r)
	}
	return `"` + e.b.String() + `"`
}

// wrap breaks a line into those of at most the given number of columns, all of
// them indented and those after the first some more.
func wrap(text, indent string, columns int) []string {
	const further = "    "
	var lines []string
	line, used := indent, len(indent)
	for text != "" {
		word, rest := text, ""
		if i := strings.IndexByte(text[1:], ' '); i >= 0 { // a word has the space before it
			word, rest = text[:i+1], text[i+1:]
		}
		text = rest
		if n := columnsOf(word); used+n > columns && used > len(indent+further) && n <= columns-len(indent+further) {
			lines, line, used = append(lines, line), indent+further, len(indent+further)
		}
		for _, r := range word {
			n := runeColumns(r)
			if used+n > columns {
				lines, line, used = append(lines, line), indent+further, len(indent+further)
			}
			line, used = line+string(r), used+n
		}
	}
	return append(lines, line)
}

func columnsOf(text string) (n int) {
	for _, r := range text {
		n += runeColumns(r)
	}
	return n
}

// runeColumns is how wide a character is on a terminal, or more.
func runeColumns(r rune) int {
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth, width.EastAsianAmbiguous:
		return 2
	}
	return 1
}
