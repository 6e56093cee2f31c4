package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sallyport/sallyport/core"
)

// A Note is one Markdown file.
type Note struct {
	Path     string    `json:"path"` // absolute, with slashes on every system
	Text     string    `json:"text"`
	Modified time.Time `json:"modified"`
}

// A List is all notes, and where a new one goes.
type List struct {
	Folder string `json:"folder"`
	Notes  []Note `json:"notes"`
}

// A folder holds the notes. The policy has judged each path by its text; the
// root sees to it that no link leads out of the folder either.
type folder struct {
	path string
	root *os.Root
}

func openFolder(path string) (*folder, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("notes: failed to make the folder: %w", err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("notes: failed to open the folder: %w", err)
	}
	return &folder{path, root}, nil
}

func (f *folder) list(context.Context, struct{}) (List, error) {
	notes, err := f.find("")
	return List{filepath.ToSlash(f.path), notes}, err
}

func (f *folder) search(_ context.Context, args struct {
	Query string `json:"query"`
}) ([]Note, error) {
	return f.find(strings.ToLower(args.Query))
}

func (f *folder) save(_ context.Context, args struct {
	Path string `json:"path"`
	Text string `json:"text"`
}) (Note, error) {
	name, err := f.name(args.Path)
	if err != nil {
		return Note{}, err
	}
	// Written beside and renamed: a crash leaves the old note or the new one.
	if err := f.root.WriteFile(name+".new", []byte(args.Text), 0o600); err != nil {
		return Note{}, err
	}
	if err := f.root.Rename(name+".new", name); err != nil {
		return Note{}, err
	}
	return f.read(name)
}

func (f *folder) delete(_ context.Context, args struct {
	Path string `json:"path"`
}) (struct{}, error) {
	name, err := f.name(args.Path)
	if err == nil {
		err = f.root.Remove(name)
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = core.Visible(errors.New("there is no such note any more"))
	}
	return struct{}{}, err
}

// find reads the notes with query in name or text.
func (f *folder) find(query string) ([]Note, error) {
	names, err := fs.Glob(f.root.FS(), "*.md")
	if err != nil {
		return nil, err
	}
	notes := []Note{}
	for _, name := range names {
		note, err := f.read(name)
		if err != nil {
			return nil, err
		}
		if strings.Contains(strings.ToLower(name+"\n"+note.Text), query) {
			notes = append(notes, note)
		}
	}
	return notes, nil
}

func (f *folder) read(name string) (Note, error) {
	text, err := f.root.ReadFile(name)
	if err != nil {
		return Note{}, err
	}
	info, err := f.root.Stat(name)
	if err != nil {
		return Note{}, err
	}
	return Note{filepath.ToSlash(filepath.Join(f.path, name)), string(text), info.ModTime()}, nil
}

// name is the part of a path below the folder.
func (f *folder) name(path string) (string, error) {
	return filepath.Rel(f.path, filepath.FromSlash(path))
}
