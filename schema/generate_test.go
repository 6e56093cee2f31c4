package schema

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A generator makes schemas and documents from a stream of choices, so that a fuzzer that
// changes a byte changes a choice. When the stream is at its end it takes the first choice,
// which is always the one that ends soonest.
type generator struct {
	choices []byte
	anchors int
}

func (g *generator) n(n int) int {
	if len(g.choices) == 0 || n < 2 {
		return 0
	}
	c := g.choices[0]
	g.choices = g.choices[1:]
	return int(c) % n
}

func (g *generator) chance(percent int) bool { return g.n(100) >= 100-percent }

func pick[T any](g *generator, from ...T) T { return from[g.n(len(from))] }

// Few names and few scalars, so that schemas and documents meet often.
func (g *generator) name() string { return pick(g, "a", "b", "c", "ab", "", "é", "a/b~c") }

func (g *generator) number() json.Number {
	return pick[json.Number](g, "0", "1", "2", "-1", "3", "1.0", "1.5", "-0", "0.1", "0.3", "1e2", "100", "12e-1", "1e-400", "1e400", "-1E+400", "0.0e5",
		"9007199254740993", "12345678901234567890.5", "1e300", "100000000000000000000000000000000000001", "2e-1")
}

func (g *generator) scalar() any {
	switch g.n(6) {
	case 0, 1:
		return g.number()
	case 2, 3:
		return pick(g, "a", "", "ab", "b", "é", "😀", "aé😀b", "1", "null", "abc")
	case 4:
		return pick[any](g, true, false)
	}
	return nil
}

// schema makes one; defs says how many there are to refer to.
func (g *generator) schema(depth, defs int) any {
	if depth <= 0 || g.chance(10) {
		return pick[any](g, true, map[string]any{}, false, map[string]any{"type": "string"}, map[string]any{"type": "integer"}, map[string]any{"const": g.scalar()})
	}
	s := map[string]any{}
	for range 1 + g.n(4) {
		g.keyword(s, depth-1, defs)
	}
	return s
}

func (g *generator) schemas(depth, defs int) []any {
	l := make([]any, 1+g.n(3))
	for i := range l {
		l[i] = g.schema(depth, defs)
	}
	return l
}

func (g *generator) names() []any {
	l := []any{}
	for range g.n(3) {
		if name := any(g.name()); !slices.Contains(l, name) {
			l = append(l, name)
		}
	}
	return l
}

func (g *generator) pattern() string {
	return pick(g, "a", "^a", "b$", "^.$", "^[ab]+$", "^a?b{0,2}$", "[^a]", "^(a|é)", "^$", "^\\w{2,}$", "\\bb", "\\p{L}")
}

func (g *generator) count() json.Number {
	return pick[json.Number](g, "0", "1", "2", "3", "1.0", "10e-1", "2147483647")
}

func (g *generator) keyword(s map[string]any, depth, defs int) {
	one := func(keyword string) { s[keyword] = g.schema(depth, defs) }
	switch keyword := pick(g, "type", "type", "const", "enum", "properties", "properties", "required", "items", "$ref", "$ref", "allOf", "anyOf", "oneOf", "not", "if",
		"patternProperties", "additionalProperties", "unevaluatedProperties", "unevaluatedItems", "prefixItems", "contains", "dependentSchemas", "dependentRequired",
		"propertyNames", "uniqueItems", "minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
		"minItems", "maxItems", "minProperties", "maxProperties", "$anchor", "unevaluatedProperties", "unevaluatedItems"); keyword {
	case "type":
		kinds := []string{"object", "array", "string", "number", "integer", "boolean", "null"}
		if g.chance(60) {
			s[keyword] = kinds[g.n(7)]
			return
		}
		i := g.n(7)
		s[keyword] = []any{kinds[i], kinds[(i+1+g.n(6))%7]}
	case "const":
		s[keyword] = g.value(2)
	case "enum":
		l := make([]any, 1+g.n(4))
		for i := range l {
			l[i] = g.value(1)
		}
		s[keyword] = l
	case "properties", "dependentSchemas", "patternProperties":
		o := map[string]any{}
		for range 1 + g.n(3) {
			name := g.name()
			if keyword == "patternProperties" {
				name = g.pattern()
			}
			o[name] = g.schema(depth, defs)
		}
		s[keyword] = o
	case "required":
		s[keyword] = g.names()
	case "dependentRequired":
		s[keyword] = map[string]any{g.name(): g.names(), g.name(): g.names()}
	case "allOf", "anyOf", "oneOf", "prefixItems":
		s[keyword] = g.schemas(depth, defs)
	case "contains":
		one(keyword)
		if g.chance(40) {
			s["minContains"] = g.count()
		}
		if g.chance(40) {
			s["maxContains"] = g.count()
		}
	case "if":
		one(keyword)
		if g.chance(70) {
			one("then")
		}
		if g.chance(70) {
			one("else")
		}
	case "$ref":
		if defs == 0 || g.chance(15) {
			s[keyword] = "#"
			return
		}
		s[keyword] = "#/$defs/" + strconv.Itoa(g.n(defs))
	case "$anchor":
		s[keyword] = fmt.Sprintf("n%d", g.anchors)
		g.anchors++
		if g.anchors > 1 && s["$ref"] == nil {
			s["$ref"] = fmt.Sprintf("#n%d", g.n(g.anchors-1))
		}
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum":
		s[keyword] = g.number()
	case "multipleOf":
		s[keyword] = pick[json.Number](g, "1", "2", "0.1", "0.3", "1.5", "1e-400", "1e400", "0.01", "3", "7e-3", "0.00000000000000000001")
	case "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties":
		s[keyword] = g.count()
	case "pattern":
		s[keyword] = g.pattern()
	case "uniqueItems":
		s[keyword] = !g.chance(20)
	default:
		one(keyword)
	}
}

// file makes a whole schema with definitions.
func (g *generator) file() map[string]any {
	defs := g.n(4)
	s, ok := g.schema(4, defs).(map[string]any)
	if !ok {
		s = map[string]any{}
	}
	for i := range defs {
		if s["$defs"] == nil {
			s["$defs"] = map[string]any{}
		}
		asObject(s["$defs"])[strconv.Itoa(i)] = g.schema(3, defs)
	}
	return s
}

// value makes any value.
func (g *generator) value(depth int) any {
	if depth <= 0 || g.chance(50) {
		return g.scalar()
	}
	if g.chance(50) {
		l := make([]any, g.n(5))
		for i := range l {
			l[i] = g.value(depth - 1)
		}
		return l
	}
	o := map[string]any{}
	for range g.n(5) {
		o[g.name()] = g.value(depth - 1)
	}
	return o
}

// near makes a value that the schema may well accept.
func (g *generator) near(r *reading, schema any, depth int) any {
	s := asObject(schema)
	if s == nil || depth <= 0 || g.chance(10) {
		return g.value(2)
	}
	if v, ok := s["const"]; ok && g.chance(80) {
		return v
	}
	if l := asArray(s["enum"]); l != nil && g.chance(80) {
		return l[g.n(len(l))]
	}
	// Descend into one of the schemas that are asked about the same value.
	var inside []any
	if ref, ok := s["$ref"].(string); ok {
		inside = append(inside, r.target(ref))
	}
	for _, keyword := range []string{"allOf", "anyOf", "oneOf"} {
		inside = append(inside, asArray(s[keyword])...)
	}
	for _, keyword := range []string{"if", "then", "else"} {
		if s[keyword] != nil {
			inside = append(inside, s[keyword])
		}
	}
	if len(inside) > 0 && g.chance(60) {
		return g.near(r, inside[g.n(len(inside))], depth-1)
	}
	kind, _ := s["type"].(string)
	switch {
	case kind == "array" || kind == "" && (s["items"] != nil || s["prefixItems"] != nil || s["contains"] != nil || s["unevaluatedItems"] != nil):
		return g.nearArray(r, s, depth)
	case kind == "object" || kind == "" && (s["properties"] != nil || s["patternProperties"] != nil || s["unevaluatedProperties"] != nil || s["required"] != nil):
		return g.nearObject(r, s, depth)
	case kind == "integer" || kind == "number" || s["multipleOf"] != nil:
		return g.number()
	case kind == "string":
		return pick(g, "a", "", "ab", "b", "é", "😀", "abc")
	}
	return g.value(2)
}

func (g *generator) nearArray(r *reading, s map[string]any, depth int) any {
	first := asArray(s["prefixItems"])
	l := make([]any, g.n(5))
	for i := range l {
		rule := s["items"]
		if i < len(first) {
			rule = first[i]
		} else if s["contains"] != nil && g.chance(40) {
			rule = s["contains"]
		}
		l[i] = g.near(r, rule, depth-1)
	}
	return l
}

func (g *generator) nearObject(r *reading, s map[string]any, depth int) any {
	o := map[string]any{}
	for _, name := range asArray(s["required"]) {
		o[name.(string)] = g.value(1)
	}
	for _, name := range sortedNames(asObject(s["properties"])) {
		if g.chance(70) {
			o[name] = g.near(r, asObject(s["properties"])[name], depth-1)
		}
	}
	for range g.n(3) {
		o[g.name()] = g.near(r, s["additionalProperties"], depth-1)
	}
	return o
}

func sortedNames(o map[string]any) []string {
	var names []string
	for name := range o {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// text writes a generated value. Members come in the order of their names.
func text(v any) string {
	switch v := v.(type) {
	case map[string]any:
		var parts []string
		for _, name := range sortedNames(v) {
			parts = append(parts, quote(name)+":"+text(v[name]))
		}
		return "{" + strings.Join(parts, ",") + "}"
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = text(e)
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(data)
}
