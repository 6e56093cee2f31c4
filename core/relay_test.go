package core

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
)

var (
	asDocument = []string{"Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}
	asFrame    = []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}

	embedded = regexp.MustCompile(`(?s)<script type="application/json" id="sallyport-(?:page|frame)"[^>]*>(.*?)</script>`)
)

// ask is a request as a browser makes it, to a name on this machine.
func ask(t *testing.T, method, address string, body io.Reader, headers ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func answered(t *testing.T, r *http.Request) (*http.Response, []byte) {
	t.Helper()
	response, err := dialer.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, body
}

// config reads what a document of ours carries for its script.
func config(t *testing.T, document []byte, into any) {
	t.Helper()
	m := embedded.FindSubmatch(document)
	if m == nil {
		t.Fatalf("no configuration in %s", document)
	}
	if err := json.Unmarshal(m[1], into); err != nil {
		t.Fatal(err)
	}
}

// A relayed page carries its frame's bytes by POST.
type relayed struct {
	*peer.Peer
	origin, path, cookie string
}

// relay loads a window's page and frame, and makes the handshake.
func relay(t *testing.T, r *running, window string) *relayed {
	t.Helper()
	launch, err := r.Gate().LaunchURL(window)
	if err != nil {
		t.Fatal(err)
	}
	p := new(relayed)
	p.origin, _, _ = strings.Cut(launch, "/.sallyport")
	redeemed, _ := answered(t, ask(t, "GET", launch, nil, asDocument...))
	p.cookie, _, _ = strings.Cut(redeemed.Header.Get("Set-Cookie"), ";")
	_, page := answered(t, ask(t, "GET", p.origin+"/", nil, append([]string{"Cookie", p.cookie}, asDocument...)...))
	var of struct{ Frame, Relay string }
	config(t, page, &of)
	_, frame := answered(t, ask(t, "GET", of.Frame, nil, asFrame...))
	var h isolation.Handshake
	config(t, frame, &h)
	p.path = of.Relay + h.Session
	var hello []byte
	if p.Peer, hello, err = peer.New(h); err != nil {
		t.Fatal(err)
	}
	_, ready := answered(t, p.post(t, hello))
	if len(ready) == 0 {
		_, ready = answered(t, p.post(t))
	}
	p.open(t, ready, isolation.TypeReady)
	return p
}

// post is a request of the relay with these frames.
func (p *relayed) post(t *testing.T, frames ...[]byte) *http.Request {
	t.Helper()
	var body []byte
	for _, f := range frames {
		body = append(binary.BigEndian.AppendUint32(body, uint32(len(f))), f...)
	}
	return ask(t, "POST", p.origin+p.path, bytes.NewReader(body), "Cookie", p.cookie, "Origin", p.origin,
		"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty")
}

// open is what the first frame of an answer holds.
func (p *relayed) open(t *testing.T, answer []byte, want isolation.Type) []byte {
	t.Helper()
	if len(answer) < 4 || uint64(len(answer)-4) < uint64(binary.BigEndian.Uint32(answer)) {
		t.Fatalf("no whole frame in an answer of %d bytes", len(answer))
	}
	typ, plain, err := p.Open(answer[4 : 4+binary.BigEndian.Uint32(answer)])
	if err != nil || typ != want {
		t.Fatalf("a frame of type %d, %v; want %d", typ, err, want)
	}
	return plain
}

// The page reads when Run has closed all that does not wait for it.
func TestARelayedCallThatEndsInTheDrainIsAnswered(t *testing.T) {
	files := chattyFiles()
	files["sallyport.json"].Data = bytes.Replace(files["sallyport.json"].Data, []byte(`{"label":"main"}`), []byte(`{"label":"main","carriers":["relay"]}`), 1)
	begun, leave := make(chan struct{}), make(chan struct{})
	long := strings.Repeat("x", 4<<20-1<<10) // more than sockets hold
	r := run(t, func(c *Config) { c.Files = files }, func(app *App) {
		Command(app, "notes.wait", func(context.Context, text) (text, error) {
			close(begun)
			<-leave
			return text{long}, nil
		})
	})
	p := relay(t, r, "main")
	answered(t, p.post(t, p.Seal(isolation.TypeBatch, peer.AppendCall(nil, 1, 0, "notes.wait", textOf("x")))))
	<-begun

	poll := p.post(t)
	conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", poll.URL.Port()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := poll.Write(conn); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond) // it is waiting
	ended := make(chan error, 1)
	go func() { ended <- r.down() }()
	await(t, "no more calls", r.work.closed.Load)
	close(leave)
	await(t, "no session", func() bool { return r.Stats().Boundary.Sessions == 0 })
	time.Sleep(100 * time.Millisecond)
	response, err := http.ReadResponse(bufio.NewReader(conn), poll)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("cut off: %v", err)
	}
	answers, err := peer.Answers(p.open(t, answer, isolation.TypeBatch))
	if err != nil || len(answers) != 1 || !bytes.Contains(answers[0].JSON, []byte(long)) {
		t.Errorf("%d answers, %v", len(answers), err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
