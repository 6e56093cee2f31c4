//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A capability that comes from a pipe is as slow as the test wants it to be.
func TestWhatTakesLongSaysSo(t *testing.T) {
	const capability = "# METADATA\n# custom:\n#   windows: [main]\npackage capability.a\n\nallow if input.command == \"x\"\n"
	for name, args := range map[string][]string{
		"check":   {"DIR"},
		"ls":      {"DIR"},
		"explain": {"DIR", "--window", "main", "--command", "x"},
		"diff":    {"DIR", "OTHER"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, other := t.TempDir(), t.TempDir()
			pipe := filepath.Join(dir, "a.rego")
			if err := syscall.Mkfifo(pipe, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(other, "a.rego"), []byte(capability), 0o600); err != nil {
				t.Fatal(err)
			}
			line := []string{"policy", name}
			for _, arg := range args {
				line = append(line, strings.NewReplacer("DIR", dir, "OTHER", other).Replace(arg))
			}
			var said said
			ended := make(chan int, 1)
			go func() { ended <- run(line, strings.NewReader(""), &strings.Builder{}, &said) }()
			deadline := time.Now().Add(30 * time.Second)
			for said.String() == "" && time.Now().Before(deadline) {
				time.Sleep(10 * time.Millisecond)
			}
			if err := os.WriteFile(pipe, []byte(capability), 0o600); err != nil {
				t.Fatal(err)
			}
			if code := <-ended; code != exitHolds {
				t.Errorf("exit code %d", code)
			}
			if got, want := said.String(), "sallyport: loading "+dir+"…\n"; got != want {
				t.Errorf("stderr %q, want %q", got, want)
			}
		})
	}
}

// said is a standard error that is read while a command writes to it.
type said struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}
