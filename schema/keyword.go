package schema

import "strings"

// A shape says what a keyword's value is made of, and so where subschemas are.
type shape uint8

const (
	plain shape = iota // no schema inside
	one                // a schema
	list               // an array of schemas
	named              // an object whose values are schemas
)

// shapeOf returns a keyword's shape; ok is false for keywords that aren't supported.
func shapeOf(keyword string) (s shape, ok bool) {
	switch keyword {
	case "additionalProperties", "propertyNames", "items", "contains", "not", "if", "then", "else",
		"unevaluatedItems", "unevaluatedProperties", "contentSchema":
		return one, true
	case "allOf", "anyOf", "oneOf", "prefixItems":
		return list, true
	case "properties", "patternProperties", "dependentSchemas", "$defs", "definitions":
		return named, true
	}
	for _, k := range plainKeywords() {
		if k == keyword {
			return plain, true
		}
	}
	// Annotations of the author's own; no keyword of any draft begins like this.
	return plain, strings.HasPrefix(keyword, "x-")
}

func plainKeywords() []string {
	return []string{
		"$schema", "$id", "$ref", "$anchor", "$comment",
		"type", "enum", "const", "format", "pattern", "required", "dependentRequired",
		"minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "minContains", "maxContains",
		"minProperties", "maxProperties", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
		"title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly",
		"contentEncoding", "contentMediaType",
	}
}

// refusal says why a keyword of some draft is refused; "" for all others.
func refusal(keyword string) string {
	switch keyword {
	case "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor":
		return "references that depend on the path of evaluation are judged wrongly; use $ref and $defs"
	case "$vocabulary":
		return "vocabularies belong to meta-schemas; leave it out"
	case "dependencies":
		return "this isn't draft 2020-12; use dependentRequired or dependentSchemas"
	case "additionalItems":
		return "this isn't draft 2020-12; use prefixItems and items"
	case "id":
		return "this isn't draft 2020-12; use $id"
	}
	return ""
}

// countKeyword reports whether a keyword's value is a count, which v5 keeps in an int.
func countKeyword(keyword string) bool {
	switch keyword {
	case "minLength", "maxLength", "minItems", "maxItems", "minContains", "maxContains", "minProperties", "maxProperties":
		return true
	}
	return false
}

// nearest proposes the keyword that was probably meant, "" if none is near.
func nearest(keyword string) string {
	return nearestOf(keyword, append(plainKeywords(),
		"additionalProperties", "propertyNames", "items", "contains", "not", "if", "then", "else",
		"unevaluatedItems", "unevaluatedProperties", "contentSchema", "allOf", "anyOf", "oneOf", "prefixItems",
		"properties", "patternProperties", "dependentSchemas", "$defs"))
}

// nearestOf proposes one of the known words, "" if none is near.
func nearestOf(word string, known []string) string {
	best, least := "", 3
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d < least && d < len(k)/2+1 {
			best, least = k, d
		}
	}
	return best
}

// distance counts the single-byte edits between two short words.
func distance(a, b string) int {
	if len(a) > 64 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
