package checks

import (
	"testing"

	"github.com/open-policy-agent/opa/v1/format"
)

// Capability files that users copy from are formatted as `opa fmt` does.
func TestRegoIsFormatted(t *testing.T) {
	for _, file := range files(t, ".rego") {
		source := read(t, file)
		formatted, err := format.Source(file, []byte(source))
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if string(formatted) != source {
			t.Errorf("%s is not formatted; opa fmt makes it\n%s", file, formatted)
		}
	}
}
