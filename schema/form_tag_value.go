package schema

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// valued reads a word that has a value.
func (r *ruleReader) valued(word, value string, f *form, inside bool) error {
	switch word {
	case "title", "description":
		return r.set(word, jsonText(value), false)
	case "pattern":
		if f.format == base64Format {
			return fmt.Errorf("a pattern would be about the base64, and not about the bytes; take a string for text")
		}
		p := readPattern(value)
		if err := p.err; err != nil {
			return fmt.Errorf("the pattern %q isn't a regular expression of ECMA-262: %w", value, err)
		}
		if err := p.differs; err != nil {
			return fmt.Errorf("the pattern %q means something else here than in ECMA-262: %w", value, err)
		}
		return r.set(word, jsonText(value), inside)
	case "format":
		if formats()[value] == nil {
			if near := nearestOf(value, formatNames()); near != "" {
				return fmt.Errorf("unknown format %q; did you mean %q?", value, near)
			}
			return fmt.Errorf("unknown format %q; known are %s", value, strings.Join(formatNames(), ", "))
		}
		if f.format != "" && f.format != value {
			return fmt.Errorf("%v has the format %s, not %s", f.t, f.format, value)
		}
		return r.set(word, jsonText(value), inside)
	case "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties":
		if f.length >= 0 {
			return fmt.Errorf("%s: %v has a length already", word, f.t)
		}
		if _, err := shortCount(word, value); err != nil {
			return err
		}
		return r.set(word, []byte(value), inside)
	case "enum", "example":
		return r.listed(word, value, f, inside)
	case "default":
		literal, err := tagLiteral(value, use{of: f, null: r.use.null})
		if err != nil {
			return fmt.Errorf("default: %w", err)
		}
		return r.set(word, literal, inside)
	}
	literal, err := tagLiteral(value, use{of: f})
	if err != nil && word == "multipleOf" { // may be larger than all values
		literal, err = tagLiteral(value, use{of: &form{t: f.t, kind: Number, whole: f.whole}})
	}
	if err != nil {
		return fmt.Errorf("%s: %w", word, err)
	}
	if word == "multipleOf" && ratOf(string(literal)).Sign() <= 0 {
		return fmt.Errorf("multipleOf is %s; want a number above zero", value)
	}
	return r.set(word, literal, inside)
}

// listed adds one value to an enum or to examples, which have a word for each.
func (r *ruleReader) listed(word, value string, f *form, inside bool) error {
	u := use{of: f, null: r.use.null && !inside}
	if word == "example" {
		word, inside, u = "examples", false, r.use
	}
	literal, err := tagLiteral(value, u)
	if err != nil {
		return fmt.Errorf("%s: %w", word, err)
	}
	for i := range r.additions {
		if list := &r.additions[i]; list.keyword == word {
			list.value = append(append(list.value[:len(list.value)-1], ','), literal...)
			list.value = append(list.value, ']')
			return nil
		}
	}
	return r.set(word, append(append([]byte{'['}, literal...), ']'), inside)
}

func (r *ruleReader) set(keyword string, value []byte, inside bool) error {
	if slices.ContainsFunc(r.additions, func(other addition) bool { return other.keyword == keyword }) {
		return fmt.Errorf("%s is given twice", keyword)
	}
	r.additions = append(r.additions, addition{keyword, value, inside})
	return nil
}

// inOrder refuses a lower bound above the upper one.
func (r *ruleReader) inOrder() error {
	of := func(keyword string) *big.Rat {
		for _, addition := range r.additions {
			if addition.keyword == keyword {
				return ratOf(string(addition.value))
			}
		}
		return nil
	}
	for _, pair := range [][2]string{
		{"minimum", "maximum"}, {"exclusiveMinimum", "exclusiveMaximum"}, {"minimum", "exclusiveMaximum"}, {"exclusiveMinimum", "maximum"},
		{"minLength", "maxLength"}, {"minItems", "maxItems"}, {"minProperties", "maxProperties"},
	} {
		if low, high := of(pair[0]), of(pair[1]); low != nil && high != nil && low.Cmp(high) > 0 {
			return fmt.Errorf("%s is above %s, so that nothing fits", pair[0], pair[1])
		}
	}
	return nil
}

// tagLiteral is a tag's text as the JSON of a type: a text as it stands, all else as JSON has it.
func tagLiteral(text string, u use) ([]byte, error) {
	f := u.of
	if f.kind == String {
		return jsonText(text), nil
	}
	v, err := Parse([]byte(text), Limits{})
	if err != nil {
		return nil, fmt.Errorf("%q is no JSON value; want %s", text, kindName(f.kind))
	}
	if problem := f.refuses(v); problem != "" && !(u.null && v.Kind() == Null) {
		return nil, fmt.Errorf("%s: %s", strings.TrimSpace(text), problem)
	}
	return v.AppendJSON(nil), nil
}

// refuses says why a value that stands alone isn't of the form; "" if it may be.
func (f *form) refuses(v Value) string {
	if f.kind == None {
		return ""
	}
	if v.Kind() != f.kind {
		return fmt.Sprintf("%v is %s in JSON, not %s", f.t, kindName(f.kind), kindName(v.Kind()))
	}
	if f.kind != Number {
		return ""
	}
	n := ratOf(string(v.Number()))
	switch {
	case n == nil:
		return "it isn't a number"
	case f.whole && !n.IsInt():
		return fmt.Sprintf("%v has no fraction", f.t)
	case f.low != nil && n.Cmp(new(big.Rat).SetInt(f.low)) < 0, f.high != nil && n.Cmp(new(big.Rat).SetInt(f.high)) > 0:
		return fmt.Sprintf("%v holds %v to %v", f.t, f.low, f.high)
	}
	return ""
}

// ratOf reads a literal whose digits and exponent Parse has bounded; nil if it is none.
func ratOf(literal string) *big.Rat {
	n, ok := new(big.Rat).SetString(literal)
	if !ok {
		return nil
	}
	return n
}

func fits(kinds []Kind, kind Kind) bool {
	return kinds[0] == None || slices.Contains(kinds, kind)
}

func kindName(k Kind) string {
	switch k {
	case None:
		return "any value"
	case Null:
		return "null"
	}
	return article(k)
}

func kindNames(kinds []Kind) string {
	var names []string
	for _, k := range kinds {
		names = append(names, kindName(k))
	}
	return strings.Join(names, " or ")
}

// jsonText is a text in JSON, with nothing escaped that needn't be.
func jsonText(s string) []byte {
	text, err := jsontext.AppendQuote(nil, s)
	if err != nil {
		panic("schema: internal error: a text that isn't UTF-8")
	}
	return text
}
