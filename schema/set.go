package schema

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
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

// A Set holds the compiled schemas of an app's commands. It never changes after
// [Compile]. The zero Set knows no command and refuses everything.
type Set struct {
	commands map[string]*command
	revision string
}

// A command has its input schema, its output schema, or both.
type command struct{ input, output *contract }

// A contract is one schema file, ready to judge.
type contract struct {
	file    string // as the fs.FS names it
	source  []byte
	text    []byte            // what v5 compiled: the source, translated
	doc     Value             // the same, parsed
	words   map[string]string // translated pattern to the pattern as written
	known   map[string]bool   // member names that the schema mentions
	schemas int               // how many schemas the file holds
	names   int               // instructions of its patterns for member names
	grows   bool              // with its references copied out it is large, perhaps without end
	shared  *judge            // serves everybody
	idle    chan *judge       // serve one each, if schema or patterns need a meter; nil otherwise
}

// ErrNoSchema is what a validation returns for a command that has no input schema.
var ErrNoSchema = errors.New("schema: the command has no input schema")

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

// Compile reads every file named <command>.input.json or <command>.output.json in fsys,
// at its root or in any folder below; other names are ignored. A command's name has
// ASCII letters, digits, '.', '-' and '_', begins with a letter and has at most 128 bytes.
//
// The first file that can't be used, or that uses something v5 is known to get wrong,
// is the error, a [*FileError]; it names file, line and what to write instead.
func Compile(fsys fs.FS) (*Set, error) {
	s := &Set{commands: map[string]*command{}}
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
	folded := map[string]string{} // lower-cased base name to file
	sum := sha256.New()
	for _, file := range files {
		base := path.Base(file)
		name, output, _ := splitName(base)
		if err := checkCommand(name); err != nil {
			return nil, &FileError{file, 0, err}
		}
		if other, ok := folded[strings.ToLower(base)]; ok {
			return nil, &FileError{file, 0, fmt.Errorf("the same command and side as %s; remove one", other)}
		}
		folded[strings.ToLower(base)] = file
		source, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, &FileError{file, 0, err}
		}
		c, err := compile(file, source)
		if err != nil {
			return nil, err
		}
		if s.commands[name] == nil {
			s.commands[name] = &command{}
		}
		if output {
			s.commands[name].output = c
		} else {
			s.commands[name].input = c
		}
		// The folder is no part of a schema's meaning, neither here nor in the order; the
		// lengths keep parts apart.
		for _, part := range [][]byte{[]byte(base), source} {
			var size [8]byte
			binary.BigEndian.PutUint64(size[:], uint64(len(part)))
			sum.Write(size[:])
			sum.Write(part)
		}
	}
	s.revision = hex.EncodeToString(sum.Sum(nil))
	return s, nil
}

// splitName takes a file's base name apart; ok is false for files that aren't ours.
func splitName(base string) (name string, output, ok bool) {
	if name, ok = strings.CutSuffix(base, ".input.json"); ok {
		return name, false, true
	}
	name, ok = strings.CutSuffix(base, ".output.json")
	return name, true, ok
}

func checkCommand(name string) error {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	if name == "" || len(name) > 128 || !strings.ContainsRune(letters, rune(name[0])) ||
		strings.Trim(name, letters+"0123456789._-") != "" {
		return fmt.Errorf("%q can't be a command's name; use at most 128 letters, digits, '.', '-' and '_', beginning with a letter", name)
	}
	return nil
}

// Commands returns the names of all commands that have a schema, sorted.
func (s *Set) Commands() []string {
	names := make([]string, 0, len(s.commands))
	for name := range s.commands {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// HasInput reports whether the command has an input schema, without which it can't exist.
func (s *Set) HasInput(command string) bool { return s.input(command) != nil }

// HasOutput reports whether the command has an output schema.
func (s *Set) HasOutput(command string) bool { return s.output(command) != nil }

// InputSource returns a copy of the command's input schema as its file has it, or nil.
func (s *Set) InputSource(command string) []byte { return s.input(command).copySource() }

// OutputSource returns a copy of the command's output schema as its file has it, or nil.
func (s *Set) OutputSource(command string) []byte { return s.output(command).copySource() }

// InputMembers returns the members that the command's input schema describes in properties,
// sorted, without those that it forbids by false. It follows no reference.
func (s *Set) InputMembers(command string) []string {
	c := s.input(command)
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

// ValidateInput returns nil if v is what the command takes. The error is *[Invalid] if v
// breaks the schema, [ErrNoSchema] if there is none, and another one, to be treated as a
// refusal too, if the judge failed.
func (s *Set) ValidateInput(command string, v Value) error {
	c := s.input(command)
	if c == nil {
		return ErrNoSchema
	}
	return c.validate(v)
}

// ValidateOutput returns nil if v is what the command returns: what its output schema
// says or, without one, null. Errors are those of [Set.ValidateInput].
func (s *Set) ValidateOutput(command string, v Value) error {
	if c := s.output(command); c != nil {
		return c.validate(v)
	}
	if s.input(command) == nil {
		return ErrNoSchema
	}
	if v == nil || v.Kind() != Null {
		return &Invalid{Keyword: "type", Expected: "null, since the command has no output schema"}
	}
	return nil
}

func (s *Set) input(name string) *contract {
	if s == nil || s.commands[name] == nil {
		return nil
	}
	return s.commands[name].input
}

func (s *Set) output(name string) *contract {
	if s == nil || s.commands[name] == nil {
		return nil
	}
	return s.commands[name].output
}

func (c *contract) copySource() []byte {
	if c == nil {
		return nil
	}
	return slices.Clone(c.source)
}
