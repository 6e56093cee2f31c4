package isolation

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
)

// A refusal says, for counters and the developer's log, which check a request
// failed. The texts are stable. A browser is never told.
type refusal string

// Error implements error.
func (r refusal) Error() string { return "isolation: request refused: " + string(r) }

// The refusals of the two hosts.
const (
	refusedTarget   refusal = "target"          // not origin-form
	refusedHost     refusal = "host"            // not ours
	refusedPath     refusal = "path"            // nothing there
	refusedMethod   refusal = "method"          // not for this path
	refusedMissing  refusal = "fetch_missing"   // no Sec-Fetch-* headers: not a browser of today
	refusedTwice    refusal = "fetch_duplicate" // a header that must be single is not
	refusedSite     refusal = "fetch_site"      // Sec-Fetch-Site
	refusedMode     refusal = "fetch_mode"      // Sec-Fetch-Mode
	refusedDest     refusal = "fetch_dest"      // Sec-Fetch-Dest
	refusedOrigin   refusal = "origin"          // Origin
	refusedPrefetch refusal = "prefetch"        // fetched ahead of need
	refusedWorker   refusal = "service_worker"  // fetched by or for a service worker
	refusedUpgrade  refusal = "upgrade"         // not a WebSocket handshake
	refusedCookie   refusal = "cookie"          // no launch, or another window's
	refusedToken    refusal = "token"           // unknown, used or expired launch token
)

// metadata is what a browser says of a request and no script can change.
type metadata struct{ site, mode, dest string }

// fetchMetadata reads Sec-Fetch-Site, -Mode and -Dest. All three engines send
// each of them exactly once with whatever they fetch over HTTP from a secure
// context. A request without them is no such browser's, and one with two of a
// kind has passed through something that adds headers.
func fetchMetadata(r *http.Request) (metadata, error) {
	var m metadata
	for _, h := range []struct {
		name  string
		value *string
	}{{"Sec-Fetch-Site", &m.site}, {"Sec-Fetch-Mode", &m.mode}, {"Sec-Fetch-Dest", &m.dest}} {
		switch v := r.Header[h.name]; len(v) {
		case 0:
			return metadata{}, refusedMissing
		case 1:
			*h.value = v[0]
		default:
			return metadata{}, refusedTwice
		}
	}
	return m, nil
}

// checkNotAhead refuses what is fetched ahead of a navigation, and what a
// service worker fetches or is itself: a prefetch burns a ticket or a token,
// and a navigation preload hands the document to the worker's script.
func checkNotAhead(r *http.Request) error {
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		if len(r.Header[name]) > 0 {
			return refusedPrefetch
		}
	}
	for _, name := range []string{"Service-Worker", "Service-Worker-Navigation-Preload"} {
		if len(r.Header[name]) > 0 {
			return refusedWorker
		}
	}
	return nil
}

// checkNavigation passes a navigation of a whole tab to a page: typed, from
// the browser's own controls, or from that very page. Another site may not,
// and neither may another port of the same host, to which SameSite cookies
// are no border. Reloading and going back say same-origin, an address typed
// says none (tried in Chromium and Firefox).
func checkNavigation(r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return refusedMethod
	}
	return navigated(r, "document", "none", "same-origin")
}

// checkLaunch passes the navigation that redeems a launch token. It comes
// from a file, which engines call cross-site, so any site may start it: the
// token is the proof.
func checkLaunch(r *http.Request) error {
	if r.Method != http.MethodGet {
		return refusedMethod
	}
	return navigated(r, "document", "none", "same-origin", "same-site", "cross-site")
}

// checkFrame passes the navigation of an iframe to a frame document. Page and
// frame never share an origin; whether they share a site depends on the hosts
// of a mounted app. Which page it is, frame-ancestors and the ticket say.
func checkFrame(r *http.Request) error {
	if r.Method != http.MethodGet {
		return refusedMethod
	}
	return navigated(r, "iframe", "cross-site", "same-site")
}

func navigated(r *http.Request, dest string, sites ...string) error {
	if err := checkNotAhead(r); err != nil {
		return err
	}
	m, err := fetchMetadata(r)
	switch {
	case err != nil:
		return err
	case m.dest != dest:
		return refusedDest
	case m.mode != "navigate":
		return refusedMode
	}
	if !slices.Contains(sites, m.site) {
		return refusedSite
	}
	return nil
}

// checkSubresource passes what a page loads of its own: scripts, styles,
// pictures, fonts, sound, film. Documents in frames, objects, workers and
// fetch are not among them; the page's policy forbids them too.
func checkSubresource(r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return refusedMethod
	}
	if err := checkNotAhead(r); err != nil {
		return err
	}
	m, err := fetchMetadata(r)
	if err != nil {
		return err
	}
	if m.site != "same-origin" {
		return refusedSite
	}
	switch m.mode {
	case "no-cors", "cors", "same-origin":
	default:
		return refusedMode
	}
	switch m.dest {
	case "script", "style", "image", "font", "audio", "video", "track", "json":
		return nil
	}
	return refusedDest
}

// checkPost passes a POST that a script of origin sends to its own host.
func checkPost(r *http.Request, origin string) error {
	if r.Method != http.MethodPost {
		return refusedMethod
	}
	if err := checkNotAhead(r); err != nil {
		return err
	}
	m, err := fetchMetadata(r)
	switch {
	case err != nil:
		return err
	case m.site != "same-origin":
		return refusedSite
	case m.mode != "cors" && m.mode != "same-origin":
		return refusedMode
	case m.dest != "empty":
		return refusedDest
	}
	return checkOrigin(r, origin)
}

// checkSocket passes a WebSocket handshake of origin: "null" for a frame
// document, the page's own in the brownfield pattern. Chromium sends no
// Sec-Fetch-* here, Firefox does; what is sent must fit. Any sandboxed frame
// can say "null", so this keeps others out but proves nothing: the hello does.
func checkSocket(r *http.Request, origin string) error {
	if r.Method != http.MethodGet {
		return refusedMethod
	}
	if !upgrades(r) {
		return refusedUpgrade
	}
	if err := checkNotAhead(r); err != nil {
		return err
	}
	for _, h := range []struct {
		name    string
		allowed []string
		refused refusal
	}{
		{"Sec-Fetch-Mode", []string{"websocket"}, refusedMode},
		{"Sec-Fetch-Dest", []string{"websocket", "empty"}, refusedDest},
		{"Sec-Fetch-Site", socketSites(origin), refusedSite},
	} {
		switch v := r.Header[h.name]; {
		case len(v) == 0:
		case len(v) > 1:
			return refusedTwice
		case !slices.Contains(h.allowed, v[0]):
			return h.refused
		}
	}
	return checkOrigin(r, origin)
}

// upgrades says whether a GET request is a whole WebSocket handshake, as RFC
// 6455 section 4.2.1 wants it. All is checked here, and more strictly than
// the WebSocket library does, since the library quotes a header that it
// refuses in its answer.
func upgrades(r *http.Request) bool {
	version, key := r.Header["Sec-Websocket-Version"], r.Header["Sec-Websocket-Key"]
	switch v := r.Header["Upgrade"]; {
	case r.Proto != "HTTP/1.1":
		return false
	case len(v) != 1 || !strings.EqualFold(v[0], "websocket"):
		return false
	case !hasToken(r.Header["Connection"], "upgrade"):
		return false
	case len(version) != 1 || version[0] != "13":
		return false
	case len(key) != 1:
		return false
	}
	nonce, err := base64.StdEncoding.DecodeString(key[0])
	return err == nil && len(nonce) == 16
}

// hasToken says whether one of a list header's elements is token, which is in
// lower case. Firefox asks for "keep-alive, Upgrade".
func hasToken(values []string, token string) bool {
	for _, v := range values {
		for element := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.Trim(element, " \t"), token) {
				return true
			}
		}
	}
	return false
}

// socketSites are the relations a handshake may claim: an opaque origin is
// cross-site to everything, a page is same-origin to its own host.
func socketSites(origin string) []string {
	if origin == "null" {
		return []string{"cross-site"}
	}
	return []string{"same-origin"}
}

// checkOrigin compares the one Origin header byte by byte.
func checkOrigin(r *http.Request, origin string) error {
	switch v := r.Header["Origin"]; {
	case len(v) > 1:
		return refusedTwice
	case len(v) == 0 || origin == "" || v[0] != origin:
		return refusedOrigin
	}
	return nil
}
