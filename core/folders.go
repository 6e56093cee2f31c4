package core

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// directories are the variables of capabilities: those of the configuration,
// and $HOME and $APPDATA where it is silent and the system has an answer. The
// error is why it has none. The root is none: a service account often has it,
// and "below $HOME" would be all.
func (c *Config) directories() (variables map[string]string, homeless error) {
	variables = make(map[string]string, len(c.Variables)+2)
	home, err := os.UserHomeDir()
	switch {
	case err != nil:
		homeless = err
	case !filepath.IsAbs(home):
		homeless = fmt.Errorf("%q is no absolute path", home)
	case filepath.Dir(filepath.Clean(home)) == filepath.Clean(home):
		homeless = fmt.Errorf("%q is the root, below which everything lies", home)
	default:
		variables["$HOME"] = filepath.Clean(home)
		variables["$APPDATA"] = dataFolder(home)
	}
	maps.Copy(variables, c.Variables)
	return variables, homeless
}

// because adds to an error of the capabilities why they know no home folder, if
// that is what it is about.
func because(homeless, err error) error {
	about := func(variable string) bool { return strings.Contains(err.Error(), "unknown variable "+variable) }
	if homeless == nil || !about("$HOME") && !about("$APPDATA") {
		return err
	}
	return fmt.Errorf("%w: the user has no home folder (%w); set that, or Config.Variables", err, homeless)
}

// dataFolder is where the user's apps keep their data, each in a folder of its
// own below.
func dataFolder(home string) string {
	switch runtime.GOOS {
	case "windows":
		return absoluteOr(os.Getenv("AppData"), filepath.Join(home, "AppData", "Roaming"))
	case "darwin", "ios":
		return filepath.Join(home, "Library", "Application Support")
	}
	return absoluteOr(os.Getenv("XDG_DATA_HOME"), filepath.Join(home, ".local", "share"))
}

// recordFile is where an app's record goes unless it is told otherwise.
func recordFile(app string) (string, error) {
	home, err := os.UserHomeDir()
	if err != nil || !filepath.IsAbs(home) {
		return "", errors.New("core: the user has no home folder for the record; set Config.Record")
	}
	state := absoluteOr(os.Getenv("XDG_STATE_HOME"), filepath.Join(home, ".local", "state"))
	switch runtime.GOOS {
	case "windows":
		state = absoluteOr(os.Getenv("LocalAppData"), filepath.Join(home, "AppData", "Local"))
	case "darwin", "ios":
		state = filepath.Join(home, "Library", "Application Support")
	}
	return filepath.Join(state, app, "decisions.jsonl"), nil
}

// absoluteOr ignores a relative path, as the XDG specification asks.
func absoluteOr(path, otherwise string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return otherwise
}
