package soak

import (
	"bufio"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Wires are the frames' sockets and the relay's requests, to be disturbed.
type wires struct {
	mu      sync.Mutex
	open    map[*wire]struct{}
	stalled time.Time

	refusing atomic.Bool
	lose     atomic.Int64 // requests of the relay that are to be lost
	dropped  atomic.Int64
	lost     atomic.Int64
}

func newWires() *wires { return &wires{open: map[*wire]struct{}{}} }

// frames stands in front of the frame's host.
func (w *wires) frames(h http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/socket" {
			if w.refusing.Load() {
				panic(http.ErrAbortHandler)
			}
			rw = &socketWriter{rw, w}
		}
		h.ServeHTTP(rw, r)
	})
}

// pages stands in front of the pages' hosts. A request is lost on its way there
// or on its way back.
func (w *wires) pages(h http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/.sallyport/relay/") || w.lose.Add(-1) < 0 {
			h.ServeHTTP(rw, r)
			return
		}
		w.lost.Add(1)
		if rand.IntN(2) == 0 {
			h.ServeHTTP(httptest.NewRecorder(), r)
		}
		panic(http.ErrAbortHandler)
	})
}

type socketWriter struct {
	http.ResponseWriter
	wires *wires
}

// Unwrap is for http.ResponseController.
func (s *socketWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// Hijack is for WebSockets, which ask for it by type.
func (s *socketWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(s.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	c := &wire{Conn: conn, wires: s.wires}
	s.wires.mu.Lock()
	s.wires.open[c] = struct{}{}
	s.wires.mu.Unlock()
	return c, buffered, nil
}

// A wire is one socket.
type wire struct {
	net.Conn
	wires *wires
}

func (c *wire) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.hold()
	return n, err
}

func (c *wire) Write(p []byte) (int, error) {
	c.hold()
	return c.Conn.Write(p)
}

func (c *wire) hold() {
	c.wires.mu.Lock()
	until := c.wires.stalled
	c.wires.mu.Unlock()
	time.Sleep(time.Until(until))
}

// Close takes the wire off the list.
func (c *wire) Close() error {
	c.wires.mu.Lock()
	delete(c.wires.open, c)
	c.wires.mu.Unlock()
	return c.Conn.Close()
}

// drop breaks sockets off, wherever they are in a message: one of them, or all.
func (w *wires) drop(all bool) {
	w.mu.Lock()
	var some []*wire
	for c := range w.open { // in random order
		if all || len(some) == 0 {
			some = append(some, c)
		}
	}
	w.mu.Unlock()
	for _, c := range some {
		w.dropped.Add(1)
		c.Conn.Close() // the wire's own end notices
	}
}

// stall holds everything up for a while.
func (w *wires) stall(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stalled = time.Now().Add(d)
}

// heal ends all disturbances.
func (w *wires) heal() {
	w.refusing.Store(false)
	w.lose.Store(0)
	w.stall(0)
}
