package main

import (
	"context"
	"errors"
	"fmt"
	"go/version"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/browser"
	"github.com/sallyport/sallyport/isolation"
)

// A machine answers the doctor's questions. Its fields are the machine itself,
// so that a test can put another one in its place.
type machine struct {
	goos, goarch string
	root         bool
	getenv       func(name string) string
	lookPath     func(program string) (string, error)
	output       func(ctx context.Context, program string, args ...string) (string, error)
	findBrowser  func(family string) (browser.Browser, error)
	tryLoopback  func() error
	glob         func(pattern string) ([]string, error)
}

func thisMachine() machine {
	return machine{
		goos: runtime.GOOS, goarch: runtime.GOARCH,
		root:        os.Geteuid() == 0,
		getenv:      os.Getenv,
		lookPath:    exec.LookPath,
		output:      commandOutput,
		findBrowser: browser.Find,
		tryLoopback: tryLoopback,
		glob:        filepath.Glob,
	}
}

// commandOutput runs a program that only prints something, and waits no more
// than a few seconds for it.
func commandOutput(ctx context.Context, program string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, program, args...).Output()
	return strings.TrimSpace(string(out)), err
}

func tryLoopback() error {
	l, err := isolation.ListenLoopback()
	if err != nil {
		return err
	}
	return l.Close()
}

func (m machine) browser(family string) finding {
	f := finding{Name: family}
	b, err := m.findBrowser(family)
	if err != nil {
		f.Detail, f.Next = "not found; the tests use both browsers", m.install(family)
		if !errors.Is(err, browser.ErrNotFound) {
			f.Detail, f.Next = strings.TrimPrefix(err.Error(), "browser: "), "unset "+browser.Override
		}
		return f
	}
	f.OK, f.Detail = true, b.Path
	return f
}

// anyBrowser sums up the two: one is enough to run the main path.
func (m machine) anyBrowser(chromium, firefox finding) finding {
	f := finding{Name: "a browser", Needed: true}
	switch {
	case chromium.OK:
		f.OK, f.Detail = true, "demo and bench can use chromium"
	case firefox.OK:
		f.OK, f.Detail = true, "demo and bench can use firefox"
	default:
		f.Detail, f.Next = "neither Chromium nor Firefox can be run", chromium.Next
	}
	return f
}

// loopback does what the core does at start: it binds its ports on every
// loopback address that the machine has, and where the system can tell finds
// out whose a connection is.
func (m machine) loopback() finding {
	f := finding{Name: "loopback", Needed: true}
	if err := m.tryLoopback(); err != nil {
		f.Detail = strings.TrimPrefix(err.Error(), "isolation: ")
		f.Next = m.lookAtLoopback()
		return f
	}
	f.OK, f.Detail = true, "pages and frames get a port each, on every loopback address"
	return f
}

// peer says whether other users' programs are told apart. Where they should
// be and are not, the core does not start, and loopback says so.
func (m machine) peer(loopback finding) finding {
	f := finding{Name: "peer check"}
	switch {
	case m.goos != "linux":
		f.Detail = "not possible on " + m.goos + "; other users' programs are kept out by launch token and handshake alone"
	case loopback.OK:
		f.OK, f.Detail = true, "connections of other users are refused"
	default:
		f.Detail = "could not be tried without loopback"
	}
	return f
}

func (m machine) tool(ctx context.Context, name, program string, args []string, use string) finding {
	f := finding{Name: name}
	path, err := m.lookPath(program)
	if err != nil {
		f.Detail = "not found; needed only to " + use
		f.Next = m.install(program)
		return f
	}
	text, err := m.output(ctx, path, args...)
	if err != nil {
		f.Detail = fmt.Sprintf("%s does not start: %v", path, err)
		f.Next = path + " " + strings.Join(args, " ")
		return f
	}
	f.OK, f.Detail = true, text
	return f
}

// What sallyport is built and tested with, as in go.mod and scripts/setup.
const (
	leastGo   = "1.26.4"
	leastNode = 20
)

func (m machine) goCommand(ctx context.Context) finding {
	f := m.tool(ctx, "Go", "go", []string{"version"}, "build apps")
	if !f.OK {
		return f
	}
	// "go version go1.26.8 linux/amd64", or "go version devel go1.27-…".
	for _, word := range strings.Fields(f.Detail) {
		if v, _, _ := strings.Cut(word, "-"); version.IsValid(v) {
			if version.Compare(v, "go"+leastGo) >= 0 {
				return f
			}
			break
		}
	}
	return f.tooOld("Go "+leastGo, "go")
}

func (m machine) node(ctx context.Context) finding {
	f := m.tool(ctx, "Node.js", "node", []string{"--version"}, "run make test, and to change sandbox-iframe, whose built files are in the repository")
	if !f.OK {
		return f
	}
	major, _, _ := strings.Cut(strings.TrimPrefix(f.Detail, "v"), ".")
	if n, err := strconv.Atoi(major); err != nil || n < leastNode {
		return f.tooOld(fmt.Sprintf("Node.js %d", leastNode), "node")
	}
	return f
}

// tooOld is a program that was found, and is not of the version wanted. Its
// next step is not the package manager, which likely had no other.
func (f finding) tooOld(want, program string) finding {
	f.OK, f.Detail, f.Next = false, fmt.Sprintf("%s; %s or later is needed", f.Detail, want), "open "+homepage(program)
	return f
}

// testTool is what only make test needs, the first of programs that is there.
// What to install instead is said by scripts/setup, which also does it.
func (m machine) testTool(ctx context.Context, name string, programs ...string) finding {
	for _, program := range programs {
		if _, err := m.lookPath(program); err == nil {
			f := m.tool(ctx, name, program, []string{"--version"}, "run make test")
			f.Detail, _, _ = strings.Cut(f.Detail, "\n")
			return f
		}
	}
	return finding{Name: name, Detail: "not found; only make test needs it, and says what to install"}
}

func (m machine) display() finding {
	f := finding{Name: "display"}
	if m.goos != "linux" {
		f.OK, f.Detail = true, "the system's own"
		return f
	}
	for _, name := range []string{"WAYLAND_DISPLAY", "DISPLAY"} {
		if value := m.getenv(name); value != "" {
			f.OK, f.Detail = true, name+"="+value
			return f
		}
	}
	f.Detail = "none; --headless works without"
	return f
}

func (m machine) webview() finding {
	f := finding{Name: "webview"}
	if m.goos != "linux" {
		f.Detail = "windows of our own are still to come; pages open in the browser"
		return f
	}
	f.Detail = "WebKitGTK not found; pages open in the browser"
	for _, folder := range []string{"/usr/lib/*", "/usr/lib", "/usr/lib64"} {
		for _, library := range []string{"libwebkit2gtk-4.1.so.0", "libwebkit2gtk-4.0.so.37"} {
			if found, _ := m.glob(filepath.Join(folder, library)); len(found) > 0 {
				f.OK, f.Detail = true, found[0]+"; not used yet, pages open in the browser"
				return f
			}
		}
	}
	return f
}
