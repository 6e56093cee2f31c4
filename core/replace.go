package core

import (
	"errors"
	"os"
	"path/filepath"
)

// replaceFile puts a file of this user's alone in the place of another, so that
// after a crash there is the old one or the new one.
func replaceFile(file string, data []byte) (err error) {
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "."+filepath.Base(file)+"-*") // 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(f.Name(), file); err != nil {
		return err
	}
	if d, err := os.Open(dir); err == nil { // where folders can be: the new name is on disk too
		_ = d.Sync()
		_ = d.Close()
	}
	return nil
}
