package policytest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"golang.org/x/sync/errgroup"

	"github.com/sallyport/sallyport/policy"
)

// Fates of a mutant.
const (
	Noticed  = "noticed"  // some test failed
	Survived = "survived" // no test did
	Broken   = "broken"   // it could not be loaded, which says nothing about the tests
)

// A Mutant is a policy with one change, and what the tests said to it.
type Mutant struct {
	File   string `json:"file"`
	Line   int    `json:"line"` // from 1
	Kind   string `json:"kind"`
	Change string `json:"change"` // what was → what it became
	Fate   string `json:"fate"`
	By     string `json:"by,omitempty"` // the test that noticed it first
}

// A Mutation is what became of all mutants.
type Mutation struct {
	Mutants []Mutant `json:"mutants"`  // in the order of file and line
	LeftOut int      `json:"left_out"` // changes over the limit, which were not tried
}

// Survivors are the mutants that no test noticed.
func (m *Mutation) Survivors() []Mutant {
	return slices.DeleteFunc(slices.Clone(m.Mutants), func(m Mutant) bool { return m.Fate != Survived })
}

// MutateOptions bound a mutation. The zero value tries everything.
type MutateOptions struct {
	Limit    int                   // the most mutants to try, taken evenly from all; 0 is all
	Progress func(done, total int) // called after each, by one goroutine at a time; nil is silent
}

// Mutate changes the capabilities of a folder one rule at a time and runs all tests on each: a change that
// no test notices is one that an attacker's friend could make. Declarative capability files are left as they
// are. It is an error if a test fails to begin with.
func Mutate(ctx context.Context, fsys fs.FS, c policy.Config, o MutateOptions) (Mutation, error) {
	s, err := newSuite(fsys, c, Options{})
	if err != nil {
		return Mutation{}, err
	}
	r, err := s.run(ctx)
	if err != nil {
		return Mutation{}, err
	}
	if failed := r.Failed(); len(failed) > 0 {
		return Mutation{}, fmt.Errorf("policytest: %s:%d: %s fails without any change: mend that first", failed[0].File, failed[0].Line, failed[0].Name)
	}
	changes, err := s.changes(fsys)
	if err != nil {
		return Mutation{}, err
	}
	m := Mutation{Mutants: []Mutant{}}
	if o.Limit > 0 && len(changes) > o.Limit {
		m.LeftOut = len(changes) - o.Limit
		changes = evenly(changes, o.Limit)
	}
	m.Mutants, err = s.tryAll(ctx, fsys, changes, o.Progress)
	return m, err
}

// evenly takes n of all changes.
func evenly(all []change, n int) []change {
	some := make([]change, n)
	for i := range some {
		some[i] = all[i*len(all)/n]
	}
	return some
}

// changes finds those of all capability files.
func (s *suite) changes(fsys fs.FS) ([]change, error) {
	pool := s.texts()
	var all []change
	for _, c := range s.byFile() {
		text, err := fs.ReadFile(fsys, c.File)
		if err != nil {
			return nil, err
		}
		found, err := changesOf(c.File, string(text), pool)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// byFile are the capabilities written in Rego, in the order of their files.
func (s *suite) byFile() []policy.Capability {
	all := s.policies[s.platform].Capabilities()
	all = slices.DeleteFunc(all, func(c policy.Capability) bool { return path.Ext(c.File) != ".rego" })
	slices.SortFunc(all, func(a, b policy.Capability) int { return strings.Compare(a.File, b.File) })
	return all
}

// maxPool bounds the texts that are added to a set, and the length of each.
const maxPool = 256

// texts are those that the tests use: as commands, windows and arguments, sorted.
func (s *suite) texts() []string {
	found := make(map[string]bool)
	for _, name := range s.policies[s.platform].Commands() {
		found[name] = true
	}
	for _, f := range s.fixtures {
		ast.WalkTerms(inputTerm(f.input), func(t *ast.Term) bool {
			if text, ok := t.Value.(ast.String); ok {
				found[string(text)] = true
			}
			return false
		})
	}
	for file, text := range s.rego {
		m, err := ast.ParseModuleWithOpts(file, text, ast.ParserOptions{RegoVersion: ast.RegoV1})
		if err != nil {
			continue // not reached: it was compiled
		}
		for _, r := range m.Rules {
			ast.WalkTerms(r, func(t *ast.Term) bool {
				if text, ok := t.Value.(ast.String); ok {
					found[string(text)] = true
				}
				return false
			})
		}
	}
	maps.DeleteFunc(found, func(text string, _ bool) bool { return text == "" || len(text) > maxPool })
	all := slices.Sorted(maps.Keys(found))
	return all[:min(len(all), maxPool)]
}

// tryAll tries changes on all processors.
func (s *suite) tryAll(ctx context.Context, fsys fs.FS, changes []change, progress func(done, total int)) ([]Mutant, error) {
	mutants := make([]Mutant, len(changes))
	var mu sync.Mutex
	done := 0
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, c := range changes {
		group.Go(func() error {
			var err error
			if mutants[i], err = s.try(ctx, fsys, c); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			if done++; progress != nil {
				progress(done, len(changes))
			}
			return nil
		})
	}
	return mutants, group.Wait()
}

// try runs the tests on one mutant until one fails.
func (s *suite) try(ctx context.Context, fsys fs.FS, c change) (Mutant, error) {
	m := Mutant{File: c.file, Line: c.line, Kind: c.kind, Change: c.title, Fate: Broken}
	source, err := fs.ReadFile(fsys, c.file)
	if err != nil {
		return m, err
	}
	for _, e := range c.edits {
		if ctx.Err() != nil {
			return m, fmt.Errorf("policytest: not finished: %w", context.Cause(ctx))
		}
		next, err := s.reload(overlay{fsys, c.file, e.apply(string(source))})
		if err != nil {
			continue
		}
		if m.By, err = next.firstFailure(ctx); err != nil {
			if ctx.Err() != nil {
				return m, err
			}
			continue // such as a test that reads what is no longer there
		}
		m.Fate = Survived
		if m.By != "" {
			m.Fate = Noticed
		}
		return m, nil
	}
	return m, nil
}

// firstFailure is the name of a test that fails, "" if none does.
func (s *suite) firstFailure(ctx context.Context) (string, error) {
	for i := range s.fixtures {
		f := &s.fixtures[i]
		if r := s.decide(ctx, f); !r.Pass {
			return r.Name, cancelled(ctx)
		}
	}
	if len(s.rego) == 0 {
		return "", cancelled(ctx)
	}
	e, err := s.newEvaluation(ctx)
	if err != nil {
		return "", err
	}
	tests, err := e.runRego(ctx)
	if err != nil {
		return "", err
	}
	r := Report{Results: tests}
	if failed := r.Failed(); len(failed) > 0 {
		return failed[0].Name, cancelled(ctx)
	}
	return "", cancelled(ctx)
}

// cancelled keeps an evaluation that was cut short from looking like a failing test.
func cancelled(ctx context.Context) error {
	if ctx.Err() != nil {
		return fmt.Errorf("policytest: not finished: %w", context.Cause(ctx))
	}
	return nil
}

// overlay is a folder with one file changed.
type overlay struct {
	fs.FS
	name, text string
}

func (o overlay) Open(name string) (fs.File, error) {
	f, err := o.FS.Open(name)
	if err != nil || name != o.name {
		return f, err
	}
	info, err := f.Stat()
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return &changedFile{info, bytes.NewReader([]byte(o.text))}, nil
}

type changedFile struct {
	info fs.FileInfo
	io.Reader
}

func (f *changedFile) Stat() (fs.FileInfo, error) { return resized{f.info}, nil }
func (f *changedFile) Close() error               { return nil }

// resized hides the size of the file that was changed: readers find it out.
type resized struct{ fs.FileInfo }

func (resized) Size() int64        { return 0 }
func (resized) ModTime() time.Time { return time.Time{} }
