package replay

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

func lineCount(t *testing.T, path string) int {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range Read(bytes.NewReader(text)) {
		if n++; err != nil {
			t.Error(err)
		}
	}
	return n
}

func TestAFileIsForItsUserAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "inputs.jsonl")
	call := recorded(t, `{}`)
	for i, before := range []func() error{
		func() error { return nil },
		func() error { return os.Chmod(path, 0o644) },
	} {
		if err := before(); err != nil {
			t.Fatal(err)
		}
		f, err := Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(f.Write(&call), f.Close()); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v", info.Mode())
		}
		if got := lineCount(t, path); got != i+1 {
			t.Errorf("%d calls after %d were written", got, i+1)
		}
	}
}

func TestAFileThatIsNoneIsRefused(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "target")
	if err := os.WriteFile(target, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, link, filepath.Join(dir, "missing", "inputs.jsonl"), ""} {
		if f, err := Create(path); err == nil {
			f.Close()
			t.Errorf("%q was opened", path)
		}
	}
}

func TestAFileNeverGrowsOverItsBound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "inputs.jsonl")
	call := recorded(t, `{}`)
	text, err := call.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	f, err := create(path, int64(2*len(text)+5))
	if err != nil {
		t.Fatal(err)
	}
	long := recorded(t, `{"text":"of more than five bytes"}`)
	for i, write := range []struct {
		call *Recorded
		want error
	}{
		{&call, nil},
		{&long, ErrFull},
		{&call, ErrFull}, // it would fit, and look as if nothing were missing before it
	} {
		if err := f.Write(write.call); !errors.Is(err, write.want) {
			t.Errorf("write %d: %v", i, err)
		}
	}
	f.Close()
	// What was there before counts.
	if f, err = create(path, int64(2*len(text)+5)); err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i, want := range []error{nil, ErrFull} {
		if err := f.Write(&call); !errors.Is(err, want) {
			t.Errorf("opened again, write %d: %v", i, err)
		}
	}
	if got := lineCount(t, path); got != 2 {
		t.Errorf("%d calls", got)
	}
}

func TestNothingIsGluedToAnOpenLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "inputs.jsonl")
	call := recorded(t, `{}`)
	text, err := call.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.TrimSuffix(text, []byte("\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Write(&call), f.Close()); err != nil {
		t.Fatal(err)
	}
	if got := lineCount(t, path); got != 2 {
		t.Errorf("%d calls", got)
	}
}

func TestManyMayWriteAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "inputs.jsonl")
	f, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	call := recorded(t, `{"text":"of some length"}`)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 25 {
				if err := f.Write(&call); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if got := lineCount(t, path); got != 200 {
		t.Errorf("%d calls", got)
	}
}
