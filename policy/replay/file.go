package replay

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// MaxFile bounds a file of recorded calls, in bytes: enough for some hundred thousand.
const MaxFile = 64 << 20

// ErrFull says that a file has reached MaxFile. Nothing more is written to it.
var ErrFull = errors.New("replay: the file of recorded calls is full")

// A File takes recorded calls. Its methods may be called from many goroutines.
type File struct {
	mu   sync.Mutex
	f    *os.File
	size int64
	max  int64
	err  error // the first of writing; from then on nothing is written
}

// Create opens the file at path for recorded calls, after those it holds. It is made readable by
// this user alone. The folder must be there.
func Create(path string) (*File, error) { return create(path, MaxFile) }

func create(path string, most int64) (_ *File, err error) {
	// Asked without following: what is written in clear must not go where somebody else's
	// link leads.
	switch info, err := os.Lstat(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("replay: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("replay: %s is not a regular file; name one, or a new one", path)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		if err := f.Chmod(0o600); err != nil {
			return nil, fmt.Errorf("replay: %s can be read by others, and that can't be changed: %w", path, err)
		}
	}
	size, err := endLastLine(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	return &File{f: f, size: size, max: most}, nil
}

// endLastLine ends a line that a process which died has left open, so that nothing is glued to
// it. Read names it, and the user removes it.
func endLastLine(f *os.File, size int64) (int64, error) {
	if size == 0 {
		return 0, nil
	}
	last := make([]byte, 1)
	if _, err := f.ReadAt(last, size-1); err != nil {
		return 0, err
	}
	if last[0] == '\n' {
		return size, nil
	}
	_, err := f.Write([]byte{'\n'})
	return size + 1, err
}

// Write appends one recorded call. The first error is returned again by every later call, and
// is ErrFull where the file would grow over its bound.
func (w *File) Write(r *Recorded) error {
	text, err := r.Append(nil)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.err != nil:
		return w.err
	case w.size+int64(len(text)) > w.max:
		w.err = ErrFull
		return w.err
	}
	n, err := w.f.Write(text)
	w.size += int64(n)
	if err != nil {
		w.err = fmt.Errorf("replay: %w", err)
	}
	return w.err
}

// Close closes the file.
func (w *File) Close() error { return w.f.Close() }
