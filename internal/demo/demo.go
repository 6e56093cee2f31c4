package demo

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/sallyport/sallyport/core"
	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/schema"
)

//go:embed app
var embedded embed.FS

// ErrNotShown is wrapped by the error of a page that no browser could be
// started for.
var ErrNotShown = errors.New("demo: the page could not be shown")

// capabilities is the folder of capability files, as rules are named after it.
const capabilities = "capabilities"

// Config says how the demo is shown.
type Config struct {
	// Browser is what the report calls the browser.
	Browser string

	// Auto has the page run all attacks by itself, once, after which Run
	// returns. Otherwise the page waits for its user.
	Auto bool

	// Open shows a launch file. Nil opens the default browser.
	Open func(ctx context.Context, file string) error

	// Finished, if not nil, gets the report of each run.
	Finished func(Report)

	Log *slog.Logger // nil discards
}

// A demo is one running demo.
type demo struct {
	config          Config
	files           fs.FS // of the protected side
	app             *core.App
	plain, isolated *world
	binding         *binding
	ledger          *ledger
	turnstile       *turnstile
	loopback        *isolation.Loopback
	reports         chan Report

	mu      sync.Mutex
	started bool // an automatic run was handed out
	current string
	begun   mark // of current
	cases   map[string]Case
	shown   map[string]caseView
	benign  Benign
}

// Run shows the demo until ctx ends or, with Auto, until its one run is over,
// and returns the last report. It leaves nothing behind.
func Run(ctx context.Context, c Config) (last Report, err error) {
	folder, err := os.MkdirTemp("", "sallyport-demo-")
	if err != nil {
		return Report{}, fmt.Errorf("demo: failed to make a scratch folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	app, err := fs.Sub(embedded, "app")
	if err != nil {
		return Report{}, fmt.Errorf("demo: %w", err)
	}
	d, err := newDemo(c, folder, app)
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, d.close()) }()

	served := make(chan error, 1)
	go func() { served <- d.serve() }()
	if err := d.app.Open(ctx, "main"); err != nil {
		return Report{}, fmt.Errorf("%w: %w", ErrNotShown, err)
	}
	for {
		select {
		case last = <-d.reports:
			if c.Finished != nil {
				c.Finished(last)
			}
			if c.Auto {
				return last, nil
			}
		case <-ctx.Done():
			if c.Auto {
				return Report{}, d.unfinished(context.Cause(ctx))
			}
			return last, nil
		case err := <-served:
			return last, err
		}
	}
}

// serve answers the browser until close.
func (d *demo) serve() error {
	return d.loopback.Serve(d.turnstile.page(d.app.PageHandler()), d.turnstile.frame(d.app.FrameHandler()), d.config.Log)
}

// newDemo sets both sides up in folder.
func newDemo(c Config, folder string, app fs.FS) (d *demo, err error) {
	d = &demo{config: c, files: app, ledger: new(ledger), reports: make(chan Report, 1), cases: map[string]Case{}, shown: map[string]caseView{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()
	if d.plain, err = newWorld(filepath.Join(folder, "unprotected")); err != nil {
		return nil, err
	}
	if d.isolated, err = newWorld(filepath.Join(folder, "protected")); err != nil {
		return nil, err
	}
	if d.loopback, err = isolation.ListenLoopback(); err != nil {
		return nil, err
	}
	if d.binding, err = newBinding(d.plain, "ws"+strings.TrimPrefix(d.loopback.FrameOrigin(), "http")+"/socket"); err != nil {
		return nil, err
	}
	if d.app, err = d.newApp(); err != nil {
		return nil, err
	}
	d.turnstile = &turnstile{app: d.app}
	return d, d.app.Start()
}

// newApp is the protected side. It is mounted, not run, so that the turnstile
// can stand before it.
func (d *demo) newApp() (*core.App, error) {
	origin, err := d.loopback.PageOrigin("main")
	if err != nil {
		return nil, err
	}
	app, err := core.New(core.Config{
		Files: d.files,
		// In place of the manifest's window, which can't know the binding's port.
		Windows: []isolation.Window{{
			Label:    "main",
			Origin:   origin,
			Policy:   isolation.PagePolicy{ConnectSrc: []string{d.binding.origin}},
			Carriers: []isolation.Carrier{isolation.Direct, isolation.Relay},
		}},
		FrameOrigin: d.loopback.FrameOrigin(),
		Variables:   map[string]string{"$APPDATA": d.isolated.folder},
		Record:      d.ledger,
		Log:         cmp.Or(d.config.Log, slog.New(slog.DiscardHandler)),
		Open:        d.config.Open,
	})
	if err != nil {
		return nil, err
	}
	core.Command(app, "notes.list", d.isolated.list)
	core.Command(app, "notes.search", d.isolated.search)
	core.Command(app, "notes.read", d.isolated.read)
	// Not by core.Command, which compares the type with the schema and would not
	// start: saveArgs has the member that the schema keeps pages from.
	app.Handle("notes.save", func(ctx context.Context, r *core.Request) (any, error) {
		var args saveArgs
		if err := schema.Decode(r.Args, &args); err != nil {
			return nil, err
		}
		return d.isolated.save(ctx, args)
	})
	core.Command(app, "files.remove", d.isolated.remove)
	core.Command(app, "demo.state", d.state)
	core.Command(app, "demo.begin", d.begin)
	core.Command(app, "demo.end", d.end)
	core.Command(app, "demo.calls", d.calls)
	core.Command(app, "demo.finish", d.finish)
	return app, nil
}

// unfinished says how far an automatic run came.
func (d *demo) unfinished(cause error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case !d.started:
		return fmt.Errorf("demo: the page never made a call: %w", cause)
	case d.current != "":
		return fmt.Errorf("demo: the page did not get through %q: %w", d.current, cause)
	}
	return fmt.Errorf("demo: the page stopped after %d of %d attacks: %w", len(d.cases), len(attacks()), cause)
}

// closeWithin is how long calls under way are waited for.
const closeWithin = 3 * time.Second

// close ends what there is.
func (d *demo) close() error {
	var errs []error
	if d.app != nil {
		ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
		defer cancel()
		errs = append(errs, d.app.Shutdown(ctx))
	}
	if d.loopback != nil {
		errs = append(errs, d.loopback.Close())
	}
	if d.binding != nil {
		d.binding.close()
	}
	for _, w := range []*world{d.plain, d.isolated} {
		if w != nil {
			errs = append(errs, w.root.Close())
		}
	}
	return errors.Join(errs...)
}
