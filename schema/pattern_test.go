package schema

import (
	"regexp"
	"strings"
	"testing"
)

func TestPatternsMeanWhatECMASays(t *testing.T) {
	tests := []struct {
		name, pattern string
		yes, no       []string
	}{
		{"a dot takes no line terminator", `^a.b$`, []string{"a b", "a😀b", "a\tb"}, []string{"a\nb", "a\rb", "a\u2028b", "a\u2029b", "ab"}},
		{"the ends are those of the text", `^a$`, []string{"a"}, []string{"a\n", "\na", "a\nb"}},
		{"unanchored", `b`, []string{"abc"}, []string{"ac"}},
		{"digits are ASCII's", `^\d$`, []string{"0", "9"}, []string{"١", "a"}},
		{"words are ASCII's", `^\w\W$`, []string{"a-", "_é"}, []string{"éa", "aa"}},
		{"word boundaries", `\bcat\B`, []string{"cats", "a cats"}, []string{"cat", "scats"}},
		{"a negated class takes line breaks", `^[^/]+$`, []string{"a\nb"}, []string{"a/b"}},
		{"an empty class takes nothing", `a[]b`, nil, []string{"ab", "acb"}},
		{"a class of everything", `^a[^]b$`, []string{"a\nb", "a😀b"}, []string{"ab"}},
		{"a bracket in a class is one", `^[[a]$`, []string{"[", "a"}, []string{"]"}},
		{"hyphens at the ends of a class", `^[-a-c-]$`, []string{"-", "a", "b", "c"}, []string{"d"}},
		{"an escaped hyphen", `^[a\-c]$`, []string{"-", "a", "c"}, []string{"b"}},
		{"a caret inside", `^[a^]$`, []string{"^", "a"}, []string{"b"}},
		{"backspace in a class", `^[\b]$`, []string{"\b"}, []string{"b"}},
		{"ampersands in a class", `^[a&&b]$`, []string{"&", "a", "b"}, []string{"c"}},
		{"a class in a class", `^[\d\-x]+$`, []string{"1-x"}, []string{"a"}},
		{"escapes by number", `^\x41\u0042\u{1F600}\ud83d\ude00\cJ\0$`, []string{"AB😀😀\n\x00"}, []string{"AB"}},
		{"categories and scripts", `^\p{Lu}\p{Letter}\P{L}\p{Script=Greek}\p{gc=Nd}$`, []string{"Éa1α٣"}, []string{"éa1α٣"}},
		{"groups", `^(?:a|b)(c)(?<name>d)$`, []string{"acd", "bcd"}, []string{"abcd"}},
		{"repetitions", `^a{2}b{1,}c{0,2}d?e*f+?$`, []string{"aabf", "aabbccdeeff"}, []string{"abf", "aabcccf"}},
		{"alternatives, one empty", `^(?:|a)$`, []string{"", "a"}, []string{"b"}},
		{"escaped punctuation", `^\/\.\*\[\]\{\}\^\$\|\\[\-]$`, []string{`/.*[]{}^$|\-`}, nil},
		{"repetitions with zeros in front", `^a{02}b{00,01}$`, []string{"aab", "aa"}, []string{"a", "aabb"}},
		{"scripts by their short names", `^\p{sc=Grek}\p{Script=Latn}\P{sc=Cyrl}$`, []string{"αaα"}, []string{"aaa", "αaж"}},
		{"names of groups", `^(?<$é_1>a)(?<\u0061>b)$`, []string{"ab"}, []string{"a"}},
		{"quotation is not RE2's", `^a\\Qb$`, []string{`a\Qb`}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := readPattern(test.pattern)
			if p.err != nil || p.differs != nil {
				t.Fatal(p.err, p.differs)
			}
			re, err := regexp.Compile(p.text)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range test.yes {
				if !re.MatchString(s) {
					t.Errorf("%q isn't taken by %s", s, p.text)
				}
			}
			for _, s := range test.no {
				if re.MatchString(s) {
					t.Errorf("%q is taken by %s", s, p.text)
				}
			}
		})
	}
}

func TestPatternsThatRE2CannotSay(t *testing.T) {
	for _, pattern := range []string{
		`\s`, `\S`, `[\s]`, `[^\S]`, `(?=a)`, `(?!a)`, `(?<=a)b`, `(?<!a)b`, `(a)\1`, `(?<n>a)\k<n>`,
		`a{1001}`, `a{1,5000}`, `\ud800`, `\u{D800}`, `\p{Emoji}`, `\p{Script_Extensions=Greek}`, `\p{ASCII}`, `\P{Alpha}`,
	} {
		if p := readPattern(pattern); p.err != nil || p.differs == nil {
			t.Errorf("%s: err %v, differs %v", pattern, p.err, p.differs)
		}
	}
}

func TestPatternsThatAreNone(t *testing.T) {
	for _, pattern := range []string{
		`(`, `)`, `a)`, `(a`, `[a`, `[`, `*`, `+a`, `?`, `a**`, `a{2,1}`, `a{`, `a{}`, `a{,2}`, `{`, `}`, `]`, `^*`, `\b+`, `(?=a)*`,
		`\`, `\a`, `\z`, `\A`, `\Q`, `\pL`, `\p{`, `\x4`, `\u00`, `\u{110000}`, `\u{}`, `\c1`, `\01`, `[b-a]`, `[a-\d]`, `[\d-a]`,
		`(?i)a`, `(?P<n>a)`, `(?<1>a)`, `(?<>a)`, `(?<n`, `(?`, `[\8]`, `[[:alpha:]]`, `\p{Greek}`, `\p{l}`, `\p{Letter }`, `\p{}`, `\p{=L}`, `\p{sc=L}`, `\p{ASCII Any}`,
		`\1`, `(a)\2`, `\k<n>`, `(?<n>a)\k<m>`, `(?<n>a)(?<n>b)`, `(?<n-m>a)`, `\@`, `\"`, `\_`, `\-`, `[\@]`, `\ `, strings.Repeat("(", 200) + strings.Repeat(")", 200),
	} {
		if p := readPattern(pattern); p.err == nil {
			t.Errorf("%s is taken as %s", pattern, p.text)
		}
	}
}
