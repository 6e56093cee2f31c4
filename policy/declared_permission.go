package policy

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sallyport/sallyport/policy/internal/document"
)

// permissionsFolder holds the files of permissions. A folder within it is a namespace: what is
// below permissions/notes is notes:<identifier>, and about commands that begin with "notes.".
const permissionsFolder = "permissions"

// place is where something stands in the files.
type place struct {
	file string
	line int
}

func (p place) String() string { return fmt.Sprintf("%s:%d", p.file, p.line) }

// permission is a [[permission]], or one that stands for a command and is written nowhere.
type permission struct {
	id          identifier
	at          place    // zero if it is written nowhere
	allow, deny []string // commands by their full names
	scope       scopeEntries
	platforms   []string // nil is all of them
}

// String names a permission in reasons and errors.
func (p *permission) String() string {
	if p.at.file == "" {
		return p.id.String()
	}
	return fmt.Sprintf("%s (%s)", p.id, p.at)
}

// set is a [[set]], or the [default] of its namespace.
type set struct {
	id      identifier
	at      place
	members []setMember
}

type setMember struct {
	id identifier // in the set's namespace, unless it names another
	at place
}

// permissionReader reads one file below permissions/.
type permissionReader struct {
	decoder
	namespace   string
	permissions []*permission
	sets        []*set
}

func (r *permissionReader) read(n *document.Node) error {
	return r.object(n, "a file of permissions",
		slot{defaultBase, func(n *document.Node) error {
			s := &set{id: identifier{namespace: r.namespace, base: defaultBase}, at: place{r.file, n.Line}}
			r.sets = append(r.sets, s)
			return r.set(n, "default", s, slot{"version", r.version})
		}},
		slot{"set", r.each("set", func(n *document.Node) error {
			s := &set{at: place{r.file, n.Line}}
			r.sets = append(r.sets, s)
			return r.set(n, "a set", s, slot{"identifier", r.defines(&s.id)})
		})},
		slot{"permission", r.each("permission", r.permission)},
		r.schema(),
	)
}

func (r *permissionReader) each(what string, read func(*document.Node) error) func(*document.Node) error {
	return func(n *document.Node) error {
		items, err := r.list(n, what)
		for _, item := range items {
			if err == nil {
				err = read(item)
			}
		}
		return err
	}
}

// defines reads the identifier of what the file defines: without a namespace, which the folder says.
func (r *permissionReader) defines(dst *identifier) func(*document.Node) error {
	return func(n *document.Node) error {
		text, err := r.text(n, "identifier")
		switch {
		case err != nil:
			return err
		case strings.Contains(text, ":"):
			return r.fault(n, "%q: expected an identifier without a colon: the folder below %s is the namespace", text, permissionsFolder)
		case text == defaultBase:
			return r.fault(n, "%q names the [default] of a namespace: write that, or choose another identifier", text)
		}
		if *dst, err = r.within(text); err != nil {
			err = at(r.file, n.Line, err)
		}
		return err
	}
}

// within reads an identifier that belongs to the file's namespace unless it names another.
func (r *permissionReader) within(text string) (identifier, error) {
	if r.namespace == "" || strings.Contains(text, ":") {
		return parseIdentifier(text)
	}
	id, err := parseIdentifier(r.namespace + ":" + text)
	if _, rest, _ := strings.Cut(id.base, "-"); err == nil && strings.HasPrefix(rest, r.namespace+".") {
		if id.command != "" {
			err = fmt.Errorf("%q: in the namespace %s the command's name goes without it: expected %q", text,
				r.namespace, strings.Replace(text, r.namespace+".", "", 1))
		}
	}
	return id, err
}

func (r *permissionReader) set(n *document.Node, what string, s *set, more ...slot) error {
	var description string
	given := false
	err := r.object(n, what, append(more,
		slot{"description", r.into(&description, "description")},
		slot{"permissions", r.each("permissions", func(n *document.Node) error {
			text, err := r.text(n, "each of permissions")
			if err != nil {
				return err
			}
			m := setMember{at: place{r.file, n.Line}}
			if m.id, err = r.within(text); err != nil {
				return at(r.file, n.Line, err)
			}
			s.members = append(s.members, m)
			return nil
		})},
	)...)
	if err == nil {
		given = n.Member("permissions") != nil
	}
	switch {
	case err != nil:
		return err
	case s.id.base == "":
		return r.fault(n, "%s must have an identifier", what)
	case !given:
		return r.fault(n, "%s has no permissions: name them, [] for none", what)
	}
	return nil
}

func (r *permissionReader) permission(n *document.Node) error {
	p := &permission{at: place{r.file, n.Line}}
	r.permissions = append(r.permissions, p)
	var description string
	commands := func(n *document.Node) error {
		return r.object(n, "commands",
			slot{"allow", func(n *document.Node) (err error) {
				p.allow, err = r.texts(n, "commands.allow", r.command)
				return err
			}},
			slot{"deny", func(n *document.Node) (err error) {
				p.deny, err = r.texts(n, "commands.deny", r.command)
				return err
			}},
		)
	}
	err := r.object(n, "a permission",
		slot{"version", r.version},
		slot{"identifier", r.defines(&p.id)},
		slot{"description", r.into(&description, "description")},
		slot{"commands", commands},
		slot{"scope", func(n *document.Node) error { return r.object(n, "scope", r.scope("scope.", &p.scope)...) }},
		slot{"platforms", func(n *document.Node) (err error) {
			p.platforms, err = r.texts(n, "platforms", platform)
			return err
		}},
	)
	switch {
	case err != nil:
		return err
	case p.id.base == "":
		return r.fault(n, "a permission must have an identifier")
	}
	if err := p.checkScope(p.scope); err != nil {
		return at(r.file, n.Line, err)
	}
	return nil
}

// checkScope refuses a scope that would look like one of the denial and be none.
func (p *permission) checkScope(scope scopeEntries) error {
	if len(p.allow) == 0 && len(p.deny) > 0 && (scope.set || len(scope.deny) > 0) {
		return errors.New("a scope beside commands.deny alone has no effect, for these commands are denied whatever they are called with: " +
			"remove it, or put scope.deny beside commands.allow")
	}
	return nil
}

func (r *permissionReader) command(text string) (string, error) {
	return text, checkCommand(text, r.namespace)
}
