package policy

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dunglas/go-urlpattern"
)

// maxURLPattern bounds a pattern in bytes.
const maxURLPattern = 1 << 10

// urlPattern is a WHATWG URLPattern, in two parts.
type urlPattern struct {
	site  *urlpattern.URLPattern // scheme, host and port alone
	page  *urlpattern.URLPattern // all of it; nil if path, query and fragment are open
	plain *plainPattern          // the same, where it is of the usual shape: else nil
	wide  bool                   // scheme or host is open
}

// newURLPattern reads a pattern, https://urlpattern.spec.whatwg.org. What the standard takes but
// means something else than it seems to is refused.
func newURLPattern(text string) (*urlPattern, error) {
	if err := readablePattern(text); err != nil {
		return nil, err
	}
	whole, err := compilePattern(text)
	if err != nil {
		return nil, err
	}
	if err := checkPattern(whole); err != nil {
		return nil, err
	}
	p := &urlPattern{wide: whole.Protocol() == "*" || whole.Hostname() == "*"}
	init := urlpattern.URLPatternInit{Protocol: new(whole.Protocol()), Hostname: new(whole.Hostname()), Port: new(whole.Port())}
	if p.site, err = compileInit(init); err != nil {
		return nil, err
	}
	// As in Tauri: a part that is left empty is open, and so is a path that is a slash. All paths of these
	// schemes begin with one.
	init.Pathname, init.Search, init.Hash = open(whole.Pathname()), open(whole.Search()), open(whole.Hash())
	if path := whole.Pathname(); path == "/" || path == "/*" && special(strings.TrimSuffix(whole.Protocol(), "{s}?")) {
		init.Pathname = nil
	}
	if init.Pathname != nil || init.Search != nil || init.Hash != nil {
		p.page, err = compileInit(init)
	}
	p.plain = newPlainPattern(init)
	return p, err
}

// open is nil, which stands for anything, if the part of a pattern is.
func open(part string) *string {
	if part == "" || part == "*" {
		return nil
	}
	return &part
}

func readablePattern(text string) error {
	switch {
	case text == "":
		return errors.New("is empty")
	case len(text) > maxURLPattern:
		return fmt.Errorf("has more than %d bytes", maxURLPattern)
	case !utf8.ValidString(text):
		return errors.New("is not UTF-8")
	case strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }):
		return errors.New("has a space or a control character in it")
	}
	for segment := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(`/\{}`, r) }) {
		if s, _ := decoded(segment); s == "." || s == ".." {
			return errors.New("has a . or .. in it, which no URL has when it is compared")
		}
	}
	return nil
}

// compilePattern is what the standard makes of a text. The compiler is somebody else's: where it
// fails, the policy must not.
func compilePattern(text string) (p *urlpattern.URLPattern, err error) {
	defer recovered(&err)
	p, err = urlpattern.New(escapeIPv6(text), "", nil)
	switch {
	case errors.Is(err, urlpattern.ErrNoBaseURL):
		return nil, errors.New("is no URL pattern: it begins with a scheme, as in https://*.example.com/app/*")
	case err != nil:
		return nil, errNoPattern
	}
	return p, nil
}

// compileInit compiles a pattern by its parts, which are those of one that has been compiled.
func compileInit(init urlpattern.URLPatternInit) (p *urlpattern.URLPattern, err error) {
	defer recovered(&err)
	if p, err = init.New(nil); err != nil {
		return nil, errNoPattern
	}
	return p, nil
}

var errNoPattern = errors.New("is no URL pattern: a group or a regular expression in it can't be read, or a part has a " +
	"character that can't stand there (a backslash before : ? + * ( ) { } makes one ordinary)")

func recovered(err *error) {
	if recover() != nil {
		*err = errNoPattern
	}
}

// escapeIPv6 lets an address stand as in a URL: a pattern takes its colons for names of groups.
func escapeIPv6(text string) string {
	before, rest, found := strings.Cut(text, "://[")
	address, after, closed := strings.Cut(rest, "]")
	if !found || !closed {
		return text
	}
	return before + "://[" + strings.ReplaceAll(strings.ReplaceAll(address, `\:`, ":"), ":", `\:`) + "]" + after
}

// checkPattern refuses patterns that no URL fits, and hosts that others than meant would fit.
func checkPattern(p *urlpattern.URLPattern) error {
	if user, password := p.Username(), p.Password(); user != "*" && user != "" || password != "*" && password != "" {
		return errors.New("has a user name in it: no URL with one fits")
	}
	if !schemes.MatchString(p.Protocol()) {
		return errors.New("has a scheme that is open in part: write it out, or http{s}?, or (http|ws), or * alone for any scheme")
	}
	if err := checkPatternHost(p); err != nil {
		return err
	}
	port := p.Port()
	switch {
	case port != "*" && strings.Trim(port, "0123456789") != "":
		return errors.New("has a port that is neither a number nor *")
	case port != "" && !literal.MatchString(p.Protocol()) && slices.Contains([]string{"80", "443", "21"}, port):
		return fmt.Errorf("has port %s for more than one scheme: URLs leave out the port of their own scheme; write one pattern for each", port)
	}
	return nil
}

// literal has nothing in it that has a meaning in patterns.
var literal = regexp.MustCompile(`^[^*:(){}?+\\]*$`)

func checkPatternHost(p *urlpattern.URLPattern) error {
	host := p.Hostname()
	hostless := literal.MatchString(p.Protocol()) && (!special(p.Protocol()) || p.Protocol() == "file")
	switch {
	case host == "*", host == "" && hostless:
		return nil
	case host == "":
		return errors.New("has no host")
	case host[0] == '[':
		host = strings.ReplaceAll(host, `\`, "")
		address, _ := netip.ParseAddr(strings.Trim(host, "[]")) // of no address the text is none either
		if "["+address.String()+"]" != host {
			return errors.New("has an IPv6 address that is not in its shortest form, or not whole")
		}
		return nil
	case literal.MatchString(host) && !regexpHost.MatchString(host):
		return errors.New("has a host with an empty label, a dot at its end or a character that no name has (capitals, where " +
			"browsers don't know the scheme)")
	case literal.MatchString(host):
		return nil
	case partOfAddress.MatchString(host):
		return errors.New("has a part of an IP address: URLPattern takes it for a whole one; name each address")
	case partOfIDN.MatchString(host):
		return errors.New("has a wildcard in a label that is written in punycode: a wildcard stands for whole labels there")
	case !fixedEnd.MatchString(host):
		return errors.New("has a host that is open at its end, or not up to a dot, so that names of others fit it: " +
			"write *.example.com for all below example.com, or * alone for any host")
	}
	return nil
}

var (
	schemes = regexp.MustCompile(`^([a-z][a-z0-9.-]*(\{s\}\?)?|\([a-z|]+\)|\*)$`)
	// 192.168.* is compiled as 192.0.0.168*.
	partOfAddress = regexp.MustCompile(`(^|[^0-9.])([0-9]+\.){3}[0-9]+([^0-9.]|$)`)
	partOfIDN     = regexp.MustCompile(`[*(){}?+][^.]*xn--|xn--[^.]*[*(){}?+]`)
	// fixedEnd: whatever is open is followed by a dot and whole labels.
	fixedEnd = regexp.MustCompile(`([*(){}?+]|:[\pL_][\pL\pN_]*)(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)+$`)
)

// match judges a URL.
func (p *urlPattern) match(a *address) (j judgement) {
	if p.plain != nil {
		return judged(a, p.page == nil, p.plain.site, p.plain.page)
	}
	defer func() {
		if recover() != nil {
			j = doubtful
		}
	}()
	return judged(a, p.page == nil,
		func(a *address) bool { return p.site.Test(a.href, "") },
		func(a *address, tail string) bool { return p.page.Test(a.before+tail, "") })
}

// judged says whether a URL fits by its site and, unless that is open, by all that follows it, as the
// one reader takes it and the other.
func judged(a *address, open bool, site func(*address) bool, page func(a *address, tail string) bool) judgement {
	switch {
	case !site(a):
		return outside
	case open:
		return inside
	case a.climbs:
		return doubtful
	}
	fits := page(a, a.tail)
	if a.other != a.tail && page(a, a.other) != fits {
		return doubtful
	}
	return truth(fits)
}
