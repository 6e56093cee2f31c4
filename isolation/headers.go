package isolation

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// The policies of what is no page. Both allow nothing; an error or an asset
// opened as a document is sandboxed as well, and the launch page is not only
// because a sandboxed document may not refresh itself.
const (
	launchCSP = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	staticCSP = launchCSP + "; sandbox"
)

// deniedFeatures are the browser features that neither page nor frame gets.
// PagePolicy.InsecureFeatures gives single ones back to the page. What
// Chromium no longer has, such as ad auctions, is left out, since it warns on
// the console of each name that it doesn't know. On Linux it warns of
// bluetooth alone; it knows that name once Web Bluetooth is switched on, as it
// is on other systems, where the page would get it (tried, Chromium 156).
var deniedFeatures = [...]string{
	"accelerometer", "autoplay", "bluetooth", "browsing-topics", "camera",
	"captured-surface-control", "clipboard-read", "clipboard-write",
	"compute-pressure", "digital-credentials-get", "display-capture",
	"encrypted-media", "fullscreen", "gamepad", "geolocation", "gyroscope",
	"hid", "identity-credentials-get", "idle-detection", "keyboard-map",
	"local-fonts", "local-network-access", "magnetometer", "microphone",
	"midi", "otp-credentials", "payment", "picture-in-picture",
	"private-state-token-issuance", "private-state-token-redemption",
	"publickey-credentials-create", "publickey-credentials-get",
	"screen-wake-lock", "serial", "speaker-selection", "storage-access",
	"unload", "usb", "window-management", "xr-spatial-tracking",
}

// permissionsPolicy denies every listed feature but those given back.
func permissionsPolicy(given []string) string {
	var b strings.Builder
	for i, feature := range deniedFeatures {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(feature)
		if slices.Contains(given, feature) {
			b.WriteString("=(self)")
		} else {
			b.WriteString("=()")
		}
	}
	return b.String()
}

// newNonce makes the 128-bit nonce of one response.
func newNonce() string {
	var b [16]byte
	rand.Read(b[:])
	return base64.StdEncoding.EncodeToString(b[:])
}

// scriptHash is the source expression that allows exactly this inline script.
func scriptHash(script []byte) string {
	sum := sha256.Sum256(script)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// pageCSP is the policy of one page response. frame is the source of the
// frame documents, a path that ends in "/" ("" in the brownfield pattern);
// own are the URLs of ours that the page's script connects to: the relay and
// the fallback's ticket, or the brownfield socket.
//
// There are two policies, and what loads must satisfy both. The first asks
// for the nonce. A nonce alone is handed on to whatever a module imports, and
// import("https://elsewhere/?secret") and import("data:…") then ran in both
// Chromium and Firefox (tried); so the second asks that scripts and style
// sheets come from this origin as well. 'self' alone would not do either: it
// lets injected markup run any file of the page.
func pageCSP(p PagePolicy, nonce, frame string, own ...string) string {
	nonced := "'nonce-" + nonce + "'"
	script := ""
	if p.InsecureEval {
		script += " 'unsafe-eval'"
	}
	if p.InsecureWasm {
		script += " 'wasm-unsafe-eval'"
	}
	style := "'self' " + nonced
	if p.InsecureInlineStyles {
		style = "'self' 'unsafe-inline'" // a nonce would void the keyword
	}
	attributes := "'none'"
	if p.InsecureInlineStyles || p.InsecureStyleAttributes {
		attributes = "'unsafe-inline'"
	}
	if frame == "" {
		frame = "'none'"
	}
	connect := strings.Join(append(append([]string{}, own...), p.ConnectSrc...), " ")
	if connect == "" {
		connect = "'none'"
	}
	types := strings.Join(p.TrustedTypes, " ")
	if p.InsecureDefaultTrustedType {
		types = strings.TrimPrefix(types+" default", " ")
	}
	if types == "" {
		types = "'none'"
	}
	return strings.Join([]string{
		"default-src 'none'",
		"script-src " + nonced + script,
		"style-src " + style,
		"style-src-attr " + attributes,
		"img-src " + sources(p.ImgSrc),
		"font-src " + sources(p.FontSrc),
		"media-src " + sources(p.MediaSrc),
		"connect-src " + connect,
		"frame-src " + frame,
		"worker-src 'none'",
		"object-src 'none'",
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
		"require-trusted-types-for 'script'",
		"trusted-types " + types,
	}, "; ") + ", script-src 'self' 'unsafe-inline'" + script + "; style-src 'self' 'unsafe-inline'"
}

// sources is the page's own origin and what the app lists beside it.
func sources(listed []string) string {
	return strings.Join(append([]string{"'self'"}, listed...), " ")
}

// frameCSP is the policy of a frame document for one page: the scripts of
// these hashes, one socket (or "" for none, on the relay), one parent.
func frameCSP(scriptHashes []string, socketURL, pageOrigin string) string {
	if socketURL == "" {
		socketURL = "'none'"
	}
	script := strings.Join(scriptHashes, " ")
	if script == "" {
		script = "'none'"
	}
	return strings.Join([]string{
		"sandbox allow-scripts",
		"default-src 'none'",
		"script-src " + script,
		"connect-src " + socketURL,
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors " + pageOrigin,
		"require-trusted-types-for 'script'",
		"trusted-types 'none'",
	}, "; ")
}

// setPageHeaders sets what every response of a page host carries, error or
// not. csp is the policy of a page, launchCSP or staticCSP; given are the
// policy's InsecureFeatures. There are no CORS headers anywhere.
func setPageHeaders(h http.Header, csp string, given []string) {
	setCommonHeaders(h, csp, given)
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Origin-Agent-Cluster", "?1")
	h.Set("X-Frame-Options", "DENY")
}

// setFrameHeaders sets what every response of the frame host carries. Its
// document is loaded by a page that demands a resource policy of it. An
// opaque origin is always a cluster of its own, so nothing asks for one.
func setFrameHeaders(h http.Header, csp string) {
	setCommonHeaders(h, csp, nil)
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
}

func setCommonHeaders(h http.Header, csp string, given []string) {
	h.Set("Content-Security-Policy", csp)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Embedder-Policy", "require-corp")
	h.Set("Permissions-Policy", permissionsPolicy(given))
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-DNS-Prefetch-Control", "off")
	h.Set("Cache-Control", "no-store")
}

// refuseOnPage answers a refused request to a page host: the headers, the
// status and its standard text, nothing of the request or the reason.
func refuseOnPage(w http.ResponseWriter, status int) {
	setPageHeaders(w.Header(), staticCSP, nil)
	writeStatus(w, status)
}

// refuseOnFrame is refuseOnPage for the frame host.
func refuseOnFrame(w http.ResponseWriter, status int) {
	setBareFrameHeaders(w.Header())
	writeStatus(w, status)
}

// Unavailable answers 503 where a Gate will be, with the headers that every
// refusal of a page host carries.
func Unavailable(w http.ResponseWriter, _ *http.Request) {
	refuseOnPage(w, http.StatusServiceUnavailable)
}

// setBareFrameHeaders is setFrameHeaders for what is no frame document.
func setBareFrameHeaders(h http.Header) {
	setFrameHeaders(h, staticCSP)
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

func writeStatus(w http.ResponseWriter, status int) {
	text := http.StatusText(status) + "\n"
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	io.WriteString(w, text)
}

// statusOf is the status that goes with a refusal.
func statusOf(err error) int {
	switch err {
	case refusedHost:
		return http.StatusMisdirectedRequest
	case refusedTarget, refusedTwice:
		return http.StatusBadRequest
	case refusedPath:
		return http.StatusNotFound
	case refusedMethod:
		return http.StatusMethodNotAllowed
	}
	return http.StatusForbidden
}
