package isolation

import (
	"bufio"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// parseRequest reads a request as the server would get it.
func parseRequest(t *testing.T, raw string) *http.Request {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
	if err != nil {
		t.Fatalf("%q: %v", raw, err)
	}
	return r
}

func TestCheckHost(t *testing.T) {
	const ours = "main-abcdefghijklmnop.localhost:41001"
	for _, test := range []struct {
		name string
		raw  string
		want error
	}{
		{"our host is served", "GET / HTTP/1.1\r\nHost: " + ours + "\r\n\r\n", nil},
		{"the other of our hosts is served", "GET / HTTP/1.1\r\nHost: second.localhost:41001\r\n\r\n", nil},

		{"a rebinding name is refused", "GET / HTTP/1.1\r\nHost: evil.example:41001\r\n\r\n", refusedHost},
		{"the bare address is refused", "GET / HTTP/1.1\r\nHost: 127.0.0.1:41001\r\n\r\n", refusedHost},
		{"bare localhost is refused", "GET / HTTP/1.1\r\nHost: localhost:41001\r\n\r\n", refusedHost},
		{"no host is refused", "GET / HTTP/1.0\r\n\r\n", refusedHost},
		{"an empty host is refused", "GET / HTTP/1.1\r\nHost:\r\n\r\n", refusedHost},
		{"a trailing dot is refused", "GET / HTTP/1.1\r\nHost: main-abcdefghijklmnop.localhost.:41001\r\n\r\n", refusedHost},
		{"another case is refused", "GET / HTTP/1.1\r\nHost: Main-abcdefghijklmnop.localhost:41001\r\n\r\n", refusedHost},
		{"user information is refused", "GET / HTTP/1.1\r\nHost: x@" + ours + "\r\n\r\n", refusedHost},
		{"another port is refused", "GET / HTTP/1.1\r\nHost: main-abcdefghijklmnop.localhost:41002\r\n\r\n", refusedHost},
		{"no port is refused", "GET / HTTP/1.1\r\nHost: main-abcdefghijklmnop.localhost\r\n\r\n", refusedHost},
		{"a port with a leading zero is refused", "GET / HTTP/1.1\r\nHost: main-abcdefghijklmnop.localhost:041001\r\n\r\n", refusedHost},
		{"our host as a prefix is refused", "GET / HTTP/1.1\r\nHost: " + ours + ".evil.example\r\n\r\n", refusedHost},
		{"our host as a suffix is refused", "GET / HTTP/1.1\r\nHost: evil." + ours + "\r\n\r\n", refusedHost},
		{"our first DNS label elsewhere is refused", "GET / HTTP/1.1\r\nHost: main-abcdefghijklmnop.evil.example\r\n\r\n", refusedHost},

		{"an absolute target is refused even when it is ours", "GET http://" + ours + "/ HTTP/1.1\r\nHost: " + ours + "\r\n\r\n", refusedTarget},
		{"an absolute target over our Host is refused", "GET http://evil.example/ HTTP/1.1\r\nHost: " + ours + "\r\n\r\n", refusedTarget},
		{"an asterisk target is refused", "OPTIONS * HTTP/1.1\r\nHost: " + ours + "\r\n\r\n", refusedTarget},
		{"a CONNECT target is refused", "CONNECT " + ours + " HTTP/1.1\r\nHost: " + ours + "\r\n\r\n", refusedTarget},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := checkHost(parseRequest(t, test.raw), ours, "second.localhost:41001"); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
	if err := checkHost(parseRequest(t, "GET / HTTP/1.0\r\n\r\n"), ""); err != refusedHost {
		t.Error("an empty entry let a request without a host in")
	}
}

func TestParseOrigin(t *testing.T) {
	for _, test := range []struct {
		name, origin string
		ok           bool
	}{
		{"a minted page origin", "http://main-abcdefghijklmnop.localhost:41001", true},
		{"a mounted app's origin", "https://app.example.com", true},
		{"another port of a mounted app", "https://app.example.com:8443", true},
		{"a loopback address", "http://127.0.0.1:41001", true},

		{"nothing", "", false},
		{"no scheme", "app.example.com", false},
		{"another scheme", "ws://app.example.com", false},
		{"a slash at the end", "https://app.example.com/", false},
		{"a path", "https://app.example.com/x", false},
		{"user information", "https://me@app.example.com", false},
		{"a query", "https://app.example.com?x", false},
		{"upper case, which no browser sends", "https://App.example.com", false},
		{"a trailing dot", "https://app.example.com.", false},
		{"the port that browsers leave out", "https://app.example.com:443", false},
		{"port zero", "http://localhost:0", false},
		{"a port too large", "http://localhost:65536", false},
		{"an empty port", "http://localhost:", false},
		{"a port with a sign", "http://localhost:+80", false},
		{"plain http off loopback has no crypto.subtle", "http://app.example.com", false},
		{"plain http on a name that only begins like loopback", "http://localhost.example.com", false},
		{"an IPv6 literal, which no policy can name", "http://[::1]:41001", false},
		{"a short form of an address", "http://127.1:41001", false},
		{"a hexadecimal address", "http://0x7f000001:41001", false},
		{"a space", "https://app example.com", false},
		{"a semicolon, which would end the directive", "https://app.example.com;script-src", false},
		{"null", "null", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			o, err := parseOrigin(test.origin)
			if (err == nil) != test.ok {
				t.Fatalf("parseOrigin(%q) = %v", test.origin, err)
			}
			if test.ok && o.String() != test.origin {
				t.Errorf("%q came back as %q", test.origin, o)
			}
		})
	}
}

func TestOriginSpellings(t *testing.T) {
	for _, test := range []struct {
		origin, authority, socket string
		secure                    bool
	}{
		{"http://main-x.localhost:41001", "main-x.localhost:41001", "ws://main-x.localhost:41001/s", false},
		{"https://app.example.com", "app.example.com", "wss://app.example.com/s", true},
	} {
		o, err := parseOrigin(test.origin)
		if err != nil {
			t.Fatal(err)
		}
		if o.authority() != test.authority || o.socket("/s") != test.socket || o.secure() != test.secure {
			t.Errorf("%s: %q %q %v", test.origin, o.authority(), o.socket("/s"), o.secure())
		}
	}
}

// The spellings are those that Chromium 156 and Firefox ESR 153 sent for a
// picture of each name.
func TestAPathIsSpelledAsBrowsersDo(t *testing.T) {
	for _, test := range []struct {
		path  string
		plain bool
	}{
		{"/a-z_A-Z.0-9~.png", true},
		{"/!$&'()*+,-:;=@[].png", true},
		{"/%20%22%3C%3E%5E%60%7B%7D%C3%A4.png", true},
		{"/a%7Cb.png", true}, // Chromium
		{"/a|b.png", true},   // Firefox
		{"/%5Bid%5D.js", true},
		{"/[slug]%20(1).js", true},
		{"/100%25.png", true},
		{"/a%252Fb.png", true},

		{"/a%2Fb.png", false},
		{"/a%2fb.png", false},
		{"/%61.png", false},
		{"/a%2Epng", false},
		{"/%2e%2e/a.png", false},
		{"/a%20(%2F).png", false},
		{"/(%61).png", false},
		{"/(%28%29%2a).png", false},
		{"/a%7e.png", false},
		{"/a%c3%a4.png", false},
		{"/\"(.png", false},
		{"/a^b.png", false},
		{"/ä(1).png", false},
	} {
		u, err := url.ParseRequestURI(test.path)
		if err != nil {
			t.Fatal(err)
		}
		if got := spelledPlainly(u); got != test.plain {
			t.Errorf("%s: %v, want %v", test.path, got, test.plain)
		}
	}
}
