package folders

import (
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

func TestTheUsersFoldersAreThoseOfTheSystem(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	for _, name := range []string{"XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DOCUMENTS_DIR", "XDG_DESKTOP_DIR"} {
		t.Setenv(name, "")
	}
	t.Setenv("XDG_RUNTIME_DIR", "/run/user/1000")
	got, err := Variables()
	if err != nil {
		t.Fatal(err)
	}
	if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, Names()) {
		t.Errorf("got %v, want %v", names, Names())
	}
	if got["$HOME"] != home || got["$TEMP"] != filepath.Clean(os.TempDir()) {
		t.Errorf("got %v", got)
	}
	if runtime.GOOS == "linux" && (got["$APPDATA"] != filepath.Join(home, ".local", "share") || got["$DOCUMENT"] != filepath.Join(home, "Documents")) {
		t.Errorf("got %v", got)
	}
}

// A user who has no desktop folder has the home folder for it; below that lies all.
func TestAFolderThatIsAllIsLeftOut(t *testing.T) {
	if runtime.GOOS != "linux" {
		return
	}
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_DESKTOP_DIR", home)
	t.Setenv("XDG_DOCUMENTS_DIR", home+"/")
	t.Setenv("XDG_CACHE_HOME", "/")
	got, err := Variables()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"$DESKTOP", "$DOCUMENT", "$CACHE"} {
		if got[name] != "" {
			t.Errorf("%s is %s", name, got[name])
		}
	}
	for _, none := range []string{"", "/", "home/u"} {
		t.Setenv("HOME", none)
		if got, err := Variables(); err == nil || got["$HOME"] != "" || got["$APPDATA"] != "" {
			t.Errorf("with HOME=%q: %v, %v", none, got, err)
		}
	}
}
