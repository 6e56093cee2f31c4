package core

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"

	"github.com/sallyport/sallyport/internal/eyes"
	"github.com/sallyport/sallyport/internal/memfs"
)

// maxFolder bounds what a folder of capabilities may hold, in bytes.
const maxFolder = 64 << 20

// snapshot reads a folder once, so that what is checked, what is tested and
// what comes into force are the same bytes, whatever becomes of the folder
// meanwhile. Names that begin with .. or .# are no part of it: Kubernetes keeps
// the versions of a mounted folder under the former, Emacs its locks under
// the latter. A link to a file stands for the file. A link to a folder is an
// error: what lies behind it would not be read, a deny among it.
func snapshot(folder fs.FS) (memfs.FS, error) {
	files, total := make(memfs.FS), int64(0)
	err := fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case aside(name):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			return nil
		}
		info, err := fs.Stat(folder, name) // of what a link leads to
		switch {
		case err != nil:
			return err
		case info.IsDir():
			return fmt.Errorf("%s is a link to a folder, which would not be read; link its files, or put the folder there", name)
		case !info.Mode().IsRegular():
			return fmt.Errorf("%s is no regular file", name)
		}
		if total += info.Size(); total > maxFolder {
			return fmt.Errorf("the folder holds more than %d bytes at %s; keep only what belongs to the capabilities in it", maxFolder, name)
		}
		data, err := fs.ReadFile(folder, name)
		files[name] = data
		return err
	})
	if err != nil {
		return nil, err
	}
	return files, nil
}

// aside reports whether a name is no part of a folder of capabilities.
func aside(name string) bool { return eyes.Aside(path.Base(name)) }

// errNothing keeps a folder that was emptied from being taken for one that
// allows nothing: it is being replaced, or was lost.
var errNothing = errors.New("the folder is empty; to allow nothing, leave a capability with windows: [] in it")

// sameFiles reports whether two snapshots hold the same.
func sameFiles(a, b memfs.FS) bool {
	return maps.EqualFunc(a, b, bytes.Equal)
}
