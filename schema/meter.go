package schema

import (
	"errors"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// v5 has no bound on its own work, and a schema that reaches itself on two ways, such as
// {"anyOf":[{"items":{"$ref":"#"}},{"items":{"$ref":"#"}}]}, doubles it with each level of
// the value. So a schema is read once as if every $ref were copied out; one that would
// grow beyond maxExpanded, or without end, is judged with a meter.
const (
	maxExpanded = 10_000
	maxSteps    = 4_000_000
	// maxPointers bounds what v5 spends on writing the pointer of every value it visits,
	// right or wrong: 100,000 values below one name of half a megabyte would be 50 GB.
	maxPointers = 32 << 20
)

var errSteps = errors.New("schema: too many steps")

// A meter counts the schemas that v5 evaluates and the work of its patterns, and stops it by a
// panic.
type meter struct{ left, matching int }

// Compile implements [jsonschema.ExtCompiler].
func (m *meter) Compile(jsonschema.CompilerContext, map[string]any) (jsonschema.ExtSchema, error) {
	return m, nil
}

// Validate implements [jsonschema.ExtSchema].
func (m *meter) Validate(jsonschema.ValidationContext, any) error {
	if m.left--; m.left < 0 {
		panic(errSteps)
	}
	return nil
}

// A size is what a value costs v5 whatever the schema.
type size struct {
	values   int
	pointers int // bytes of the pointers to all values, escaped at their longest
	names    int // bytes of all members' names
}

func measure(v Value) size {
	var s size
	s.add(v, 0)
	return s
}

func (s *size) add(v Value, pointer int) {
	s.values++
	if s.pointers += pointer; s.pointers > maxPointers {
		return
	}
	switch v.Kind() {
	case Array:
		for e := range v.Elements() {
			s.add(e, pointer+7)
		}
	case Object:
		for name, member := range v.Fields() {
			s.names += len(name)
			s.add(member, pointer+1+3*len(name))
		}
	}
}

// expanded counts the schemas of the file with every $ref copied out; more than
// maxExpanded for a file whose schemas reach themselves.
func (l *lint) expanded() int {
	total := 0
	var visit func(v Value, depth int)
	visit = func(v Value, depth int) {
		if total++; total > maxExpanded {
			return
		}
		if depth > 500 {
			total = maxExpanded + 1
			return
		}
		if v.Kind() != Object {
			return
		}
		for name, value := range v.Fields() {
			s, _ := shapeOf(name)
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
	}
	visit(l.doc, 0)
	return total
}

// target is the schema that a $ref leads to, which run has seen to exist.
func (l *lint) target(ref string) Value {
	if v, ok := l.anchors[ref[1:]]; ok {
		return v
	}
	v, _ := walk(l.doc, ref[1:])
	return v
}
