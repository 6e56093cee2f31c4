package policy

import (
	"context"
	"strings"
	"testing"
)

func TestTheSmallestOfLimitsThatHoldCounts(t *testing.T) {
	p := load(t, withoutScope+`
allow if startswith(input.command, "notes.")

limit contains {"calls_per_second": 50, "burst": 5, "concurrency": 4} if startswith(input.command, "notes.")

limit contains {"calls_per_second": 2.5, "bytes": 1000} if input.command == "notes.search"

limit contains {"concurrency": 1} if { input.command == "notes.search"; input.window == "other" }

`)
	for command, want := range map[string]Limits{
		"notes.list":   {CallsPerSecond: 50, Burst: 5, Concurrency: 4},
		"notes.search": {CallsPerSecond: 2.5, Burst: 5, Concurrency: 4, Bytes: 1000},
		"other.list":   {},
	} {
		if got, err := p.Limits(context.Background(), call(t, command, `{}`)); err != nil || got != want {
			t.Errorf("%s: got %+v, %v; want %+v", command, got, err, want)
		}
	}
}

func TestALimitMayBeWrittenAsOneValue(t *testing.T) {
	p := load(t, withoutScope+"limit := {\"bytes_per_second\": 100} if input.command == \"x\"")
	if got, err := p.Limits(context.Background(), call(t, "x", `{}`)); err != nil || got != (Limits{BytesPerSecond: 100}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestLimitsOutsideTheirShapeAreRefused(t *testing.T) {
	for _, test := range []struct{ name, rule, want string }{
		{"no number", `limit contains {"burst": "5"} if true`, `notes.rego:5: limit: "burst" is "5": expected a number above 0`},
		{"zero", `limit contains {"concurrency": 0} if true`, `notes.rego:5: limit: "concurrency" is 0`},
		{"a part of a call", `limit contains {"concurrency": 1.5} if true`, `"concurrency" is 1.5`},
		{"a huge number", `limit contains {"calls_per_second": 1e400} if true`, `"calls_per_second" is`},
		{"an unknown field", `limit contains {"rate": 1} if true`, `notes.rego:5: limit has no field "rate": expected one of burst, bytes, bytes_per_second, calls_per_second, concurrency`},
		{"nothing", `limit contains {} if true`, "limit sets no number"},
		{"burst alone", `limit contains {"burst": 1} if true`, "burst is set without calls_per_second"},
		{"a computed object", `limit contains x if x := {"burst": 1}`, "limit must be written"},
		{"a number", `limit := 5`, "limit must be written"},
		{"a default", `default limit := {"concurrency": 1}`, "limit knows no default and no else"},
		{"else", `limit := {"concurrency": 1} if input.command == "x" else := {"concurrency": 2}`, "limit knows no default and no else"},
		{"an argument", `limit contains {"concurrency": 1} if input.args.big`, "notes.rego:5: limit reads input.args: a limit holds for all calls together"},
		{"an argument in a helper", "limit contains {\"concurrency\": 1} if big\n\nbig if input.args.size > 5", "notes.rego:7: limit reads input.args"},
		{"the time", `limit contains {"concurrency": 1} if input.time > 5`, "limit reads input.time"},
	} {
		_, err := Load(files(withoutScope+test.rule), testConfig())
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v\nwant %s", test.name, err, test.want)
		}
	}
}
