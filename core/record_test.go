package core

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
	"github.com/sallyport/sallyport/policy"
)

func TestC10NothingRunsUnrecorded(t *testing.T) {
	for _, test := range []struct {
		name   string
		decide func(*audits.Record) error
	}{
		{"the recorder fails", func(*audits.Record) error { return errors.New("disk full") }},
		{"the recorder panics", func(*audits.Record) error { panic("zebra") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, func(c *Config) { c.Record = keeper{decide: test.decide} }, nil)
			c := b.connect(t, "main")
			for _, command := range []string{"notes.touch", "notes.secret", "notes.unknown"} {
				if _, err := c.Call(patient(t), command, textOf("x")); code(t, err) != CodeUnavailable {
					t.Errorf("%s: page got %v", command, err)
				}
			}
			b.nothingRan(t)
			contains(t, b.log.String(), "record")
			lacks(t, b.log.String(), "zebra")
		})
	}
}

func TestC10TheDecisionIsWrittenBeforeTheHandlerRuns(t *testing.T) {
	var ran bool
	b := newBench(t, func(c *Config) {
		c.Record = keeper{
			decide: func(r *audits.Record) error {
				if ran || r.Verdict != audits.VerdictAllow {
					t.Errorf("decided %q, handler ran: %v", r.Verdict, ran)
				}
				return nil
			},
			outcome: func(r *audits.Record) error {
				if !ran {
					t.Error("an outcome of nothing")
				}
				return errors.New("disk full")
			},
		}
	}, func(b *bench) {
		b.Handle("notes.wait", func(context.Context, *Request) (any, error) { ran = true; return nil, nil })
	})
	if _, err := b.connect(t, "main").Call(patient(t), "notes.wait", textOf("x")); err != nil {
		t.Errorf("a lost outcome comes too late for the call, but page got %v", err)
	}
	contains(t, b.log.String(), "the record could not be written")
}

func TestC7UnknownCommandIsDenied(t *testing.T) {
	b := newBench(t, nil, nil)
	c := b.connect(t, "main")
	_, known := c.Call(patient(t), "notes.secret", textOf("x"))
	for _, command := range []string{"notes.zebra", "NOTES.TOUCH", "notes.touch ", "zebra\n2026-01-01 level=INFO", "", "__proto__"} {
		_, err := c.Call(patient(t), command, textOf("x"))
		var unknown, denied *peer.Error
		if !errors.As(err, &unknown) || !errors.As(known, &denied) || unknown.Code != denied.Code || unknown.Message != denied.Message {
			t.Errorf("%q: page got %v, and of a denied command %v", command, err, known)
		}
		if _, err := c.Call(patient(t), command, []byte(`{`)); code(t, err) != CodeInvalidArgs {
			t.Errorf("%q with broken arguments, as a denied command would answer: %v", command, err)
		}
	}
	b.nothingRan(t)
	lacks(t, b.log.String(), "zebra", "__proto__", "TOUCH")
	for _, r := range b.record.Records()[1:] {
		if r.Command != "" || r.Code == string(CodeDenied) && r.Verdict != audits.VerdictDeny || r.ArgsMAC != "" {
			t.Errorf("recorded %+v", r)
		}
		lacks(t, r.Reason, "zebra", "__proto__", "TOUCH")
	}
}

func TestC7PolicyThatBreaksDenies(t *testing.T) {
	for _, test := range []struct {
		name   string
		policy decide
	}{
		{"an error beside an allow", func(context.Context, policy.Input) (policy.Decision, error) {
			return policy.Decision{Effect: policy.Allow}, errors.New("zebra")
		}},
		{"a panic", func(context.Context, policy.Input) (policy.Decision, error) { panic("zebra") }},
		{"no decision", func(context.Context, policy.Input) (policy.Decision, error) { return policy.Decision{}, nil }},
		{"an effect that nobody knows", func(context.Context, policy.Input) (policy.Decision, error) {
			return policy.Decision{Effect: 77}, nil
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, nil, func(b *bench) { b.judge(test.policy) })
			_, err := b.connect(t, "main").Call(patient(t), "notes.touch", textOf("x"))
			if code(t, err) != CodeDenied {
				t.Errorf("page got %v", err)
			}
			b.nothingRan(t)
			lacks(t, b.log.String(), "zebra")
			if r := b.record.Records()[0]; r.Stage != audits.StagePolicy {
				t.Errorf("recorded %+v", r)
			}
		})
	}
}

func TestC10HookRefusalsAreTheFramesReport(t *testing.T) {
	b := newBench(t, nil, nil)
	c := b.connect(t, "main")
	items := peer.AppendReport(nil, 7, isolation.CauseRefused, "notes.touch")
	items = peer.AppendReport(items, 8, isolation.CauseThrew, "zebra.evil")
	items = peer.AppendReport(items, 30, isolation.CauseDropped, "")
	if err := c.Send(items); err != nil {
		t.Fatal(err)
	}
	await(t, "three records", func() bool { return b.record.Total() == 3 })
	for _, r := range b.record.Records() {
		if !r.ByFrame || r.Stage != audits.StageHook || r.Code != string(CodeHookRefused) || r.Verdict != audits.VerdictRefuse {
			t.Errorf("recorded %+v", r)
		}
	}
	b.find(t, func(r audits.Record) bool { return r.ID == c.Session.ID()+"-7" && r.Command == "notes.touch" })
	b.find(t, func(r audits.Record) bool { return r.ID == c.Session.ID()+"-8" && r.Command == "" })
	b.find(t, func(r audits.Record) bool { return r.Reason == "the frame dropped reports: 30" })
	lacks(t, b.log.String(), "zebra")
	b.nothingRan(t)
}

// A hook may also keep back the cancellation of a call that it let through:
// then the record must not read as if the call had been kept back.
func TestC10AKeptCancellationIsNotRecordedAsAKeptCall(t *testing.T) {
	b := newBench(t, nil, nil)
	c := b.connect(t, "main")
	if _, err := c.Call(patient(t), "notes.touch", textOf("x")); err != nil {
		t.Fatal(err)
	}
	items := peer.AppendKept(nil, isolation.ItemReport, 1, isolation.CauseRefused, byte(isolation.ItemCancel), "notes.touch")
	items = peer.AppendReport(items, 2, isolation.CauseRefused, "notes.touch")
	if err := c.Send(items); err != nil {
		t.Fatal(err)
	}
	for number, want := range map[string]string{
		"-1": "the hook kept the call's cancellation back: refused",
		"-2": "the hook kept the call back: refused",
	} {
		r := b.find(t, func(r audits.Record) bool { return r.ByFrame && r.ID == c.Session.ID()+number })
		if r.Reason != want {
			t.Errorf("%s: recorded %q, want %q", number, r.Reason, want)
		}
	}
}

// A hook may keep an answer back too: the call has run then, and the record
// says both.
func TestC10AHiddenAnswerIsReportedBesideItsCall(t *testing.T) {
	b := newBench(t, nil, nil)
	c := b.connect(t, "main")
	if _, err := c.Call(patient(t), "notes.touch", textOf("x")); err != nil {
		t.Fatal(err)
	}
	if err := c.Send(peer.AppendHidden(nil, 1, isolation.CauseThrew, "notes.touch")); err != nil {
		t.Fatal(err)
	}
	r := b.find(t, func(r audits.Record) bool { return r.ByFrame })
	if r.ID != c.Session.ID()+"-1" || r.Reason != "the hook kept the answer back: threw" || r.Code != string(CodeHookRefused) {
		t.Errorf("recorded %+v", r)
	}
	b.find(t, func(r audits.Record) bool { return r.Verdict == audits.VerdictDone && r.ID == c.Session.ID()+"-1" })
}

// In the brownfield pattern the page holds the keys and there is no hook, so
// nobody could have anything to report.
func TestC10ABrownfieldPageCanNotReport(t *testing.T) {
	for name, report := range map[string][]byte{
		"a call":    peer.AppendReport(nil, 1, isolation.CauseRefused, "notes.touch"),
		"an answer": peer.AppendHidden(nil, 1, isolation.CauseRefused, "notes.touch"),
	} {
		t.Run(name, func(t *testing.T) { brownfieldReports(t, report) })
	}
}

func brownfieldReports(t *testing.T, report []byte) {
	b := newBench(t, func(c *Config) { c.Pattern = isolation.Brownfield }, nil)
	c := b.connect(t, "main")
	if _, err := c.Call(patient(t), "notes.touch", textOf("x")); err != nil {
		t.Fatal(err)
	}
	_ = c.Send(report) // the session ends under it
	await(t, "the session ended for it", func() bool { return b.Stats().Boundary.Ended[isolation.EndProtocol] == 1 })
	if err := b.Shutdown(patient(t)); err != nil { // waits for the last records
		t.Error(err)
	}
	for _, r := range b.record.Records() {
		if r.ByFrame {
			t.Errorf("recorded %+v", r)
		}
	}
}

func TestC9AFloodOfReportsIsCountedNotKept(t *testing.T) {
	b := newBench(t, nil, nil)
	c := b.connect(t, "main")
	const batches = 20
	for n := range uint32(batches) {
		var batch []byte
		for i := range uint32(isolation.MaxItems) {
			batch = peer.AppendReport(batch, n*isolation.MaxItems+i+1, isolation.CauseRefused, "notes.touch")
		}
		if err := c.Send(batch); err != nil {
			t.Fatal(err)
		}
	}
	await(t, "reports counted", func() bool { return b.Stats().Refused[CodeHookRefused] == batches*isolation.MaxItems })
	if err := b.Shutdown(patient(t)); err != nil { // waits for the record of the rest
		t.Error(err)
	}
	sum := false
	for _, r := range b.record.Records() {
		sum = sum || r.Stage == audits.StageLimits && strings.Contains(r.Reason, "were not recorded one by one")
	}
	if !sum {
		t.Error("nothing says how many are missing")
	}
	if n := b.record.Total(); n > noiseBurst+noisePerSecond*10 {
		t.Errorf("%d records of %d reports", n, batches*isolation.MaxItems)
	}
}
