package core

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sallyport/sallyport/audits"
)

func showNearest(n *audits.Nearest) string {
	if n == nil {
		return "nothing"
	}
	return fmt.Sprintf("%s:%d %s %d %q %v", n.File, n.Line, n.Condition, n.ConditionLine, n.Elsewhere, n.Saw)
}

// The developer finds under the id that the page was told what would have
// allowed the call; of what the page sent there is nothing but type and size.
func TestC8ADenialsNearestRuleIsOnRecordWithoutThePagesText(t *testing.T) {
	const narrow = `# METADATA
# custom:
#   windows: ["main"]
package capability.notes

allow if {
	input.command == "notes.echo"
	input.args.text == "hello"
}
`
	for _, test := range []struct{ name, window, command, want string }{
		{"a condition on arguments", "main", "notes.echo", `notes.rego:6 input.args.text == "hello" 8 "" [{input.args.text string 7}]`},
		{"a command of another window", "other", "notes.echo", `notes.rego:6  0 "windows are [\"main\"]" []`},
		{"a command that no rule names", "main", "notes.touch", `notes.rego:6 input.command == "notes.echo" 7 "" [{input.command string 13}]`},
		{"a command that is not registered", "main", "notes.zebra", "nothing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, func(c *Config) {
				c.Capabilities = fstest.MapFS{"notes.rego": {Data: []byte(narrow)}}
			}, nil)
			_, err := b.connect(t, test.window).Call(patient(t), test.command, textOf("zebra"))
			if code(t, err) != CodeDenied {
				t.Fatalf("page got %v", err)
			}
			r := b.find(t, func(r audits.Record) bool { return r.Code == string(CodeDenied) })
			if got := showNearest(r.Nearest); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			lacks(t, b.log.String(), "zebra")
			lacks(t, err.Error(), "notes.rego")
			if r.Nearest != nil && !strings.Contains(b.log.String(), "nearest=notes.rego:") {
				t.Errorf("the log does not say what came nearest: %s", b.log)
			}
		})
	}
}
