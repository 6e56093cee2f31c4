package replay

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sallyport/sallyport/policy"
)

func folder(files ...string) fstest.MapFS {
	m := fstest.MapFS{}
	for i := 0; i < len(files); i += 2 {
		m[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return m
}

const header = "# METADATA\n# custom:\n#   windows: [main]\npackage capability.notes\n"

const scoped = header + "import data.sallyport.scope\n"

// record lets a folder decide calls, as an app would while it records them.
func record(t *testing.T, files fstest.MapFS, variables map[string]string, calls ...policy.Input) *bytes.Buffer {
	t.Helper()
	p, err := policy.Load(files, policy.Config{Variables: variables, Platform: "linux"})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, in := range calls {
		d, err := p.Decide(t.Context(), in)
		r := Recorded{Input: in, Variables: variables, Was: NewVerdict(d, err), Revision: p.Revision()}
		text, err := r.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(text)
	}
	return &b
}

func asked(t *testing.T, command, args string) policy.Input {
	t.Helper()
	return policy.Input{
		Window: "main", Origin: "http://a.localhost", Local: true, Command: command, Platform: "linux",
		Args: value(t, args), Time: time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC),
	}
}

func TestSimulateFindsWhatDiffers(t *testing.T) {
	home := map[string]string{"$HOME": "/home/ada"}
	old := folder("notes.rego", scoped+`
allow if input.command in {"notes.list", "notes.wipe"}
allow if {
	input.command == "notes.save"
	scope.path_inside(input.args.path, "$HOME/notes")
}
ask contains "Delete?" if input.command == "notes.delete"
deny contains "large" if input.args.size > 10
`)
	calls := []policy.Input{
		asked(t, "notes.list", `{"size":1}`),
		asked(t, "notes.save", `{"size":1,"path":"/home/ada/notes/a.md"}`),
		asked(t, "notes.save", `{"size":1,"path":"/home/ada/other/a.md"}`),
		asked(t, "notes.save", `{"size":1,"path":"/home/ada/other/b.md"}`),
		asked(t, "notes.save", `{"size":11,"path":"/home/ada/notes/a.md"}`),
		asked(t, "notes.wipe", `{"size":1}`),
		asked(t, "notes.delete", `{"size":1}`),
		asked(t, "notes.list", `{"size":"1"}`), // can't be ordered: an error
	}
	for _, test := range []struct {
		name string
		now  fstest.MapFS
		want []Change // Was and Now by their effects alone
	}{
		{"the same folder", old, nil},
		{"other lines and words of the same", folder("moved.rego", "\n\n"+scoped+`
# a comment
allow if input.command in {"notes.wipe", "notes.list"}
allow if {
	input.command == "notes.save"
	scope.path_inside(input.args.path, "$HOME/notes")
}
ask contains "Delete?" if input.command == "notes.delete"
deny contains "too large" if input.args.size > 10
`), nil},
		{"wider, narrower and otherwise", folder("notes.rego", scoped+`
allow if input.command == "notes.list"
allow if {
	input.command == "notes.save"
	scope.path_inside(input.args.path, "$HOME")
}
ask contains "Delete for good?" if input.command == "notes.delete"
deny contains "large" if {
	input.command == "notes.save"
	input.args.size > 10
}
`), []Change{
			{Direction: Gain, Command: "notes.save", Count: 2, Lines: []int{3, 4}, Was: Verdict{Effect: "deny"}, Now: Verdict{Effect: "allow"}},
			{Direction: Gain, Command: "notes.list", Count: 1, Lines: []int{8}, Was: Verdict{Effect: "error"}, Now: Verdict{Effect: "allow"}},
			{Direction: Loss, Command: "notes.wipe", Count: 1, Lines: []int{6}, Was: Verdict{Effect: "allow"}, Now: Verdict{Effect: "deny"}},
			{Direction: Other, Command: "notes.delete", Count: 1, Lines: []int{7}, Was: Verdict{Effect: "ask"}, Now: Verdict{Effect: "ask"}},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := Simulate(t.Context(), Folder{Files: test.now}, record(t, old, home, calls...))
			if err != nil {
				t.Fatal(err)
			}
			different := 0
			var got []Change
			for _, c := range s.Changes {
				different += c.Count
				if c.Window != "main" || c.Origin != "http://a.localhost" || len(c.Args) == 0 {
					t.Errorf("incomplete: %+v", c)
				}
				c.Window, c.Origin, c.Args = "", "", nil
				c.Was, c.Now = Verdict{Effect: c.Was.Effect}, Verdict{Effect: c.Now.Effect}
				got = append(got, c)
			}
			if !reflect.DeepEqual(got, test.want) || s.Different != different || s.Inputs != len(calls) {
				t.Errorf("%d of %d differ: %+v\nwant %+v", s.Different, s.Inputs, got, test.want)
			}
		})
	}
}

func TestSimulateNamesTheRulesOfBothSides(t *testing.T) {
	old := folder("a.rego", header+"allow if input.command == \"notes.list\"\n")
	now := folder("b.rego", header+"\n\ndeny contains \"closed\" if input.command == \"notes.list\"\n")
	s, err := Simulate(t.Context(), Folder{Files: now}, record(t, old, nil, asked(t, "notes.list", `{"b":[1.50]}`)))
	if err != nil {
		t.Fatal(err)
	}
	want := []Change{{
		Direction: Loss, Window: "main", Origin: "http://a.localhost", Command: "notes.list", Count: 1, Lines: []int{1}, Args: []byte(`{"b":[1.50]}`),
		Was: Verdict{"allow", "", []Rule{{"notes", "a.rego", 5, "allow"}}},
		Now: Verdict{"deny", "closed", []Rule{{"notes", "b.rego", 7, "deny"}}},
	}}
	if !reflect.DeepEqual(s.Changes, want) {
		t.Errorf("got %+v\nwant %+v", s.Changes, want)
	}
}

// A call is decided where and when it was made: under its own variables, on its own platform, and
// by what had not expired yet.
func TestSimulateDecidesAsOfThen(t *testing.T) {
	files := folder("notes.rego", strings.Replace(scoped, "#   windows: [main]\n",
		"#   windows: [main]\n#   platforms: [linux]\n#   expires: 2026-11-26T13:00:00Z\n", 1)+`
allow if {
	input.command == "notes.save"
	scope.path_inside(input.args.path, "$HOME/notes")
}
`)
	var inputs bytes.Buffer
	for _, home := range []string{"/home/ada", "/home/bob"} {
		inputs.Write(record(t, files, map[string]string{"$HOME": home}, asked(t, "notes.save", `{"path":"`+home+`/notes/a"}`)).Bytes())
	}
	s, err := Simulate(t.Context(), Folder{Files: files}, &inputs)
	if err != nil || s.Inputs != 2 || s.Different != 0 {
		t.Errorf("%v, %+v", err, s)
	}
	late := asked(t, "notes.save", `{"path":"/home/ada/notes/a"}`)
	late.Time = late.Time.Add(time.Hour)
	other := folder("notes.rego", header+`allow if input.command == "notes.save"`)
	s, err = Simulate(t.Context(), Folder{Files: files, Variables: map[string]string{"$HOME": "/home/new"}}, record(t, other, nil, late))
	if err != nil || len(s.Changes) != 1 || s.Changes[0].Direction != Loss {
		t.Errorf("after it expired: %v, %+v", err, s)
	}
}

func TestSimulateFailsOnABrokenPolicyOrFile(t *testing.T) {
	good := folder("notes.rego", header+`allow if input.command == "notes.list"`)
	broken := folder("notes.rego", header+`allow if input.nothing`)
	for _, test := range []struct {
		name   string
		files  fstest.MapFS
		inputs string
		want   string
	}{
		{"a broken policy", broken, record(t, good, nil, asked(t, "notes.list", `{}`)).String(), "notes.rego:5"},
		{"a broken policy and no calls", broken, "", "notes.rego:5"},
		{"a broken file", good, "nonsense\n", "line 1: "},
	} {
		if _, err := Simulate(t.Context(), Folder{Files: test.files}, strings.NewReader(test.inputs)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Simulate(ctx, Folder{Files: good}, record(t, good, nil, asked(t, "notes.list", `{}`))); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
