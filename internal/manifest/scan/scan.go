// Package scan finds the commands that an app registers by reading its Go code
// with types: every call of core.Command and of (*core.App).Handle in the
// packages of a folder and in those of the same module that they import. For a
// folder without Go code, whose files are embedded by the package around it,
// it reads that one: go:embed reaches downward only.
//
// A name must be a constant, of this package or another. What is only known
// when the program runs can't be listed, so it is an error.
package scan

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
	"golang.org/x/tools/go/types/typeutil"

	"github.com/sallyport/sallyport/internal/manifest"
)

// corePackage is where the two functions are that register commands. It calls
// one of them itself, with a name that is its caller's.
const corePackage = "github.com/sallyport/sallyport/core"

// A Command is one name, and the first place that registers it.
type Command struct {
	Name string `json:"name"`
	File string `json:"file"` // relative to the folder, with slashes
	Line int    `json:"line"`
}

// Commands lists the commands that the Go code in dir and below registers,
// sorted by name. Test files are left out, as is what the build constraints of
// this machine leave out. It runs the go command, and returns all errors of
// the code together.
func Commands(ctx context.Context, dir string) ([]Command, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("scan: %w", err)
	}
	found, err := appPackages(ctx, dir)
	if err != nil {
		return nil, err
	}
	s := scanner{dir: dir, first: map[string]Command{}}
	for _, p := range found {
		s.fset = p.Fset
		s.info = p.TypesInfo
		for _, file := range p.Syntax {
			s.file(file)
		}
	}
	if len(s.errs) > 0 {
		return nil, fmt.Errorf("scan: %w", errors.Join(s.errs...))
	}
	commands := make([]Command, 0, len(s.first))
	for _, c := range s.first {
		commands = append(commands, c)
	}
	slices.SortFunc(commands, func(a, b Command) int { return strings.Compare(a.Name, b.Name) })
	return commands, nil
}

// appPackages loads the packages in dir and below, and those of their module
// that they import, with syntax and types. Everything else is known by its
// export data alone, which the build cache usually has.
func appPackages(ctx context.Context, dir string) ([]*packages.Package, error) {
	config := &packages.Config{
		Context: ctx,
		Dir:     dir,
		Mode:    packages.NeedName | packages.NeedImports | packages.NeedDeps | packages.NeedModule,
	}
	if err := inModule(ctx, dir); err != nil {
		return nil, err
	}
	pattern := "./..."
	if around := packageAround(dir); around != dir {
		config.Dir, pattern = around, "."
	}
	roots, err := packages.Load(config, pattern)
	if err != nil {
		return nil, fmt.Errorf("scan: list the packages of %s: %w", dir, err)
	}
	var paths []string
	var errs []error
	for p := range packages.Postorder(roots) {
		for _, e := range p.Errors {
			errs = append(errs, e)
		}
		if p.Module != nil && p.Module.Main && p.PkgPath != corePackage {
			paths = append(paths, p.PkgPath)
		}
	}
	if len(errs) > 0 {
		return nil, fmt.Errorf("scan: %w", errors.Join(errs...))
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("scan: there is no Go package in %s or below", dir)
	}
	config.Mode = packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports |
		packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo
	loaded, err := packages.Load(config, paths...)
	if err != nil {
		return nil, fmt.Errorf("scan: read the packages of %s: %w", dir, err)
	}
	for _, p := range loaded {
		for _, e := range p.Errors {
			errs = append(errs, e)
		}
	}
	if len(errs) > 0 {
		return nil, fmt.Errorf("scan: the code does not compile: %w", errors.Join(errs...))
	}
	return loaded, nil
}

// packageAround is the folder of the package that dir's files belong to: dir
// itself if there is Go code in it or below, else the nearest above that has
// any, but none above go.mod. It is dir again if there is no such package.
func packageAround(dir string) string {
	if hasGo(dir, true) {
		return dir
	}
	for at := dir; ; at = filepath.Dir(at) {
		if hasGo(at, false) {
			return at
		}
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil || at == filepath.Dir(at) {
			return dir
		}
	}
}

// hasGo says whether there is Go code in a folder, or also below.
func hasGo(dir string, below bool) bool {
	found := false
	filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil: // what can't be read is the go command's to complain about
			return nil
		case entry.IsDir() && path != dir && (!below || entry.Name() == "node_modules"):
			return fs.SkipDir
		case filepath.Ext(path) == ".go" && !strings.HasSuffix(path, "_test.go"):
			found = true
			return fs.SkipAll
		}
		return nil
	})
	return found
}

// inModule says in plain words what the go command would say obscurely later:
// that it is not there, or that the folder is in no module.
func inModule(ctx context.Context, dir string) error {
	program, err := exec.LookPath("go")
	if err != nil {
		return fmt.Errorf("scan: reading an app's code needs the go command: %w", err)
	}
	command := exec.CommandContext(ctx, program, "env", "GOMOD")
	command.Dir = dir
	out, err := command.Output()
	if err != nil {
		return fmt.Errorf("scan: %s env GOMOD in %s: %w", program, dir, err)
	}
	if file := strings.TrimSpace(string(out)); file == "" || file == os.DevNull {
		return fmt.Errorf("scan: %s is in no Go module: there is no go.mod in it or above", dir)
	}
	return nil
}

// A scanner goes through the files of one package after another.
type scanner struct {
	dir   string
	fset  *token.FileSet
	info  *types.Info
	first map[string]Command
	errs  []error
}

func (s *scanner) file(f *ast.File) {
	called := map[*ast.Ident]bool{} // names that stand for the function of a call
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		callee := typeutil.Callee(s.info, call)
		at := nameArgument(callee)
		if at < 0 {
			return true
		}
		called[calleeName(call.Fun)] = true
		if len(call.Args) > at { // else one call's results are the arguments
			s.register(call.Args[at])
		} else {
			s.fail(call.Pos(), "the command's name comes out of another call; write it here as a constant")
		}
		return true
	})
	// A registering function that is stored or passed on is called with names
	// that nobody can see.
	ast.Inspect(f, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && !called[id] && nameArgument(s.info.Uses[id]) >= 0 {
			s.fail(id.Pos(), fmt.Sprintf("%s is used as a value; call it with a constant name instead", id.Name))
		}
		return true
	})
}

// nameArgument is the index of the command's name among the arguments of f, or
// -1 if f registers no commands.
func nameArgument(f types.Object) int {
	fn, ok := f.(*types.Func)
	if !ok || fn.Pkg() == nil || fn.Pkg().Path() != corePackage {
		return -1
	}
	recv := fn.Signature().Recv()
	switch {
	case recv == nil && fn.Name() == "Command":
		return 1
	case recv != nil && fn.Name() == "Handle" && isApp(recv.Type()):
		return 0
	}
	return -1
}

func isApp(t types.Type) bool {
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	n, ok := t.(*types.Named)
	return ok && n.Obj().Name() == "App"
}

// calleeName is the identifier that names a call's function, below package,
// receiver, type arguments and parentheses.
func calleeName(fun ast.Expr) *ast.Ident {
	for {
		switch e := fun.(type) {
		case *ast.Ident:
			return e
		case *ast.SelectorExpr:
			return e.Sel
		case *ast.ParenExpr:
			fun = e.X
		case *ast.IndexExpr:
			fun = e.X
		case *ast.IndexListExpr:
			fun = e.X
		default:
			return nil
		}
	}
}

func (s *scanner) register(arg ast.Expr) {
	value := s.info.Types[arg].Value
	if value == nil || value.Kind() != constant.String {
		s.fail(arg.Pos(), "the command's name is not a constant, so it cannot be listed; write it out, or name a constant")
		return
	}
	name := constant.StringVal(value)
	if !manifest.ValidCommand(name) {
		s.fail(arg.Pos(), fmt.Sprintf("%q cannot name a command; expected %s", name, manifest.CommandForm))
		return
	}
	if _, known := s.first[name]; !known {
		file, line := s.position(arg.Pos())
		s.first[name] = Command{name, file, line}
	}
}

func (s *scanner) fail(at token.Pos, problem string) {
	file, line := s.position(at)
	s.errs = append(s.errs, fmt.Errorf("%s:%d: %s", file, line, problem))
}

func (s *scanner) position(at token.Pos) (file string, line int) {
	p := s.fset.Position(at)
	if rel, err := filepath.Rel(s.dir, p.Filename); err == nil {
		return filepath.ToSlash(rel), p.Line
	}
	return p.Filename, p.Line
}

// Changes compares the commands of a manifest with those of the code: added
// are only in the code, removed only in the manifest.
func Changes(listed []string, registered []Command) (added []Command, removed []string) {
	for _, c := range registered {
		if !slices.Contains(listed, c.Name) {
			added = append(added, c)
		}
	}
	for _, name := range listed {
		if !slices.ContainsFunc(registered, func(c Command) bool { return c.Name == name }) {
			removed = append(removed, name)
		}
	}
	return added, removed
}
