package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sallyport/sallyport/core"
)

// folder holds the notes. The policy has judged each path by its text; the root that
// core opens sees to it that no link leads out of the folder either.
const folder = "$APPDATA/notes"

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

// A Change says which note was saved or deleted.
type Change struct {
	Path string `json:"path"`
}

// A notebook tells all windows of what it changes.
type notebook struct{ changed *core.EventOf[Change] }

func list(ctx context.Context, _ struct{}) (List, error) {
	root, err := core.Root(ctx, folder)
	if err != nil {
		return List{}, err
	}
	notes, err := find(root, "")
	return List{filepath.ToSlash(root.Name()), notes}, err
}

func search(ctx context.Context, args struct {
	Query string `json:"query"`
}) ([]Note, error) {
	root, err := core.Root(ctx, folder)
	if err != nil {
		return nil, err
	}
	return find(root, strings.ToLower(args.Query))
}

func (n notebook) save(ctx context.Context, args struct {
	Path string `json:"path"`
	Text string `json:"text"`
}) (Note, error) {
	root, name, err := core.Within(ctx, folder, args.Path)
	if err != nil {
		return Note{}, err
	}
	// Written beside and renamed: a crash leaves the old note or the new one.
	if err := root.WriteFile(name+".new", []byte(args.Text), 0o600); err != nil {
		return Note{}, err
	}
	if err := root.Rename(name+".new", name); err != nil {
		return Note{}, err
	}
	note, err := read(root, name)
	if err == nil {
		err = n.changed.Emit(Change{note.Path})
	}
	return note, err
}

func (n notebook) remove(ctx context.Context, args struct {
	Path string `json:"path"`
}) (struct{}, error) {
	root, name, err := core.Within(ctx, folder, args.Path)
	if err == nil {
		err = root.Remove(name)
	}
	if err == nil {
		err = n.changed.Emit(Change{args.Path})
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = core.Visible(errors.New("there is no such note any more"))
	}
	return struct{}{}, err
}

// find reads the notes with query in name or text.
func find(root *os.Root, query string) ([]Note, error) {
	names, err := fs.Glob(root.FS(), "*.md")
	if err != nil {
		return nil, err
	}
	notes := []Note{}
	for _, name := range names {
		note, err := read(root, name)
		if err != nil {
			return nil, err
		}
		if strings.Contains(strings.ToLower(name+"\n"+note.Text), query) {
			notes = append(notes, note)
		}
	}
	return notes, nil
}

func read(root *os.Root, name string) (Note, error) {
	text, err := root.ReadFile(name)
	if err != nil {
		return Note{}, err
	}
	info, err := root.Stat(name)
	if err != nil {
		return Note{}, err
	}
	return Note{filepath.ToSlash(filepath.Join(root.Name(), name)), string(text), info.ModTime()}, nil
}
