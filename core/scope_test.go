package core

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sallyport/sallyport/internal/peer"
)

// withScope runs handle for a call of notes.touch with a text.
func withScope(t *testing.T, capability string, variables map[string]string, handle func(ctx context.Context) error) *peer.Client {
	t.Helper()
	b := newBench(t, func(c *Config) {
		files := testFiles()
		files["capabilities/scoped.yaml"] = &fstest.MapFile{Data: []byte(capability)}
		files["schemas/notes.scope.input.json"] = files["schemas/notes.echo.input.json"]
		c.Files, c.Variables = files, variables
	}, func(b *bench) {
		Command(b.App, "notes.scope", func(ctx context.Context, _ text) (struct{}, error) { return struct{}{}, handle(ctx) })
	})
	return b.connect(t, "main")
}

type touched struct {
	Text string `json:"text"`
	Note int    `json:"note"`
}

func TestHandlersReadTheirScope(t *testing.T) {
	const capability = "identifier: s\nwindows: [main]\npermissions: [{identifier: allow-notes.scope, allow: [{text: a}, {text: c}], deny: [{text: b}]}]\n"
	var got []string
	page := withScope(t, capability, nil, func(ctx context.Context) error {
		s, err := Scope[touched](ctx)
		if err != nil {
			return err
		}
		for _, e := range slices.Concat(s.Allow, s.Deny) {
			got = append(got, e.Text)
		}
		if _, err := Scope[struct{ Other string }](ctx); err == nil || !strings.Contains(err.Error(), `core: the scope of command "notes.scope" in the capability files: entry {"text":"a"}: `) {
			t.Errorf("a type without the member: %v", err)
		}
		if _, err := Scope[string](ctx); err == nil {
			t.Error("an object became a string")
		}
		if _, err := Scope[func()](ctx); err == nil {
			t.Error("an object became a function")
		}
		if !s.Set {
			t.Error("the scope is not set")
		}
		return nil
	})
	if _, err := page.Call(t.Context(), "notes.scope", []byte(`{"text":"a"}`)); err != nil {
		t.Fatal(err)
	}
	if strings.Join(got, "") != "acb" {
		t.Errorf("%q", got)
	}
	for _, outside := range []string{"b", "d"} {
		if _, err := page.Call(t.Context(), "notes.scope", []byte(`{"text":"`+outside+`"}`)); code(t, err) != CodeDenied {
			t.Errorf("%s: %v", outside, err)
		}
	}
}

func TestAScopeThatIsNotSetIsNotEmpty(t *testing.T) {
	const capability = "identifier: s\nwindows: [main]\npermissions: [allow-notes.scope]\n"
	page := withScope(t, capability, nil, func(ctx context.Context) error {
		if s, err := Scope[touched](ctx); err != nil || s.Set || len(s.Allow)+len(s.Deny) > 0 {
			t.Errorf("%+v, %v", s, err)
		}
		return nil
	})
	if _, err := page.Call(t.Context(), "notes.scope", []byte(`{"text":"a"}`)); err != nil {
		t.Fatal(err)
	}
}

func TestNobodyButAHandlerHasAScopeOrARoot(t *testing.T) {
	if _, err := Scope[touched](t.Context()); err == nil {
		t.Error("a scope")
	}
	if _, err := Root(t.Context(), "$HOME"); err == nil {
		t.Error("a root")
	}
	if _, _, err := Within(t.Context(), "$HOME", "/x"); err == nil {
		t.Error("a name")
	}
}

func TestRootsAreMadeOnceAndLeadNowhereElse(t *testing.T) {
	const capability = "identifier: s\nwindows: [main]\npermissions: [allow-notes.scope]\n"
	data := filepath.Join(t.TempDir(), "data")
	folder := filepath.Join(data, "notes")
	variables := map[string]string{"$APPDATA": data}
	var kept *os.Root
	page := withScope(t, capability, variables, func(ctx context.Context) error {
		root, err := Root(ctx, "$APPDATA/notes")
		if err != nil {
			return err
		}
		again, name, err := Within(ctx, "$APPDATA//notes/", filepath.ToSlash(folder)+"/deep/a.md")
		if err != nil || again != root || name != filepath.FromSlash("deep/a.md") || root.Name() != folder {
			t.Errorf("%v and %v, %q, %v", root.Name(), again, name, err)
		}
		if info, err := os.Stat(folder); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o700 {
			t.Errorf("made with %v, %v", info.Mode(), err)
		}
		for _, outside := range []string{"/../x", "x", ""} {
			if _, name, err := Within(ctx, "$APPDATA/notes", filepath.ToSlash(data)+"/not"+outside); err == nil {
				t.Errorf("%q is %q", outside, name)
			}
		}
		if err := os.Symlink(t.TempDir(), filepath.Join(folder, "link")); err != nil {
			t.Error(err)
		}
		if err := root.WriteFile("link/a", nil, 0o600); err == nil {
			t.Error("a link leads out of the root")
		}
		for _, dir := range []string{"notes", "$NOPE/x", filepath.ToSlash(data) + "/missing"} {
			if root, err := Root(ctx, dir); err == nil {
				t.Errorf("%s opened %s", dir, root.Name())
			}
		}
		kept = root
		return nil
	})
	if _, err := page.Call(t.Context(), "notes.scope", []byte(`{"text":"a"}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := kept.Stat("."); err != nil {
		t.Errorf("while the app runs: %v", err)
	}
}

func TestShutdownClosesRoots(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Variables = map[string]string{"$APPDATA": t.TempDir()} }, nil)
	root, err := b.Root("$APPDATA/notes")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := root.Stat("."); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after it: %v", err)
	}
	if _, err := b.Root("$APPDATA/notes"); err == nil {
		t.Error("a root was opened after it")
	}
}

// CVE-2022-39215 / GHSA-28m8-9j7v-x499: a scope is text and sees no link, so a
// folder that was read to its end led out of it.
func TestCVE202239215ALinkLeadsNowhereOutOfARoot(t *testing.T) {
	data, elsewhere := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(elsewhere, "secret"), []byte("zebra"), 0o600); err != nil {
		t.Fatal(err)
	}
	const capability = "identifier: s\nwindows: [main]\npermissions: [allow-notes.scope]\n"
	page := withScope(t, capability, map[string]string{"$APPDATA": data}, func(ctx context.Context) error {
		root, err := Root(ctx, "$APPDATA/notes")
		if err != nil {
			return err
		}
		if err := os.Symlink(elsewhere, filepath.Join(root.Name(), "link")); err != nil {
			return err
		}
		// What the policy lets through by its text.
		_, name, err := Within(ctx, "$APPDATA/notes", filepath.ToSlash(root.Name())+"/link/secret")
		if err != nil {
			return err
		}
		if text, err := root.ReadFile(name); err == nil {
			t.Errorf("a path through the link reads %q", text)
		}
		_ = fs.WalkDir(root.FS(), ".", func(name string, _ fs.DirEntry, _ error) error {
			if text, err := fs.ReadFile(root.FS(), name); err == nil {
				t.Errorf("the walk reads %q at %s", text, name)
			}
			return nil
		})
		return nil
	})
	if _, err := page.Call(t.Context(), "notes.scope", []byte(`{"text":"a"}`)); err != nil {
		t.Fatal(err)
	}
}
