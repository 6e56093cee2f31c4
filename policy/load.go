package policy

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"runtime"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"golang.org/x/sync/errgroup"
)

// maxFile bounds one capability file, in bytes.
const maxFile = 1 << 20

// Load compiles every *.rego file at or below the root of fsys, except *_test.rego, and all
// declarative files. A folder without any makes a policy that denies everything. Links to files are followed,
// links to folders refused.
// The error names the file and line of the first fault and what to do about it: a [*FileError],
// if the fault is in a file.
func Load(fsys fs.FS, c Config) (*Policy, error) {
	if _, err := checkPlatform(c.Platform); err != nil && c.Platform != "" {
		return nil, fmt.Errorf("policy: %w", err)
	}
	c.Platform = cmp.Or(c.Platform, runtime.GOOS)
	c.Variables = maps.Clone(c.Variables)
	env, err := newEnvironment(c)
	if err != nil {
		return nil, err
	}
	return env.load(fsys, nil)
}

// Reload loads a folder as [Load] did with the same Config. What is unchanged in it since is not
// compiled again, and what was worked out for calls is kept where it still holds, unless p is distrusted.
// p stays as it was.
func (p *Policy) Reload(fsys fs.FS) (*Policy, error) {
	next, err := p.environment.load(fsys, p.units)
	if err != nil {
		return nil, err
	}
	if p.distrusted.Load() { // which entry is wrong is not known, and the next revision would trust it
		return next, nil
	}
	next.named.inherit(p.named, next.candidates)
	next.other.inherit(p.other, next.candidates)
	return next, nil
}

func (env *environment) load(fsys fs.FS, earlier []*unit) (*Policy, error) {
	sources, err := readSources(fsys, isRego)
	if err != nil {
		return nil, err
	}
	declared, permissions, more, err := readDeclared(fsys)
	if err != nil {
		return nil, err
	}
	p := &Policy{environment: env, revision: revision(slices.Concat(sources, more), env.config), permissions: permissions}
	var jobs []job
	for _, s := range sources {
		jobs = append(jobs, job{s.file, sha256.Sum256(s.text), func() (*unit, error) { return env.unit(s) }})
	}
	for _, d := range declared {
		jobs = append(jobs, job{d.File + ":" + d.ID, d.sum(), func() (*unit, error) { return env.declaredUnit(d) }})
	}
	if p.units, err = units(jobs, earlier); err != nil {
		return nil, err
	}
	if err := p.index(); err != nil {
		return nil, err
	}
	p.nothing = &entry{decision: weigh(nil, nil)}
	p.hot = newHot()
	p.named, p.other = newCache(maxNamed), newCache(maxOther)
	return p, nil
}

// job makes one unit from texts with the given sum.
type job struct {
	key  string // of the unit, across versions of a policy
	sum  [sha256.Size]byte
	make func() (*unit, error)
}

// units compiles what is new, on all processors. The error is that of the first job.
func units(jobs []job, earlier []*unit) ([]*unit, error) {
	known := make(map[string]*unit, len(earlier))
	for _, u := range earlier {
		known[u.key] = u
	}
	units, faults := make([]*unit, len(jobs)), make([]error, len(jobs))
	var work errgroup.Group
	work.SetLimit(runtime.GOMAXPROCS(0))
	for i, j := range jobs {
		if u := known[j.key]; u != nil && u.sum == j.sum {
			units[i] = u
			continue
		}
		work.Go(func() error {
			if units[i], faults[i] = j.make(); faults[i] == nil {
				units[i].key, units[i].sum = j.key, j.sum
			}
			return nil
		})
	}
	_ = work.Wait() // the faults say it
	for _, err := range faults {
		if err != nil {
			return nil, err
		}
	}
	return units, nil
}

// unit reads one file and checks all that can be known of it alone.
func (env *environment) unit(s source) (*unit, error) {
	m, err := ast.ParseModuleWithOpts(s.file, string(s.text), ast.ParserOptions{Capabilities: env.strict, RegoVersion: ast.RegoV1})
	if err != nil {
		return nil, loadError(s.file, err)
	}
	name, err := checkPackage(m)
	if err != nil {
		return nil, at(s.file, m.Package.Location.Row, err)
	}
	c := &Capability{ID: name, File: s.file}
	if err := readMetadata(s.file, m, c); err != nil {
		return nil, err
	}
	if err := checkImports(s.file, m); err != nil {
		return nil, err
	}
	if err := checkRules(s.file, m); err != nil {
		return nil, err
	}
	return env.newUnit(c, m)
}

type source struct {
	file string
	text []byte
}

func isRego(file string) (bool, error) {
	switch ext := path.Ext(file); {
	case !strings.EqualFold(ext, ".rego"), strings.HasSuffix(file, "_test.rego"):
		return false, nil
	case ext != ".rego":
		return false, errors.New("capability files end in .rego, in lower case")
	}
	return true, nil
}

// readSources reads the files that is says are wanted, in the order of their names.
func readSources(fsys fs.FS, is func(file string) (bool, error)) ([]source, error) {
	var all []source
	err := fs.WalkDir(fsys, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if leadsToFolder(fsys, file, d) {
			return at(file, 1, errors.New("a link to a folder, which is not followed, so that the files in it would not count: "+
				"put the folder itself here, or links to its files"))
		}
		wanted, err := is(file)
		if err != nil {
			return at(file, 1, err)
		}
		if !wanted {
			return nil
		}
		text, err := fs.ReadFile(fsys, file)
		if err == nil && len(text) > maxFile {
			err = at(file, 1, fmt.Errorf("the file has more than %d bytes", maxFile))
		}
		all = append(all, source{file, text})
		return err
	})
	if _, located := errors.AsType[*FileError](err); err != nil && !located {
		err = fmt.Errorf("policy: reading capability files: %w", err)
	}
	return all, err
}

// leadsToFolder says whether an entry is a link to a folder. Those whose names begin with a dot are tools'.
func leadsToFolder(fsys fs.FS, file string, d fs.DirEntry) bool {
	if d.Type()&fs.ModeSymlink == 0 || strings.HasPrefix(path.Base(file), ".") {
		return false
	}
	info, err := fs.Stat(fsys, file)
	return err == nil && info.IsDir()
}

// revision hashes all that decisions depend on, each part with its length.
func revision(sources []source, c Config) string {
	h := sha256.New()
	add := func(part string) {
		h.Write(binary.AppendUvarint(nil, uint64(len(part))))
		h.Write([]byte(part))
	}
	add(c.Platform)
	add(fmt.Sprint(len(c.Variables)))
	for _, name := range slices.Sorted(maps.Keys(c.Variables)) {
		add(name)
		add(c.Variables[name])
	}
	for _, s := range sources {
		add(s.file)
		add(string(s.text))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
