package policy

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestPathsReadAsTheScopeLibraryDoes(t *testing.T) {
	p, err := NewPaths(testConfig())
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, dir, path, want string }{
		{"a file", "$APPDATA/notes", "/home/u/.local/share/app/notes/a.md", "a.md"},
		{"a file further below", "$HOME", "/home/u/a/./b//c", "a/b/c"},
		{"the directory itself", "$HOME", "/home/u/", "."},
		{"a directory without a variable", "/srv", "/srv/x", "x"},
		{"above", "$HOME", "/home/u/../x", ""},
		{"elsewhere", "$HOME", "/home/ux", ""},
		{"relative", "$HOME", "relative.md", ""},
		{"escaped", "$HOME", "/home/u/%2e%2e/x", ""},
		{"a null character", "$HOME", "/home/u/a\x00b", ""},
		{"an unknown variable", "$NOPE", "/home/u/a", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := p.Below(test.dir, test.path)
			if got != filepath.FromSlash(test.want) || (err == nil) != (test.want != "") {
				t.Errorf("got %q, %v", got, err)
			}
			if err != nil && strings.Contains(err.Error(), test.path) {
				t.Errorf("the error quotes the path: %v", err)
			}
		})
	}
	for dir, want := range map[string]string{"$APPDATA/notes": "/home/u/.local/share/app/notes true", "$HOME": "/home/u true", "/srv/x/": "/srv/x false", "/": "/ false",
		"x": "", "$NOPE/x": "", "$HOME/../x": ""} {
		got, variable, err := p.Directory(dir)
		if text := filepath.ToSlash(got) + map[bool]string{true: " true", false: " false"}[variable]; text != want && (err == nil || want != "") {
			t.Errorf("%s: %q, %v", dir, text, err)
		}
	}
}
