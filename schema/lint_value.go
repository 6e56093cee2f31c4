package schema

import (
	"slices"
	"strings"
)

// value checks what a keyword's value is made of. v5 has the draft's own schema for that,
// which rests on $dynamicRef, and doesn't say on which line of the file it was broken.
func (l *lint) value(name string, v Value, at string) error {
	switch name {
	case "type":
		return typeNames(v, at)
	case "required":
		return memberNames(v, at, name)
	case "dependentRequired":
		if v.Kind() != Object {
			return refuse(v, at, "dependentRequired must be an object of lists of member names")
		}
		for member, list := range v.Fields() {
			if err := memberNames(list, at+"/"+token(member, true), name); err != nil {
				return err
			}
		}
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum":
		if v.Kind() != Number {
			return refuse(v, at, "%s must be a number", name)
		}
	case "multipleOf":
		if v.Kind() != Number || !positive(string(v.Number())) {
			return refuse(v, at, "multipleOf must be a number above 0")
		}
	case "$comment", "title", "description", "contentEncoding", "contentMediaType":
		if v.Kind() != String {
			return refuse(v, at, "%s must be a string", name)
		}
	case "uniqueItems", "deprecated", "readOnly", "writeOnly":
		if v.Kind() != Bool {
			return refuse(v, at, "%s must be true or false", name)
		}
	case "examples":
		if v.Kind() != Array {
			return refuse(v, at, "examples must be an array")
		}
	}
	return nil
}

// alone refuses keywords that do nothing without another one beside them. The draft ignores
// them, and what is ignored opens the gate as a misspelt keyword does.
func alone(schema Value, name string, v Value, at string) error {
	beside := ""
	switch name {
	case "then", "else":
		beside = "if"
	case "minContains", "maxContains":
		beside = "contains"
	default:
		return nil
	}
	if _, ok := schema.Field(beside); !ok {
		return refuse(v, at, "%s does nothing without %s beside it; add it, or leave this out", name, beside)
	}
	return nil
}

// typeNames takes one of the seven names, or a list of different ones.
func typeNames(v Value, at string) error {
	known := []string{"null", "boolean", "object", "array", "number", "integer", "string"}
	if v.Kind() == String && slices.Contains(known, v.Text()) {
		return nil
	}
	var seen []string
	if v.Kind() == Array {
		for e := range v.Elements() {
			if e.Kind() != String || !slices.Contains(known, e.Text()) || slices.Contains(seen, e.Text()) {
				v = e
				seen = nil
				break
			}
			seen = append(seen, e.Text())
		}
	}
	if seen == nil {
		return refuse(v, at, "type must be one of %s, or a list of different ones", strings.Join(known, ", "))
	}
	return nil
}

// memberNames takes a list of different member names.
func memberNames(v Value, at, keyword string) error {
	if v.Kind() != Array {
		return refuse(v, at, "%s must list member names: [\"name\"]", keyword)
	}
	seen := make(map[string]bool, v.Len())
	for e := range v.Elements() {
		if e.Kind() != String {
			return refuse(e, at, "%s must list member names, which are strings", keyword)
		}
		if seen[e.Text()] {
			return refuse(e, at, "%s lists %s twice", keyword, quote(shorten(e.Text(), 100)))
		}
		seen[e.Text()] = true
	}
	return nil
}

// positive reports whether a number's literal is above zero.
func positive(literal string) bool {
	mantissa, _, _ := strings.Cut(strings.ToLower(literal), "e")
	return literal[0] != '-' && strings.Trim(mantissa, "0.") != ""
}
