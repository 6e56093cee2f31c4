package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A reading is the draft's text, keyword by keyword, as plainly as it can be followed: no
// bound, no error, no speed. It shares nothing with what it judges.
type reading struct {
	root    any
	anchors map[string]any
}

func newReading(schema any) *reading {
	r := &reading{root: schema, anchors: map[string]any{}}
	r.find(schema)
	return r
}

// find looks for anchors wherever there are objects; the generator puts none elsewhere.
func (r *reading) find(v any) {
	switch v := v.(type) {
	case map[string]any:
		if name, ok := v["$anchor"].(string); ok {
			r.anchors[name] = v
		}
		for _, e := range v {
			r.find(e)
		}
	case []any:
		for _, e := range v {
			r.find(e)
		}
	}
}

// A mark says which members and items a schema has evaluated.
type mark struct {
	names map[string]bool
	items map[int]bool
}

func (m mark) add(other mark) {
	maps.Copy(m.names, other.names)
	maps.Copy(m.items, other.items)
}

func (r *reading) judge(schema, v any) (bool, mark) {
	m := mark{map[string]bool{}, map[int]bool{}}
	if always, ok := schema.(bool); ok {
		return always, m
	}
	s := schema.(map[string]any)
	ok := plainly(s, v) && r.applied(s, v, m)
	switch v := v.(type) {
	case map[string]any:
		ok = ok && r.members(s, v, m)
	case []any:
		ok = ok && r.elements(s, v, m)
	}
	return ok, m
}

// plainly asks the keywords that hold no schema.
func plainly(s map[string]any, v any) bool {
	for keyword, rule := range s {
		ok := true
		switch keyword {
		case "type":
			list, many := rule.([]any)
			if !many {
				list = []any{rule}
			}
			ok = slices.ContainsFunc(list, func(t any) bool { return isType(t.(string), v) })
		case "enum":
			ok = slices.ContainsFunc(rule.([]any), func(e any) bool { return canonical(e) == canonical(v) })
		case "const":
			ok = canonical(rule) == canonical(v)
		}
		switch v := v.(type) {
		case json.Number:
			ok = ok && ofNumber(keyword, rule, rational(v))
		case string:
			ok = ok && ofString(keyword, rule, v)
		case []any:
			switch keyword {
			case "minItems":
				ok = ok && len(v) >= countOf(rule)
			case "maxItems":
				ok = ok && len(v) <= countOf(rule)
			case "uniqueItems":
				seen := map[string]bool{}
				for _, e := range v {
					seen[canonical(e)] = true
				}
				ok = ok && (rule == false || len(seen) == len(v))
			}
		case map[string]any:
			ok = ok && ofObject(keyword, rule, v)
		}
		if !ok {
			return false
		}
	}
	return true
}

func ofNumber(keyword string, rule any, n *big.Rat) bool {
	switch keyword {
	case "minimum":
		return n.Cmp(rational(rule)) >= 0
	case "maximum":
		return n.Cmp(rational(rule)) <= 0
	case "exclusiveMinimum":
		return n.Cmp(rational(rule)) > 0
	case "exclusiveMaximum":
		return n.Cmp(rational(rule)) < 0
	case "multipleOf":
		return new(big.Rat).Quo(n, rational(rule)).IsInt()
	}
	return true
}

func ofString(keyword string, rule any, s string) bool {
	switch keyword {
	case "minLength":
		return utf8.RuneCountInString(s) >= countOf(rule)
	case "maxLength":
		return utf8.RuneCountInString(s) <= countOf(rule)
	case "pattern":
		return regexp.MustCompile(rule.(string)).MatchString(s)
	}
	return true
}

func ofObject(keyword string, rule any, v map[string]any) bool {
	has := func(names any) bool {
		for _, name := range names.([]any) {
			if _, ok := v[name.(string)]; !ok {
				return false
			}
		}
		return true
	}
	switch keyword {
	case "minProperties":
		return len(v) >= countOf(rule)
	case "maxProperties":
		return len(v) <= countOf(rule)
	case "required":
		return has(rule)
	case "dependentRequired":
		for name, names := range rule.(map[string]any) {
			if _, ok := v[name]; ok && !has(names) {
				return false
			}
		}
	}
	return true
}

// applied asks the schemas that are asked about the value itself.
func (r *reading) applied(s map[string]any, v any, m mark) bool {
	if ref, ok := s["$ref"].(string); ok {
		if !r.and(r.target(ref), v, m) {
			return false
		}
	}
	for _, e := range asArray(s["allOf"]) {
		if !r.and(e, v, m) {
			return false
		}
	}
	for keyword, want := range map[string]func(int) bool{
		"anyOf": func(n int) bool { return n > 0 }, "oneOf": func(n int) bool { return n == 1 },
	} {
		if s[keyword] == nil {
			continue
		}
		valid := 0
		for _, e := range asArray(s[keyword]) {
			if r.and(e, v, m) {
				valid++
			}
		}
		if !want(valid) {
			return false
		}
	}
	if not, ok := s["not"]; ok {
		if valid, _ := r.judge(not, v); valid {
			return false
		}
	}
	if condition, ok := s["if"]; ok {
		next := "else"
		if r.and(condition, v, m) {
			next = "then"
		}
		if s[next] != nil && !r.and(s[next], v, m) {
			return false
		}
	}
	return true
}

// and keeps the marks of a schema that accepts.
func (r *reading) and(schema, v any, m mark) bool {
	ok, other := r.judge(schema, v)
	if ok {
		m.add(other)
	}
	return ok
}

func (r *reading) members(s, v map[string]any, m mark) bool {
	for name, e := range asObject(s["dependentSchemas"]) {
		if _, ok := v[name]; ok && !r.and(e, v, m) {
			return false
		}
	}
	own := map[string]bool{} // what additionalProperties leaves alone
	for name, member := range v {
		if rule, ok := s["propertyNames"]; ok {
			if valid, _ := r.judge(rule, name); !valid {
				return false
			}
		}
		var rules []any
		if rule, ok := asObject(s["properties"])[name]; ok {
			rules = append(rules, rule)
		}
		for pattern, rule := range asObject(s["patternProperties"]) {
			if regexp.MustCompile(pattern).MatchString(name) {
				rules = append(rules, rule)
			}
		}
		own[name] = len(rules) > 0
		if rule, ok := s["additionalProperties"]; ok && !own[name] {
			rules = append(rules, rule)
		}
		for _, rule := range rules {
			if valid, _ := r.judge(rule, member); !valid {
				return false
			}
			m.names[name] = true
		}
	}
	if rule, ok := s["unevaluatedProperties"]; ok {
		for name, member := range v {
			if m.names[name] {
				continue
			}
			if valid, _ := r.judge(rule, member); !valid {
				return false
			}
			m.names[name] = true
		}
	}
	return true
}

func (r *reading) elements(s map[string]any, v []any, m mark) bool {
	first := asArray(s["prefixItems"])
	matches := 0
	for i, e := range v {
		rule, ok := s["items"]
		if i < len(first) {
			rule, ok = first[i], true
		}
		if ok {
			if valid, _ := r.judge(rule, e); !valid {
				return false
			}
			m.items[i] = true
		}
		if rule, ok := s["contains"]; ok {
			if valid, _ := r.judge(rule, e); valid {
				matches++
				m.items[i] = true
			}
		}
	}
	if _, ok := s["contains"]; ok {
		least := 1
		if n, ok := s["minContains"]; ok {
			least = countOf(n)
		}
		if n, ok := s["maxContains"]; matches < least || ok && matches > countOf(n) {
			return false
		}
	}
	if rule, ok := s["unevaluatedItems"]; ok {
		for i, e := range v {
			if m.items[i] {
				continue
			}
			if valid, _ := r.judge(rule, e); !valid {
				return false
			}
			m.items[i] = true
		}
	}
	return true
}

func (r *reading) target(ref string) any {
	if ref == "#" {
		return r.root
	}
	if v, ok := r.anchors[ref[1:]]; ok {
		return v
	}
	v := r.root
	for _, t := range strings.Split(ref[2:], "/") {
		t = strings.NewReplacer("~1", "/", "~0", "~").Replace(t)
		switch at := v.(type) {
		case map[string]any:
			v = at[t]
		case []any:
			i, _ := strconv.Atoi(t)
			v = at[i]
		}
	}
	return v
}

func isType(name string, v any) bool {
	switch v := v.(type) {
	case nil:
		return name == "null"
	case bool:
		return name == "boolean"
	case string:
		return name == "string"
	case json.Number:
		return name == "number" || name == "integer" && rational(v).IsInt()
	case []any:
		return name == "array"
	}
	return name == "object"
}

// canonical writes equal values alike.
func canonical(v any) string {
	switch v := v.(type) {
	case json.Number:
		return rational(v).String()
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = canonical(e)
		}
		return "[" + strings.Join(parts, ",") + "]"
	case map[string]any:
		var parts []string
		for name, e := range v {
			parts = append(parts, strconv.Quote(name)+":"+canonical(e))
		}
		slices.Sort(parts)
		return "{" + strings.Join(parts, ",") + "}"
	}
	return fmt.Sprintf("%#v", v)
}

func rational(v any) *big.Rat {
	r, _ := new(big.Rat).SetString(string(v.(json.Number)))
	return r
}

func countOf(v any) int {
	n, _ := rational(v).Float64()
	return int(n)
}

func asArray(v any) []any {
	l, _ := v.([]any)
	return l
}

func asObject(v any) map[string]any {
	o, _ := v.(map[string]any)
	return o
}
