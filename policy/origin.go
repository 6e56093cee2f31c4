package policy

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// site is where a page may come from: one origin, or what fits a pattern.
type site struct {
	text    string      // of an exact origin its canonical form
	pattern *urlPattern // nil if it is exact
}

// readSite reads an entry of custom.origins.
func readSite(text string) (site, error) {
	_, rest, _ := strings.Cut(text, "://")
	group := namedGroup.MatchString(rest) && !strings.HasPrefix(rest, "[")
	if !group && !strings.ContainsAny(text, `*?{}()\#`) && !strings.Contains(rest, "/") {
		origin, err := canonicalOrigin(text)
		return site{text: origin}, err
	}
	p, err := newURLPattern(text)
	if err != nil {
		return site{}, fmt.Errorf("%q %w", text, err)
	}
	if opaqueOrigin(scheme(text)) || p.site.Hostname() == "" {
		return site{}, fmt.Errorf("%q: pages of this scheme have no origin of their own", text)
	}
	return site{text, p}, nil
}

var namedGroup = regexp.MustCompile(`:[\pL_]`)

func scheme(text string) string {
	before, _, _ := strings.Cut(text, ":")
	return strings.ToLower(before)
}

// opaqueOrigin says whether pages of a scheme have an origin that equals no other.
func opaqueOrigin(scheme string) bool {
	return scheme == "file" || scheme == "data" || scheme == "blob" || scheme == "javascript" || scheme == "about"
}

// pageOf reads where a page comes from, an origin or a URL as a browser writes it. Nil stands for no
// remote page that could be named: "null", what is spelt in an unusual way, and what has a path that readers
// differ on. Where none is named, no capability for remote pages holds, a denying one neither: so that
// all of them must be off, not only those that this spelling happens to miss.
func pageOf(origin string) *address {
	a, err := parseURL(origin)
	if err != nil || a.host == "" || opaqueOrigin(a.scheme) || a.climbs || a.other != a.tail {
		return nil
	}
	return a
}

// originOf is the origin of a page that is given by its URL; an origin is its own.
func originOf(page string) string {
	a, err := parseURL(page)
	if err != nil || a.host == "" {
		return page
	}
	return a.origin()
}

func (s site) holds(page *address) bool {
	if s.pattern == nil {
		return s.text == page.origin()
	}
	return s.pattern.match(page) == inside
}

// canonicalOrigin reads scheme://host or scheme://host:port, written as a browser writes
// an origin, and says what is wrong with anything else. It drops the scheme's default port and
// shortens IPv6, the differences in which two accepted texts can name one origin.
func canonicalOrigin(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || u.Host == "" || u.Opaque != "" {
		return "", fmt.Errorf("%q is not an origin: expected scheme://host or scheme://host:port", text)
	}
	switch {
	case u.User != nil:
		return "", fmt.Errorf("%q: an origin has no user name", text)
	case u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(text, "#"):
		return "", fmt.Errorf("%q: an origin ends after its host and port, without a slash", text)
	case strings.ToLower(text) != text:
		return "", fmt.Errorf("%q: origins are lower case", text)
	case opaqueOrigin(u.Scheme):
		return "", fmt.Errorf("%q: pages of this scheme have no origin of their own", text)
	}
	if err := checkHost(u); err != nil {
		return "", fmt.Errorf("%q: %w", text, err)
	}
	a, err := parseURL(text)
	if err != nil {
		return "", fmt.Errorf("%q %w", text, err)
	}
	return a.origin(), nil
}

func checkHost(u *url.URL) error {
	if strings.HasSuffix(u.Host, ":") {
		return errors.New("the port is missing after the colon")
	}
	if p := u.Port(); p != "" && (strings.HasPrefix(p, "0") || len(p) > 5 || len(p) == 5 && p > "65535") {
		return errors.New("the port must be 1 to 65535 without leading zeros")
	}
	name := u.Hostname()
	if strings.HasPrefix(u.Host, "[") {
		if regexp.MustCompile(`^[0-9a-f:]+$`).MatchString(name) {
			return nil
		}
		return errors.New("not an IPv6 address in its plain form")
	}
	if !regexp.MustCompile(`^([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$`).MatchString(name) {
		return errors.New("the host must be ASCII letters, digits, dashes and dots, without a dot at its end; write other names in punycode (xn--)")
	}
	return nil
}
