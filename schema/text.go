package schema

import (
	"math/bits"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Strings are read eight bytes at once: a byte of a word is zero exactly if subtracting 1
// from it borrows and its high bit wasn't set. The lowest such byte is found without error;
// a borrow reaches only those above.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

func eight(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// special marks by their high bits the bytes of x at which a string ends or isn't plain: of
// 0x80 or more, a control byte, a quote, a backslash. Only the lowest mark can be relied on.
// (A byte of 0x80 or more keeps its high bit in one of the last two terms.)
func special(x uint64) uint64 {
	return ((x - ' '*ones) | (x ^ '"'*ones - ones) | (x ^ '\\'*ones - ones)) & highs
}

// quoted returns where the string ends that begins at pos, behind its opening quote, and is
// plain as far as i; and whether there are escapes in it. The end is -1 if it is none.
func quoted(text string, pos, i int) (end int, escaped bool) {
	for ; i+8 <= len(text); i += 8 {
		if m := special(eight(text[i : i+8])); m != 0 {
			if i += bits.TrailingZeros64(m) / 8; text[i] == '"' {
				return i, false
			}
			break
		}
	}
	return unusual(text, pos, i)
}

// unusual is quoted for what isn't plain.
func unusual(text string, pos, i int) (end int, escaped bool) {
	var passed uint64 // all bytes outside escapes, or-ed together
	for i < len(text) {
		switch c := text[i]; {
		case c == '"':
			if passed&highs != 0 && !utf8.ValidString(text[pos:i]) {
				return -1, false
			}
			return i, escaped
		case c == '\\':
			escaped = true
			if i = escape(text, i); i < 0 {
				return -1, false
			}
			continue
		case c < ' ':
			return -1, false
		}
		passed |= uint64(text[i])
		for i++; i+8 <= len(text); i += 8 {
			x := eight(text[i : i+8])
			q, b := x^'"'*ones, x^'\\'*ones
			// As special, but for bytes of 0x80 or more.
			if m := ((x-' '*ones)&^x | (q-ones)&^q | (b-ones)&^b) & highs; m != 0 {
				passed |= x & (m&-m - 1)
				i += bits.TrailingZeros64(m) / 8
				break
			}
			passed |= x
		}
	}
	return -1, false
}

// escape passes one escape, or the two of a surrogate pair; -1 if it is none.
func escape(text string, pos int) int {
	if pos+1 >= len(text) {
		return -1
	}
	switch text[pos+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return pos + 2
	case 'u':
		switch r := unit(text, pos); {
		case r < 0:
			return -1
		case !utf16.IsSurrogate(r):
			return pos + 6
		case utf16.DecodeRune(r, unit(text, pos+6)) != utf8.RuneError:
			return pos + 12
		}
	}
	return -1
}

// unit reads the UTF-16 code unit of a \u escape; -1 if it is none.
func unit(text string, pos int) rune {
	if pos+6 > len(text) || text[pos] != '\\' || text[pos+1] != 'u' {
		return -1
	}
	r := rune(0)
	for i := pos + 2; i < pos+6; i++ {
		switch c := text[i]; {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return -1
		}
	}
	return r
}

// flaw says what is wrong with the string that begins at pos.
func flaw(text string, pos int) (at int, problem string) {
	for pos < len(text) {
		switch c := text[pos]; {
		case c < ' ':
			return pos, badSyntax
		case c == '\\':
			next := escape(text, pos)
			if next < 0 {
				// Could more text make an escape of it? Then it is the end that comes too early.
				const longest = `\u0000\udc00`
				if n := len(text) - pos; n < len(longest) && escape(text[pos:]+longest[n:], 0) > 0 {
					return len(text), badSyntax
				}
				return pos, badEscape
			}
			pos = next
		case c < utf8.RuneSelf:
			pos++
		default:
			r, size := utf8.DecodeRuneInString(text[pos:])
			if r == utf8.RuneError && size == 1 {
				if !utf8.FullRuneInString(text[pos:]) {
					return len(text), badSyntax
				}
				return pos, badUTF8
			}
			pos += size
		}
	}
	return len(text), badSyntax
}

// unescape returns what a string means that quoted has passed, without its quotes.
func unescape(raw string) string {
	var b strings.Builder
	b.Grow(len(raw))
	for raw != "" {
		plain, r, rest := cut(raw)
		b.WriteString(plain)
		if r >= 0 {
			b.WriteRune(r)
		}
		raw = rest
	}
	return b.String()
}

// appendUnescaped is unescape into a buffer.
func appendUnescaped(dst []byte, raw string) []byte {
	for raw != "" {
		plain, r, rest := cut(raw)
		dst = append(dst, plain...)
		if r >= 0 {
			dst = utf8.AppendRune(dst, r)
		}
		raw = rest
	}
	return dst
}

// cut takes the text as far as an escape and what that stands for; -1 if none is left.
func cut(raw string) (plain string, r rune, rest string) {
	i := 0
	if raw[0] != '\\' {
		if i = strings.IndexByte(raw, '\\'); i < 0 {
			return raw, -1, ""
		}
	}
	plain, raw = raw[:i], raw[i:]
	switch c := raw[1]; c {
	case 'b':
		r = '\b'
	case 'f':
		r = '\f'
	case 'n':
		r = '\n'
	case 'r':
		r = '\r'
	case 't':
		r = '\t'
	case 'u':
		if r = unit(raw, 0); utf16.IsSurrogate(r) {
			return plain, utf16.DecodeRune(r, unit(raw, 6)), raw[12:]
		}
		return plain, r, raw[6:]
	default:
		r = rune(c)
	}
	return plain, r, raw[2:]
}
