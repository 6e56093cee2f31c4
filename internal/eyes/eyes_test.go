package eyes

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, name string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(name), 0o700))
	must(t, os.WriteFile(name, []byte("x"), 0o600))
}

// A busy folder beside the watched one, or a huge one, costs nothing.
func TestOnlyTheWayToAFolderIsWatched(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // links need a privilege there
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	put(t, dir+"/v1/caps/sub/notes.rego")
	put(t, dir+"/v1/other/notes.rego")
	must(t, os.MkdirAll(dir+"/v1/caps/..old", 0o700))
	must(t, os.Symlink("v1", dir+"/current"))
	put(t, dir+"/v1/big/sub/file")
	p := make(places)
	must(t, p.addAll([]string{dir + "/current/caps"}, []string{dir + "/v1/big", dir + "/v1/other/notes.rego"}))
	var got []string
	for place, names := range p {
		rel, err := filepath.Rel(dir, place)
		must(t, err)
		for name := range names {
			got = append(got, rel+":"+name)
		}
		if names == nil {
			got = append(got, rel+":*")
		}
	}
	slices.Sort(got)
	if want := []string{".:current", "v1/big:*", "v1/caps/sub:*", "v1/caps:*", "v1/other:notes.rego", "v1:big", "v1:caps"}; !slices.Equal(got, want) {
		t.Errorf("watched %q, want %q", got, want)
	}
	loop := dir + "/loop"
	must(t, os.Symlink("loop", loop))
	must(t, make(places).addFolder(loop))
}

// What is waited for may come from nothing, and what lies below a folder that is
// meant by itself is not waited for.
func TestWaitingEndsWithAChange(t *testing.T) {
	dir := t.TempDir()
	for _, test := range []struct {
		name, changed string
		folders       []string
		single        []string
		ends          bool
	}{
		{"a file in a folder", "a/file", []string{dir + "/a"}, nil, true},
		{"a file below a folder", "b/sub/file", []string{dir + "/b"}, nil, true},
		{"a folder that was not there", "c/file", []string{dir + "/c"}, nil, true},
		{"a file by itself", "d/file", nil, []string{dir + "/d/file"}, true},
		{"another file", "e/other", nil, []string{dir + "/e/file"}, false},
		{"a file in a folder by itself", "f/file", nil, []string{dir + "/f"}, true},
		{"a file below a folder by itself", "g/sub/file", nil, []string{dir + "/g"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, folder := range []string{"a", "b/sub", "d", "e", "f", "g/sub"} {
				must(t, os.MkdirAll(filepath.Join(dir, folder), 0o700))
			}
			e, err := Open(test.folders, test.single...)
			must(t, err)
			defer e.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 5*Settled)
			defer cancel()
			if test.ends {
				ctx = t.Context()
			}
			began := time.Now()
			put(t, filepath.Join(dir, test.changed))
			e.Wait(ctx)
			if ended := ctx.Err() == nil; ended != test.ends {
				t.Errorf("waiting ended: %v, want %v", ended, test.ends)
			}
			if took := time.Since(began); test.ends && (took < Settled/2 || took > lookAnyway/2) {
				t.Errorf("it took %v", took)
			}
		})
	}
}
