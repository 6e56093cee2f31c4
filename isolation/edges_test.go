package isolation_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/coder/websocket"
	"golang.org/x/net/html"

	"github.com/sallyport/sallyport/isolation"
)

// raw sends a request to origin's host, byte by byte as given, and returns
// the answer with its body read. Lines end with \n here.
func raw(t *testing.T, origin, request string) (*http.Response, string) {
	t.Helper()
	u, err := url.Parse(origin)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", "127.0.0.1:"+u.Port())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	request = strings.Replace(request, "\n", "\nHost: "+u.Host+"\n", 1)
	if _, err := io.WriteString(conn, strings.ReplaceAll(request, "\n", "\r\n")); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusSwitchingProtocols {
		return response, ""
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func TestARefusedUpgradeQuotesNothing(t *testing.T) {
	const marked = "<script>marked</script>"
	whole := []string{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="}
	for _, pattern := range []isolation.Pattern{isolation.Isolation, isolation.Brownfield} {
		v, _ := host(t, func(c *isolation.Config) {
			if c.Pattern = pattern; pattern == isolation.Brownfield {
				c.Hook = nil
			}
		})
		target, _, _ := strings.Cut(v.page().Frame, "/frame/")
		path, origin, cookie := "/socket", "null", ""
		if pattern == isolation.Brownfield {
			u, err := url.Parse(v.origin)
			if err != nil {
				t.Fatal(err)
			}
			target, origin, path = v.origin, v.origin, "/.sallyport/socket"
			for _, c := range v.client.Jar.Cookies(u) {
				cookie = "Cookie: " + c.String() + "\n"
			}
		}
		head := "GET " + path + " HTTP/1.1\nOrigin: " + origin + "\n" + cookie
		if response, _ := raw(t, target, head+strings.Join(whole, "\n")+"\n\n"); response.StatusCode != http.StatusSwitchingProtocols {
			t.Fatalf("a whole handshake answered %s", response.Status)
		}
		for i, line := range whole {
			name, _, _ := strings.Cut(line, ":")
			changed := append([]string{}, whole...)
			changed[i] = name + ": " + marked
			response, body := raw(t, target, head+strings.Join(changed, "\n")+"\n\n")
			if response.StatusCode != http.StatusForbidden || strings.Contains(body, "marked") {
				t.Errorf("%s answered %s, %q", name, response.Status, body)
			}
			if csp := response.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") {
				t.Errorf("%s: the refusal has the policy %q", name, csp)
			}
		}
	}
}

// TestAnUpgradeCarriesTheHeaders looks at one that succeeds, since its headers
// are what any failure beyond the first checks would carry too.
func TestAnUpgradeCarriesTheHeaders(t *testing.T) {
	look := func(name, target string, options *websocket.DialOptions) {
		t.Helper()
		conn, response, err := websocket.Dial(t.Context(), target, options)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.CloseNow() }()
		for header, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
			"Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := response.Header.Get(header); !strings.Contains(got, want) {
				t.Errorf("%s: %s is %q, want %s", name, header, got, want)
			}
		}
	}
	v, _ := host(t, nil)
	look("frame", v.frame(v.page().Frame).Socket, v.options())
	v, _ = host(t, func(c *isolation.Config) { c.Pattern, c.Hook = isolation.Brownfield, nil })
	look("page", v.page().Handshake.Socket, &websocket.DialOptions{HTTPClient: v.client, HTTPHeader: http.Header{"Origin": {v.origin}}})
}

// TestEveryPathHasOneSpelling asks for what is there by other spellings of
// the same path, each after the right one has been seen to work.
func TestEveryPathHasOneSpelling(t *testing.T) {
	v, _ := host(t, nil)
	c := v.page()
	u, err := url.Parse(c.Frame)
	if err != nil {
		t.Fatal(err)
	}
	frames := u.Scheme + "://" + u.Host
	ticket := strings.TrimPrefix(u.Path, "/frame/")
	for _, path := range []string{"/%66rame/" + ticket, "/frame%2f" + ticket, "/frame/%" + hexOf(ticket[0]) + ticket[1:], "/frame/" + ticket + "%0a"} {
		if status, _ := v.get(frames+path, asFrame...); status != http.StatusNotFound {
			t.Errorf("the frame host's %s answered %d", path, status)
		}
	}
	if response, _ := raw(t, frames, "GET /%73ocket HTTP/1.1\nOrigin: null\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n"); response.StatusCode != http.StatusNotFound {
		t.Errorf("/%%73ocket answered %s", response.Status)
	}
	script := []string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "script"}
	if status, _ := v.get(v.origin+"/.sallyport/client.js", script...); status != http.StatusOK {
		t.Fatalf("the client answered %d", status)
	}
	for _, path := range []string{"/.sallyport/%63lient.js", "/.sallyport%2fclient.js", "/%2esallyport/client.js"} {
		if status, _ := v.get(v.origin+path, script...); status != http.StatusNotFound {
			t.Errorf("%s answered %d", path, status)
		}
	}
	launch, err := v.gate.LaunchURL("main")
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := v.get(strings.Replace(launch, "/launch", "/%6caunch", 1), "Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"); status != http.StatusNotFound {
		t.Errorf("another spelling of the launch answered %d", status)
	}
	v.frame(c.Frame) // none of this used the ticket up
}

func TestARequestForTheServerItselfIsRefused(t *testing.T) {
	v, _ := host(t, nil)
	for name, origin := range map[string]string{"page": v.origin, "frame": v.gate.FrameOriginForTest()} {
		response, _ := raw(t, origin, "OPTIONS * HTTP/1.1\nConnection: close\n\n")
		if response.StatusCode != http.StatusBadRequest {
			t.Errorf("the %s host answered %s", name, response.Status)
		}
		if got := response.Header.Get("Content-Security-Policy"); !strings.Contains(got, "sandbox") {
			t.Errorf("the %s host's policy is %q", name, got)
		}
	}
}

func TestFilesOfAnyNameAreServed(t *testing.T) {
	sent := map[string][]string{ // by browsers, Chromium first where they differ
		"logo (1).png":   {"logo%20(1).png"},
		"[id].js":        {"[id].js", "%5Bid%5D.js"}, // and by encodeURI
		"it's new!.png":  {"it's%20new!.png"},
		"a*b.png":        {"a*b.png"},
		"a|b.png":        {"a%7Cb.png", "a|b.png"},
		"{a}^`\"<b>.png": {"%7Ba%7D%5E%60%22%3Cb%3E.png"},
		"$&+,-:;=@_~.js": {"$&+,-:;=@_~.js"},
		"100%.png":       {"100%25.png"},
		"März.png":       {"M%C3%A4rz.png"},
	}
	files := fstest.MapFS{"index.html": {Data: []byte("<p>")}}
	for name := range sent {
		files[name] = &fstest.MapFile{Data: []byte(name)}
	}
	for _, development := range []bool{false, true} {
		v, _ := host(t, func(c *isolation.Config) { c.Windows[0].Page, c.Development = files, development })
		u, err := url.Parse(v.origin)
		if err != nil {
			t.Fatal(err)
		}
		cookie := v.client.Jar.Cookies(u)[0].String()
		for name, spellings := range sent {
			for _, spelling := range spellings {
				response, body := raw(t, v.origin, "GET /"+spelling+" HTTP/1.1\nCookie: "+cookie+"\nSec-Fetch-Site: same-origin\nSec-Fetch-Mode: no-cors\nSec-Fetch-Dest: image\nConnection: close\n\n")
				if response.StatusCode != http.StatusOK || body != name {
					t.Errorf("/%s answered %s: %q", spelling, response.Status, body)
				}
			}
		}
	}
}

func hexOf(b byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[b>>4], digits[b&15]})
}

// TestIdsInPathsHaveOneSpelling puts what Go's base64 skips into ids.
func TestIdsInPathsHaveOneSpelling(t *testing.T) {
	v, _ := host(t, nil)
	c := v.page()
	for _, skipped := range []string{"%0A", "%0D", "%0D%0A"} {
		for at := range 3 {
			id := strings.TrimPrefix(c.Ticket, "/.sallyport/ticket/")
			alias := id[:at*8] + skipped + id[at*8:]
			if status, _ := v.post("/.sallyport/ticket/"+alias, nil); status != http.StatusNotFound {
				t.Errorf("the document id %s answered %d", alias, status)
			}
		}
	}
	status, body := v.post(c.Ticket, nil)
	if status != http.StatusOK {
		t.Fatalf("the document id itself answered %d", status)
	}
	_, frame, _ := bytes.Cut(body, []byte(`"frame":"`))
	frame, _, _ = bytes.Cut(frame, []byte(`"`))
	h := v.frame(string(frame))
	for _, alias := range []string{h.Session + "%0A", h.Session[:4] + "%0D%0A" + h.Session[4:], "%0A" + h.Session} {
		if status, _ := v.post(c.Relay+alias, prefixed(mustHello(t, h))); status != http.StatusNotFound {
			t.Errorf("the session id %s answered %d", alias, status)
		}
	}
	if status, _ := v.post(c.Relay+h.Session, prefixed(mustHello(t, h))); status != http.StatusOK {
		t.Errorf("the session id itself answered %d: an alias took its hello", status)
	}
}

// TestAHookOfAnyLineEndsRuns compares the policy's hash with the script as an
// HTML parser hands it on, which is what a browser does before it runs it.
func TestAHookOfAnyLineEndsRuns(t *testing.T) {
	for name, end := range map[string]string{"Unix": "\n", "Windows": "\r\n", "old Mac": "\r", "mixed": "\r\r\n\n"} {
		v, _ := host(t, func(c *isolation.Config) {
			c.Hook = []byte("// a hook" + end + "sallyport.onCall((call) => call)" + end)
			c.FrameScript = append([]byte("// runtime"+end), c.FrameScript...)
		})
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, v.page().Frame, nil)
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
		document, err := html.Parse(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		ran := false
		for node := range document.Descendants() {
			if node.Type != html.ElementNode || node.Data != "script" || len(node.Attr) > 0 {
				continue
			}
			sum := sha256.Sum256([]byte(node.FirstChild.Data))
			ran = strings.Contains(response.Header.Get("Content-Security-Policy"), "script-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"';")
		}
		if !ran {
			t.Errorf("%s line ends: the policy's hash is not the script's", name)
		}
	}
}

func TestTheClientIsServedWhole(t *testing.T) {
	v, _ := host(t, nil)
	for _, asked := range []string{"bytes=0-0", "bytes=999999-", "bytes=x"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, v.origin+"/.sallyport/client.js", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{"Range": {asked}, "Sec-Fetch-Site": {"same-origin"}, "Sec-Fetch-Mode": {"no-cors"}, "Sec-Fetch-Dest": {"script"}}
		response, err := v.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK || response.Header.Get("Cache-Control") != "no-store" || response.Header.Get("Accept-Ranges") != "" {
			t.Errorf("Range: %s answered %s, Cache-Control %q, Accept-Ranges %q", asked, response.Status, response.Header.Get("Cache-Control"), response.Header.Get("Accept-Ranges"))
		}
	}
}

func TestRevokedLaunchesOpenNoPage(t *testing.T) {
	v, _ := host(t, nil)
	direct := v.dial(v.frame(v.page().Frame))
	v.gate.RevokeLaunches("main")
	v.gate.RevokeLaunches("no such window")
	if status, _ := v.get(v.origin+"/", "Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"); status != http.StatusForbidden {
		t.Errorf("a revoked launch answered %d", status)
	}
	call(t, direct, "1") // sessions are not launches
	v.launch()
	v.page()
}
