package schema

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// Check reads fsys as [Compile] does, but goes on to all that is wrong: the faults, in the order
// of the files' base names and of their lines. The Set holds the files that can be used. The error
// is for a folder that can't be read.
func Check(fsys fs.FS) (*Set, []*FileError, error) { return (&Set{}).read(fsys, true) }

// read is a Set with the files of fsys beside its own. It stops at the first file that can't be
// used unless all faults are asked for.
func (s *Set) read(fsys fs.FS, all bool) (*Set, []*FileError, error) {
	files, err := schemaFiles(fsys)
	if err != nil {
		return nil, nil, err
	}
	next, folded := s.grown(len(files))
	var faults []*FileError
	for _, file := range files {
		faults = append(faults, next.add(fsys, file, folded)...)
		if len(faults) > 0 && !all {
			break
		}
	}
	next.revision = next.sum()
	return next, faults, nil
}

// grown is a copy of the set with room for n more schemas, and who has which lower-cased base name.
func (s *Set) grown(n int) (next *Set, folded map[string]string) {
	next = &Set{contracts: maps.Clone(s.contracts), mode: s.mode}
	if next.contracts == nil {
		next.contracts = make(map[key]*contract, n)
	}
	folded = make(map[string]string, len(next.contracts)+n)
	for k, c := range next.contracts {
		folded[strings.ToLower(k.side.FileName(k.name))] = c.file
	}
	return next, folded
}

// add compiles one file into the set, or says why it can't be used.
func (s *Set) add(fsys fs.FS, file string, folded map[string]string) []*FileError {
	name, side, _ := splitName(path.Base(file))
	if err := claim(key{side, name}, file, folded); err != nil {
		return []*FileError{{file, 0, err}}
	}
	source, err := readFile(fsys, file)
	if err != nil {
		return []*FileError{{file, 0, err}}
	}
	return s.hold(key{side, name}, file, source)
}

// claim takes a name and side, unless somebody has it.
func claim(k key, origin string, folded map[string]string) error {
	if err := checkName(k.name); err != nil {
		return err
	}
	lower := strings.ToLower(k.side.FileName(k.name))
	if other, ok := folded[lower]; ok {
		return fmt.Errorf("the same name and side as %s; remove one", other)
	}
	folded[lower] = origin
	return nil
}

// hold compiles a schema into the set.
func (s *Set) hold(k key, origin string, source []byte) []*FileError {
	c, faults := compileWhole(origin, source)
	if len(faults) > 0 {
		return faults
	}
	c.key = k
	c.enter(s.mode)
	s.contracts[k] = c
	return nil
}

// A Source is a schema that needn't lie in a file, such as one made by [Of].
type Source struct {
	Side   Side
	Name   string // of the command or event
	Origin string // what errors call it, in place of a file's name
	Text   []byte
}

// WithSources is [Set.With] for schemas that are at hand.
func (s *Set) WithSources(sources ...Source) (*Set, error) {
	next, folded := s.grown(len(sources))
	for _, source := range sources {
		k := key{source.Side, source.Name}
		if !slices.Contains(Sides(), k.side) {
			return nil, &FileError{source.Origin, 0, errors.New("its Side is none of those that Sides lists")}
		}
		if err := claim(k, source.Origin, folded); err != nil {
			return nil, &FileError{source.Origin, 0, err}
		}
		if faults := next.hold(k, source.Origin, source.Text); len(faults) > 0 {
			return nil, faults[0]
		}
	}
	next.revision = next.sum()
	return next, nil
}

// readFile reads no more than a schema may have, and nothing that might never end.
func readFile(fsys fs.FS, file string) ([]byte, error) {
	info, err := fs.Stat(fsys, file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file; a schema is a file of JSON")
	}
	f, err := fsys.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	most := schemaLimits().Size
	source, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	if err != nil {
		return nil, err
	}
	if len(source) > most {
		return nil, fmt.Errorf("larger than %d bytes, the most that a schema may have", most)
	}
	return source, nil
}
