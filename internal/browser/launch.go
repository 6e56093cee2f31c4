package browser

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// maxLaunchFile bounds a launch file in bytes; a real one has a few hundred.
const maxLaunchFile = 64 << 10

// copyPrivate copies the launch file into a folder that only this user can
// enter, where every browser can read it: one in a snap sees neither /tmp nor
// hidden folders.
func copyPrivate(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("browser: failed to open the launch file: %w", err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("browser: failed to copy the launch file: %w", err)
	}
	n, err := io.Copy(out, io.LimitReader(in, maxLaunchFile+1))
	if err = errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("browser: failed to copy the launch file: %w", err)
	}
	if n > maxLaunchFile {
		return fmt.Errorf("browser: %s is larger than a launch file ever is (%d bytes)", from, maxLaunchFile)
	}
	return nil
}

// fileURL is the file: address of a path.
func fileURL(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/… on Windows
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}
