package example

import (
	"bytes"
	"slices"

	"github.com/sallyport/sallyport/schema"
)

// most items that are made, whatever a schema asks for.
const mostItems = 1000

func (m *Maker) array(parts []schema.Value, hint string, depth int) ([]byte, bool) {
	least, most := count(parts, "minItems", true, 0), count(parts, "maxItems", false, mostItems)
	if least > min(most, mostItems) || count(parts, "minContains", true, 0) > mostItems {
		return nil, false
	}
	wanted := least
	if most > least && depth < m.Depth && least == 0 {
		wanted = 1
		if !m.Full {
			wanted = least + m.Choose(min(most-least, 4)+1)
		}
	}
	if prefix, ok := field(parts, "prefixItems"); ok && depth < m.Depth {
		wanted = max(wanted, min(prefix.Len(), most))
	}
	unique, _ := field(parts, "uniqueItems")
	salt := m.salt
	defer func() { m.salt = salt }()
	var items [][]byte
	for tries := 0; len(items) < min(wanted, mostItems) && tries < 2*mostItems; tries++ {
		text, ok := m.value(forItem(parts, len(items)), singular(hint), depth+1, len(items) < least)
		if !ok {
			break
		}
		if unique != nil && unique.Bool() && slices.ContainsFunc(items, func(other []byte) bool { return bytes.Equal(other, text) }) {
			m.salt++
			continue
		}
		items = append(items, text)
		m.salt++
	}
	if s, ok := field(parts, "contains"); ok {
		m.contain(&items, parts, s, depth, most)
	}
	if len(items) < least {
		return nil, false
	}
	return append(append([]byte("["), bytes.Join(items, []byte(", "))...), ']'), true
}

// contain puts items of the wanted kind at the end, in place of others if there is no room.
func (m *Maker) contain(items *[][]byte, parts []schema.Value, s schema.Value, depth, most int) {
	for range count(parts, "minContains", true, 1) {
		at := len(*items)
		if at >= most && at > 0 {
			at--
		}
		text, ok := m.value(append(forItem(parts, at), s), "item", depth+1, true)
		if !ok {
			return
		}
		m.salt++
		*items = append((*items)[:at], text)
		most = max(most, at) // the next one takes another's place
	}
}

// forItem are the schemas that apply to item i.
func forItem(parts []schema.Value, i int) []schema.Value {
	var all []schema.Value
	for _, p := range parts {
		if prefix, ok := p.Field("prefixItems"); ok && i < prefix.Len() {
			all = append(all, prefix.Index(i))
		} else if s, ok := p.Field("items"); ok {
			all = append(all, s)
		}
	}
	return all
}

// count is a bound of the schemas: of several the largest, or the smallest.
func count(parts []schema.Value, keyword string, largest bool, otherwise int) int {
	bound, found := otherwise, false
	for _, p := range parts {
		v, ok := p.Field(keyword)
		if !ok {
			continue
		}
		n := number(string(v.Number()))
		if !found || largest && n > bound || !largest && n < bound {
			bound, found = n, true
		}
	}
	return bound
}

// singular is what an item of something called so may be called.
func singular(name string) string {
	if n := len(name); n > 3 && name[n-1] == 's' && name[n-2] != 's' {
		return name[:n-1]
	}
	return name
}
