package core

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
)

// BenchmarkEvents is one event from Emit to the sealed frame: encoded, judged,
// queued, put into a batch and sealed, for pages that give credit for all. What
// opening costs the peer is no part of it. Queues have room for all, so that none
// is dropped and all are counted.
func BenchmarkEvents(b *testing.B) {
	for _, size := range []int{100, 1 << 10} {
		for _, pages := range []int{1, 10, 100} {
			b.Run(fmt.Sprintf("%dB to %d", size, pages), func(b *testing.B) { benchmarkEvents(b, size, pages) })
		}
	}
}

func benchmarkEvents(b *testing.B, size, pages int) {
	c := benchConfig()
	c.Files, c.Log = eventFiles(), slog.New(slog.DiscardHandler)
	c.Limits.EventQueue, c.Limits.EventQueueBytes = 1<<30, 1<<40
	app, err := New(c)
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range []string{"notes.echo", "notes.touch", "notes.wait", "notes.fail", "notes.secret"} {
		app.Handle(name, func(context.Context, *Request) (any, error) { return nil, nil })
	}
	changed := Event[text](app, "notes.changed")
	if err := app.StartInProcess(); err != nil {
		b.Fatal(err)
	}
	defer app.Shutdown(context.Background())
	var sealed atomic.Int64 // bytes
	for range pages {
		listenForBenchmark(b, app, &sealed)
	}
	payload := text{strings.Repeat("x", size-len(`{"text":""}`))}
	item := int64(eventStart + 5 + size)
	await(b, "the listens", func() bool {
		changed.event.mu.RLock()
		defer changed.event.mu.RUnlock()
		for _, l := range changed.event.pages {
			l.feed.mu.Lock()
			ready := l.answered && l.limit > isolation.EventWindow
			l.feed.mu.Unlock()
			if !ready {
				return false
			}
		}
		return len(changed.event.pages) == pages
	})
	sealed.Store(0)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		if err := changed.Emit(payload); err != nil {
			b.Fatal(err)
		}
	}
	for sealed.Load() < int64(b.N)*item*int64(pages) {
		time.Sleep(100 * time.Microsecond)
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N*pages)/b.Elapsed().Seconds(), "events/s")
}

func listenForBenchmark(b *testing.B, app *App, sealed *atomic.Int64) {
	offer, err := app.Gate().Offer("main", isolation.Direct)
	if err != nil {
		b.Fatal(err)
	}
	p, hello, err := peer.New(offer.Handshake())
	if err != nil {
		b.Fatal(err)
	}
	link, err := offer.Accept(hello, func(frame []byte) error {
		sealed.Add(int64(len(frame) - isolation.HeaderSize - 12 - 16))
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	link.Deliver(p.Seal(isolation.TypeBatch, peer.AppendListen(nil, 1, "notes.changed")))
	await(b, "the listener", func() bool {
		value, _ := app.sessions.Load(link)
		f := &value.(*session).feed
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.listeners[1] != nil
	})
	link.Deliver(p.Seal(isolation.TypeBatch, peer.AppendCredit(nil, 1, 1<<50)))
}
