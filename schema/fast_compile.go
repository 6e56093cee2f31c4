package schema

import (
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

const anyKind uint8 = 1<<Null | 1<<Bool | 1<<Number | 1<<String | 1<<Array | 1<<Object

// A fastCompiler makes rules of v5's schemas, one of each, so that recursion ends.
type fastCompiler struct {
	contract *contract
	rules    map[*jsonschema.Schema]*rule
	formats  map[string]func(string) bool
}

// compileFast returns nil if there is nothing that could be accepted without the judge.
func compileFast(c *contract) *fast {
	root := c.shared.schema
	// v5 stops a value on which a schema leads back to itself. Here an anyOf might not come to it.
	if loops(root) {
		return nil
	}
	f := &fastCompiler{contract: c, rules: map[*jsonschema.Schema]*rule{}, formats: formats()}
	r := f.rule(root)
	if r.more != nil && r.more.unlearnt {
		return nil
	}
	return &fast{root: r, schemas: c.schemas}
}

func (f *fastCompiler) rule(s *jsonschema.Schema) *rule {
	for onlyRefers(s) {
		s = s.Ref
	}
	if r, ok := f.rules[s]; ok {
		return r
	}
	r := &rule{kinds: anyKind}
	f.rules[s] = r
	if s.Always != nil {
		if !*s.Always {
			r.kinds = 0
		}
		r.free = r.kinds
		return r
	}
	var whole bool
	r.kinds, whole = kindsOf(s.Types)
	r.number = compileNumber(whole, s.Minimum, s.ExclusiveMinimum, s.Maximum, s.ExclusiveMaximum, s.MultipleOf)
	r.text = f.text(s)
	r.array = f.array(s)
	r.object = f.object(s)
	r.more = f.more(s)
	r.free = r.freeKinds()
	return r
}

// freeKinds has the kinds of which only the kind is asked.
func (r *rule) freeKinds() uint8 {
	if r.more != nil {
		return 0
	}
	free := r.kinds
	if r.number != nil {
		free &^= 1 << Number
	}
	if r.text != nil {
		free &^= 1 << String
	}
	if r.array != nil {
		free &^= 1 << Array
	}
	if r.object != nil {
		free &^= 1 << Object
	}
	return free
}

// kindsOf reads type. Without one all kinds are taken.
func kindsOf(types []string) (kinds uint8, whole bool) {
	if len(types) == 0 {
		return anyKind, false
	}
	for k := Null; k <= Object; k++ {
		if slices.Contains(types, k.String()) {
			kinds |= 1 << k
		}
	}
	if slices.Contains(types, "integer") && kinds>>Number&1 == 0 {
		return kinds | 1<<Number, true
	}
	return kinds, false
}

func (f *fastCompiler) text(s *jsonschema.Schema) *textRule {
	var pattern *fastPattern
	if p, ok := s.Extensions["pattern"].(patternSchema); ok {
		pattern = patternOf(p.re)
	}
	return compileText(s.MinLength, s.MaxLength, f.formats[s.Format], pattern)
}

func patternOf(re *regexp.Regexp) *fastPattern {
	return &fastPattern{re: re, size: instructions(re.String()), quick: matcherOf(re.String())}
}

func (f *fastCompiler) array(s *jsonschema.Schema) *arrayRule {
	_, unique := s.Extensions["unique"].(uniqueSchema)
	if s.MinItems < 0 && s.MaxItems < 0 && s.PrefixItems == nil && s.Items2020 == nil && s.Contains == nil && !unique {
		return nil
	}
	q := &arrayRule{
		least: s.MinItems, most: upTo(s.MaxItems), first: f.list(s.PrefixItems), rest: f.maybe(s.Items2020),
		contains: f.maybe(s.Contains), few: s.MinContains, many: upTo(s.MaxContains), unique: unique,
	}
	return q
}

func (f *fastCompiler) object(s *jsonschema.Schema) *objectRule {
	if s.MinProperties < 0 && s.MaxProperties < 0 && s.Required == nil && s.Properties == nil && s.PropertyNames == nil &&
		s.PatternProperties == nil && s.AdditionalProperties == nil && s.DependentRequired == nil {
		return nil
	}
	q := &objectRule{least: s.MinProperties, most: upTo(s.MaxProperties), names: f.maybe(s.PropertyNames)}
	f.members(q, s)
	for re, inner := range s.PatternProperties {
		q.patterns = append(q.patterns, patternRule{patternOf(re), f.rule(inner)})
	}
	switch others := s.AdditionalProperties.(type) {
	case bool:
		q.others = &rule{}
		if others {
			q.others = &rule{kinds: anyKind, free: anyKind}
		}
	case *jsonschema.Schema:
		q.others = f.rule(others)
	}
	for name, names := range s.DependentRequired {
		q.needs = append(q.needs, need{name, names})
	}
	return q
}

// members lists what properties and required name, in the order of the file.
func (f *fastCompiler) members(q *objectRule, s *jsonschema.Schema) {
	names := f.written(s)
	for name := range s.Properties {
		names = append(names, name)
	}
	names = append(names, s.Required...)
	needed := make(map[string]bool, len(s.Required))
	for _, name := range s.Required {
		needed[name] = true
	}
	done := make(map[string]bool, len(names))
	for _, name := range names {
		inner, named := s.Properties[name]
		required := needed[name]
		if done[name] || !named && !required {
			continue
		}
		done[name] = true
		m := memberRule{name: name, required: required}
		if named {
			m.rule = f.rule(inner)
		}
		if required {
			q.required++
		}
		q.members = append(q.members, m)
	}
	q.place()
}

// written has the names in properties as they follow one another in the file, if that can be found.
func (f *fastCompiler) written(s *jsonschema.Schema) []string {
	pointer, _ := strings.CutPrefix(s.Location, address+"#")
	at, ok := walk(f.contract.doc, pointer)
	if !ok {
		return nil
	}
	properties, ok := at.Field("properties")
	if !ok {
		return nil
	}
	var names []string
	for name := range properties.Fields() {
		names = append(names, name)
	}
	return names
}

func (f *fastCompiler) more(s *jsonschema.Schema) *moreRule {
	q := &moreRule{unlearnt: unlearnt(s, f.formats)}
	for _, keyword := range []string{"enum", "const"} {
		if e, ok := s.Extensions[keyword].(enumSchema); ok {
			q.values = append(q.values, compileValues(e.keys))
		}
	}
	if s.Ref != nil {
		q.all = append(q.all, f.rule(s.Ref))
	}
	q.all = append(q.all, f.list(s.AllOf)...)
	q.some, q.one, q.not = f.list(s.AnyOf), f.list(s.OneOf), f.maybe(s.Not)
	q.cond, q.then, q.other = f.maybe(s.If), f.maybe(s.Then), f.maybe(s.Else)
	for name, inner := range s.DependentSchemas {
		q.dependent = append(q.dependent, memberRule{name: name, rule: f.rule(inner)})
	}
	q.restMembers, q.restItems = f.maybe(s.UnevaluatedProperties), f.maybe(s.UnevaluatedItems)
	if reflect.ValueOf(*q).IsZero() {
		return nil
	}
	return q
}

func (f *fastCompiler) list(schemas []*jsonschema.Schema) []*rule {
	var rules []*rule
	for _, s := range schemas {
		rules = append(rules, f.rule(s))
	}
	return rules
}

func (f *fastCompiler) maybe(s *jsonschema.Schema) *rule {
	if s == nil {
		return nil
	}
	return f.rule(s)
}

// unlearnt reports whether a schema says something that rules don't. Lint and draft 2020-12 leave no
// way to write any of it.
func unlearnt(s *jsonschema.Schema, formats map[string]func(string) bool) bool {
	if s.RecursiveRef != nil || s.DynamicRef != nil || s.Enum != nil || s.Constant != nil || s.RegexProperties || s.Dependencies != nil ||
		s.UniqueItems || s.Items != nil || s.AdditionalItems != nil || s.Pattern != nil || s.ContentSchema != nil {
		return true
	}
	if s.Contains != nil && !s.ContainsEval {
		return true
	}
	if s.Format != "" && formats[s.Format] == nil {
		return true
	}
	for _, e := range s.Extensions {
		switch e.(type) {
		case patternSchema, uniqueSchema, enumSchema, meteredSchema:
		default:
			return true
		}
	}
	return false
}

// onlyRefers reports whether a schema is a $ref and nothing else.
func onlyRefers(s *jsonschema.Schema) bool {
	if s.Ref == nil {
		return false
	}
	for _, e := range s.Extensions {
		if _, ok := e.(meteredSchema); !ok {
			return false
		}
	}
	rest := *s
	rest.Ref, rest.Location, rest.Draft, rest.Extensions, rest.ContainsEval = nil, "", nil, nil, false
	return reflect.DeepEqual(rest, jsonschema.Schema{
		MinProperties: -1, MaxProperties: -1, MinItems: -1, MaxItems: -1, MinContains: 1, MaxContains: -1, MinLength: -1, MaxLength: -1,
	})
}

// upTo is an upper bound as v5 keeps it, where -1 is none.
func upTo(n int) int {
	if n < 0 {
		return math.MaxInt
	}
	return n
}
