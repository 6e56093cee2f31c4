package demo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
)

// What each world holds when an attack begins.
var decoys = map[string]string{
	"notes/Diary.md":    "Dear diary, today the gate held.\n",
	"notes/Shopping.md": "Bread, milk, coffee\n",
	"notes/On gates.md": "A sallyport is a gate with two doors that are never open at once.\n",
	"secret.txt":        "decoy: the recovery key is 0000-0000\n",
	"backup.db":         "decoy: all of last year\n",
	"autostart/README":  "Programs in this folder start with the machine.\n",
}

// A world is one side's folder and the handlers that work in it. The handlers
// are as careless as handlers are; both sides have the same. Only the root
// keeps them inside the folder. Safe for concurrent use.
type world struct {
	folder string // absolute
	root   *os.Root

	laying  sync.Mutex // out the decoys
	effects list[effect]
}

// An effect is something that a handler did.
type effect struct {
	method string
	path   string // below the folder, with slashes
	bytes  int    // read or written
}

func newWorld(folder string) (*world, error) {
	if err := os.MkdirAll(filepath.Join(folder, "notes"), 0o700); err != nil {
		return nil, fmt.Errorf("demo: failed to make a scratch folder: %w", err)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("demo: failed to open a scratch folder: %w", err)
	}
	w := &world{folder: folder, root: root}
	return w, w.reset()
}

// reset puts the decoys back and removes what attacks left beside them.
func (w *world) reset() error {
	w.laying.Lock()
	defer w.laying.Unlock()
	err := w.each(func(name string) error {
		if _, kept := decoys[name]; kept || strings.HasPrefix(name, "notes/") && !strings.HasPrefix(name, "notes/attack") {
			return nil
		}
		return w.root.Remove(name)
	})
	for name, text := range decoys {
		err = errors.Join(err, w.root.MkdirAll(path.Dir(name), 0o700), w.root.WriteFile(name, []byte(text), 0o600))
	}
	if err != nil {
		return fmt.Errorf("demo: failed to lay out a scratch folder: %w", err)
	}
	return nil
}

// each calls do for every file.
func (w *world) each(do func(name string) error) error {
	return fs.WalkDir(w.root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return do(name)
	})
}

// text is a file's text, "" if it is not there.
func (w *world) text(name string) string {
	text, err := w.root.ReadFile(name)
	if err != nil {
		return ""
	}
	return string(text)
}

// intact lists the decoys that are not as they were, but for those named.
func (w *world) intact(but ...string) error {
	for name, text := range decoys {
		excepted := false
		for _, b := range but {
			excepted = excepted || b == name
		}
		if !excepted && w.text(name) != text {
			return fmt.Errorf("%s was changed", name)
		}
	}
	return nil
}

func (w *world) did(method, name string, bytes int) {
	w.effects.add(effect{method, filepath.ToSlash(name), bytes})
}

// name is a path below the folder.
func (w *world) name(path string) (string, error) {
	return filepath.Rel(w.folder, filepath.FromSlash(path))
}

// A note as handlers give it.
type note struct {
	Path string `json:"path"`
	Text string `json:"text"`
}

type searchArgs struct {
	Query string `json:"query"`
}

type pathArgs struct {
	Path string `json:"path"`
}

type saveArgs struct {
	Path string `json:"path"`
	Text string `json:"text"`

	// Folder is where an import of the Go side saves to. It was never meant
	// for pages, and encoding/json fills it in for whoever names it.
	Folder string `json:"folder"`
}

type written struct {
	Bytes int `json:"bytes"`
}

func (w *world) list(context.Context, struct{}) ([]note, error) { return w.find("notes.list", "") }

func (w *world) search(_ context.Context, args searchArgs) ([]note, error) {
	return w.find("notes.search", strings.ToLower(args.Query))
}

func (w *world) find(method, query string) ([]note, error) {
	names, err := fs.Glob(w.root.FS(), "notes/*.md")
	if err != nil {
		return nil, err
	}
	notes := []note{}
	size := 0
	for _, name := range names {
		text, err := w.root.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if len(text) < 64<<10 && strings.Contains(strings.ToLower(name+"\n"+string(text)), query) {
			notes = append(notes, note{filepath.ToSlash(filepath.Join(w.folder, name)), string(text)})
			size += len(text)
		}
	}
	w.did(method, "notes", size)
	return notes, nil
}

func (w *world) read(_ context.Context, args pathArgs) (note, error) {
	name, err := w.name(args.Path)
	if err != nil {
		return note{}, err
	}
	text, err := w.root.ReadFile(name)
	if err != nil {
		return note{}, err
	}
	w.did("notes.read", name, len(text))
	return note{args.Path, string(text)}, nil
}

func (w *world) save(_ context.Context, args saveArgs) (written, error) {
	name, err := w.name(args.Path)
	if err != nil {
		return written{}, err
	}
	if args.Folder != "" {
		name = filepath.Join("notes", args.Folder, filepath.Base(name))
	}
	if err := w.root.WriteFile(name, []byte(args.Text), 0o600); err != nil {
		return written{}, err
	}
	w.did("notes.save", name, len(args.Text))
	return written{len(args.Text)}, nil
}

func (w *world) remove(_ context.Context, args pathArgs) (struct{}, error) {
	name, err := w.name(args.Path)
	if err == nil {
		err = w.root.Remove(name)
	}
	if err == nil {
		w.did("files.remove", name, 0)
	}
	return struct{}{}, err
}
