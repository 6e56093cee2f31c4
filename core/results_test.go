package core

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/isolation"
)

// A slowResult is one that takes as long to encode as the test likes.
type slowResult struct{ encoding, done chan struct{} }

func (r slowResult) MarshalJSON() ([]byte, error) {
	r.encoding <- struct{}{}
	<-r.done
	return textOf(strings.Repeat("x", 800)), nil
}

// resultsBench has room for two results of notes.wait.
func resultsBench(t *testing.T, change func(*Config)) (*bench, slowResult) {
	r := slowResult{make(chan struct{}, 16), make(chan struct{})}
	b := newBench(t, func(c *Config) {
		c.Files = chattyFiles()
		c.Limits.ResultBytes, c.Limits.BinaryBytes, c.Limits.PendingResults = 1000, 1, 2002
		if change != nil {
			change(c)
		}
	}, func(b *bench) {
		b.Handle("notes.wait", func(ctx context.Context, _ *Request) (any, error) {
			b.ran(ctx)
			return r, nil
		})
		b.Handle("notes.fail", func(context.Context, *Request) (any, error) { panic("no result") })
	})
	return b, r
}

func TestC9ResultsOfASessionAreBoundedTogether(t *testing.T) {
	b, r := resultsBench(t, nil)
	c := b.connect(t, "main")
	const calls = 6
	commands, args := make([]string, calls), make([][]byte, calls)
	for i := range calls {
		commands[i], args[i] = "notes.wait", textOf("x")
	}
	answers, err := c.StartBatch(commands, args)
	if err != nil {
		t.Fatal(err)
	}
	for range calls {
		<-b.runs // every handler has its result
	}
	<-r.encoding
	<-r.encoding
	select {
	case <-r.encoding:
		t.Error("a third result is encoded where two have room")
	case <-time.After(50 * time.Millisecond):
	}
	if _, err := c.Call(patient(t), "notes.touch", textOf("x")); err != nil {
		t.Errorf("a command without a result: %v", err)
	}
	other := b.connect(t, "main")
	mine, err := other.Start("notes.wait", textOf("x"))
	if err != nil {
		t.Fatal(err)
	}
	<-r.encoding // another session has room of its own
	close(r.done)
	for _, answer := range append(answers, mine) {
		from := c
		if answer == mine {
			from = other
		}
		if _, err := from.Await(patient(t), answer); err != nil {
			t.Errorf("page got %v", err)
		}
	}
}

func TestC9AResultCountsWithItsSizeUntilItsOutcomeIsOnRecord(t *testing.T) {
	for _, test := range []struct {
		name    string
		command string
		held    int // of four
	}{
		{"large ones", "notes.wait", 2},
		{"small ones", "notes.echo", 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			recording, recorded := make(chan struct{}, 16), make(chan struct{})
			b, r := resultsBench(t, func(c *Config) {
				c.Record = keeper{outcome: func(*audits.Record) error {
					recording <- struct{}{}
					<-recorded
					return nil
				}}
			})
			close(r.done)
			c := b.connect(t, "main")
			for range 4 {
				if _, err := c.Start(test.command, textOf("x")); err != nil {
					t.Fatal(err)
				}
			}
			for range 4 {
				<-b.runs
			}
			for i := range test.held {
				select {
				case <-recording:
				case <-time.After(5 * time.Second):
					t.Errorf("%d results are held, want %d", i, test.held)
				}
			}
			select {
			case <-recording:
				t.Errorf("more than %d results are held", test.held)
			case <-time.After(50 * time.Millisecond):
			}
			close(recorded)
			await(t, "no call under way", func() bool { return b.Stats().UnderWay == 0 })
		})
	}
}

func TestC9AResultWaitsNoLongerThanItsCall(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Config)
		end    bool
		code   Code
	}{
		{"the deadline passes", func(c *Config) { c.Limits.Deadline = 50 * time.Millisecond }, false, CodeTimeout},
		{"the session ends", nil, true, CodeCancelled},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, r := resultsBench(t, test.change)
			defer close(r.done)
			c := b.connect(t, "main")
			for range 3 {
				if _, err := c.Start("notes.wait", textOf("x")); err != nil {
					t.Fatal(err)
				}
				<-b.runs
			}
			<-r.encoding
			<-r.encoding
			await(t, "the third result waits", func() bool {
				waits := false
				b.sessions.Range(func(_, s any) bool {
					waits = !s.(*session).budget.results.TryAcquire(0) // it does nothing, and not even that past a queue
					return true
				})
				return waits || !test.end // a deadline may have passed already
			})
			if test.end {
				c.Session.End(isolation.EndRevoked)
			}
			o := b.find(t, func(r audits.Record) bool { return r.Kind == audits.KindOutcome })
			if o.Verdict != audits.VerdictCancelled || o.Stage != audits.StageOutput || o.Code != string(test.code) || !strings.Contains(o.Reason, "waited") {
				t.Errorf("recorded %+v", o)
			}
			await(t, "two calls under way", func() bool { return b.Stats().UnderWay == 2 })
		})
	}
}

func TestC9WhatAResultHeldComesBackHoweverItsCallEnds(t *testing.T) {
	b, r := resultsBench(t, func(c *Config) { c.Limits.PendingResults = 900 }) // less than one: they go one by one
	close(r.done)
	c := b.connect(t, "main")
	long := textOf(strings.Repeat("x", 1000))
	for range 3 {
		for _, call := range []struct {
			command string
			args    []byte
			want    Code
		}{
			{"notes.wait", textOf("x"), ""},
			{"notes.echo", long, CodeInternal},
			{"notes.fail", textOf("x"), CodeInternal},
		} {
			if _, err := c.Call(patient(t), call.command, call.args); code(t, err) != call.want {
				t.Errorf("%s: page got %v, want %q", call.command, err, call.want)
			}
		}
	}
	await(t, "no call under way", func() bool { return b.Stats().UnderWay == 0 })
	for _, s := range b.sessions.Range {
		if !s.(*session).budget.results.TryAcquire(900) {
			t.Error("something is still held")
		}
	}
}
