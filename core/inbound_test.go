package core

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/sallyport/sallyport/isolation"
)

// at is an item of a size at an offset; its text says which.
func at(offset uint64, size int) piece {
	return piece{offset: offset, size: size, json: fmt.Append(nil, offset)}
}

// drain reads all that can be read.
func drain(b *inbound) (texts []string, last reading) {
	for {
		p, r := b.take()
		if r != item {
			return texts, r
		}
		texts = append(texts, string(p.json))
	}
}

func TestC9AnUploadTakesWhatAGenuineFrameSends(t *testing.T) {
	const window = isolation.StreamWindow
	type step struct {
		piece
		fate
	}
	for _, test := range []struct {
		name  string
		relay bool
		steps []step
		read  string
	}{
		{"in order", false, []step{{at(0, 10), kept}, {at(10, 5), kept}}, "[0 10]"},
		{"a hole on the direct carrier", false, []step{{at(0, 10), kept}, {at(11, 5), breach}}, "[0]"},
		{"a place that is taken", false, []step{{at(0, 10), kept}, {at(0, 10), breach}}, "[0]"},
		{"an overlap with what came", false, []step{{at(0, 10), kept}, {at(9, 10), breach}}, "[0]"},
		{"the last item may be as long as it likes", false, []step{{at(0, window-1), kept}, {at(window-1, window), kept}}, "[0 1048575]"},
		{"one that begins beyond the credit", false, []step{{at(0, window), kept}, {at(window, 1), breach}}, "[0]"},

		{"one that overtook another on the relay", true, []step{{at(10, 5), kept}, {at(0, 10), kept}, {at(15, 1), kept}}, "[0 10 15]"},
		{"many that did", true, []step{{at(30, 5), kept}, {at(10, 5), kept}, {at(15, 15), kept}, {at(0, 10), kept}}, "[0 10 15 30]"},
		{"the same place twice on the relay", true, []step{{at(10, 5), kept}, {at(10, 5), breach}}, "[]"},
		{"an overlap with one before it", true, []step{{at(10, 5), kept}, {at(14, 5), breach}}, "[]"},
		{"an overlap with one after it", true, []step{{at(10, 5), kept}, {at(6, 5), breach}}, "[]"},
		{"an overlap of the next with one after it", true, []step{{at(10, 5), kept}, {at(0, 11), breach}}, "[]"},
		{"beyond the credit on the relay", true, []step{{at(window-1, 5), kept}, {at(window, 5), breach}}, "[]"},
		{"one that was read", true, []step{{at(0, 10), kept}, {at(0, 10), breach}}, "[0]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			carrier := isolation.Direct
			if test.relay {
				carrier = isolation.Relay
			}
			b := newInbound(carrier)
			b.start()
			for _, s := range test.steps {
				if got := b.put(s.piece); got != s.fate {
					t.Errorf("the item at %d: fate %d, want %d", s.offset, got, s.fate)
				}
			}
			texts, last := drain(b)
			if got := fmt.Sprint(texts); got != test.read || last != nothing {
				t.Errorf("read %s and then %d, want %s", got, last, test.read)
			}
		})
	}
}

func TestC9TheEndOfAnUpload(t *testing.T) {
	for _, test := range []struct {
		name  string
		relay bool
		run   func(b *inbound) (ok bool)
		last  reading
	}{
		{"after its items", false, func(b *inbound) bool { return b.put(at(0, 10)) == kept && b.finish(10, false) }, complete},
		{"of nothing", false, func(b *inbound) bool { return b.finish(0, false) }, complete},
		{"elsewhere", false, func(b *inbound) bool { return !b.finish(1, false) }, nothing},
		{"twice", false, func(b *inbound) bool { return b.finish(0, false) && !b.finish(0, false) }, complete},
		{"an item after it", false, func(b *inbound) bool { return b.finish(0, false) && b.put(at(0, 1)) == breach }, complete},
		{"an item after an abort", false, func(b *inbound) bool { return b.finish(0, true) && b.put(at(0, 1)) == breach }, aborted},
		{"an abort keeps nothing", false, func(b *inbound) bool { return b.put(at(0, 10)) == kept && b.finish(10, true) }, aborted},

		{"before an item that is under way", true, func(b *inbound) bool { return b.finish(10, false) && b.put(at(0, 10)) == kept }, complete},
		{"with one that never comes", true, func(b *inbound) bool { return b.finish(10, false) && b.put(at(0, 9)) == kept }, nothing},
		{"before one that reaches beyond it", true, func(b *inbound) bool { return b.finish(10, false) && b.put(at(0, 11)) == breach }, nothing},
		{"within one that came early", true, func(b *inbound) bool { return b.put(at(5, 10)) == kept && !b.finish(14, false) }, nothing},
		{"before what was read", true, func(b *inbound) bool { return b.put(at(0, 10)) == kept && !b.finish(9, false) }, nothing},
		{"twice on the relay", true, func(b *inbound) bool { return b.finish(10, false) && !b.finish(10, false) }, nothing},
		{"an abort that overtook items", true, func(b *inbound) bool { return b.finish(10, true) && b.put(at(0, 10)) == dropped }, aborted},
		{"an abort that overtook none such", true, func(b *inbound) bool { return b.finish(10, true) && b.put(at(0, 11)) == breach }, aborted},
		{"of more than a stream can have", true, func(b *inbound) bool { return !b.finish(isolation.MaxOffset+1, false) }, nothing},
	} {
		t.Run(test.name, func(t *testing.T) {
			carrier := isolation.Direct
			if test.relay {
				carrier = isolation.Relay
			}
			b := newInbound(carrier)
			b.start()
			if !test.run(b) {
				t.Error("not what was expected")
			}
			if _, last := drain(b); last != test.last {
				t.Errorf("ends with %d, want %d", last, test.last)
			}
		})
	}
}

func TestC9WhatComesEarlyIsBounded(t *testing.T) {
	b := newInbound(isolation.Relay)
	b.start()
	for i := range maxAhead {
		if b.put(at(uint64(1+i*20), 20)) != kept {
			t.Fatalf("the item %d is refused", i)
		}
	}
	if got := b.put(at(uint64(1+maxAhead*20), 20)); got != breach {
		t.Errorf("one more has fate %d", got)
	}
}

func TestCreditComesAQuarterAtATime(t *testing.T) {
	const window, quarter = isolation.StreamWindow, isolation.StreamWindow / 4
	b := newInbound(isolation.Direct)
	var limits []uint64
	for i := range 9 {
		if b.put(at(uint64(i*quarter/2), quarter/2)) != kept {
			t.Fatalf("the item %d is refused", i)
		}
		b.take()
		if limit, due := b.grant(); due {
			limits = append(limits, limit)
		}
	}
	if want := []uint64{window + quarter, window + 2*quarter, window + 3*quarter, window + 4*quarter}; !slices.Equal(limits, want) {
		t.Errorf("credit is %v, want %v", limits, want)
	}
	b.put(at(9*quarter/2, quarter))
	b.take()
	b.finish(11*quarter/2, false)
	if limit, due := b.grant(); due {
		t.Errorf("after the end there is credit to %d", limit)
	}
}

func TestC9AStreamEndsBeforeItsNumbersDo(t *testing.T) {
	b := newInbound(isolation.Direct)
	b.next, b.read, b.limit = isolation.MaxOffset-100, isolation.MaxOffset-100, isolation.MaxOffset
	if b.put(at(isolation.MaxOffset-100, 101)) != tooLong {
		t.Error("an item reaches beyond the last number")
	}
	if b.put(at(isolation.MaxOffset-100, 100)) != kept {
		t.Error("the last item is refused")
	}
	if b.put(at(isolation.MaxOffset, 1)) != breach {
		t.Error("an item begins where none can")
	}
	if !b.finish(isolation.MaxOffset, false) {
		t.Error("the end is refused")
	}

	b = newInbound(isolation.Direct)
	b.next, b.read, b.limit = isolation.MaxOffset-isolation.StreamWindow-10, isolation.MaxOffset-isolation.StreamWindow-10, isolation.MaxOffset-10
	b.put(at(b.next, 20))
	b.take()
	if limit, due := b.grant(); !due || limit != isolation.MaxOffset {
		t.Errorf("credit is %d, %v; want all that there is", limit, due)
	}
	if limit, due := b.grant(); due {
		t.Errorf("credit is given twice, to %d", limit)
	}

	o := newOutbound()
	o.offset, o.limit = isolation.MaxOffset-100, isolation.MaxOffset
	if _, place := o.begin(101); place != placeFull {
		t.Error("an item reaches beyond the last number")
	}
	if offset, place := o.begin(100); place != placeFree || offset != isolation.MaxOffset-100 {
		t.Error("the last item is refused")
	}
	if !o.credit(isolation.MaxOffset+1, isolation.Direct) || o.offset != isolation.MaxOffset {
		t.Error("credit that no item can use is no breach")
	}
}

func TestC9CreditOnlyRises(t *testing.T) {
	const window = isolation.StreamWindow
	for _, test := range []struct {
		name          string
		sent, limit   uint64
		direct, relay bool
	}{
		{"of what was read", 1000, window + 500, true, true},
		{"of all that was sent", 1000, window + 1000, true, true},
		{"the same again", 1000, window, true, true},
		{"going back", 1000, window - 1, false, true},
		{"to nothing", 1000, 0, false, true},
		{"for more than was sent", 1000, window + 1001, false, false},
		{"for everything", 1000, 1<<64 - 1, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			for carrier, want := range map[isolation.Carrier]bool{isolation.Direct: test.direct, isolation.Relay: test.relay} {
				o := newOutbound()
				o.begin(int(test.sent))
				if got := o.credit(test.limit, carrier); got != want {
					t.Errorf("%v: accepted %v", carrier, got)
				}
				if want := max(window, test.limit); test.direct && o.limit != want {
					t.Errorf("%v: limit is %d, want %d", carrier, o.limit, want)
				} else if !test.direct && o.limit != window {
					t.Errorf("%v: limit became %d", carrier, o.limit)
				}
			}
		})
	}
}

// What was uploaded is in its frame's plaintext, and in what was parsed of it.
func TestC6NoUploadIsLeftInThePlaintext(t *testing.T) {
	text, raw := []byte(`{"text":"secret"}`), []byte("secret")
	item := isolation.Item{Kind: isolation.ItemUpload, JSON: text, Sections: []isolation.Section{{Type: "text/plain", Bytes: raw}}, Size: 50}
	cleared := func() bool {
		return bytes.Equal(text, make([]byte, len(text))) && bytes.Equal(raw, make([]byte, len(raw)))
	}
	own := pieceOf(item, 1000) // of which it is a small part
	if !cleared() || string(own.json) != `{"text":"secret"}` || string(own.sections[0].Bytes) != "secret" {
		t.Errorf("a copy leaves %q and %q, and is %q", text, raw, own.json)
	}

	for name, leave := range map[string]func(b *inbound){
		"the call ends":        func(b *inbound) { b.close() },
		"the call is over":     func(b *inbound) { b.take(); b.close() },
		"it waits for another": func(b *inbound) { b.close() },
	} {
		copy(text, `{"text":"secret"}`)
		copy(raw, "secret")
		b := newInbound(isolation.Relay)
		b.start()
		p := pieceOf(item, 50)
		if name == "it waits for another" {
			p.offset = 100
		}
		if b.put(p) != kept {
			t.Fatalf("%s: the item is refused", name)
		}
		leave(b)
		if got := cleared(); got != (name != "the call is over") { // it is the handler's then
			t.Errorf("%s: cleared %v", name, got)
		}
	}
}
