package core

import (
	"encoding/json"
	"testing"

	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/schema"
)

func parseArgs(t testing.TB, text string) schema.Value {
	t.Helper()
	v, err := schema.Parse([]byte(text), schema.DefaultLimits())
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func TestAnAnswerIsAboutEachPartOfItsCall(t *testing.T) {
	a, err := newAnswers(nil)
	if err != nil {
		t.Fatal(err)
	}
	type asked struct {
		binding
		args string
		user string // "" where the app does not say
	}
	base := func() asked {
		return asked{binding{
			rule:     policy.Rule{Capability: "notes", File: "notes.rego", Line: 12, Kind: "ask", Reason: "Sure?"},
			revision: "r1", window: "main", origin: "https://a.example", command: "notes.delete",
		}, `{"path":"/a","n":1,"list":[1,"x",null]}`, ""}
	}
	digest := func(q asked) string {
		var user schema.Value
		if q.user != "" {
			user = parseArgs(t, q.user)
		}
		return a.mac.Sum(q.command, q.append(nil, user, parseArgs(t, q.args)))
	}
	names := func(pointers ...string) func(*asked) {
		return func(q *asked) {
			text, _ := json.Marshal(pointers)
			q.rule.Remember = string(text)
		}
	}
	for _, test := range []struct {
		name   string
		of     func(*asked) // both calls
		change func(*asked) // the second
		same   bool
	}{
		{"nothing changes", nil, func(*asked) {}, true},
		{"capability", nil, func(q *asked) { q.rule.Capability = "other" }, false},
		{"file", nil, func(q *asked) { q.rule.File = "other.rego" }, false},
		{"line", nil, func(q *asked) { q.rule.Line = 13 }, false},
		{"question", nil, func(q *asked) { q.rule.Reason = "Sure? " }, false},
		{"what the rule remembers", nil, names("/path"), false},
		{"revision", nil, func(q *asked) { q.revision = "r2" }, false},
		{"window", nil, func(q *asked) { q.window = "other" }, false},
		{"origin", nil, func(q *asked) { q.origin = "https://b.example" }, false},
		{"origin, none", nil, func(q *asked) { q.origin = "" }, false},
		{"command", nil, func(q *asked) { q.command = "notes.deletes" }, false},
		{"user", nil, func(q *asked) { q.user = `{"name":"a"}` }, false},
		{"another user", func(q *asked) { q.user = `{"name":"a"}` }, func(q *asked) { q.user = `{"name":"b"}` }, false},
		{"a user that is null", nil, func(q *asked) { q.user = `null` }, false},
		{"a part that runs into the next", nil, func(q *asked) { q.revision, q.window = "r1m", "ain" }, false},

		{"order of members", nil, func(q *asked) { q.args = `{"list":[1,"x",null], "n":1, "path":"/\u0061"}` }, true},
		{"an argument", nil, func(q *asked) { q.args = `{"path":"/b","n":1,"list":[1,"x",null]}` }, false},
		{"an argument less", nil, func(q *asked) { q.args = `{"path":"/a","n":1}` }, false},
		{"an argument more", nil, func(q *asked) { q.args = `{"path":"/a","n":1,"list":[1,"x",null],"m":null}` }, false},
		{"order of a list", nil, func(q *asked) { q.args = `{"path":"/a","n":1,"list":["x",1,null]}` }, false},
		{"an inner value", nil, func(q *asked) { q.args = `{"path":"/a","n":1,"list":[1,"x",false]}` }, false},
		{"a type", nil, func(q *asked) { q.args = `{"path":"/a","n":"1","list":[1,"x",null]}` }, false},
		{"a number, as written", nil, func(q *asked) { q.args = `{"path":"/a","n":1.0,"list":[1,"x",null]}` }, false},
		{"large numbers that a float64 can't tell apart", func(q *asked) { q.args = `{"n":9007199254740993}` }, func(q *asked) { q.args = `{"n":9007199254740992}` }, false},
		{"true", func(q *asked) { q.args = `[true]` }, func(q *asked) { q.args = `[false]` }, false},
		{"names that run into values", func(q *asked) { q.args = `{"a":"b","c":"d"}` }, func(q *asked) { q.args = `{"a":"","bc":"d"}` }, false},
		{"no member and null", func(q *asked) { q.args = `{}` }, func(q *asked) { q.args = `null` }, false},
		{"no member and no element", func(q *asked) { q.args = `{}` }, func(q *asked) { q.args = `[]` }, false},

		{"an argument that the rule names", names("/path"), func(q *asked) { q.args = `{"path":"/b","n":1}` }, false},
		{"one that it does not name", names("/path"), func(q *asked) { q.args = `{"path":"/a","n":2}` }, true},
		{"an element", names("/list/1"), func(q *asked) { q.args = `{"list":[1,"y"]}` }, false},
		{"another element", names("/list/1"), func(q *asked) { q.args = `{"list":[2,"x"]}` }, true},
		{"any argument, where it names none", names(), func(q *asked) { q.args = `"other"` }, true},
		{"one beside a named one that is absent", names("/paht"), func(q *asked) { q.args = `{"path":"/b","n":1,"list":[1,"x",null]}` }, false},
		{"one beside a named one that only this call lacks", names("/n"), func(q *asked) { q.args = `{"path":"/a","list":[1,"x",null]}` }, false},
		{"a named null and its absence", func(q *asked) { names("/n")(q); q.args = `{"n":null}` }, func(q *asked) { q.args = `{}` }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			first := base()
			if test.of != nil {
				test.of(&first)
			}
			second := first
			test.change(&second)
			if same := digest(first) == digest(second); same != test.same {
				t.Errorf("the same answer: %v", same)
			}
		})
	}
}

// So that nobody who reads the file can try short arguments.
func TestTheDigestIsKeyed(t *testing.T) {
	sum := func() string {
		a, err := newAnswers(nil)
		if err != nil {
			t.Fatal(err)
		}
		return a.mac.Sum("notes.delete", (&binding{}).append(nil, nil, parseArgs(t, "1")))
	}
	if one, other := sum(), sum(); one == other {
		t.Error("two apps have one digest")
	}
}

func TestPointersAreFollowed(t *testing.T) {
	args := parseArgs(t, `{"a":{"b":[10,{"c":11}]},"":1,"x/y":2,"m~n":3,"~1":4,"7":5}`)
	for pointer, want := range map[string]string{
		"/a/b/0": "10", "/a/b/1/c": "11", "/": "1", "/x~1y": "2", "/m~0n": "3", "/~01": "4", "/7": "5",
		"/a/b/2": "", "/a/b/-1": "", "/a/b/01": "", "/a/b/+1": "", "/a/b/-": "", "/a/b/c": "", "/nothing": "", "/a/b/0/x": "",
	} {
		v, ok := find(args, pointer)
		if ok != (want != "") || ok && string(v.AppendJSON(nil)) != want {
			t.Errorf("%s: got %v, %v", pointer, v, ok)
		}
	}
}
