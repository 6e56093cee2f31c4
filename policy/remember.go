package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"go.yaml.in/yaml/v3"
)

// Remembers says which arguments an answer to this ask rule is about, as JSON pointers
// (RFC 6901) in order, each once: another value at one of them is another question. With
// all set it is about every argument, which is so for a rule that names none; pointers that
// are empty then say that the answer is about no argument at all.
func (r Rule) Remembers() (pointers []string, all bool) {
	if r.Remember == "" {
		return nil, true
	}
	if err := json.Unmarshal([]byte(r.Remember), &pointers); err != nil {
		return nil, true // not made by Load
	}
	return pointers, false
}

// readRule reads the block over a rule, and refuses whatever would look like a
// restriction of that rule alone.
func (b block) readRule(file string, m *ast.Module, c *Capability) error {
	members, err := b.members(file)
	if err != nil {
		return err
	}
	for _, key := range members {
		switch key.name {
		case "title", "description":
		case "custom":
			if err := b.readRuleCustom(file, key, m, c); err != nil {
				return err
			}
		default:
			return at(file, key.row, fmt.Errorf("unknown metadata key %q on a rule: only title, description and custom.remember; "+
				"windows, origins and the rest belong over the package", key.name))
		}
	}
	return nil
}

func (b block) readRuleCustom(file string, custom member, m *ast.Module, c *Capability) error {
	members, err := b.mapping(file, custom.node, "custom")
	if err != nil {
		return err
	}
	for _, key := range members {
		if key.name != "remember" {
			return at(file, key.row, fmt.Errorf("unknown metadata key %q on a rule: only remember, over an ask; "+
				"windows, origins and the rest belong over the package", key.name))
		}
		row := b.end + 1
		if !slices.ContainsFunc(m.Rules, func(r *ast.Rule) bool { return ruleName(r) == "ask" && r.Location.Row == row }) {
			return at(file, key.row, fmt.Errorf("remember is about the answers to a question: an ask rule was expected on line %d, right below the block", row))
		}
		text, err := pointers(key.node)
		if err != nil {
			return at(file, key.row, err)
		}
		if c.remember == nil {
			c.remember = make(map[int]string)
		}
		c.remember[row] = text
	}
	return nil
}

// pointers reads a list of member names and JSON pointers to its canonical form, which is
// never "": empty is not unset.
func pointers(n *yaml.Node) (string, error) {
	all, err := list(member{name: "remember", node: n}, pointer)
	if err != nil {
		return "", err
	}
	slices.Sort(all)
	if len(slices.Compact(slices.Clone(all))) < len(all) {
		return "", errors.New("remember names an argument twice")
	}
	text, err := json.Marshal(all)
	return string(text), err
}

// pointer makes a JSON pointer of a member's name.
func pointer(name string) (string, error) {
	switch {
	case name == "":
		return "", errors.New(`"" names no argument: leave remember out to bind an answer to all of them, write [] for none`)
	case name[0] != '/':
		return "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name), nil
	case strings.Contains(strings.NewReplacer("~0", "", "~1", "").Replace(name), "~"):
		return "", fmt.Errorf("%q is no JSON pointer: ~ is written ~0, and / within a name ~1", name)
	}
	return name, nil
}
