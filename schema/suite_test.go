package schema

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// leftOpen are the documents of the parsing suite that a parser may accept or refuse, and the
// reason for which ours refuses them.
func leftOpen() map[string]string {
	const kept = "" // accepted: the literal is kept as it is written, so nothing is lost
	return map[string]string{
		"i_number_too_big_neg_int.json":       kept,
		"i_number_too_big_pos_int.json":       kept,
		"i_number_very_big_negative_int.json": kept,

		// Arithmetic on these would be expensive, and no float64 holds them.
		"i_number_double_huge_neg_exp.json":  tooHigh,
		"i_number_huge_exp.json":             tooHigh,
		"i_number_neg_int_huge_exp.json":     tooHigh,
		"i_number_pos_double_huge_exp.json":  tooHigh,
		"i_number_real_neg_overflow.json":    tooHigh,
		"i_number_real_pos_overflow.json":    tooHigh,
		"i_number_real_underflow.json":       tooHigh,
		"i_structure_500_nested_arrays.json": tooDeep,

		// Readers that put U+FFFD for these would take different texts for one.
		"i_object_key_lone_2nd_surrogate.json":                badEscape,
		"i_string_1st_surrogate_but_2nd_missing.json":         badEscape,
		"i_string_1st_valid_surrogate_2nd_invalid.json":       badEscape,
		"i_string_incomplete_surrogate_and_escape_valid.json": badEscape,
		"i_string_incomplete_surrogate_pair.json":             badEscape,
		"i_string_incomplete_surrogates_escape_valid.json":    badEscape,
		"i_string_invalid_lonely_surrogate.json":              badEscape,
		"i_string_invalid_surrogate.json":                     badEscape,
		"i_string_inverted_surrogates_U+1D11E.json":           badEscape,
		"i_string_lone_second_surrogate.json":                 badEscape,
		"i_string_UTF-8_invalid_sequence.json":                badUTF8,
		"i_string_UTF8_surrogate_U+D800.json":                 badUTF8,
		"i_string_invalid_utf-8.json":                         badUTF8,
		"i_string_iso_latin_1.json":                           badUTF8,
		"i_string_lone_utf8_continuation_byte.json":           badUTF8,
		"i_string_not_in_unicode_range.json":                  badUTF8,
		"i_string_overlong_sequence_2_bytes.json":             badUTF8,
		"i_string_overlong_sequence_6_bytes.json":             badUTF8,
		"i_string_overlong_sequence_6_bytes_null.json":        badUTF8,
		"i_string_truncated-utf-8.json":                       badUTF8,

		// RFC 8259 wants UTF-8 without a mark between programs.
		"i_string_UTF-16LE_with_BOM.json":         badSyntax,
		"i_string_utf16BE_no_BOM.json":            badSyntax,
		"i_string_utf16LE_no_BOM.json":            badSyntax,
		"i_structure_UTF-8_BOM_empty_object.json": badMark,
	}
}

// The parsing suite marks a file y (must be accepted), n (must be refused) or i (either).
func TestParsingSuite(t *testing.T) {
	files, err := filepath.Glob("testdata/json-parsing-test-suite/*.json")
	if err != nil || len(files) < 300 {
		t.Fatalf("the suite is not there: %d files, %v", len(files), err)
	}
	refusedOnPurpose := map[string]string{
		"y_object_duplicated_key.json":           sameName,
		"y_object_duplicated_key_and_value.json": sameName,
	}
	open, run := leftOpen(), map[byte]int{}
	for _, file := range files {
		name := filepath.Base(file)
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		problem := ""
		if _, err := Parse(data, Limits{}); err != nil {
			problem = err.(*SyntaxError).Problem
		}
		run[name[0]]++
		switch want, decided := open[name]; {
		case name[0] == 'i' && !decided:
			t.Errorf("%s: nobody has decided about it; got %q", name, problem)
		case name[0] == 'i' && problem != want:
			t.Errorf("%s: got %q, want %q", name, problem, want)
		case name[0] == 'y' && problem != refusedOnPurpose[name]:
			t.Errorf("%s: got %q, want %q", name, problem, refusedOnPurpose[name])
		case name[0] == 'n' && problem == "":
			t.Errorf("%s: accepted", name)
		}
	}
	t.Logf("%d to be accepted, %d to be refused, %d left open", run['y'], run['n'], run['i'])
	if run['y'] != 95 || run['n'] != 188 || run['i'] != len(open) {
		t.Error("the suite isn't complete, or a decision is about no file")
	}
}

// A suiteGroup is one schema of the JSON Schema suite with its tests.
type suiteGroup struct {
	file        string // below the draft's folder
	Description string
	Schema      json.RawMessage
	Tests       []struct {
		Description string
		Data        json.RawMessage
		Valid       bool
	}
}

// schemaSuite reads all of the suite, required and optional.
func schemaSuite(t *testing.T) []suiteGroup {
	t.Helper()
	var all []suiteGroup
	root := "testdata/json-schema-test-suite/draft2020-12"
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var groups []suiteGroup
		if err := json.Unmarshal(data, &groups); err != nil {
			return err
		}
		for i := range groups {
			groups[i].file = strings.TrimPrefix(filepath.ToSlash(file), root+"/")
		}
		all = append(all, groups...)
		return nil
	})
	if err != nil || len(all) < 400 {
		t.Fatalf("the suite is not there: %d schemas, %v", len(all), err)
	}
	return all
}

// suiteRefusals are the parts of the draft that are refused at start, by a part of what a
// developer reads then, and why.
func suiteRefusals() map[string]string {
	return map[string]string{
		"$id inside a schema":              "a $ref is judged by the file it stands in alone",
		"leaves the file":                  "nothing is loaded from elsewhere",
		"in the names it passes":           "v5 and the draft don't escape pointers alike",
		"leads to no schema":               "a $ref to what isn't a schema was never checked as one",
		"depend on the path of evaluation": "v5 gets $dynamicRef wrong",
		"enum must list":                   "v5 takes an empty enum to accept everything",
		"$schema must be":                  "v5 would judge by another draft",
		"unknown keyword":                  "a keyword that is ignored opens the gate",
		"unknown format":                   "so does a format",
		"use dependentRequired":            "a keyword of older drafts, which v5 still obeys",
		"then does nothing without if":     "the draft ignores it",
		"else does nothing without if":     "the draft ignores it",
		"minContains does nothing without": "the draft ignores it",
		"maxContains does nothing without": "the draft ignores it",
		`\s covers`:                        "ECMA-262's spaces aren't RE2's",
		`\S covers`:                        "ECMA-262's spaces aren't RE2's",
	}
}

// reasonOf finds the reason for which a schema was refused, "" if it is none of those.
func reasonOf(err error) string {
	for part := range suiteRefusals() {
		if strings.Contains(err.Error(), part) {
			return part
		}
	}
	return ""
}

// suiteVerdict is what the suite wants, with one exception: in this file it takes formats for
// annotations, and we assert them.
func suiteVerdict(g suiteGroup, i int) bool {
	return g.Tests[i].Valid && !(g.file == "format.json" && strings.Contains(g.Tests[i].Description, "only an annotation"))
}

// Every schema of the suite is either judged as the suite says or refused with a reason.
// Nothing is skipped.
func TestSchemaSuite(t *testing.T) {
	judged, refused := map[string]int{}, map[string]int{}
	ran := 0
	for _, g := range schemaSuite(t) {
		set, err := Compile(fstest.MapFS{"a.input.json": {Data: g.Schema}})
		if err != nil {
			reason := reasonOf(err)
			if reason == "" {
				t.Errorf("%s: %s: refused for no known reason: %v", g.file, g.Description, err)
			}
			if !strings.HasPrefix(err.Error(), "schema: a.input.json:") {
				t.Errorf("%s: %s: file and line are missing: %v", g.file, g.Description, err)
			}
			refused[reason] += len(g.Tests)
			continue
		}
		for i, test := range g.Tests {
			v, err := Parse(test.Data, Limits{})
			if err != nil {
				t.Errorf("%s: %s: %s: the data isn't read: %v", g.file, g.Description, test.Description, err)
				continue
			}
			want := suiteVerdict(g, i)
			err = set.ValidateInput("a", v)
			if (err == nil) != want {
				t.Errorf("%s: %s: %s: accepted is %t, want %t: %v", g.file, g.Description, test.Description, err == nil, want, err)
			}
			if _, ok := err.(*Invalid); err != nil && !ok {
				t.Errorf("%s: %s: %s: not a verdict: %v", g.file, g.Description, test.Description, err)
			}
			ran++
			judged[g.file]++
		}
	}
	sum := 0
	for _, reason := range slices.Sorted(maps.Keys(refused)) {
		t.Logf("%4d refused at start: %q (%s)", refused[reason], reason, suiteRefusals()[reason])
		sum += refused[reason]
	}
	t.Logf("%d judged right, %d refused at start, 0 skipped", ran, sum)
	if ran < 1950 {
		t.Errorf("only %d tests were judged; too much is refused", ran)
	}
	for reason := range suiteRefusals() {
		if refused[reason] == 0 {
			t.Errorf("nothing is refused any more because %q", reason)
		}
	}
	for name := range formats() {
		if name == base64Format {
			continue // ours: TestBase64Format has it
		}
		if judged["optional/format/"+name+".json"] < 5 {
			t.Errorf("the format %s is hardly tested", name)
		}
	}
}
