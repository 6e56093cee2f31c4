package core

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/internal/manifest"
	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/schema"
)

// An App holds an app's commands and everything that stands before them. Make
// one with New, register commands, then call Run or Start: from there on it
// does not change but by Reload, Grant and Revoke. Its methods are safe for concurrent use.
type App struct {
	name        string
	files       files
	pattern     isolation.Pattern
	config      Config                  // for start alone
	schemas     *schema.Set             // start adds those that it makes
	policy      atomic.Pointer[ruleset] // read once for a call
	reloading   sync.Mutex              // one reload at a time
	watching    atomic.Pointer[watch]   // of Config.CapabilitiesDir
	userWithin  time.Duration           // how long Config.User may take
	grants      grants
	inputs      *inputs // nil unless they are recorded
	mac         *audits.MAC
	encoder     *schema.Encoder[any] // of what a Handler returns
	log         *slog.Logger
	limits      Limits
	room        int // that a frame has for one body
	itemRoom    int // likewise, of an item of a stream
	platform    string
	variables   map[string]string
	paths       *policy.Paths
	roots       roots
	decoders    sync.Map // of scope entries: reflect.Type to *schema.Decoder
	development bool

	mu       sync.Mutex
	handlers map[string]Handler
	types    map[string]goTypes // of commands that have types
	frozen   bool

	// Set once by start, before there is a session.
	made     map[schemaKey]bool // schemas that were made of Go types
	commands map[string]*command
	events   map[string]*event   // by name; fixed once frozen
	emits    map[string]*command // by event, as listens
	listens  map[string]*command
	windows  map[string]*window
	recorder audits.Recorder
	closer   io.Closer // of a recorder that start opened
	gate     atomic.Pointer[isolation.Gate]
	loopback atomic.Pointer[isolation.Loopback] // Run's

	answers *answers // nil, as prompts is, without a Prompter
	prompts *prompts

	sessions sync.Map // *isolation.Session to *session
	work     *work    // calls under way
	asides   *work    // records written beside them: see speak
	closers  *work    // sessions that have ended, while their resources are closed
	feeding  *work    // feeds that have something to bring
	hearing  *work    // listeners of the core that are busy
	life     context.Context
	die      context.CancelFunc
	workers  *workers
	stats    counters
}

// A command is a registered handler with its limits.
type command struct {
	name    string
	event   string // of a built-in command
	handler Handler
	run     func(*call, *Request) (any, error) // in place of handler, of a built-in command
	limits  Limits                             // complete
	given   Limits                             // as configured for this command
	streams isolation.Wants                    // that it has

	slow atomic.Bool                   // the handler took longer than quick the last time
	last atomic.Pointer[recordedRules] // of its last decision
}

// New reads and checks all that the configuration names. Its error is the
// first thing that is wrong, by file and line.
func New(c Config) (*App, error) {
	if c.PolicyInputs != "" && !c.Development {
		return nil, errors.New("core: Config.PolicyInputs is set without Config.Development: it writes what pages send in clear, which belongs on no user's machine; leave it empty")
	}
	f, err := c.read()
	if err != nil {
		return nil, err
	}
	if err := c.takeLimits(f.said); err != nil {
		return nil, err
	}
	limits, err := c.completeLimits(f.said)
	if err != nil {
		return nil, err
	}
	variables, homeless := c.directories()
	schemas, err := schema.Compile(f.schemas)
	if err != nil {
		return nil, inFolder(f.schemasName, err)
	}
	if c.Development {
		schemas = schemas.Patient()
	}
	if c.JudgeOnly {
		schemas = schemas.JudgeOnly()
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	rules, err := policy.Load(f.capabilities, policy.Config{Variables: variables, Platform: runtime.GOOS,
		Alarm: func(err error) { c.Log.Error("core: decisions are not what they should be", "err", err) }})
	if err != nil {
		return nil, because(homeless, inFolder(f.capabilitiesName, err))
	}
	paths, err := policy.NewPaths(policy.Config{Variables: variables, Platform: runtime.GOOS})
	if err != nil {
		return nil, err
	}
	mac, err := audits.NewMAC(c.RecordKey)
	if err != nil {
		return nil, fmt.Errorf("core: Config.RecordKey: %w", err)
	}
	if c.GrantsFile != "" && !filepath.IsAbs(c.GrantsFile) {
		return nil, fmt.Errorf("core: Config.GrantsFile is %q; want an absolute path, that it is the same file whatever folder the app is started in", c.GrantsFile)
	}
	if c.AnswersFile != "" && !filepath.IsAbs(c.AnswersFile) {
		return nil, fmt.Errorf("core: Config.AnswersFile is %q; want an absolute path, that it is the same file whatever folder the app is started in", c.AnswersFile)
	}
	switch {
	case c.PromptTimeout < 0:
		return nil, fmt.Errorf("core: Config.PromptTimeout is %v; want 0 for the default of %v, or more", c.PromptTimeout, promptTimeout)
	case c.PromptTimeout == 0:
		c.PromptTimeout = promptTimeout
	}
	encoder, err := schema.NewEncoder[any]()
	if err != nil {
		return nil, err
	}
	c.Origins = maps.Clone(c.Origins)
	app := &App{
		name:        f.name,
		files:       f,
		pattern:     f.pattern,
		config:      c,
		schemas:     schemas,
		mac:         mac,
		encoder:     encoder,
		log:         c.Log,
		limits:      limits,
		room:        c.room(),
		itemRoom:    c.itemRoom(),
		userWithin:  userWithin,
		platform:    runtime.GOOS,
		variables:   variables,
		paths:       paths,
		development: c.Development,
		handlers:    make(map[string]Handler),
		types:       make(map[string]goTypes),
		work:        newWork(),
		events:      make(map[string]*event),
		asides:      newWork(),
		closers:     newWork(),
		feeding:     newWork(),
		hearing:     newWork(),
		workers:     newWorkers(),
		stats:       newCounters(),
	}
	app.life, app.die = context.WithCancel(context.Background())
	inForce, err := app.newRules(rules)
	if err != nil {
		return nil, err
	}
	app.policy.Store(inForce)
	// A gate that nobody reaches checks hook and pages. What it has to say, the
	// one of start says.
	gate, err := app.newGate(inProcessFrame, inProcess, nil)
	if err != nil {
		return nil, err
	}
	gate.Close()
	return app, nil
}

// Handle registers a handler that wants the request itself. It panics if the
// name can't name a command (notes.save: letters, digits, - and _ in parts with
// single dots between them, a letter first, at most 128 bytes), is taken, or
// the app has started: mistakes in the program, found when it first runs.
func (app *App) Handle(name string, h Handler) { app.register(name, goTypes{}, h) }

// register is Handle for a command that may have types, which start compares with its schemas.
func (app *App) register(name string, types goTypes, h Handler) {
	if h == nil {
		panic(fmt.Sprintf("core: command %q has no handler", name))
	}
	if !manifest.ValidCommand(name) {
		panic(fmt.Sprintf("core: %q can't name a command; want %s", name, manifest.CommandForm))
	}
	app.mu.Lock()
	defer app.mu.Unlock()
	if app.frozen {
		panic(fmt.Sprintf("core: command %q is registered after the app has started", name))
	}
	if app.handlers[name] != nil {
		panic(fmt.Sprintf("core: command %q is registered twice", name))
	}
	app.handlers[name], app.types[name] = h, types
}

// Commands lists the registered commands, sorted.
func (app *App) Commands() []string {
	app.mu.Lock()
	defer app.mu.Unlock()
	return slices.Sorted(maps.Keys(app.handlers))
}

// Variables are the directories that capabilities name, as a copy: what
// handlers open lies below the same ones.
func (app *App) Variables() map[string]string { return maps.Clone(app.variables) }

// Gate is the app's boundary, nil before Run or Start. Tests, the fuzz kit and
// benchmarks make sessions with its Offer.
func (app *App) Gate() *isolation.Gate { return app.gate.Load() }

// Shutdown takes no more calls, waits for those under way, and ends every
// session. When ctx ends first, it cancels what still runs, gives that a
// second, and returns an error that says how many handlers don't return.
func (app *App) Shutdown(ctx context.Context) error {
	app.work.close()
	if app.prompts != nil {
		app.prompts.stop()
		defer app.prompts.wait()
	}
	err := app.drain(ctx)
	if w := app.watching.Load(); w != nil {
		err = errors.Join(err, w.stop(ctx))
	}
	if gate := app.gate.Load(); gate != nil {
		gate.Close()
	}
	err = errors.Join(err, app.awaitClosed(ctx))
	err = errors.Join(err, app.hushEvents())
	app.grants.close()
	app.asides.close()
	app.asides.wait(cancelWithin)
	app.workers.retire()
	err = errors.Join(err, app.roots.close())
	if app.closer != nil {
		err = errors.Join(err, app.closer.Close())
	}
	err = errors.Join(err, app.inputs.close())
	return err
}

// cancelWithin is how long a handler has to notice that it was cancelled, and
// a recorder to write the last refusals.
const cancelWithin = time.Second

// hushEvents ends what brings events to their listeners. Those that have not
// begun reach nobody.
func (app *App) hushEvents() error {
	app.die()
	app.feeding.close()
	app.hearing.close()
	app.feeding.wait(cancelWithin) // the sessions are over, which they wait for nothing of
	if !app.hearing.wait(cancelWithin) {
		return fmt.Errorf("core: shut down with %d listeners that do not return", app.hearing.count.Load())
	}
	return nil
}

func (app *App) drain(ctx context.Context) error {
	select {
	case <-app.work.idle:
		return nil
	case <-ctx.Done():
	}
	app.interruptAll(func(*call) bool { return true }, shutDown)
	if !app.work.wait(cancelWithin) {
		return fmt.Errorf("core: shut down with %d handlers that do not return", app.work.count.Load())
	}
	return nil
}

// work counts what is under way and knows when, after close, there is none
// left.
type work struct {
	count  atomic.Int64
	closed atomic.Bool
	once   sync.Once
	idle   chan struct{} // closed when none is under way and none will be
}

func newWork() *work { return &work{idle: make(chan struct{})} }

func (w *work) enter() bool {
	w.count.Add(1)
	if w.closed.Load() {
		w.leave()
		return false
	}
	return true
}

func (w *work) leave() {
	if w.count.Add(-1) == 0 && w.closed.Load() {
		w.once.Do(func() { close(w.idle) })
	}
}

func (w *work) close() {
	w.closed.Store(true)
	if w.count.Load() == 0 {
		w.once.Do(func() { close(w.idle) })
	}
}

// wait reports whether all work ended in time. Only after close.
func (w *work) wait(within time.Duration) bool {
	select {
	case <-w.idle:
		return true
	case <-time.After(within):
		return false
	}
}
