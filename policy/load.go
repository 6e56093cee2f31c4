package policy

import (
	"cmp"
	"context"
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
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

// maxFile bounds one capability file, in bytes.
const maxFile = 1 << 20

// Load compiles every *.rego file at or below the root of fsys, except *_test.rego. A folder
// without any makes a policy that denies everything.
// The error names the file and line of the first fault and what to do about it: a [*FileError],
// if the fault is in a file.
func Load(fsys fs.FS, c Config) (*Policy, error) {
	platform := cmp.Or(c.Platform, runtime.GOOS)
	if _, err := checkPlatform(platform); err != nil && c.Platform != "" {
		return nil, fmt.Errorf("policy: %w", err)
	}
	x, err := newLexicon(platform, c.Variables)
	if err != nil {
		return nil, err
	}
	p := &Policy{platform: platform, own: ownBuiltins(x), operands: make(map[string][]string)}
	sources, err := read(fsys)
	if err != nil {
		return nil, err
	}
	p.revision = revision(sources, c.Variables, platform)

	strict := capabilities(p.own, false)
	p.loose = capabilities(p.own, true)
	modules := make(map[string]*ast.Module, len(sources))
	for _, s := range sources {
		m, err := p.parse(s, strict)
		if err != nil {
			return nil, err
		}
		modules[s.file] = m
	}
	if err := p.compile(modules, strict, x); err != nil {
		return nil, err
	}
	p.collect()

	p.store = inmem.New()
	p.txn, err = p.store.NewTransaction(context.Background())
	if err != nil {
		return nil, fmt.Errorf("policy: opening OPA's empty store: %w", err)
	}
	p.nothing = &entry{decision: p.decide(nil)}
	p.named, p.other = newCache(maxNamed), newCache(maxOther)
	return p, nil
}

type source struct {
	file string
	text []byte
}

func read(fsys fs.FS) ([]source, error) {
	var all []source
	err := fs.WalkDir(fsys, ".", func(file string, d fs.DirEntry, err error) error {
		ext := path.Ext(file)
		switch {
		case err != nil:
			return err
		case d.IsDir() || !strings.EqualFold(ext, ".rego"):
			return nil
		case ext != ".rego":
			return at(file, 1, errors.New("capability files end in .rego, in lower case"))
		case strings.HasSuffix(file, "_test.rego"):
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

// revision hashes all that decisions depend on, each part with its length.
func revision(sources []source, variables map[string]string, platform string) string {
	h := sha256.New()
	add := func(part string) {
		h.Write(binary.AppendUvarint(nil, uint64(len(part))))
		h.Write([]byte(part))
	}
	add(platform)
	add(fmt.Sprint(len(variables)))
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		add(name)
		add(variables[name])
	}
	for _, s := range sources {
		add(s.file)
		add(string(s.text))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// parse reads one file and checks all that its text alone can show.
func (p *Policy) parse(s source, c *ast.Capabilities) (*ast.Module, error) {
	m, err := ast.ParseModuleWithOpts(s.file, string(s.text), ast.ParserOptions{Capabilities: c, RegoVersion: ast.RegoV1})
	if err != nil {
		return nil, loadError(s.file, err)
	}
	name, err := checkPackage(m)
	if err != nil {
		return nil, at(s.file, m.Package.Location.Row, err)
	}
	if i := slices.IndexFunc(p.scopes, func(c *Capability) bool { return c.ID == name }); i >= 0 {
		return nil, at(s.file, m.Package.Location.Row,
			fmt.Errorf("capability %s is defined already, in %s: one file holds one capability", name, p.scopes[i].File))
	}
	capability := &Capability{ID: name, File: s.file}
	if err := readMetadata(s.file, m, capability); err != nil {
		return nil, err
	}
	if err := checkImports(s.file, m); err != nil {
		return nil, err
	}
	if err := checkRules(s.file, m); err != nil {
		return nil, err
	}
	p.scopes = append(p.scopes, capability)
	return m, nil
}

// compile compiles all modules twice: by Rego's own types for the sake of errors, and
// with loose operand types for evaluation (see capabilities).
func (p *Policy) compile(modules map[string]*ast.Module, strict *ast.Capabilities, x *lexicon) error {
	w := &rewriter{lexicon: x, operands: p.operands}
	rewrite := ast.CompilerStageDefinition{Name: "Sallyport", MetricName: "sallyport", Stage: func(c *ast.Compiler) *ast.Error {
		for _, s := range p.scopes {
			m := c.Modules[s.File]
			if err := checkReads(m, s.ID); err != nil {
				return err
			}
			if err := checkUnread(m); err != nil {
				return err
			}
			if err := w.module(m); err != nil {
				return err
			}
		}
		return nil
	}}
	for _, c := range []*ast.Capabilities{strict, p.loose} {
		p.compiler = ast.NewCompiler().WithStrict(true).WithCapabilities(c).WithDefaultRegoVersion(ast.RegoV1).
			WithStageAfterID(ast.StageResolveRefs, rewrite)
		if p.compiler.Compile(modules); p.compiler.Failed() {
			return loadError("", p.compiler.Errors)
		}
	}
	return nil
}
