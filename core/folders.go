package core

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"runtime"
)

// directories are the variables of capabilities: those of the configuration,
// and $HOME and $APPDATA where it is silent and the system has an answer.
func (c *Config) directories() map[string]string {
	variables := make(map[string]string, len(c.Variables)+2)
	home, err := os.UserHomeDir()
	if err == nil && filepath.IsAbs(home) {
		variables["$HOME"] = filepath.Clean(home)
		variables["$APPDATA"] = dataFolder(home)
	}
	maps.Copy(variables, c.Variables)
	return variables
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
