package typescript

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/sallyport/sallyport/schema"
)

// quote writes a string literal. What would not be seen, or would move what
// stands beside it, is escaped.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		default:
			b.WriteString(visible(r))
		}
	}
	b.WriteByte('"')
	return b.String()
}

// visible is the character itself if it can be seen, else its escape.
func visible(r rune) string {
	switch {
	case unicode.IsPrint(r):
		return string(r)
	case r > 0xffff:
		high, low := utf16.EncodeRune(r)
		return fmt.Sprintf(`\u%04x\u%04x`, high, low)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

// memberName is a name as it stands in a type: bare where that is possible.
func memberName(name string) string {
	if isIdentifier(name) {
		return name
	}
	return quote(name)
}

// isIdentifier knows those of ASCII only. Reserved words may name members.
func isIdentifier(name string) bool {
	for i, r := range name {
		letter := r|0x20 >= 'a' && r|0x20 <= 'z' || r == '_' || r == '$'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return name != ""
}

// literal is the type that a JSON value alone has.
func literal(v schema.Value) typ {
	switch v.Kind() {
	case schema.Null:
		return null
	case schema.Bool:
		return word(strconv.FormatBool(v.Bool()))
	case schema.Number:
		return literalNumber(v)
	case schema.String:
		return word(quote(v.Text()))
	case schema.Array:
		t := tuple{required: v.Len()}
		for e := range v.Elements() {
			t.items = append(t.items, literal(e))
		}
		return t
	}
	var o object
	for name, e := range v.Fields() {
		o.members = append(o.members, member{name: name, t: literal(e)})
	}
	slices.SortFunc(o.members, func(a, b member) int { return strings.Compare(a.name, b.name) })
	return closed(o)
}

// literalNumber is what a page's number is that was written like this.
func literalNumber(v schema.Value) typ {
	f, err := strconv.ParseFloat(string(v.Number()), 64)
	if err != nil { // out of range: infinite
		return number
	}
	if math.Abs(f) < 1e21 {
		return word(strconv.FormatFloat(f+0, 'f', -1, 64)) // + 0: there is one zero
	}
	return word(strconv.FormatFloat(f, 'g', -1, 64))
}

// closed gives an object without any members the signature without which
// TypeScript would take everything for it.
func closed(o object) object {
	if len(o.members) == 0 {
		o.indexes = []index{{"string", never}}
	}
	return o
}
