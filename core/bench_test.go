package core

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
)

// BenchmarkPipeline is one call through a session in this process: opened,
// judged, recorded in memory, run and answered, one at a time. The peer's
// sealing and opening are not part of it; the answer's sealing is.
func BenchmarkPipeline(b *testing.B) {
	for _, size := range []int{200, 1 << 10, 16 << 10} {
		b.Run(fmt.Sprintf("%dB", size), func(b *testing.B) { benchmarkPipeline(b, size, 1) })
	}
	b.Run("200B/64 in a batch", func(b *testing.B) { benchmarkPipeline(b, 200, 64) })
}

func benchmarkPipeline(b *testing.B, size, batch int) {
	app, err := New(benchConfig())
	if err != nil {
		b.Fatal(err)
	}
	Command(app, "notes.echo", func(_ context.Context, a text) (text, error) { return a, nil })
	if err := app.StartInProcess(); err != nil {
		b.Fatal(err)
	}
	defer app.Shutdown(context.Background())
	offer, err := app.Gate().Offer("main", isolation.Direct)
	if err != nil {
		b.Fatal(err)
	}
	p, hello, err := peer.New(offer.Handshake())
	if err != nil {
		b.Fatal(err)
	}
	var answered sync.WaitGroup
	answered.Add(1) // ready
	session, err := offer.Accept(hello, func(frame []byte) error {
		t, plain := isolation.Type(frame[1]), []byte(nil)
		if batch > 1 { // only then it matters what is inside
			if _, plain, err = p.Open(frame); err != nil {
				b.Error(err)
			}
		}
		switch {
		case t == isolation.TypeReady, t == isolation.TypeBatch && batch == 1:
			answered.Done()
			return nil
		case t != isolation.TypeBatch:
			return nil
		}
		answers, err := peer.Answers(plain)
		if err != nil {
			b.Error(err)
		}
		answered.Add(-len(answers))
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	answered.Wait()
	deliver := session.Serve // as a socket does with a lone call
	if batch > 1 {
		deliver = session.Deliver
	}
	args := textOf(strings.Repeat("x", size-len(`{"text":""}`)))
	id := uint32(0)
	var frames [][]byte
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += batch {
		if len(frames) == 0 {
			b.StopTimer()
			for range 256 {
				var plain []byte
				for range batch {
					id++
					plain = peer.AppendCall(plain, id, 0, "notes.echo", args)
				}
				frames = append(frames, p.Seal(isolation.TypeBatch, plain))
			}
			b.StartTimer()
		}
		answered.Add(batch)
		if !deliver(frames[0]) {
			b.Fatal("discarded")
		}
		frames = frames[1:]
		answered.Wait()
	}
}

func benchConfig() Config {
	files := testFiles()
	files["capabilities/notes.rego"].Data = []byte("# METADATA\n# custom:\n#   windows: [\"main\"]\npackage capability.notes\n\nallow if input.command == \"notes.echo\"\n")
	return Config{
		Files:  files,
		Record: audits.NewMemory(1024),
		Log:    slog.New(slog.DiscardHandler), // a line in the middle of a figure would hide it from its reader
		Limits: Limits{CallsPerSecond: 1e9, Concurrency: 1024},
		// A session renews its keys at RekeyAfter, and nobody here answers.
		Boundary: isolation.Limits{RekeyAfter: isolation.MaxFrames / 2, Heartbeat: time.Hour},
	}
}
