//go:build unix

package bench

import (
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestWhoseProgramIsRun(t *testing.T) {
	const user, other, stranger = 1000, 1001, 4242
	for _, test := range []struct {
		name              string
		owner, user, here int
		want              bool
	}{
		{"my own, in my folder", user, user, user, true},
		{"my own, in another's folder", user, user, other, true},
		{"of whose folder I went into", other, user, other, true},
		{"of a stranger, above my folder", stranger, user, user, false},
		{"of a stranger, above root's folder", stranger, user, 0, false},
		{"of a stranger, and I am root", stranger, 0, 0, false},
		{"of nobody knows whom", unknownOwner, user, unknownOwner, false},
	} {
		if got := mayRun(test.owner, test.user, test.here); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

// Whoever can write to a folder above the user's must not be able to have a
// program run by its name alone.
func TestPeersOfAnotherUserAreNotRun(t *testing.T) {
	if os.Getuid() != 0 {
		return // only root can give files away; the checks run as root too
	}
	dir := program(t, `{"ready":true}`, "")
	mine := filepath.Join(dir, "work")
	if err := os.Mkdir(mine, 0o700); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "bench", "peers")
	for _, stranger := range []string{folder, filepath.Join(folder, "go.mod")} {
		if err := os.Chown(stranger, 4242, 4242); err != nil {
			t.Fatal(err)
		}
		if p := FindPeers(mine, io.Discard); p.dir != "" || p.reason == "" {
			t.Errorf("with %s of another user: %+v", stranger, p)
		}
		if err := os.Chown(stranger, 0, 0); err != nil {
			t.Fatal(err)
		}
	}
	// A checkout of somebody else that the user went into is another matter.
	for _, name := range []string{mine, folder, filepath.Join(folder, "go.mod")} {
		if err := os.Chown(name, 4242, 4242); err != nil {
			t.Fatal(err)
		}
	}
	if p := FindPeers(mine, io.Discard); p.dir != folder {
		t.Errorf("in a checkout of another user: %+v", p)
	}
}
