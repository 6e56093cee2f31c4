//go:build unix

package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/browser"
)

// A demo that is interrupted says no more than that, whatever its browser had
// to say, and leaves nothing behind.
func TestAnInterruptedDemoTidiesUp(t *testing.T) {
	folder, scratch := t.TempDir(), t.TempDir()
	program, started := filepath.Join(folder, "chromium"), filepath.Join(folder, "started")
	script := "#!/bin/sh\necho chatter >&2\ntouch " + started + "\nexec sleep 60\n"
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv(browser.Override, program)
	t.Setenv("TMPDIR", scratch)
	var stderr strings.Builder
	code := make(chan int, 1)
	go func() { code <- run([]string{"demo", "--headless"}, strings.NewReader(""), io.Discard, &stderr) }()
	for until := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(started); err == nil {
			break
		}
		if time.Now().After(until) {
			t.Fatal("the browser was not started")
		}
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if got := <-code; got != exitCouldNot || !strings.HasSuffix(stderr.String(), "sallyport: interrupted\n") || strings.Contains(stderr.String(), "chatter") {
		t.Errorf("exit code %d, %q", got, stderr.String())
	}
	left, err := os.ReadDir(scratch)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
