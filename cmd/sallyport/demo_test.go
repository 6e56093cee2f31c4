package main

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/browser"
)

// demoWith runs the command alone, and returns what it printed and its error.
func demoWith(args ...string) (out, errOut string, err error) {
	var stdout, stderr strings.Builder
	c := newDemoCommand()
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetArgs(args)
	c.SetOut(&stdout)
	c.SetErr(&stderr)
	err = c.ExecuteContext(context.Background())
	return stdout.String(), stderr.String(), err
}

func TestDemoWithoutABrowserSaysWhatToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv(browser.Override, "")
	for _, args := range [][]string{{"--headless"}, {"--json"}, {"--browser", "firefox"}, {"--headless", "--browser", "chromium"}} {
		out, _, err := demoWith(args...)
		if !errors.Is(err, browser.ErrNotFound) || !strings.Contains(err.Error(), "install") || out != "" {
			t.Errorf("demo %s: %q, %v", strings.Join(args, " "), out, err)
		}
	}
	if _, _, err := demoWith("--browser", "lynx"); err == nil || !strings.Contains(err.Error(), `expected "chromium" or "firefox"`) {
		t.Errorf("an unknown browser: %v", err)
	}
}

func TestDemoThatCannotStartItsBrowserSaysWhy(t *testing.T) {
	program := t.TempDir() + "/chromium"
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho no such display >&2\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv(browser.Override, program)
	out, _, err := demoWith("--json")
	if err == nil || out != "" || !strings.Contains(err.Error(), "no such display") || !strings.Contains(err.Error(), "exit status 1") {
		t.Errorf("%q, %v", out, err)
	}
}

func TestDemoWithoutADisplayPointsToHeadless(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // elsewhere the display is the system's own
	}
	program := t.TempDir() + "/chromium"
	if err := os.WriteFile(program, []byte("#!/bin/sh\nexec sleep 60\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv(browser.Override, program)
	t.Setenv("DISPLAY", "")
	t.Setenv("WAYLAND_DISPLAY", "")
	_, errOut, err := demoWith("--browser", "chromium")
	if err == nil || !strings.Contains(err.Error(), "no display for a window of chromium") || !strings.Contains(err.Error(), "--headless") || errOut != "" {
		t.Errorf("%v, %q", err, errOut)
	}
}
