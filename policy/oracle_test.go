package policy

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// oracle decides without partial evaluation, index, cache or projection: it asks for every
// capability that holds what its allow, deny and ask are for the whole input.
func oracle(p *Policy, in Input) (Effect, []string, error) { return oracleBy(p, in, false) }

// oracleBy is oracle with or without OPA's rule index.
func oracleBy(p *Policy, in Input, indexing bool) (Effect, []string, error) {
	k := *in.key()
	if k.platform == "" {
		k.platform = p.platform
	}
	everything := p.everything()
	input, err := everything.input(known(&k), &in)
	if err != nil {
		return Deny, nil, err
	}
	found := map[string][]string{}
	for _, c := range p.units {
		if !c.holds(&k, pageOf(in.Origin)) || !c.Expires.IsZero() && !in.Time.Before(c.Expires) {
			continue
		}
		for _, name := range []string{"allow", "deny", "ask"} {
			compiler, err := c.compiled()
			if err != nil {
				return Deny, nil, err
			}
			ref := append(slices.Clone(compiler.Modules[c.File].Package.Path), ast.StringTerm(name))
			body := ast.NewBody(ast.Equality.Expr(ast.NewTerm(ref), ast.VarTerm("x")))
			q, done := p.query(context.Background(), body, compiler, ast.NewTerm(input))
			err = q.WithIndexing(indexing).Iter(context.Background(), func(r topdown.QueryResult) error {
				switch v := r["x"].Value.(type) {
				case ast.Set:
					v.Foreach(func(t *ast.Term) {
						text, _ := t.Value.(ast.String)
						found[name] = append(found[name], cmp.Or(clean(string(text)), "denied without a reason in words"))
					})
				default:
					if v.Compare(ast.Boolean(true)) == 0 {
						found[name] = append(found[name], "")
					}
				}
				return nil
			})
			done()
			if err != nil {
				return Deny, nil, err
			}
		}
	}
	for i, name := range []string{"deny", "ask", "allow"} {
		if len(found[name]) > 0 {
			slices.Sort(found[name])
			return []Effect{Deny, Ask, Allow}[i], slices.Compact(found[name]), nil
		}
	}
	return Deny, nil, nil
}

// generator writes capabilities that use Rego's constructs in random combination.
type generator struct {
	*rand.Rand
	// shuffled lets conditions on arguments stand before those on window and command. Full
	// evaluation then fails on an argument of a rule that is not about this call at all; ours
	// never looks at such a rule.
	shuffled bool
}

func (g generator) pick(all ...string) string { return all[g.IntN(len(all))] }

func (g generator) condition() string {
	return g.pick(
		`input.args.a == "x"`, `input.args.a != "y"`, `input.args.n < 5`, `input.args.n >= 3`, `not input.args.flag`,
		`input.args.flag`, `input.args.flag == input.args.flag`, `startswith(input.args.a, "x")`, `not startswith(input.args.a, "x")`,
		`some item in input.args.list; item == "x"`, `not "y" in input.args.list`, `every item in input.args.list { item != "z" }`,
		`count([1 | some item in input.args.list; item == "x"]) > 0`, `input.args.obj.deep == "x"`, `not input.args.obj.deep`,
		`small`, `not small`, `odd(input.args.n)`, `not odd(input.args.n)`, `level == "high"`, `level != "low"`, `names["x"]`, `not names[input.args.a]`,
		`input.session == "s1"`, `input.window == "main"`, `input.window != "main"`, `input.local`, `input.args.a in {"x", input.args.obj.deep}`,
		`scope.path_inside(input.args.path, "$HOME/notes")`, `not scope.path_inside(input.args.path, "$HOME/notes")`,
		`scope.one_of(input.args.a, ["x", 1])`, `not scope.one_of(input.args.a, ["x", 1])`, `scope.size_at_most(input.args.a, 1)`,
		`scope.url_matches("https://*.b/c/*", input.args.path)`, `not scope.host_in(input.args.path, {"a.b", "*.b:*"})`,
		`scope.glob("$HOME/*/[a-f]*", input.args.path)`, `object.get(input.args, "missing", 3) == 3`, `known_fact`, `not known_fact`,
		`input.event == "e1"`, `input.event in {"e1", "e2"}`, `input.event != "e1"`, `startswith(input.event, "e")`, `not input.event`, `input.event == input.args.a`,
		`input.target == "x"`, `not input.target`, `input.target == input.args.a`, `input.channel in {"items", "both"}`, `not input.channel`, `told(input.args.a)`, `not told(input.args.a)`,
		`p`, `not p`, `walled`, `time.weekday(input.time) == "Sunday"`, `x := input.args.n; y := x + 1; y > 4`, `{"x", "y"} & names == {"x"}`,
	)
}

func (g generator) guard() string {
	return g.pick(`input.command == "a"`, `input.command == "a"`, `"b" == input.command`, `input.command in {"a", "c"}`,
		`input.command in ["b", "c"]`, `startswith(input.command, "a")`, `input.command != "b"`, `true`)
}

func (g generator) body() string {
	lines := []string{g.guard()}
	for range g.IntN(4) {
		lines = append(lines, g.condition())
	}
	// What is known stands first, then what is known in part, then what reads arguments alone.
	order := func(line string) int {
		switch known := slices.ContainsFunc([]string{"input.command", "input.window", "input.local", "input.event", "known_fact"},
			func(part string) bool { return strings.Contains(line, part) }); {
		case known && !strings.Contains(line, "args"):
			return 0
		case line == "walled":
			return 1
		}
		return 2
	}
	slices.SortStableFunc(lines, func(a, b string) int { return order(a) - order(b) })
	if g.shuffled {
		g.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	}
	// Names that two conditions of one body declare must differ.
	for i := range lines {
		for _, name := range []string{"item", "x :=", "x +", "y :=", "y >"} {
			lines[i] = strings.ReplaceAll(lines[i], name, name[:1]+fmt.Sprint(i)+name[1:])
		}
		lines[i] = strings.ReplaceAll(lines[i], "item", fmt.Sprintf("item%d", i))
	}
	return "{\n\t" + strings.Join(lines, "\n\t") + "\n}\n"
}

func (g generator) capability(i int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# METADATA\n# custom:\n#   windows: [%s]\n%spackage capability.c%d\n\nimport data.sallyport.scope\n\n",
		g.pick("main", "'*'", "m*", "other"), g.pick("", "", "", "#   expires: 2026-01-01T00:00:00Z\n", "#   expires: 2027-01-01T00:00:00Z\n"), i)
	for range 1 + g.IntN(3) {
		b.WriteString("allow if " + g.body())
	}
	if g.IntN(8) == 0 {
		b.WriteString("allow := input.args.flag if " + g.body())
	}
	for range g.IntN(3) {
		b.WriteString(g.pick(`deny contains "one" if `, `deny contains "two" if `, `deny contains sprintf("n is %v", [input.args.n]) if `) + g.body())
	}
	for range g.IntN(2) {
		b.WriteString(`ask contains "sure?" if ` + g.body())
	}
	if g.IntN(4) == 0 {
		b.WriteString("deny contains \"not allowed\" if not allow\n")
	}
	// Helpers, all of them used so that none is refused; p, q and r are opa#4848.
	b.WriteString(`
small if input.args.n < 3
small if input.args.a == "tiny"
odd(n) if n % 2 == 1
default level := "low"
level := "high" if { input.args.n > 5 } else := "middle" if { input.args.n > 3 }
names contains name if some name in input.args.list
known_fact if input.window == "main"
p if not q
q if not r
r if input.args.a == input.args.a
walled if { input.command == "a"; not small }
told(x) if input.event == x
used if { scope.glob("/x", "/y"); names[_]; odd(1); level; walled; p; known_fact; small; told("x") }
`)
	return b.String()
}

func (g generator) args() string {
	members := map[string]string{}
	maybe := func(name string, values ...string) {
		if g.IntN(6) > 0 {
			members[name] = g.pick(values...)
		}
	}
	maybe("a", `"x"`, `"e1"`, `"xy"`, `"y"`, `"tiny"`, `""`, `"x"`)
	maybe("n", `0`, `3`, `4`, `5`, `6`, `9007199254740993`, `3.0`)
	maybe("flag", `true`, `false`)
	maybe("list", `[]`, `["x"]`, `["x","y"]`, `["z","x"]`)
	maybe("obj", `{}`, `{"deep":"x"}`, `{"deep":"y","more":[1]}`)
	maybe("path", `"/home/u/notes/a.md"`, `"/home/u/notes/../x"`, `"/home/u/b/c"`, `"/etc/passwd"`, `"https://a.b/c/d"`,
		`"https://a.b:8443/c/../d"`)
	if g.IntN(8) == 0 { // types that the rules don't expect
		members[g.pick("a", "n", "list", "obj", "path")] = g.pick(`1`, `"x"`, `null`, `["x"]`, `{"x":"x"}`, `true`)
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(members)) {
		all = append(all, fmt.Sprintf("%q:%s", name, members[name]))
	}
	return "{" + strings.Join(all, ",") + "}"
}

func TestResidualsAgreeWithFullEvaluation(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	g := generator{Rand: rand.New(rand.NewPCG(seed, 1))}
	counts := map[string]int{}
	end := time.Now().Add(3 * time.Second)
	for time.Now().Before(end) {
		var texts []string
		g.shuffled = g.IntN(4) == 0
		for i := range 1 + g.IntN(3) {
			texts = append(texts, g.capability(i))
		}
		p, err := Load(files(texts...), testConfig())
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, texts)
		}
		for range 60 {
			args := g.args()
			in := call(t, g.pick("a", "b", "c", "ab", "d"), args)
			in.Window = g.pick("main", "main", "other", "m2")
			in.Session, in.Event, in.Target, in.Channel = g.pick("s1", "s2"), g.pick("", "e1", "e2", "x"), g.pick("", "x", "y"), g.pick("", "items", "both")
			effect, reasons, wantErr := oracle(p, in)
			d, err := p.Decide(context.Background(), in)
			counts["cases"]++
			switch {
			case wantErr != nil:
				counts["errors"]++
				if err == nil && d.Effect != Deny && !g.shuffled {
					t.Fatalf("seed %d: full evaluation fails with %v, ours says %s\n%s %s %s\n%s", seed, wantErr, show(d, err), in.Window, in.Command, args, texts)
				}
				continue
			case err != nil:
				counts["stricter"]++
				continue
			}
			counts[effect.String()]++
			var got []string
			for _, r := range d.Rules {
				got = append(got, r.Reason)
			}
			slices.Sort(got)
			if got = slices.Compact(got); d.Effect != effect || !slices.Equal(got, reasons) {
				t.Fatalf("seed %d: full evaluation says %v %q, ours %s\n%s %s %s\n%s", seed, effect, reasons, show(d, err), in.Window, in.Command, args, texts)
			}
		}
	}
	t.Log(counts)
	if counts["allow"] == 0 || counts["deny"] == 0 || counts["ask"] == 0 || counts["errors"] == 0 {
		t.Errorf("the generator missed a kind of decision: %v", counts)
	}
	if counts["stricter"] > counts["cases"]/20 {
		t.Errorf("%d of %d inputs failed here alone", counts["stricter"], counts["cases"])
	}
}
