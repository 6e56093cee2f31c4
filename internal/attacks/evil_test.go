package attacks

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"runtime"
	"strings"
	"time"

	"github.com/sallyport/sallyport/core"
)

// A tab is a page that reports.
type tab struct {
	id    string
	href  string
	role  int // 0 for the first of its origin
	lab   *lab
	done  chan struct{} // closed when its last attack is over
	begun map[string]moment
	facts map[string]*result
}

// A moment is all that the test sees, at one time.
type moment struct {
	ran, hits, exchanges int
	stats                core.Stats
}

// A result is one attack: what the page says of it, and what was seen before
// and after.
type result struct {
	facts         map[string]any
	before, after moment
}

func (l *lab) moment() moment {
	l.mu.Lock()
	defer l.mu.Unlock()
	return moment{ran: len(l.ran), hits: len(l.hits), exchanges: l.watch.count(), stats: l.app.Stats()}
}

// settle is how long the effects of an attack may take to show.
const settle = 80 * time.Millisecond

// serveEvil is the other site: it takes reports, serves hostile pages, and
// counts everything else as stolen goods.
func (l *lab) serveEvil(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasPrefix(r.URL.Path, "/report/"):
		l.serveReport(w, r)
	case strings.HasPrefix(r.URL.Path, "/page/"):
		l.serveScripts(w, r)
	case r.URL.Path == "/redirect/":
		http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusFound)
	case r.URL.Path == "/favicon.ico":
		http.NotFound(w, r)
	default:
		l.mu.Lock()
		l.hits = append(l.hits, fmt.Sprintf("%s %s (%s)", r.Method, r.URL.Path, r.Header.Get("Sec-Fetch-Dest")))
		l.mu.Unlock()
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	}
}

// serveScripts serves /page/NAME/, a hostile page of the evil site's own.
func (l *lab) serveScripts(w http.ResponseWriter, r *http.Request) {
	_, file := path.Split(r.URL.Path)
	name := path.Base(path.Dir(r.URL.Path))
	switch file {
	case "":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, `<!doctype html><meta charset="utf-8"><title>Evil</title><body><script src="config.js"></script><script src="lab.js"></script><script src="attack.js"></script>`)
		return
	case "config.js":
		w.Header().Set("Content-Type", "text/javascript")
		w.Write(l.config())
		return
	case "attack.js":
		file = name + ".js"
	}
	text, err := os.ReadFile("testdata/pages/" + path.Base(file))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/javascript")
	w.Write(text)
}

func (l *lab) serveReport(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	body, err := io.ReadAll(io.LimitReader(r.Body, 4<<20))
	if err != nil || r.Method != http.MethodPost {
		http.Error(w, "want a report", http.StatusBadRequest)
		return
	}
	what := strings.TrimPrefix(r.URL.Path, "/report/")
	if question, ok := strings.CutPrefix(what, "ask/"); ok {
		json.NewEncoder(w).Encode(l.answer(question, body))
		return
	}
	l.mu.Lock()
	l.said = append(l.said, string(body))
	l.mu.Unlock()
	fmt.Fprintf(w, `{"role":%d}`, l.heard(r.URL.Query().Get("tab"), what, body))
}

// heard takes a report of a tab. It returns how many tabs of the same origin
// have come before it.
func (l *lab) heard(id, what string, body []byte) int {
	var said struct {
		Name, Href string
		Facts      map[string]any
	}
	if err := json.Unmarshal(body, &said); err != nil {
		l.t.Errorf("report %s: %v", what, err)
		return 0
	}
	if what == "end" {
		time.Sleep(settle)
	}
	now := l.moment()
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.tabs[id]
	if t == nil {
		role := 0
		for _, other := range l.tabs {
			if origin(other.href) == origin(said.Href) {
				role++
			}
		}
		t = &tab{id: id, href: said.Href, role: role, lab: l, done: make(chan struct{}), begun: map[string]moment{}, facts: map[string]*result{}}
		l.tabs[id] = t
		l.arrived <- t
	}
	switch what {
	case "begin":
		t.begun[said.Name] = now
	case "end":
		t.facts[said.Name] = &result{facts: said.Facts, before: t.begun[said.Name], after: now}
	case "done":
		close(t.done)
	}
	return t.role
}

func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// answer is what the test does for a page on its word.
func (l *lab) answer(question string, body []byte) any {
	switch question {
	case "ticket": // a frame's address that nobody has used
		return l.freshFrame("main")
	case "heap": // what the app holds, in MiB
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc >> 20
	case "listeners":
		return l.app.Stats().Listeners
	case "under way":
		return l.app.Stats().UnderWay
	case "launch": // a launch that nobody has used
		launch, err := l.app.Gate().LaunchURL("main")
		if err != nil {
			l.t.Error(err)
		}
		return launch
	case "open": // another window of the app, in a tab that nobody is opener of
		var label string
		if err := json.Unmarshal(body, &label); err != nil {
			l.t.Error(err)
		}
		l.openTab(label)
		return true
	case "leave": // something for another window
		l.mu.Lock()
		defer l.mu.Unlock()
		var note struct {
			Name  string
			Value json.RawMessage
		}
		if err := json.Unmarshal(body, &note); err != nil {
			l.t.Error(err)
		}
		l.notes[note.Name] = note.Value
		return true
	case "take":
		var name string
		if err := json.Unmarshal(body, &name); err != nil {
			l.t.Error(err)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.notes[name]
	case "loot": // what a worker has got hold of
		var loot struct{ Scope, Way, Said string }
		if err := json.Unmarshal(body, &loot); err != nil {
			l.t.Error(err)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.said = append(l.said, string(body))
		if loot.Way == "opaque" { // the last of them
			l.notes["loot of "+loot.Scope] = json.RawMessage("true")
		}
		return true
	}
	l.t.Errorf("a page asks for %q", question)
	return nil
}

// openTab opens a window of the app as its user does: by a launch token.
func (l *lab) openTab(label string) {
	l.t.Helper()
	launch, err := l.app.Gate().LaunchURL(label)
	if err != nil {
		l.t.Error(err)
		return
	}
	l.driver.open(launch)
}

// visit opens a window and waits for its script's end.
func (l *lab) visit(label string) *tab {
	l.t.Helper()
	l.openTab(label)
	return l.finish(l.arrival(l.origins[label]))
}

// visitEvil opens a page of the evil site and waits for its end.
func (l *lab) visitEvil(script string) *tab {
	l.t.Helper()
	l.driver.open(l.evil + "/page/" + script + "/")
	return l.finish(l.arrival(l.evil))
}

// arrival waits for the next tab, which must be of an origin.
func (l *lab) arrival(origin string) *tab {
	l.t.Helper()
	select {
	case t := <-l.arrived:
		if !strings.HasPrefix(t.href, origin+"/") {
			l.t.Fatalf("%s has arrived, and %s was expected", t.href, origin)
		}
		return t
	case <-l.driver.process.Done():
		l.t.Fatal(l.driver.process.Err())
	case <-time.After(30 * time.Second):
		l.t.Fatalf("no page of %s has reported; the requests were:\n%s\nand the browser wrote:\n%s", origin, l.trace(0, 0), l.driver.process.Stderr())
	}
	return nil
}

func (l *lab) finish(t *tab) *tab {
	l.t.Helper()
	select {
	case <-t.done:
	case <-time.After(90 * time.Second):
		l.t.Fatalf("%s has not come to its end; it reported %v; the requests were:\n%s", t.href, l.reported(t), l.trace(0, 0))
	}
	return t
}

func (l *lab) reported(t *tab) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var names []string
	for name := range t.begun {
		if t.facts[name] == nil {
			name += " (not ended)"
		}
		names = append(names, name)
	}
	return names
}

// trace lists the requests to the app between two moments.
func (l *lab) trace(from, to int) string {
	var b strings.Builder
	for _, e := range l.watch.exchanges(from, to, func(*exchange) bool { return true }) {
		fmt.Fprintln(&b, e.String())
	}
	return b.String()
}

// containsPath says whether a hit was of a path.
func containsPath(hit, path string) bool { return strings.Contains(hit, " "+path+" ") }
