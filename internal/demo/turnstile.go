package demo

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/sallyport/sallyport/core"
)

// A discard is one request that the boundary threw something of away.
type discard struct {
	reasons map[string]uint64
	took    time.Duration
	origin  string // of a socket that was hung up on without a word; "" on the relay
}

// A turnstile stands before both hosts and times what the boundary throws
// away, which the core has no record of. Safe for concurrent use.
type turnstile struct {
	app      *core.App
	discards list[discard]
}

// maxCarried is more than the relay takes.
const maxCarried = 8 << 20

// page passes every request on to next and times those that the relay carries.
func (t *turnstile) page(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/.sallyport/relay/") {
			next.ServeHTTP(w, r)
			return
		}
		// Read before the clock starts: a slow browser is not the core's time.
		body, err := io.ReadAll(io.LimitReader(r.Body, maxCarried))
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if len(body) == 0 { // a poll, which carries nothing and waits
			next.ServeHTTP(w, r)
			return
		}
		before, began := t.discarded(), time.Now()
		next.ServeHTTP(w, r)
		t.note(before, discard{took: time.Since(began)})
	})
}

// frame passes every request on to next and watches the sockets.
func (t *turnstile) frame(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(upgraded{w, func(conn net.Conn) net.Conn {
			return &stranger{Conn: conn, turnstile: t, origin: r.Header.Get("Origin")}
		}}, r)
	})
}

func (t *turnstile) discarded() map[string]uint64 { return t.app.Stats().Boundary.Discarded }

// note keeps d if anything was discarded since before. Where two requests run
// at once, each notes what both came to.
func (t *turnstile) note(before map[string]uint64, d discard) {
	if d.reasons = rise(before, t.discarded()); len(d.reasons) > 0 {
		t.discards.add(d)
	}
}

// upgraded is an answer whose connection, once it is taken over, is watched.
type upgraded struct {
	http.ResponseWriter
	watch func(net.Conn) net.Conn
}

// Hijack implements http.Hijacker.
func (u upgraded) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(u.ResponseWriter).Hijack()
	if err == nil {
		conn = u.watch(conn)
		buffered.Writer.Reset(conn)
	}
	return conn, buffered, err
}

// A stranger is a socket that the core has not said a word on. One that it
// answers is a session's, and is not watched any longer.
type stranger struct {
	net.Conn
	turnstile *turnstile
	origin    string

	mu     sync.Mutex
	over   bool
	at     time.Time         // when the last of it arrived
	before map[string]uint64 // what had been discarded by then
}

// Read starts the clock when something has arrived.
func (s *stranger) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	s.mu.Lock()
	defer s.mu.Unlock()
	if n > 0 && !s.over {
		s.before, s.at = s.turnstile.discarded(), time.Now()
	}
	return n, err
}

// Write is the core's first word.
func (s *stranger) Write(p []byte) (int, error) {
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
	return s.Conn.Write(p)
}

// Close notes what was discarded before the other end can know of it.
func (s *stranger) Close() error {
	s.mu.Lock()
	if !s.over && !s.at.IsZero() {
		s.turnstile.note(s.before, discard{took: time.Since(s.at), origin: s.origin})
	}
	s.over = true
	s.mu.Unlock()
	return s.Conn.Close()
}
