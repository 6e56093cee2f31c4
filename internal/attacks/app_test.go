package attacks

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"strings"
	"testing/fstest"
	"time"

	"github.com/sallyport/sallyport/core"
	"github.com/sallyport/sallyport/isolation"
)

// openApp starts the attacked app: two windows, and the commands of register.
func (l *lab) openApp(o options) {
	l.t.Helper()
	loopback, err := isolation.ListenLoopback()
	if err != nil {
		l.t.Fatal(err)
	}
	l.origins["frame"] = loopback.FrameOrigin()
	pages := map[string]string{}
	for _, label := range []string{"main", "editor"} {
		if pages[label], err = loopback.PageOrigin(label); err != nil {
			l.t.Fatal(err)
		}
	}
	maps.Copy(l.origins, pages)
	if o.boundary.ResumeWithin == 0 {
		// A page that goes may lose its farewell: then its session ends when
		// nobody has resumed it, and the tests needn't wait long for that.
		o.boundary.ResumeWithin = 2 * time.Second
	}
	files := os.DirFS("testdata/app")
	schemas, err := fs.Sub(files, "schemas")
	if err != nil {
		l.t.Fatal(err)
	}
	capabilities, err := fs.Sub(files, "capabilities")
	if err != nil {
		l.t.Fatal(err)
	}
	var hook []byte
	if o.pattern == isolation.Isolation {
		if hook, err = fs.ReadFile(files, "hook.js"); err != nil {
			l.t.Fatal(err)
		}
	}
	o.policy.ConnectSrc = append(o.policy.ConnectSrc, l.report)
	l.app, err = core.New(core.Config{
		Name: "lab", Schemas: schemas, Capabilities: capabilities, Hook: hook, Pattern: o.pattern,
		Windows: []isolation.Window{
			{Label: "main", Page: l.page(o.script, o.bundle), Carriers: o.carriers, Policy: o.policy},
			{Label: "editor", Page: l.page(cmp.Or(o.editor, "editor"), ""), Carriers: o.carriers, Policy: isolation.PagePolicy{ConnectSrc: []string{l.report}}},
		},
		FrameOrigin: loopback.FrameOrigin(), Origins: pages,
		Record: l.record, Observe: l.observe, Boundary: o.boundary, HookTimeout: o.hookLimit,
	})
	if err != nil {
		l.t.Fatal(err)
	}
	l.register()
	if err := l.app.Start(); err != nil {
		l.t.Fatal(err)
	}
	page, frame := l.watch.wrap(l.app.PageHandler()), l.watch.wrap(l.app.FrameHandler())
	if o.front != nil {
		page, frame = o.front(l, page, frame)
	}
	served := make(chan error, 1)
	go func() { served <- loopback.Serve(page, frame, nil) }()
	l.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := errors.Join(l.app.Shutdown(ctx), loopback.Close(), <-served); err != nil {
			l.t.Error(err)
		}
	})
}

// withoutSocket breaks every connection for a socket off, as a proxy might
// that knows no WebSockets.
func withoutSocket(l *lab, page, frame http.Handler) (http.Handler, http.Handler) {
	return page, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/socket" {
			l.broken.Add(1)
			panic(http.ErrAbortHandler)
		}
		frame.ServeHTTP(w, r)
	})
}

// page puts an attack script into the page that all of them share, or into
// that of a framework's bundle.
func (l *lab) page(script, bundle string) fs.FS {
	l.t.Helper()
	files := fstest.MapFS{"config.js": {Data: l.config()}}
	sources := map[string]string{
		"index.html": "pages/index.html", "lab.js": "pages/lab.js", "attack.js": "pages/" + script + ".js", "asset.mjs": "pages/asset.mjs", "worker.js": "pages/worker.js",
	}
	if bundle != "" {
		sources["index.html"], sources["app.js"] = "frameworks/index.html", "frameworks/"+bundle+"/app.js"
	}
	for name, from := range sources {
		text, err := os.ReadFile("testdata/" + from)
		if err != nil {
			l.t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: text}
	}
	return files
}

// config is what a script starts with. The hosts of other windows are among
// it, though no page can find them out: an attack must fail even so.
func (l *lab) config() []byte {
	text, err := json.Marshal(map[string]any{"report": l.report, "evil": l.evil, "hosts": l.origins})
	if err != nil {
		l.t.Fatal(err)
	}
	return []byte("const LAB = " + string(text) + ";\n")
}

// note is what each handler tells when it runs: how many have so far.
func (l *lab) note(ctx context.Context, text string) int {
	who, err := core.Caller(ctx)
	if err != nil {
		l.t.Error(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ran = append(l.ran, handled{who.Command, who.Window, who.Session, who.ID, text})
	return len(l.ran)
}

// register gives the app its commands. Each tells that it ran.
func (l *lab) register() {
	l.registerStreams()
	l.registerEvents()
	l.registerBytes()
	type number struct {
		N int `json:"n"`
	}
	type seen struct {
		Seen []string `json:"seen"`
	}
	core.Command(l.app, "echo", func(ctx context.Context, a text) (text, error) {
		l.note(ctx, a.Text)
		return a, nil
	})
	core.Command(l.app, "slow", func(ctx context.Context, _ empty) (empty, error) {
		l.note(ctx, "begun")
		<-ctx.Done()
		l.note(ctx, "ended")
		return empty{}, ctx.Err()
	})
	core.Command(l.app, "fail", func(ctx context.Context, a struct {
		Visible bool `json:"visible"`
	}) (empty, error) {
		l.note(ctx, "")
		err := errors.New("the file /secret/path is not there")
		if a.Visible {
			return empty{}, &core.UserError{Message: "The note is locked.", Err: err}
		}
		return empty{}, err
	})
	core.Command(l.app, "crash", func(ctx context.Context, _ empty) (empty, error) {
		l.note(ctx, "")
		panic("secret state")
	})
	// With a type in its signature this one would not start.
	l.app.Handle("garble", func(ctx context.Context, _ *core.Request) (any, error) {
		l.note(ctx, "")
		return text{"not what the schema says"}, nil
	})
	for _, name := range []string{"count", "vault.open", "forbidden", "editor.only"} {
		core.Command(l.app, name, func(ctx context.Context, _ empty) (any, error) {
			if n := l.note(ctx, ""); name == "count" {
				return number{n}, nil
			}
			return nil, nil
		})
	}
	for _, name := range []string{"hook.see", "hook.loot", "hook.leave"} {
		core.Command(l.app, name, func(ctx context.Context, a seen) (seen, error) {
			l.note(ctx, strings.Join(a.Seen, "\n"))
			return a, nil
		})
	}
}
