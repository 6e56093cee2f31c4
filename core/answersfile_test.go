package core

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/policy"
)

func someBinding(digit string) binding {
	return binding{
		rule:     policy.Rule{Capability: "notes", File: "notes.rego", Line: 3, Kind: "ask", Reason: "Delete zebra?"},
		revision: "r1", window: "main", command: "notes.delete", digest: strings.Repeat(digit, 64),
	}
}

func TestTheFileOfAnswersIsTheUsersAlone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "deep", "er", "answers.json")
	a, err := openAnswers(file, "r1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file before there is an answer: %v", err)
	}
	for _, answer := range []Answer{AnswerNo, AnswerOnce, AnswerSession, AnswerAlways} {
		if err := a.keep(answer, []binding{someBinding("abcd"[answer : answer+1])}, "s1", time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("its mode is %v", info.Mode())
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lacks(t, string(text), "zebra", strings.Repeat("a", 64), strings.Repeat("b", 64), strings.Repeat("c", 64))
	contains(t, string(text), strings.Repeat("d", 64), `"version": 1`)
	if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) != 1 {
		t.Errorf("beside it: %v, %v", left, err)
	}

	again, err := openAnswers(file, "r1")
	if err != nil {
		t.Fatal(err)
	}
	b := someBinding("d")
	if answer, ok := again.of(&b, "s2", time.Now()); !ok || answer != AnswerAlways || len(again.kept) != 1 {
		t.Errorf("read back %v, %v of %+v", answer, ok, again.kept)
	}
	if other, err := openAnswers(file, "r2"); err != nil || len(other.kept) != 0 {
		t.Errorf("under another policy: %+v, %v", other, err)
	}
}

func TestAFileOfAnswersThatIsBrokenStopsTheStart(t *testing.T) {
	good := func() string {
		return `{"version":1,"key":"` + strings.Repeat("A", 43) + `=","answers":[{"id":"abcdefghijklmnop","time":"2026-11-22T12:00:00Z",` +
			`"capability":"notes","file":"notes.rego","line":3,"revision":"r1","window":"main","command":"notes.delete","digest":"` + strings.Repeat("a", 64) + `"}]}`
	}
	for _, test := range []struct {
		name, old, new string
		want           string // "" is a good file
	}{
		{"as it should be", "", "", ""},
		{"an origin", `"command"`, `"origin":"https://a.example","command"`, ""},
		{"nothing", good(), "", "EOF"},
		{"cut short", `"}]}`, ``, "EOF"},
		{"something behind", `"}]}`, `"}]} x`, "after top-level value"},
		{"another version", `"version":1`, `"version":2`, "version: 1 was expected, not 2"},
		{"no version", `"version":1,`, ``, "version: 1 was expected, not 0"},
		{"another version with other members", `"version":1`, `"version":2,"more":1`, "version: 1 was expected, not 2"},
		{"an unknown member", `"version":1`, `"version":1,"more":1`, "more"},
		{"an unknown member of an answer", `"line":3`, `"line":3,"answer":"always"`, "answer"},
		{"a member twice", `"line":3`, `"line":3,"line":3`, "line"},
		{"a member in capitals", `"line":3`, `"Line":3`, "Line"},
		{"another type", `"line":3`, `"line":"3"`, "line"},
		{"a short key", `"` + strings.Repeat("A", 43) + `="`, `"AAAA"`, "key: 32 bytes"},
		{"no key", `"key":"` + strings.Repeat("A", 43) + `=",`, ``, "key: 32 bytes"},
		{"no answers", good()[strings.Index(good(), `,"answers"`):], `}`, "answers: a list"},
		{"no id", `"id":"abcdefghijklmnop",`, ``, "answers[0].id"},
		{"a digest in capitals", strings.Repeat("a", 64), strings.Repeat("A", 64), "answers[0].digest"},
		{"no time", `"time":"2026-11-22T12:00:00Z",`, ``, "answers[0].time"},
		{"no window", `"window":"main",`, ``, "answers[0].capability"},
		{"no line", `"line":3,`, ``, "answers[0].capability"},
		{"an answer twice", `"answers":[`, `"answers":[` + good()[strings.Index(good(), `{"id"`):len(good())-2] + `,`, "answers[1].id"},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "answers.json")
			text := good()
			if test.old != "" {
				if text = strings.Replace(text, test.old, test.new, 1); text == good() {
					t.Fatal("nothing was replaced")
				}
			}
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			a, err := openAnswers(file, "r1")
			if test.want == "" {
				if err != nil || len(a.kept) != 1 {
					t.Errorf("got %v", err)
				}
				return
			}
			if err == nil {
				t.Fatal("it is taken")
			}
			contains(t, err.Error(), file, test.want, "or delete the file")
		})
	}
}

func TestC7AFileOfAnswersThatOthersMayWriteStopsTheStart(t *testing.T) {
	for _, test := range []struct {
		name string
		make func(file string) error
		want string
	}{
		{"others may write it", func(file string) error {
			return errors.Join(os.WriteFile(file, []byte("{}"), 0o600), os.Chmod(file, 0o622))
		}, "-rw--w--w-"},
		{"others may read its key", func(file string) error {
			return errors.Join(os.WriteFile(file, []byte("{}"), 0o600), os.Chmod(file, 0o640))
		}, "-rw-r-----"},
		{"a link", func(file string) error { return os.Symlink(os.DevNull, file) }, "a regular file"},
		{"a folder", func(file string) error { return os.Mkdir(file, 0o700) }, "a regular file"},
		{"a huge file", func(file string) error {
			return errors.Join(os.WriteFile(file, nil, 0o600), os.Truncate(file, maxAnswersFile+1))
		}, "at most 8388608 bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "answers.json")
			if err := test.make(file); err != nil {
				t.Fatal(err)
			}
			app, err := New(Config{Files: testFiles(), Prompter: says(AnswerNo), Record: keeper{}, AnswersFile: file})
			if err != nil {
				t.Fatal(err)
			}
			err = app.StartInProcess()
			if err == nil {
				t.Fatal("it started")
			}
			contains(t, err.Error(), "core: ", file, test.want, "or delete the file")
		})
	}
}

// What can't be written down would come back as a question; that is no reason
// to refuse a call that the user wants.
func TestAnAnswerThatCanNotBeWrittenCountsForTheSession(t *testing.T) {
	blocked := filepath.Join(t.TempDir(), "blocked")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := newAnswers(nil)
	if err != nil {
		t.Fatal(err)
	}
	a.file = filepath.Join(blocked, "answers.json")
	b := someBinding("a")
	if err := a.keep(AnswerAlways, []binding{b}, "s1", time.Now()); err == nil {
		t.Error("no error")
	}
	if answer, ok := a.of(&b, "s1", time.Now()); !ok || answer != AnswerSession {
		t.Errorf("in the session: %v, %v", answer, ok)
	}
	if answer, ok := a.of(&b, "s2", time.Now()); ok {
		t.Errorf("in another: %v", answer)
	}
}

func TestAlwaysIsOfferedWhereItCanBeKept(t *testing.T) {
	state := t.TempDir()
	t.Setenv("XDG_STATE_HOME", state)
	for _, test := range []struct {
		name   string
		record audits.Recorder
		file   string
		want   string // where answers are kept
	}{
		{"beside the default record", nil, "", filepath.Join(state, "notes", "answers.json")},
		{"where the configuration says", nil, filepath.Join(state, "mine.json"), filepath.Join(state, "mine.json")},
		{"there with a record of one's own, too", audits.NewMemory(9), filepath.Join(state, "mine.json"), filepath.Join(state, "mine.json")},
		{"nowhere with a record of one's own", audits.NewMemory(9), "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := askBench(t, says(AnswerNo), func(c *Config) { c.Record, c.AnswersFile = test.record, test.file }, nil)
			if b.answers.file != test.want || len(b.answers.possible()) != map[bool]int{true: 2, false: 3}[test.want == ""] {
				t.Errorf("kept in %q, offered %v", b.answers.file, b.answers.possible())
			}
			if told := strings.Contains(b.log.String(), "Config.AnswersFile"); told != (test.want == "") {
				t.Errorf("the log says so: %v", told)
			}
		})
	}
	if _, err := New(Config{Files: testFiles(), AnswersFile: "answers.json"}); err == nil {
		t.Error("a relative path is taken")
	} else {
		contains(t, err.Error(), "Config.AnswersFile", "absolute path")
	}
}

func TestC9AnswersAreBounded(t *testing.T) {
	a, err := openAnswers(filepath.Join(t.TempDir(), "answers.json"), "r1")
	if err != nil {
		t.Fatal(err)
	}
	many := make([]binding, maxKept+100)
	for i := range many {
		many[i] = someBinding("a")
		many[i].digest = string(rune(0x4e00 + i))
	}
	if err := a.keep(AnswerSession, many, "s1", time.Now()); err != nil {
		t.Fatal(err)
	}
	if got := a.possible(); len(a.kept) != maxKept || len(got) != 1 || got[0] != AnswerOnce {
		t.Errorf("%d answers are kept, and offered is %v", len(a.kept), got)
	}
	a.endSession("s1")
	if got := a.possible(); len(a.kept) != 0 || len(got) != 3 {
		t.Errorf("after the session %d are kept, and offered is %v", len(a.kept), got)
	}
}

func TestANoIsKeptForAWhile(t *testing.T) {
	a, err := newAnswers(nil)
	if err != nil {
		t.Fatal(err)
	}
	b, now := someBinding("a"), time.Now().Truncate(time.Second)
	if err := a.keep(AnswerNo, []binding{b}, "s1", now); err != nil {
		t.Fatal(err)
	}
	for _, session := range []string{"s1", "s2"} {
		if answer, ok := a.of(&b, session, now.Add(noFor-time.Second)); !ok || answer != AnswerNo {
			t.Errorf("%s: %v, %v", session, answer, ok)
		}
		if _, ok := a.of(&b, session, now.Add(noFor)); ok {
			t.Errorf("%s: still no", session)
		}
	}
	other := someBinding("b")
	if err := a.keep(AnswerNo, []binding{other}, "s1", now.Add(noFor)); err != nil || len(a.kept) != 1 {
		t.Errorf("%d are kept, %v", len(a.kept), err)
	}
}
