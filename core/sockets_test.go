package core

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
)

// What TestC9AThousandSessionsAtOnce asks of the pipeline, over sockets of
// loopback: a thousand documents at once, each calling, none refused. When
// their browser is gone, without a farewell, nothing of them is left.
func TestC9AThousandSocketsAtOnce(t *testing.T) {
	const sessions, calls = 1000, 3
	r := run(t, func(c *Config) { c.Record, c.Boundary.ResumeWithin = keeper{}, 400*time.Millisecond }, nil)
	ctx := patient(t)
	storm := func() {
		t.Helper()
		done := r.Stats().Done
		clients := make([]*peer.Client, sessions)
		var all, there sync.WaitGroup
		there.Add(sessions)
		dialing := make(chan struct{}, 32)
		for i := range sessions {
			all.Go(func() {
				dialing <- struct{}{}
				c, err := dial(ctx, r.Gate(), "main")
				<-dialing
				there.Done()
				if err != nil {
					t.Errorf("session %d: %v", i, err)
					return
				}
				clients[i] = c
				there.Wait() // all of them are there before the first calls
				for n := range calls {
					want := string(textOf(fmt.Sprintf("%d/%d", i, n)))
					if got, err := c.Call(ctx, "notes.echo", []byte(want)); err != nil || string(got) != want {
						t.Errorf("session %d: got %s, %v", i, got, err)
						return
					}
				}
			})
		}
		there.Wait()
		if n := r.Stats().Boundary.Sessions; n != sessions {
			t.Errorf("%d sessions at once, want %d", n, sessions)
		}
		all.Wait()
		if s := r.Stats(); s.Done-done != sessions*calls {
			t.Errorf("%d calls done, want %d; refused: %v", s.Done-done, sessions*calls, s.Refused)
		}
		for _, c := range clients {
			if c != nil {
				c.Close()
			}
		}
		await(t, "all sessions gone", func() bool { return r.Stats().Boundary.Sessions == 0 && r.Stats().UnderWay == 0 })
		for len(r.runs) > 0 {
			<-r.runs
		}
	}
	storm() // once for pools and caches to fill
	await(t, "the clients' goroutines gone", quiet())
	before := taken()
	storm()
	// Idle workers may be more than before, up to their own bound.
	await(t, "as few goroutines as before", func() bool { return runtime.NumGoroutine() <= before.goroutines+maxIdleWorkers })
	after := taken()
	t.Logf("before %v, after %v", before, after)
	if grown := after.heap - before.heap; grown > 256<<10 { // stacks are the goroutines', which have been counted
		t.Errorf("%d KiB are left of %d sessions", grown>>10, sessions)
	}
	if s := r.Stats().Boundary; s.Offers != 0 || s.Tickets != 0 {
		t.Errorf("%d offers and %d tickets are left", s.Offers, s.Tickets)
	}
	left := 0
	r.sessions.Range(func(any, any) bool { left++; return true })
	if left != 0 {
		t.Errorf("%d sessions are remembered", left)
	}
}

// quiet reports that the number of goroutines has not changed for a while.
func quiet() func() bool {
	last, since := runtime.NumGoroutine(), time.Now()
	return func() bool {
		if n := runtime.NumGoroutine(); n != last {
			last, since = n, time.Now()
		}
		return time.Since(since) > 100*time.Millisecond
	}
}

// memory is what a program has taken of it.
type memory struct {
	heap, stacks int64 // bytes
	goroutines   int
}

func (m memory) String() string {
	return fmt.Sprintf("%d KiB of heap, %d goroutines", m.heap>>10, m.goroutines)
}

func taken() memory {
	heap := heapInUse()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return memory{heap, int64(m.StackInuse), runtime.NumGoroutine()}
}

// What an idle session costs with its socket, the server's buffers and its
// goroutines: all that the core has of it, and next to nothing of the frame.
func TestC9AnIdleSessionIsSmallWithItsSocketToo(t *testing.T) {
	const sessions, most = 500, 64 << 10
	r := run(t, func(c *Config) { c.Record = keeper{} }, nil)
	open := func(n int) (idle []net.Conn) {
		for range n {
			c := rawSession(t, r.Gate())
			t.Cleanup(func() { c.Close() })
			idle = append(idle, c)
		}
		return idle
	}
	open(20) // for pools to fill
	before := taken()
	kept := open(sessions)
	after := taken()
	if n := r.Stats().Boundary.Sessions; n != sessions+20 {
		t.Fatalf("%d sessions, want %d", n, sessions+20)
	}
	each := (after.heap - before.heap + after.stacks - before.stacks) / sessions
	t.Logf("%d bytes each, with %d goroutines", each, (after.goroutines-before.goroutines)/sessions)
	if each > most {
		t.Errorf("an idle session costs %d bytes, want at most %d", each, most)
	}
	runtime.KeepAlive(kept)
}

// rawSession makes a session that has made one call, and keeps nothing of the
// frame's side of it but the connection.
func rawSession(t *testing.T, g *isolation.Gate) net.Conn {
	t.Helper()
	offer, err := g.Offer("main", isolation.Direct)
	if err != nil {
		t.Fatal(err)
	}
	p, hello, err := peer.New(offer.Handshake())
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(offer.Handshake().Socket)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", "127.0.0.1:"+u.Port())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nOrigin: null\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", u.Path, u.Host)
	in := bufio.NewReader(conn)
	response, err := http.ReadResponse(in, nil)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("the socket was not opened: %v, %v", response, err)
	}
	exchange := func(frame []byte, want isolation.Type) {
		t.Helper()
		answer, err := sendMessage(conn, in, frame)
		if err != nil {
			t.Fatal(err)
		}
		if kind, _, err := p.Open(answer); err != nil || kind != want {
			t.Fatalf("got type %d, %v; want %d", kind, err, want)
		}
	}
	exchange(hello, isolation.TypeReady)
	exchange(p.Seal(isolation.TypeBatch, peer.AppendCall(nil, 1, 0, "notes.echo", textOf("x"))), isolation.TypeBatch)
	return conn
}

// sendMessage is as much of RFC 6455 as one short message and its answer need.
func sendMessage(to io.Writer, from io.Reader, message []byte) ([]byte, error) {
	const binaryFrame, masked, extended = 0x82, 0x80, 126
	frame := binary.BigEndian.AppendUint16([]byte{binaryFrame, masked | extended}, uint16(len(message)))
	frame = append(frame, 0, 0, 0, 0) // a mask that changes nothing
	if _, err := to.Write(append(frame, message...)); err != nil {
		return nil, err
	}
	var head [2]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return nil, err
	}
	if head[0] != binaryFrame || head[1] >= extended {
		return nil, fmt.Errorf("a frame of an unexpected kind: %x", head)
	}
	answer := make([]byte, head[1])
	_, err := io.ReadFull(from, answer)
	return answer, err
}
