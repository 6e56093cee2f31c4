package demo

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/browser"
)

// installed finds a browser for a test. A machine without one can't run the
// test; where browsers are promised, SALLYPORT_REQUIRE_BROWSERS makes that a
// failure.
func installed(t *testing.T, name string) browser.Browser {
	t.Helper()
	b, err := browser.Find(name)
	if errors.Is(err, browser.ErrNotFound) && os.Getenv("SALLYPORT_REQUIRE_BROWSERS") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEveryAttackIsStopped(t *testing.T) {
	for _, name := range []string{browser.Chromium, browser.Firefox} {
		t.Run(name, func(t *testing.T) {
			b := installed(t, name)
			ctx, cancel := context.WithTimeout(context.Background(), 80*time.Second)
			defer cancel()
			var process *browser.Process
			report, err := Run(ctx, Config{Browser: name, Auto: true, Open: func(ctx context.Context, file string) (err error) {
				process, err = b.Open(ctx, file, browser.Options{Headless: true})
				return err
			}})
			if process != nil {
				defer process.Close()
			}
			if err != nil {
				t.Fatalf("%v; the browser wrote:\n%s", err, process.Stderr())
			}
			for _, problem := range report.Problems() {
				t.Error(problem)
			}
			if !report.Passed || report.Browser != name {
				t.Errorf("%+v", report)
			}
		})
	}
}
