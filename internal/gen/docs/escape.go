package docs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"unicode"
)

// Texts are put together as Markdown from parts that are either ours, or
// plain(text), or code(text). What comes from a schema is never anything else:
// a description is text, and not markup.

// code marks text as code until it is written: what a table needs there is
// not known before. The marks can't stand in a text, see visible.
func code(text string) string { return codeBegins + visible(text) + codeEnds }

const codeBegins, codeEnds = "\x02", "\x03"

// A marked text is ours, with code in it.
type marked string

// MarshalJSON puts backticks in place of the marks.
func (m marked) MarshalJSON() ([]byte, error) {
	return json.Marshal(strings.NewReplacer(codeBegins, "`", codeEnds, "`").Replace(string(m)))
}

// inline writes a text with marked code into a line or a table's cell.
func inline(text string) string {
	var b strings.Builder
	for text != "" {
		before, rest, ok := strings.Cut(text, codeBegins)
		b.WriteString(plain(before))
		if !ok {
			break
		}
		inside, after, _ := strings.Cut(rest, codeEnds)
		b.WriteString(codeSpan(inside))
		text = after
	}
	return b.String()
}

// codeSpan is code, also inside a table: where backticks or bars stand in it,
// with every sign as an entity.
func codeSpan(text string) string {
	text = strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(text)
	if text == "" {
		return "<code></code>"
	}
	if !strings.ContainsAny(text, "`|") && strings.TrimSpace(text) == text {
		return "`" + text + "`"
	}
	var b strings.Builder
	b.WriteString("<code>")
	for _, r := range text {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == ' ' || r > unicode.MaxASCII {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "&#%d;", r)
		}
	}
	b.WriteString("</code>")
	return b.String()
}

// plain is text on one line in which nothing is markup.
func plain(text string) string {
	var b strings.Builder
	for i, r := range strings.Join(strings.Fields(visible(text)), " ") {
		switch {
		case strings.ContainsRune("\\`*_[]|~#$", r), i == 0 && strings.ContainsRune("-+=", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		default:
			b.WriteRune(r)
		}
	}
	out := b.String()
	// The spaces around code are between words.
	if strings.HasPrefix(text, " ") && out != "" {
		out = " " + out
	}
	if strings.HasSuffix(text, " ") && strings.TrimSpace(text) != "" {
		out += " "
	} else if out == "" && text != "" {
		out = " "
	}
	return out
}

// paragraph is plain text at the beginning of a line, where a number and a dot would begin a list.
func paragraph(text string) string {
	out := plain(strings.TrimSpace(text))
	digits := strings.TrimLeft(out, "0123456789")
	if n := len(out) - len(digits); n > 0 && n < len(out) && (digits[0] == '.' || digits[0] == ')') {
		return out[:n] + `\` + digits
	}
	return out
}

// paragraphs keeps those of a description apart.
func paragraphs(text string) []string {
	var all []string
	for part := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		if p := paragraph(part); strings.TrimSpace(p) != "" {
			all = append(all, p)
		}
	}
	return all
}

// visible shows as \u202e what a reader would not see and an editor might obey.
func visible(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case unicode.IsPrint(r), r == '\n', r == '\t':
			b.WriteRune(r)
		case r == ' ', r == '\r', unicode.IsSpace(r):
			b.WriteByte(' ')
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// pretty lays out JSON: on one line if it is short.
func pretty(text []byte) json.RawMessage {
	if len(text) <= 80 {
		return visibleJSON(text)
	}
	var b bytes.Buffer
	if json.Indent(&b, text, "", "  ") != nil {
		return visibleJSON(text)
	}
	return visibleJSON(b.Bytes())
}

// visibleJSON writes as JSON's escapes what a reader would not see.
func visibleJSON(text []byte) json.RawMessage {
	var b bytes.Buffer
	for _, r := range string(text) {
		switch {
		case unicode.IsPrint(r) || r == '\n':
			b.WriteRune(r)
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.Bytes()
}

// fenced is a block of code. What stands in it is JSON, or JSON in a call: a
// line of it begins with a bracket, a quotation mark or a word of JSON, and so
// never with the fence.
func fenced(language, text string) string {
	return "```" + language + "\n" + text + "\n```\n"
}

// link leads to a file, whatever its name. A colon would make a scheme of what is before it.
func link(text, target string) string {
	if target == "" {
		return inline(text)
	}
	parts := strings.Split(target, "/")
	for i, p := range parts {
		parts[i] = strings.NewReplacer("(", "%28", ")", "%29", ":", "%3A").Replace(url.PathEscape(p))
	}
	return "[" + inline(text) + "](" + strings.Join(parts, "/") + ")"
}
