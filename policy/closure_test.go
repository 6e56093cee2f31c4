package policy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/sallyport/sallyport/schema"
)

func TestADeadlineEndsLongLoopsOfClosures(t *testing.T) {
	list := `[` + strings.Repeat(`"a",`, 1999) + `"a"]`
	members := make([]string, 2000)
	for i := range members {
		members[i] = fmt.Sprintf(`"k%d":"a"`, i)
	}
	args := `{"list":` + list + `,"obj":{` + strings.Join(members, ",") + `},"a":"b"}`
	for _, test := range []struct{ name, rules string }{
		{"loops over lists", `allow if { input.command == "x"; some a in input.args.list; some b in input.args.list; some c in input.args.list; a != b; b != c }`},
		{"loops over objects", `allow if { input.command == "x"; some a in input.args.obj; some b in input.args.obj; some c in input.args.obj; a != b; b != c }`},
		{"look-ups", `allow if { input.command == "x"; some k, _ in input.args.obj; some l, _ in input.args.obj; input.args.obj[k] != input.args.obj[l] }`},
		{"membership", `allow if { input.command == "x"; some a in input.args.list; some b in input.args.list; not "b" in input.args.list; a != b }`},
		{"every", `allow if { input.command == "x"; every a in input.args.list { every b in input.args.list { every c in input.args.list { a == b; b == c } } } }`},
		{"not", `allow if { input.command == "x"; not some_pair }
some_pair if { some a in input.args.list; some b in input.args.list; some c in input.args.list; a != b; b != c }`},
		{"functions", `allow if { input.command == "x"; some a in input.args.list; f(a) }
f(a) if { some b in input.args.list; some c in input.args.list; a != b; b != c }`},
		{"a set's members", `allow if { input.command == "x"; some a in input.args.list; some b in input.args.list; names[b]; a != b }
names contains a if some a in input.args.list`},
		{"comprehensions", `allow if { input.command == "x"; count([1 | some a in input.args.list; some b in input.args.list; some c in input.args.list; a != b; b != c]) > 0 }`},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, why := lowered(t, test.rules, "x")
			if why != "" {
				t.Fatal(why)
			}
			in := call(t, "x", args)
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
			defer cancel()
			start := time.Now()
			d, err := p.Decide(ctx, in)
			if took := time.Since(start); took > 3*time.Second {
				t.Errorf("took %v", took)
			}
			if !errors.Is(err, context.DeadlineExceeded) || d.Effect != Deny {
				t.Errorf("got %s", show(d, err))
			}
			// A frame that was left in the middle of it serves the next call.
			in.Args = parse(t, `{"list":["a","b","c"],"obj":{"k":"a","l":"b","m":"c"},"a":"b"}`)
			if d, err := p.Decide(context.Background(), in); err != nil || d.Effect != mustDecideByTopdown(t, test.rules, in) {
				t.Errorf("the next call: %s", show(d, err))
			}
		})
	}
}

func mustDecideByTopdown(t *testing.T, rules string, in Input) Effect {
	t.Helper()
	p := load(t, withoutScope+rules+"\n")
	p.interpreted = true
	d, err := p.Decide(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return d.Effect
}

// What evaluates in another order, or not at all, shows in which error comes first, or in that there
// is one.
func TestErrorsAreThoseOfTopdown(t *testing.T) {
	for _, test := range []struct{ name, rules, args, want string }{
		{"in what follows a helper, before its second body", `allow if { input.command == "x"; ok; startswith(input.args.b, "x") }
ok if input.args.a
ok if endswith(input.args.a, "y")`, `{"a":true,"b":1}`, "notes.rego:7: "},
		{"in the second body of a helper that holds", `allow if { input.command == "x"; ok }
ok if input.args.a
ok if endswith(input.args.a, "y")`, `{"a":true}`, "notes.rego:7: "},
		{"in the second body of a function that holds", `allow if { input.command == "x"; ok(input.args.a) }
ok(a) if a
ok(a) if endswith(a, "y")`, `{"a":true}`, "notes.rego:7: "},
		{"in the second body where the first one allows", `allow if { input.command == "x"; some p in ["x", 1]; startswith(input.args.a, p) }`, `{"a":"x"}`, "notes.rego:5: "},
		{"in the order of the bodies, not of what they loop over", `allow if { input.command == "x"; some e in input.args.list; some p in ["a", 1]; startswith(e, p) }`, `{"list":["b",5]}`, "operand 1 must be string"},
		{"behind a condition that holds once", `allow if { input.command == "x"; some e in input.args.list; startswith(e, "a") }`, `{"list":["a",1]}`, "notes.rego:5: "},
		{"under not, behind what holds", `allow if { input.command == "x"; not bad }
bad if { some e in input.args.list; startswith(e, "a") }`, `{"list":["a",1]}`, "notes.rego:6: "},
		{"in an else that is reached", `allow if { input.command == "x"; level == "low" }
level := "high" if input.args.a else := "low" if startswith(input.args.b, "x")`, `{"a":false,"b":1}`, "notes.rego:6: "},
		{"in a member that isn't looked for", `allow if { input.command == "x"; names["a"] }
names contains e if { some e in input.args.list; startswith(e, "a") }`, `{"list":["a",1]}`, ""},
		{"in a member when all are wanted", `allow if { input.command == "x"; count(names) == 1 }
names contains e if { some e in input.args.list; startswith(e, "a") }`, `{"list":["a",1]}`, "notes.rego:6: "},
		{"in every, behind an element that fails", `allow if { input.command == "x"; every e in input.args.list { startswith(e, "a") } }
allow if { input.command == "x"; input.args.a }`, `{"list":["b",1],"a":true}`, ""},
		{"in every, behind a way that holds", `allow if { input.command == "x"; every e in ["q"] { some f in input.args.list; startswith(f, "a"); e != f } }`, `{"list":["a",1]}`, ""},
		{"in a helper under every, behind a way that holds", `allow if { input.command == "x"; every e in input.args.other { ok; e != 1 } }
ok if { some f in input.args.list; startswith(f, "a") }`, `{"list":["a",1],"other":[2]}`, "notes.rego:6: "},
		{"of two values of one rule", `allow if { input.command == "x"; level == "low" }
level := "low" if input.args.a
level := "high" if input.args.b`, `{"a":true,"b":true}`, "eval_conflict_error: "},
		{"of two values of one function", `allow if { input.command == "x"; level(input.args.a) == "low" }
level(a) := "low" if a
level(a) := "high" if a == input.args.b`, `{"a":true,"b":true}`, "eval_conflict_error: "},
		{"of a function that is both true and false", `allow if { input.command == "x"; ok(input.args.a) }
ok(a) := false if a
ok(a) if a == input.args.b`, `{"a":true,"b":true}`, "eval_conflict_error: "},
		{"of two values under one key", `allow if { input.command == "x"; {k: v | some v in input.args.list; k := "k"} == {"k": 1} }`, `{"list":[1,2]}`, "notes.rego:5: "},
		{"none of a function that is called for each element", `allow if { input.command == "x"; some e in input.args.list; ok(e); e == "b" }
ok(e) if e != "z"`, `{"list":["a","b"]}`, ""},
		{"none of not for each element", `allow if { input.command == "x"; some e in input.args.list; not startswith(e, "a"); e == "b" }`, `{"list":["a","b"]}`, ""},
		{"none of every for each element", `allow if { input.command == "x"; some e in input.args.lists; every f in e { f != "a" }; e[0] == "b" }`, `{"lists":[["a"],["b"]]}`, ""},
		{"none of a comprehension for each element", `allow if { input.command == "x"; some e in input.args.lists; [f | some f in e] == ["b"] }`, `{"lists":[["a"],["b"]]}`, ""},
		{"none of a set that is asked for each element", `allow if { input.command == "x"; some e in input.args.list; not names[e]; e == "b" }
names contains n if some n in input.args.other`, `{"list":["a","b"],"other":["a"]}`, ""},
		{"none of what is below a set's members", `allow if { input.command == "x"; s := {e | some e in input.args.list}; s[_].name == "x"; {"x", "y"}[_] == input.args.a }`, `{"list":[{"name":"x"}],"a":"y"}`, ""},
		{"none where the bodies begin with one test of a type", `allow if { input.command == "x"; is_string(input.args.a); some p in ["x", "y"]; input.args.b == p }`, `{"a":"x","b":"y"}`, ""},
		{"none of a default beside a value", `allow if { input.command == "x"; level == "low"; grade(input.args.b) == 2 }
default level := "high"
level := "low" if input.args.a
default grade(_) := 1
grade(b) := 2 if b`, `{"a":true,"b":true}`, ""},
		{"in an order of a text and a number", `allow if { input.command == "x"; input.args.n < input.args.a }`, `{"a":"x","n":1}`, "notes.rego:5: "},
		{"under not, in the body that is left out where the first one allows", `allow if { input.command == "x"; some p in ["x", 1]; input.args.a != p; not startswith(input.args.b, p) }`, `{"a":"z","b":"q"}`, "notes.rego:5: "},
		{"of an ask without words, when all else is evaluated", `allow if { input.command == "x"; input.args.a }
ask contains input.args.b if { input.command == "x"; input.args.a }`, `{"a":true,"b":7}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, why := lowered(t, test.rules, "x")
			if why != "" {
				t.Fatal(why)
			}
			in := call(t, "x", test.args)
			d, err := p.Decide(context.Background(), in)
			q := load(t, withoutScope+test.rules+"\n")
			q.interpreted = true
			want, wantErr := q.Decide(context.Background(), in)
			if (err == nil) != (wantErr == nil) || err != nil && withoutValues(err) != withoutValues(wantErr) || d.Effect != want.Effect {
				t.Errorf("by closures %s, by topdown %s", show(d, err), show(want, wantErr))
			}
			if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %s, want an error with %q", show(d, err), test.want)
			}
		})
	}
}

func TestAnEndedCallEndsTheFunctionsOfOPA(t *testing.T) {
	f := newFrame()
	ctx, cancel := context.WithCancel(context.Background())
	f.start(ctx, nil, &Input{}, layout{})
	var seen topdown.Cancel
	look := func(c topdown.BuiltinContext, _ []*ast.Term, _ func(*ast.Term) error) error {
		seen = c.Cancel
		return nil
	}
	if _, ok, err := f.call(look, nil, nil); err != nil || ok || seen == nil || seen.Cancelled() {
		t.Fatalf("before: %v, %v, %v", ok, err, seen)
	}
	cancel()
	for range 1000 {
		if seen.Cancelled() {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if !seen.Cancelled() {
		t.Error("the function was not told")
	}
	halt := func(topdown.BuiltinContext, []*ast.Term, func(*ast.Term) error) error {
		return topdown.Halt{Err: context.Canceled}
	}
	if _, _, err := f.call(halt, nil, nil); err != context.Canceled {
		t.Errorf("got %v", err)
	}
	f.end()
	if f.cancel != nil || f.stop != nil {
		t.Error("the next call would be cancelled as well")
	}
}

func TestClosuresServeManyGoroutines(t *testing.T) {
	p, why := lowered(t, `allow if { input.command == "x"; level == "high"; names[input.args.a]; count([e | some e in input.args.list; e != "z"]) > 1 }
level := "high" if input.args.n > 5 else := "low"
names contains e if some e in input.args.list
deny contains sprintf("no %v", [input.args.a]) if { input.command == "x"; startswith(input.args.a, "secret") }`, "x")
	if why != "" {
		t.Fatal(why)
	}
	calls := map[string]string{
		`{"a":"x","n":6,"list":["x","y"]}`:        "allow notes.rego:5",
		`{"a":"x","n":5,"list":["x","y"]}`:        "deny",
		`{"a":"q","n":6,"list":["x","y"]}`:        "deny",
		`{"a":"secret1","n":6,"list":["x","y"]}`:  "deny notes.rego:8 (no secret1)",
		`{"a":"secret22","n":6,"list":["x","y"]}`: "deny notes.rego:8 (no secret22)",
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				for args, want := range calls {
					in := Input{Window: "main", Local: true, Command: "x"}
					in.Args, _ = schema.Parse([]byte(args), schema.DefaultLimits())
					if d, err := p.Decide(context.Background(), in); show(d, err) != want {
						t.Errorf("%s: got %s, want %s", args, show(d, err), want)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	if p.Distrusted() {
		t.Error("the prepared decisions were found wrong")
	}
}

func TestOutcomesAreBounded(t *testing.T) {
	var rules strings.Builder
	for i := range 10 {
		fmt.Fprintf(&rules, "deny contains \"no %d\" if { input.command == \"x\"; input.args.a%d }\n", i, i)
	}
	p, why := lowered(t, rules.String(), "x")
	if why != "" {
		t.Fatal(why)
	}
	in := call(t, "x", `{}`)
	e, err := p.prepared(context.Background(), &in)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 1 << 10 {
		args := []string{}
		for i := range 10 {
			args = append(args, fmt.Sprintf(`"a%d":%v`, i, n&(1<<i) != 0))
		}
		in.Args = parse(t, "{"+strings.Join(args, ",")+"}")
		d, err := p.Decide(context.Background(), in)
		if err != nil || len(d.Rules) != strings.Count(fmt.Sprintf("%b", n), "1") {
			t.Fatalf("%b: %s", n, show(d, err))
		}
	}
	if kept := *e.plan.made.kept.Load(); len(kept) != maxOutcomes {
		t.Errorf("%d outcomes are kept", len(kept))
	}
}

func TestMoreConstantOutcomesThanBits(t *testing.T) {
	var rules strings.Builder
	args := []string{}
	for i := range maxConstant + 10 {
		fmt.Fprintf(&rules, "deny contains \"no %d\" if { input.command == \"x\"; input.args.a%d }\n", i, i)
		args = append(args, fmt.Sprintf(`"a%d":true`, i))
	}
	p, why := lowered(t, rules.String(), "x")
	if why != "" {
		t.Fatal(why)
	}
	d, err := p.Decide(context.Background(), call(t, "x", "{"+strings.Join(args, ",")+"}"))
	if err != nil || len(d.Rules) != maxConstant+10 {
		t.Errorf("%d rules, %v", len(d.Rules), err)
	}
	if d, err := p.Decide(context.Background(), call(t, "x", fmt.Sprintf(`{"a%d":true}`, maxConstant+9))); err != nil || len(d.Rules) != 1 {
		t.Errorf("the last one alone: %s", show(d, err))
	}
}

func TestAConditionThatIsTooLargeIsLeftToTopdown(t *testing.T) {
	// Each function calls the one before twice: made anew at each call, they would double.
	var rules strings.Builder
	rules.WriteString("allow if { input.command == \"x\"; f14(input.args.a) }\nf0(a) if a == 1\n")
	for i := range 14 {
		fmt.Fprintf(&rules, "f%d(a) if { f%d(a); f%d(a) }\n", i+1, i, i)
	}
	start := time.Now()
	p, why := lowered(t, rules.String(), "x")
	if why != "a condition of this size" {
		t.Errorf("the reason is %q", why)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	if got := decide(t, p, call(t, "x", `{"a":1}`)); got != "allow notes.rego:5" {
		t.Errorf("got %s", got)
	}
}

// FuzzClosures compares both evaluations of a fixed set of policies on arguments that the fuzzer makes up.
func FuzzClosures(f *testing.F) {
	pairs := fuzzedPolicies(f)
	for i := range pairs {
		g := pairs[i].grammar
		for range 4 {
			f.Add(uint8(i), uint8(g.IntN(4)), g.args())
		}
	}
	f.Fuzz(func(t *testing.T, policy, command uint8, args string) {
		v, err := schema.Parse([]byte(args), schema.DefaultLimits())
		if err != nil {
			return
		}
		pair := pairs[int(policy)%len(pairs)]
		in := Input{Window: "main", Local: true, Command: []string{"a", "b", "c", "ab"}[command%4], Session: "s1", Args: v, Time: time.Unix(1767000000, 0)}
		pair.compare(t, in, &tally{why: make(map[string]int)}, func() string { return strings.Join(append(pair.texts, in.Command, args), "\n") })
	})
}

func TestEachFuzzedPolicyHasConditions(t *testing.T) {
	for _, pair := range fuzzedPolicies(t) {
		c := &tally{why: make(map[string]int)}
		for _, command := range []string{"a", "b", "c", "ab"} {
			c.note(pair.closures, Input{Window: "main", Local: true, Command: command})
		}
		if c.lowered == 0 {
			t.Errorf("nothing to compare in\n%s", pair.texts)
		}
	}
}

// What checkLookups lets through must be looked up as OPA does in full.
func TestConstantsAreFoundAmongWhatACallBrings(t *testing.T) {
	for _, body := range []string{
		`{input.args.a, input.args.b}.secret`,
		`"secret" in {input.args.a, input.args.b}`,
		`s := {input.args.a}; x := [s]; x[0].secret`,
		`x := {k: 1 | k := input.args.a}; x.secret`,
		`x := {{input.args.a}}; x[{"secret"}]`,
		`x := {[input.args.a]}; x[["secret"]]`,
		`x := {"a": input.args.a}; x.a == "secret"`,
		`x := {input.args.a}; [{"secret"}] == [x]`,
	} {
		p := load(t, withoutScope+"allow if input.command == \"x\"\n\ndeny contains \"no\" if { input.command == \"x\"; "+body+" }\n")
		for args, want := range map[string]Effect{`{"a":"secret","b":"c"}`: Deny, `{"a":"d","b":"c"}`: Allow} {
			for range 4 {
				if d, err := p.Decide(context.Background(), call(t, "x", args)); err != nil || d.Effect != want {
					t.Errorf("%s of %s: %s", body, args, show(d, err))
				}
			}
		}
		if p.Distrusted() {
			t.Errorf("%s: distrusted", body)
		}
	}
}

func TestMembersOfASetAreMatchedWithPatternsThatBind(t *testing.T) {
	const pairs = "\n\npairs contains [x, y] if { x := input.args.a; y := input.args.b }\n\npairs contains [\"k\", 1]"
	for _, test := range []struct {
		body, args string
		want       Effect
	}{
		{`some [x, y] in pairs; x == y`, `{"a":1,"b":1}`, Allow},
		{`some [x, y] in pairs; x == y`, `{"a":1,"b":2}`, Deny},
		{`pairs[[x, 1]]; x == input.args.a`, `{"a":"k","b":2}`, Allow},
		{`pairs[[x, 1]]; x == input.args.a`, `{"a":"l","b":2}`, Deny},
		{`pairs[z] = [x, 2]; x == "l"`, `{"a":"l","b":2}`, Allow},
	} {
		p, why := lowered(t, "allow if { input.command == \"x\"; "+test.body+" }"+pairs, "x")
		if d, err := p.Decide(context.Background(), call(t, "x", test.args)); err != nil || d.Effect != test.want || p.Distrusted() {
			t.Errorf("%s of %s: %s, want %v (not by closures: %q)", test.body, test.args, show(d, err), test.want, why)
		}
	}
}
