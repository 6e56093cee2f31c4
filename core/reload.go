package core

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/internal/memfs"
)

// testWithin is how long the tests of a policy may take before it is put in
// force.
const testWithin = time.Minute

// Reload puts the capabilities of a folder in the place of those in force, while
// calls go on. They are read once, checked as New and Start check them, and the
// tests that lie beside them are run. With any fault the old ones stay in
// force: the error, which is also logged, names it by file and line as that of
// New does. Good or bad, it is on record; what can't be put on record does
// not come into force.
//
// Each call is decided by the capabilities in force when it came in. Calls
// under way go on: what has begun was permitted when it did. But those that stream,
// which may do so for long, are decided again and end if they are not allowed.
//
// Reloads come one after the other. It is an error before Run or Start, and
// after Shutdown.
func (app *App) Reload(capabilities fs.FS) error {
	if app.gate.Load() == nil || app.work.closed.Load() {
		return errors.New("core: Reload is for an app that runs; before that, New reads its capabilities")
	}
	folder, err := snapshot(capabilities)
	if err != nil {
		err = fmt.Errorf("core: %s: %w", app.files.capabilitiesName, err)
	}
	return app.replace(context.Background(), folder, err)
}

// replace puts a folder's capabilities in force. An err is why they could not be read.
func (app *App) replace(ctx context.Context, folder memfs.FS, err error) error {
	app.reloading.Lock()
	defer app.reloading.Unlock()
	var (
		old  = app.policy.Load()
		next *ruleset
	)
	if err == nil {
		next, err = app.makeReady(ctx, folder)
	}
	if ctx.Err() != nil { // the app shuts down
		return context.Cause(ctx)
	}
	if err != nil {
		app.log.Error("core: the capabilities are unfit; those before them stay in force", "err", err, "policy", old.Revision())
		// Nothing changes, so that there is nothing to undo without a record: the log has the error.
		_ = app.event(audits.Record{Verdict: audits.VerdictKept, Revision: old.Revision(), Reason: err.Error()})
		return err
	}
	err = app.event(audits.Record{Verdict: audits.VerdictReloaded, Revision: next.Revision(), Reason: "in the place of " + old.Revision()})
	if err != nil {
		return fmt.Errorf("core: the capabilities stay as they were: %w", err)
	}
	app.policy.Store(next)
	app.log.Info("core: capabilities reloaded", "policy", next.Revision(), "before", old.Revision())
	app.warnUnknown(next)
	app.reauthorize("the capabilities were reloaded")
	return nil
}

// makeReady does all that may fail or take time before capabilities are put in
// force.
func (app *App) makeReady(ctx context.Context, folder memfs.FS) (*ruleset, error) {
	ctx, cancel := context.WithTimeout(ctx, testWithin)
	defer cancel()
	next, err := app.loadRules(folder)
	if err != nil {
		return nil, err
	}
	if err := app.testRules(ctx, folder); err != nil {
		return nil, err
	}
	if err := app.prepare(next); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("core: %s: its tests took more than %v", app.files.capabilitiesName, testWithin)
	}
	return next, nil
}
