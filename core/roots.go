package core

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
)

// Root is app.Root of the app whose handler was given ctx. Any other context is
// an error.
func Root(ctx context.Context, dir string) (*os.Root, error) {
	call, ok := ctx.Value(callKey{}).(*callContext)
	if !ok {
		return nil, errNoCall
	}
	return call.app.Root(dir)
}

// Within turns an argument into the name to open in Root(ctx, dir), "." for dir
// itself, and returns both. A path that scope.path_inside(path, dir) does not
// allow is an error, whatever the policy said.
func Within(ctx context.Context, dir, path string) (root *os.Root, name string, err error) {
	if root, err = Root(ctx, dir); err != nil {
		return nil, "", err
	}
	if name, err = ctx.Value(callKey{}).(*callContext).app.paths.Below(dir, path); err != nil {
		return nil, "", err
	}
	return root, name, nil
}

// Root opens a directory, written as capabilities write it: "$APPDATA/notes". No
// name that is opened in it leads out, not by a symbolic link either, which the
// policy can't see. It is opened once, kept for all calls and closed by Shutdown;
// the caller leaves it open. Where it does not exist it is made, for the user
// alone, if dir begins with a variable.
func (app *App) Root(dir string) (*os.Root, error) {
	path, variable, err := app.paths.Directory(dir)
	if err != nil {
		return nil, err
	}
	return app.roots.get(path, variable)
}

// roots are the directories that handlers work in. The zero value is ready.
type roots struct {
	mu     sync.Mutex
	open   map[string]*os.Root // by path
	closed bool
}

func (r *roots) get(path string, create bool) (*os.Root, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errors.New("core: the app has shut down")
	}
	if root := r.open[path]; root != nil {
		return root, nil
	}
	if create {
		if err := os.MkdirAll(path, 0o700); err != nil {
			return nil, fmt.Errorf("core: making a directory for handlers: %w", err)
		}
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("core: opening a directory for handlers: %w", err)
	}
	if r.open == nil {
		r.open = make(map[string]*os.Root)
	}
	r.open[path] = root
	return root, nil
}

// close ends all of them; there will be no others.
func (r *roots) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	var err error
	for _, root := range r.open {
		err = errors.Join(err, root.Close())
	}
	r.open = nil
	return err
}
