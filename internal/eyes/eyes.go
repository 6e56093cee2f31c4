// Package eyes tells of changes below folders: to their files, and to the links
// that lead to them.
package eyes

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// Settled is how long a folder must stay as it is before it is believed:
	// longer than any editor takes between its writes, short to who waits.
	Settled = 200 * time.Millisecond
	// restless is how long changes may follow one another before the folder is
	// looked at between them.
	restless = 2 * time.Second
	// lookAnyway is how often it is looked at without a sign of a change: some
	// file systems tell of none. lookBlind is the same where none can be told of.
	lookAnyway = 30 * time.Second
	lookBlind  = 2 * time.Second
)

// Eyes are what tells of changes. The zero value tells of none, and looks often.
type Eyes struct {
	notify *fsnotify.Watcher
	places places
}

// places are the folders to watch, each with the names in it that matter; nil
// where all do.
type places map[string]map[string]bool

// Open opens eyes on folders with all that is below them, on single files and
// folders by themselves, on the links that lead to any of them and on those in
// the folders. What isn't there yet is waited for. With an error they are blind,
// and still to be used.
func Open(folders []string, single ...string) (*Eyes, error) {
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return &Eyes{}, err
	}
	e := &Eyes{notify: notify, places: make(places)}
	err = e.places.addAll(folders, single)
	for place := range e.places {
		// A folder that went meanwhile is missed by the one above it.
		if failed := notify.Add(place); failed != nil && !errors.Is(failed, fs.ErrNotExist) {
			err = errors.Join(err, failed)
		}
	}
	if err != nil {
		e.Close()
		return &Eyes{}, err
	}
	return e, nil
}

// Close lets go of what the eyes hold.
func (e *Eyes) Close() {
	if e.notify != nil {
		_ = e.notify.Close()
	}
}

func (p places) addAll(folders, single []string) error {
	for _, folder := range folders {
		absolute, err := filepath.Abs(folder)
		if err == nil {
			err = p.addFolder(absolute)
		}
		if err != nil {
			return err
		}
	}
	for _, name := range single {
		absolute, err := filepath.Abs(name)
		if err != nil {
			return err
		}
		if real, ok := p.addWay(absolute); ok {
			if info, err := os.Stat(real); err == nil && info.IsDir() {
				p[real] = nil
			}
		}
	}
	return nil
}

// addFolder adds a folder, what lies below it and what leads to it.
func (p places) addFolder(folder string) error {
	real, ok := p.addWay(folder)
	if !ok {
		return nil // it isn't there: the way to it is watched as far as it goes
	}
	return filepath.WalkDir(real, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // meanwhile
			return nil
		case err != nil:
			return err
		case path != real && Aside(d.Name()):
			if d.IsDir() {
				return fs.SkipDir
			}
		case d.IsDir():
			p[path] = nil
		case d.Type()&fs.ModeSymlink != 0:
			p.addWay(path)
		}
		return nil
	})
}

// maxLinks is how many links may lead to a file, as on Linux.
const maxLinks = 40

// addWay adds each link that a path goes through, and its last name. It returns
// the path without links, false if there is nothing at its end.
func (p places) addWay(path string) (real string, ok bool) {
	root := filepath.VolumeName(path) + string(filepath.Separator)
	rest := strings.Split(strings.Trim(path[len(root):], string(filepath.Separator)), string(filepath.Separator))
	at := root
	for links := 0; len(rest) > 0; {
		name := rest[0]
		next := filepath.Join(at, name)
		rest = rest[1:]
		info, err := os.Lstat(next)
		isLink := err == nil && info.Mode()&fs.ModeSymlink != 0
		if err != nil || isLink || len(rest) == 0 {
			p.add(at, name)
		}
		if err != nil {
			return "", false
		}
		if !isLink {
			at = next
			continue
		}
		target, err := os.Readlink(next)
		if links++; err != nil || links > maxLinks {
			return "", false
		}
		if filepath.IsAbs(target) {
			at = filepath.VolumeName(target) + string(filepath.Separator)
			target = target[len(at):]
		}
		rest = append(strings.Split(filepath.Clean(target), string(filepath.Separator)), rest...)
	}
	return at, true
}

func (p places) add(folder, name string) {
	names, ok := p[folder]
	if ok && names == nil {
		return
	}
	if names == nil {
		names = make(map[string]bool)
		p[folder] = names
	}
	names[name] = true
}

// concerns reports whether an event may be about the folder's contents.
func (p places) concerns(event fsnotify.Event) bool {
	if event.Op == fsnotify.Chmod { // comes with every removal, and from indexers and virus scanners
		return false
	}
	if _, itself := p[event.Name]; itself {
		return true
	}
	names, ok := p[filepath.Dir(event.Name)]
	return ok && (names == nil || names[filepath.Base(event.Name)])
}

// Aside reports whether a name is one that editors and mounts put beside what is
// meant: hidden by two dots, or a lock.
func Aside(name string) bool {
	return strings.HasPrefix(name, "..") || strings.HasPrefix(name, ".#")
}

// Wait returns when something changed and then nothing for a moment, when it is
// time to look anyway, or when ctx ends.
func (e *Eyes) Wait(ctx context.Context) {
	if e.notify == nil {
		select {
		case <-ctx.Done():
		case <-time.After(lookBlind):
		}
		return
	}
	still := time.NewTimer(lookAnyway)
	defer still.Stop()
	var latest <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-still.C:
			return
		case <-latest:
			return
		case event, ok := <-e.notify.Events:
			if !ok {
				return
			}
			if !e.places.concerns(event) {
				continue
			}
		case <-e.notify.Errors: // events were lost
		}
		still.Reset(Settled)
		if latest == nil {
			latest = time.After(restless)
		}
	}
}
