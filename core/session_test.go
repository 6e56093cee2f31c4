package core

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
)

// A genuine frame never breaks the rules for items, so whoever does it holds
// the keys and is no frame of ours: the session ends, and nothing of the batch
// with the fault runs that stands behind it.
func TestC3ABatchThatBreaksTheRulesEndsTheSession(t *testing.T) {
	touch := func(dst []byte, id uint32) []byte { return peer.AppendCall(dst, id, 0, "notes.touch", textOf("x")) }
	for _, test := range []struct {
		name  string
		first []byte // well-formed, before the one with the fault
		items []byte
		runs  int
	}{
		{"an id used twice in a batch", nil, touch(touch(nil, 1), 1), 1},
		{"an id used in an earlier batch", touch(nil, 1), touch(nil, 1), 1},
		{"an id that goes back", touch(nil, 5), touch(nil, 4), 1},
		{"an id of zero", nil, touch(nil, 0), 0},
		{"a call cut short", nil, touch(touch(nil, 1), 2)[:61], 0},
		{"a byte behind the last item", nil, append(touch(nil, 1), 0), 0},
		{"the id of a call that the hook kept back", nil, touch(peer.AppendReport(nil, 1, isolation.CauseRefused, "notes.touch"), 1), 0},
		{"a report of a call that came through", touch(nil, 1), peer.AppendReport(nil, 1, isolation.CauseRefused, "notes.touch"), 1},
		{"the hidden answer to a call that never came", touch(nil, 1), peer.AppendHidden(nil, 2, isolation.CauseRefused, "notes.touch"), 1},
		{"an unknown kind", nil, append(touch(nil, 1), 10, 0, 0, 0, 2), 0},
		{"a result, which is the core's to send", nil, isolation.AppendResult(nil, 1, []byte("null")), 0},
		{"no item at all", nil, []byte{}, 0},
		{"more items than a batch may have", nil, func() (b []byte) {
			for i := range uint32(isolation.MaxItems + 1) {
				b = touch(b, i+1)
			}
			return b
		}(), 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, nil, nil)
			c := b.connect(t, "main")
			if test.first != nil {
				if err := c.Send(test.first); err != nil {
					t.Fatal(err)
				}
				await(t, "the first call's outcome", func() bool { return b.record.Total() == 2 })
			}
			_ = c.Send(test.items) // the session may end under it
			<-c.Over()
			await(t, "no call under way", func() bool { return b.Stats().UnderWay == 0 })
			if n := len(b.runs); n > test.runs {
				t.Errorf("%d handlers ran, want at most %d", n, test.runs)
			}
			if n := b.Stats().Boundary.Ended[isolation.EndProtocol]; n != 1 {
				t.Errorf("%d sessions ended for it", n)
			}
			if _, err := b.connect(t, "main").Call(patient(t), "notes.touch", textOf("x")); err != nil {
				t.Errorf("another session: %v", err)
			}
		})
	}
}

func TestC1ItemsOfABatchAreJudgedOneByOne(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Limits.CallsPerSecond, c.Limits.Burst = 0.001, 4 }, nil)
	c := b.connect(t, "main")
	commands := []string{"notes.touch", "notes.secret", "notes.touch", "notes.nothing", "notes.touch"}
	args := [][]byte{textOf("x"), textOf("x"), []byte(`{"text":1}`), textOf("x"), textOf("x")}
	answers, err := c.StartBatch(commands, args)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []Code{"", CodeDenied, CodeInvalidArgs, CodeDenied, CodeRateLimited} {
		if _, err := c.Await(patient(t), answers[i]); code(t, err) != want {
			t.Errorf("item %d: page got %v, want %q", i+1, err, want)
		}
	}
	for i, verdict := range []string{audits.VerdictAllow, audits.VerdictDeny, audits.VerdictRefuse, audits.VerdictDeny, audits.VerdictRefuse} {
		id := fmt.Sprintf("%s-%d", c.Session.ID(), i+1)
		if r := b.find(t, func(r audits.Record) bool { return r.ID == id && r.Kind == audits.KindDecision }); r.Verdict != verdict {
			t.Errorf("item %d: recorded %q, want %q", i+1, r.Verdict, verdict)
		}
	}
	if n := len(b.runs); n != 1 {
		t.Errorf("%d handlers ran, want one", n)
	}
}

func TestC9AFullBatchOverTheLimitIsOnRecordItemByItem(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Limits.CallsPerSecond, c.Limits.Burst = 0.001, 1 }, nil)
	c := b.connect(t, "main")
	var batch []byte
	for i := range uint32(isolation.MaxItems) {
		batch = peer.AppendCall(batch, i+1, 0, "notes.touch", textOf("x"))
	}
	if err := c.Send(batch); err != nil {
		t.Fatal(err)
	}
	await(t, "a record of each", func() bool { return b.record.Total() == isolation.MaxItems+1 })
}

func TestC8AFrameThatIsNotAuthenticChangesNothing(t *testing.T) {
	b := newBench(t, nil, nil)
	c := b.connect(t, "main")
	forged := c.Peer.Seal(isolation.TypeBatch, peer.AppendCall(nil, 1, 0, "notes.touch", textOf("x")))
	forged[len(forged)-1] ^= 1
	c.Session.Deliver(forged)
	if s := b.Stats(); s.Calls != 0 || s.Boundary.Discarded["forged"] != 1 {
		t.Errorf("stats are %+v", s)
	}
	if n := b.record.Total(); n != 0 {
		t.Errorf("%d records of what was never said", n)
	}
	b.nothingRan(t)
}

func TestC3IdsOfTheRelayMayOvertakeEachOtherOnce(t *testing.T) {
	d := newIDs(isolation.Relay)
	order := make([]uint32, 0, 3*idWindow)
	for from := uint32(1); len(order) < cap(order); from += idWindow / 2 {
		part := make([]uint32, idWindow/2)
		for i := range part {
			part[i] = from + uint32(i)
		}
		rand.Shuffle(len(part), func(i, j int) { part[i], part[j] = part[j], part[i] })
		order = append(order, part...)
	}
	for _, id := range order {
		if d.used(id) || !d.take(id) {
			t.Fatalf("%d was refused the first time", id)
		}
		if !d.used(id) || d.take(id) {
			t.Fatalf("%d was taken twice", id)
		}
	}
	if last := d.last; d.take(last-idWindow) || d.take(0) {
		t.Error("a number outside the window was taken")
	}
	if !d.take(d.last+10*idWindow) || !d.take(d.last-idWindow+1) || d.take(d.last-idWindow) {
		t.Error("a jump did not move the window")
	}
}

func TestC3IdsOfTheDirectCarrierOnlyGoUp(t *testing.T) {
	d := newIDs(isolation.Direct)
	for _, step := range []struct {
		id   uint32
		want bool
	}{{1, true}, {1, false}, {7, true}, {6, false}, {0, false}, {1<<32 - 1, true}, {1<<32 - 1, false}, {1, false}} {
		if got := d.take(step.id); got != step.want {
			t.Errorf("id %d: %v", step.id, got)
		}
	}
}

// The numbers of a session's requests end, and none comes again.
func TestC3IdsEndWithTheirNumbers(t *testing.T) {
	const last = 1<<32 - 1
	for _, carrier := range []isolation.Carrier{isolation.Direct, isolation.Relay} {
		d := newIDs(carrier)
		for _, id := range []uint32{last - idWindow, last - 1, last} {
			if !d.take(id) {
				t.Errorf("%v: %d is refused", carrier, id)
			}
		}
		for _, id := range []uint32{last, last - 1, last - idWindow, 0, 1, idWindow} {
			if d.take(id) {
				t.Errorf("%v: %d is taken after the last", carrier, id)
			}
		}
		if late := d.take(last - 2); late != (carrier == isolation.Relay) {
			t.Errorf("%v: one that was overtaken is taken: %v", carrier, late)
		}
	}
}
