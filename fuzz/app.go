package fuzz

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/sallyport/sallyport/core"
	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/schema"
)

// Fixed scenarios: a plain `go test` plays many, and `go test -fuzz` starts
// from a few, since it plays each before it looks for new ones.
const (
	seedsToTest = 300
	seedsToFuzz = 30
)

// seeds is how many fixed scenarios this run begins with.
func seeds() int {
	if f := flag.Lookup("test.fuzz"); f != nil && f.Value.String() != "" {
		return seedsToFuzz
	}
	return seedsToTest
}

// A target is an app under attack.
type target struct {
	app      *core.App
	evidence *evidence
	commands []string
	streams  map[string]isolation.Wants // those of the commands that stream
	events   []string
	words    []string
}

// App fuzzes the app that newApp makes of a configuration: config with a
// recorder and an observer of the kit's, a fresh folder for each of its
// Variables and for $APPDATA, $HOME and $TEMP, and rates that scenarios don't
// run into. newApp registers the commands, as main does, hands the
// configuration to core.New and must not start the app.
//
// It plays fixed scenarios under `go test`; `go test -fuzz` looks for more.
// A failure names the call and what was done before it. That no call at all
// reached a handler is a failure too: then only refusals were tested.
func App(f *testing.F, config core.Config, newApp func(core.Config) (*core.App, error)) {
	f.Helper()
	t := newTarget(f, config, newApp)
	random := rand.New(rand.NewPCG(1, 2)) // the same scenarios every time
	for range seeds() {
		seed := make([]byte, 8+random.IntN(56))
		for i := range seed {
			seed[i] = byte(random.Uint32())
		}
		f.Add(seed)
	}
	f.Fuzz(func(tt *testing.T, data []byte) {
		if err := t.play(data); err != nil {
			tt.Fatal(err)
		}
	})
}

func newTarget(tb testing.TB, config core.Config, newApp func(core.Config) (*core.App, error)) *target {
	tb.Helper()
	t := &target{evidence: newEvidence()}
	config.Record, config.Observe = t.evidence, t.evidence.observe
	config.GrantsFile = "" // the user's are none of the kit's
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler) // every second call is refused
	}
	given := config.Variables
	config.Variables = map[string]string{"$APPDATA": "", "$HOME": "", "$TEMP": ""}
	maps.Copy(config.Variables, given)
	for _, name := range slices.Sorted(maps.Keys(config.Variables)) {
		folder := tb.TempDir()
		config.Variables[name] = folder
		t.words = append(t.words, filepath.ToSlash(folder), filepath.ToSlash(folder)+"/notes")
	}
	config.Limits.CallsPerSecond, config.Limits.Burst = 1e6, 1e6
	app, err := newApp(config)
	if err != nil {
		tb.Fatal(err)
	}
	if got := app.Variables()["$APPDATA"]; got != config.Variables["$APPDATA"] {
		tb.Fatalf("fuzz: the app that newApp made has %q for $APPDATA, not the folder it was given; newApp must hand its core.Config to core.New, else the kit sees nothing and handlers work on real files", got)
	}
	if err := app.StartInProcess(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if s := app.Stats(); s.Calls >= seedsToTest && t.evidence.reached() == 0 {
			tb.Errorf("fuzz: of %d calls none reached a handler (refused: %v); let a capability allow some of what the schemas do, for instance paths below $APPDATA", s.Calls, s.Refused)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := app.Shutdown(ctx); err != nil {
			tb.Error(err)
		}
	})
	t.app, t.commands, t.events, t.streams = app, app.Commands(), app.Events(), streamsOf(app)
	for _, window := range app.Gate().Windows() {
		t.evidence.windows[window] = true
	}
	return t
}

// streamsOf is what the app's commands stream, by the schemas of that.
func streamsOf(app *core.App) map[string]isolation.Wants {
	streams := map[string]isolation.Wants{}
	for _, name := range app.Commands() {
		var wants isolation.Wants
		if app.Schemas().Schema(schema.Channel, name) != nil {
			wants |= isolation.WantsItems
		}
		if app.Schemas().Schema(schema.Upload, name) != nil {
			wants |= isolation.WantsUpload
		}
		if wants != 0 {
			streams[name] = wants
		}
	}
	return streams
}

// play runs the scenario that data stands for.
func (t *target) play(data []byte) error {
	err := (&scenario{target: t, choices: &choices{rest: data}}).run()
	t.settle()
	if problems := t.evidence.take(); err == nil && len(problems) > 0 {
		err = fmt.Errorf("%s", problems[0])
	}
	return err
}

// settle gives calls that were cancelled with their session the time to be done,
// so that what they leave is not taken for the next scenario's.
func (t *target) settle() {
	for end := time.Now().Add(100 * time.Millisecond); t.app.Stats().UnderWay > 0 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
}
