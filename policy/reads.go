package policy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/sallyport/sallyport/schema"
)

// A Read is an argument that a deny or ask rule looks at.
type Read struct {
	Rule
	Path []schema.Step // from the arguments to it
}

// Reads lists the arguments that deny and ask rules look at in a window's calls of a command, so
// that the caller can see to it that the command's schema guarantees them: where an argument is
// absent or of another type, such a rule would not hold. Rules of declarative files are left
// out, for they are made to hold then too. The input's own arguments play no part.
func (p *Policy) Reads(ctx context.Context, in Input) ([]Read, error) {
	e, err := p.prepared(ctx, &in)
	if err != nil {
		return nil, err
	}
	var all []Read
	for _, c := range e.conditions {
		for _, path := range c.reads {
			all = append(all, Read{c.Rule, slices.Clone(path)})
		}
	}
	return all, nil
}

// reader finds what rules of one module read of the input, by way of local variables, patterns, functions
// and other rules of the module.
type reader struct {
	*constants
	operands map[string][]string
}

func (u *unit) reader() *reader { return &reader{u.names(), u.operands} }

// read yields the path of every reference to the input that rule r may follow.
func (f *reader) read(r *ast.Rule, yield func(path []schema.Step, at *ast.Location)) {
	seen := make(map[*ast.Rule]bool)
	var rule func(r *ast.Rule)
	rule = func(r *ast.Rule) {
		if seen[r] {
			return
		}
		seen[r] = true
		visit := func(t *ast.Term) bool {
			ref, ok := t.Value.(ast.Ref)
			if !ok {
				return false
			}
			if name, ok := f.rule(ref); ok {
				for _, other := range f.rules[name] {
					rule(other)
				}
			}
			for _, path := range f.paths(r, t) {
				yield(path, t.Location)
			}
			return false
		}
		ast.WalkTerms(r, visit)
		for _, t := range f.taken[r] {
			visit(t)
		}
	}
	rule(r)
}

// paths are where in the input a term of rule r may lead. A nil one among them says that this is not known.
func (f *reader) paths(r *ast.Rule, t *ast.Term) [][]schema.Step {
	s := &search{reader: f, met: make(map[stop]bool)}
	s.follow(r, t, nil)
	return s.found
}

// spelt writes the steps of a reference, those below input.operands as the argument they stand for.
func (f *reader) spelt(ref ast.Ref) []schema.Step {
	var path []schema.Step
	for _, part := range ref {
		switch name := part.Value.(type) {
		case ast.String:
			path = append(path, schema.Step{Name: string(name)})
		case ast.Number: // one element of a list: no schema can be asked for it by that name
			path = append(path, schema.Step{Name: string(name)})
		default:
			path = append(path, schema.Step{Any: true})
		}
	}
	if len(path) != 2 || path[0].Name != operands {
		return path
	}
	path = []schema.Step{{Name: "args"}}
	for _, name := range f.operands[string(ref[1].Value.(ast.String))] {
		path = append(path, schema.Step{Name: name})
	}
	return path
}

// followReads notes for a unit's deny and ask rules what they read of the arguments, and refuses
// limit rules that read what differs from call to call.
func (u *unit) followReads() error {
	if !slices.ContainsFunc(u.rules, func(r *rule) bool { return r.mustRead() || r.Kind == kindLimit }) {
		return nil
	}
	f := u.reader()
	for _, r := range u.rules {
		if !r.mustRead() && r.Kind != kindLimit {
			continue
		}
		var fault error
		f.read(r.source, func(path []schema.Step, where *ast.Location) {
			switch {
			case len(path) == 0:
				fault = cmp.Or(fault, at(u.File, r.Line, errors.New("the rule takes what it reads by more ways than can be followed: "+
					"write input.args and the argument's name where it is read")))
			case r.Kind == kindLimit && slices.Contains(perCall(), path[0].Name):
				fault = cmp.Or(fault, limitReads(u.File, path[0].Name, where))
			case r.mustRead() && len(path) > 1 && path[0].Name == "args":
				r.reads = append(r.reads, path[1:])
			}
		})
		if fault != nil {
			return fault
		}
		slices.SortFunc(r.reads, func(a, b []schema.Step) int { return slices.CompareFunc(a, b, compareSteps) })
		r.reads = slices.CompactFunc(r.reads, slices.Equal)
	}
	return nil
}

func (r *rule) mustRead() bool { return r.Kind == kindDeny || r.Kind == kindAsk }

// perCall are the fields of the input that differ between the calls of one command, or the messages of one event.
func perCall() []string {
	return []string{"args", operands, "session", "time", "target", "channel", "user"}
}

func limitReads(file, field string, location *ast.Location) error {
	line := 1
	if location != nil {
		line = location.Row
	}
	return at(file, line, errors.New("limit reads input."+field+": a limit holds for all calls together, "+
		"and reads window, origin, local, command, event and platform alone"))
}

func compareSteps(a, b schema.Step) int {
	switch {
	case a.Any == b.Any:
		return cmp.Compare(a.Name, b.Name)
	case a.Any:
		return 1
	}
	return -1
}

// String is how a capability file writes the argument: input.args.path, with [_] for any member.
func (r Read) String() string { return writeRef(append([]schema.Step{{Name: "args"}}, r.Path...)) }

// writeRef is how a rule writes a path of the input.
func writeRef(path []schema.Step) string {
	var b strings.Builder
	b.WriteString("input")
	for _, step := range path {
		switch {
		case step.Any:
			b.WriteString("[_]")
		case ast.IsVarCompatibleString(step.Name):
			b.WriteString("." + step.Name)
		default:
			fmt.Fprintf(&b, "[%q]", step.Name)
		}
	}
	return b.String()
}
