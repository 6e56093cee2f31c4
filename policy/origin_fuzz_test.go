package policy

import "testing"

func FuzzRemotePage(f *testing.F) {
	for _, entry := range []string{"https://example.com", "https://*.example.com", "https://example.com/app/*", "http://*.example.com:*", "*://*", "app://localhost", "file://*"} {
		for _, page := range hostileURLs() {
			f.Add(entry, page)
		}
	}
	f.Fuzz(func(t *testing.T, entry, page string) {
		s, err := readSite(entry)
		a := pageOf(page)
		if err != nil || a == nil {
			return
		}
		got := s.holds(a)
		if again := pageOf(a.origin()); again == nil || again.origin() != a.origin() {
			t.Errorf("the origin %q of %q is not its own", a.origin(), page)
		}
		if !got {
			return
		}
		if a.host == "" || opaqueOrigin(a.scheme) {
			t.Errorf("%q holds for %q, which has no origin", entry, page)
		}
		if m := usualPattern.FindStringSubmatch(entry); m != nil {
			port := m[4]
			if port == map[string]string{"https": "443", "http": "80"}[m[1]] {
				port = ""
			}
			agrees(t, entry, page, inside, m[1], m[3], port, m[2] != "")
		}
	})
}
