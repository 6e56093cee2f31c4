package typescript

import (
	"slices"
	"strings"

	"github.com/sallyport/sallyport/schema"
)

// A branch is what stands at one name of the object of commands.
type branch struct {
	command string // "" if it only leads to others
	names   []string
	below   map[string]*branch
}

func plant(commands []string) *branch {
	root := &branch{below: map[string]*branch{}}
	for _, command := range commands {
		at := root
		for part := range strings.SplitSeq(command, ".") {
			next := at.below[part]
			if next == nil {
				next = &branch{below: map[string]*branch{}}
				at.below[part] = next
				at.names = append(at.names, part)
			}
			at = next
		}
		at.command = command
	}
	return root
}

// tree is the object of commands, nested by the dots in their names.
func (g *generator) tree(commands []string) string {
	root := plant(commands)
	var b strings.Builder
	if root.hasBoth() {
		b.WriteString(`function withMembers<F extends object, M extends object>(call: F, members: M): F & M {
  return Object.defineProperties(call, Object.getOwnPropertyDescriptors(members)) as F & M;
}

`)
	}
	name := "The app's commands"
	b.WriteString("/** " + name + ", by name. What fails rejects with a SallyportError. */\nexport const commands = " + g.branches(root, 0) + " as const;\n")
	return b.String()
}

// hasBoth reports whether some command's name begins another's.
func (b *branch) hasBoth() bool {
	if b.command != "" && len(b.names) > 0 {
		return true
	}
	return slices.ContainsFunc(b.names, func(name string) bool { return b.below[name].hasBoth() })
}

func (g *generator) branches(b *branch, indent int) string {
	if len(b.names) == 0 {
		return "{}"
	}
	slices.Sort(b.names)
	var out strings.Builder
	out.WriteString("{\n")
	for _, name := range b.names {
		next := b.below[name]
		if next.command != "" {
			root := g.roots[schemaKey{schema.Input, next.command}].root
			out.WriteString(comment(proseOf(root), indent+1))
		}
		out.WriteString(tab(indent+1) + keyName(name) + ": " + g.value(next, indent+1) + ",\n")
	}
	return out.String() + tab(indent) + "}"
}

func (g *generator) value(b *branch, indent int) string {
	switch {
	case b.command == "":
		return g.branches(b, indent)
	case len(b.names) == 0:
		return g.call(b.command, indent)
	}
	return "withMembers(\n" + tab(indent+1) + g.call(b.command, indent+1) + ",\n" +
		tab(indent+1) + g.branches(b, indent+1) + ",\n" + tab(indent) + ")"
}

// call is the function that calls a command. Left out, its arguments are {}, or
// null if that alone will do.
func (g *generator) call(command string, indent int) string {
	args := "args: " + g.typeNameOf(schema.Input, command)
	switch {
	case g.takes(command, "{}"):
		args += " = {}"
	case g.takes(command, "null"):
		args += " = null"
	}
	return "(" + args + ", options?: InvokeOptions): Promise<" + g.result(command) + "> =>\n" +
		tab(indent+1) + "invoke(" + quote(command) + ", args, options)"
}

func (g *generator) takes(command, json string) bool {
	v, err := schema.Parse([]byte(json), schema.DefaultLimits())
	return err == nil && g.set.ValidateInput(command, v) == nil
}

// keyName is a name as it stands in an object that is made: there "__proto__"
// would set a prototype.
func keyName(name string) string {
	if name == "__proto__" {
		return `["__proto__"]`
	}
	return memberName(name)
}
