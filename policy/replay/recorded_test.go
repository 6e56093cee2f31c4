package replay

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/schema"
)

func value(t *testing.T, text string) schema.Value {
	t.Helper()
	v, err := schema.Parse([]byte(text), schema.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func recorded(t *testing.T, args string) Recorded {
	t.Helper()
	return Recorded{
		Revision: "abc", Variables: map[string]string{"$HOME": "/home/ada"}, Line: 1,
		Was: Verdict{Effect: "deny", Reason: "too <large>", Rules: []Rule{{"notes", "notes.rego", 12, "deny"}}},
		Input: policy.Input{
			Window: "main", Origin: "https://a.example", Local: true, Command: "notes.save", Platform: "linux", Session: "s",
			Event: "saved", Target: "main", Channel: "c1", User: value(t, `{"id":9007199254740993}`), Args: value(t, args),
			Time: time.Date(2026, 11, 26, 12, 0, 0, 5, time.UTC),
		},
	}
}

// bare makes recorded calls comparable: values by their text.
func bare(r Recorded) (Recorded, string, string) {
	text := func(v schema.Value) string {
		if v == nil {
			return "none"
		}
		return string(v.AppendJSON(nil))
	}
	args, user := text(r.Input.Args), text(r.Input.User)
	r.Input.Args, r.Input.User = nil, nil
	return r, args, user
}

func TestWhatIsRecordedIsReadAgain(t *testing.T) {
	schemas, err := schema.Compile(fstest.MapFS{"line.input.json": {Data: Schema()}})
	if err != nil {
		t.Fatal(err)
	}
	plain := recorded(t, `null`)
	plain.Input.User, plain.Input.Event, plain.Input.Target, plain.Input.Channel, plain.Input.Session, plain.Was.Rules = nil, "", "", "", "", []Rule{}
	nobody := recorded(t, `[]`)
	nobody.Input.User = value(t, `null`) // a user that is null is another than none
	for _, test := range []struct {
		name string
		call Recorded
	}{
		{"everything set", recorded(t, `{"size":9007199254740993,"e":1e2,"path":"/a/<b>&\u2028"}`)},
		{"nothing that may be left out", plain},
		{"a user that is null", nobody},
	} {
		t.Run(test.name, func(t *testing.T) {
			text, err := test.call.Append(nil)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Count(text, []byte("\n")) != 1 || !bytes.HasSuffix(text, []byte("\n")) {
				t.Fatalf("not one line: %q", text)
			}
			if err := schemas.ValidateInput("line", value(t, string(text))); err != nil {
				t.Errorf("the published schema refuses %s: %v", text, err)
			}
			n := 0
			for got, err := range Read(bytes.NewReader(text)) {
				if n++; err != nil {
					t.Fatal(err)
				}
				a, args, user := bare(got)
				b, wantArgs, wantUser := bare(test.call)
				if !reflect.DeepEqual(a, b) || args != wantArgs || user != wantUser {
					t.Errorf("got %+v %s %s\nwant %+v %s %s", a, args, user, b, wantArgs, wantUser)
				}
			}
			if n != 1 {
				t.Errorf("%d calls were read", n)
			}
		})
	}
}

func TestArgumentsOfManyLinesBecomeOne(t *testing.T) {
	call := recorded(t, "{\n\t\"path\": \"/a\",\r\n \"size\": 1.50\n}")
	text, err := call.Append([]byte("before\n"))
	if err != nil || bytes.Count(text, []byte("\n")) != 2 || !strings.Contains(string(text), `"args":{"path":"/a","size":1.50}`) {
		t.Errorf("%v: %s", err, text)
	}
}

func TestReadNamesTheLineThatIsWrong(t *testing.T) {
	call := recorded(t, `{}`)
	encoded, err := call.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	good := string(encoded)
	for _, test := range []struct {
		name, line, want string
	}{
		{"no JSON", "{", "line 3: "},
		{"a member twice", strings.Replace(good, `"revision":"abc"`, `"revision":"abc","revision":"abd"`, 1), "line 3: "},
		{"a member that is not known", strings.Replace(good, `"local":true`, `"lokal":true`, 1), "line 3: "},
		{"another version", strings.Replace(good, `"version":1`, `"version":2`, 1), "version 1"},
		{"an effect that is none", strings.Replace(good, `"effect":"deny"`, `"effect":"permit"`, 1), `got "permit"`},
		{"no command", strings.Replace(good, `"command":"notes.save"`, `"command":""`, 1), "input.command"},
		{"no time", strings.Replace(good, `"time":"2026-11-26T12:00:00.000000005Z"`, `"time":"0001-01-01T00:00:00Z"`, 1), "input.time"},
		{"two on one line", strings.TrimSuffix(good, "\n") + good, "line 3: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.line == good {
				t.Fatal("nothing was changed")
			}
			n, failed := 0, error(nil)
			for _, err := range Read(strings.NewReader(good + "\n" + test.line + "\n" + good)) {
				if n++; err != nil {
					failed = err
				}
			}
			if n != 2 || failed == nil || !strings.Contains(failed.Error(), test.want) || !strings.HasPrefix(failed.Error(), "line 3: ") {
				t.Errorf("after %d: %v, want %q", n, failed, test.want)
			}
		})
	}
}

func TestReadTakesALastLineWithoutAnEnd(t *testing.T) {
	call := recorded(t, `{}`)
	text, err := call.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range Read(bytes.NewReader(bytes.TrimSuffix(text, []byte("\n")))) {
		if n++; err != nil {
			t.Error(err)
		}
	}
	if n != 1 {
		t.Errorf("%d calls", n)
	}
}

func TestVerdicts(t *testing.T) {
	d := policy.Decision{Effect: policy.Ask, Reason: "Really?", Rules: []policy.Rule{{Capability: "c", File: "c.rego", Line: 3, Kind: "ask", Reason: "Really?"}}}
	if got, want := NewVerdict(d, nil), (Verdict{"ask", "Really?", []Rule{{"c", "c.rego", 3, "ask"}}}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	if got := NewVerdict(policy.Decision{Effect: policy.Allow}, errors.New("broken")); got.Effect != Undecided || got.Reason != "broken" {
		t.Errorf("an error beside an allow: %+v", got)
	}
}
