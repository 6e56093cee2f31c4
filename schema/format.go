package schema

import (
	"slices"
	"strings"
)

// base64Format is ours: padded base64 without line breaks, as Decode takes it for a []byte. A
// pattern that says the same costs 25 ms for 1 MiB, this 2.
const base64Format = "base64"

// formats returns every format of draft 2020-12, and base64, with its check. Not one is v5's own:
// those accept "+1.2.3.4" as ipv4 and "{}" as uri, and formats they don't know pass.
func formats() map[string]func(string) bool {
	return map[string]func(string) bool{
		base64Format:            isBase64,
		"date-time":             isDateTime,
		"date":                  isDate,
		"time":                  isTime,
		"duration":              isDuration,
		"email":                 func(s string) bool { return isEmail(s, false) },
		"idn-email":             func(s string) bool { return isEmail(s, true) },
		"hostname":              isHostname,
		"idn-hostname":          isIDNHostname,
		"ipv4":                  isIPv4,
		"ipv6":                  isIPv6,
		"uri":                   func(s string) bool { return isURI(s, false, false) },
		"uri-reference":         func(s string) bool { return isURI(s, true, false) },
		"iri":                   func(s string) bool { return isURI(s, false, true) },
		"iri-reference":         func(s string) bool { return isURI(s, true, true) },
		"uri-template":          isURITemplate,
		"uuid":                  isUUID,
		"json-pointer":          isPointer,
		"relative-json-pointer": isRelativePointer,
		"regex":                 func(s string) bool { return readPattern(s).err == nil },
	}
}

func formatNames() []string {
	var names []string
	for name := range formats() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// isDateTime follows RFC 3339, section 5.6; so do the next three.
func isDateTime(s string) bool {
	return len(s) > 11 && (s[10] == 'T' || s[10] == 't') && isDate(s[:10]) && isTime(s[11:])
}

func isDate(s string) bool {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return false
	}
	year, ok1 := decimal(s[:4])
	month, ok2 := decimal(s[5:7])
	day, ok3 := decimal(s[8:])
	if !ok1 || !ok2 || !ok3 || month < 1 || month > 12 {
		return false
	}
	days := 31
	switch month {
	case 4, 6, 9, 11:
		days = 30
	case 2:
		days = 28
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			days = 29
		}
	}
	return day >= 1 && day <= days
}

func isTime(s string) bool {
	if len(s) < 9 || s[2] != ':' || s[5] != ':' {
		return false
	}
	hour, ok1 := decimal(s[:2])
	minute, ok2 := decimal(s[3:5])
	second, ok3 := decimal(s[6:8])
	if !ok1 || !ok2 || !ok3 || hour > 23 || minute > 59 || second > 60 {
		return false
	}
	rest := s[8:]
	if rest[0] == '.' {
		rest = strings.TrimLeft(rest[1:], digitSet)
		if len(s)-8-len(rest) < 2 {
			return false
		}
	}
	zone := 0 // minutes east of Greenwich
	switch {
	case rest == "Z" || rest == "z":
	case len(rest) == 6 && (rest[0] == '+' || rest[0] == '-') && rest[3] == ':':
		hours, ok1 := decimal(rest[1:3])
		minutes, ok2 := decimal(rest[4:])
		if !ok1 || !ok2 || hours > 23 || minutes > 59 {
			return false
		}
		zone = hours*60 + minutes
		if rest[0] == '-' {
			zone = -zone
		}
	default:
		return false
	}
	// A leap second is the last of a day in Greenwich.
	const day = 24 * 60
	return second < 60 || (hour*60+minute-zone+2*day)%day == day-1
}

// isDuration follows RFC 3339, appendix A: units in order and without a gap.
func isDuration(s string) bool {
	rest, ok := strings.CutPrefix(s, "P")
	if !ok {
		return false
	}
	if weeks, ok := strings.CutSuffix(rest, "W"); ok {
		return weeks != "" && strings.Trim(weeks, digitSet) == ""
	}
	date, clock, timed := strings.Cut(rest, "T")
	if date == "" {
		return timed && units(clock, "HMS")
	}
	return units(date, "YMD") && (!timed || units(clock, "HMS"))
}

// units takes at least one number with its unit; units follow each other directly.
func units(s, order string) bool {
	at := -1
	for s != "" {
		rest := strings.TrimLeft(s, digitSet)
		if rest == s || rest == "" {
			return false
		}
		i := strings.IndexByte(order, rest[0])
		if i < 0 || at >= 0 && i != at+1 {
			return false
		}
		at, s = i, rest[1:]
	}
	return at >= 0
}

// isUUID follows RFC 9562: any version, either case, no braces.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch i {
		case 8, 13, 18, 23:
			if s[i] != '-' {
				return false
			}
		default:
			if !isHex(s[i]) {
				return false
			}
		}
	}
	return true
}

// isBase64 follows RFC 4648, section 4, with zeros for the bits that are left over.
func isBase64(s string) bool {
	if len(s)%4 != 0 {
		return false
	}
	text := strings.TrimSuffix(strings.TrimSuffix(s, "="), "=")
	for i := range len(text) {
		if base64Digit(text[i]) < 0 {
			return false
		}
	}
	switch len(s) - len(text) {
	case 1:
		return base64Digit(text[len(text)-1])&0b11 == 0
	case 2:
		return base64Digit(text[len(text)-1])&0b1111 == 0
	}
	return true
}

func base64Digit(c byte) int {
	switch {
	case c >= 'A' && c <= 'Z':
		return int(c - 'A')
	case c >= 'a' && c <= 'z':
		return int(c-'a') + 26
	case isDigit(c):
		return int(c-'0') + 52
	case c == '+':
		return 62
	case c == '/':
		return 63
	}
	return -1
}

// isPointer follows RFC 6901.
func isPointer(s string) bool {
	if s != "" && s[0] != '/' {
		return false
	}
	for i := range len(s) {
		if s[i] == '~' && (i+1 == len(s) || s[i+1] != '0' && s[i+1] != '1') {
			return false
		}
	}
	return true
}

// isRelativePointer follows draft-bhutton-relative-json-pointer, without index shifts,
// as JSON Schema's own tests want it.
func isRelativePointer(s string) bool {
	rest := strings.TrimLeft(s, digitSet)
	up := s[:len(s)-len(rest)]
	if up == "" || len(up) > 1 && up[0] == '0' {
		return false
	}
	return rest == "#" || isPointer(rest)
}

const digitSet = "0123456789"

// decimal reads ASCII digits only, unlike strconv, which takes a sign.
func decimal(s string) (int, bool) {
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, s != ""
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
