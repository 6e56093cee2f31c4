package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/core"
	"github.com/sallyport/sallyport/internal/manifest"
	"github.com/sallyport/sallyport/internal/memfs"
	"github.com/sallyport/sallyport/schema"
)

// inspectApp does what an app's start does, short of listening: the folder's
// sallyport.json and all that it names are read as the core reads them, and
// the commands that it lists are registered, with handlers that do nothing.
// The error is for a folder that can't be looked at.
func inspectApp(ctx context.Context, dir string) ([]finding, error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("%s is not a folder that can be read; name an app's folder, the one with its %s", dir, manifest.FileName)
	}
	read, m := readManifest(dir)
	if m == nil {
		return []finding{read}, nil
	}
	var said warnings
	findings := []finding{read, startApp(ctx, dir, m, slog.New(&said))}
	for _, warning := range said.lines {
		findings = append(findings, finding{Name: "app's warning", Detail: warning})
	}
	if m.Commands == nil {
		findings = append(findings, finding{
			Name: "app's commands", Detail: manifest.FileName + " lists none, so that their schemas could not be looked for",
			Next: "sallyport manifest " + dir,
		})
	}
	return findings, nil
}

// readManifest returns no manifest if there is something wrong with it.
func readManifest(dir string) (finding, *manifest.Manifest) {
	path := filepath.Join(dir, manifest.FileName)
	f := finding{Name: "app's manifest", Needed: true}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		f.Detail, f.Next = "there is no "+path, "sallyport manifest --schema"
		return f, nil
	}
	var m *manifest.Manifest
	if err == nil {
		m, err = manifest.Parse(path, data)
	}
	if err == nil {
		err = m.CheckFiles(os.DirFS(dir))
	}
	if err != nil {
		f.Detail = strings.TrimPrefix(err.Error(), "manifest: ")
		return f, nil
	}
	labels := make([]string, len(m.Windows))
	for i, w := range m.Windows {
		labels[i] = w.Label
	}
	f.OK, f.Detail = true, fmt.Sprintf("%s: %s, %s %s", path, m.Name, counted(len(m.Windows), "window"), strings.Join(labels, ", "))
	return f, m
}

func startApp(ctx context.Context, dir string, m *manifest.Manifest, log *slog.Logger) finding {
	f := finding{Name: "app's start", Needed: true}
	err := tryStart(ctx, dir, m, nil, log)
	if err != nil {
		f.Detail = strings.TrimPrefix(err.Error(), "core: ")
		return f
	}
	parts := slices.DeleteFunc([]string{m.Schemas, m.Capabilities, m.Hook, m.Page}, func(part string) bool { return part == "" })
	f.OK, f.Detail = true, fmt.Sprintf("%s and %s are as the core wants them", strings.Join(parts, ", "), counted(len(m.Commands), "command"))
	if made := madeSchemas(dir, m); len(made) > 0 {
		f.Detail += fmt.Sprintf("; without a file, so that the app itself must make it of a Go type: %s", strings.Join(made, ", "))
	}
	return f
}

// tryStart starts and ends an app of which no page is ever served.
func tryStart(ctx context.Context, dir string, m *manifest.Manifest, variables map[string]string, log *slog.Logger) error {
	// A record of its own: the app's is not this command's to write.
	config := core.Config{Files: os.DirFS(dir), Variables: variables, Record: audits.NewMemory(1), Log: log}
	if made := placeholders(dir, m); m.Schemas == "" {
		config.Schemas = made
	} else {
		config.Files = completed{config.Files, m.Schemas, made}
	}
	app, err := core.New(config)
	if err != nil {
		return err
	}
	for _, name := range m.Commands {
		app.Handle(name, func(context.Context, *core.Request) (any, error) { return nil, nil })
	}
	err = app.StartInProcess()
	stop, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return errors.Join(err, app.Shutdown(stop))
}

// madeSchemas names the files of input schemas that a listed command lacks: the
// app makes them of Go types, or it does not start, which only it can tell.
func madeSchemas(dir string, m *manifest.Manifest) []string {
	var files []string
	for _, name := range m.Commands {
		file := schema.Input.FileName(name)
		found := false
		// What can't be read is the core's to say; "" is no path, and so finds nothing.
		_ = fs.WalkDir(os.DirFS(dir), m.Schemas, func(at string, entry fs.DirEntry, err error) error {
			found = found || err == nil && path.Base(at) == file
			return nil
		})
		if !found {
			files = append(files, path.Join(m.Schemas, file))
		}
	}
	return files
}

// placeholders are a schema for each listed command that has no file: one that
// takes nothing, so that rules can't read from it what it does not guarantee.
func placeholders(dir string, m *manifest.Manifest) memfs.FS {
	more := memfs.FS{}
	for _, file := range madeSchemas(dir, m) {
		more[file] = []byte("false")
	}
	return more
}

// completed is a file system with more files in one of its folders.
type completed struct {
	fs.FS
	folder string
	more   memfs.FS
}

func (f completed) Open(name string) (fs.File, error) {
	if _, ok := f.more[name]; ok {
		return f.more.Open(name)
	}
	return f.FS.Open(name)
}

func (f completed) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(f.FS, name)
	if err == nil && name == f.folder && len(f.more) > 0 {
		more, err := f.more.ReadDir(name)
		return append(entries, more...), err
	}
	return entries, err
}

// warnings keeps what an app's start warns of, a line each. It knows no
// groups, and no attributes of a logger: the core uses none.
type warnings struct {
	mu    sync.Mutex
	lines []string
}

func (*warnings) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

func (w *warnings) Handle(_ context.Context, r slog.Record) error {
	line := r.Message
	if _, rest, ok := strings.Cut(line, ": "); ok {
		line = rest // which package says so means nothing to who reads it
	}
	r.Attrs(func(a slog.Attr) bool {
		line += " " + a.String()
		return true
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines = append(w.lines, line)
	return nil
}

func (w *warnings) WithAttrs([]slog.Attr) slog.Handler { return w }
func (w *warnings) WithGroup(string) slog.Handler      { return w }
