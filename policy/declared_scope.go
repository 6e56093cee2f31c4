package policy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/policy/internal/document"
)

// Scope is what the declarative files say about a command for its handler: the entries of all
// permissions, of all capabilities that hold, as JSON. The policy enforces them before the handler
// runs; a handler reads them to show them, or to narrow down further. The zero value is no scope.
// It is shared between decisions: read only.
type Scope struct {
	Set   bool              // some scope says what is allowed: if Allow is empty, nothing is
	Allow []json.RawMessage // each once, sorted, as are the members of objects
	Deny  []json.RawMessage // likewise
}

// add merges what one rule hands to the handler into the scope.
func (s *Scope) add(of handed) {
	s.Set = s.Set || of.set
	s.Allow, s.Deny = merged(s.Allow, of.allow), merged(s.Deny, of.deny)
}

func merged(all []json.RawMessage, entry json.RawMessage) []json.RawMessage {
	if entry == nil || slices.ContainsFunc(all, func(e json.RawMessage) bool { return string(e) == string(entry) }) {
		return all
	}
	at, _ := slices.BinarySearchFunc(all, entry, func(a, b json.RawMessage) int { return strings.Compare(string(a), string(b)) })
	return slices.Insert(all, at, entry)
}

// scopeEntries are lists of entries; unset and empty are two things.
type scopeEntries struct {
	set         bool // allow is given, empty or not
	allow, deny []scopeEntry
}

func (s scopeEntries) and(o scopeEntries) scopeEntries {
	return scopeEntries{s.set || o.set, slices.Concat(s.allow, o.allow), slices.Concat(s.deny, o.deny)}
}

// scopeEntry is one entry and what the policy makes of it.
type scopeEntry struct {
	json       json.RawMessage
	conditions []line // Rego, all of which hold for a call that fits
}

// scope is the two slots of a scope.
func (d decoder) scope(name string, dst *scopeEntries) []slot {
	return []slot{
		{"allow", func(n *document.Node) (err error) {
			dst.set = true
			dst.allow, err = d.entries(n, name+"allow")
			return err
		}},
		{"deny", func(n *document.Node) (err error) {
			dst.deny, err = d.entries(n, name+"deny")
			return err
		}},
	}
}

func (d decoder) entries(n *document.Node, what string) ([]scopeEntry, error) {
	items, err := d.list(n, what)
	if err != nil {
		return nil, err
	}
	var all []scopeEntry
	for _, item := range items {
		e := scopeEntry{json: item.AppendJSON(nil)}
		if e.conditions, err = d.conditions(item, what); err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

// conditions are what holds for a call that fits an entry. Text is a path, or a URL if it has
// "://" in it. An object fits if all its members do: path and url by pattern, each other member if
// the argument of that name equals it. All of them are false, and no error, where the argument is
// absent or of another type.
func (d decoder) conditions(n *document.Node, what string) ([]line, error) {
	members := n.Members
	switch {
	case n.Kind == document.Text && strings.Contains(n.Text, "://"):
		members = []document.Member{{Name: "url", Value: n}}
	case n.Kind == document.Text:
		members = []document.Member{{Name: "path", Value: n}}
	case n.Kind != document.Table:
		return nil, d.fault(n, "each of %s must be text (a path, or a URL with ://) or an object, got %s, which could be compared with no argument", what, n.Kind)
	case len(members) == 0:
		return nil, d.fault(n, "an empty object in %s would fit every call: name what is meant, or leave %s out", what, what)
	}
	var all []line
	for _, m := range members {
		value := m.Value.AppendJSON(nil)
		text := fmt.Sprintf("input.args[%s] == %s", quote(m.Name), value)
		if m.Name == "path" || m.Name == "url" {
			if m.Value.Kind != document.Text {
				return nil, d.fault(m.Value, "%s in an entry of %s must be text, got %s", m.Name, what, m.Value.Kind)
			}
			function := map[string]string{"path": glob, "url": urlMatches}[m.Name]
			text = fmt.Sprintf("%s.%s(%s, input.args.%s)", scopeRef(), function, value, m.Name)
		}
		all = append(all, line{text, place{d.file, m.Value.Line}})
	}
	return all, nil
}
