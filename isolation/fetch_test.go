package isolation

import (
	"maps"
	"net/http"
	"testing"
)

// browser returns a request with these headers, each given as "Name: value".
func browser(method string, headers http.Header) *http.Request {
	return &http.Request{Method: method, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: headers}
}

// fetched is the Sec-Fetch triple of a request, and more headers in pairs.
func fetched(site, mode, dest string, more ...string) http.Header {
	h := http.Header{"Sec-Fetch-Site": {site}, "Sec-Fetch-Mode": {mode}, "Sec-Fetch-Dest": {dest}}
	for i := 0; i < len(more); i += 2 {
		h[more[i]] = append(h[more[i]], more[i+1])
	}
	return h
}

func without(h http.Header, name string) http.Header {
	h = maps.Clone(h)
	delete(h, name)
	return h
}

type fetchCase struct {
	name   string
	method string
	header http.Header
	want   error
}

func runFetchCases(t *testing.T, check func(*http.Request) error, cases []fetchCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := check(browser(c.method, c.header)); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// commonAttacks are refused by every check that reads Sec-Fetch headers; h is
// what the check passes.
func commonAttacks(method string, h http.Header) []fetchCase {
	twice := func(name, value string) http.Header {
		c := maps.Clone(h)
		c[name] = append([]string{}, h[name][0], value)
		return c
	}
	with := func(name, value string) http.Header {
		c := maps.Clone(h)
		c[name] = []string{value}
		return c
	}
	return []fetchCase{
		{"no Sec-Fetch-Site is refused", method, without(h, "Sec-Fetch-Site"), refusedMissing},
		{"no Sec-Fetch-Mode is refused", method, without(h, "Sec-Fetch-Mode"), refusedMissing},
		{"no Sec-Fetch-Dest is refused", method, without(h, "Sec-Fetch-Dest"), refusedMissing},
		{"no headers at all are refused", method, http.Header{}, refusedMissing},
		{"two equal Sec-Fetch-Site are refused", method, twice("Sec-Fetch-Site", h.Get("Sec-Fetch-Site")), refusedTwice},
		{"a second Sec-Fetch-Site is refused", method, twice("Sec-Fetch-Site", "cross-site"), refusedTwice},
		{"a second Sec-Fetch-Dest is refused", method, twice("Sec-Fetch-Dest", "script"), refusedTwice},
		{"a second Sec-Fetch-Mode is refused", method, twice("Sec-Fetch-Mode", "cors"), refusedTwice},
		{"an empty Sec-Fetch-Site is refused", method, with("Sec-Fetch-Site", ""), refusedSite},
		{"a site in upper case is refused", method, with("Sec-Fetch-Site", "Same-Origin"), refusedSite},
		{"a list as site is refused", method, with("Sec-Fetch-Site", h.Get("Sec-Fetch-Site")+", none"), refusedSite},
		{"a mode nobody knows is refused", method, with("Sec-Fetch-Mode", "navigate-ish"), refusedMode},
		{"a service worker's own script is refused", method, with("Sec-Fetch-Dest", "serviceworker"), refusedDest},
		{"a worker's script is refused", method, with("Sec-Fetch-Dest", "worker"), refusedDest},
		{"a Service-Worker header is refused", method, with("Service-Worker", "script"), refusedWorker},
		{"a navigation preload is refused", method, with("Service-Worker-Navigation-Preload", "true"), refusedWorker},
		{"a prefetch is refused", method, with("Sec-Purpose", "prefetch"), refusedPrefetch},
		{"a prerender is refused", method, with("Sec-Purpose", "prefetch;prerender"), refusedPrefetch},
		{"an old prefetch is refused", method, with("Purpose", "prefetch"), refusedPrefetch},
		{"a prefetch of old Firefox is refused", method, with("X-Moz", "prefetch"), refusedPrefetch},
		{"an empty purpose is refused", method, with("Sec-Purpose", ""), refusedPrefetch},
		{"DELETE is refused", http.MethodDelete, h, refusedMethod},
		{"OPTIONS is refused, so no preflight passes", http.MethodOptions, h, refusedMethod},
		{"a method in lower case is refused", "get", h, refusedMethod},
	}
}

func TestCheckNavigation(t *testing.T) {
	typed := fetched("none", "navigate", "document")
	runFetchCases(t, checkNavigation, append(commonAttacks("GET", typed), []fetchCase{
		{"a typed address is served", "GET", typed, nil},
		{"the page's own navigation is served", "GET", fetched("same-origin", "navigate", "document"), nil},
		{"HEAD is served", "HEAD", typed, nil},

		{"another site's link is refused", "GET", fetched("cross-site", "navigate", "document"), refusedSite},
		{"another port of the host is refused, SameSite cookies or not", "GET", fetched("same-site", "navigate", "document"), refusedSite},
		{"an iframe is refused", "GET", fetched("same-origin", "navigate", "iframe"), refusedDest},
		{"an object is refused", "GET", fetched("same-origin", "navigate", "object"), refusedDest},
		{"fetch is refused", "GET", fetched("same-origin", "cors", "empty"), refusedDest},
		{"a script tag is refused", "GET", fetched("same-origin", "no-cors", "script"), refusedDest},
		{"a nested navigation is refused", "GET", fetched("same-origin", "nested-navigate", "document"), refusedMode},
		{"a form's POST is refused", "POST", fetched("same-origin", "navigate", "document"), refusedMethod},
	}...))
}

func TestCheckLaunch(t *testing.T) {
	file := fetched("cross-site", "navigate", "document")
	runFetchCases(t, checkLaunch, append(commonAttacks("GET", file), []fetchCase{
		{"a file's refresh is served", "GET", file, nil},
		{"an address from the command line is served", "GET", fetched("none", "navigate", "document"), nil},

		{"HEAD must not use up a token", "HEAD", file, refusedMethod},
		{"an iframe is refused", "GET", fetched("cross-site", "navigate", "iframe"), refusedDest},
		{"fetch is refused", "GET", fetched("same-origin", "cors", "empty"), refusedDest},
	}...))
}

func TestCheckFrame(t *testing.T) {
	framed := fetched("cross-site", "navigate", "iframe")
	runFetchCases(t, checkFrame, append(commonAttacks("GET", framed), []fetchCase{
		{"a page of another site may frame it, its policy names which", "GET", framed, nil},
		{"a page of the same site may frame it, as mounted apps have", "GET", fetched("same-site", "navigate", "iframe"), nil},

		{"an own origin never frames it", "GET", fetched("same-origin", "navigate", "iframe"), refusedSite},
		{"a typed address never frames it", "GET", fetched("none", "navigate", "iframe"), refusedSite},
		{"a tab is refused", "GET", fetched("cross-site", "navigate", "document"), refusedDest},
		{"an object or embed is refused", "GET", fetched("cross-site", "navigate", "object"), refusedDest},
		{"a frameset's frame is refused", "GET", fetched("cross-site", "navigate", "frame"), refusedDest},
		{"fetch by the page is refused", "GET", fetched("cross-site", "cors", "empty"), refusedDest},
		{"a script tag is refused", "GET", fetched("cross-site", "no-cors", "script"), refusedDest},
		{"a picture is refused", "GET", fetched("cross-site", "no-cors", "image"), refusedDest},
		{"HEAD must not use up a ticket", "HEAD", framed, refusedMethod},
	}...))
}

func TestCheckSubresource(t *testing.T) {
	script := fetched("same-origin", "no-cors", "script")
	runFetchCases(t, checkSubresource, append(commonAttacks("GET", script), []fetchCase{
		{"a classic script is served", "GET", script, nil},
		{"a module is served", "GET", fetched("same-origin", "cors", "script"), nil},
		{"a style sheet is served", "GET", fetched("same-origin", "no-cors", "style"), nil},
		{"a font is served", "GET", fetched("same-origin", "cors", "font"), nil},
		{"a picture is served", "GET", fetched("same-origin", "no-cors", "image"), nil},

		{"another site's script tag is refused", "GET", fetched("cross-site", "no-cors", "script"), refusedSite},
		{"another port's script tag is refused", "GET", fetched("same-site", "no-cors", "script"), refusedSite},
		{"fetch is refused", "GET", fetched("same-origin", "cors", "empty"), refusedDest},
		{"a shared worker is refused", "GET", fetched("same-origin", "same-origin", "sharedworker"), refusedDest},
		{"a page in a frame is refused", "GET", fetched("same-origin", "navigate", "iframe"), refusedMode},
		{"POST is refused", "POST", script, refusedMethod},
	}...))
}

func TestCheckPost(t *testing.T) {
	const page = "http://main-x.localhost:41001"
	own := fetched("same-origin", "cors", "empty", "Origin", page)
	check := func(r *http.Request) error { return checkPost(r, page) }
	runFetchCases(t, check, append(commonAttacks("POST", own), []fetchCase{
		{"the page's own POST is served", "POST", own, nil},
		{"so is one in same-origin mode", "POST", fetched("same-origin", "same-origin", "empty", "Origin", page), nil},

		{"GET is refused", "GET", own, refusedMethod},
		{"no Origin is refused", "POST", without(own, "Origin"), refusedOrigin},
		{"a null Origin is refused", "POST", fetched("same-origin", "cors", "empty", "Origin", "null"), refusedOrigin},
		{"another window's Origin is refused", "POST", fetched("same-origin", "cors", "empty", "Origin", "http://other-x.localhost:41001"), refusedOrigin},
		{"another port's Origin is refused", "POST", fetched("same-origin", "cors", "empty", "Origin", "http://main-x.localhost:41002"), refusedOrigin},
		{"a prefix of our Origin is refused", "POST", fetched("same-origin", "cors", "empty", "Origin", page+".evil.example"), refusedOrigin},
		{"an Origin in another case is refused", "POST", fetched("same-origin", "cors", "empty", "Origin", "http://Main-x.localhost:41001"), refusedOrigin},
		{"two Origins are refused", "POST", fetched("same-origin", "cors", "empty", "Origin", page, "Origin", page), refusedTwice},
		{"another site is refused even with our Origin", "POST", fetched("cross-site", "cors", "empty", "Origin", page), refusedSite},
		{"a simple request is refused", "POST", fetched("same-origin", "no-cors", "empty", "Origin", page), refusedMode},
		{"a form is refused", "POST", fetched("same-origin", "navigate", "document", "Origin", page), refusedMode},
	}...))
	if got := checkPost(browser("POST", fetched("same-origin", "cors", "empty", "Origin", "")), ""); got != refusedOrigin {
		t.Errorf("an empty Origin matched an empty expectation: %v", got)
	}
}

func TestCheckSocket(t *testing.T) {
	const page = "http://main-x.localhost:41001"
	upgrade := func(more ...string) http.Header {
		h := http.Header{
			"Connection": {"Upgrade"}, "Upgrade": {"websocket"},
			"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
		}
		for i := 0; i < len(more); i += 2 {
			h[more[i]] = append(h[more[i]], more[i+1])
		}
		return h
	}
	replaced := func(name string, values ...string) http.Header {
		h := upgrade("Origin", "null")
		h[name] = values
		return h
	}
	frame := func(r *http.Request) error { return checkSocket(r, "null") }
	runFetchCases(t, frame, []fetchCase{
		{"Chromium's handshake of a frame passes", "GET", upgrade("Origin", "null"), nil},
		{"Firefox's handshake of a frame passes", "GET", upgrade("Origin", "null", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "websocket", "Sec-Fetch-Dest", "empty"), nil},

		{"the page's handshake is refused", "GET", upgrade("Origin", page), refusedOrigin},
		{"another site's handshake is refused", "GET", upgrade("Origin", "https://evil.example"), refusedOrigin},
		{"a program without Origin is refused", "GET", upgrade(), refusedOrigin},
		{"two Origins are refused", "GET", upgrade("Origin", "null", "Origin", "null"), refusedTwice},
		{"a page that calls itself null is refused", "GET", upgrade("Origin", "null", "Sec-Fetch-Site", "same-origin"), refusedSite},
		{"fetch is refused", "GET", upgrade("Origin", "null", "Sec-Fetch-Mode", "cors"), refusedMode},
		{"a navigation is refused", "GET", upgrade("Origin", "null", "Sec-Fetch-Mode", "websocket", "Sec-Fetch-Dest", "document"), refusedDest},
		{"two modes are refused", "GET", upgrade("Origin", "null", "Sec-Fetch-Mode", "websocket", "Sec-Fetch-Mode", "websocket"), refusedTwice},
		{"a plain GET is refused", "GET", http.Header{"Origin": {"null"}}, refusedUpgrade},
		{"no upgrade is refused", "GET", without(upgrade("Origin", "null"), "Upgrade"), refusedUpgrade},
		{"another upgrade is refused", "GET", replaced("Upgrade", "h2c"), refusedUpgrade},
		{"two upgrades are refused", "GET", replaced("Upgrade", "websocket", "h2c"), refusedUpgrade},
		{"Firefox's connection passes", "GET", replaced("Connection", "keep-alive, Upgrade"), nil},
		{"a connection in two headers passes", "GET", replaced("Connection", "keep-alive", "upgrade"), nil},
		{"no connection is refused", "GET", without(upgrade("Origin", "null"), "Connection"), refusedUpgrade},
		{"a connection that is kept is refused", "GET", replaced("Connection", "keep-alive"), refusedUpgrade},
		{"a connection that only begins with upgrade is refused", "GET", replaced("Connection", "upgraded"), refusedUpgrade},
		{"a connection of two words is refused", "GET", replaced("Connection", "please upgrade"), refusedUpgrade},
		{"no version is refused", "GET", without(upgrade("Origin", "null"), "Sec-Websocket-Version"), refusedUpgrade},
		{"another version is refused", "GET", replaced("Sec-Websocket-Version", "8"), refusedUpgrade},
		{"two versions are refused", "GET", replaced("Sec-Websocket-Version", "13", "13"), refusedUpgrade},
		{"a list of versions is refused", "GET", replaced("Sec-Websocket-Version", "13, 8"), refusedUpgrade},
		{"no key is refused", "GET", without(upgrade("Origin", "null"), "Sec-Websocket-Key"), refusedUpgrade},
		{"two keys are refused", "GET", replaced("Sec-Websocket-Key", "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=="), refusedUpgrade},
		{"a key of 15 bytes is refused", "GET", replaced("Sec-Websocket-Key", "AAAAAAAAAAAAAAAAAAAA"), refusedUpgrade},
		{"a key of 18 bytes is refused", "GET", replaced("Sec-Websocket-Key", "AAAAAAAAAAAAAAAAAAAAAAAA"), refusedUpgrade},
		{"a key that is no base64 is refused", "GET", replaced("Sec-Websocket-Key", "<script>alert(1)</scrip>"), refusedUpgrade},
		{"a key with a space around it is refused", "GET", replaced("Sec-Websocket-Key", " dGhlIHNhbXBsZSBub25jZQ=="), refusedUpgrade},
		{"POST is refused", "POST", upgrade("Origin", "null"), refusedMethod},
	})
	brownfield := func(r *http.Request) error { return checkSocket(r, page) }
	runFetchCases(t, brownfield, []fetchCase{
		{"the page's own handshake passes", "GET", upgrade("Origin", page, "Sec-Fetch-Site", "same-origin"), nil},
		{"a sandboxed frame's is refused", "GET", upgrade("Origin", "null"), refusedOrigin},
		{"another port's is refused", "GET", upgrade("Origin", page, "Sec-Fetch-Site", "same-site"), refusedSite},
	})
}

func TestASocketIsMadeOverHTTP11Alone(t *testing.T) {
	for _, proto := range []string{"HTTP/1.0", "HTTP/2.0", "HTTP/1.2", ""} {
		r := browser("GET", http.Header{
			"Origin": {"null"}, "Connection": {"Upgrade"}, "Upgrade": {"websocket"},
			"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
		})
		if r.Proto = proto; checkSocket(r, "null") != refusedUpgrade {
			t.Errorf("a handshake over %q passes", proto)
		}
	}
}

func TestRefusalsSayNothingToTheBrowser(t *testing.T) {
	for err, status := range map[error]int{
		refusedHost: 421, refusedTarget: 400, refusedTwice: 400, refusedPath: 404, refusedMethod: 405,
		refusedMissing: 403, refusedSite: 403, refusedMode: 403, refusedDest: 403, refusedOrigin: 403,
		refusedPrefetch: 403, refusedWorker: 403, refusedUpgrade: 403, refusedCookie: 403, refusedToken: 403,
	} {
		if got := statusOf(err); got != status {
			t.Errorf("%v: status %d, want %d", err, got, status)
		}
	}
}
