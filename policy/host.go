package policy

import (
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// A hostEntry is one host, or all below one, that a URL may lead to.
type hostEntry struct {
	host  string // canonical
	below bool   // its subdomains, itself not
	port  string // "" is the default port of the URL's scheme, "*" any
}

// newHostEntry reads example.com, *.example.com, 127.0.0.1 or [::1], with :port or :* behind it.
func newHostEntry(text string) (hostEntry, error) {
	var e hostEntry
	name, below := strings.CutPrefix(text, "*.")
	e.below = below
	if strings.ContainsAny(name, "/?#@%") {
		return hostEntry{}, errNoHost
	}
	if i := strings.LastIndexByte(name, ':'); i >= 0 && !strings.HasSuffix(name, "]") {
		name, e.port = name[:i], name[i+1:]
		if !isPort(e.port) && e.port != "*" {
			return hostEntry{}, errors.New("has a port that is neither 1 to 65535 nor *")
		}
	}
	inBrackets := strings.HasPrefix(name, "[") && strings.HasSuffix(name, "]")
	if name == "" || strings.Contains(name, "*") || strings.Contains(name, ":") && !inBrackets {
		return hostEntry{}, errNoHost
	}
	a, err := parseURL("https://" + name)
	if err != nil {
		return hostEntry{}, errors.New("is no host in its usual form: no dot at the end, labels that are not empty, addresses in full")
	}
	if _, notAddress := netip.ParseAddr(strings.Trim(a.host, "[]")); below && notAddress == nil {
		return hostEntry{}, errors.New("has a wildcard before an address: an address has no subdomains")
	}
	e.host = a.host
	return e, nil
}

var errNoHost = errors.New(`is no host: expected "example.com", or "*.example.com" for all below it, each with ":port" or ":*" if need be`)

// isPort says whether text is a port as URLs write it.
func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0 && strconv.FormatUint(n, 10) == text
}

func (e hostEntry) matches(a *address) bool {
	if e.below {
		name, found := strings.CutSuffix(a.host, "."+e.host)
		if !found || name == "" {
			return false
		}
	} else if e.host != a.host {
		return false
	}
	switch e.port {
	case "*":
		return true
	case "":
		return a.port == ""
	}
	return e.port == a.port || a.port == "" && e.port == defaultPort(a.scheme)
}

// web says whether a URL of the scheme leads to a server that answers to HTTP. What a share, a mail or
// a program of that host is, a list of hosts doesn't say.
func web(scheme string) bool { return slices.Contains([]string{"http", "https", "ws", "wss"}, scheme) }
