package isolation

import (
	"bytes"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// A sending is a session of quietSession that writes to a link of the test's.
type sending struct {
	*testing.T
	s    *Session
	link *LinkForTest
	last uint64 // sequence
}

// sends runs test in a bubble, where a writer that waits can be told.
func sends(t *testing.T, l Limits, test func(*sending)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		g := twoWindows(t, l)
		v := &sending{T: t, s: quietSession(t, g, Direct), link: NewLinkForTest()}
		v.s.born = time.Now()
		v.s.seen.Store(v.s.born.UnixNano())
		v.s.opening.Store(opened)
		v.s.out.link = v.link
		known(g, v.s)
		defer time.Sleep(time.Second) // for the last writer to notice
		defer g.Close()
		defer func() { v.link.Break() }()
		test(v)
	})
}

func (v *sending) write(items ...[]byte) {
	v.Helper()
	for _, item := range items {
		done := make(chan error, 1)
		given := bytes.Clone(item) // which is Write's from there on
		go func() { done <- v.s.Write(given) }()
		synctest.Wait()
		select {
		case err := <-done:
			if err != nil {
				v.Errorf("an item of %d bytes was refused: %v", len(item), err)
			}
		default: // it sends that frame itself
		}
	}
}

// plug has an answer of its own stuck in the link.
func (v *sending) plug(id uint32) {
	v.Helper()
	time.Sleep(time.Second) // its pace
	v.write(item(id, 1))
}

// frame takes the next frame and checks its place.
func (v *sending) frame() (Type, []byte) {
	v.Helper()
	synctest.Wait()
	var frame []byte
	select {
	case frame = <-v.link.Frames:
	case <-time.After(time.Minute):
		v.Fatal("nothing was sent")
	}
	h, body, ok := parseHeader(frame)
	if !ok || h.sequence != v.last+1 || len(frame) > v.s.gate.limits.MaxFrame {
		v.Fatalf("frame %+v of %d bytes follows number %d", h, len(frame), v.last)
	}
	v.last = h.sequence
	plain, err := gcm(v.T, filler(0x30, KeySize)).Open(nil, body[:ivSize], body[ivSize:], h.associate(new([associatedSize]byte), toFrame, v.s.id))
	if err != nil {
		v.Fatal(err)
	}
	synctest.Wait() // whoever sent it has gone on
	return h.typ, plain
}

// silent checks that nothing more is sent.
func (v *sending) silent() {
	v.Helper()
	time.Sleep(time.Second)
	select {
	case frame := <-v.link.Frames:
		v.Errorf("a frame of type %d was sent", typeOf(frame))
	default:
	}
}

func (v *sending) batch(want ...[]byte) {
	v.Helper()
	if typ, plain := v.frame(); typ != TypeBatch || !bytes.Equal(plain, bytes.Join(want, nil)) {
		v.Errorf("a frame of type %d with %d bytes was sent; want a batch of %d items with %d", typ, len(plain), len(want), len(bytes.Join(want, nil)))
	}
}

func (l *LinkForTest) isClosed() bool {
	select {
	case <-l.closed:
		return true
	default:
		return false
	}
}

func item(id uint32, size int) []byte { return AppendResult(nil, id, bytes.Repeat([]byte("1"), size)) }

// TestAnswersLeaveInOrderAndTogether writes while a frame is being sent: what
// comes meanwhile waits, leaves as one batch, and no writer waits for it.
func TestAnswersLeaveInOrderAndTogether(t *testing.T) {
	sends(t, Limits{}, func(v *sending) {
		v.write(item(1, 1), item(2, 1), item(3, 1))
		v.batch(item(1, 1))
		v.batch(item(2, 1), item(3, 1))
		v.silent()
		v.write(item(4, 1))
		v.batch(item(4, 1))
		v.write(item(5, 1), item(6, 1)) // the first waits for its pace
		v.batch(item(5, 1), item(6, 1))
		v.silent()
		v.plug(7)
		time.Sleep(time.Second) // its pace is over, and it is still being sent
		v.write(item(8, 1), item(9, 1))
		v.batch(item(7, 1))
		v.batch(item(8, 1), item(9, 1))
	})
}

// TestC6NoAnswerIsLeftInMemory writes items in every way that Write has for
// them, and looks at the memory that held them.
func TestC6NoAnswerIsLeftInMemory(t *testing.T) {
	sends(t, Limits{MaxFrame: 8 << 10}, func(v *sending) {
		var given [][]byte
		write := func(size int) {
			item := slices.Clip(item(uint32(len(given)), size))
			given = append(given, item)
			go func() { _ = v.s.Write(item) }()
			synctest.Wait()
		}
		write(10)               // goes alone
		write(20)               // begins a batch
		write(30)               // makes it grow
		write(8 << 10)          // fits no frame
		v.frame()               // the first
		v.frame()               // the second and third
		time.Sleep(time.Second) // past every pace
		write(10)               // goes alone
		write(10)               // waits for it
		v.link.Break()          // and is dropped
		synctest.Wait()
		write(10)                    // there is nobody to send to
		for i, item := range given { // Write has sealed, copied or dropped all of it
			if !bytes.Equal(item, make([]byte, len(item))) {
				t.Errorf("item %d is still in memory", i)
			}
		}
	})
}

// TestC9BatchesAreBounded writes more than one batch may hold, by number and
// by size, and what no frame holds.
func TestC9BatchesAreBounded(t *testing.T) {
	sends(t, Limits{MaxFrame: 8 << 10}, func(v *sending) {
		v.plug(0)
		var first, second [][]byte
		for id := range uint32(MaxItems) {
			first = append(first, item(id, 1))
		}
		for id := range uint32(3) {
			second = append(second, item(id, 1))
		}
		v.write(append(first, second...)...)
		v.batch(item(0, 1))
		v.batch(first...)
		v.batch(second...)

		room := 8<<10 - sealedMinimum
		half := room/2 - ResultStart
		v.plug(1)
		v.write(item(2, half), item(3, half), item(4, 0), item(5, room-ResultStart))
		v.batch(item(1, 1))
		v.batch(item(2, half), item(3, half))
		v.batch(item(4, 0))
		v.batch(item(5, room-ResultStart))
		if err := v.s.Write(item(6, room-ResultStart+1)); err == nil {
			t.Error("an item that fits no frame was taken")
		}
		v.silent()
	})
}

// TestC9WhatWaitsIsCountedAndUncounted lets a page read as slowly as it may,
// for long, and then too slowly.
func TestC9WhatWaitsIsCountedAndUncounted(t *testing.T) {
	const most = 64 << 10
	sends(t, Limits{MaxPending: most, MaxFrame: 16 << 10}, func(v *sending) {
		big := item(1, 8<<10-ResultStart)
		for range 4 { // far more than most in all
			v.plug(0)
			v.write(big, big, big, big, big, big, big, big) // just as much
			if v.s.ended.Load() {
				t.Fatal("the session ended though no more waits than may")
			}
			for v.s.sending.Lock(); len(v.s.out.batches) > 0; v.s.sending.Lock() {
				v.s.sending.Unlock()
				v.frame()
			}
			v.s.sending.Unlock()
		}
		v.plug(0)
		v.write(big, big, big, big, big, big, big, big)
		v.write(item(2, 0))
		if v.s.reason != EndSlow {
			t.Errorf("the session's end is %q, want slow reader", v.s.reason)
		}
		if v.s.out.waiting != 0 || v.s.out.batches != nil {
			t.Errorf("%d bytes are kept", v.s.out.waiting)
		}
	})
}

// TestNobodyToSendToIsNobodyToKeepFor writes, pings and changes keys while no
// socket is there: nothing of it is kept but the change of keys.
func TestNobodyToSendToIsNobodyToKeepFor(t *testing.T) {
	sends(t, Limits{}, func(v *sending) {
		v.s.detach(NewLinkForTest())
		if v.s.out.link == nil {
			t.Fatal("another link's end took this one away")
		}
		before := time.Now()
		time.Sleep(time.Second)
		v.s.detach(v.link)
		if v.s.out.link != nil || !v.s.out.detached.After(before) {
			t.Fatal("the link's end is not noticed")
		}
		next, err := newAEAD(filler(0x30, KeySize))
		if err != nil {
			t.Fatal(err)
		}
		secret := []byte("secret")
		v.write(item(1, 1))
		v.s.queue(message{typ: TypePing})
		v.s.queue(message{typ: TypeRekey, plain: secret})
		v.s.queue(message{typ: TypeReady, next: next})
		if v.s.out.epoch != 1 || v.s.out.aead != next {
			t.Errorf("the change of keys is lost: epoch %d", v.s.out.epoch)
		}
		if len(v.s.out.control)+len(v.s.out.batches)+v.s.out.waiting != 0 || !bytes.Equal(secret, make([]byte, 6)) {
			t.Errorf("%d messages and %d batches wait, and the secret is %q", len(v.s.out.control), len(v.s.out.batches), secret)
		}
		v.s.attach(v.link, message{typ: TypeResumed})
		if typ, _ := v.frame(); typ != TypeResumed {
			t.Errorf("a frame of type %d comes first", typ)
		}
		v.silent()
		v.write(item(2, 1))
		v.batch(item(2, 1))
	})
}

// TestWhatWaitsForABrokenSocketIsWiped breaks the link under a queue of each
// kind.
func TestWhatWaitsForABrokenSocketIsWiped(t *testing.T) {
	sends(t, Limits{}, func(v *sending) {
		next, err := newAEAD(filler(0x30, KeySize))
		if err != nil {
			t.Fatal(err)
		}
		v.write(item(1, 1)) // stuck
		secret := []byte("secret")
		v.s.queue(message{typ: TypeRekey, plain: secret})
		v.s.queue(message{typ: TypeReady, next: next})
		v.write(item(2, 1))
		waiting := v.s.out.batches[0].plain
		v.link.Break()
		synctest.Wait()
		if v.s.out.link != nil || len(v.s.out.control)+len(v.s.out.batches)+v.s.out.waiting != 0 || v.s.out.flushing {
			t.Errorf("after its link broke: link %v, %d messages, %d bytes, flushing %v", v.s.out.link, len(v.s.out.control), v.s.out.waiting, v.s.out.flushing)
		}
		if v.s.out.epoch != 1 || v.s.out.count != 0 {
			t.Errorf("the change of keys is lost: epoch %d, count %d", v.s.out.epoch, v.s.out.count)
		}
		if !bytes.Equal(secret, make([]byte, 6)) || !bytes.Equal(waiting, make([]byte, len(waiting))) {
			t.Errorf("what waited is kept: %q, %q", secret, waiting)
		}
	})
}

// TestWhatWasSentIsWiped looks at the plaintext of what has gone out.
func TestWhatWasSentIsWiped(t *testing.T) {
	sends(t, Limits{}, func(v *sending) {
		v.write(item(1, 1)) // stuck
		secret := []byte("secret")
		v.s.queue(message{typ: TypeRekey, plain: secret})
		v.write(item(2, 1))
		waiting := v.s.out.batches[0].plain
		v.batch(item(1, 1))
		if typ, plain := v.frame(); typ != TypeRekey || string(plain) != "secret" {
			t.Errorf("a frame of type %d comes before answers that wait: %q", typ, plain)
		}
		v.batch(item(2, 1))
		if !bytes.Equal(secret, make([]byte, 6)) || !bytes.Equal(waiting, make([]byte, len(waiting))) {
			t.Errorf("what was sent is kept: %q, %q", secret, waiting)
		}
	})
}

// TestAnEndTellsTheFrameAndKeepsNothing ends a session over a link that stands
// still: bye comes, without what waited, and the link closes.
func TestAnEndTellsTheFrameAndKeepsNothing(t *testing.T) {
	sends(t, Limits{}, func(v *sending) {
		v.write(item(1, 1)) // stuck
		v.s.queue(message{typ: TypePing})
		v.write(item(2, 1))
		done := make(chan struct{})
		go func() { v.s.End(EndRevoked); close(done) }()
		synctest.Wait()
		select {
		case <-done:
		default:
			t.Fatal("the end waits for a page that reads nothing")
		}
		if v.s.out.link != nil || v.s.out.aead != nil || len(v.s.out.control)+len(v.s.out.batches) != 0 {
			t.Error("the session keeps its link, its key or what waited")
		}
		types := map[Type]int{}
		for range 2 {
			types[typeOf(<-v.link.Frames)]++
		}
		if types[TypeBatch] != 1 || types[TypeBye] != 1 {
			t.Errorf("frames of types %v were sent, want what was stuck and bye", types)
		}
		synctest.Wait()
		if !v.link.isClosed() {
			t.Error("the link stands")
		}
		v.s.queue(message{typ: TypePing})
		v.write(item(3, 1))
		if len(v.s.out.control)+len(v.s.out.batches) != 0 {
			t.Error("an ended session keeps what comes")
		}
		if frame, err := v.s.Seal(nil); err == nil {
			t.Errorf("an ended session seals: %x", frame)
		}
		if challenge, err := v.s.challenge(nil); err == nil {
			t.Errorf("an ended session challenges: %x", challenge)
		}
		late := NewLinkForTest()
		v.s.attach(late, message{typ: TypeResumed})
		if !late.isClosed() || v.s.out.link != nil {
			t.Error("an ended session took a link")
		}
	})
}

// TestANewLinkClosesTheOld attaches one while the other stands.
func TestANewLinkClosesTheOld(t *testing.T) {
	sends(t, Limits{}, func(v *sending) {
		old := v.link
		v.link = NewLinkForTest()
		v.s.attach(v.link, message{typ: TypeResumed})
		if typ, _ := v.frame(); typ != TypeResumed {
			t.Errorf("a frame of type %d comes first", typ)
		}
		if !old.isClosed() {
			t.Error("the old link stands")
		}
	})
}

// TestASealThatFailsEndsTheSession uses the key up while answers wait.
func TestASealThatFailsEndsTheSession(t *testing.T) {
	sends(t, Limits{}, func(v *sending) {
		v.s.out.count = MaxFrames - 1
		v.write(item(1, 1), item(2, 1))
		v.batch(item(1, 1))
		time.Sleep(time.Second)
		synctest.Wait()
		if v.s.reason != EndKeys || v.s.out.flushing {
			t.Errorf("the session's end is %q, flushing %v", v.s.reason, v.s.out.flushing)
		}
		if !v.link.isClosed() {
			t.Error("the link stands")
		}
	})
}

// TestNothingIsTakenInAfterTheEnd writes and pings while the last answers of
// an orderly end are still going out.
func TestNothingIsTakenInAfterTheEnd(t *testing.T) {
	sends(t, Limits{}, func(v *sending) {
		v.plug(1)
		v.write(item(2, 1))
		v.s.End(EndShutdown)
		v.write(item(3, 1))
		v.s.queue(message{typ: TypePing})
		v.batch(item(1, 1))
		v.batch(item(2, 1))
		if typ, _ := v.frame(); typ != TypeBye {
			t.Errorf("a frame of type %d was sent after the end", typ)
		}
		v.silent()
	})
}

// TestALinkThatFailsIsClosed has sending fail on a link that does not close by
// itself, as the relay's queue when it is full.
func TestALinkThatFailsIsClosed(t *testing.T) {
	sends(t, Limits{}, func(v *sending) {
		broken := &funcLink{call: func([]byte) error { return errDiscard }}
		v.s.out.link = broken
		v.write(item(1, 1))
		synctest.Wait()
		if !broken.closed || v.s.out.link != nil {
			t.Errorf("closed is %v, the link %v", broken.closed, v.s.out.link)
		}
	})
}

// TestCloseLosesNoAnswerThatWaits shuts down with a queue, with a key that is
// used up meanwhile, with a link that breaks, and with none.
func TestCloseLosesNoAnswerThatWaits(t *testing.T) {
	for name, tt := range map[string]struct {
		prepare func(*sending)
		want    []Type
	}{
		"a queue":            {func(v *sending) { v.write(item(1, 1), item(2, 1)) }, []Type{TypeBatch, TypeBatch, TypeBye}},
		"nothing":            {func(*sending) {}, []Type{TypeBye}},
		"a used-up key":      {func(v *sending) { v.s.out.count = MaxFrames - 1; v.write(item(1, 1), item(2, 1)) }, []Type{TypeBatch}},
		"no link":            {func(v *sending) { v.s.detach(v.link) }, nil},
		"a link that breaks": {func(v *sending) { v.write(item(1, 1), item(2, 1)); time.AfterFunc(time.Millisecond, v.link.Break) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			sends(t, Limits{}, func(v *sending) {
				tt.prepare(v)
				done := make(chan time.Duration, 1)
				start := time.Now()
				go func() { v.s.gate.Close(); done <- time.Since(start) }()
				time.Sleep(2 * time.Millisecond)
				var got []Type
				for over := false; !over; {
					select {
					case frame := <-v.link.Frames:
						got = append(got, typeOf(frame))
					case <-v.link.closed:
						over = true
					case <-time.After(100 * time.Millisecond):
						over = true
					}
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("frames of types %v were sent, want %v", got, tt.want)
				}
				if took := <-done; took > 500*time.Millisecond {
					t.Errorf("Close took %v, though nothing was left to wait for", took)
				}
				synctest.Wait()
				if v.s.out.aead != nil || v.s.out.link != nil {
					t.Error("the session keeps its key or its link")
				}
				if name != "no link" && !v.link.isClosed() {
					t.Error("the link stands")
				}
			})
		})
	}
}
