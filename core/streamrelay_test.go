package core

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
)

// A carried is a relay session in this process, whose frames the test turns round
// as requests do.
type carried struct {
	*peer.Peer
	session *isolation.Session
	answers chan peer.Answer
}

func (b *bench) relay(t *testing.T) *carried {
	t.Helper()
	offer, err := b.Gate().Offer("main", isolation.Relay)
	if err != nil {
		t.Fatal(err)
	}
	p, hello, err := peer.New(offer.Handshake())
	if err != nil {
		t.Fatal(err)
	}
	r := &carried{Peer: p, answers: make(chan peer.Answer, 1000)}
	r.session, err = offer.Accept(hello, func(frame []byte) error {
		kind, plain, err := p.Open(frame)
		if err != nil || kind != isolation.TypeBatch {
			return err
		}
		items, err := peer.Answers(plain)
		for _, a := range items {
			r.answers <- a
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// deliver brings batches in an order of their own: the n-th of order names the one
// that arrives n-th.
func (r *carried) deliver(order []int, batches ...[]byte) {
	var frames [][]byte
	for _, b := range batches {
		frames = append(frames, r.Seal(isolation.TypeBatch, b))
	}
	for _, i := range order {
		r.session.Deliver(frames[i])
	}
}

// of is the next answer of a kind; others are passed over.
func (r *carried) of(t *testing.T, kind byte) peer.Answer {
	t.Helper()
	for {
		select {
		case a := <-r.answers:
			if a.Kind == kind || a.Kind == peer.Failure {
				return a
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("no answer of the kind %d", kind)
		}
	}
}

func streamingCall(id uint32) []byte {
	return peer.Call{ID: id, Wants: both, Command: "notes.stream", JSON: textOf("x")}.Append(nil)
}

func TestARelayedUploadBeginsWithTheCoresCredit(t *testing.T) {
	b := streamBench(t, nil, echo)
	r := b.relay(t)
	r.deliver([]int{0}, streamingCall(1))
	if a := r.of(t, peer.Credit); a.Offset != isolation.StreamWindow {
		t.Fatalf("credit is %+v", a)
	}
	first := peer.AppendUpload(nil, 1, 0, textOf("a"))
	second := peer.AppendUpload(nil, 1, uint64(len(first)), textOf("b"))
	size := uint64(len(first))
	r.deliver([]int{3, 1, 2, 0}, first, second, peer.AppendUpload(nil, 1, 2*size, textOf("c")), peer.AppendEnd(nil, 1, 3*size, false))
	var got []string
	for len(got) < 3 {
		got = append(got, string(r.of(t, peer.StreamItem).JSON))
	}
	if want := []string{`{"text":"A"}`, `{"text":"B"}`, `{"text":"C"}`}; !slices.Equal(got, want) {
		t.Errorf("items %q", got)
	}
	if a := r.of(t, peer.Result); a.Kind != peer.Result {
		t.Errorf("answer %s", a.JSON)
	}
}

func TestTheEndOfAnEmptyUploadMayOvertakeItsCall(t *testing.T) {
	for _, aborted := range []bool{false, true} {
		b := streamBench(t, nil, echo)
		r := b.relay(t)
		r.deliver([]int{1, 0}, streamingCall(1), peer.AppendEnd(nil, 1, 0, aborted))
		if a := r.of(t, peer.Result); a.Failed != aborted {
			t.Errorf("aborted %v: answer %s", aborted, a.JSON)
		}
		for _, s := range b.sessions.Range {
			if n := len(s.(*session).ended); n > 0 {
				t.Errorf("%d ends are kept", n)
			}
		}
	}
}

// A call of which something is lost waits for it until its deadline.
func TestARelayedUploadWithAHoleEndsAtItsDeadline(t *testing.T) {
	b := streamBench(t, func(c *Config) { c.Limits.Deadline = 200 * time.Millisecond }, echo)
	r := b.relay(t)
	r.deliver([]int{0}, streamingCall(1))
	r.of(t, peer.Credit)
	size := uint64(len(peer.AppendUpload(nil, 1, 0, textOf("a"))))
	r.deliver([]int{0}, peer.AppendUpload(nil, 1, size, textOf("b")))
	if a := r.of(t, peer.Result); !strings.Contains(string(a.JSON), string(CodeTimeout)) {
		t.Errorf("answer %s", a.JSON)
	}
	if s := b.find(t, outcome).Streamed; s == nil || *s != (audits.Streamed{}) {
		t.Errorf("streamed %+v", s)
	}
	for _, s := range b.sessions.Range {
		budget := s.(*session).budget
		await(t, "nothing held", func() bool { budget.mu.Lock(); defer budget.mu.Unlock(); return budget.pending == 0 })
	}
}

func TestC9WhatNoGenuineFrameRelaysEndsTheSession(t *testing.T) {
	for _, test := range []struct {
		name    string
		order   []int
		batches [][]byte
	}{
		{"an upload before its call", []int{0}, [][]byte{peer.AppendUpload(nil, 1, 0, textOf("x"))}},
		{"an upload before its credit", []int{0}, [][]byte{append(streamingCall(1), peer.AppendUpload(nil, 1, 0, textOf("x"))...)}},
		{"the end of items before their call", []int{0}, [][]byte{peer.AppendEnd(nil, 1, 10, false)}},
		{"two ends before their call", []int{0, 1}, [][]byte{peer.AppendEnd(nil, 1, 0, false), peer.AppendEnd(nil, 1, 0, false)}},
		{"an end for the id of none", []int{0}, [][]byte{peer.AppendEnd(nil, 0, 0, false)}},
		{"an end before a call that did not ask", []int{1, 0}, [][]byte{peer.AppendCall(nil, 1, 0, "notes.stream", textOf("x")), peer.AppendEnd(nil, 1, 0, false)}},
		{"credit before any call", []int{0}, [][]byte{peer.AppendCredit(nil, 1, isolation.StreamWindow)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			deciding := make(chan struct{})
			b := streamBench(t, func(c *Config) {
				c.Record = keeper{decide: func(*audits.Record) error { <-deciding; return nil }} // no handler begins yet
			}, echo)
			defer close(deciding)
			r := b.relay(t)
			r.deliver(test.order, test.batches...)
			select {
			case <-r.session.Context().Done():
			case <-time.After(2 * time.Second):
				t.Error("the session goes on")
			}
		})
	}
	t.Run("ends before more calls than can be under way", func(t *testing.T) {
		b := streamBench(t, nil, echo)
		r := b.relay(t)
		for id := range uint32(maxEarly + 1) {
			if r.session.Context().Err() != nil {
				t.Fatalf("over after %d", id)
			}
			r.deliver([]int{0}, peer.AppendEnd(nil, id+1, 0, false))
		}
		if r.session.Context().Err() == nil {
			t.Error("the session goes on")
		}
	})
}
