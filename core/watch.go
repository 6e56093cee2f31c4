package core

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/sallyport/sallyport/internal/eyes"
	"github.com/sallyport/sallyport/internal/memfs"
)

// settled is how long the folder of capabilities must stay as it is before it is
// believed.
const settled = eyes.Settled

// A watch keeps an app's capabilities those of a folder.
type watch struct {
	app    *App
	folder string
	last   memfs.FS // what was tried last, fit or not
	lost   string   // why the folder could not be read, as it was said last

	cancel context.CancelFunc
	done   chan struct{}
}

// watchFolder begins to watch the folder that the configuration names, if it
// names one. What changed since New read it is noticed too.
func (app *App) watchFolder() {
	if app.config.CapabilitiesDir == "" {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	w := &watch{app: app, folder: app.config.CapabilitiesDir, last: app.files.snapshot, cancel: cancel, done: make(chan struct{})}
	app.watching.Store(w)
	go w.run(ctx)
}

// stop ends the watch, and a reload that is under way.
func (w *watch) stop(ctx context.Context) error {
	w.cancel()
	select {
	case <-w.done:
		return nil
	case <-ctx.Done():
		return errors.New("core: a reload of the capabilities did not end in time")
	}
}

// run looks at the folder whenever there is a sign of a change, until ctx ends.
// The eyes are opened anew for each look and before it, since they hang on
// folders that may have been replaced.
func (w *watch) run(ctx context.Context) {
	defer close(w.done)
	blind := false
	open := w.open(&blind)
	for ctx.Err() == nil {
		w.look(ctx)
		open.Wait(ctx)
		next := w.open(&blind)
		open.Close()
		open = next
	}
	open.Close()
}

// open says once when nothing tells of changes any more.
func (w *watch) open(blind *bool) *eyes.Eyes {
	opened, err := eyes.Open([]string{w.folder})
	if err != nil && !*blind {
		w.app.log.Warn("core: nothing tells of changes to the capabilities; their folder is looked at every two seconds", "folder", w.folder, "err", err)
	}
	*blind = err != nil
	return opened
}

// look reloads the capabilities if their folder holds others than those tried
// last and has come to rest.
func (w *watch) look(ctx context.Context) {
	files, err := readFolder(w.folder)
	for !w.known(files, err) {
		if !pause(ctx, settled) {
			return
		}
		again, errAgain := readFolder(w.folder)
		if messageOf(err) == messageOf(errAgain) && sameFiles(files, again) {
			w.try(ctx, files, err)
			return
		}
		files, err = again, errAgain
	}
}

func (w *watch) known(files memfs.FS, err error) bool {
	return messageOf(err) == w.lost && (err != nil || sameFiles(files, w.last))
}

// try reloads, and remembers what was tried. The app logs what is wrong.
func (w *watch) try(ctx context.Context, files memfs.FS, err error) {
	w.lost = messageOf(err)
	if err == nil {
		w.last = files
	} else {
		err = fmt.Errorf("core: Config.CapabilitiesDir: %w", err)
	}
	_ = w.app.replace(ctx, files, err)
}

// readFolder is a snapshot of a folder that is not empty.
func readFolder(name string) (memfs.FS, error) {
	files, err := snapshot(os.DirFS(name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: %w", name, err)
	case err == nil && len(files) == 0:
		return nil, fmt.Errorf("%s: %w", name, errNothing)
	}
	return files, err
}

func messageOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// pause reports whether the time passed before ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
