package fuzz

import (
	"encoding/json"
	"math"
	"math/big"
	"regexp/syntax"
	"slices"
	"strings"
)

// canary is in most strings that are sent. It must never come back in a
// refusal.
const canary = "cAnArY7f3"

// A generator makes values for one schema. It aims at values that the schema
// accepts and doesn't promise them: the schema's judge is asked afterwards.
type generator struct {
	root    map[string]any
	choices *choices
	words   []string // strings worth trying: the app's own directories
}

const maxDepth = 8 // of recursive schemas

func newGenerator(source []byte, c *choices, words []string) (*generator, error) {
	var root any
	d := json.NewDecoder(strings.NewReader(string(source)))
	d.UseNumber()
	if err := d.Decode(&root); err != nil {
		return nil, err
	}
	g := &generator{choices: c, words: words}
	g.root, _ = root.(map[string]any) // true and false have no parts
	return g, nil
}

func (g *generator) arguments() *node { return g.value(g.root, 0) }

func (g *generator) value(schema any, depth int) *node {
	s, ok := schema.(map[string]any)
	if !ok || len(s) == 0 {
		return g.anything(depth)
	}
	if ref, ok := s["$ref"].(string); ok && depth < maxDepth {
		return g.value(g.resolve(ref), depth+1)
	}
	if v, ok := s["const"]; ok {
		return leaf(v)
	}
	if list, ok := s["enum"].([]any); ok && len(list) > 0 {
		return leaf(list[g.choices.below(len(list))])
	}
	for _, of := range []string{"oneOf", "anyOf"} {
		if list, ok := s[of].([]any); ok && len(list) > 0 && s["type"] == nil {
			return g.value(list[g.choices.below(len(list))], depth+1)
		}
	}
	if list, ok := s["allOf"].([]any); ok && len(list) > 0 && s["type"] == nil {
		return g.value(list[0], depth+1)
	}
	switch g.typeOf(s) {
	case "object":
		return g.objectOf(s, depth)
	case "array":
		return g.arrayOf(s, depth)
	case "string":
		return leaf(g.stringOf(s))
	case "integer", "number":
		return g.numberOf(s)
	case "boolean":
		return leaf(g.choices.below(2) == 1)
	case "null":
		return leaf(nil)
	}
	return g.anything(depth)
}

func (g *generator) typeOf(s map[string]any) string {
	switch t := s["type"].(type) {
	case string:
		return t
	case []any:
		if len(t) > 0 {
			name, _ := t[g.choices.below(len(t))].(string)
			return name
		}
	}
	switch {
	case s["properties"] != nil:
		return "object"
	case s["items"] != nil:
		return "array"
	case s["pattern"] != nil || s["minLength"] != nil || s["maxLength"] != nil:
		return "string"
	case s["minimum"] != nil || s["maximum"] != nil:
		return "number"
	}
	return ""
}

// resolve follows a reference inside the schema's own file.
func (g *generator) resolve(ref string) any {
	path, ok := strings.CutPrefix(ref, "#")
	if !ok {
		return nil
	}
	var at any = g.root
	for _, part := range strings.Split(strings.TrimPrefix(path, "/"), "/") {
		if part == "" {
			continue
		}
		object, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = object[strings.NewReplacer("~1", "/", "~0", "~").Replace(part)]
	}
	return at
}

func (g *generator) objectOf(s map[string]any, depth int) *node {
	n := &node{object: true}
	properties, _ := s["properties"].(map[string]any)
	required, _ := s["required"].([]any)
	for _, name := range sortedKeys(properties) {
		needed := slices.Contains(required, any(name))
		if needed || depth < maxDepth && g.choices.below(2) == 0 {
			n.members = append(n.members, member{quoted(name), g.value(properties[name], depth+1)})
		}
	}
	return n
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (g *generator) arrayOf(s map[string]any, depth int) *node {
	n := &node{array: true}
	least, most := intOf(s["minItems"], 0), intOf(s["maxItems"], 4)
	count := least
	if most > least && depth < maxDepth {
		count += g.choices.below(min(most-least, 4) + 1)
	}
	for range min(count, 1000) {
		n.items = append(n.items, g.value(s["items"], depth+1))
	}
	return n
}

func intOf(v any, otherwise int) int {
	number, ok := v.(json.Number)
	if !ok {
		return otherwise
	}
	n, err := number.Int64()
	if err != nil || n < 0 || n > math.MaxInt32 {
		return otherwise
	}
	return int(n)
}

func (g *generator) numberOf(s map[string]any) *node {
	candidates := []string{"0", "1", "-1", "42", "2147483648", "9007199254740993", "-9223372036854775808", "1e3"}
	if s["type"] == "number" {
		candidates = append(candidates, "0.5", "-1e-7", "1.7976931348623157e308")
	}
	for _, bound := range []string{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"} {
		if limit, ok := s[bound].(json.Number); ok {
			candidates = append([]string{limit.String(), shifted(limit, 1), shifted(limit, -1)}, candidates...)
		}
	}
	return &node{leaf: candidates[g.choices.below(len(candidates))]}
}

// shifted is an exact number a step away.
func shifted(n json.Number, by int64) string {
	r, ok := new(big.Rat).SetString(n.String())
	if !ok {
		return n.String()
	}
	r.Add(r, new(big.Rat).SetInt64(by))
	if r.IsInt() {
		return r.Num().String()
	}
	return r.FloatString(6)
}

func (g *generator) stringOf(s map[string]any) string {
	if pattern, ok := s["pattern"].(string); ok {
		if re, err := syntax.Parse(pattern, syntax.Perl); err == nil {
			return g.matching(re.Simplify(), 0)
		}
	}
	switch s["format"] {
	case "date-time":
		return "2026-01-02T03:04:05Z"
	case "date":
		return "2026-01-02"
	case "email":
		return canary + "@example.org"
	case "uri":
		return "https://example.org/" + canary
	case "uuid":
		return "123e4567-e89b-12d3-a456-426614174000"
	}
	text := g.text()
	least, most := intOf(s["minLength"], 0), intOf(s["maxLength"], 1<<20)
	for len([]rune(text)) < least {
		text += "x"
	}
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most])
	}
	return text
}

// text is a string as users write them, or as attackers do.
func (g *generator) text() string {
	tails := []string{"", "/", "/note.md", "/../../etc/passwd", "/.hidden", "/%2e%2e/x", "\\..\\x", "/a\x00b", "/" + strings.Repeat("a", 300), "'; --", "<img onerror>", "\u202e", "é\u0301"}
	switch g.choices.below(3) {
	case 0:
		return canary + tails[g.choices.below(len(tails))]
	case 1:
		if len(g.words) > 0 {
			return g.words[g.choices.below(len(g.words))] + tails[g.choices.below(len(tails))]
		}
	}
	return tails[g.choices.below(len(tails))]
}

// matching makes a string that a regular expression accepts.
func (g *generator) matching(re *syntax.Regexp, depth int) string {
	if depth > 100 {
		return ""
	}
	var b strings.Builder
	switch re.Op {
	case syntax.OpLiteral:
		return string(re.Rune)
	case syntax.OpCharClass:
		if len(re.Rune) >= 2 {
			i := 2 * g.choices.below(len(re.Rune)/2)
			span := int(re.Rune[i+1]-re.Rune[i]) + 1
			return string(re.Rune[i] + rune(g.choices.below(min(span, 64))))
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return string(canary[g.choices.below(len(canary))])
	case syntax.OpCapture:
		return g.matching(re.Sub[0], depth+1)
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			b.WriteString(g.matching(sub, depth+1))
		}
	case syntax.OpAlternate:
		return g.matching(re.Sub[g.choices.below(len(re.Sub))], depth+1)
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		least, most := map[syntax.Op]int{syntax.OpPlus: 1, syntax.OpRepeat: re.Min}[re.Op], 4
		if re.Op == syntax.OpQuest {
			most = 1
		}
		for range least + g.choices.below(most+1) {
			b.WriteString(g.matching(re.Sub[0], depth+1))
		}
	}
	return b.String()
}

func (g *generator) anything(depth int) *node {
	switch g.choices.below(6) {
	case 1:
		return leaf(g.text())
	case 2:
		return &node{leaf: "1.5e2"}
	case 3:
		return leaf(true)
	case 4:
		return &node{array: true, items: []*node{leaf(1), leaf(canary)}}
	case 5:
		return leaf(nil)
	}
	return &node{object: true, members: []member{{quoted("any"), leaf(depth)}}}
}
