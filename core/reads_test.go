package core

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/isolation"
)

// Where the argument is absent or has another type, the rule would not hold,
// and what it denies would run.
func TestC7ADenyOnAnArgumentThatTheSchemaDoesNotGuaranteeStopsTheStart(t *testing.T) {
	const required = `{"type":"object","required":["path"],"properties":{"path":{"type":"string"}}}`
	for _, test := range []struct{ name, schema, rule, want string }{
		{"required with a type", required, `deny contains "no" if { input.command == "x"; contains(input.args.path, "/.") }`, ""},
		{"optional", `{"type":"object","properties":{"path":{"type":"string"}}}`, `deny contains "no" if { input.command == "x"; contains(input.args.path, "/.") }`,
			"core: Config.Capabilities/x.rego:8: a rule of kind deny reads input.args.path, which Config.Schemas/x.input.json does not guarantee; require it there with a type"},
		{"without a type", `{"type":"object","required":["path"]}`, `ask contains "Sure?" if { input.command == "x"; contains(input.args.path, "/.") }`,
			"x.rego:8: a rule of kind ask reads input.args.path"},
		{"an allow may", `{"type":"object"}`, `allow if { input.command == "x"; input.args.path == "/a" }`, ""},
		{"a rule for another command", `{"type":"object"}`, `deny contains "no" if { input.command == "y"; input.args.path == "/a" }`, ""},
		{"a rule for another window", `{"type":"object"}`, `deny contains "no" if { input.window == "other"; input.args.path == "/a" }`, ""},
		{"a rule for every command", `{"type":"object"}`, `deny contains "no" if input.args.path == "/a"`, "or name in the rule the commands that it is for"},
	} {
		t.Run(test.name, func(t *testing.T) {
			app, err := New(Config{
				Name:    "reads",
				Schemas: fstest.MapFS{"x.input.json": {Data: []byte(test.schema)}},
				Capabilities: fstest.MapFS{"x.rego": {Data: []byte("# METADATA\n# custom:\n#   windows: [main]\npackage capability.x\n\n" +
					"allow if input.command == \"x\"\n\n" + test.rule + "\n")}},
				Hook:    []byte("sallyport.onCall((call) => call);"),
				Windows: []isolation.Window{{Label: "main", Page: fstest.MapFS{"index.html": {Data: []byte("<!doctype html>")}}}},
				Record:  audits.NewMemory(1),
			})
			if err != nil {
				t.Fatal(err)
			}
			app.Handle("x", func(context.Context, *Request) (any, error) { return nil, nil })
			err = app.StartInProcess()
			if err == nil {
				t.Cleanup(func() { _ = app.Shutdown(t.Context()) })
			}
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v\nwant %s", err, test.want)
			}
		})
	}
}
