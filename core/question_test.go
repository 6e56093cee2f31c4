package core

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/sallyport/sallyport/schema"
)

func TestArgumentsAreShownAsTheyAre(t *testing.T) {
	known := []string{"path", "text"}
	for _, test := range []struct {
		name, args string
		want       []string
	}{
		{"none", `{}`, []string{"no arguments"}},
		{"no object", `null`, []string{"all arguments: null"}},
		{"a list", `[1,"x"]`, []string{`all arguments: [1, "x"]`}},
		{"those of the schema first", `{"a":1,"text":"t","path":"p"}`, []string{`path: "p"`, `text: "t"`, "a: 1"}},
		{"every type", `{"a":null,"b":true,"c":1.50e3,"d":[],"e":{},"f":{"g":["h"]}}`,
			[]string{"a: null", "b: true", "c: 1.50e3", "d: []", "e: {}", `f: {g: ["h"]}`}},
		{"other scripts", `{"path":"Grüße/世界/🚪"}`, []string{`path: "Grüße/世界/🚪"`}},

		{"a line break", `{"path":"a\nAllow once"}`, []string{`path: "a\nAllow once"`}},
		{"carriage return, escape, null, C1", `{"path":"a\r\u001b[2J\u0000\u009b"}`, []string{`path: "a\u000d\u001b[2J\u0000\u009b"`}},
		{"other line breaks", `{"path":"\u2028\u2029\u0085\u000b\u000c"}`, []string{`path: "\u2028\u2029\u0085\u000b\u000c"`}},
		{"a quote that would end the text", `{"path":"a\" and it is safe"}`, []string{`path: "a\" and it is safe"`}},
		{"a backslash that would make an escape", `{"path":"\\n\\u202e"}`, []string{`path: "\\n\\u202e"`}},
		{"the other direction", `{"path":"a\u202egpj.exe\u2066\u061c\u200f"}`, []string{`path: "a\u202egpj.exe\u2066\u061c\u200f"`}},
		{"nothing to be seen", `{"path":"a\u200b\u00ad\u2060\ufeff\u3164\u115f\uffa0\u2800\u034f\ufe0f\u00a0\u3000b"}`,
			[]string{`path: "a\u200b\u00ad\u2060\ufeff\u3164\u115f\uffa0\u2800\u034f\ufe0f\u00a0\u3000b"`}},
		{"tags beyond the first plane", `{"path":"a` + "\U000E0061\U000E0100" + `"}`, []string{`path: "a\u{e0061}\u{e0100}"`}},
		{"private use", `{"path":"\ue000"}`, []string{`path: "\ue000"`}},
		{"marks that climb", `{"path":"a` + strings.Repeat("\u0301", 4) + `"}`, []string{`path: "a` + "\u0301\u0301" + `\u0301\u0301"`}},

		{"a name that looks like the question", `{"Asked by":1}`, []string{`"Asked by": 1`}},
		{"a name with a line break", `{"a\nb":1,"` + strings.Repeat("n", 41) + `":2}`, []string{`"a\nb": 1`, `"` + strings.Repeat("n", 41) + `": 2`}},
		{"an inner name", `{"o":{"a\u202eb":"\n"}}`, []string{`o: {"a\u202eb": "\n"}`}},

		{"a long text", `{"path":"` + strings.Repeat("a", 500) + strings.Repeat("b", 500) + `"}`,
			[]string{`path: "` + strings.Repeat("a", 120) + `" … 820 characters not shown … "` + strings.Repeat("b", 60) + `"`}},
		{"a long text that plays its own cut", `{"path":"a\" … 9 characters not shown … \"` + strings.Repeat("b", 500) + `"}`,
			[]string{`path: "a\" … 9 characters not shown … \"` + strings.Repeat("b", 87) + `" … 353 characters not shown … "` + strings.Repeat("b", 60) + `"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := renderArgs(parseArgs(t, test.args), known)
			if strings.Join(got, "\n") != strings.Join(test.want, "\n") {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

// A page can't push what matters out of sight, nor make a screen of it.
func TestC9AQuestionIsBounded(t *testing.T) {
	var many strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&many, `,"a%d":"x"`, i)
	}
	for name, args := range map[string]string{
		"many arguments":           `{"path":"p"` + many.String() + `}`,
		"a long invisible text":    `{"path":"` + strings.Repeat("\u200b", 50000) + `"}`,
		"long marks":               `{"path":"` + strings.Repeat("a\u0301\u0301\u0301", 5000) + `"}`,
		"long names":               `{"` + strings.Repeat("n", 500) + `":1,"path":"p"}`,
		"a long list":              `{"path":[` + strings.Repeat(`"`+strings.Repeat("\u200b", 50)+`",`, 500) + `1]}`,
		"a deep list":              `{"path":` + strings.Repeat("[", 50) + strings.Repeat("]", 50) + `}`,
		"a list with long names":   `{"path":[{"` + strings.Repeat("\u202e", 500) + `":"` + strings.Repeat("\u202e", 500) + `"}]}`,
		"many long invisible ones": `{"path":"` + strings.Repeat("\u200b", 500) + `"` + strings.ReplaceAll(many.String(), "x", "\u200b\u200b\u200b\u200b") + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			value := parseArgs(t, args)
			q := Question{App: "notes", Window: "main", Command: "notes.save", Origin: "http://main-1.localhost:4000",
				Asks: []string{"Sure?"}, Rules: []string{"notes.rego:7"}, Args: renderArgs(value, []string{"path"})}
			lines := q.Lines(80)
			if len(lines) > 60 {
				t.Errorf("%d lines", len(lines))
			}
			if !strings.HasPrefix(q.Args[0], "path: ") {
				t.Errorf("the first argument shown is %.40q", q.Args[0])
			}
			for _, arg := range q.Args {
				if n := columnsOf(arg); n > 1000 {
					t.Errorf("an argument of %d columns", n)
				}
			}
			if len(value.AppendJSON(nil)) > 2000 && !strings.Contains(strings.Join(q.Args, "\n"), "not shown") && !strings.Contains(strings.Join(q.Args, "\n"), "in all") {
				t.Errorf("nothing says that something is left out: %q", q.Args)
			}
		})
	}
}

// Whatever a page sends: the question has its lines, and each of them is the
// question's own or set in.
func FuzzQuestion(f *testing.F) {
	for _, seed := range []string{"a", "a\nAsked by x.rego:1", "\u202eabc", strings.Repeat("\U0001F6AA ", 100), `"\`, strings.Repeat("世", 500), "\u0301\u0301\u0301", " ", strings.Repeat(" ", 300)} {
		f.Add(seed, seed, 60)
	}
	f.Fuzz(func(t *testing.T, name, value string, columns int) {
		if !utf8.ValidString(name) || !utf8.ValidString(value) || len(name)+len(value) > 1<<14 {
			return
		}
		text := `{"o":{` + jsonText(name) + `:[` + jsonText(value) + `]},` + jsonText("x"+name) + `:` + jsonText(value) + `}`
		args, err := schema.Parse([]byte(text), schema.DefaultLimits())
		if err != nil {
			return
		}
		q := Question{App: "notes", Window: "main", Command: "notes.save", Origin: "http://main-1.localhost:4000",
			Asks: []string{escaped(value, maxAsk)}, Rules: []string{"notes.rego:7"}, Args: renderArgs(args, nil)}
		columns = 40 + max(columns, 0)%200
		lines := q.Lines(columns)
		set := 0
		for _, line := range lines {
			for _, r := range line {
				if !unicode.IsPrint(r) {
					t.Fatalf("%U in %q", r, line)
				}
			}
			if columnsOf(line) > columns {
				t.Fatalf("%d columns of %d: %q", columnsOf(line), columns, line)
			}
			if strings.HasPrefix(line, "  ") {
				set++
			}
		}
		own := strings.Join([]string{"The page", "With:", "From http", "Asked by"}, "|")
		for _, line := range lines {
			if line != "" && !strings.HasPrefix(line, "  ") && !strings.Contains(own, strings.SplitN(line, " ", 3)[0]) {
				t.Fatalf("%q is at the beginning of a line", line)
			}
		}
		if len(lines) > 80 || set == 0 {
			t.Fatalf("%d lines, %d of them set in", len(lines), set)
		}
	})
}

func jsonText(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestLinesAreBrokenAtSpaces(t *testing.T) {
	got := wrap("Delete this note for good, or keep it?", "  ", 20)
	want := []string{"  Delete this note", "       for good, or", "       keep it?"} // with the space before the word
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q", got)
	}
}

func TestAnswersHaveNames(t *testing.T) {
	if got := fmt.Sprint(AnswerNo, AnswerOnce, AnswerSession, AnswerAlways, Answer(9)); got != "no once session always Answer(9)" {
		t.Errorf("got %q", got)
	}
}
