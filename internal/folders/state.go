package folders

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// Record is the name of an app's record in its state folder.
const Record = "decisions.jsonl"

// State is the folder where an app of that name keeps what is its own and no
// document of the user's.
func State(app string) (string, error) {
	home, err := os.UserHomeDir()
	if err == nil && !filepath.IsAbs(home) {
		err = fmt.Errorf("%q is no absolute path", home)
	}
	if err != nil {
		return "", err
	}
	state := AbsoluteOr(os.Getenv("XDG_STATE_HOME"), filepath.Join(home, ".local", "state"))
	switch runtime.GOOS {
	case "windows":
		state = AbsoluteOr(os.Getenv("LocalAppData"), filepath.Join(home, "AppData", "Local"))
	case "darwin", "ios":
		state = filepath.Join(home, "Library", "Application Support")
	}
	return filepath.Join(state, app), nil
}
