package policy

import (
	"fmt"
	"strings"
	"time"

	"github.com/sallyport/sallyport/policy/internal/document"
)

// decoder reads the tree of one declarative file. Every error of its methods names file and line.
type decoder struct{ file string }

func (d decoder) fault(n *document.Node, format string, a ...any) error {
	return at(d.file, n.Line, fmt.Errorf(format, a...))
}

// slot is a member that an object may have.
type slot struct {
	name string
	read func(n *document.Node) error
}

// object reads the members of an object and refuses any that has no slot.
func (d decoder) object(n *document.Node, what string, slots ...slot) error {
	if n.Kind != document.Table {
		return d.fault(n, "%s must be an object, got %s", what, n.Kind)
	}
	names := make([]string, len(slots))
	for i, s := range slots {
		names[i] = s.name
	}
members:
	for _, m := range n.Members {
		for _, s := range slots {
			if s.name == m.Name {
				if err := s.read(m.Value); err != nil {
					return err
				}
				continue members
			}
		}
		problem := fmt.Sprintf("%s has no member %q: expected %s", what, m.Name, listed(names))
		return at(d.file, m.Line, didYouMean(problem, m.Name, names))
	}
	return nil
}

// listed is "a", "a or b" or "a, b or c".
func listed(names []string) string {
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

func (d decoder) text(n *document.Node, what string) (string, error) {
	switch n.Kind {
	case document.Text:
		return n.Text, nil
	case document.Null:
		return "", d.fault(n, "%s must be text, got null: leave the member out instead", what)
	}
	return "", d.fault(n, "%s must be text, got %s: quote it", what, n.Kind)
}

// into is a slot's read of a text that read takes.
func (d decoder) into(dst *string, what string) func(*document.Node) error {
	return func(n *document.Node) (err error) {
		*dst, err = d.text(n, what)
		return err
	}
}

func (d decoder) list(n *document.Node, what string) ([]*document.Node, error) {
	if n.Kind != document.List {
		return nil, d.fault(n, "%s must be a list, got %s; leave the member out or write [] if that is what you mean", what, n.Kind)
	}
	return n.Items, nil
}

// texts reads a list of texts, each as read takes it. Never nil without an error: empty is not unset.
func (d decoder) texts(n *document.Node, what string, read func(string) (string, error)) ([]string, error) {
	items, err := d.list(n, what)
	if err != nil {
		return nil, err
	}
	all := make([]string, 0, len(items))
	for _, item := range items {
		text, err := d.text(item, "each of "+what)
		if err == nil {
			if text, err = read(text); err != nil {
				err = at(d.file, item.Line, fmt.Errorf("%s: %w", what, err))
			}
		}
		if err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, nil
}

func (d decoder) boolean(n *document.Node, what string) (bool, error) {
	if n.Kind != document.Bool {
		return false, d.fault(n, "%s must be true or false, got %s", what, n.Kind)
	}
	return n.Text == "true", nil
}

func (d decoder) instant(n *document.Node, what string) (time.Time, error) {
	t, err := readInstant(n.Text)
	if n.Kind != document.Text && n.Kind != document.Time || err != nil {
		return time.Time{}, d.fault(n, "%s must be an RFC 3339 time such as 2027-01-31T00:00:00Z, got %s", what, cmpText(n))
	}
	return t, nil
}

func cmpText(n *document.Node) string {
	if n.Kind == document.Text || n.Kind == document.Time {
		return fmt.Sprintf("%q", n.Text)
	}
	return n.Kind.String()
}

// version is checked and otherwise of no consequence, as in Tauri.
func (d decoder) version(n *document.Node) error {
	if n.Kind == document.Number && strings.Trim(n.Text, "0123456789") == "" && n.Text != "0" {
		return nil
	}
	return d.fault(n, "version must be a whole number from 1, got %s", cmpText(n))
}

// platform reads a GOOS name or one of Tauri's two that differ from it.
func platform(name string) (string, error) {
	switch name {
	case "macOS":
		name = "darwin"
	case "iOS":
		name = "ios"
	}
	return checkPlatform(name)
}
