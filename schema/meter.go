package schema

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// v5 has no bound on its own work. A schema that reaches itself on two ways, such as
// {"anyOf":[{"items":{"$ref":"#"}},{"items":{"$ref":"#"}}]}, doubles it with each level of
// the value; one of 500 alternatives multiplies it; and whatever is wrong in the value is
// kept, with the names of all that led there. So where a value and a schema could cost more
// than they may, a meter counts, in units of what it takes v5 to ask one schema about one
// scalar: a microsecond, and half a kilobyte if it is wrong.
const (
	// maxExpanded bounds the reading of a schema as if every $ref were copied out.
	maxExpanded = 10_000
	// maxJudging bounds the judging of a value that the fast path knows nothing sure about, with
	// four more for each of its values: a second, or two.
	maxJudging = 500_000
	// maxWording bounds the search for what is wrong with a value when that something is wrong
	// is known: some 10 ms and 8 MiB; maxPatience is that of a patient set, 0.2 s and 64 MiB.
	maxWording  = 8_000
	maxPatience = 60_000
	// maxSteps bounds the fast path's.
	maxSteps = 4_000_000
	// maxPointers bounds what v5 spends on writing the pointer of every value it visits,
	// right or wrong: 100,000 values below one name of half a megabyte would be 50 GB.
	maxPointers = 32 << 20
	// maxMarks bounds the sets of unevaluated members and items that v5 holds at one time, one
	// for each schema under way: 64 bytes for each member.
	maxMarks = 1 << 20
)

var errSteps = errors.New("schema: too many steps")

// A toll is what one schema costs v5 each time it is asked, in units.
type toll struct {
	own      int // itself, and what it may find wrong
	inPlace  int // schemas that it asks about the same value
	children int // schemas that it asks about each member or item
}

// add counts a keyword whose value holds n schemas, or names.
func (u *toll) add(keyword string, n int) {
	switch keyword {
	case "$ref", "not", "if", "then", "else":
		u.inPlace++
	case "allOf", "anyOf", "oneOf", "dependentSchemas":
		u.inPlace += n
	case "contains", "unevaluatedItems":
		u.children += 4 // what doesn't fit is kept for each
	case "items", "prefixItems", "properties", "additionalProperties", "propertyNames", "unevaluatedProperties":
		u.children++
	case "patternProperties":
		u.children += n
	case "required": // v5 lists all that are missing
		u.own += 1 + n/8
	case "dependentRequired": // here one by one
		u.own += 1 + n
	case "$schema", "$anchor", "$comment", "$defs", "definitions", "title", "description", "default", "examples", "deprecated",
		"readOnly", "writeOnly", "contentEncoding", "contentMediaType", "contentSchema":
	default:
		u.own++
	}
}

// A meter counts the work of one validation, and stops it by a panic. It is for one at a time.
type meter struct {
	left     int // units
	matching int // for patterns, instructions times bytes
	each     int // what naming the place of a mistake adds to each unit
}

// Compile implements [jsonschema.ExtCompiler].
func (m *meter) Compile(_ jsonschema.CompilerContext, schema map[string]any) (jsonschema.ExtSchema, error) {
	u := toll{own: 1}
	for keyword, v := range schema {
		n := 0
		switch v := v.(type) {
		case []any:
			n = len(v)
		case map[string]any:
			n = len(v)
			for _, e := range v {
				if names, ok := e.([]any); ok {
					n += len(names)
				}
			}
		}
		u.add(keyword, n)
	}
	return meteredSchema{m, u}, nil
}

type meteredSchema struct {
	meter *meter
	toll
}

// Validate implements [jsonschema.ExtSchema]. v5 comes here when the schema has been asked,
// unless the value was of the wrong type; so a schema pays for those that it asks.
func (s meteredSchema) Validate(_ jsonschema.ValidationContext, v any) error {
	cost := (s.own + s.inPlace) * weight(v)
	if s.children > 0 {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				cost += s.children * weight(e)
			}
		case map[string]any:
			for _, e := range v {
				cost += s.children * weight(e)
			}
		}
	}
	if s.meter.left -= cost * s.meter.each; s.meter.left < 0 {
		panic(errSteps)
	}
	return nil
}

// weight is what a value's size adds to a schema's cost.
func weight(v any) int {
	switch v := v.(type) {
	case string:
		return 1 + len(v)/1024
	case json.Number:
		return numberWeight(string(v))
	case []any: // v5 makes a set of all items
		return 1 + len(v)/8
	case map[string]any:
		return 1 + len(v)/8
	}
	return 1
}

// numberWeight says what fractions of any size cost: 1e-400 has 400 digits.
func numberWeight(literal string) int {
	w := 1 + len(literal)/64
	if strings.ContainsAny(literal, "eE") {
		w += 2
	}
	return w
}

// A size is what a value costs v5 whatever the schema.
type size struct {
	values   int
	weight   int // of all values
	pointers int // bytes of the pointers to all values, escaped at their longest
	names    int // bytes of all members' names, and one for the end of each
	widest   int // members or items of one value
	marks    int // members and items of a value and all around it, at most
	depths   int // squares of the depths of all values
}

func measure(v Value) size {
	var s size
	s.add(v, 0, 0, 0)
	return s
}

func (s *size) add(v Value, pointer, depth, around int) {
	s.values++
	s.depths += depth * depth
	if s.pointers += pointer; s.pointers > maxPointers {
		return
	}
	s.widest = max(s.widest, v.Len())
	around += v.Len()
	s.marks = max(s.marks, around)
	switch v.Kind() {
	case Array:
		s.weight += 1 + v.Len()/8
		for e := range v.Elements() {
			s.add(e, pointer+7, depth+1, around)
		}
	case Object:
		s.weight += 1 + v.Len()/8
		for name, member := range v.Fields() {
			s.names += len(name) + 1
			s.add(member, pointer+1+3*len(name), depth+1, around)
		}
	case Number:
		s.weight += numberWeight(string(v.Number()))
	case String:
		s.weight += 1 + len(v.Text())/1024
	default:
		s.weight++
	}
}

// refusal says why a value isn't judged at all, "" if it is.
func (l load) refusal(s size) string {
	switch {
	case s.pointers > maxPointers:
		return "shorter member names, or fewer values below them"
	case s.names > 0 && l.names > maxMatching/s.names:
		return "shorter member names, or fewer of them"
	}
	return ""
}

// begins says whether the meter, which looks when a schema has been asked, would look in time.
func (l load) begins(s size, units int) bool {
	return l.inside <= maxMarks/(1+s.marks) && l.widest <= units/(1+s.widest/8) && l.wider <= units/(1+s.widest)
}

// A load says what a schema file costs whatever the value.
type load struct {
	all     int // units of all its schemas with every $ref copied out, at most maxExpanded schemas
	endless bool
	widest  int // schemas that one asks about the same value
	wider   int // or about each member or item
	inside  int // schemas inside one another, for one value
	names   int // instructions of its patterns for member names
	largest int // instructions of a pattern
}

// fits says whether the value can't cost more than that.
func (l load) fits(s size, units int) bool {
	return !l.endless && l.all*l.each(s) <= units/s.weight
}

// each is what a mistake's place adds to a unit: v5 writes the names of all schemas around it
// one by one, each time from the first.
func (l load) each(s size) int {
	return 1 + l.inside*l.inside*(s.depths/s.values)/700 + s.pointers/s.values/512
}

// load reads the file as if every $ref were copied out.
func (l *lint) load() load {
	sum := load{names: l.names, largest: l.largest, inside: l.nested}
	schemas := 0
	var visit func(v Value, depth int)
	visit = func(v Value, depth int) {
		if schemas++; schemas > maxExpanded || depth > 500 {
			sum.endless = true
			return
		}
		u := toll{own: 1}
		for name, value := range v.Fields() {
			s, _ := shapeOf(name)
			n := value.Len()
			for _, e := range value.Fields() {
				if e.Kind() == Array {
					n += e.Len()
				}
			}
			u.add(name, n)
			switch {
			case name == "$ref":
				visit(l.target(value.Text()), depth+1)
			case name == "$defs" || name == "definitions": // only what is referred to counts
			case s == one:
				visit(value, depth+1)
			case s == list:
				for e := range value.Elements() {
					visit(e, depth+1)
				}
			case s == named:
				for _, e := range value.Fields() {
					visit(e, depth+1)
				}
			}
		}
		sum.all += u.own + u.inPlace + u.children
		sum.widest = max(sum.widest, u.inPlace)
		sum.wider = max(sum.wider, u.children)
	}
	visit(l.doc, 0)
	return sum
}

// target is the schema that a $ref leads to, which run has seen to exist.
func (l *lint) target(ref string) Value {
	if v, ok := l.anchors[ref[1:]]; ok {
		return v
	}
	v, _ := walk(l.doc, ref[1:])
	return v
}
