package policy

import (
	"strings"

	"github.com/dunglas/go-urlpattern"
)

// What most URLs and patterns look like is read here by its letters, in a fraction of the time. It says
// nothing else than the long way does, which all others go: fuzzing compares the two.

// plainPattern is https://example.com or https://*.example.com, with a path that is open, or fixed, or fixed
// up to a * at its end.
type plainPattern struct {
	scheme string
	host   hostEntry
	path   string
	open   bool // what follows path
}

// newPlainPattern is nil if the pattern is not of that shape.
func newPlainPattern(init urlpattern.URLPatternInit) *plainPattern {
	host, below := strings.CutPrefix(*init.Hostname, "*.")
	p := &plainPattern{scheme: *init.Protocol, host: hostEntry{host, below, *init.Port}, open: true}
	if !literal.MatchString(p.scheme) || defaultPort(p.scheme) == "" || !regexpHost.MatchString(host) || init.Search != nil || init.Hash != nil {
		return nil
	}
	if init.Pathname != nil {
		p.path, p.open = strings.CutSuffix(*init.Pathname, "*")
	}
	if !literal.MatchString(p.path) {
		return nil
	}
	return p
}

func (p *plainPattern) site(a *address) bool { return a.scheme == p.scheme && p.host.matches(a) }

func (p *plainPattern) page(_ *address, tail string) bool {
	path := tail
	if i := strings.IndexAny(tail, "?#"); i >= 0 {
		path = tail[:i]
	}
	if p.open {
		return strings.HasPrefix(path, p.path)
	}
	return path == p.path
}

// plainURL reads a URL of the web in which every letter stands for itself. It fails on all others.
func plainURL(text string) (*address, bool) {
	scheme, rest, _ := strings.Cut(text, "://")
	if !web(scheme) || len(text) > maxURL {
		return nil, false
	}
	a := &address{scheme: scheme, host: rest, tail: "/", href: text}
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		a.host, a.tail = rest[:i], rest[i:]
	}
	a.before = text[:len(text)-len(rest)+len(a.host)]
	if i := strings.IndexByte(a.host, ':'); i >= 0 {
		a.host, a.port = a.host[:i], a.host[i+1:]
		if !isPort(a.port) || a.port == defaultPort(scheme) {
			return nil, false
		}
	}
	if a.tail[0] != '/' || !plainHost(a.host) || !plainTail(a.tail) {
		return nil, false
	}
	if a.tail == "/" {
		a.href = a.before + "/"
	}
	a.other = a.tail
	return a, true
}

// plainHost takes names in small ASCII letters that no reader could take for an address or for
// punycode.
func plainHost(host string) bool {
	label := ""
	for label = range strings.SplitSeq(host, ".") {
		if label == "" || label[0] == '-' || label[len(label)-1] == '-' || strings.HasPrefix(label, "xn--") {
			return false
		}
		for i := range len(label) {
			if c := label[i]; !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
				return false
			}
		}
	}
	return label[0] >= 'a' && label[0] <= 'z'
}

// plainTail takes paths and queries without escapes, dot segments, doubled slashes and fragments.
func plainTail(tail string) bool {
	path := true
	for i := range len(tail) {
		switch c := tail[i]; {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_~:@&=+,;$!*", c) >= 0:
		case c == '?':
			path = false
		case c == '/' && !(path && i > 0 && tail[i-1] == '/'):
		case c == '.' && !(path && tail[i-1] == '/'):
		default:
			return false
		}
	}
	return true
}
