package policy

import (
	"strings"
	"testing"
)

func TestHostIn(t *testing.T) {
	for _, test := range []struct {
		name, url, hosts string
		want             judgement
	}{
		{"on the list", "https://example.com/x", `["a.example", "example.com"]`, inside},
		{"not on the list", "https://example.org/x", `["a.example", "example.com"]`, outside},
		{"empty list is nowhere", "https://example.com/x", `[]`, outside},
		{"case", "https://EXAMPLE.com/x", `["example.COM"]`, inside},
		{"subdomain of a name", "https://a.example.com/x", `["example.com"]`, outside},
		{"subdomain under a wildcard", "https://a.b.example.com/x", `["*.example.com"]`, inside},
		{"the domain under a wildcard", "https://example.com/x", `["*.example.com"]`, outside},
		{"longer name under a wildcard", "https://evilexample.com/x", `["*.example.com"]`, outside},
		{"name with a tail", "https://example.com.evil.org/x", `["example.com", "*.example.com"]`, outside},
		{"host in the path", "https://evil.org/example.com", `["example.com"]`, outside},
		{"IDN", "https://bücher.example/x", `["xn--bcher-kva.example"]`, inside},
		{"IDN on the list", "https://a.xn--bcher-kva.example/x", `["*.bücher.example"]`, inside},
		{"address", "http://127.0.0.1/x", `["127.0.0.1"]`, inside},
		{"IPv6", "http://[::1]/x", `["[::1]"]`, inside},
		{"IPv6 in its long form", "http://[0::1]/x", `["[0:0::1]"]`, inside},

		{"default port in the URL", "https://example.com:443/x", `["example.com"]`, inside},
		{"another port in the URL", "https://example.com:8443/x", `["example.com"]`, outside},
		{"port on the list", "https://example.com:8443/x", `["example.com:8443"]`, inside},
		{"port on the list, not in the URL", "https://example.com/x", `["example.com:8443"]`, outside},
		{"default port on the list", "https://example.com/x", `["example.com:443"]`, inside},
		{"default port of another scheme", "http://example.com/x", `["example.com:443"]`, outside},
		{"default port of another scheme in the URL", "http://example.com:443/x", `["example.com"]`, outside},
		{"any port", "https://example.com:8443/x", `["example.com:*"]`, inside},
		{"any port of subdomains", "wss://a.example.com:8443/x", `["*.example.com:*"]`, inside},
		{"IPv6 with a port", "http://[::1]:8080/x", `["[::1]:8080"]`, inside},

		{"user name", "https://example.com@evil.org/x", `["example.com"]`, doubtful},
		{"user name of the right host", "https://evil.org@example.com/x", `["example.com"]`, doubtful},
		{"backslash", `https://evil.org\@example.com/x`, `["example.com"]`, doubtful},
		{"trailing dot", "https://example.com./x", `["example.com"]`, doubtful},
		{"tab", "https://example\t.com/x", `["example.com"]`, doubtful},
		{"escaped host", "https://ex%61mple.com/x", `["example.com"]`, doubtful},
		{"full-width letters", "https://ｅxample.com/x", `["example.com"]`, doubtful},
		{"short address", "http://127.1/x", `["127.0.0.1"]`, doubtful},
		{"hexadecimal address", "http://0x7f.1/x", `["127.0.0.1"]`, doubtful},
		{"IPv6 around an address", "http://[::ffff:7f00:1]/x", `["127.0.0.1"]`, doubtful},
		{"no URL", "example.com", `["example.com"]`, doubtful},
		{"climbing path is no matter", "https://example.com/a/../b", `["example.com"]`, inside},

		{"share of a host on the list", "smb://example.com/x", `["example.com"]`, doubtful},
		{"file of a host on the list", "file://example.com/x", `["example.com"]`, doubtful},
		{"FTP of a host on the list", "ftp://example.com/x", `["example.com"]`, doubtful},
		{"share of another host", "smb://example.org/x", `["example.com"]`, outside},
		{"script", "javascript:alert(1)", `["example.com"]`, outside},

		{"entry that is no host beside one that fits", "https://example.com/x", `["https://example.com", "example.com"]`, inside},
		{"entry that is no host", "https://example.com/x", `["https://example.com"]`, doubtful},
		{"entry that is no text", "https://example.com/x", `[7]`, mistyped},
		{"list that is none", "https://example.com/x", `"example.com"`, mistyped},
		{"URL that is none", "", `["example.com"]`, doubtful},
	} {
		t.Run(test.name, func(t *testing.T) {
			x := testLexicon(t, "linux")
			if got := x.hostIn(parse(t, quoted(test.url)), parse(t, test.hosts)); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestBrokenHostsAreRefused(t *testing.T) {
	for _, entry := range []string{"", "*", "*.", "**.example.com", "a.*.com", "*example.com", "https://example.com", "example.com/", "example.com/x",
		"example.com?", "example.com#", "me@example.com", "example.com.", ".example.com", "a..example.com", "127.1", "0x7f.1", "2130706433", "127.0.0.1.",
		"*.127.0.0.1", "*.[::1]", "::1", "[::1", "[::ffff:127.0.0.1]", "[::1]]", "example.com:", "example.com:0", "example.com:080", "example.com:65536",
		"example.com:99999999999", "example.com:a", "example.com:**", "exa mple.com", "exa\tmple.com", "exa%6dple.com", `example.com\`, "ｅxample.com",
		"straße.example", "xn--a.example", "example.com:80:80", "[::1]:80:80"} {
		if e, err := newHostEntry(entry); err == nil {
			t.Errorf("%q is read as %+v", entry, e)
		}
	}
	for _, entry := range []string{"localhost", "localhost:*", "a_b.example.com", "*.com", "127.0.0.1:8080", "[::1]:*", "bücher.example:65535", "EXAMPLE.com"} {
		if _, err := newHostEntry(entry); err != nil {
			t.Errorf("%q: %v", entry, err)
		}
	}
}

// quoted writes a text as JSON.
func quoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\t", `\t`, "\n", `\n`, "\x00", `\u0000`).Replace(text) + `"`
}
