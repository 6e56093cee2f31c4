package isolation_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/coder/websocket"

	"github.com/sallyport/sallyport/isolation"
)

func TestC9TicketsAndOffersOfAWindowAreFew(t *testing.T) {
	v, _ := host(t, func(c *isolation.Config) { c.Limits.MaxTickets = 4 })
	first := v.page().Frame
	var last string
	for range 4 {
		last = v.page().Frame
	}
	if n := v.gate.Stats().Tickets; n != 4 {
		t.Errorf("%d tickets wait, want 4", n)
	}
	if status, _ := v.get(first, asFrame...); status != http.StatusForbidden {
		t.Errorf("the oldest ticket still works: %d", status)
	}
	v.frame(last)
	for range 10 {
		v.frame(v.page().Frame)
	}
	if n := v.gate.Stats().Offers; n != 4 {
		t.Errorf("%d handshakes wait, want 4", n)
	}
}

// TestC6ATicketRedeemedTwiceAtOnceMakesNothing has both requests come before
// the first one's keys are made.
func TestC6ATicketRedeemedTwiceAtOnceMakesNothing(t *testing.T) {
	g, _ := newGate(t, nil)
	for range 400 {
		ticket := g.TicketsForTest("main", isolation.Direct, 1)[0]
		var both sync.WaitGroup
		var offers [2]*isolation.Offer
		for i := range offers {
			both.Go(func() { offers[i], _ = g.RedeemForTest(ticket) })
		}
		both.Wait()
		for _, o := range offers {
			if o == nil || o.Handshake().CoreKey == "" { // refused, or dropped since
				continue
			}
			if _, err := o.Accept(mustHello(t, o.Handshake()), nothing); err == nil {
				t.Fatal("a ticket that two have redeemed made a session")
			}
		}
		if n := g.Stats().Offers; n != 0 {
			t.Fatalf("%d handshakes wait", n)
		}
	}
}

func TestAFrameKnowsItsParentAndItsCarrier(t *testing.T) {
	v, _ := host(t, nil)
	c := v.page()
	policy := func(target string) string {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(asFrame); i += 2 {
			r.Header.Set(asFrame[i], asFrame[i+1])
		}
		response, err := v.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response.Header.Get("Content-Security-Policy")
	}
	u, err := url.Parse(c.Frame)
	if err != nil {
		t.Fatal(err)
	}
	if csp := policy(c.Frame); !strings.Contains(csp, "; connect-src ws://"+u.Host+"/socket;") || !strings.Contains(csp, "; frame-ancestors "+v.origin+";") {
		t.Errorf("direct: %s", csp)
	}
	_, body := v.post(c.Ticket, nil)
	_, frame, _ := bytes.Cut(body, []byte(`"frame":"`))
	frame, _, _ = bytes.Cut(frame, []byte(`"`))
	if csp := policy(string(frame)); !strings.Contains(csp, "; connect-src 'none';") || !strings.Contains(csp, "; frame-ancestors "+v.origin+";") {
		t.Errorf("relay: %s", csp)
	}
}

func TestBrownfieldHasNoFrameHost(t *testing.T) {
	b, _ := host(t, func(c *isolation.Config) { c.Pattern, c.Hook = isolation.Brownfield, nil })
	target := b.gate.FrameOriginForTest()
	if status, _ := b.get(target+"/frame/"+strings.Repeat("A", 43), asFrame...); status != http.StatusNotFound {
		t.Errorf("a frame document: %d", status)
	}
	if conn, _, err := websocket.Dial(t.Context(), strings.Replace(target, "http", "ws", 1)+"/socket", b.options()); err == nil {
		_ = conn.CloseNow()
		t.Error("a socket was opened where no frame is")
	}
}

func TestAPolicyMayNotNameOurHosts(t *testing.T) {
	for name, source := range map[string]string{
		"its own host": "http://main-x.localhost:4001", "another window's": "http://editor-x.localhost:4001/", "the frame's": "ws://frame-x.localhost:4002/socket", "the frame's port": "http://127.0.0.1:4002",
	} {
		_, err := isolation.New(isolation.Config{
			FrameOrigin: "http://frame-x.localhost:4002",
			Windows: []isolation.Window{
				{Label: "main", Origin: "http://main-x.localhost:4001", Policy: isolation.PagePolicy{ConnectSrc: []string{source}}},
				{Label: "editor", Origin: "http://editor-x.localhost:4001"},
			},
			Hook: []byte("sallyport.onCall((call) => call)"), FrameScript: []byte("0"), ClientScript: []byte("0"),
		}, new(recorder))
		if err == nil || !strings.Contains(err.Error(), "ConnectSrc[0]") || !strings.Contains(err.Error(), `"main"`) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLooseningIsLogged(t *testing.T) {
	var log bytes.Buffer
	newGate(t, func(c *isolation.Config) {
		c.Log = slog.New(slog.NewTextHandler(&log, nil))
		c.Windows[1].Policy.InsecureEval = true
	})
	if s := log.String(); strings.Count(s, "level=WARN") != 1 || !strings.Contains(s, "window=editor") || !strings.Contains(s, "InsecureEval") {
		t.Errorf("the log says %q", s)
	}
}

func TestWindowsThatShareOrMisspellAreRefused(t *testing.T) {
	for name, change := range map[string]func(*isolation.Config){
		"two of one label":         func(c *isolation.Config) { c.Windows[1].Label = "main" },
		"a label that is no label": func(c *isolation.Config) { c.Windows[1].Label = "Editor" },
		"the frame's host":         func(c *isolation.Config) { c.Windows[1].Origin = "http://frame-x.localhost:4001" },
		"another window's host":    func(c *isolation.Config) { c.Windows[1].Origin = "http://main-x.localhost:4009" },
		"no window":                func(c *isolation.Config) { c.Windows = nil },
		"a fallback to direct": func(c *isolation.Config) {
			c.Windows[1].Carriers = []isolation.Carrier{isolation.Relay, isolation.Direct}
		},
	} {
		c := isolation.Config{
			FrameOrigin: "http://frame-x.localhost:4002",
			Windows: []isolation.Window{
				{Label: "main", Origin: "http://main-x.localhost:4001"}, {Label: "editor", Origin: "http://editor-x.localhost:4001"},
			},
			Hook: []byte("sallyport.onCall((call) => call)"), FrameScript: []byte("0"), ClientScript: []byte("0"),
		}
		change(&c)
		if g, err := isolation.New(c, new(recorder)); err == nil {
			g.Close()
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestAClosedGateMakesNothing(t *testing.T) {
	g, _ := newGate(t, nil)
	ticket := g.TicketsForTest("main", isolation.Direct, 1)[0]
	offer, err := g.Offer("main", isolation.Direct)
	if err != nil {
		t.Fatal(err)
	}
	hello := mustHello(t, offer.Handshake())
	g.Close()
	if _, err := g.RedeemForTest(ticket); err == nil {
		t.Error("a ticket was redeemed")
	}
	if _, err := g.Offer("main", isolation.Direct); err == nil {
		t.Error("a handshake was offered")
	}
	if _, err := offer.Accept(hello, nothing); err == nil {
		t.Error("a session was made")
	}
}

// TestMountedOverTLS is docs/windows.md's example: one mux, TLS, HTTP/2.
func TestMountedOverTLS(t *testing.T) {
	g, _ := newGate(t, func(c *isolation.Config) {
		c.FrameOrigin = "https://frame.example.org"
		c.Windows = c.Windows[:1]
		c.Windows[0].Origin = "https://app.example.org"
		c.Windows[0].Page = fstest.MapFS{"index.html": {Data: []byte("<p>")}}
	})
	mux := http.NewServeMux()
	mux.Handle("app.example.org/", g.Page())
	mux.Handle("frame.example.org/", g.Frame())
	target, err := g.LaunchURL("main")
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.RequestURI, r.URL.Scheme, r.URL.Host = r.URL.RequestURI(), "", ""
	r.Header = http.Header{"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Dest": {"document"}}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	cookies := w.Result().Cookies()
	if w.Code != http.StatusOK || len(cookies) != 1 || cookies[0].Name != "__Host-sallyport" || !cookies[0].Secure || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteStrictMode {
		t.Fatalf("launch: %d, %v", w.Code, w.Header().Values("Set-Cookie"))
	}
	r = httptest.NewRequest(http.MethodGet, "https://app.example.org/", nil)
	r.RequestURI, r.URL.Scheme, r.URL.Host = "/", "", ""
	r.Header = http.Header{"Sec-Fetch-Site": {"same-origin"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Dest": {"document"}}
	r.AddCookie(cookies[0])
	w = httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	if csp := w.Header().Get("Content-Security-Policy"); w.Code != http.StatusOK || !strings.Contains(csp, "frame-src https://frame.example.org/frame/;") {
		t.Errorf("page: %d, %s", w.Code, csp)
	}
}
