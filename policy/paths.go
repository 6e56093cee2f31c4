package policy

import (
	"cmp"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
)

// Paths reads directories and paths as the scope library does, for handlers that open them. It never
// changes and is safe for concurrent use.
type Paths struct{ lexicon *lexicon }

// NewPaths takes the same Config as [Load].
func NewPaths(c Config) (*Paths, error) {
	x, err := newLexicon(cmp.Or(c.Platform, runtime.GOOS), c.Variables)
	if err != nil {
		return nil, err
	}
	return &Paths{x}, nil
}

// Directory is the absolute path of a directory as capabilities write it, $APPDATA/notes for instance,
// and whether it begins with a variable.
func (p *Paths) Directory(dir string) (path string, variable bool, err error) {
	l, err := p.lexicon.directory(dir)
	if err == nil && l.root == "" {
		err = fmt.Errorf("is no absolute path")
	}
	if err != nil {
		return "", false, fmt.Errorf("policy: directory %q %w", dir, err)
	}
	return filepath.FromSlash(l.root + strings.Join(l.parts, "/")), strings.HasPrefix(dir, "$"), nil
}

// Below is the name of a path below a directory, "." for the directory itself. A path for which
// scope.path_inside is not true in an allow is an error, which quotes nothing of it.
func (p *Paths) Below(dir, path string) (name string, err error) {
	if p.lexicon.inside(path, dir) != inside {
		return "", fmt.Errorf("policy: the path is not certainly below %q", dir)
	}
	d, err := p.lexicon.directory(dir)
	if err != nil {
		return "", fmt.Errorf("policy: directory %q %w", dir, err)
	}
	l, err := p.lexicon.split(path)
	if err != nil {
		return "", fmt.Errorf("policy: the path %w", err)
	}
	return filepath.FromSlash(cmp.Or(strings.Join(l.parts[len(d.parts):], "/"), ".")), nil
}
