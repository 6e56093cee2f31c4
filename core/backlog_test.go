package core

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func waiting(b *backlog) (numbers []uint64) {
	for i := range b.n {
		numbers = append(numbers, b.ring[(b.first+i)&(len(b.ring)-1)].number)
	}
	return numbers
}

func TestC9WhatOverflowsIsDroppedAsTheEventSays(t *testing.T) {
	for _, test := range []struct {
		name   string
		rule   Overflow
		sizes  []int // of events that come one after the other
		want   []uint64
		closed bool
	}{
		{"nothing overflows", DropOldest, []int{10, 10, 10}, []uint64{1, 2, 3}, false},
		{"the oldest goes for a fourth", DropOldest, []int{10, 10, 10, 10, 10}, []uint64{3, 4, 5}, false},
		{"the newest goes", DropNewest, []int{10, 10, 10, 10, 10}, []uint64{1, 2, 3}, false},
		{"the listener goes", CloseListener, []int{10, 10, 10, 10}, []uint64{1, 2, 3}, true},
		{"as many of the oldest go as a large one needs", DropOldest, []int{40, 40, 90}, []uint64{3}, false},
		{"a large newest goes, a small one after it stays", DropNewest, []int{40, 90, 40}, []uint64{1, 3}, false},
		{"a large one closes", CloseListener, []int{40, 90}, []uint64{1}, true},
		{"one that is larger than all room waits alone", DropOldest, []int{40, 500, 10}, []uint64{3}, false},
		{"and is not dropped where it is the first", DropNewest, []int{500, 10}, []uint64{1}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			var b backlog
			limits := Limits{EventQueue: 3, EventQueueBytes: 100}
			open := true
			for _, size := range test.sizes {
				open = b.add(&message{body: make([]byte, size)}, test.rule, &limits)
			}
			if got := waiting(&b); !slices.Equal(got, test.want) || open == test.closed {
				t.Errorf("%v wait, open %v; want %v", got, open, test.want)
			}
			if b.number != uint64(len(test.sizes)) {
				t.Errorf("%d are counted", b.number)
			}
		})
	}
}

// Against a slice, in any order of adding and taking.
func TestABacklogIsAQueue(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(1, seed))
		limits := Limits{EventQueue: 1 + random.IntN(100), EventQueueBytes: 1 + random.IntN(1000)}
		var b backlog
		var model []queued
		bytes := func() (n int) {
			for _, q := range model {
				n += len(q.message.body)
			}
			return n
		}
		for n := uint64(1); n <= 500; {
			if random.IntN(3) == 0 && len(model) > 0 {
				if got := b.take(); got != model[0] {
					t.Fatalf("seed %d: took %d, want %d", seed, got.number, model[0].number)
				}
				model = model[1:]
				continue
			}
			m := &message{body: make([]byte, random.IntN(50))}
			b.add(m, DropOldest, &limits)
			for len(model) == limits.EventQueue || len(model) > 0 && bytes()+len(m.body) > limits.EventQueueBytes {
				model = model[1:]
			}
			model = append(model, queued{m, n})
			n++
			if b.n != len(model) || b.bytes != bytes() || b.head() != model[0] {
				t.Fatalf("seed %d: %d wait of %d bytes, want %d of %d", seed, b.n, b.bytes, len(model), bytes())
			}
		}
	}
}

func TestNothingIsKeptOfALongQueue(t *testing.T) {
	var b backlog
	limits := DefaultLimits()
	for i := range 1000 {
		b.add(&message{body: fmt.Append(nil, i)}, DropOldest, &limits)
	}
	for b.n > 0 {
		b.take()
	}
	if len(b.ring) != 0 || b.bytes != 0 {
		t.Errorf("a ring of %d is left, with %d bytes", len(b.ring), b.bytes)
	}
}
