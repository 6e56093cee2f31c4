package isolation

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// A room is limits under which eight items of 1 KiB are a quarter of what may
// wait, and two fit a frame.
var room = Limits{MaxPending: 32 << 10, MaxFrame: 2<<10 + sealedMinimum}

const kib = 1 << 10

// kibItem is an item of 1 KiB.
func kibItem(id int) []byte { return item(uint32(id), kib-ResultStart) }

// sendLater calls Send in a goroutine. What it returns says whether and how it
// has returned.
func (v *sending) sendLater(ctx context.Context, plain []byte) func() (returned bool, err error) {
	done := make(chan error, 1)
	go func() { done <- v.s.Send(ctx, plain) }()
	synctest.Wait()
	return func() (bool, error) {
		synctest.Wait()
		select {
		case err := <-done:
			done <- err
			return true, err
		default:
			return false, nil
		}
	}
}

// held is what waits for the page, in all.
func (v *sending) held() int {
	v.s.sending.Lock()
	defer v.s.sending.Unlock()
	n := v.s.out.waiting + v.s.out.flying
	if v.s.out.link != nil {
		n += v.s.out.link.held()
	}
	return n
}

// fill sends as much as may wait while the page reads nothing: beyond the
// mark, one item. It returns the next id.
func (v *sending) fill() int {
	v.Helper()
	for id := 1; ; id++ {
		if v.held() > v.s.mark() {
			return id
		}
		if returned, err := v.sendLater(v.Context(), kibItem(id))(); !returned || err != nil {
			v.Fatalf("item %d waits (%v), though there is room: %v", id, !returned, err)
		}
	}
}

// TestC9ASenderWaitsForASlowPage fills what may wait, and lets the page read
// on, frame by frame.
func TestC9ASenderWaitsForASlowPage(t *testing.T) {
	sends(t, room, func(v *sending) {
		next := v.fill()
		if next != 10 {
			t.Errorf("%d items were let in, want 9: eight up to the mark, and one", next-1)
		}
		var waits []func() (bool, error)
		for i := range 4 {
			waits = append(waits, v.sendLater(v.Context(), kibItem(next+i)))
		}
		for i, wait := range waits {
			if returned, err := wait(); returned {
				t.Errorf("sender %d did not wait: %v", i, err)
			}
		}
		got := 0
		for got < next+3 {
			if v.held() > v.s.mark()+kib {
				t.Errorf("%d bytes wait, the mark is %d", v.held(), v.s.mark())
			}
			typ, plain := v.frame()
			for ; len(plain) > 0; plain = plain[kib:] {
				got++
				if typ != TypeBatch || !bytes.Equal(plain[:kib], kibItem(got)) {
					t.Fatalf("something else than item %d came", got)
				}
			}
		}
		for i, wait := range waits {
			if returned, err := wait(); !returned || err != nil {
				t.Errorf("sender %d: returned is %v, %v", i, returned, err)
			}
		}
		if v.s.ended.Load() {
			t.Error("the session ended")
		}
	})
}

// TestC9AnswersDoNotWaitForStreams writes an answer while senders wait: it is
// queued ahead of them, and ends nobody.
func TestC9AnswersDoNotWaitForStreams(t *testing.T) {
	sends(t, room, func(v *sending) {
		next := v.fill()
		late := v.sendLater(v.Context(), kibItem(next))
		v.write(item(100, 1))
		if returned, _ := late(); returned || v.s.ended.Load() {
			t.Fatal("the answer let a sender in, or ended the session")
		}
		var order []uint32
		for len(order) < next+1 {
			_, plain := v.frame()
			for len(plain) > 0 {
				order = append(order, binary.BigEndian.Uint32(plain[1:]))
				plain = plain[ResultStart+int(binary.BigEndian.Uint32(plain[6:])):]
			}
		}
		if want := uint32(100); order[len(order)-2] != want || order[len(order)-1] != uint32(next) {
			t.Errorf("items came in the order %v", order)
		}
	})
}

// TestASenderWaitsAcrossADroppedSocket breaks the link under waiting senders:
// what was queued is lost, and what waited comes after resumed.
func TestASenderWaitsAcrossADroppedSocket(t *testing.T) {
	sends(t, room, func(v *sending) {
		next := v.fill()
		before := v.sendLater(v.Context(), kibItem(next))
		v.link.Break()
		during := v.sendLater(v.Context(), kibItem(next+1))
		time.Sleep(time.Second)
		for name, wait := range map[string]func() (bool, error){"before": before, "during": during} {
			if returned, err := wait(); returned {
				t.Errorf("the sender of %s the drop returned: %v", name, err)
			}
		}
		if v.held() != 0 {
			t.Errorf("%d bytes wait for nobody", v.held())
		}
		v.link = NewLinkForTest()
		v.last = v.s.out.sequence
		v.s.attach(v.link, message{typ: TypeResumed})
		if typ, _ := v.frame(); typ != TypeResumed {
			t.Errorf("a frame of type %d comes first", typ)
		}
		v.batch(kibItem(next), kibItem(next+1))
		for name, wait := range map[string]func() (bool, error){"before": before, "during": during} {
			if returned, err := wait(); !returned || err != nil {
				t.Errorf("the sender of %s the drop: returned is %v, %v", name, returned, err)
			}
		}
		v.silent()
	})
}

// TestC9ASenderEndsWithItsSession ends sessions in every way, under senders
// that wait for room and for a link.
func TestC9ASenderEndsWithItsSession(t *testing.T) {
	for name, tt := range map[string]struct {
		prepare func(*sending)
		end     func(*sending)
	}{
		"revoked":              {func(v *sending) { v.fill() }, func(v *sending) { v.s.End(EndRevoked) }},
		"shut down":            {func(v *sending) { v.fill() }, func(v *sending) { v.s.End(EndShutdown) }},
		"revoked without link": {func(v *sending) { v.s.detach(v.link) }, func(v *sending) { v.s.End(EndRevoked) }},
		"too slow for answers": {func(v *sending) { v.fill() }, func(v *sending) { v.write(slices.Repeat([][]byte{kibItem(0)}, 33)...) }},
	} {
		t.Run(name, func(t *testing.T) {
			sends(t, room, func(v *sending) {
				tt.prepare(v)
				plain := kibItem(50)
				wait := v.sendLater(v.Context(), plain)
				if returned, err := wait(); returned {
					t.Fatalf("the sender did not wait: %v", err)
				}
				tt.end(v)
				if returned, err := wait(); !returned || err != ErrEnded {
					t.Errorf("the waiting sender: returned is %v, %v", returned, err)
				}
				late := kibItem(51)
				if returned, err := v.sendLater(v.Context(), late)(); !returned || err != ErrEnded {
					t.Errorf("a late sender: returned is %v, %v", returned, err)
				}
				for _, b := range [][]byte{plain, late} {
					if !bytes.Equal(b, make([]byte, len(b))) {
						t.Error("what was not sent is kept")
					}
				}
				if len(v.s.out.senders) != 0 {
					t.Errorf("%d senders wait", len(v.s.out.senders))
				}
			})
		})
	}
}

// TestASenderEndsWithItsContext takes one out of the middle, and one that came
// too late.
func TestASenderEndsWithItsContext(t *testing.T) {
	sends(t, room, func(v *sending) {
		next := v.fill()
		ctx, cancel := context.WithCancel(v.Context())
		first, plain := v.sendLater(v.Context(), kibItem(next)), kibItem(next+1)
		second, third := v.sendLater(ctx, plain), v.sendLater(v.Context(), kibItem(next+2))
		cancel()
		if returned, err := second(); !returned || !errors.Is(err, context.Canceled) {
			t.Fatalf("the cancelled sender: returned is %v, %v", returned, err)
		}
		if !bytes.Equal(plain, make([]byte, len(plain))) {
			t.Error("what was not sent is kept")
		}
		dead := kibItem(next + 3)
		if returned, err := v.sendLater(ctx, dead)(); !returned || !errors.Is(err, context.Canceled) || dead[0] != 0 {
			t.Errorf("a sender whose context is over: returned is %v, %v", returned, err)
		}
		var ids []int
		for len(ids) < next+1 {
			_, plain := v.frame()
			for ; len(plain) > 0; plain = plain[kib:] {
				ids = append(ids, int(binary.BigEndian.Uint32(plain[1:])))
			}
		}
		if !slices.Equal(ids[next-1:], []int{next, next + 2}) {
			t.Errorf("items %v came after those that were in", ids[next-1:])
		}
		for i, wait := range []func() (bool, error){first, third} {
			if returned, err := wait(); !returned || err != nil {
				t.Errorf("sender %d: returned is %v, %v", i, returned, err)
			}
		}
		v.silent()
	})
}

// TestASenderWhoWasLetInHasSent lets one in and cancels it before it can look.
func TestASenderWhoWasLetInHasSent(t *testing.T) {
	sends(t, room, func(v *sending) {
		wait, err := v.s.queueOrWait(kibItem(1), 1)
		if wait != nil || err != nil {
			t.Fatal("the first waits")
		}
		v.fill()
		if wait, err = v.s.queueOrWait(kibItem(2), 1); wait == nil {
			t.Fatalf("nobody waits: %v", err)
		}
		v.s.sending.Lock()
		v.s.out.flying, v.s.out.waiting = 0, 0
		v.s.letIn()
		v.s.sending.Unlock()
		if err := v.s.giveUp(wait, context.Canceled); err != nil {
			t.Errorf("an item that is queued counts as not sent: %v", err)
		}
	})
}

// TestC9ManySendersShareTheRoom has fifty of them send twenty items each to a
// page that reads now and then: each one's come once and in order, no more
// waits than may, and nobody is left behind.
func TestC9ManySendersShareTheRoom(t *testing.T) {
	const senders, each = 50, 20
	sends(t, room, func(v *sending) {
		failed := make(chan error, senders)
		for i := range senders {
			go func() {
				for n := range each {
					plain := kibItem(i)
					binary.BigEndian.PutUint32(plain[ResultStart:], uint32(n))
					if err := v.s.Send(v.Context(), plain); err != nil {
						failed <- err
						return
					}
				}
			}()
		}
		var came [senders]int
		for total := 0; total < senders*each; {
			if rand.IntN(4) == 0 {
				time.Sleep(time.Duration(rand.IntN(3000)) * time.Microsecond)
			}
			synctest.Wait()
			if v.held() > v.s.mark()+kib {
				t.Fatalf("%d bytes wait, the mark is %d", v.held(), v.s.mark())
			}
			_, plain := v.frame()
			for ; len(plain) > 0; plain = plain[kib:] {
				i, n := binary.BigEndian.Uint32(plain[1:]), int(binary.BigEndian.Uint32(plain[ResultStart:]))
				if came[i] != n {
					t.Fatalf("item %d of sender %d came as number %d", n, i, came[i])
				}
				came[i]++
				total++
			}
			if least, most := slices.Min(came[:]), slices.Max(came[:]); most-least > 11 {
				t.Fatalf("one sender has sent %d items and another %d", most, least)
			}
		}
		select {
		case err := <-failed:
			t.Error(err)
		default:
		}
	})
}

// TestSeveralItemsAreSentAtOnce fills a batch to the item and to the byte.
func TestSeveralItemsAreSentAtOnce(t *testing.T) {
	many := func(id uint32, n int) []byte { return bytes.Repeat(AppendEnd(nil, id, 0), n) }
	sends(t, Limits{MaxFrame: 8 << 10}, func(v *sending) {
		v.plug(0)
		for _, n := range []int{200, 56, 1, MaxItems - 1, 2, MaxItems - 1} {
			if err := v.s.SendMany(v.Context(), many(uint32(n), n), n); err != nil {
				t.Fatal(err)
			}
		}
		v.batch(item(0, 1))
		v.batch(many(200, 200), many(56, 56))
		v.batch(many(1, 1), many(MaxItems-1, MaxItems-1))
		v.batch(many(2, 2))
		v.batch(many(MaxItems-1, MaxItems-1))

		room := 8<<10 - sealedMinimum
		v.plug(1)
		for _, size := range []int{room - 100, 101, room} {
			if err := v.s.SendMany(v.Context(), make([]byte, size), 2); err != nil {
				t.Fatal(err)
			}
		}
		v.batch(item(1, 1))
		v.batch(make([]byte, room-100))
		v.batch(make([]byte, 101))
		v.batch(make([]byte, room))
		v.silent()
	})
}

// TestC9WhatNoFrameHoldsIsRefused asks for too much and for nothing.
func TestC9WhatNoFrameHoldsIsRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		limits      Limits
		size, items int
		fits        bool
	}{
		"a frame's worth":                {Limits{MaxFrame: 8 << 10}, 8<<10 - sealedMinimum, 1, true},
		"a byte more than a frame takes": {Limits{MaxFrame: 8 << 10}, 8<<10 - sealedMinimum + 1, 1, false},
		"three quarters of what waits":   {Limits{MaxFrame: 8 << 10, MaxPending: 4 << 10}, 3 << 10, 1, true},
		"more than may wait":             {Limits{MaxFrame: 8 << 10, MaxPending: 4 << 10}, 3<<10 + 1, 1, false},
		"no items":                       {Limits{}, 1, 0, false},
		"as many items as a batch":       {Limits{}, 1, MaxItems, true},
		"an item more":                   {Limits{}, 1, MaxItems + 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			sends(t, tt.limits, func(v *sending) {
				plain := bytes.Repeat([]byte{1}, tt.size)
				err := v.s.SendMany(v.Context(), plain, tt.items)
				if (err == nil) != tt.fits {
					t.Errorf("sent: %v", err)
				}
				if err != nil && !bytes.Equal(plain, make([]byte, tt.size)) {
					t.Error("what was refused is kept")
				}
				if v.s.ended.Load() {
					t.Error("the session ended")
				}
				if tt.fits {
					v.frame()
				}
			})
		})
	}
}

// TestC9ASenderWaitsForThePageToFetch sends over the relay, which takes what it
// is given at once: a page that does not ask stops the sender all the same.
func TestC9ASenderWaitsForThePageToFetch(t *testing.T) {
	sends(t, room, func(v *sending) {
		relay := newRelayLink(room.MaxPending)
		v.s.attach(relay, message{typ: TypeResumed})
		synctest.Wait()
		done := make(chan int, 100)
		go func() {
			for id := range 100 {
				if err := v.s.Send(v.Context(), kibItem(id)); err != nil {
					t.Error(err)
				}
				done <- id
			}
			close(done)
		}()
		synctest.Wait()
		ctx, cancel := context.WithCancel(v.Context())
		cancel()
		for frames := 0; ; {
			if held := v.held(); held > v.s.mark()+2*kib { // and the seals of five frames
				t.Fatalf("%d bytes wait in the relay, the mark is %d", held, v.s.mark())
			}
			if v.s.ended.Load() || v.s.out.link == nil {
				t.Fatal("the relay's queue overflowed")
			}
			taken := relay.take(ctx)
			frames += len(taken)
			synctest.Wait()
			if len(taken) == 0 {
				break
			}
		}
		if len(done) != 100 {
			t.Errorf("%d of 100 items were sent", len(done))
		}
	})
}

// TestNobodySendsBeforeWhoWaits comes between the page's fetching and those who
// wait being let in.
func TestNobodySendsBeforeWhoWaits(t *testing.T) {
	sends(t, room, func(v *sending) {
		relay := newRelayLink(room.MaxPending)
		v.s.attach(relay, message{typ: TypeResumed})
		next := v.fill()
		first := v.sendLater(v.Context(), kibItem(next))
		relay.mu.Lock()
		relay.frames, relay.waiting = nil, 0
		relay.mu.Unlock()
		second := v.sendLater(v.Context(), kibItem(next+1))
		for i, wait := range []func() (bool, error){first, second} {
			if returned, err := wait(); returned {
				t.Fatalf("sender %d was let in ahead: %v", i, err)
			}
		}
		v.s.fetched()
		for i, wait := range []func() (bool, error){first, second} {
			if returned, err := wait(); !returned || err != nil {
				t.Errorf("sender %d: returned is %v, %v", i, returned, err)
			}
		}
	})
}

// TestAFullBatchIsNotHeldBack has two batches wait: the first takes nothing
// more, and leaves at once.
func TestAFullBatchIsNotHeldBack(t *testing.T) {
	sends(t, room, func(v *sending) {
		v.plug(0)
		for id := range 4 {
			if err := v.s.Send(v.Context(), kibItem(id)); err != nil {
				t.Fatal(err)
			}
		}
		v.batch(item(0, 1))
		start := time.Now()
		v.batch(kibItem(0), kibItem(1))
		if took := time.Since(start); took > 0 {
			t.Errorf("a full batch was held back for %v", took)
		}
		v.batch(kibItem(2), kibItem(3))
		if took := time.Since(start); took < gatherAtLeast {
			t.Error("a batch that takes more was not held back")
		}
	})
}
