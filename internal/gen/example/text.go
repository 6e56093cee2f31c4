package example

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sallyport/sallyport/schema"
)

func (m *Maker) text(parts []schema.Value, hint string) ([]byte, bool) {
	least, most := count(parts, "minLength", true, 0), count(parts, "maxLength", false, math.MaxInt32)
	text := ""
	if format, ok := field(parts, "format"); ok {
		text = formatted(format.Text(), m.salt)
	}
	if pattern, ok := field(parts, "pattern"); ok {
		// Where both are asked for the format is the harder one to meet, as of a Go type's time.
		if re, err := regexp.Compile(pattern.Text()); text != "" && err == nil && re.MatchString(text) {
			return quoted(text), true
		}
		text, ok := m.matching(pattern.Text(), hint, least, most)
		return quoted(text), ok
	}
	if text != "" {
		return quoted(text), true
	}
	text = hint
	if m.Text != nil {
		text = m.Text(hint)
	}
	if m.salt > 0 {
		text += " " + strconv.Itoa(m.salt+1)
	}
	if n := utf8.RuneCountInString(text); n < least {
		text += strings.Repeat("x", min(least-n, 1<<16))
	} else if n > most {
		runes := []rune(text)
		text = string(append(runes[:0:0], runes[n-most:]...)) // its end, where texts differ
	}
	return quoted(text), least <= most && least < 1<<16
}

// formatted is a text of each format of the draft; salt makes it another one.
func formatted(format string, salt int) string {
	n := salt % 9
	switch format {
	case "date-time":
		return fmt.Sprintf("2026-01-0%dT03:04:05Z", n+1)
	case "date":
		return fmt.Sprintf("2026-01-0%d", n+1)
	case "time":
		return fmt.Sprintf("03:04:0%dZ", n)
	case "duration":
		return fmt.Sprintf("P%dD", salt+1)
	case "email", "idn-email":
		return "someone" + some(salt) + "@example.org"
	case "hostname", "idn-hostname":
		return "www" + some(salt) + ".example.org"
	case "ipv4":
		return fmt.Sprintf("192.0.2.%d", salt%250+1)
	case "ipv6":
		return fmt.Sprintf("2001:db8::%x", salt%0xffff+1)
	case "uri", "iri", "uri-reference", "iri-reference":
		return "https://example.org/" + some(salt)
	case "uri-template":
		return "https://example.org/" + some(salt) + "{id}"
	case "uuid":
		return fmt.Sprintf("123e4567-e89b-12d3-a456-4266141740%02x", salt%256)
	case "json-pointer":
		return "/notes/" + strconv.Itoa(salt)
	case "relative-json-pointer":
		return strconv.Itoa(salt) + "/notes"
	case "base64":
		return base64.StdEncoding.EncodeToString([]byte("bytes" + some(salt)))
	case "regex":
		return "^[a-z]{" + strconv.Itoa(salt+1) + "}$"
	}
	return ""
}

// some is a number to tell texts apart, none for the first.
func some(salt int) string {
	if salt == 0 {
		return ""
	}
	return strconv.Itoa(salt + 1)
}

// matching makes a text that a pattern accepts, within bounds of its length. A pattern that does not
// begin at the start of the text leaves room for a plain text in front.
func (m *Maker) matching(pattern, hint string, least, most int) (string, bool) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return "", false // ECMA's words, of which RE2 has others
	}
	compiled, err := regexp.Compile(pattern)
	if err != nil {
		return "", false
	}
	re = re.Simplify()
	if m.Text != nil {
		hint = m.Text(hint)
	}
	for repeat := range 40 {
		w := walker{m: m, repeat: repeat}
		text := w.walk(re, 0)
		for _, candidate := range []string{hint + some(m.salt) + text, text, text + strings.Repeat("x", max(0, min(least-utf8.RuneCountInString(text), 1<<16)))} {
			n := utf8.RuneCountInString(candidate)
			if n >= least && n <= most && compiled.MatchString(candidate) {
				return candidate, true
			}
		}
	}
	return "", false
}

// A walker writes a text that a regular expression accepts.
type walker struct {
	m      *Maker
	repeat int // how often what may be repeated is
	length int // of the text, and of the way to it
}

// mostText bounds what a pattern makes.
const mostText = 1 << 16

func (w *walker) walk(re *syntax.Regexp, depth int) string {
	if w.length++; depth > 100 || w.length > mostText {
		return ""
	}
	var b strings.Builder
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		b.WriteString(w.char(re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte('x')
	case syntax.OpCapture:
		return w.walk(re.Sub[0], depth+1)
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			b.WriteString(w.walk(sub, depth+1))
		}
		return b.String()
	case syntax.OpAlternate:
		return w.walk(re.Sub[w.m.Choose(len(re.Sub))], depth+1)
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		for range w.times(re) {
			b.WriteString(w.walk(re.Sub[0], depth+1))
		}
		return b.String()
	}
	w.length += b.Len()
	return b.String()
}

func (w *walker) times(re *syntax.Regexp) int {
	least, most := 0, math.MaxInt32
	switch re.Op {
	case syntax.OpPlus:
		least = 1
	case syntax.OpQuest:
		most = 1
	case syntax.OpRepeat:
		least = re.Min
		if re.Max >= 0 {
			most = re.Max
		}
	}
	return min(least+w.repeat+w.m.Choose(2), most)
}

// char is one of a class, given as pairs of first and last. A letter is nicer to read than what
// comes first.
func (w *walker) char(pairs []rune) string {
	if len(pairs) < 2 {
		return ""
	}
	nice := []rune("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	from := w.m.Choose(len(nice)) + w.m.salt
	for i := range nice {
		r := nice[(from+i)%len(nice)]
		for p := 0; p+1 < len(pairs); p += 2 {
			if r >= pairs[p] && r <= pairs[p+1] {
				return string(r)
			}
		}
	}
	for p := 0; p+1 < len(pairs); p += 2 {
		if r := max(pairs[p], ' '); r <= pairs[p+1] {
			return string(r)
		}
	}
	return string(pairs[0])
}

// number reads a small whole number, 0 if it is none.
func number(s string) int {
	f, err := json.Number(s).Float64()
	if err != nil || f < 0 || f > math.MaxInt32 {
		return 0
	}
	return int(f)
}
