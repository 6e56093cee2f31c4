package core

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/cli/browser"

	"github.com/sallyport/sallyport/isolation"
)

// How long Run waits, after its context ended, for calls under way, and then
// for pages to take the last answers.
const (
	drainWithin = 10 * time.Second
	takeWithin  = time.Second
)

// Run is the whole app: it listens on loopback under names minted for this
// run, opens the first window in the user's browser, and serves until ctx
// ends; then it drains. It returns nil after an orderly end. Catching signals
// is the caller's: signal.NotifyContext makes a fitting ctx.
func (app *App) Run(ctx context.Context) (err error) {
	if app.config.FrameOrigin != "" || len(app.config.Origins) > 0 {
		return errors.New("core: Config.FrameOrigin and Origins are for Start; Run mints origins of its own")
	}
	loopback, err := isolation.ListenLoopback()
	if err != nil {
		return fmt.Errorf("core: %w", err)
	}
	defer func() { err = errors.Join(err, loopback.Close()) }()
	if err := app.start(loopback.FrameOrigin(), func(w isolation.Window) (string, error) {
		if w.Origin != "" {
			return "", fmt.Errorf("core: window %q has an origin of its own; Run mints it", w.Label)
		}
		return loopback.PageOrigin(w.Label)
	}); err != nil {
		return err
	}
	app.loopback.Store(loopback)
	served := make(chan error, 1)
	go func() { served <- loopback.Serve(app.PageHandler(), app.FrameHandler(), app.log) }()

	if ctx.Err() == nil { // nobody waits for a window otherwise
		err = app.Open(ctx, app.files.windows[0].Label)
	}
	if err == nil {
		select {
		case <-ctx.Done():
		case err = <-served:
			served <- nil
		}
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainWithin)
	defer cancel()
	err = errors.Join(err, app.Shutdown(drain), handOut(loopback))
	return errors.Join(err, <-served)
}

// handOut closes the servers once the requests of the relay that carry the last
// answers are through. A page that reads none is not waited for any longer.
func handOut(loopback *isolation.Loopback) error {
	ctx, cancel := context.WithTimeout(context.Background(), takeWithin)
	defer cancel()
	if err := loopback.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return loopback.Close()
}

// Open shows a window to the user, in the default browser or as Config.Open
// says. The launch token goes through a file that only this user can read, so
// that no argument list has it; the file is removed when its token is redeemed, at
// the latest after a minute. Where the default browser is asked, the
// window's address, which opens nothing without the token, goes to standard
// error.
func (app *App) Open(ctx context.Context, label string) error {
	gate := app.gate.Load()
	if gate == nil {
		return errors.New("core: a window can be opened once the app runs")
	}
	window := app.windows[label]
	if window == nil {
		return fmt.Errorf("core: no window has the label %q", label)
	}
	file, err := gate.LaunchFile("", label)
	if err != nil {
		return fmt.Errorf("core: open window %q: %w", label, err)
	}
	open := app.config.Open
	if open == nil { // a tab among others: say which one is the app's
		fmt.Fprintf(os.Stderr, "%s: window %s at %s (opened by the app; the address alone opens nothing)\n", app.name, label, window.origin)
		open = openBrowser
	}
	if err := open(ctx, file); err != nil {
		return fmt.Errorf("core: open window %q: %w", label, err)
	}
	return nil
}

// browserWithin is how long a browser's starter may take to fail. Some of them
// run the browser itself and return when that is closed.
const browserWithin = 5 * time.Second

// hushBrowser keeps a browser's chatter out of the app's output. The settings
// are the process's: written anew for each window, they would race with the
// start of the one before.
var hushBrowser = sync.OnceFunc(func() { browser.Stdout, browser.Stderr = io.Discard, io.Discard })

// openBrowser starts the default browser.
func openBrowser(ctx context.Context, file string) error {
	hushBrowser()
	failed := make(chan error, 1)
	go func() { failed <- browser.OpenFile(file) }()
	select {
	case err := <-failed:
		if err != nil {
			return fmt.Errorf("the default browser could not be started: %w; install one and make it the default, or set core.Config.Open", err)
		}
		return nil
	case <-time.After(browserWithin):
	case <-ctx.Done():
	}
	return nil
}
