package fuzz

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/sallyport/sallyport/core"
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
	words    []string
}

// App fuzzes the app that newApp makes of a configuration: config with a
// recorder and an observer of the kit's, folders of its own as $APPDATA,
// $HOME and $TEMP, and rates that scenarios don't run into. newApp registers
// the commands, as main does, and must not start the app.
//
// It plays fixed scenarios under `go test`; `go test -fuzz` looks for more.
// A failure names the call and what was done before it.
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
	config.Variables = map[string]string{}
	for _, name := range []string{"$APPDATA", "$HOME", "$TEMP"} {
		folder := tb.TempDir()
		config.Variables[name] = folder
		t.words = append(t.words, filepath.ToSlash(folder), filepath.ToSlash(folder)+"/notes")
	}
	config.Limits.CallsPerSecond, config.Limits.Burst = 1e6, 1e6
	app, err := newApp(config)
	if err != nil {
		tb.Fatal(err)
	}
	if err := app.StartInProcess(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := app.Shutdown(ctx); err != nil {
			tb.Error(err)
		}
	})
	t.app, t.commands = app, app.Commands()
	return t
}

// play runs the scenario that data stands for.
func (t *target) play(data []byte) error {
	err := (&scenario{target: t, choices: &choices{rest: data}}).run()
	if problems := t.evidence.take(); err == nil && len(problems) > 0 {
		err = fmt.Errorf("%s", problems[0])
	}
	return err
}
