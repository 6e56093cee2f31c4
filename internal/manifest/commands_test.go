package manifest

import (
	"strings"
	"testing"
)

func TestSetCommands(t *testing.T) {
	const head = `"version":1,"name":"a","schemas":"s","capabilities":"c","page":"p","hook":"h"`
	const windows = `"windows":[{"label":"m"}]`
	many := []string{"a.first.of.many", "b.second.of.many", "c.third.of.many", "d.fourth.of.many", "e.fifth.of.many"}
	tests := []struct {
		name, before, after string
		commands            []string
	}{
		{
			"replaced on its line, all else untouched",
			"{\n  " + head + ",\r\n  \"commands\" :  [ \"old\" ] ,\n\n  " + windows + "\n}\n\n",
			"{\n  " + head + ",\r\n  \"commands\" :  [\"a\", \"b\"] ,\n\n  " + windows + "\n}\n\n",
			[]string{"b", "a"},
		},
		{
			"an equal list keeps its form",
			"{" + head + ",\"commands\":[  \"a\",\n\"b\"],\n" + windows + "}",
			"{" + head + ",\"commands\":[  \"a\",\n\"b\"],\n" + windows + "}",
			[]string{"b", "a"},
		},
		{
			"an unsorted list is sorted",
			"{" + head + ",\"commands\":[\"b\",\"a\"]," + windows + "}",
			"{" + head + ",\"commands\":[\"a\", \"b\"]," + windows + "}",
			[]string{"a", "b"},
		},
		{
			"several lines stay several",
			"{\n\t" + head + ",\n\t\"commands\": [\n\t\t\"old\"\n\t],\n\t" + windows + "\n}",
			"{\n\t" + head + ",\n\t\"commands\": [\n\t\t\"a\",\n\t\t\"b\"\n\t],\n\t" + windows + "\n}",
			[]string{"a", "b"},
		},
		{
			"too long for a line",
			"{\n    " + head + ",\n    \"commands\": [\"old\"],\n    " + windows + "\n}",
			"{\n    " + head + ",\n    \"commands\": [\n      \"" + strings.Join(many, "\",\n      \"") + "\"\n    ],\n    " + windows + "\n}",
			many,
		},
		{
			"emptied",
			"{" + head + ",\"commands\":[\n\"b\"]," + windows + "}",
			"{" + head + ",\"commands\":[]," + windows + "}",
			nil,
		},
		{
			"missing from lines",
			"{\n  " + head + ",\n  " + windows + "\n}\n",
			"{\n  " + head + ",\n  " + windows + ",\n  \"commands\": [\"a\"]\n}\n",
			[]string{"a"},
		},
		{
			"missing from one line",
			"{" + head + "," + windows + "}",
			"{" + head + "," + windows + ", \"commands\": [\"a\"]}",
			[]string{"a"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := SetCommands(FileName, []byte(tt.before), tt.commands)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tt.after {
				t.Errorf("got  %q\nwant %q", got, tt.after)
			}
			if _, err := Parse(FileName, got); err != nil {
				t.Error(err)
			}
		})
	}
	if _, err := SetCommands(FileName, []byte(`{"version":2}`), nil); err == nil {
		t.Error("a bad manifest was rewritten")
	}
}
