package schema

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// What names may be registered, and what names may be looked up.
var (
	registration = idna.New(idna.ValidateForRegistration(), idna.Transitional(false))
	lookup       = idna.New(idna.MapForLookup(), idna.StrictDomainName(true), idna.BidiRule(), idna.Transitional(false))
)

// isIPv4 takes four decimal numbers without leading zeros (RFC 3986, section 3.2.2).
func isIPv4(s string) bool {
	parts := strings.Split(s, ".")
	if len(parts) != 4 {
		return false
	}
	for _, p := range parts {
		n, ok := decimal(p)
		if !ok || len(p) > 3 || n > 255 || len(p) > 1 && p[0] == '0' {
			return false
		}
	}
	return true
}

// isIPv6 follows RFC 4291, section 2.2: no zone, no brackets.
func isIPv6(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is6() && a.Zone() == ""
}

// isHostname follows RFC 1123; a label in Punycode must be one that IDNA 2008 allows.
func isHostname(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if c := label[i]; !isLetter(c) && !isDigit(c) && c != '-' {
				return false
			}
		}
		if len(label) > 4 && label[2:4] == "--" && !isALabel(label) {
			// Only Punycode has two hyphens there, by RFC 5891, section 4.2.3.1.
			return false
		}
	}
	return true
}

// maxIDN is the bytes of a host name that could still fit 253 letters of ASCII, of
// which every character takes one at least. Punycode costs the square of its text.
const maxIDN = 253 * utf8.UTFMax

// isIDNHostname follows RFC 5890 to 5893.
func isIDNHostname(s string) bool {
	if len(s) > maxIDN {
		return false
	}
	// The other three full stops that IDNA knows.
	s = strings.NewReplacer("\u3002", ".", "\uff0e", ".", "\uff61", ".").Replace(s)
	if isHostname(s) {
		return true
	}
	ascii, err := registration.ToASCII(s)
	if err != nil || !isHostname(ascii) {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if !contextual(label) {
			return false
		}
	}
	return true
}

// isALabel says whether a label in Punycode stands for one that may be registered.
func isALabel(label string) bool {
	if !strings.EqualFold(label[:4], "xn--") {
		return false
	}
	label = strings.ToLower(label)
	text, err := registration.ToUnicode(label)
	if err != nil || strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" || !contextual(text) {
		return false
	}
	again, err := registration.ToASCII(text)
	return err == nil && again == label
}

// contextual applies what golang.org/x/net/idna leaves out: the rules of RFC 5892,
// appendix A, for characters that only go well in company, and the exceptions of its
// section 2.6 that are never allowed.
func contextual(label string) bool {
	if !norm.NFKC.IsNormalString(label) {
		return false // unstable characters, RFC 5892, section 2.2
	}
	runes := []rune(label)
	at := func(i int) rune {
		if i < 0 || i >= len(runes) {
			return -1
		}
		return runes[i]
	}
	japanese, arabicDigits, persianDigits := false, false, false
	for _, c := range runes {
		japanese = japanese || unicode.In(c, unicode.Hiragana, unicode.Katakana, unicode.Han) && c != 0x30fb
		arabicDigits = arabicDigits || c >= 0x660 && c <= 0x669
		persianDigits = persianDigits || c >= 0x6f0 && c <= 0x6f9
	}
	for i, c := range runes {
		switch c {
		case 0x00b7: // middle dot, in Catalan
			if at(i-1) != 'l' || at(i+1) != 'l' {
				return false
			}
		case 0x0375: // Greek lower numeral sign
			if !unicode.Is(unicode.Greek, at(i+1)) {
				return false
			}
		case 0x05f3, 0x05f4: // Hebrew geresh and gershayim
			if !unicode.Is(unicode.Hebrew, at(i-1)) {
				return false
			}
		case 0x30fb: // Katakana middle dot
			if !japanese {
				return false
			}
		case 0x0640, 0x07fa, 0x302e, 0x302f, 0x3031, 0x3032, 0x3033, 0x3034, 0x3035, 0x303b:
			return false
		case '-', 0x06fd, 0x06fe, 0x0f0b, 0x3007, 0x200c, 0x200d:
		default: // section 2.1: letters, digits and marks, not all that UTS 46 lets pass
			if !unicode.In(c, unicode.L, unicode.Nd, unicode.Mn, unicode.Mc) {
				return false
			}
		}
	}
	return !arabicDigits || !persianDigits
}

// isEmail follows the Mailbox of RFC 5321, section 4.1.2, and with international set
// its extension by RFC 6531.
func isEmail(s string, international bool) bool {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > 64 {
		return false
	}
	local, domain := s[:at], s[at+1:]
	if literal, ok := strings.CutPrefix(domain, "["); ok {
		literal, ok = strings.CutSuffix(literal, "]")
		six, isSix := strings.CutPrefix(literal, "IPv6:")
		if !ok || !(isSix && isIPv6(six) || isIPv4(literal)) {
			return false
		}
	} else if international && !isIDNHostname(domain) && !isUnnormalized(domain) || !international && !isHostname(domain) {
		return false
	}
	if len(local) > 2 && local[0] == '"' && local[len(local)-1] == '"' {
		return isQuoted(local[1:len(local)-1], international)
	}
	for atom := range strings.SplitSeq(local, ".") {
		if atom == "" {
			return false
		}
		for _, c := range atom {
			if c >= utf8.RuneSelf && international {
				continue
			}
			if c >= utf8.RuneSelf || !isLetter(byte(c)) && !isDigit(byte(c)) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", c) {
				return false
			}
		}
	}
	return true
}

// isUnnormalized takes a domain that would be right in Unicode's normal form, which
// RFC 6531 leaves to whoever looks it up.
func isUnnormalized(domain string) bool {
	if len(domain) > maxIDN {
		return false
	}
	ascii, err := lookup.ToASCII(domain)
	return err == nil && isHostname(ascii)
}

// isQuoted takes what stands between the quotes of a local part.
func isQuoted(s string, international bool) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\\' {
			if i++; i == len(s) || s[i] < ' ' || s[i] > '~' {
				return false
			}
			continue
		}
		if c == '"' || c < ' ' || c == 0x7f || c >= utf8.RuneSelf && !international {
			return false
		}
	}
	return true
}
