package attacks

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// A watch sees every request to an app's hosts and what it was answered.
type watch struct {
	mu   sync.Mutex
	seen []*exchange
}

// An exchange is one request and its response.
type exchange struct {
	Host, Method, Path string
	Request            http.Header
	Status             int // 0 while there is none
	Response           http.Header
	Body               []byte // of HTML and JSON
}

func (e *exchange) String() string {
	return fmt.Sprintf("%s %s%s (%s %s %s, Origin %q): %d", e.Method, e.Host, e.Path,
		e.Request.Get("Sec-Fetch-Site"), e.Request.Get("Sec-Fetch-Mode"), e.Request.Get("Sec-Fetch-Dest"), e.Request.Get("Origin"), e.Status)
}

func (w *watch) wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		e := &exchange{Host: r.Host, Method: r.Method, Path: r.URL.Path, Request: r.Header.Clone()}
		w.mu.Lock()
		w.seen = append(w.seen, e)
		w.mu.Unlock()
		h.ServeHTTP(&watched{ResponseWriter: rw, watch: w, exchange: e}, r)
	})
}

// exchanges returns copies of those that fit, of a part of them; a to of 0 is
// the last.
func (w *watch) exchanges(from, to int, fits func(e *exchange) bool) []exchange {
	w.mu.Lock()
	defer w.mu.Unlock()
	if to == 0 {
		to = len(w.seen)
	}
	var some []exchange
	for _, e := range w.seen[from:to] {
		if fits(e) {
			some = append(some, *e)
		}
	}
	return some
}

func (w *watch) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.seen)
}

// A watched is a ResponseWriter that writes down what goes through it.
type watched struct {
	http.ResponseWriter
	watch    *watch
	exchange *exchange
}

// Unwrap is for http.ResponseController.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Hijack is for WebSockets, which ask for it by type.
func (w *watched) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

func (w *watched) WriteHeader(status int) {
	w.watch.mu.Lock()
	if w.exchange.Status == 0 {
		w.exchange.Status, w.exchange.Response = status, w.Header().Clone()
	}
	w.watch.mu.Unlock()
	w.ResponseWriter.WriteHeader(status)
}

func (w *watched) Write(p []byte) (int, error) {
	w.watch.mu.Lock()
	if w.exchange.Status == 0 {
		w.exchange.Status, w.exchange.Response = http.StatusOK, w.Header().Clone()
	}
	if kind := w.Header().Get("Content-Type"); strings.HasPrefix(kind, "text/html") || kind == "application/json" {
		w.exchange.Body = append(w.exchange.Body, p...)
	}
	w.watch.mu.Unlock()
	return w.ResponseWriter.Write(p)
}

// misses says what a response lacks of what every response carries.
func (e *exchange) misses(frameHost string) []string {
	var missing []string
	want := map[string]string{
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Embedder-Policy": "require-corp",
		"Referrer-Policy":              "no-referrer",
		"X-Content-Type-Options":       "nosniff",
		"Cache-Control":                "no-store",
	}
	onFrame := e.Host == frameHost
	want["Cross-Origin-Resource-Policy"] = "same-origin"
	if onFrame && e.Status == http.StatusOK {
		want["Cross-Origin-Resource-Policy"] = "cross-origin"
	}
	for name, value := range want {
		if got := e.Response[name]; !slices.Equal(got, []string{value}) {
			missing = append(missing, fmt.Sprintf("%s is %q, want %q", name, got, value))
		}
	}
	csp := strings.Join(e.Response["Content-Security-Policy"], "\n")
	for _, directive := range []string{"default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors "} {
		if !strings.Contains(csp, directive) {
			missing = append(missing, "Content-Security-Policy has no "+directive)
		}
	}
	if !strings.Contains(e.Response.Get("Permissions-Policy"), "camera=()") {
		missing = append(missing, "Permissions-Policy does not deny the camera")
	}
	for name := range e.Response {
		if strings.HasPrefix(name, "Access-Control-") || name == "Server" || name == "X-Powered-By" {
			missing = append(missing, "there is a header "+name)
		}
	}
	if e.Status != http.StatusOK && bytes.Contains(e.Body, []byte("<")) {
		missing = append(missing, "an error with markup in it")
	}
	return missing
}
