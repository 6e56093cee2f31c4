package demo

import (
	"context"
	"crypto/rand"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
)

// ask sends a POST with headers as a browser would, and returns the answer's
// status and text.
func ask(t *testing.T, address, body string, headers ...string) (status int, text string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	read, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(read)
}

// A visitor stands for the other site's page and its frame: these are what a
// browser makes of them, and what may be otherwise.
type visitor struct {
	origin, site string // of the frame's call
	socket       string // the origin of its socket; "" for none
	hello        func(*demo) []byte
	said         string // by the page; "" for nothing
	as           string // the origin that it is said by; the site's own if empty
}

func genuineVisitor() visitor {
	return visitor{origin: "null", site: "cross-site", socket: "null", hello: guessedHello, said: saidClosed}
}

func guessedHello(*demo) []byte {
	hello := make([]byte, isolation.HeaderSize+isolation.SessionIDSize+65+112)
	rand.Read(hello)
	clear(hello[:isolation.HeaderSize])
	hello[0], hello[1] = isolation.Version, byte(isolation.TypeHello)
	hello[isolation.HeaderSize+isolation.SessionIDSize] = 4
	return hello
}

// visit plays the attack between the marks of its case.
func (v visitor) visit(t *testing.T, d *demo, page *peer.Client) caseView {
	t.Helper()
	turn := make(chan int, 1)
	go func() {
		status, _ := ask(t, d.binding.origin+"/elsewhere/turn", "", "Origin", d.binding.origin)
		turn <- status
	}()
	return attacked(t, page, strangerCase, func() {
		if status, text := ask(t, d.binding.origin+"/elsewhere/now", ""); status != http.StatusOK {
			t.Fatalf("now: %d %s", status, text)
		}
		if status := <-turn; status != http.StatusOK {
			t.Fatalf("turn: %d", status)
		}
		e := d.binding.elsewhere
		ask(t, e.target.Binding, `{"method":"files.remove","args":{"path":"`+e.target.Path+`"}}`, "Origin", v.origin, "Sec-Fetch-Site", v.site)
		if v.socket != "" {
			v.knock(t, d)
		}
		as := v.as
		if as == "" {
			as = d.binding.origin
		}
		if v.said != "" {
			ask(t, d.binding.origin+"/elsewhere/said", v.said, "Origin", as)
		}
	})
}

// knock says hello and waits until the core hangs up.
func (v visitor) knock(t *testing.T, d *demo) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, d.binding.elsewhere.target.Socket, &websocket.DialOptions{
		HTTPHeader: http.Header{"Origin": {v.socket}},
		HTTPClient: &http.Client{Transport: &http.Transport{DialContext: dialLocalhost}},
	})
	if err != nil {
		return // refused: the verdict shows it
	}
	defer conn.CloseNow()
	if err := conn.Write(ctx, websocket.MessageBinary, v.hello(d)); err != nil {
		t.Fatal(err)
	}
	if _, answer, err := conn.Read(ctx); err == nil {
		t.Errorf("the core answered with %d bytes", len(answer))
	}
}

// dialLocalhost resolves every name to this machine, as browsers do below
// .localhost and Go does not.
func dialLocalhost(ctx context.Context, network, address string) (net.Conn, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort("localhost", port))
}

func TestAStrangersSocketMeetsSilence(t *testing.T) {
	d, page := set(t, nil)
	for range 2 { // "Run again"
		c := genuineVisitor().visit(t, d, page)
		if !c.Holds || c.Direct != Executed || c.Isolated != Discarded || c.Stage != "handshake" || c.Micros <= 0 || c.Micros > 1e6 {
			t.Fatalf("%+v", c)
		}
	}
	if n := d.app.Stats().Boundary.Discarded["hello"]; n != 2 {
		t.Errorf("%d hellos were discarded", n)
	}
}

func TestOnlyAnotherSitesFrameProvesTheCase(t *testing.T) {
	for name, test := range map[string]struct {
		change  func(*visitor)
		problem string // part of it
	}{
		"the page itself made the call":    {func(v *visitor) { v.origin = "http://main.localhost" }, "no frame of another site made the call"},
		"a frame of the same site made it": {func(v *visitor) { v.site = "same-site" }, "no frame of another site made the call"},
		"no socket was opened":             {func(v *visitor) { v.socket = "" }, "0 were discarded as hello"},
		"the socket had an origin":         {func(v *visitor) { v.socket = "http://evil.example" }, "0 were discarded as hello"},
		"a resume was sent": {func(v *visitor) {
			v.hello = func(*demo) []byte { return append([]byte{1, byte(isolation.TypeResume)}, make([]byte, 26)...) }
		}, "0 were discarded as hello"},
		"the frame was answered":                  {func(v *visitor) { v.said = saidAnswered }, "found its socket answered"},
		"the frame was not hung up on":            {func(v *visitor) { v.said = saidOpen }, "found its socket open"},
		"the frame found no core":                 {func(v *visitor) { v.said = saidUnreachable }, "could not connect"},
		"the page said nothing":                   {func(v *visitor) { v.said = "" }, "never said what came of it"},
		"the page said what no such page says":    {func(v *visitor) { v.said = "all is well" }, "never said what came of it"},
		"the hostile script said it in its stead": {func(v *visitor) { v.as = "http://main.localhost" }, "never said what came of it"},
	} {
		t.Run(name, func(t *testing.T) {
			d, page := set(t, nil)
			d.binding.elsewhere.within = 200 * time.Millisecond
			v := genuineVisitor()
			test.change(&v)
			if c := v.visit(t, d, page); c.Holds || !strings.Contains(c.Problem, test.problem) {
				t.Errorf("%+v", c)
			}
		})
	}
}

func TestTheScriptLearnsThatNoPageCame(t *testing.T) {
	d, page := set(t, nil)
	d.binding.elsewhere.within = 50 * time.Millisecond
	c := attacked(t, page, strangerCase, func() {
		if status, text := ask(t, d.binding.origin+"/elsewhere/now", ""); status != http.StatusGatewayTimeout || text != "the other site's page did not come up\n" {
			t.Errorf("%d %q", status, text)
		}
	})
	if c.Holds || c.Isolated != Unproven {
		t.Errorf("%+v", c)
	}
}

func TestASessionsSocketIsNoStranger(t *testing.T) {
	d, page := set(t, nil)
	before := d.turnstile.discards.count()
	v := genuineVisitor()
	v.hello = func(*demo) []byte { // a real session meanwhile, and what others discard
		other, err := peer.Connect(d.app.Gate(), "main")
		if err != nil {
			t.Fatal(err)
		}
		other.Close()
		return guessedHello(d)
	}
	if c := v.visit(t, d, page); c.Holds || c.Isolated != Executed {
		t.Errorf("a session was opened, and the case is %+v", c)
	}
	if n := d.turnstile.discards.count() - before; n != 1 {
		t.Errorf("%d discards were timed; want the stranger's alone", n)
	}
}
