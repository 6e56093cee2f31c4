package policy

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// canonicalOrigin reads scheme://host or scheme://host:port, written as a browser writes
// an origin, and says what is wrong with anything else. It drops the scheme's default
// port, the one difference in which two accepted texts can name one origin.
func canonicalOrigin(text string) (string, error) {
	if strings.ContainsAny(text, "*?{}(") {
		return "", fmt.Errorf("%q: patterns are not supported, name each origin exactly", text)
	}
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
	case u.Scheme == "file" || u.Scheme == "data" || u.Scheme == "blob":
		return "", fmt.Errorf("%q: pages of this scheme have no origin of their own", text)
	}
	if err := checkHost(u); err != nil {
		return "", fmt.Errorf("%q: %w", text, err)
	}
	if u.Scheme == "http" && u.Port() == "80" || u.Scheme == "https" && u.Port() == "443" {
		return u.Scheme + "://" + strings.TrimSuffix(u.Host, ":"+u.Port()), nil
	}
	return text, nil
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
