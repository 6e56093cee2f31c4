package policylint

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/sallyport/sallyport/policy"
)

// A Finding is what is likely to be wrong in one place.
type Finding struct {
	File string `json:"file"` // as the fs.FS names it
	Line int    `json:"line"` // from 1
	Rule string `json:"rule"` // name of the rule that found it
	What string `json:"what"`
	Why  string `json:"why"` // why that matters
	Do   string `json:"do"`  // what to do about it
}

// Options say what else is known. The zero value knows nothing more.
type Options struct {
	Commands []string  // that the app has; nil is not known, and then no rule asks
	Disable  []string  // names of rules to leave out
	Now      time.Time // for what has expired; zero is the time of the call
}

// Lint looks at all capability files and tests of a folder. Findings are in the order of file and line.
// An error says that the folder can't be loaded, a [*policy.FileError] where the fault is in a file, that
// Options.Disable names no rule, or that ctx ended.
func Lint(ctx context.Context, fsys fs.FS, c policy.Config, o Options) ([]Finding, error) {
	all, err := byUs(ctx, fsys, c, o)
	if err != nil {
		return nil, err
	}
	r, err := newRegal()
	if err != nil {
		return nil, err
	}
	if err := o.check(r.rules); err != nil {
		return nil, err
	}
	more, err := r.folder(ctx, fsys)
	if err != nil {
		return nil, err
	}
	return o.keep(fsys, append(all, more...))
}

// byUs runs our own rules.
func byUs(ctx context.Context, fsys fs.FS, c policy.Config, o Options) ([]Finding, error) {
	p, err := policy.Load(fsys, c)
	if err != nil {
		return nil, err
	}
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	all, err := untested(ctx, fsys, c, p.Capabilities(), o.Now)
	if err != nil {
		return nil, err
	}
	for _, k := range p.Capabilities() {
		f, err := readFile(fsys, k)
		if err != nil {
			return nil, err
		}
		all = slices.Concat(all, f.metadata(o.Now), f.scopes(), f.shadows(), f.contradictions(), f.unread(), f.commands(o.Commands))
	}
	declared, err := declaredScopes(fsys, p)
	return slices.Concat(all, permissions(p.Permissions()), declared), err
}

// keep leaves out what was disabled or accepted, and puts the rest in order.
func (o *Options) keep(fsys fs.FS, all []Finding) ([]Finding, error) {
	all = slices.DeleteFunc(all, func(f Finding) bool { return slices.Contains(o.Disable, f.Rule) })
	all, err := accepted(fsys, all)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.What, b.What))
	})
	return slices.Compact(all), nil
}

// check refuses to leave out what is no rule: it would be a misspelt one that goes on.
func (o *Options) check(regal []string) error {
	for _, name := range o.Disable {
		if !slices.Contains(Own(), name) && !slices.Contains(regal, name) {
			return fmt.Errorf("policylint: there is no rule %q to disable: expected one of %s, or of Regal's, as in line-length", name, strings.Join(Own(), ", "))
		}
	}
	return nil
}

// folder runs Regal's rules on every Rego file, tests included.
func (r *regal) folder(ctx context.Context, fsys fs.FS) ([]Finding, error) {
	var all []Finding
	err := fs.WalkDir(fsys, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(file) != ".rego" {
			return err
		}
		text, err := fs.ReadFile(fsys, file)
		if err != nil {
			return err
		}
		found, err := r.lint(ctx, file, string(text))
		all = append(all, found...)
		return err
	})
	return all, err
}

// Own are the names of the rules that are not Regal's.
func Own() []string {
	return []string{
		"shadowed-rule", "unknown-command", "unreachable", "unreachable-rule", "untested", "unused-permission", "unused-rule",
		"wide-origin", "wide-scope", "wide-window",
	}
}

// accepted leaves out what a comment in the file accepts.
func accepted(fsys fs.FS, all []Finding) ([]Finding, error) {
	directive := regexp.MustCompile(`#\s*(?:sallyport-lint:ignore\s+|regal ignore:\s*)([a-z0-9-]+(?:\s*,\s*[a-z0-9-]+)*)`)
	lines := make(map[string][]string)
	accepts := func(f Finding, line int) bool {
		if line < 1 || line > len(lines[f.File]) {
			return false
		}
		m := directive.FindStringSubmatch(lines[f.File][line-1])
		return m != nil && slices.ContainsFunc(strings.Split(m[1], ","), func(name string) bool { return strings.TrimSpace(name) == f.Rule })
	}
	var kept []Finding
	for _, f := range all {
		if lines[f.File] == nil {
			text, err := fs.ReadFile(fsys, f.File)
			if err != nil {
				return nil, err
			}
			lines[f.File] = strings.Split(string(text), "\n")
		}
		if !accepts(f, f.Line) && !accepts(f, f.Line-1) {
			kept = append(kept, f)
		}
	}
	return kept, nil
}

// file is one capability as it is written.
type file struct {
	policy.Capability
	lines  []string
	module *ast.Module // nil of a declarative file
}

func readFile(fsys fs.FS, k policy.Capability) (*file, error) {
	text, err := fs.ReadFile(fsys, k.File)
	if err != nil {
		return nil, err
	}
	f := &file{Capability: k, lines: strings.Split(string(text), "\n")}
	if path.Ext(k.File) == ".rego" {
		f.module, err = ast.ParseModuleWithOpts(k.File, string(text), ast.ParserOptions{RegoVersion: ast.RegoV1})
	}
	return f, err
}

// rules are those of a kind, as they are written, without defaults.
func (f *file) rules(kinds ...string) []*ast.Rule {
	if f.module == nil {
		return nil
	}
	var all []*ast.Rule
	for _, r := range f.module.Rules {
		if name := r.Head.Ref()[0].String(); !r.Default && (len(kinds) == 0 || slices.Contains(kinds, name)) {
			all = append(all, r)
		}
	}
	return all
}

func (f *file) at(line int, rule, what, why, do string) Finding {
	return Finding{File: f.File, Line: max(line, 1), Rule: rule, What: what, Why: why, Do: do}
}

// keyLine is the line of a metadata key.
func (f *file) keyLine(key string) int {
	for i, line := range f.lines {
		if regexp.MustCompile(`^[#\s"]*` + key + `"?\s*[:=]`).MatchString(line) {
			return i + 1
		}
	}
	return f.Line
}
