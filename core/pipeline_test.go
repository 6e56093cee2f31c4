package core

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport/audits"
)

// One attempt to get past each stage, and what the page, the record and the
// log learn of it. No attempt may reach a handler.
func TestEachStageStopsItsOwnAttack(t *testing.T) {
	const marker = "zebra" // page text that must stay out of log and answer
	for _, test := range []struct {
		name    string
		window  string
		command string
		args    string
		code    Code
		stage   string
		verdict string
		change  func(*Config)
	}{
		{name: "C9 arguments over the limit", command: "notes.touch", args: `{"text":"` + strings.Repeat("zebra", 300) + `"}`,
			code: CodeTooLarge, stage: audits.StageLimits, verdict: audits.VerdictRefuse, change: func(c *Config) { c.Limits.ArgsBytes = 1000 }},
		{name: "C9 a deeply nested value", command: "notes.touch", args: strings.Repeat("[", 100) + strings.Repeat("]", 100),
			code: CodeInvalidArgs, stage: audits.StageParse, verdict: audits.VerdictRefuse},
		{name: "C1 a member twice", command: "notes.touch", args: `{"text":"zebra","text":"other"}`,
			code: CodeInvalidArgs, stage: audits.StageParse, verdict: audits.VerdictRefuse},
		{name: "C1 no arguments at all", command: "notes.touch", args: ``,
			code: CodeInvalidArgs, stage: audits.StageParse, verdict: audits.VerdictRefuse},
		{name: "C1 a second value behind the first", command: "notes.touch", args: `{"text":"a"}{"text":"zebra"}`,
			code: CodeInvalidArgs, stage: audits.StageParse, verdict: audits.VerdictRefuse},
		{name: "C1 a member of another case", command: "notes.touch", args: `{"TEXT":"zebra"}`,
			code: CodeInvalidArgs, stage: audits.StageSchema, verdict: audits.VerdictRefuse},
		{name: "C1 an extra member", command: "notes.touch", args: `{"text":"a","zebra":1}`,
			code: CodeInvalidArgs, stage: audits.StageSchema, verdict: audits.VerdictRefuse},
		{name: "C1 a wrong type", command: "notes.touch", args: `{"text":["zebra"]}`,
			code: CodeInvalidArgs, stage: audits.StageSchema, verdict: audits.VerdictRefuse},
		{name: "C7 a command without an allow", command: "notes.secret", args: `{"text":"zebra"}`,
			code: CodeDenied, stage: audits.StagePolicy, verdict: audits.VerdictDeny},
		{name: "C5 a window without an allow", window: "other", command: "notes.touch", args: `{"text":"zebra"}`,
			code: CodeDenied, stage: audits.StagePolicy, verdict: audits.VerdictDeny},
		{name: "C7 a deny beside an allow", command: "notes.echo", args: `{"text":".zebra"}`,
			code: CodeDenied, stage: audits.StagePolicy, verdict: audits.VerdictDeny},
		{name: "C7 a question with nobody to answer", command: "notes.echo", args: `{"text":"delete"}`,
			code: CodeDenied, stage: audits.StagePolicy, verdict: audits.VerdictDeny},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, test.change, nil)
			window := "main"
			if test.window != "" {
				window = test.window
			}
			_, err := b.connect(t, window).Call(patient(t), test.command, []byte(test.args))
			if got := code(t, err); got != test.code {
				t.Errorf("page got %q, want %q", got, test.code)
			}
			lacks(t, err.Error(), marker)
			b.nothingRan(t)
			if n := b.record.Total(); n != 1 {
				t.Fatalf("%d records, want one", n)
			}
			r := b.record.Records()[0]
			if r.Stage != test.stage || r.Verdict != test.verdict || r.Code != string(test.code) || r.Window != window {
				t.Errorf("recorded stage %q verdict %q code %q window %q", r.Stage, r.Verdict, r.Code, r.Window)
			}
			if r.Kind != audits.KindDecision || r.Reason == "" || !strings.HasSuffix(r.ID, "-1") {
				t.Errorf("recorded kind %q reason %q id %q", r.Kind, r.Reason, r.ID)
			}
			contains(t, b.log.String(), r.ID, string(test.code))
			lacks(t, b.log.String(), marker)
		})
	}
}

func TestAPermittedCallRunsOnceAndIsOnRecordTwice(t *testing.T) {
	b := newBench(t, nil, nil)
	c := b.connect(t, "main")
	result, err := c.Call(patient(t), "notes.echo", []byte(`{ "text" : "hello" }`))
	if err != nil || string(result) != `{"text":"hello"}` {
		t.Fatalf("got %s, %v", result, err)
	}
	id := <-b.runs
	if want := (Identity{Window: "main", Origin: "https://main.page.sallyport.invalid", Command: "notes.echo", Session: c.Session.ID(), ID: c.Session.ID() + "-1"}); id != want {
		t.Errorf("caller is %+v, want %+v", id, want)
	}
	records := b.record.Records()
	if len(records) != 2 {
		t.Fatalf("%d records, want decision and outcome", len(records))
	}
	decision, outcome := records[0], records[1]
	if decision.Kind != audits.KindDecision || decision.Verdict != audits.VerdictAllow || decision.Code != "" || len(decision.Rules) == 0 {
		t.Errorf("decision is %+v", decision)
	}
	if outcome.Kind != audits.KindOutcome || outcome.Verdict != audits.VerdictDone || outcome.ID != decision.ID {
		t.Errorf("outcome is %+v", outcome)
	}
	if decision.ArgsSize != 20 || len(decision.ArgsMAC) != 64 || decision.Revision == "" || decision.Carrier != "direct" || decision.Pattern != "isolation" {
		t.Errorf("decision is %+v", decision)
	}
	s := outcome.Stages
	for name, d := range map[string]int64{"open": int64(s.Open), "parse": int64(s.Parse), "schema": int64(s.Schema), "policy": int64(s.Policy), "record": int64(s.Record), "handler": int64(s.Handler), "output": int64(s.Output)} {
		if d <= 0 {
			t.Errorf("stage %s was not measured", name)
		}
	}
	if _, err := c.Call(patient(t), "notes.touch", textOf("x")); err != nil {
		t.Errorf("a command without a result: %v", err)
	}
}
