package schema

import (
	"strings"
	"unicode/utf8"
)

// isURI follows RFC 3986, or with international set RFC 3987. With relative set a
// reference will do, without it there must be a scheme.
func isURI(s string, relative, international bool) bool {
	rest := s
	scheme, after, ok := strings.Cut(s, ":")
	switch {
	case ok && isScheme(scheme):
		rest = after
	case !relative:
		return false
	case ok && !strings.ContainsAny(scheme, "/?#"):
		// A colon in the first segment would make the segment a scheme.
		return false
	}
	u := uriReader{international: international}
	rest, fragment, hasFragment := strings.Cut(rest, "#")
	if hasFragment && !u.all(fragment, ":@/?", false) {
		return false
	}
	rest, query, hasQuery := strings.Cut(rest, "?")
	if hasQuery && !u.all(query, ":@/?", true) {
		return false
	}
	if after, ok := strings.CutPrefix(rest, "//"); ok {
		authority, path, hasPath := strings.Cut(after, "/")
		if !u.authority(authority) {
			return false
		}
		return !hasPath || u.all(path, ":@/", false)
	}
	return u.all(rest, ":@/", false)
}

func isScheme(s string) bool {
	if s == "" || !isLetter(s[0]) {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && !isDigit(c) && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

type uriReader struct{ international bool }

// all takes unreserved characters, sub-delimiters, percent-encoded bytes and the extra
// ones. Private characters are only allowed in an IRI's query.
func (u uriReader) all(s, extra string, private bool) bool {
	for i := 0; i < len(s); {
		c, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case c == '%':
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return false
			}
			size = 3
		case c >= utf8.RuneSelf:
			if !u.international || !isUCS(c) && !(private && isPrivate(c)) {
				return false
			}
		case isLetter(byte(c)), isDigit(byte(c)), strings.ContainsRune("-._~!$&'()*+,;=", c), strings.ContainsRune(extra, c):
		default:
			return false
		}
		i += size
	}
	return true
}

func (u uriReader) authority(s string) bool {
	if user, host, ok := strings.Cut(s, "@"); ok {
		if !u.all(user, ":", false) {
			return false
		}
		s = host
	}
	if literal, ok := strings.CutPrefix(s, "["); ok {
		address, port, ok := strings.Cut(literal, "]")
		if !ok || port != "" && (port[0] != ':' || strings.Trim(port[1:], digitSet) != "") {
			return false
		}
		return isIPv6(address) || isFutureAddress(address)
	}
	host, port, _ := strings.Cut(s, ":")
	return strings.Trim(port, digitSet) == "" && u.all(host, "", false)
}

// isFutureAddress takes IPvFuture, "v1.…".
func isFutureAddress(s string) bool {
	if s == "" || s[0]|0x20 != 'v' {
		return false
	}
	version, rest, ok := strings.Cut(s[1:], ".")
	return ok && version != "" && rest != "" && strings.Trim(version, digitSet+"abcdefABCDEF") == "" &&
		!strings.Contains(rest, "%") && uriReader{}.all(rest, ":", false)
}

// isUCS is RFC 3987's ucschar.
func isUCS(c rune) bool {
	switch {
	case c >= 0xa0 && c <= 0xd7ff, c >= 0xf900 && c <= 0xfdcf, c >= 0xfdf0 && c <= 0xffef:
		return true
	case c >= 0xe1000 && c <= 0xefffd:
		return c&0xffff <= 0xfffd
	}
	return c >= 0x10000 && c <= 0xdffff && c&0xffff <= 0xfffd
}

// isPrivate is RFC 3987's iprivate.
func isPrivate(c rune) bool {
	return c >= 0xe000 && c <= 0xf8ff || c >= 0xf0000 && c&0xffff <= 0xfffd
}

// isURITemplate follows RFC 6570.
func isURITemplate(s string) bool {
	for s != "" {
		if s[0] != '{' {
			c, size := utf8.DecodeRuneInString(s)
			switch {
			case c == '%':
				if len(s) < 3 || !isHex(s[1]) || !isHex(s[2]) {
					return false
				}
				size = 3
			case c <= ' ', c == 0x7f, strings.ContainsRune("\"<>\\^`{|}", c):
				return false
			case c >= utf8.RuneSelf && !isUCS(c) && !isPrivate(c):
				return false
			}
			s = s[size:]
			continue
		}
		expression, rest, ok := strings.Cut(s[1:], "}")
		if !ok || expression == "" {
			return false
		}
		if strings.IndexByte("+#./;?&", expression[0]) >= 0 {
			expression = expression[1:]
		}
		for spec := range strings.SplitSeq(expression, ",") {
			if !isVariable(spec) {
				return false
			}
		}
		s = rest
	}
	return true
}

// isVariable takes a varspec: a name, and a length or a star.
func isVariable(s string) bool {
	if name, ok := strings.CutSuffix(s, "*"); ok {
		s = name
	} else if name, length, ok := strings.Cut(s, ":"); ok {
		if n, ok := decimal(length); !ok || len(length) > 4 || length[0] == '0' || n == 0 {
			return false
		}
		s = name
	}
	for part := range strings.SplitSeq(s, ".") {
		if part == "" {
			return false
		}
		for i := 0; i < len(part); i++ {
			c := part[i]
			if c == '%' && i+2 < len(part) && isHex(part[i+1]) && isHex(part[i+2]) {
				i += 2
				continue
			}
			if !isLetter(c) && !isDigit(c) && c != '_' {
				return false
			}
		}
	}
	return true
}
