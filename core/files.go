package core

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/sallyport/sallyport/internal/manifest"
	"github.com/sallyport/sallyport/internal/memfs"
	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/policy"
	sandboxiframe "github.com/sallyport/sallyport/sandbox-iframe"
	"github.com/sallyport/sallyport/schema"
)

// files is what New made of sallyport.json and the fields that stand in for
// parts of it.
type files struct {
	name             string
	schemas          fs.FS
	schemasName      string // for errors
	capabilities     fs.FS
	capabilitiesName string
	snapshot         memfs.FS // of the folder that is watched, as New read it
	hook             []byte
	hookName         string
	pattern          isolation.Pattern
	windows          []isolation.Window
	page             folder             // the manifest's, of its windows that name none themselves
	commands         []string           // that the manifest lists; nil if it lists none
	manifest         *manifest.Manifest // nil where windows are the configuration's
	said             *manifest.Manifest // the file, whatever the configuration puts over it; nil without one
}

// A folder is one that a page comes from, and its name for errors.
type folder struct {
	files fs.FS
	name  string
}

// read loads the manifest, if one is needed, and puts the configuration's
// fields over it.
func (c *Config) read() (files, error) {
	f := files{pattern: c.Pattern}
	if c.Files != nil {
		if err := f.load(c.Files); err != nil {
			return files{}, err
		}
	}
	if c.Pattern == isolation.Brownfield {
		f.pattern, f.hook = c.Pattern, nil
	}
	if c.Name != "" {
		f.name = c.Name
	}
	if c.Schemas != nil {
		f.schemas, f.schemasName = c.Schemas, "Config.Schemas"
	}
	if c.Capabilities != nil {
		f.capabilities, f.capabilitiesName = c.Capabilities, "Config.Capabilities"
	}
	if c.CapabilitiesDir != "" {
		if err := f.readWatched(c); err != nil {
			return files{}, err
		}
	}
	if c.Hook != nil {
		f.hook, f.hookName = slices.Clone(c.Hook), "Config.Hook"
	}
	listed := f.windows
	if c.Windows != nil {
		f.manifest = nil
		f.windows = make([]isolation.Window, len(c.Windows))
		for i, w := range c.Windows {
			f.windows[i] = w.Clone()
		}
	}
	for i := range f.windows {
		if w := &f.windows[i]; w.Page == nil {
			from := f.pageOf(w.Label, listed, c.Page)
			w.Page, w.PageName = from.files, from.name
		}
	}
	return f, f.check()
}

// readWatched reads the folder that will be watched.
func (f *files) readWatched(c *Config) (err error) {
	if c.Capabilities != nil {
		return errors.New("core: Config has both Capabilities and CapabilitiesDir; the one is to stand for the other")
	}
	if f.snapshot, err = readFolder(c.CapabilitiesDir); err != nil {
		return fmt.Errorf("core: Config.CapabilitiesDir: %w", err)
	}
	f.capabilities, f.capabilitiesName = f.snapshot, filepath.ToSlash(c.CapabilitiesDir)
	return nil
}

// pageOf is the page of a window that brings none: what the manifest's window
// of the label names itself, else the configuration's page, else the
// manifest's; none for a window that neither knows.
func (f *files) pageOf(label string, listed []isolation.Window, configured fs.FS) folder {
	i := slices.IndexFunc(listed, func(w isolation.Window) bool { return w.Label == label })
	switch {
	case i >= 0 && listed[i].Page != nil:
		return folder{listed[i].Page, listed[i].PageName}
	case configured != nil:
		return folder{configured, "Config.Page"}
	case i >= 0:
		return f.page
	}
	return folder{}
}

// load reads sallyport.json and what it names.
func (f *files) load(fsys fs.FS) error {
	m, err := manifest.Load(fsys)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // check says what is missing without it
	}
	if err == nil {
		err = m.CheckFiles(fsys)
	}
	if err != nil {
		return fmt.Errorf("core: %w", err)
	}
	f.manifest, f.said = m, m
	f.name, f.schemasName, f.capabilitiesName, f.hookName = m.Name, m.Schemas, m.Capabilities, m.Hook
	if m.Schemas == "" {
		f.schemas = memfs.FS{}
	} else if f.schemas, err = fs.Sub(fsys, m.Schemas); err != nil {
		return fmt.Errorf("core: %w", m.Errorf("/schemas", "%v", err))
	}
	if f.capabilities, err = fs.Sub(fsys, m.Capabilities); err != nil {
		return fmt.Errorf("core: %w", m.Errorf("/capabilities", "%v", err))
	}
	if m.Pattern == manifest.PatternBrownfield {
		f.pattern = isolation.Brownfield
	}
	if m.Hook != "" {
		if f.hook, err = fs.ReadFile(fsys, m.Hook); err != nil {
			return fmt.Errorf("core: %w", m.Errorf("/hook", "%v", err))
		}
	}
	f.page.name = m.Page
	if f.page.files, err = fs.Sub(fsys, m.Page); err != nil {
		return fmt.Errorf("core: %w", m.Errorf("/page", "%v", err))
	}
	for i, w := range m.Windows {
		window := windowOf(w)
		if at := fmt.Sprintf("/windows/%d/page", i); m.Given(at) {
			window.PageName = w.Page
			if window.Page, err = fs.Sub(fsys, w.Page); err != nil {
				return fmt.Errorf("core: %w", m.Errorf(at, "%v", err))
			}
		}
		f.windows = append(f.windows, window)
	}
	f.commands = slices.Sorted(slices.Values(m.Commands))
	if m.Commands == nil {
		f.commands = nil
	}
	return nil
}

// windowOf is the manifest's window as isolation takes it, but for its page.
func windowOf(w manifest.Window) isolation.Window {
	carriers := make([]isolation.Carrier, len(w.Carriers))
	for i, name := range w.Carriers {
		if name == manifest.CarrierRelay {
			carriers[i] = isolation.Relay
		}
	}
	return isolation.Window{
		Label:    w.Label,
		Carriers: carriers,
		Policy: isolation.PagePolicy{
			ConnectSrc:                 w.ConnectSrc,
			ImgSrc:                     w.ImgSrc,
			FontSrc:                    w.FontSrc,
			MediaSrc:                   w.MediaSrc,
			TrustedTypes:               w.TrustedTypes,
			InsecureStyleAttributes:    w.InsecureStyleAttributes,
			InsecureInlineStyles:       w.InsecureInlineStyles,
			InsecureEval:               w.InsecureEval,
			InsecureWasm:               w.InsecureWasm,
			InsecureDefaultTrustedType: w.InsecureDefaultTrustedType,
			InsecureFeatures:           w.InsecureFeatures,
		},
	}
}

// locate says of an error about a window's policy where in sallyport.json the
// entry stands, if it does.
func (f *files) locate(err error) error {
	e, ok := errors.AsType[*isolation.PolicyError](err)
	if !ok || f.manifest == nil {
		return err
	}
	i := slices.IndexFunc(f.manifest.Windows, func(w manifest.Window) bool { return w.Label == e.Window })
	at := fmt.Sprintf("/windows/%d/%s", i, snakeCase(e.Field))
	if e.Index >= 0 {
		at = fmt.Sprintf("%s/%d", at, e.Index)
	}
	return f.manifest.Errorf(at, "%v", e.Err)
}

// inFolder says of an error about a schema or a capability where in the app the
// file lies, as an editor opens it: folder is what the app calls the fs.FS.
func inFolder(folder string, err error) error {
	file, line := "", 0
	if e, ok := errors.AsType[*policy.FileError](err); ok {
		file, line, err = e.File, e.Line, e.Err
	} else if e, ok := errors.AsType[*schema.FileError](err); ok {
		file, line, err = e.File, e.Line, e.Err
	}
	place := path.Join(folder, file)
	if line > 0 {
		place = fmt.Sprintf("%s:%d", place, line)
	}
	return fmt.Errorf("core: %s: %w", place, err)
}

// snakeCase is how a manifest spells the name of a Go field.
func snakeCase(name string) string {
	var b strings.Builder
	for i, c := range name {
		if i > 0 && unicode.IsUpper(c) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}

// check names what neither the manifest nor the configuration brought.
func (f *files) check() error {
	missing := ""
	switch {
	case f.name == "":
		missing = "Name"
	case f.schemas == nil:
		missing = "Schemas"
	case f.capabilities == nil:
		missing = "Capabilities"
	case len(f.windows) == 0:
		missing = "Windows"
	case f.pattern == isolation.Isolation && f.hookName == "": // an empty one is the gate's to refuse
		missing = "Hook (the isolation pattern needs one)"
	case f.pattern == isolation.Brownfield && len(f.hook) != 0:
		return errors.New("core: the brownfield pattern has no frame to run a hook in; remove the hook, or the pattern")
	}
	if missing != "" {
		return fmt.Errorf("core: no %s in Config.Files, and Config has no %s; write the file, whose form `sallyport manifest --schema` prints, or set the field",
			manifest.FileName, missing)
	}
	if !appName(f.name) {
		return fmt.Errorf("core: %q can't name an app; want at most 32 lower-case letters, digits and single hyphens, a letter first", f.name)
	}
	return nil
}

// checkWindows refuses a capability for a window that the app does not have: a
// deny in it would never hold. A glob may be for windows yet to come.
func (f *files) checkWindows(capabilities []policy.Capability) error {
	var labels []string
	for _, w := range f.windows {
		labels = append(labels, w.Label)
	}
	for _, c := range capabilities {
		for _, label := range c.Windows {
			if !strings.ContainsAny(label, "*?") && !slices.Contains(labels, label) {
				field := "windows"
				if path.Ext(c.File) == ".rego" {
					field = "custom.windows"
				}
				return fmt.Errorf("core: %s:%d: %s names %q, which is no window of the app; expected one of %s, a glob, or [] for none",
					path.Join(f.capabilitiesName, c.File), c.Line, field, label, strings.Join(labels, ", "))
			}
		}
	}
	return nil
}

// appName takes what the manifest takes: the name becomes a folder's.
func appName(name string) bool {
	for i, c := range []byte(name) {
		switch {
		case c >= 'a' && c <= 'z':
		case i > 0 && c >= '0' && c <= '9':
		case i > 0 && c == '-' && name[i-1] != '-' && i < len(name)-1:
		default:
			return false
		}
	}
	return name != "" && len(name) <= 32
}

// boundary is the gate's configuration.
func (app *App) boundary(frameOrigin string, windows []isolation.Window, log *slog.Logger) isolation.Config {
	return isolation.Config{
		Pattern:      app.pattern,
		FrameOrigin:  frameOrigin,
		Windows:      windows,
		Hook:         app.files.hook,
		HookName:     app.files.hookName,
		HookTimeout:  app.config.HookTimeout,
		FrameScript:  sandboxiframe.FrameJS,
		ClientScript: sandboxiframe.ClientJS,
		ClientModule: sandboxiframe.ModuleJS,
		Limits:       app.config.Boundary,
		Development:  app.development,
		Log:          log,
	}
}
