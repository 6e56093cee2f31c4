package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// A question is a pattern with texts to try it on.
type question struct {
	Pattern string   `json:"p"`
	Texts   []string `json:"t"`
}

// askNode lets another implementation of ECMA-262 answer; false if there is none. "make test"
// brings one.
func askNode(t *testing.T, questions []question) ([]string, bool) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("SALLYPORT_REQUIRE_BROWSERS") != "" {
			t.Fatal("node is missing")
		}
		t.Log("not compared: there is no node here")
		return nil, false
	}
	input, err := json.Marshal(questions)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), node, "testdata/ecma.mjs")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), os.Stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var answers []string
	if err := json.Unmarshal(output, &answers); err != nil || len(answers) != len(questions) {
		t.Fatalf("node gave %d answers to %d questions: %v", len(answers), len(questions), err)
	}
	return answers, true
}

// compareWithNode counts the patterns that were compared on texts.
func compareWithNode(t *testing.T, questions []question) (compared int) {
	t.Helper()
	answers, ok := askNode(t, questions)
	if !ok {
		return len(questions)
	}
	wrong := 0
	for i, q := range questions {
		p := readPattern(q.Pattern)
		if (p.err == nil) != (answers[i] != "-") && !newer(q.Pattern) {
			t.Errorf("%q: is a regular expression: %t, and here %v", q.Pattern, answers[i] != "-", p.err)
			wrong++
		} else if p.err == nil && p.differs == nil {
			re, err := regexp.Compile(p.text)
			if err != nil {
				continue // too large: refused at start
			}
			compared++
			for k, text := range q.Texts {
				if ours := re.MatchString(text); ours != (answers[i][k] == '1') {
					t.Errorf("%q on %q: here %t, as %s", q.Pattern, text, ours, p.text)
					wrong++
				}
			}
		}
		if wrong > 40 {
			t.Fatal("and so on")
		}
	}
	return compared
}

// newer tells patterns that ECMA-262 has taken in since Node 20: flags for a group, and
// alternatives that name groups alike. We know neither.
func newer(pattern string) bool {
	return strings.Contains(pattern, "(?i") || strings.Contains(pattern, "(?-") || strings.Count(pattern, "(?<n>") > 1 || strings.Count(pattern, "(?<m>") > 1
}

// strangeTexts are short texts with what regular expressions are wrong about.
func strangeTexts(r *rand.Rand, n int) []string {
	letters := []string{
		"a", "b", "A", "B", "0", "9", "_", "-", ".", "/", " ", "\n", "\r", "\t", "\v", "\f", "\b", "\x00", "\x1b", "\u00a0", "\u2028", "\u2029", "\ufeff", "\u0085",
		"é", "É", "e\u0301", "ſ", "\u212a", "k", "K", "İ", "ı", "α", "Ω", "ж", "中", "٣", "😀", "𝒳", "\U0010ffff", "\ufffd", "\ue000", "d83d", "p", "{", "}", "L", "u", "^", "$", "\\", "[", "]", "&", "|", "~", ",", "2",
	}
	texts := make([]string, n)
	for i := range texts {
		for range r.IntN(4) {
			texts[i] += letters[r.IntN(len(letters))]
		}
	}
	return append(texts, letters[r.IntN(len(letters))], "ab", "a\nb", "aa", "")
}

// strangePattern joins parts, most of the time so that brackets fit.
func strangePattern(r *rand.Rand, depth int) string {
	atoms := []string{
		"a", "b", "é", "😀", ".", "^", "$", "_", "-", " ", "0", ",", ":", "=", "!", "<", "&", "&&", "~", "#", "@", "/", "'", `"`, "\n", "\u2028", "\ufeff", "\x00", "\x7f", "\u0080",
		`\d`, `\D`, `\w`, `\W`, `\s`, `\S`, `\b`, `\B`, `\t`, `\n`, `\v`, `\f`, `\r`, `\0`, `\00`, `\01`, `\08`, `\1`, `\2`, `\10`, `\k<n>`, `\k<m>`, `\k`, `\k<>`,
		`\x41`, `\x4`, `\xzz`, `\u0061`, `\u00e9`, `\u006`, `\ud83d`, `\ude00`, `\ud83d\ude00`, `\ude00\ud83d`, `\ud83d\u0061`, `\ud83d\u`, `\u{1F600}`, `\u{61}`, `\u{0000000061}`, `\u{}`, `\u{110000}`, `\u{d800}`, `\u{+61}`, `\u{6_1}`, `\u{ 61}`, `\u+061`, `\x+1`, `\u{6`,
		`\cA`, `\cj`, `\c`, `\c1`, `\c_`, `\cé`, `\p{L}`, `\P{L}`, `\p{Lu}`, `\P{Lu}`, `\p{Letter}`, `\p{gc=Nd}`, `\p{General_Category=Decimal_Number}`, `\p{Script=Greek}`, `\p{sc=Cyrl}`, `\p{sc=Greek}`, `\p{scx=Greek}`, `\p{Any}`, `\p{ASCII}`, `\p{Alphabetic}`, `\p{White_Space}`,
		`\p{Greek}`, `\p{l}`, `\p{LC}`, `\p{letter}`, `\p{ L}`, `\p{L }`, `\p{}`, `\p{=L}`, `\p{gc=}`, `\p{gc=Greek}`, `\p{^L}`, `\pL`, `\p`, `\p{`, `\p{L`, `\p{Emoji}`, `\p{RGI_Emoji}`, `\p{punct}`, `\p{Punctuation}`, `\p{Cn}`, `\p{Cs}`, `\p{C}`, `\p{Co}`,
		`\/`, `\-`, `\.`, `\*`, `\^`, `\$`, `\\`, `\(`, `\]`, `\}`, `\|`, `\a`, `\e`, `\z`, `\Z`, `\A`, `\Q`, `\E`, `\G`, `\R`, `\X`, `\h`, `\_`, `\ `, `\"`, `\'`, `\#`, `\@`, `\&`, `\~`, `\é`, `\` + "\n", `\<`, `\>`, `\,`, `\:`, `\=`, `\!`, `\%`, `\;`, "\\`",
	}
	odd := []string{"(", ")", "[", "]", "{", "}", "|", "*", "+", "?", "*?", "??", "**", "{2}", "{1,}", "{,2}", "{0,2}", "{2,1}", "{0}", "{1001}", "{ 1}", "{1,2", "{a}", "{}", "{1}{2}", "(?", "(?i)", "(?i:a)", "(?P<n>a)", "(?#c)", "(?>a)", "(?-i)", "(*", "[[:alpha:]]", "[:alpha:]", `[\q{a}]`, "[a--b]", "[a&&b]", `\`}
	quantifiers := []string{"*", "+", "?", "*?", "+?", "??", "{0}", "{1}", "{2}", "{0,1}", "{1,2}?", "{2,}", "{00,02}", "{1000}", "{1001}"}
	var b strings.Builder
	for range 1 + r.IntN(4) {
		switch k := r.IntN(20); {
		case k < 10:
			b.WriteString(atoms[r.IntN(len(atoms))])
		case k < 13 && depth > 0:
			open := []string{"(", "(?:", "(", "(?<n>", "(?<m>", "(?<ä>", "(?<$a>", "(?<1a>", "(?=", "(?!", "(?<=", "(?<!", `(?<\u0061>`, "(?<a-b>"}
			b.WriteString(open[r.IntN(len(open))] + strangePattern(r, depth-1) + ")")
		case k < 16:
			b.WriteString([]string{"[", "[^"}[r.IntN(2)])
			for range r.IntN(4) {
				b.WriteString(atoms[r.IntN(len(atoms))])
				if r.IntN(3) == 0 {
					b.WriteString("-" + atoms[r.IntN(len(atoms))])
				}
			}
			b.WriteString("]")
		case k < 17:
			b.WriteString("|")
		case k < 18:
			b.WriteString(odd[r.IntN(len(odd))])
		}
		if r.IntN(3) == 0 {
			b.WriteString(quantifiers[r.IntN(len(quantifiers))])
		}
	}
	return b.String()
}

// What is a regular expression there is one here, and matches the same.
func TestPatternsMeanWhatNodeSays(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	questions := make([]question, 0, 20_000)
	for range cap(questions) {
		questions = append(questions, question{strangePattern(r, 2), strangeTexts(r, 8)})
	}
	compared := compareWithNode(t, questions)
	t.Logf("%d patterns, %d of them compared on texts", len(questions), compared)
	if compared < len(questions)/20 {
		t.Error("too few patterns are regular expressions that we take")
	}
}

// Every escape of one character, every property that we know, on every kind of character.
func TestEscapesMeanWhatNodeSays(t *testing.T) {
	texts := make([]string, 0, 3000)
	for c := rune(0); c < 0x3000; c++ {
		// Which characters exist depends on the version of Unicode, and Node's is newer.
		if (c < 0x250 || c%7 == 0 || unicode.IsSpace(c)) && !unicode.Is(unicode.Cn, c) {
			texts = append(texts, string(c))
		}
	}
	for _, c := range "\ufeff\ufffd\ue000ﬀ中あ한😀𝒳\U0010ffff\U000e0001" {
		texts = append(texts, string(c))
	}
	var questions []question
	ask := func(format string, a ...any) {
		questions = append(questions, question{fmt.Sprintf(format, a...), texts})
	}
	for c := range rune(0x100) {
		ask(`^\%c$`, c)
		ask(`^[\%c]$`, c)
		ask(`^[^\%c]$`, c)
		ask(`^[!-\%c]$`, c)
		ask(`^%c$`, c)
		ask(`^[%c]$`, c)
		ask(`\c%c`, c)
	}
	for _, name := range slices.Sorted(maps.Keys(unicode.Categories)) {
		ask(`^\p{%s}$`, name)
		ask(`^[^\P{gc=%s}]$`, name)
		ask(`^\p{Script=%s}$`, name)
	}
	for _, name := range slices.Sorted(maps.Keys(unicode.CategoryAliases)) {
		ask(`^\p{%s}$`, name)
	}
	for _, name := range slices.Sorted(maps.Keys(unicode.Scripts)) {
		ask(`^\p{Script=%s}$`, name)
		ask(`^[\P{sc=%s}]$`, name)
		ask(`^\p{%s}$`, name)
	}
	t.Logf("%d escapes, %d of them compared on %d texts", len(questions), compareWithNode(t, questions), len(texts))
}
