package soak

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport/audits"
)

// What a soak would have to find, were it there.
func TestTheLedgerNotices(t *testing.T) {
	allow := &audits.Record{ID: "s-1", Window: "main", Command: "soak.echo", Verdict: audits.VerdictAllow}
	deny := &audits.Record{ID: "s-1", Window: "main", Command: "soak.echo", Verdict: audits.VerdictDeny, Code: "denied"}
	done := &audits.Record{ID: "s-1", Window: "main", Command: "soak.echo", Verdict: audits.VerdictDone}
	cancelled := &audits.Record{ID: "s-1", Window: "main", Command: "soak.echo", Verdict: audits.VerdictCancelled}
	begin, ok, refused := `["begin","main1-1","soak.echo"]`, `["end","main1-1","ok",""]`, `["end","main1-1","denied","s-1"]`

	type ran string // an id
	type outcome *audits.Record
	tests := []struct {
		name  string
		steps []any // what pages say, decisions, outcomes, and what ran
		here  bool  // the document is still there
		want  string
	}{
		{"a call", []any{begin, allow, ran("s-1"), outcome(done), ok}, true, ""},
		{"a refusal", []any{begin, deny, refused}, true, ""},
		{"a call that goes with its page", []any{begin, allow, ran("s-1"), outcome(cancelled)}, false, ""},
		{"a call that a page made with its last breath", []any{allow, ran("s-1"), outcome(cancelled)}, false, ""},
		{"a call that is cancelled while it is recorded", []any{begin, allow, outcome(cancelled), `["end","main1-1","cancelled",""]`}, true, ""},

		{"a lost call", []any{begin, allow, ran("s-1"), outcome(done)}, true, "is lost"},
		{"a call that ran twice", []any{begin, allow, ran("s-1"), ran("s-1"), outcome(done), ok}, true, "ran 2 times"},
		{"a call that ended twice", []any{begin, allow, ran("s-1"), outcome(done), ok, ok}, true, "ended twice"},
		{"a call that nobody made", []any{allow, outcome(done)}, true, "nobody's call"},
		{"a call that its page did not make", []any{allow, ran("s-1"), outcome(done)}, true, "never made by its page"},
		{"a call without a record", []any{begin, ran("s-1"), ok}, true, "without a record"},
		{"two decisions", []any{begin, allow, allow, ran("s-1"), outcome(done), ok}, true, "has 2 decisions"},
		{"no outcome", []any{begin, allow, ran("s-1"), ok}, true, "has 0 outcomes"},
		{"two outcomes", []any{begin, allow, ran("s-1"), outcome(done), outcome(done), ok}, true, "has 2 outcomes"},
		{"an outcome of what was denied", []any{begin, deny, outcome(done), refused}, true, "has an outcome"},
		{"a success of what was cancelled", []any{begin, allow, ran("s-1"), outcome(cancelled), ok}, true, "succeeded in the page"},
		{"a success of what never ran", []any{begin, allow, outcome(cancelled), ok}, true, "succeeded in the page"},
		{"a refusal of what ran", []any{begin, allow, ran("s-1"), outcome(done), refused}, true, "was refused"},
		{"a refusal that nobody was told of", []any{begin, allow, ran("s-1"), outcome(done), ok, &audits.Record{ID: "s-2", Verdict: audits.VerdictDeny}}, true, "did not run"},
		{"a session that is over", []any{begin, `["end","main1-1","closed",""]`}, true, "is over"},
		{"a code that nothing gives", []any{begin, `["end","main1-1","internal",""]`}, true, "ended with internal"},
		{"what a page says", []any{`["bad","main1","other bytes"]`}, true, "other bytes"},
		{"a listen that was not made", []any{&audits.Record{ID: "s-3", Command: "sallyport:listen", Verdict: audits.VerdictAllow}, outcome(&audits.Record{ID: "s-3"})}, true, "listens are on record"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l := newLedger()
			for _, step := range test.steps {
				switch step := step.(type) {
				case string:
					l.say(step)
				case *audits.Record:
					_ = l.Decide(t.Context(), step) // never fails
				case outcome:
					_ = l.Outcome(t.Context(), step)
				case ran:
					l.run("main1-1", string(step))
				}
			}
			var documents []string
			if test.here {
				documents = []string{"main1"}
			}
			got := strings.Join(l.settle(documents), "\n")
			if test.want == "" && got != "" || !strings.Contains(got, test.want) {
				t.Errorf("it finds %q, want %q", got, test.want)
			}
			if again := l.settle(documents); again != nil {
				t.Errorf("it has not forgotten: %q", again)
			}
		})
	}
}
