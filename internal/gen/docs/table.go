package docs

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/gen/example"
	"github.com/sallyport/sallyport/schema"
)

// A Row is one value of a document: the whole, a member or an item.
type Row struct {
	Member      string `json:"member"` // "notes[].path"; "" is the whole
	Type        marked `json:"type"`
	Required    string `json:"required,omitempty"` // "yes" or "no"; left out of what is no member
	Constraints marked `json:"constraints,omitempty"`
	Description string `json:"description,omitempty"`
}

const (
	mostRows  = 200
	mostDepth = 8
	mostParts = 100
)

// A tabulator writes the rows of one schema. Texts for readers have code in
// the form of code(text).
type tabulator struct {
	root  schema.Value
	rows  []Row
	cut   bool
	begun []place // schemas that a $ref led to and that are under way
}

type place struct {
	schema schema.Value
	member string
}

func tabulate(root schema.Value) *Shape {
	t := &tabulator{root: root}
	parts := t.parts(root)
	title, description := prose(parts)
	t.begun = append(t.begun, place{root, ""})
	if !t.plainObject(parts) {
		t.add(Row{Type: marked(t.typeOf(parts)), Constraints: marked(strings.Join(t.constraints(parts), "; "))})
	}
	t.below("", parts, 0)
	more, ok := keyword(parts, "additionalProperties")
	return &Shape{
		Title: title, Description: description, Deprecated: flag(parts, "deprecated"), Rows: t.rows, Cut: t.cut,
		Closed: ok && more.Kind() == schema.Bool && !more.Bool() && t.plainObject(parts),
	}
}

// plainObject says that a whole is told by its members alone.
func (t *tabulator) plainObject(parts []schema.Value) bool {
	return t.typeOf(parts) == "object" && len(t.constraints(parts)) == 0
}

func (t *tabulator) add(r Row) bool {
	if len(t.rows) >= mostRows {
		t.cut = true
		return false
	}
	t.rows = append(t.rows, r)
	return true
}

// row adds a value and what it contains.
func (t *tabulator) row(member string, s schema.Value, required string, depth int) {
	before := len(t.begun)
	defer func() { t.begun = t.begun[:before] }()
	if at, again := t.again(s); again {
		t.add(Row{Member: member, Type: marked("as " + at), Required: required})
		return
	}
	parts := t.parts(s)
	_, description := prose(parts)
	if title, _ := prose(parts); title != "" {
		description = strings.TrimSpace(title + ". " + description)
	}
	r := Row{Member: member, Type: marked(t.typeOf(parts)), Required: required, Constraints: marked(strings.Join(t.constraints(parts), "; ")), Description: description}
	if required == "" && r.Constraints == "" && r.Description == "" && !t.contains(parts) {
		return // items of which their list has said all
	}
	if !t.add(r) {
		return
	}
	if ref, ok := s.Field("$ref"); ok {
		t.begun = append(t.begun, place{example.Target(t.root, ref.Text()), member})
	}
	if depth >= mostDepth {
		t.cut = t.cut || t.contains(parts)
		return
	}
	t.below(member, parts, depth+1)
}

// again finds where a schema that refers to itself began.
func (t *tabulator) again(s schema.Value) (string, bool) {
	ref, ok := s.Field("$ref")
	if !ok {
		return "", false
	}
	target := example.Target(t.root, ref.Text())
	for _, p := range t.begun {
		if p.schema == target {
			if p.member == "" {
				return "the whole", true
			}
			return code(p.member), true
		}
	}
	return "", false
}

// contains says that there is something below a value.
func (t *tabulator) contains(parts []schema.Value) bool {
	if isBytes(parts) {
		return false
	}
	for _, name := range []string{"properties", "patternProperties", "items", "prefixItems", "anyOf", "oneOf"} {
		if _, ok := keyword(parts, name); ok {
			return true
		}
	}
	more, ok := keyword(parts, "additionalProperties")
	return ok && more.Kind() == schema.Object
}

func (t *tabulator) below(member string, parts []schema.Value, depth int) {
	required := requiredNames(parts)
	for _, p := range parts {
		if !isBytes(parts) { // of which a row says all
			t.inside(member, p, required, depth)
		}
		t.forms(member, p, depth)
	}
}

// inside are the members and items that one schema describes.
func (t *tabulator) inside(member string, p schema.Value, required []string, depth int) {
	dot := member
	if member != "" {
		dot += "."
	}
	for name, s := range fields(p, "properties") {
		t.row(dot+name, s, map[bool]string{true: "yes", false: "no"}[slices.Contains(required, name)], depth)
	}
	for pattern, s := range fields(p, "patternProperties") {
		t.row(dot+"/"+pattern+"/", s, "no", depth)
	}
	if more, ok := p.Field("additionalProperties"); ok && more.Kind() == schema.Object {
		t.row(dot+"*", more, "no", depth)
	}
	if list, ok := p.Field("prefixItems"); ok {
		for i := range list.Len() {
			t.row(member+"["+strconv.Itoa(i)+"]", list.Index(i), "", depth)
		}
	}
	if items, ok := p.Field("items"); ok && items.Kind() == schema.Object {
		t.row(member+"[]", items, "", depth)
	}
}

// forms are the alternatives of a value, where they are more than a type's name.
func (t *tabulator) forms(member string, p schema.Value, depth int) {
	for _, name := range []string{"oneOf", "anyOf"} {
		list, ok := p.Field(name)
		if !ok {
			continue
		}
		for i := range list.Len() {
			t.row(form(member, i+1), list.Index(i), "", depth)
		}
	}
}

func form(member string, n int) string { return fmt.Sprintf("%s(%d)", member, n) }

// parts are the schemas that apply to one value together: a $ref's target, all of allOf.
func (t *tabulator) parts(s schema.Value) []schema.Value {
	var all []schema.Value
	var add func(s schema.Value)
	add = func(s schema.Value) {
		if s == nil || len(all) >= mostParts || slices.Contains(all, s) {
			return
		}
		all = append(all, s)
		if ref, ok := s.Field("$ref"); ok {
			add(example.Target(t.root, ref.Text()))
		}
		if list, ok := s.Field("allOf"); ok {
			for inner := range list.Elements() {
				add(inner)
			}
		}
	}
	add(s)
	return all
}

func keyword(parts []schema.Value, name string) (schema.Value, bool) {
	for _, p := range parts {
		if v, ok := p.Field(name); ok {
			return v, true
		}
	}
	return nil, false
}

func flag(parts []schema.Value, name string) bool {
	v, ok := keyword(parts, name)
	return ok && v.Bool()
}

// fields are the members of a keyword's object.
func fields(p schema.Value, name string) func(func(string, schema.Value) bool) {
	v, ok := p.Field(name)
	if !ok {
		return func(func(string, schema.Value) bool) {}
	}
	return v.Fields()
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
	return names
}

// prose is title and description: those nearest to the value.
func prose(parts []schema.Value) (title, description string) {
	if v, ok := keyword(parts, "title"); ok {
		title = strings.TrimSuffix(strings.TrimSpace(v.Text()), ".")
	}
	if v, ok := keyword(parts, "description"); ok {
		description = strings.TrimSpace(v.Text())
	}
	return title, description
}
