package policy

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/open-policy-agent/opa/v1/ast"
)

// declaration is one capability of a declarative file, written as Rego.
type declaration struct {
	*Capability
	written []line   // the module
	handed  []handed // of each rule, in their order
}

// line is one line of a module that stands in no file, and the place in a file that it says.
type line struct {
	text string
	at   place
}

// handed is what one rule adds to the scope that the handler of its command gets.
type handed struct {
	set         bool
	allow, deny []byte // JSON; nil is none
}

// compile writes a capability's rules. Each is at the line of the entry of the capability's
// permissions that led to it, and what it takes from a scope at the line of the scope's entry.
func (c *catalogue) compile(d *draft) (*declaration, error) {
	out := &declaration{Capability: d.Capability}
	out.write(place{d.File, d.line}, "package capability["+quote(d.ID)+"]")
	for _, g := range d.grants {
		here := place{d.File, g.line}
		var found []*permission
		reached := make(map[string]bool)
		if err := c.walk(g.id, here, nil, reached, func(p *permission) { found = append(found, p) }); err != nil {
			return nil, err
		}
		maps.Copy(c.used, reached)
		for _, p := range found {
			if p.id.key() == g.id.key() { // what goes for a whole set need not mean each of its members
				if err := p.checkScope(g.scope); err != nil {
					return nil, at(d.File, g.line, err)
				}
			}
			out.permission(here, p, p.scope.and(g.scope))
		}
	}
	return out, nil
}

// permission writes the rules of one permission of the capability.
func (d *declaration) permission(here place, p *permission, scope scopeEntries) {
	about := func(commands []string) []line {
		lines := []line{{"input.command in " + setOf(commands), here}}
		if len(commands) == 0 { // the scope of a namespace, or of all commands
			prefix := p.id.namespace
			if prefix != "" {
				prefix += "."
			}
			lines = []line{{fmt.Sprintf("startswith(input.command, %s)", quote(prefix)), here}}
		}
		if p.platforms != nil {
			lines = append(lines, line{"input.platform in " + setOf(p.platforms), here})
		}
		return lines
	}
	deny := func(reason string) string { return kindDeny + " contains " + quote(reason) }

	if len(p.allow) > 0 {
		d.rule(here, kindAllow, handed{}, about(p.allow)...)
	}
	if len(p.deny) > 0 {
		d.rule(here, deny("permission "+p.String()+" denies the command"), handed{}, about(p.deny)...)
	}
	if len(p.allow) == 0 && len(p.deny) > 0 {
		return
	}
	if scope.set && len(scope.allow) == 0 {
		d.rule(here, withinRule, handed{set: true}, append(about(p.allow), line{"false", here})...)
	}
	for _, e := range scope.allow {
		d.rule(here, withinRule, handed{set: true, allow: e.json}, append(about(p.allow), e.conditions...)...)
	}
	for _, e := range scope.deny {
		d.rule(here, deny(fmt.Sprintf("the scope of permission %s denies %s", p, e.json)), handed{deny: e.json}, append(about(p.allow), e.conditions...)...)
	}
}

func (d *declaration) write(at place, text string) { d.written = append(d.written, line{text, at}) }

func (d *declaration) rule(here place, head string, of handed, body ...line) {
	d.write(here, head+" if {")
	for _, l := range body {
		d.write(l.at, "\t"+l.text)
	}
	d.write(here, "}")
	d.handed = append(d.handed, of)
}

// quote writes a text as Rego does, which is as JSON does. Decoders take UTF-8 alone.
func quote(text string) string {
	b, _ := jsontext.AppendQuote(nil, text)
	return string(b)
}

// setOf writes a set of texts; that of none holds nothing.
func setOf(texts []string) string {
	if len(texts) == 0 {
		return "set()"
	}
	all := make([]string, len(texts))
	for i, t := range texts {
		all[i] = quote(t)
	}
	slices.Sort(all)
	return "{" + strings.Join(slices.Compact(all), ", ") + "}"
}

// text is the whole module.
func (d *declaration) text() string {
	var b strings.Builder
	for _, l := range d.written {
		b.WriteString(l.text + "\n")
	}
	return b.String()
}

// module parses what was written, and gives every node the place that its line came from.
func (d *declaration) module(c *ast.Capabilities) (*ast.Module, error) {
	m, err := ast.ParseModuleWithOpts(d.File, d.text(), ast.ParserOptions{Capabilities: c, RegoVersion: ast.RegoV1})
	if err != nil {
		return nil, fmt.Errorf("policy: %s: capability %s makes no Rego: %w", d.File, d.ID, err)
	}
	moved := make(map[*ast.Location]*ast.Location)
	move := func(l **ast.Location) {
		if *l == nil {
			return
		}
		to, ok := moved[*l]
		if !ok {
			from, copied := d.written[(*l).Row-1].at, **l
			to = &copied
			to.File, to.Row = from.file, from.line
			moved[*l], moved[to] = to, to // nodes share locations
		}
		*l = to
	}
	ast.NewGenericVisitor(func(node any) bool {
		switch n := node.(type) {
		case *ast.Package:
			move(&n.Location)
		case *ast.Rule:
			move(&n.Location)
		case *ast.Head:
			move(&n.Location)
		case *ast.Expr:
			move(&n.Location)
		case *ast.Term:
			move(&n.Location)
		}
		return false
	}).Walk(m)
	return m, nil
}

// sum is one for all that the unit depends on.
func (d *declaration) sum() [sha256.Size]byte {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %q %q %d %q %q %t %q %v %v\n", d.ID, d.Title, d.Description, d.File, d.Line, d.Windows, d.Origins, d.Local, d.Platforms, d.Expires, d.lines)
	for _, l := range d.written {
		fmt.Fprintf(h, "%q %d %q\n", l.at.file, l.at.line, l.text)
	}
	for _, of := range d.handed {
		fmt.Fprintf(h, "%t %q %q\n", of.set, of.allow, of.deny)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// declaredUnit compiles a declaration as it would a Rego file that says the same.
func (env *environment) declaredUnit(d *declaration) (*unit, error) {
	m, err := d.module(env.strict)
	if err != nil {
		return nil, err
	}
	u, err := env.newUnit(d.Capability, m)
	if err != nil {
		return nil, err
	}
	if len(u.rules) != len(d.handed) {
		return nil, fmt.Errorf("policy: %s: capability %s has %d rules of %d", d.File, d.ID, len(u.rules), len(d.handed))
	}
	u.declared = true
	for i, r := range u.rules {
		r.handed, r.reads = d.handed[i], nil
	}
	return u, nil
}
