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

// A user without a mouse runs it, and runs it again; what the attack opened is
// closed by then.
func TestTheKeyboardIsEnough(t *testing.T) {
	for _, name := range []string{browser.Chromium, browser.Firefox} {
		t.Run(name, func(t *testing.T) {
			b := installed(t, name)
			reports, opened, over := make(chan Report, 2), make(chan *browser.Process, 1), make(chan error, 1)
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				_, err := Run(ctx, Config{
					Browser: name, Finished: func(r Report) { reports <- r },
					Open: func(ctx context.Context, file string) error {
						process, err := openRemote(ctx, t, b, file)
						if err == nil {
							opened <- process
						}
						return err
					},
				})
				over <- err
			}()
			defer func() {
				cancel()
				if err := <-over; err != nil {
					t.Error(err)
				}
			}()
			process := <-opened
			defer process.Close()
			r := connect(t, process)
			r.until("the page is ready", func() bool { return r.evaluate(`document.querySelector("#run:not([disabled])") ? "yes" : ""`) == "yes" })
			r.press("Tab")
			for _, label := range []string{"Run all attacks", "Run again"} {
				if focused := r.evaluate(`document.activeElement.id && document.activeElement.textContent`); focused != label {
					t.Fatalf("the focus is on %q; want %q", focused, label)
				}
				r.press("Enter")
				select {
				case report := <-reports:
					for _, problem := range report.Problems() {
						t.Error(problem)
					}
				case <-time.After(60 * time.Second):
					t.Fatalf("%q: no report; the page says %q", label, r.evaluate(`document.getElementById("status").textContent`))
				}
				r.until("the button can be pressed again", func() bool { return r.evaluate(`document.getElementById("run").textContent`) == "Run again" })
			}
			r.until("the page is alone", func() bool { return len(r.pages()) == 1 })
		})
	}
}
