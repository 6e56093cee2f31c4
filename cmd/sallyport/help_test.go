package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

func TestHelpFitsIntoEightyColumns(t *testing.T) {
	count := 0
	var visit func(*cobra.Command)
	visit = func(c *cobra.Command) {
		count++
		var out strings.Builder
		path := strings.Fields(c.CommandPath())[1:]
		if code := run(append(path, "--help"), strings.NewReader(""), &out, &out); code != exitHolds {
			t.Errorf("%v: exit code %d", path, code)
		}
		for line := range strings.Lines(out.String()) {
			if line = strings.TrimSuffix(line, "\n"); utf8.RuneCountInString(line) > 80 {
				t.Errorf("%s: %q is longer than 80 columns", c.CommandPath(), line)
			}
		}
		for _, below := range c.Commands() {
			visit(below)
		}
	}
	visit(newRootCommand())
	if count < 15 {
		t.Errorf("only %d commands were visited", count)
	}
}
