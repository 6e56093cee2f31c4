package browser

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	tests := []struct {
		name      string
		installed []string
		override  string
		want      string // of Find
		path      string // "" for an error
		err       string
	}{
		{name: "chromium comes before firefox", installed: []string{"firefox", "chromium"}, path: "/bin/chromium"},
		{name: "firefox where there is no chromium", installed: []string{"firefox-esr"}, path: "/bin/firefox-esr"},
		{name: "a family leaves the other alone", installed: []string{"chromium", "firefox"}, want: Firefox, path: "/bin/firefox"},
		{name: "the last name of a family", installed: []string{"google-chrome-stable"}, want: Chromium, path: "/bin/google-chrome-stable"},

		{name: "the override comes first", installed: []string{"chromium", "odd-firefox"}, override: "odd-firefox", path: "/bin/odd-firefox"},
		{name: "an override of the wrong family is passed over", installed: []string{"chromium", "firefox"}, override: "firefox", want: Chromium, path: "/bin/chromium"},
		{name: "an override that is not there is an error", installed: []string{"chromium"}, override: "nowhere", err: `SALLYPORT_BROWSER="nowhere"`},

		{name: "none", err: "install chromium or firefox-esr (Debian: apt-get install chromium)"},
		{name: "none of the family", installed: []string{"chromium"}, want: Firefox, err: "install firefox-esr"},
		{name: "an unknown family", installed: []string{"lynx"}, want: "lynx", err: `expected "chromium" or "firefox"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			lookPath := func(program string) (string, error) {
				for _, have := range test.installed {
					if program == have {
						return "/bin/" + have, nil
					}
				}
				return "", &exec.Error{Name: program, Err: exec.ErrNotFound}
			}
			b, err := finder{lookPath, test.override}.findOn(test.want, "linux")
			if test.path != "" {
				if err != nil || filepath.ToSlash(b.Path) != test.path {
					t.Fatalf("found %q, %v; want %q", b.Path, err, test.path)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Fatalf("error %v; want one with %q", err, test.err)
			}
			if missing := test.want != "lynx" && test.override == ""; errors.Is(err, ErrNotFound) != missing {
				t.Fatalf("%v is ErrNotFound: %v", err, !missing)
			}
		})
	}
}

func TestArgumentsKeepTheSandboxForEverybodyButRoot(t *testing.T) {
	b := Browser{Name: Chromium, Path: "/bin/chromium"}
	for _, root := range []bool{false, true} {
		args := strings.Join(b.arguments("/tmp/x", "/tmp/x/launch.html", Options{Headless: true}, root), " ")
		if got := strings.Contains(args, "--no-sandbox"); got != root {
			t.Errorf("root %v: --no-sandbox given: %v", root, got)
		}
	}
}
