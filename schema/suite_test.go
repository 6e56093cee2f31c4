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
