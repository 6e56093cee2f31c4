package schema

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A maker writes schemas, and documents that nearly fit them, by a stream of choices. Where the stream
// ends, every choice is the first, which is the simplest.
type maker struct {
	choices []byte
	defs    []string // names of $defs
	all     map[string]any
}

func (g *maker) n(n int) int {
	if len(g.choices) == 0 || n < 2 {
		return 0
	}
	c := int(g.choices[0])
	g.choices = g.choices[1:]
	return c % n
}

// one in n, and never where the stream has ended.
func (g *maker) rarely(n int) bool { return g.n(n) == n-1 && n > 1 }

func (g *maker) pick(from ...string) string { return from[g.n(len(from))] }

func (g *maker) name() string {
	return g.pick("a", "b", "c", "id", "name", "kind", "x-1", "", "é", "a b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
}

func (g *maker) literal() json.Number {
	return json.Number(g.pick("0", "1", "2", "3", "-1", "10", "1.0", "1.5", "-0", "0.1", "0.30", "1e2", "100", "12e-1", "2.5e-1", "0.01", "1E-400", "1e400", "-1e+400",
		"9007199254740993", "9007199254740992.0", "999999999999999999", "1000000000000000000", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
		"12345678901234567890.5", "0.000000000000000001", "0.0000000000000000001", "123456789012345678.9", "100000000000000000000000000000000000001", "-1.5", "7.50"))
}

func (g *maker) word() string {
	return g.pick("a", "", "ab", "abc", "b", "notes/x", "é", "😀", "aé😀", "A-1", "2026-01-02", "a@b.c", "127.0.0.1", "x\ny", "null", "a\"b", "0123456789abcdef", "aaaaaaaaaaaaaaaaaaaa")
}

func (g *maker) scalar() any {
	switch g.n(7) {
	case 0, 1, 2:
		return g.word()
	case 3, 4:
		return g.literal()
	case 5:
		return g.n(2) == 1
	}
	return nil
}

func (g *maker) value(depth int) any {
	if depth <= 0 {
		return g.scalar()
	}
	switch g.n(4) {
	case 2:
		list := []any{}
		for range g.n(5) {
			list = append(list, g.value(depth-1))
		}
		return list
	case 3:
		object := map[string]any{}
		for range g.n(4) {
			object[g.name()] = g.value(depth - 1)
		}
		return object
	}
	return g.scalar()
}

func (g *maker) pattern() string {
	return g.pick("^a", "^[a-z]+$", "b$", "^[^/]*/x$", "^.$", "a|b", "^a?b{0,2}$", "^[a-c]{1,3}[0-9]*", "^\\d{4}-\\d{2}-\\d{2}$", "^[ab]*a$", "^é+$", "^(?:a|é)+$", "^$", "^[A-Z]-?\\d+$", "", "^(?:ab)*$", "^[^a]+$", "^a*?$", "^x\\.y")
}

func (g *maker) count() json.Number {
	return json.Number(g.pick("1", "0", "2", "3", "5", "1.0", "1e1"))
}

// file is a whole schema: any of its schemas may refer to the root and to its definitions.
func (g *maker) file() map[string]any {
	for i := range g.n(4) {
		g.defs = append(g.defs, strconv.Itoa(i))
	}
	root := g.schema(4)
	g.all = map[string]any{"allOf": []any{root}}
	if object, ok := root.(map[string]any); ok {
		g.all = object
	}
	if len(g.defs) > 0 {
		defs := map[string]any{}
		for _, name := range g.defs {
			defs[name] = g.schema(2)
		}
		g.all["$defs"] = defs
	}
	return g.all
}

func (g *maker) schema(depth int) any {
	if depth <= 0 {
		switch g.n(7) {
		case 0, 1, 2, 3:
			return map[string]any{"type": g.kind()}
		case 4:
			return true
		case 5:
			return map[string]any{"const": g.scalar()}
		}
		return g.n(3) == 1
	}
	s := map[string]any{}
	if g.n(3) > 0 {
		g.typed(s, depth)
	}
	for range g.n(4) {
		g.keyword(s, depth)
	}
	return s
}

func (g *maker) kind() string {
	return g.pick("string", "integer", "object", "array", "number", "boolean", "null")
}

// typed writes what belongs together, as people do.
func (g *maker) typed(s map[string]any, depth int) {
	switch kind := g.kind(); kind {
	case "object":
		s["type"], s["properties"] = kind, g.members(depth-1)
		if g.n(2) == 1 {
			s["additionalProperties"] = false
		}
		if g.n(2) == 1 {
			s["required"] = g.names(s)
		}
	case "array":
		s["type"], s["items"] = kind, g.schema(depth-1)
	case "string":
		s["type"] = kind
		g.keywordNamed(s, g.pick("minLength", "maxLength", "pattern", "format", "enum"), depth)
	case "integer", "number":
		s["type"] = kind
		g.keywordNamed(s, g.pick("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), depth)
	default:
		s["type"] = []any{kind, "string"}
	}
}

func (g *maker) names(s map[string]any) []any {
	names := []any{}
	properties, _ := s["properties"].(map[string]any)
	for _, name := range inOrder(properties) {
		if g.n(2) == 1 {
			names = append(names, name)
		}
	}
	if name := any(g.name()); g.rarely(4) && !slices.Contains(names, name) {
		names = append(names, name)
	}
	return names
}

func (g *maker) members(depth int) map[string]any {
	members := map[string]any{}
	for range 1 + g.n(4) {
		members[g.name()] = g.schema(depth)
	}
	return members
}

func (g *maker) list(depth int) []any {
	list := []any{}
	for range 1 + g.n(3) {
		list = append(list, g.schema(depth))
	}
	return list
}

func (g *maker) keyword(s map[string]any, depth int) {
	g.keywordNamed(s, g.pick("properties", "required", "enum", "const", "anyOf", "oneOf", "allOf", "$ref", "$ref", "not", "if",
		"patternProperties", "additionalProperties", "unevaluatedProperties", "unevaluatedItems", "prefixItems", "items", "contains",
		"dependentSchemas", "dependentRequired", "propertyNames", "uniqueItems", "minLength", "maxLength", "pattern", "format",
		"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minItems", "maxItems", "minProperties", "maxProperties"), depth)
}

func (g *maker) keywordNamed(s map[string]any, keyword string, depth int) {
	depth--
	switch keyword {
	case "properties", "dependentSchemas":
		s[keyword] = g.members(depth)
	case "patternProperties":
		s[keyword] = map[string]any{g.pattern(): g.schema(depth), g.pattern(): g.schema(depth)}
	case "required":
		s[keyword] = g.names(s)
	case "dependentRequired":
		s[keyword] = map[string]any{g.name(): g.names(s), g.name(): g.names(s)}
	case "enum":
		list := []any{}
		for range 1 + g.n(12) {
			list = append(list, g.value(1))
		}
		s[keyword] = list
	case "const":
		s[keyword] = g.value(2)
	case "anyOf", "oneOf", "allOf", "prefixItems":
		s[keyword] = g.list(depth)
	case "$ref":
		s[keyword] = "#"
		if len(g.defs) > 0 && g.n(4) > 0 {
			s[keyword] = "#/$defs/" + g.pick(g.defs...)
		}
	case "if":
		s["if"] = g.schema(depth)
		if g.n(3) < 2 {
			s["then"] = g.schema(depth)
		}
		if g.n(3) > 0 {
			s["else"] = g.schema(depth)
		}
	case "contains":
		s[keyword] = g.schema(depth)
		if g.n(2) == 1 {
			s["minContains"] = g.count()
		}
		if g.n(2) == 1 {
			s["maxContains"] = g.count()
		}
	case "uniqueItems":
		s[keyword] = !g.rarely(4)
	case "pattern":
		s[keyword] = g.pattern()
	case "format":
		s[keyword] = g.pick("date", "email", "ipv4", "uuid", "regex", "uri")
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum":
		s[keyword] = g.literal()
	case "multipleOf":
		s[keyword] = json.Number(g.pick("1", "2", "0.1", "0.01", "1.5", "3", "1e-400", "1e400", "0.3", "1e18", "12345678901234567891", "0.000000000000000001"))
	case "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties":
		s[keyword] = g.count()
	default:
		s[keyword] = g.schema(depth)
	}
}

// near makes a value that the schema may well take.
func (g *maker) near(schema any, depth int) any {
	s, ok := schema.(map[string]any)
	if !ok || depth <= 0 || g.rarely(20) {
		return g.value(min(depth, 2))
	}
	if v, ok := s["const"]; ok && !g.rarely(5) {
		return v
	}
	if list, ok := s["enum"].([]any); ok && !g.rarely(5) {
		return list[g.n(len(list))]
	}
	if ref, ok := s["$ref"].(string); ok && s["properties"] == nil {
		target := any(g.all)
		if name, ok := strings.CutPrefix(ref, "#/$defs/"); ok {
			target = g.all["$defs"].(map[string]any)[name]
		}
		return g.near(target, depth-1)
	}
	kind := s["type"]
	if kinds, ok := kind.([]any); ok {
		kind = kinds[g.n(len(kinds))]
	}
	inner := map[string]any{}
	for _, keyword := range []string{"anyOf", "oneOf", "allOf", "if", "then", "else"} {
		switch next := s[keyword].(type) {
		case []any:
			inner[keyword] = next[g.n(len(next))]
		case map[string]any, bool:
			inner[keyword] = next
		}
	}
	if len(inner) > 0 && (kind == nil || g.rarely(3)) {
		return g.near(inner[inOrder(inner)[g.n(len(inner))]], depth-1)
	}
	switch {
	case kind == "string", s["pattern"] != nil, s["maxLength"] != nil:
		return g.word()
	case kind == "integer", kind == "number", s["multipleOf"] != nil, s["minimum"] != nil:
		return g.literal()
	case kind == "boolean":
		return g.n(2) == 1
	case kind == "null":
		return nil
	case kind == "array", s["items"] != nil, s["prefixItems"] != nil, s["contains"] != nil, s["unevaluatedItems"] != nil:
		return g.nearList(s, depth)
	}
	return g.nearObject(s, depth)
}

func (g *maker) nearList(s map[string]any, depth int) any {
	first, _ := s["prefixItems"].([]any)
	list := []any{}
	for i := range g.n(5) {
		inner := s["items"]
		if i < len(first) {
			inner = first[i]
		} else if s["contains"] != nil && g.n(2) == 1 {
			inner = s["contains"]
		}
		list = append(list, g.near(inner, depth-1))
	}
	if g.rarely(30) { // more than what is kept without a slice
		for i := range 140 {
			list = append(list, json.Number(strconv.Itoa(i%139)))
		}
	}
	return list
}

func (g *maker) nearObject(s map[string]any, depth int) any {
	object := map[string]any{}
	required, _ := s["required"].([]any)
	for _, keyword := range []string{"properties", "dependentSchemas"} {
		members, _ := s[keyword].(map[string]any)
		for _, name := range inOrder(members) {
			if slices.Contains(required, any(name)) || g.n(3) > 0 {
				object[name] = g.near(members[name], depth-1)
			}
		}
	}
	for _, name := range required {
		if object[name.(string)] == nil && !g.rarely(10) {
			object[name.(string)] = g.value(1)
		}
	}
	if g.rarely(3) {
		object[g.name()] = g.near(s["additionalProperties"], depth-1)
	}
	if g.rarely(30) {
		for i := range 140 {
			object[fmt.Sprint("a", i)] = json.Number("1")
		}
	}
	return object
}

// broken changes one thing somewhere in the value.
func (g *maker) broken(v any) any {
	switch v := v.(type) {
	case map[string]any:
		names := inOrder(v)
		if len(names) == 0 || g.rarely(4) {
			v[g.name()] = g.value(1)
			return v
		}
		name := names[g.n(len(names))]
		if g.rarely(3) {
			delete(v, name)
			return v
		}
		v[name] = g.broken(v[name])
		return v
	case []any:
		if len(v) == 0 || g.rarely(4) {
			return append(v, g.value(1))
		}
		i := g.n(len(v))
		if g.rarely(4) {
			v[i] = v[g.n(len(v))]
			return v
		}
		v[i] = g.broken(v[i])
		return v
	case string:
		if g.n(2) == 0 {
			return v + g.pick("a", "é", "1", "\n")
		}
		_, rest, _ := strings.Cut(v, "")
		return strings.TrimPrefix(rest, "a")
	case json.Number:
		if plain, err := strconv.Atoi(string(v)); err == nil && g.n(2) == 0 {
			return json.Number(strconv.Itoa(plain + 1 - 2*g.n(2)))
		}
	}
	return g.scalar()
}

// write writes a value; strings and names now and then with escapes, numbers in other words.
func (g *maker) write(v any) string {
	switch v := v.(type) {
	case map[string]any:
		names := inOrder(v)
		if g.rarely(3) {
			slices.Reverse(names)
		}
		parts := make([]string, len(names))
		for i, name := range names {
			parts[i] = g.quoted(name) + ":" + g.write(v[name])
		}
		return "{" + strings.Join(parts, ",") + "}"
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = g.write(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case string:
		return g.quoted(v)
	case json.Number:
		if plain := strings.Trim(string(v), "-0123456789") == ""; plain && len(v) < 100 && g.rarely(6) {
			return string(v) + g.pick(".0", "e0", ".00E+0", "0e-1")
		}
		return string(v)
	}
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func (g *maker) quoted(text string) string {
	if !g.rarely(8) {
		return quote(text)
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range text {
		if c > 0xffff {
			c -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04X`, 0xd800+c>>10, 0xdc00+c&0x3ff)
			continue
		}
		fmt.Fprintf(&b, `\u%04x`, c)
	}
	b.WriteByte('"')
	return b.String()
}

func inOrder(m map[string]any) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
