package checks

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// root is the repository's, from this package's folder.
const root = "../.."

// files lists the repository's files with the given ending, as slash-separated
// paths from its root, without what others wrote or tests feed on.
func files(t *testing.T, ending string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && (name == "node_modules" || name == "testdata" || name == ".git" || name == "bin") {
			return fs.SkipDir
		}
		if !d.IsDir() && strings.HasSuffix(name, ending) {
			rel, err := filepath.Rel(root, p)
			if err != nil {
				return err
			}
			found = append(found, filepath.ToSlash(rel))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatalf("no %s files found", ending)
	}
	slices.Sort(found)
	return found
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// parsed is every Go file of the repository, tests included.
func parsed(t *testing.T) map[string]*ast.File {
	t.Helper()
	all := map[string]*ast.File{}
	fset := token.NewFileSet()
	for _, name := range files(t, ".go") {
		f, err := parser.ParseFile(fset, name, read(t, name), parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = f
	}
	return all
}

// imports lists what the Go files that keep takes import, by folder.
func imports(t *testing.T, keep func(file string) bool) map[string][]string {
	t.Helper()
	byFolder := map[string][]string{}
	for name, f := range parsed(t) {
		if !keep(name) {
			continue
		}
		folder := path.Dir(name)
		for _, spec := range f.Imports {
			byFolder[folder] = append(byFolder[folder], strings.Trim(spec.Path.Value, `"`))
		}
	}
	for folder := range byFolder {
		slices.Sort(byFolder[folder])
		byFolder[folder] = slices.Compact(byFolder[folder])
	}
	return byFolder
}

func isTest(file string) bool { return strings.HasSuffix(file, "_test.go") }

func within(folder, parent string) bool {
	return folder == parent || strings.HasPrefix(folder, parent+"/")
}
