package typescript

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/schema"
)

// A definition is a schema that gets a type of its own: the whole of a file, or
// one that a $ref leads to.
type definition struct {
	file    *file
	pointer string
	schema  schema.Value
	t       typ
	kinds   kinds
	known   bool // kinds are
	name    string
}

// id tells definitions apart before they have names.
func (d *definition) id() string { return d.file.base + "#" + d.pointer }

// A file is one schema file on its way to types.
type file struct {
	base    string // its name, as errors and ids have it
	root    schema.Value
	defs    []*definition // the root first, then as they are met
	met     map[string]*definition
	anchors map[string]string // to pointers
	visits  int

	received bool // by the page
}

// readFile makes the types of a schema and of all that it refers to.
func readFile(base string, root schema.Value, received bool) (*file, error) {
	f := &file{base: base, root: root, received: received, met: map[string]*definition{}, anchors: map[string]string{}}
	f.findAnchors(root, "")
	f.definition("#")
	for i := 0; i < len(f.defs); i++ { // grows meanwhile
		d := f.defs[i]
		d.t = f.typeOf(d.schema)
	}
	for _, d := range f.defs {
		if d.leadsTo(d, map[*definition]bool{}) {
			return nil, fmt.Errorf("the schema at %q is defined by itself: its references come back to it without going into a member or an element", d.pointer)
		}
	}
	return f, nil
}

// leadsTo reports whether a definition's type is, in part, that of another.
// v5 finds most schemas that are so of themselves, and refuses them.
func (d *definition) leadsTo(other *definition, seen map[*definition]bool) bool {
	if seen[d] {
		return false
	}
	seen[d] = true
	for _, next := range parts(d.t) {
		if next == other || next.leadsTo(other, seen) {
			return true
		}
	}
	return false
}

// parts are the definitions that a type is made of, not those inside of it.
func parts(t typ) []*definition {
	var inner []typ
	switch t := t.(type) {
	case ref:
		return []*definition{t.to}
	case union:
		inner = t
	case intersection:
		inner = t
	}
	var out []*definition
	for _, t := range inner {
		out = append(out, parts(t)...)
	}
	return out
}

// definition returns what a $ref leads to.
func (f *file) definition(to string) *definition {
	pointer := strings.TrimPrefix(to, "#")
	if pointer != "" && !strings.HasPrefix(pointer, "/") {
		pointer = f.anchors[pointer]
	}
	if d, ok := f.met[pointer]; ok {
		return d
	}
	d := &definition{file: f, pointer: pointer, schema: f.at(pointer)}
	f.met[pointer] = d
	f.defs = append(f.defs, d)
	return d
}

// at follows a pointer that the schema's compiler has followed before.
func (f *file) at(pointer string) schema.Value {
	v := f.root
	if pointer == "" {
		return v
	}
	for token := range strings.SplitSeq(pointer[1:], "/") {
		name := strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
		next, ok := v.Field(name)
		if !ok {
			if i, err := strconv.Atoi(name); err == nil && v.Kind() == schema.Array {
				next = v.Index(i)
			}
		}
		if next == nil {
			panic(fmt.Sprintf("typescript: internal error: a compiled schema has nothing at %s", pointer))
		}
		v = next
	}
	return v
}

// findAnchors looks where schemas are, and not into values.
func (f *file) findAnchors(v schema.Value, pointer string) {
	if anchor, ok := v.Field("$anchor"); ok {
		f.anchors[anchor.Text()] = pointer
	}
	escape := strings.NewReplacer("~", "~0", "/", "~1").Replace
	for keyword, value := range v.Fields() {
		at := pointer + "/" + escape(keyword)
		switch keyword {
		case "additionalProperties", "propertyNames", "items", "contains", "not", "if", "then", "else",
			"unevaluatedItems", "unevaluatedProperties", "contentSchema":
			f.findAnchors(value, at)
		case "allOf", "anyOf", "oneOf", "prefixItems":
			for i := range value.Len() {
				f.findAnchors(value.Index(i), at+"/"+strconv.Itoa(i))
			}
		case "properties", "patternProperties", "dependentSchemas", "$defs", "definitions":
			for name, e := range value.Fields() {
				f.findAnchors(e, at+"/"+escape(name))
			}
		}
	}
}
