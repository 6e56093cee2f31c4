package tauri

import (
	"encoding/json"
	"path"
	"strings"

	"github.com/sallyport/sallyport/policy/internal/document"
)

// permissionsOut is a file of permissions as we write it.
type permissionsOut struct {
	Default    *setOut         `json:"default,omitempty"`
	Set        []setOut        `json:"set,omitempty"`
	Permission []permissionOut `json:"permission,omitempty"`
}

type setOut struct {
	Identifier  string   `json:"identifier,omitempty"`
	Description string   `json:"description,omitempty"`
	Permissions []string `json:"permissions"`
}

type permissionOut struct {
	Identifier  string       `json:"identifier"`
	Description string       `json:"description,omitempty"`
	Commands    *commandsOut `json:"commands,omitempty"`
	Scope       *scopeOut    `json:"scope,omitempty"`
	Platforms   []string     `json:"platforms,omitzero"`
}

type commandsOut struct {
	Allow []string `json:"allow,omitempty"`
	Deny  []string `json:"deny,omitempty"`
}

type scopeOut struct {
	Allow []json.RawMessage `json:"allow,omitzero"`
	Deny  []json.RawMessage `json:"deny,omitzero"`
}

func (i *importer) permissionFile(f *permissionFile) error {
	if f.node.Kind != document.Table {
		return fault(f.file, f.node.Line, "a file of permissions must be an object, got %s", f.node.Kind)
	}
	var out permissionsOut
	for _, m := range f.node.Members {
		switch m.Name {
		case "$schema":
		case "default":
			s := i.set(f, m.Value)
			out.Default = &s
		case "set":
			for _, n := range items(m.Value) {
				s := i.set(f, n)
				s.Identifier = textOf(n.Member("identifier"))
				out.Set = append(out.Set, s)
			}
		case "permission":
			for _, n := range items(m.Value) {
				out.Permission = append(out.Permission, i.permission(f, n))
			}
		default:
			i.note(f.file, m.Line, "%q is no member of a file of permissions; left out", m.Name)
		}
	}
	// Of a folder that is no plugin's, files move up: here every folder is a namespace.
	folder, rest := "permissions/", strings.TrimPrefix(f.file, "permissions/")
	if f.namespace != "" {
		folder, rest = folder+f.namespace+"/", strings.TrimPrefix(rest, f.namespace+"/")
	}
	name := strings.ReplaceAll(strings.TrimSuffix(rest, path.Ext(rest)), "/", "-")
	return i.write(folder+name+".json", out)
}

func (i *importer) set(f *permissionFile, n *document.Node) setOut {
	s := setOut{Description: textOf(n.Member("description")), Permissions: []string{}}
	for _, p := range items(n.Member("permissions")) {
		if id, ok := i.identifier(f.file, p.Line, textOf(p), f.namespace); ok {
			s.Permissions = append(s.Permissions, id)
		}
	}
	return s
}

func (i *importer) permission(f *permissionFile, n *document.Node) permissionOut {
	id := n.Member("identifier")
	out := permissionOut{Identifier: textOf(id), Description: textOf(n.Member("description"))}
	for _, m := range n.Members {
		switch m.Name {
		case "identifier", "description", "version", "commands", "scope":
		case "platforms":
			if m.Value.Kind != document.Null {
				out.Platforms = i.platforms(f.file, m.Value)
			}
		default:
			i.note(f.file, m.Line, "%q is no member of a permission here; left out", m.Name)
		}
	}
	commands := commandsOut{i.commands(f, at(n, "commands", "allow")), i.commands(f, at(n, "commands", "deny"))}
	if len(commands.Allow)+len(commands.Deny) > 0 {
		out.Commands = &commands
	}
	scope := n.Member("scope")
	if scope == nil || scope.Kind != document.Table {
		return out
	}
	allow, deny, ok := i.scope(f.file, scope)
	switch {
	case !ok && len(commands.Allow) > 0:
		// Left as it is, the permission would allow what the entry denies.
		i.note(f.file, n.Line, "permission %s allows nothing here, since what its scope denies can't be kept", out.Identifier)
		if commands.Allow = nil; len(commands.Deny) == 0 {
			out.Commands = nil
		}
	case !ok:
		i.wider(f.file, n.Line, "permission %s denies less here, since part of what its scope denies can't be kept", out.Identifier)
		out.Scope = &scopeOut{allow, deny}
	case len(commands.Allow) == 0 && len(commands.Deny) > 0:
		i.note(f.file, scope.Line, "the scope of permission %s has no effect beside denied commands; left out", out.Identifier)
	case allow != nil || deny != nil:
		out.Scope = &scopeOut{allow, deny}
	}
	return out
}

func (i *importer) commands(f *permissionFile, n *document.Node) []string {
	var all []string
	for _, item := range items(n) {
		name := command(textOf(item), f.namespace)
		if err := loadsCapability(capabilityOut{Identifier: "x", Windows: []string{}, Permissions: []any{"allow-" + name}}); err != nil ||
			f.namespace != "" && !strings.HasPrefix(name, f.namespace+".") {
			i.note(f.file, item.Line, "command %q can't be named here; left out", textOf(item))
			continue
		}
		all = append(all, name)
	}
	return all
}
