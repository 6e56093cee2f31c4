package isolation_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/coder/websocket"

	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
)

// A visitor sends what a browser sends: cookies, Sec-Fetch headers, Origin.
type visitor struct {
	t      *testing.T
	client *http.Client
	gate   *isolation.Gate
	origin string // of the main window's page
}

// host serves a gate on loopback and returns a visitor that has been launched.
func host(t *testing.T, change func(*isolation.Config)) (*visitor, *recorder) {
	t.Helper()
	l, err := isolation.ListenLoopback()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	v := &visitor{t: t}
	g, r := newGate(t, func(c *isolation.Config) {
		c.FrameOrigin = l.FrameOrigin()
		for i := range c.Windows {
			if c.Windows[i].Origin, err = l.PageOrigin(c.Windows[i].Label); err != nil {
				t.Fatal(err)
			}
			c.Windows[i].Page = fstest.MapFS{"index.html": {Data: []byte("<!doctype html><html><head><title>x</title></head><body></body></html>")}}
		}
		v.origin = c.Windows[0].Origin
		if change != nil {
			change(c)
		}
	})
	go func() { _ = l.Serve(g.Page(), g.Frame(), nil) }()
	v.gate = g
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(address) // every *.localhost is this machine
		if err != nil {
			return nil, err
		}
		return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
	}}
	t.Cleanup(transport.CloseIdleConnections)
	v.client = &http.Client{Jar: jar, Transport: transport}
	v.launch()
	return v, r
}

func (v *visitor) launch() {
	v.t.Helper()
	target, err := v.gate.LaunchURL("main")
	if err != nil {
		v.t.Fatal(err)
	}
	if status, _ := v.get(target, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"); status != http.StatusOK {
		v.t.Fatalf("launch answered %d", status)
	}
}

func (v *visitor) do(method, target string, body []byte, headers ...string) (int, []byte) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, target, bytes.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	response, err := v.client.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return response.StatusCode, answer
}

func (v *visitor) get(target string, headers ...string) (int, []byte) {
	v.t.Helper()
	return v.do(http.MethodGet, target, nil, headers...)
}

func (v *visitor) post(path string, body []byte) (int, []byte) {
	v.t.Helper()
	return v.do(http.MethodPost, v.origin+path, body, "Origin", v.origin,
		"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty")
}

type pageConfig struct {
	Frame, Relay, Ticket, Carrier, Pattern string
	Handshake                              *isolation.Handshake
}

var element = regexp.MustCompile(`(?s)<script type="application/json" id="sallyport-(?:page|frame)"[^>]*>(.*?)</script>`)

func (v *visitor) page() (c pageConfig) {
	v.t.Helper()
	status, body := v.get(v.origin+"/", "Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document")
	v.config(status, body, &c)
	return c
}

func (v *visitor) config(status int, body []byte, into any) {
	v.t.Helper()
	m := element.FindSubmatch(body)
	if status != http.StatusOK || m == nil {
		v.t.Fatalf("document answered %d: %.200s", status, body)
	}
	if err := json.Unmarshal(m[1], into); err != nil {
		v.t.Fatal(err)
	}
}

var asFrame = []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}

func (v *visitor) frame(target string) (h isolation.Handshake) {
	v.t.Helper()
	status, body := v.get(target, asFrame...)
	v.config(status, body, &h)
	return h
}

func (v *visitor) options() *websocket.DialOptions {
	return &websocket.DialOptions{HTTPClient: v.client, HTTPHeader: http.Header{"Origin": {"null"}}}
}

func (v *visitor) dial(h isolation.Handshake) *peer.Client {
	v.t.Helper()
	c, err := peer.Dial(v.t.Context(), h, v.options())
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(c.Close)
	return c
}

func (v *visitor) socket(h isolation.Handshake) *websocket.Conn {
	v.t.Helper()
	conn, _, err := websocket.Dial(v.t.Context(), h.Socket, v.options())
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(func() { _ = conn.CloseNow() })
	return conn
}

func send(t *testing.T, conn *websocket.Conn, frame []byte) {
	t.Helper()
	if err := conn.Write(t.Context(), websocket.MessageBinary, frame); err != nil {
		t.Fatal(err)
	}
}

func receive(t *testing.T, conn *websocket.Conn) ([]byte, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, frame, err := conn.Read(ctx)
	if ctx.Err() != nil {
		t.Fatal("the core neither answered nor closed the socket within 5s")
	}
	return frame, err
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 500 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("not within 5s: %s", what)
}

func TestACallTravelsFromThePageOverTheDirectCarrier(t *testing.T) {
	v, _ := host(t, nil)
	c := v.dial(v.frame(v.page().Frame))
	call(t, c, `{"path":"a"}`)
}

func TestC6ATicketIsGoodForOneFrameDocument(t *testing.T) {
	v, r := host(t, nil)
	target := v.page().Frame
	c := v.dial(v.frame(target))
	call(t, c, "1")
	if status, body := v.get(target, asFrame...); status != http.StatusForbidden || bytes.Contains(body, []byte("secret")) {
		t.Errorf("a used ticket answered %d %s", status, body)
	}
	eventually(t, "the session of the reused ticket ends", func() bool {
		ends := r.ends()
		return len(ends) == 1 && ends[0] == isolation.EndTicket
	})
}

// TestC6OnlyAnIframeNavigationGetsAFrameDocument asks for a frame document as
// anything else would; the ticket must survive, since a page's own prefetch
// would otherwise burn it.
func TestC6OnlyAnIframeNavigationGetsAFrameDocument(t *testing.T) {
	v, _ := host(t, nil)
	target := v.page().Frame
	for name, headers := range map[string][]string{
		"no metadata":      nil,
		"fetch":            {"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"},
		"script tag":       {"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "script"},
		"popup":            {"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"},
		"object element":   {"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "object"},
		"prefetch":         append(append([]string{}, asFrame...), "Sec-Purpose", "prefetch"),
		"service worker":   append(append([]string{}, asFrame...), "Service-Worker", "script"),
		"preload":          append(append([]string{}, asFrame...), "Service-Worker-Navigation-Preload", "true"),
		"same-origin page": {"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"},
	} {
		if status, body := v.get(target, headers...); status == http.StatusOK || bytes.Contains(body, []byte("secret")) {
			t.Errorf("%s: answered %d", name, status)
		}
	}
	v.frame(target)
}

func TestC5APageNeedsItsLaunch(t *testing.T) {
	v, _ := host(t, nil)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	stranger := *v
	stranger.client = &http.Client{Jar: jar, Transport: v.client.Transport}
	for _, path := range []string{"/", "/.sallyport/client.js"} {
		if status, _ := stranger.get(v.origin+path, "Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"); status != http.StatusForbidden {
			t.Errorf("%s without a launch answered %d", path, status)
		}
	}
	main, err := url.Parse(v.origin)
	if err != nil {
		t.Fatal(err)
	}
	editor, err := v.gate.LaunchURL("editor")
	if err != nil {
		t.Fatal(err)
	}
	other, err := url.Parse(editor)
	if err != nil {
		t.Fatal(err)
	}
	other.Path, other.RawQuery = "/", ""
	jar.SetCookies(other, v.client.Jar.Cookies(main)) // main's cookie, shown to editor
	if status, _ := stranger.get(other.String(), "Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"); status != http.StatusForbidden {
		t.Errorf("another window's cookie answered %d", status)
	}
}

func TestC6ForeignHostsGetNothing(t *testing.T) {
	v, _ := host(t, nil)
	for _, target := range []string{v.origin + "/", v.page().Frame} {
		u, err := url.Parse(target)
		if err != nil {
			t.Fatal(err)
		}
		for _, foreign := range []string{"evil.example:" + u.Port(), "localhost:" + u.Port(), "127.0.0.1:" + u.Port(), u.Hostname() + ".:" + u.Port(), strings.ToUpper(u.Host), u.Hostname()} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = foreign
			for i := 0; i < len(asFrame); i += 2 {
				r.Header.Set(asFrame[i], asFrame[i+1])
			}
			response, err := v.client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if response.StatusCode != http.StatusMisdirectedRequest {
				t.Errorf("Host %s answered %d", foreign, response.StatusCode)
			}
		}
	}
}

func TestC8WrongFramesCloseTheSocketWithoutAWord(t *testing.T) {
	v, r := host(t, nil)
	h := v.frame(v.page().Frame)
	for name, first := range map[string][]byte{
		"noise":                []byte("GET / HTTP/1.1"),
		"a hello to nobody":    mustHello(t, func() isolation.Handshake { o := h; o.Session = "AAAAAAAAAAAAAAAAAAAAAA"; return o }()),
		"a hello without R":    mustHello(t, func() isolation.Handshake { o := h; o.Secret = o.Session; return o }()),
		"a resume of nobody's": append(peer.Header(isolation.TypeResume, 0, 0), make([]byte, 16)...),
		"a batch":              append(peer.Header(isolation.TypeBatch, 0, 1), make([]byte, 64)...),
	} {
		conn := v.socket(h)
		send(t, conn, first)
		if frame, err := receive(t, conn); err == nil {
			t.Errorf("%s was answered: %x", name, frame)
		} else if status := websocket.CloseStatus(err); status != -1 {
			t.Errorf("%s closed the socket with a reason: %v", name, status)
		}
	}
	c := v.dial(h) // the secret still stands
	call(t, c, "1")
	forged := c.Peer.Seal(isolation.TypeBatch, peer.AppendCall(nil, 7, 0, "notes.list", []byte("1")))
	forged[40] ^= 1
	before := r.calls()
	if err := c.SendFrame(forged); err != nil {
		t.Fatal(err)
	}
	<-c.Over()
	if r.calls() != before {
		t.Error("a forged frame reached the receiver")
	}
}

// TestC8WhatIsNoFrameIsCountedAndNotAnswered sends messages that no envelope is
// read from, as a stranger and on a session's own socket.
func TestC8WhatIsNoFrameIsCountedAndNotAnswered(t *testing.T) {
	v, _ := host(t, func(c *isolation.Config) { c.Limits.MaxFrame = 4096 })
	for _, tt := range []struct {
		name, reason string
		kind         websocket.MessageType
		size         int
	}{
		{"one byte more than MaxFrame", "too large", websocket.MessageBinary, 4097},
		{"far more than MaxFrame", "too large", websocket.MessageBinary, 1 << 20},
		{"a text", "text", websocket.MessageText, 100},
		{"an empty text", "text", websocket.MessageText, 0},
	} {
		for who, open := range map[string]func() *websocket.Conn{
			"a stranger": func() *websocket.Conn { return v.socket(v.frame(v.page().Frame)) },
			"a session":  func() *websocket.Conn { _, conn := v.handshake(v.frame(v.page().Frame)); return conn },
		} {
			conn := open()
			before := v.gate.Stats().Discarded[tt.reason]
			_ = conn.Write(t.Context(), tt.kind, make([]byte, tt.size)) // the core may hang up meanwhile
			if frame, err := receive(t, conn); err == nil || websocket.CloseStatus(err) != -1 {
				t.Errorf("%s by %s was answered: %x, %v", tt.name, who, frame, err)
			}
			if got := v.gate.Stats().Discarded[tt.reason]; got != before+1 {
				t.Errorf("%s by %s: %q was counted %d times, want once", tt.name, who, tt.reason, got-before)
			}
		}
	}
	call(t, v.dial(v.frame(v.page().Frame)), "1")
}

func TestC9SocketsThatNeverSayHelloAreFewAndShort(t *testing.T) {
	v, _ := host(t, func(c *isolation.Config) {
		c.Limits.MaxSockets = 4
		c.Limits.SocketHello = 300 * time.Millisecond
	})
	h := v.frame(v.page().Frame)
	var silent []*websocket.Conn
	for range 5 {
		silent = append(silent, v.socket(h))
	}
	if _, err := receive(t, silent[0]); err == nil { // pushed out by the fifth
		t.Error("a silent socket was answered")
	}
	call(t, v.dial(h), "1") // and who speaks gets through
	for _, conn := range silent[1:] {
		if _, err := receive(t, conn); err == nil {
			t.Error("a silent socket was answered")
		}
	}
	if n := v.gate.Stats().Discarded["too many sockets"]; n < 1 {
		t.Errorf("%d sockets were pushed out", n)
	}
}

// TestC9OneWindowsSocketsDoNotStarveAnother fills the sockets of a brownfield
// window, whose page makes them itself.
func TestC9OneWindowsSocketsDoNotStarveAnother(t *testing.T) {
	v, _ := host(t, func(c *isolation.Config) {
		c.Pattern, c.Hook, c.Limits.MaxSockets = isolation.Brownfield, nil, 4
	})
	h := v.page().Handshake
	for range 8 {
		conn, _, err := websocket.Dial(t.Context(), h.Socket, &websocket.DialOptions{HTTPClient: v.client, HTTPHeader: http.Header{"Origin": {v.origin}}})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.CloseNow() }()
	}
	offer, err := v.gate.Offer("editor", isolation.Direct)
	if err != nil {
		t.Fatal(err)
	}
	editor := offer.Handshake()
	target, err := v.gate.LaunchURL("editor")
	if err != nil {
		t.Fatal(err)
	}
	v.get(target, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document")
	client, err := peer.Dial(t.Context(), editor, &websocket.DialOptions{HTTPClient: v.client, HTTPHeader: http.Header{"Origin": {editor.PageOrigin}}})
	if err != nil {
		t.Fatalf("the other window's session: %v", err)
	}
	defer client.Close()
	call(t, client, "1")
}

// TestResumeKeepsTheSession drops the socket under a session, loses a frame
// with it, and goes on over a new one.
func TestResumeKeepsTheSession(t *testing.T) {
	v, r := host(t, nil)
	h := v.frame(v.page().Frame)
	p, conn := v.handshake(h)
	roundTrip(t, p, conn, 1)
	_ = conn.CloseNow()
	p.Skip(3) // sealed and lost

	next := v.resume(h, p)
	roundTrip(t, p, next, 2)
	if ends := r.ends(); len(ends) != 0 {
		t.Errorf("the session ended: %v", ends)
	}
}

func (v *visitor) handshake(h isolation.Handshake) (*peer.Peer, *websocket.Conn) {
	v.t.Helper()
	p, hello, err := peer.New(h)
	if err != nil {
		v.t.Fatal(err)
	}
	conn := v.socket(h)
	send(v.t, conn, hello)
	expect(v.t, p, conn, isolation.TypeReady)
	return p, conn
}

func (v *visitor) resume(h isolation.Handshake, p *peer.Peer) *websocket.Conn {
	v.t.Helper()
	conn := v.socket(h)
	send(v.t, conn, p.Resume())
	nonce := expect(v.t, p, conn, isolation.TypeChallenge)
	send(v.t, conn, p.Seal(isolation.TypeProof, nonce))
	expect(v.t, p, conn, isolation.TypeResumed)
	return conn
}

func expect(t *testing.T, p *peer.Peer, conn *websocket.Conn, want isolation.Type) []byte {
	t.Helper()
	frame, err := receive(t, conn)
	if err != nil {
		t.Fatal(err)
	}
	got, plain, err := p.Open(frame)
	if err != nil || got != want {
		t.Fatalf("got type %d, %v; want %d", got, err, want)
	}
	return plain
}

func roundTrip(t *testing.T, p *peer.Peer, conn *websocket.Conn, id uint32) {
	t.Helper()
	send(t, conn, p.Seal(isolation.TypeBatch, peer.AppendCall(nil, id, 0, "notes.list", []byte("1"))))
	answers, err := peer.Answers(expect(t, p, conn, isolation.TypeBatch))
	if err != nil || len(answers) != 1 || answers[0].ID != id || answers[0].Failed {
		t.Fatalf("answers %+v, %v", answers, err)
	}
}

func TestResumeNeedsTheKeysAndTheFreshNonce(t *testing.T) {
	v, _ := host(t, nil)
	h := v.frame(v.page().Frame)
	p, conn := v.handshake(h)

	// Who knows the session's id alone learns a ciphertext and harms nobody.
	stranger := v.socket(h)
	send(t, stranger, p.Resume())
	challenge, err := receive(t, stranger)
	if err != nil {
		t.Fatal(err)
	}
	forged := append(peer.Header(isolation.TypeProof, 0, 2), challenge[isolation.HeaderSize:]...)
	send(t, stranger, forged)
	if _, err := receive(t, stranger); err == nil {
		t.Error("a forged proof was answered")
	}
	roundTrip(t, p, conn, 1) // the genuine socket lives

	// A proof of an earlier resume is not one of this.
	_ = conn.CloseNow()
	again := v.socket(h)
	send(t, again, p.Resume())
	nonce := expect(t, p, again, isolation.TypeChallenge)
	stale := v.socket(h)
	send(t, stale, p.Resume())
	expect(t, p, stale, isolation.TypeChallenge)
	send(t, stale, p.Seal(isolation.TypeProof, nonce))
	if _, err := receive(t, stale); err == nil {
		t.Error("another resume's nonce was accepted")
	}
	send(t, again, p.Seal(isolation.TypeProof, nonce))
	expect(t, p, again, isolation.TypeResumed)
	roundTrip(t, p, again, 2)
}

func TestADroppedSocketsSessionEndsInTime(t *testing.T) {
	v, r := host(t, func(c *isolation.Config) { c.Limits.ResumeWithin = 200 * time.Millisecond })
	_, conn := v.handshake(v.frame(v.page().Frame))
	_ = conn.CloseNow()
	eventually(t, "the dropped session ends", func() bool {
		ends := r.ends()
		return len(ends) == 1 && ends[0] == isolation.EndDropped
	})
	if n := v.gate.Stats().Sessions; n != 0 {
		t.Errorf("%d sessions are left", n)
	}
}

// TestResumeInTheMiddleOfAChangeOfKeys drops the socket after the frame sent
// its new keys and before it saw the core take them.
func TestResumeInTheMiddleOfAChangeOfKeys(t *testing.T) {
	v, _ := host(t, func(c *isolation.Config) { c.Limits.RekeyAfter = 2 })
	h := v.frame(v.page().Frame)
	p, conn := v.handshake(h)
	roundTrip(t, p, conn, 1)
	send(t, conn, p.Seal(isolation.TypeBatch, peer.AppendCall(nil, 2, 0, "notes.list", []byte("1"))))
	var rekey []byte
	for rekey == nil { // the answer and the rekey, in either order
		frame, err := receive(t, conn)
		if err != nil {
			t.Fatal(err)
		}
		kind, plain, err := p.Open(frame)
		if err != nil {
			t.Fatal(err)
		}
		if kind == isolation.TypeRekey {
			rekey = plain
		}
	}
	rekeyed, err := p.Rekeyed(rekey)
	if err != nil {
		t.Fatal(err)
	}
	send(t, conn, rekeyed)
	time.Sleep(50 * time.Millisecond) // the core may take it, or not
	_ = conn.CloseNow()
	next := v.resume(h, p)
	send(t, next, p.Seal(isolation.TypeBatch, peer.AppendCall(nil, 3, 0, "notes.list", []byte("1"))))
	for {
		frame, err := receive(t, next)
		if err != nil {
			t.Fatal(err)
		}
		kind, _, err := p.Open(frame)
		if err != nil {
			t.Fatal(err)
		}
		if kind == isolation.TypeBatch {
			return
		}
	}
}

func TestTheRelayCarriesCalls(t *testing.T) {
	v, r := host(t, nil)
	c := v.page()
	if c.Ticket == "" || c.Relay == "" {
		t.Fatalf("a window with a fallback got no ticket or relay: %+v", c)
	}
	direct := v.dial(v.frame(c.Frame))
	status, body := v.post(c.Ticket, nil)
	var fallback pageConfig
	if err := json.Unmarshal(body, &fallback); status != http.StatusOK || err != nil {
		t.Fatalf("ticket answered %d, %v", status, err)
	}
	h := v.frame(fallback.Frame)
	if h.Socket != "" || h.Carrier != "relay" {
		t.Errorf("relay frame has socket %q, carrier %q", h.Socket, h.Carrier)
	}
	p, hello, err := peer.New(h)
	if err != nil {
		t.Fatal(err)
	}
	to := c.Relay + h.Session
	var got []isolation.Type
	pump := func(frames ...[]byte) []peer.Answer {
		t.Helper()
		status, body := v.post(to, prefixed(frames...))
		if status != http.StatusOK {
			t.Fatalf("relay answered %d", status)
		}
		var answers []peer.Answer
		for len(body) > 0 {
			n := binary.BigEndian.Uint32(body)
			kind, plain, err := p.Open(body[4 : 4+n])
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, kind)
			if kind == isolation.TypeBatch {
				if answers, err = peer.Answers(plain); err != nil {
					t.Fatal(err)
				}
			}
			body = body[4+n:]
		}
		return answers
	}
	pump(hello)
	for len(got) == 0 {
		pump() // the long poll brings ready
	}
	if got[0] != isolation.TypeReady {
		t.Fatalf("first frame of the core has type %d", got[0])
	}
	<-direct.Over() // the newer session of the document ended the older
	if ends := r.ends(); len(ends) != 1 || ends[0] != isolation.EndReplaced {
		t.Errorf("sessions ended with %v, want replaced", ends)
	}
	frame := p.Seal(isolation.TypeBatch, peer.AppendCall(nil, 1, 0, "notes.list", []byte("1")))
	before := r.calls()
	answers := append(pump(frame), pump()...)
	pump(frame) // the page replays what it carried
	if r.calls() != before+1 || len(answers) != 1 || string(answers[0].JSON) != "1" {
		t.Errorf("%d calls arrived, answers %+v", r.calls()-before, answers)
	}
	for name, path := range map[string]string{"an unknown session": c.Relay + "AAAAAAAAAAAAAAAAAAAAAA", "a broken id": c.Relay + "x"} {
		if status, _ := v.post(path, prefixed(frame)); status != http.StatusNotFound {
			t.Errorf("%s answered %d", name, status)
		}
	}
	if status, _ := v.post(to, []byte{0, 0, 1, 0, 1}); status != http.StatusBadRequest {
		t.Errorf("a body that is no sequence of frames answered %d", status)
	}
	if status, _ := v.do(http.MethodPost, v.origin+to, prefixed(frame), "Origin", "http://evil.example", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"); status != http.StatusForbidden {
		t.Errorf("another site's request answered %d", status)
	}
}

func prefixed(frames ...[]byte) (body []byte) {
	for _, f := range frames {
		body = append(binary.BigEndian.AppendUint32(body, uint32(len(f))), f...)
	}
	return body
}

func TestC2ARelaySessionIsBoundToItsCarrier(t *testing.T) {
	v, _ := host(t, nil)
	c := v.page()
	h := v.frame(c.Frame) // for the direct carrier
	if status, _ := v.post(c.Relay+h.Session, prefixed(mustHello(t, h))); status != http.StatusNotFound {
		t.Errorf("a direct handshake was taken by the relay: %d", status)
	}
	if status, _ := v.post(strings.TrimRight(c.Ticket, "A")+"AAAA", nil); status != http.StatusNotFound {
		t.Errorf("a made-up document got a ticket: %d", status)
	}
}

// TestC2OneWindowsRelayCarriesNothingOfAnothers shows the relay of one window
// another's hello, its frames and its poll. The other's own relay still takes
// each of them, and it alone gets the answer.
func TestC2OneWindowsRelayCarriesNothingOfAnothers(t *testing.T) {
	v, r := host(t, func(c *isolation.Config) {
		for i := range c.Windows {
			c.Windows[i].Carriers = []isolation.Carrier{isolation.Relay}
		}
		c.Limits.PollWithin = 500 * time.Millisecond
	})
	c := v.page()
	h := v.frame(c.Frame)
	launch, err := v.gate.LaunchURL("editor")
	if err != nil {
		t.Fatal(err)
	}
	editor := *v
	editor.origin, _, _ = strings.Cut(launch, "/.sallyport/")
	if status, _ := editor.get(launch, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"); status != http.StatusOK {
		t.Fatalf("the other window's launch answered %d", status)
	}
	editor.page()
	p, hello, err := peer.New(h)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name string
		body []byte
	}{
		{"hello", prefixed(hello)},
		{"poll", nil},
		{"call", nil}, // sealed once the hello is through
		{"poll for its answer", nil},
	} {
		if step.name == "call" {
			step.body = prefixed(p.Seal(isolation.TypeBatch, peer.AppendCall(nil, 1, 0, "notes.list", []byte("1"))))
		}
		before := r.calls()
		if status, body := editor.post(c.Relay+h.Session, step.body); status != http.StatusNotFound || r.calls() != before {
			t.Errorf("another window's %s: answered %d, %q", step.name, status, body)
		}
		status, body := v.post(c.Relay+h.Session, step.body)
		if status != http.StatusOK {
			t.Fatalf("its own %s answered %d", step.name, status)
		}
		for len(body) > 0 {
			n := binary.BigEndian.Uint32(body)
			if _, _, err := p.Open(body[4 : 4+n]); err != nil {
				t.Fatal(err)
			}
			body = body[4+n:]
		}
	}
	if n := r.calls(); n != 1 {
		t.Errorf("%d calls arrived, want 1", n)
	}
}

func TestBrownfieldNeedsThePagesOrigin(t *testing.T) {
	v, _ := host(t, func(c *isolation.Config) { c.Pattern, c.Hook = isolation.Brownfield, nil })
	c := v.page()
	if c.Handshake == nil || c.Frame != "" || c.Pattern != "brownfield" {
		t.Fatalf("brownfield page got %+v", c)
	}
	if _, _, err := websocket.Dial(t.Context(), c.Handshake.Socket, v.options()); err == nil {
		t.Error("Origin: null was accepted on a brownfield socket")
	}
	client, err := peer.Dial(t.Context(), *c.Handshake, &websocket.DialOptions{HTTPClient: v.client, HTTPHeader: http.Header{"Origin": {v.origin}}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	call(t, client, "1")
}
