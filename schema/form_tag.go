package schema

import (
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"
)

// An addition is a keyword that a tag adds to a field's schema. The vocabulary is that of
// github.com/invopop/jsonschema.
type addition struct {
	keyword string
	value   []byte // JSON
	inside  bool   // about each element of the list
}

// takers says which kinds of values a word of a tag is about; None stands for all.
func takers(word string) (kinds []Kind, known bool) {
	switch word {
	case "title", "description", "default", "example", "enum", "required", "deprecated", "readOnly", "writeOnly":
		return []Kind{None}, true
	case "pattern", "format", "minLength", "maxLength", "mediaType":
		return []Kind{String}, true
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf":
		return []Kind{Number}, true
	case "minItems", "maxItems", "uniqueItems":
		return []Kind{Array}, true
	case "minProperties", "maxProperties":
		return []Kind{Object}, true
	}
	return nil, false
}

func tagWords() []string {
	return []string{"title", "description", "default", "example", "enum", "required", "deprecated", "readOnly", "writeOnly",
		"pattern", "format", "minLength", "maxLength", "mediaType", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
		"minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties"}
}

// unreadWord says why a word that others read isn't read here; "" for words that nobody knows.
func unreadWord(word string) string {
	switch word {
	case "-":
		return `a field that isn't in the schema but is decoded would be a way in; write json:"-"`
	case "nullable":
		return "make the field a pointer, which alone takes null"
	case "optional":
		return "write omitempty or omitzero in the json tag"
	case "type", "anchor", "oneof_required", "anyof_required", "oneof_ref", "anyof_ref", "oneof_type", "anyof_type":
		return "give the type a JSONSchema method, or the command a schema file"
	}
	return ""
}

// readRules reads the tags jsonschema and jsonschema_description of a field.
func readRules(tag reflect.StructTag, u use, required, written bool) (use, bool, error) {
	if _, ok := tag.Lookup("jsonschema_extras"); ok {
		return u, false, fmt.Errorf("schema: the tag jsonschema_extras isn't read here; write a schema file for what the tags can't say")
	}
	if !utf8.ValidString(string(tag)) {
		return u, false, fmt.Errorf("schema: the tags aren't UTF-8")
	}
	r := ruleReader{use: u, required: required, written: written, given: map[string]bool{}}
	for _, word := range splitTag(tag.Get("jsonschema")) {
		if err := r.read(word); err != nil {
			return u, false, fmt.Errorf("schema: jsonschema tag: %w", err)
		}
	}
	if text, ok := tag.Lookup("jsonschema_description"); ok {
		if err := r.set("description", jsonText(text), false); err != nil {
			return u, false, fmt.Errorf("schema: jsonschema_description tag: %w", err)
		}
	}
	for i, addition := range r.additions {
		if u.null && addition.keyword == "enum" && !addition.inside {
			r.additions[i].value = append(addition.value[:len(addition.value)-1], ",null]"...)
		}
	}
	if err := r.inOrder(); err != nil {
		return u, false, fmt.Errorf("schema: jsonschema tag: %w", err)
	}
	u.additions = r.additions
	if r.binary != nil {
		u = u.changed(r.binary)
	}
	return u, r.required, nil
}

// splitTag splits at commas; a backslash before one makes it part of the text.
func splitTag(tag string) []string {
	var words []string
	var word strings.Builder
	for i := 0; i < len(tag); i++ {
		switch {
		case tag[i] == '\\' && i+1 < len(tag) && tag[i+1] == ',':
			word.WriteByte(',')
			i++
		case tag[i] == ',':
			words = append(words, word.String())
			word.Reset()
		default:
			word.WriteByte(tag[i])
		}
	}
	if word.Len() > 0 || len(words) > 0 {
		words = append(words, word.String())
	}
	return words
}

type ruleReader struct {
	use       use
	required  bool
	written   bool // it is about what is written
	additions []addition
	binary    *bytesForm      // of bytes: what the tags make of it; nil if they say nothing
	given     map[string]bool // the words about bytes so far
}

func (r *ruleReader) read(text string) error {
	word, value, given := strings.Cut(text, "=")
	kinds, known := takers(word)
	if !known {
		if why := unreadWord(word); why != "" {
			return fmt.Errorf("%q isn't read here; %s", word, why)
		}
		if near := nearestOf(word, tagWords()); near != "" {
			return fmt.Errorf("unknown word %q; did you mean %q?", word, near)
		}
		return fmt.Errorf("unknown word %q; a comma inside a text is written \\\\, and a longer text goes into jsonschema_description; known are %s", word, strings.Join(tagWords(), ", "))
	}
	f, inside := r.use.of, false
	if f.kind == Array && !fits(kinds, Array) || f.kind == Array && word == "enum" {
		f, inside = f.items.of, true // about the elements
	}
	if f.binary != nil && (kinds[0] != None || word == "enum" || word == "default" || word == "example") {
		return r.ofBytes(word, value, f)
	}
	if word == "mediaType" {
		return fmt.Errorf("mediaType is for bytes, []byte or schema.Blob, and %v is %s in JSON", r.use.of.t, kindName(r.use.of.kind))
	}
	if !fits(kinds, f.kind) {
		return fmt.Errorf("%s is for %s, and %v is %s in JSON", word, kindNames(kinds), r.use.of.t, kindName(r.use.of.kind))
	}
	switch word {
	case "required", "deprecated", "readOnly", "writeOnly", "uniqueItems":
		if given && value != "true" {
			return fmt.Errorf("%s stands alone, or with =true; got %q", word, value)
		}
		if word == "required" {
			r.required = true
			return nil
		}
		return r.set(word, []byte("true"), false)
	}
	if !given || value == "" {
		return fmt.Errorf("%s needs a value: %s=…", word, word)
	}
	return r.valued(word, value, f, inside)
}
