package isolation

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// An origin is one of our own: where pages or frame documents are served. The
// zero value is no origin.
type origin struct {
	scheme string // http or https
	host   string // lower-case name or dotted quad
	port   string // "" when it is the scheme's own
}

// parseOrigin reads what a browser would put into an Origin header, and
// nothing that a browser would spell otherwise: the same text is compared
// byte by byte with Host and Origin headers later. IPv6 literals are refused
// since no Content-Security-Policy can name one, and plain http outside
// loopback since such a page has no crypto.subtle.
func parseOrigin(s string) (origin, error) {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok || scheme != "http" && scheme != "https" {
		return origin{}, fmt.Errorf("isolation: origin %q: want http://host:port or https://host", s)
	}
	host, port, hasPort := strings.Cut(rest, ":")
	if err := checkHostName(host); err != nil {
		return origin{}, fmt.Errorf("isolation: origin %q: %w", s, err)
	}
	if hasPort {
		if err := checkPort(port); err != nil {
			return origin{}, fmt.Errorf("isolation: origin %q: %w", s, err)
		}
		if port == defaultPort(scheme) {
			return origin{}, fmt.Errorf("isolation: origin %q: leave out port %s, browsers do", s, port)
		}
	}
	if scheme == "http" && !isLoopbackHost(host) {
		return origin{}, fmt.Errorf("isolation: origin %q: want https, since browsers give crypto.subtle to plain http on loopback only", s)
	}
	return origin{scheme: scheme, host: host, port: port}, nil
}

// String is the origin as a browser writes it.
func (o origin) String() string { return o.scheme + "://" + o.authority() }

// authority is the exact Host header of a request to o.
func (o origin) authority() string {
	if o.port == "" {
		return o.host
	}
	return o.host + ":" + o.port
}

// socket is the WebSocket URL of path on o.
func (o origin) socket(path string) string {
	if o.scheme == "https" {
		return "wss://" + o.authority() + path
	}
	return "ws://" + o.authority() + path
}

// secure says whether cookies of o can carry the Secure attribute everywhere.
func (o origin) secure() bool { return o.scheme == "https" }

// checkHost refuses a request that is not addressed, in so many bytes, to one
// of hosts. It is what a rebinding DNS name fails at: its Host header is its
// own. Nothing is normalised, since browsers send exactly one spelling: a
// trailing dot, another case, a port written differently, user information,
// or an absolute-form target that overrides the header are all refused.
func checkHost(r *http.Request, hosts ...string) error {
	if !strings.HasPrefix(r.RequestURI, "/") || r.URL.Host != "" || r.URL.Scheme != "" || r.URL.User != nil {
		return refusedTarget
	}
	for _, host := range hosts {
		if host != "" && r.Host == host {
			return nil
		}
	}
	return refusedHost
}

// checkHostName accepts a lower-case ASCII name without a trailing dot, or a
// canonical dotted quad. A name that ends in a number but is none is refused:
// browsers read 127.1 and 0x7f000001 as addresses.
func checkHostName(host string) error {
	if host == "" || len(host) > 253 {
		return fmt.Errorf("want a host name of 1 to 253 characters")
	}
	if strings.ContainsAny(host, "[]") {
		return fmt.Errorf("a Content-Security-Policy can't name an IPv6 address, use a host name")
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 {
			return fmt.Errorf("host %q has an empty or overlong label", host)
		}
		if label[0] == '-' || label[len(label)-1] == '-' {
			return fmt.Errorf("host %q has a label that begins or ends with a hyphen", host)
		}
		for _, c := range []byte(label) {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return fmt.Errorf("host %q: want lower-case letters, digits, hyphens and dots (Punycode for others)", host)
			}
		}
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	if last[0] >= '0' && last[0] <= '9' {
		if address, err := netip.ParseAddr(host); err != nil || address.String() != host {
			return fmt.Errorf("host %q: an address is written as four decimal numbers", host)
		}
	}
	return nil
}

// checkPort accepts 1 to 65535 without leading zeros.
func checkPort(port string) error {
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || strconv.FormatUint(n, 10) != port {
		return fmt.Errorf("port %q: want a number from 1 to 65535", port)
	}
	return nil
}

// defaultPort is the port that browsers leave out for scheme.
func defaultPort(scheme string) string {
	switch scheme {
	case "http", "ws":
		return "80"
	case "https", "wss":
		return "443"
	}
	return ""
}

// isLoopbackHost says whether a browser takes host for this machine. The
// unspecified address is one: connecting to it arrives at loopback.
func isLoopbackHost(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && (address.Unmap().IsLoopback() || address.Unmap().IsUnspecified())
}

// goSpelling escapes what URL parsers and encoders treat differently. Chromium
// leaves all of these as they are but the last, Firefox that too (tried, 156 and
// ESR 153), while encodeURI escapes the brackets and Go each of them. No path of
// ours has one, so it does no harm that they may be spelled either way.
var goSpelling = strings.NewReplacer("!", "%21", "'", "%27", "(", "%28", ")", "%29", "*", "%2A", "[", "%5B", "]", "%5D", "|", "%7C")

// spelledPlainly says whether u's path arrived with nothing escaped that a
// browser would not escape and the other way round, so that /a%2fb, /%69ndex.html
// and the like never stand for another path.
func spelledPlainly(u *url.URL) bool {
	return u.RawPath == "" || goSpelling.Replace(u.RawPath) == (&url.URL{Path: u.Path}).EscapedPath()
}
