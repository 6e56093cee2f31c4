package policy

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	whatwg "github.com/nlnwa/whatwg-url/url"
	"golang.org/x/net/idna"
)

// maxURL bounds a URL in bytes: about what browsers and servers take.
const maxURL = 8 << 10

// address is a URL of which browsers and Go agree where it leads. A text on which they differ is
// no address: whatever is decided about it, somebody reads it otherwise.
type address struct {
	scheme string
	host   string // canonical, IPv6 in brackets; "" if there is none
	port   string // "" is the scheme's default
	href   string // the whole, as a browser writes it
	before string // what stands in href before path, query and fragment; "" if the path is opaque
	tail   string // path, query and fragment
	other  string // the tail as a reader takes it who resolves escapes and doubled slashes
	climbs bool   // the path has a dot segment, however it is written, or can't be read
}

// origin is scheme://host, with the port unless it is the scheme's own.
func (a *address) origin() string {
	origin := a.scheme + "://" + a.host
	if a.port != "" {
		origin += ":" + a.port
	}
	return origin
}

// defaultPort is the port that a URL of the scheme leaves out, "" if there is none.
func defaultPort(scheme string) string {
	switch scheme {
	case "http", "ws":
		return "80"
	case "https", "wss":
		return "443"
	case "ftp":
		return "21"
	}
	return ""
}

// special says whether hosts of the scheme are names of the network and no opaque text.
func special(scheme string) bool { return defaultPort(scheme) != "" || scheme == "file" }

// parseURL reads an absolute URL, or says why it can't be judged.
func parseURL(text string) (*address, error) {
	if a, ok := plainURL(text); ok {
		return a, nil
	}
	return parseAnyURL(text)
}

func parseAnyURL(text string) (*address, error) {
	if err := readableURL(text); err != nil {
		return nil, err
	}
	browser, err := whatwgURL(text)
	if err != nil {
		return nil, errors.New("is no absolute URL")
	}
	ours, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("is no absolute URL that Go reads")
	}
	a := &address{scheme: browser.Scheme(), host: browser.Hostname(), port: browser.Port(), href: browser.Href(false)}
	switch {
	case ours.User != nil:
		return nil, errors.New("has a user name in it")
	case ours.Scheme != a.scheme || special(a.scheme) && (ours.Opaque != "" || a.scheme != "file" && a.host == ""):
		return nil, errors.New("has no // before its host")
	}
	if err := a.checkHost(ours.Hostname()); err != nil {
		return nil, err
	}
	if err := a.checkPort(ours); err != nil {
		return nil, err
	}
	if ours.Opaque == "" {
		a.readTail(ours)
	}
	return a, nil
}

// readableURL refuses what some readers strip, fold or take for a slash.
func readableURL(text string) error {
	switch {
	case text == "":
		return errors.New("is empty")
	case len(text) > maxURL:
		return errors.New("is too long")
	case !utf8.ValidString(text):
		return errors.New("is not UTF-8")
	}
	for _, r := range text {
		switch {
		case unicode.IsControl(r) || unicode.IsSpace(r):
			return errors.New("has a space or a control character in it")
		case r == '\\':
			return errors.New("has a backslash in it")
		}
	}
	return nil
}

// whatwgURL parses as browsers do. The parser is somebody else's: if it fails, the call must not.
func whatwgURL(text string) (u *whatwg.Url, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("the URL parser failed")
		}
	}()
	return whatwg.Parse(text)
}

// checkHost compares the canonical host with the one that Go would connect to, ours.
func (a *address) checkHost(ours string) error {
	name := strings.Trim(a.host, "[]")
	address, notAddress := netip.ParseAddr(name)
	switch {
	case a.host == "" && ours == "":
		return nil
	case notAddress == nil && address.Is4In6():
		return errors.New("has an IPv4 address in IPv6 form")
	case notAddress == nil:
		// 127.1, 0x7f.1 and 0177.0.0.1 are one address to some and a name, or another, to others.
		if same, err := netip.ParseAddr(ours); err != nil || same != address {
			return errors.New("has an address in a form that readers differ on")
		}
		return nil
	case !regexpHost.MatchString(a.host):
		return errors.New("has a host with an empty label, a dot at its end or a character that no name has")
	case isASCII(ours) && strings.ToLower(ours) == a.host:
		return nil
	}
	return checkIDN(ours, a.host)
}

// A name of labels. Schemes that browsers don't know have hosts in any case; those that are not
// lower case have no match.
var regexpHost = regexp.MustCompile(`^([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$`)

// checkIDN takes a name outside ASCII only in the one form that is nobody else's other spelling.
func checkIDN(name, canonical string) error {
	shown, err := idna.Punycode.ToUnicode(canonical)
	if err != nil || shown != name {
		return errors.New("has a host that is spelt in another way than its own")
	}
	// Where IDNA2003 and 2008 lead to different hosts, as with ß.
	old, err := idna.New(idna.MapForLookup(), idna.Transitional(true)).ToASCII(name)
	if err != nil || old != canonical {
		return errors.New("has a host that readers differ on")
	}
	return nil
}

func (a *address) checkPort(ours *url.URL) error {
	port := ours.Port()
	if strings.HasSuffix(ours.Host, ":") {
		return errors.New("has an empty port")
	}
	if a.port != port && (a.port != "" || port != defaultPort(a.scheme)) {
		return errors.New("has a port that readers differ on")
	}
	return nil
}

// readTail finds the other reading of what follows the host.
func (a *address) readTail(ours *url.URL) {
	a.before = a.scheme + ":"
	if strings.HasPrefix(a.href, a.before+"//") {
		a.before = a.origin()
	}
	a.tail = strings.TrimPrefix(a.href, a.before)
	path, plain := decoded(ours.EscapedPath())
	path = strings.ReplaceAll(path, `\`, "/")
	a.climbs = !plain
	for segment := range strings.SplitSeq(path, "/") {
		a.climbs = a.climbs || segment == "." || segment == ".."
	}
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	other := encoded(path, "%?#")
	if !strings.HasPrefix(other, "/") && (other != "" || special(a.scheme)) {
		other = "/" + other
	}
	if ours.RawQuery != "" || ours.ForceQuery {
		query, plain := decoded(ours.RawQuery)
		a.climbs = a.climbs || !plain
		other += "?" + encoded(query, "%#")
	}
	if ours.Fragment != "" {
		fragment, plain := decoded(ours.EscapedFragment())
		a.climbs = a.climbs || !plain
		other += "#" + encoded(fragment, "%")
	}
	read, err := whatwgURL(a.before + other)
	if err != nil {
		a.climbs = true
		return
	}
	a.other = strings.TrimPrefix(read.Href(false), a.before)
}

// maxEscapes is how often a text may have been escaped.
const maxEscapes = 4

// decoded resolves escapes, and those that come out of it. It fails on a text that has been
// escaped more often than anybody does.
func decoded(text string) (string, bool) {
	for range maxEscapes {
		next := decodedOnce(text)
		if next == text {
			return text, true
		}
		text = next
	}
	return text, false
}

func decodedOnce(text string) string {
	if !strings.Contains(text, "%") {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && isHex(text, i+1) && isHex(text, i+2) {
			c, _ := strconv.ParseUint(text[i+1:i+3], 16, 8)
			b.WriteByte(byte(c))
			i += 2
			continue
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// encoded escapes ends, which would end a part of a URL, and what could not stand in one.
func encoded(text, ends string) string {
	escape := func(c byte) bool { return c <= ' ' || c >= utf8.RuneSelf-1 || strings.IndexByte(ends, c) >= 0 }
	var b strings.Builder
	for i := range len(text) {
		if escape(text[i]) {
			fmt.Fprintf(&b, "%%%02X", text[i])
		} else {
			b.WriteByte(text[i])
		}
	}
	return b.String()
}
