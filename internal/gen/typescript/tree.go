package typescript

import (
	"slices"
	"strconv"
	"strings"
)

// A branch is what stands at one place of a tree.
type branch struct {
	name  string // "" if it only leads to others
	names []string
	below map[string]*branch
}

func plant(names []string) *branch {
	root := &branch{below: map[string]*branch{}}
	for _, name := range names {
		at := root
		for part := range strings.SplitSeq(name, ".") {
			next := at.below[part]
			if next == nil {
				next = &branch{below: map[string]*branch{}}
				at.below[part] = next
				at.names = append(at.names, part)
			}
			at = next
		}
		at.name = name
	}
	return root
}

// A tree is an object of functions, nested by the dots in the names of what they
// are about.
type tree struct {
	// call is the function that a name itself is; "" if it has members alone.
	call func(name string, indent int) string
	// members are what a name has of its own.
	members func(name string) []function
	// about is what the author says of a name.
	about func(name string) []string
}

// A function is one member of an object.
type function struct {
	name string
	doc  []string
	call func(indent int) string
}

const joining = `function withMembers<F extends object, M extends object>(call: F, members: M): F & M {
  return Object.defineProperties(call, Object.getOwnPropertyDescriptors(members)) as F & M;
}

`

// needsBoth reports whether some name is a function with members.
func (t tree) needsBoth(b *branch) bool {
	if b.name != "" && t.call(b.name, 0) != "" && len(b.names) > 0 {
		return true
	}
	return slices.ContainsFunc(b.names, func(name string) bool { return t.needsBoth(b.below[name]) })
}

// object writes what is below a branch, and the members of its own.
func (t tree) object(b *branch, indent int) string {
	slices.Sort(b.names)
	var own []function
	if b.name != "" {
		own = t.members(b.name)
	}
	if len(b.names)+len(own) == 0 {
		return "{}"
	}
	var out strings.Builder
	out.WriteString("{\n")
	for _, m := range own {
		out.WriteString(comment(m.doc, indent+1) + tab(indent+1) + free(m.name, b.names) + ": " + m.call(indent+1) + ",\n")
	}
	for _, name := range b.names {
		next := b.below[name]
		if next.name != "" {
			out.WriteString(comment(t.about(next.name), indent+1))
		}
		out.WriteString(tab(indent+1) + keyName(name) + ": " + t.value(next, indent+1) + ",\n")
	}
	return out.String() + tab(indent) + "}"
}

func (t tree) value(b *branch, indent int) string {
	var call string
	if b.name != "" {
		call = t.call(b.name, indent)
	}
	switch {
	case call == "":
		return t.object(b, indent)
	case len(b.names) == 0:
		return call
	}
	return "withMembers(\n" + tab(indent+1) + t.call(b.name, indent+1) + ",\n" +
		tab(indent+1) + t.object(b, indent+1) + ",\n" + tab(indent) + ")"
}

// free is a member's name, or the first with a number behind it that no part of a
// longer name has.
func free(name string, others []string) string {
	next := name
	for i := 2; slices.Contains(others, next); i++ {
		next = name + strconv.Itoa(i)
	}
	return next
}

// keyName is a name as it stands in an object that is made: there "__proto__"
// would set a prototype.
func keyName(name string) string {
	if name == "__proto__" {
		return `["__proto__"]`
	}
	return memberName(name)
}
