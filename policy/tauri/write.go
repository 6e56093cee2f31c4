package tauri

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"golang.org/x/tools/txtar"

	"github.com/sallyport/sallyport/policy"
)

// write adds a file.
func (i *importer) write(name string, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("tauri: %s: %w", name, err)
	}
	for _, f := range i.files {
		if f.Name == name {
			return fmt.Errorf("tauri: two files would be called %s: rename one of them", name)
		}
	}
	i.files = append(i.files, File{name, b.Bytes()})
	return nil
}

// loads says whether files are a policy, where all variables are known.
func loads(files []File) error {
	var archive txtar.Archive
	for _, f := range files {
		archive.Files = append(archive.Files, txtar.File{Name: f.Name, Data: f.Data})
	}
	fsys, err := txtar.FS(&archive)
	if err != nil {
		return err
	}
	c := policy.Config{Platform: "linux", Variables: map[string]string{"$APPDATA": "/data"}}
	for _, name := range append(ours(), theirs()...) {
		c.Variables[name] = "/" + name[1:]
	}
	_, err = policy.Load(fsys, c)
	return err
}

// loadsCapability asks the same of one capability, and leaves the place out of the error.
func loadsCapability(c capabilityOut) error {
	text, err := json.Marshal(c)
	if err == nil {
		err = loads([]File{{"x.json", text}})
	}
	if e, ok := errors.AsType[*policy.FileError](err); ok {
		return e.Err
	}
	return err
}
