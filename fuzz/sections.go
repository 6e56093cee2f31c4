package fuzz

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/gen/example"
	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/schema"
)

// maxBinary bounds the raw bytes of one call. Schemas that ask for more get none.
const maxBinary = 1 << 20

// sectionsFor makes the raw sections that arguments ask for, of the canary's bytes.
func sectionsFor(n *node) []isolation.Section {
	v, err := schema.Parse([]byte(n.String()), schema.Limits{Size: 64 << 20, Nodes: 1 << 20})
	if err != nil {
		return nil
	}
	made, ok := example.Sections(v, maxBinary)
	if !ok || len(made) > isolation.MaxSections {
		return nil
	}
	sections := make([]isolation.Section, len(made))
	for i, s := range made {
		if !isolation.ValidMediaType(s.Type) { // no item can hold that
			return nil
		}
		for at := range s.Bytes {
			s.Bytes[at] = canary[at%len(canary)]
		}
		sections[i] = isolation.Section(s)
	}
	return sections
}

// placeholder is what stands for a section in arguments.
func placeholder(size int, media string) *node {
	return &node{object: true, members: []member{{quoted("$bytes"), leaf(size)}, {quoted("type"), leaf(media)}}}
}

// withBytes puts bytes where none may be expected.
func withBytes(n *node, c *choices) {
	all := n.all()
	*all[c.below(len(all))] = *placeholder(c.below(40), mediaTypes[c.below(len(mediaTypes))])
}

var mediaTypes = []string{"application/octet-stream", "image/png", "x/y", "0/a!#$&-^_.+"}

// A liar is one way to send sections that are not what the text says. They all
// follow the grammar of items.
type liar struct {
	name string
	lie  func(s []isolation.Section, c *choices) []isolation.Section
}

var liars = []liar{
	{"a section more", func(s []isolation.Section, c *choices) []isolation.Section {
		extra := isolation.Section{Type: mediaTypes[c.below(len(mediaTypes))], Bytes: []byte(canary)}
		return slices.Insert(s, c.below(len(s)+1), extra)
	}},
	{"a section less", inSection(func(s []isolation.Section, at int) []isolation.Section { return slices.Delete(s, at, at+1) })},
	{"a section twice", inSection(func(s []isolation.Section, at int) []isolation.Section { return slices.Insert(s, at, s[at]) })},
	{"a byte more", inSection(func(s []isolation.Section, at int) []isolation.Section {
		s[at].Bytes = append(bytes.Clone(s[at].Bytes), 0)
		return s
	})},
	{"a byte less", inSection(func(s []isolation.Section, at int) []isolation.Section {
		s[at].Bytes = s[at].Bytes[:max(len(s[at].Bytes)-1, 0)]
		return s
	})},
	{"another media type", inSection(func(s []isolation.Section, at int) []isolation.Section {
		s[at].Type = "x/" + strings.ToLower(canary)
		return s
	})},
	{"the first section last", inSection(func(s []isolation.Section, _ int) []isolation.Section { return append(s[1:], s[0]) })},
	{"as many sections as there may be", func(s []isolation.Section, _ *choices) []isolation.Section {
		for len(s) < isolation.MaxSections {
			s = append(s, isolation.Section{Type: "x/y"})
		}
		return s
	}},
}

func inSection(change func(s []isolation.Section, at int) []isolation.Section) func([]isolation.Section, *choices) []isolation.Section {
	return func(s []isolation.Section, c *choices) []isolation.Section {
		if len(s) == 0 {
			return []isolation.Section{{Type: "x/y", Bytes: []byte(canary)}}
		}
		return change(s, c.below(len(s)))
	}
}

// seenSections are those of a request, in the order of its text.
func seenSections(v schema.Value) (all []isolation.Section) {
	if data, media, ok := v.Bytes(); ok {
		return []isolation.Section{{Type: media, Bytes: bytes.Clone(data)}}
	}
	for e := range v.Elements() {
		all = append(all, seenSections(e)...)
	}
	for _, e := range v.Fields() {
		all = append(all, seenSections(e)...)
	}
	return all
}

// checkSections compares the sections that a handler got with those that were sent,
// and both with the text, by another reader than the core's.
func checkSections(text string, sent, got []isolation.Section) error {
	stand, err := standing(text)
	if err != nil {
		return err
	}
	if len(stand) != len(sent) || len(got) != len(sent) {
		return fmt.Errorf("%d sections were sent for %d places in it, and its handler got %d", len(sent), len(stand), len(got))
	}
	for i, members := range stand {
		size, media := members["$bytes"], members["type"]
		switch {
		case len(members) != 2 || size != json.Number(strconv.Itoa(len(sent[i].Bytes))) || media != sent[i].Type:
			return fmt.Errorf("section %d of %d bytes is not what stands for it (%v of %v), and its handler ran", i, len(sent[i].Bytes), size, media)
		case got[i].Type != sent[i].Type || !bytes.Equal(got[i].Bytes, sent[i].Bytes):
			return fmt.Errorf("its handler got another section %d", i)
		}
	}
	return nil
}

// standing are the objects with a member $bytes, in the order in which they begin.
func standing(text string) ([]map[string]any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var found []map[string]any
	_, err := readValue(d, &found)
	return found, err
}

// readValue returns a scalar, or nil for a container, having noted what it holds.
func readValue(d *json.Decoder, found *[]map[string]any) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	if t != json.Delim('{') && t != json.Delim('[') {
		return t, nil
	}
	at, members := len(*found), map[string]any{}
	for d.More() {
		var name any
		if t == json.Delim('{') {
			if name, err = d.Token(); err != nil {
				return nil, err
			}
		}
		value, err := readValue(d, found)
		if err != nil {
			return nil, err
		}
		if name, ok := name.(string); ok {
			members[name] = value
		}
	}
	if _, ok := members["$bytes"]; ok {
		*found = slices.Insert(*found, at, members)
	}
	_, err = d.Token() // its end
	return nil, err
}
