package schema

import (
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// loops reports whether a schema leads back to itself without going into the value.
func loops(root *jsonschema.Schema) bool {
	const under, done = 1, 2
	state := map[*jsonschema.Schema]int{}
	var visit func(s *jsonschema.Schema) bool
	visit = func(s *jsonschema.Schema) bool {
		if s == nil || state[s] == done {
			return false
		}
		if state[s] == under {
			return true
		}
		state[s] = under
		if slices.ContainsFunc(inPlace(s), visit) {
			return true
		}
		state[s] = done
		return false
	}
	seen := map[*jsonschema.Schema]bool{}
	todo := []*jsonschema.Schema{root}
	for len(todo) > 0 {
		s := todo[0]
		todo = todo[1:]
		if s == nil || seen[s] {
			continue
		}
		seen[s] = true
		if visit(s) {
			return true
		}
		todo = append(append(todo, inPlace(s)...), inside(s)...)
	}
	return false
}

// inPlace has the schemas that are asked of the same value.
func inPlace(s *jsonschema.Schema) []*jsonschema.Schema {
	all := slices.Concat([]*jsonschema.Schema{s.Ref, s.RecursiveRef, s.DynamicRef, s.Not, s.If, s.Then, s.Else}, s.AllOf, s.AnyOf, s.OneOf)
	for _, inner := range s.DependentSchemas {
		all = append(all, inner)
	}
	return all
}

// inside has the schemas that are asked of what is in the value.
func inside(s *jsonschema.Schema) []*jsonschema.Schema {
	all := slices.Concat([]*jsonschema.Schema{
		s.PropertyNames, s.UnevaluatedProperties, s.Items2020, s.Contains, s.UnevaluatedItems,
	}, s.PrefixItems)
	for _, inner := range s.Properties {
		all = append(all, inner)
	}
	for _, inner := range s.PatternProperties {
		all = append(all, inner)
	}
	if others, ok := s.AdditionalProperties.(*jsonschema.Schema); ok {
		all = append(all, others)
	}
	return all
}
