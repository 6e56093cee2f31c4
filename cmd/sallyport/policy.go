package main

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/internal/manifest"
	"github.com/sallyport/sallyport/policy"
)

func newPolicyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "policy",
		Short: "Write, check, test and explain an app's capabilities",
		Long: `Policy works on a folder of capabilities, or on the folder of an app, the one
with its sallyport.json, which says where its capabilities are.

Variables such as $HOME stand for directories of an imaginary user, so that an
answer is the same on every machine. A variable that only the app's own code
sets is named with --variable.

Unless a command says otherwise it exits with 0 when what was asked holds, 1
when it does not, and 2 when the policy is broken or the question could not be
asked.`,
		Example: `  sallyport policy check ./examples/notes
  sallyport policy check ./examples/notes/capabilities
  sallyport policy explain . --window main --command notes.list
  sallyport policy diff ./old ./new
  sallyport policy lint ./examples/notes
  sallyport policy ls ./examples/notes
  sallyport policy new notes --dir ./app
  sallyport policy test ./examples/notes --mutate`,
		Args:                       noSuchCommand,
		SuggestionsMinimumDistance: 2,
		RunE:                       func(c *cobra.Command, _ []string) error { return printHelp(c) },
	}
	c.AddCommand(
		newPolicyCheckCommand(),
		newPolicyDiffCommand(),
		newPolicyExplainCommand(),
		newPolicyFmtCommand(),
		newPolicyImportCommand(),
		newPolicyLintCommand(),
		newPolicyLsCommand(),
		newPolicyNewCommand(),
		newPolicySchemaCommand(),
		newPolicySimulateCommand(),
		newPolicyTestCommand(),
	)
	return c
}

// A policyFolder is where the capabilities are that a command was asked about.
type policyFolder struct {
	dir       string             // holds the capabilities
	app       string             // holds the manifest; "" without one
	manifest  *manifest.Manifest // nil without one
	platform  string
	variables map[string]string
}

// policyFlags are those of every command that loads a policy.
type policyFlags struct {
	platform  string
	variables []string
	json      bool
}

func (f *policyFlags) add(c *cobra.Command, platform string) {
	c.Flags().StringVar(&f.platform, "platform", platform, "decide as on this system, a GOOS name")
	c.Flags().StringArrayVar(&f.variables, "variable", nil, "name of a variable that the app's code sets, without its $; may be repeated")
	c.Flags().BoolVar(&f.json, "json", false, "print one JSON object")
}

// open finds the capabilities of dir.
func (f *policyFlags) open(dir string) (*policyFolder, error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("%s is not a folder that can be read; name one of capabilities, or an app's, the one with its %s", dir, manifest.FileName)
	}
	for _, name := range f.variables {
		if !regexp.MustCompile(`^\$?[A-Z][A-Z0-9_]*$`).MatchString(name) {
			return nil, fmt.Errorf("--variable %q: expected capital letters, digits and underscores, as in PROJECTS", name)
		}
	}
	found := &policyFolder{dir: dir, platform: f.platform, variables: policy.Placeholders(f.platform, f.variables...)}
	// Of no files, only the flags can be wrong.
	if _, err := policy.Load(embed.FS{}, found.config()); err != nil {
		return nil, err
	}
	name := filepath.Join(dir, manifest.FileName)
	data, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return found, nil
	case err != nil:
		return nil, err
	}
	m, err := manifest.Parse(name, data)
	if err != nil {
		return nil, err
	}
	found.app, found.manifest, found.dir = dir, m, filepath.Join(dir, filepath.FromSlash(m.Capabilities))
	if info, err := os.Stat(found.dir); err != nil || !info.IsDir() {
		return nil, m.Errorf("/capabilities", "there is no folder %s", found.dir)
	}
	return found, nil
}

func (f *policyFolder) config() policy.Config {
	return policy.Config{Variables: f.variables, Platform: f.platform}
}

// load compiles the capabilities as an app's start does, and says so on errOut if it takes long.
func (f *policyFolder) load(errOut io.Writer) (*policy.Policy, error) {
	done := patience(errOut, "sallyport: loading "+f.dir+"…")
	p, err := policy.Load(os.DirFS(f.dir), f.config())
	done()
	return p, f.locate(err)
}

// locate names a file as it is found from here, and says what to do about a
// variable that only an app knows.
func (f *policyFolder) locate(err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*policy.FileError](err); ok {
		err = fmt.Errorf("%s:%d: %w", f.path(e.File), e.Line, e.Err)
	}
	if _, after, ok := strings.Cut(err.Error(), "unknown variable $"); ok {
		name, _, _ := strings.Cut(after, " ")
		name = strings.TrimRight(name, `,:;."`)
		err = fmt.Errorf("%w; if the app's code sets it, in core.Config.Variables, add --variable %s", err, name)
	}
	return err
}

func (f *policyFolder) path(file string) string {
	return filepath.Join(f.dir, filepath.FromSlash(file))
}

// relative is a file as it is found from the folder that was asked about.
func (f *policyFolder) relative(file string) string {
	if f.manifest == nil {
		return file
	}
	return path.Join(f.manifest.Capabilities, file)
}
