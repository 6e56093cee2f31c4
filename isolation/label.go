package isolation

import (
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"strings"
)

// maxLabel is the longest window label. With "-", 16 random characters and
// nothing else it stays well below the 63 that DNS gives one host label.
const maxLabel = 32

// checkLabel says whether label may name a window: a lower-case letter, then
// letters, digits and single hyphens, none at the end. The grammar is one
// that no engine rewrites in a host name, so that an exact comparison of the
// Host header is enough; "--" is left out because it marks Punycode.
func checkLabel(label string) error {
	if label == "" || len(label) > maxLabel {
		return fmt.Errorf("isolation: window label %q: want 1 to %d characters", label, maxLabel)
	}
	for i := range len(label) {
		c := label[i]
		switch {
		case c >= 'a' && c <= 'z':
		case i > 0 && (c >= '0' && c <= '9' || c == '-'):
		default:
			return fmt.Errorf("isolation: window label %q: want a letter, then letters, digits and hyphens, all lower case", label)
		}
	}
	if strings.HasSuffix(label, "-") || strings.Contains(label, "--") {
		return fmt.Errorf("isolation: window label %q: hyphens stand alone between letters or digits", label)
	}
	return nil
}

// mintHost makes a host name for label that nobody can guess:
// label-xxxxxxxxxxxxxxxx.localhost, 80 random bits in base32.
//
// One such name per window, and another for the frame documents, was tried in
// Chromium 156 and Firefox ESR 153 and held in both: the engine resolves any
// *.localhost to loopback by itself (Chromium goes to [::1] first, Firefox to
// 127.0.0.1), with no entry in a hosts file; it is a secure context with
// crypto.subtle over plain HTTP; COOP and COEP make it cross-origin isolated.
// Two names are two *sites*, not just two origins: Sec-Fetch-Site between them
// says cross-site, a cookie of one is never sent to the other, and neither
// script nor header can set one with Domain=localhost for both. WebKitGTK 2.50
// was seen to resolve these names as well. So a window needs no loopback
// address of its own, which Linux alone would give without being asked.
func mintHost(label string) (string, error) {
	if err := checkLabel(label); err != nil {
		return "", err
	}
	var random [10]byte
	rand.Read(random[:])
	return label + "-" + strings.ToLower(base32.StdEncoding.EncodeToString(random[:])) + ".localhost", nil
}
