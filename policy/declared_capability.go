package policy

import (
	"slices"

	"github.com/sallyport/sallyport/policy/internal/document"
)

// grant is one entry of a capability's permissions.
type grant struct {
	id    identifier
	line  int
	scope scopeEntries // added to the scope of every permission that id leads to
}

// draft is a capability as its declarative file writes it, its permissions not yet resolved.
type draft struct {
	*Capability
	line   int // of the identifier
	grants []grant
}

// capabilities reads a declarative capability file: one object, a list of them, or an object with
// such a list.
func (d decoder) capabilities(n *document.Node) ([]*draft, error) {
	list := n.Items
	switch {
	case n.Kind == document.Table && n.Member("capabilities") != nil:
		if err := d.object(n, "a file of capabilities", slot{"capabilities", func(n *document.Node) (err error) {
			list, err = d.list(n, "capabilities")
			return err
		}}, d.schema()); err != nil {
			return nil, err
		}
	case n.Kind == document.Table:
		list = []*document.Node{n}
	case n.Kind != document.List:
		return nil, d.fault(n, "a capability file must hold an object or a list of objects, got %s", n.Kind)
	}
	var all []*draft
	for _, item := range list {
		c, err := d.capability(item)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// schema lets editors find the JSON Schema of a file.
func (d decoder) schema() slot {
	return slot{"$schema", func(n *document.Node) error { _, err := d.text(n, "$schema"); return err }}
}

func (d decoder) capability(n *document.Node) (*draft, error) {
	for _, name := range []string{"permission", "set", "default"} {
		if n.Kind == document.Table && n.Member(name) != nil {
			return nil, d.fault(n.Member(name), "a capability has no member %q: a file of permissions belongs below a folder named %s", name, permissionsFolder)
		}
	}
	c := &draft{Capability: &Capability{File: d.file, lines: make(map[string]int)}}
	for _, m := range n.Members {
		c.lines[m.Name] = m.Line
	}
	c.lines["origins"] = c.lines["remote"] // what a Rego file calls it
	var local *bool
	windows, permissions := false, false
	globs := func(what string) func(n *document.Node) error {
		return func(n *document.Node) error {
			all, err := d.texts(n, what, checkWindow)
			if !windows {
				windows, c.Windows, c.Line = true, []string{}, n.Line
			}
			for _, glob := range all {
				if !slices.Contains(c.Windows, glob) {
					c.Windows = append(c.Windows, glob)
				}
			}
			return err
		}
	}
	err := d.object(n, "a capability",
		slot{"identifier", func(n *document.Node) (err error) {
			c.line = n.Line
			if c.ID, err = d.text(n, "identifier"); err == nil {
				if err = checkCapabilityID(c.ID); err != nil {
					err = at(d.file, n.Line, err)
				}
			}
			return err
		}},
		slot{"description", d.into(&c.Description, "description")},
		slot{"windows", globs("windows")},
		slot{"webviews", globs("webviews")}, // one to a window here, so both name windows
		slot{"local", func(n *document.Node) error {
			v, err := d.boolean(n, "local")
			local = &v
			return err
		}},
		slot{"remote", func(n *document.Node) error { return d.remote(n, c.Capability) }},
		slot{"platforms", func(n *document.Node) (err error) {
			c.Platforms, err = d.texts(n, "platforms", platform)
			return err
		}},
		slot{"expires", func(n *document.Node) (err error) {
			c.Expires, err = d.instant(n, "expires")
			return err
		}},
		slot{"permissions", func(n *document.Node) (err error) {
			permissions = true
			c.grants, err = d.grants(n)
			return err
		}},
		d.schema(),
	)
	switch {
	case err != nil:
		return nil, err
	case c.line == 0:
		return nil, d.fault(n, "a capability must have an identifier: text that names it")
	case !windows:
		return nil, d.fault(n, `capability %s names neither windows nor webviews: name the windows, ["*"] for all of them, [] for none`, c.ID)
	case !permissions:
		return nil, d.fault(n, "capability %s has no permissions: name them, [] for none", c.ID)
	}
	c.Local = local != nil && *local || local == nil && c.Origins == nil
	return c, nil
}

func (d decoder) remote(n *document.Node, c *Capability) error {
	err := d.object(n, "remote", slot{"urls", func(n *document.Node) (err error) {
		c.Origins, err = d.texts(n, "remote.urls", func(text string) (string, error) {
			s, err := readSite(text)
			c.sites = append(c.sites, s)
			return s.text, err
		})
		return err
	}})
	if err == nil && c.Origins == nil {
		err = d.fault(n, "remote has no urls: name the pages' URLs, or leave remote out")
	}
	return err
}

func (d decoder) grants(n *document.Node) ([]grant, error) {
	items, err := d.list(n, "permissions")
	if err != nil {
		return nil, err
	}
	var all []grant
	for _, item := range items {
		g, err := d.grant(item)
		if err != nil {
			return nil, err
		}
		all = append(all, g)
	}
	return all, nil
}

func (d decoder) grant(n *document.Node) (grant, error) {
	g := grant{line: n.Line}
	if n.Kind == document.Text {
		var err error
		g.id, err = d.identifier(n, "each of permissions")
		return g, err
	}
	if n.Kind != document.Table {
		return g, d.fault(n, "each of permissions must be text or an object, got %s", n.Kind)
	}
	err := d.object(n, "an entry of permissions", append(d.scope("", &g.scope),
		slot{"identifier", func(n *document.Node) (err error) {
			g.id, err = d.identifier(n, "identifier")
			return err
		}})...)
	if err == nil && g.id.base == "" {
		err = d.fault(n, "an entry of permissions must have an identifier")
	}
	return g, err
}

func (d decoder) identifier(n *document.Node, what string) (identifier, error) {
	text, err := d.text(n, what)
	if err != nil {
		return identifier{}, err
	}
	id, err := parseIdentifier(text)
	if err != nil {
		err = at(d.file, n.Line, err)
	}
	return id, err
}
