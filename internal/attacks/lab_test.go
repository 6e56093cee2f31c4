package attacks

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
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

	// front stands in front of the app's two hosts, if it is given.
	front func(l *lab, page, frame http.Handler) (http.Handler, http.Handler)
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
	fed    atomic.Int64 // items that "feed" has sent

	mu      sync.Mutex
	ran     []handled
	seen    []core.Request // by Observe, arguments left out
	heardOf []heard
	hits    []string // requests to the evil site that are no reports
	said    []string // report bodies
	tabs    map[string]*tab
	notes   map[string]json.RawMessage // what one window leaves for another

	arrived chan *tab
}

// A handled call is one that reached a handler.
type handled struct{ Command, Window, Session, ID, Text string }

func newLab(t *testing.T, d *driver, o options) *lab {
	t.Helper()
	l := &lab{
		t: t, driver: d, record: audits.NewMemory(1 << 16), watch: &watch{}, origins: map[string]string{},
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
	l.judgeEvents()
}

// judgeRecord compares the record with what ran: no handler without a
// decision to allow it.
func (l *lab) judgeRecord(ran []handled) {
	allowed := map[string]audits.Record{}
	for _, r := range l.record.Records() {
		if r.Kind == audits.KindDecision && r.Verdict == audits.VerdictAllow {
			allowed[r.ID] = r
		}
	}
	for _, h := range ran {
		if allowed[h.ID].Command != h.Command {
			l.t.Errorf("%+v ran without a decision on record", h)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.seen {
		if a := allowed[r.ID]; a.Command != r.Command || a.Event != r.Event || a.Window != r.Window || a.Session != r.Session || r.Target != "" && l.origins[r.Target] != "" && a.Target != r.Target {
			l.t.Errorf("%+v was dispatched without a decision on record", r)
		}
	}
}

// observe sees every request on its way to whoever runs it, those that are about
// events included.
func (l *lab) observe(r *core.Request) {
	seen := *r
	seen.Args = nil
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = append(l.seen, seen)
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
