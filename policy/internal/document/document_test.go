package document

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// show writes a tree as JSON with the line of every value before it.
func show(n *Node) string {
	switch n.Kind {
	case List:
		var all []string
		for _, item := range n.Items {
			all = append(all, show(item))
		}
		return fmt.Sprintf("%d[%s]", n.Line, strings.Join(all, " "))
	case Table:
		var all []string
		for _, m := range n.Members {
			all = append(all, fmt.Sprintf("%d:%s=%s", m.Line, m.Name, show(m.Value)))
		}
		return fmt.Sprintf("%d{%s}", n.Line, strings.Join(all, " "))
	case Time:
		return fmt.Sprintf("%dtime(%s)", n.Line, n.Text)
	}
	return fmt.Sprintf("%d%s", n.Line, n.AppendJSON(nil))
}

func TestTreesKnowTheirLines(t *testing.T) {
	for _, test := range []struct{ name, file, text, want string }{
		{"JSON", "x.json", "{\n  \"a\": [1,\n    \"two\\n\"],\n\n  \"b\":\n  {\"c\": null, \"d\": true}\n}\n", `1{2:a=2[21 3"two\n"] 5:b=6{6:c=6null 6:d=6true}}`},
		{"YAML", "x.yaml", "a: [1,\n  two]\nb:\n  c: null\n  d: true\n", `1{1:a=1[11 2"two"] 3:b=4{4:c=4null 5:d=5true}}`},
		{"TOML", "x.toml", "a = [\n  1,\n  \"two\"]\n[b]\nd = true\nx.y = 2.5e1\n", `1{1:a=1[21 3"two"] 4:b=4{5:d=5true 6:x=6{6:y=62.5e1}}}`},
		{"TOML lists of tables", "x.toml", "[[s]]\ni = 'a'\n[[s.t]]\np = 1\n[[s.t]]\np = 2\n[[s]]\ni = 'b'\n", `1{1:s=1[1{2:i=2"a" 3:t=3[3{4:p=41} 5{6:p=62}]} 7{8:i=8"b"}]}`},
		{"TOML lists in lists", "x.toml", "a = [\n\n ['x',\n  'y'], [[\n 1]]]\n", `1{1:a=1[3[3"x" 4"y"] 5[5[51]]]}`},
		{"TOML inline tables", "x.toml", "a = [{ p = 1 },\n { p.q = 'x' }]\n", `1{1:a=1[1{1:p=11} 2{2:p=2{2:q=2"x"}}]}`},
		{"a TOML table before its parent", "x.toml", "[a.b]\nc = 1\n[a]\nd = 2\n", `1{1:a=1{1:b=1{2:c=21} 4:d=42}}`},
		{"TOML times", "x.toml", "a = 2027-01-31T00:00:00Z\n", `1{1:a=1time(2027-01-31T00:00:00Z)}`},
		{"a scalar alone", "x.json", " 5 ", `15`},
		{"carriage returns of YAML", "x.yaml", "a: 1\r\nb: 2\r\n", `1{1:a=11 2:b=22}`},
		{"carriage returns", "x.json", "{\r\n\"a\":1}\r\n", `1{2:a=21}`},

		{"YAML's old booleans are text", "x.yaml", "on: [yes, no, on, off, y, n]\n", `1{1:on=1[1"yes" 1"no" 1"on" 1"off" 1"y" 1"n"]}`},
		{"YAML's old numbers are text", "x.yaml", "a: [1_000, 0b11, 1:30, 0o9]\n", `1{1:a=1[1"1_000" 1"0b11" 1"1:30" 1"0o9"]}`},
		{"YAML's times are text", "x.yaml", "a: 2027-01-31T00:00:00Z\n", `1{1:a=1"2027-01-31T00:00:00Z"}`},
		{"quoted scalars are text", "x.yaml", "a: ['1', \"true\", 'null', '']\n'<<': 1\n", `1{1:a=1[1"1" 1"true" 1"null" 1""] 2:<<=21}`},
		{"block scalars are text", "x.yaml", "a: |\n  1\nb: >\n  true\n", `1{1:a=1"1\n" 3:b=3"true\n"}`},
		{"absent is null", "x.yml", "a:\nb: ~\n", `1{1:a=1null 2:b=2null}`},
		{"an empty list", "x.yaml", "a: []\n", `1{1:a=1[]}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			n, err := Parse(test.file, []byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			if got := show(n); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestWhatCanBeReadInTwoWaysIsRefused(t *testing.T) {
	for _, test := range []struct {
		name, file, text string
		line             int
		want             string
	}{
		{"JSON, a name twice", "x.json", "{\"a\": 1,\n\"b\": {\"c\": 1,\n\"c\": 2}}", 3, `"c" is given twice`},
		{"JSON, a name twice by an escape", "x.json", "{\"a\": 1,\n\"\\u0061\": 1}", 2, `"a" is given twice`},
		{"JSON, a comment", "x.json", "{\n// no\n}", 2, "not JSON: "},
		{"JSON, a comma at the end", "x.json", "{\"a\":1,\n}", 1, "not JSON: "},
		{"JSON, cut off", "x.json", "{\"a\":\n[", 2, "not JSON: the file ends"},
		{"JSON, two values", "x.json", "{}\n{}", 2, "a second value"},
		{"JSON, empty", "x.json", " \n", 1, "the file is empty"},
		{"JSON, a lone surrogate", "x.json", `{"a":"\ud800"}`, 1, "not JSON: "},
		{"JSON, deep", "x.json", strings.Repeat("[", 40), 1, "nested deeper than 32 levels"},
		{"no UTF-8", "x.json", "{\n\"a\":\"\xff\"}", 2, "the file is not UTF-8"},
		{"a byte order mark", "x.json", "\ufeff{}", 1, "not JSON: "},

		{"YAML, a name twice", "x.yaml", "a: 1\nb: 2\na: 3\n", 3, `"a" is given twice, first on line 1`},
		{"YAML, a name twice, once quoted", "x.yaml", "a: 1\n'a': 3\n", 2, `"a" is given twice, first on line 1`},
		{"YAML, an anchor", "x.yaml", "a: &x 1\n", 1, "YAML anchors and aliases are refused"},
		{"YAML, an alias", "x.yaml", "a: &x {b: 1}\nc: *x\n", 1, "YAML anchors and aliases are refused"},
		{"YAML, an anchor of a name", "x.yaml", "a: 1\n&x b: 1\n", 2, "YAML anchors and aliases are refused"},
		{"YAML, a merge", "x.yaml", "a: 1\n<<: {b: 1}\n", 2, "YAML merges (<<) are refused"},
		{"YAML, a tag", "x.yaml", "a: !!str 5\n", 1, "YAML tags such as !!str are refused"},
		{"YAML, a tag of one's own", "x.yaml", "a: !secret x\n", 1, "YAML tags such as !secret are refused"},
		{"YAML, a binary", "x.yaml", "a: !!binary aGk=\n", 1, "YAML tags such as !!binary are refused"},
		{"YAML, a number for a name", "x.yaml", "1: a\n", 1, "a name was expected, got a number"},
		{"YAML, a boolean for a name", "x.yaml", "true: a\n", 1, "a name was expected, got true or false"},
		{"YAML, a list for a name", "x.yaml", "? [a]\n: b\n", 1, "a name was expected, got a list"},
		{"YAML, octal", "x.yaml", "a: 0o17\n", 1, "the number 0o17 is not written as JSON"},
		{"YAML, hexadecimal", "x.yaml", "a: 0x1F\n", 1, "the number 0x1F is not written as JSON"},
		{"YAML, a leading zero", "x.yaml", "a: 017\n", 1, "the number 017 is not written as JSON"},
		{"YAML, no number", "x.yaml", "a: .nan\n", 1, "the number .nan is not written as JSON"},
		{"YAML, a plus", "x.yaml", "a: +1\n", 1, "the number +1 is not written as JSON"},
		{"YAML, two documents", "x.yaml", "a: 1\n---\nb: 2\n", 2, "a second YAML document"},
		{"YAML, empty", "x.yaml", "# nothing\n", 1, "the file is empty"},
		{"YAML, broken", "x.yaml", "a: 1\n b: 2\n", 2, "not YAML, here or on a line beside it: "},
		{"YAML, a tab", "x.yaml", "a:\n\t- 1\n", 2, "not YAML, here or on a line beside it: "},
		{"YAML, a line that not all readers see", "x.yaml", "a: 1\n# b\u2028c: 2\n", 2, "a line separator that is none in every version of YAML"},
		{"YAML, a carriage return alone", "x.yaml", "a: 1\r\n# b\rc: 2\n", 2, "a carriage return without a line feed"},
		{"YAML, another", "x.yaml", "# b\u0085c: 2\n", 1, "a line separator that is none in every version of YAML"},
		{"YAML, deep", "x.yaml", strings.Repeat("[", 40) + strings.Repeat("]", 40), 1, "nested deeper than 32 levels"},

		{"TOML, a name twice", "x.toml", "a = 1\na = 2\n", 2, `"a" is given twice, first on line 1`},
		{"TOML, a name twice, once quoted", "x.toml", "a = 1\n\"a\" = 2\n", 2, `"a" is given twice, first on line 1`},
		{"TOML, a table twice", "x.toml", "[a]\nb = 1\n[a]\nc = 1\n", 3, "not TOML: "},
		{"TOML, an inline table that grows", "x.toml", "a = { b = 1 }\na.c = 2\n", 2, "not TOML: "},
		{"TOML, a list that grows", "x.toml", "a = [{ b = 1 }]\n[[a]]\nb = 2\n", 2, "not TOML: "},
		{"TOML, a table for a value", "x.toml", "a = 1\n[a]\n", 2, `"a" is a number already`},
		{"TOML, a list for a value", "x.toml", "a = 1\n[[a]]\n", 2, `"a" is a number already`},
		{"TOML, separators in a number", "x.toml", "a = 1_000\n", 1, "the number 1_000 is not written as JSON"},
		{"TOML, hexadecimal", "x.toml", "a = 0x1f\n", 1, "the number 0x1f is not written as JSON"},
		{"TOML, no number", "x.toml", "a = nan\n", 1, "the number nan is not written as JSON"},
		{"TOML, no date", "x.toml", "a = 2027-02-31\n", 1, "not TOML: "},
		{"TOML, broken", "x.toml", "a = 1\nb =\n", 2, "not TOML: "},
		{"TOML, deep", "x.toml", "a = " + strings.Repeat("[", 40) + strings.Repeat("]", 40), 1, "nested deeper than 32 levels"},
		{"TOML, deep by its name", "x.toml", "a" + strings.Repeat(".a", 40) + " = 1", 1, "nested deeper than 32 levels"},

		{"another format", "x.xml", "<a/>", 1, "the file's name must end in one of .json, .yaml, .yml, .toml"},
		{"capitals", "x.JSON", "{}", 1, "the file's name must end in one of .json, .yaml, .yml, .toml"},
	} {
		t.Run(test.name, func(t *testing.T) {
			n, err := Parse(test.file, []byte(test.text))
			var e *Error
			if !errors.As(err, &e) || e.Line != test.line || !strings.HasPrefix(e.Problem, test.want) {
				t.Errorf("got %v, %+v, want line %d: %s", n, err, test.line, test.want)
			}
		})
	}
}

// Whatever the bytes: an error with a line of the file, or a tree that reads the same again from
// the JSON that is made of it.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"{\"a\":[1,{\"b\":null}]}", "a: [1, two]\nb: {c: ~}\n", "[[a]]\nb.c = 'x'\n[a.d]\ne = 2027-01-31\n"} {
		for i := range Extensions() {
			f.Add(uint8(i), []byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, format uint8, data []byte) {
		extensions := Extensions()
		n, err := Parse("x"+extensions[int(format)%len(extensions)], data)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Line < 1 || e.Line > 1+strings.Count(string(data), "\n") {
				t.Errorf("%v, %+v", err, e)
			}
			return
		}
		if last := 1 + strings.Count(string(data), "\n"); highest(n) > last {
			t.Errorf("line %d of %d", highest(n), last)
		}
		text := n.AppendJSON(nil)
		again, err := Parse("x.json", text)
		if err != nil || string(again.AppendJSON(nil)) != string(text) {
			t.Errorf("%s reads as %v, %v", text, again, err)
		}
	})
}

// highest is the last line that a tree names.
func highest(n *Node) int {
	line := n.Line
	for _, item := range n.Items {
		line = max(line, highest(item))
	}
	for _, m := range n.Members {
		line = max(line, m.Line, highest(m.Value))
	}
	return line
}
