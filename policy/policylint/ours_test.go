package policylint

import (
	"context"
	"os"
	"testing"
)

// The capabilities that users see first, and copy from.
func TestNothingIsFoundInOurCapabilities(t *testing.T) {
	for _, dir := range []string{"../../examples/notes/capabilities", "../../internal/demo/app/capabilities"} {
		all, err := Lint(context.Background(), os.DirFS(dir), config(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range all {
			t.Errorf("%s: %s:%d: %s: %s", dir, f.File, f.Line, f.Rule, f.What)
		}
	}
}
