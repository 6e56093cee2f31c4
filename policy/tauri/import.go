// Package tauri turns the access rules of a Tauri 2 project (capabilities, permissions and scopes) into
// declarative capability files of Sallyport, and says what has no equivalent here.
//
// What can't be carried over is left out on the side that denies: an entry of what is allowed goes, and the
// list stays; with an entry of what is denied goes the permission that it restricts. Where that is not
// possible, a note says that the result may be wider.
package tauri

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/policy/internal/document"
)

// Result is what an import made.
type Result struct {
	Files []File // by name
	Notes []Note // by file and line
}

// File is one file to write.
type File struct {
	Name string // a slash-separated path within the folder of capabilities
	Data []byte
}

// Note is something that has no equivalent, or another meaning than in Tauri.
type Note struct {
	File  string `json:"file"` // within the folder that was imported
	Line  int    `json:"line"` // from 1
	Text  string `json:"text"`
	Wider bool   `json:"wider"` // what was made may allow more than Tauri does
}

// Import reads the folder of a Tauri project that holds tauri.conf.json, usually src-tauri. The files it
// returns load as they are, apart from variables that the notes name. An error names file and line.
func Import(fsys fs.FS) (*Result, error) {
	i := &importer{fsys: fsys, defined: make(map[string]bool), ids: make(map[string]bool), told: make(map[string]bool)}
	if err := i.config(); err != nil {
		return nil, err
	}
	capabilities, permissions, err := i.read()
	if err != nil {
		return nil, err
	}
	i.define(capabilities, permissions)
	for _, f := range permissions {
		if err := i.permissionFile(f); err != nil {
			return nil, err
		}
	}
	for _, c := range capabilities {
		if err := i.capability(c); err != nil {
			return nil, err
		}
	}
	if len(permissions) == 0 && len(capabilities) > 0 {
		i.note(capabilities[0].file, 1, "in Tauri an app without files of permissions may call all its own commands from local pages; here each needs a permission such as allow-<command>")
	}
	slices.SortFunc(i.files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	slices.SortStableFunc(i.notes, func(a, b Note) int { return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line) })
	if err := loads(i.files); err != nil {
		return nil, fmt.Errorf("tauri: the files made of this project would not load: %w", err)
	}
	return &Result{i.files, i.notes}, nil
}

type importer struct {
	fsys    fs.FS
	bundle  string            // the app's identifier, a folder below Tauri's $APPDATA
	enabled []string          // capabilities that the configuration names; nil is all
	inline  []*capabilityFile // those that it holds itself
	inlined map[string]bool   // plugins whose permissions are the project's own
	defined map[string]bool   // permissions and sets of the project, by their whole identifier; true for what allows commands of its own
	ids     map[string]bool   // of capabilities written so far
	told    map[string]bool   // of variables that were noted
	files   []File
	notes   []Note
}

// capabilityFile is one capability with the file it stands in.
type capabilityFile struct {
	file string
	node *document.Node
}

// permissionFile is one file of permissions.
type permissionFile struct {
	file      string
	namespace string // "" of the app's own
	node      *document.Node
}

func (i *importer) note(file string, line int, format string, a ...any) {
	i.notes = append(i.notes, Note{File: file, Line: max(line, 1), Text: fmt.Sprintf(format, a...)})
}

// wider is a note on something whose loss lets calls through.
func (i *importer) wider(file string, line int, format string, a ...any) {
	i.note(file, line, format, a...)
	i.notes[len(i.notes)-1].Wider = true
}

func fault(file string, line int, format string, a ...any) error {
	return &policy.FileError{File: file, Line: max(line, 1), Err: fmt.Errorf(format, a...)}
}

func (i *importer) parse(file string) (*document.Node, error) {
	text, err := fs.ReadFile(i.fsys, file)
	if err != nil {
		return nil, fmt.Errorf("tauri: %w", err)
	}
	n, err := document.Parse(file, text)
	if e, ok := errors.AsType[*document.Error](err); ok {
		return nil, fault(file, e.Line, "%w", e)
	}
	return n, err
}

// read finds the files of capabilities, which lie in one folder, and those of permissions, which may lie deeper.
func (i *importer) read() (capabilities []*capabilityFile, permissions []*permissionFile, err error) {
	capabilities = i.inline
	err = i.walk("capabilities", func(file string) error {
		n, err := i.parse(file)
		if err != nil {
			return err
		}
		for _, one := range oneOrMany(n) {
			c := &capabilityFile{file, one}
			if id := textOf(one.Member("identifier")); i.enabled != nil && !slices.Contains(i.enabled, id) {
				i.note(file, one.Line, "capability %q is not in force: app.security.capabilities does not name it; left out", id)
				continue
			}
			capabilities = append(capabilities, c)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	err = i.walk("permissions", func(file string) error {
		if strings.HasPrefix(file, "permissions/schemas/") {
			return nil
		}
		n, err := i.parse(file)
		permissions = append(permissions, &permissionFile{file: file, node: n})
		return err
	})
	return capabilities, permissions, err
}

// walk visits the files of a folder that Tauri reads there; a folder that is not there has none.
func (i *importer) walk(folder string, visit func(file string) error) error {
	err := fs.WalkDir(i.fsys, folder, func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return nil
		}
		switch path.Ext(file) {
		case ".json", ".toml":
			return visit(file)
		case ".json5":
			i.note(file, 1, "JSON5 is not read; left out: save the file as JSON")
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// oneOrMany are the capabilities of a file.
func oneOrMany(n *document.Node) []*document.Node {
	switch list := n.Member("capabilities"); {
	case n.Kind == document.List:
		return n.Items
	case list != nil && list.Kind == document.List:
		return list.Items
	}
	return []*document.Node{n}
}

// define notes what the project itself defines. A folder of permissions belongs to a plugin if something
// refers to that by its name.
func (i *importer) define(capabilities []*capabilityFile, permissions []*permissionFile) {
	i.inlined = make(map[string]bool)
	refer := func(n *document.Node) {
		if namespace, _, ok := strings.Cut(textOf(n), ":"); ok {
			i.inlined[namespace] = true
		}
	}
	for _, c := range capabilities {
		for _, p := range items(c.node.Member("permissions")) {
			refer(p)
			refer(p.Member("identifier"))
		}
	}
	for _, f := range permissions {
		for _, s := range append(items(f.node.Member("set")), f.node.Member("default")) {
			if s != nil {
				for _, p := range items(s.Member("permissions")) {
					refer(p)
				}
			}
		}
	}
	for _, f := range permissions {
		if parts := strings.Split(f.file, "/"); len(parts) > 2 && i.inlined[parts[1]] {
			f.namespace = parts[1]
		}
		if f.node.Member("default") != nil {
			i.defined[whole(f.namespace, "default")] = false
		}
		for _, s := range items(f.node.Member("set")) {
			i.defined[whole(f.namespace, textOf(s.Member("identifier")))] = false
		}
		for _, p := range items(f.node.Member("permission")) {
			i.defined[whole(f.namespace, textOf(p.Member("identifier")))] = len(items(at(p, "commands", "allow"))) > 0
		}
	}
}

func whole(namespace, base string) string {
	if namespace == "" {
		return base
	}
	return namespace + ":" + base
}

func items(n *document.Node) []*document.Node {
	if n == nil || n.Kind != document.List {
		return nil
	}
	return n.Items
}

func textOf(n *document.Node) string {
	if n == nil || n.Kind != document.Text {
		return ""
	}
	return n.Text
}
