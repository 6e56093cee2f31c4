package audits

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

var (
	errClosed      = errors.New("closed")
	errInterrupted = errors.New("a write did not return")
)

// Lines is a Recorder that writes one JSON line per record, each in one call
// of Write. Make one with [NewLines] or [OpenLines]. Its methods may be called
// from many goroutines.
//
// The first write that fails or falls short closes it for good: every later
// record is refused with the same cause, so that a full disk stops the app's
// commands instead of its record. It is not tried again, since nobody can say
// what became of the bytes.
type Lines struct {
	mu   sync.Mutex
	w    io.Writer
	file file  // w, when OpenLines made it
	size int64 // bytes of whole lines in file
	buf  []byte
	err  error // sticky
}

// file is what Lines needs of an *os.File.
type file interface {
	io.WriteCloser
	Truncate(size int64) error
}

var _ Recorder = (*Lines)(nil)

// NewLines returns a recorder that writes to w, which should be unbuffered: a
// record counts as kept when w.Write returns. Closing w is the caller's.
func NewLines(w io.Writer) *Lines { return &Lines{w: w} }

// OpenLines returns a recorder that appends to the file at path. Folders and
// file are made where missing, readable by this user alone; a file that others
// may read is closed to them. The file is locked, so that one process at a
// time writes to it (not on systems without flock or LockFileEx).
//
// If an earlier process died in the middle of a line, that line is ended but
// kept: it was never acknowledged, and nothing is ever glued to it.
func OpenLines(path string) (*Lines, error) {
	l, err := openLines(path)
	if err != nil {
		return nil, fmt.Errorf("audits: open the record: %w", err)
	}
	return l, nil
}

func openLines(path string) (_ *Lines, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	// Asked before opening, because opening a named pipe waits for its reader.
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file; for a terminal or a pipe use NewLines", path)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	if err := lock(f); err != nil {
		return nil, fmt.Errorf("%s is being written by another process: the app may be running already, else give each its own file: %w", path, err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		if err := f.Chmod(0o600); err != nil {
			return nil, err
		}
	}
	size, err := endLastLine(f, info.Size())
	if err != nil {
		return nil, err
	}
	return &Lines{w: f, file: f, size: size}, nil
}

// endLastLine appends a newline if the file does not end in one, and returns
// the file's size. The tail is not cut: path may name a file by mistake, and a
// record ought not to delete.
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
	if _, err := f.Write([]byte{'\n'}); err != nil {
		return 0, err
	}
	return size + 1, nil
}

// Decide writes the record of a decision. It returns when the operating system
// has the line, and does not stop for a context that is done.
func (l *Lines) Decide(_ context.Context, r *Record) error { return l.write(KindDecision, r) }

// Outcome writes the record of how a call ended, in the manner of Decide.
func (l *Lines) Outcome(_ context.Context, r *Record) error { return l.write(KindOutcome, r) }

// Event writes the record of a change of what is permitted, in the manner of Decide.
func (l *Lines) Event(_ context.Context, r *Record) error { return l.write(KindEvent, r) }

func (l *Lines) write(kind string, r *Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return fmt.Errorf("audits: the record takes nothing more: %w", l.err)
	}
	l.buf = append(appendRecord(l.buf[:0], kind, r), '\n')

	// Set beforehand, so that a Writer that panics also closes the record.
	l.err = errInterrupted
	n, err := l.w.Write(l.buf)
	if err == nil && n != len(l.buf) {
		err = io.ErrShortWrite
	}
	if err != nil {
		l.err = err
		if l.file != nil && n > 0 {
			// The call is refused, so half its record should not stay. Should
			// this fail as well, the next OpenLines ends the line.
			_ = l.file.Truncate(l.size)
		}
		return fmt.Errorf("audits: write a record: %w", err)
	}
	l.err = nil
	l.size += int64(n)
	return nil
}

// Err returns what closed the recorder, or nil while it takes records.
func (l *Lines) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Close refuses all later records, and closes the file if OpenLines opened it.
// Closing twice is harmless.
func (l *Lines) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = errClosed
	}
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	if err != nil {
		return fmt.Errorf("audits: close the record: %w", err)
	}
	return nil
}
