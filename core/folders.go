package core

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/folders"
)

// directories are the variables of capabilities: those of the configuration,
// and the user's folders where it is silent and the system has an answer. The
// error is why it has none.
func (c *Config) directories() (variables map[string]string, homeless error) {
	variables, homeless = folders.Variables()
	maps.Copy(variables, c.Variables)
	return variables, homeless
}

// because adds to an error of the capabilities why they know no home folder, if
// that is what it is about.
func because(homeless, err error) error {
	if homeless == nil || !slices.ContainsFunc(folders.Names(), func(name string) bool {
		return strings.Contains(err.Error(), "unknown variable "+name)
	}) {
		return err
	}
	return fmt.Errorf("%w: the user has no home folder (%w); set that, or Config.Variables", err, homeless)
}

// recordFile is where an app's record goes unless it is told otherwise.
func recordFile(app string) (string, error) {
	folder, err := folders.State(app)
	if err != nil {
		return "", errors.New("core: the user has no home folder for the record; set Config.Record")
	}
	return filepath.Join(folder, folders.Record), nil
}
