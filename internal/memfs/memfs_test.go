package memfs

import (
	"errors"
	"io/fs"
	"testing"
	"testing/fstest"
)

func TestItIsAFileSystem(t *testing.T) {
	f := FS{"a.rego": []byte("a"), "b/c.rego": []byte("bc"), "b/d/e.json": nil, "b.rego": []byte("b")}
	if err := fstest.TestFS(f, "a.rego", "b/c.rego", "b/d/e.json", "b.rego"); err != nil {
		t.Fatal(err)
	}
	if err := fstest.TestFS(FS(nil)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"c", "a", "b/d/e", "../a.rego", "/a.rego", "a.rego/x", "b/"} {
		if _, err := f.Open(name); !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatWasReadCanBeChangedByNobody(t *testing.T) {
	f := FS{"a": []byte("a")}
	data, err := fs.ReadFile(f, "a")
	if err != nil {
		t.Fatal(err)
	}
	data[0] = 'b'
	if string(f["a"]) != "a" {
		t.Error("the file changed")
	}
}
