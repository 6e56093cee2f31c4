package core

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
)

// A thousand documents at once, each calling, none refused; and when they are
// gone, nothing of them is left.
func TestC9AThousandSessionsAtOnce(t *testing.T) {
	const sessions, calls = 1000, 5
	b := newBench(t, func(c *Config) { c.Record, c.Log = keeper{}, slog.New(slog.DiscardHandler) }, nil)

	ctx := patient(t)
	storm := func() {
		var all sync.WaitGroup
		clients := make([]*peer.Client, sessions)
		var ready sync.WaitGroup
		ready.Add(sessions)
		for i := range sessions {
			all.Go(func() {
				c, err := peer.Connect(b.Gate(), "main")
				ready.Done()
				if err != nil {
					t.Errorf("session %d: %v", i, err)
					return
				}
				clients[i] = c
				ready.Wait() // all of them are there before the first calls
				for n := range calls {
					want := fmt.Sprintf("%d/%d", i, n)
					result, err := c.Call(ctx, "notes.echo", textOf(want))
					if err != nil || string(result) != string(textOf(want)) {
						t.Errorf("session %d: got %s, %v", i, result, err)
						return
					}
				}
			})
		}
		all.Wait()
		if n := b.Stats().Boundary.Sessions; n != sessions {
			t.Errorf("%d sessions at once, want %d", n, sessions)
		}
		for _, c := range clients {
			if c != nil {
				c.Session.End(isolation.EndBye)
				c.Close()
			}
		}
		await(t, "all sessions gone", func() bool { return b.Stats().Boundary.Sessions == 0 && b.Stats().UnderWay == 0 })
		for len(b.runs) > 0 {
			<-b.runs
		}
	}
	storm() // once for pools and caches to fill
	before := heapInUse()
	storm()
	after := heapInUse()
	t.Logf("heap before %d KiB, after %d KiB", before>>10, after>>10)
	if grown := after - before; grown > 256<<10 {
		t.Errorf("%d KiB are left of %d sessions", grown>>10, sessions)
	}
	left := 0
	b.sessions.Range(func(any, any) bool { left++; return true })
	if left != 0 {
		t.Errorf("%d sessions are remembered", left)
	}
}

func heapInUse() int64 {
	var m runtime.MemStats
	for range 3 {
		runtime.GC()
		time.Sleep(10 * time.Millisecond)
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// What an idle session costs the core, boundary included.
func TestC9AnIdleSessionIsSmall(t *testing.T) {
	const sessions = 500
	b := newBench(t, func(c *Config) { c.Record, c.Log = audits.NewMemory(1), slog.New(slog.DiscardHandler) }, nil)
	open := func(n int) (ended []*isolation.Session) {
		for range n {
			c, err := peer.Connect(b.Gate(), "main")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Call(patient(t), "notes.echo", textOf("x")); err != nil {
				t.Fatal(err)
			}
			<-b.runs
			ended = append(ended, c.Session)
			c.Close() // leaves the core's side alone, idle
		}
		return ended
	}
	open(1)
	before := heapInUse()
	kept := open(sessions)
	each := (heapInUse() - before) / sessions
	t.Logf("%d bytes of heap each", each)
	if each > 64<<10 {
		t.Errorf("an idle session costs %d bytes", each)
	}
	runtime.KeepAlive(kept)
}

// A session whose handlers are stuck and whose calls are refused doesn't slow
// another one down.
func TestC9OneSessionDoesNotStallAnother(t *testing.T) {
	stuck := make(chan struct{})
	b := newBench(t, nil, func(b *bench) {
		Command(b.App, "notes.wait", func(context.Context, text) (struct{}, error) {
			<-stuck
			return struct{}{}, nil
		})
	})
	defer close(stuck)
	bad, good := b.connect(t, "main"), b.connect(t, "main")
	var batch []byte
	for i := range uint32(isolation.MaxItems) {
		batch = peer.AppendCall(batch, i+1, 0, "notes.wait", textOf("x"))
	}
	if err := bad.Send(batch); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if _, err := good.Call(patient(t), "notes.touch", textOf("x")); err != nil {
			t.Fatal(err)
		}
	}
}
