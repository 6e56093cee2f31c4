package fuzz

import (
	"slices"
	"strings"
	"unicode"
)

// A spoiler is one way to make arguments nearly valid.
type spoiler struct {
	name  string
	spoil func(n *node, c *choices) string // the text to send
}

// spoilers each break one place, and none of them promises that the result is
// invalid: an added member may be allowed. What they rely on is that schema,
// policy and handler agree on what was sent.
var spoilers = []spoiler{
	{"a member dropped", inObject(func(n *node, at int, _ *choices) { n.members = slices.Delete(n.members, at, at+1) })},
	{"a member doubled", inObject(func(n *node, at int, _ *choices) { n.members = append(n.members, n.members[at]) })},
	{"a member doubled in front", inObject(func(n *node, at int, _ *choices) {
		n.members = slices.Insert(n.members, 0, member{n.members[at].name, leaf(canary)})
	})},
	{"a member doubled under an escape", inObject(func(n *node, at int, _ *choices) {
		n.members = append(n.members, member{escaped(n.members[at].name), leaf(canary)})
	})},
	{"a member in other case", inObject(func(n *node, at int, _ *choices) {
		n.members = append(n.members, member{strings.Map(swapCase, n.members[at].name), leaf("/etc/" + canary)})
	})},
	{"an unknown member", inObject(func(n *node, _ int, _ *choices) {
		n.members = append(n.members, member{quoted("x" + canary), leaf(1)})
	})},
	{"__proto__", inObject(func(n *node, _ int, _ *choices) {
		n.members = append(n.members, member{quoted("__proto__"), &node{object: true, members: []member{{quoted("admin"), leaf(true)}}}})
	})},
	{"another type", inPlace(func(n *node, c *choices) {
		*n = *[]*node{leaf(nil), leaf(canary), leaf(0), leaf(false), {array: true}, {object: true}}[c.below(6)]
	})},
	{"wrapped in an array", inPlace(func(n *node, _ *choices) { inner := *n; *n = node{array: true, items: []*node{&inner}} })},
	{"a number nobody should compute", inPlace(func(n *node, c *choices) {
		*n = node{leaf: []string{"1e999999", "1e1000001", "-1e-999999", "1" + strings.Repeat("0", 5000), "0." + strings.Repeat("3", 5000)}[c.below(5)]}
	})},
	{"a number that is none", inPlace(func(n *node, c *choices) { *n = node{leaf: []string{"01", "+1", "NaN", "1.", "0x10", "-"}[c.below(6)]} })},
	{"a lone surrogate", inPlace(func(n *node, _ *choices) { *n = node{leaf: `"\ud800` + canary + `"`} })},
	{"bytes that are no text", inPlace(func(n *node, _ *choices) { *n = node{leaf: "\"\xff\xfe" + canary + "\""} })},
	{"deep nesting", inPlace(func(n *node, _ *choices) {
		*n = node{leaf: strings.Repeat("[", 5000) + strings.Repeat("]", 5000)}
	})},
	{"many members", inPlace(func(n *node, _ *choices) {
		*n = node{leaf: "{" + strings.TrimSuffix(strings.Repeat(`"`+canary+`":1,`, 2000), ",") + "}"}
	})},
	{"something after the end", around("", " {}")},
	{"a byte order mark", around("\ufeff", "")},
	{"an end too early", func(n *node, c *choices) string { s := n.String(); return s[:c.below(len(s)+1)] }},
	{"nothing at all", func(*node, *choices) string { return "" }},
}

func inPlace(change func(n *node, c *choices)) func(*node, *choices) string {
	return func(n *node, c *choices) string {
		all := n.all()
		change(all[c.below(len(all))], c)
		return n.String()
	}
}

func inObject(change func(n *node, at int, c *choices)) func(*node, *choices) string {
	return func(n *node, c *choices) string {
		objects := slices.DeleteFunc(n.all(), func(n *node) bool { return len(n.members) == 0 })
		if len(objects) == 0 {
			return `{"` + canary + `":1,"` + canary + `":2}`
		}
		object := objects[c.below(len(objects))]
		change(object, c.below(len(object.members)), c)
		return n.String()
	}
}

func around(before, after string) func(*node, *choices) string {
	return func(n *node, _ *choices) string { return before + n.String() + after }
}

// escaped writes the first letter of a JSON string as an escape.
func escaped(name string) string {
	if len(name) < 3 || name[1] == '\\' || name[1] > 0x7e {
		return name
	}
	const digits = "0123456789abcdef"
	return `"\u00` + string(digits[name[1]>>4]) + string(digits[name[1]&15]) + name[2:]
}

func swapCase(r rune) rune {
	if unicode.IsUpper(r) {
		return unicode.ToLower(r)
	}
	return unicode.ToUpper(r)
}
