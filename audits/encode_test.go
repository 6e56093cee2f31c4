package audits

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

func sample() *Record {
	return &Record{
		Time:    time.Date(2026, 11, 22, 10, 4, 5, 1, time.UTC),
		Verdict: VerdictDeny,
		ID:      "3f9a1c02-7", Session: "3f9a1c02b5d74e6f", Window: "main",
		Origin: "http://main-k3x9.localhost:41001", Command: "notes.save",
		Carrier: "direct", Pattern: "isolation",
		Stage: StagePolicy, Code: "denied", Reason: "hidden files stay closed",
		Rules: []Rule{{Capability: "notes", File: "notes.rego", Line: 19}},
		Nearest: &Nearest{Rule{"notes", "notes.rego", 12}, "windows are [\"other\"]", `scope.path_inside(input.args.path, "$HOME")`, 14,
			[]Saw{{"input.args.path", "string", 12}, {"input.args.mode", "nothing", 0}}},
		Revision: "5c1e88d1", ArgsSize: 48, ArgsMAC: strings.Repeat("9b", 32),
		Stages: Stages{Open: 2100, Parse: 1900, Schema: 2400, Policy: 700},
	}
}

// What the hand-written encoder writes is what encoding/json reads back, for
// every member: a member forgotten in it fails here.
func TestRecordRoundTrip(t *testing.T) {
	full := sample()
	full.ByFrame = true
	full.Asked = AskedAlways
	full.Stages = Stages{1, 2, 3, 4, 5, 6, 7, 8, 9}
	full.Grant = "g-1"
	full.Event, full.Target, full.BinarySize, full.Streamed = "notes.changed", "main", 5, &Streamed{1, 2, 3, 4}
	full.Mismatch = &Mismatch{"/notes/*", "maxLength", `at most "5"`}
	full.Terms = &Terms{"Export", []string{"main"}, []string{"http://a.localhost:1"}, []string{"notes.save", "notes.list"}, []string{"path"},
		time.Date(2026, 11, 22, 11, 4, 5, 1, time.UTC), true, []string{"red2meji"}, true, true}
	for field, v := range reflect.ValueOf(*full).Fields() {
		if v.IsZero() && field.Name != "Version" && field.Name != "Kind" { // the recorder's
			t.Fatalf("the sample leaves %s empty", field.Name)
		}
	}
	tests := []struct {
		name   string
		record *Record
	}{
		{"every member", full},
		{"a usual denial", sample()},
		{"one of the terms", &Record{Time: time.Unix(1, 0).UTC(), Terms: &Terms{Once: true}}},
		{"another", &Record{Time: time.Unix(1, 0).UTC(), Terms: &Terms{Windows: []string{"main", "other"}}}},
		{"only a time", &Record{Time: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)}},
		{"one late stage", &Record{Time: time.Unix(1, 0).UTC(), Stages: Stages{Seal: 3}}},
		{"a mismatch of the value itself", &Record{Time: time.Unix(1, 0).UTC(), Mismatch: &Mismatch{Keyword: "type", Expected: "object"}}},
		{"a nearest rule alone", &Record{Time: time.Unix(1, 0).UTC(), Nearest: &Nearest{Rule: Rule{"a", "a.rego", 1}}}},
		{"two rules", &Record{Time: time.Unix(1, 0).UTC(), Rules: []Rule{{"a", "a.rego", 1}, {"b", "b.rego", 2}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			line := appendRecord(nil, KindDecision, tt.record)
			got, err := decode(line)
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			want := *tt.record
			want.Version, want.Kind = lineVersion, KindDecision
			if !reflect.DeepEqual(got, want) {
				t.Errorf("wrote %s\nread %+v\nwant %+v", line, got, want)
			}
			byLibrary, err := json.Marshal(want)
			if err != nil {
				t.Fatal(err)
			}
			var a, b any
			if json.Unmarshal(line, &a) != nil || json.Unmarshal(byLibrary, &b) != nil {
				t.Fatal("not JSON")
			}
			// The library writes times as short as they go.
			delete(a.(map[string]any), "time")
			delete(b.(map[string]any), "time")
			if !reflect.DeepEqual(a, b) {
				t.Errorf("by hand    %s\nby library %s", line, byLibrary)
			}
		})
	}
}

// Arguments have nowhere to go: a record is text of bounded length, numbers
// and rules. A member that could carry a value of the page fails here.
func TestRecordHasNoRoomForArguments(t *testing.T) {
	var walk func(path string, of reflect.Type)
	walk = func(path string, of reflect.Type) {
		switch of {
		case reflect.TypeFor[time.Time](), reflect.TypeFor[time.Duration](), reflect.TypeFor[string](), reflect.TypeFor[int](), reflect.TypeFor[int64](), reflect.TypeFor[bool]():
		case reflect.TypeFor[[]Rule](), reflect.TypeFor[[]Saw](), reflect.TypeFor[*Nearest](), reflect.TypeFor[*Mismatch](), reflect.TypeFor[*Terms](), reflect.TypeFor[*Streamed](), reflect.TypeFor[[]string]():
			walk(path, of.Elem())
		case reflect.TypeFor[Record](), reflect.TypeFor[Rule](), reflect.TypeFor[Stages](), reflect.TypeFor[Nearest](), reflect.TypeFor[Mismatch](), reflect.TypeFor[Saw](), reflect.TypeFor[Terms](), reflect.TypeFor[Streamed]():
			for f := range of.Fields() {
				ours := f.Name == "ArgsSize" || f.Name == "ArgsMAC" || of == reflect.TypeFor[Terms]() && f.Name == "Args" // names, of the app's choice
				if strings.Contains(strings.ToLower(f.Name), "args") && !ours {
					t.Errorf("%s.%s is about arguments", path, f.Name)
				}
				walk(path+"."+f.Name, f.Type)
			}
		default:
			t.Errorf("%s is a %v, which could carry arguments", path, of)
		}
	}
	walk("Record", reflect.TypeFor[Record]())
}

func TestRecordWithoutTimeIsNow(t *testing.T) {
	before := time.Now()
	got, err := decode(appendRecord(nil, KindOutcome, &Record{}))
	if err != nil {
		t.Fatal(err)
	}
	if got.Time.Before(before.Truncate(0)) || got.Time.After(time.Now()) {
		t.Errorf("time %v is not now", got.Time)
	}
}

func TestTextIsEscaped(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "notes.save", `"notes.save"`},
		{"empty", "", `""`},
		{"letters of other scripts stay", "Grüße, 世界", `"Grüße, 世界"`},
		{"quote and backslash", `a"b\c`, `"a\"b\\c"`},
		{"line breaks cannot begin a record", "a\n{\"v\":1}\r", `"a\n{\"v\":1}\u000d"`},
		{"terminal escape", "\x1b[2J", `"\u001b[2J"`},
		{"delete", "a\x7f", `"a\u007f"`},
		{"C1 control", "a\u009bb", `"a\u009bb"`},
		{"writing direction", "a\u202eb\u2066", `"a\u202eb\u2066"`},
		{"line separators", "a\u2028\u2029", `"a\u2028\u2029"`},
		{"byte order mark", "\ufeffa", `"\ufeffa"`},
		{"beyond the first plane", "a\U000e0001b", `"a\udb40\udc01b"`},
		{"an emoji is printable", "ok 🚪", `"ok 🚪"`},
		{"not UTF-8", "a\xffb\xc3", `"a\ufffdb\ufffd"`},
		{"a genuine U+FFFD", "a\ufffdb", `"a` + "\ufffd" + `b"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(appendText(nil, tt.in)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestLongTextIsCut(t *testing.T) {
	tests := []struct {
		name, in string
		keep     int
	}{
		{"at the limit", strings.Repeat("a", maxText), maxText},
		{"over the limit", strings.Repeat("a", maxText+1), maxText},
		{"never inside a character", "a" + strings.Repeat("ö", maxText), maxText - 1},
		{"four bytes wide", "abc" + strings.Repeat("🚪", maxText), maxText - 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := tt.in[:tt.keep]
			if tt.keep < len(tt.in) {
				want += "…"
			}
			if got := string(appendText(nil, tt.in)); got != `"`+want+`"` {
				t.Errorf("got %d bytes, want %d", len(got)-2, len(want))
			}
		})
	}
	long := strings.Repeat("\x00", 1<<20)
	list := slices.Repeat([]string{long}, 1000)
	many := &Record{
		ID: long, Session: long, Window: long, Origin: long, Command: long, Carrier: long, Pattern: long, Stage: long, Code: long,
		Mismatch: &Mismatch{long, long, long},
		Nearest:  &Nearest{Rule{long, long, 1}, long, long, 1, slices.Repeat([]Saw{{long, "string", 1}}, 1000)},
		Reason:   long, Revision: long, ArgsMAC: long, Grant: long, Rules: slices.Repeat([]Rule{{long, long, 1}}, 1000),
		Terms: &Terms{Title: long, Windows: list, Origins: list, Commands: list, Args: list, Sessions: list},
	}
	line := appendRecord(nil, KindDecision, many)
	got, err := decode(line)
	if err != nil {
		t.Fatal(err)
	}
	if len(line) >= 1<<20 || len(got.Rules) != maxRules || len(got.Terms.Windows) != maxList {
		t.Errorf("a record of %d bytes, %d rules, terms of %d windows", len(line), len(got.Rules), len(got.Terms.Windows))
	}
}

// FuzzRecord feeds any text through every string member: the line stays one
// line of valid, printable JSON and reads back as what went in.
func FuzzRecord(f *testing.F) {
	for _, seed := range []string{"notes.save", "", "a\nb", "\x1b[2J\x00", "\xff\xfe", "\u202e", "\"\\", strings.Repeat("ö", 600)} {
		f.Add(seed, 7)
	}
	f.Fuzz(func(t *testing.T, text string, n int) {
		r := &Record{
			Verdict: text, ID: text, Session: text, Window: text, Origin: text, Command: text,
			Carrier: text, Pattern: text, Stage: text, Code: text, Reason: text, Revision: text, Asked: text,
			Mismatch: &Mismatch{text, text, text},
			Nearest:  &Nearest{Rule{text, text, n}, text, text, n, []Saw{{text, text, n}}},
			Grant:    text, Terms: &Terms{Title: text, Windows: []string{text, text}, Args: []string{text}, Sessions: []string{text}},
			Rules: []Rule{{text, text, n}}, ArgsSize: n, ArgsMAC: text, Stages: Stages{Handler: time.Duration(n)},
		}
		line := appendRecord(nil, KindDecision, r)
		if !utf8.Valid(line) {
			t.Fatalf("not UTF-8: %q", line)
		}
		for _, c := range string(line) {
			if !unicode.IsPrint(c) {
				t.Fatalf("%U in the line %q", c, line)
			}
		}
		got, err := decode(line)
		if err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		want := strings.ToValidUTF8(text, "")
		if len(text) <= maxText && utf8.ValidString(text) && (got.Reason != want || got.Command != want || got.Rules[0].File != want) {
			t.Fatalf("wrote %q, read %q", want, got.Reason)
		}
		if got.ArgsSize != n {
			t.Fatalf("wrote %d, read %d", n, got.ArgsSize)
		}
	})
}

func BenchmarkRecord(b *testing.B) {
	r := sample()
	buf := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		buf = appendRecord(buf[:0], KindDecision, r)
	}
}
