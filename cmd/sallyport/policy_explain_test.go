package main

import (
	"strings"
	"testing"
)

func TestWhatACallHoldsCantWriteOnTheTerminal(t *testing.T) {
	for text, want := range map[string]string{
		`"/etc/passwd"`:                   `"/etc/passwd"`,
		"a\x1b[31mb":                      `a\x1b[31mb`,
		"a\u202eb\u200bc":                 `a\u202eb\u200bc`,
		"é\n":                             `é\n`,
		strings.Repeat("x", 121):          strings.Repeat("x", 120) + "…",
		strings.Repeat("é", 120) + "\x00": strings.Repeat("é", 120) + "…",
	} {
		if got := printable(text); got != want {
			t.Errorf("%+q is shown as %+q, want %+q", text, got, want)
		}
	}
}
