package policy

import (
	"regexp"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
)

// spelling is a URL cut up by its letters alone, with no parser of URLs: what it says of a text of which it
// is sure is what anybody reads there.
type spelling struct {
	scheme, host, port string
	sure               bool // the text has nothing but letters, digits and plain punctuation
}

func spell(text string) spelling {
	scheme, rest, found := strings.Cut(text, "://")
	if !anyScheme.MatchString(scheme) {
		return spelling{} // a path with :// in it, as in a:/b://c, names no host to anybody
	}
	authority := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority = rest[:i]
	}
	s := spelling{scheme: foldASCII(scheme), host: foldASCII(authority)}
	if i := strings.LastIndexByte(s.host, ':'); i >= 0 && !strings.HasSuffix(s.host, "]") {
		s.host, s.port = s.host[:i], s.host[i+1:]
	}
	if s.port == map[string]string{"https": "443", "http": "80"}[s.scheme] {
		s.port = ""
	}
	s.sure = found && (s.scheme == "http" || s.scheme == "https") && usualText.MatchString(text) && plainLabels.MatchString(s.host) &&
		!strings.Contains("."+s.host, ".xn--") && usualPort.MatchString(authority[len(s.host):])
	return s
}

var (
	anyScheme   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*$`) // RFC 3986, section 3.1
	usualText   = regexp.MustCompile(`^[A-Za-z0-9.:/_?#=&-]*$`)
	plainLabels = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z]([a-z0-9-]*[a-z0-9])?$`)
	usualPort   = regexp.MustCompile(`^(:[1-9][0-9]{0,3})?$`)
	// A pattern whose meaning is plain from its letters: a scheme, a host or all below one, a port, any path.
	usualPattern = regexp.MustCompile(`^(https?)://(\*\.)?((?:[a-z0-9]+\.)*[a-z]+)(?::([1-9][0-9]{0,3}|\*))?(?:/\*?)?$`)
)

func foldASCII(text string) string {
	return strings.Map(lower, text)
}

// under says whether a host is name, or with below set ends in .name.
func under(host, name string, below bool) bool {
	if below {
		return strings.HasSuffix(host, "."+name) && host != "."+name
	}
	return host == name
}

// agrees fails where a verdict about a URL contradicts its letters.
func agrees(t *testing.T, what, url string, got judgement, scheme, name, port string, below bool) {
	t.Helper()
	s := spell(url)
	portFits := port == "*" || s.port == port
	fits := (scheme == "" || s.scheme == scheme) && under(s.host, name, below) && portFits
	switch {
	case got == inside && !fits:
		t.Errorf("%s fits %q, which spells %+v", what, url, s)
	case got != inside && s.sure && fits && !strings.Contains(url, "..") && !strings.Contains(url, "/."):
		t.Errorf("%s on %q: %v", what, url, got)
	case got == doubtful && s.sure && !fits && !strings.ContainsAny(url, "./?#"):
		t.Errorf("%s on %q: %v", what, url, got)
	}
}

func hostileURLs() []string {
	return []string{"https://example.com", "https://a.example.com/x", "HTTPS://EXAMPLE.com:443/", "https://example.com@evil.org", `https://evil.org\@example.com`,
		"https://example.com.", "https://example.com.evil.org", "https://ｅxample.com", "https://exa\u00admple.com", "https://%65xample.com", "https://example.com:8443/x",
		"http://127.1", "http://0x7f.1", "http://[::ffff:127.0.0.1]", "https:example.com", "https:///example.com", "//example.com", "https://example.com/app/..%2fx?a=%26#b",
		"javascript:alert(1)", "file:///etc/passwd", "smb://example.com/x", "blob:https://example.com/1", "data:,x", "https://[[::1]]", "https://xn--a.com",
		"https://bücher.example", "https://\texample.com", "a://b", "a:b", "a:/b://example.com.", "https://example.com/%2525252e"}
}

func FuzzURLMatches(f *testing.F) {
	for _, pattern := range []string{"https://example.com", "https://*.example.com/*", "https://example.com:8443/", "http://*.example.com:*", "*://*", "*:*", "https://*/*",
		"https://example.com/:id(\\d+)", "http{s}?://(a|b).example.com/{x/}*", "https://bücher.example/*", "http://[::1]:*/*", "app://x/*", "https://example.com/*/../..",
		"http://192.168.*", "https://example.com/a?b=*#c", "(.*)://(.*)", "{", "https://x/((?i)a)", `https://x/(\Q)`, "https://x.y/(a{1000}){9}"} {
		for _, url := range hostileURLs() {
			f.Add(pattern, url)
		}
	}
	x, err := newLexicon("linux", nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, pattern, url string) {
		got := x.urlMatches(pattern, url)
		if m := usualPattern.FindStringSubmatch(pattern); m != nil {
			port := m[4]
			if port == map[string]string{"https": "443", "http": "80"}[m[1]] {
				port = ""
			}
			agrees(t, pattern, url, got, m[1], m[3], port, m[2] != "")
		}
		if got != inside {
			return
		}
		// What another reader could take for another URL must not have fitted.
		s := spell(url)
		if strings.ContainsAny(url, "\\\t\n\r \x00") || strings.Contains(s.host, "@") || strings.HasSuffix(s.host, ".") {
			t.Errorf("%q fits %q", pattern, url)
		}
	})
}

func FuzzHostIn(f *testing.F) {
	for _, entry := range []string{"example.com", "*.example.com", "example.com:8443", "*.example.com:*", "127.0.0.1", "[::1]:*", "bücher.example", "*", "https://x", "a..b"} {
		for _, url := range hostileURLs() {
			f.Add(entry, url)
		}
	}
	x, err := newLexicon("linux", nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, entry, url string) {
		got := x.hostIn(operand{value: ast.String(url)}, operand{value: ast.NewArray(ast.StringTerm(entry))})
		name, below := strings.CutPrefix(entry, "*.")
		name, port, _ := strings.Cut(foldASCII(name), ":")
		if !plainLabels.MatchString(name) || strings.Contains("."+name, ".xn--") {
			return
		}
		if _, err := x.hosts.get(entry); err != nil {
			if got == inside {
				t.Errorf("%q is no entry, and %q is in it", entry, url)
			}
			return
		}
		s := spell(url)
		if port != "" && port == map[string]string{"https": "443", "http": "80", "wss": "443", "ws": "80"}[s.scheme] {
			port = ""
		}
		agrees(t, entry, url, got, "", name, port, below)
	})
}

// What is read by its letters must be read in the same way by the parsers, and matched in the same way by
// the compiled patterns.
func FuzzPlainURL(f *testing.F) {
	for _, pattern := range []string{"https://example.com", "https://*.example.com:*/a/*", "wss://a-b.example.com:8443/x.y", "https://example.com/a/b*"} {
		for _, url := range append(hostileURLs(), "https://a_b.example.com:8443/x/.y/z.?a=/../b//c&d=:@", "ws://x/a*b;c=d,e+f$g!h", "https://0x1.a/", "https://a.0x1/",
			"https://a--b.c", "https://ab--c.d/~e", "https://a.1b/", "https://a.b/...", "https://a.b/c/..d", "https://a.b?x/../y", "https://a.b/z?3/x?y", "https://b-.c", "https://a._b/") {
			f.Add(pattern, url)
		}
	}
	f.Fuzz(func(t *testing.T, pattern, url string) {
		short, ok := plainURL(url)
		long, err := parseAnyURL(url)
		if ok && (err != nil || *short != *long) {
			t.Errorf("%q is read as %+v, and by the parsers as %+v, %v", url, short, long, err)
		}
		p, wrong := newURLPattern(pattern)
		if wrong != nil || p.plain == nil || err != nil {
			return
		}
		compiled := *p
		compiled.plain = nil
		if got, want := p.match(long), compiled.match(long); got != want {
			t.Errorf("%q on %q: %v, and compiled %v", pattern, url, got, want)
		}
	})
}
