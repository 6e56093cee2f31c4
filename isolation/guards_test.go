package isolation_test

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
)

// bothFallBack gives the editor a fallback too, and launches it.
func bothFallBack(t *testing.T, change func(*isolation.Config)) (v *visitor, editor string) {
	t.Helper()
	v, _ = host(t, func(c *isolation.Config) {
		c.Windows[1].Carriers = []isolation.Carrier{isolation.Direct, isolation.Relay}
		if change != nil {
			change(c)
		}
	})
	target, err := v.gate.LaunchURL("editor")
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := v.get(target, "Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"); status != http.StatusOK {
		t.Fatalf("the editor's launch answered %d", status)
	}
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	return v, u.Scheme + "://" + u.Host
}

// postTo is post, to another window's page.
func (v *visitor) postTo(origin, path string, body []byte) int {
	v.t.Helper()
	status, _ := v.do(http.MethodPost, origin+path, body, "Origin", origin,
		"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty")
	return status
}

func TestC5OneWindowsDocumentAndSessionAreNotAnothers(t *testing.T) {
	v, editor := bothFallBack(t, nil)
	c := v.page()
	if status := v.postTo(editor, c.Ticket, nil); status != http.StatusNotFound {
		t.Errorf("main's document got a ticket of the editor: %d", status)
	}
	id := []byte(strings.TrimPrefix(c.Ticket, "/.sallyport/ticket/"))
	if id[30] ^= 1; id[30] == '/' || id[30] == '.' {
		id[30] = 'A'
	}
	if status, _ := v.post("/.sallyport/ticket/"+string(id), nil); status != http.StatusNotFound {
		t.Errorf("a forged document of the right length got a ticket: %d", status)
	}
	status, body := v.post(c.Ticket, nil)
	if status != http.StatusOK {
		t.Fatal(status)
	}
	_, frame, _ := bytes.Cut(body, []byte(`"frame":"`))
	frame, _, _ = bytes.Cut(frame, []byte(`"`))
	h := v.frame(string(frame))
	hello := mustHello(t, h)
	if status := v.postTo(editor, c.Relay+h.Session, prefixed(hello)); status != http.StatusNotFound {
		t.Errorf("main's handshake was taken from the editor: %d", status)
	}
	if status, _ := v.post(c.Relay+h.Session, prefixed(hello)); status != http.StatusOK {
		t.Fatalf("the handshake itself answered %d", status)
	}
	if status := v.postTo(editor, c.Relay+h.Session, nil); status != http.StatusNotFound {
		t.Errorf("main's session answered the editor: %d", status)
	}
	resume := append(peer.Header(isolation.TypeResume, 0, 0), make([]byte, 16)...)
	copy(resume[12:], hello[12:28])
	conn := v.socket(v.frame(v.page().Frame))
	send(t, conn, resume)
	if _, err := receive(t, conn); err == nil {
		t.Error("a session of the relay was challenged over a socket")
	}
}

func TestC5ABrownfieldSocketServesItsOwnWindow(t *testing.T) {
	v, _ := host(t, func(c *isolation.Config) { c.Pattern, c.Hook = isolation.Brownfield, nil })
	open := func() *websocket.Conn {
		conn, _, err := websocket.Dial(t.Context(), v.page().Handshake.Socket, &websocket.DialOptions{HTTPClient: v.client, HTTPHeader: http.Header{"Origin": {v.origin}}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.CloseNow() })
		return conn
	}
	offer, err := v.gate.Offer("editor", isolation.Direct)
	if err != nil {
		t.Fatal(err)
	}
	p, hello, err := peer.New(offer.Handshake())
	if err != nil {
		t.Fatal(err)
	}
	conn := open()
	send(t, conn, hello)
	if _, err := receive(t, conn); err == nil {
		t.Error("the editor's hello was taken on main's socket")
	}
	if _, err := offer.Accept(hello, nothing); err != nil {
		t.Fatalf("the hello was spent: %v", err)
	}
	conn = open()
	send(t, conn, p.Resume())
	if _, err := receive(t, conn); err == nil {
		t.Error("the editor's session was challenged on main's socket")
	}
}

func TestReservedPathsAreChecked(t *testing.T) {
	v, _ := host(t, nil)
	c := v.page()
	before := v.gate.Stats().Tickets
	for name, headers := range map[string][]string{
		"another site":     {"Origin", "http://evil.example", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"},
		"a simple request": {"Origin", v.origin, "Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "empty"},
		"no metadata":      {"Origin", v.origin},
	} {
		if status, _ := v.do(http.MethodPost, v.origin+c.Ticket, nil, headers...); status != http.StatusForbidden {
			t.Errorf("%s: a ticket was asked for: %d", name, status)
		}
	}
	if status, _ := v.get(v.origin+c.Ticket, "Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"); status != http.StatusMethodNotAllowed {
		t.Errorf("GET of a ticket answered %d", status)
	}
	if after := v.gate.Stats().Tickets; after != before {
		t.Errorf("%d tickets were made", after-before)
	}
	for name, headers := range map[string][]string{
		"another site": {"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "script"},
		"a worker":     {"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "same-origin", "Sec-Fetch-Dest", "worker"},
		"no metadata":  nil,
	} {
		if status, _ := v.get(v.origin+"/.sallyport/client.js", headers...); status != http.StatusForbidden {
			t.Errorf("the client for %s: %d", name, status)
		}
	}
	target, err := v.gate.LaunchURL("editor") // which has no fallback
	if err != nil {
		t.Fatal(err)
	}
	v.get(target, "Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document")
	editor, _, _ := strings.Cut(target, "/.sallyport")
	if status := v.postTo(editor, "/.sallyport/ticket/"+v.gate.DocumentForTest("editor"), nil); status != http.StatusNotFound {
		t.Errorf("a window without a fallback answered %d for a ticket", status)
	}
}

func TestEveryAnswerOfTheRelayHasTheHeaders(t *testing.T) {
	v, _ := host(t, nil)
	c := v.page()
	status, body := v.post(c.Ticket, nil)
	if status != http.StatusOK {
		t.Fatal(status)
	}
	_, frame, _ := bytes.Cut(body, []byte(`"frame":"`))
	frame, _, _ = bytes.Cut(frame, []byte(`"`))
	h := v.frame(string(frame))
	for name, r := range map[string]struct {
		path string
		body []byte
	}{
		"a ticket": {c.Ticket, nil}, "a hello": {c.Relay + h.Session, prefixed(mustHello(t, h))},
		"a session that is not there": {c.Relay + strings.Repeat("A", 22), nil}, "no frames": {c.Relay + h.Session, []byte("xx")},
		"a body that is too large": {c.Relay + h.Session, make([]byte, isolation.DefaultLimits().MaxFrame+8*isolation.MaxItems)},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, v.origin+r.path, bytes.NewReader(r.body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header = http.Header{"Origin": {v.origin}, "Sec-Fetch-Site": {"same-origin"}, "Sec-Fetch-Mode": {"cors"}, "Sec-Fetch-Dest": {"empty"}}
		response, err := v.client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if want := name == "a body that is too large"; want != (response.StatusCode == http.StatusRequestEntityTooLarge) {
			t.Errorf("%s answered %d", name, response.StatusCode)
		}
		for header, want := range map[string]string{"Content-Security-Policy": "sandbox", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin"} {
			if got := response.Header.Get(header); !strings.Contains(got, want) {
				t.Errorf("%s: %s is %q", name, header, got)
			}
		}
	}
}
