package core

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/audits"
	"github.com/sallyport/sallyport/internal/peer"
	"github.com/sallyport/sallyport/isolation"
)

// A fast is a page that reads and writes as quickly as it can, in this process and
// without a client's goroutines: what a benchmark of the core can bear.
type fast struct {
	p       *peer.Peer
	session *isolation.Session
	answers chan peer.Answer
	credit  chan uint64
	id      uint32 // of the call whose items came last
	got     uint64 // where the next item of the core begins
	told    uint64 // the credit that the core has
	sum     uint32
	items   int
	failed  atomic.Value
}

func newFast(t testing.TB, app *App) *fast {
	t.Helper()
	offer, err := app.Gate().Offer("main", isolation.Direct)
	if err != nil {
		t.Fatal(err)
	}
	p, hello, err := peer.New(offer.Handshake())
	if err != nil {
		t.Fatal(err)
	}
	f := &fast{p: p, answers: make(chan peer.Answer, 1), credit: make(chan uint64, 64), told: isolation.StreamWindow}
	frames := make(chan []byte, 64)
	f.session, err = offer.Accept(hello, func(frame []byte) error { frames <- frame; return nil })
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { close(done) })
	go func() {
		for {
			select {
			case frame := <-frames:
				if err := f.read(frame); err != nil {
					f.failed.Store(err)
				}
			case <-done:
				return
			}
		}
	}()
	return f
}

// read is what the frame does with a frame of the core.
func (f *fast) read(frame []byte) error {
	kind, plain, err := f.p.Open(frame)
	if err != nil || kind != isolation.TypeBatch {
		return err
	}
	answers, err := peer.Answers(plain)
	for _, a := range answers {
		switch a.Kind {
		case peer.StreamItem:
			if a.ID != f.id { // another call's
				f.id, f.got, f.told = a.ID, 0, isolation.StreamWindow
			}
			if a.Offset != f.got {
				return fmt.Errorf("an item at %d, want it at %d", a.Offset, f.got)
			}
			for _, s := range a.Sections {
				f.sum = crc32.Update(f.sum, crc32.IEEETable, s.Bytes)
			}
			f.items++
			f.got += uint64(a.Size)
			if f.got+isolation.StreamWindow >= f.told+isolation.StreamWindow/4 {
				f.told = f.got + isolation.StreamWindow
				f.deliver(peer.AppendCredit(nil, a.ID, f.told))
			}
		case peer.Credit:
			f.credit <- a.Offset
		case peer.Result, peer.Failure:
			f.answers <- a
		}
	}
	return err
}

func (f *fast) deliver(plain []byte) { f.session.Deliver(f.p.Seal(isolation.TypeBatch, plain)) }

// upload sends n items of that body as the core gives credit.
func (f *fast) upload(id uint32, n int, json []byte, sections ...isolation.Section) {
	offset, limit := uint64(0), uint64(isolation.StreamWindow)
	for range n {
		for offset >= limit {
			limit = <-f.credit
		}
		item := peer.AppendUpload(nil, id, offset, json, sections...)
		offset += uint64(len(item))
		f.deliver(item)
	}
	f.deliver(peer.AppendEnd(nil, id, offset, false))
}

// bytesApp streams n MiB of bytes to the page, and sums what comes from it.
func bytesApp(t testing.TB, piece []byte, change ...func(*Config)) *App {
	t.Helper()
	config := benchConfig()
	files := streamFiles()
	for name := range files {
		if name != "schemas/notes.echo.input.json" && name != "schemas/notes.echo.output.json" && bytes.HasPrefix([]byte(name), []byte("schemas/")) {
			delete(files, name)
		}
	}
	config.Files, config.Record = files, audits.NewMemory(64)
	config.Log = slog.New(slog.DiscardHandler)
	for _, f := range change {
		f(&config)
	}
	app, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	Command(app, "notes.echo", func(_ context.Context, a text) (text, error) { return a, nil })
	type amount struct {
		Pieces int `json:"pieces"`
	}
	type sum struct {
		Sum   uint32 `json:"sum"`
		Bytes int64  `json:"bytes"`
	}
	Stream(app, "notes.send", func(_ context.Context, a amount, s *Channel[None, []byte]) (struct{}, error) {
		w := Writer(s)
		for range a.Pieces {
			if _, err := w.Write(piece); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	Stream(app, "notes.whole", func(_ context.Context, a amount, s *Channel[None, []byte]) (struct{}, error) {
		return struct{}{}, s.Send(make([]byte, a.Pieces))
	})
	Stream(app, "notes.take", func(_ context.Context, _ amount, s *Channel[[]byte, None]) (sum, error) {
		hash := crc32.NewIEEE()
		n, err := io.Copy(hash, Reader(s))
		return sum{hash.Sum32(), n}, err
	})
	Stream(app, "notes.small", func(_ context.Context, a amount, s *Channel[None, amount]) (struct{}, error) {
		for i := range a.Pieces {
			if err := s.Send(amount{i}); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	Stream(app, "notes.count", func(_ context.Context, _ amount, s *Channel[amount, None]) (amount, error) {
		n := 0
		for _, err := range s.All() {
			if err != nil {
				return amount{}, err
			}
			n++
		}
		return amount{n}, nil
	})
	if err := app.StartInProcess(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = app.Shutdown(context.Background()) })
	return app
}

// call makes one streaming call of a fast page.
func (f *fast) call(id uint32, command string, pieces int, wants isolation.Wants) {
	f.deliver(peer.Call{ID: id, Wants: wants, Command: command, JSON: fmt.Appendf(nil, `{"pieces":%d}`, pieces)}.Append(nil))
}

func (f *fast) result(t testing.TB) []byte {
	t.Helper()
	select {
	case a := <-f.answers:
		if err, _ := f.failed.Load().(error); err != nil || a.Failed {
			t.Fatalf("answer %s, %v", a.JSON, errors.Join(err))
		}
		return a.JSON
	case <-time.After(2 * time.Minute):
		t.Fatal("no answer")
	}
	return nil
}

// sums is what n pieces add up to.
func sums(piece []byte, n int) (sum uint32) {
	for range n {
		sum = crc32.Update(sum, crc32.IEEETable, piece)
	}
	return sum
}

func section(piece []byte) ([]byte, isolation.Section) {
	return fmt.Appendf(nil, `{"$bytes":%d,"type":"application/octet-stream"}`, len(piece)), isolation.Section{Type: "application/octet-stream", Bytes: piece}
}

// What goes through a stream is never in memory as a whole.
func TestC9MemoryStaysFlatWhile256MiBGoThrough(t *testing.T) {
	piece := bytes.Repeat([]byte("0123456789abcdef"), chunk/16)
	const pieces = 256 << 20 / chunk
	app := bytesApp(t, piece)
	f := newFast(t, app)
	var highest atomic.Uint64
	watched, stop := make(chan struct{}), make(chan struct{})
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	go func() {
		defer close(watched)
		for {
			select {
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				highest.Store(max(highest.Load(), m.HeapInuse))
			}
		}
	}()

	f.call(1, "notes.send", pieces, isolation.WantsItems)
	f.result(t)
	if f.items != pieces || f.sum != sums(piece, pieces) {
		t.Errorf("%d items came, or others than were sent", f.items)
	}
	f.call(2, "notes.take", 0, isolation.WantsUpload)
	text, raw := section(piece)
	f.upload(2, pieces, text, raw)
	var got struct {
		Sum   uint32
		Bytes int64
	}
	if err := json.Unmarshal(f.result(t), &got); err != nil || got.Bytes != 256<<20 || got.Sum != sums(piece, pieces) {
		t.Errorf("the handler took %d bytes, or others than were sent: %v", got.Bytes, err)
	}
	close(stop)
	<-watched
	const most = 48 << 20
	if grown := int64(highest.Load()) - int64(before.HeapInuse); grown > most {
		t.Errorf("the heap grew by %d MiB; want at most %d", grown>>20, most>>20)
	} else {
		t.Logf("the heap grew by %d MiB", grown>>20)
	}
}

// Where a frame is small, so are the items of a Writer.
func TestAWriterFitsItsFrames(t *testing.T) {
	for _, size := range []int{1 << 10, 5000, 1 << 20} {
		piece := bytes.Repeat([]byte("0123456789abcdef"), chunk/16)
		app := bytesApp(t, piece, func(c *Config) { c.Boundary.MaxFrame = size })
		f := newFast(t, app)
		f.call(1, "notes.send", 1, isolation.WantsItems)
		f.result(t)
		if f.sum != sums(piece, 1) {
			t.Errorf("frames of %d: other bytes came than were sent, in %d items", size, f.items)
		}
	}
}

// An item that no frame holds is refused before it is sent.
func TestItemBytesFitAFrame(t *testing.T) {
	for _, test := range []struct {
		name  string
		limit func(*Config)
		err   string
	}{
		{"the default", func(*Config) {}, ""},
		{"the default in a small frame", func(c *Config) { c.Boundary.MaxFrame = 1 << 10 }, ""},
		{"more than a frame", func(c *Config) { c.Limits.ItemBytes = 5 << 20 }, "Limits.ItemBytes is 5242880"},
		{"more than may wait", func(c *Config) { c.Limits.ItemBytes, c.Boundary.MaxPending = 1<<20, 1<<20 }, "raise Boundary.MaxFrame or Boundary.MaxPending"},
		{"more than a frame, of a command", func(c *Config) { c.CommandLimits = map[string]Limits{"notes.echo": {ItemBytes: 5 << 20}} }, `CommandLimits["notes.echo"].ItemBytes`},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := Config{Files: testFiles(), Record: audits.NewMemory(1), Log: slog.New(slog.DiscardHandler)}
			test.limit(&c)
			_, err := New(c)
			switch {
			case (err == nil) != (test.err == ""):
				t.Errorf("got %v", err)
			case err != nil:
				contains(t, err.Error(), test.err)
			}
		})
	}
}

// More bytes than BinaryBytes are no item.
func TestC9BytesOfAnItemAreBounded(t *testing.T) {
	const most = 1000
	app := bytesApp(t, make([]byte, 10), func(c *Config) { c.Limits.BinaryBytes = most })
	f := newFast(t, app)
	f.call(1, "notes.whole", most, isolation.WantsItems)
	f.result(t)
	f.call(2, "notes.whole", most+1, isolation.WantsItems)
	if a := <-f.answers; !a.Failed || !bytes.Contains(a.JSON, []byte(CodeInternal)) || f.items != 1 {
		t.Errorf("answer %s after %d items", a.JSON, f.items)
	}
}

// BenchmarkStream is one stream through a session in this process: MB/s of byte
// items of 256 KiB, items/s of small JSON ones. The peer's sealing and opening are
// part of it.
func BenchmarkStream(b *testing.B) {
	piece := bytes.Repeat([]byte("0123456789abcdef"), chunk/16)
	text, raw := section(piece)
	for _, bench := range []struct {
		name, command string
		wants         isolation.Wants
		json          []byte
		sections      []isolation.Section
		bytes         int
	}{
		{"bytes to the page", "notes.send", isolation.WantsItems, nil, nil, chunk},
		{"bytes from the page", "notes.take", isolation.WantsUpload, text, []isolation.Section{raw}, chunk},
		{"JSON to the page", "notes.small", isolation.WantsItems, nil, nil, 0},
		{"JSON from the page", "notes.count", isolation.WantsUpload, []byte(`{"pieces":12345}`), nil, 0},
	} {
		b.Run(bench.name, func(b *testing.B) {
			app := bytesApp(b, piece)
			f := newFast(b, app)
			b.SetBytes(int64(bench.bytes))
			b.ReportAllocs()
			b.ResetTimer()
			f.call(1, bench.command, b.N, bench.wants)
			if bench.json != nil {
				f.upload(1, b.N, bench.json, bench.sections...)
			}
			f.result(b)
			if bench.bytes == 0 {
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "items/s")
			}
		})
	}
}
