package schema

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
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
	next := &Set{contracts: maps.Clone(s.contracts), mode: s.mode}
	if next.contracts == nil {
		next.contracts = make(map[key]*contract, len(files))
	}
	folded := make(map[string]string, len(next.contracts)+len(files)) // lower-cased base name to file
	for k, c := range next.contracts {
		folded[strings.ToLower(k.side.FileName(k.name))] = c.file
	}
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

// add compiles one file into the set, or says why it can't be used.
func (s *Set) add(fsys fs.FS, file string, folded map[string]string) []*FileError {
	base := path.Base(file)
	name, side, _ := splitName(base)
	if err := checkName(name); err != nil {
		return []*FileError{{file, 0, err}}
	}
	lower := strings.ToLower(base)
	if other, ok := folded[lower]; ok {
		return []*FileError{{file, 0, fmt.Errorf("the same name and side as %s; remove one", other)}}
	}
	folded[lower] = file
	source, err := readFile(fsys, file)
	if err != nil {
		return []*FileError{{file, 0, err}}
	}
	c, faults := compileWhole(file, source)
	if len(faults) > 0 {
		return faults
	}
	c.key = key{side, name}
	c.enter(s.mode)
	s.contracts[c.key] = c
	return nil
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
