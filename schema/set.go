package schema

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
	"slices"
	"strings"
)

// schemaLimits bound a schema file. Its nesting counts twice, keyword and object.
func schemaLimits() Limits {
	l := DefaultLimits()
	l.Depth = 128
	return l
}

// A Set holds the compiled schemas of an app's commands and events. It never changes after
// [Compile]. The zero Set knows no command and refuses everything.
type Set struct {
	contracts map[key]*contract
	revision  string
	mode      mode
}

// A mode is how the contracts of a set judge. The zero mode is that of a running app.
type mode struct {
	judgeOnly bool // they have no fast path
	patient   bool // they look long for what is wrong
}

// A key is what a contract is about.
type key struct {
	side Side
	name string
}

// A contract is one schema file, ready to judge.
type contract struct {
	key
	file    string // as the fs.FS names it
	source  []byte
	doc     Value             // what v5 compiled: the source, translated
	words   map[string]string // translated pattern to the pattern as written
	known   map[string]bool   // member names that the schema mentions
	schemas int               // how many schemas the file holds
	load    load              // what it costs v5
	shared  *judge            // serves everybody, and has no meter
	metered *judges           // serve one each
	fast    *fast             // accepts what it knows; nil if nothing may be accepted without a judge
	wording int               // units that may be spent on saying what is wrong
}

// ErrNoSchema is what a validation returns where there is no schema.
var ErrNoSchema = errors.New("schema: there is no such schema")

// A FileError is what is wrong with a schema file, and where.
type FileError struct {
	File string // as the fs.FS names it
	Line int    // from 1; 0 if it is about the file as a whole
	Err  error
}

// Error begins with the place.
func (e *FileError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("schema: %s: %v", e.File, e.Err)
	}
	return fmt.Sprintf("schema: %s:%d: %v", e.File, e.Line, e.Err)
}

// Unwrap is what is wrong, without the place.
func (e *FileError) Unwrap() error { return e.Err }

// Compile reads every file named <name>.<side>.json in fsys, see [Side], at its root or in any
// folder below; other names are ignored. A name has ASCII letters, digits, '.', '-' and '_',
// begins with a letter and has at most 128 bytes.
//
// The first file that can't be used, or that uses something v5 is known to get wrong,
// is the error, a [*FileError]; it names file, line and what to write instead.
func Compile(fsys fs.FS) (*Set, error) { return (&Set{}).With(fsys) }

// With returns a new Set that holds the files of fsys, as Compile reads them, beside its own. A
// second schema for one name and side is an error.
func (s *Set) With(fsys fs.FS) (*Set, error) {
	next, faults, err := s.read(fsys, false)
	switch {
	case err != nil:
		return nil, err
	case len(faults) > 0:
		return nil, faults[0]
	}
	return next, nil
}

// schemaFiles lists the files that are ours, by their base names.
func schemaFiles(fsys fs.FS) ([]string, error) {
	var files []string
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if _, _, ok := splitName(path.Base(name)); ok && !entry.IsDir() {
			files = append(files, name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("schema: can't read the schema folder: %w", err)
	}
	slices.SortFunc(files, func(a, b string) int {
		return cmp.Or(cmp.Compare(path.Base(a), path.Base(b)), cmp.Compare(a, b))
	})
	return files, nil
}

// sum is the set's revision. A file's folder is no part of a schema's meaning, neither in what is
// summed nor in the order; the lengths keep parts apart.
func (s *Set) sum() string {
	sources := make(map[string][]byte, len(s.contracts))
	for k, c := range s.contracts {
		sources[k.side.FileName(k.name)] = c.source
	}
	sum := sha256.New()
	for _, base := range slices.Sorted(maps.Keys(sources)) {
		for _, part := range [][]byte{[]byte(base), sources[base]} {
			var size [8]byte
			binary.BigEndian.PutUint64(size[:], uint64(len(part)))
			sum.Write(size[:])
			sum.Write(part)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func checkName(name string) error {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	if name == "" || len(name) > 128 || !strings.ContainsRune(letters, rune(name[0])) ||
		strings.Trim(name, letters+"0123456789._-") != "" {
		return fmt.Errorf("%q can't name a command or an event; use at most 128 letters, digits, '.', '-' and '_', beginning with a letter", name)
	}
	return nil
}

// JudgeOnly returns a Set of the same schemas with the fast path off, so that v5 judges every value;
// so do the Sets that its With returns. It is for comparing the two, and a way out should they ever
// differ.
func (s *Set) JudgeOnly() *Set {
	return s.in(mode{judgeOnly: true, patient: s.mode.patient})
}

// Patient returns a Set of the same schemas that gives the same verdicts and takes longer, up to a
// fifth of a second, to find where a large value is wrong; so do the Sets that its With returns. It
// is for development and the command line: a page that nobody trusts is not to have that time.
func (s *Set) Patient() *Set { return s.in(mode{judgeOnly: s.mode.judgeOnly, patient: true}) }

func (s *Set) in(m mode) *Set {
	next := &Set{contracts: make(map[key]*contract, len(s.contracts)), revision: s.revision, mode: m}
	for k, c := range s.contracts {
		changed := *c
		changed.enter(m)
		next.contracts[k] = &changed
	}
	return next
}

func (c *contract) enter(m mode) {
	if m.judgeOnly {
		c.fast = nil
	}
	c.wording = maxWording
	if m.patient {
		c.wording = maxPatience
	}
}

// Names returns the names that have a schema of that side, sorted.
func (s *Set) Names(side Side) []string {
	var names []string
	for k := range s.contracts {
		if k.side == side {
			names = append(names, k.name)
		}
	}
	slices.Sort(names)
	return names
}

// Commands returns the names of all commands that have a schema of input or output, sorted.
func (s *Set) Commands() []string {
	names := append(s.Names(Input), s.Names(Output)...)
	slices.Sort(names)
	return slices.Compact(names)
}

// HasInput reports whether the command has an input schema, without which it can't exist.
func (s *Set) HasInput(command string) bool { return s.of(Input, command) != nil }

// HasOutput reports whether the command has an output schema.
func (s *Set) HasOutput(command string) bool { return s.of(Output, command) != nil }

// Source returns a copy of the schema of a side as its file has it, or nil.
func (s *Set) Source(side Side, name string) []byte {
	if c := s.of(side, name); c != nil {
		return slices.Clone(c.source)
	}
	return nil
}

// InputSource returns a copy of the command's input schema as its file has it, or nil.
func (s *Set) InputSource(command string) []byte { return s.Source(Input, command) }

// OutputSource returns a copy of the command's output schema as its file has it, or nil.
func (s *Set) OutputSource(command string) []byte { return s.Source(Output, command) }

// File returns the name of the file that holds the schema of a side, as the fs.FS has it, the origin
// of one that lies in no file, or "".
func (s *Set) File(side Side, name string) string {
	if c := s.of(side, name); c != nil {
		return c.file
	}
	return ""
}

// Schema returns the schema of a side as its author wrote it, or nil.
func (s *Set) Schema(side Side, name string) Value {
	c := s.of(side, name)
	if c == nil {
		return nil
	}
	doc, err := Parse(c.source, schemaLimits())
	if err != nil {
		panic("schema: internal error: a compiled schema doesn't parse")
	}
	return doc
}

// InputMembers returns the members that the command's input schema describes in properties,
// sorted, without those that it forbids by false. It follows no reference.
func (s *Set) InputMembers(command string) []string {
	c := s.of(Input, command)
	if c == nil {
		return nil
	}
	properties, ok := c.doc.Field("properties")
	if !ok {
		return nil
	}
	var names []string
	for name, member := range properties.Fields() {
		if member.Kind() != Bool || member.Bool() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Revision identifies the schemas: the SHA-256, in hexadecimal, of all files' base names
// and contents in order. Two sets that judge differently have different revisions.
func (s *Set) Revision() string { return s.revision }

// Validate returns nil if v is what the schema of that side takes. The error is *[Invalid] if v
// breaks the schema, [ErrNoSchema] if there is none, and another one, to be treated as a
// refusal too, if the judge failed.
func (s *Set) Validate(side Side, name string, v Value) error {
	c := s.of(side, name)
	if c == nil {
		return ErrNoSchema
	}
	return c.validate(v)
}

// ValidateInput returns nil if v is what the command takes. Errors are those of [Set.Validate].
func (s *Set) ValidateInput(command string, v Value) error { return s.Validate(Input, command, v) }

// ValidateOutput returns nil if v is what the command returns: what its output schema
// says or, without one, null. Errors are those of [Set.Validate].
func (s *Set) ValidateOutput(command string, v Value) error {
	if c := s.of(Output, command); c != nil {
		return c.validate(v)
	}
	if s.of(Input, command) == nil {
		return ErrNoSchema
	}
	if v == nil || v.Kind() != Null {
		return &Invalid{Keyword: "type", Expected: "null, since the command has no output schema"}
	}
	return nil
}

func (s *Set) of(side Side, name string) *contract {
	if s == nil {
		return nil
	}
	return s.contracts[key{side, name}]
}
