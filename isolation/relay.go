package isolation

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A relayLink is the relay's link: frames wait in it until the page asks.
type relayLink struct {
	mu      sync.Mutex
	frames  [][]byte
	waiting int           // bytes in frames
	max     int           // bytes
	ready   chan struct{} // closed when there is something to take, or the end
	over    bool
	fetched func() // called after every take that found something
	numbers requestNumbers
	kept    []byte // the newest frame of type ready, which may be lost with its response
}

func newRelayLink(max int) *relayLink {
	return &relayLink{max: max, ready: make(chan struct{})}
}

func (l *relayLink) send(frame []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over || l.waiting+len(frame) > l.max {
		return errors.New("isolation: the relay's queue is closed or full")
	}
	if typeOf(frame) == TypeReady {
		l.kept = frame
	}
	l.frames = append(l.frames, frame)
	l.waiting += len(frame)
	l.signal()
	return nil
}

// repeat brings ready again, the same bytes, of which a frame takes one.
func (l *relayLink) repeat() {
	l.mu.Lock()
	defer l.mu.Unlock()
	waits := slices.ContainsFunc(l.frames, func(f []byte) bool { return bytes.Equal(f, l.kept) })
	if l.over || l.kept == nil || waits {
		return
	}
	l.frames = append(l.frames, l.kept)
	l.waiting += len(l.kept)
	l.signal()
}

func (l *relayLink) held() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.waiting
}

func (l *relayLink) whenFetched(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fetched = f
}

func (l *relayLink) prompt() bool { return false }

func (l *relayLink) paced() bool { return false } // frames gather between requests anyway

func (l *relayLink) close(bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	l.signal()
}

// signal wakes every waiting request. Called with mu held.
func (l *relayLink) signal() {
	select {
	case <-l.ready:
	default:
		close(l.ready)
	}
}

// take empties the queue. It waits until there is something in it, the link
// is closed or ctx ends.
func (l *relayLink) take(ctx context.Context) [][]byte {
	for {
		l.mu.Lock()
		if len(l.frames) > 0 || l.over {
			frames := l.frames
			l.frames, l.waiting = nil, 0
			if !l.over {
				l.ready = make(chan struct{})
			}
			fetched := l.fetched
			l.mu.Unlock()
			if fetched != nil && len(frames) > 0 {
				fetched()
			}
			return frames
		}
		ready := l.ready
		l.mu.Unlock()
		select {
		case <-ready:
		case <-ctx.Done():
			return nil
		}
	}
}

// serveRelay carries frames for the session that the path names. A request
// with frames delivers them and takes along what waits; one without waits up
// to PollWithin for something to take.
func (g *Gate) serveRelay(w http.ResponseWriter, r *http.Request, in *window, path string) {
	raw, err := base64url.Strict().DecodeString(path)
	if err != nil || len(raw) != SessionIDSize {
		g.counters.discard("relay session")
		refuseOnPage(w, http.StatusNotFound)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(g.limits.MaxFrame)+4*MaxItems))
	if err != nil {
		g.counters.discard("relay body")
		refuseOnPage(w, http.StatusRequestEntityTooLarge)
		return
	}
	frames, ok := splitFrames(body)
	if !ok {
		g.counters.discard("relay body")
		refuseOnPage(w, http.StatusBadRequest)
		return
	}
	number, ok := requestNumber(r.URL.RawQuery)
	if !ok {
		g.counters.discard("relay request")
		refuseOnPage(w, http.StatusBadRequest)
		return
	}
	s, to, rest := g.relaySession(sessionID(raw), in, frames)
	if s == nil {
		refuseOnPage(w, http.StatusNotFound)
		return
	}
	if !to.begin(number) {
		g.counters.discard("relay request")
		refuseOnPage(w, http.StatusConflict)
		return
	}
	for _, frame := range rest {
		authentic := s.deliver(frame) // what is not is counted and dropped
		if t := typeOf(frame); !authentic && (t == TypeHello || t == TypeRekeyed) {
			to.repeat()
		}
	}
	ctx, cancel := context.WithCancel(r.Context())
	if len(frames) == 0 {
		ctx, cancel = context.WithTimeout(r.Context(), g.limits.PollWithin)
	} else {
		cancel()
	}
	defer cancel()
	var answer []byte
	for _, frame := range to.take(ctx) {
		answer = appendLengthPrefixed(answer, frame)
	}
	if s.ended.Load() && answer == nil {
		refuseOnPage(w, http.StatusGone)
		return
	}
	setPageHeaders(w.Header(), staticCSP, nil)
	w.Header().Set("Content-Type", "application/octet-stream")
	writeWithin(w, answer, g.limits.SendWithin)
}

// relaySession finds the live session of a relay request or makes it of the
// hello in front. All strangers look alike: nil.
func (g *Gate) relaySession(id sessionID, in *window, frames [][]byte) (*Session, *relayLink, [][]byte) {
	if s := g.session(id); s != nil && s.window == in && s.carrier == Relay {
		s.sending.Lock()
		to, ok := s.out.link.(*relayLink)
		s.sending.Unlock()
		if ok {
			return s, to, frames
		}
	}
	o := g.pending(id)
	if o == nil || o.window != in || o.carrier != Relay || len(frames) == 0 {
		g.counters.discard("relay session")
		return nil, nil, nil
	}
	to := newRelayLink(g.limits.MaxPending)
	s, err := o.accept(frames[0], to)
	if err != nil {
		return nil, nil, nil
	}
	return s, to, frames[1:]
}

// begin reports whether a request is not one that has been here before. Browsers
// send one again by themselves if a connection that they keep closes before an
// answer comes; what the first answer brought is lost, and the page must learn it.
func (l *relayLink) begin(number uint32) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return number == 0 || l.numbers.take(number)
}

// requestNumber reads ?n=1; without a query it is 0, and the request has none.
func requestNumber(query string) (uint32, bool) {
	if query == "" {
		return 0, true
	}
	text, ok := strings.CutPrefix(query, "n=")
	n, err := strconv.ParseUint(text, 10, 32)
	return uint32(n), ok && err == nil && n > 0
}

// requestNumbers takes each number once, of the last 64 before the highest. A
// page has no more than four requests under way. The zero value has taken none.
type requestNumbers struct {
	highest uint32
	taken   uint64 // bit i is highest-i
}

func (r *requestNumbers) take(n uint32) bool {
	if n > r.highest {
		r.taken = r.taken<<(n-r.highest) | 1 // a shift by 64 or more leaves nothing
		r.highest = n
		return true
	}
	bit := uint64(1) << (r.highest - n) // 0 below the last 64
	if bit == 0 || r.taken&bit != 0 {
		return false
	}
	r.taken |= bit
	return true
}

// splitFrames undoes appendLengthPrefixed for at most MaxItems frames.
func splitFrames(body []byte) ([][]byte, bool) {
	var frames [][]byte
	for len(body) > 0 {
		if len(body) < 4 || len(frames) == MaxItems {
			return nil, false
		}
		n := uint64(binary.BigEndian.Uint32(body))
		body = body[4:]
		if n > uint64(len(body)) {
			return nil, false
		}
		frames = append(frames, body[:n:n])
		body = body[n:]
	}
	return frames, true
}

// writeWithin bounds how long a page that does not read is waited for. What
// is lost with a response is missed by the frame, not here.
func writeWithin(w http.ResponseWriter, body []byte, d time.Duration) {
	c := http.NewResponseController(w)
	_ = c.SetWriteDeadline(time.Now().Add(d)) // a test's recorder has no deadlines
	_, _ = w.Write(body)
	_ = c.Flush()
	_ = c.SetWriteDeadline(time.Time{}) // the connection may serve more requests
}
