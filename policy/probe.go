package policy

import (
	"encoding/json"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/sallyport/sallyport/schema"
)

// probes are arguments made up for an entry: of the members that its rules read, with values that its
// rules compare them with and their neighbours, of other types, and absent. The first is one that should suit most
// conditions; each of the others differs from it in one member, for it is there that decisions turn. The same
// entry gets the same ones.
func (e *entry) probes(x *lexicon) []schema.Value {
	m := &prober{lexicon: x, random: rand.New(rand.NewPCG(1, uint64(len(e.conditions))))}
	n := 0
	for _, r := range e.tried {
		m.learn(r)
		n = 1
	}
	if e.varies = m.varies; e.varies {
		n = min(1+3*len(m.members), maxProbes)
	}
	var all []schema.Value
	for i := range n {
		text, err := json.Marshal(m.args(i))
		if err != nil {
			continue
		}
		if v, err := schema.Parse(text, schema.DefaultLimits()); err == nil {
			all = append(all, v)
		}
	}
	return all
}

type prober struct {
	lexicon *lexicon
	random  *rand.Rand
	members []probed
	varies  bool
}

// probed is a member of the arguments and what to try there, the most fitting first.
type probed struct {
	path   []schema.Step
	values []any
}

// learn takes what a rule and its helpers read, and the values that they compare it with.
func (m *prober) learn(r *rule) {
	if r.source == nil { // stands for several
		for _, other := range r.unit.names().rules[kindAllow] {
			m.follow(r.unit, other, nil)
		}
		return
	}
	for _, step := range r.steps() {
		m.compare(r, step)
	}
	m.follow(r.unit, r.source, m.literals(r.source))
}

// compare pairs what one condition reads with the values that it names.
func (m *prober) compare(r *rule, s step) {
	f := r.unit.reader()
	var paths [][]schema.Step
	var values []any
	for _, e := range r.body[s.first : s.last+1] {
		values = append(values, m.literals(e)...)
		ast.WalkTerms(e, func(t *ast.Term) bool {
			switch t.Value.(type) {
			case ast.Ref, ast.Var:
				paths = append(paths, f.paths(r.source, t)...)
			}
			return false
		})
	}
	for _, path := range paths {
		if len(path) > 1 && path[0].Name == "args" {
			m.note(path[1:], values)
		}
	}
}

// follow notes all else that a rule reads, with any value of its text.
func (m *prober) follow(u *unit, source *ast.Rule, values []any) {
	u.reader().read(source, func(path []schema.Step, _ *ast.Location) {
		m.varies = m.varies || len(path) == 0 || slices.Contains(perCall(), path[0].Name)
		if len(path) > 1 && path[0].Name == "args" {
			m.note(path[1:], values)
		}
	})
}

func (m *prober) note(path []schema.Step, values []any) {
	i := slices.IndexFunc(m.members, func(p probed) bool { return slices.Equal(p.path, path) })
	if i < 0 {
		i = len(m.members)
		m.members = append(m.members, probed{path: path})
	}
	m.members[i].values = append(m.members[i].values, values...)
}

// literals are values that fit what a piece of a rule names, and their neighbours.
func (m *prober) literals(node any) []any {
	var all []any
	ast.WalkTerms(node, func(t *ast.Term) bool {
		switch v := t.Value.(type) {
		case ast.Call, ast.Ref: // names of functions and members are no values
			for _, operand := range operandsOf(t) {
				all = append(all, m.literals(operand)...)
			}
			return true
		case ast.String:
			all = append(all, m.text(string(v))...)
		case ast.Number:
			all = append(all, m.number(string(v))...)
		case ast.Boolean:
			all = append(all, bool(v))
		case ast.Null:
			all = append(all, nil)
		}
		return false
	})
	return all
}

func operandsOf(t *ast.Term) []*ast.Term {
	if c, ok := t.Value.(ast.Call); ok {
		return c[1:]
	}
	return nil
}

func (m *prober) text(text string) []any {
	base, rest, found, err := m.lexicon.variable(text)
	if err != nil {
		return []any{text, text + "x"}
	}
	if !found {
		rest = text
	}
	// A path that a pattern or a directory takes in, one below it, one that is hidden and one that can't be judged.
	path := strings.NewReplacer("**", "d/e", "*", "x", "?", "y").Replace(rest)
	if found {
		path = strings.TrimSuffix(base.root+strings.Join(base.parts, "/")+"/"+path, "/")
	}
	return []any{path, path + "/../x", text + "x", path + "/.x", path + "/x", text}
}

func (m *prober) number(text string) []any {
	n, ok := new(big.Rat).SetString(text)
	if !ok || len(text) > 30 {
		return []any{json.Number(text)}
	}
	var all []any
	for _, step := range []int64{-1, 1, 0} {
		if next := new(big.Rat).Add(n, big.NewRat(step, 1)); next.IsInt() {
			all = append(all, json.Number(next.Num().String()))
		}
	}
	return append(all, json.Number(text))
}

// args makes the i-th set of arguments.
func (m *prober) args(i int) any {
	args := map[string]any{}
	for j, member := range m.members {
		var value any = true
		if len(member.values) > 0 {
			value = member.values[0]
		}
		if i > 0 && (i-1)%len(m.members) == j {
			var ok bool
			if value, ok = m.other(member.values, (i-1)/len(m.members)); !ok {
				continue
			}
		}
		m.put(args, member.path, value)
	}
	return args
}

// other is the n-th value other than the most fitting one, then one of another type; not ok is none.
func (m *prober) other(values []any, n int) (value any, ok bool) {
	if n+1 < len(values) {
		return values[n+1], true
	}
	others := []any{nil, true, false, 0, "", []any{}, map[string]any{}}
	i := m.random.IntN(len(others) + 1)
	if i == len(others) {
		return nil, false
	}
	return others[i], true
}

// put sets what lies at a path. What is there already and is no container stays: one rule reads it as a whole,
// another inside it.
func (m *prober) put(at map[string]any, path []schema.Step, value any) {
	name := path[0].Name
	if path[0].Any {
		name = "any"
	}
	if len(path) == 1 {
		if _, ok := at[name].(map[string]any); !ok {
			at[name] = value
		}
		return
	}
	if path[1].Any {
		list, _ := at[name].([]any)
		if len(path) == 2 {
			at[name] = append(list, value)
			return
		}
		item := map[string]any{}
		m.put(item, path[2:], value)
		at[name] = append(list, item)
		return
	}
	inner, ok := at[name].(map[string]any)
	if !ok {
		inner = map[string]any{}
		at[name] = inner
	}
	m.put(inner, path[1:], value)
}
