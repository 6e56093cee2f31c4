package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/manifest"
	"github.com/sallyport/sallyport/policy/internal/document"
)

// readDeclared reads all declarative files at or below the root of fsys: files of permissions
// below a folder named permissions, files of capabilities everywhere else. It returns what they
// declare, in the order of the files, all permissions, and the files themselves.
func readDeclared(fsys fs.FS) ([]*declaration, []Permission, []source, error) {
	sources, err := readSources(fsys, isDeclared)
	if err != nil {
		return nil, nil, nil, err
	}
	var drafts []*draft
	var files []*permissionReader
	for _, s := range sources {
		root, err := document.Parse(s.file, s.text)
		if e, ok := errors.AsType[*document.Error](err); ok {
			return nil, nil, nil, at(s.file, e.Line, e)
		}
		d := decoder{s.file}
		if namespace, ok := permissionsOf(s.file); ok {
			if err := checkNamespace(namespace); err != nil {
				return nil, nil, nil, at(s.file, 1, err)
			}
			r := &permissionReader{decoder: d, namespace: namespace}
			files = append(files, r)
			err = r.read(root)
		} else {
			var more []*draft
			more, err = d.capabilities(root)
			drafts = append(drafts, more...)
		}
		if err != nil {
			return nil, nil, nil, err
		}
	}
	declared, permissions, err := declare(drafts, files)
	return declared, permissions, sources, err
}

// declare resolves the permissions of all capabilities.
func declare(drafts []*draft, files []*permissionReader) ([]*declaration, []Permission, error) {
	c, err := newCatalogue(files)
	if err != nil {
		return nil, nil, err
	}
	taken := make(map[string]place)
	var all []*declaration
	for _, d := range drafts {
		if earlier, ok := taken[d.ID]; ok {
			return nil, nil, at(d.File, d.line, fmt.Errorf("capability %s is defined already, at %s: choose another identifier", d.ID, earlier))
		}
		taken[d.ID] = place{d.File, d.line}
		declared, err := c.compile(d)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, declared)
	}
	return all, c.all(), nil
}

// isDeclared says whether a file is declarative, and what is wrong with the name of one that seems
// to be meant so. Names that begin with a dot are editors' and tools'.
func isDeclared(file string) (bool, error) {
	name, ext := path.Base(file), path.Ext(file)
	switch lower := strings.ToLower(ext); {
	case !slices.Contains(document.Extensions(), lower),
		slices.ContainsFunc(strings.Split(file, "/"), func(part string) bool { return strings.HasPrefix(part, ".") }),
		name == manifest.FileName,
		strings.HasSuffix(name, ".schema.json"),
		strings.HasSuffix(name, "_test.yaml"), strings.HasSuffix(name, "_test.yml"):
		return false, nil
	case ext != lower:
		return false, fmt.Errorf("declarative files end in %s, in lower case", listed(document.Extensions()))
	}
	return true, nil
}

// permissionsOf says whether a file is one of permissions, and for which namespace: the folder in
// the folder named permissions, "" of a file right in it.
func permissionsOf(file string) (namespace string, ok bool) {
	parts := strings.Split(file, "/")
	folders := parts[:len(parts)-1]
	i := slices.Index(folders, permissionsFolder)
	switch {
	case i < 0:
		return "", false
	case i+1 < len(folders):
		return folders[i+1], true
	}
	return "", true
}

func checkNamespace(name string) error {
	if name == "" || len(name) <= maxNamespace && isWord(name) && manifest.ValidCommand(name) && name != "core" {
		return nil
	}
	return fmt.Errorf("the folder %s/%s can't be a namespace: expected letters, digits and inner hyphens, a letter first, at most %d, not core", permissionsFolder, name, maxNamespace)
}
