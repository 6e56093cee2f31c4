package policy

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
)

func TestURLMatches(t *testing.T) {
	for _, test := range []struct {
		name, pattern, url string
		want               judgement
	}{
		{"the host", "https://example.com", "https://example.com/a/b?c#d", inside},
		{"the host, as a path of one slash", "https://example.com/", "https://example.com/a/b", inside},
		{"below a path", "https://example.com/app/*", "https://example.com/app/a/b", inside},
		{"beside a path", "https://example.com/app/*", "https://example.com/application", outside},
		{"the path alone", "https://example.com/app", "https://example.com/app?q=1", inside},
		{"the path alone, longer", "https://example.com/app", "https://example.com/app/", outside},
		{"subdomain", "https://*.example.com/*", "https://a.b.example.com/x", inside},
		{"a wildcard for subdomains is not the domain", "https://*.example.com/*", "https://example.com/x", outside},
		{"a named group", "https://example.com/notes/:id", "https://example.com/notes/7", inside},
		{"a named group is one segment", "https://example.com/notes/:id", "https://example.com/notes/7/x", outside},
		{"a group", "http{s}?://example.com/*", "http://example.com/x", inside},
		{"query", "https://example.com/a?q=*", "https://example.com/a?q=1", inside},
		{"another query", "https://example.com/a?q=*", "https://example.com/a?r=1", outside},
		{"fragment", "https://example.com/a#top", "https://example.com/a#top", inside},
		{"empty query is open", "https://example.com/a?#top", "https://example.com/a?x#top", inside},
		{"any scheme and host", "*://*", "http://a.b:80/x", inside},
		{"any host", "https://*", "https://a.b/x", inside},
		{"any host, another port", "https://*", "https://a.b:444/x", outside},
		{"address", "http://127.0.0.1:8080/*", "http://127.0.0.1:8080/x", inside},
		{"IPv6", "http://[::1]:*/*", "http://[::1]:8080/x", inside},
		{"scheme of an app", "app://localhost/*", "app://localhost/x", inside},
		{"script", "javascript:*", "javascript:alert(1)", inside},
		{"script is no web page", "https://*/*", "javascript:alert(1)", outside},

		{"case of scheme and host", "https://example.com/*", "HTTPS://EXAMPLE.com/x", inside},
		{"case of the pattern", "HTTPS://EXAMPLE.com/*", "https://example.com/x", inside},
		{"case of the path", "https://example.com/app/*", "https://example.com/APP/x", outside},
		{"default port", "https://example.com/*", "https://example.com:443/x", inside},
		{"default port in the pattern", "https://example.com:443/*", "https://example.com/x", inside},
		{"another port", "https://example.com/*", "https://example.com:8443/x", outside},
		{"the other scheme's port", "https://example.com/*", "https://example.com:80/x", outside},
		{"any port", "https://example.com:*/*", "https://example.com:8443/x", inside},
		{"another scheme", "https://example.com/*", "http://example.com/x", outside},
		{"IDN", "https://bücher.example/*", "https://xn--bcher-kva.example/x", inside},
		{"IDN in the URL", "https://*.xn--bcher-kva.example/*", "https://a.bücher.example/x", inside},
		{"IDN, another letter that looks the same", "https://apple.com/*", "https://аpple.com/x", outside},

		{"prefix of the host", "https://example.com/*", "https://example.com.evil.org/x", outside},
		{"suffix of the host", "https://example.com/*", "https://evilexample.com/x", outside},
		{"host in the path", "https://example.com/*", "https://evil.org/example.com/x", outside},
		{"host in the query", "https://*.example.com/*", "https://evil.org?.example.com/x", outside},
		{"host in the fragment", "https://*.example.com/*", "https://evil.org#.example.com/x", outside},
		{"dot in the pattern", "https://example.com/*", "https://exampleXcom/x", outside},

		{"user name", "https://example.com/*", "https://example.com@evil.org/x", doubtful},
		{"user name and password", "https://example.com/*", "https://a:b@example.com/x", doubtful},
		{"empty user name", "https://example.com/*", "https://@example.com/x", doubtful},
		{"backslash", "https://example.com/*", `https://evil.org\@example.com/x`, doubtful},
		{"backslash in the path", "https://example.com/a/*", `https://example.com/a\b`, doubtful},
		{"backslashes for slashes", "https://example.com/*", `https:\\example.com\x`, doubtful},
		{"tab", "https://example.com/*", "https://exa\tmple.com/x", doubtful},
		{"newline", "https://example.com/*", "https://example.com/x\n", doubtful},
		{"space in the path", "https://example.com/*", "https://example.com/a b", doubtful},
		{"wide space in the path", "https://example.com/*", "https://example.com/a\u3000b", doubtful},
		{"NUL in the path", "https://example.com/*", "https://example.com/a\x00b", doubtful},
		{"leading space", "https://example.com/*", " https://example.com/x", doubtful},
		{"NUL", "https://example.com/*", "https://example.com\x00.evil.org/x", doubtful},
		{"not UTF-8", "https://example.com/*", "https://example.com/\xff", doubtful},
		{"escaped host", "https://example.com/*", "https://%65xample.com/x", doubtful},
		{"trailing dot", "https://example.com/*", "https://example.com./x", doubtful},
		{"empty label", "https://*.example.com/*", "https://.example.com/x", doubtful},
		{"full-width letters", "https://example.com/*", "https://ｅxample.com/x", doubtful},
		{"full-width dot", "https://example.com/*", "https://example。com/x", doubtful},
		{"soft hyphen", "https://example.com/*", "https://exa\u00admple.com/x", doubtful},
		{"a letter that IDNA versions differ on", "https://strasse.example/*", "https://straße.example/x", doubtful},
		{"punycode that is none", "https://*.example/*", "https://xn--a.example/x", doubtful},
		{"no slashes", "https://example.com/*", "https:example.com/x", doubtful},
		{"three slashes", "https://example.com/*", "https:///example.com/x", doubtful},
		{"no scheme", "https://example.com/*", "//example.com/x", doubtful},
		{"relative", "https://example.com/*", "/x", doubtful},
		{"empty", "https://example.com/*", "", doubtful},
		{"empty port", "https://example.com/*", "https://example.com:/x", doubtful},
		{"port with a zero", "https://example.com/*", "https://example.com:0443/x", doubtful},
		{"other port with a zero", "https://example.com:8443/*", "https://example.com:08443/x", doubtful},
		{"port out of range", "https://example.com:*/*", "https://example.com:99999/x", doubtful},
		{"huge", "https://example.com/*", "https://example.com/" + strings.Repeat("a", maxURL), doubtful},
		{"asterisk in the URL", "https://*.example.com/*", "https://*.example.com/x", doubtful},

		{"short address", "http://127.0.0.1/*", "http://127.1/x", doubtful},
		{"hexadecimal address", "http://127.0.0.1/*", "http://0x7f.1/x", doubtful},
		{"octal address", "http://127.0.0.1/*", "http://0177.0.0.1/x", doubtful},
		{"address as one number", "http://127.0.0.1/*", "http://2130706433/x", doubtful},
		{"address with a dot behind", "http://127.0.0.1/*", "http://127.0.0.1./x", doubtful},
		{"address out of range", "http://127.0.0.1/*", "http://256.0.0.1/x", doubtful},
		{"long IPv6", "http://[::1]/*", "http://[0:0:0:0:0:0:0:1]/x", inside},
		{"IPv6 around an IPv4 address", "http://127.0.0.1/*", "http://[::ffff:127.0.0.1]/x", doubtful},
		{"IPv6 with a zone", "http://[fe80::1]/*", "http://[fe80::1%25eth0]/x", doubtful},
		{"IPv6 in two brackets", "http://[::1]/*", "http://[[::1]]/x", doubtful},

		{"climbs", "https://example.com/app/*", "https://example.com/app/../admin", doubtful},
		{"climbs and comes back", "https://example.com/app/*", "https://example.com/app/a/../b", doubtful},
		{"climbs in escapes", "https://example.com/app/*", "https://example.com/app/%2e%2E/admin", doubtful},
		{"climbs by an escaped slash", "https://example.com/app/*", "https://example.com/app/..%2fadmin", doubtful},
		{"climbs in escapes of escapes", "https://example.com/app/*", "https://example.com/app/%252e%252e/admin", doubtful},
		{"climbs by an escaped backslash", "https://example.com/app/*", "https://example.com/app/..%5cadmin", doubtful},
		{"climbs by an escaped backslash and stays", "https://example.com/app/*", "https://example.com/app/a%5c..%5cb", doubtful},
		{"escaped beyond reading", "https://example.com/app/*", "https://example.com/app/%2525252525252e/x", doubtful},
		{"climbs where the path is open", "https://example.com/*", "https://example.com/app/../admin", inside},
		{"climbs where the path is left out", "https://example.com", "https://example.com/app/../admin", inside},
		{"climbs on another host", "https://example.com/app/*", "https://evil.org/app/../admin", outside},
		{"escaped letter of a fixed path", "https://example.com/admin/*", "https://example.com/%61dmin/x", doubtful},
		{"climbs where the path may be empty", "app://localhost/*", "app://localhost/a/../b", doubtful},
		{"doubled slash before a fixed path", "https://example.com/admin/*", "https://example.com//admin/x", doubtful},
		{"escaped slash in a segment", "https://example.com/notes/:id", "https://example.com/notes/a%2fb", doubtful},
		{"escapes under a wildcard", "https://example.com/app/*", "https://example.com/app/a%20b%2Fc%40d", inside},
		{"escaped letters outside ASCII", "https://example.com/é/*", "https://example.com/%C3%A9/x", inside},
		{"escape in the query", "https://example.com/a?user=me", "https://example.com/a?user=%6de", doubtful},

		// TAU2-011 (Tauri's audit of 2024): a regular expression held for any text with a fit in it.
		{"TAU2-011: expression is anchored at its start", `https://example.com/(v1)`, "https://example.com/xv1", outside},
		{"TAU2-011: expression is anchored at its end", `https://example.com/(v1)`, "https://example.com/v1x", outside},
		{"TAU2-011: each alternative is anchored", `https://example.com/(a|b)`, "https://example.com/bx", outside},
		{"TAU2-011: alternatives of a host", `https://(a|b).example.com/*`, "https://evil.org/b.example.com", outside},
		{"TAU2-011: expression that fits", `https://example.com/v(\d+)/*`, "https://example.com/v12/x", inside},

		// CVE-2025-31477 (Tauri's shell): schemes that start programs and mounts were opened like pages.
		{"CVE-2025-31477: file", "https://*/*", "file:///etc/passwd", outside},
		{"CVE-2025-31477: file with a host", "https://*/*", "file://example.com/x", outside},
		{"CVE-2025-31477: share", "https://*/*", "smb://example.com/x", outside},
		{"CVE-2025-31477: mount", "https://*/*", "nfs://example.com/x", outside},
		{"CVE-2025-31477: file, by no slashes", "https://example.com/*", "file:example.com/x", doubtful},
		{"CVE-2025-31477: scheme in capitals", "https://*/*", "FILE:///etc/passwd", outside},
		{"CVE-2025-31477: scheme that begins the same", "https://*/*", "httpsx://example.com/x", outside},

		// CVE-2022-41874 (Tauri): a name that the user had picked was taken for a pattern.
		{"CVE-2022-41874: a pattern in the URL is text", "https://example.com/a", "https://example.com/*", outside},
		{"CVE-2022-41874: a group in the URL is text", "https://example.com/:a", "https://example.com/(.*)", inside},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := testLexicon(t, "linux").urlMatches(test.pattern, test.url); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestBrokenURLPatternsAreRefused(t *testing.T) {
	for _, test := range []struct{ name, pattern, want string }{
		{"empty", "", "is empty"},
		{"long", "https://example.com/" + strings.Repeat("a", maxURLPattern), "has more than 1024 bytes"},
		{"no scheme", "example.com/*", "begins with a scheme"},
		{"path alone", "/a/*", "begins with a scheme"},
		{"no host", "https:///x", "has no host"},
		{"space", "https://example.com/a b", "a space"},
		{"not UTF-8", "https://example.com/\xff", "not UTF-8"},
		{"open group", "https://example.com/{a", "is no URL pattern"},
		{"open expression", "https://example.com/(a", "is no URL pattern"},
		{"expression that is none", "https://example.com/(a**)", "is no URL pattern"},
		{"expression that looks ahead", "https://example.com/(a(?=b))", "is no URL pattern"},
		{"user name", "https://me@example.com/*", "a user name"},
		{"user name behind a backslash", `https://example.com\@evil.org/*`, "a user name"},
		{"climbs", "https://example.com/app/../*", "has a . or .. in it"},
		{"climbs below a wildcard", "https://example.com/*/../../../..", "has a . or .. in it"},
		{"climbs in a group", "https://example.com{/..}?/x", "has a . or .. in it"},
		{"climbs in escapes", "https://example.com/%2e%2e/x", "has a . or .. in it"},
		{"trailing dot", "https://example.com./*", "a dot at its end"},
		{"trailing dot behind a wildcard", "https://*.example.com./*", "open at its end"},
		{"empty label", "https://a..example.com/*", "empty label"},
		{"no name", "https://exam$ple.com/*", "character that no name has"},
		{"capitals that count", "app://Localhost/*", "capitals"},
		{"open end of the host", "https://example.*", "open at its end"},
		{"open end of the host before a port", "https://example.com*:8080/*", "open at its end"},
		{"open start of a name", "https://*example.com/*", "not up to a dot"},
		{"host of one group", "https://:host/*", "open at its end"},
		{"host of an expression", "https://(.+)/*", "open at its end"},
		{"host with an end that may be missing", "https://*{.example.com}?/*", "open at its end"},
		{"part of an address", "http://192.168.*/*", "part of an IP address"},
		{"part of an address, one number", "http://10.*", "part of an IP address"},
		{"number before a wildcard", "http://1*.example.com", "part of an IP address"},
		{"IPv6 in its long form", "http://[0:0:0:0:0:0:0:1]/*", "shortest form"},
		{"IPv6 in part", "http://[fe80::*]/*", "shortest form"},
		{"IPv6 around IPv4", "http://[::ffff:7f00:1]/*", "shortest form"},
		{"wildcard in a name outside ASCII", "https://*ücher.example.com/*", "punycode"},
		{"wildcard behind a name outside ASCII", "https://bü*.example.com/*", "punycode"},
		{"port of an expression", "https://example.com:(443|8443)/*", "neither a number nor *"},
		{"a default port of two schemes", "http{s}?://example.com:443/*", "for more than one scheme"},
		{"scheme in part", "http*://example.com/*", "open in part"},
		{"scheme of one group", ":scheme://example.com/*", "open in part"},
	} {
		t.Run(test.name, func(t *testing.T) {
			x := testLexicon(t, "linux")
			if _, err := x.patterns.get(test.pattern); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if got := x.urlMatches(test.pattern, "https://example.com/a"); got != doubtful {
				t.Errorf("judged %v", got)
			}
		})
	}
}

// URLs are put together from pieces that have fooled others, and each verdict is held to what the letters say.
func TestComposedURLsFitWhatTheySpell(t *testing.T) {
	x := testLexicon(t, "linux")
	g := generator{Rand: rand.New(rand.NewPCG(3, 4))}
	counts := map[judgement]int{}
	for range 20_000 {
		url := g.pick("https", "https", "https", "http", "HTTPS", "file", "ftp", "smb", "httpsx", "javascript") + g.pick("://", "://", "://", "://", ":", ":///", `:\\`, "") +
			g.pick("", "", "", "", "example.com@", "a:b@", "@", `evil.org\@`, "example.com%40", "example.com#@", "example.com?@") +
			g.pick("example.com", "a.example.com", "EXAMPLE.com", "evil.org", "example.com.evil.org", "evilexample.com", ".example.com", "a..example.com", "ｅxample.com",
				"example。com", "exam\u200bple.com", "%65xample.com", "аexample.com", "127.0.0.1", "127.1", "[::1]", "xn--a.example.com", "*.example.com", "-.example.com") +
			g.pick("", "", "", "", ".", ":443", ":80", ":8443", ":0443", ":", ":99999", "\t", "%2e") +
			g.pick("", "/", "/a", "/a?b#c", "?x", "#x", `\a`, "/../..", "/%2e%2e/", "/example.com", "/@example.com")
		for _, p := range []struct {
			text, scheme, name, port string
			below                    bool
		}{
			{"https://example.com/*", "https", "example.com", "", false}, {"https://*.example.com", "https", "example.com", "", true},
			{"https://example.com:8443", "https", "example.com", "8443", false}, {"http://*.example.com:*/", "http", "example.com", "*", true},
		} {
			got := x.urlMatches(p.text, url)
			counts[got]++
			agrees(t, p.text, url, got, p.scheme, p.name, p.port, p.below)
		}
		if short, ok := plainURL(url); ok {
			if long, err := parseAnyURL(url); err != nil || *short != *long {
				t.Errorf("%q is read as %+v, and by the parsers as %+v, %v", url, short, long, err)
			}
		}
		for _, p := range []struct {
			text, name, port string
			below            bool
		}{{"example.com", "example.com", "", false}, {"*.example.com:*", "example.com", "*", true}} {
			got := x.hostIn(operand{value: ast.String(url)}, operand{value: ast.NewArray(ast.StringTerm(p.text))})
			if spell(url).scheme == "https" || got == inside {
				agrees(t, p.text, url, got, "", p.name, p.port, p.below)
			}
		}
	}
	if counts[inside] < 500 || counts[outside] < 1000 || counts[doubtful] < 1000 {
		t.Errorf("the pieces missed a kind of verdict: %v", counts)
	}
}

func TestAPatternThatBreaksTheCompilerIsAnError(t *testing.T) {
	// Refused before it is compiled; the compiler cuts a path short that has become shorter.
	if _, err := compilePattern("https://example.com/a*../../.."); !errors.Is(err, errNoPattern) {
		t.Errorf("got %v", err)
	}
}

func TestCompiledPatternsAreKeptInBoundedNumber(t *testing.T) {
	built := 0
	r := newRecent(8, func(text string) (int, error) { built++; return len(text), nil })
	for i := range 100 {
		if n, err := r.get("kept"); n != 4 || err != nil {
			t.Fatalf("got %d, %v", n, err)
		}
		_, _ = r.get(strings.Repeat("x", i))
		if r.len() > 8 {
			t.Fatalf("%d are kept", r.len())
		}
	}
	if built != 101 {
		t.Errorf("built %d times, for 101 texts of which one was always in use", built)
	}
}

func BenchmarkURLScopes(b *testing.B) {
	x := testLexicon(b, "linux")
	url, hosts := operand{value: ast.String("https://api.example.com/v1/notes/7?x=1")}, operand{value: ast.NewArray(ast.StringTerm("a.example"), ast.StringTerm("*.example.com"))}
	b.Run("host_in", func(b *testing.B) {
		for b.Loop() {
			x.hostIn(url, hosts)
		}
	})
	for _, pattern := range []string{"https://*.example.com", "https://*.example.com/v1/*"} {
		b.Run(pattern, func(b *testing.B) {
			for b.Loop() {
				x.urlMatches(pattern, url.Text())
			}
		})
	}
}
