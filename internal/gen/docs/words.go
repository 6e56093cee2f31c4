package docs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/schema"
)

// typeOf names what a value is, in words.
func (t *tabulator) typeOf(parts []schema.Value) string { return t.typeAt(parts, 0) }

func (t *tabulator) typeAt(parts []schema.Value, depth int) string {
	for _, p := range parts {
		if p.Kind() == schema.Bool && !p.Bool() {
			return "never there"
		}
	}
	if v, ok := keyword(parts, "const"); ok {
		return code(string(v.AppendJSON(nil)))
	}
	if list, ok := keyword(parts, "enum"); ok {
		var all []string
		for e := range list.Elements() {
			all = append(all, code(string(e.AppendJSON(nil))))
		}
		return either(all)
	}
	var named []string
	for _, p := range parts {
		if v, ok := p.Field("type"); ok && v.Kind() == schema.String {
			named = append(named, v.Text())
		} else if ok {
			for e := range v.Elements() {
				named = append(named, e.Text())
			}
		}
		if len(named) > 0 {
			break // of several the nearest: they hold together
		}
	}
	if len(named) == 0 {
		return t.unnamed(parts, depth)
	}
	for i, name := range named {
		named[i] = t.more(name, parts, depth)
	}
	return either(named)
}

// unnamed is a type that no keyword says.
func (t *tabulator) unnamed(parts []schema.Value, depth int) string {
	for _, name := range []string{"oneOf", "anyOf"} {
		list, ok := keyword(parts, name)
		if !ok || depth > 3 {
			continue
		}
		var all []string
		for i := range list.Len() {
			inner := t.parts(list.Index(i))
			text := t.typeAt(inner, depth+1)
			if t.contains(inner) {
				text += " " + form("", i+1)
			}
			all = append(all, text)
		}
		return either(all)
	}
	for _, likely := range [][2]string{{"properties", "object"}, {"required", "object"}, {"items", "array"}, {"prefixItems", "array"}} {
		if _, ok := keyword(parts, likely[0]); ok {
			return t.more(likely[1], parts, depth)
		}
	}
	return "anything"
}

// more adds to a type's name what it is of.
func (t *tabulator) more(name string, parts []schema.Value, depth int) string {
	var inner schema.Value
	word := ""
	switch name {
	case "array":
		name, word = "list", "items"
		if _, ok := keyword(parts, "prefixItems"); ok {
			return "tuple"
		}
	case "object":
		if isBytes(parts) {
			return "bytes"
		}
		word = "additionalProperties"
		if _, ok := keyword(parts, "properties"); ok {
			return name
		}
	default:
		return name
	}
	if v, ok := keyword(parts, word); ok && v.Kind() == schema.Object {
		inner = v
	}
	if inner == nil || depth > 3 {
		return name
	}
	if name == "object" {
		name = "record"
	}
	if at, again := t.again(inner); again {
		return name + " of what " + at + " is"
	}
	return name + " of " + t.typeAt(t.parts(inner), depth+1)
}

func either(all []string) string {
	var kept []string
	for _, text := range all {
		if !slices.Contains(kept, text) {
			kept = append(kept, text)
		}
	}
	return strings.Join(kept, " or ")
}

// constraints are what else must hold, in words.
func (t *tabulator) constraints(parts []schema.Value) []string {
	var all []string
	if isBytes(parts) {
		all = t.ofBytes(parts)
	}
	say := func(text string) {
		if !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	others := false
	for _, p := range parts {
		for name, v := range p.Fields() {
			value := string(v.AppendJSON(nil))
			switch name {
			case "format":
				say("format " + code(v.Text()))
			case "pattern":
				say("matches " + code(v.Text()))
			case "minLength":
				say("at least " + counted(value, "character"))
			case "maxLength":
				say("at most " + counted(value, "character"))
			case "minItems":
				say("at least " + counted(value, "item"))
			case "maxItems":
				say("at most " + counted(value, "item"))
			case "minProperties":
				say("at least " + counted(value, "member"))
			case "maxProperties":
				say("at most " + counted(value, "member"))
			case "minimum":
				say("at least " + value)
			case "maximum":
				say("at most " + value)
			case "exclusiveMinimum":
				say("more than " + value)
			case "exclusiveMaximum":
				say("less than " + value)
			case "multipleOf":
				say("a multiple of " + value)
			case "uniqueItems":
				if v.Bool() {
					say("no item twice")
				}
			case "default":
				say("default " + code(value))
			case "deprecated", "readOnly", "writeOnly":
				if v.Bool() {
					say(map[string]string{"deprecated": "deprecated", "readOnly": "read only", "writeOnly": "write only"}[name])
				}
			case "not", "if", "contains", "propertyNames", "dependentRequired", "dependentSchemas", "unevaluatedItems", "unevaluatedProperties":
				others = true
			}
		}
	}
	if others {
		say("and what else the schema says")
	}
	return all
}

func counted(n, noun string) string {
	if n == "1" {
		return "1 " + noun
	}
	return fmt.Sprintf("%s %ss", n, noun)
}
