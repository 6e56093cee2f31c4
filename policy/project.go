package policy

import (
	"fmt"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/sallyport/sallyport/schema"
)

// projection is what a residual reads of a call: nothing else is converted.
type projection struct {
	args, user                     *shape // nil is not read
	operands                       map[string][]string
	session, time, target, channel bool
}

// everything is the projection of what reads the input as a whole.
func (p *Policy) everything() projection {
	whole := &shape{all: true}
	return projection{args: whole, user: whole, operands: p.operands, session: true, time: true, target: true, channel: true}
}

// shape is a part of the arguments that is read: all of it, or some members.
type shape struct {
	all     bool
	members map[string]*shape
}

func (s *shape) member(name string) *shape {
	m := s.members[name]
	if m == nil {
		m = &shape{}
		if s.members == nil {
			s.members = make(map[string]*shape)
		}
		s.members[name] = m
	}
	return m
}

// read notes a reference below s.
func (s *shape) read(ref ast.Ref) {
	for _, part := range ref {
		name, ok := part.Value.(ast.String)
		if !ok {
			break
		}
		s = s.member(string(name))
	}
	s.all = true
}

// project collects every reference to the input in the modules of a compiler.
func (p *Policy) project(c *ast.Compiler) projection {
	r := projection{args: &shape{}, operands: make(map[string][]string)}
	for _, m := range c.Modules {
		ast.WalkRefs(m, func(ref ast.Ref) bool {
			if ref[0].Equal(ast.InputRootDocument) {
				p.read(&r, ref)
			}
			return false
		})
	}
	return r
}

func (p *Policy) read(r *projection, ref ast.Ref) {
	field := ast.String("")
	if len(ref) > 1 {
		field, _ = ref[1].Value.(ast.String)
	}
	switch field {
	case "args":
		r.args.read(ref[2:])
	case "user":
		if r.user == nil {
			r.user = &shape{}
		}
		r.user.read(ref[2:])
	case "target":
		r.target = true
	case "channel":
		r.channel = true
	case operands:
		if len(ref) > 2 {
			if key, ok := ref[2].Value.(ast.String); ok {
				r.operands[string(key)] = p.operands[string(key)]
				return
			}
		}
		r.operands = p.operands
	case "session":
		r.session = true
	case "time":
		r.time = true
	case "":
		*r = p.everything()
	}
}

// known is the part of the input that a key holds.
func known(k *key) [][2]*ast.Term {
	field := func(name string, v ast.Value) [2]*ast.Term {
		return [2]*ast.Term{ast.InternedTerm(name), ast.NewTerm(v)}
	}
	all := [][2]*ast.Term{
		field("window", ast.String(k.window)),
		field("origin", ast.String(originOf(k.origin))),
		field("command", ast.String(k.command)),
		field("platform", ast.String(k.platform)),
		field("local", ast.Boolean(k.local)),
	}
	if k.event != "" { // else it is undefined
		all = append(all, field("event", ast.String(k.event)))
	}
	return all
}

// input is the input document of one call, as far as it is read.
func (r *projection) input(known [][2]*ast.Term, in *Input) (ast.Object, error) {
	args, err := r.args.convert(in.Args)
	if err != nil {
		return nil, err
	}
	pairs := make([][2]*ast.Term, len(known), len(known)+4)
	copy(pairs, known)
	pairs = append(pairs, [2]*ast.Term{ast.InternedTerm("args"), args})
	text := func(read bool, name, value string) {
		if read {
			pairs = append(pairs, [2]*ast.Term{ast.InternedTerm(name), ast.StringTerm(value)})
		}
	}
	text(r.session, "session", in.Session)
	text(r.target && in.Target != "", "target", in.Target)
	text(r.channel && in.Channel != "", "channel", in.Channel)
	if r.user != nil && in.User != nil {
		user, err := r.user.convert(in.User)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, [2]*ast.Term{ast.InternedTerm("user"), user})
	}
	if r.time {
		t := in.Time
		if t.IsZero() {
			t = time.Now()
		}
		pairs = append(pairs, [2]*ast.Term{ast.InternedTerm("time"), ast.NewTerm(ast.Number(nanoseconds(t)))})
	}
	if len(r.operands) > 0 {
		found := make([][2]*ast.Term, 0, len(r.operands))
		for key, names := range r.operands {
			operand, err := lookup(in.Args, names)
			if err != nil {
				return nil, err
			}
			found = append(found, [2]*ast.Term{ast.StringTerm(key), operand})
		}
		pairs = append(pairs, [2]*ast.Term{ast.InternedTerm(operands), ast.NewTerm(ast.NewObject(found...))})
	}
	return ast.NewObject(pairs...), nil
}

// lookup is the argument of that name, null if it is absent.
func lookup(v schema.Value, names []string) (*ast.Term, error) {
	for _, name := range names {
		if v == nil {
			break
		}
		m, ok := v.Field(name)
		if !ok {
			return ast.NullTerm(), nil
		}
		v = m
	}
	return term(v)
}

// convert makes the part of v that is read. A value that is no object has no members, so that
// of one whose members alone are read nothing can be seen.
func (s *shape) convert(v schema.Value) (*ast.Term, error) {
	if s.all || v == nil {
		return term(v)
	}
	members := make([][2]*ast.Term, 0, len(s.members))
	if v.Kind() == schema.Object {
		for name, part := range s.members {
			m, ok := v.Field(name)
			if !ok {
				continue
			}
			t, err := part.convert(m)
			if err != nil {
				return nil, err
			}
			members = append(members, [2]*ast.Term{ast.StringTerm(name), t})
		}
	}
	return ast.NewTerm(ast.NewObject(members...)), nil
}

// term converts a whole value. Numbers keep their text: through a float64
// 9007199254740993 and …992 would be equal.
func term(v schema.Value) (*ast.Term, error) {
	if v == nil {
		return ast.NullTerm(), nil
	}
	switch v.Kind() {
	case schema.Null:
		return ast.NullTerm(), nil
	case schema.Bool:
		return ast.InternedTerm(v.Bool()), nil
	case schema.String:
		return ast.StringTerm(v.Text()), nil
	case schema.Number:
		n, err := ast.NumberChecked(string(v.Number()))
		if err != nil {
			return nil, fmt.Errorf("policy: a number in the arguments is out of range: %w", err)
		}
		return ast.NewTerm(n), nil
	case schema.Array:
		elements := make([]*ast.Term, 0, v.Len())
		for e := range v.Elements() {
			t, err := term(e)
			if err != nil {
				return nil, err
			}
			elements = append(elements, t)
		}
		return ast.ArrayTerm(elements...), nil
	case schema.Object:
		members := make([][2]*ast.Term, 0, v.Len())
		for name, m := range v.Fields() {
			t, err := term(m)
			if err != nil {
				return nil, err
			}
			members = append(members, [2]*ast.Term{ast.StringTerm(name), t})
		}
		return ast.NewTerm(ast.NewObject(members...)), nil
	}
	return nil, fmt.Errorf("policy: the arguments hold a value of kind %d: not made by schema.Parse", v.Kind())
}
