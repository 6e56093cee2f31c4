package policytest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/policy"
)

// maxFile bounds one test file, in bytes.
const maxFile = 1 << 20

// defaultPlatform is what tests run on that name none, whatever the machine.
const defaultPlatform = "linux"

// Kinds of tests.
const (
	Rego    = "rego"    // a rule test_… of a *_test.rego
	Fixture = "fixture" // a call of a *_test.yaml
)

// A Result is what became of one test.
type Result struct {
	Name     string        `json:"name"` // package and rule, or the fixture's name
	Kind     string        `json:"kind"`
	File     string        `json:"file"`
	Line     int           `json:"line"` // from 1
	Pass     bool          `json:"pass"`
	Skipped  bool          `json:"skipped,omitempty"`  // a rule todo_test_…; it neither passes nor fails
	Expected string        `json:"expected,omitempty"` // of a fixture that failed
	Got      string        `json:"got,omitempty"`      // of one that failed: the decision or the error
	Rules    []Rule        `json:"rules,omitempty"`    // that decided a fixture that failed
	Output   string        `json:"output,omitempty"`   // of print, in Rego tests
	Duration time.Duration `json:"duration_ns"`
}

// A Rule is one that decided.
type Rule struct {
	Capability string `json:"capability"`
	File       string `json:"file"`
	Line       int    `json:"line"`
	Reason     string `json:"reason,omitempty"`
}

// A Report is what a run found. Its zero value is that of a folder without tests.
type Report struct {
	Revision string    `json:"revision"` // of the policy that was tested, its directories being placeholders
	Results  []Result  `json:"results"`  // in the order of file and line
	Coverage *Coverage `json:"coverage,omitempty"`
}

// OK says whether no test failed.
func (r *Report) OK() bool { return len(r.Failed()) == 0 }

// Failed are the tests that neither passed nor were skipped.
func (r *Report) Failed() []Result {
	return slices.DeleteFunc(slices.Clone(r.Results), func(t Result) bool { return t.Pass || t.Skipped })
}

// Options say what to run. The zero value runs every test and nothing else.
type Options struct {
	Run      *regexp.Regexp // names of the tests to run; nil is all
	Coverage bool           // measure which lines the tests reach
}

// Test runs all tests of a folder of capabilities. Of c, it takes the platform, "" being linux here, and
// the names of the variables, each of which gets a placeholder; names that [policy.Placeholders] knows
// need not be given. A failing test is no error: an error says that capabilities or tests can't be
// loaded, a [*policy.FileError] where the fault is in a file, or that ctx ended.
func Test(ctx context.Context, fsys fs.FS, c policy.Config) (Report, error) {
	return Run(ctx, fsys, c, Options{})
}

// Run is Test with options.
func Run(ctx context.Context, fsys fs.FS, c policy.Config, o Options) (Report, error) {
	s, err := newSuite(fsys, c, o)
	if err != nil {
		return Report{}, err
	}
	return s.run(ctx)
}

// suite is a folder's policy and its tests.
type suite struct {
	options   Options
	platform  string
	variables []string // names, with their dollar signs
	rego      map[string]string
	fixtures  []fixture
	policies  map[string]*policy.Policy // by platform
}

func newSuite(fsys fs.FS, c policy.Config, o Options) (*suite, error) {
	s := &suite{
		options: o, platform: cmp.Or(c.Platform, defaultPlatform),
		variables: slices.Sorted(maps.Keys(c.Variables)), policies: make(map[string]*policy.Policy),
	}
	files, err := read(fsys)
	if err != nil {
		return nil, err
	}
	s.rego = files[".rego"]
	for _, file := range slices.Sorted(maps.Keys(files[".yaml"])) {
		all, err := s.parseFixtures(file, files[".yaml"][file])
		if err != nil {
			return nil, err
		}
		s.fixtures = append(s.fixtures, all...)
	}
	platforms := []string{s.platform}
	for _, f := range s.fixtures {
		platforms = append(platforms, f.input.Platform)
	}
	slices.Sort(platforms)
	for _, platform := range slices.Compact(platforms) {
		s.policies[platform], err = policy.Load(fsys, policy.Config{Platform: platform, Variables: s.directories(platform)})
		if err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *suite) directories(platform string) map[string]string {
	return policy.Placeholders(platform, s.variables...)
}

// reload is the suite for changed capabilities.
func (s *suite) reload(fsys fs.FS) (*suite, error) {
	next := *s
	next.policies = make(map[string]*policy.Policy, len(s.policies))
	for platform, p := range s.policies {
		var err error
		if next.policies[platform], err = p.Reload(fsys); err != nil {
			return nil, err
		}
	}
	return &next, nil
}

func (s *suite) run(ctx context.Context) (Report, error) {
	r := Report{Revision: s.policies[s.platform].Revision()}
	e, err := s.newEvaluation(ctx)
	if err != nil {
		return Report{}, err
	}
	tests, err := e.runRego(ctx)
	if err != nil {
		return Report{}, err
	}
	for i := range s.fixtures {
		if f := &s.fixtures[i]; s.wants(f.name) {
			tests = append(tests, s.decide(ctx, f))
			if s.options.Coverage {
				e.trace(ctx, s.policies[f.input.Platform], f)
			}
		}
	}
	if ctx.Err() != nil {
		return Report{}, fmt.Errorf("policytest: not finished: %w", context.Cause(ctx))
	}
	slices.SortStableFunc(tests, byPlace)
	r.Results = tests
	if s.options.Coverage {
		r.Coverage = e.report()
	}
	return r, nil
}

func byPlace(a, b Result) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Name, b.Name))
}

func (s *suite) wants(name string) bool {
	return s.options.Run == nil || s.options.Run.MatchString(name)
}

// read returns the test files by their ending and name.
func read(fsys fs.FS) (map[string]map[string]string, error) {
	files := map[string]map[string]string{".rego": {}, ".yaml": {}}
	err := fs.WalkDir(fsys, ".", func(file string, d fs.DirEntry, err error) error {
		ext := path.Ext(file)
		switch base := strings.TrimSuffix(file, ext); {
		case err != nil:
			return err
		case d.IsDir() || !strings.HasSuffix(base, "_test"):
			return nil
		case ext == ".yml":
			return &policy.FileError{File: file, Line: 1, Err: errors.New("fixtures end in _test.yaml")}
		case files[ext] == nil:
			return nil
		}
		text, err := fs.ReadFile(fsys, file)
		if err == nil && len(text) > maxFile {
			err = &policy.FileError{File: file, Line: 1, Err: fmt.Errorf("the file has more than %d bytes", maxFile)}
		}
		files[ext][file] = string(text)
		return err
	})
	if _, located := errors.AsType[*policy.FileError](err); err != nil && !located {
		err = fmt.Errorf("policytest: reading tests: %w", err)
	}
	return files, err
}
