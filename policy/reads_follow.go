package policy

import (
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/sallyport/sallyport/schema"
)

// search follows one term to the input.
type search struct {
	*reader
	met   map[stop]bool
	found [][]schema.Step
}

// stop is a term that was met on the way, and what is read below it. No two ways lead on from the same
// one, or a term that many rules share would be followed as often as there are ways to it.
type stop struct {
	term  *ast.Term
	below string
}

// maxSteps bounds how deep a member is followed: names that lead to each other, and deeper at every
// turn, lead nowhere.
const maxSteps = 16

// maxStops bounds one search. One that ends there has found nil among its paths: anything may be read.
const maxStops = 4096

// follow finds where the steps below a term of rule r lead.
func (s *search) follow(r *ast.Rule, t *ast.Term, below []schema.Step) {
	if t == nil || len(below) > maxSteps || len(s.met) > maxStops {
		return
	}
	here := stop{t, writeRef(below)}
	if s.met[here] {
		return
	}
	if s.met[here] = true; len(s.met) > maxStops {
		s.found = append(s.found, nil)
		return
	}
	switch v := t.Value.(type) {
	case ast.Var:
		s.variable(r, v, below)
	case ast.Ref:
		s.reference(r, v, below)
	case *ast.Array:
		for i := range v.Len() {
			s.member(r, strconv.Itoa(i), v.Elem(i), below)
		}
	case ast.Set:
		v.Foreach(func(t *ast.Term) { s.inside(r, t, below) })
	case ast.Object:
		v.Foreach(func(key, t *ast.Term) {
			if name, ok := key.Value.(ast.String); ok {
				s.member(r, string(name), t, below)
			} else {
				s.inside(r, t, below)
			}
		})
	case *ast.ArrayComprehension:
		s.inside(r, v.Term, below)
	case *ast.SetComprehension:
		s.inside(r, v.Term, below)
	case *ast.ObjectComprehension:
		s.inside(r, v.Value, below)
	}
}

// member follows a member of a collection, if the first step can mean it.
func (s *search) member(r *ast.Rule, name string, t *ast.Term, below []schema.Step) {
	if len(below) > 0 && (below[0].Any || below[0].Name == name) {
		s.follow(r, t, below[1:])
	}
}

// inside follows a member of any name.
func (s *search) inside(r *ast.Rule, t *ast.Term, below []schema.Step) {
	if len(below) > 0 {
		s.follow(r, t, below[1:])
	}
}

func (s *search) variable(r *ast.Rule, v ast.Var, below []schema.Step) {
	for _, value := range s.given[r][v] {
		s.follow(r, value, below)
	}
	for _, whole := range s.members[r][v] {
		s.follow(r, whole, join([]schema.Step{{Any: true}}, below))
	}
	for _, name := range s.answers[r][v] {
		s.values(name, func(in *ast.Rule, value *ast.Term) { s.follow(in, value, below) })
	}
	s.passed(r, v, func(in *ast.Rule, value *ast.Term) { s.follow(in, value, below) })
}

func (s *search) reference(r *ast.Rule, v ast.Ref, below []schema.Step) {
	if v[0].Equal(ast.InputRootDocument) {
		s.found = append(s.found, join(s.spelt(v[1:]), below))
		return
	}
	name, ok := s.rule(v)
	if !ok {
		if len(v) > 1 {
			s.follow(r, v[0], join(s.spelt(v[1:]), below))
		}
		return
	}
	below = join(s.spelt(v[len(s.own)+1:]), below)
	for _, other := range s.rules[name] {
		s.ofRule(other, below)
	}
}

// ofRule follows what a rule is, or contains.
func (s *search) ofRule(r *ast.Rule, below []schema.Step) {
	for _, part := range s.spelt(r.Head.Ref()[1:]) { // names[key] := value
		if len(below) == 0 || !part.Any && !below[0].Any && part != below[0] {
			return
		}
		below = below[1:]
	}
	if r.Head.RuleKind() == ast.MultiValue {
		s.inside(r, r.Head.Key, below)
		return
	}
	for e := r; e != nil; e = e.Else {
		s.follow(r, e.Head.Value, below)
	}
}

func join(path, below []schema.Step) []schema.Step {
	return append(path[:len(path):len(path)], below...)
}
