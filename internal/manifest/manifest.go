// Package manifest reads sallyport.json, the file beside an app that says
// where its schemas, capabilities, hook and page are, which windows it has and
// which commands it registers. The core and every CLI command read it here.
//
// Reading is strict: an unknown field, a field given twice, a null or a value
// of another type is an error that names file, line and field and says what
// was expected. sallyport.schema.json, also in this package, says the same to
// editors.
package manifest

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// FileName is what the manifest is called in an app's folder.
const FileName = "sallyport.json"

// Version is the version of the format that this package reads.
const Version = 1

// Patterns and carriers, as a manifest spells them.
const (
	PatternIsolation  = "isolation"
	PatternBrownfield = "brownfield"
	CarrierDirect     = "direct"
	CarrierRelay      = "relay"
)

// A Manifest is a sallyport.json that was read and found right. Paths are
// slash-separated and relative to the app's folder. It is read-only.
type Manifest struct {
	SchemaURL string `json:"$schema"` // for editors; not read
	Version   int    `json:"version"`
	Name      string `json:"name"` // also that of the app's folder in the user's state folder

	Schemas      string `json:"schemas"`      // folder of <command>.input.json and <command>.output.json; "" if there is none
	Capabilities string `json:"capabilities"` // folder of Rego files
	Hook         string `json:"hook"`         // JavaScript file; "" if and only if Pattern is brownfield
	Page         string `json:"page"`         // folder of index.html and what it loads

	Pattern string   `json:"pattern"` // PatternIsolation, which leaving it out means, or PatternBrownfield
	Windows []Window `json:"windows"` // at least one

	// Commands are the names that the Go code registers, sorted. They are
	// written by `sallyport manifest`, not by hand. Nil if left out, which
	// claims nothing; an empty list claims that there are none.
	Commands []string `json:"commands"`

	// Limits bound calls of single commands, by name. What is left out, here or
	// in an entry, is for the Go code to say and else the core's default.
	Limits map[string]Limits `json:"limits"`

	file  string
	spans map[string]span
	data  []byte
}

// A Window is one kind of window that the app can open. All but the label can
// be left out. The lists and what they loosen are those of
// isolation.PagePolicy, which also checks their entries.
type Window struct {
	Label    string   `json:"label"`    // unique; a lower-case letter, then letters, digits and single hyphens, at most 32
	Title    string   `json:"title"`    // the app's name if left out
	Page     string   `json:"page"`     // the manifest's page if left out
	Carriers []string `json:"carriers"` // CarrierDirect alone if left out; a second one is a fallback

	ConnectSrc   []string `json:"connect_src"`
	ImgSrc       []string `json:"img_src"`
	FontSrc      []string `json:"font_src"`
	MediaSrc     []string `json:"media_src"`
	TrustedTypes []string `json:"trusted_types"`

	InsecureStyleAttributes    bool     `json:"insecure_style_attributes"`
	InsecureInlineStyles       bool     `json:"insecure_inline_styles"`
	InsecureEval               bool     `json:"insecure_eval"`
	InsecureWasm               bool     `json:"insecure_wasm"`
	InsecureDefaultTrustedType bool     `json:"insecure_default_trusted_type"`
	InsecureFeatures           []string `json:"insecure_features"`
}

// Limits are those of one command. A zero field was left out: a limit that is
// written down is at least 1.
type Limits struct {
	ArgsBytes   int `json:"args_bytes"`   // of the arguments, as JSON text
	ResultBytes int `json:"result_bytes"` // of the result, as JSON text
	Depth       int `json:"depth"`        // arrays and objects inside one another, of either
	DeadlineMS  int `json:"deadline_ms"`  // milliseconds until a call ends
}

//go:embed sallyport.schema.json
var schema []byte

// Schema returns the JSON Schema (2020-12) of sallyport.json.
func Schema() []byte { return slices.Clone(schema) }

// An Error says what is wrong with a manifest, and where.
type Error struct {
	File    string
	Line    int    // from 1; 0 if it concerns the file as a whole
	Field   string // "windows[0].label"; "" for the file as a whole
	Problem string // what was found and what was expected
}

func (e *Error) Error() string {
	s := "manifest: " + e.File
	if e.Line > 0 {
		s += fmt.Sprintf(":%d", e.Line)
	}
	if e.Field != "" {
		s += ": " + e.Field
	}
	return s + ": " + e.Problem
}

// Load reads the sallyport.json at the root of fsys. What is wrong with its
// contents is an *Error. It does not look for the files that it names; see
// [Manifest.CheckFiles].
func Load(fsys fs.FS) (*Manifest, error) {
	data, err := fs.ReadFile(fsys, FileName)
	if err != nil {
		return nil, fmt.Errorf("manifest: an app's folder holds a %s, whose form `sallyport manifest --schema` prints: %w", FileName, err)
	}
	return Parse(FileName, data)
}

// Given says whether the file itself has a value at a JSON pointer, which a
// field that was filled in does not tell.
func (m *Manifest) Given(pointer string) bool {
	_, given := m.spans[pointer]
	return given
}

// Errorf returns an *Error about the value at a JSON pointer ("/windows/0"),
// with the line on which that stands; it serves those who find out later what
// is wrong with a value.
func (m *Manifest) Errorf(pointer, format string, args ...any) error {
	return problem(m.file, m.data, m.spans, pointer, fmt.Sprintf(format, args...))
}

// CheckFiles reports the first file or folder that the manifest names and
// fsys lacks.
func (m *Manifest) CheckFiles(fsys fs.FS) error {
	type want struct {
		pointer, name string
		folder        bool
	}
	wanted := []want{
		{"/capabilities", m.Capabilities, true},
		{"/page", m.Page, true},
	}
	if m.Schemas != "" {
		wanted = append(wanted, want{"/schemas", m.Schemas, true})
	}
	if m.Hook != "" {
		wanted = append(wanted, want{"/hook", m.Hook, false})
	}
	for i, w := range m.Windows {
		if at := fmt.Sprintf("/windows/%d/page", i); m.Given(at) {
			wanted = append(wanted, want{at, w.Page, true})
		}
	}
	for _, w := range wanted {
		info, err := fs.Stat(fsys, w.name)
		switch {
		case w.pointer == "/schemas" && errors.Is(err, fs.ErrNotExist): // go:embed takes no empty folder
			return fmt.Errorf("%w: %w", m.Errorf(w.pointer, "%q cannot be read; leave the field out if all schemas are made of Go types", w.name), err)
		case err != nil:
			return fmt.Errorf("%w: %w", m.Errorf(w.pointer, "%q cannot be read", w.name), err)
		case w.folder && !info.IsDir():
			return m.Errorf(w.pointer, "%q is a file; a folder was expected", w.name)
		case !w.folder && !info.Mode().IsRegular():
			return m.Errorf(w.pointer, "%q is not a file", w.name)
		}
	}
	return nil
}
