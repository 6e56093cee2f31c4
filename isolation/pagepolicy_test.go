package isolation

import (
	"errors"
	"strings"
	"testing"
)

func TestPagePolicyValidate(t *testing.T) {
	own := []string{"http://main-x.localhost:41001", "http://editor-x.localhost:41001", "http://frame-x.localhost:41002"}
	for _, test := range []struct {
		name   string
		policy PagePolicy
		field  string // the error names it; "" means valid
	}{
		{"the zero value is valid", PagePolicy{}, ""},
		{"exact hosts are valid", PagePolicy{ConnectSrc: []string{"https://api.example.com", "wss://api.example.com:8443/live/"}}, ""},
		{"another local service is valid", PagePolicy{ConnectSrc: []string{"http://localhost:11434"}}, ""},
		{"a percent escape in a path is valid", PagePolicy{ImgSrc: []string{"https://img.example.com/a%2Cb"}}, ""},
		{"pictures may be data: and blob:", PagePolicy{ImgSrc: []string{"data:", "blob:"}}, ""},
		{"names of the frameworks' policies are valid", PagePolicy{TrustedTypes: []string{"vue", "svelte-trusted-html", "lit-html", "angular#bundler"}}, ""},
		{"a listed feature is valid", PagePolicy{InsecureFeatures: []string{"clipboard-write"}}, ""},

		{"a lone wildcard", PagePolicy{ConnectSrc: []string{"*"}}, "ConnectSrc[0]"},
		{"a wildcard host", PagePolicy{ConnectSrc: []string{"https://*.example.com"}}, "ConnectSrc[0]"},
		{"a wildcard port", PagePolicy{ConnectSrc: []string{"https://example.com:*"}}, "ConnectSrc[0]"},
		{"a scheme alone", PagePolicy{ConnectSrc: []string{"https:"}}, "ConnectSrc[0]"},
		{"a host without scheme", PagePolicy{ConnectSrc: []string{"example.com"}}, "ConnectSrc[0]"},
		{"the keyword self", PagePolicy{ConnectSrc: []string{"'self'"}}, "ConnectSrc[0]"},
		{"the keyword none", PagePolicy{ImgSrc: []string{"'none'"}}, "ImgSrc[0]"},
		{"a keyword that loosens", PagePolicy{FontSrc: []string{"'unsafe-inline'"}}, "FontSrc[0]"},
		{"a nonce", PagePolicy{MediaSrc: []string{"'nonce-x'"}}, "MediaSrc[0]"},
		{"an empty entry", PagePolicy{ConnectSrc: []string{""}}, "ConnectSrc[0]"},
		{"two sources in one", PagePolicy{ConnectSrc: []string{"https://a.example https://b.example"}}, "ConnectSrc[0]"},
		{"a semicolon that begins a directive", PagePolicy{ConnectSrc: []string{"https://a.example;script-src"}}, "ConnectSrc[0]"},
		{"a semicolon in a path", PagePolicy{ConnectSrc: []string{"https://a.example/x;script-src"}}, "ConnectSrc[0]"},
		{"a comma that begins a policy", PagePolicy{ConnectSrc: []string{"https://a.example/x,y"}}, "ConnectSrc[0]"},
		{"a line end that begins a header", PagePolicy{ConnectSrc: []string{"https://a.example\r\nX: y"}}, "ConnectSrc[0]"},
		{"a tab", PagePolicy{ConnectSrc: []string{"https://a.example/\tx"}}, "ConnectSrc[0]"},
		{"a quote", PagePolicy{ConnectSrc: []string{"https://a.example/'self'"}}, "ConnectSrc[0]"},
		{"a character outside ASCII", PagePolicy{ConnectSrc: []string{"https://a.example/ü"}}, "ConnectSrc[0]"},
		{"a broken escape", PagePolicy{ConnectSrc: []string{"https://a.example/%2"}}, "ConnectSrc[0]"},
		{"a query", PagePolicy{ConnectSrc: []string{"https://a.example/?x"}}, "ConnectSrc[0]"},
		{"a fragment", PagePolicy{ConnectSrc: []string{"https://a.example/#x"}}, "ConnectSrc[0]"},
		{"dot segments", PagePolicy{ConnectSrc: []string{"https://a.example/a/../b"}}, "ConnectSrc[0]"},
		{"user information", PagePolicy{ConnectSrc: []string{"https://me@a.example"}}, "ConnectSrc[0]"},
		{"upper case", PagePolicy{ConnectSrc: []string{"https://A.example"}}, "ConnectSrc[0]"},
		{"a trailing dot", PagePolicy{ConnectSrc: []string{"https://a.example."}}, "ConnectSrc[0]"},
		{"an IPv6 literal", PagePolicy{ConnectSrc: []string{"http://[::1]:9000"}}, "ConnectSrc[0]"},
		{"an address in short form", PagePolicy{ConnectSrc: []string{"http://127.1:9000"}}, "ConnectSrc[0]"},
		{"an address as one number", PagePolicy{ConnectSrc: []string{"http://2130706433:9000"}}, "ConnectSrc[0]"},
		{"a port out of range", PagePolicy{ConnectSrc: []string{"http://a.example:99999"}}, "ConnectSrc[0]"},
		{"file:", PagePolicy{ConnectSrc: []string{"file:///etc/passwd"}}, "ConnectSrc[0]"},
		{"data: to connect to", PagePolicy{ConnectSrc: []string{"data:"}}, "ConnectSrc[0]"},
		{"data: as a font", PagePolicy{FontSrc: []string{"data:"}}, "FontSrc[0]"},
		{"a socket as a picture", PagePolicy{ImgSrc: []string{"wss://a.example"}}, "ImgSrc[0]"},
		{"the error names the entry", PagePolicy{ImgSrc: []string{"data:", "https://a.example", "http:"}}, "ImgSrc[2]"},
		{"too many entries", PagePolicy{ImgSrc: make([]string, 65)}, "ImgSrc"},

		{"our page port", PagePolicy{ConnectSrc: []string{"http://localhost:41001"}}, "ConnectSrc[0]"},
		{"our frame port by address", PagePolicy{ConnectSrc: []string{"ws://127.0.0.1:41002"}}, "ConnectSrc[0]"},
		{"our port by another loopback address", PagePolicy{ConnectSrc: []string{"http://127.9.9.9:41001"}}, "ConnectSrc[0]"},
		{"our port by the unspecified address", PagePolicy{ConnectSrc: []string{"http://0.0.0.0:41001"}}, "ConnectSrc[0]"},
		{"our port by another .localhost name", PagePolicy{ImgSrc: []string{"http://x.localhost:41002"}}, "ImgSrc[0]"},
		{"our own host on another port, since cookies know no ports", PagePolicy{ConnectSrc: []string{"http://main-x.localhost:9000"}}, "ConnectSrc[0]"},
		{"another window's host", PagePolicy{ConnectSrc: []string{"http://editor-x.localhost:41001/api"}}, "ConnectSrc[0]"},

		{"any Trusted Types policy", PagePolicy{TrustedTypes: []string{"*"}}, "TrustedTypes[0]"},
		{"a Trusted Types keyword", PagePolicy{TrustedTypes: []string{"'allow-duplicates'"}}, "TrustedTypes[0]"},
		{"the default policy", PagePolicy{TrustedTypes: []string{"vue", "default"}}, "TrustedTypes[1]"},
		{"a policy name that ends the directive", PagePolicy{TrustedTypes: []string{"a;script-src *"}}, "TrustedTypes[0]"},
		{"an empty policy name", PagePolicy{TrustedTypes: []string{""}}, "TrustedTypes[0]"},
		{"a feature that ends its item", PagePolicy{InsecureFeatures: []string{"camera=*, usb"}}, "InsecureFeatures[0]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.policy.Validate(own...)
			switch {
			case test.field == "" && err != nil:
				t.Error(err)
			case test.field != "" && err == nil:
				t.Error("accepted")
			case test.field != "" && !strings.Contains(err.Error(), "page policy: "+test.field):
				t.Errorf("%v: want it to name %s", err, test.field)
			}
			if e, ok := errors.AsType[*PolicyError](err); err != nil && (!ok || !strings.HasPrefix(test.field, e.Field) || strings.Contains(test.field, "[") != (e.Index >= 0)) {
				t.Errorf("%#v", err)
			}
		})
	}
	if err := (PagePolicy{}).Validate("http://evil.example"); err == nil {
		t.Error("an own origin that is none was accepted")
	}
}

func TestOwnPortsCountOnTheirOwnHostsAlone(t *testing.T) {
	mounted := []string{"https://app.example.com", "https://frame.example.com"}
	for source, ok := range map[string]bool{
		"https://api.example.com":       true, // the same port 443, another host
		"http://localhost:11434":        true,
		"https://app.example.com":       false,
		"https://app.example.com:8443":  false,
		"wss://frame.example.com/x":     false,
		"https://app.example.com.evil":  true, // another host altogether
		"https://notapp.example.com/v1": true,
	} {
		if err := (PagePolicy{ConnectSrc: []string{source}}).Validate(mounted...); (err == nil) != ok {
			t.Errorf("%s: %v", source, err)
		}
	}
}

func FuzzPagePolicyCanNotLeaveItsDirective(f *testing.F) {
	for _, seed := range []string{"https://a.example", "https://a.example/x;y", "'self'", "https://a.example, default-src *", "data:", "http://a.example:80/%2C"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, entry string) {
		p := PagePolicy{ConnectSrc: []string{entry}}
		if p.Validate("http://main-x.localhost:41001") != nil {
			return
		}
		if got := directives(t, pageCSP(p, "n", ""))["connect-src"]; got != entry || strings.ContainsAny(entry, " ;,'*\r\n\t") {
			t.Errorf("%q became %q", entry, got)
		}
	})
}
