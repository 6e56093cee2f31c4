package attacks

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/core"
	"github.com/sallyport/sallyport/isolation"
)

// options are what labs differ in.
type options struct {
	script    string // of the main window's page, in testdata/pages
	editor    string // of the editor's; editor.js if empty
	bundle    string // in testdata/frameworks: a page of its own beside the script
	pattern   isolation.Pattern
	carriers  []isolation.Carrier
	policy    isolation.PagePolicy // ConnectSrc is the lab's
	boundary  isolation.Limits
	hookLimit time.Duration
	noSocket  bool // nothing answers where the frame's socket is
}

// A lab is one attacked app, with all that the test sees of it, and the evil
// site beside it.
type lab struct {
	t      *testing.T
	driver *driver
	app    *core.App
	record *audits.Memory
	watch  *watch
	raw    *http.Client

	origins map[string]string // page origins by label, and the frame's as "frame"
	evil    string            // origin
	report  string            // the one address of the evil site that pages may reach

	broken atomic.Int64 // connections broken off by withoutSocket

	mu    sync.Mutex
	ran   []handled
	hits  []string // requests to the evil site that are no reports
	said  []string // report bodies
	tabs  map[string]*tab
	notes map[string]json.RawMessage // what one window leaves for another

	arrived chan *tab
}

// A handled call is one that reached a handler.
type handled struct{ Command, Window, Session, ID, Text string }

func newLab(t *testing.T, d *driver, o options) *lab {
	t.Helper()
	l := &lab{
		t: t, driver: d, record: audits.NewMemory(1 << 14), watch: &watch{}, origins: map[string]string{},
		tabs: map[string]*tab{}, notes: map[string]json.RawMessage{}, arrived: make(chan *tab, 64),
	}
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	l.raw = &http.Client{
		Timeout: 10 * time.Second,
		Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				_, port, err := net.SplitHostPort(address)
				if err != nil {
					return nil, err
				}
				return dialer.DialContext(ctx, "tcp4", net.JoinHostPort("127.0.0.1", port))
			},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	l.openEvil()
	l.openApp(o)
	t.Cleanup(l.judge)
	return l
}

// openEvil starts the other site. It is a site of its own by name and port.
func (l *lab) openEvil() {
	l.t.Helper()
	site, err := isolation.ListenLoopback()
	if err != nil {
		l.t.Fatal(err)
	}
	origin, err := site.PageOrigin("evil")
	if err != nil {
		l.t.Fatal(err)
	}
	l.evil, l.report = origin, origin+"/report/"
	done := make(chan struct{})
	go func() {
		defer close(done)
		site.Serve(http.HandlerFunc(l.serveEvil), http.NotFoundHandler(), nil)
	}()
	l.t.Cleanup(func() {
		site.Close()
		<-done
	})
}

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
		// Firefox doesn't always get a page's farewell out before it closes the
		// socket: then a session ends when nobody resumes it.
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
		Record: l.record, Boundary: o.boundary, HookTimeout: o.hookLimit,
	})
	if err != nil {
		l.t.Fatal(err)
	}
	l.register()
	if err := l.app.Start(); err != nil {
		l.t.Fatal(err)
	}
	frames := l.watch.wrap(l.app.FrameHandler())
	if o.noSocket {
		frames = l.withoutSocket(frames)
	}
	served := make(chan error, 1)
	go func() {
		served <- loopback.Serve(l.watch.wrap(l.app.PageHandler()), frames, nil)
	}()
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
func (l *lab) withoutSocket(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/socket" {
			l.broken.Add(1)
			panic(http.ErrAbortHandler)
		}
		h.ServeHTTP(w, r)
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

// register gives the app its commands. Each tells that it ran.
func (l *lab) register() {
	type text struct {
		Text string `json:"text"`
	}
	type number struct {
		N int `json:"n"`
	}
	type seen struct {
		Seen []string `json:"seen"`
	}
	type none struct{}
	note := func(ctx context.Context, text string) int {
		who, err := core.Caller(ctx)
		if err != nil {
			l.t.Error(err)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.ran = append(l.ran, handled{who.Command, who.Window, who.Session, who.ID, text})
		return len(l.ran)
	}
	core.Command(l.app, "echo", func(ctx context.Context, a text) (text, error) {
		note(ctx, a.Text)
		return a, nil
	})
	core.Command(l.app, "slow", func(ctx context.Context, _ none) (none, error) {
		note(ctx, "begun")
		<-ctx.Done()
		note(ctx, "ended")
		return none{}, ctx.Err()
	})
	core.Command(l.app, "fail", func(ctx context.Context, a struct {
		Visible bool `json:"visible"`
	}) (none, error) {
		note(ctx, "")
		err := errors.New("the file /secret/path is not there")
		if a.Visible {
			return none{}, &core.UserError{Message: "The note is locked.", Err: err}
		}
		return none{}, err
	})
	core.Command(l.app, "crash", func(ctx context.Context, _ none) (none, error) {
		note(ctx, "")
		panic("secret state")
	})
	core.Command(l.app, "garble", func(ctx context.Context, _ none) (text, error) {
		note(ctx, "")
		return text{"not what the schema says"}, nil
	})
	for _, name := range []string{"count", "vault.open", "forbidden", "editor.only"} {
		core.Command(l.app, name, func(ctx context.Context, _ none) (any, error) {
			if n := note(ctx, ""); name == "count" {
				return number{n}, nil
			}
			return nil, nil
		})
	}
	for _, name := range []string{"hook.see", "hook.loot", "hook.leave"} {
		core.Command(l.app, name, func(ctx context.Context, a seen) (seen, error) {
			note(ctx, strings.Join(a.Seen, "\n"))
			return a, nil
		})
	}
}

// host is the Host header of a label's pages, or of the frame.
func (l *lab) host(label string) string {
	u, err := url.Parse(l.origins[label])
	if err != nil {
		l.t.Fatal(err)
	}
	return u.Host
}

// await waits for what has to happen.
func (l *lab) await(what string, holds func() bool) bool {
	l.t.Helper()
	return l.awaitFor(10*time.Second, what, holds)
}

func (l *lab) awaitFor(within time.Duration, what string, holds func() bool) bool {
	l.t.Helper()
	for end := time.Now().Add(within); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			l.t.Errorf("waited in vain: %s; the gate counts %+v", what, l.app.Gate().Stats())
			return false
		}
	}
	return true
}

// judge holds at every lab's end, whatever the attacks were.
func (l *lab) judge() {
	l.mu.Lock()
	ran, hits, said := l.ran, l.hits, strings.Join(l.said, "\n")
	l.mu.Unlock()
	for _, h := range ran {
		if h.Command == "vault.open" || h.Command == "forbidden" || h.Command == "editor.only" && h.Window != "editor" {
			l.t.Errorf("a handler ran that must not: %+v", h)
		}
	}
	for _, hit := range hits {
		l.t.Errorf("the evil site was reached: %s", hit)
	}
	for _, e := range l.watch.exchanges(0, 0, func(e *exchange) bool { return e.Status > http.StatusSwitchingProtocols }) {
		for _, missing := range e.misses(l.host("frame")) {
			l.t.Errorf("%v: %s", &e, missing)
		}
	}
	for _, h := range l.handshakes() {
		if strings.Contains(said, h.Secret) || strings.Contains(said, h.CoreKey) {
			l.t.Error("a page got to know what stands in a frame's document")
		}
	}
	l.judgeRecord(ran)
}

// judgeRecord compares the record with what ran: no handler without a
// decision to allow it.
func (l *lab) judgeRecord(ran []handled) {
	allowed := map[string]string{}
	for _, r := range l.record.Records() {
		if r.Kind == audits.KindDecision && r.Verdict == audits.VerdictAllow {
			allowed[r.ID] = r.Command
		}
	}
	for _, h := range ran {
		if allowed[h.ID] != h.Command {
			l.t.Errorf("%+v ran without a decision on record", h)
		}
	}
}

// handshakes are what the frame documents held that were served.
func (l *lab) handshakes() []isolation.Handshake {
	var all []isolation.Handshake
	for _, e := range l.watch.exchanges(0, 0, func(e *exchange) bool { return e.Host == l.host("frame") && e.Status == http.StatusOK }) {
		if h, ok := element[isolation.Handshake](e.Body, "sallyport-frame"); ok {
			all = append(all, h)
		}
	}
	return all
}

// element reads the JSON of a document's configuration element.
func element[T any](document []byte, id string) (T, bool) {
	var v T
	_, rest, ok := strings.Cut(string(document), fmt.Sprintf(`<script type="application/json" id=%q>`, id))
	text, _, end := strings.Cut(rest, "</script>")
	return v, ok && end && json.Unmarshal([]byte(text), &v) == nil
}

// handled are the calls of a command that reached its handler.
func (l *lab) handled(command string) []handled {
	l.mu.Lock()
	defer l.mu.Unlock()
	var some []handled
	for _, h := range l.ran {
		if h.Command == command {
			some = append(some, h)
		}
	}
	return some
}
