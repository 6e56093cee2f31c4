package browser

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Names of the two families that this package knows how to start.
const (
	Chromium = "chromium"
	Firefox  = "firefox"
)

// Override is the environment variable that names the program to use: a path
// or a name on PATH.
const Override = "SALLYPORT_BROWSER"

// ErrNotFound is wrapped by every error of Find that means "not installed".
var ErrNotFound = errors.New("browser: none found")

// A Browser is an installed program of a known family.
type Browser struct {
	Name string // Chromium or Firefox
	Path string // absolute path of the program
}

// Find looks for an installed browser: first for what the environment
// variable Override names, then for the usual programs, Chromium before
// Firefox. A name of Chromium or Firefox restricts it to that family, also
// against Override; the empty name takes either. A program that Override names
// and that is not there is an error of its own.
func Find(name string) (Browser, error) {
	return finder{exec.LookPath, os.Getenv(Override)}.findOn(name, runtime.GOOS)
}

// A finder is Find with the machine taken out, for tests.
type finder struct {
	lookPath func(string) (string, error)
	override string
}

func (f finder) findOn(name, goos string) (Browser, error) {
	if name != "" && name != Chromium && name != Firefox {
		return Browser{}, fmt.Errorf("browser: %q is not known; expected %q or %q", name, Chromium, Firefox)
	}
	if f.override != "" {
		b, err := f.named(f.override)
		if err != nil {
			return Browser{}, fmt.Errorf("browser: %s=%q cannot be run: %w", Override, f.override, err)
		}
		if name == "" || name == b.Name {
			return b, nil
		}
	}
	for _, family := range []string{Chromium, Firefox} {
		if name != "" && name != family {
			continue
		}
		for _, program := range programs(family, goos) {
			if b, err := f.named(program); err == nil {
				return b, nil
			}
		}
	}
	return Browser{}, fmt.Errorf("%w: %s", ErrNotFound, advice(name, goos))
}

// named resolves one program and tells its family by the file's name.
func (f finder) named(program string) (Browser, error) {
	path, err := f.lookPath(program)
	if err != nil {
		return Browser{}, err
	}
	if path, err = filepath.Abs(path); err != nil {
		return Browser{}, err
	}
	name := Chromium
	if strings.Contains(strings.ToLower(filepath.Base(path)), "firefox") {
		name = Firefox
	}
	return Browser{Name: name, Path: path}, nil
}

// programs lists what a family's program is called, the likeliest first.
func programs(family, goos string) []string {
	switch {
	case goos == "darwin" && family == Chromium:
		return []string{
			"/Applications/Chromium.app/Contents/MacOS/Chromium",
			"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
			"chromium",
		}
	case goos == "darwin":
		return []string{"/Applications/Firefox.app/Contents/MacOS/firefox", "firefox"}
	case goos == "windows" && family == Chromium:
		return slices.Concat(
			programFiles(`Google\Chrome\Application\chrome.exe`),
			programFiles(`Microsoft\Edge\Application\msedge.exe`),
		)
	case goos == "windows":
		return programFiles(`Mozilla Firefox\firefox.exe`)
	case family == Chromium:
		return []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}
	default:
		return []string{"firefox", "firefox-esr"}
	}
}

// programFiles puts the places where Windows installs programs before a path.
func programFiles(rest string) []string {
	var paths []string
	for _, place := range []string{"ProgramFiles", "ProgramFiles(x86)", "LocalAppData"} {
		if folder := os.Getenv(place); folder != "" {
			paths = append(paths, filepath.Join(folder, rest))
		}
	}
	return paths
}

// advice is the next thing to do for someone who has no browser.
func advice(name, goos string) string {
	if goos == "linux" {
		either, one := "chromium or firefox-esr", "chromium"
		switch name {
		case Chromium:
			either = "chromium"
		case Firefox:
			either, one = "firefox-esr", "firefox-esr"
		}
		return fmt.Sprintf("install %s (Debian: apt-get install %s) or set %s to its path", either, one, Override)
	}
	want := "Chrome, Chromium or Firefox"
	switch name {
	case Chromium:
		want = "Chrome or Chromium"
	case Firefox:
		want = "Firefox"
	}
	return fmt.Sprintf("install %s or set %s to its path", want, Override)
}
