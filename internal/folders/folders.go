// Package folders knows the user's directories: those that capabilities may
// name by a variable.
package folders

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/adrg/xdg"
)

// reading keeps two readers from reading the environment into xdg's globals
// at once.
var reading sync.Mutex

// Variables are the user's directories as the system has them now, by the name
// that capabilities write. One that the system does not know is left out, and so is
// one that is the root or, but for $HOME, the home folder itself: what lies
// below it would be all. The error is why there is no home folder, without which
// only $TEMP is known.
func Variables() (map[string]string, error) {
	home, homeless := homeFolder()
	found := map[string]string{"$TEMP": os.TempDir()}
	if homeless == nil {
		userFolders(home, found)
	}
	for name, dir := range found {
		dir = filepath.Clean(dir)
		if found[name] = dir; !filepath.IsAbs(dir) || filepath.Dir(dir) == dir || dir == home {
			delete(found, name)
		}
	}
	if homeless == nil {
		found["$HOME"] = home
	}
	return found, homeless
}

// Names are all variables that Variables may have.
func Names() []string {
	return []string{"$APPDATA", "$AUDIO", "$CACHE", "$CONFIG", "$DESKTOP", "$DOCUMENT", "$DOWNLOAD", "$HOME",
		"$PICTURE", "$PUBLIC", "$RUNTIME", "$TEMP", "$VIDEO"}
}

// homeFolder is the user's. The root is none: a service account often has it.
func homeFolder() (string, error) {
	home, err := os.UserHomeDir()
	switch clean := filepath.Clean(home); {
	case err != nil:
		return "", err
	case !filepath.IsAbs(home):
		return "", fmt.Errorf("%q is no absolute path", home)
	case filepath.Dir(clean) == clean:
		return "", fmt.Errorf("%q is the root, below which everything lies", home)
	default:
		return clean, nil
	}
}

func userFolders(home string, found map[string]string) {
	reading.Lock()
	defer reading.Unlock()
	xdg.Reload()
	found["$APPDATA"] = dataFolder(home)
	found["$CONFIG"], found["$CACHE"], found["$RUNTIME"] = xdg.ConfigHome, xdg.CacheHome, xdg.RuntimeDir
	user := xdg.UserDirs
	found["$DESKTOP"], found["$DOCUMENT"], found["$DOWNLOAD"] = user.Desktop, user.Documents, user.Download
	found["$AUDIO"], found["$VIDEO"], found["$PICTURE"], found["$PUBLIC"] = user.Music, user.Videos, user.Pictures, user.PublicShare
}

// dataFolder is where the user's apps keep their data, each in a folder of its
// own below.
func dataFolder(home string) string {
	switch runtime.GOOS {
	case "windows":
		return AbsoluteOr(os.Getenv("AppData"), filepath.Join(home, "AppData", "Roaming"))
	case "darwin", "ios":
		return filepath.Join(home, "Library", "Application Support")
	}
	return AbsoluteOr(os.Getenv("XDG_DATA_HOME"), filepath.Join(home, ".local", "share"))
}

// AbsoluteOr ignores a relative path, as the XDG specification asks.
func AbsoluteOr(path, otherwise string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return otherwise
}
