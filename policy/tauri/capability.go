package tauri

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/policy/internal/document"
)

// capabilityOut is a capability as we write it.
type capabilityOut struct {
	Identifier  string     `json:"identifier"`
	Description string     `json:"description,omitempty"`
	Windows     []string   `json:"windows"`
	Local       *bool      `json:"local,omitempty"`
	Remote      *remoteOut `json:"remote,omitempty"`
	Platforms   []string   `json:"platforms,omitzero"`
	Permissions []any      `json:"permissions"`
}

type remoteOut struct {
	URLs []string `json:"urls"`
}

// grantOut is an entry of permissions with a scope of its own.
type grantOut struct {
	Identifier string            `json:"identifier"`
	Allow      []json.RawMessage `json:"allow,omitzero"`
	Deny       []json.RawMessage `json:"deny,omitzero"`
}

func (i *importer) capability(c *capabilityFile) error {
	if c.node.Kind != document.Table {
		return fault(c.file, c.node.Line, "a capability must be an object, got %s", c.node.Kind)
	}
	out := capabilityOut{Windows: []string{}, Permissions: []any{}}
	var local *document.Node
	for _, m := range c.node.Members {
		switch n := m.Value; m.Name {
		case "$schema":
		case "identifier":
			out.Identifier = i.capabilityID(c.file, n)
		case "description":
			out.Description = textOf(n)
		case "windows", "webviews":
			out.Windows = append(out.Windows, i.labels(c.file, n, out.Windows)...)
		case "local":
			local = n
		case "remote":
			out.Remote = &remoteOut{i.urls(c.file, n.Member("urls"))}
		case "platforms":
			if n.Kind != document.Null {
				out.Platforms = i.platforms(c.file, n)
			}
		case "permissions":
			for _, p := range items(n) {
				if entry := i.grant(c.file, p); entry != nil {
					out.Permissions = append(out.Permissions, entry)
				}
			}
		default:
			i.note(c.file, m.Line, "%q is no member of a capability here; left out", m.Name)
		}
	}
	if out.Identifier == "" {
		return fault(c.file, c.node.Line, "a capability must have an identifier")
	}
	windows, webviews := items(c.node.Member("windows")), items(c.node.Member("webviews"))
	switch {
	case len(windows) > 0 && len(webviews) > 0:
		i.note(c.file, c.node.Member("webviews").Line, "a window has one webview here: both windows and webviews name windows")
	case len(webviews) > 0:
		i.note(c.file, c.node.Member("webviews").Line, "a window has one webview here: these webviews are taken for windows")
	}
	out.setLocal(local)
	return i.write(out.Identifier+".json", out)
}

// setLocal keeps what Tauri means: the app itself unless local is false. Here remote alone excludes it.
func (out *capabilityOut) setLocal(local *document.Node) {
	yes := local == nil || local.Text != "false"
	if out.Remote != nil || !yes {
		out.Local = &yes
	}
}

func (i *importer) capabilityID(file string, n *document.Node) string {
	text := textOf(n)
	id := strings.Trim(regexp.MustCompile(`[^A-Za-z0-9._-]+`).ReplaceAllString(text, "-"), "-._")
	id = strings.Trim(id[:min(len(id), 60)], "-._")
	if id == "" {
		return ""
	}
	for i.ids[strings.ToLower(id)] { // also the name of a file
		id += "-2"
	}
	i.ids[strings.ToLower(id)] = true
	if id != text {
		i.note(file, n.Line, "capability %q is called %s here", text, id)
	}
	return id
}

// labels are the globs that our windows can have.
func (i *importer) labels(file string, n *document.Node, known []string) []string {
	var all []string
	for _, item := range items(n) {
		glob := textOf(item)
		for strings.Contains(glob, "**") {
			glob = strings.ReplaceAll(glob, "**", "*")
		}
		switch {
		case !regexp.MustCompile(`^[a-z0-9*?-]+$`).MatchString(glob):
			i.note(file, item.Line, "window %q: labels here are lower-case letters, digits and dashes, and of globs only * and ? are known; left out: rename the window", textOf(item))
		case !slices.Contains(known, glob) && !slices.Contains(all, glob):
			all = append(all, glob)
		}
	}
	return all
}

func (i *importer) urls(file string, n *document.Node) []string {
	all := []string{}
	for _, item := range items(n) {
		err := loadsCapability(capabilityOut{Identifier: "x", Windows: []string{}, Permissions: []any{}, Remote: &remoteOut{[]string{textOf(item)}}})
		if err != nil {
			i.note(file, item.Line, "remote URL %q: %v; left out", textOf(item), err)
			continue
		}
		all = append(all, textOf(item))
	}
	return all
}

func (i *importer) platforms(file string, n *document.Node) []string {
	all := []string{}
	for _, item := range items(n) {
		name := textOf(item)
		switch name {
		case "linux", "windows", "macOS":
		case "android", "iOS":
			i.note(file, item.Line, "platform %s: nothing of ours runs there; kept", name)
		default:
			i.note(file, item.Line, "platform %q is unknown; left out", name)
			continue
		}
		all = append(all, name)
	}
	return all
}

// grant is an entry of permissions, nil if nothing is left of it.
func (i *importer) grant(file string, n *document.Node) any {
	if n.Kind == document.Text {
		if id, ok := i.identifier(file, n.Line, n.Text, ""); ok {
			return id
		}
		return nil
	}
	id := n.Member("identifier")
	if textOf(id) == "" {
		i.note(file, n.Line, "an entry of permissions that is neither an identifier nor an object with one; left out")
		return nil
	}
	name, ok := i.identifier(file, id.Line, id.Text, "")
	if !ok {
		if len(items(n.Member("allow")))+len(items(n.Member("deny"))) > 0 {
			i.wider(file, n.Line, "the scope given to %s is left out with it, and limits no other command", id.Text)
		}
		return nil
	}
	g := grantOut{Identifier: name}
	g.Allow, g.Deny, ok = i.scope(file, n)
	if !ok {
		tell := i.note
		if allows, defined := i.defined[id.Text]; defined && !allows { // so it restricts others
			tell = i.wider
		}
		tell(file, n.Line, "%s is left out, since what its scope denies can't be kept", id.Text)
		return nil
	}
	for _, m := range n.Members {
		if m.Name != "identifier" && m.Name != "allow" && m.Name != "deny" {
			i.note(file, m.Line, "%q is no member of an entry of permissions here; left out", m.Name)
		}
	}
	if g.Allow == nil && g.Deny == nil {
		return name
	}
	if _, defined := i.defined[id.Text]; !defined && strings.HasPrefix(name[strings.Index(name, ":")+1:], "deny-") {
		i.note(file, n.Line, "the scope of %s has no effect beside a denial; left out", id.Text)
		return name
	}
	return g
}
