package docs

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sallyport/sallyport/internal/contract"
	"github.com/sallyport/sallyport/schema"
)

// described is the reference of schemas given as name and text.
func described(t testing.TB, pairs ...string) *Reference {
	t.Helper()
	files := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		files[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	set, err := schema.Compile(files)
	if err != nil {
		t.Fatal(err)
	}
	return Build(&contract.Contract{Set: set, Name: "app", Origins: map[string]string{}})
}

func TestRowsSayWhatASchemaSays(t *testing.T) {
	for _, test := range []struct{ name, schema, want string }{
		{"members", `{"type":"object","required":["b"],"properties":{"a":{"type":"string","minLength":1,"maxLength":9},"b":{"type":"integer","minimum":0,"description":"How many."}}}`,
			"`a`|string|no|at least 1 character; at most 9 characters|\n`b`|integer|yes|at least 0|How many."},
		{"lists and records", `{"properties":{"tags":{"type":"array","items":{"type":"string"},"uniqueItems":true},"by":{"type":"object","additionalProperties":{"type":"number"}},"rows":{"type":"array","items":{"properties":{"x":{"type":["integer","null"]}}}}}}`,
			"`tags`|list of string|no|no item twice|\n`by`|record of number|no||\n`by.*`|number|no||\n`rows`|list of object|no||\n`rows[]`|object|||\n`rows[].x`|integer or null|no||"},
		{"a tuple", `{"type":"array","prefixItems":[{"const":"a"},{"type":"integer","title":"Count"}],"items":false}`,
			"the whole|tuple|||\n`[1]`|integer|||Count."},
		{"listed values", `{"enum":["a|b","c"]}`, "the whole|<code>&#34;a&#124;b&#34;</code> or `\"c\"`|||"},
		{"a pattern with a bar", `{"type":"string","pattern":"^(a\\|b|` + "`" + `)$","format":"date"}`, "the whole|string||matches <code>&#94;&#40;a&#92;&#124;b&#124;&#96;&#41;&#36;</code>; format `date`|"},
		{"alternatives", `{"oneOf":[{"type":"string"},{"type":"object","properties":{"kind":{"const":"x"}},"required":["kind"]}]}`,
			"the whole|string or object (2)|||\n`(2)`|object|||\n`(2).kind`|`\"x\"`|yes||"},
		{"references", `{"properties":{"a":{"$ref":"#/$defs/n","description":"Here."}},"$defs":{"n":{"type":"string","maxLength":3,"description":"There."}}}`,
			"`a`|string|no|at most 3 characters|Here."},
		{"what contains itself", `{"type":"object","properties":{"next":{"$ref":"#"},"list":{"type":"array","items":{"$ref":"#/$defs/n"}}},"$defs":{"n":{"type":"object","properties":{"of":{"type":"array","items":{"$ref":"#/$defs/n"}}}}}}`,
			"`next`|as the whole|no||\n`list`|list of object|no||\n`list[]`|object|||\n`list[].of`|list of what `list[]` is|no||\n`list[].of[]`|as `list[]`|||"},
		{"all of several", `{"allOf":[{"properties":{"a":{"type":"string"}}},{"required":["a"],"additionalProperties":false}]}`, "`a`|string|yes||"},
		{"what can't be told in a table", `{"properties":{"a":{"type":"integer","not":{"const":1},"default":2,"deprecated":true}}}`, "`a`|integer|no|default `2`; deprecated; and what else the schema says|"},
		{"a member that may not be there", `{"properties":{"a":false}}`, "`a`|never there|no||"},
		{"patterns of names", `{"patternProperties":{"^x-":{"type":"boolean"}}}`, "the whole|anything|||\n`/^x-/`|boolean|no||"},
		{"anything", `true`, "the whole|anything|||"},
		{"bytes", `{"type":"object","required":["image"],"properties":{"image":` + imageSchema + `}}`, "`image`|bytes|yes|at most 1 MiB; of `image/png`|"},
		{"bytes or null", strings.Replace(imageSchema, `"object"`, `["object","null"]`, 1), "the whole|bytes or null||at most 1 MiB; of `image/png`|"},
		{"lists of bytes, by reference", `{"type":"object","properties":{"all":{"type":"array","items":{"$ref":"#/$defs/f"}}},"$defs":{"f":{"type":"object","required":["$bytes","type"],"properties":{"$bytes":{"minimum":1,"maximum":1000},"type":{"enum":["a/b","c/d"]}}}}}`,
			"`all`|list of bytes|no||\n`all[]`|bytes||at least 1 byte; at most 1000 bytes; of `a/b` or `c/d`|"},
		{"bytes of any type", `{"type":"object","required":["$bytes","type"],"properties":{"$bytes":{"type":"integer","minimum":0},"type":{"type":"string","pattern":"^image/"}},"additionalProperties":false}`,
			"the whole|bytes||of a type that matches `^image/`|"},
		{"null", `{"type":"null"}`, "the whole|null|||"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, r := range described(t, "a.input.json", test.schema).Commands[0].Input.Rows {
				member := "the whole"
				if r.Member != "" {
					member = codeSpan(visible(r.Member))
				}
				got = append(got, strings.Join([]string{member, inline(string(r.Type)), r.Required, inline(string(r.Constraints)), plain(r.Description)}, "|"))
			}
			if text := strings.Join(got, "\n"); text != test.want {
				t.Errorf("got\n%s\nwant\n%s", text, test.want)
			}
		})
	}
}

const imageSchema = `{"type":"object","required":["$bytes","type"],"properties":{"$bytes":{"type":"integer","minimum":0,"maximum":1048576},"type":{"const":"image/png"}},"additionalProperties":false}`

func TestCallsHaveBytesAsPagesDo(t *testing.T) {
	octets := strings.Replace(imageSchema, "image/png", "application/octet-stream", 1)
	r := described(t, "a.input.json", `{"type":"object","required":["image","files"],"properties":{"image":`+imageSchema+`,"files":{"type":"array","minItems":2,"items":`+octets+`}}}`)
	call := strings.Join(strings.Fields(r.Commands[0].Call), " ")
	for _, want := range []string{`"image": new Blob([new Uint8Array(1)], { type: "image/png" })`, `"files": [ new Uint8Array(1), new Uint8Array(`} {
		if !strings.Contains(call, want) {
			t.Errorf("got %s, want %s in it", call, want)
		}
	}
	if strings.Contains(call, "$bytes") {
		t.Errorf("a page never writes $bytes: %s", call)
	}
}

// Whatever a schema's texts are, they are text: no row breaks, no markup and no HTML begins.
func TestTextsAreNoMarkup(t *testing.T) {
	for _, sly := range []string{
		"a | b", "a\n\n# heading\n\n- item", "<script>alert(1)</script>", "<img src=x onerror=1>", "[click](javascript:alert(1))", "![x](y)",
		"`code` | `", "``` \n", "***bold*** __x__ ~~y~~", "\\| \\", "1. one", "2) two", "- one", "+ one", "= x", "---", "> quote", "&lt;b&gt; &#60;", "<!-- x", "-->",
		"\x02x\x03 | \x02", "\u202eevil", "a\tb", "</code>|<br>", "$x$", "~~~", "a  \nb", "| a |\n|---|", "\u2028|", "a\r\n\r\nb",
	} {
		text, err := json.Marshal(sly)
		if err != nil {
			t.Fatal(err)
		}
		s := fmt.Sprintf(`{"title":%[1]s,"description":%[1]s,"type":"object","properties":{%[1]s:{"title":%[1]s,"description":%[1]s,"enum":[%[1]s,{"x":%[1]s}],"default":%[1]s,"examples":[%[1]s]}},"additionalProperties":false}`, text)
		r := described(t, "a.input.json", s, "a.output.json", s, "a.channel.json", s, "b.event.json", s)
		r.App, r.Policy = sly, "x"
		r.Commands[0].Access = []Access{{Window: sly, Origin: sly, Platforms: []string{sly}, Effect: "allow", Rules: []Rule{{Kind: "allow", File: sly, Line: 1, Link: sly, Until: "x"}}}}
		sound(t, sly, string(r.Markdown()))
	}
}

// sound checks that a document has only the markup that this package writes.
func sound(t *testing.T, of, text string) {
	t.Helper()
	fence := ""
	columns := 0
	for n, line := range strings.Split(text, "\n") {
		fail := func(what string) { t.Errorf("%q: line %d %s: %s", of, n+1, what, line) }
		if fence != "" {
			if line == fence {
				fence = ""
			}
			continue
		}
		if m := regexp.MustCompile("^(`{3,})(ts|json)$").FindStringSubmatch(line); m != nil {
			fence = m[1]
			continue
		}
		if strings.ContainsAny(line, "\x02\x03\t\r\u202e\u2028") {
			fail("has a sign that no reader sees")
		}
		bare := regexp.MustCompile("`[^`]*`").ReplaceAllString(regexp.MustCompile(`\\.`).ReplaceAllString(line, ""), "C")
		for _, tag := range regexp.MustCompile(`<[^>]*>?`).FindAllString(bare, -1) {
			if tag != "<code>" && tag != "</code>" && tag != "<br>" && !strings.HasPrefix(line, "<!-- Written by") {
				fail("has HTML " + tag)
			}
		}
		if strings.HasPrefix(line, "|") {
			cells := strings.Count(bare, "|")
			if columns != 0 && cells != columns {
				fail(fmt.Sprintf("has %d bars, not %d", cells, columns))
			}
			columns = cells
		} else {
			columns = 0
			switch {
			case regexp.MustCompile(`^\s*([-+*>=~]|#+|\d+[.)])(\s|$)`).MatchString(line) && !strings.HasPrefix(line, "# ") && !strings.HasPrefix(line, "## "):
				fail("begins a block")
			case strings.HasPrefix(line, "    "), strings.HasPrefix(line, "---"), strings.HasPrefix(line, "==="), strings.HasPrefix(line, "```"), strings.HasPrefix(line, "~~~"):
				fail("begins a block")
			case strings.HasPrefix(line, "# ") && n != 0:
				fail("is a heading")
			}
		}
		for _, m := range regexp.MustCompile(`\]\(([^)]*)\)`).FindAllStringSubmatch(bare, -1) {
			if strings.Contains(m[1], ":") {
				fail("links to " + m[1])
			}
		}
	}
	if fence != "" {
		t.Errorf("%q: a block of code does not end", of)
	}
}

func TestLinksLeadToTheirHeadings(t *testing.T) {
	r := described(t, "a.b.input.json", "true", "ab.input.json", "true", "ab-1.input.json", "true", "errors.input.json", "true", "a_B.event.json", "true", "ab.event.json", "true")
	text := string(r.Markdown())
	// What GitHub makes of headings: repeated ones are numbered.
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^#+ (.*)$").FindAllStringSubmatch(text, -1) {
		base := anchor(strings.ReplaceAll(m[1], "`", ""))
		a := base
		for i := 1; seen[a]; i++ {
			a = fmt.Sprintf("%s-%d", base, i)
		}
		seen[a] = true
	}
	used := map[string]bool{}
	for _, m := range regexp.MustCompile(`\]\(#([^)]*)\)`).FindAllStringSubmatch(text, -1) {
		used[m[1]] = true
		if !seen[m[1]] {
			t.Errorf("#%s leads nowhere", m[1])
		}
	}
	if len(used) != 7 {
		t.Errorf("%d places are led to: %v", len(used), used)
	}
	if !strings.Contains(text, "[those of every call](#errors-1)") {
		t.Error("the command errors takes the place of the section")
	}
}

func TestTheCallIsThatOfTheGeneratedClient(t *testing.T) {
	for _, test := range []struct{ name, input, want string }{
		{"notes.save", `{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}`, `await commands.notes.save({"a": 1});`},
		{"notes.list", `{"type":"object","additionalProperties":false}`, `await commands.notes.list();`},
		{"now", `{"type":"null"}`, `await commands.now();`},
		{"my-app.2.go", `{"type":"string"}`, `await commands["my-app"]["2"].go("value");`},
		{"never", `false`, `await commands.never(args);`},
	} {
		r := described(t, test.name+".input.json", test.input)
		if got := r.Commands[0].Call; got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
		r = described(t, test.name+".input.json", test.input, test.name+".output.json", `{"type":"string"}`)
		if got := r.Commands[0].Call; got != "const result = "+test.want {
			t.Errorf("with a result got %s", got)
		}
	}
}

func TestEveryCodeIsInTheSectionAboutErrors(t *testing.T) {
	text, err := os.ReadFile("../../../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	codes := regexp.MustCompile("(?m)^\\| (`[a-z_]+`) \\|").FindAllStringSubmatch(string(text), -1)
	if len(codes) < 10 {
		t.Fatalf("%d codes", len(codes))
	}
	for _, m := range codes {
		if !strings.Contains(errorsSection, m[1]) {
			t.Errorf("%s is missing", m[1])
		}
	}
}

func TestLargeSchemasAreCut(t *testing.T) {
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, `,"m%d":{"type":"string"}`, i)
	}
	s := described(t, "a.input.json", `{"properties":{`+b.String()[1:]+`}}`)
	if n := len(s.Commands[0].Input.Rows); n != mostRows || !s.Commands[0].Input.Cut {
		t.Errorf("%d rows", n)
	}
	if !strings.Contains(string(s.Markdown()), "There is more, in `a.input.json`.") {
		t.Error("nothing says so")
	}
	deep := strings.Repeat(`{"type":"array","items":`, 20) + `{"type":"object","properties":{"a":true}}` + strings.Repeat("}", 20)
	if s := described(t, "a.input.json", deep); !s.Commands[0].Input.Cut {
		t.Errorf("%+v", s.Commands[0].Input.Rows)
	}
}

func TestTheSameSchemasMakeTheSameReference(t *testing.T) {
	make := func() string {
		r := described(t, "b.input.json", `{"anyOf":[{"required":["a"]},{"items":true},{"properties":{"x":true}}]}`, "a.input.json", "true", "a.output.json", `{"type":["string","null","integer"]}`)
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), `\u0002`) {
			t.Errorf("marks in %s", text)
		}
		return string(text) + string(r.Markdown())
	}
	first := make()
	for range 20 {
		if make() != first {
			t.Fatal("another one")
		}
	}
}
