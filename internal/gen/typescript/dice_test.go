package typescript

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Dice make schemas, and values that they might take.
type dice struct{ *rand.Rand }

type dict = map[string]any

func sortedKeys(m dict) []string { return slices.Sorted(maps.Keys(m)) }

func toJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v) // sorts members
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func pick[T any](d dice, from ...T) T { return from[d.IntN(len(from))] }

func (d dice) one(in int) bool { return d.IntN(in) == 0 }

func (d dice) name() string {
	return pick(d, "a", "b", "c", "kind", "x-a", "x-b", "a.md", "__proto__", "constructor", "toString")
}

// file is a schema with definitions that it and they may refer to.
func (d dice) file() dict {
	s, ok := d.schema(3).(dict)
	if !ok {
		s = dict{}
	}
	s["$defs"] = dict{"d0": d.schema(2), "d1": d.schema(2)}
	return s
}

// schema is one of at most some depth.
func (d dice) schema(depth int) any {
	switch {
	case d.one(12):
		return !d.one(4)
	case depth <= 0:
		return pick[any](d, dict{"type": "string"}, dict{"type": "number"}, dict{"const": d.scalar()}, dict{}, dict{"type": d.types()}, dict{"$ref": d.ref()})
	}
	s := dict{}
	if !d.one(4) {
		s["type"] = d.types()
	}
	if d.one(8) {
		s["enum"] = []any{d.scalar(), d.value(2), d.scalar()}
	}
	if d.one(12) {
		s["const"] = d.value(2)
	}
	if !d.one(3) {
		d.objectKeywords(s, depth)
	}
	if d.one(3) {
		d.arrayKeywords(s, depth)
	}
	for _, keyword := range []string{"anyOf", "oneOf", "allOf"} {
		if d.one(5) {
			var list []any
			for range 1 + d.IntN(3) {
				list = append(list, d.schema(depth-1))
			}
			s[keyword] = list
		}
	}
	if d.one(8) {
		s["$ref"] = d.ref()
	}
	if d.one(10) {
		s["not"] = d.schema(depth - 2)
	}
	if d.one(8) {
		s["if"] = d.schema(depth - 1)
		s["then"] = d.schema(depth - 1)
		if d.one(2) {
			s["else"] = d.schema(depth - 1)
		}
	}
	return s
}

func (d dice) ref() string { return pick(d, "#/$defs/d0", "#/$defs/d1", "#") }

func (d dice) types() any {
	some := []string{"string", "number", "boolean", "array", "object", "object", "null", "integer"}
	if !d.one(3) {
		return pick(d, some...)
	}
	first := pick(d, some...)
	for {
		if second := pick(d, some...); second != first {
			return []string{first, second}
		}
	}
}

func (d dice) objectKeywords(s dict, depth int) {
	properties := dict{}
	for range d.IntN(4) {
		properties[d.name()] = d.schema(depth - 1)
	}
	if len(properties) > 0 {
		s["properties"] = properties
	}
	if d.one(2) {
		required := []string{d.name()}
		if len(properties) > 0 {
			required = []string{pick(d, sortedKeys(properties)...)}
		}
		s["required"] = required
	}
	if d.one(4) {
		patterns := dict{}
		for range 1 + d.IntN(2) {
			patterns[pick(d, "^x-", "^x-a", `\.md$`, "md$", "^[a-c]$", "^_")] = d.schema(depth - 1)
		}
		s["patternProperties"] = patterns
	}
	switch d.IntN(6) {
	case 0, 1:
		s["additionalProperties"] = false
	case 2:
		s["additionalProperties"] = d.schema(depth - 1)
	case 3:
		s["unevaluatedProperties"] = pick[any](d, false, false, d.schema(depth-1))
	}
	if d.one(10) {
		s["dependentSchemas"] = dict{d.name(): d.schema(depth - 1)}
	}
	if d.one(10) {
		s["minProperties"] = d.IntN(3)
	}
}

func (d dice) arrayKeywords(s dict, depth int) {
	if d.one(2) {
		var list []any
		for range 1 + d.IntN(3) {
			list = append(list, d.schema(depth-1))
		}
		s["prefixItems"] = list
	}
	switch d.IntN(5) {
	case 0, 1:
		s["items"] = d.schema(depth - 1)
	case 2:
		s["items"] = false
	case 3:
		s["unevaluatedItems"] = false
	}
	if d.one(3) {
		s["minItems"] = d.IntN(4)
	}
	if d.one(3) {
		s["maxItems"] = d.IntN(4)
	}
	if d.one(6) {
		s["contains"] = d.schema(depth - 1)
	}
}

func (d dice) scalar() any {
	return pick[any](d, "a", "b", "", "*/", 0, 1, -1.5, 1e21, true, false, nil)
}

// value is any value.
func (d dice) value(depth int) any {
	switch {
	case depth <= 0 || d.one(2):
		return d.scalar()
	case d.one(2):
		list := []any{}
		for range d.IntN(3) {
			list = append(list, d.value(depth-1))
		}
		return list
	}
	object := dict{}
	for range d.IntN(3) {
		object[d.name()] = d.value(depth - 1)
	}
	return object
}

// valueFor is a value that a schema may well take.
func (d dice) valueFor(file dict, s any, depth int) any {
	rules, ok := s.(dict)
	if !ok || depth <= 0 || d.one(20) {
		return d.value(2)
	}
	// What stands in alternatives is joined with what stands beside them.
	rules = d.resolved(file, rules, 4)
	if c, ok := rules["const"]; ok {
		return c
	}
	if e, ok := rules["enum"].([]any); ok {
		return pick(d, e...)
	}
	kind := ""
	switch t := rules["type"].(type) {
	case string:
		kind = t
	case []string:
		kind = pick(d, t...)
	default:
		kind = pick(d, "object", "object", "array", "string", "number", "null", "boolean")
	}
	switch kind {
	case "object":
		return d.objectFor(file, rules, depth)
	case "array":
		return d.arrayFor(file, rules, depth)
	case "string":
		return pick(d, "a", "b", "", "*/")
	case "number":
		return pick[any](d, 0, 1, -1.5, 1e21)
	case "integer":
		return pick(d, 0, 1, -7)
	case "boolean":
		return d.one(2)
	}
	return nil
}

// resolved copies into the rules what one way through refs and choices adds.
func (d dice) resolved(file, rules dict, depth int) dict {
	if depth == 0 {
		return rules
	}
	var also []any
	if ref, ok := rules["$ref"].(string); ok {
		var to any = file
		if name, ok := strings.CutPrefix(ref, "#/$defs/"); ok {
			to = file["$defs"].(dict)[name]
		}
		also = append(also, to)
	}
	if all, ok := rules["allOf"].([]any); ok {
		also = append(also, all...)
	}
	for _, keyword := range []string{"anyOf", "oneOf"} {
		if some, ok := rules[keyword].([]any); ok {
			also = append(also, pick(d, some...))
		}
	}
	if then, ok := rules["then"]; ok {
		also = append(also, rules["if"], then)
	}
	out := maps.Clone(rules)
	for _, s := range also {
		s, ok := s.(dict)
		if !ok {
			continue
		}
		s = d.resolved(file, s, depth-1)
		for _, keyword := range sortedKeys(s) {
			have, ok := out[keyword].(dict)
			more, both := s[keyword].(dict)
			switch {
			case ok && both:
				have = maps.Clone(have)
				maps.Copy(have, more)
				out[keyword] = have
			case out[keyword] == nil || d.one(2):
				out[keyword] = s[keyword]
			}
		}
	}
	return out
}

func (d dice) objectFor(file, rules dict, depth int) any {
	object := dict{}
	properties, _ := rules["properties"].(dict)
	for _, name := range sortedKeys(properties) {
		if !d.one(3) {
			object[name] = d.valueFor(file, properties[name], depth-1)
		}
	}
	if required, ok := rules["required"].([]string); ok {
		for _, name := range required {
			if object[name] == nil {
				object[name] = d.valueFor(file, properties[name], depth-1)
			}
		}
	}
	patterns, _ := rules["patternProperties"].(dict)
	for _, p := range sortedKeys(patterns) {
		name := map[string]string{"^x-": "x-b", "^x-a": "x-a", `\.md$`: "a.md", "md$": "a.md", "^[a-c]$": "b", "^_": "__proto__"}[p]
		if d.one(2) {
			object[name] = d.valueFor(file, patterns[p], depth-1)
		}
	}
	if d.one(3) {
		object[d.name()] = d.valueFor(file, rules["additionalProperties"], depth-1)
	}
	return object
}

func (d dice) arrayFor(file, rules dict, depth int) any {
	list := []any{}
	prefix, _ := rules["prefixItems"].([]any)
	for _, s := range prefix {
		list = append(list, d.valueFor(file, s, depth-1))
	}
	for range d.IntN(3) {
		list = append(list, d.valueFor(file, rules["items"], depth-1))
	}
	return list[:len(list)-d.IntN(min(len(list), 2)+1)]
}
