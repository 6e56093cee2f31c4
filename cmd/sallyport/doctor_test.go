package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/browser"
)

// bareMachine is a Linux with loopback and nothing else.
func bareMachine() machine {
	return machine{
		goos: "linux", goarch: "amd64",
		getenv:      func(string) string { return "" },
		lookPath:    func(string) (string, error) { return "", exec.ErrNotFound },
		output:      func(context.Context, string, ...string) (string, error) { return "", exec.ErrNotFound },
		findBrowser: func(string) (browser.Browser, error) { return browser.Browser{}, browser.ErrNotFound },
		tryLoopback: func() error { return nil },
		glob:        func(string) ([]string, error) { return nil, nil },
	}
}

func has(programs ...string) func(string) (string, error) {
	return func(program string) (string, error) {
		for _, p := range programs {
			if p == program {
				return "/usr/bin/" + p, nil
			}
		}
		return "", exec.ErrNotFound
	}
}

// prints is a machine whose one program prints its version so.
func prints(program, text string) func(*machine) {
	return func(m *machine) {
		m.lookPath = has(program)
		m.output = func(context.Context, string, ...string) (string, error) { return text, nil }
	}
}

func TestDiagnose(t *testing.T) {
	noLoopback := func() error { return errors.New("isolation: this machine has no loopback address") }
	tests := []struct {
		name    string
		change  func(m *machine)
		finding string
		ok      bool
		detail  string // part of it
		next    string
		all     bool // the diagnosis as a whole
	}{
		{"a bare machine lacks a browser", func(*machine) {}, "a browser", false, "neither", "open https://www.chromium.org/getting-involved/download-chromium/", false},
		{"firefox alone is enough", func(m *machine) {
			m.findBrowser = func(family string) (browser.Browser, error) {
				if family == "firefox" {
					return browser.Browser{Name: family, Path: "/usr/bin/firefox"}, nil
				}
				return browser.Browser{}, browser.ErrNotFound
			}
		}, "a browser", true, "firefox", "", true},
		{"a wrong override is named", func(m *machine) {
			m.findBrowser = func(string) (browser.Browser, error) { return browser.Browser{}, errors.New("browser: bad") }
		}, "chromium", false, "bad", "unset SALLYPORT_BROWSER", false},

		{"loopback as the core binds it", func(*machine) {}, "loopback", true, "every loopback address", "", false},
		{"loopback that the core would refuse", func(m *machine) { m.tryLoopback = noLoopback }, "loopback", false, "no loopback address", "ip address show dev lo; ss -ltnp", false},
		{"no loopback spoils a machine that has all else", func(m *machine) {
			m.findBrowser = func(family string) (browser.Browser, error) {
				return browser.Browser{Name: family, Path: "/usr/bin/" + family}, nil
			}
			m.tryLoopback = noLoopback
		}, "loopback", false, "no loopback address", "ip address show dev lo; ss -ltnp", false},
		{"peers are told apart", func(*machine) {}, "peer check", true, "refused", "", false},
		{"peers could not be tried", func(m *machine) { m.tryLoopback = noLoopback }, "peer check", false, "could not be tried", "", false},
		{"peers are not told apart elsewhere", func(m *machine) { m.goos = "darwin" }, "peer check", false, "not possible on darwin", "", false},

		{"go from apt", func(m *machine) { m.lookPath = has("apt-get") }, "Go", false, "build apps", "sudo apt-get install -y golang-go", false},
		{"root needs no sudo", func(m *machine) { m.lookPath, m.root = has("apt-get"), true }, "Node.js", false, "sandbox-iframe", "apt-get install -y nodejs npm", false},
		{"go from brew", func(m *machine) { m.goos, m.lookPath = "darwin", has("brew") }, "Go", false, "build apps", "brew install go", false},
		{"node from winget", func(m *machine) { m.goos, m.lookPath = "windows", has("winget") }, "Node.js", false, "", "winget install OpenJS.NodeJS.LTS", false},
		{"a go of these days", prints("go", "go version go1.27.0 linux/amd64"), "Go", true, "go1.27.0", "", false},
		{"the oldest go that will do", prints("go", "go version go"+leastGo+" linux/amd64"), "Go", true, leastGo, "", false},
		{"a go from its repository", prints("go", "go version devel go1.28-0123456789 Mon Jan 1 00:00:00 2027 +0000 linux/amd64"), "Go", true, "devel", "", false},
		{"a go of others", prints("go", "go version go1.26.9-mine linux/amd64"), "Go", true, "mine", "", false},
		{"an old go", prints("go", "go version go1.19.8 linux/amd64"), "Go", false, "go1.19.8 linux/amd64; Go " + leastGo + " or later is needed", "open https://go.dev/dl/", false},
		{"a go that does not say its version", prints("go", ""), "Go", false, "or later is needed", "open https://go.dev/dl/", false},
		{"a node of these days", prints("node", "v20.0.0"), "Node.js", true, "v20.0.0", "", false},
		{"an old node", prints("node", "v18.19.0"), "Node.js", false, "v18.19.0; Node.js 20 or later is needed", "open https://nodejs.org/", false},
		{"npm", prints("npm", "11.0.0"), "npm", true, "11.0.0", "", false},
		{"no npm is only worth knowing", func(m *machine) { m.lookPath = has("apt-get") }, "npm", false, "only make test needs it", "", false},
		{"one of the compilers", prints("clang", "clang version 19\nand more"), "C compiler", true, "clang version 19", "", false},
		{"no compiler is only worth knowing", func(*machine) {}, "C compiler", false, "only make test needs it", "", false},

		{"a broken go", func(m *machine) { m.lookPath = has("go") }, "Go", false, "does not start", "/usr/bin/go version", false},

		{"a display", func(m *machine) { m.getenv = func(n string) string { return map[string]string{"DISPLAY": ":0"}[n] } }, "display", true, "DISPLAY=:0", "", false},
		{"no display is only worth knowing", func(*machine) {}, "display", false, "--headless", "", false},
		{"a webview library", func(m *machine) {
			m.glob = func(p string) ([]string, error) {
				if filepath.Base(p) == "libwebkit2gtk-4.1.so.0" {
					return []string{"/usr/lib/x/libwebkit2gtk-4.1.so.0"}, nil
				}
				return nil, nil
			}
		}, "webview", true, "libwebkit2gtk-4.1", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := bareMachine()
			tt.change(&m)
			d := diagnose(t.Context(), m)
			if d.OK != tt.all {
				t.Errorf("diagnosis ok is %v, want %v", d.OK, tt.all)
			}
			for _, f := range d.Findings {
				if f.Name != tt.finding {
					continue
				}
				if f.OK != tt.ok || !strings.Contains(f.Detail, tt.detail) || f.Next != tt.next {
					t.Errorf("got %+v", f)
				}
				return
			}
			t.Errorf("no finding %q", tt.finding)
		})
	}
}

// What doctor asks for is what the repository is built with.
func TestVersionsWantedAreThoseOfTheRepository(t *testing.T) {
	for file, want := range map[string]string{
		"../../go.mod":        "\ngo " + leastGo + "\n",
		"../../scripts/setup": "version%%.*} < " + strconv.Itoa(leastNode) + ")",
	} {
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: no %q, %v", file, want, err)
		}
	}
}

// Whatever is missing and needed comes with something to run.
func TestEveryNeededFindingNamesANextCommand(t *testing.T) {
	for _, goos := range []string{"linux", "darwin", "windows", "freebsd"} {
		m := bareMachine()
		m.goos = goos
		m.tryLoopback = func() error { return errors.New("isolation: no") }
		for _, f := range diagnose(t.Context(), m).Findings {
			if f.Needed && !f.OK && f.Next == "" {
				t.Errorf("%s: %s is missing without a next command", goos, f.Name)
			}
		}
	}
}

func TestColourOnlyOnATerminal(t *testing.T) {
	var out strings.Builder
	if err := printDiagnosis(&out, diagnose(t.Context(), bareMachine())); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Errorf("colour in %q", out.String())
	}
	if got := (painter{on: true}).good("✓"); got != "\x1b[32m✓\x1b[0m" {
		t.Errorf("got %q", got)
	}
}
