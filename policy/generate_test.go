package policy

import (
	"fmt"
	"strings"
)

// grammar writes conditions from Rego's constructs, nested at random. Terms mostly have the type
// that their place wants: what fails at once tells little.
type grammar struct {
	generator
	names   int      // of local variables so far
	texts   []string // local variables that are bound here, by their type
	numbers []string
	helpers int // how many helper rules may be read
}

func (g *grammar) name() string { g.names++; return fmt.Sprintf("v%d", g.names) }

// within runs what binds variables that are not seen afterwards.
func (g *grammar) within(f func() string) string {
	texts, numbers := g.texts, g.numbers
	defer func() { g.texts, g.numbers = texts, numbers }()
	return f()
}

func (g *grammar) text() string {
	if g.IntN(12) == 0 {
		return g.anything()
	}
	if len(g.texts) > 0 && g.IntN(2) == 0 {
		return g.pick(g.texts...)
	}
	switch g.IntN(16) {
	case 0:
		return g.pick(`lower(`, `upper(`, `trim_space(`) + g.text() + `)`
	case 1:
		return g.pick(`trim(`, `trim_prefix(`, `trim_suffix(`, `trim_left(`, `trim_right(`) + g.text() + `, "x")`
	case 2:
		return `object.get(input.args.obj, "deep", ` + g.text() + `)`
	case 3:
		return `concat("/", ` + g.list() + `)`
	case 4:
		return `sprintf("%v", [` + g.number() + `])`
	case 5:
		return g.pick(`input.session`, `input.event`, `input.target`, `input.channel`, `input.user.name`, `input.window`)
	case 6:
		return `input.args.list[` + fmt.Sprint(g.IntN(3)) + `]`
	case 7:
		return g.pick(`replace(`+g.text()+`, "x", "y")`, `regex.replace(`+g.text()+`, "x(y?)", "<$1>")`, `substring(`+g.text()+`, 0, 1)`, `json.marshal(`+g.anything()+`)`)
	}
	return g.pick(`input.args.a`, `input.args.b`, `input.args.a`, `input.args.obj.deep`, `"x"`, `"y"`, `"xy"`, `input.args.path`)
}

func (g *grammar) number() string {
	if g.IntN(16) == 0 {
		return g.anything()
	}
	if len(g.numbers) > 0 && g.IntN(2) == 0 {
		return g.pick(g.numbers...)
	}
	switch g.IntN(12) {
	case 0:
		return "(" + g.number() + g.pick(" + ", " - ", " * ", " / ", " % ") + g.number() + ")"
	case 1:
		return "count(" + g.list() + ")"
	case 2:
		return "count(" + g.text() + ")"
	case 3:
		return g.pick("sum(", "max(") + "input.args.numbers)"
	case 4:
		return "count(" + g.comprehension() + ")"
	}
	return g.pick(`input.args.n`, `input.args.m`, `input.args.n`, `3`, `5`, `9007199254740993`, `1.5`, `input.args.numbers[0]`)
}

func (g *grammar) list() string {
	if g.IntN(20) == 0 {
		return g.anything()
	}
	switch g.IntN(8) {
	case 0:
		return `{"x", ` + g.text() + `}`
	case 1:
		return `["y", ` + g.text() + `]`
	case 2:
		return `split(` + g.text() + `, "x")`
	case 3:
		return g.comprehension()
	}
	return g.pick(`input.args.list`, `input.args.list`, `{"x", "z"}`, `["x", "y"]`, `input.args.obj.list`)
}

func (g *grammar) anything() string {
	return g.pick(`input.args.any`, `input.args.obj`, `input.args.flag`, `input.args`, `null`, `input.args.any.deep`, `input.args.list`, `input.args.n`, `input.user`)
}

func (g *grammar) comprehension() string {
	return g.within(func() string {
		x := g.name()
		from := g.pick(`input.args.list`, `input.args.numbers`, `input.args.obj.list`, `["x", "y", "z"]`)
		g.texts = append(g.texts[:len(g.texts):len(g.texts)], x)
		body := "some " + x + " in " + from
		if g.IntN(2) == 0 {
			body += "; " + g.simple()
		}
		head := x
		if g.IntN(4) == 0 {
			head = "[" + x + ", " + g.text() + "]"
		}
		if g.IntN(2) == 0 {
			return "[" + head + " | " + body + "]"
		}
		return "{" + head + " | " + body + "}"
	})
}

// simple is a condition of one line.
func (g *grammar) simple() string {
	switch g.IntN(15) {
	case 0, 1:
		return g.text() + g.pick(" == ", " != ") + g.text()
	case 2, 3:
		return g.number() + g.pick(" < ", " <= ", " > ", " >= ", " == ", " != ") + g.number()
	case 4:
		return g.pick("startswith(", "endswith(", "contains(") + g.text() + `, ` + g.text() + `)`
	case 5:
		return g.text() + " in " + g.list()
	case 6:
		return `regex.match("^x+y?$", ` + g.text() + `)`
	case 7:
		return g.pick("is_string(", "is_number(", "is_array(", "is_object(", "is_null(", "is_boolean(", "is_set(") + g.anything() + ")"
	case 8:
		return g.pick(`input.args.flag`, `input.args.flag == false`, `input.args.any`, `input.args.any == {"deep": ["x", 1.0]}`, `input.args.obj.list == ["x", 2]`)
	case 9:
		return g.pick(
			`scope.path_inside(`+g.pick(`input.args.path`, g.text())+`, "$HOME/notes")`,
			`scope.glob("$HOME/*/[a-f]*", `+g.pick(`input.args.path`, g.text())+`)`,
			`scope.glob("/**/notes/?.md", input.args.path)`,
			`scope.url_matches("https://*.example.com/*", input.args.url)`,
			`scope.host_in(input.args.url, ["*.example.com", "b.org"])`,
			`scope.one_of(`+g.pick(`input.args.any`, `input.args.a`, g.text())+`, `+g.pick(`["x", 3, {"deep": "x"}]`, `{"x", "y"}`, `input.args.list`)+`)`,
			`scope.size_at_most(`+g.pick(`input.args.a`, g.text())+`, `+g.pick(`1`, `2.0`, g.number())+`)`)
	case 10:
		return fmt.Sprintf(`%d, %s in %s`, g.IntN(2), g.text(), g.list())
	}
	return g.helper()
}

// helper reads one of the helper rules that are written before.
func (g *grammar) helper() string {
	if g.helpers == 0 {
		return "input.args.flag"
	}
	i := g.IntN(g.helpers)
	switch i % 5 {
	case 0:
		return fmt.Sprintf("h%d", i)
	case 1:
		return fmt.Sprintf("h%d == ", i) + g.pick(`"low"`, `"high"`, g.text())
	case 2:
		return g.pick(fmt.Sprintf("h%d[%s]", i, g.text()), fmt.Sprintf(`h%d["x"]`, i), fmt.Sprintf(`"x" in h%d`, i), fmt.Sprintf(`count(h%d) == 1`, i))
	case 3:
		return fmt.Sprintf("h%d(%s)", i, g.text())
	}
	return fmt.Sprintf("h%d(%s, %s) == %s", i, g.number(), g.text(), g.number())
}

// statement is one condition or some that belong together.
func (g *grammar) statement(depth int) string {
	if depth == 0 {
		return g.simple()
	}
	switch g.IntN(12) {
	case 0, 1:
		return "not " + g.within(g.simple)
	case 2:
		x := g.name()
		s := x + " := " + g.text() + "\n\t" + x + g.pick(` != "x"`, ` == "y"`, ` == input.args.b`)
		g.texts = append(g.texts[:len(g.texts):len(g.texts)], x)
		return s
	case 3:
		x := g.name()
		s := x + " := " + g.number() + "\n\t" + x + g.pick(` > 2`, ` == 3`, ` != input.args.m`)
		g.numbers = append(g.numbers[:len(g.numbers):len(g.numbers)], x)
		return s
	case 4, 5:
		x := g.name()
		s := "some " + x + " in " + g.list()
		g.texts = append(g.texts[:len(g.texts):len(g.texts)], x)
		return s + "\n\t" + x + g.pick(` != "z"`, ` == "x"`, " == "+g.text())
	case 6:
		k, v := g.name(), g.name()
		s := fmt.Sprintf("some %s, %s in %s", k, v, g.pick(`input.args.obj`, `input.args.list`, `input.args.any`, `{"x": 1, "y": 2}`))
		return s + "\n\t" + k + g.pick(` != 0`, ` == "deep"`) + "\n\t" + v + g.pick(` != "z"`, ` == `+g.text())
	case 7:
		return g.within(func() string {
			x, from := g.name(), g.pick(`input.args.list`, `input.args.any`, `["x", "y"]`, `input.args.obj`, `{"x", "z"}`)
			g.texts = append(g.texts[:len(g.texts):len(g.texts)], x)
			body := x + " != " + g.text()
			if g.IntN(2) == 0 {
				body = g.within(func() string { return g.statement(depth - 1) }) + "\n\t" + body
			}
			return "every " + x + " in " + from + " {\n\t" + body + "\n\t}"
		})
	case 8:
		x, y := g.name(), g.name()
		return fmt.Sprintf("[%s, %s] = %s\n\t%s == %s", x, y, g.pick(`input.args.list`, `input.args.any`, `input.args.obj.list`, `["x", input.args.b]`), x, g.pick(y, `"x"`, g.text())) +
			"\n\t" + y + ` != "nothing"`
	case 9:
		x := g.name()
		return fmt.Sprintf(`{"deep": %s} = %s`, x, g.pick(`input.args.obj`, `input.args.any`)) + "\n\t" + x + ` != "z"`
	case 10:
		x := g.name()
		return fmt.Sprintf("input.args.%s[%s] == %s\n\t%s != 7", g.pick("list", "obj", "any"), x, g.text(), x)
	}
	return g.simple()
}

// body is what the existing generator's is, with conditions of the grammar.
func (g *grammar) body() string {
	return g.within(func() string {
		lines := []string{g.guard()}
		for range 1 + g.IntN(3) {
			lines = append(lines, g.statement(2))
		}
		return "{\n\t" + strings.Join(lines, "\n\t") + "\n}\n"
	})
}

func (g *grammar) helperRule(i int) string {
	one := func() string { return g.within(func() string { return "{ " + g.statement(1) + "\n}\n" }) }
	name := fmt.Sprintf("h%d", i)
	switch i % 5 {
	case 0:
		return name + " if " + one() + name + " if " + one()
	case 1:
		return g.pick("default "+name+" := \"none\"\n", "") + name + ` := "low" if ` + g.within(func() string { return "{ " + g.simple() + "\n}" }) +
			` else := "high" if ` + one() + g.pick("", "", name+` := "high" if `+one())
	case 2:
		return g.within(func() string {
			x := g.name()
			g.texts = append(g.texts[:len(g.texts):len(g.texts)], x)
			return fmt.Sprintf("%s contains %s if {\n\tsome %s in %s\n\t%s\n}\n", name, x, x, g.pick("input.args.list", "input.args.obj.list", `["x", "y"]`), g.simple())
		}) + g.pick("", name+` contains "x" if `+one(), name+" contains input.args.b if input.args.n > 3\n")
	case 3:
		return g.within(func() string {
			g.texts = []string{"p"}
			return name + "(p) if { " + g.simple() + "\n\tp != \"never\"\n}\n" + g.pick("", name+"(p) if p == "+g.text()+"\n", name+"(\"x\")\n")
		})
	}
	return g.within(func() string {
		g.texts, g.numbers = []string{"q"}, []string{"p"}
		return name + "(p, q) := r if { r := " + g.number() + "\n\tp != q\n}\n" + g.pick("", "default "+name+"(_, _) := 0\n", name+"(p, q) := 3 if p == q\n", name+"(p, q) := 3 if q != \"never\"\n")
	})
}

func (g *grammar) capability(i int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# METADATA\n# custom:\n#   windows: ['*']\npackage capability.c%d\n\nimport data.sallyport.scope\n\n", i)
	g.names, g.helpers, g.texts, g.numbers = 0, 0, nil, nil
	n := g.IntN(8)
	for h := range n {
		b.WriteString(g.helperRule(h))
		g.helpers++
	}
	for range 1 + g.IntN(3) {
		b.WriteString("allow if " + g.body())
	}
	if g.IntN(8) == 0 {
		b.WriteString("allow := input.args.flag if " + g.body())
	}
	for range g.IntN(3) {
		b.WriteString(g.pick(`deny contains "one" if `, `deny contains "two" if `, `deny contains sprintf("n is %v", [input.args.n]) if `, `deny contains input.args.a if `) + g.body())
	}
	for range g.IntN(2) {
		b.WriteString(`ask contains "sure?" if ` + g.body())
	}
	// So that no helper is refused for being unread, nor the import.
	b.WriteString("used if {\n\tscope.glob(\"/x\", \"/y\")\n")
	for h := range n {
		b.WriteString("\t" + fmt.Sprintf([]string{"h%d", "h%d", "h%d[_]", `h%d("x")`, `h%d(1, "x")`}[h%5], h) + "\n")
	}
	b.WriteString("}\n")
	return b.String()
}

func (g *grammar) args() string {
	list := func() string {
		return g.pick(`[]`, `["x"]`, `["x","y"]`, `["z","x"]`, `["x","x"]`, `["y",3]`, `["x","y","z"]`)
	}
	members := []string{}
	maybe := func(name, value string) {
		if g.IntN(8) > 0 {
			members = append(members, fmt.Sprintf("%q:%s", name, value))
		}
	}
	if g.IntN(30) == 0 {
		return g.pick(`null`, `[]`, `"x"`, `["x","y"]`, `7`)
	}
	maybe("a", g.pick(`"x"`, `"xy"`, `"y"`, `"X"`, `""`, `" x"`, `"xx"`))
	maybe("b", g.pick(`"x"`, `"y"`, `"\u0078"`, `"z"`, `"é"`))
	maybe("n", g.pick(`0`, `3`, `4`, `5`, `-1`, `9007199254740993`, `3.0`, `1e3`, `1.5`))
	maybe("m", g.pick(`3`, `30e-1`, `2`, `9007199254740992`, `-0`))
	maybe("flag", g.pick(`true`, `false`))
	maybe("list", list())
	maybe("numbers", g.pick(`[]`, `[1]`, `[3,1]`, `[1.5,3]`))
	maybe("obj", g.pick(`{}`, `{"deep":"x"}`, `{"deep":"y","list":`+list()+`}`, `{"list":["x",2.0],"deep":"x"}`, `{"z":1,"deep":"x","a":2}`))
	maybe("path", g.pick(`"/home/u/notes/a.md"`, `"/home/u/notes/../x"`, `"/home/u/b/c"`, `"/etc/passwd"`, `"/a/notes/b.md"`, `"notes"`, `"/home/u/.x/a"`))
	maybe("url", g.pick(`"https://a.example.com/x"`, `"http://b.org"`, `"https://evil.com/"`, `"https://a.example.com@evil.com/"`, `"nonsense"`))
	maybe("any", g.pick(`null`, `"x"`, `3`, `["x","y"]`, `{"deep":["x",1]}`, `{"deep":"x"}`, `false`, `{"x":"x"}`))
	if g.IntN(10) == 0 {
		members = append(members[:0:0], members...)
		for i, m := range members {
			if g.IntN(6) == 0 {
				members[i] = m[:strings.Index(m, ":")+1] + g.pick(`1`, `"x"`, `null`, `["x"]`, `{"x":"x"}`, `true`)
			}
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}
