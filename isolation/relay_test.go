package isolation_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
)

// A relaying is a session over the relay and what its page does.
type relaying struct {
	*visitor
	p    *peer.Peer
	path string
}

// relays makes a window's page whose first carrier is the relay, and a session.
func relays(t *testing.T, change func(*isolation.Config)) (*relaying, *recorder) {
	t.Helper()
	v, r := host(t, func(c *isolation.Config) {
		for i := range c.Windows {
			c.Windows[i].Carriers = []isolation.Carrier{isolation.Relay}
		}
		if change != nil {
			change(c)
		}
	})
	page := v.page()
	h := v.frame(page.Frame)
	p, hello, err := peer.New(h)
	if err != nil {
		t.Fatal(err)
	}
	l := &relaying{visitor: v, p: p, path: page.Relay + h.Session}
	got := l.frames(l.deliver(hello))
	for len(got) == 0 {
		got = l.frames(l.deliver()) // the long poll brings ready
	}
	if got[0][1] != byte(isolation.TypeReady) {
		t.Fatalf("the first frame of the core has type %d", got[0][1])
	}
	return l, r
}

// deliver posts frames and returns the body of a request that went well.
func (l *relaying) deliver(frames ...[]byte) []byte {
	l.t.Helper()
	status, body := l.post(l.path, prefixed(frames...))
	if status != http.StatusOK {
		l.t.Fatalf("the relay answered %d", status)
	}
	return body
}

func (l *relaying) frames(body []byte) (frames [][]byte) {
	for len(body) > 0 {
		n := binary.BigEndian.Uint32(body)
		frames, body = append(frames, body[4:4+n]), body[4+n:]
	}
	return frames
}

func (l *relaying) call(id uint32) []byte {
	return l.p.Seal(isolation.TypeBatch, peer.AppendCall(nil, id, 0, "notes.list", []byte("1")))
}

// from posts as the page of another window would.
func (l *relaying) from(label string, path string, body []byte) int {
	l.t.Helper()
	launch, err := l.gate.LaunchURL(label)
	if err != nil {
		l.t.Fatal(err)
	}
	if status, _ := l.get(launch, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"); status != http.StatusOK {
		l.t.Fatalf("launch answered %d", status)
	}
	u, err := url.Parse(launch)
	if err != nil {
		l.t.Fatal(err)
	}
	origin := u.Scheme + "://" + u.Host
	status, _ := l.do(http.MethodPost, origin+path, body, "Origin", origin,
		"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty")
	return status
}

// TestC2ARelayPathReachesItsOwnWindowAlone carries a genuine hello and genuine
// frames by way of another window's page, which may use the relay itself.
func TestC2ARelayPathReachesItsOwnWindowAlone(t *testing.T) {
	l, r := relays(t, nil)
	page := l.page()
	h := l.frame(page.Frame)
	_, hello, err := peer.New(h)
	if err != nil {
		t.Fatal(err)
	}
	frame := l.call(1)
	before := l.gate.Stats().Discarded["relay session"]
	if status := l.from("editor", page.Relay+h.Session, prefixed(hello)); status != http.StatusNotFound {
		t.Errorf("another window's page made the session: %d", status)
	}
	if status := l.from("editor", l.path, prefixed(frame)); status != http.StatusNotFound {
		t.Errorf("another window's page delivered a frame: %d", status)
	}
	if status := l.from("editor", l.path, nil); status != http.StatusNotFound {
		t.Errorf("another window's page asked for answers: %d", status)
	}
	if n := l.gate.Stats().Discarded["relay session"] - before; n != 3 {
		t.Errorf("%d requests were counted, want 3", n)
	}
	if r.calls() != 0 {
		t.Error("a call arrived")
	}
	l.deliver(frame)
	if r.calls() != 1 {
		t.Error("the session's own page could not deliver the frame afterwards")
	}
	if status, _ := l.post(page.Relay+h.Session, prefixed(hello)); status != http.StatusOK {
		t.Errorf("the offer's own page could not make the session afterwards: %d", status)
	}
}

// TestAnOfferIsAskedForNothing posts no frame where a hello is waited for.
func TestAnOfferIsAskedForNothing(t *testing.T) {
	l, _ := relays(t, nil)
	page := l.page()
	h := l.frame(page.Frame)
	if status, _ := l.post(page.Relay+h.Session, nil); status != http.StatusNotFound {
		t.Errorf("an empty request for an offer was answered %d", status)
	}
	if status, _ := l.post(page.Relay+h.Session, prefixed(mustHello(t, h))); status != http.StatusOK {
		t.Errorf("the hello was answered %d afterwards", status)
	}
}

// TestC2ASessionKeepsToItsCarrier takes each handshake and each session to the
// other carrier.
func TestC2ASessionKeepsToItsCarrier(t *testing.T) {
	v, r := host(t, nil)
	page := v.page()
	direct := v.frame(page.Frame)
	p, conn := v.handshake(direct)
	roundTrip(t, p, conn, 1)
	batch := p.Seal(isolation.TypeBatch, peer.AppendCall(nil, 2, 0, "notes.list", []byte("1")))
	if status, _ := v.post(page.Relay+direct.Session, prefixed(batch)); status != http.StatusNotFound {
		t.Errorf("the relay carried for a direct session: %d", status)
	}
	if r.calls() != 1 {
		t.Error("a call of a direct session arrived by the relay")
	}

	next := v.page()
	_, body := v.post(next.Ticket, nil)
	_, target, _ := bytes.Cut(body, []byte(`"frame":"`))
	target, _, _ = bytes.Cut(target, []byte(`"`))
	h := v.frame(string(target))
	onto := h
	onto.Socket = direct.Socket
	refused := func(what string, frame []byte) {
		t.Helper()
		stranger := v.socket(onto)
		send(t, stranger, frame)
		if answer, err := receive(t, stranger); err == nil {
			t.Errorf("%s was answered on a socket: %x", what, answer)
		}
	}
	q, hello, err := peer.New(h)
	if err != nil {
		t.Fatal(err)
	}
	refused("a hello for the relay", hello)
	if status, _ := v.post(next.Relay+h.Session, prefixed(hello)); status != http.StatusOK {
		t.Fatalf("the relay answered %d to its own hello", status)
	}
	refused("a resume of a session over the relay", q.Resume())
}

// TestC2BrownfieldSocketsReachTheirOwnWindowAlone says hello and resumes on
// another window's socket.
func TestC2BrownfieldSocketsReachTheirOwnWindowAlone(t *testing.T) {
	v, _ := host(t, func(c *isolation.Config) { c.Pattern, c.Hook = isolation.Brownfield, nil })
	h := *v.page().Handshake
	l := &relaying{visitor: v}
	l.from("editor", "/", nil) // for its cookie
	offer, err := v.gate.Offer("editor", isolation.Direct)
	if err != nil {
		t.Fatal(err)
	}
	editor := offer.Handshake()
	dial := func(h isolation.Handshake) *websocket.Conn {
		t.Helper()
		conn, _, err := websocket.Dial(t.Context(), h.Socket, &websocket.DialOptions{HTTPClient: v.client, HTTPHeader: http.Header{"Origin": {h.PageOrigin}}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.CloseNow() })
		return conn
	}
	p, hello, err := peer.New(h)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, frame []byte) {
		t.Helper()
		conn := dial(editor)
		send(t, conn, frame)
		if answer, err := receive(t, conn); err == nil {
			t.Errorf("another window's socket took %s: %x", what, answer)
		}
	}
	refused("a hello", hello)
	conn := dial(h)
	send(t, conn, hello)
	expect(t, p, conn, isolation.TypeReady)
	refused("a resume", p.Resume())
	roundTrip(t, p, conn, 1)
	_ = conn.CloseNow()
	again := dial(h)
	send(t, again, p.Resume())
	send(t, again, p.Seal(isolation.TypeProof, expect(t, p, again, isolation.TypeChallenge)))
	expect(t, p, again, isolation.TypeResumed)
}

// TestC9RelayBodiesAreBounded posts what is too much or cut, around frames
// that are genuine: nothing of such a body is taken.
func TestC9RelayBodiesAreBounded(t *testing.T) {
	l, r := relays(t, func(c *isolation.Config) { c.Limits.MaxFrame = 4096 })
	genuine := prefixed(l.call(1))
	empty := make([]byte, 4)
	for name, tt := range map[string]struct {
		body []byte
		want int
	}{
		"a byte more than fits":   {append(bytes.Clone(genuine), make([]byte, 4096+4*isolation.MaxItems+1-len(genuine))...), http.StatusRequestEntityTooLarge},
		"a frame too many":        {append(bytes.Clone(genuine), bytes.Repeat(empty, isolation.MaxItems)...), http.StatusBadRequest},
		"a cut length":            {append(bytes.Clone(genuine), 0, 0, 0), http.StatusBadRequest},
		"a length beyond the end": {append(bytes.Clone(genuine), 0, 0, 0, 2, 1), http.StatusBadRequest},
		"the largest length":      {append(bytes.Clone(genuine), 255, 255, 255, 255, 1), http.StatusBadRequest},
	} {
		before := l.gate.Stats().Discarded["relay body"]
		if status, _ := l.post(l.path, tt.body); status != tt.want {
			t.Errorf("%s: answered %d, want %d", name, status, tt.want)
		}
		if n := l.gate.Stats().Discarded["relay body"]; n != before+1 {
			t.Errorf("%s: counted %d times", name, n-before)
		}
	}
	if r.calls() != 0 {
		t.Errorf("%d calls arrived", r.calls())
	}
	l.deliver(genuine[4:])
	l.deliver(append([][]byte{l.call(2)}, make([][]byte, isolation.MaxItems-1)...)...)
	if r.calls() != 2 {
		t.Errorf("%d calls arrived, want 2", r.calls())
	}
}

// TestTheRelayHoldsARequestForAWhile asks with nothing to say, with a frame,
// and then ends the session under two waiting requests.
func TestTheRelayHoldsARequestForAWhile(t *testing.T) {
	l, _ := relays(t, func(c *isolation.Config) { c.Limits.PollWithin = 400 * time.Millisecond })
	took := func(frames ...[]byte) time.Duration {
		start := time.Now()
		if body := l.deliver(frames...); len(frames) == 0 && len(body) != 0 {
			t.Errorf("an empty request was answered by %d frames", len(l.frames(body)))
		}
		return time.Since(start)
	}
	if d := took(); d < 350*time.Millisecond || d > 3*time.Second {
		t.Errorf("an empty request was held for %v", d)
	}
	if d := took([]byte("noise")); d > 200*time.Millisecond {
		t.Errorf("a request with a frame was held for %v", d)
	}
	done := make(chan []byte)
	go func() { done <- l.deliver() }()
	time.Sleep(50 * time.Millisecond)
	l.deliver(l.call(1)) // its answer is in one or the other
	l.deliver(l.call(2))
	if body := <-done; len(l.frames(body)) == 0 {
		t.Error("the answer did not wake the waiting request")
	}
}

// TestTheRelayTellsOfTheEnd ends a session under two waiting requests: one
// brings bye, the other says that there is nothing more to come, and so does
// any later one.
func TestTheRelayTellsOfTheEnd(t *testing.T) {
	l, r := relays(t, nil)
	var both sync.WaitGroup
	var mu sync.Mutex
	statuses, byes := map[int]int{}, 0
	for range 2 {
		both.Go(func() {
			status, body := l.post(l.path, nil)
			mu.Lock()
			defer mu.Unlock()
			statuses[status]++
			if status != http.StatusOK {
				return
			}
			for _, frame := range l.frames(body) {
				if kind, _, err := l.p.Open(frame); err == nil && kind == isolation.TypeBye {
					byes++
				}
			}
		})
	}
	time.Sleep(100 * time.Millisecond)
	l.gate.EndWindow("editor", isolation.EndRevoked) // not this one
	time.Sleep(20 * time.Millisecond)
	if len(r.ends()) != 0 {
		t.Error("the end of another window's sessions ended this one")
	}
	start := time.Now()
	l.gate.EndWindow("main", isolation.EndRevoked)
	both.Wait()
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("the requests went on waiting for %v", took)
	}
	if statuses[http.StatusOK] != 1 || byes != 1 || statuses[http.StatusGone]+statuses[http.StatusNotFound] != 1 { // 404: it came too late to wait
		t.Errorf("answered %v with %d byes; want one 200 with bye and one 410", statuses, byes)
	}
	if status, _ := l.post(l.path, prefixed(l.call(1))); status != http.StatusNotFound {
		t.Errorf("a later request was answered %d", status)
	}
}

// TestC9APageThatNeverAsksLosesItsSession lets answers pile up in the relay.
func TestC9APageThatNeverAsksLosesItsSession(t *testing.T) {
	g, r := newGate(t, func(c *isolation.Config) {
		c.Limits.MaxPending, c.Limits.ResumeWithin = 64<<10, 200*time.Millisecond
	})
	link := isolation.NewRelayLinkForTest(g)
	offer, p, hello := offered(t, g, isolation.Relay)
	s, err := offer.AcceptOverForTest(hello, link)
	if err != nil {
		t.Fatal(err)
	}
	for id := range uint32(64) {
		s.Deliver(p.Seal(isolation.TypeBatch, peer.AppendCall(nil, id+1, 0, "notes.list", bytes.Repeat([]byte("1"), 4<<10))))
		if held := link.Held(); held > 64<<10 {
			t.Fatalf("%d bytes are held for a page that asks for none", held)
		}
	}
	eventually(t, "the session ends", func() bool { return len(r.ends()) == 1 })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	link.Take(ctx)
	if held := link.Held(); held != 0 {
		t.Errorf("%d bytes are held after the page has asked", held)
	}
}

func TestARelaysPathIsOneSessionsID(t *testing.T) {
	l, _ := relays(t, nil)
	own := l.path[len(l.path)-22:]
	for name, path := range map[string]string{
		"nothing":                      "",
		"a short one":                  strings.Repeat("A", 21),
		"a long one":                   strings.Repeat("A", 23),
		"padding":                      strings.Repeat("A", 22) + "==",
		"no base64":                    strings.Repeat("*", 22),
		"bits at the end":              strings.Repeat("A", 21) + "B",
		"line ends":                    strings.Repeat("A", 20) + "%0A%0A",
		"its own with bits at the end": own[:21] + string(own[21]+1),
	} {
		before := l.gate.Stats().Discarded
		if status, _ := l.post("/.sallyport/relay/"+path, nil); status != http.StatusNotFound {
			t.Errorf("%s answered %d", name, status)
		}
		after := l.gate.Stats().Discarded
		if after["relay session"]+after["path"] != before["relay session"]+before["path"]+1 {
			t.Errorf("%s was not counted: %v", name, after)
		}
	}
}

// TestTheRelayBringsReadyAgain loses the responses that held it, after a hello
// and after new keys: the frame then sends again what ready answers.
func TestTheRelayBringsReadyAgain(t *testing.T) {
	l, r := relays(t, func(c *isolation.Config) { c.Limits.PollWithin, c.Limits.RekeyAfter = 200*time.Millisecond, 1 })
	page := l.page()
	h := l.frame(page.Frame)
	p, hello, err := peer.New(h)
	if err != nil {
		t.Fatal(err)
	}
	l.p, l.path = p, page.Relay+h.Session
	lose := func() { // all that the core has to say
		for len(l.deliver()) > 0 {
		}
	}
	await := func(want isolation.Type, bodies ...[]byte) []byte {
		t.Helper()
		for range 50 {
			for _, body := range append(bodies, l.deliver()) {
				for _, frame := range l.frames(body) {
					if kind, plain, err := p.Open(frame); err == nil && kind == want {
						return plain
					}
				}
			}
			bodies = nil
		}
		t.Fatalf("no frame of type %d came", want)
		return nil
	}
	l.deliver(hello)
	if waiting := l.deliver(hello, hello, hello); len(l.frames(waiting)) > 1 {
		t.Errorf("one ready was brought %d times at once", len(l.frames(waiting)))
	}
	lose()
	await(isolation.TypeReady, l.deliver(hello))
	rekeyed, err := p.Rekeyed(await(isolation.TypeRekey, l.deliver(l.call(1))))
	if err != nil {
		t.Fatal(err)
	}
	l.deliver(rekeyed)
	lose()
	await(isolation.TypeReady, l.deliver(rekeyed))
	await(isolation.TypeBatch, l.deliver(l.call(2)))
	if r.calls() != 2 || len(r.ends()) > 1 { // the end of the session before this one
		t.Errorf("%d calls arrived, ends %v", r.calls(), r.ends())
	}
	lose()
	if body := l.deliver([]byte("noise")); len(body) != 0 {
		t.Errorf("noise was answered by %d frames", len(l.frames(body)))
	}
}

// A browser repeats a request by itself if the connection that it kept closes
// before an answer comes. Were it answered like the first, nobody would learn
// that the first answer, with all that it brought, was lost.
func TestARequestThatABrowserRepeatsIsToldToBeLost(t *testing.T) {
	l, _ := relays(t, nil)
	tests := []struct {
		name  string
		query string
		want  int
	}{
		{"the first", "?n=1", http.StatusOK},
		{"the same again", "?n=1", http.StatusConflict},
		{"one that overtakes others", "?n=5", http.StatusOK},
		{"one that was overtaken", "?n=3", http.StatusOK},
		{"that again", "?n=3", http.StatusConflict},
		{"another that was overtaken", "?n=2", http.StatusOK},
		{"one far ahead", "?n=200", http.StatusOK},
		{"one further behind than any is under way", "?n=136", http.StatusConflict},
		{"the last that may be under way", "?n=137", http.StatusOK},
		{"that again", "?n=137", http.StatusConflict},
		{"the highest number", "?n=4294967295", http.StatusOK},
		{"without a number", "", http.StatusOK},
		{"without a number again", "", http.StatusOK},
		{"no number", "?n=", http.StatusBadRequest},
		{"zero", "?n=0", http.StatusBadRequest},
		{"a number too large", "?n=4294967296", http.StatusBadRequest},
		{"another query", "?m=9", http.StatusBadRequest},
	}
	for i, test := range tests {
		frame := l.call(uint32(i + 1))
		if status, _ := l.post(l.path+test.query, prefixed(frame)); status != test.want {
			t.Errorf("%s: %d, want %d", test.name, status, test.want)
		}
	}
}
