package policy

import (
	"context"
	"slices"
	"testing"
)

func TestReadsAreFollowedThroughAllThatARuleUses(t *testing.T) {
	const anywhere = `input.command == "x"; `
	for _, test := range []struct {
		name, rules string
		want        []string
	}{
		{"nothing", `deny contains "no" if { ` + anywhere + `input.session == "s9" }`, nil},
		{"an argument", `deny contains "no" if { ` + anywhere + `contains(input.args.path, "/.") }`, []string{"input.args.path"}},
		{"a question's", `ask contains "Sure?" if { ` + anywhere + `input.args.many }`, []string{"input.args.many"}},
		{"an allow's don't count", `allow if { ` + anywhere + `input.args.path == "/a" }`, nil},
		{"one in a message", `deny contains sprintf("not %v", [input.args.n]) if { ` + anywhere + `input.args.m }`, []string{"input.args.m", "input.args.n"}},
		{"the scope library's", `deny contains "no" if { ` + anywhere + `scope.glob("/etc/*", input.args.file.path) }`, []string{"input.args.file.path"}},
		{"a local name", `deny contains "no" if { ` + anywhere + `f := input.args.file; f.hidden == true }`, []string{"input.args.file", "input.args.file.hidden"}},
		{"a local name of all", `deny contains "no" if { ` + anywhere + `a := input.args; a.hidden == true }`, []string{"input.args.hidden"}},
		{"an element", `deny contains "no" if { ` + anywhere + `some i in input.args.items; i.hidden }`, []string{"input.args.items[_].hidden", "input.args.items[_]"}},
		{"every element", `deny contains "no" if { ` + anywhere + `every i in input.args.items { i.hidden } }`, []string{"input.args.items", "input.args.items[_].hidden"}},
		{"a helper", "deny contains \"no\" if { " + anywhere + "hidden }\n\nhidden if input.args.hidden", []string{"input.args.hidden"}},
		{"a helper's helper", "deny contains \"no\" if { " + anywhere + "a }\n\na if b\n\nb if input.args.hidden", []string{"input.args.hidden"}},
		{"a function", "deny contains \"no\" if { " + anywhere + "big(input.args.file) }\n\nbig(f) if f.size > 5", []string{"input.args.file", "input.args.file.size"}},
		{"a member that is no word", `deny contains "no" if { ` + anywhere + `input.args["a b"] == 1 }`, []string{`input.args["a b"]`}},
		{"under not", `deny contains "no" if { ` + anywhere + `not input.args.sure }`, []string{"input.args.sure"}},
		{"in a comprehension", `deny contains "no" if { ` + anywhere + `count([1 | input.args.list[_] == "z"]) > 0 }`, []string{"input.args.list[_]"}},
		{"whatever there is", `deny contains "no" if { ` + anywhere + `object.get(input.args, "a", 1) == 2 }`, nil},
		{"of another command", `deny contains "no" if { input.command == "y"; input.args.path == "/a" }`, nil},
		{"of another window", `deny contains "no" if { ` + anywhere + `input.window == "other"; input.args.path == "/a" }`, nil},
		{"of every command", `deny contains "no" if input.args.path == "/a"`, []string{"input.args.path"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := load(t, head+"\n"+test.rules+"\n\nused if scope.glob(\"/x\", \"/y\")")
			in := call(t, "x", `{}`)
			in.Args = nil
			reads, err := p.Reads(context.Background(), in)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range reads {
				if got = append(got, r.String()); r.Line != 8 || r.File != "notes.rego" {
					t.Errorf("read at %s:%d", r.File, r.Line)
				}
			}
			slices.Sort(got)
			if slices.Sort(test.want); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
