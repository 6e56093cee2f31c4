package schema

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

func TestFastPatternsOfCommonShapesNeedNoRegexp(t *testing.T) {
	for _, pattern := range []string{
		"^", "^$", "^notes/", "^[a-z]+$", "^[a-z0-9_-]{1,64}$", `^\d{4}-\d{2}-\d{2}$`, "^[A-Z]{2}-[0-9]+$", "^[^/]+/x$", "^a?b$", "^#[0-9a-fA-F]{6}$", "^é$", "^[^a]*$",
		"^[a-z][a-z0-9]*$", "^(?:abc)$", `^\+?[0-9]{3,}`, "^x{3}y{0,2}$", "^a*?$",
	} {
		p := readPattern(pattern)
		if p.err != nil || matcherOf(p.text) == nil {
			t.Errorf("%s has no matcher (%v)", pattern, p.err)
		}
	}
	// These go on in more than one way, or are about characters beyond ASCII one by one.
	for _, pattern := range []string{
		"a", "a$", "", "^a|b", "^a*a$", "^[a-c]+[c-e]$", "^a*b?a$", "^(?:ab)+$", "^[^a]{2}$", "^[^a]?$", "^.$", "^[a-é]+$", `^a\b`, "^[ab]{0,2}b", "^a+?[a]$", "^[^/]$", `^\p{L}+$`, "^a$b", "^a^b", "^é+$",
	} {
		p := readPattern(pattern)
		if p.err != nil {
			t.Errorf("%s: %v", pattern, p.err)
		}
		if matcherOf(p.text) != nil {
			t.Errorf("%s has a matcher", pattern)
		}
	}
}

// Where there is a matcher it says what the regular expression says.
func TestFastPatternsMeanTheSame(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	made := 0
	for range 30_000 {
		var b strings.Builder
		b.WriteString(pick("^", "^", "^", "^", ""))
		for range r.IntN(5) {
			b.WriteString(pick("a", "b", "ab", "é", "/", "[ab]", "[a-c]", "[^a]", "[^/]", "[^ab]", `\d`, `\w`, ".", "[^é]", "[é]", "(?:a|b)", "(?:ab)", `[\x{0}-\x{10ffff}]`, `[\x{80}-\x{10ffff}b]`, `\x{fffd}`, "(?i:a)"))
			b.WriteString(pick("", "", "+", "*", "?", "{2}", "{1,2}", "{0,3}", "{2,}", "{0}", "+?", "*?"))
		}
		b.WriteString(pick("$", "$", ""))
		m := matcherOf(b.String())
		if m == nil {
			continue
		}
		made++
		re := regexp.MustCompile(b.String())
		for range 40 {
			var text strings.Builder
			for range r.IntN(7) {
				text.WriteString(pick("a", "b", "c", "ab", "é", "😀", "/", "1", "\n", "_", "\ufffd", "A"))
			}
			if got, want := m.matches(text.String()), re.MatchString(text.String()); got != want {
				t.Fatalf("%s on %q: got %t, want %t", b.String(), text.String(), got, want)
			}
		}
	}
	if made < 2_000 {
		t.Errorf("only %d patterns had a matcher", made)
	}
}
