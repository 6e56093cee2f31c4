package main

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/browser"
)

func TestDemoPrintsOneObjectOnOneLine(t *testing.T) {
	if _, err := browser.Find(""); errors.Is(err, browser.ErrNotFound) && os.Getenv("SALLYPORT_REQUIRE_BROWSERS") == "" {
		t.Skip(err)
	}
	out, errOut, err := demoWith("--json")
	if err != nil {
		t.Fatalf("%v\n%s", err, errOut)
	}
	var report struct {
		Browser string
		Cases   []struct{ Name, Direct, Isolated string }
		Passed  bool
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || strings.Count(out, "\n") != 1 {
		t.Fatalf("%v in %q", err, out)
	}
	if !report.Passed || len(report.Cases) != 11 || report.Browser == "" {
		t.Errorf("%s", out)
	}
}
