package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// Where a rule stands, and how it is laid out, is no part of what it says.
func TestTextsAreTheSameWhereverTheyStand(t *testing.T) {
	const before = head + `
allow if {
	input.command == "notes.save"
	some dir in ["$HOME/a", "$HOME/b"]
	scope.path_inside(input.args.path, dir)
}
`
	texts := func(file, text string) (all []string) {
		p, err := Load(fstest.MapFS{file: {Data: []byte(text)}}, testConfig())
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range p.Texts() {
			all = append(all, fmt.Sprintf("%s|%s|%q|%s", x.Kind, x.Text, x.Commands, x.Helpers))
		}
		return all
	}
	want := texts("a.rego", before)
	if len(want) != 1 || !strings.HasPrefix(want[0], "allow|") || !strings.Contains(want[0], `["notes.save"]`) {
		t.Fatalf("got %q", want)
	}
	for _, test := range []struct {
		name, text string
		same       bool
	}{
		{"comments and empty lines", strings.ReplaceAll(before, "\n\tsome", "\n\n\t# words\n\tsome"), true},
		{"another rule before it", strings.Replace(before, "\nallow", "\ndeny contains \"x\" if {\n\tinput.command == \"notes.wipe\"\n\tsome n in [1]\n\tn == 1\n}\n\nallow", 1), true},
		{"another directory", strings.Replace(before, "$HOME/b", "$HOME/c", 1), false},
		{"another import by the same name", strings.Replace(before, "import data.sallyport.scope", "import data.sallyport.scope\nimport input.args as other", 1) + "\nhelper if other.x\n", false},
		{"a helper", before + "\nhelper if input.args.x\n", false},
	} {
		got := texts("b.rego", test.text)
		if slices.Contains(got, want[0]) != test.same {
			t.Errorf("%s: got %q", test.name, got)
		}
	}
}

func TestWordsStandBesideWhatTheyAreComparedWith(t *testing.T) {
	p, err := Load(fstest.MapFS{"a.rego": {Data: []byte(head + `
allow if {
	input.command == "notes.save"
	some dir in folders
	scope.path_inside(input.args.file.path, dir)
	small(input.args.size)
	some tag in input.args.tags
	tag == "open"
}

folders := ["$HOME/a", "$HOME/b"]

small(n) if n <= 10

allow if {
	input.command == "notes.other"
	input.args.unrelated == "never"
}
`)}}, testConfig())
	if err != nil {
		t.Fatal(err)
	}
	w := p.Words("notes.save")
	got := make(map[string]string)
	for _, l := range w.Looks {
		got[writeRef(l.Path)] = fmt.Sprint(l.Texts, l.Numbers)
	}
	for path, want := range map[string]string{
		"input.args.file.path": "[$HOME/a $HOME/b] []",
		"input.args.size":      "[] [10]",
		"input.args.tags[_]":   "[open] []",
		"input.command":        "[notes.save] []",
	} {
		if got[path] != want {
			t.Errorf("beside %s stand %q, want %q", path, got[path], want)
		}
	}
	if _, ok := got["input.args.unrelated"]; ok || slices.Contains(w.Texts, "never") {
		t.Errorf("words of another command: %v, %q", got, w.Texts)
	}
	for _, text := range []string{"$HOME/a", "$HOME/b", "open"} {
		if !slices.Contains(w.Texts, text) {
			t.Errorf("%q is not among %q", text, w.Texts)
		}
	}
}
