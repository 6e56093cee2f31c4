package docs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/schema"
)

// isBytes reports whether schemas take bytes alone: in a message no other object
// has a member $bytes.
func isBytes(parts []schema.Value) bool { return slices.Contains(requiredNames(parts), "$bytes") }

// aboutMember are the schemas of a member that properties describe.
func (t *tabulator) aboutMember(parts []schema.Value, name string) []schema.Value {
	var all []schema.Value
	for _, p := range parts {
		if properties, ok := p.Field("properties"); ok {
			if s, ok := properties.Field(name); ok {
				all = append(all, t.parts(s)...)
			}
		}
	}
	return all
}

// ofBytes says of bytes how many they are, and of which media types.
func (t *tabulator) ofBytes(parts []schema.Value) []string {
	var all []string
	for _, p := range t.aboutMember(parts, "$bytes") {
		for name, v := range p.Fields() {
			n := string(v.Number())
			switch name {
			case "minimum":
				if n != "0" {
					all = append(all, "at least "+size(n))
				}
			case "maximum":
				all = append(all, "at most "+size(n))
			case "exclusiveMinimum":
				all = append(all, "more than "+size(n))
			case "exclusiveMaximum":
				all = append(all, "less than "+size(n))
			case "const":
				all = append(all, "exactly "+size(n))
			}
		}
	}
	about := t.aboutMember(parts, "type")
	var types []string
	if v, ok := keyword(about, "const"); ok {
		types = append(types, code(v.Text()))
	} else if list, ok := keyword(about, "enum"); ok {
		for e := range list.Elements() {
			types = append(types, code(e.Text()))
		}
	}
	if types != nil {
		all = append(all, "of "+either(types))
	}
	if v, ok := keyword(about, "pattern"); ok {
		all = append(all, "of a type that matches "+code(v.Text()))
	}
	return all
}

// size is a number of bytes, in the largest unit that it is a whole number of.
func size(n string) string {
	whole, err := strconv.ParseInt(n, 10, 64)
	if err != nil || whole == 0 {
		return counted(n, "byte")
	}
	unit := ""
	for _, next := range []string{"KiB", "MiB", "GiB"} {
		if whole%1024 != 0 {
			break
		}
		whole, unit = whole/1024, next
	}
	if unit == "" {
		return counted(n, "byte")
	}
	return fmt.Sprintf("%d %s", whole, unit)
}

// inTypeScript writes an example as a page does: with bytes where the text has
// what stands for them.
func inTypeScript(example json.RawMessage) string {
	v, err := schema.Parse(example, schema.Limits{})
	if err != nil || !bytes.Contains(example, []byte(`"$bytes"`)) {
		return string(example)
	}
	var found []schema.Value
	findBytes(v, &found)
	text := string(example)
	for _, v := range found {
		text = strings.Replace(text, string(v.AppendJSON(nil)), bytesCall(v), 1)
	}
	return text
}

func findBytes(v schema.Value, found *[]schema.Value) {
	size, ok := v.Field("$bytes")
	mediaType, typed := v.Field("type")
	if ok && typed && size.Kind() == schema.Number && mediaType.Kind() == schema.String {
		*found = append(*found, v)
		return
	}
	for e := range v.Elements() {
		findBytes(e, found)
	}
	for _, e := range v.Fields() {
		findBytes(e, found)
	}
}

func bytesCall(v schema.Value) string {
	size, _ := v.Field("$bytes")
	mediaType, _ := v.Field("type")
	array := "new Uint8Array(" + string(size.Number()) + ")"
	if mediaType.Text() == "application/octet-stream" {
		return array
	}
	return "new Blob([" + array + "], { type: " + string(mediaType.AppendJSON(nil)) + " })"
}
