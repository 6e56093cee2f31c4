package core

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/policy/replay"
)

func TestPolicyInputsNeedDevelopment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "inputs.jsonl")
	if _, err := New(Config{Files: testFiles(), PolicyInputs: path}); err == nil || !strings.Contains(err.Error(), "Config.Development") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file was touched: %v", err)
	}
}

func TestPolicyInputsThatCannotBeWrittenKeepTheAppFromStarting(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	app, err := New(Config{Files: testFiles(), Development: true, PolicyInputs: t.TempDir(), Log: logTo(new(logBuffer))})
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"notes.echo", "notes.touch", "notes.wait", "notes.fail", "notes.secret"} {
		app.Handle(command, func(context.Context, *Request) (any, error) { return nil, nil })
	}
	if err := app.StartInProcess(); err == nil || !strings.Contains(err.Error(), "Config.PolicyInputs") {
		t.Errorf("got %v", err)
	}
}

// Every call that the policy decides is there, as the policy saw it and with what it said, and
// another policy can be asked about it.
func TestPolicyInputsAreWhatThePolicyWasAsked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "inputs.jsonl")
	b := newBench(t, func(c *Config) { c.Development, c.PolicyInputs = true, path }, nil)
	c := b.connect(t, "main")
	for _, command := range []string{"notes.echo", "notes.secret", "notes.unknown"} {
		for _, text := range []string{"x", ".hidden", "delete"} {
			_, _ = c.Call(patient(t), command, textOf(text)) // verdicts are looked at below
		}
	}
	_, _ = c.Call(patient(t), "notes.echo", []byte(`{"text":7}`)) // the schema's to refuse, not the policy's
	contains(t, b.log.String(), path)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for call, err := range replay.Read(bytes.NewReader(text)) {
		if err != nil {
			t.Fatal(err)
		}
		in := call.Input
		if in.Window != "main" || in.Origin == "" || !in.Local || in.Session == "" || in.Platform == "" || in.Time.IsZero() ||
			call.Revision != b.policy.Load().Revision() || call.Variables["$HOME"] != b.Variables()["$HOME"] {
			t.Errorf("incomplete: %+v", call)
		}
		got = append(got, in.Command+" "+string(in.Args.AppendJSON(nil))+" "+call.Was.Effect)
	}
	want := []string{
		`notes.echo {"text":"x"} allow`, `notes.echo {"text":".hidden"} deny`, `notes.echo {"text":"delete"} ask`,
		`notes.secret {"text":"x"} deny`, `notes.secret {"text":".hidden"} deny`, `notes.secret {"text":"delete"} deny`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("recorded\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	s, err := replay.Simulate(t.Context(), replay.Folder{Files: b.files.capabilities}, bytes.NewReader(text))
	if err != nil || s.Inputs != len(want) || s.Different != 0 {
		t.Errorf("the same policy again: %v, %+v", err, s)
	}
}

func TestPolicyInputsKeepErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "inputs.jsonl")
	b := newBench(t, func(c *Config) { c.Development, c.PolicyInputs = true, path }, func(b *bench) {
		b.judge(decide(func(context.Context, policy.Input) (policy.Decision, error) {
			return policy.Decision{}, errors.New("zebra")
		}))
	})
	_, _ = b.connect(t, "main").Call(patient(t), "notes.echo", textOf("x"))
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var line struct{ Effect, Reason, Revision string }
	if err := json.Unmarshal(text, &line); err != nil || line.Effect != "error" || line.Reason != "zebra" || line.Revision != b.policy.Load().Revision() {
		t.Errorf("%v, %+v", err, line)
	}
}

// A full disk must not look like a denial: the record of decisions is what stops calls.
func TestPolicyInputsThatFailAreSaidOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "inputs.jsonl")
	b := newBench(t, func(c *Config) { c.Development, c.PolicyInputs = true, path }, nil)
	if err := b.inputs.file.Close(); err != nil {
		t.Fatal(err)
	}
	c := b.connect(t, "main")
	for range 3 {
		if _, err := c.Call(patient(t), "notes.touch", textOf("x")); err != nil {
			t.Errorf("page got %v", err)
		}
	}
	if n := strings.Count(b.log.String(), "no longer written"); n != 1 {
		t.Errorf("said %d times in %s", n, b.log.String())
	}
	b.inputs = nil // closed
}

// A call that was cancelled got no verdict of the policy, and has none to be compared with.
func TestPolicyInputsLeaveOutWhatWasNotDecided(t *testing.T) {
	path := filepath.Join(t.TempDir(), "inputs.jsonl")
	file, err := replay.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	i := &inputs{file: file, log: logTo(new(logBuffer))}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	i.keep(ended, policy.Input{Command: "notes.cancelled"}, policy.Decision{}, context.Canceled, "r")
	i.keep(t.Context(), policy.Input{Command: "notes.decided"}, policy.Decision{}, nil, "r")
	if err := i.close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil || bytes.Contains(text, []byte("notes.cancelled")) || !bytes.Contains(text, []byte("notes.decided")) {
		t.Errorf("%v, %s", err, text)
	}
}

// After a yes the policy is asked once more about the same call.
func TestPolicyInputsHaveACallOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "inputs.jsonl")
	b := askBench(t, says(AnswerOnce), func(c *Config) { c.Development, c.PolicyInputs = true, path }, nil)
	if got := b.askSecret(t, b.connect(t, "main"), "x"); got != "" {
		t.Fatalf("page got %q", got)
	}
	text, err := os.ReadFile(path)
	if err != nil || bytes.Count(text, []byte("\n")) != 1 || !bytes.Contains(text, []byte(`"effect":"ask"`)) {
		t.Errorf("%v, %s", err, text)
	}
}
