package policy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sallyport/sallyport/schema"
)

// endingContext is alive for the first looks at it and over from then on.
type endingContext struct {
	context.Context
	looks int
}

func (c *endingContext) Err() error {
	if c.looks--; c.looks < 0 {
		return context.Canceled
	}
	return nil
}

func TestACancelledContextNeverAllows(t *testing.T) {
	p := load(t, withoutScope+"allow if input.command == \"constant\"\nallow if { input.command == \"residual\"; input.args.a }")
	for _, command := range []string{"constant", "residual"} {
		in := call(t, command, `{"a":true}`)
		decide(t, p, in) // prepares, so that every look below is one of the decision itself
		for looks := 0; ; looks++ {
			d, err := p.Decide(&endingContext{context.Background(), looks}, in)
			if err == nil {
				if d.Effect != Allow || looks == 0 {
					t.Errorf("%s after %d looks: %s", command, looks, show(d, err))
				}
				if looks < 2 {
					t.Errorf("%s: the context is looked at %d times, want before and after evaluation", command, looks)
				}
				break
			}
			if !errors.Is(err, context.Canceled) || d.Effect != Deny || len(d.Rules) > 0 {
				t.Errorf("%s after %d looks: %s", command, looks, show(d, err))
			}
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if d, err := p.Decide(ctx, in); !errors.Is(err, context.Canceled) || d.Effect != Deny {
			t.Errorf("%s, cancelled before: %s", command, show(d, err))
		}
	}
}

func TestADeadlineEndsALongEvaluation(t *testing.T) {
	p := load(t, withoutScope+`allow if {
	input.command == "x"
	count([1 | some a in input.args.l; some b in input.args.l; some c in input.args.l; a + b + c == 0]) == 0
}`)
	decide(t, p, call(t, "x", `{"l":[1]}`)) // prepares
	in := call(t, "x", `{"l":[`+strings.Repeat("1,", 999)+`1]}`)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	d, err := p.Decide(ctx, in)
	if !errors.Is(err, context.DeadlineExceeded) || d.Effect != Deny {
		t.Errorf("got %s", show(d, err))
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	// What was prepared for the cancelled call must serve the next.
	in.Args = parse(t, `{"l":[1]}`)
	if got := decide(t, p, in); got != "allow notes.rego:5" {
		t.Errorf("the next call: %s", got)
	}
}

func TestACancelledPreparationIsNotKept(t *testing.T) {
	p := load(t, withoutScope+`allow if { input.command == "x"; input.args.a }`)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	in := call(t, "x", `{"a":true}`)
	e, err := p.entry(ctx, &key{in.Window, in.Origin, in.Command, in.Event, "linux", true}, in.Time)
	if !errors.Is(err, context.Canceled) || e != nil || p.named.len() != 0 {
		t.Errorf("got %v, %v, and %d entries kept", e, err, p.named.len())
	}
	if got := decide(t, p, in); got != "allow notes.rego:5" {
		t.Errorf("the next call: %s", got)
	}
}

func TestConcurrentDecisions(t *testing.T) {
	p, err := Load(manyCapabilities(20), testConfig())
	if err != nil {
		t.Fatal(err)
	}
	p.named = newCache(8) // so that entries come and go
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 60 {
				c := (worker + i) % 20
				in := Input{Window: "shared-1", Local: true, Command: fmt.Sprintf("c%d.save", c)}
				want := Allow
				path := fmt.Sprintf("/home/u/.local/share/app/c%d/a.md", c)
				if i%3 == 0 {
					want, path = Deny, "/etc/passwd"
				}
				in.Args, _ = schema.Parse(fmt.Appendf(nil, `{"path":%q,"size":%d}`, path, i), schema.DefaultLimits())
				d, err := p.Decide(context.Background(), in)
				if err != nil || d.Effect != want {
					t.Errorf("%s %s: %s", in.Command, path, show(d, err))
				}
			}
		})
	}
	wg.Wait()
}

func TestMadeUpCommandsCannotGrowMemory(t *testing.T) {
	named := load(t, withoutScope+"allow if input.command == \"x\"")
	computed := load(t, withoutScope+"allow if input.command == \"x\"\nallow if startswith(input.command, \"y.\")")
	for i := range 3 * maxOther {
		in := call(t, fmt.Sprintf("made.up.%d", i), `{}`)
		for _, p := range []*Policy{named, computed} {
			if got := decide(t, p, in); got != "deny" {
				t.Fatal(got)
			}
		}
	}
	decide(t, computed, call(t, "x", `{}`))
	if n := named.named.len() + named.other.len(); n != 0 {
		t.Errorf("%d entries for commands that no rule names", n)
	}
	if n := computed.other.len(); n > maxOther {
		t.Errorf("%d entries, at most %d", n, maxOther)
	}
	if n := computed.named.len(); n != 1 {
		t.Errorf("%d entries for the one command that is named", n)
	}
}

func TestTheCacheKeepsWhatIsUsed(t *testing.T) {
	c := newCache(4)
	kept := &key{command: "kept"}
	c.put(kept, &entry{})
	for i := range 100 {
		c.put(&key{command: fmt.Sprint(i)}, &entry{})
		if c.get(kept) == nil {
			t.Fatalf("lost after %d others", i)
		}
		if c.len() > 4 {
			t.Fatalf("%d entries", c.len())
		}
	}
	if c.get(&key{command: "0"}) != nil {
		t.Error("an unused entry was kept")
	}
}

func TestEveryFieldOfTheInput(t *testing.T) {
	for _, test := range []struct{ name, condition string }{
		{"window", `input.window == "main"`},
		{"origin", `input.origin == "http://main-1.localhost:4000"`},
		{"local", `input.local == true`},
		{"platform", `input.platform == "linux"`},
		{"session", `input.session == "s1"`},
		{"time", `time.clock(input.time) == [12, 0, 0]; input.time == 1795348800000000000`},
		{"arguments as a whole", `input.args == {"a": {"b": [1, {"c": null}]}, "t": true, "s": "é"}`},
		{"one argument", `input.args.a.b[1].c == null`},
		{"member and all of an argument", `input.args.a.b[0] == 1; input.args.a == {"b": [1, {"c": null}]}`},
		{"arguments by computed name", `some name in ["t"]; input.args[name] == true`},
		{"arguments by iteration", `some _, value in input.args; value == "é"`},
		{"arguments by bracket", `input.args["s"] == "é"`},
		{"absent member of a scalar", `not input.args.s.x`},
		{"absent member of an array", `not input.args.a.b.c`},
		{"import of a field", `a.b[0] == 1`},
		{"arguments in a helper", `helper(input.args)`},
		{"every", `every n in input.args.a.b { n != 2 }`},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := "allow if { input.command == \"x\"; " + test.condition + " }\nhelper(x) if x.s == \"é\"\n"
			if strings.HasPrefix(test.name, "import") {
				text = "import input.args.a\n" + text
			}
			p := load(t, withoutScope+text)
			in := call(t, "x", `{"a":{"b":[1,{"c":null}]},"t":true,"s":"é"}`)
			if got := decide(t, p, in); !strings.HasPrefix(got, "allow") {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestWhichFilesAreLoaded(t *testing.T) {
	broken := &fstest.MapFile{Data: []byte("not rego")}
	p, err := Load(fstest.MapFS{
		"deep/er/a.rego":      {Data: []byte(withoutScope + "allow if input.command == \"x\"")},
		"deep/er/a_test.rego": broken, "README.md": broken, "sallyport.json": broken, "a.rego.bak": broken,
	}, testConfig())
	if err != nil {
		t.Fatal(err)
	}
	if got := decide(t, p, call(t, "x", `{}`)); got != "allow deep/er/a.rego:5" {
		t.Errorf("got %s", got)
	}
	if _, err := Load(fstest.MapFS{"DENY.REGO": {Data: []byte(withoutScope)}}, testConfig()); err == nil || !strings.HasPrefix(err.Error(), "policy: DENY.REGO:1: ") {
		t.Errorf("a file that would be passed over in silence: %v", err)
	}
	if _, err := Load(fstest.MapFS{"big.rego": {Data: make([]byte, maxFile+1)}}, testConfig()); err == nil {
		t.Error("a file of any size")
	}
	if _, err := Load(files(), Config{Platform: "plan10"}); err == nil {
		t.Error("an unknown platform")
	}
	empty, err := Load(fstest.MapFS{}, Config{})
	if err != nil {
		t.Fatal(err)
	}
	if got := decide(t, empty, call(t, "x", `{}`)); got != "deny" {
		t.Errorf("an empty folder: %s", got)
	}
}

func TestRevision(t *testing.T) {
	base := load(t, withoutScope)
	if again := load(t, withoutScope); again.Revision() != base.Revision() || len(base.Revision()) != 32 {
		t.Errorf("%s, then %s", base.Revision(), again.Revision())
	}
	d, err := base.Decide(context.Background(), call(t, "x", `{}`))
	if err != nil || d.Revision != base.Revision() {
		t.Errorf("the decision's is %s, %v", d.Revision, err)
	}
	c := testConfig()
	c.Variables["$HOME"] = "/home/v"
	for name, load := range map[string]func() (*Policy, error){
		"text":     func() (*Policy, error) { return Load(files(withoutScope+"\n"), testConfig()) },
		"variable": func() (*Policy, error) { return Load(files(withoutScope), c) },
		"platform": func() (*Policy, error) { return Load(files(withoutScope), Config{Platform: "windows"}) },
		"name": func() (*Policy, error) {
			return Load(fstest.MapFS{"n.rego": {Data: []byte(withoutScope)}}, testConfig())
		},
	} {
		if p, err := load(); err != nil || p.Revision() == base.Revision() {
			t.Errorf("another %s, same revision %s, %v", name, base.Revision(), err)
		}
	}
}

func TestTheZeroValuesDeny(t *testing.T) {
	var d Decision
	if d.Effect != Deny || Effect(9).String() != "deny" || Allow.String() != "allow" || Ask.String() != "ask" {
		t.Error("a zero decision does not deny")
	}
}

func TestAllowedBuiltinsExistAndAreDeterministic(t *testing.T) {
	for _, b := range capabilities(ownBuiltins(testLexicon(t, "linux")), false).Builtins {
		if b == nil {
			t.Fatal("a name on the list is no function of OPA")
		}
		if b.Nondeterministic {
			t.Errorf("%s answers differently each time", b.Name)
		}
	}
	names := " " + strings.Join(strings.Fields(allowedBuiltins), " ") + " "
	for _, reach := range []string{" http.send ", " net.", " opa.", " rand.", " time.now_ns ", " uuid.rfc4122 ", " trace ", " print ", " internal.print ",
		" rego.", " io.jwt.", " providers.", " json.match_schema ", " numbers.range", " yaml.", " graphql.", " crypto.x509.", " crypto.hmac.",
		" bits.lsh ", " graph.reachable_paths ", " units."} {
		if strings.Contains(names, reach) {
			t.Errorf("%s is on the list", strings.TrimSpace(reach))
		}
	}
}

func TestCommandsAreThoseThatRulesName(t *testing.T) {
	p := load(t, withoutScope+`allow if input.command in {"b", "a"}
deny contains "no" if { input.command == "c"; input.args.a }
allow if startswith(input.command, "d")
allow if not input.command == "e"`)
	if got := p.Commands(); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("got %q", got)
	}
}

func TestMayIsTheMostThatAnyArgumentsCouldGet(t *testing.T) {
	for _, test := range []struct {
		name, rules string
		want        Effect
	}{
		{"no rule", ``, Deny},
		{"an allow", `allow if input.command == "x"`, Allow},
		{"an allow under conditions", `allow if { input.command == "x"; input.args.a }`, Allow},
		{"an allow of another command", `allow if input.command == "y"`, Deny},
		{"an allow for another window", `allow if { input.command == "x"; input.window == "other" }`, Deny},
		{"an allow of commands that no rule names", `allow if startswith(input.command, "x")`, Allow},
		{"a deny beside an allow", "allow if input.command == \"x\"\ndeny contains \"no\" if input.command == \"x\"", Deny},
		{"a deny under conditions beside an allow", "allow if input.command == \"x\"\ndeny contains \"no\" if { input.command == \"x\"; input.args.a }", Allow},
		{"a deny beside an allow under conditions", "allow if { input.command == \"x\"; input.args.a }\ndeny contains \"no\" if input.command == \"x\"", Deny},
		{"a deny under conditions alone", `deny contains "no" if { input.command == "x"; input.args.a }`, Deny},
		{"a question", `ask contains "Sure?" if input.command == "x"`, Ask},
		{"a question beside an allow", "allow if input.command == \"x\"\nask contains \"Sure?\" if input.command == \"x\"", Ask},
		{"a question under conditions beside an allow", "allow if input.command == \"x\"\nask contains \"Sure?\" if { input.command == \"x\"; input.args.a }", Allow},
		{"an error in what is known", "allow if { input.command == \"x\"; 1 / (count(input.window) - 4) > 0 }", Deny},
	} {
		p := load(t, withoutScope+test.rules)
		in := call(t, "x", `{}`)
		in.Args = nil // not looked at
		if got := p.May(context.Background(), in); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
	expiring := strings.Replace(withoutScope, "windows: [main]", "windows: [main]\n#   expires: 2026-11-22T12:00:01Z", 1)
	p, in := load(t, expiring+`allow if input.command == "x"`), call(t, "x", `{}`)
	if p.May(context.Background(), in) != Allow {
		t.Error("not allow before the capability expires")
	}
	if in.Time = in.Time.Add(time.Second); p.May(context.Background(), in) != Deny {
		t.Error("not deny when the capability has expired")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if in = call(t, "y", `{}`); load(t, withoutScope+`allow if input.command == "y"`).May(ctx, in) != Deny {
		t.Error("not deny although the context ended before there was an answer")
	}
}
