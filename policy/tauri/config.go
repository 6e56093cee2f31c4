package tauri

import (
	"errors"
	"io/fs"

	"github.com/sallyport/sallyport/policy/internal/document"
)

// config reads what the project's configuration says about its capabilities.
func (i *importer) config() error {
	var file string
	var root *document.Node
	for _, name := range []string{"tauri.conf.json", "Tauri.toml"} {
		n, err := i.parse(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		file, root = name, n
		break
	}
	if root == nil {
		return fault("tauri.conf.json", 1, "there is no such file: name the folder of a Tauri 2 project that holds it, usually src-tauri")
	}
	i.bundle = textOf(root.Member("identifier"))
	security := at(root, "app", "security")
	if list := at(security, "capabilities"); list != nil && len(list.Items) > 0 {
		i.enabled = []string{}
		for _, c := range list.Items {
			switch c.Kind {
			case document.Text:
				i.enabled = append(i.enabled, c.Text)
			case document.Table:
				i.inline = append(i.inline, &capabilityFile{file, c})
			default:
				return fault(file, c.Line, "app.security.capabilities holds %s: the identifier of a capability, or one itself, was expected", c.Kind)
			}
		}
	}
	if enable := at(security, "assetProtocol", "enable"); enable != nil && enable.Text == "true" {
		i.note(file, enable.Line, "the asset protocol has no equivalent: its scope is left out, and files are served by a command of the app")
	}
	if dot := at(root, "plugins", "fs", "requireLiteralLeadingDot"); dot != nil && dot.Text == "false" {
		i.note(file, dot.Line, "requireLiteralLeadingDot is off: here a wildcard never takes a leading dot; add entries for hidden files, such as $HOME/.*")
	}
	return nil
}

// at follows names from a node, nil where one is missing.
func at(n *document.Node, names ...string) *document.Node {
	for _, name := range names {
		if n == nil {
			return nil
		}
		n = n.Member(name)
	}
	return n
}
