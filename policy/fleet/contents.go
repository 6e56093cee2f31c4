package fleet

import (
	"archive/zip"
	"bytes"
	"context"
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

	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/storage"
)

// contents are what one bundle brought. The zero value is no bundle.
type contents struct {
	bundle   string
	revision string
	digest   string // of all files, by name
	files    fs.FS
}

func (c contents) differs(from contents) bool {
	return c.bundle != from.bundle || c.revision != from.revision || c.digest != from.digest
}

// read takes what a transaction would leave behind.
func read(ctx context.Context, s storage.Store, txn storage.Transaction) (contents, error) {
	names, err := bundle.ReadBundleNamesFromStore(ctx, s, txn)
	if storage.IsNotFound(err) || err == nil && len(names) == 0 {
		return contents{}, nil
	}
	if err != nil {
		return contents{}, err
	}
	if len(names) > 1 {
		return contents{}, fmt.Errorf("bundles %s at once: expected one", strings.Join(names, ", "))
	}
	c := contents{bundle: names[0]}
	if err := onlyRego(ctx, s, txn, c.bundle); err != nil {
		return c, err
	}
	if c.revision, err = bundle.ReadBundleRevisionFromStore(ctx, s, txn, c.bundle); err != nil {
		return c, err
	}
	texts, err := modules(ctx, s, txn, c.bundle)
	if err != nil {
		return c, err
	}
	c.digest = digest(texts)
	c.files, err = folder(texts)
	return c, err
}

// onlyRego refuses what a capability file could not read anyway, so that nobody believes it counts.
func onlyRego(ctx context.Context, s storage.Store, txn storage.Transaction, name string) error {
	wasm, err := bundle.ReadWasmModulesFromStore(ctx, s, txn, name)
	if err != nil && !storage.IsNotFound(err) {
		return err
	}
	if len(wasm) > 0 {
		return errors.New("the bundle holds WebAssembly: expected Rego files only")
	}
	root, err := s.Read(ctx, txn, storage.RootPath)
	if err != nil {
		return err
	}
	documents, _ := root.(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(documents)) {
		if key != "system" { // OPA's own notes on the bundle
			return fmt.Errorf("the bundle holds data (%s): a capability reads none, write it into the Rego files; "+
				"if it was opa build that made data of JSON or YAML files, give it the Rego files alone", key)
		}
	}
	return nil
}

// modules are the bundle's files by their names in it.
func modules(ctx context.Context, s storage.Store, txn storage.Transaction, name string) (map[string][]byte, error) {
	ids, err := s.ListPolicies(ctx, txn)
	if err != nil {
		return nil, err
	}
	texts := make(map[string][]byte, len(ids))
	for _, id := range ids {
		if id == libraryID {
			continue
		}
		file, ok := strings.CutPrefix(path.Clean(strings.TrimPrefix(id, "/")), name+"/")
		if !ok || !fs.ValidPath(file) || strings.Contains(file, `\`) {
			return nil, fmt.Errorf("file %q: expected a path below the bundle's root, with slashes", id)
		}
		text, err := s.GetPolicy(ctx, txn, id)
		if err != nil {
			return nil, err
		}
		if _, twice := texts[file]; twice {
			return nil, fmt.Errorf("file %q is there twice", file)
		}
		texts[file] = text
	}
	return texts, nil
}

// digest hashes names and texts, each with its length.
func digest(texts map[string][]byte) string {
	h := sha256.New()
	add := func(part []byte) {
		h.Write(binary.AppendUvarint(nil, uint64(len(part))))
		h.Write(part)
	}
	for _, file := range slices.Sorted(maps.Keys(texts)) {
		add([]byte(file))
		add(texts[file])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// folder holds texts as an fs.FS. An archive in memory is one already.
func folder(texts map[string][]byte) (fs.FS, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, file := range slices.Sorted(maps.Keys(texts)) {
		f, err := w.CreateHeader(&zip.FileHeader{Name: file, Method: zip.Store})
		if err != nil {
			return nil, err
		}
		if _, err := f.Write(texts[file]); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
}
