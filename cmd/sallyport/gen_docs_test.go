package main

import (
	"strings"
	"testing"
)

// The reference of the example is the one that its schemas and capabilities make.
func TestTheExamplesReferenceIsUpToDate(t *testing.T) {
	var out strings.Builder
	if code := run([]string{"gen", "docs", "../../examples/notes", "--out", "../../examples/notes/COMMANDS.md", "--check"}, strings.NewReader(""), &out, &out); code != exitHolds {
		t.Errorf("%s", out.String())
	}
}
