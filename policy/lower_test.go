package policy

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/schema"
)

// lowered loads rules and says why some of their conditions for a command are not evaluated by
// closures, "" if all are.
func lowered(t testing.TB, rules, command string) (*Policy, string) {
	t.Helper()
	text := withoutScope + rules + "\n"
	if strings.Contains(rules, "scope.") {
		text = withoutScope + "import data.sallyport.scope\n" + rules + "\n"
	}
	p := load(t, text)
	in := call(t, command, `{}`)
	e, err := p.prepared(context.Background(), &in)
	if err != nil {
		t.Fatal(err)
	}
	if len(e.conditions) == 0 {
		t.Fatalf("no condition is left of %s", rules)
	}
	t.Cleanup(func() {
		if p.Distrusted() {
			t.Error("the guard found a difference: what was tested is the full evaluation")
		}
	})
	var why []string
	for _, c := range e.conditions {
		if c.why != "" {
			why = append(why, c.why)
		}
	}
	if (e.plan.compiler == nil) != (len(why) == 0) {
		t.Errorf("OPA's compiler is kept: %v", e.plan.compiler != nil)
	}
	return p, strings.Join(why, "; ")
}

func TestCommonConditionsAreLowered(t *testing.T) {
	for _, test := range []struct{ name, condition, helpers string }{
		{"equality", `input.args.a == "x"`, ""},
		{"inequality", `input.args.a != input.args.b`, ""},
		{"a composite value", `input.args.a == {"x": [1, null, true]}`, ""},
		{"an argument that is true", `input.args.a`, ""},
		{"not", `not input.args.a`, ""},
		{"not of a condition", `not startswith(input.args.a, "x")`, ""},
		{"orderings", `input.args.n < 5; input.args.n <= 5; input.args.m > 1; input.args.m >= 1`, ""},
		{"a directory", `scope.path_inside(input.args.path, "$HOME/a")`, ""},
		{"a pattern", `scope.glob("$HOME/a/*.md", input.args.path)`, ""},
		{"not a pattern", `not scope.glob("$HOME/a/*.md", input.args.path)`, ""},
		{"some pattern", `some pattern in ["$HOME/a/*.md", "/b/*"]; scope.glob(pattern, input.args.path)`, ""},
		{"texts", `startswith(input.args.a, "x"); endswith(input.args.a, "y"); contains(input.args.a, "z")`, ""},
		{"changed texts", `lower(trim_space(input.args.a)) == upper(trim(input.args.b, "/"))`, ""},
		{"split", `count(split(input.args.a, "/")) == 3`, ""},
		{"sprintf and concat", `sprintf("%s-%d", [input.args.a, input.args.n]) == concat("-", input.args.list)`, ""},
		{"count", `count(input.args.list) <= 10; count(input.args.a) < 100`, ""},
		{"regex", `regex.match("^[a-z]+$", input.args.a)`, ""},
		{"in a literal", `input.args.a in {"x", "y"}`, ""},
		{"in a literal list", `input.args.a in ["x", input.args.b]`, ""},
		{"in an argument", `"x" in input.args.list; not "y" in input.args.list`, ""},
		{"a pair in an argument", `0, "x" in input.args.list`, ""},
		{"object.get", `object.get(input.args, "a", "x") == "x"`, ""},
		{"types", `is_string(input.args.a); not is_null(input.args.b); is_array(input.args.list); is_object(input.args.obj); is_number(input.args.n); is_boolean(input.args.flag)`, ""},
		{"arithmetic", `input.args.n + input.args.m * 2 - 1 < 100; input.args.n % 2 == 0`, ""},
		{"local variables", `x := input.args.a; y := x; y == "x"`, ""},
		{"some in", `some x in input.args.list; x == "x"`, ""},
		{"some with a key", `some i, x in input.args.list; i > 0; x == "x"`, ""},
		{"an unnamed element", `input.args.list[_].name == "x"`, ""},
		{"an index", `input.args.list[0] == "x"`, ""},
		{"a key from an argument", `input.args.obj[input.args.a] == "x"`, ""},
		{"every", `every x in input.args.list { x != "z"; startswith(x, "a") }`, ""},
		{"every with a key", `every k, v in input.args.obj { k != v }`, ""},
		{"a pattern of an array", `[a, b] := input.args.list; a == b`, ""},
		{"a pattern of an object", `{"a": x} = input.args.obj; x == 1`, ""},
		{"a list comprehension", `count([x | some x in input.args.list; x == "x"]) > 0`, ""},
		{"a set comprehension", `{x | some x in input.args.list} == {"x", "y"}`, ""},
		{"an object comprehension", `{k: v | some k, v in input.args.obj} == {"a": 1}`, ""},
		{"set operations", `{"x"} & {x | some x in input.args.list} != set()`, ""},
		{"a helper", `small`, "small if input.args.n < 3\nsmall if input.args.a == \"tiny\""},
		{"not a helper", `not small`, "small if input.args.n < 3\nsmall if input.args.a == \"tiny\""},
		{"default and else", `level == "high"`, "default level := \"low\"\nlevel := \"high\" if input.args.n > 5 else := \"middle\" if input.args.n > 3"},
		{"a set of the capability", `names[input.args.a]; "x" in names; count(names) < 9`, "names contains x if some x in input.args.list"},
		{"a function", `odd(input.args.n); not odd(input.args.m)`, "odd(n) if n % 2 == 1"},
		{"a function with an answer", `double(input.args.n) == 4`, "double(n) := 2 * n"},
		{"helpers that read helpers", `not p`, "p if not q\nq if not r\nr if input.args.a == input.args.a"},
		{"session, user, target, channel and time", `input.session == "s"; input.user.name == "n"; input.target == "t"; input.channel == "c"; time.weekday(input.time) == "Sunday"`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, rule := range []string{"allow", `deny contains "no"`, `ask contains sprintf("%v?", [input.args.a])`} {
				if _, why := lowered(t, fmt.Sprintf("%s if { input.command == \"x\"; %s }\n%s", rule, test.condition, test.helpers), "x"); why != "" {
					t.Errorf("%s: not lowered: %s", rule, why)
				}
			}
		})
	}
}

func TestConditionsThatClosuresLeaveToTopdown(t *testing.T) {
	for _, test := range []struct{ name, condition, helpers, why, args string }{
		{"a function with several answers", `walk(input.args.a, [_, v]); v == "x"`, "", "the function walk", `{"a":[["x"]]}`},
		{"a comprehension that topdown indexes", `some x in input.args.list; count([y | some y in input.args.list; y == x]) > 1`, "", "a comprehension that is indexed", `{"list":["x","x"]}`},
		{"a function whose answer is given", `x := input.args.m; double(input.args.n, x)`, "double(n) := 2 * n", "a call whose answer is known before", `{"n":2,"m":4}`},
		{"an object of the capability", `by_name[input.args.a] == 1`, "by_name[k] := v if some k, v in input.args.obj", "rules whose names have several parts", `{"a":"k","obj":{"k":1}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			// One that is left and one that is not, both of which have to hold.
			p, why := lowered(t, "allow if { input.command == \"x\"; "+test.condition+" }\nask contains \"sure?\" if { input.command == \"x\"; input.args.sure }\n"+test.helpers, "x")
			if why != test.why {
				t.Errorf("the reason is %q, want %q", why, test.why)
			}
			args := strings.TrimSuffix(test.args, "}")
			for suffix, want := range map[string]string{`}`: "allow notes.rego:5", `,"sure":true}`: "ask notes.rego:6 (sure?)", `,"sure":false}`: "allow notes.rego:5"} {
				if got := decide(t, p, call(t, "x", args+suffix)); got != want {
					t.Errorf("%s: got %s, want %s", args+suffix, got, want)
				}
			}
		})
	}
}

func TestDecisionsDoNotAllocate(t *testing.T) {
	for _, test := range []struct{ name, rules, args string }{
		{"five patterns and a bound", strings.ReplaceAll(fiveGlobs[strings.Index(fiveGlobs, "allow"):], "notes.save", "x"), `{"path":"/home/u/.local/share/app/notes/a.md","size":5}`},
		{"deny, ask and allow", `allow if { input.command == "x"; input.args.a in {"x", "y"}; input.args.n > 1 }
deny contains "no" if { input.command == "x"; startswith(input.args.a, "secret") }
ask contains "sure?" if { input.command == "x"; some e in input.args.list; e == "dangerous" }`, `{"a":"x","n":2,"list":["q","r"]}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, why := lowered(t, test.rules, "x")
			if why != "" {
				t.Fatal(why)
			}
			in := call(t, "x", test.args)
			if got := decide(t, p, in); !strings.HasPrefix(got, "allow") {
				t.Fatal(got)
			}
			// The best of several rounds: now and then a call is decided both ways, and the race detector has
			// pools forget some of what they hold.
			fewest := 1000.0
			for range 50 {
				fewest = min(fewest, testing.AllocsPerRun(3, func() { _, _ = p.Decide(context.Background(), in) }))
			}
			if fewest > 1 {
				t.Errorf("%v allocations", fewest)
			}
		})
	}
}

func TestAFrameKeepsNothingOfACall(t *testing.T) {
	f := newFrame()
	args := parse(t, `{"path":"/secret/a","list":["x"]}`)
	f.start(context.Background(), nil, &Input{Args: args, Session: "s"}, layout{slots: 2, refs: 2, memos: 1, flags: 1, lists: 1, answers: 1})
	f.slots[1], f.refs[0] = value{arg: args}, fetched{isDefined, value{arg: args}}
	f.memos[0] = memo{state: isDefined, value: value{arg: args}}
	f.flags[0], f.answers[0], f.held = true, yes, 1
	list, _ := args.Field("list")
	if _, err := f.term(value{arg: list}); err != nil {
		t.Fatal(err)
	}
	f.cutPath(testLexicon(t, "linux"), "/secret/a")
	f.hits = append(f.hits, hit{})
	f.end()
	f.start(context.Background(), nil, &Input{}, layout{slots: 2, refs: 2, memos: 1, flags: 1, lists: 1, answers: 1})
	text := fmt.Sprintf("%+v %+v %+v %+v %+v %+v %v %v", f.slots, f.refs, f.memos, f.flags, f.answers, f.cuts, f.terms, f.in.Args)
	if strings.Contains(text, "secret") || f.slots[1] != (value{}) || f.refs[0].state != notYet || f.memos[0].state != notYet ||
		f.flags[0] || f.answers[0] != notAsked || f.held != 0 || len(f.hits) != 0 || f.terms != nil || f.cut != 0 || f.in.Args != schema.Value(nil) {
		t.Errorf("left: %s", text)
	}
	for i := range f.cuts {
		for _, part := range f.cuts[i].parts[:cap(f.cuts[i].parts)] {
			if part != "" {
				t.Errorf("a part of a path is left: %q", part)
			}
		}
	}
}
