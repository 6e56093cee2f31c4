package policy

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// catalogue is all permissions and sets that files define, by identifier.key.
type catalogue struct {
	permissions map[string]*permission
	sets        map[string]*set
	others      []string // see names
	used        map[string]bool
}

func newCatalogue(files []*permissionReader) (*catalogue, error) {
	c := &catalogue{permissions: make(map[string]*permission), sets: make(map[string]*set), used: make(map[string]bool)}
	taken := make(map[string]place)
	take := func(id identifier, here place) error {
		if earlier, ok := taken[id.key()]; ok {
			return at(here.file, here.line, fmt.Errorf("%s is defined already, at %s: choose another identifier", id, earlier))
		}
		taken[id.key()] = here
		return nil
	}
	for _, f := range files {
		for _, p := range f.permissions {
			if err := take(p.id, p.at); err != nil {
				return nil, err
			}
			c.permissions[p.id.key()] = p
		}
		for _, s := range f.sets {
			if err := take(s.id, s.at); err != nil {
				return nil, err
			}
			c.sets[s.id.key()] = s
		}
	}
	c.others = c.names(true)
	// Sets that no capability names are checked too.
	for _, f := range files {
		for _, s := range f.sets {
			if err := c.walk(s.id, s.at, nil, make(map[string]bool), func(*permission) {}); err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}

// walk yields the permissions that an identifier leads to, each once, in the order in which sets
// name them. via are the sets on the way there.
func (c *catalogue) walk(id identifier, from place, via []*set, seen map[string]bool, yield func(*permission)) error {
	key := id.key()
	s := c.sets[key]
	if i := slices.Index(via, s); s != nil && i >= 0 {
		var names []string
		for _, on := range append(via[i:], s) {
			names = append(names, on.id.String())
		}
		return at(from.file, from.line, fmt.Errorf("sets contain one another in a circle: %s", strings.Join(names, " → ")))
	}
	if seen[key] {
		return nil
	}
	seen[key] = true
	if s != nil {
		for _, m := range s.members {
			if err := c.walk(m.id, m.at, append(via[:len(via):len(via)], s), seen, yield); err != nil {
				return err
			}
		}
		return nil
	}
	p, err := c.permission(id)
	if err != nil {
		return at(from.file, from.line, err)
	}
	yield(p)
	return nil
}

// permission is the one of that identifier, written out or standing for a command.
func (c *catalogue) permission(id identifier) (*permission, error) {
	if p := c.permissions[id.key()]; p != nil {
		return p, nil
	}
	if id.command == "" {
		return nil, didYouMean(fmt.Sprintf("there is no permission or set %s in a file below %s", id, permissionsFolder), id.String(), c.names(false))
	}
	// A command's permission need not be written anywhere. So deny-hom, where deny-home is a scope, would
	// be about a command hom, and the scope forgotten.
	if similar := near(id.String(), c.others); len(similar) > 0 {
		return nil, fmt.Errorf("%s is written nowhere, so it would be about a command %s; did you mean %s? If not, write a permission %s",
			id, id.command, strings.Join(similar, " or "), id)
	}
	p := &permission{id: id}
	if strings.HasPrefix(id.base, "deny-") {
		p.deny = []string{id.command}
	} else {
		p.allow = []string{id.command}
	}
	return p, nil
}

// all lists what is written out, in the order of file and line. It is complete once all capabilities
// are compiled.
func (c *catalogue) all() []Permission {
	var all []Permission
	for key, p := range c.permissions {
		all = append(all, Permission{ID: p.id.String(), File: p.at.file, Line: p.at.line, Used: c.used[key]})
	}
	for key, s := range c.sets {
		all = append(all, Permission{ID: s.id.String(), File: s.at.file, Line: s.at.line, Set: true, Used: c.used[key]})
	}
	slices.SortFunc(all, func(a, b Permission) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.ID, b.ID))
	})
	return all
}

// names are the identifiers of what is written out, on demand only of what is about other things
// than the command that its name may stand for.
func (c *catalogue) names(other bool) []string {
	var all []string
	for p := range maps.Values(c.permissions) {
		if !other || !slices.Contains(p.allow, p.id.command) && !slices.Contains(p.deny, p.id.command) {
			all = append(all, p.id.String())
		}
	}
	for s := range maps.Values(c.sets) {
		all = append(all, s.id.String())
	}
	slices.Sort(all)
	return all
}
