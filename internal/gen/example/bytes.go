package example

import (
	"regexp"
	"slices"
	"strconv"

	"github.com/sallyport/sallyport/schema"
)

// mostBytes is how large a section is made where the schema doesn't ask for more.
const mostBytes = 64 << 10

// mediaTypes are tried where the schema lists none.
func mediaTypes() []string {
	return []string{"application/octet-stream", "image/png", "text/plain", "application/json", "image/jpeg", "application/pdf", "audio/mpeg", "video/mp4"}
}

// isBytes reports whether nothing but an object fits that stands for a section:
// no other in a message has a member $bytes.
func isBytes(parts []schema.Value) bool { return slices.Contains(requiredNames(parts), "$bytes") }

// bytes makes an object that stands for a section.
func (m *Maker) bytes(parts []schema.Value, depth int) ([]byte, bool) {
	about := forMember(parts, "$bytes")
	size, ok := m.value(about, "$bytes", depth+1, true)
	if n, err := strconv.Atoi(string(size)); !ok || err != nil || n < 0 || n > mostBytes {
		modest := &Maker{salt: m.salt}
		if size, ok = modest.number(about, true); !ok || size[0] == '-' {
			return nil, false
		}
	}
	mediaType, ok := m.mediaType(forMember(parts, "type"), depth)
	if !ok {
		return nil, false
	}
	// A message has it in this one spelling.
	return slices.Concat([]byte(`{"$bytes":`), size, []byte(`,"type":`), mediaType, []byte(`}`)), true
}

func (m *Maker) mediaType(about []schema.Value, depth int) ([]byte, bool) {
	for _, keyword := range []string{"const", "enum", "examples", "default", "$ref", "allOf", "anyOf", "oneOf"} {
		if _, ok := field(about, keyword); ok {
			return m.value(about, "type", depth+1, true)
		}
	}
	known := mediaTypes()
	if v, ok := field(about, "pattern"); ok {
		if re, err := regexp.Compile(v.Text()); err == nil {
			known = slices.DeleteFunc(known, func(t string) bool { return !re.MatchString(t) })
		}
	}
	if len(known) == 0 {
		return nil, false
	}
	return quoted(known[m.Choose(len(known))]), true
}

// Sections makes the sections that go with a message's text: as many bytes, all
// zero, as each object asks for that stands for one. False says that one of them
// is none, or that they take more than most bytes together.
func Sections(text schema.Value, most int) ([]schema.Section, bool) {
	var all []schema.Section
	ok := gather(text, &most, &all)
	return all, ok
}

func gather(v schema.Value, left *int, all *[]schema.Section) bool {
	if size, ok := v.Field("$bytes"); ok {
		n, err := strconv.Atoi(string(size.Number()))
		mediaType, ok := v.Field("type")
		if err != nil || !ok || n < 0 || n > *left {
			return false
		}
		*left -= n
		*all = append(*all, schema.Section{Type: mediaType.Text(), Bytes: make([]byte, n)})
		return true
	}
	for e := range v.Elements() {
		if !gather(e, left, all) {
			return false
		}
	}
	for _, e := range v.Fields() {
		if !gather(e, left, all) {
			return false
		}
	}
	return true
}
