package schema

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// Invalid says that a value breaks its schema. The texts are made from the schema alone and hold
// nothing of the value, so they may be logged and shown.
type Invalid struct {
	Pointer  string // JSON Pointer to the value; "*" for a member name the schema doesn't mention
	Keyword  string // the keyword that refused it, for instance "maxLength"
	Expected string // what the schema wants there, in words

	// Offset is where the value begins in the document that it was parsed from, in bytes; where
	// a member is one too many, that member. It leads whoever holds the document to its text.
	Offset int
}

// Error implements error.
func (e *Invalid) Error() string {
	at := e.Pointer
	if at == "" {
		at = "the value itself"
	}
	return fmt.Sprintf("schema: %s: %s: expected %s", at, e.Keyword, e.Expected)
}

// A finding is one thing that v5 found wrong.
type finding struct {
	value   Value  // where
	pointer string // how to say it
	keyword string
	rule    Value  // the keyword's value in the schema
	parent  Value  // the schema object that the keyword is in
	path    string // in the schema, to order findings
	rank    int
}

// explain turns v5's tree of errors, whose order depends on Go's maps and whose words
// quote the value, into the one error that stands first in the document.
func (c *contract) explain(v Value, root *jsonschema.ValidationError) error {
	e := explanation{contract: c, value: v, members: map[Value]map[string]Value{}}
	e.collect(root)
	return &Invalid{
		Pointer: e.first.pointer, Keyword: e.first.keyword, Expected: c.expected(*e.first),
		Offset: offset(e.first.culprit()),
	}
}

// culprit is the value itself or the first of its members that is one too many.
func (f *finding) culprit() Value {
	if f.keyword != "additionalProperties" || f.rule == nil || f.rule.Kind() != Bool || f.value.Kind() != Object {
		return f.value
	}
	properties, _ := f.parent.Field("properties")
	_, patterns := f.parent.Field("patternProperties")
	if patterns {
		return f.value // to tell takes work that a page could multiply
	}
	for name, member := range f.value.Fields() {
		if properties == nil {
			return member
		}
		if _, ok := properties.Field(name); !ok {
			return member
		}
	}
	return f.value
}

// An explanation is the search for the first finding of many.
type explanation struct {
	contract *contract
	value    Value
	members  map[Value]map[string]Value // of large objects, to find many by name
	first    *finding
}

// collect descends to the errors that are a reason in themselves. A choice (anyOf, oneOf,
// not) is one: what its branches dislike explains nothing by itself.
func (e *explanation) collect(v *jsonschema.ValidationError) {
	_, location, _ := strings.Cut(v.AbsoluteKeywordLocation, "#")
	keyword := location[strings.LastIndexByte(location, '/')+1:]
	choice := v.Message != "" && (keyword == "anyOf" || keyword == "oneOf" || keyword == "not" ||
		keyword == "minContains" || keyword == "maxContains")
	if len(v.Causes) > 0 && !choice {
		for _, cause := range v.Causes {
			e.collect(cause)
		}
		return
	}
	f := finding{path: location}
	f.value, f.pointer = e.locate(v.InstanceLocation)
	if f.value == nil {
		f.value, f.rank = e.value, 1 // v5's pointer leads nowhere: a last resort
	}
	if e.first == nil || cmp.Or(
		cmp.Compare(f.rank, e.first.rank),
		cmp.Compare(offset(f.value), offset(e.first.value)),
		cmp.Compare(f.pointer, e.first.pointer),
		cmp.Compare(f.path, e.first.path),
	) < 0 {
		f.parent, f.rule, f.keyword = e.contract.rule(location)
		e.first = &f
	}
}

// rule finds a keyword's location in the schema. A schema that is just "false" has no
// keyword of its own: then it is the keyword that led to it.
func (c *contract) rule(location string) (parent, rule Value, keyword string) {
	parent, rule = c.doc, c.doc
	keyword = "false"
	inside := one // what the value reached so far is: a schema, or several, or neither
	for _, t := range strings.Split(location, "/")[1:] {
		name := untoken(t)
		next := step(rule, name)
		if next == nil && inside == one && name == "minContains" {
			name = "contains" // which wants one item at least
			next = step(rule, name)
		}
		if next == nil {
			break
		}
		switch inside {
		case one:
			parent, keyword = rule, written(name)
			inside, _ = shapeOf(name)
		case list, named:
			inside = one
		}
		rule = next
	}
	return parent, rule, keyword
}

// locate follows v5's pointer through the value and renders it with names the schema knows.
func (e *explanation) locate(pointer string) (Value, string) {
	v := e.value
	var b strings.Builder
	if pointer == "" {
		return v, ""
	}
	for _, t := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
		name := untoken(t)
		next := e.step(v, name)
		if next == nil {
			return nil, b.String()
		}
		b.WriteByte('/')
		b.WriteString(token(name, v.Kind() == Array || e.contract.known[name]))
		v = next
	}
	return v, b.String()
}

// step is the other step, quicker from the second time on.
func (e *explanation) step(v Value, name string) Value {
	if v.Kind() != Object || v.Len() < 32 {
		return step(v, name)
	}
	if e.members[v] == nil {
		e.members[v] = make(map[string]Value, v.Len())
		for name, member := range v.Fields() {
			e.members[v][name] = member
		}
	}
	return e.members[v][name]
}

// walk is locate for the developer's own file: it keeps every name.
func walk(v Value, pointer string) (Value, bool) {
	for _, t := range strings.Split(pointer, "/")[1:] {
		next := step(v, untoken(t))
		if next == nil {
			return v, false
		}
		v = next
	}
	return v, true
}

// step goes one token down, nil where there is nothing.
func step(v Value, name string) Value {
	if v.Kind() == Array {
		i, err := strconv.Atoi(name)
		if err != nil {
			return nil
		}
		return v.Index(i)
	}
	next, ok := v.Field(name)
	if !ok {
		return nil
	}
	return next
}

// token renders one step of a pointer; a name that isn't safe becomes "*".
func token(name string, safe bool) string {
	if !safe {
		return "*"
	}
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

// untoken undoes v5's escaping, which is JSON Pointer's and then a URL's.
func untoken(t string) string {
	if plain, err := url.PathUnescape(t); err == nil {
		t = plain
	}
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(t)
}

// deepest returns the first error that has no cause.
func deepest(e *jsonschema.ValidationError) *jsonschema.ValidationError {
	for len(e.Causes) > 0 {
		e = e.Causes[0]
	}
	return e
}

// onOneLine is a schema's value without the space that its file has around it.
func onOneLine(v Value) string {
	text := v.AppendJSON(nil)
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil {
		return string(text)
	}
	return b.String()
}

// expected says in words what a keyword wants. Its text is all the schema's.
func (c *contract) expected(f finding) string {
	rule := shorten(onOneLine(f.rule), 160)
	switch f.keyword {
	case "type":
		return strings.NewReplacer(`"`, "", "[", "", "]", "", ",", " or ").Replace(rule)
	case "enum":
		return "one of " + rule
	case "const":
		return "exactly " + rule
	case "format":
		return "a string of format " + rule
	case "pattern":
		if written, ok := c.words[f.rule.Text()]; ok {
			rule = shorten(strconv.Quote(written), 160)
		}
		return "a string that matches " + rule
	case "minLength":
		return "at least " + soMany(rule, "character")
	case "maxLength":
		return "at most " + soMany(rule, "character")
	case "minItems":
		return "at least " + soMany(rule, "item")
	case "maxItems":
		return "at most " + soMany(rule, "item")
	case "minProperties":
		return "at least " + soMany(rule, "member")
	case "maxProperties":
		return "at most " + soMany(rule, "member")
	case "minimum":
		return "a number of at least " + rule
	case "maximum":
		return "a number of at most " + rule
	case "exclusiveMinimum":
		return "a number above " + rule
	case "exclusiveMaximum":
		return "a number below " + rule
	case "multipleOf":
		return "a multiple of " + rule
	case "uniqueItems":
		return "items that all differ"
	case "required", "dependentRequired":
		return "the member " + missing(f)
	case "additionalProperties", "unevaluatedProperties":
		return "no members but " + members(f.parent)
	case "propertyNames":
		return "member names that fit the schema"
	case "items", "unevaluatedItems":
		return "no further items"
	case "contains", "minContains", "maxContains":
		return "the right number of items of the kind that contains describes"
	case "anyOf":
		return "a value that fits at least one of the alternatives"
	case "oneOf":
		return "a value that fits exactly one of the alternatives"
	case "not":
		return "a value that doesn't fit the schema under not"
	}
	return "no such value"
}

// soMany is a count of things, in words.
func soMany(n, what string) string {
	if n == "1" {
		return n + " " + what
	}
	return n + " " + what + "s"
}

// missing names the first required member that the value lacks.
func missing(f finding) string {
	if f.rule.Kind() == String { // v5 points at the very name under dependentRequired
		return quote(f.rule.Text())
	}
	for e := range f.rule.Elements() {
		if _, ok := f.value.Field(e.Text()); !ok {
			return quote(e.Text())
		}
	}
	return "that the schema requires"
}

// members lists the members that a schema names.
func members(schema Value) string {
	var names []string
	if properties, ok := schema.Field("properties"); ok {
		for name := range properties.Fields() {
			names = append(names, quote(name))
		}
	}
	if len(names) == 0 {
		return "those the schema describes"
	}
	return shorten(strings.Join(names, ", "), 160)
}

func quote(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		return `"?"`
	}
	return string(text)
}

// shorten cuts a text of the schema to a bearable length, between characters.
func shorten(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit] + "…"
}
