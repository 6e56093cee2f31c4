package core

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/isolation"
)

// A window that is there already may be reloaded while another tab of it opens.
func TestALaunchFileWaitsForItsOwnTab(t *testing.T) {
	var file string
	b := newBench(t, func(c *Config) {
		c.Open = func(_ context.Context, f string) error { file = f; return nil }
	}, nil)
	if err := b.Open(t.Context(), "main"); err != nil {
		t.Fatal(err)
	}
	b.connect(t, "main")
	if _, err := os.Stat(file); err != nil {
		t.Errorf("its file is gone: %v", err)
	}
}

func TestNoLaunchFileOutlivesTheApp(t *testing.T) {
	var file string
	app, err := New(Config{Files: testFiles(), Record: audits.NewMemory(1), Open: func(_ context.Context, f string) error {
		file = f
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Open(t.Context(), "main"); err == nil {
		t.Error("a window was opened before the start")
	}
	if err := app.StartInProcess(); err != nil {
		t.Fatal(err)
	}
	if err := app.Open(t.Context(), "no such window"); err == nil || !strings.Contains(err.Error(), "no such window") {
		t.Errorf("an unknown label: %v", err)
	}
	if err := app.Open(t.Context(), "main"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Fatal(err)
	}
	if err := app.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Dir(file)); !os.IsNotExist(err) {
		t.Errorf("its folder: %v", err)
	}
}

func TestAWindowHasOneOrigin(t *testing.T) {
	app, err := New(Config{
		Files: testFiles(), Record: audits.NewMemory(1), FrameOrigin: "https://frame.example",
		Windows: []isolation.Window{{Label: "main", Origin: "https://one.example"}},
		Origins: map[string]string{"main": "https://two.example"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(); err == nil || !strings.Contains(err.Error(), "two origins") {
		t.Errorf("it returned %v", err)
	}
}

// A gate is a goroutine, which goleak would find.
func TestARecordThatCanNotBeOpenedStopsTheStart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_STATE_HOME", file)
	app, err := New(Config{Files: testFiles()})
	if err != nil {
		t.Fatal(err)
	}
	if err := app.StartInProcess(); err == nil {
		t.Error("it started without a record")
	}
	if app.Gate() != nil {
		t.Error("the gate is open")
	}
}
