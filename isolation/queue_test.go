package isolation

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestC9TheRelaysQueueIsBounded fills it to the byte, empties it, and closes
// it.
func TestC9TheRelaysQueueIsBounded(t *testing.T) {
	l := newRelayLink(100)
	take := func(want int) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if frames := l.take(ctx); len(frames) != want {
			t.Errorf("%d frames were taken, want %d", len(frames), want)
		}
	}
	for round := range 3 { // what was taken makes room
		for i, tt := range []struct {
			size int
			fits bool
		}{{60, true}, {41, false}, {40, true}, {1, false}} {
			if err := l.send(make([]byte, tt.size)); (err == nil) != tt.fits {
				t.Errorf("round %d, frame %d of %d bytes: %v", round, i, tt.size, err)
			}
		}
		take(2)
		take(0)
	}
	if err := l.send(make([]byte, 7)); err != nil {
		t.Fatal(err)
	}
	l.close(true)
	if err := l.send(make([]byte, 7)); err == nil {
		t.Error("a closed queue took a frame")
	}
	take(1) // what was in it still arrives
	take(0)
}

// TestTheRelaysQueueKeepsTheNewestReady repeats it, once at a time, and nothing
// else.
func TestTheRelaysQueueKeepsTheNewestReady(t *testing.T) {
	l := newRelayLink(1000)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	frame := func(typ Type, sequence uint64) []byte { return header{typ: typ, sequence: sequence}.append(nil) }
	take := func(want ...[]byte) {
		t.Helper()
		if got := l.take(ctx); !slices.EqualFunc(got, want, bytes.Equal) {
			t.Errorf("frames %x were taken, want %x", got, want)
		}
	}
	l.repeat()
	take()
	for n := range uint64(2) {
		for _, typ := range []Type{TypeBatch, TypeReady, TypePing} {
			if err := l.send(frame(typ, n)); err != nil {
				t.Fatal(err)
			}
		}
		l.repeat() // it waits as it is
		take(frame(TypeBatch, n), frame(TypeReady, n), frame(TypePing, n))
		l.repeat()
		l.repeat()
		if err := l.send(frame(TypeBatch, 9)); err != nil {
			t.Fatal(err)
		}
		take(frame(TypeReady, n), frame(TypeBatch, 9))
		if l.waiting != 0 {
			t.Errorf("%d bytes are said to wait", l.waiting)
		}
	}
	l.close(true)
	l.repeat()
	take()
}

// TestTheRelaysQueueWakesWhoWaits has several requests wait for one frame, for
// the end, and for their own time to be over.
func TestTheRelaysQueueWakesWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newRelayLink(100)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		taken := make(chan int, 3)
		wait := func() { taken <- len(l.take(ctx)) }
		for range 3 {
			go wait()
		}
		synctest.Wait()
		if err := l.send(make([]byte, 7)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(taken) != 1 || <-taken != 1 {
			t.Errorf("a frame woke %d requests", len(taken))
		}
		l.close(true)
		synctest.Wait()
		if len(taken) != 2 || <-taken+<-taken != 0 {
			t.Errorf("the end woke %d requests", len(taken))
		}

		l = newRelayLink(100)
		start := time.Now()
		wait()
		if took := time.Since(start); took != time.Minute || <-taken != 0 {
			t.Errorf("a request without a frame waited for %v", took)
		}
	})
}

// TestC9APageThatDoesNotReadItsResponseIsGivenUp writes more than every buffer
// holds, and then looks whether a page that reads may go on.
func TestC9APageThatDoesNotReadItsResponseIsGivenUp(t *testing.T) {
	const within = 100 * time.Millisecond
	took := make(chan time.Duration, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		size := 1
		if r.URL.Path == "/large" {
			size = 64 << 20
		}
		start := time.Now()
		if r.URL.Path == "/page" { // one that has no time of its own
			_, _ = w.Write(make([]byte, size))
		} else {
			writeWithin(w, make([]byte, size), within)
		}
		took <- time.Since(start)
	}))
	defer server.Close()
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	ask := func(conn net.Conn, path string) {
		if _, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	ask(dial(), "/large")
	select {
	case d := <-took:
		if d < within {
			t.Errorf("it was given up after %v", d)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the core still writes to a page that does not read")
	}
	conn := dial()
	reader := bufio.NewReader(conn)
	for _, path := range []string{"/", "/page"} {
		ask(conn, path)
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(response.Body); err != nil {
			t.Fatal(err)
		}
		<-took
		time.Sleep(2 * within)
	}
}

// TestC8AnUpgradeThatFailsIsCounted asks for a socket where none can be made.
func TestC8AnUpgradeThatFailsIsCounted(t *testing.T) {
	g, _ := quietGate(t)
	g.serveSocket(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/socket", nil), nil)
	if n := g.Stats().Discarded["upgrade"]; n != 1 {
		t.Errorf("it was counted %d times", n)
	}
}

// TestC9EndedSessionsLeaveNothingBehind ends the newest session of a document
// and one that it replaced.
func TestC9EndedSessionsLeaveNothingBehind(t *testing.T) {
	g := twoWindows(t, Limits{})
	w := g.windows["main"]
	d := g.newDocument(w)
	var made []*Session
	for range 2 {
		o, err := g.redeem(g.mint(w, d, Relay))
		if err != nil {
			t.Fatal(err)
		}
		s, err := o.accept(helloTo(t, o), newRelayLink(1<<20))
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, s)
	}
	if made[0].reason != EndReplaced || made[1].ended.Load() || g.documents[d] != made[1] {
		t.Errorf("the older session's end is %q, the newer has ended: %v", made[0].reason, made[1].ended.Load())
	}
	made[1].End(EndRevoked)
	if len(g.sessions)+len(g.documents)+len(g.offers)+len(g.tickets.tickets) != 0 {
		t.Errorf("%d sessions, %d documents, %d offers and %d tickets are kept", len(g.sessions), len(g.documents), len(g.offers), len(g.tickets.tickets))
	}
}
