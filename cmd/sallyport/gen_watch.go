package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/internal/eyes"
	"github.com/sallyport/sallyport/internal/manifest"
)

// keepCurrent writes the file again whenever a schema changes, until the
// command is interrupted. What is wrong with a schema is said, and waited out.
func (f *tsFlags) keepCurrent(c *cobra.Command, dir string) error {
	ctx := c.Context()
	open, err := f.open(ctx, dir)
	if err != nil {
		fmt.Fprintf(c.ErrOrStderr(), "sallyport: nothing tells of changes; the schemas are looked at every two seconds: %s\n", inLine(err.Error()))
	}
	said := ""
	for ctx.Err() == nil {
		r, err := f.update(ctx, c.ErrOrStderr(), dir)
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			r = tsReport{File: f.out, Commands: []string{}, Events: []string{}, Error: err.Error()}
		}
		if now := r.revision + r.Error; r.Written || now != said {
			if err := f.say(c, dir, r); err != nil {
				open.Close()
				return err
			}
			said = now
		}
		open.Wait(ctx)
		next, _ := f.open(ctx, dir) // said above, if it fails
		open.Close()
		open = next
	}
	open.Close()
	return nil
}

// open watches the schemas, what says where they are, and the Go code that some
// are made of.
func (f *tsFlags) open(ctx context.Context, dir string) (*eyes.Eyes, error) {
	folders, single := schemaPlaces(dir)
	if f.app != "" {
		single = append(single, codeFolders(ctx, f.app)...)
	}
	return eyes.Open(folders, single...)
}

// schemaPlaces are the folder of schemas that dir is or leads to, and the file
// by which it does.
func schemaPlaces(dir string) (folders, single []string) {
	name := filepath.Join(dir, manifest.FileName)
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return []string{dir}, nil
	}
	single = []string{name}
	if err != nil {
		return nil, single
	}
	if m, err := manifest.Parse(name, data); err == nil && m.Schemas != "" {
		folders = []string{filepath.Join(dir, filepath.FromSlash(m.Schemas))}
	}
	return folders, single
}

// codeFolders are those of the packages of the app's own module that it is
// built from; none if the go command can't say.
func codeFolders(ctx context.Context, app string) []string {
	const own = "{{if .Module}}{{if .Module.Main}}{{.Dir}}{{end}}{{end}}"
	out, err := exec.CommandContext(ctx, "go", "list", "-e", "-deps", "-f", own, "--", app).Output()
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(strings.Split(string(out), "\n"), func(folder string) bool { return folder == "" })
}
