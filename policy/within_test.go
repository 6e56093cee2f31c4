package policy

import (
	"context"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
)

// scoped is a policy of one capability whose within rules stand for those that declarative files
// are compiled to.
func scoped(t *testing.T, rules string) *Policy {
	t.Helper()
	rules += "used if scope.glob(\"/x\", \"/y\")\n"
	env, err := newEnvironment(testConfig())
	if err != nil {
		t.Fatal(err)
	}
	m, err := ast.ParseModuleWithOpts("notes.rego", head+rules, ast.ParserOptions{Capabilities: env.strict, RegoVersion: ast.RegoV1})
	if err != nil {
		t.Fatal(err)
	}
	u, err := env.newUnit(&Capability{ID: "notes", File: "notes.rego", Windows: []string{"main"}, Local: true}, m)
	if err != nil {
		t.Fatal(err)
	}
	p := load(t)
	p.environment, p.units = env, []*unit{u}
	if err := p.index(); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestACallOutsideItsScopeIsDenied(t *testing.T) {
	const (
		allow = "allow if input.command in {\"fs.read\", \"fs.stop\", \"other\"}\n\n"
		home  = "sallyport_within if { input.command == \"fs.read\"; scope.glob(\"$HOME/*\", input.args.path) }\n\n"
		tmp   = "sallyport_within if { input.command == \"fs.read\"; scope.glob(\"/tmp/*\", input.args.path) }\n\n"
		all   = "sallyport_within if { startswith(input.command, \"fs.\"); scope.glob(\"$HOME/*\", input.args.path) }\n\n"
		none  = "sallyport_within if { input.command == \"fs.read\"; false }\n\n"
		ask   = "ask contains \"Sure?\" if input.command == \"fs.read\"\n\n"
	)
	for _, test := range []struct {
		name, rules, command, args, want string
		most                             Effect
	}{
		{"within it", allow + home, "fs.read", `{"path":"/home/u/a"}`, "allow notes.rego:7", Allow},
		{"outside", allow + home, "fs.read", `{"path":"/etc/a"}`, "deny notes.rego:9", Allow},
		{"without the argument", allow + home, "fs.read", `{}`, "deny notes.rego:9", Allow},
		{"any of several is enough", allow + home + tmp, "fs.read", `{"path":"/tmp/a"}`, "allow notes.rego:7", Allow},
		{"outside several", allow + home + tmp, "fs.read", `{"path":"/etc/a"}`, "deny notes.rego:9 notes.rego:11", Allow},
		{"of another command", allow + home, "other", `{}`, "allow notes.rego:7", Allow},
		{"of the namespace", allow + all, "fs.stop", `{}`, "deny notes.rego:9", Allow},
		{"of another namespace", allow + all, "other", `{}`, "allow notes.rego:7", Allow},
		{"that is empty", allow + none, "fs.read", `{"path":"/home/u/a"}`, "deny notes.rego:9", Deny},
		{"that is empty, beside one that is not", allow + none + home, "fs.read", `{"path":"/home/u/a"}`, "allow notes.rego:7", Allow},
		{"before a question", allow + home + ask, "fs.read", `{"path":"/etc/a"}`, "deny notes.rego:9", Ask},
		{"and a question", allow + home + ask, "fs.read", `{"path":"/home/u/a"}`, "ask notes.rego:11 (Sure?)", Ask},
		{"where nothing is allowed", home, "fs.read", `{"path":"/home/u/a"}`, "deny", Deny},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := scoped(t, test.rules)
			in := call(t, test.command, test.args)
			d, err := p.Decide(context.Background(), in)
			if got := show(d, err); got != test.want && got != test.want+" ("+d.Reason+")" {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if most := p.May(context.Background(), in); most != test.most {
				t.Errorf("at most %v, want %v", most, test.most)
			}
		})
	}
}

func TestAFileCantWriteAWithinRule(t *testing.T) {
	_, err := Load(files(withoutScope+"allow if input.command == \"x\"\n\nsallyport_within if true"), testConfig())
	if err == nil {
		t.Error("it was taken")
	}
}
