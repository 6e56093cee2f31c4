package isolation

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// directives takes the first of a header's policies apart.
func directives(t *testing.T, csp string) map[string]string {
	t.Helper()
	first, _, _ := strings.Cut(csp, ", ")
	found := map[string]string{}
	for d := range strings.SplitSeq(first, "; ") {
		name, value, _ := strings.Cut(d, " ")
		if _, twice := found[name]; twice {
			t.Errorf("directive %s stands twice: %s", name, csp)
		}
		found[name] = value
	}
	return found
}

func TestPagePolicyStartsFromNothing(t *testing.T) {
	const frame = "http://frame-x.localhost:41002/frame/"
	got := pageCSP(PagePolicy{}, "bm9uY2U=", frame)
	want := map[string]string{
		"default-src": "'none'", "script-src": "'nonce-bm9uY2U='", "style-src": "'self' 'nonce-bm9uY2U='", "style-src-attr": "'none'",
		"img-src": "'self'", "font-src": "'self'", "media-src": "'self'", "connect-src": "'none'",
		"frame-src": frame, "worker-src": "'none'", "object-src": "'none'", "base-uri": "'none'",
		"form-action": "'none'", "frame-ancestors": "'none'", "require-trusted-types-for": "'script'", "trusted-types": "'none'",
	}
	found := directives(t, got)
	for name, value := range want {
		if found[name] != value {
			t.Errorf("%s is %q, want %q", name, found[name], value)
		}
	}
	if len(found) != len(want) {
		t.Errorf("%d directives, want %d: %s", len(found), len(want), got)
	}
	if _, second, _ := strings.Cut(got, ", "); second != "script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'" {
		t.Errorf("the second policy, which keeps a nonce from reaching other origins, is %q", second)
	}
}

func TestPagePolicyListsWhatTheAppNames(t *testing.T) {
	p := PagePolicy{
		ConnectSrc: []string{"https://api.example.com/v1/"}, ImgSrc: []string{"data:", "https://img.example.com"},
		FontSrc: []string{"https://font.example.com"}, MediaSrc: []string{"https://av.example.com"},
		TrustedTypes: []string{"vue", "svelte-trusted-html"},
	}
	relay := "http://main-x.localhost:41001/.sallyport/relay/"
	found := directives(t, pageCSP(p, "n", "", relay))
	for name, value := range map[string]string{
		"connect-src": relay + " https://api.example.com/v1/", "img-src": "'self' data: https://img.example.com",
		"font-src": "'self' https://font.example.com", "media-src": "'self' https://av.example.com",
		"trusted-types": "vue svelte-trusted-html", "frame-src": "'none'", "script-src": "'nonce-n'", "style-src": "'self' 'nonce-n'",
	} {
		if found[name] != value {
			t.Errorf("%s is %q, want %q", name, found[name], value)
		}
	}
}

func TestOnlyInsecureFieldsLoosenThePagePolicy(t *testing.T) {
	for _, test := range []struct {
		name   string
		policy PagePolicy
		word   string
	}{
		{"eval", PagePolicy{InsecureEval: true}, "'unsafe-eval'"},
		{"wasm", PagePolicy{InsecureWasm: true}, "'wasm-unsafe-eval'"},
		{"inline styles", PagePolicy{InsecureInlineStyles: true}, "style-src 'self' 'unsafe-inline'; style-src-attr 'unsafe-inline'; img-src"},
		{"style attributes", PagePolicy{InsecureStyleAttributes: true}, "style-src 'self' 'nonce-n'; style-src-attr 'unsafe-inline'; img-src"},
		{"the default type", PagePolicy{InsecureDefaultTrustedType: true}, "trusted-types default"},
	} {
		t.Run(test.name, func(t *testing.T) {
			csp := pageCSP(test.policy, "n", "")
			if !strings.Contains(csp, test.word) {
				t.Errorf("%s is missing from %s", test.word, csp)
			}
			if strings.Contains(pageCSP(PagePolicy{}, "n", ""), test.word) {
				t.Errorf("%s is there without being asked for", test.word)
			}
			if got := test.policy.loosened(); len(got) != 1 || !strings.HasPrefix(got[0], "Insecure") {
				t.Errorf("loosened = %v", got)
			}
		})
	}
	if got := (PagePolicy{ConnectSrc: []string{"https://a.example"}}).loosened(); got != nil {
		t.Errorf("naming a host counts as loosening: %v", got)
	}
}

func TestFramePolicyKnowsOneSocketAndOneParent(t *testing.T) {
	hash := scriptHash([]byte("1"))
	found := directives(t, frameCSP([]string{hash}, "ws://frame-x.localhost:41002/socket", "http://main-x.localhost:41001"))
	for name, value := range map[string]string{
		"sandbox": "allow-scripts", "default-src": "'none'", "script-src": hash,
		"connect-src": "ws://frame-x.localhost:41002/socket", "frame-ancestors": "http://main-x.localhost:41001",
		"base-uri": "'none'", "form-action": "'none'", "require-trusted-types-for": "'script'", "trusted-types": "'none'",
	} {
		if found[name] != value {
			t.Errorf("%s is %q, want %q", name, found[name], value)
		}
	}
	if hash != "'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s='" {
		t.Errorf("hash of a known script is %s", hash)
	}
	if got := directives(t, frameCSP(nil, "", "http://a.localhost"))["connect-src"]; got != "'none'" {
		t.Errorf("a frame without a socket connects to %q", got)
	}
}

func TestEveryResponseCarriesTheHeaders(t *testing.T) {
	shared := map[string]string{
		"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp",
		"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
	}
	for _, test := range []struct {
		name  string
		serve func(http.ResponseWriter)
		more  map[string]string
	}{
		{"a page", func(w http.ResponseWriter) { setPageHeaders(w.Header(), "p", nil) },
			map[string]string{"Content-Security-Policy": "p", "Cross-Origin-Resource-Policy": "same-origin", "X-Frame-Options": "DENY", "Origin-Agent-Cluster": "?1"}},
		{"a frame", func(w http.ResponseWriter) { setFrameHeaders(w.Header(), "f") },
			map[string]string{"Content-Security-Policy": "f", "Cross-Origin-Resource-Policy": "cross-origin", "X-Frame-Options": ""}},
		{"a refusal of the page host", func(w http.ResponseWriter) { refuseOnPage(w, 403) },
			map[string]string{"Content-Security-Policy": staticCSP, "Cross-Origin-Resource-Policy": "same-origin", "X-Frame-Options": "DENY"}},
		{"a refusal of the frame host", func(w http.ResponseWriter) { refuseOnFrame(w, 403) },
			map[string]string{"Content-Security-Policy": staticCSP, "Cross-Origin-Resource-Policy": "same-origin"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			test.serve(w)
			checkHeaders(t, w.Header(), shared)
			checkHeaders(t, w.Header(), test.more)
			features := w.Header().Get("Permissions-Policy")
			for _, feature := range []string{"camera", "microphone", "geolocation", "usb", "display-capture", "clipboard-read", "bluetooth"} {
				if !strings.Contains(features, feature+"=()") {
					t.Errorf("%s is not denied: %s", feature, features)
				}
			}
			for name := range w.Header() {
				if strings.HasPrefix(name, "Access-Control-") || name == "Timing-Allow-Origin" {
					t.Errorf("%s is sent", name)
				}
			}
		})
	}
}

func checkHeaders(t *testing.T, h http.Header, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if got := h.Get(name); got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
}

func TestSingleFeaturesCanBeGivenBack(t *testing.T) {
	got := permissionsPolicy([]string{"clipboard-write"})
	if !strings.Contains(got, "clipboard-write=(self)") || !strings.Contains(got, "camera=()") || strings.Contains(got, "clipboard-read=(self)") {
		t.Error(got)
	}
}

func TestNoncesHave128BitsAndAreNeverTheSame(t *testing.T) {
	form := regexp.MustCompile(`^[A-Za-z0-9+/]{22}==$`)
	seen := map[string]bool{}
	for range 1000 {
		n := newNonce()
		if !form.MatchString(n) || seen[n] {
			t.Fatalf("nonce %q", n)
		}
		seen[n] = true
	}
}
