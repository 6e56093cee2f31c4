// Package memfs is a file system of byte slices: files that were read once and
// are looked at as they were then.
package memfs

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// FS holds files by their slash-separated path; folders are those that files
// lie in. A nil FS is an empty one. It is an [fs.FS], safe for concurrent use while
// nobody changes it.
type FS map[string][]byte

var (
	_ fs.ReadFileFS = FS(nil)
	_ fs.ReadDirFS  = FS(nil)
)

// Open implements [fs.FS].
func (f FS) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	if data, ok := f[name]; ok {
		return &file{Reader: bytes.NewReader(data), entry: entry{name: path.Base(name), size: len(data)}}, nil
	}
	entries, ok := f.list(name)
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &folder{entry: entry{name: path.Base(name), folder: true}, left: entries}, nil
}

// ReadFile implements [fs.ReadFileFS].
func (f FS) ReadFile(name string) ([]byte, error) {
	if data, ok := f[name]; ok && fs.ValidPath(name) {
		return bytes.Clone(data), nil
	}
	return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
}

// ReadDir implements [fs.ReadDirFS].
func (f FS) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, ok := f.list(name)
	if !ok || !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	return entries, nil
}

// list names what lies in a folder, sorted; not ok if there is none.
func (f FS) list(name string) (entries []fs.DirEntry, ok bool) {
	below := name + "/"
	if name == "." {
		below = ""
	}
	found := make(map[string]entry)
	for file, data := range f {
		rest, in := strings.CutPrefix(file, below)
		if !in || !fs.ValidPath(file) {
			continue
		}
		first, _, inner := strings.Cut(rest, "/")
		if inner {
			found[first] = entry{name: first, folder: true}
		} else {
			found[first] = entry{name: first, size: len(data)}
		}
	}
	for _, e := range found {
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, len(found) > 0 || name == "."
}

// entry describes a file or a folder.
type entry struct {
	name   string
	size   int
	folder bool
}

func (e entry) Name() string               { return e.name }
func (e entry) Size() int64                { return int64(e.size) }
func (e entry) ModTime() time.Time         { return time.Time{} }
func (e entry) IsDir() bool                { return e.folder }
func (e entry) Sys() any                   { return nil }
func (e entry) Type() fs.FileMode          { return e.Mode().Type() }
func (e entry) Info() (fs.FileInfo, error) { return e, nil }

func (e entry) Mode() fs.FileMode {
	if e.folder {
		return fs.ModeDir | 0o555
	}
	return 0o444
}

type file struct {
	*bytes.Reader
	entry
}

func (f *file) Stat() (fs.FileInfo, error) { return f.entry, nil }
func (f *file) Close() error               { return nil }
func (f *file) Size() int64                { return f.entry.Size() } // of both that are embedded

type folder struct {
	entry
	left []fs.DirEntry
}

func (f *folder) Stat() (fs.FileInfo, error) { return f.entry, nil }
func (f *folder) Close() error               { return nil }

func (f *folder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.name, Err: fs.ErrInvalid}
}

// ReadDir implements [fs.ReadDirFile].
func (f *folder) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 {
		all := f.left
		f.left = nil
		return all, nil
	}
	if len(f.left) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(f.left))
	some := f.left[:n:n]
	f.left = f.left[n:]
	return some, nil
}
