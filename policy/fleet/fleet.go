package fleet

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/open-policy-agent/opa/v1/hooks"
	"github.com/open-policy-agent/opa/v1/logging"
	"github.com/open-policy-agent/opa/v1/plugins"
	"github.com/open-policy-agent/opa/v1/plugins/bundle"
	"github.com/open-policy-agent/opa/v1/plugins/discovery"
)

// Config says where policies come from. The zero value is refused.
type Config struct {
	// OPA is OPA's configuration, YAML or JSON: services, keys, bundles or discovery, status, labels.
	OPA []byte
	// StateDir is a folder for this package alone and for one process at a time. It holds the last
	// bundle and the highest revision, is made if missing, and is closed to other users. Who empties
	// it makes the next bundle count whatever its revision. Required.
	StateDir string
	// Log gets what OPA and this package have to say, errors at level error. Nil discards it.
	Log *slog.Logger
	// InsecureUnsigned accepts bundles and discovered configurations without a signature: whoever
	// can answer for the server then writes the policy.
	InsecureUnsigned bool
	// InsecureTransport accepts services by http outside this machine, and by https without a
	// check of the certificate. Bundles stay signed; credentials and status can be read and
	// changed on the way.
	InsecureTransport bool
}

// Apply puts a folder of capability files in force, or returns an error and leaves in force what
// was. files is in memory and stays valid; revision is the bundle's.
//
// One call runs at a time, in the order of revisions, on a goroutine of OPA's. It must not wait for
// [Fleet.Stop]. ctx ends when the fleet is stopped.
type Apply func(ctx context.Context, files fs.FS, revision string) error

// Status is what became of the newest bundle. Its zero value is that of a fleet that has not heard
// anything yet.
type Status struct {
	Revision string    // of the bundle in force; "" if none is
	Since    time.Time // when it was put in force
	// Err says why the newest bundle or configuration is not in force, or why none could be had;
	// nil if the last attempt went well. It ends with the next attempt that does.
	Err error
}

// Fleet keeps an app's policy up to date. Its methods are safe for concurrent use.
type Fleet struct {
	manager  *plugins.Manager
	gate     *gate
	settings *settings
	ready    chan struct{} // closed when the first policy is in force
	cancel   func()        // ends what OPA does beside downloads

	listening atomic.Bool

	mu     sync.Mutex
	status Status
	failed error // of the bundle
	misled error // of the discovered configuration
}

// Start checks the configuration, puts the bundle kept in StateDir in force, if there is one, and
// goes on to look for newer ones until [Fleet.Stop]. A server that does not answer is no error: it
// is asked again.
//
// ctx bounds the start alone. An error names the path in the configuration that is at fault and what
// was expected there; nothing runs on then.
func Start(ctx context.Context, c Config, apply Apply) (*Fleet, error) {
	f, err := start(ctx, c, apply)
	if err != nil {
		return nil, fmt.Errorf("fleet: %w", err)
	}
	return f, nil
}

func start(ctx context.Context, c Config, apply Apply) (*Fleet, error) {
	if apply == nil {
		return nil, errors.New("apply is nil: expected the function that puts a policy in force")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if err := makeStateDir(c.StateDir); err != nil {
		return nil, err
	}
	policies, err := openHighest(filepath.Join(c.StateDir, "policy.json"))
	if err != nil {
		return nil, err
	}
	configurations, err := openHighest(filepath.Join(c.StateDir, "configuration.json"))
	if err != nil {
		return nil, err
	}
	f := &Fleet{ready: make(chan struct{}), settings: &settings{Config: c, id: rand.Text(), highest: configurations}}
	raw, err := f.settings.prepare()
	if err != nil {
		return nil, err
	}
	f.gate, err = newGate(ctx, policies, func(ctx context.Context, files fs.FS, revision string) error {
		if err := apply(ctx, files, revision); err != nil {
			return err
		}
		f.applied(revision)
		c.Log.Info("the policy of a bundle is in force", "revision", revision)
		return nil
	})
	if err != nil {
		return nil, err
	}
	log := logging.NewLoggerFromSlogHandler(c.Log.Handler(), logging.Info)
	f.manager, err = plugins.New(raw, f.settings.id, f.gate, plugins.Logger(log), plugins.ConsoleLogger(log))
	if err != nil {
		return nil, err
	}
	// OPA goes on to use the context of its start.
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f.cancel = cancel
	release := context.AfterFunc(ctx, cancel)
	err = f.run(running)
	if !release() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		cancel()
		f.manager.Stop(context.WithoutCancel(ctx))
		return nil, err
	}
	return f, nil
}

func makeStateDir(dir string) error {
	if dir == "" {
		return errors.New("StateDir is empty: expected a folder that survives a restart")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("StateDir: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("StateDir: %w", err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		if err := os.Chmod(dir, 0o700); err != nil {
			return fmt.Errorf("StateDir: other users have access to it: %w", err)
		}
	}
	return nil
}

// run starts OPA's plugins. When it returns, the bundle of the last run is in force.
func (f *Fleet) run(ctx context.Context) error {
	disco, err := discovery.New(f.manager, discovery.Hooks(hooks.New(f.settings)), discovery.BootConfig(f.settings.boot))
	if err != nil {
		return err
	}
	f.manager.Register(discovery.Name, disco)
	disco.RegisterListener(f, func(s bundle.Status) {
		err := f.settings.took(problem(s))
		f.listen()
		f.mu.Lock()
		defer f.mu.Unlock()
		f.misled = err
	})
	if err := f.manager.Start(ctx); err != nil {
		return err
	}
	f.listen()
	return nil
}

// listen asks for reports of bundles. With discovery there is nobody to ask before the first
// configuration has come.
func (f *Fleet) listen() {
	p := bundle.Lookup(f.manager)
	if p == nil || f.listening.Swap(true) {
		return
	}
	// Not under the lock: the plugin may be waiting for apply with its own one held.
	p.Register(f, func(s bundle.Status) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.failed = problem(s)
	})
}

// problem is what OPA says went wrong with a bundle, or nil.
func problem(s bundle.Status) error {
	if s.Code == "" {
		return nil
	}
	return fmt.Errorf("%s: %w", s.Name, errors.Join(append([]error{errors.New(s.Message)}, s.Errors...)...))
}

func (f *Fleet) applied(revision string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.status.Since.IsZero() {
		close(f.ready)
	}
	f.status.Revision, f.status.Since = revision, time.Now()
}

// Ready is closed when the first policy is in force. After a start from a kept bundle it is closed
// when Start returns.
func (f *Fleet) Ready() <-chan struct{} { return f.ready }

// Status says what is in force and what went wrong last.
func (f *Fleet) Status() Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.status
	s.Err = errors.Join(f.misled, f.failed)
	return s
}

// Stop ends all that Start began and waits for it, a running apply and OPA's last status report
// included. The policy in force stays so. If ctx ends first, the rest ends by itself, and the error is
// that of ctx. Idle connections are closed by their time-out.
func (f *Fleet) Stop(ctx context.Context) error {
	f.cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.manager.Stop(context.WithoutCancel(ctx)) // OPA would leave a goroutine behind
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
