package schema

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// draft is the only dialect; a trailing "#" is the same one.
const draft = "https://json-schema.org/draft/2020-12/schema"

// A lint reads a schema before v5 does and refuses all that v5 would let pass in silence
// or judge wrongly. On the way it collects what the contract needs to know.
type lint struct {
	doc      Value
	known    map[string]bool   // member names that the schema mentions
	words    map[string]string // translated pattern to pattern as written
	patterns map[string]string // the other way round
	schemas  map[string]Value  // all schemas in the file by their pointers
	order    []string          // those pointers, as they stand in the file
	anchors  map[string]Value
	refs     []Value
	largest  int  // instructions of a pattern
	names    int  // instructions of all patterns for member names
	nested   int  // schemas inside one another, for one value
	full     bool // there are more than maxSchemas
	faults   []error
}

// A lintError says what is wrong with a schema file, and where.
type lintError struct {
	offset  int
	pointer string
	problem string
}

func (e *lintError) Error() string {
	if e.pointer == "" {
		return e.problem
	}
	return e.problem + " (at " + e.pointer + ")"
}

func newLint(doc Value) *lint {
	return &lint{
		doc: doc, known: map[string]bool{}, words: map[string]string{}, patterns: map[string]string{},
		schemas: map[string]Value{}, anchors: map[string]Value{},
	}
}

// run returns all that is wrong, at most one thing for each keyword. References come after all
// else: only then are all schemas known that one may lead to.
func (l *lint) run() []error {
	l.note(l.schema(l.doc, ""))
	if len(l.faults) > 0 {
		return l.faults
	}
	for _, ref := range l.refs {
		l.note(l.ref(ref))
	}
	if len(l.faults) == 0 {
		l.note(l.loops())
	}
	return l.faults
}

// maxFaults bounds what is said of one file: the rest is for the next run.
const maxFaults = 100

// maxSchemas bounds the schemas of one file. v5 goes through all of them for each $ref, when the
// program starts and again for every further judge: 5,000 take it half a second, 100,000 minutes.
const maxSchemas = 5_000

// note keeps what is wrong and lets the lint go on.
func (l *lint) note(err error) {
	if err != nil {
		l.faults = append(l.faults, err)
	}
}

func (l *lint) schema(v Value, pointer string) error {
	if len(l.order) >= maxSchemas {
		if l.full {
			return nil // once is enough
		}
		l.full = true
		return refuse(v, pointer, "more than %d schemas in one file, true and false included; write it shorter, or split the command", maxSchemas)
	}
	l.schemas[pointer] = v
	l.order = append(l.order, pointer)
	if v.Kind() == Bool {
		return nil
	}
	if v.Kind() != Object {
		if v.Kind() == Array && strings.HasSuffix(pointer, "/items") {
			return refuse(v, pointer, "a schema must be an object, true or false; a list of them, one for each item, is prefixItems")
		}
		return refuse(v, pointer, "a schema must be an object, true or false")
	}
	for name, value := range v.Fields() {
		if len(l.faults) >= maxFaults {
			break
		}
		l.note(l.member(v, name, value, pointer))
	}
	return nil
}

// member checks one keyword of a schema, and the schemas inside it.
func (l *lint) member(schema Value, name string, value Value, pointer string) error {
	at := pointer + "/" + token(name, true)
	if reason := refusal(name); reason != "" {
		return refuse(value, at, "the keyword %q is refused: %s", name, reason)
	}
	s, ok := shapeOf(name)
	if !ok {
		if near := nearest(name); near != "" {
			return refuse(value, at, "unknown keyword %q; did you mean %q?", name, near)
		}
		return refuse(value, at, "unknown keyword %q; annotations of your own must begin with \"x-\"", name)
	}
	if err := l.keyword(schema, name, value, pointer, at); err != nil {
		return err
	}
	if err := l.value(name, value, at); err != nil {
		return err
	}
	if err := alone(schema, name, value, at); err != nil {
		return err
	}
	return l.inside(s, name, value, at)
}

// inside visits the schemas that a keyword holds.
func (l *lint) inside(s shape, name string, v Value, at string) error {
	switch s {
	case one:
		return l.schema(v, at)
	case list:
		if v.Kind() != Array || v.Len() == 0 {
			return refuse(v, at, "%q must be an array with at least one schema", name)
		}
		i := 0
		for e := range v.Elements() {
			if err := l.schema(e, at+"/"+strconv.Itoa(i)); err != nil {
				return err
			}
			i++
		}
	case named:
		if v.Kind() != Object {
			return refuse(v, at, "%q must be an object of schemas", name)
		}
		same := map[string]bool{}
		for member, e := range v.Fields() {
			inner := at + "/" + token(member, true)
			switch name {
			case "patternProperties":
				if err := l.pattern(e, member, inner); err != nil {
					return err
				}
				if same[l.patterns[member]] {
					return refuse(e, inner, "two patterns that mean the same; put their schemas under one, in an allOf")
				}
				same[l.patterns[member]] = true
				l.names += instructions(l.patterns[member])
			case "properties", "dependentSchemas":
				l.known[member] = true
			}
			if err := l.schema(e, inner); err != nil {
				return err
			}
		}
	}
	return nil
}

// keyword checks the keywords whose value v5 doesn't check, or takes too lightly.
func (l *lint) keyword(schema Value, name string, v Value, pointer, at string) error {
	switch name {
	case "$schema":
		if pointer != "" {
			return refuse(v, at, "$schema belongs at the top of the file")
		}
		if strings.TrimSuffix(v.Text(), "#") != draft {
			return refuse(v, at, "$schema must be %q; no other draft is read", draft)
		}
	case "$id":
		if pointer != "" {
			return refuse(v, at, "$id inside a schema changes what every $ref below it means; leave it out")
		}
		if v.Kind() != String || !isURI(v.Text(), true, false) || strings.Contains(strings.TrimSuffix(v.Text(), "#"), "#") {
			return refuse(v, at, "$id must be a URI without a fragment")
		}
	case "$anchor":
		if !plainName(v.Text()) || strings.Contains("0123456789.-", v.Text()[:1]) {
			return refuse(v, at, "$anchor must be a name of letters, digits, '.', '-' and '_' that begins with a letter or '_'")
		}
		if l.anchors[v.Text()] != nil {
			return refuse(v, at, "a second $anchor of this name")
		}
		l.anchors[v.Text()] = schema
	case "$ref":
		l.refs = append(l.refs, v)
	case "enum":
		if v.Kind() != Array || v.Len() == 0 {
			return refuse(v, at, "enum must list at least one value; an empty one would accept everything")
		}
	case "required":
		for e := range v.Elements() {
			l.known[e.Text()] = true
		}
	case "dependentRequired":
		for member, names := range v.Fields() {
			l.known[member] = true
			for e := range names.Elements() {
				l.known[e.Text()] = true
			}
		}
	case "format":
		if v.Kind() != String || formats()[v.Text()] == nil {
			return refuse(v, at, "unknown format %q; known are %s", v.Text(), strings.Join(formatNames(), ", "))
		}
	case "pattern":
		if v.Kind() != String {
			return refuse(v, at, "pattern must be a string")
		}
		if err := l.pattern(v, v.Text(), at); err != nil {
			return err
		}
		l.largest = max(l.largest, instructions(l.patterns[v.Text()]))
	}
	if countKeyword(name) {
		if n, err := integer(string(v.Number())); err != nil || n < 0 || n > 1<<31-1 {
			return refuse(v, at, "%q must be a whole number from 0 to 2147483647", name)
		}
	}
	return nil
}

// pattern translates a regular expression and remembers both forms.
func (l *lint) pattern(v Value, written, at string) error {
	p := readPattern(written)
	if p.err != nil {
		return refuse(v, at, "the pattern %s isn't a regular expression of ECMA-262: %v", strconv.Quote(shorten(written, 100)), p.err)
	}
	if p.differs != nil {
		return refuse(v, at, "the pattern %s means something else here than in ECMA-262: %v", strconv.Quote(shorten(written, 100)), p.differs)
	}
	if _, err := regexp.Compile(p.text); err != nil {
		return refuse(v, at, "the pattern %s is too large: repeat less, and bound the length with maxLength", strconv.Quote(shorten(written, 100)))
	}
	l.words[p.text] = written
	l.patterns[written] = p.text
	return nil
}

// ref lets a $ref lead only to a schema of the same file that this lint has read.
func (l *lint) ref(v Value) error {
	target, local := strings.CutPrefix(v.Text(), "#")
	if v.Kind() != String || !local {
		return refuse(v, "", "$ref %q leaves the file; remote and file references are refused, copy the schema into $defs and write \"#/$defs/…\"", shorten(v.Text(), 100))
	}
	if target == "" {
		return nil
	}
	if !strings.HasPrefix(target, "/") {
		if l.anchors[target] == nil {
			return refuse(v, "", "$ref %q names no $anchor of this file", shorten(v.Text(), 100))
		}
		return nil
	}
	for _, name := range strings.Split(target[1:], "/") {
		// v5 undoes three layers of escaping here; nobody has to know which.
		if !plainName(strings.NewReplacer("$", "", "~0", "", "~1", "").Replace(name) + "x") {
			return refuse(v, "", "$ref %q: use letters, digits, '.', '-', '_' and '$' in the names it passes", shorten(v.Text(), 100))
		}
	}
	if l.schemas[target] == nil {
		return refuse(v, "", "$ref %q leads to no schema of this file", shorten(v.Text(), 100))
	}
	return nil
}

func plainName(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == ""
}

// translated writes the schema as v5 gets it: patterns in RE2's words, pattern, enum,
// const and uniqueItems under our own names, no annotations of the author's, and no $id, since with nothing but local
// references it could only mislead.
func (l *lint) translated() []byte { return l.write(nil, l.doc, true) }

func (l *lint) write(dst []byte, v Value, top bool) []byte {
	if v.Kind() != Object {
		return v.AppendJSON(dst)
	}
	dst = append(dst, '{')
	first := true
	for name, value := range v.Fields() {
		if top && name == "$id" || strings.HasPrefix(name, "x-") {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		s, _ := shapeOf(name)
		dst = append(append(dst, quote(translatedKeyword(name))...), ':')
		switch {
		case name == "pattern":
			dst = append(dst, quote(l.patterns[value.Text()])...)
		case s == one:
			dst = l.write(dst, value, false)
		case s == list || s == named:
			dst = l.writeAll(dst, name, value)
		default:
			dst = value.AppendJSON(dst)
		}
	}
	return append(dst, '}')
}

func (l *lint) writeAll(dst []byte, keyword string, v Value) []byte {
	if v.Kind() == Array {
		dst = append(dst, '[')
		for i := range v.Len() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = l.write(dst, v.Index(i), false)
		}
		return append(dst, ']')
	}
	dst = append(dst, '{')
	first := true
	for name, value := range v.Fields() {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		if keyword == "patternProperties" {
			name = l.patterns[name]
		}
		dst = append(append(dst, quote(name)...), ':')
		dst = l.write(dst, value, false)
	}
	return append(dst, '}')
}

func refuse(v Value, pointer, format string, a ...any) error {
	return &lintError{offset: offset(v), pointer: pointer, problem: fmt.Sprintf(format, a...)}
}
