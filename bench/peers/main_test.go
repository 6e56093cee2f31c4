package main

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
)

func example() workload {
	save := grant{
		Window: "main", Origin: "http://a.example", Commands: []string{"notes.save"},
		Paths: []string{"/notes/drafts/*.md", "/notes/image-*.png"}, Size: 100,
	}
	list := grant{Window: "main", Origin: "http://a.example", Commands: []string{"notes.list", "notes.search"}}
	good := call{Window: "main", Origin: "http://a.example", Command: "notes.save", Path: "/notes/image-1.png", Size: 100, Allowed: true}
	return workload{Grants: []grant{list, save}, Hot: []call{good}}
}

// The questions on which engines differ if they are told the wrong thing.
func TestEveryEngineGivesTheSameVerdicts(t *testing.T) {
	var table table
	if _, err := table.load(example()); err != nil {
		t.Fatal(err)
	}
	if len(table.engines) != 3 {
		t.Fatalf("%d engines", len(table.engines))
	}
	good := example().Hot[0]
	for _, test := range []struct {
		name   string
		change func(*call)
		want   bool
	}{
		{"what the last glob lets through", func(*call) {}, true},
		{"what the first glob lets through", func(c *call) { c.Path = "/notes/drafts/a.md" }, true},
		{"no condition", func(c *call) { c.Command, c.Path, c.Size = "notes.search", "", 0 }, true},
		{"a byte too many", func(c *call) { c.Size++ }, false},
		{"a folder deeper", func(c *call) { c.Path = "/notes/drafts/old/a.md" }, false},
		{"a star that would cross a slash within a name", func(c *call) { c.Path = "/notes/image-1/2.png" }, false},
		{"a way out", func(c *call) { c.Path = "/notes/drafts/../../a.md" }, false},
		{"another ending", func(c *call) { c.Path = "/notes/drafts/a.txt" }, false},
		{"another window", func(c *call) { c.Window = "other" }, false},
		{"another origin", func(c *call) { c.Origin = "http://b.example" }, false},
		{"another command", func(c *call) { c.Command = "notes.delete" }, false},
	} {
		for variant, decide := range table.engines {
			c := good
			test.change(&c)
			if got, err := decide(&c); err != nil || got != test.want {
				t.Errorf("%s: %s says %v, %v", test.name, variant, got, err)
			}
		}
	}
}

func TestServeAnswersEachLine(t *testing.T) {
	w := example()
	denied := w
	denied.Hot = []call{w.Hot[0]}
	denied.Hot[0].Size = 1000
	lines := []any{
		map[string]any{"load": w},
		request{Variant: "opa", Calls: w.Hot},
		request{Variant: "cedar", Round: 3},
		request{Variant: "nothing", Round: 3},
		map[string]any{"load": denied},
		request{Variant: "casbin", Round: 1},
	}
	var in, out strings.Builder
	for _, line := range lines {
		text, err := json.Marshal(line)
		if err != nil {
			t.Fatal(err)
		}
		in.Write(append(text, '\n'))
	}
	in.WriteString("no JSON\n")
	if err := serve(strings.NewReader(in.String()), &out); err != nil {
		t.Fatal(err)
	}
	decode := json.NewDecoder(strings.NewReader(out.String()))
	var got []answer
	for {
		var a answer
		if err := decode.Decode(&a); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		got = append(got, a)
	}
	if len(got) != 8 {
		t.Fatalf("%d answers in %s", len(got), out.String())
	}
	if !got[0].Ready || len(got[1].Loaded) != 3 || len(got[2].Verdicts) != 1 || !got[2].Verdicts[0] || got[3].Cost == nil || got[3].Cost.Ns <= 0 {
		t.Errorf("answers %+v", got[:4])
	}
	for i, want := range map[int]string{4: `no engine is called "nothing"`, 6: "casbin denied notes.save", 7: "invalid character"} {
		if !strings.Contains(got[i].Error, want) {
			t.Errorf("answer %d is %+v, want an error with %q", i, got[i], want)
		}
	}
}
