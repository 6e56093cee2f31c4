package typescript

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"

	"github.com/sallyport/sallyport/schema"
)

// comment writes lines as a JSDoc comment. The lines come from docOf, which has
// made them harmless.
func comment(lines []string, indent int) string {
	switch len(lines) {
	case 0:
		return ""
	case 1:
		return tab(indent) + "/** " + lines[0] + " */\n"
	}
	var b strings.Builder
	b.WriteString(tab(indent) + "/**\n")
	for _, line := range lines {
		b.WriteString(strings.TrimRight(tab(indent)+" * "+line, " ") + "\n")
	}
	b.WriteString(tab(indent) + " */\n")
	return b.String()
}

// proseOf is what a schema says in its author's words, and whether it is
// deprecated: what is said of a command as well as of its arguments.
func proseOf(v schema.Value) []string {
	var lines []string
	for _, keyword := range []string{"title", "description"} {
		if t, ok := v.Field(keyword); ok && strings.TrimSpace(t.Text()) != "" {
			if len(lines) > 0 {
				lines = append(lines, "")
			}
			lines = append(lines, prose(t.Text())...)
		}
	}
	if d, ok := v.Field("deprecated"); ok && d.Bool() {
		lines = append(lines, "@deprecated")
	}
	return lines
}

// docOf is proseOf and what TypeScript can't say of the values, as tags.
func docOf(v schema.Value) []string {
	lines := proseOf(v)
	if t, ok := v.Field("type"); ok && t.Text() == "integer" {
		lines = append(lines, "@asType integer")
	}
	for _, keyword := range []string{
		"format", "pattern", "minLength", "maxLength", "contentEncoding", "contentMediaType",
		"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf",
		"minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "default",
	} {
		if value, ok := v.Field(keyword); ok {
			lines = append(lines, tag(keyword, value))
		}
	}
	if examples, ok := v.Field("examples"); ok {
		for e := range examples.Elements() {
			lines = append(lines, tag("example", e))
		}
	}
	return lines
}

// longest is how much of a value a comment shows, in bytes.
const longest = 200

func tag(name string, v schema.Value) string {
	value := v.Text()
	if v.Kind() != schema.String || name == "default" || name == "example" {
		var compact bytes.Buffer
		if err := json.Compact(&compact, v.AppendJSON(nil)); err != nil {
			panic("typescript: internal error: a parsed value is no JSON")
		}
		value = compact.String()
	}
	if len(value) > longest {
		value = strings.ToValidUTF8(value[:longest], "") + "…"
	}
	return "@" + name + " " + harmless(value)
}

// prose is an author's text as lines of a comment.
func prose(text string) []string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n", "\u0085", "\n").Replace(text)
	var lines []string
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		lines = append(lines, withoutTag(harmless(line)))
	}
	return lines
}

// harmless keeps text inside its comment: no end of one, nothing that can't be
// seen, and nothing that turns letters around.
func harmless(text string) string {
	var b strings.Builder
	for _, r := range strings.ReplaceAll(text, "\t", "  ") {
		b.WriteString(visible(r))
	}
	return strings.TrimRightFunc(strings.ReplaceAll(b.String(), "*/", `*\/`), unicode.IsSpace)
}

// withoutTag keeps a line from being read as a tag, and so from marking
// something as deprecated, or from telling the compiler to look away.
func withoutTag(line string) string {
	start := strings.TrimLeft(line, " */")
	if strings.HasPrefix(start, "@") {
		return line[:len(line)-len(start)] + `\` + start
	}
	return line
}
