// Package contract gathers an app's schemas for the command line: those of its
// folder, and those that the app itself makes of Go types.
package contract

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/sallyport/sallyport/internal/manifest"
	"github.com/sallyport/sallyport/schema"
)

// A Contract is what an app says about its commands and events. It is read-only.
type Contract struct {
	Set *schema.Set

	Name     string   // the app's, as sallyport.json or the app itself has it; "" if neither was read
	Commands []string // that are registered or that sallyport.json lists, sorted; nil if nobody says
	Dir      string   // the folder of schema files; "" without one

	// Origins says where each schema comes from, by the base name of its file
	// ("notes.save.input.json"): a path as an editor opens it, or what made it of
	// which Go type.
	Origins map[string]string
}

// Load reads the schemas in dir: a folder of schema files or one with a
// sallyport.json, which names that folder. If app is not empty it is a main
// package as the go command takes it from the current folder; Load builds it
// and lets it describe itself, and dir may then be "". Where both have a
// schema, they must have the same one.
//
// An error about a schema file is a *[schema.FileError] whose File is the path
// from the current folder.
func Load(ctx context.Context, dir, app string) (*Contract, error) {
	if dir == "" && app == "" {
		return nil, errors.New("contract: neither a folder nor an app is named")
	}
	c := &Contract{Set: &schema.Set{}, Origins: map[string]string{}}
	if dir != "" {
		if err := c.readFolder(dir); err != nil {
			return nil, err
		}
	}
	if app != "" {
		if err := c.readApp(ctx, app); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// readFolder compiles the schema files of a folder, or of the one that its
// sallyport.json names.
func (c *Contract) readFolder(dir string) error {
	if err := wantFolder(dir); err != nil {
		return err
	}
	m, err := manifest.Load(os.DirFS(dir))
	switch {
	case err == nil:
		c.Name, c.Commands = m.Name, m.Commands
		if m.Schemas == "" {
			return nil
		}
		dir = filepath.Join(dir, filepath.FromSlash(m.Schemas))
		if err := wantFolder(dir); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist):
		var at *manifest.Error
		if errors.As(err, &at) {
			at.File = filepath.Join(dir, at.File)
		}
		return err
	}
	if c.Set, err = schema.Compile(os.DirFS(dir)); err != nil {
		var at *schema.FileError
		if errors.As(err, &at) {
			at.File = filepath.Join(dir, filepath.FromSlash(at.File))
		}
		return err
	}
	c.Dir = dir
	for _, side := range schema.Sides() {
		for _, name := range c.Set.Names(side) {
			file := c.Set.File(side, name)
			c.Origins[path.Base(file)] = filepath.Join(dir, filepath.FromSlash(file))
		}
	}
	return nil
}

func wantFolder(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return fmt.Errorf("contract: the schema folder can't be read: %w", err)
	case !info.IsDir():
		return fmt.Errorf("contract: %s is a file; want the folder of schema files, or of sallyport.json", dir)
	}
	return nil
}
