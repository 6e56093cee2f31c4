package schema

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// The parsing suite marks a file y (must be accepted), n (must be refused) or i (either).
func TestParsingSuite(t *testing.T) {
	files, err := filepath.Glob("testdata/json-parsing-test-suite/*.json")
	if err != nil || len(files) < 300 {
		t.Fatalf("the suite is not there: %d files, %v", len(files), err)
	}
	refusedOnPurpose := map[string]string{
		"y_object_duplicated_key.json":           "an object has two members of one name",
		"y_object_duplicated_key_and_value.json": "an object has two members of one name",
	}
	// Long integers are kept as they are written; all else that is left open is refused.
	acceptedByChoice := map[string]bool{
		"i_number_too_big_neg_int.json": true, "i_number_too_big_pos_int.json": true, "i_number_very_big_negative_int.json": true,
	}
	for _, file := range files {
		name := filepath.Base(file)
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Parse(data, Limits{})
		if problem, ok := refusedOnPurpose[name]; ok {
			if err == nil || err.(*SyntaxError).Problem != problem {
				t.Errorf("%s: got %v, want %q", name, err, problem)
			}
			continue
		}
		if want := name[0] == 'y' || acceptedByChoice[name]; (err == nil) != want {
			t.Errorf("%s: accepted is %t, want %t: %v", name, err == nil, want, err)
		}
	}
}

// Every schema of the suite is either judged as the suite says or refused with a reason.
func TestSchemaSuite(t *testing.T) {
	ran, refused := 0, map[string]int{}
	root := "testdata/json-schema-test-suite/draft2020-12"
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var groups []struct {
			Description string
			Schema      json.RawMessage
			Tests       []struct {
				Description string
				Data        json.RawMessage
				Valid       bool
			}
		}
		if err := json.Unmarshal(data, &groups); err != nil {
			return err
		}
		base := filepath.Base(file)
		for _, g := range groups {
			set, err := Compile(fstest.MapFS{"a.input.json": {Data: g.Schema}})
			if err != nil {
				reason := reasonOf(err)
				if reason == "" {
					t.Errorf("%s: %s: refused for no known reason: %v", base, g.Description, err)
				}
				refused[reason] += len(g.Tests)
				continue
			}
			for _, test := range g.Tests {
				v, err := Parse(test.Data, Limits{})
				if err != nil {
					t.Errorf("%s: %s: %s: the data isn't read: %v", base, g.Description, test.Description, err)
					continue
				}
				// We assert formats, which this one file takes for annotations.
				want := test.Valid && !(base == "format.json" && strings.Contains(test.Description, "only an annotation"))
				err = set.ValidateInput("a", v)
				if (err == nil) != want {
					t.Errorf("%s: %s: %s: accepted is %t, want %t: %v", base, g.Description, test.Description, err == nil, want, err)
				}
				if _, ok := err.(*Invalid); err != nil && !ok {
					t.Errorf("%s: %s: %s: not a verdict: %v", base, g.Description, test.Description, err)
				}
				ran++
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d judged, refused at start: %v", ran, refused)
	if ran < 1900 {
		t.Errorf("only %d tests were judged; too much is refused", ran)
	}
}

// reasonOf sorts the refusals that are meant; "" for one that isn't.
func reasonOf(err error) string {
	for _, reason := range []string{
		"$id inside a schema", "leaves the file", "leads to no schema", "in the names it passes", "depend on the path of evaluation",
		"enum must list", "$schema must be", "unknown keyword", "unknown format", "use dependentRequired", `\s covers`, `\S covers`,
	} {
		if strings.Contains(err.Error(), reason) {
			return reason
		}
	}
	return ""
}
