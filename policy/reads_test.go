package policy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
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
		{"a rule that is all of them", "deny contains \"no\" if { " + anywhere + "a.hidden }\n\na := input.args", []string{"input.args.hidden"}},
		{"a rule that is all of them otherwise", "deny contains \"no\" if { " + anywhere + "a.hidden }\n\na := {} if input.session == \"z\"\n\nelse := input.args", []string{"input.args.hidden"}},
		{"a rule that contains all of them", "deny contains \"no\" if { " + anywhere + "some a in calls; a.hidden }\n\ncalls contains input.args", []string{"input.args.hidden"}},
		{"a rule with all of them as a member", "deny contains \"no\" if { " + anywhere + "call.now.hidden }\n\ncall[\"now\"] := input.args", []string{"input.args.hidden"}},
		{"a function's answer", "deny contains \"no\" if { " + anywhere + "a := same(input.args); a.hidden }\n\nsame(x) := x", []string{"input.args.hidden"}},
		{"a function without operands", "deny contains \"no\" if { " + anywhere + "a := all(); a.hidden }\n\nall() := input.args", []string{"input.args.hidden"}},
		{"a list of all", `deny contains "no" if { ` + anywhere + `a := [0, input.args]; a[1].hidden }`, []string{"input.args.hidden"}},
		{"an element of a list of all", `deny contains "no" if { ` + anywhere + `some a in [input.args]; a.hidden }`, []string{"input.args.hidden"}},
		{"an object of all", `deny contains "no" if { ` + anywhere + `a := {"now": input.args}; a.now.hidden }`, []string{"input.args.hidden"}},
		{"all with more", `deny contains "no" if { ` + anywhere + `a := object.union({"b": 1}, input.args); a.hidden }`, []string{"input.args.hidden"}},
		{"a pattern", `deny contains "no" if { ` + anywhere + `{"hidden": h} = input.args; h }`, []string{"input.args.hidden"}},
		{"a pattern over a list of all", `deny contains "no" if { ` + anywhere + `[a, 1] = [input.args, 1]; a.hidden }`, []string{"input.args.hidden"}},
		{"a comprehension", `deny contains "no" if { ` + anywhere + `a := {k: v | some k, v in input.args}; a.hidden }`, []string{"input.args[_]"}},
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

func TestReadsThatCannotBeFollowedAreRefused(t *testing.T) {
	rules := head + "\ndeny contains \"no\" if f0(input.args)\n\n"
	for i := range 20 { // leads to as many arguments as there are ways through
		rules += fmt.Sprintf("f%d(x) if { f%d(x.a); f%d(x.b) }\n\n", i, i+1, i+1)
	}
	rules += "f20(x) if scope.glob(\"/x\", x)"
	start := time.Now()
	_, err := Load(files(rules), testConfig())
	if err == nil || !strings.Contains(err.Error(), "notes.rego:8: the rule takes what it reads by more ways than can be followed") {
		t.Error(err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %v to say so", took)
	}
}
