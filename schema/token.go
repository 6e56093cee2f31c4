package schema

import "strings"

// kindOf tells a value's kind by its first byte.
var kindOf = [256]Kind{
	'"': String, '[': Array, '{': Object, 't': Bool, 'f': Bool, 'n': Null, '-': Number,
	'0': Number, '1': Number, '2': Number, '3': Number, '4': Number,
	'5': Number, '6': Number, '7': Number, '8': Number, '9': Number,
}

// space passes white space.
func space(text string, pos int) int {
	for pos < len(text) && (text[pos] == ' ' || text[pos] == '\n' || text[pos] == '\r' || text[pos] == '\t') {
		pos++
	}
	return pos
}

// digits passes decimal digits.
func digits(text string, pos int) int {
	for pos < len(text) && text[pos]-'0' <= 9 {
		pos++
	}
	return pos
}

// number passes a number's literal and holds it to its bounds. With a problem it returns the
// place of that.
func number(text string, pos, longest, highest int) (end int, problem string) {
	from := pos
	if text[from] == '-' {
		from++
	}
	end = from + 1
	if from >= len(text) || text[from] != '0' {
		if end = digits(text, from); end == from {
			return end, badSyntax
		}
	}
	if end < len(text) && (text[end] == '.' || text[end]|0x20 == 'e') {
		if end, problem = afterWhole(text, end, highest); problem == tooHigh {
			return pos, problem
		}
	}
	if problem == "" && end-pos > longest {
		return pos, tooLong
	}
	return end, problem
}

// afterWhole passes what may follow a number's whole part. Zeros before an exponent's first
// digit count for nothing, as in arithmetic.
func afterWhole(text string, pos, highest int) (end int, problem string) {
	if text[pos] == '.' {
		from := pos + 1
		if pos = digits(text, from); pos == from {
			return pos, badSyntax
		}
	}
	if pos >= len(text) || text[pos]|0x20 != 'e' {
		return pos, ""
	}
	if pos++; pos < len(text) && (text[pos] == '+' || text[pos] == '-') {
		pos++
	}
	if end = digits(text, pos); end == pos {
		return end, badSyntax
	}
	exponent := int64(0)
	for ; pos < end; pos++ {
		if exponent = exponent*10 + int64(text[pos]-'0'); exponent > int64(highest) {
			return pos, tooHigh
		}
	}
	return end, ""
}

// word passes true, false or null; -1 if it is none of them.
func word(text string, pos int) int {
	switch rest := text[pos:]; {
	case len(rest) >= 4 && (rest[:4] == "true" || rest[:4] == "null"):
		return pos + 4
	case len(rest) >= 5 && rest[:5] == "false":
		return pos + 5
	}
	return -1
}

// misspelt returns where a text that begins like a word stops to be one.
func misspelt(text string, pos int) int {
	for _, w := range [...]string{"true", "false", "null"} {
		if w[0] != text[pos] {
			continue
		}
		for !strings.HasPrefix(text[pos:], w) {
			w = w[:len(w)-1]
		}
		return pos + len(w)
	}
	return pos
}
