package example

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/sallyport/sallyport/schema"
)

// A members is an object under way.
type members struct {
	names []string
	text  map[string][]byte
}

func (o *members) put(name string, text []byte) {
	if o.text[name] == nil {
		o.names = append(o.names, name)
	}
	o.text[name] = text
}

func (m *Maker) object(parts []schema.Value, depth int) ([]byte, bool) {
	if isBytes(parts) {
		return m.bytes(parts, depth)
	}
	o := &members{text: map[string][]byte{}}
	required := requiredNames(parts)
	most := count(parts, "maxProperties", false, len(required)+mostValues)
	room := most - len(required) // for members that may be left out
	for _, name := range propertyNames(parts) {
		needed := slices.Contains(required, name)
		if !needed && (room <= 0 || depth >= m.Depth || !m.Full && m.Choose(2) == 1) {
			continue
		}
		text, ok := m.value(forMember(parts, name), name, depth+1, needed)
		switch {
		case ok:
			o.put(name, text)
			if !needed {
				room--
			}
		case needed:
			return nil, false
		}
	}
	if !m.require(o, parts, append(required, dependents(parts, o)...), depth) || !m.fillUp(o, parts, depth, most) {
		return nil, false
	}
	return o.json(), true
}

// require adds the members that have to be there and that no properties describe.
func (m *Maker) require(o *members, parts []schema.Value, names []string, depth int) bool {
	for _, name := range names {
		if o.text[name] != nil {
			continue
		}
		text, ok := m.value(forMember(parts, name), name, depth+1, true)
		if !ok {
			return false
		}
		o.put(name, text)
	}
	return true
}

// fillUp adds members of names that the schemas leave open: as many as there have to be, and one
// to show what an object without any of its own holds.
func (m *Maker) fillUp(o *members, parts []schema.Value, depth, most int) bool {
	least := count(parts, "minProperties", true, 0)
	if len(o.names) == 0 && m.Full && opened(parts) {
		least = max(least, 1)
	}
	for i := 0; len(o.names) < min(least, most) && i < 100; i++ {
		name := m.name(parts, i)
		if o.text[name] != nil {
			continue
		}
		text, ok := m.value(forMember(parts, name), name, depth+1, true)
		if !ok {
			break
		}
		o.put(name, text)
	}
	return len(o.names) >= count(parts, "minProperties", true, 0)
}

// opened says that a schema describes members whose names it doesn't know.
func opened(parts []schema.Value) bool {
	more, ok := field(parts, "additionalProperties")
	_, patterns := field(parts, "patternProperties")
	return patterns || ok && more.Kind() == schema.Object
}

// name is one that no properties list.
func (m *Maker) name(parts []schema.Value, i int) string {
	salt := m.salt
	m.salt = i
	defer func() { m.salt = salt }()
	if s, ok := field(parts, "propertyNames"); ok {
		if text, ok := m.value([]schema.Value{s}, "name", 0, true); ok {
			var name string
			if json.Unmarshal(text, &name) == nil {
				return name
			}
		}
	}
	if patterns, ok := field(parts, "patternProperties"); ok {
		for pattern := range patterns.Fields() {
			if name, ok := m.matching(pattern, "name", 0, 1000); ok {
				return name
			}
		}
	}
	if i == 0 {
		return "name"
	}
	return "name" + strconv.Itoa(i+1)
}

// forMember are the schemas that apply to a member.
func forMember(parts []schema.Value, name string) []schema.Value {
	var all []schema.Value
	for _, p := range parts {
		described := false
		if properties, ok := p.Field("properties"); ok {
			if s, ok := properties.Field(name); ok {
				all, described = append(all, s), true
			}
		}
		if patterns, ok := p.Field("patternProperties"); ok {
			for pattern, s := range patterns.Fields() {
				if re, err := regexp.Compile(pattern); err == nil && re.MatchString(name) {
					all, described = append(all, s), true
				}
			}
		}
		if more, ok := p.Field("additionalProperties"); ok && !described {
			all = append(all, more)
		}
	}
	return all
}

func propertyNames(parts []schema.Value) []string {
	var names []string
	for _, p := range parts {
		if properties, ok := p.Field("properties"); ok {
			for name := range properties.Fields() {
				if !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	return names
}

func requiredNames(parts []schema.Value) []string {
	var names []string
	for _, p := range parts {
		if list, ok := p.Field("required"); ok {
			for e := range list.Elements() {
				names = append(names, e.Text())
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// dependents are the members that others ask for.
func dependents(parts []schema.Value, o *members) []string {
	var names []string
	for _, p := range parts {
		if rules, ok := p.Field("dependentRequired"); ok {
			for name, list := range rules.Fields() {
				if o.text[name] != nil {
					for e := range list.Elements() {
						names = append(names, e.Text())
					}
				}
			}
		}
	}
	return names
}

func (o *members) json() []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, name := range o.names {
		if i > 0 {
			b.WriteString(", ")
		}
		b.Write(quoted(name))
		b.WriteString(": ")
		b.Write(o.text[name])
	}
	b.WriteByte('}')
	return b.Bytes()
}

// quoted is a JSON string. A schema's names and texts are UTF-8.
func quoted(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(fmt.Sprintf("example: internal error: %v", err))
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
