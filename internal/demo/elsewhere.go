package demo

import (
	"context"
	_ "embed"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// strangerCase is the attack that another site's page makes.
const strangerCase = "null-origin socket"

//go:embed elsewhere.html
var elsewherePage []byte

// What the other site's page can say of its frame's socket.
const (
	saidClosed      = "closed" // without a word
	saidAnswered    = "answered"
	saidOpen        = "open" // still, after some seconds
	saidUnreachable = "unreachable"
)

// elsewhereWithin is how long a page is waited for, to come or to report.
const elsewhereWithin = 5 * time.Second

// An elsewhere is the page of another site, on the binding's server. The
// hostile script opens it, and by the page's headers has no hold on it from
// there on; so that it knows when its turn is, it asks this server, which the
// script tells. Safe for concurrent use.
type elsewhere struct {
	origin string // its own
	target target
	within time.Duration
	turn   chan struct{} // from the script to a page that waits

	mu   sync.Mutex
	said chan string // by the page whose turn it was; nil if it is nobody's
}

// A target is what the page's frame attacks.
type target struct {
	Binding string `json:"binding"`
	Path    string `json:"path"` // of the file that it removes by that
	Socket  string `json:"socket"`
}

func newElsewhere(origin string, t target) *elsewhere {
	return &elsewhere{origin: origin, target: t, within: elsewhereWithin, turn: make(chan struct{})}
}

func (e *elsewhere) register(mux *http.ServeMux) {
	mux.HandleFunc("GET /elsewhere", e.servePage)
	mux.HandleFunc("POST /elsewhere/turn", e.own(e.serveTurn))
	mux.HandleFunc("POST /elsewhere/said", e.own(e.serveSaid))
	mux.HandleFunc("POST /elsewhere/now", e.serveNow)
}

// own lets through what the page itself asks, which no other can pretend.
func (e *elsewhere) own(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Origin") != e.origin {
			http.Error(w, http.StatusText(http.StatusForbidden), http.StatusForbidden)
			return
		}
		next(w, r)
	}
}

func (e *elsewhere) servePage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(elsewherePage) // a window that went away misses it
}

// serveTurn holds the page's request until its turn comes, or for a while: it
// asks again then.
func (e *elsewhere) serveTurn(w http.ResponseWriter, r *http.Request) {
	select {
	case <-e.turn:
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(e.target)
	case <-time.After(e.within):
		w.WriteHeader(http.StatusNoContent)
	case <-r.Context().Done():
	}
}

// serveNow is the hostile script's word to a page that waits.
func (e *elsewhere) serveNow(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	e.mu.Lock()
	e.said = make(chan string, 1)
	e.mu.Unlock()
	select {
	case e.turn <- struct{}{}:
	case <-time.After(e.within):
		e.forget()
		http.Error(w, "the other site's page did not come up", http.StatusGatewayTimeout)
	case <-r.Context().Done():
		e.forget()
	}
}

func (e *elsewhere) serveSaid(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(io.LimitReader(r.Body, 100))
	if err != nil || !slices.Contains([]string{saidClosed, saidAnswered, saidOpen, saidUnreachable}, string(text)) {
		http.Error(w, http.StatusText(http.StatusBadRequest), http.StatusBadRequest)
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	select {
	case e.said <- string(text):
	default: // nobody's turn, or said before
	}
}

// forget ends a turn: what is said afterwards is not listened to.
func (e *elsewhere) forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.said = nil
}

// report is what the page said of its turn, "" if there was none or nothing
// is said in time.
func (e *elsewhere) report(ctx context.Context) string {
	e.mu.Lock()
	said := e.said
	e.mu.Unlock()
	if said == nil {
		return ""
	}
	defer e.forget()
	select {
	case text := <-said:
		return text
	case <-time.After(e.within):
	case <-ctx.Done():
	}
	return ""
}
